//! A hazard that no row meets is none, and what nobody could ask is said as the condition it is.

use dbscript::hazard::Options;

use super::{database, hold, judged, judged_with, said, silent};
use crate::harness::Fresh;
use crate::harness::databases::Database;

const POSTGRES: &str = "
CREATE TYPE mood AS ENUM ('glad', 'sad');
CREATE TABLE users (id int PRIMARY KEY, name text, age int);
CREATE TABLE pets (id int PRIMARY KEY, owner int, kind text);
CREATE TABLE empty (id int PRIMARY KEY, label text, user_id int, mood mood, during tsrange);
CREATE TABLE logs (id int, day int NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE logs_none (id int, day int NOT NULL);
INSERT INTO users VALUES (1, 'a', NULL), (2, 'b', 3);
INSERT INTO pets VALUES (1, NULL, 'cat'), (2, NULL, 'dog');";

#[tokio::test(flavor = "multi_thread")]
async fn no_row_is_no_hazard_on_postgres() {
    let Some(fresh) = Fresh::new(Database::Postgres).await else {
        return;
    };
    silent(&fresh, POSTGRES, &[
        "ALTER TABLE empty ADD COLUMN c int; UPDATE empty SET c = 1; ALTER TABLE empty ALTER COLUMN c SET NOT NULL",
        "UPDATE empty SET label = 'x'; CREATE UNIQUE INDEX u ON empty (label)",
        "UPDATE empty SET label = 'x'; ALTER TABLE empty ADD COLUMN c int NOT NULL",
        "UPDATE empty SET id = 2; ALTER TABLE empty DROP CONSTRAINT empty_pkey, ADD PRIMARY KEY (label)",
        "DELETE FROM empty; ALTER TABLE empty ADD CONSTRAINT c CHECK (id > 5)",
        "UPDATE empty SET id = 1; ALTER TABLE empty ADD CONSTRAINT x EXCLUDE USING gist (during WITH &&)",
        "UPDATE empty SET label = '1'; ALTER TABLE empty ALTER COLUMN label TYPE int USING label::int",
        "INSERT INTO users VALUES (3, 'c', 4); ALTER TABLE empty ADD CONSTRAINT f FOREIGN KEY (user_id) REFERENCES users",
        "INSERT INTO users VALUES (3, 'c', 4); ALTER TABLE pets ADD CONSTRAINT f FOREIGN KEY (owner) REFERENCES users",
        "DELETE FROM pets WHERE id = 9; ALTER TABLE pets ALTER COLUMN kind SET NOT NULL",
        "DELETE FROM pets WHERE id = 9; ALTER TABLE pets ADD CONSTRAINT u UNIQUE (kind)",
        "ALTER TABLE logs ATTACH PARTITION logs_none DEFAULT",
        "UPDATE logs_none SET id = 1; ALTER TABLE logs ATTACH PARTITION logs_none FOR VALUES FROM (1) TO (2)",
        "CREATE FUNCTION fine(int) RETURNS boolean LANGUAGE sql AS 'SELECT $1 > 5'; ALTER TABLE empty ADD CONSTRAINT c CHECK (fine(id))",
        "CREATE TYPE now AS ENUM ('well'); ALTER TABLE empty ALTER COLUMN mood TYPE now USING (CASE mood WHEN 'glad' THEN 'well' END::now)",
        "DO $$ BEGIN DELETE FROM empty; END $$; ALTER TABLE empty ADD COLUMN c int NOT NULL",
    ])
    .await;
    hold(&fresh, POSTGRES, &[
        ("TRUNCATE pets; ALTER TABLE pets ADD COLUMN c int NOT NULL", &["truncate block"]),
        ("DELETE FROM pets; ALTER TABLE pets ALTER COLUMN owner SET NOT NULL", &["delete-rows block"]),
        ("DELETE FROM pets; INSERT INTO pets VALUES (1, 2, 'x'); ALTER TABLE pets ALTER COLUMN owner SET NOT NULL", &["delete-rows block", "set-not-null warn"]),
        ("INSERT INTO empty VALUES (1, 'x'); ALTER TABLE empty ALTER COLUMN label SET NOT NULL", &["set-not-null warn"]),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_row_is_no_hazard_on_mysql() {
    let Some(fresh) = Fresh::new(Database::Mysql).await else {
        return;
    };
    let schema = "CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(20), age INT);
        CREATE TABLE pets (id INT PRIMARY KEY, owner INT, kind VARCHAR(20));
        CREATE TABLE vacant (id INT PRIMARY KEY, label VARCHAR(20), user_id INT, score DECIMAL(10,2));
        INSERT INTO users VALUES (1, 'a', NULL), (2, 'b', 3);
        INSERT INTO pets VALUES (1, NULL, 'cat'), (2, NULL, 'dog');";
    silent(&fresh, schema, &[
        "ALTER TABLE vacant ADD COLUMN c INT; UPDATE vacant SET c = 1; ALTER TABLE vacant MODIFY c INT NOT NULL",
        "UPDATE vacant SET label = 'x'; CREATE UNIQUE INDEX u ON vacant (label)",
        "UPDATE vacant SET label = 'x'; ALTER TABLE vacant ADD COLUMN c INT NOT NULL",
        "UPDATE vacant SET id = 2; ALTER TABLE vacant DROP PRIMARY KEY, ADD PRIMARY KEY (label)",
        "DELETE FROM vacant; ALTER TABLE vacant ADD CONSTRAINT c CHECK (id > 5)",
        "UPDATE vacant SET id = 1; ALTER TABLE vacant MODIFY score DECIMAL(5,1)",
        "UPDATE vacant SET id = 1; ALTER TABLE vacant ENGINE=MyISAM",
        "INSERT INTO users VALUES (3, 'c', 4); ALTER TABLE vacant ADD CONSTRAINT f FOREIGN KEY (user_id) REFERENCES users (id)",
        "INSERT INTO users VALUES (3, 'c', 4); ALTER TABLE pets ADD CONSTRAINT f FOREIGN KEY (owner) REFERENCES users (id)",
        "DELETE FROM pets WHERE id = 9; ALTER TABLE pets MODIFY kind VARCHAR(20) NOT NULL",
    ])
    .await;
    hold(&fresh, schema, &[
        ("TRUNCATE pets; ALTER TABLE pets MODIFY owner INT NOT NULL", &["truncate block"]),
        ("INSERT INTO vacant (id, label) VALUES (1, 'x'); ALTER TABLE vacant MODIFY label VARCHAR(20) NOT NULL", &["set-not-null warn"]),
    ])
    .await;
}

/// What the rows of now do not tell is no fact.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_rehearsal_decides_is_said_as_a_condition() {
    let Some(fresh) = Fresh::new(Database::Postgres).await else {
        return;
    };
    let fresh = database(&fresh, POSTGRES).await;
    let write = "UPDATE pets SET kind = 'x' WHERE id = 9";
    for (sql, expected) in [
        (
            "ALTER TABLE pets ALTER COLUMN owner SET NOT NULL",
            "would fail if rows of `pets` have NULL in `owner`, which becomes NOT NULL",
        ),
        (
            "CREATE UNIQUE INDEX u ON pets (kind)",
            "would fail if rows of `pets` share their `kind` with another row",
        ),
        (
            "ALTER TABLE pets ADD CONSTRAINT c CHECK (id > 1)",
            "would fail if rows of `pets` break CHECK (id > 1)",
        ),
        (
            "ALTER TABLE pets ADD CONSTRAINT f FOREIGN KEY (owner) REFERENCES users",
            "would fail if rows of `pets` point to no row of `users` with `owner`",
        ),
        (
            "ALTER TABLE pets ADD COLUMN c int NOT NULL",
            "would fail if `pets` has rows: they have no value for the required column `c`",
        ),
        (
            "ALTER TABLE pets ALTER COLUMN kind TYPE int USING kind::int",
            "would fail if rows of `pets` have a value in `kind` that",
        ),
    ] {
        let lint = judged(&fresh, &format!("{write}; {sql}")).await;
        let messages: Vec<&str> = lint
            .findings
            .iter()
            .map(|finding| finding.message.as_str())
            .collect();
        let told = messages.iter().any(|message| {
            message.starts_with(expected) && message.ends_with("so the rehearsal decides")
        });
        assert!(told, "{sql}: {messages:?}");
        let alone = judged_with(&fresh, &format!("{write}; {sql}"), &Options::default()).await;
        assert!(alone.blocking().count() > 0, "{sql}: {:?}", said(&alone));
    }
}
