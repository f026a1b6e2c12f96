//! What the summary says, that it stays Markdown, and that it stays short enough.

use super::*;
use crate::error::{Error, Kind};
use crate::event::{Logged, Severity};

fn counts(of: &'static str, set: Option<&str>, tables: &[(&str, i64)]) -> Event {
    let tables = tables
        .iter()
        .map(|(name, rows)| ((*name).to_owned(), Value::Int(*rows)));
    Event::Counts {
        of,
        set: set.map(str::to_owned),
        tables: Value::Map(tables.collect()),
    }
}

fn begun() -> Facts {
    let mut facts = Facts::default();
    facts.note(&Event::Run {
        procedure: "safe-migration".to_owned(),
        version: "1".to_owned(),
        database: "postgres://ada:***@h/app".to_owned(),
        plan: false,
        parameters: Value::Null,
    });
    facts
}

fn ending(error: Option<Error>, state: DatabaseState) -> Ending {
    Ending {
        result: Value::Null,
        text: None,
        error,
        state: Some(state),
    }
}

fn rendered(facts: &Facts, ending: &Ending) -> String {
    let end = End::new(Value::Null, ending.error.as_ref());
    let sections = facts.render(&end, ending, &Secrets::new());
    sections.expect("there is something to tell").concat()
}

#[test]
fn a_loss_is_told_with_counts_set_and_the_next_command() {
    let mut facts = begun();
    facts.note(&counts(
        "backup",
        Some("2025-07-05T21-00-00-000Z"),
        &[("users", 3), ("a|b\n`c", 1)],
    ));
    facts.note(&counts("comparison", None, &[("users", 1), ("new", 0)]));
    facts.note_alert("data loss", "2 of 3 rows of `users` are gone", true);
    let error = Error::new(Kind::Integrity, "1 loss(es)")
        .hint("dbscript run restore --from 2025-07-05T21-00-00-000Z");
    let state = DatabaseState::Changed(vec!["migration 3 is applied".to_owned()]);
    assert_eq!(
        rendered(&facts, &ending(Some(error), state)),
        "## dbscript run safe-migration: failed (exit 5)\n\n\
         1 loss(es)\n\n\
         - Database: `postgres://ada:***@h/app`\n\
         - State: changed: migration 3 is applied\n\
         - Backup set: `2025-07-05T21-00-00-000Z`\n\n\
         Next:\n\n```sh\ndbscript run restore --from 2025-07-05T21-00-00-000Z\n```\n\n\
         ### Rows\n\n| Table | Before | After |\n|---|---:|---:|\n\
         | <code>a&#124;b &#96;c</code> | 1 | – |\n| `new` | – | 0 |\n| `users` | 3 | 1 |\n\n\
         ### Alerts\n\n| | What | Message |\n|---|---|---|\n\
         | **alert** | data loss | 2 of 3 rows of `users` are gone |\n\n"
    );
}

#[test]
fn findings_are_told_without_the_data_of_rows() {
    let mut facts = begun();
    let finding = Finding {
        rule: "drop-column".to_owned(),
        severity: Severity::Block,
        file: "migrations/0002_x.sql".to_owned(),
        line: 4,
        column: 1,
        statement: "DROP ada@example.org".to_owned(),
        table: None,
        message: "3 values, such as ada@example.org".to_owned(),
        hint: None,
        probe: None,
        allowed: None,
        destroys: true,
        fails: false,
        logged: Logged {
            message: "3 values | all".to_owned(),
            ..Logged::default()
        },
    };
    for index in 0..MOST_ROWS + 5 {
        assert_eq!(facts.note_finding(&finding, Grade::Error), index + 1);
    }
    let text = rendered(&facts, &ending(None, DatabaseState::AsFound));
    assert!(!text.contains("ada@example.org"), "{text}");
    assert!(
        text.contains(
            "| error | `migrations/0002_x.sql:4` | `drop-column` | 3 values &#124; all |"
        ),
        "{text}"
    );
    assert!(text.contains("… and 5 more"), "{text}");
    let cells = text.lines().filter(|line| line.starts_with("| error"));
    assert!(cells.into_iter().all(|line| line.matches('|').count() == 5));
}

#[test]
fn a_result_is_told_in_its_numbers_alone() {
    let result = Value::Map(vec![
        ("read".to_owned(), Value::Int(52)),
        ("first".to_owned(), "ada@example.org".into()),
        ("rejected_rows".to_owned(), Value::Int(1)),
    ]);
    let end = End::new(result, None);
    let ending = ending(None, DatabaseState::AsFound);
    let sections = begun().render(&end, &ending, &Secrets::new());
    let text = sections.expect("there is something to tell").concat();
    assert!(
        text.contains("- Result: read 52, rejected&#95;rows 1\n"),
        "{text}"
    );
    assert!(!text.contains("ada@"), "{text}");
}

#[test]
fn every_state_has_its_sentence() {
    let done = |state| rendered(&begun(), &ending(None, state));
    assert!(done(DatabaseState::AsFound).contains("State: as it was found\n"));
    assert!(done(DatabaseState::RolledBack).contains("rolled back"));
    assert!(done(DatabaseState::InDoubt("the backup".to_owned())).contains("may or may not"));
    assert!(done(DatabaseState::Unknown).contains("as the message above says"));
    let mut plan = begun();
    if let Some(run) = &mut plan.run {
        run.plan = true;
    }
    let text = rendered(&plan, &ending(None, DatabaseState::AsFound));
    assert!(text.contains("only planned"), "{text}");
    let nothing = Facts::default();
    let help = ending(None, DatabaseState::AsFound);
    let end = End::new(Value::Null, None);
    assert!(nothing.render(&end, &help, &Secrets::new()).is_none());
    let usage = Ending::from(Error::new(Kind::Usage, "`DATABASE_URL` is set but empty"));
    let text = rendered(&nothing, &usage);
    assert!(text.starts_with("## dbscript: failed (exit 2)"), "{text}");
    assert!(text.contains("the database was not touched"), "{text}");
}

#[test]
fn the_file_never_grows_beyond_what_the_runner_takes() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("summary.md");
    let sections = [
        "head\n".to_owned(),
        "x".repeat(700_000),
        "tail\n".to_owned(),
    ];
    append(&path, &sections).expect("written");
    append(&path, &sections).expect("written");
    let text = std::fs::read_to_string(&path).expect("there");
    assert!(text.len() as u64 <= LONGEST_BYTES);
    assert_eq!(text.matches("head\n").count(), 2);
    assert_eq!(text.matches("tail\n").count(), 2);
    assert_eq!(text.matches("too long for a summary").count(), 1);
    std::fs::write(&path, "y".repeat(1024 * 1024)).expect("written");
    let error = append(&path, &sections).expect_err("full");
    assert!(error.to_string().contains("1 MiB"), "{error}");
    assert!(append(folder.path(), &sections).is_err());
}
