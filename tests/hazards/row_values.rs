//! Columns of a composite type on PostgreSQL: `IS NOT NULL` is false for a row value with one field that is NULL, and
//! `IS NULL` true for one of nothing but NULLs. It is a value all the same.

use super::hold;
use crate::harness::Fresh;
use crate::harness::databases::Database;

const SCHEMA: &str = "
CREATE TYPE address AS (street text, city text, zip text);
CREATE TYPE place AS (name text, home address);
CREATE TABLE users (id int PRIMARY KEY, home address, void address, spare address, place place);
INSERT INTO users SELECT g, ROW('S' || g, 'Köln', NULL)::address, ROW(NULL, NULL, NULL)::address, NULL,
    ROW('x', ROW('S', NULL, NULL)::address)::place FROM generate_series(1, 9) g;
CREATE TABLE twice (home address);
INSERT INTO twice VALUES (ROW('S', NULL, NULL)::address), (ROW('S', NULL, NULL)::address), (NULL);
";

#[tokio::test(flavor = "multi_thread")]
async fn a_row_value_with_nulls_in_it_is_a_value() {
    let Some(fresh) = Fresh::new(Database::Postgres).await else {
        return;
    };
    hold(
        &fresh,
        SCHEMA,
        &[
            ("ALTER TABLE users DROP COLUMN home", &["drop-column block"]),
            ("ALTER TABLE users DROP COLUMN void", &["drop-column block"]),
            ("ALTER TABLE users DROP COLUMN spare", &[]),
            (
                "DROP TYPE address CASCADE",
                &[
                    "drop-type warn",
                    "drop-column block",
                    "drop-column block",
                    "drop-column block",
                ],
            ),
            (
                "ALTER TYPE place DROP ATTRIBUTE home CASCADE",
                &["drop-column block"],
            ),
            ("ALTER TABLE users ALTER COLUMN home SET NOT NULL", &[]),
            ("ALTER TABLE users ALTER COLUMN void SET NOT NULL", &[]),
            (
                "ALTER TABLE users ALTER COLUMN spare SET NOT NULL",
                &["set-not-null block"],
            ),
            (
                "UPDATE users SET home = ROW('a', 'b', 'c') WHERE id < 3",
                &["update-rows block"],
            ),
            (
                "UPDATE users SET spare = ROW('a', 'b', 'c') WHERE spare IS NULL",
                &[],
            ),
            (
                "CREATE UNIQUE INDEX u ON twice (home)",
                &["add-unique block"],
            ),
            (
                "ALTER TABLE users ALTER COLUMN home TYPE text USING 'gone'",
                &["lossy-using block"],
            ),
        ],
    )
    .await;
}
