//! The history of migrations is sqlx's own: both tools accept what the other wrote, and both see what was edited since.

use serde_json::json;
use sqlx::migrate::MigrateError;

use crate::harness::databases::{Database, Fresh};
use crate::harness::{Project, repository, sqlx_migrate, sqlx_migrates};

#[tokio::test]
async fn the_shipped_migrations_run_unchanged_on_every_engine() {
    let folder = repository().join("migrations");
    for database in [Database::Sqlite, Database::Postgres, Database::Mysql] {
        let Some(fresh) = Fresh::new(database).await else {
            continue;
        };
        let migrated = match database {
            Database::Sqlite => sqlx_migrate::<sqlx::SqliteConnection>(fresh.url(), &folder).await,
            Database::Postgres => sqlx_migrate::<sqlx::PgConnection>(fresh.url(), &folder).await,
            Database::Mysql => sqlx_migrate::<sqlx::MySqlConnection>(fresh.url(), &folder).await,
        };
        let count = migrated.unwrap_or_else(|error| panic!("{error} on {database:?}"));
        assert!(count >= 3, "{count} migrations");
    }
}

#[test]
fn sqlx_accepts_what_dbscript_applied() {
    let project = Project::sample();
    project.dbscript(&["run", "safe-migration", "--yes"]).go();
    let before = project.hash();
    assert_eq!(sqlx_migrates(&project).expect("sqlx accepts it"), 3);
    assert_eq!(project.hash(), before, "sqlx found nothing to do");
    let columns = "SELECT group_concat(name || ' ' || type || ' ' || \"notnull\" || ' ' || pk || ' ' || coalesce(dflt_value, '-'))
         FROM pragma_table_info('_sqlx_migrations')";
    let theirs = Project::sample();
    assert_eq!(sqlx_migrates(&theirs).expect("sqlx applies it"), 3);
    assert_eq!(project.value(columns), theirs.value(columns));
    for column in [
        "version",
        "description",
        "typeof(installed_on)",
        "success",
        "hex(checksum)",
        "typeof(execution_time)",
    ] {
        let rows = format!(
            "SELECT group_concat({column}) FROM (SELECT * FROM _sqlx_migrations ORDER BY version)"
        );
        assert_eq!(project.value(&rows), theirs.value(&rows), "{column}");
    }
}

#[test]
fn dbscript_accepts_what_sqlx_applied_and_each_goes_on_where_the_other_stopped() {
    let project = Project::sample();
    assert_eq!(sqlx_migrates(&project).expect("sqlx applies it"), 3);
    let before = project.hash();
    let run = project
        .dbscript(&["run", "safe-migration", "--yes", "--json"])
        .go();
    assert_eq!(run.result()["applied"], 0);
    assert_eq!(project.hash(), before);
    project.file(
        "migrations/0004_fourth.sql",
        "CREATE TABLE fourth (a INTEGER);",
    );
    let run = project
        .dbscript(&["run", "safe-migration", "--yes", "--json"])
        .go();
    assert_eq!(run.result()["applied"], 1);
    project.file(
        "migrations/0005_fifth.sql",
        "CREATE TABLE fifth (a INTEGER);",
    );
    assert_eq!(sqlx_migrates(&project).expect("sqlx goes on"), 5);
    let run = project
        .dbscript(&["run", "safe-migration", "--yes", "--json"])
        .go();
    assert_eq!(run.result()["applied"], 0);
    assert_eq!(run.result()["backup"], json!(null));
}

#[test]
fn a_file_edited_since_is_seen_by_both() {
    let project = Project::sample();
    project.dbscript(&["run", "safe-migration", "--yes"]).go();
    let first = "migrations/0001_users.sql";
    project.file(first, project.read(first) + "\n-- edited since\n");
    project.file(
        "migrations/0004_fourth.sql",
        "CREATE TABLE fourth (a INTEGER);",
    );
    let theirs = sqlx_migrates(&project);
    assert!(
        matches!(theirs, Err(MigrateError::VersionMismatch(1))),
        "{theirs:?}"
    );
    let before = project.hash();
    let run = project
        .dbscript(&["run", "safe-migration", "--yes", "--json"])
        .status(3)
        .go();
    let message = run.end()["error"]["message"].to_string();
    assert!(message.contains("migration 1 (users)"), "{message}");
    assert_eq!(project.hash(), before);
}

#[test]
fn a_file_that_is_missing_is_seen_by_both() {
    let project = Project::sample();
    project.dbscript(&["run", "safe-migration", "--yes"]).go();
    project.remove("migrations/0002_comments.sql");
    let theirs = sqlx_migrates(&project);
    assert!(
        matches!(theirs, Err(MigrateError::VersionMissing(2))),
        "{theirs:?}"
    );
    let before = project.hash();
    project
        .dbscript(&["run", "safe-migration", "--yes"])
        .status(3)
        .stderr_has("2")
        .go();
    assert_eq!(project.hash(), before);
}
