//! Rows that are deleted, changed, replaced.

use super::{SCHEMA, all, expect, message, online, silent};
use crate::hazard::What;

#[tokio::test]
async fn deletes_that_meet_rows_are_counted() {
    let lint = expect(
        "DELETE FROM settings WHERE value = 'dark'",
        &["delete-rows block"],
    )
    .await;
    let probe = lint.findings[0].probe.as_deref();
    assert_eq!(
        probe,
        Some("SELECT count(*) FROM \"settings\" WHERE (value = 'dark'\n)")
    );
    let text = lint.findings[0].message.clone();
    assert_eq!(
        text,
        "1 of 2 rows of `settings` would be deleted; e.g. key theme"
    );
    let text = message("DELETE FROM users").await;
    assert!(
        text.starts_with("3 rows of `users` would be deleted; rows of `comments`"),
        "{text}"
    );
    all(&[
        ("DELETE FROM users WHERE 1 = 1", &["delete-rows block"]),
        ("DELETE FROM users WHERE true OR id = 9", &["delete-rows block"]),
        ("delete from \"main\".[users] where id in (select user_id from comments)", &["delete-rows block"]),
        ("WITH old AS (SELECT id FROM users WHERE age > 35) DELETE FROM users WHERE id IN (SELECT id FROM old) RETURNING id", &["delete-rows block"]),
        ("DELETE FROM users AS u WHERE u.age = 30 -- why\n", &["delete-rows block"]),
        ("DELETE FROM users WHERE id = 7; DELETE FROM users WHERE id = 8", &["delete-rows block", "delete-rows warn"]),
        ("CREATE TABLE keep (id); INSERT INTO keep SELECT 1; DELETE FROM users WHERE id NOT IN (SELECT id FROM keep)", &["delete-rows warn"]),
        ("DELETE FROM names", &["delete-rows warn"]),
        ("DELETE FROM users WHERE nonsense(id)", &["delete-rows warn"]),
    ])
    .await;
}

#[tokio::test]
async fn deletes_that_meet_nothing_are_silent() {
    silent(&[
        "DELETE FROM empty",
        "DELETE FROM users WHERE id = 999",
        "DELETE FROM users WHERE 0",
        "DELETE FROM users WHERE 1 = 2 AND id = 7",
        "CREATE TABLE t (a); INSERT INTO t VALUES (1); DELETE FROM t",
        "DELETE FROM nowhere",
        "WITH none AS (SELECT 0 AS id) DELETE FROM users WHERE id IN (SELECT id FROM none)",
    ])
    .await;
}

#[tokio::test]
async fn updates_that_overwrite_are_counted() {
    let text = message("UPDATE users SET name = 'x' WHERE age > 35").await;
    assert_eq!(
        text,
        "1 of 3 rows of `users` would have `name` overwritten; e.g. id 44"
    );
    all(&[
        ("UPDATE users SET plan = 'paid'", &["update-rows block"]),
        (
            "UPDATE users SET plan = 'paid' WHERE 'a' = 'a'",
            &["update-rows block"],
        ),
        (
            "WITH x AS (SELECT 7 AS id) UPDATE users SET plan = 'x' WHERE id IN (SELECT id FROM x)",
            &["update-rows block"],
        ),
        (
            "UPDATE users SET name = c.body FROM comments AS c WHERE c.user_id = users.id",
            &["update-rows block"],
        ),
        (
            "UPDATE users SET name = 'x' WHERE name IS DISTINCT FROM 'x'",
            &["update-rows block"],
        ),
        (
            "UPDATE OR REPLACE users SET email = 'a@x.org' WHERE id = 19",
            &["replace-rows block", "update-rows block"],
        ),
    ])
    .await;
}

#[tokio::test]
async fn updates_that_only_fill_are_silent() {
    silent(&[
        "UPDATE users SET plan = 'free' WHERE plan IS NULL",
        "ALTER TABLE users ADD COLUMN role TEXT; UPDATE users SET role = 'member'",
        "UPDATE users SET plan = 'x' WHERE id = 999",
        "UPDATE empty SET label = 'x'",
        "CREATE TABLE t (a); UPDATE t SET a = 1",
        "UPDATE _sqlx_migrations SET success = 1",
    ])
    .await;
    let schema = "CREATE TABLE _prisma_migrations (id TEXT, logs TEXT); INSERT INTO _prisma_migrations VALUES ('a', 'b')";
    let lint = online(schema, "UPDATE _prisma_migrations SET logs = NULL").await;
    assert!(lint.findings.is_empty());
    let lint = online(SCHEMA, "UPDATE users SET plan = 'free' WHERE plan IS NULL").await;
    assert_eq!(lint.let_go[0].column.as_deref(), Some("plan"));
    assert_eq!(lint.let_go[0].what, What::Gaps);
    assert_eq!(lint.written, ["users"]);
}

#[tokio::test]
async fn replacing_asks_for_the_rows_that_conflict() {
    let text =
        message("INSERT OR REPLACE INTO settings (key, value) VALUES ('lang', 'de'), ('new', 'x')")
            .await;
    assert_eq!(
        text,
        "1 of 2 rows of `settings` would be deleted by the new ones that replace them; e.g. key lang"
    );
    all(&[
        ("REPLACE INTO users (id, email) SELECT id + 0, email || 'x' FROM users", &["replace-rows block"]),
        ("REPLACE INTO users (email) VALUES ('a@x.org')", &["replace-rows block"]),
        ("WITH s AS (SELECT 'lang' AS k) REPLACE INTO settings (key, value) SELECT k, 'x' FROM s", &["replace-rows block"]),
    ])
    .await;
    silent(&[
        "REPLACE INTO settings (key, value) VALUES ('other', 'x')",
        "REPLACE INTO comments (user_id, body) VALUES (7, 'x')",
        "INSERT OR IGNORE INTO settings VALUES ('lang', 'x', 'y')",
        "INSERT INTO settings VALUES ('lang', 'x', 'y') ON CONFLICT DO NOTHING",
        "CREATE TABLE t (a PRIMARY KEY); REPLACE INTO t VALUES (1)",
    ])
    .await;
}

/// Seed rows are written again and again.
#[tokio::test]
async fn an_upsert_is_told_where_rows_get_other_values() {
    let text = message(
        "INSERT INTO settings (key, value) VALUES ('lang', 'de'), ('theme', 'dark'), ('new', 'x') ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    )
    .await;
    assert_eq!(
        text,
        "1 of 2 rows of `settings` would have `value` overwritten by the new rows they conflict with; e.g. key lang"
    );
    all(&[
        ("INSERT INTO settings VALUES ('lang', 'EN', 'x') ON CONFLICT DO UPDATE SET value = excluded.value", &["upsert block"]),
        ("INSERT INTO settings (key) SELECT key FROM settings WHERE true ON CONFLICT (key) DO UPDATE SET value = value || '!'", &["upsert block"]),
        ("INSERT INTO users (id, email) VALUES (1, 'a@x.org') ON CONFLICT (email) DO UPDATE SET age = age + 1 WHERE age > 1", &["upsert block"]),
        ("WITH s AS (SELECT 'lang' AS k) INSERT INTO settings (key, value) SELECT k, 'de' FROM s WHERE true ON CONFLICT (key) DO UPDATE SET value = excluded.value", &["upsert block"]),
        // What nobody can tell here is left to the rehearsal.
        ("INSERT INTO settings (key) VALUES ('lang') ON CONFLICT (lower(key)) DO UPDATE SET value = 'x'", &["upsert warn"]),
        ("INSERT INTO settings (key) VALUES ('lang') ON CONFLICT (key) DO UPDATE SET (value, hint) = ('x', 'y')", &["upsert warn"]),
        ("INSERT INTO settings (key) VALUES ('z'); INSERT INTO settings (key) VALUES ('lang') ON CONFLICT (key) DO UPDATE SET value = 'x'", &["upsert warn"]),
    ])
    .await;
    silent(&[
        "INSERT INTO settings (key, value) VALUES ('a', 'b') ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        "INSERT INTO settings (key, value) VALUES ('lang', 'en') ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        "INSERT INTO settings (key, value) VALUES ('lang', 'de') ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE settings.value = 'fr'",
        "INSERT INTO users (id, age) VALUES (7, '30') ON CONFLICT (id) DO UPDATE SET age = excluded.age",
        "INSERT INTO empty (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET label = 'x'",
        "CREATE TABLE t (a PRIMARY KEY, b); INSERT INTO t VALUES (1, 2) ON CONFLICT (a) DO UPDATE SET b = 3",
    ])
    .await;
}

/// The ways through them are many more than the keys.
#[tokio::test]
async fn tables_that_point_to_one_another_are_asked_by_each_key_once() {
    let key = |of: usize| format!("k{of} INTEGER REFERENCES t{of}(id) ON DELETE CASCADE");
    let tables: Vec<String> = (0..7)
        .map(|table| {
            let keys: Vec<String> = (0..7).filter(|of| *of != table).map(key).collect();
            format!(
                "CREATE TABLE t{table} (id INTEGER PRIMARY KEY, {});",
                keys.join(", ")
            )
        })
        .collect();
    let sql = "-- dbscript: allow delete-rows(t0)\nDELETE FROM t0 WHERE id = 1";
    let schema = format!("{} INSERT INTO t0 (id) VALUES (1);", tables.concat());
    let asked = online(&schema, sql).await.unmet;
    assert!((36..40).contains(&asked.len()), "{}", asked.len());
}
