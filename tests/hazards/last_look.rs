//! The last look at what a statement takes, right before it: what others have not committed yet is waited for, and what
//! came after the backup is told where it may go.

use super::meanwhile::{migrate, written};
use crate::harness::databases::{Database, in_every_project};
use crate::harness::{PASSWORD, Project, wait_until};

in_every_project!(
    what_may_go_and_came_after_the_lint_is_told,
    what_came_to_be_carried_off_by_an_allowed_delete_is_not,
    what_more_is_carried_off_by_an_allowed_delete_is_told,
    what_is_carried_off_by_what_the_set_itself_wrote_is_nobodys_else,
);

const TABLES: &str = "CREATE TABLE big (id INTEGER PRIMARY KEY, nick VARCHAR(99));
    INSERT INTO big VALUES (1, NULL); CREATE TABLE cart (id INTEGER PRIMARY KEY, item VARCHAR(99));";

/// A procedure that lints, says so, and migrates.
const MIGRATES: &str = "const API = 1; const NEEDS = [\"db:write\"];
    fn main(args) {
        let pending = migrate::pending();
        migrate::lint(pending).refuse_unless_allowed();
        print(\"it is linted\");
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
        let mut run = project.dbscript(&["run", "slow"]).status(7).start();
        run.wait_for(&["it is linted"]);
        // What the server tells of waits for rows it keeps as it was for whoever asks without a pause.
        let waits = "SELECT count(*) FROM information_schema.processlist WHERE db = DATABASE() AND (state LIKE 'Waiting for table%' OR time >= 1 AND state IN ('Sending data', 'Statistics', 'executing') AND info LIKE 'SELECT count(*) FROM (SELECT 1%')";
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

/// It was allowed, but the backup does not hold it.
fn what_may_go_and_came_after_the_lint_is_told(project: Project) {
    project.sql(TABLES);
    project.sql("INSERT INTO cart VALUES (1, 'old')");
    project.sql("UPDATE big SET nick = 'b'");
    for (sql, write, told) in [
        (
            "-- dbscript: allow delete-rows(cart)\nDELETE FROM cart WHERE id < 9;",
            "INSERT INTO cart VALUES (2, 'new')",
            "by now rows of `cart` would be deleted (2), 1 more than",
        ),
        (
            "-- dbscript: allow drop-column(big.nick)\nALTER TABLE big DROP COLUMN nick;",
            "INSERT INTO big VALUES (2, 'new'), (3, 'new')",
            "by now rows of `big` have a value in `nick`, which would be lost (3), 2 more than",
        ),
        (
            "-- dbscript: allow drop-table(cart)\nDROP TABLE cart;",
            "INSERT INTO cart VALUES (3, 'new')",
            "by now rows of `cart` would be lost (1), 1 more than",
        ),
    ] {
        project.file("migrations/1_takes.sql", format!("{sql}\n"));
        let run = migrate(&project, &written(write), 0);
        assert!(run.told().contains(told), "{sql}: {}", run.told());
        assert!(
            run.told().contains("came after the backup is in none"),
            "{sql}"
        );
        project.sql("DELETE FROM _sqlx_migrations");
    }
}

const FAMILY: &str = "CREATE TABLE par (id INTEGER PRIMARY KEY); INSERT INTO par VALUES (1), (2);
    CREATE TABLE ch (id INTEGER PRIMARY KEY, par INTEGER, FOREIGN KEY (par) REFERENCES par (id) ON DELETE CASCADE);
    CREATE TABLE toy (id INTEGER PRIMARY KEY, ch INTEGER, FOREIGN KEY (ch) REFERENCES ch (id) ON DELETE SET NULL);";

/// No row pointed to those that go, so that nobody has allowed such ones to go.
fn what_came_to_be_carried_off_by_an_allowed_delete_is_not(project: Project) {
    project.sql(FAMILY);
    let sql = "-- dbscript: allow delete-rows(par)\nDELETE FROM par WHERE id = 2;\n";
    project.file("migrations/1_family.sql", sql);
    let run = migrate(&project, &written("INSERT INTO ch VALUES (7, 2)"), 3);
    let told = "by now rows of `ch` go with those they point to (1)";
    assert!(run.told().contains(told), "{}", run.told());
    assert_eq!(project.value("SELECT count(*) FROM ch"), "1");
    let run = migrate(&project, &written("INSERT INTO toy VALUES (9, 7)"), 3);
    let told = "by now rows of `toy` have `ch` emptied";
    assert!(run.told().contains(told), "{}", run.told());
    assert_eq!(project.value("SELECT count(*) FROM toy WHERE ch = 7"), "1");
    migrate(&project, "", 0);
    assert_eq!(project.value("SELECT count(*) FROM par"), "1");
}

fn what_more_is_carried_off_by_an_allowed_delete_is_told(project: Project) {
    project.sql(FAMILY);
    project.sql("INSERT INTO ch VALUES (7, 2)");
    let sql = "-- dbscript: allow delete-rows(par)\nDELETE FROM par WHERE id = 2;\n";
    project.file("migrations/1_family.sql", sql);
    let run = migrate(&project, &written("INSERT INTO ch VALUES (8, 2)"), 0);
    let told = "by now rows of `ch` go with those they point to (2), 1 more than";
    assert!(run.told().contains(told), "{}", run.told());
    assert_eq!(project.value("SELECT count(*) FROM ch"), "0");
}

/// Which rows are meant only the set's first statement says: that there were none before it refuses nothing.
fn what_is_carried_off_by_what_the_set_itself_wrote_is_nobodys_else(project: Project) {
    project.sql(FAMILY);
    project.sql("INSERT INTO ch VALUES (7, 2); CREATE TABLE goners (id INTEGER PRIMARY KEY)");
    let sql = "INSERT INTO goners VALUES (1), (2);\n-- dbscript: allow delete-rows(par) asked for\nDELETE FROM par WHERE id IN (SELECT id FROM goners);\n";
    project.file("migrations/1_goners.sql", sql);
    migrate(&project, "", 0);
    assert_eq!(project.value("SELECT count(*) FROM ch"), "0");
}

/// Asked in the statement's own moment, also where each statement is committed by itself.
#[test]
fn what_an_allowance_elsewhere_would_hide_is_asked_outside_of_a_transaction_too() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    project.sql(TABLES);
    project.sql("INSERT INTO cart VALUES (1, 'old'), (2, 'spam')");
    project.file(
        "migrations/1_hides.sql",
        "-- no-transaction\nUPDATE big SET nick = 'x' WHERE id = 9;\nUPDATE cart SET item = 'x' WHERE id = 1 AND item IS NULL;\n\
         -- dbscript: allow delete-rows(cart) spam\nDELETE FROM cart WHERE item = 'spam';\nDELETE FROM cart WHERE item = 'old';\n",
    );
    let run = migrate(&project, "", 7);
    let told = "is not for (it wants its own";
    assert!(run.told().contains(told), "{}", run.told());
    assert_eq!(project.value("SELECT item FROM cart"), "old");
}

/// A second connection is refused, as where a user may have no more: the look is had in the only one.
#[test]
fn without_a_second_connection_the_only_one_looks() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    project.sql(TABLES);
    let url = project.url().expect("it has a server").to_owned();
    let database = url.rsplit('/').next().unwrap_or_default();
    let user = format!("once_{}", database.trim_start_matches("test_"));
    project.sql(&format!(
        "CREATE USER {user}@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';
         GRANT ALL ON {database}.* TO {user}@'127.0.0.1'"
    ));
    let sql = "-- no-transaction\nSELECT sleep(3);\nDELETE FROM cart WHERE id = 7;\n";
    project.file("migrations/1_takes.sql", sql);
    project.file("scripts/slow.rhai", MIGRATES);
    let run = project.dbscript(&["run", "slow"]).status(7);
    let url = url.replace("tester:", &format!("{user}:"));
    let run = run.env("DATABASE_URL", &url).start();
    let sleeps = "SELECT count(*) FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'SELECT sleep%'";
    wait_until("it sleeps", || project.value(sleeps) != "0");
    project.sql(&format!(
        "ALTER USER {user}@'127.0.0.1' IDENTIFIED BY 'another';
         INSERT INTO cart VALUES (7, 'paid order')"
    ));
    let run = run.finish();
    let told = "by now rows of `cart`";
    assert!(run.told().contains(told), "{}", run.told());
    assert_eq!(project.value("SELECT count(*) FROM cart"), "1");
}
