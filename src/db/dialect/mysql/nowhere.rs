//! Defaults that lead nowhere: MariaDB drops a sequence from under the columns that draw from it. A table with such a
//! default can be neither written to without a value nor made again as it is printed.

use std::collections::HashMap;

use super::catalog::Listed;
use crate::db::catalog::{Column, NotIncluded};

/// What comes before the name of a sequence that is of this database.
const DRAWS: &str = "nextval(`";

/// The defaults that no copy of these tables can have.
pub(super) fn left_out(
    columns: &HashMap<String, Vec<Column>>,
    listed: &[Listed],
) -> Vec<NotIncluded> {
    let mut found = Vec::new();
    for table in listed.iter().filter(|listed| !listed.is_sequence()) {
        for column in columns.get(&table.name).into_iter().flatten() {
            let default = column.default.as_deref().unwrap_or_default();
            let Some(sequence) = missing(default, listed) else {
                continue;
            };
            found.push(NotIncluded {
                kind: "default".to_owned(),
                name: format!("{}.{}", table.name, column.name),
                why: format!(
                    "it draws from the sequence `{sequence}`, which is not there: every INSERT without a value fails"
                ),
            });
        }
    }
    found
}

/// The definition of a column as the server prints it, without a default that leads nowhere.
pub(super) fn without(definition: &str, listed: &[Listed]) -> String {
    const WORD: &str = " DEFAULT ";
    let name = name_end(definition);
    let Some(at) = definition[name..].find(WORD).map(|at| name + at) else {
        return definition.to_owned();
    };
    let start = at + WORD.len();
    let end = start + expression_end(&definition[start..]);
    match missing(&definition[start..end], listed) {
        Some(_) => format!("{}{}", &definition[..at], &definition[end..]),
        None => definition.to_owned(),
    }
}

/// The sequence that an expression draws from, if it is not there. One of another database is out of sight.
fn missing(expression: &str, listed: &[Listed]) -> Option<String> {
    let at = expression.find(DRAWS)? + DRAWS.len() - 1;
    let end = at + name_end(&expression[at..]);
    let is_here = !expression[end..].starts_with('.');
    let name = expression.get(at + 1..end - 1)?.replace("``", "`");
    // Names of tables differ in case here and there, depending on the server.
    let is_it =
        |listed: &Listed| listed.is_sequence() && listed.name.to_lowercase() == name.to_lowercase();
    (is_here && !listed.iter().any(is_it)).then_some(name)
}

/// Where the name in backticks ends that a text begins with; 0 where it begins with none.
fn name_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = usize::from(bytes.first() == Some(&b'`'));
    while at > 0 && at < bytes.len() {
        let doubled = bytes.get(at + 1) == Some(&b'`');
        match bytes[at] {
            b'`' if doubled => at += 2,
            b'`' => return at + 1,
            _ => at += 1,
        }
    }
    0
}

/// Where an expression ends: at the first blank outside of brackets and quotes.
fn expression_end(text: &str) -> usize {
    let (mut depth, mut quote) = (0_usize, None);
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match (quote, letter) {
            (Some('\''), '\\') => drop(letters.next()),
            (Some(open), _) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '`') => quote = Some(letter),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, ' ') if depth == 0 => return at,
            (None, _) => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_default_that_leads_nowhere_goes() {
        let there = [Listed {
            name: "Is".to_owned(),
            kind: "SEQUENCE".to_owned(),
            engine: String::new(),
            next: None,
        }];
        let of = |definition: &str| without(definition, &there);
        for stays in [
            "`id` int(11) NOT NULL DEFAULT nextval(`is`)",
            "`id` int(11) DEFAULT nextval(`other`.`gone`) COMMENT 'x'",
            "`a DEFAULT nextval(``gone``)` int(11) DEFAULT 3 COMMENT 'DEFAULT nextval(`gone`)'",
            "PRIMARY KEY (`id`)",
        ] {
            assert_eq!(of(stays), stays);
        }
        assert_eq!(
            of("`i``d` int(11) NOT NULL DEFAULT (nextval(`go``ne`) + ') ') COMMENT 'x'"),
            "`i``d` int(11) NOT NULL COMMENT 'x'"
        );
    }
}
