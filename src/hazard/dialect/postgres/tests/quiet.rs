//! What must not alarm, what must be said, and what names mean.

use super::{plainly, steps};
use crate::db::Engine;
use crate::hazard::action::Action;
use crate::hazard::dialect::Reading;

#[test]
fn must_not_alarm() {
    for sql in [
        "",
        ";",
        "CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" WITH SCHEMA public",
        "COMMENT ON TABLE a IS 'DROP TABLE a'",
        "COMMENT ON EXTENSION pgcrypto IS 'x'",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO app",
        "SET statement_timeout = 0",
        "SET client_encoding = 'UTF8'",
        "SET standard_conforming_strings = on",
        "SELECT pg_catalog.set_config('search_path', '', false)",
        "SET check_function_bodies = false",
        "SET xmloption = content",
        "SET row_security = off",
        "SET default_table_access_method = heap",
        "SET LOCAL lock_timeout = '5s'",
        "ANALYZE users",
        "CREATE POLICY p ON users USING (id = current_user_id())",
        "ALTER TABLE users ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE public.users OWNER TO app",
        "ALTER TABLE ONLY public.users REPLICA IDENTITY FULL",
        "ALTER TABLE users ALTER COLUMN a SET STATISTICS 100, ALTER b SET STORAGE external",
        "ALTER TABLE users CLUSTER ON i",
        "ALTER INDEX i RENAME TO j",
        "ALTER SEQUENCE s OWNED BY users.id",
        "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'x'",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO app",
        "ALTER FUNCTION f() OWNER TO app",
        "ALTER ROLE app SET search_path = app",
        "ALTER DATABASE shop SET timezone TO 'UTC'",
        "NOTIFY channel, 'x'",
        "LISTEN channel",
        "LOCK TABLE users IN SHARE MODE",
        "SAVEPOINT a",
        "RELEASE SAVEPOINT a",
        "ROLLBACK TO SAVEPOINT a",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY m",
        "SELECT 'DELETE FROM users', $$DROP TABLE users$$, E'\\'; DROP TABLE x; --'",
        "SELECT 1 -- DROP TABLE users",
        "SELECT /* DROP /* TABLE */ users */ \"DROP TABLE x\" FROM t",
        "SELECT count(*) FROM users WHERE note = 'delete from x'",
        "DECLARE c CURSOR FOR SELECT 1",
        "FETCH ALL FROM c",
        "SET CONSTRAINTS ALL DEFERRED",
        "SHOW search_path",
        "CREATE STATISTICS s ON a, b FROM t",
        "CREATE ROLE app LOGIN",
        "CREATE AGGREGATE agg(int) (sfunc = int4pl, stype = int)",
        "CREATE CAST (a AS b) WITHOUT FUNCTION",
        "CREATE PUBLICATION p FOR ALL TABLES",
        "DISCARD PLANS",
    ] {
        let loud: Vec<Action> = steps(sql)
            .into_iter()
            .map(|step| step.action)
            .filter(|action| {
                !matches!(
                    action,
                    Action::Call { .. } | Action::CreateObject { .. } | Action::DefaultSchema(_)
                )
            })
            .collect();
        assert!(loud.is_empty(), "{sql}: {loud:?}");
    }
}

#[test]
fn the_default_schema_goes_unsaid() {
    let reading = Reading {
        default_schema: Some("app".to_owned()),
        ..Reading::offline(Engine::Postgres)
    };
    for (sql, expected) in [
        ("DROP TABLE a", "drop table a"),
        ("DROP TABLE app.a", "drop table a"),
        ("DROP TABLE public.a", "drop table public.a"),
        ("INSERT INTO app.a VALUES (1)", "insert a ()"),
        ("DROP TABLE pg_temp.a", "drop table a"),
        (
            "CREATE TABLE pg_temp.a (id int)",
            "create temporary table a (id)",
        ),
    ] {
        let steps = super::read(&reading, sql);
        assert_eq!(super::words(&steps[0].action), expected, "{sql}");
    }
}

#[test]
fn what_unqualified_names_mean_is_told() {
    for (sql, expected) in [
        (
            "SET search_path TO \"App\"",
            "SET: DefaultSchema(Some(\"App\"))",
        ),
        ("SET search_path = app, public", "SET: DefaultSchema(None)"),
        (
            "SET search_path = public, app",
            "SET: DefaultSchema(Some(\"public\"))",
        ),
        (
            "SET search_path TO DEFAULT",
            "SET: DefaultSchema(Some(\"public\"))",
        ),
        (
            "SET SESSION search_path = \"$user\", public",
            "SET: DefaultSchema(Some(\"public\"))",
        ),
        (
            "RESET search_path",
            "RESET: DefaultSchema(Some(\"public\"))",
        ),
        ("SET SCHEMA 'app'", "SET: DefaultSchema(Some(\"app\"))"),
        (
            "SELECT set_config('search_path', 'app', false)",
            "set_config: DefaultSchema(Some(\"app\"))",
        ),
    ] {
        assert_eq!(plainly(sql), [expected]);
    }
    assert!(steps("SET search_path = ''").is_empty());
    assert!(steps("SELECT pg_catalog.set_config('search_path', '', false)").is_empty());
}

#[test]
fn transactions_are_told() {
    for (sql, expected) in [
        ("BEGIN", "BEGIN: Transaction(true)"),
        (
            "START TRANSACTION ISOLATION LEVEL SERIALIZABLE",
            "START: Transaction(true)",
        ),
        ("COMMIT", "COMMIT: Transaction(false)"),
        ("END", "END: Transaction(false)"),
        ("ROLLBACK", "ROLLBACK: Transaction(false)"),
    ] {
        assert_eq!(plainly(sql), [expected]);
    }
}

#[test]
fn what_cannot_be_read_is_said() {
    for sql in [
        "DROP TABEL users",
        "SELEC 1",
        "ALTER TABLE a FROBNICATE b",
        "DELETE users",
    ] {
        let told = plainly(sql);
        assert!(
            told.iter().any(|one| one.contains("unparsed:")),
            "{sql}: {told:?}"
        );
    }
    // What a broken statement does to rows is not told from half of it.
    let told = plainly("DELETE FROM a WHERE b FROBNICATE c");
    assert!(!told.iter().any(|one| one.contains("delete")), "{told:?}");
}
