//! What is not a table: sequences, routines, packages, views, triggers, events, with the SQL that makes them again.
//!
//! The SQL names this database nowhere in its head, so that it makes the object in whatever database it is run.

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

/// Views in an order in which each finds those it reads from.
fn in_order(mut left: Vec<Made>) -> Vec<Made> {
    let mut ordered = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let reads_from_left = |view: &Made| {
            left.iter()
                .any(|other| other.name != view.name && view.sql.contains(&quote(&other.name)))
        };
        // A name may also be that of a column; then some order is as good as another.
        let next = left.iter().position(|view| !reads_from_left(view));
        ordered.push(left.remove(next.unwrap_or(0)));
    }
    ordered
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
        let ordered = in_order(vec![view("a", "c"), view("b", "t"), view("c", "b")]);
        let names: Vec<&str> = ordered.iter().map(|view| view.name.as_str()).collect();
        assert_eq!(names, ["b", "c", "a"]);
        assert_eq!(in_order(vec![view("a", "b"), view("b", "a")]).len(), 2);
    }
}
