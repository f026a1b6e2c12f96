//! The way back to a backup beside others who write, and commits that a stop cuts off.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use crate::harness::Project;
use crate::harness::databases::in_every_project;

in_every_project!(
    a_session_opened_later_does_not_hide_what_others_wrote,
    a_second_backup_does_not_hide_what_others_wrote,
);

/// Runs a script that calls `meet()` where another program does its work, which gets the project and hears when the run
/// has ended.
fn beside(
    body: &str,
    status: i32,
    timeout: &str,
    other: impl FnOnce(&Project, &Receiver<()>),
) -> (Project, String) {
    beside_in(Project::new(), body, status, timeout, other)
}

/// The same in a project of any engine.
fn beside_in(
    project: Project,
    body: &str,
    status: i32,
    timeout: &str,
    other: impl FnOnce(&Project, &Receiver<()>),
) -> (Project, String) {
    project.sql("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);\nCREATE TABLE pets (name TEXT);\nINSERT INTO users VALUES (1, 'ada'), (2, 'bob');");
    project.file(
        "scripts/mine.rhai",
        format!(
            "const NEEDS = [\"db:write\", \"backups\", \"files\"];\n\
             fn meet() {{ fs::write(\"ready\", \"\"); while !fs::exists(\"written\") {{ sleep(0.02); }} }}\n\
             fn main() {{\n{body}\n}}\n"
        ),
    );
    let told = std::thread::scope(|scope| {
        let (end, ended) = channel::<()>();
        let project = &project;
        let run = scope.spawn(move || {
            // Dropped at the end of the run, however it ends.
            let _end = end;
            let run = project.dbscript(&["--timeout", timeout, "run", "mine"]);
            run.status(status).go().told()
        });
        while !project.path().join("ready").exists() && runs(&ended, 5) {}
        other(project, &ended);
        run.join().expect("it ran")
    });
    (project, told)
}

/// Waits at most so long for the end of the run; whether it still runs.
fn runs(ended: &Receiver<()>, milliseconds: u64) -> bool {
    ended.recv_timeout(Duration::from_millis(milliseconds)) == Err(RecvTimeoutError::Timeout)
}

fn meet(project: &Project) {
    project.file("written", "");
}

fn new_user(project: &Project, _: &Receiver<()>) {
    project.sql("INSERT INTO users VALUES (9, 'new')");
    meet(project);
}

fn names(project: &Project) -> String {
    project.lines("name", "users", "id")
}

fn a_session_opened_later_does_not_hide_what_others_wrote(project: Project) {
    let (project, told) = beside_in(
        project,
        "let saved = backup::create(#{});
         backup::restore_on_failure(saved, || {
             meet();
             backup::restore(#{ from: saved.timestamp, tables: [\"pets\"] });
             db::count(\"users\");
             throw \"half-way\";
         });",
        7,
        "60",
        new_user,
    );
    assert_eq!(names(&project), "ada\nbob\nnew", "{told}");
}

fn a_second_backup_does_not_hide_what_others_wrote(project: Project) {
    let (project, told) = beside_in(
        project,
        "let saved = backup::create(#{});
         meet();
         backup::create(#{});
         backup::restore_on_failure(saved, || { throw \"half-way\"; });",
        7,
        "60",
        new_user,
    );
    assert_eq!(names(&project), "ada\nbob\nnew", "{told}");
}

#[test]
fn a_write_that_is_committed_while_the_way_back_is_prepared_stays() {
    let (project, told) = beside(
        "let saved = backup::create(#{});
         backup::restore_on_failure(saved, || { meet(); throw \"half-way\"; });",
        7,
        "60",
        |project, ended| {
            let other = project.sqlite();
            other
                .execute_batch("BEGIN IMMEDIATE; INSERT INTO users VALUES (9, 'new')")
                .expect("written");
            meet(project);
            runs(ended, 1_500);
            other.execute_batch("COMMIT").expect("committed");
        },
    );
    assert_eq!(names(&project), "ada\nbob\nnew", "{told}");
}

/// A reader that is in the way of every commit.
fn read_on(project: &Project, ended: &Receiver<()>) {
    let other = project.sqlite();
    other.execute_batch("BEGIN").expect("begun");
    let count = other.query_row("SELECT count(*) FROM users", [], |row| row.get::<_, i64>(0));
    assert_eq!(count, Ok(2));
    meet(project);
    runs(ended, 60_000);
}

#[test]
fn a_restore_whose_commit_a_reader_keeps_waiting_is_not_cut_short_and_says_that_it_is_undone() {
    let (_, told) = beside(
        "backup::create(#{}); meet(); backup::restore(#{});",
        1,
        "4",
        read_on,
    );
    assert!(
        told.contains("waiting until it is in or taken back"),
        "{told}"
    );
    assert!(
        told.contains("the restore was undone, and the database is as it was"),
        "{told}"
    );
}

#[test]
fn a_transaction_that_is_cut_off_in_its_commit_does_not_say_what_nobody_knows() {
    let (_, told) = beside(
        "db::transaction(|| { db::execute(\"DELETE FROM users\"); meet(); });",
        124,
        "4",
        read_on,
    );
    assert!(told.contains("may or may not be in"), "{told}");
    assert!(!told.contains("as it was found"), "{told}");
}
