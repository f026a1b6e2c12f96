//! What must never be seen, and how it is masked wherever text leaves the program: the terminal, the JSON lines, the
//! run log. Messages are written without secrets in the first place; this is the second lock on the same door.

use std::borrow::Cow;

use serde_json::Value;

/// What stands in a secret's place.
const MASK: &str = "***";

/// Shorter values are no secrets but words: masking them would garble every other message.
const SHORTEST: usize = 4;

/// Fields of an event whose values are words of ours; a secret that happens to equal one must not break the format.
const OUR_WORDS: [&str; 8] = [
    "event",
    "state",
    "level",
    "severity",
    "status",
    "at",
    "version",
    "timestamp",
];

/// The secrets of one run.
#[derive(Clone, Default)]
pub struct Secrets {
    /// Longest first, so that a secret that holds another one is masked as a whole.
    needles: Vec<String>,
}

impl Secrets {
    /// None but what looks like one: passwords inside URLs are always masked.
    pub fn new() -> Self {
        Secrets::default()
    }

    /// Masks this text from now on. Texts of fewer than four characters are left alone.
    pub fn add(&mut self, secret: &str) {
        let secret = secret.trim();
        if secret.chars().count() < SHORTEST || self.needles.iter().any(|known| known == secret) {
            return;
        }
        self.needles.push(secret.to_owned());
        self.needles
            .sort_by_key(|needle| std::cmp::Reverse(needle.len()));
    }

    /// Masks the password of this URL, as it stands there and percent-decoded. One that equals another part of the URL
    /// (`postgres://postgres:postgres@…`) is masked in its place only.
    pub fn add_url(&mut self, url: &str) {
        let Some(userinfo) = Userinfo::find(url) else {
            return;
        };
        let password = &url[userinfo.password.clone()];
        let user = &url[userinfo.user.clone()];
        let decoded = percent_decode(password);
        self.add(&format!(":{password}@"));
        self.add(&format!(":{decoded}@"));
        let around = [&url[..userinfo.user.start], &url[userinfo.password.end..]];
        for secret in [password, decoded.as_str()] {
            let elsewhere = user == secret
                || around
                    .iter()
                    .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()))
                    .any(|word| word == secret);
            if !elsewhere {
                self.add(secret);
            }
        }
    }

    /// The text with every secret masked.
    pub fn mask<'text>(&self, text: &'text str) -> Cow<'text, str> {
        let mut masked = mask_urls(text);
        for needle in &self.needles {
            if masked.contains(needle.as_str()) {
                let instead = match (needle.starts_with(':'), needle.ends_with('@')) {
                    (true, true) => ":***@",
                    _ => MASK,
                };
                masked = Cow::Owned(masked.replace(needle.as_str(), instead));
            }
        }
        masked
    }

    /// Masks every text in a JSON value: those of an event's own vocabulary excepted.
    pub fn mask_json(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Cow::Owned(masked) = self.mask(text) {
                    *text = masked;
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.mask_json(value)),
            Value::Object(entries) => {
                for (name, value) in entries.iter_mut() {
                    if !(OUR_WORDS.contains(&name.as_str()) && value.is_string()) {
                        self.mask_json(value);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// Secrets are not even shown to a debugger.
impl std::fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Secrets({})", self.needles.len())
    }
}

/// Where a URL's user and password stand.
struct Userinfo {
    user: std::ops::Range<usize>,
    password: std::ops::Range<usize>,
}

impl Userinfo {
    /// Finds them behind the first `://`; a password may hold raw `/`, `#` and `@`, as people write it.
    fn find(url: &str) -> Option<Userinfo> {
        let start = url.find("://")? + 3;
        let rest = &url[start..];
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`'))
            .unwrap_or(rest.len());
        let rest = &rest[..end];
        let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
        let at = match authority.rfind('@') {
            Some(at) => at,
            None => {
                let (_, port) = authority.split_once(':')?;
                if port.chars().all(|c| c.is_ascii_digit()) {
                    return None;
                }
                rest.rfind('@')?
            }
        };
        let colon = rest[..at].find(':')?;
        Some(Userinfo {
            user: start..start + colon,
            password: start + colon + 1..start + at,
        })
    }
}

/// Masks the password of every URL in the text, known or not.
fn mask_urls(text: &str) -> Cow<'_, str> {
    let mut masked = String::new();
    let mut rest = text;
    while let Some(found) = rest.find("://") {
        match Userinfo::find(rest) {
            Some(userinfo) if !userinfo.password.is_empty() => {
                masked.push_str(&rest[..userinfo.password.start]);
                masked.push_str(MASK);
                rest = &rest[userinfo.password.end..];
            }
            _ => {
                masked.push_str(&rest[..found + 3]);
                rest = &rest[found + 3..];
            }
        }
    }
    if masked.is_empty() {
        Cow::Borrowed(text)
    } else {
        masked.push_str(rest);
        Cow::Owned(masked)
    }
}

/// `%41` as `A`; what is no such pair stays.
fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        let pair = bytes.get(index + 1..index + 3).and_then(|pair| {
            let pair = std::str::from_utf8(pair).ok()?;
            u8::from_str_radix(pair, 16).ok()
        });
        match (bytes[index], pair) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                index += 3;
            }
            (byte, _) => {
                decoded.push(byte);
                index += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_any_url_is_masked() {
        let secrets = Secrets::new();
        for (text, masked) in [
            ("postgres://ada:hunter2@h/app", "postgres://ada:***@h/app"),
            ("at mysql://a:b@c/d, yes", "at mysql://a:***@c/d, yes"),
            ("postgres://ada:p/a#s@h/app", "postgres://ada:***@h/app"),
            ("a://u:one@h b://u:two@h", "a://u:***@h b://u:***@h"),
            ("postgres://h:5432/db?m=a@b", "postgres://h:5432/db?m=a@b"),
            ("sqlite://dbscript.db", "sqlite://dbscript.db"),
            ("https://ada@h/x", "https://ada@h/x"),
        ] {
            assert_eq!(secrets.mask(text), masked);
        }
    }

    #[test]
    fn a_known_password_is_masked_alone_and_decoded() {
        let mut secrets = Secrets::new();
        secrets.add_url("postgres://ada:tre%40sure@localhost/app");
        assert_eq!(
            secrets.mask("password `tre@sure` or tre%40sure refused"),
            "password `***` or *** refused"
        );
    }

    #[test]
    fn a_password_that_is_also_a_name_does_not_garble_the_rest() {
        let mut secrets = Secrets::new();
        secrets.add_url("postgres://postgres:postgres@localhost/postgres");
        assert_eq!(secrets.mask("engine postgres"), "engine postgres");
        assert_eq!(secrets.mask("x:postgres@y"), "x:***@y");
    }

    #[test]
    fn json_is_masked_in_its_values_only() {
        let mut secrets = Secrets::new();
        secrets.add("step");
        secrets.add("hunter2");
        let mut event =
            serde_json::json!({"event": "step", "name": "say hunter2", "rows": [1, "hunter2"]});
        secrets.mask_json(&mut event);
        assert_eq!(
            event,
            serde_json::json!({"event": "step", "name": "say ***", "rows": [1, "***"]})
        );
    }

    #[test]
    fn short_words_are_no_secrets() {
        let mut secrets = Secrets::new();
        secrets.add("us");
        secrets.add("   ");
        assert_eq!(secrets.mask("use us"), "use us");
    }
}
