//! sqlx's history table on SQLite, as `sqlx-sqlite/src/migrate.rs` of sqlx 0.9 writes it.

use crate::db::dialect::HistorySql;

/// Its statements.
pub(in crate::db) const HISTORY: HistorySql = HistorySql {
    create: "CREATE TABLE IF NOT EXISTS _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
)",
    exists: "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = '_sqlx_migrations'",
    select: "SELECT version, description, installed_on, success, checksum FROM _sqlx_migrations ORDER BY version",
    insert: "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (?1, ?2, TRUE, ?3, ?4)",
    delete: "DELETE FROM _sqlx_migrations WHERE version = ?1",
    one_transaction: true,
    begin: "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (?1, ?2, FALSE, ?3, ?4)",
    finish: "UPDATE _sqlx_migrations SET success = TRUE, execution_time = ?1 WHERE version = ?2",
    commits_by_itself: false,
    path: None,
};
