//! Which tables are counted for which statements.

mod schema;

use super::*;
use schema::catalog;

#[track_caller]
fn expect(engines: &[&str], cases: &[(&str, &str)]) {
    for name in engines {
        let engine = Engine::from_name(name).expect("it is one");
        let info = DatabaseInfo {
            engine: (*name).to_owned(),
            name: "app".to_owned(),
            default_schema: (*name == "postgres").then(|| "public".to_owned()),
            ..DatabaseInfo::default()
        };
        for (sql, expected) in cases {
            let found = at_risk(engine, &info, &catalog(engine), &[sql]);
            let found: Vec<String> = found.iter().map(ToString::to_string).collect();
            assert_eq!(found.join(" "), *expected, "{name}: {sql}");
        }
    }
}

const ALL: [&str; 4] = ["sqlite", "postgres", "mysql", "mariadb"];
const SERVERS: [&str; 3] = ["postgres", "mysql", "mariadb"];
const MYSQL: [&str; 2] = ["mysql", "mariadb"];

#[test]
fn what_changes_only_the_schema_counts_nothing() {
    expect(
        &ALL,
        &[
            ("ALTER TABLE users ADD COLUMN x text", ""),
            ("CREATE INDEX by_id ON users (id)", ""),
            ("CREATE UNIQUE INDEX by_id ON orders (id)", ""),
            ("ALTER TABLE users RENAME TO people", ""),
            ("ALTER TABLE users RENAME COLUMN a TO id", ""),
            ("ALTER TABLE users DROP COLUMN a", ""),
            (
                "CREATE TABLE extra (id int, user_id int REFERENCES users (id) ON DELETE CASCADE)",
                "",
            ),
            ("CREATE VIEW v AS SELECT a FROM users", ""),
            (
                "INSERT INTO users (id, a) VALUES (1, 'delete from orders')",
                "",
            ),
            ("UPDATE users SET a = 1 WHERE id = 2", ""),
            ("-- DELETE FROM users;\nSELECT 1", ""),
        ],
    );
    expect(
        &SERVERS,
        &[
            (
                "ALTER TABLE orders ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES users (id)",
                "",
            ),
            ("ALTER TABLE users ADD CONSTRAINT c UNIQUE (a)", ""),
            ("ALTER TABLE users ADD CONSTRAINT c CHECK (a > 1)", ""),
        ],
    );
    expect(
        &["postgres"],
        &[
            ("ALTER TABLE users ALTER COLUMN a TYPE bigint", ""),
            ("ALTER TABLE users ALTER COLUMN a SET NOT NULL", ""),
            (
                "ALTER TABLE users ADD CONSTRAINT c CHECK (a > 1) NOT VALID; ALTER TABLE users VALIDATE CONSTRAINT c",
                "",
            ),
            (
                "SELECT setval(pg_get_serial_sequence('users', 'id'), max(id)) FROM users",
                "",
            ),
        ],
    );
    expect(
        &MYSQL,
        &[
            ("ALTER TABLE users MODIFY a bigint NOT NULL", ""),
            ("ALTER TABLE users CHANGE a b bigint", ""),
            ("RENAME TABLE users TO people", ""),
        ],
    );
}

#[test]
fn what_is_deleted_is_counted_with_what_goes_along() {
    expect(
        &ALL,
        &[
            ("DELETE FROM a WHERE id = 1", "a"),
            ("DELETE FROM users WHERE id = 1", "lines orders users"),
            ("DELETE FROM notes", "notes"),
            (
                "ALTER TABLE users RENAME TO people; DELETE FROM people",
                "lines orders users",
            ),
            ("CREATE TABLE fresh (id int); DELETE FROM fresh", ""),
            ("DROP TABLE log; CREATE TABLE log (id int)", "log"),
            (
                "ALTER TABLE log RENAME TO old; CREATE TABLE log (id int); DROP TABLE old",
                "log",
            ),
            (
                "ALTER TABLE log RENAME TO old; CREATE TABLE log (id int)",
                "",
            ),
            ("DROP TABLE bills", ""),
        ],
    );
    expect(
        &SERVERS,
        &[
            ("TRUNCATE TABLE orders", "orders"),
            ("DROP TABLE orders CASCADE", ""),
            (
                "ALTER TABLE log ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES a (id) ON DELETE CASCADE; DELETE FROM a",
                "a log",
            ),
        ],
    );
    expect(
        &["postgres"],
        &[
            ("TRUNCATE users CASCADE", "bills lines notes orders users"),
            ("DELETE FROM public.users", "lines orders users"),
            (
                "WITH gone AS (DELETE FROM orders RETURNING *) SELECT * FROM gone",
                "lines orders",
            ),
            ("DROP TABLE log_2024", "log"),
            ("TRUNCATE log_2024", "log"),
            ("DELETE FROM log_2024", "log"),
            ("ALTER TABLE log DETACH PARTITION log_2024", "log"),
            ("DELETE FROM people", "lines orders users"),
            ("DO $$ BEGIN DELETE FROM orders; END $$", "lines orders"),
            (
                "DO $$ BEGIN IF false THEN ALTER TABLE orders RENAME TO o; END IF; END $$; DELETE FROM orders",
                "lines orders",
            ),
        ],
    );
    expect(
        &MYSQL,
        &[
            ("REPLACE INTO orders VALUES (1)", "lines orders"),
            (
                "DELETE o FROM orders o JOIN users u ON u.id = o.parent",
                "lines orders",
            ),
            ("ALTER TABLE log DROP PARTITION p1", "log"),
            ("RENAME TABLE a TO old, log TO a", ""),
            ("RENAME TABLE a TO old, log TO a; DROP TABLE old", "a"),
        ],
    );
}

#[test]
fn a_rebuild_counts_the_table_and_its_cascading_children() {
    expect(
        &["sqlite"],
        &[
            (
                "CREATE TABLE n (id); INSERT INTO n SELECT id FROM users; DROP TABLE users; ALTER TABLE n RENAME TO users",
                "lines orders users",
            ),
            (
                "ALTER TABLE users RENAME TO o; CREATE TABLE users (id); INSERT INTO users SELECT id FROM o; DROP TABLE o",
                "lines orders users",
            ),
            ("DROP TABLE orders", "lines"),
            ("INSERT OR REPLACE INTO orders VALUES (1)", "lines orders"),
            ("UPDATE OR REPLACE orders SET a = 1", "lines orders"),
            // The key may say ON CONFLICT REPLACE.
            ("UPDATE orders SET code = 1", "lines orders"),
        ],
    );
}

#[test]
fn what_triggers_and_routines_delete_is_counted() {
    expect(
        &ALL,
        &[
            ("UPDATE stock SET a = 1", "log"),
            ("UPDATE users SET a = 1", ""),
        ],
    );
    expect(
        &["sqlite"],
        &[(
            "CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM id; END; INSERT INTO a VALUES (1)",
            "id",
        )],
    );
    expect(
        &["postgres"],
        &[
            ("SELECT purge('orders')", "lines orders"),
            (
                "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM orders'",
                "",
            ),
            (
                "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM orders'; SELECT f()",
                "lines orders",
            ),
            ("SELECT drop_chunks('log', interval '1 day')", "log"),
            ("ALTER TABLE users ADD COLUMN x text DEFAULT purge('x')", ""),
        ],
    );
    expect(
        &MYSQL,
        &[
            ("CALL purge()", "log"),
            ("SELECT purged()", "log"),
            ("ALTER TABLE users ADD COLUMN purged int", ""),
        ],
    );
}

#[test]
fn what_cannot_be_read_counts_what_it_names_in_whole_words() {
    expect(
        &["postgres"],
        &[
            (
                "DO $$ BEGIN EXECUTE 'DELETE FROM ' || quote_ident('orders'); END $$",
                "lines orders",
            ),
            (
                "DO $$ BEGIN EXECUTE 'ALTER ' || 'TABLE usersabc'; END $$",
                "",
            ),
            (
                "DO LANGUAGE plpython3u 'plpy.execute(\"delete from orders\")'",
                "lines orders",
            ),
        ],
    );
    expect(
        &MYSQL,
        &[
            ("SET @s = 'x'; PREPARE s FROM @s", ""),
            (
                "EXECUTE IMMEDIATE CONCAT('DELETE FROM ', 'orders')",
                "lines orders",
            ),
        ],
    );
    expect(
        &["sqlite"],
        &[
            ("WRONG orders HERE", "lines orders"),
            ("WRONG ordersx HERE", ""),
        ],
    );
}

#[test]
fn every_file_counts_and_none_panics() {
    for name in ALL {
        let engine = Engine::from_name(name).expect("it is one");
        let info = DatabaseInfo {
            engine: name.to_owned(),
            ..DatabaseInfo::default()
        };
        let files = ["ALTER TABLE a RENAME TO b", "DELETE FROM b"];
        let found = at_risk(engine, &info, &catalog(engine), &files);
        assert_eq!(found, [TableName::plain("a")]);
        for text in [
            "'",
            "$x$ é",
            "/*!",
            "/*!50000 DELETE FROM a",
            "N'",
            "\\",
            "DROP",
            "E'é",
        ] {
            let _ = at_risk(engine, &info, &catalog(engine), &[text]);
            let _ = words::within(engine, text);
        }
    }
}
