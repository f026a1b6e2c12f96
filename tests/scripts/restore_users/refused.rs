//! Rows that the database refuses: each is named, and the others are in.

use serde_json::{Value, json};

use super::user;
use crate::harness::databases::{Database, Said, in_every_project};
use crate::harness::{Export, Finished, Project};

in_every_project!(
    a_row_that_is_too_long_is_listed_and_the_others_are_in,
    several_bad_rows_of_one_batch_are_listed_the_first_and_the_last_too,
    a_few_bad_rows_among_many_are_found,
    a_file_of_bad_rows_alone_adds_nobody,
    a_value_that_is_missing_or_of_no_use_is_the_rows_own_fault,
    what_is_no_fault_of_a_row_ends_the_run_and_nobody_is_added,
);

/// What an e-mail must not be.
const BANNED: &str = "banned@example.org";

/// A project whose table takes an e-mail once, of 20 characters at most, and not a banned one.
fn strict(project: Project) -> Project {
    let email = project.said(Said {
        sqlite: "TEXT CONSTRAINT short CHECK (length(email) <= 20)",
        postgres: "VARCHAR(20)",
        mysql: "VARCHAR(20)",
    });
    project.sql(&format!(
        "CREATE TABLE users (id VARCHAR(64) PRIMARY KEY, privy_id VARCHAR(99) NOT NULL UNIQUE,
             username VARCHAR(99) NOT NULL UNIQUE, email {email}, solana_wallet VARCHAR(44), embedded_wallet VARCHAR(44),
             referral_code VARCHAR(99) NOT NULL UNIQUE, created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
             CONSTRAINT one_email UNIQUE (email), CONSTRAINT not_banned CHECK (email <> '{BANNED}'))"
    ));
    project
}

/// What the run said of lines of the export, without the data behind it.
fn said(run: &Finished) -> Vec<String> {
    let lines = run.events_of("log").into_iter().filter_map(|event| {
        let message = event["message"].as_str()?;
        Some(message.strip_prefix("users/export.csv:")?.to_owned())
    });
    lines.collect()
}

/// Restores what ends with these numbers and rejected rows. Returns the run's log.
#[track_caller]
fn restored(project: &Project, counts: [u64; 4], rejected: &[(u64, &str)]) -> String {
    let run = project
        .dbscript(&["--json", "run", "restore-users"])
        .status(9)
        .go();
    let [read, restored, skipped, count] = counts;
    let expected =
        json!({"read": read, "restored": restored, "skipped": skipped, "rejected": count});
    assert_eq!(run.result(), expected, "{}", run.told());
    assert_eq!(run.end()["error"]["kind"], "partial", "{}", run.told());
    let said = said(&run);
    let expected: Vec<String> = rejected
        .iter()
        .map(|(line, reason)| format!("{line}: rejected: the database refuses it: {reason}"))
        .collect();
    assert_eq!(said, expected, "{}", run.told());
    let name = project.list("backups/runs").pop().expect("a run log");
    project.read(&format!("backups/runs/{name}"))
}

/// A reason with the name of what is violated, which SQLite and PostgreSQL know by different names.
fn named(project: &Project, what: &str, sqlite: &str, postgres: &str, mysql: &str) -> String {
    let name = project.said(Said {
        sqlite,
        postgres,
        mysql,
    });
    match name {
        "" => what.to_owned(),
        name => format!("{what} ({name})"),
    }
}

/// How a row is refused that is too long.
fn too_long(project: &Project) -> String {
    let what = project.said(Said {
        sqlite: "a check fails",
        postgres: "a value is too long",
        mysql: "a value is too long",
    });
    named(project, what, "short", "", "email")
}

fn taken(project: &Project) -> String {
    let what = "a value is taken";
    named(project, what, "users.email", "one_email", "one_email")
}

fn banned(project: &Project) -> String {
    let name = "not_banned";
    named(project, "a check fails", name, name, name)
}

fn a_row_that_is_too_long_is_listed_and_the_others_are_in(project: Project) {
    let project = strict(project);
    let long = "somebody.with.a.long.name@example.org";
    let export = Export::new()
        .user(user("cm-1", "2025-01-01", "one@example.org"))
        .user(user("cm-2", "2025-01-02", long))
        .user(user("cm-3", "2025-01-03", "three@example.org"));
    project.file("users/export.csv", export.text());
    let reason = too_long(&project);
    let log = restored(&project, [3, 2, 0, 1], &[(3, &reason)]);
    assert_eq!(project.lines("privy_id", "users", "privy_id"), "cm-1\ncm-3");
    for data in ["somebody", "cm-2", "example.org"] {
        assert!(!log.contains(data), "{data}: {log}");
    }
    assert!(log.contains(&reason), "{log}");

    let before = project.hash();
    restored(&project, [3, 0, 2, 1], &[(3, &reason)]);
    assert_eq!(project.hash(), before);
}

fn several_bad_rows_of_one_batch_are_listed_the_first_and_the_last_too(project: Project) {
    let project = strict(project);
    project.sql(
        "INSERT INTO users (id, privy_id, username, email, referral_code) VALUES ('1', 'old', 'old', 'old@example.org', 'o')",
    );
    // The file's order is not the order of the dates: the oldest comes first, and keeps what two want.
    let export = Export::new()
        .user(user("cm-9", "2025-01-09", BANNED))
        .user(user("cm-2", "2025-01-02", "two@example.org"))
        .line("cm-short\t2025-01-01")
        .user(user("old", "2025-01-01", "old@example.org"))
        .user(user("cm-4", "2025-01-04", "two@example.org"))
        .user(user("cm-3", "2025-01-03", ""))
        .user(user("cm-1", "2025-01-01", "old@example.org"))
        .user(user("cm-5", "2025-01-05", ""))
        .user(user("cm-6", "2025-01-06", "six@example.org"));
    project.file("users/export.csv", export.text());
    let run = project
        .dbscript(&["--json", "run", "restore-users"])
        .status(9)
        .go();
    let expected = json!({"read": 9, "restored": 4, "skipped": 1, "rejected": 4});
    assert_eq!(run.result(), expected, "{}", run.told());
    let refused =
        |line, reason: &str| format!("{line}: rejected: the database refuses it: {reason}");
    let expected = [
        "4: rejected: too few cells: 2 of 26".to_owned(),
        refused(8, &taken(&project)),
        refused(6, &taken(&project)),
        refused(2, &banned(&project)),
    ];
    assert_eq!(said(&run), expected, "{}", run.told());
    assert_eq!(
        project.lines("privy_id", "users", "privy_id"),
        "cm-2\ncm-3\ncm-5\ncm-6\nold"
    );
}

fn a_few_bad_rows_among_many_are_found(project: Project) {
    let project = strict(project);
    let bad = [1, 2, 1_000, 2_000, 2_001, 4_321, 5_000];
    let mut export = Export::new();
    for number in 1..=5_000_u32 {
        let id = format!("cm-{number:05}");
        let date = format!(
            "2025-01-01T{:02}:{:02}:{:02}Z",
            number / 3600,
            number / 60 % 60,
            number % 60
        );
        let email = match bad.contains(&number) {
            true => BANNED.to_owned(),
            false => format!("{number}@example.org"),
        };
        export = export.user(user(&id, &date, &email));
    }
    project.file("users/export.csv", export.text());
    let reason = banned(&project);
    let rejected: Vec<(u64, &str)> = bad.map(|number| (u64::from(number) + 1, &*reason)).into();
    restored(&project, [5_000, 4_993, 0, 7], &rejected);
    assert_eq!(project.value("SELECT count(*) FROM users"), "4993");
}

fn a_file_of_bad_rows_alone_adds_nobody(project: Project) {
    let project = strict(project);
    let mut export = Export::new();
    for number in 1..=9 {
        let date = format!("2025-01-0{number}");
        export = export.user(user(&format!("cm-{number}"), &date, BANNED));
    }
    project.file("users/export.csv", export.text());
    let before = project.hash();
    let reason = banned(&project);
    let rejected: Vec<(u64, &str)> = (2..=10).map(|line| (line, &*reason)).collect();
    let log = restored(&project, [9, 0, 0, 9], &rejected);
    assert!(log.contains("9 of 9 rows of users/export.csv were rejected"));
    assert!(log.contains("nobody was added"), "{log}");
    assert_eq!(project.hash(), before);
}

/// The table asks for an e-mail, and for a number where an edited script gives what may be none.
fn a_value_that_is_missing_or_of_no_use_is_the_rows_own_fault(project: Project) {
    let number = project.said(Said {
        sqlite: "INTEGER CHECK (typeof(number) = 'integer')",
        postgres: "INTEGER",
        mysql: "INTEGER",
    });
    project.sql(&format!(
        "CREATE TABLE users (id VARCHAR(64) PRIMARY KEY, privy_id VARCHAR(99) NOT NULL UNIQUE, username VARCHAR(99),
             email VARCHAR(99) NOT NULL, number {number})"
    ));
    let script =
        std::fs::read_to_string(crate::harness::repository().join("scripts/restore-users.rhai"))
            .expect("the script is there");
    let edited = [
        ("\"solana_wallet\",", "(),"),
        ("\"embedded_wallet\",", "(),"),
        ("\"referral_code\",\n", "(),\n"),
        ("\"created_at\",\n", "(),\n"),
        (
            "let row = more_columns(created_at);",
            "let row = more_columns(created_at); row.number = last(id, 2);",
        ),
        ("{ #{} }", "{ #{ number: () } }"),
    ]
    .into_iter()
    .fold(script, |script, (from, to)| {
        assert_eq!(script.matches(from).count(), 1, "{from}");
        script.replace(from, to)
    });
    project.file("scripts/restore-users.rhai", edited);
    let export = Export::new()
        .user(user("cm-11", "2025-01-01", "one@example.org"))
        .user(user("cm-12", "2025-01-02", ""))
        .user(user("cm-xy", "2025-01-03", "three@example.org"))
        .user(user("cm-14", "2025-01-04", "four@example.org"));
    project.file("users/export.csv", export.text());
    let missing = named(
        &project,
        "a value is missing",
        "users.email",
        "email",
        "email",
    );
    let unfit = project.said(Said {
        sqlite: "a check fails (typeof(number) = 'integer')",
        postgres: "a value is of another type",
        mysql: "a value is of another type (number)",
    });
    let log = restored(&project, [4, 2, 0, 2], &[(3, &missing), (4, unfit)]);
    for data in ["xy", "three"] {
        assert!(!log.contains(data), "{data}: {log}");
    }
}

/// The column it writes to cannot be written by anybody.
fn what_is_no_fault_of_a_row_ends_the_run_and_nobody_is_added(project: Project) {
    let project = strict(project);
    project.sql(project.said(Said {
        sqlite: "CREATE TRIGGER never BEFORE INSERT ON users BEGIN SELECT a FROM nowhere; END",
        postgres: "CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS
                   $$ BEGIN PERFORM * FROM nowhere; RETURN NEW; END $$;
                   CREATE TRIGGER never BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION never()",
        mysql: "CREATE TRIGGER never BEFORE INSERT ON users FOR EACH ROW DELETE FROM nowhere",
    }));
    let export = Export::new()
        .user(user("cm-1", "2025-01-01", "one@example.org"))
        .user(user("cm-2", "2025-01-02", BANNED));
    project.file("users/export.csv", export.text());
    let run = project
        .dbscript(&["--json", "run", "restore-users"])
        .status(1)
        .go();
    assert!(said(&run).is_empty(), "{}", run.told());
    let error = &run.end()["error"];
    assert_eq!(error["kind"], "database", "{}", run.told());
    assert_ne!(error["hint"], Value::Null, "{}", run.told());
    let message = error["message"].as_str().expect("a message");
    assert!(message.starts_with("nobody was added: "), "{message}");
    assert!(message.contains("nowhere"), "{message}");
    assert_eq!(project.value("SELECT count(*) FROM users"), "0");
}

/// A trigger that returns NULL takes a row away without a word.
#[test]
fn rows_that_a_trigger_takes_away_are_counted_as_rejected() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    let project = strict(project);
    project.sql(
        "CREATE FUNCTION quiet() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN IF NEW.privy_id = 'cm-2' THEN RETURN NULL; END IF; RETURN NEW; END $$;
         CREATE TRIGGER quiet BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION quiet()",
    );
    let export = Export::new()
        .user(user("cm-1", "2025-01-01", "one@example.org"))
        .user(user("cm-2", "2025-01-02", "two@example.org"));
    project.file("users/export.csv", export.text());
    let run = project
        .dbscript(&["--json", "run", "restore-users"])
        .status(9)
        .go();
    let expected = json!({"read": 2, "restored": 1, "skipped": 0, "rejected": 1});
    assert_eq!(run.result(), expected, "{}", run.told());
    assert!(
        run.told()
            .contains("1 row of 2 rows from line 2 on did not get in"),
        "{}",
        run.told()
    );
}
