//! Rights that go because a migration makes anew what they were given on: whoever drops a view or a function and creates it
//! again has one without its grants, and a function that everybody may call.

use std::collections::HashSet;

use super::apply::Prepared;
use crate::db::Session;
use crate::event::{Event, Level, Sink};
use crate::hazard::Statement;
use crate::value::Value;

/// How many statements are shown.
const SHOWN: usize = 20;

/// What has rights, and the statements that give them.
#[derive(Default)]
pub(super) struct Rights(Vec<(String, Option<String>)>);

impl Rights {
    /// Looks at them. None are known where there are none, or the user may not see them.
    pub(super) async fn of(session: &mut Session) -> Rights {
        let Some(asked) = session.engine().rights_sql() else {
            return Rights::default();
        };
        let Ok(found) = session.query(asked, &[], usize::MAX).await else {
            return Rights::default();
        };
        let rows = found.rows.into_iter();
        let entry = |row: Vec<Value>| match <[Value; 2]>::try_from(row) {
            Ok([Value::Text(on), Value::Text(statement)]) => Some((on, Some(statement))),
            Ok([Value::Text(on), _]) => Some((on, None)),
            _ => None,
        };
        Rights(rows.filter_map(entry).collect())
    }

    /// Tells what is gone since of things that are there; not what a statement of the set itself gives or takes.
    pub(super) async fn tell_gone(
        &self,
        session: &mut Session,
        prepared: &[Prepared<'_>],
        sink: &dyn Sink,
    ) {
        if self.0.iter().all(|(_, statement)| statement.is_none()) {
            return;
        }
        let now = Rights::of(session).await;
        let meant: HashSet<String> = prepared
            .iter()
            .flat_map(|file| &file.statements)
            .filter(|statement| is_of_rights(statement))
            .flat_map(|statement| words(statement.text))
            .collect();
        let gone: Vec<&str> = self.gone(&now, &meant);
        if gone.is_empty() {
            return;
        }
        let more = match gone.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        let shown = gone[..gone.len().min(SHOWN)].join("; ");
        sink.send(&Event::Log {
            level: Level::Warn,
            message: format!(
                "rights are gone with what these migrations make anew; put what is to stay behind it in the file, or run it afterwards: {shown}{more}"
            ),
            data: None,
        });
    }

    fn gone(&self, now: &Rights, meant: &HashSet<String>) -> Vec<&str> {
        let there: HashSet<&String> = now.0.iter().map(|(on, _)| on).collect();
        let given: HashSet<&String> = now.0.iter().filter_map(|(_, sql)| sql.as_ref()).collect();
        let is_meant = |on: &str| meant.contains(&bare(on));
        let entries = self.0.iter();
        let entries = entries.filter_map(|(on, statement)| Some((on, statement.as_ref()?)));
        entries
            .filter(|(on, sql)| there.contains(on) && !given.contains(sql) && !is_meant(on))
            .map(|(_, statement)| statement.as_str())
            .collect()
    }
}

fn is_of_rights(statement: &Statement<'_>) -> bool {
    ["GRANT", "REVOKE", "REASSIGN"].contains(&&*statement.first_word())
        || statement.text.to_lowercase().contains("owner to")
}

fn words(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
    words.map(str::to_lowercase)
}

/// The name alone of `FUNCTION public.f(integer)`, in small letters.
fn bare(on: &str) -> String {
    let name = on.split('(').next().unwrap_or(on);
    let name = name.rsplit(['.', ' ']).next().unwrap_or(name);
    name.trim_matches('"').to_lowercase()
}
