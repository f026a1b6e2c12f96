//! The last look at what a statement takes, right before it: what others have not committed yet is waited for, and what
//! came after the backup is told where it may go.

use crate::harness::databases::Database;
use crate::harness::{Project, wait_until};

const TABLES: &str = "CREATE TABLE big (id INTEGER PRIMARY KEY, nick VARCHAR(99));
    INSERT INTO big VALUES (1, NULL); CREATE TABLE cart (id INTEGER PRIMARY KEY, item VARCHAR(99));";

/// A procedure that lints and migrates.
const MIGRATES: &str = "const API = 1; const NEEDS = [\"db:write\"];
    fn main(args) {
        let pending = migrate::pending();
        migrate::lint(pending).refuse_unless_allowed();
        migrate::up(pending)
    }";

/// The same where a statement commits by itself: a look that waits for nobody sees nothing of what is not committed yet.
#[test]
fn what_is_not_committed_when_the_statement_comes_is_waited_for_and_seen() {
    for (sql, write) in [
        (
            "DROP TABLE cart;",
            "INSERT INTO cart VALUES (7, 'paid order')",
        ),
        (
            "TRUNCATE TABLE cart;",
            "INSERT INTO cart VALUES (7, 'paid order')",
        ),
        (
            "CREATE TABLE other (a INT);\nALTER TABLE big DROP COLUMN nick;",
            "UPDATE big SET nick = 'precious'",
        ),
        (
            "DROP TABLE IF EXISTS nothing, cart;",
            "INSERT INTO cart VALUES (7, 'paid order')",
        ),
        (
            "UPDATE cart SET item = '' WHERE id = 7;",
            "INSERT INTO cart VALUES (7, 'paid order')",
        ),
        (
            "-- no-transaction\nDELETE FROM cart WHERE id = 7;",
            "INSERT INTO cart VALUES (7, 'paid order')",
        ),
    ] {
        let Some(project) = Project::on(Database::Mysql) else {
            return;
        };
        project.sql(TABLES);
        project.file("migrations/1_takes.sql", format!("{sql}\n"));
        project.file("scripts/slow.rhai", MIGRATES);
        let mut other = project.holder();
        other.sql(&format!("START TRANSACTION; {write}"));
        let run = project.dbscript(&["run", "slow"]).status(7).start();
        // What the server tells of waits for rows it keeps as it was for whoever asks without a pause.
        let waits = "SELECT count(*) FROM information_schema.processlist WHERE db = DATABASE() AND (state LIKE 'Waiting for table%' OR time >= 1 AND info LIKE 'SELECT count(*) FROM (SELECT 1%')";
        wait_until("it waits", || project.value(waits) != "0");
        other.sql("COMMIT");
        let run = run.finish();
        assert!(
            run.told().contains("by now rows of `"),
            "{sql}: {}",
            run.told()
        );
        let kept = "SELECT (SELECT count(*) FROM cart WHERE item = 'paid order') + (SELECT count(*) FROM big WHERE nick IS NOT NULL)";
        assert_eq!(project.value(kept), "1", "{sql}");
        let history = "SELECT count(*) FROM _sqlx_migrations";
        let begun = u64::from(sql.starts_with("CREATE"));
        assert_eq!(project.value(history), begun.to_string(), "{sql}");
    }
}
