//! What no rollback of MySQL and MariaDB undoes: rows of tables that have no transactions, and what a statement has
//! committed by itself. A run that fails says that it stays.

use super::{MIGRATE, filled, wait_until_it_sleeps};
use crate::harness::databases::Database;
use crate::harness::{BackupSet, Export, Finished, Project, Signal, User, wait_until};

const ENGINES: [&str; 3] = ["MyISAM", "Aria", "MEMORY"];

/// Whether the server has an engine: Aria is MariaDB's own.
fn has(project: &Project, engine: &str) -> bool {
    let sql = format!("SELECT count(*) FROM information_schema.ENGINES WHERE ENGINE = '{engine}'");
    project.value(&sql) != "0"
}

fn script(project: &Project, body: &str) {
    let head = "const API = 1; const NEEDS = [\"db:write\"];";
    project.file(
        "scripts/mine.rhai",
        format!("{head} fn main(args) {{ {body} }}"),
    );
}

fn told(run: &Finished) -> String {
    run.end()["error"]["message"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

fn mine(project: &Project, status: i32) -> String {
    told(
        &project
            .dbscript(&["--json", "run", "mine"])
            .status(status)
            .go(),
    )
}

const AS_FOUND: &str = "the database is as it was";

#[test]
fn a_migration_rolled_back_over_a_table_without_transactions_is_half_applied() {
    for engine in ENGINES {
        let Some(project) = Project::on(Database::Mysql) else {
            return;
        };
        if !has(&project, engine) {
            continue;
        }
        let project = filled(project, 3);
        project.sql(&format!(
            "CREATE TABLE log (id INT PRIMARY KEY, msg VARCHAR(9)) ENGINE = {engine}; INSERT INTO log VALUES (1, 'a'), (2, 'b');
             CREATE TABLE tag (id INT)"
        ));
        let sql = "-- dbscript: allow update-rows(log)\nUPDATE log SET msg = concat(msg, 'x') WHERE id < 9;\nINSERT INTO tag (nope) VALUES (1);\n";
        project.file("migrations/0004_log.sql", sql);
        let words = [&MIGRATE[..], &["--rehearse", "off"]].concat();
        let run = project.dbscript(&words).status(7).go();
        let set = BackupSet::latest(&project).timestamp;
        let message = told(&run);
        assert!(!message.contains(AS_FOUND), "{message}");
        assert!(
            message.contains("tables without transactions (`log`: "),
            "{message}"
        );
        assert!(
            message.contains("stays, the rest of the failed one was rolled back"),
            "{message}"
        );
        let hint = run.end()["error"]["hint"].to_string();
        assert!(hint.contains(&format!("restore --from {set}")), "{hint}");
        // It is not done twice.
        let again = project.dbscript(&words).status(3).go();
        assert!(told(&again).contains("half applied"), "{}", told(&again));
        assert_eq!(project.value("SELECT msg FROM log WHERE id = 1"), "ax");
        project
            .dbscript(&["run", "restore", "--yes", "--from", &set])
            .go();
        assert_eq!(project.value("SELECT msg FROM log WHERE id = 1"), "a");
        project.file(
            "migrations/0004_log.sql",
            "-- dbscript: allow update-rows(log)\nUPDATE log SET msg = concat(msg, 'x') WHERE id < 9;",
        );
        project.dbscript(&words).go();
        assert_eq!(project.value("SELECT msg FROM log WHERE id = 1"), "ax");
    }
}

#[test]
fn a_script_that_fails_tells_what_a_table_without_transactions_keeps() {
    for engine in ENGINES {
        let Some(project) = Project::on(Database::Mysql) else {
            return;
        };
        if !has(&project, engine) {
            continue;
        }
        project.sql(&format!(
            "CREATE TABLE y (id INT PRIMARY KEY) ENGINE = {engine}; CREATE TABLE safe (id INT PRIMARY KEY)"
        ));
        for (first, body) in [
            (1, "db::execute(\"INSERT INTO y VALUES (1)\"); throw \"boom\";"),
            (2, "db::execute(\"INSERT INTO y VALUES (2), (3), (2)\");"),
            (4, "db::insert(\"y\", [#{ id: 4 }, #{ id: 5 }, #{ id: 4 }]);"),
            (6, "db::execute(\"INSERT INTO safe VALUES (1)\");
                 try { db::transaction(|| { db::execute(\"INSERT INTO y VALUES (6)\"); throw \"in\"; }) } catch {}
                 throw \"boom\";"),
        ] {
            script(&project, &format!("db::transaction(|| {{ {body} }});"));
            let run = project.dbscript(&["--json", "run", "mine"]).unchecked();
            let message = told(&run);
            assert!(!message.contains(AS_FOUND), "{message}");
            let stays = format!("what was done before stays: what was written to tables without transactions (`y`: {engine})");
            assert!(message.contains(&stays), "{message}");
            let there = format!("SELECT count(*) FROM y WHERE id = {first}");
            assert_eq!(project.value(&there), "1", "{message}");
        }
        assert_eq!(project.value("SELECT count(*) FROM safe"), "0");
        // Who writes only to others finds everything rolled back.
        script(
            &project,
            "db::transaction(|| { db::execute(\"INSERT INTO safe VALUES (1)\"); throw \"boom\"; });",
        );
        let message = mine(&project, 8);
        assert!(message.contains(AS_FOUND), "{message}");
    }
}

#[test]
fn rows_refused_by_a_table_without_transactions_are_not_taken_for_the_only_ones() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    project.sql("CREATE TABLE y (id INT PRIMARY KEY) ENGINE = MyISAM");
    script(
        &project,
        "db::execute(\"INSERT INTO y VALUES (1), (2), (1)\");",
    );
    let message = mine(&project, 1);
    assert!(
        message.contains("whatever the statement that failed had written by then"),
        "{message}"
    );
    assert!(!message.contains(AS_FOUND), "{message}");
    script(
        &project,
        "try { db::insert(\"y\", [#{ id: 4 }, #{ id: 5 }, #{ id: 4 }]); }
         catch (error) { if db::refusal(error) != () { return; } throw; }",
    );
    let message = mine(&project, 1);
    assert!(
        message.contains("those before it may be in and stay"),
        "{message}"
    );
    assert!(message.contains("what was done before stays"), "{message}");
    assert_eq!(project.value("SELECT count(*) FROM y"), "4");
    // A commit behind it does not silence it.
    script(
        &project,
        "db::transaction(|| { try { db::insert(\"y\", [#{ id: 7 }, #{ id: 8 }, #{ id: 7 }]); } catch {} }); throw \"boom\";",
    );
    let message = mine(&project, 8);
    assert!(
        message.contains("stays: what was written to tables without transactions (`y`: MyISAM)"),
        "{message}"
    );
    assert_eq!(project.value("SELECT count(*) FROM y"), "6");
}

#[test]
fn users_added_to_a_table_without_transactions_are_not_called_nobody() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    let project = filled(project, 0);
    for table in ["achievements", "points", "comments"] {
        project.sql(&format!("DROP TABLE {table}"));
    }
    project.sql(
        "ALTER TABLE users CONVERT TO CHARACTER SET latin1, ENGINE = MyISAM, ADD UNIQUE (email)",
    );
    let user = |id| User {
        id,
        created_at: "2025-01-01",
        email: "one@example.org",
        ..User::default()
    };
    let export = Export::new().user(user("cm-1")).user(user("cm-2"));
    project.file("users/export.csv", export.text());
    let run = project
        .dbscript(&[
            "--json",
            "run",
            "restore-users",
            "--file",
            "users/export.csv",
        ])
        .status(1)
        .go();
    let message = told(&run);
    assert!(!message.contains("nobody was added"), "{message}");
    assert!(message.contains("what was done before stays"), "{message}");
    assert_eq!(
        project.value("SELECT count(*) FROM users WHERE privy_id LIKE 'cm-%'"),
        "1"
    );
}

#[test]
fn what_would_commit_a_transaction_is_refused_before_it_runs() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    project
        .sql("CREATE TABLE tag (id INT PRIMARY KEY, name TEXT); INSERT INTO tag VALUES (1, 'a')");
    script(
        &project,
        "db::transaction(|| {
             db::execute(\"UPDATE tag SET name = 'zzz' WHERE id = 1\");
             db::execute(\"/* now */ alter table tag comment 'x'\");
             throw \"boom\";
         });",
    );
    let before = project.hash();
    let run = project.dbscript(&["--json", "run", "mine"]).status(1).go();
    let message = told(&run);
    assert!(
        message.contains("`ALTER TABLE` commits by itself"),
        "{message}"
    );
    assert!(message.contains(AS_FOUND), "{message}");
    assert_eq!(run.end()["error"]["code"], "commits");
    assert_eq!(project.hash(), before);
    // Outside it is as it was.
    script(&project, "db::execute(\"ALTER TABLE tag COMMENT 'x'\");");
    project.dbscript(&["run", "mine"]).go();
}

#[test]
fn what_a_routine_has_committed_is_told_when_the_transaction_fails() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    project.sql(
        "CREATE TABLE tag (id INT PRIMARY KEY, name TEXT); INSERT INTO tag VALUES (1, 'a');
         CREATE PROCEDURE p() COMMIT",
    );
    script(
        &project,
        "db::transaction(|| {
             db::execute(\"UPDATE tag SET name = 'zzz' WHERE id = 1\");
             db::execute(\"CALL p()\");
             throw \"boom\";
         });",
    );
    let message = mine(&project, 8);
    assert!(!message.contains(AS_FOUND), "{message}");
    assert!(
        message.contains("a statement that committed by itself, of run `UPDATE tag"),
        "{message}"
    );
    assert_eq!(project.value("SELECT name FROM tag"), "zzz");
}

#[test]
fn a_migration_interrupted_behind_a_table_without_transactions_is_not_done_twice() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    let project = filled(project, 3);
    project.sql(
        "CREATE TABLE log (id INT PRIMARY KEY, n INT) ENGINE = MyISAM; INSERT INTO log VALUES (1, 0);
         CREATE TABLE fine (a INT)",
    );
    let sql = "-- dbscript: allow update-rows(log)\nUPDATE log SET n = n + 1;\nINSERT INTO fine SELECT SLEEP(600);\n";
    project.file("migrations/0004_log.sql", sql);
    let words = [&MIGRATE[..], &["--rehearse", "off"]].concat();
    let run = project.dbscript(&words).status(130).start();
    wait_until_it_sleeps(&project);
    run.signal(Signal::Interrupt);
    let run = run.finish();
    let message = told(&run);
    assert!(
        message.contains("migration 4 (log) may be half done"),
        "{message}"
    );
    assert!(
        message.contains("tables without transactions (`log`: MyISAM)"),
        "{message}"
    );
    let hint = run.end()["error"]["hint"].to_string();
    assert!(hint.contains("restore --from "), "{hint}");
    project.dbscript(&words).status(3).go();
    assert_eq!(project.value("SELECT n FROM log"), "1");
}

#[test]
fn what_a_script_left_before_a_migration_is_not_the_migrations() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    let project = filled(project, 3);
    project.sql("CREATE TABLE log (id INT PRIMARY KEY) ENGINE = MyISAM; CREATE TABLE fine (a INT)");
    project.file(
        "migrations/0004_fine.sql",
        "INSERT INTO fine SELECT SLEEP(600);\n",
    );
    script(
        &project,
        "try { db::transaction(|| { db::execute(\"INSERT INTO log VALUES (1)\"); throw \"in\"; }) } catch {}
         migrate::up(migrate::pending());",
    );
    let run = project
        .dbscript(&["--json", "run", "mine"])
        .status(130)
        .start();
    wait_until_it_sleeps(&project);
    run.signal(Signal::Interrupt);
    let message = told(&run.finish());
    assert!(
        message.contains("tables without transactions (`log`: MyISAM)"),
        "{message}"
    );
    assert!(!message.contains("half done"), "{message}");
    assert_eq!(
        project.value("SELECT count(*) FROM _sqlx_migrations WHERE version = 4"),
        "0"
    );
}

/// A project with a backup of two tables, of which `flat` has no transactions.
fn with_flat() -> Option<Project> {
    let project = Project::on(Database::Mysql)?;
    project.sql(
        "CREATE TABLE flat (a INT PRIMARY KEY, b INT) ENGINE = MyISAM; INSERT INTO flat VALUES (1, 7), (2, 7);
         CREATE TABLE slow (a INT PRIMARY KEY); INSERT INTO slow VALUES (1)",
    );
    project.dbscript(&["run", "backup"]).go();
    project.sql("DELETE FROM flat; INSERT INTO flat VALUES (3, 3)");
    Some(project)
}

const RESTORE_ROWS: [&str; 6] = ["--json", "run", "restore", "--yes", "--tables", "flat,slow"];

#[test]
fn a_row_restore_that_fails_tells_what_a_table_without_transactions_keeps() {
    let Some(project) = with_flat() else {
        return;
    };
    project.sql("ALTER TABLE flat ADD UNIQUE (b)");
    let run = project.dbscript(&RESTORE_ROWS).status(1).go();
    let message = told(&run);
    let stays = "but what was written to tables without transactions (`flat`: MyISAM) stays: go back to the backup";
    assert!(message.contains(stays), "{message}");
    assert!(!message.contains(AS_FOUND), "{message}");
    assert!(!message.contains("done before"), "{message}");
}

#[test]
fn a_row_restore_that_is_stopped_tells_what_a_table_without_transactions_keeps() {
    let Some(project) = with_flat() else {
        return;
    };
    let mut other = project.holder();
    other.sql("BEGIN; SELECT * FROM slow LOCK IN SHARE MODE");
    let run = project.dbscript(&RESTORE_ROWS).status(130).start();
    let waits = "SELECT count(*) FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'DELETE FROM `slow`%'";
    wait_until("it waits", || project.value(waits) != "0");
    run.signal(Signal::Interrupt);
    let run = run.finish();
    let message = told(&run);
    let stays = "what was done before stays: what was written to tables without transactions (`flat`: MyISAM)";
    assert!(message.contains(stays), "{message}");
    let hint = run.end()["error"]["hint"].to_string();
    let set = BackupSet::latest(&project).timestamp;
    assert!(hint.contains(&format!("restore --from {set}")), "{hint}");
    assert_eq!(project.value("SELECT count(*) FROM flat"), "0");
    assert_eq!(project.value("SELECT count(*) FROM slow"), "1");
}
