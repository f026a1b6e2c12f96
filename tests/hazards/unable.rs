//! What a migration's file cannot run at all on PostgreSQL, whatever the rows: told before the rehearsal fails of it.

use super::{database, judged};
use crate::harness::Fresh;
use crate::harness::databases::Database;
use dbscript::event::Severity;

const SCHEMA: &str = "
CREATE TABLE users (id int PRIMARY KEY, name text);
CREATE INDEX names ON users (name);
INSERT INTO users VALUES (1, 'ada');
CREATE TABLE logs (day int) PARTITION BY RANGE (day);
CREATE TABLE logs_0 PARTITION OF logs FOR VALUES FROM (0) TO (9);
";

#[tokio::test(flavor = "multi_thread")]
async fn what_a_transaction_refuses_fails_unless_the_file_runs_without_one() {
    let Some(fresh) = Fresh::new(Database::Postgres).await else {
        return;
    };
    let fresh = database(&fresh, SCHEMA).await;
    for sql in [
        "CREATE INDEX CONCURRENTLY i ON users (id)",
        "CREATE TABLE t (id int); CREATE INDEX CONCURRENTLY i ON t (id)",
        "DROP INDEX CONCURRENTLY names",
        "REINDEX TABLE CONCURRENTLY users",
        "REINDEX INDEX CONCURRENTLY names",
        "VACUUM users",
        "VACUUM",
        "ALTER TABLE logs DETACH PARTITION logs_0 CONCURRENTLY",
        "CREATE DATABASE other",
        "ALTER SYSTEM SET work_mem = '8MB'",
    ] {
        let refused = |sql: String| {
            let fresh = &fresh;
            async move {
                let lint = judged(fresh, &sql).await;
                let mut found = lint.findings.iter().filter(|found| {
                    found.fails && found.severity == Severity::Block && found.allowed.is_none()
                });
                found
                    .next()
                    .map(|found| found.hint.clone().unwrap_or_default())
            }
        };
        let hint = refused(sql.to_owned()).await;
        assert!(
            hint.as_ref()
                .is_some_and(|hint| hint.contains("`-- no-transaction`")),
            "{sql}: {hint:?}"
        );
        assert_eq!(
            refused(format!("-- no-transaction\n{sql}")).await,
            None,
            "{sql}"
        );
    }
    // It waits for a client that sends rows, transaction or not.
    for begin in ["", "-- no-transaction\n"] {
        let sql = format!("{begin}COPY users (id, name) FROM STDIN;\n2\tbob\n\\.\n");
        let lint = judged(&fresh, &sql).await;
        assert!(
            lint.blocking()
                .any(|found| found.fails && found.rule == "cannot-run"),
            "{:?}",
            lint.findings
        );
    }
}
