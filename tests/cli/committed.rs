//! What a database that commits DDL by itself has committed when a migration is stopped: told as it is, statement by
//! statement, so that nobody applies a change of rows twice.

use super::filled;
use crate::harness::databases::Database;
use crate::harness::{Holder, Project, Running, Signal, timestamps, wait_until};

const MIGRATE: [&str; 6] = [
    "run",
    "safe-migration",
    "--yes",
    "--json",
    "--rehearse",
    "off",
];

/// Rows are changed, then a table is altered that another program keeps.
const CHANGE: &str = "-- dbscript: allow update-rows(users) it is meant\n\
                      UPDATE users SET total_points = total_points + 10;\n";
const ALTER: &str = "ALTER TABLE comments ADD COLUMN z INTEGER NULL;\n";

/// A project with this migration, whose table `comments` another program keeps from being altered.
fn held(sql: &str) -> Option<(Project, Holder)> {
    let project = filled(Project::on(Database::Mysql)?, 5);
    project.file("migrations/0004_late.sql", sql);
    let mut holder = project.holder();
    holder.sql("BEGIN; SELECT count(*) FROM comments");
    Some((project, holder))
}

/// The connection of the run at work, once it waits with its ALTER.
fn waiting(project: &Project) -> String {
    let sql = "SELECT COALESCE(MAX(id), 0) FROM information_schema.processlist
               WHERE db = DATABASE() AND info LIKE 'ALTER TABLE comments%'";
    loop {
        let connection = project.value(sql);
        if connection != "0" {
            return connection;
        }
        std::thread::yield_now();
    }
}

/// The points of the first user, who had one.
fn points(project: &Project) -> String {
    project.value("SELECT total_points FROM users WHERE id = 'u1'")
}

/// The error, with hint and all, of a run that is stopped at its ALTER.
fn stopped(project: &Project, words: &[&str], status: i32, stop: impl FnOnce(&Running)) -> String {
    let words = [&MIGRATE[..], words].concat();
    let run = project.dbscript(&words).status(status).start();
    waiting(project);
    stop(&run);
    let finished = run.finish();
    finished.end()["error"].to_string()
}

#[track_caller]
fn told(error: &str, said: &str) {
    for said in [said, "dbscript run restore --from"] {
        assert!(error.contains(said), "{said}: {error}");
    }
    for lie in ["as it was", "rolled back\"", "none is done"] {
        assert!(!error.contains(lie), "{lie}: {error}");
    }
}

#[test]
fn a_time_limit_at_the_first_ddl_tells_the_rows_before_it_as_done() {
    let Some((project, _holder)) = held(&format!("{CHANGE}{ALTER}")) else {
        return;
    };
    let error = stopped(&project, &["--timeout", "8"], 124, |_| {});
    assert_eq!(points(&project), "11");
    told(
        &error,
        "of migration 4 (late), statement 1 is done and stays, and statement 2 of 2 may or may not have taken effect",
    );
}

#[test]
fn a_stop_at_ddl_right_after_ddl_names_the_one_at_work() {
    let Some((project, _holder)) = held(&format!("CREATE TABLE note (id INT);\n{ALTER}")) else {
        return;
    };
    let error = stopped(&project, &[], 130, |run| run.signal(Signal::Terminate));
    told(
        &error,
        "statement 1 is done and stays, and statement 2 of 2 may or may not have taken effect",
    );
}

#[test]
fn ctrl_c_at_ddl_tells_the_rows_before_it_as_done_and_names_the_set() {
    let Some((project, _holder)) = held(&format!("CREATE TABLE note (id INT);\n{CHANGE}{ALTER}"))
    else {
        return;
    };
    let error = stopped(&project, &[], 130, |run| run.signal(Signal::Interrupt));
    assert_eq!(points(&project), "11");
    told(
        &error,
        "statements 1 to 2 are done and stay, and statement 3 of 3 may or may not have taken effect",
    );
    let set = &timestamps(&project)[0];
    told(&error, &format!("`dbscript run restore --from {set}`"));
}

#[test]
fn ctrl_c_while_a_first_statement_waits_does_not_say_that_nothing_happened() {
    let Some((project, _holder)) = held(ALTER) else {
        return;
    };
    let error = stopped(&project, &[], 130, |run| run.signal(Signal::Interrupt));
    told(&error, "migration 4 is recorded as begun");
}

#[test]
fn a_connection_that_breaks_at_ddl_does_not_tell_the_rows_before_it_as_rolled_back() {
    let Some((project, _holder)) = held(&format!("CREATE TABLE note (id INT);\n{CHANGE}{ALTER}"))
    else {
        return;
    };
    let error = stopped(&project, &[], 7, |_| {
        project.sql(&format!("KILL CONNECTION {}", waiting(&project)));
    });
    assert_eq!(points(&project), "11");
    told(
        &error,
        "cannot be known whether that statement took effect; once it began, statements 1 to 2 were committed",
    );
}

/// What a statement runs that is made as text is not seen: it may commit, or not.
#[test]
fn a_statement_that_may_commit_leaves_unknown_what_it_committed() {
    let dynamic = format!(
        "SET @change = '{}';\nPREPARE change_it FROM @change;\nEXECUTE change_it;\n",
        ALTER.trim().trim_end_matches(';')
    );
    let Some((project, _holder)) = held(&format!(
        "CREATE TABLE note (id INT);\n{CHANGE}-- dbscript: allow dynamic-sql it is meant\n{dynamic}"
    )) else {
        return;
    };
    let error = stopped(&project, &[], 130, |run| run.signal(Signal::Interrupt));
    told(
        &error,
        "statement 1 is done and stays, and statement 5 of 5, which may have committed statements 1 to 4, may or may not",
    );
}

#[test]
fn what_was_only_rows_before_a_stop_is_as_it_was() {
    let Some((project, _holder)) = held(&format!("{CHANGE}SET @now = 1;\nDO SLEEP(600);\n{ALTER}"))
    else {
        return;
    };
    let run = project.dbscript(&MIGRATE).status(130).start();
    let sleeping = "SELECT count(*) FROM information_schema.processlist
                    WHERE db = DATABASE() AND info LIKE 'DO SLEEP%'";
    wait_until("the server sleeps", || project.value(sleeping) != "0");
    run.signal(Signal::Interrupt);
    let error = run.finish().end()["error"].to_string();
    assert!(error.contains("as it was found"), "{error}");
    assert_eq!(points(&project), "1");
}

/// A first statement that fails half-way is not told as undone, and its record stays.
#[test]
fn a_statement_that_does_several_things_may_have_done_a_part() {
    for mode in ["", "-- no-transaction\n"] {
        let Some((project, holder)) = held(&format!(
            "{mode}-- dbscript: allow dynamic-sql it is meant\nCALL two_things();\n"
        )) else {
            return;
        };
        drop(holder);
        project.sql(
            "CREATE PROCEDURE two_things() BEGIN CREATE TABLE note (id INT); CREATE TABLE note (id INT); END",
        );
        let words = project.dbscript(&MIGRATE).status(7);
        let error = words.go().end()["error"].to_string();
        assert!(error.contains("one by one"), "{error}");
        assert_eq!(
            project.value("SELECT count(*) FROM _sqlx_migrations WHERE NOT success"),
            "1"
        );
    }
}
