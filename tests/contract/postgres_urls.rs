//! `?schema=` in PostgreSQL's URLs, as Prisma means it.

use super::{number, rows};
use crate::harness::databases::{Database, Fresh};
use crate::harness::{Export, Project};

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_is_missing_is_made_by_migrations_and_missed_by_the_others() {
    let Some(fresh) = Fresh::new(Database::Postgres).await else {
        return;
    };
    let form = format!("{}?schema=My%20app", fresh.url());
    let at_home = form.clone();
    let done = tokio::task::spawn_blocking(move || {
        let project = Project::new();
        let run = |words: &[&str], code: i32| {
            let words = [&["run"], words, &["--json"]].concat();
            let run = project.dbscript(&words).env("DATABASE_URL", &at_home);
            run.status(code).go()
        };
        project.file("u.csv", Export::of(1).text());
        for words in [&["backup"][..], &["restore-users", "--file", "u.csv"]] {
            let told = run(words, 4).told();
            for word in ["no schema `My app`", "safe-migration"] {
                assert!(told.contains(word), "{told}");
            }
        }
        project.file(
            "migrations/1_wrong.sql",
            "CREATE TABLE x (a INTEGER); SELECT 1 / 0",
        );
        run(&["safe-migration", "--yes"], 7);
    });
    done.await.expect("it runs");
    let mut session = fresh.session().await;
    let schemas = "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1";
    let found = format!("{:?}", rows(&mut session, schemas).await);
    assert_eq!(found, "[[Text(\"public\")]]", "as it was found");
    let done = tokio::task::spawn_blocking({
        let form = form.clone();
        move || {
            let project = Project::sample();
            let run = |words: &[&str]| {
                let words = [&["run"], words, &["--json"]].concat();
                let run = project.dbscript(&words).env("DATABASE_URL", &form);
                run.go().result()
            };
            assert_eq!(run(&["safe-migration", "--yes"])["applied"], 3);
            run(&["restore-users"]);
            let users = run(&["backup"])["counts"]["users"].clone();
            (project, users)
        }
    });
    let (project, users) = done.await.expect("it runs");
    fresh.other_program("DROP SCHEMA \"My app\" CASCADE").await;
    let restored = tokio::task::spawn_blocking(move || {
        let restore = project.dbscript(&["run", "restore", "--yes", "--json"]);
        restore.env("DATABASE_URL", &form).go().result()
    });
    let restored = restored.await.expect("it runs");
    assert_eq!(restored["counts"]["users"], users);
    let there = "SELECT count(*) FROM \"My app\"._sqlx_migrations";
    assert_eq!(number(&mut session, there).await, 3);
}

/// What the others hold is neither empty nor nobody's.
#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_is_missing_among_others_is_made_by_nobody() {
    let Some(fresh) = Fresh::new(Database::Postgres).await else {
        return;
    };
    fresh
        .other_program("CREATE TABLE of_another_app (a INTEGER)")
        .await;
    let form = format!("{}?schema=My%20app", fresh.url());
    let done = tokio::task::spawn_blocking(move || {
        let project = Project::sample();
        for words in [
            &["backup"][..],
            &["restore-users"],
            &["safe-migration", "--yes"],
        ] {
            let words = [&["run"], words].concat();
            let run = project.dbscript(&words).env("DATABASE_URL", &form);
            let told = run.status(4).go().told();
            for word in ["no schema `My app`", "CREATE SCHEMA \"My app\""] {
                assert!(told.contains(word), "{told}");
            }
        }
    });
    done.await.expect("it runs");
}
