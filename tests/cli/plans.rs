//! `--plan` exits as the run would, and a database that takes no writes is refused as that.

use super::filled;
use crate::harness::databases::Database;
use crate::harness::{BackupSet, PASSWORD, Project};

const MIGRATE: [&str; 4] = ["run", "safe-migration", "--yes", "--json"];

/// A project whose tables belong to a user without further rights, with one migration to come; and that user's URL.
fn owned(role: &str) -> Option<(Project, String)> {
    let project = filled(Project::on(Database::Postgres)?, 3);
    let tables = [
        "users",
        "comments",
        "points",
        "achievements",
        "_sqlx_migrations",
    ];
    let mut sql = format!(
        "CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'; GRANT ALL ON SCHEMA public TO {role};"
    );
    for table in tables {
        sql.push_str(&format!("ALTER TABLE {table} OWNER TO {role};"));
    }
    project.sql(&sql);
    project.file("migrations/0004_fine.sql", "CREATE TABLE fine (a INTEGER);");
    let url = project
        .url()
        .expect("a server's")
        .replace("tester:", &format!("{role}:"));
    Some((project, url))
}

/// That the plan and the run are both refused, for a reason with these words.
#[track_caller]
fn refused(project: &Project, words: &[&str], url: &str, reason: &str) {
    let before = project.hash();
    for plan in [true, false] {
        let mut words = [words, &["--database-url", url]].concat();
        if plan {
            words.push("--plan");
        }
        let run = project.dbscript(&words).status(3).go();
        let error = run.end()["error"].to_string();
        assert!(error.contains(reason), "{words:?}: {error}");
        assert!(!error.contains("db:write"), "{words:?}: {error}");
    }
    assert_eq!(project.hash(), before);
}

#[test]
fn a_plan_without_the_right_to_a_scratch_database_is_refused() {
    let Some((project, url)) = owned("plans_few") else {
        return;
    };
    refused(&project, &MIGRATE, &url, "CREATEDB");
    project.sql("ALTER ROLE plans_few CREATEDB");
    let words = [&MIGRATE[..], &["--plan", "--database-url", &url]].concat();
    project.dbscript(&words).go();
    project.sql("ALTER ROLE plans_few NOCREATEDB");
    let off = [&words[..], &["--rehearse", "off"]].concat();
    project.dbscript(&off).go();
}

#[test]
fn a_database_that_only_reads_is_refused_as_that() {
    let Some((project, url)) = owned("plans_reads") else {
        return;
    };
    project.sql("ALTER ROLE plans_reads CREATEDB");
    project.dbscript(&["run", "backup"]).go();
    let name = project.value("SELECT current_database()");
    project.sql(&format!(
        "ALTER DATABASE {name} SET default_transaction_read_only = on"
    ));
    let off = [&MIGRATE[..], &["--rehearse", "off"]].concat();
    let restore = ["run", "restore", "--yes", "--json"];
    for words in [&MIGRATE[..], &off, &restore] {
        refused(&project, words, &url, "default_transaction_read_only");
    }
    // What only reads goes on.
    let backup = ["run", "backup", "--database-url", &url];
    project.dbscript(&backup).go();
}

#[test]
fn a_plan_of_a_restore_over_a_table_of_somebody_else_is_refused() {
    let Some((project, url)) = owned("plans_owner") else {
        return;
    };
    let backup = ["run", "backup", "--database-url", &url];
    project.dbscript(&backup).go();
    let restore = ["run", "restore", "--yes", "--json"];
    let plan = [&restore[..], &["--plan", "--database-url", &url]].concat();
    project.dbscript(&plan).go();
    project.sql("CREATE TABLE later (a INTEGER); GRANT SELECT ON later TO plans_owner");
    let set = BackupSet::latest(&project).timestamp;
    let from = [&restore[..], &["--from", &set]].concat();
    refused(&project, &from, &url, "later");
}
