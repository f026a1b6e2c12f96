//! Which of the environment's values are secrets: told by the names that people give them.

use std::collections::BTreeMap;

use crate::storage::Secrets;

/// What a variable's name holds when its value is nobody's business.
const SECRET_NAMES: [&str; 7] = [
    "PASSWORD",
    "PASSWD",
    "TOKEN",
    "SECRET",
    "KEY",
    "DATABASE_URL",
    "DIRECT_URL",
];

/// What a secret's name ends in when it only says where the secret lies.
const PLACES: [&str; 4] = ["_PATH", "_FILE", "_DIR", "_HOME"];

/// The secrets in these variables and in the database's URL.
pub fn secrets(environment: &BTreeMap<String, String>, database_url: Option<&str>) -> Secrets {
    let mut secrets = Secrets::new();
    if let Some(url) = database_url {
        secrets.add_url(url);
    }
    for (name, value) in environment {
        let name = name.to_uppercase();
        let is_secret = SECRET_NAMES.iter().any(|word| name.contains(word));
        if !is_secret || PLACES.iter().any(|place| name.ends_with(place)) {
            continue;
        }
        if value.contains("://") {
            // A URL without a password is no secret, and is shown as the database's address.
            secrets.add_url(value);
        } else if !name.ends_with("DATABASE_URL") && !is_plain_word(value) {
            secrets.add(value);
        }
    }
    secrets
}

/// Values that switch something on or off: masking them would garble every message.
fn is_plain_word(value: &str) -> bool {
    [
        "true", "false", "none", "null", "auto", "enabled", "disabled",
    ]
    .iter()
    .any(|word| value.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_secret_is_masked_and_what_does_not_is_not() {
        let environment = [
            ("SHADOW_DATABASE_URL", "sqlite://shadow.db"),
            ("DIRECT_DATABASE_URL", "mysql://bob:s3cret99@h/app"),
            ("GITHUB_TOKEN", "ghp_12345"),
            ("stripe_secret", "sk_live_1"),
            ("SSH_KEY_PATH", "/home/ada"),
            ("KEY_REQUIRED", "true"),
            ("EDITOR", "vim -p"),
        ];
        let environment = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let secrets = secrets(&environment, Some("postgres://ada:hunter22@h/app"));
        let text = "sk_live_1 hunter22 s3cret99 ghp_12345 sqlite://shadow.db /home/ada true vim -p";
        assert_eq!(
            secrets.mask(text),
            "*** *** *** *** sqlite://shadow.db /home/ada true vim -p"
        );
    }
}
