//! ATTACH PARTITION: rows that do not belong between its bounds
//! (<https://www.postgresql.org/docs/15/sql-createtable.html#SQL-CREATETABLE-PARTITION>).

use super::Judge;
use crate::hazard::dialect::{Lexer, TokenKind};
use crate::hazard::draft::{Draft, Weight};
use crate::hazard::world::{Seen, Table};
use crate::ident::TableName;

impl Judge<'_> {
    pub(super) fn attach(&mut self, parent: &Table, name: &TableName, bounds: &str) {
        let partition = match self.world.see(name) {
            Seen::Known(partition) => partition.clone(),
            Seen::Temporary | Seen::Missing | Seen::Elsewhere => return,
        };
        if partition.live.is_some() {
            self.judge_attach(parent, &partition, bounds);
        }
        if let Some(known) = self.world.table_mut(name) {
            known.partition_of = Some(parent.name.clone());
        }
        if let Some(parent) = self.world.table_mut(&parent.name) {
            parent.grown = true;
        }
    }

    fn judge_attach(&mut self, parent: &Table, partition: &Table, bounds: &str) {
        let verdict = format!("do not belong to `{}` {}", parent.name, bounds.trim());
        let known = parent.partition_key.as_deref();
        let condition = known.and_then(|key| self.outside(parent, key, bounds));
        let weight = match condition {
            Some(condition) => self.weigh(
                partition,
                self.rows_question(partition, Some(&condition), &verdict),
            ),
            None if self.world.offline => {
                Weight::Unknown("what the rows are divided by is not known".to_owned())
            }
            None => self.rehearsed(partition, "its bounds were not understood"),
        };
        let mut draft = Draft::new("attach-partition", self.at, partition.name.to_string())
            .fails(weight, &partition.name, &verdict)
            .hint("move these rows elsewhere first");
        draft.aliases = vec![parent.name.to_string()];
        self.push(draft);
    }

    /// The condition of rows outside the bounds; `None` where they are not understood.
    fn outside(&self, parent: &Table, key: &str, bounds: &str) -> Option<String> {
        let (strategy, columns) = key.split_once(' ')?;
        let columns = lists(self.engine, columns).into_iter().next()?;
        let head = bounds.to_ascii_uppercase();
        let lists = lists(self.engine, bounds);
        match strategy {
            _ if head.trim() == "DEFAULT" => None,
            "LIST" => {
                let [values] = lists.as_slice() else {
                    return None;
                };
                let column = columns.first()?;
                let null = values
                    .iter()
                    .any(|value| value.eq_ignore_ascii_case("null"));
                let filled: Vec<&str> = values
                    .iter()
                    .filter(|value| !value.eq_ignore_ascii_case("null"))
                    .map(String::as_str)
                    .collect();
                let outside = match filled.is_empty() {
                    true => format!("{column} IS NOT NULL"),
                    false => format!("{column} NOT IN ({})", filled.join(", ")),
                };
                Some(if null {
                    outside
                } else {
                    format!("{column} IS NULL OR {outside}")
                })
            }
            "RANGE" => {
                let [from, to] = lists.as_slice() else {
                    return None;
                };
                let mut outside: Vec<String> = columns
                    .iter()
                    .map(|column| format!("{column} IS NULL"))
                    .collect();
                outside.extend(beyond(&columns, from, "<", "MINVALUE")?);
                outside.extend(beyond(&columns, to, ">=", "MAXVALUE")?);
                Some(outside.join(" OR "))
            }
            "HASH" => {
                let [parts] = lists.as_slice() else {
                    return None;
                };
                let number = |word: &str| {
                    let mut parts = parts.iter();
                    parts.find_map(|part| {
                        part.to_ascii_lowercase()
                            .strip_prefix(word)?
                            .trim()
                            .parse::<u32>()
                            .ok()
                    })
                };
                let (modulus, remainder) = (number("modulus")?, number("remainder")?);
                let live = self.world.quoted(self.engine, parent.live.as_ref()?);
                Some(format!(
                    "NOT satisfies_hash_partition('{}'::regclass, {modulus}, {remainder}, {})",
                    live.replace('\'', "''"),
                    columns.join(", ")
                ))
            }
            _ => None,
        }
    }
}

/// Rows on the wrong side of a bound. What comes behind MINVALUE or MAXVALUE does not matter.
fn beyond(
    columns: &[String],
    bound: &[String],
    operator: &str,
    open: &str,
) -> Option<Option<String>> {
    let closed: Vec<&String> = bound
        .iter()
        .take_while(|value| {
            !value.eq_ignore_ascii_case("minvalue") && !value.eq_ignore_ascii_case("maxvalue")
        })
        .collect();
    let stops_at = bound.get(closed.len());
    if closed.is_empty() {
        let own = stops_at.is_some_and(|word| word.eq_ignore_ascii_case(open));
        return own.then_some(None);
    }
    if bound.len() > columns.len() {
        return None;
    }
    let values: Vec<&str> = closed.iter().map(|value| value.as_str()).collect();
    let columns = columns[..values.len()].join(", ");
    // An upper bound is outside; one that goes on to MAXVALUE takes all rows that begin so.
    let operator = match (operator, stops_at) {
        (">=", Some(word)) if word.eq_ignore_ascii_case("maxvalue") => ">",
        ("<", Some(word)) if word.eq_ignore_ascii_case("maxvalue") => "<=",
        (operator, _) => operator,
    };
    Some(Some(format!(
        "({columns}) {operator} ({})",
        values.join(", ")
    )))
}

/// The lists in brackets of the outermost level, each cut at its commas.
fn lists(engine: crate::db::Engine, sql: &str) -> Vec<Vec<String>> {
    let mut lists = Vec::new();
    let mut depth = 0_usize;
    let mut item = String::new();
    let mut items = Vec::new();
    for token in Lexer::new(engine, sql) {
        let piece = &sql[token.start..token.end];
        match piece {
            "(" if depth == 0 => depth = 1,
            ")" if depth == 1 => {
                items.push(std::mem::take(&mut item).trim().to_owned());
                lists.push(std::mem::take(&mut items));
                depth = 0;
            }
            "," if depth == 1 => items.push(std::mem::take(&mut item).trim().to_owned()),
            _ if depth > 0 => {
                depth = match piece {
                    "(" => depth + 1,
                    ")" => depth - 1,
                    _ => depth,
                };
                match token.kind {
                    TokenKind::Comment => item.push(' '),
                    _ => item.push_str(piece),
                }
            }
            _ => {}
        }
    }
    lists
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Engine;

    #[test]
    fn bounds_are_cut_at_their_commas() {
        assert_eq!(
            lists(
                Engine::Postgres,
                "FOR VALUES FROM ('a,b', f(1, 2)) TO (MAXVALUE, 3)"
            ),
            [vec!["'a,b'", "f(1, 2)"], vec!["MAXVALUE", "3"]]
        );
    }

    #[test]
    fn open_bounds_ask_nothing() {
        let columns = ["a".to_owned(), "b".to_owned()];
        let bound = |words: &[&str]| {
            words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            beyond(&columns, &bound(&["MINVALUE", "1"]), "<", "MINVALUE"),
            Some(None)
        );
        assert_eq!(
            beyond(&columns, &bound(&["1", "2"]), "<", "MINVALUE"),
            Some(Some("(a, b) < (1, 2)".to_owned()))
        );
        assert_eq!(
            beyond(&columns, &bound(&["1", "MAXVALUE"]), ">=", "MAXVALUE"),
            Some(Some("(a) > (1)".to_owned()))
        );
    }
}
