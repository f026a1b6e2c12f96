//! What statements are read as: tables of SQL and its steps, told in a few words.

mod bodies;
mod hostile;
mod locks;
mod paths;
mod quiet;
mod rows;
mod schema;
mod telling;

use super::read;
use crate::db::Engine;
use crate::hazard::action::{Action, Step};
use crate::hazard::dialect::Reading;
use telling::words;

fn steps(sql: &str) -> Vec<Step> {
    read(&Reading::offline(Engine::Postgres), sql)
}

/// Each step in a few words, with the first word of its place.
fn told(sql: &str) -> Vec<String> {
    tell(&steps(sql), sql)
}

/// The same without locks and calls.
fn plainly(sql: &str) -> Vec<String> {
    let mut steps = steps(sql);
    steps.retain(|step| !matches!(step.action, Action::Lock(_) | Action::Call { .. }));
    tell(&steps, sql)
}

fn tell(steps: &[Step], sql: &str) -> Vec<String> {
    steps
        .iter()
        .map(|step| {
            let word: String = sql[step.offset..]
                .chars()
                .take_while(|character| character.is_alphanumeric() || "_\"".contains(*character))
                .collect();
            format!("{word}: {}", words(&step.action))
        })
        .collect()
}

/// Compares what is told of each statement.
fn check(tell: impl Fn(&str) -> Vec<String>, cases: &[(&str, &[&str])]) {
    let mut wrong = String::new();
    for (sql, expected) in cases {
        let got = tell(sql);
        if got != *expected {
            wrong.push_str(&format!(
                "{sql}\n  expected {expected:#?}\n  got {got:#?}\n"
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
