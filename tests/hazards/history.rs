//! What rows were before, which MariaDB keeps of system-versioned tables and no backup holds.

use super::hold;
use crate::harness::Fresh;
use crate::harness::databases::Database;

/// Tables without a row that have history, with rows that have none, and with both.
const SCHEMA: &str = "
CREATE TABLE prices (id INT PRIMARY KEY, price INT) WITH SYSTEM VERSIONING;
INSERT INTO prices VALUES (1, 5); UPDATE prices SET price = 6;
CREATE TABLE calm (id INT PRIMARY KEY) WITH SYSTEM VERSIONING; INSERT INTO calm VALUES (1);
CREATE TABLE past (id INT PRIMARY KEY, price INT) WITH SYSTEM VERSIONING;
INSERT INTO past VALUES (1, 5); DELETE FROM past;
CREATE TABLE never (id INT PRIMARY KEY) WITH SYSTEM VERSIONING;
CREATE TABLE worn (id INT PRIMARY KEY, v INT, w INT) WITH SYSTEM VERSIONING;
INSERT INTO worn VALUES (1, 5, NULL); UPDATE worn SET v = NULL;
CREATE TABLE fine (id INT PRIMARY KEY, p DECIMAL(9, 2), n VARCHAR(9), at DATETIME(6)) WITH SYSTEM VERSIONING;
INSERT INTO fine VALUES (1, 10.55, NULL, '2024-01-01 00:00:00.5'); UPDATE fine SET p = 11, n = 'x', at = '2024-01-01';
CREATE TABLE parted (id INT) WITH SYSTEM VERSIONING
    PARTITION BY SYSTEM_TIME LIMIT 100 (PARTITION p0 HISTORY, PARTITION p1 HISTORY, PARTITION pn CURRENT);
INSERT INTO parted VALUES (1); UPDATE parted SET id = 2;";

const GOES: &str = "delete-history block";

#[tokio::test(flavor = "multi_thread")]
async fn history_that_goes_with_its_table_column_or_partition_is_told() {
    let Some(fresh) = Fresh::new(Database::Mysql).await else {
        return;
    };
    let mut session = fresh.session().await;
    if session.info().await.expect("it answers").engine != "mariadb" {
        return;
    }
    hold(
        &fresh,
        SCHEMA,
        &[
            ("DROP TABLE past", &[GOES]),
            ("DROP TABLE never", &[]),
            ("DROP TABLE calm", &["drop-table block"]),
            ("DROP TABLE prices", &[GOES, "drop-table block"]),
            ("CREATE OR REPLACE TABLE past (id INT)", &[GOES]),
            (
                "CREATE TABLE new (id INT PRIMARY KEY, price INT); INSERT INTO new SELECT * FROM past;
                 DROP TABLE past; RENAME TABLE new TO past",
                &[GOES, "copy-race warn"],
            ),
            (
                "RENAME TABLE past TO old; DROP TABLE old",
                &["rename-table warn", GOES],
            ),
            (
                "ALTER TABLE past DROP SYSTEM VERSIONING; DROP TABLE past",
                &[GOES],
            ),
            (
                "SET @@system_versioning_alter_history = 'KEEP'; ALTER TABLE worn DROP COLUMN v",
                &["drop-column block"],
            ),
            (
                "SET @@system_versioning_alter_history = 'KEEP'; ALTER TABLE worn DROP COLUMN w",
                &[],
            ),
            (
                "ALTER TABLE parted DROP PARTITION p0",
                &["drop-partition block"],
            ),
            ("ALTER TABLE parted DROP PARTITION p1", &[]),
        ],
    )
    .await;
}

/// A change of type changes what rows were as well, in silence, and no backup holds that.
#[tokio::test(flavor = "multi_thread")]
async fn history_that_a_change_of_type_would_cut_is_told() {
    let Some(fresh) = Fresh::new(Database::Mysql).await else {
        return;
    };
    let mut session = fresh.session().await;
    if session.info().await.expect("it answers").engine != "mariadb" {
        return;
    }
    hold(
        &fresh,
        SCHEMA,
        &[
            (
                "SET @@system_versioning_alter_history = 'KEEP'; ALTER TABLE fine MODIFY p DECIMAL(9, 0)",
                &["narrow-type block"],
            ),
            (
                "SET @@system_versioning_alter_history = 'KEEP'; ALTER TABLE fine MODIFY at DATETIME",
                &["narrow-type block"],
            ),
            (
                "SET @@system_versioning_alter_history = 'KEEP'; ALTER TABLE fine MODIFY n VARCHAR(9) NOT NULL",
                &["set-not-null block"],
            ),
            (
                "SET @@system_versioning_alter_history = 'KEEP'; ALTER TABLE fine MODIFY p DECIMAL(12, 2)",
                &[],
            ),
        ],
    )
    .await;
}
