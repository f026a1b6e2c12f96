//! What is not a table: sequences, routines, packages, views, triggers, events, with the SQL that makes them again.
//!
//! The SQL names this database nowhere in its head, so that it makes the object in whatever database it is run.

use std::collections::HashMap;

use super::catalog::cell;
use super::link::State;
use super::surroundings::PRINTING_MODE;
use super::{definer, quote, text};
use crate::db::{Engine, Error, Result};

/// One object.
#[derive(Clone, Debug, Default)]
pub(super) struct Made {
    /// `sequence`, `package`, `function`, `procedure`, `package body`, `view`, `trigger` or `event`.
    pub(super) kind: &'static str,
    pub(super) name: String,
    /// The table a trigger hangs on.
    pub(super) table: Option<String>,
    /// The SQL that makes it, without its definer; empty where it may not be read.
    pub(super) sql: String,
    /// The same with its definer.
    pub(super) owned: String,
    /// The mode under which its body means what it means.
    pub(super) sql_mode: Option<String>,
    /// The time zone of an event's schedule.
    pub(super) time_zone: Option<String>,
    /// The character set its text was written in, and the collation its literals have.
    pub(super) charset: Option<String>,
    pub(super) collation: Option<String>,
}

/// Every object, in an order in which they can be made.
pub(super) async fn read(state: &mut State) -> Result<Vec<Made>> {
    for_printing(state).await?;
    let read = all(state).await;
    text::surely(&mut state.connection, AFTER_PRINTING).await?;
    read
}

/// Ends what [`for_printing`] began.
pub(super) const AFTER_PRINTING: &str = "SET SESSION sql_mode = @dbscript_mode";

/// From here on the server prints names and literals in one way, whatever its own mode is, and takes what it printed.
pub(super) async fn for_printing(state: &mut State) -> Result<()> {
    let set =
        format!("SET @dbscript_mode = @@SESSION.sql_mode, SESSION sql_mode = '{PRINTING_MODE}'");
    text::run(&mut state.connection, &set).await.map(|_| ())
}

async fn all(state: &mut State) -> Result<Vec<Made>> {
    let mut made = Vec::new();
    if state.engine == Engine::Mariadb {
        made.extend(
            each(
                state,
                "sequence",
                "SELECT TABLE_NAME FROM information_schema.TABLES
                 WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'SEQUENCE' ORDER BY 1",
            )
            .await?,
        );
    }
    // MySQL has no packages, and lists none.
    for kind in ["package", "function", "procedure", "package body"] {
        let sql = format!(
            "SELECT ROUTINE_NAME FROM information_schema.ROUTINES
             WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_TYPE = '{}' ORDER BY 1",
            kind.to_uppercase()
        );
        made.extend(each(state, kind, &sql).await?);
    }
    let views = each(
        state,
        "view",
        "SELECT TABLE_NAME FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1",
    )
    .await?;
    made.extend(in_order(views));
    made.extend(
        each(
            state,
            "trigger",
            "SELECT TRIGGER_NAME, EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_STATEMENT
             FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()
             ORDER BY EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER",
        )
        .await?,
    );
    made.extend(
        each(
            state,
            "event",
            "SELECT EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE() ORDER BY 1",
        )
        .await?,
    );
    Ok(made)
}

async fn each(state: &mut State, kind: &'static str, list: &str) -> Result<Vec<Made>> {
    let database = text::value(&mut state.connection, "SELECT DATABASE()").await?;
    // Of all that names the database, the server itself writes this into a view's text.
    let here = format!("val({}.", quote(&database.unwrap_or_default()));
    let mut made = Vec::new();
    for row in text::rows(&mut state.connection, list).await? {
        let name = cell(&row, 0);
        let show = format!("SHOW CREATE {} {}", kind.to_uppercase(), quote(&name));
        let shown = match text::row(&mut state.connection, &show).await {
            // MariaDB opens a view for that, and one that draws from a sequence for writing.
            Err(Error::ReadOnly { .. }) => Vec::new(),
            shown => shown?,
        };
        // Where the SQL stands; then the mode, the time zone and the character set it needs.
        let (sql, mode, zone, charset) = match kind {
            "sequence" => (1, None, None, None),
            "view" => (1, None, None, Some(2)),
            "event" => (3, Some(1), Some(2), Some(4)),
            _ => (2, Some(1), None, Some(3)),
        };
        let taken = |index: usize| shown.get(index).cloned().flatten();
        let mut owned = match kind {
            "trigger" => trigger(&row, &cell(&shown, sql)),
            _ => cell(&shown, sql),
        };
        if kind == "view" {
            owned = owned.replace(&here, "val(");
        }
        made.push(Made {
            kind,
            name,
            table: row.get(1).cloned().flatten(),
            sql: definer::without(&owned),
            owned,
            sql_mode: mode.and_then(taken),
            time_zone: zone.and_then(taken),
            charset: charset.and_then(taken),
            collation: charset.map(|index| index + 1).and_then(taken),
        });
    }
    Ok(made)
}

/// The server keeps the text of a trigger as it was typed: with the name of the database, if that was typed too.
fn trigger(row: &[Option<String>], shown: &str) -> String {
    let cell = |index: usize| row.get(index).cloned().flatten().unwrap_or_default();
    let body = cell(4);
    let head = shown.strip_suffix(body.as_str()).unwrap_or(shown);
    let lists_columns = head.to_uppercase().contains("UPDATE OF");
    if body.is_empty() || lists_columns {
        return shown.to_owned();
    }
    let definer = definer::of(shown).map(|definer| format!("DEFINER={definer} "));
    format!(
        "CREATE {}TRIGGER {} {} {} ON {} FOR EACH ROW {body}",
        definer.unwrap_or_default(),
        quote(&cell(0)),
        cell(2),
        cell(3),
        quote(&cell(1)),
    )
}

/// Views in an order in which each finds those it reads from: the name of another in a view's SQL means that it is read,
/// though it may also be that of a column. Those that read from each other in a circle stand in some order.
fn in_order(views: Vec<Made>) -> Vec<Made> {
    let indexes: HashMap<String, usize> = views
        .iter()
        .enumerate()
        .map(|(index, view)| (quote(&view.name), index))
        .collect();
    let reads: Vec<Vec<usize>> = views
        .iter()
        .map(|view| {
            let named = quoted_names(&view.sql).into_iter();
            named
                .filter_map(|name| indexes.get(name).copied())
                .collect()
        })
        .collect();
    let mut left: Vec<Option<Made>> = views.into_iter().map(Some).collect();
    let mut ordered = Vec::with_capacity(left.len());
    let mut seen = vec![false; left.len()];
    for first in 0..left.len() {
        // What a view reads comes before it. A stack of our own: a chain of views may be long.
        let mut path = vec![(first, 0)];
        while let Some((view, next)) = path.pop() {
            if next == 0 && std::mem::replace(&mut seen[view], true) {
                continue;
            }
            match reads[view].get(next) {
                Some(read) => {
                    path.push((view, next + 1));
                    path.push((*read, 0));
                }
                None => ordered.extend(left[view].take()),
            }
        }
    }
    ordered
}

/// The names in backticks that stand in the server's own SQL, backticks and all; what stands in strings is none.
pub(super) fn quoted_names(sql: &str) -> Vec<&str> {
    let bytes = sql.as_bytes();
    let mut names = Vec::new();
    let mut at = 0;
    while let Some(quote) = bytes.get(at).copied() {
        let start = at;
        at += 1;
        if !matches!(quote, b'`' | b'\'') {
            continue;
        }
        while let Some(byte) = bytes.get(at).copied() {
            at += 1;
            let escapes = byte == b'\\' && quote == b'\'';
            let doubled = byte == quote && bytes.get(at) == Some(&quote);
            if escapes || doubled {
                at += 1;
            } else if byte == quote {
                break;
            }
        }
        if quote == b'`' {
            names.extend(sql.get(start..at));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trigger_hangs_on_its_table_in_any_database() {
        let row =
            ["t`r", "a", "BEFORE", "INSERT", "SET NEW.x = 1"].map(|cell| Some(cell.to_owned()));
        let shown = "CREATE DEFINER=`u`@`h` TRIGGER here . `t``r` BEFORE INSERT ON here.a FOR EACH ROW SET NEW.x = 1";
        let wanted =
            "CREATE DEFINER=`u`@`h` TRIGGER `t``r` BEFORE INSERT ON `a` FOR EACH ROW SET NEW.x = 1";
        assert_eq!(trigger(&row, shown), wanted);
    }

    #[test]
    fn views_follow_what_they_read_from() {
        let view = |name: &str, from: &str| Made {
            name: name.to_owned(),
            sql: format!("CREATE VIEW `{name}` AS select 1 from `{from}`"),
            ..Made::default()
        };
        let names = |views: Vec<Made>| -> Vec<String> {
            in_order(views).into_iter().map(|view| view.name).collect()
        };
        let views = vec![view("a", "c"), view("b", "t"), view("c", "b")];
        assert_eq!(names(views), ["b", "c", "a"]);
        assert_eq!(names(vec![view("a", "b"), view("b", "a")]).len(), 2);
        assert_eq!(
            names(vec![view("a", "x``y"), view("x`y", "t")]),
            ["x`y", "a"]
        );
        // Strings with backticks hide no name, and hold none.
        let mut tick = view("a", "c");
        tick.sql = tick.sql.replace("select 1", "select 'it\\'s ` it''s `b`'");
        assert_eq!(
            names(vec![tick, view("b", "a"), view("c", "t")]),
            ["c", "a", "b"]
        );
    }

    #[test]
    fn long_chains_of_views_are_ordered_without_looking_at_all_of_them_again_and_again() {
        const VIEWS: usize = 5_000;
        let long = "x".repeat(1_000);
        let chain = (0..VIEWS).map(|number| Made {
            name: format!("v{number}"),
            sql: format!(
                "CREATE VIEW `v{number}` AS select '{long}' from `v{}`",
                number + 1
            ),
            ..Made::default()
        });
        let begun = std::time::Instant::now();
        let ordered = in_order(chain.collect());
        let took = begun.elapsed();
        let names = ordered.iter().map(|view| view.name.as_str());
        let wanted: Vec<String> = (0..VIEWS)
            .rev()
            .map(|number| format!("v{number}"))
            .collect();
        assert!(names.eq(wanted.iter().map(String::as_str)));
        assert!(took < std::time::Duration::from_secs(5), "{took:?}");
    }
}
