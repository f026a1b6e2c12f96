//! What the run log promises.

use super::*;
use crate::event::Level;

fn statement(sql: &str, rows: Option<u64>) -> Event {
    Event::Statement {
        sql: sql.to_owned(),
        position: None,
        rows,
    }
}

fn log(message: &str) -> Event {
    Event::Log {
        level: Level::Info,
        message: message.to_owned(),
        data: None,
    }
}

fn step(name: &str, state: StepState) -> Event {
    Event::Step {
        name: name.to_owned(),
        state,
        elapsed_ms: None,
    }
}

fn lines(log: &RunLog) -> Vec<Value> {
    let text =
        std::fs::read_to_string(log.path().expect("the log is open")).expect("the log can be read");
    assert!(text.ends_with('\n'));
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a line is JSON"))
        .collect()
}

#[test]
fn nothing_is_created_before_the_first_effect_and_then_everything_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let runs = folder.path().join("backups/runs");
    let journal = RunLog::new(&runs, "examples/nightly");
    journal.send(&log("before"));
    journal.send(&Event::Progress {
        task: "users".to_owned(),
        done: 1,
        total: None,
        unit: "rows".to_owned(),
    });
    assert!(journal.path().is_none());
    assert!(!runs.exists());

    journal
        .announce(&statement("DELETE FROM t", None))
        .expect("announced");
    journal.send(&log("after"));
    let name = journal.path().expect("open");
    assert!(name.to_string_lossy().ends_with("Z-examples-nightly.jsonl"));
    let messages: Vec<_> = lines(&journal)
        .iter()
        .map(|line| {
            assert!(line["at"].is_string());
            line.get("message").or(line.get("sql")).cloned()
        })
        .collect();
    assert_eq!(
        messages,
        [
            Some(json!("before")),
            Some(json!("DELETE FROM t")),
            Some(json!("after"))
        ]
    );
}

#[test]
fn the_same_statement_again_and_again_is_one_line_and_a_count() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = RunLog::new(folder.path(), "x");
    for _ in 0..1000 {
        for sql in ["INSERT INTO a VALUES (?)", "INSERT INTO b VALUES (?)"] {
            journal.announce(&statement(sql, None)).expect("announced");
            journal.send(&statement(sql, Some(2)));
        }
    }
    assert_eq!(lines(&journal).len(), 2);
    journal.send(&step("next", StepState::Started));
    let all = lines(&journal);
    assert_eq!(all.len(), 5);
    assert_eq!(all[2]["times"], json!(1000));
    assert_eq!(all[3]["rows"], json!(2000));
    assert_eq!(all[4]["event"], json!("step"));

    // A new step announces it anew.
    journal
        .announce(&statement("INSERT INTO a VALUES (?)", None))
        .expect("announced");
    assert_eq!(lines(&journal).len(), 6);
}

#[test]
fn many_different_statements_keep_memory_flat_and_lose_no_count() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = RunLog::new(folder.path(), "x");
    for number in 0..100 {
        let sql = format!("DELETE FROM t{number}");
        journal.announce(&statement(&sql, None)).expect("announced");
        journal.send(&statement(&sql, Some(1)));
    }
    journal.end(&json!({"event": "end"})).expect("ended");
    let counted = lines(&journal)
        .iter()
        .filter(|line| line["rows"] == json!(1))
        .count();
    assert_eq!(counted, 100);
}

#[test]
fn secrets_are_masked() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut secrets = Secrets::new();
    secrets.add("hunter2");
    let journal = RunLog::new(folder.path(), "x").masking(secrets);
    journal.send(&log("it is hunter2"));
    journal
        .announce(&log("postgres://a:b@c"))
        .expect("announced");
    let text = format!("{:?}", lines(&journal));
    assert!(
        !text.contains("hunter2") && text.contains("a:***@c"),
        "{text}"
    );
}

#[test]
fn an_effect_that_cannot_be_written_down_must_not_happen() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("runs");
    std::fs::write(&file, "in the way").expect("written");
    let journal = RunLog::new(&file, "x");
    let error = journal
        .announce(&statement("DELETE FROM t", None))
        .expect_err("refused");
    assert_eq!(error.kind, Kind::Io);
    assert!(journal.path().is_none());

    let planning = RunLog::new(folder.path(), "x").planning();
    let error = planning
        .announce(&statement("DELETE FROM t", None))
        .expect_err("refused");
    assert_eq!(error.kind, Kind::Refused);
}

#[test]
fn what_waits_is_bounded() {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = RunLog::new(folder.path(), "x");
    for _ in 0..WAITING_LINES + 5 {
        journal.send(&log("again"));
    }
    journal.announce(&log("now")).expect("announced");
    let all = lines(&journal);
    assert_eq!(all.len(), WAITING_LINES + 2);
    assert_eq!(
        all[WAITING_LINES]["message"],
        json!("5 more lines were left out here")
    );
}
