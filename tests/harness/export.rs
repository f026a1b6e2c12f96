//! Synthetic Privy exports: the 26 columns of a real one, and people who do not exist.

use std::fmt::Write;

/// The header of a real export.
pub const COLUMNS: [&str; 26] = [
    "ID",
    "Created at",
    "Custom metadata",
    "Is guest",
    "MFA enabled",
    "External Ethereum accounts",
    "External Solana accounts",
    "Embedded Ethereum accounts",
    "Embedded Solana accounts",
    "Smart wallet accounts",
    "Email account",
    "Phone account",
    "Google account",
    "Apple account",
    "Spotify account",
    "LinkedIn account",
    "Twitter account",
    "Discord account",
    "GitHub account",
    "Instagram account",
    "TikTok account",
    "LINE account",
    "Telegram account",
    "Farcaster account",
    "Custom auth account",
    "Passkey account",
];

/// An export that grows row by row.
pub struct Export {
    text: String,
    delimiter: &'static str,
}

/// The cells of a row that matter; the others are as Privy leaves them.
#[derive(Clone, Copy, Default)]
pub struct User<'a> {
    pub id: &'a str,
    pub created_at: &'a str,
    pub external: &'a str,
    pub embedded: &'a str,
    pub email: &'a str,
}

impl Export {
    /// Only the header, separated by TAB.
    pub fn new() -> Self {
        Export::separated_by("\t")
    }

    /// Only the header.
    pub fn separated_by(delimiter: &'static str) -> Self {
        let mut text = COLUMNS.join(delimiter);
        text.push('\n');
        Export { text, delimiter }
    }

    /// Adds a user.
    pub fn user(mut self, user: User<'_>) -> Self {
        self.push(user);
        self
    }

    /// Adds a line as it is.
    pub fn line(mut self, line: &str) -> Self {
        self.text.push_str(line);
        self.text.push('\n');
        self
    }

    /// The whole text.
    pub fn text(self) -> String {
        self.text
    }

    fn push(&mut self, user: User<'_>) {
        for (index, column) in COLUMNS.iter().enumerate() {
            if index > 0 {
                self.text.push_str(self.delimiter);
            }
            self.text.push_str(match *column {
                "ID" => user.id,
                "Created at" => user.created_at,
                "Custom metadata" => " ",
                "Is guest" | "MFA enabled" => "false",
                "External Solana accounts" => user.external,
                "Embedded Solana accounts" => user.embedded,
                "Email account" => user.email,
                _ => "",
            });
        }
        self.text.push('\n');
    }

    /// An export of this many users, the same each time: colliding names, users without email, dates in no order.
    pub fn of(users: u64) -> Self {
        let names = ["ada", "grace", "info", "joão", "zoë", "alan", "Info", "li"];
        let mut export = Export::new();
        let mut state = 1;
        let (mut id, mut email, mut wallet) = (String::new(), String::new(), String::new());
        for number in 0..users {
            let dice = next(&mut state);
            id.clear();
            write!(id, "cm{dice:016x}{number:07}").expect("a string takes everything");
            wallet.clear();
            let signs = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
            for _ in 0..44 {
                wallet.push(char::from(signs[next(&mut state) as usize % signs.len()]));
            }
            email.clear();
            if !number.is_multiple_of(10) {
                let name = names[dice as usize % names.len()];
                let some = (dice >> 8) % (users / 2 + 1);
                let some = if number.is_multiple_of(7) {
                    String::new()
                } else {
                    some.to_string()
                };
                write!(email, "{name}{some}@example.org").expect("a string takes everything");
            }
            let second = 1_700_000_000 + i64::try_from((dice >> 20) % 50_000_000).expect("small");
            let created_at = chrono::DateTime::from_timestamp(second, 0)
                .expect("a moment of this century")
                .format("%a %b %d %Y %H:%M:%S GMT+0000 (Coordinated Universal Time)")
                .to_string();
            export.push(User {
                id: &id,
                created_at: &created_at,
                external: if number.is_multiple_of(3) {
                    &wallet
                } else {
                    ""
                },
                embedded: if number.is_multiple_of(11) {
                    ""
                } else {
                    &wallet
                },
                email: &email,
            });
        }
        export
    }
}

/// SplitMix64 (<https://prng.di.unimi.it/splitmix64.c>): enough to mix a test's data.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
