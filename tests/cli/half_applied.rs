//! A migration of which statements are done though it did not come to its end is never run again from its first one,
//! until somebody says what became of it.

use super::{MIGRATE, filled};
use crate::harness::databases::{Database, in_every_project};
use crate::harness::{BackupSet, Project, sqlx_migrates};
use sqlx::migrate::MigrateError;

in_every_project!(
    a_half_applied_migration_is_refused_until_it_is_resolved,
    a_half_applied_migration_runs_again_after_a_restore,
    a_half_applied_migration_is_recorded_once_the_rest_is_done,
    only_what_is_half_done_is_resolved,
    a_set_of_the_half_applied_state_brings_it_back_half_applied,
    a_migration_that_was_applied_and_undone_runs_again,
    what_is_half_applied_is_known_without_a_run_log,
    what_is_half_applied_is_known_without_its_file,
    sqlx_applies_nothing_over_a_half_applied_migration,
    what_a_file_rolls_back_itself_is_not_half_applied,
);

const POINTS: &str = "SELECT sum(total_points) FROM users";

/// A migration whose first statement changes every row, and whose second one fails.
fn half(project: Project) -> Project {
    let project = filled(project, 3);
    let sql = "-- no-transaction\n-- dbscript: allow update-rows(users)\nUPDATE users SET total_points = total_points + 100;\nINSERT INTO nowhere VALUES (1);\n";
    project.file("migrations/0004_half.sql", sql);
    project
}

fn words() -> Vec<&'static str> {
    [&MIGRATE[..], &["--rehearse", "off"]].concat()
}

fn resolve(state: &str) -> Vec<&str> {
    let start = ["run", "resolve", "--yes", "--migration", "4", "--state"];
    [&start[..], &[state]].concat()
}

fn mended(project: &Project) {
    let sql = "-- no-transaction\n-- dbscript: allow update-rows(users)\nUPDATE users SET total_points = total_points + 100;\n";
    project.file("migrations/0004_half.sql", sql);
}

fn applied(project: &Project) -> String {
    project.value("SELECT count(*) FROM _sqlx_migrations WHERE version = 4 AND success")
}

fn a_half_applied_migration_is_refused_until_it_is_resolved(project: Project) {
    let project = half(project);
    let run = project.dbscript(&words()).status(7).go();
    let once = project.value(POINTS);
    let hint = run.end()["error"]["hint"].to_string();
    assert!(hint.contains("`dbscript run restore --from "), "{hint}");
    assert!(
        hint.contains("`dbscript run resolve --migration 4 --state rolled-back`"),
        "{hint}"
    );
    mended(&project);
    for _ in 0..2 {
        let refused = project.dbscript(&words()).status(3).go();
        let told = refused.end()["error"].to_string();
        assert!(told.contains("migration 4 (half)"), "{told}");
        assert!(told.contains("run resolve --migration 4"), "{told}");
        assert!(told.contains("run restore --from "), "{told}");
        assert_eq!(project.value(POINTS), once);
    }
    project.sql("UPDATE users SET total_points = total_points - 100");
    project.dbscript(&resolve("rolled-back")).go();
    let status = project.dbscript(&["status", "--json"]).go().result();
    assert_eq!(status["migrations"]["pending"], 1, "{status}");
    assert_eq!(status["next"].as_array().map(Vec::len), Some(0), "{status}");
    project.dbscript(&words()).go();
    assert_eq!(project.value(POINTS), once);
    assert_eq!(applied(&project), "1");
}

fn a_half_applied_migration_runs_again_after_a_restore(project: Project) {
    let project = half(project);
    let before = project.value(POINTS);
    project.dbscript(&words()).status(7).go();
    let set = BackupSet::latest(&project).timestamp;
    mended(&project);
    // A restore of one table leaves the others' part of it.
    let part = [
        "run", "restore", "--yes", "--from", &set, "--tables", "points",
    ];
    project.dbscript(&part).go();
    project.dbscript(&words()).status(3).go();
    let restore = ["run", "restore", "--yes", "--from", &set];
    project.dbscript(&restore).go();
    assert_eq!(project.value(POINTS), before);
    project.dbscript(&words()).go();
    assert_eq!(applied(&project), "1");
}

fn a_half_applied_migration_is_recorded_once_the_rest_is_done(project: Project) {
    let project = half(project);
    project.dbscript(&words()).status(7).go();
    let once = project.value(POINTS);
    project.dbscript(&resolve("applied")).go();
    assert_eq!(applied(&project), "1");
    let run = project.dbscript(&words()).go();
    assert_eq!(run.result()["applied"], 0);
    assert_eq!(project.value(POINTS), once);
}

/// As a job that begins in an empty folder finds it.
fn what_is_half_applied_is_known_without_a_run_log(project: Project) {
    let project = half(project);
    project.dbscript(&words()).status(7).go();
    let once = project.value(POINTS);
    let backups = project.path().join("backups");
    std::fs::remove_dir_all(backups).expect("it is ours");
    mended(&project);
    let refused = project.dbscript(&words()).status(3).go();
    let told = refused.end()["error"].to_string();
    assert!(
        told.contains("migration 4 (half) was begun and did not finish"),
        "{told}"
    );
    assert!(told.contains("run resolve --migration 4"), "{told}");
    assert_eq!(project.value(POINTS), once);
    project.sql("UPDATE users SET total_points = total_points - 100");
    project.dbscript(&resolve("rolled-back")).go();
    project.dbscript(&words()).go();
    assert_eq!(project.value(POINTS), once);
}

/// Under another name it would be another migration, and those after it would run over what it left.
fn what_is_half_applied_is_known_without_its_file(project: Project) {
    let project = half(project);
    project.dbscript(&words()).status(7).go();
    let once = project.value(POINTS);
    mended(&project);
    let file = "migrations/0004_half.sql";
    project.file("migrations/0005_other.sql", project.read(file));
    project.remove(file);
    let refused = project.dbscript(&words()).status(3).go();
    let told = refused.end()["error"].to_string();
    assert!(told.contains("and its file is missing"), "{told}");
    assert!(told.contains("run resolve --migration 4"), "{told}");
    assert_eq!(project.value(POINTS), once);
    project
        .dbscript(&resolve("applied"))
        .status(2)
        .stderr_has("has no file whose checksum could be recorded")
        .go();
    project.sql("UPDATE users SET total_points = total_points - 100");
    project.dbscript(&resolve("rolled-back")).go();
    project.dbscript(&words()).go();
    assert_eq!(project.value(POINTS), once);
}

fn sqlx_applies_nothing_over_a_half_applied_migration(project: Project) {
    let project = half(project);
    project.dbscript(&words()).status(7).go();
    let once = project.value(POINTS);
    mended(&project);
    let refused = sqlx_migrates(&project).expect_err("it is dirty");
    assert!(matches!(refused, MigrateError::Dirty(4)), "{refused:?}");
    assert_eq!(project.value(POINTS), once);
}

fn what_a_file_rolls_back_itself_is_not_half_applied(project: Project) {
    let project = filled(project, 3);
    let before = project.value(POINTS);
    let begin = "-- no-transaction\nBEGIN;\n-- dbscript: allow update-rows(users)\nUPDATE users SET total_points = total_points + 100;\n";
    let file = "migrations/0004_own.sql";
    project.file(
        file,
        format!("{begin}INSERT INTO nowhere VALUES (1);\nCOMMIT;\n"),
    );
    let run = project.dbscript(&words()).status(7).go();
    let told = run.end()["error"].to_string();
    assert!(
        told.contains("no statement of the failed one is done"),
        "{told}"
    );
    assert_eq!(project.value(POINTS), before);
    project.file(file, format!("{begin}COMMIT;\n"));
    project.dbscript(&words()).go();
    assert_ne!(project.value(POINTS), before);
    assert_eq!(applied(&project), "1");
}

/// What it did before it failed stays, though it is one statement.
#[test]
fn a_procedure_that_commits_and_fails_leaves_the_migration_as_begun() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    let project = filled(project, 3);
    let body = "BEGIN UPDATE users SET total_points = total_points + 100; COMMIT; INSERT INTO nowhere VALUES (1); END";
    for (version, call) in [
        (
            4,
            format!("-- dbscript: allow update-rows(users)\nDO $$ {body} $$;"),
        ),
        (5, "CALL twice();".to_owned()),
    ] {
        let create =
            format!("CREATE OR REPLACE PROCEDURE twice() LANGUAGE plpgsql AS $$ {body} $$");
        project.sql(&create);
        let file = format!("migrations/000{version}_commits.sql");
        project.file(&file, format!("-- no-transaction\n{call}\n"));
        let run = project.dbscript(&words()).status(7).go();
        let told = run.end()["error"].to_string();
        assert!(
            told.contains("it cannot be known which of them are done"),
            "{told}"
        );
        project.dbscript(&words()).status(3).go();
        project.sql("DELETE FROM _sqlx_migrations WHERE NOT success");
        project.remove(&file);
    }
}

fn only_what_is_half_done_is_resolved(project: Project) {
    let project = filled(project, 3);
    project.file("migrations/0004_next.sql", "SELECT 1;");
    let nothing = "migration 4 is pending: there is nothing to correct";
    project
        .dbscript(&resolve("rolled-back"))
        .status(2)
        .stderr_has(nothing)
        .go();
    let unknown = [
        "run",
        "resolve",
        "--yes",
        "--migration",
        "5",
        "--state",
        "applied",
    ];
    project
        .dbscript(&unknown)
        .status(2)
        .stderr_has("no migration has version 5")
        .go();
    // What came to its end is not forgotten by a slip.
    let whole = [
        "run",
        "resolve",
        "--yes",
        "--migration",
        "3",
        "--state",
        "rolled-back",
    ];
    let ended = "migration 3 is applied: it came to its end";
    project.dbscript(&whole).status(2).stderr_has(ended).go();
    let plan = [&resolve("applied")[..], &["--plan"]].concat();
    project.dbscript(&plan).go();
    assert_eq!(applied(&project), "0");
}

fn a_set_of_the_half_applied_state_brings_it_back_half_applied(project: Project) {
    let project = half(project);
    project.dbscript(&words()).status(7).go();
    let before = BackupSet::latest(&project).timestamp;
    project.dbscript(&["run", "backup"]).go();
    let once = project.value(POINTS);
    project.dbscript(&["run", "restore", "--yes"]).go();
    mended(&project);
    project.dbscript(&words()).status(3).go();
    assert_eq!(project.value(POINTS), once);
    let restore = ["run", "restore", "--yes", "--from", &before];
    project.dbscript(&restore).go();
    project.dbscript(&words()).go();
    assert_eq!(project.value(POINTS), once);
}

fn a_migration_that_was_applied_and_undone_runs_again(project: Project) {
    let project = filled(project, 3);
    let up = "-- no-transaction\n-- dbscript: allow update-rows(users)\nUPDATE users SET total_points = total_points + 100;\n";
    project.file("migrations/0004_more.up.sql", up);
    let down = "UPDATE users SET total_points = total_points - 100;\n";
    project.file("migrations/0004_more.down.sql", down);
    project.dbscript(&words()).go();
    let once = project.value(POINTS);
    let script = "const API = 1; const NEEDS = [\"db:write\"]; fn main(args) { migrate::down(4); }";
    project.file("scripts/back.rhai", script);
    project.dbscript(&["run", "back"]).go();
    project.dbscript(&words()).go();
    assert_eq!(project.value(POINTS), once);
}

#[test]
fn a_run_that_went_back_by_itself_left_nothing_half_applied() {
    let project = half(Project::new());
    let script = "const API = 1; const NEEDS = [\"db:write\", \"backups\"];
         fn main(args) {
             let saved = backup::create(#{});
             backup::restore_on_failure(saved, || { migrate::up(migrate::pending()); });
         }";
    project.file("scripts/own.rhai", script);
    project.dbscript(&["run", "own", "--yes"]).status(7).go();
    mended(&project);
    project.dbscript(&words()).go();
    assert_eq!(applied(&project), "1");
}

#[test]
fn an_index_that_was_left_invalid_is_named_and_never_taken_for_the_index() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    let project = filled(project, 3);
    project.sql("UPDATE users SET email = 'one@example.org'");
    let create = "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS Users_Once ON users (email)";
    let sql = format!("-- no-transaction\n{create};\n");
    project.file("migrations/0004_index.sql", sql);
    let drop = "DROP INDEX CONCURRENTLY public.users_once";
    let script = "const API = 1; const NEEDS = [\"db:write\"]; fn main(args) { migrate::up(migrate::pending()); }";
    project.file("scripts/careless.rhai", script);
    let migrate = || {
        let words = ["run", "careless", "--yes", "--json"];
        let run = project.dbscript(&words).status(7).go();
        run.end()["error"].to_string()
    };
    let told = migrate();
    assert!(told.contains(drop), "{told}");
    let status = project.dbscript(&["status"]).go().stdout;
    assert!(status.contains(drop), "{status}");
    project.sql("UPDATE users SET email = id");
    let told = migrate();
    assert!(
        told.contains("the index public.users_once of public.users is invalid"),
        "{told}"
    );
    assert!(told.contains(drop), "{told}");
    assert_eq!(applied(&project), "0");
    // Recorded as applied it would never be made.
    let refused = project.dbscript(&resolve("applied")).status(3).go();
    assert!(refused.told().contains(drop), "{}", refused.told());
    project.sql(drop);
    project.sql(create);
    project.dbscript(&resolve("applied")).go();
    let status = project.dbscript(&["status"]).go().stdout;
    assert!(!status.contains("invalid"), "{status}");
}

/// On the copy it is made whole: only the real database has the beginnings of one.
#[test]
fn an_invalid_index_is_not_taken_for_the_index_in_a_transaction_either() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    let project = filled(project, 3);
    project.sql("UPDATE users SET email = 'one@example.org'");
    let create = "CREATE UNIQUE INDEX CONCURRENTLY users_once ON users (email)";
    project.file(
        "migrations/0004_once.sql",
        format!("-- no-transaction\n{create};\n"),
    );
    let script = "const API = 1; const NEEDS = [\"db:write\"]; fn main(args) { migrate::up(migrate::pending()); }";
    project.file("scripts/careless.rhai", script);
    project.dbscript(&["run", "careless"]).status(7).go();
    project.sql("UPDATE users SET email = id");
    let again = project.dbscript(&["run", "careless"]).status(7).go();
    let told = again.told();
    assert!(
        told.contains("an earlier attempt left is in the way"),
        "{told}"
    );
    let sql =
        "-- about users_once\nCREATE UNIQUE INDEX IF NOT EXISTS Users_Once ON users (email);\n";
    project.file("migrations/0004_once.sql", sql);
    let run = project.dbscript(&MIGRATE).status(7).go();
    let told = run.end()["error"].to_string();
    assert!(
        told.contains("the index public.users_once of public.users is invalid"),
        "{told}"
    );
    assert!(told.contains("everything was rolled back"), "{told}");
    assert_eq!(applied(&project), "0");
    // Another word for the same name is none.
    let other = "-- about users_once\nALTER TABLE users ADD COLUMN users_once INTEGER;\n";
    project.file("migrations/0004_once.sql", other);
    project.dbscript(&MIGRATE).go();
}
