//! The history of migrations is sqlx's own: both tools accept what the other wrote, and both see what was edited since.

use serde_json::json;
use sqlx::migrate::MigrateError;

use crate::harness::databases::{Database, Fresh, Said, in_every_project};
use crate::harness::{Project, repository, sqlx_migrate, sqlx_migrates};

in_every_project!(
    sqlx_accepts_what_dbscript_applied,
    dbscript_accepts_what_sqlx_applied_and_each_goes_on_where_the_other_stopped,
    a_file_edited_since_is_seen_by_both,
    a_file_that_is_missing_is_seen_by_both,
);

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

fn sqlx_accepts_what_dbscript_applied(project: Project) {
    let project = project.with_sample();
    project.dbscript(&["run", "safe-migration", "--yes"]).go();
    let before = project.hash();
    assert_eq!(sqlx_migrates(&project).expect("sqlx accepts it"), 3);
    assert_eq!(project.hash(), before, "sqlx found nothing to do");
    let theirs = project.another().with_sample();
    assert_eq!(sqlx_migrates(&theirs).expect("sqlx applies it"), 3);
    let all = Said {
        sqlite: "group_concat",
        postgres: "array_agg",
        mysql: "GROUP_CONCAT",
    };
    let all = project.said(all);
    let columns = project.said(Said {
        sqlite: "SELECT group_concat(name || ' ' || type || ' ' || \"notnull\" || ' ' || pk || ' ' || coalesce(dflt_value, '-'))
                 FROM pragma_table_info('_sqlx_migrations')",
        postgres: "SELECT array_agg(attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attnotnull ORDER BY attnum)
                   FROM pg_attribute WHERE attrelid = '_sqlx_migrations'::regclass AND attnum > 0",
        mysql: "SELECT GROUP_CONCAT(column_name, ' ', column_type, ' ', is_nullable, ' ', column_key ORDER BY ordinal_position)
                FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = '_sqlx_migrations'",
    });
    assert_eq!(project.value(columns), theirs.value(columns));
    for column in ["version", "description", "success", "checksum"] {
        let rows = format!(
            "SELECT {all}({column}) FROM (SELECT * FROM _sqlx_migrations ORDER BY version) AS m"
        );
        let hex = rows.replace("(checksum)", "(hex(checksum))");
        let rows = project.said(Said {
            sqlite: hex.clone(),
            postgres: rows,
            mysql: hex,
        });
        assert_eq!(project.value(&rows), theirs.value(&rows), "{column}");
    }
    if project.url().is_none() {
        let kinds = "SELECT group_concat(typeof(installed_on) || typeof(execution_time)) FROM _sqlx_migrations";
        assert_eq!(project.value(kinds), theirs.value(kinds));
    }
}

fn dbscript_accepts_what_sqlx_applied_and_each_goes_on_where_the_other_stopped(project: Project) {
    let project = project.with_sample();
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

fn a_file_edited_since_is_seen_by_both(project: Project) {
    let project = project.with_sample();
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

fn a_file_that_is_missing_is_seen_by_both(project: Project) {
    let project = project.with_sample();
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
