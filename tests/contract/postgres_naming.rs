//! What a name without a schema means is the user's and the database's business, and a set is restored all the same.

use super::number;
use crate::harness::Project;
use crate::harness::databases::{Database, Fresh};

const SETUP: &str = "CREATE TABLE public.b (id serial PRIMARY KEY);
    INSERT INTO public.b SELECT FROM generate_series(1, 3);
    CREATE SCHEMA app2; CREATE TABLE app2.c (id int PRIMARY KEY); INSERT INTO app2.c VALUES (7);
    CREATE TABLE public.par (a int); CREATE TABLE public.kid () INHERITS (public.par);";

/// `\"$user\", public` means another schema as soon as there is one of the user's name.
#[tokio::test(flavor = "multi_thread")]
async fn a_set_is_restored_whatever_names_without_a_schema_mean() {
    let Some(fresh) = Fresh::new(Database::Postgres).await else {
        return;
    };
    fresh.other_program(SETUP).await;
    let database = fresh.url().rsplit('/').next().unwrap_or_default();
    let setting = format!(
        "ALTER DATABASE {database} SET search_path = app2, public;
         ALTER DATABASE {database} SET quote_all_identifiers = on"
    );
    fresh.other_program(&setting).await;
    let plain = fresh.url().to_owned();
    for backed_up in ["", "?schema=public", "?schema=app2"] {
        for restored in ["", "?schema=public", "?schema=app2"] {
            let (from, into) = (format!("{plain}{backed_up}"), format!("{plain}{restored}"));
            let done = tokio::task::spawn_blocking(move || {
                let project = Project::new();
                let backup = project.dbscript(&["run", "backup", "--json"]);
                backup.env("DATABASE_URL", &from).go();
                for words in [&["--plan"][..], &["--yes"]] {
                    let words = [&["run", "restore", "--json"], words].concat();
                    let run = project.dbscript(&words).env("DATABASE_URL", &into).go();
                    assert!(!run.told().contains("dropped"), "{}", run.told());
                }
            });
            done.await.expect("it runs");
            let mut session = fresh.session().await;
            let rows = "SELECT (SELECT count(*) FROM public.b) * 10 + (SELECT id FROM app2.c)";
            assert_eq!(
                number(&mut session, rows).await,
                37,
                "{backed_up} {restored}"
            );
        }
    }
}

/// The first lines of a file that `pg_dump` wrote say that nothing is found without its schema.
#[test]
fn a_migration_that_searches_no_schema_is_recorded_and_the_next_one_finds_its_tables() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    let nowhere = "SELECT pg_catalog.set_config('search_path', '', false);";
    project.file(
        "migrations/1_dumped.sql",
        format!("{nowhere}\nCREATE TABLE public.a (id INTEGER);\n"),
    );
    project.file(
        "migrations/2_next.sql",
        "ALTER TABLE a ADD COLUMN b INTEGER;\n",
    );
    project.file(
        "migrations/3_apart.sql",
        format!("-- no-transaction\n{nowhere}\nVACUUM public.a;\n"),
    );
    let words = ["run", "safe-migration", "--yes", "--json"];
    let run = project.dbscript(&words).go();
    assert_eq!(run.result()["applied"], 3);
    project.file(
        "migrations/4_fails.sql",
        format!("-- no-transaction\n{nowhere}\nVACUUM public.nowhere;\n"),
    );
    let words = [&words[..], &["--rehearse", "off"]].concat();
    let run = project.dbscript(&words).status(7).go();
    assert!(run.told().contains("statement 1 is done"), "{}", run.told());
    let begun = "SELECT count(*) FROM _sqlx_migrations WHERE NOT success";
    assert_eq!(project.value(begun), "1");
}
