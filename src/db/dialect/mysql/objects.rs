//! What is not a table: sequences, routines, views, triggers, events, with the SQL that makes them again.
//!
//! Definers are taken out: whoever restores becomes the definer, as a set that names users could be restored only where
//! they exist, by someone who may act for them. The catalog says where that changes something.

use super::catalog::cell;
use super::link::State;
use super::{quote, text};
use crate::db::{Engine, Result};

/// One object.
#[derive(Clone, Debug, Default)]
pub(super) struct Made {
    /// `sequence`, `function`, `procedure`, `view`, `trigger` or `event`.
    pub(super) kind: &'static str,
    pub(super) name: String,
    /// The table a trigger hangs on.
    pub(super) table: Option<String>,
    /// The SQL that makes it; empty where it may not be read.
    pub(super) sql: String,
    /// The mode under which its body means what it means.
    pub(super) sql_mode: Option<String>,
    /// The time zone of an event's schedule.
    pub(super) time_zone: Option<String>,
    /// `user@host`.
    pub(super) definer: Option<String>,
}

/// Every object, in an order in which they can be made.
pub(super) async fn read(state: &mut State) -> Result<Vec<Made>> {
    // Under ANSI_QUOTES the server would quote names in another way.
    text::run(
        &mut state.connection,
        "SET @dbscript_mode = @@SESSION.sql_mode, SESSION sql_mode = ''",
    )
    .await?;
    let read = all(state).await;
    text::run(
        &mut state.connection,
        "SET SESSION sql_mode = @dbscript_mode",
    )
    .await?;
    read
}

async fn all(state: &mut State) -> Result<Vec<Made>> {
    let mut made = Vec::new();
    if state.engine == Engine::Mariadb {
        made.extend(
            each(
                state,
                "sequence",
                "SELECT TABLE_NAME, NULL, NULL FROM information_schema.TABLES
                 WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'SEQUENCE' ORDER BY 1",
            )
            .await?,
        );
    }
    for (kind, condition) in [("function", "FUNCTION"), ("procedure", "PROCEDURE")] {
        let sql = format!(
            "SELECT ROUTINE_NAME, NULL, DEFINER FROM information_schema.ROUTINES
             WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_TYPE = '{condition}' ORDER BY 1"
        );
        made.extend(each(state, kind, &sql).await?);
    }
    let views = each(
        state,
        "view",
        "SELECT TABLE_NAME, NULL, DEFINER FROM information_schema.VIEWS
         WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1",
    )
    .await?;
    made.extend(in_order(views));
    made.extend(
        each(
            state,
            "trigger",
            "SELECT TRIGGER_NAME, EVENT_OBJECT_TABLE, DEFINER FROM information_schema.TRIGGERS
             WHERE TRIGGER_SCHEMA = DATABASE()
             ORDER BY EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER",
        )
        .await?,
    );
    made.extend(
        each(
            state,
            "event",
            "SELECT EVENT_NAME, NULL, DEFINER FROM information_schema.EVENTS
             WHERE EVENT_SCHEMA = DATABASE() ORDER BY 1",
        )
        .await?,
    );
    Ok(made)
}

async fn each(state: &mut State, kind: &'static str, list: &str) -> Result<Vec<Made>> {
    let mut made = Vec::new();
    for row in text::rows(&mut state.connection, list).await? {
        let name = cell(&row, 0);
        let show = format!("SHOW CREATE {} {}", kind.to_uppercase(), quote(&name));
        let shown = text::row(&mut state.connection, &show).await?;
        // Where the SQL stands, and the mode and time zone it needs.
        let (sql, mode, zone) = match kind {
            "sequence" | "view" => (1, None, None),
            "event" => (3, Some(1), Some(2)),
            _ => (2, Some(1), None),
        };
        let taken = |index: usize| shown.get(index).cloned().flatten();
        made.push(Made {
            kind,
            name,
            table: row.get(1).cloned().flatten(),
            sql: without_definer(&cell(&shown, sql)),
            sql_mode: mode.and_then(taken),
            time_zone: zone.and_then(taken),
            definer: row.get(2).cloned().flatten(),
        });
    }
    Ok(made)
}

/// Takes `DEFINER=…` out of a CREATE statement as the server prints it.
fn without_definer(sql: &str) -> String {
    const WORD: &str = "DEFINER=";
    let Some(start) = sql.find(WORD) else {
        return sql.to_owned();
    };
    // In a body it would be something else.
    if !sql[..start]
        .bytes()
        .all(|byte| byte.is_ascii_uppercase() || matches!(byte, b' ' | b'='))
    {
        return sql.to_owned();
    }
    let mut rest = after_name(&sql[start + WORD.len()..]);
    if let Some(host) = rest.strip_prefix('@') {
        rest = after_name(host);
    }
    format!("{}{}", &sql[..start], rest.trim_start())
}

/// What stands behind a quoted name.
fn after_name(text: &str) -> &str {
    let Some(inner) = text.strip_prefix('`') else {
        return text.trim_start_matches(|letter: char| !letter.is_whitespace() && letter != '@');
    };
    let mut at = 0;
    let bytes = inner.as_bytes();
    while at < bytes.len() {
        if bytes[at] == b'`' {
            if bytes.get(at + 1) != Some(&b'`') {
                return &inner[at + 1..];
            }
            at += 1;
        }
        at += 1;
    }
    ""
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
    fn a_definer_is_taken_out_of_the_head_only() {
        for (sql, wanted) in [
            (
                "CREATE ALGORITHM=UNDEFINED DEFINER=`a``b`@`%` SQL SECURITY DEFINER VIEW `v` AS select 1",
                "CREATE ALGORITHM=UNDEFINED SQL SECURITY DEFINER VIEW `v` AS select 1",
            ),
            ("CREATE DEFINER=`a`@`h` trigger t", "CREATE trigger t"),
            (
                "CREATE DEFINER=`role` PROCEDURE `p`()",
                "CREATE PROCEDURE `p`()",
            ),
            (
                "CREATE PROCEDURE `p`() SELECT 'DEFINER=`x`@`y`'",
                "CREATE PROCEDURE `p`() SELECT 'DEFINER=`x`@`y`'",
            ),
        ] {
            assert_eq!(without_definer(sql), wanted);
        }
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
