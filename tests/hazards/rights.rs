//! Rights that go with what a migration makes anew.

use crate::harness::Project;
use crate::harness::databases::Database;

const MIGRATE: [&str; 3] = ["run", "safe-migration", "--yes"];

#[test]
fn rights_on_what_is_made_anew_are_told_with_what_gives_them_again() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    project.sql(
        "CREATE TABLE t (a INT); CREATE TABLE kept (a INT); CREATE VIEW v AS SELECT a FROM t;
         CREATE FUNCTION secret() RETURNS INT LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
         REVOKE ALL ON FUNCTION secret() FROM PUBLIC; GRANT SELECT ON v, t, kept TO pg_monitor; GRANT SELECT ON t TO PUBLIC",
    );
    project.file(
        "migrations/1_anew.sql",
        "DROP VIEW v;\nALTER TABLE t ADD COLUMN b INT;\nCREATE VIEW v AS SELECT a, b FROM t;\n\
         DROP FUNCTION secret();\nCREATE FUNCTION secret() RETURNS INT LANGUAGE sql SECURITY DEFINER AS 'SELECT 2';\n\
         REVOKE SELECT ON t FROM PUBLIC;\n",
    );
    let told = project.dbscript(&MIGRATE).go().told();
    for gone in [
        "GRANT SELECT ON TABLE public.v TO pg_monitor",
        "REVOKE ALL ON FUNCTION public.secret() FROM PUBLIC",
    ] {
        assert!(told.contains(gone), "{gone}: {told}");
    }
    for stays in ["public.kept", "ON TABLE public.t "] {
        assert!(!told.contains(stays), "{stays}: {told}");
    }
    // What is put behind it is there again.
    project.file(
        "migrations/2_again.sql",
        "DROP VIEW v;\nCREATE VIEW v AS SELECT a, b FROM t;\nGRANT SELECT ON v TO pg_monitor;\n",
    );
    let told = project.dbscript(&MIGRATE).go().told();
    assert!(!told.contains("rights are gone"), "{told}");
}

#[test]
fn rights_that_stay_or_are_meant_to_go_are_not_told() {
    for sql in [
        "ALTER TABLE t RENAME TO t9;\nCREATE VIEW t AS SELECT * FROM t9;\nGRANT SELECT ON t TO pg_monitor;",
        "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM pg_monitor;",
        "DO $$ BEGIN REVOKE ALL ON t FROM pg_monitor; END $$;",
        "DROP VIEW v;\nCREATE MATERIALIZED VIEW v AS SELECT a FROM t;",
        "DROP VIEW v;\nCREATE VIEW v AS SELECT a AS b FROM t;",
        "GRANT SELECT, UPDATE ON t TO pg_monitor;",
    ] {
        let Some(project) = Project::on(Database::Postgres) else {
            return;
        };
        project.sql("CREATE TABLE t (a INT); CREATE VIEW v AS SELECT 1 AS a; GRANT SELECT ON t TO pg_monitor");
        project.file("migrations/1_some.sql", format!("{sql}\n"));
        let allow = ["--allow", "drop-view(v)"];
        let told = project
            .dbscript(&[&MIGRATE[..], &allow].concat())
            .go()
            .told();
        assert!(!told.contains("made anew"), "{sql}: {told}");
    }
}

#[test]
fn of_two_who_lose_a_right_the_one_who_is_given_it_again_is_not_told() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    project.sql("CREATE VIEW v AS SELECT 1 AS a; GRANT SELECT, UPDATE ON v TO pg_monitor, pg_signal_backend");
    project.file(
        "migrations/1_anew.sql",
        "DROP VIEW v;\nCREATE VIEW v AS SELECT 2 AS a;\nGRANT SELECT ON v TO pg_monitor;\n",
    );
    let told = project.dbscript(&MIGRATE).go().told();
    let gone = "GRANT SELECT, UPDATE ON TABLE public.v TO pg_signal_backend";
    assert!(told.contains(gone), "{told}");
    assert!(!told.contains("TO pg_monitor"), "{told}");
}

#[test]
fn rights_on_a_routine_alone_are_told_too() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    let database = project.value("SELECT DATABASE()");
    project.sql("CREATE PROCEDURE p() SELECT 1");
    project.sql(&format!("CREATE ROLE r_{database}"));
    project.sql(&format!("GRANT EXECUTE ON PROCEDURE p TO r_{database}"));
    project.file(
        "migrations/1_anew.sql",
        "DROP PROCEDURE p;\nCREATE PROCEDURE p() SELECT 2;\n",
    );
    let told = project.dbscript(&MIGRATE).go().told();
    let gone = format!("GRANT EXECUTE ON PROCEDURE `{database}`.`p` TO `r_{database}`");
    assert!(told.contains(&gone), "{told}");
}
