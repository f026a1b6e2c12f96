//! sqlx's history table on PostgreSQL, as `sqlx-postgres/src/migrate.rs` of sqlx 0.9 writes it.

use crate::db::dialect::{HistorySql, SearchPath};

/// Its statements. Each migration has a transaction of its own: one may need what another has committed, such as a new
/// value of an enum.
pub(in crate::db) const HISTORY: HistorySql = HistorySql {
    create: "CREATE TABLE IF NOT EXISTS _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMPTZ NOT NULL DEFAULT now(),
    success BOOLEAN NOT NULL,
    checksum BYTEA NOT NULL,
    execution_time BIGINT NOT NULL
)",
    exists: "SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = pg_catalog.current_schema() AND tablename = '_sqlx_migrations'",
    select: "SELECT version, description, installed_on, success, checksum FROM _sqlx_migrations ORDER BY version",
    insert: "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES ($1, $2, TRUE, $3, $4)",
    delete: "DELETE FROM _sqlx_migrations WHERE version = $1",
    one_transaction: false,
    begin: "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES ($1, $2, FALSE, $3, $4)",
    finish: "UPDATE _sqlx_migrations SET success = TRUE, execution_time = $1 WHERE version = $2",
    commits_by_itself: false,
    path: Some(SearchPath {
        get: "SELECT pg_catalog.current_setting('search_path')",
        set: "SELECT pg_catalog.set_config('search_path', $1, false)",
    }),
};
