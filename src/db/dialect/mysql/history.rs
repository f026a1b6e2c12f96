//! sqlx's history table on MySQL, as `sqlx-mysql/src/migrate.rs` of sqlx 0.9 writes it, and the lock it migrates under.

use crate::db::dialect::HistorySql;

/// Its statements. DDL commits by itself, so no two migrations share a transaction, and a migration's row is there
/// before its first statement.
pub(in crate::db) const HISTORY: HistorySql = HistorySql {
    create: "CREATE TABLE IF NOT EXISTS _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
)",
    exists: "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '_sqlx_migrations'",
    select: "SELECT version, description, installed_on, success, checksum FROM _sqlx_migrations ORDER BY version",
    insert: "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (?, ?, TRUE, ?, ?)",
    delete: "DELETE FROM _sqlx_migrations WHERE version = ?",
    one_transaction: false,
    begin: "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (?, ?, FALSE, ?, ?)",
    finish: "UPDATE _sqlx_migrations SET success = TRUE, execution_time = ? WHERE version = ?",
    commits_by_itself: true,
    path: None,
};

/// The name of the lock sqlx takes with GET_LOCK for a database.
pub(super) fn lock_name(database: &str) -> String {
    format!(
        "{:x}",
        0x3d32_ad9e_i64 * i64::from(crc32(database.as_bytes()))
    )
}

/// CRC-32/ISO-HDLC, bit by bit: names are short.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_the_catalogue() {
        // The check value of <https://reveng.sourceforge.io/crc-catalogue/all.htm#crc.cat.crc-32-iso-hdlc>.
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(
            lock_name("123456789"),
            format!("{:x}", 0x3d32_ad9e_i64 * 0xcbf4_3926_i64)
        );
    }
}
