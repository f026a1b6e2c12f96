//! Rights that go because a migration makes anew what they were given on: whoever drops a view or a function and creates it
//! again has one without its grants, and a function that everybody may call.

use std::collections::HashSet;

use super::Conditions;
use super::apply::Prepared;
use crate::db::Session;
use crate::event::{Event, Level};
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
        conditions: &Conditions<'_>,
    ) {
        if self.0.iter().all(|(_, statement)| statement.is_none()) {
            return;
        }
        let now = Rights::of(session).await;
        let meant: Vec<HashSet<String>> = prepared
            .iter()
            .flat_map(|file| &file.statements)
            .filter(|statement| is_of_rights(statement))
            .map(|statement| words(statement.text).collect())
            .collect();
        let gone = together(&self.gone(&now, &meant));
        if gone.is_empty() {
            return;
        }
        // A journal is kept of the real database only.
        let what = match conditions.log.is_some() {
            true => {
                "rights are gone with what these migrations made anew; what is to stay is given again by"
            }
            false => {
                "rights go with what these migrations make anew; what is to stay is to be put behind it in the file"
            }
        };
        let more = match gone.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        let shown = gone[..gone.len().min(SHOWN)].join("; ");
        conditions.sink.send(&Event::Log {
            level: Level::Warn,
            message: format!("{what}: {shown}{more}"),
            data: None,
        });
    }

    fn gone(&self, now: &Rights, meant: &[HashSet<String>]) -> Vec<&str> {
        let there: HashSet<&String> = now.0.iter().map(|(on, _)| on).collect();
        let given = now.0.iter();
        let given: HashSet<&str> = given
            .filter_map(|(on, sql)| Some(without_kind(on, sql.as_ref()?)))
            .collect();
        let is_meant = |on: &str, sql: &str| meant.iter().any(|words| means(words, on, sql));
        let entries = self.0.iter();
        let entries = entries.filter_map(|(on, statement)| Some((on, statement.as_ref()?)));
        entries
            .filter(|(on, sql)| there.contains(on) && !given.contains(without_kind(on, sql)))
            .filter(|(on, sql)| !is_meant(on, sql))
            .map(|(_, statement)| statement.as_str())
            .collect()
    }
}

/// Whether a statement gives or takes rights, or a block may.
fn is_of_rights(statement: &Statement<'_>) -> bool {
    let text = || statement.text.to_lowercase();
    match &*statement.first_word() {
        "GRANT" | "REVOKE" | "REASSIGN" => true,
        "DO" => ["grant", "revoke", "owner to"]
            .iter()
            .any(|word| text().contains(word)),
        "ALTER" => text().contains("owner to") || text().contains("default privileges"),
        _ => false,
    }
}

/// Whether a statement with these words is about this right: it names the object, or all of a schema, and who has it.
fn means(words: &HashSet<String>, on: &str, sql: &str) -> bool {
    let has = |word: &str| words.contains(word);
    let all = (has("all") && has("schema")) || (has("default") && has("privileges"));
    let names = has(&bare(on)) || all || has("reassign");
    let to = sql.strip_suffix(" WITH GRANT OPTION").unwrap_or(sql);
    let to = to.rsplit(' ').next().unwrap_or_default();
    let to = to.split('@').next().unwrap_or(to);
    let to = to.trim_matches(['"', '`']).to_lowercase();
    names && (has(&to) || sql.starts_with("ALTER ") && (has("owner") || has("reassign")))
}

/// The statement as it is for a table, a view and whatever else has that name: who owns it is not the kind's matter.
fn without_kind<'a>(on: &str, sql: &'a str) -> &'a str {
    let name = on.split_once(' ').map_or(on, |(_, name)| name);
    match sql.starts_with("ALTER ") {
        true => sql.find(name).map_or(sql, |at| &sql[at..]),
        false => sql,
    }
}

/// Rights that one statement can give.
fn together(gone: &[&str]) -> Vec<String> {
    let mut said: Vec<(String, String)> = Vec::new();
    for sql in gone {
        let given = sql.strip_prefix("GRANT ");
        let Some((right, rest)) = given.and_then(|given| given.split_once(" ON ")) else {
            said.push(((*sql).to_owned(), String::new()));
            continue;
        };
        match said.iter_mut().find(|(_, known)| known == rest) {
            Some((statement, _)) => {
                let rights = statement.trim_end_matches(rest).trim_end_matches(" ON ");
                *statement = format!("{rights}, {right} ON {rest}");
            }
            None => said.push(((*sql).to_owned(), rest.to_owned())),
        }
    }
    said.into_iter().map(|(statement, _)| statement).collect()
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
