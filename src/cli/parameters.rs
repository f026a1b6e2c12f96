//! The words behind a procedure's name: `--param value`, `--param=value`, flags, and positional words. Which is which is
//! decided by the script's header; what the values mean is decided by the script host.

use crate::error::{Error, Kind, Result};

/// The words, told apart.
#[derive(Debug, Default, PartialEq)]
pub struct Words {
    /// `--help` or `-h` stood among them.
    pub help: bool,
    /// Parameters in their order; a flag without a value has none.
    pub named: Vec<(String, Option<String>)>,
    /// The words without a flag.
    pub positional: Vec<String>,
}

/// Tells the words apart. `is_flag` says whether a parameter takes no value, `None` if there is no such parameter (that
/// is refused later, with what was probably meant).
///
/// # Errors
/// Usage errors: a parameter without its value, a short flag.
pub fn read(words: &[String], is_flag: impl Fn(&str) -> Option<bool>) -> Result<Words> {
    let mut read = Words::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(flag) = word.strip_prefix("--") else {
            match word.as_str() {
                "-h" => read.help = true,
                "-" => read.positional.push(word.clone()),
                short if short.starts_with('-') && !is_number(short) => {
                    return Err(Error::new(Kind::Usage, format!("unknown flag `{short}`"))
                        .hint("parameters are written `--name value`"));
                }
                _ => read.positional.push(word.clone()),
            }
            continue;
        };
        if flag.is_empty() {
            read.positional.extend(words.cloned());
            break;
        }
        if let Some((name, value)) = flag.split_once('=') {
            read.named.push((name.to_owned(), Some(value.to_owned())));
            continue;
        }
        match is_flag(flag) {
            None if flag == "help" => read.help = true,
            Some(false) => {
                let value = words.next().filter(|value| !value.starts_with("--"));
                let value = value.ok_or_else(|| {
                    Error::new(Kind::Usage, format!("`--{flag}` needs a value")).hint(format!(
                        "write `--{flag} VALUE`, or `--{flag}=VALUE` if it begins with `--`"
                    ))
                })?;
                read.named.push((flag.to_owned(), Some(value.clone())));
            }
            Some(true) | None => read.named.push((flag.to_owned(), None)),
        }
    }
    Ok(read)
}

fn is_number(word: &str) -> bool {
    word.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Result<Words> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        read(&words, |name| match name {
            "verify" => Some(true),
            "label" | "keep" => Some(false),
            _ => None,
        })
    }

    fn named(line: &str) -> Vec<(String, Option<String>)> {
        words(line).expect(line).named
    }

    #[test]
    fn values_stand_behind_or_are_joined() {
        let label = |value: &str| vec![("label".to_owned(), Some(value.to_owned()))];
        assert_eq!(named("--label x"), label("x"));
        assert_eq!(named("--label=x=y"), label("x=y"));
        assert_eq!(named("--label="), label(""));
        assert_eq!(named("--label=--x"), label("--x"));
        assert_eq!(named("--label -5"), label("-5"));
    }

    #[test]
    fn flags_take_no_value() {
        let read = words("--verify file.sql --verify=false -3 - -- --label").expect("read");
        assert_eq!(
            read.named,
            [
                ("verify".to_owned(), None),
                ("verify".to_owned(), Some("false".to_owned()))
            ]
        );
        assert_eq!(read.positional, ["file.sql", "-3", "-", "--label"]);
    }

    #[test]
    fn help_is_asked_for_unless_it_is_a_parameter() {
        assert!(words("--keep 3 --help").expect("read").help);
        assert!(words("-h").expect("read").help);
        let own = read(&["--help".to_owned()], |_| Some(true)).expect("read");
        assert!(!own.help);
    }

    #[test]
    fn a_missing_value_and_a_short_flag_are_refused() {
        for line in ["--label", "--label --verify", "-x"] {
            assert_eq!(words(line).expect_err(line).kind, Kind::Usage);
        }
        assert_eq!(named("--labl"), [("labl".to_owned(), None)]);
    }
}
