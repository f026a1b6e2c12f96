//! What ends a run that has begun to add users: it says whether they are in, and no row is blamed for it.

use std::time::Instant;

use super::{WALLET, prepared, user};
use crate::harness::databases::{Database, in_every_project};
use crate::harness::{Export, Finished, PATIENCE, Project, Signal, User};

in_every_project!(a_stop_while_bad_rows_are_looked_for_leaves_nothing);

fn a_stop_while_bad_rows_are_looked_for_leaves_nothing(project: Project) {
    let project = prepared(project);
    project.sql("CREATE UNIQUE INDEX one_wallet ON users (solana_wallet)");
    let mut export = Export::new().user(user("cm-1", "2025-01-01", "one@example.org"));
    for number in 0..20_000 {
        export = export.user(User {
            external: WALLET,
            ..user(&format!("cm-of-one-{number}"), "2025-01-02", "")
        });
    }
    project.file("users/export.csv", export.text());
    let before = project.hash();
    let mut running = project
        .dbscript(&["run", "restore-users"])
        .status(130)
        .stderr_has("the database is as it was found")
        .start();
    running.wait_for(&["rejected: the database refuses it: a value is taken"]);
    running.signal(Signal::Interrupt);
    running.finish();
    assert_eq!(project.hash(), before);
}

/// A project with an export of two people.
fn two(database: Database) -> Option<Project> {
    let project = prepared(Project::on(database)?);
    let export = Export::new()
        .user(user("cm-1", "2025-01-01", "one@example.org"))
        .user(user("cm-2", "2025-01-02", "one@example.org"));
    project.file("users/export.csv", export.text());
    Some(project)
}

/// The error of a run that ended so, which blamed no row; and its hint.
#[track_caller]
fn ended(run: &Finished, code: &str) -> [String; 2] {
    for event in run.events_of("log") {
        let message = event["message"].as_str().unwrap_or_default();
        assert!(!message.contains("rejected"), "{}", run.told());
    }
    let error = &run.end()["error"];
    assert_eq!(error["code"], code, "{}", run.told());
    ["message", "hint"].map(|key| error[key].as_str().unwrap_or_default().to_owned())
}

const NOBODY: &str = "nobody was added: ";

/// A run whose constraint is looked at only at the commit, where everything is undone.
fn at_the_commit(database: Database, sql: &str, code: &str) {
    let Some(project) = two(database) else {
        return;
    };
    project.sql(sql);
    let run = project
        .dbscript(&["--json", "run", "restore-users"])
        .status(1)
        .go();
    let [message, hint] = ended(&run, code);
    assert!(message.starts_with(NOBODY), "{message}");
    assert!(
        message.ends_with("the database is as it was found"),
        "{message}"
    );
    assert!(hint.contains("only at the commit"), "{hint}");
    assert_eq!(project.value("SELECT count(*) FROM users"), "0");
}

#[test]
fn a_deferred_constraint_of_postgres_adds_nobody() {
    at_the_commit(
        Database::Postgres,
        "ALTER TABLE users ADD CONSTRAINT one_email UNIQUE (email) DEFERRABLE INITIALLY DEFERRED",
        "23505",
    );
}

#[test]
fn a_deferred_constraint_of_sqlite_adds_nobody() {
    at_the_commit(
        Database::Sqlite,
        "CREATE TABLE known (email TEXT PRIMARY KEY);
         DROP TABLE users;
         CREATE TABLE users (id TEXT PRIMARY KEY, privy_id TEXT, username TEXT, solana_wallet TEXT, embedded_wallet TEXT,
             referral_code TEXT, created_at TEXT, email TEXT REFERENCES known (email) DEFERRABLE INITIALLY DEFERRED)",
        "SQLITE_CONSTRAINT_FOREIGNKEY",
    );
}

#[test]
fn a_constraint_of_sqlite_that_rolls_back_adds_nobody() {
    let Some(project) = two(Database::Sqlite) else {
        return;
    };
    project.sql(
        "CREATE TRIGGER never BEFORE INSERT ON users WHEN NEW.privy_id = 'cm-2'
         BEGIN SELECT RAISE(ROLLBACK, 'not this one'); END",
    );
    let run = project
        .dbscript(&["--json", "run", "restore-users"])
        .status(1)
        .go();
    let [message, hint] = ended(&run, "SQLITE_ABORT");
    assert!(message.starts_with(NOBODY), "{message}");
    assert_eq!(run.end()["error"]["data"], "not this one");
    assert!(hint.contains("run it again"), "{hint}");
    assert_eq!(project.value("SELECT count(*) FROM users"), "0");
}

/// The connection that runs a statement that begins so, once it does.
fn running(project: &Project, beginning: &str) -> String {
    let find = match project.url() {
        Some(url) if url.starts_with("postgres") => format!(
            "SELECT coalesce(max(pid), 0) FROM pg_stat_activity
             WHERE datname = current_database() AND query LIKE '{beginning}%' AND state = 'active' AND wait_event = 'PgSleep'"
        ),
        _ => format!(
            "SELECT coalesce(max(id), 0) FROM information_schema.processlist
             WHERE db = DATABASE() AND CAST(info AS BINARY) LIKE '{beginning}%'"
        ),
    };
    let deadline = Instant::now() + PATIENCE;
    loop {
        let connection = project.value(&find);
        if connection != "0" {
            return connection;
        }
        assert!(Instant::now() < deadline, "it never ran");
        std::thread::yield_now();
    }
}

/// A run whose connection is ended while it runs a statement that begins so: its message and hint.
fn broken(database: Database, sql: &str, beginning: &str, code: &str) -> Option<[String; 2]> {
    let project = two(database)?;
    project.sql(sql);
    let run = project
        .dbscript(&["--json", "run", "restore-users"])
        .status(1)
        .start();
    let connection = running(&project, beginning);
    project.sql(&match database {
        Database::Postgres => format!("SELECT pg_terminate_backend({connection})"),
        _ => format!("KILL CONNECTION {connection}"),
    });
    let told = ended(&run.finish(), code);
    assert_eq!(project.value("SELECT count(*) FROM users"), "0");
    Some(told)
}

#[track_caller]
fn nobody_and_again(told: Option<[String; 2]>) {
    let Some([message, hint]) = told else {
        return;
    };
    assert!(message.starts_with(NOBODY), "{message}");
    assert!(
        message.ends_with("the database is as it was found"),
        "{message}"
    );
    assert!(hint.contains("run it again"), "{hint}");
}

/// PostgreSQL's function that takes for ever.
const SLOW: &str = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN PERFORM pg_sleep(1000); RETURN NEW; END $$;";

#[test]
fn a_connection_to_postgres_that_breaks_adds_nobody() {
    let sql = format!(
        "{SLOW} CREATE TRIGGER slow BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION slow()"
    );
    nobody_and_again(broken(Database::Postgres, &sql, "INSERT INTO", "57P01"));
}

#[test]
fn a_connection_to_mysql_that_breaks_adds_nobody() {
    let sql = "CREATE TRIGGER slow BEFORE INSERT ON users FOR EACH ROW SET NEW.total_points = SLEEP(1000)";
    nobody_and_again(broken(Database::Mysql, sql, "INSERT INTO", "08S01"));
}

#[test]
fn a_connection_that_breaks_at_the_commit_leaves_unknown_whether_the_users_are_in() {
    let sql = format!(
        "{SLOW} CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED
         FOR EACH ROW EXECUTE FUNCTION slow()"
    );
    let told = broken(Database::Postgres, &sql, "COMMIT", "08007");
    let Some([message, hint]) = told else {
        return;
    };
    assert!(!message.contains("nobody"), "{message}");
    assert!(message.contains("may or may not"), "{message}");
    assert_eq!(
        hint,
        "whether the users are in is not known: run it again, who is in is skipped"
    );
}

#[test]
fn a_deadlock_of_mysql_is_no_rows_fault_and_adds_nobody() {
    let Some(project) = two(Database::Mysql) else {
        return;
    };
    project.sql(
        "CREATE TABLE counted (id VARCHAR(9) PRIMARY KEY, times INT NOT NULL DEFAULT 0);
         INSERT INTO counted (id) VALUES ('cm-1'), ('cm-2');
         CREATE TABLE heavy (id INT PRIMARY KEY);
         CREATE TRIGGER counting BEFORE INSERT ON users FOR EACH ROW UPDATE counted SET times = times + 1 WHERE id = NEW.privy_id",
    );
    // Who has changed more is not the one that is undone.
    let mut other = project.holder();
    other.sql("BEGIN; INSERT INTO heavy WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT i FROM n");
    other.sql("UPDATE counted SET times = 9 WHERE id = 'cm-2'");
    let run = project
        .dbscript(&["--json", "run", "restore-users"])
        .status(1)
        .start();
    running(&project, "UPDATE counted");
    other.sql("UPDATE counted SET times = 9 WHERE id = 'cm-1'; COMMIT");
    let told = ended(&run.finish(), "40001");
    assert_eq!(project.value("SELECT count(*) FROM users"), "0");
    nobody_and_again(Some(told));
}

#[test]
fn a_table_of_mysql_without_transactions_keeps_rows_which_is_told() {
    for refusing in [
        "ALTER TABLE users ADD UNIQUE one_email (email)",
        "CREATE TRIGGER never BEFORE INSERT ON users FOR EACH ROW BEGIN
             IF NEW.privy_id = 'cm-2' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not this one'; END IF;
         END",
    ] {
        let Some(project) = two(Database::Mysql) else {
            return;
        };
        project.sql(
            "SET foreign_key_checks = 0; CREATE TABLE flat LIKE users; DROP TABLE users;
             ALTER TABLE flat CONVERT TO CHARACTER SET latin1, ENGINE = MyISAM; RENAME TABLE flat TO users",
        );
        project.sql(refusing);
        let run = project
            .dbscript(&["--json", "run", "restore-users"])
            .status(1)
            .go();
        let [message, hint] = ended(&run, "not-rolled-back");
        assert!(hint.contains("ENGINE = InnoDB"), "{hint}");
        let stays = "what was done before stays: what was written to tables without transactions (`users`: MyISAM)";
        assert!(message.ends_with(stays), "{message}");
        assert_eq!(project.value("SELECT count(*) FROM users"), "1");
    }
}
