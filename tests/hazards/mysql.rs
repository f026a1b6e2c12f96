//! The rules on MariaDB (or the MySQL server the tests are pointed at).

use super::{database, hold, message, silent};
use crate::harness::Fresh;
use crate::harness::databases::Database;

const SCHEMA: &str = "
CREATE TABLE users (
    id INT AUTO_INCREMENT PRIMARY KEY, email VARCHAR(100) NOT NULL, name VARCHAR(40), fax VARCHAR(20), age INT,
    plan VARCHAR(10) DEFAULT 'free', bio VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin COMMENT 'who they are',
    score DECIMAL(10,2), seen DATETIME(6) NULL, touched TIMESTAMP NULL DEFAULT NULL, ratio DOUBLE,
    role ENUM('admin','user','guest') NOT NULL DEFAULT 'user', tags SET('a','b','c'),
    changed TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    UNIQUE KEY users_email (email), KEY users_name (name)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE comments (id INT AUTO_INCREMENT PRIMARY KEY, user_id INT NOT NULL, body TEXT,
    CONSTRAINT comments_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE);
CREATE TABLE points (id INT AUTO_INCREMENT PRIMARY KEY, user_id INT, amount INT, region INT, code INT);
CREATE TABLE country (region INT NOT NULL, code INT NOT NULL, PRIMARY KEY (region, code));
CREATE TABLE settings (name VARCHAR(40) PRIMARY KEY, value VARCHAR(40), hint VARCHAR(40));
CREATE TABLE noughts (id INT PRIMARY KEY);
INSERT INTO noughts VALUES (0), (5);
CREATE TABLE ones (id INT PRIMARY KEY);
INSERT INTO ones VALUES (1);
CREATE TABLE vacant (id INT AUTO_INCREMENT PRIMARY KEY, label VARCHAR(40), user_id INT);
CREATE TABLE logs (id INT NOT NULL, day INT NOT NULL, PRIMARY KEY (id, day))
    PARTITION BY RANGE (day) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20), PARTITION p2 VALUES LESS THAN (30));
CREATE TABLE logs_p0 (id INT NOT NULL, day INT NOT NULL, PRIMARY KEY (id, day));
CREATE VIEW names AS SELECT id, name FROM users;
CREATE FUNCTION one() RETURNS INT DETERMINISTIC RETURN 1;
CREATE TRIGGER count_points AFTER INSERT ON points FOR EACH ROW UPDATE users SET age = age + 1 WHERE id = NEW.user_id;
INSERT INTO users (id, email, name, fax, age, plan, bio, score, seen, touched, ratio, role, tags) VALUES
    (7, 'a@x.org', 'Ada', '1', 30, 'free', 'naïve ☃', 1.25, '2026-01-02 03:04:05.123456', '2026-01-02 03:04:05', 1.5, 'admin', 'a,b'),
    (19, 'b@x.org', 'Bob', '2', NULL, 'free', 'plain', 2.50, '2026-01-02 03:04:05', NULL, 2, 'user', 'c'),
    (44, 'c@x.org', 'bob', NULL, 40, NULL, NULL, NULL, NULL, NULL, NULL, 'user', NULL);
INSERT INTO comments (user_id, body) VALUES (7, 'hi'), (19, 'ho');
INSERT INTO points (id, user_id, amount, region, code) VALUES (1, 7, 5, 1, 1), (2, 99, 6, 1, NULL), (3, NULL, 7, 2, 2);
INSERT INTO country VALUES (1, 1);
INSERT INTO settings VALUES ('theme', 'dark', 'look'), ('lang', 'en', NULL);
INSERT INTO logs VALUES (1, 5), (2, 15), (3, 16);
";

async fn server() -> Option<Fresh> {
    Fresh::new(Database::Mysql).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_is_counted() {
    let Some(fresh) = server().await else { return };
    hold(&fresh, SCHEMA, &[
        ("DROP TABLE comments", &["drop-table block"]),
        ("DROP TABLE IF EXISTS nothing", &[]),
        ("DROP TABLE vacant", &[]),
        ("ALTER TABLE users DROP COLUMN fax", &["drop-column block"]),
        ("ALTER TABLE vacant DROP COLUMN label", &[]),
        ("TRUNCATE TABLE comments", &["truncate block"]),
        ("TRUNCATE vacant", &[]),
        ("DELETE FROM settings", &["delete-rows block"]),
        ("DELETE FROM settings WHERE 1 = 1", &["delete-rows block"]),
        ("DELETE FROM settings WHERE name = 'nothing'", &[]),
        ("DELETE u FROM users u JOIN comments c ON c.user_id = u.id WHERE u.age > 10", &["delete-rows block"]),
        ("UPDATE users SET age = 1", &["update-rows block", "update-rows note"]),
        ("UPDATE users SET fax = 'none' WHERE fax IS NULL", &["update-rows note"]),
        ("REPLACE INTO settings (name, value) VALUES ('theme', 'light')", &["replace-rows block"]),
        ("REPLACE INTO settings (name, value) VALUES ('other', 'light')", &[]),
        ("INSERT INTO settings (name, value) VALUES ('theme', 'x') ON DUPLICATE KEY UPDATE value = VALUES(value)", &["upsert block"]),
        ("CREATE TABLE zero (id INT PRIMARY KEY); INSERT INTO zero VALUES (0); ALTER TABLE zero MODIFY id INT AUTO_INCREMENT", &[]),
        ("ALTER TABLE noughts MODIFY id INT AUTO_INCREMENT", &["update-rows block"]),
        ("SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_AUTO_VALUE_ON_ZERO'); ALTER TABLE noughts MODIFY id INT AUTO_INCREMENT", &[]),
        ("SET SESSION sql_mode = REPLACE(@@sql_mode, 'NO_AUTO_VALUE_ON_ZERO', ''); ALTER TABLE noughts MODIFY id INT AUTO_INCREMENT", &["update-rows block"]),
        ("ALTER TABLE ones MODIFY id INT AUTO_INCREMENT", &[]),
        ("ALTER TABLE logs DROP PARTITION p0", &["drop-partition block"]),
        ("ALTER TABLE logs DROP PARTITION p2", &[]),
        ("ALTER TABLE logs TRUNCATE PARTITION p1", &["truncate-partition block"]),
        ("ALTER TABLE logs TRUNCATE PARTITION p2", &[]),
        ("ALTER TABLE logs EXCHANGE PARTITION p0 WITH TABLE logs_p0", &["exchange-partition block"]),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_fail_is_known_before() {
    let Some(fresh) = server().await else { return };
    hold(&fresh, SCHEMA, &[
        ("ALTER TABLE users ADD COLUMN c VARCHAR(10) NOT NULL", &["add-required-column block"]),
        ("ALTER TABLE vacant ADD COLUMN c VARCHAR(10) NOT NULL", &[]),
        ("ALTER TABLE users ADD COLUMN c VARCHAR(10) NOT NULL DEFAULT ''", &[]),
        ("ALTER TABLE settings ADD COLUMN c INT NOT NULL AUTO_INCREMENT UNIQUE", &[]),
        ("CREATE UNIQUE INDEX u ON users (name)", &["add-unique block"]),
        ("CREATE UNIQUE INDEX u ON users (fax)", &[]),
        ("ALTER TABLE users ADD UNIQUE KEY u (plan)", &["add-unique block"]),
        ("ALTER TABLE users ADD UNIQUE KEY u (plan, name)", &[]),
        ("ALTER TABLE users ADD UNIQUE KEY u (email, plan)", &[]),
        ("ALTER TABLE users ADD CONSTRAINT c CHECK (age > 35)", &["add-check block"]),
        ("ALTER TABLE users ADD CONSTRAINT c CHECK (age > 3)", &[]),
        ("ALTER TABLE points ADD CONSTRAINT f FOREIGN KEY (user_id) REFERENCES users (id)", &["add-foreign-key block"]),
        ("ALTER TABLE points ADD CONSTRAINT f FOREIGN KEY (region, code) REFERENCES country (region, code)", &["add-foreign-key block"]),
        ("DELETE FROM points WHERE id = 9; ALTER TABLE vacant ADD CONSTRAINT f FOREIGN KEY (user_id) REFERENCES users (id)", &[]),
        ("ALTER TABLE users MODIFY age INT NOT NULL", &["set-not-null block"]),
        ("ALTER TABLE users MODIFY touched TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP", &["set-not-null block"]),
        ("ALTER TABLE vacant MODIFY label VARCHAR(40) NOT NULL", &[]),
        ("ALTER TABLE settings DROP PRIMARY KEY, ADD PRIMARY KEY (value)", &[]),
        ("ALTER TABLE points MODIFY id INT NOT NULL, DROP PRIMARY KEY, ADD PRIMARY KEY (region)", &["modify-drops-attributes block", "change-primary-key block"]),
        ("ALTER TABLE settings ADD PRIMARY KEY (value)", &["change-primary-key block"]),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_would_change_are_counted() {
    let Some(fresh) = server().await else { return };
    hold(&fresh, SCHEMA, &[
        ("ALTER TABLE users MODIFY score DECIMAL(10,1)", &["narrow-type block"]),
        ("ALTER TABLE users MODIFY score DECIMAL(12,2)", &[]),
        ("ALTER TABLE users MODIFY seen DATETIME", &["narrow-type block"]),
        ("ALTER TABLE users MODIFY ratio FLOAT", &[]),
        ("ALTER TABLE users MODIFY ratio INT", &["narrow-type block"]),
        ("ALTER TABLE users MODIFY fax VARCHAR(30)", &[]),
        ("ALTER TABLE users MODIFY role ENUM('user','guest') NOT NULL DEFAULT 'user'", &["remove-enum-value block"]),
        ("ALTER TABLE users MODIFY role ENUM('admin','user') NOT NULL DEFAULT 'user'", &[]),
        ("ALTER TABLE users MODIFY tags SET('a','b')", &["remove-enum-value block"]),
        ("ALTER TABLE users MODIFY bio VARCHAR(200) CHARACTER SET latin1 COMMENT 'x'", &["narrow-charset block"]),
        ("ALTER TABLE settings CONVERT TO CHARACTER SET latin1", &[]),
        ("ALTER TABLE users CONVERT TO CHARACTER SET latin1", &["narrow-charset block"]),
        ("ALTER TABLE users MODIFY bio VARCHAR(200)", &["modify-drops-attributes block"]),
        ("ALTER TABLE users MODIFY plan VARCHAR(20)", &["modify-drops-attributes block"]),
        ("ALTER TABLE users CHANGE changed changed TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP", &["modify-drops-attributes block"]),
        ("ALTER TABLE users CHANGE fax telefax VARCHAR(20)", &["rename-column warn"]),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_weakens_or_breaks_is_named() {
    let Some(fresh) = server().await else { return };
    hold(&fresh, SCHEMA, &[
        ("ALTER TABLE settings ENGINE=MEMORY", &["volatile-engine block"]),
        ("ALTER TABLE vacant ENGINE=MEMORY", &[]),
        ("SET SESSION sql_mode = ''; ALTER TABLE users MODIFY fax VARCHAR(30)", &["relax-sql-mode block"]),
        ("SET SESSION sql_mode = ''; CREATE TABLE t (a INT); INSERT INTO t VALUES (1)", &[]),
        ("ALTER TABLE users ALTER COLUMN plan DROP DEFAULT", &["drop-default warn"]),
        ("ALTER TABLE comments DROP FOREIGN KEY comments_user", &["drop-constraint warn"]),
        ("ALTER TABLE comments DROP FOREIGN KEY comments_user; ALTER TABLE comments ADD CONSTRAINT comments_user FOREIGN KEY (user_id) REFERENCES users (id)", &[]),
        ("DROP INDEX users_email ON users", &["drop-unique-index warn"]),
        ("ALTER TABLE users DROP INDEX users_email, ADD UNIQUE INDEX by_email (email)", &[]),
        ("ALTER TABLE users ADD UNIQUE INDEX by_email (email), DROP INDEX users_email", &[]),
        ("ALTER TABLE users DROP INDEX users_email, ADD INDEX by_email (email)", &["drop-unique-index warn"]),
        ("DROP INDEX users_email ON users; CREATE UNIQUE INDEX by_email ON users (email)", &[]),
        ("DROP INDEX users_name ON users", &[]),
        ("ALTER TABLE settings DROP PRIMARY KEY", &["drop-constraint warn"]),
        ("RENAME TABLE settings TO options", &["rename-table warn"]),
        ("ALTER TABLE settings RENAME COLUMN hint TO help", &["rename-column warn"]),
        ("DROP VIEW names", &["drop-view warn"]),
        ("DROP FUNCTION one", &["drop-function warn"]),
        ("DROP TRIGGER count_points", &["drop-trigger warn"]),
        ("START TRANSACTION; INSERT INTO settings VALUES ('a', 'b', 'c'); ALTER TABLE vacant ADD COLUMN c INT; COMMIT", &["implicit-commit warn"]),
        ("ALTER TABLE points ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES users (id) ON DELETE CASCADE", &["add-cascade note", "add-foreign-key block"]),
        ("ALTER TABLE logs PARTITION BY HASH (day) PARTITIONS 2", &["repartition warn"]),
        ("PREPARE s FROM 'SELECT 1'; EXECUTE s", &[]),
        ("ALTER TABLE users ADD CONSTRAINT c CHECK (age > 1); ALTER TABLE users DROP CONSTRAINT c", &[]),
        ("DROP EVENT IF EXISTS nothing", &[]),
    ])
    .await;
}

/// An engine is changed by a whole copy: what it does not keep is gone, and foreign keys keep the server from it.
#[tokio::test(flavor = "multi_thread")]
async fn another_engine_is_told_by_what_it_keeps() {
    let Some(fresh) = server().await else { return };
    let schema = format!(
        "{SCHEMA} CREATE TABLE plain (id INT PRIMARY KEY) ENGINE=MyISAM; INSERT INTO plain VALUES (1);"
    );
    let schema: &'static str = schema.leak();
    hold(&fresh, schema, &[
        ("ALTER TABLE users ENGINE=InnoDB", &[]),
        ("ALTER TABLE users ENGINE = InnoDB ROW_FORMAT = DYNAMIC, ADD COLUMN nick VARCHAR(20)", &[]),
        ("ALTER TABLE settings ENGINE=MyISAM", &["weaker-engine warn"]),
        ("ALTER TABLE vacant ENGINE=MyISAM", &[]),
        ("ALTER TABLE plain ENGINE=MyISAM", &[]),
        ("ALTER TABLE plain ENGINE=InnoDB", &[]),
        ("CREATE TABLE t (a INT, FOREIGN KEY (a) REFERENCES users (id)) ENGINE=MyISAM", &["weaker-engine warn"]),
        ("CREATE TABLE t (a INT) ENGINE=MEMORY", &["volatile-engine note"]),
    ])
    .await;
    let there = database(&fresh, schema).await;
    for sql in [
        "ALTER TABLE users ENGINE=MyISAM",
        "ALTER TABLE comments ENGINE=MEMORY",
        "ALTER TABLE comments DROP FOREIGN KEY comments_user, ENGINE=MyISAM",
    ] {
        let lint = super::judged(&there, sql).await;
        let block = lint.blocking().next().expect(sql);
        assert!(block.message.contains("comments_user"), "{block:?}");
        assert!(super::run(&there, sql).await.is_err(), "{sql}");
    }
    let apart =
        "ALTER TABLE comments DROP FOREIGN KEY comments_user; ALTER TABLE comments ENGINE=MyISAM";
    let lint = super::judged(&there, apart).await;
    assert_eq!(
        super::said(&lint),
        ["drop-constraint warn", "weaker-engine warn"]
    );
    super::run(&there, apart).await.expect("it runs");
}

/// What only MariaDB has, or does.
#[tokio::test(flavor = "multi_thread")]
async fn what_only_mariadb_does_is_asked_too() {
    let Some(fresh) = server().await else { return };
    let mut session = fresh.session().await;
    if session.info().await.expect("it answers").engine != "mariadb" {
        return;
    }
    let schema = "CREATE TABLE prices (id INT PRIMARY KEY, price INT) WITH SYSTEM VERSIONING;
         CREATE TABLE calm (id INT PRIMARY KEY) WITH SYSTEM VERSIONING;
         INSERT INTO prices VALUES (1, 5); UPDATE prices SET price = 6; INSERT INTO calm VALUES (1);";
    hold(
        &fresh,
        schema,
        &[
            (
                "ALTER TABLE prices DROP SYSTEM VERSIONING",
                &["delete-history block"],
            ),
            ("DELETE HISTORY FROM prices", &["delete-history block"]),
            ("ALTER TABLE calm DROP SYSTEM VERSIONING", &[]),
        ],
    )
    .await;
    hold(
        &fresh,
        SCHEMA,
        &[
            (
                "ALTER IGNORE TABLE users ADD UNIQUE KEY u (fax)",
                &["alter-ignore block"],
            ),
            // MySQL does not change a column that a foreign key points to.
            (
                "ALTER TABLE users MODIFY id INT",
                &["modify-drops-attributes block"],
            ),
        ],
    )
    .await;
}

/// MariaDB looks neither at a sequence's columns when it drops it, nor at their rows when it counts anew.
#[tokio::test(flavor = "multi_thread")]
async fn sequences_that_go_and_come_are_told() {
    let Some(fresh) = server().await else { return };
    let mut session = fresh.session().await;
    if session.info().await.expect("it answers").engine != "mariadb" {
        return;
    }
    let schema =
        "CREATE SEQUENCE tickets; CREATE SEQUENCE used; CREATE SEQUENCE fresh; DO NEXTVAL(used);
         CREATE TABLE seats (id INT PRIMARY KEY DEFAULT NEXTVAL(tickets), who VARCHAR(10));
         INSERT INTO seats (id, who) VALUES (1, 'x'), (2, 'y');";
    hold(
        &fresh,
        schema,
        &[
            (
                "ALTER SEQUENCE tickets RESTART WITH 1",
                &["restart-sequence warn"],
            ),
            ("ALTER SEQUENCE tickets RESTART WITH 50", &[]),
            ("DROP SEQUENCE tickets", &["drop-sequence block"]),
            ("DROP TABLE tickets", &["drop-sequence block"]),
            ("RENAME TABLE tickets TO cards", &["drop-sequence block"]),
            (
                "ALTER TABLE seats ALTER id DROP DEFAULT; DROP SEQUENCE tickets",
                &["drop-default warn", "drop-sequence warn"],
            ),
            (
                "CREATE OR REPLACE SEQUENCE tickets START WITH 1",
                &["restart-sequence warn"],
            ),
            (
                "CREATE OR REPLACE SEQUENCE tickets START WITH 50",
                &[],
            ),
            (
                "DROP SEQUENCE tickets; CREATE SEQUENCE tickets",
                &["restart-sequence warn"],
            ),
            (
                "DROP SEQUENCE tickets; CREATE SEQUENCE IF NOT EXISTS tickets MINVALUE = 3 START = 3 CACHE 10",
                &[],
            ),
            ("CREATE SEQUENCE IF NOT EXISTS tickets START 1", &[]),
            ("CREATE SEQUENCE other; DROP SEQUENCE other; CREATE SEQUENCE other", &[]),
            (
                "CREATE OR REPLACE SEQUENCE used START WITH 2",
                &["restart-sequence warn"],
            ),
            (
                "CREATE OR REPLACE SEQUENCE used START WITH 5000",
                &[],
            ),
            ("CREATE OR REPLACE SEQUENCE fresh", &[]),
        ],
    )
    .await;
}

/// A server may tell `Users` from `users`, or not: both find the table.
#[tokio::test(flavor = "multi_thread")]
async fn other_databases_are_said_to_be_out_of_sight() {
    let Some(fresh) = server().await else { return };
    let there = fresh.another().await;
    there
        .other_program("CREATE TABLE t (a INT); INSERT INTO t VALUES (1)")
        .await;
    let name = there
        .url()
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_owned();
    let fresh = database(&fresh, SCHEMA).await;
    for (sql, expected) in [
        (format!("DROP TABLE {name}.t"), vec!["drop-table warn"]),
        (
            format!("USE {name}; DELETE FROM t"),
            vec!["delete-rows warn"],
        ),
        ("DELETE FROM Settings".to_owned(), vec!["delete-rows block"]),
    ] {
        let lint = super::judged(&fresh, &sql).await;
        assert_eq!(super::said(&lint), expected, "{sql}: {:?}", lint.findings);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_harms_nobody_is_silent() {
    let Some(fresh) = server().await else { return };
    silent(&fresh, SCHEMA, &[
        "CREATE TABLE t (id INT PRIMARY KEY, a TEXT); ALTER TABLE t ADD COLUMN b INT NOT NULL; INSERT INTO t VALUES (1, 'x', 2); DROP TABLE t",
        "CREATE TEMPORARY TABLE settings (a INT); DELETE FROM settings; DROP TEMPORARY TABLE settings",
        "-- DROP TABLE users\n/* DELETE FROM users; */ SELECT 'DROP TABLE users'; # TRUNCATE users",
        "ALTER TABLE users ADD COLUMN nick VARCHAR(20), ADD INDEX nicks (nick)",
        "CREATE INDEX i ON users (age)",
        "/*!40101 SET NAMES utf8mb4 */; SET FOREIGN_KEY_CHECKS = 0; SET FOREIGN_KEY_CHECKS = 1",
        "ALTER TABLE users COMMENT = 'people'",
        "INSERT INTO settings (name) VALUES ('x')",
        "CREATE VIEW v AS SELECT 1; DROP VIEW v",
        "ALTER TABLE users MODIFY name VARCHAR(80)",
        "ALTER TABLE users MODIFY age BIGINT",
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_count_and_give_keys() {
    let Some(fresh) = server().await else { return };
    let fresh = database(&fresh, SCHEMA).await;
    for (sql, expected) in [
        (
            "ALTER TABLE users DROP COLUMN fax",
            "2 of 3 rows of `users` have a value in `fax`, which would be lost; e.g. id 7, 19",
        ),
        (
            "ALTER TABLE users ADD COLUMN `referralCode` VARCHAR(20) NOT NULL",
            "3 rows of `users` would get 0, '' or another empty value in the required column `referralCode`, in silence; e.g. id 7, 19, 44",
        ),
        (
            "CREATE UNIQUE INDEX u ON users (name)",
            "2 of 3 rows of `users` share their `name` with another row; e.g. id 19, 44",
        ),
        (
            "ALTER TABLE users MODIFY role ENUM('user') NOT NULL DEFAULT 'user'",
            "1 of 3 rows of `users` have a value in `role` that the new type no longer has (admin, guest); e.g. id 7",
        ),
    ] {
        assert_eq!(message(&fresh, sql).await, expected, "{sql}");
    }
}
