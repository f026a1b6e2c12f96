//! "Did you mean": the hint behind a name that is not known.

use crate::script::nearest::nearest;

/// What was most likely meant, else every name there is.
pub fn hint(typed: &str, names: &[&str]) -> String {
    match nearest(typed, names.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("there is {}", listed(names)),
    }
}

/// `a`, `b` and `c`, each in backticks.
pub fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => "none".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_meant_and_else_all_are_listed() {
        assert_eq!(
            hint("backpus", &["backups", "files"]),
            "did you mean `backups`?"
        );
        assert_eq!(hint("zzz", &["a", "b", "c"]), "there is `a`, `b` and `c`");
        assert_eq!(listed(&["a"]), "`a`");
    }
}
