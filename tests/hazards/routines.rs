//! Routines that exist already: called, they do what no statement of the migration says.

use super::{database, hold, judged, said};
use crate::harness::Fresh;
use crate::harness::databases::Database;

const WARNS: &[&str] = &["dynamic-sql warn"];

const POSTGRES: &str = "
CREATE TABLE users (id int PRIMARY KEY, name text);
INSERT INTO users VALUES (1, 'a');
CREATE EXTENSION IF NOT EXISTS plpgsql;
CREATE SCHEMA app;
CREATE FUNCTION wipe() RETURNS void LANGUAGE plpgsql AS 'BEGIN DELETE FROM users; END';
CREATE FUNCTION wipe_all() RETURNS void LANGUAGE plpgsql AS 'BEGIN PERFORM wipe(); END';
CREATE FUNCTION app.wipe_more() RETURNS void LANGUAGE sql AS 'DELETE FROM users';
CREATE FUNCTION app.lower(text) RETURNS text LANGUAGE sql AS 'DELETE FROM users; SELECT $1';
CREATE FUNCTION run(text) RETURNS void LANGUAGE plpgsql AS 'BEGIN EXECUTE $1; END';
CREATE FUNCTION slug(text) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN replace(pg_catalog.lower($1), '' '', ''-''); END';
CREATE FUNCTION many() RETURNS bigint LANGUAGE plpgsql STABLE AS 'BEGIN RETURN (SELECT count(*) FROM users); END';
CREATE FUNCTION steady(int) RETURNS int LANGUAGE internal IMMUTABLE AS 'int4abs';
CREATE FUNCTION loose(int) RETURNS int LANGUAGE internal AS 'int4abs';
CREATE PROCEDURE tidy() LANGUAGE sql AS 'UPDATE users SET name = NULL WHERE false';
CREATE PROCEDURE idle() LANGUAGE plpgsql AS 'BEGIN NULL; END';";

#[tokio::test(flavor = "multi_thread")]
async fn a_routine_that_may_write_is_told_on_postgres() {
    let Some(fresh) = Fresh::new(Database::Postgres).await else {
        return;
    };
    hold(&fresh, POSTGRES, &[
        ("SELECT wipe()", WARNS),
        ("SELECT wipe_all()", WARNS),
        ("SELECT public.wipe()", WARNS),
        ("SELECT app.wipe_more()", WARNS),
        ("SELECT run('DROP TABLE users')", WARNS),
        ("SELECT name, wipe() FROM users", WARNS),
        ("DO $$ BEGIN PERFORM wipe(); END $$", WARNS),
        ("DO $$ DECLARE x text; BEGIN x := wipe()::text; END $$", WARNS),
        ("CALL tidy()", WARNS),
        ("CALL idle()", &[]),
        ("SELECT loose(1)", WARNS),
        ("SELECT steady(1)", &[]),
        ("SELECT many()", &[]),
        ("SELECT slug('A b')", &[]),
        ("ALTER TABLE users ADD COLUMN slug text; UPDATE users SET slug = slug(name)", &[]),
        ("SELECT lower('A'), now(), gen_random_uuid(), length('x'), pg_catalog.upper('x')", &[]),
        ("CREATE OR REPLACE FUNCTION wipe() RETURNS void LANGUAGE plpgsql AS 'BEGIN NULL; END'; SELECT wipe()", &[]),
        ("CREATE FUNCTION own() RETURNS void LANGUAGE plpgsql AS 'BEGIN PERFORM wipe(); END'; SELECT own()", WARNS),
        ("CREATE TRIGGER t AFTER INSERT ON users EXECUTE FUNCTION tsvector_update_trigger('a', 'b', 'c')", &[]),
    ])
    .await;
}

/// What a routine of MySQL says of itself (NO SQL, DETERMINISTIC) the server does not hold it to.
#[tokio::test(flavor = "multi_thread")]
async fn a_routine_that_may_write_is_told_on_mysql() {
    let Some(fresh) = Fresh::new(Database::Mysql).await else {
        return;
    };
    let schema = "CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(20));
        CREATE TABLE pets (id INT PRIMARY KEY, name VARCHAR(20));
        INSERT INTO users VALUES (1, 'a');
        CREATE FUNCTION wipe() RETURNS INT NO SQL DETERMINISTIC BEGIN DELETE FROM users; RETURN 1; END;
        CREATE FUNCTION wipe_all() RETURNS INT DETERMINISTIC RETURN wipe();
        CREATE FUNCTION slug(a VARCHAR(20)) RETURNS VARCHAR(20) DETERMINISTIC RETURN REPLACE(LOWER(a), ' ', '-');
        CREATE PROCEDURE tidy() BEGIN UPDATE users SET name = NULL WHERE false; END;
        CREATE PROCEDURE idle() BEGIN SELECT 1; END;";
    hold(&fresh, schema, &[
        ("SELECT wipe()", WARNS),
        ("SELECT Wipe_All ()", WARNS),
        ("DO wipe()", WARNS),
        ("SET @a = wipe()", WARNS),
        ("INSERT INTO pets VALUES (5, wipe_all() + 1)", WARNS),
        ("CALL tidy()", WARNS),
        ("CALL idle()", &[]),
        ("SELECT slug('A b'), NOW(), UUID(), LOWER('X')", &[]),
        ("ALTER TABLE users ADD COLUMN slug VARCHAR(20); UPDATE users SET slug = slug(name)", &[]),
        ("DROP FUNCTION wipe_all; CREATE FUNCTION wipe_all() RETURNS INT DETERMINISTIC RETURN 1; SELECT wipe_all()", &[]),
    ])
    .await;
    let there = fresh.another().await;
    there
        .other_program("CREATE PROCEDURE tidy() BEGIN SELECT 1; END")
        .await;
    let name = there.url().rsplit('/').next().unwrap_or_default();
    let fresh = database(&fresh, schema).await;
    let lint = judged(&fresh, &format!("CALL {name}.tidy()")).await;
    assert_eq!(said(&lint), WARNS, "{:?}", lint.findings);
}
