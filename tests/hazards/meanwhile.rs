//! What is written while the backup is made and the migration rehearsed is in neither: the data is asked once more.

use crate::harness::databases::{Database, in_every_project};
use crate::harness::{Finished, Project, wait_until};

in_every_project!(
    what_is_written_after_the_lint_is_not_dropped,
    what_is_written_between_the_migrations_of_a_set_is_not_dropped,
    names_that_the_set_gives_to_other_things_are_not_asked,
    what_an_allowance_elsewhere_would_hide_is_asked_in_its_moment,
);

const TABLES: &str = "CREATE TABLE big (id INTEGER PRIMARY KEY, nick VARCHAR(99), price NUMERIC(20, 4));
    INSERT INTO big VALUES (1, NULL, 1.5); CREATE TABLE cart (id INTEGER PRIMARY KEY, item VARCHAR(99));";

/// A procedure that migrates, with something that others do after the lint.
pub(super) fn migrate(project: &Project, meanwhile: &str, status: i32) -> Finished {
    let script = format!(
        "const API = 1; const NEEDS = [\"db:write\"];
         fn main(args) {{
             let pending = migrate::pending();
             migrate::lint(pending).refuse_unless_allowed();
             {meanwhile}
             migrate::up(pending).len()
         }}"
    );
    project.file("scripts/slow.rhai", script);
    let words = ["run", "slow", "--yes", "--json"];
    project.dbscript(&words).status(status).go()
}

pub(super) fn written(statement: &str) -> String {
    format!("db::execute(\"{statement}\");")
}

fn what_is_written_after_the_lint_is_not_dropped(project: Project) {
    project.sql(TABLES);
    project.sql("UPDATE big SET price = NULL");
    for (sql, meanwhile, told) in [
        (
            "ALTER TABLE big DROP COLUMN nick;",
            "UPDATE big SET nick = 'precious'",
            "by now rows of `big`",
        ),
        (
            "DROP TABLE cart;",
            "INSERT INTO cart VALUES (1, 'paid order')",
            "by now rows of `cart`",
        ),
        (
            "UPDATE cart SET item = '' WHERE id = 7;",
            "INSERT INTO cart VALUES (7, 'paid order')",
            "by now rows of `cart`",
        ),
        (
            "-- no-transaction\nDELETE FROM cart WHERE id = 8;",
            "INSERT INTO cart VALUES (8, 'paid order')",
            "by now rows of `cart`",
        ),
    ] {
        project.file("migrations/1_takes.sql", sql);
        let run = migrate(&project, &written(meanwhile), 3);
        assert!(run.told().contains(told), "{sql}: {}", run.told());
        assert!(run.told().contains("run safe-migration` again"), "{sql}");
        let kept = "SELECT (SELECT count(*) FROM cart) + (SELECT count(*) FROM big WHERE nick IS NOT NULL)";
        assert_eq!(project.value(kept), "1", "{sql}");
        project.sql("DELETE FROM cart; UPDATE big SET nick = NULL");
        migrate(&project, "", 0);
        project.sql("DELETE FROM _sqlx_migrations; DROP TABLE big; DROP TABLE IF EXISTS cart;");
        project.sql(TABLES);
    }
}

/// Before the second one the first has run, which took its time.
fn what_is_written_between_the_migrations_of_a_set_is_not_dropped(project: Project) {
    project.sql(TABLES);
    project.file(
        "migrations/1_other.sql",
        "CREATE TABLE other (a INTEGER);\n",
    );
    project.file("migrations/3_drop.sql", "DROP TABLE cart;\n");
    let run = migrate(
        &project,
        &written("INSERT INTO cart VALUES (1, 'paid order')"),
        3,
    );
    assert!(
        run.told().contains("by now rows of `cart`"),
        "{}",
        run.told()
    );
    assert_eq!(project.value("SELECT count(*) FROM cart"), "1");
}

/// At the lint no row met the second one; the first one's allowance is not for it.
fn what_an_allowance_elsewhere_would_hide_is_asked_in_its_moment(project: Project) {
    project.sql(TABLES);
    project.sql("INSERT INTO cart VALUES (1, 'old'), (2, 'kept')");
    let sql = "-- dbscript: allow delete-rows(cart)\nDELETE FROM cart WHERE id < 2;\nDELETE FROM cart WHERE item = 'draft';\n";
    project.file("migrations/1_two.sql", sql);
    let run = migrate(
        &project,
        &written("INSERT INTO cart VALUES (9, 'draft')"),
        7,
    );
    assert!(
        run.told().contains("is not for (it wants its own"),
        "{}",
        run.told()
    );
    assert_eq!(project.value("SELECT count(*) FROM cart"), "3");
    project.sql("DELETE FROM cart WHERE id = 9");
    migrate(&project, "", 0);
    assert_eq!(project.value("SELECT count(*) FROM cart"), "1");
}

/// Nothing is asked inside a transaction that the file itself has begun.
#[test]
fn what_an_allowance_elsewhere_would_hide_in_a_files_own_transaction_is_refused() {
    let project = Project::new();
    project.sql(TABLES);
    project.sql("INSERT INTO cart VALUES (1, 'old'), (2, 'kept')");
    let sql = "-- no-transaction\nBEGIN;\n-- dbscript: allow delete-rows(cart)\nDELETE FROM cart WHERE id < 2;\nSAVEPOINT s;\nROLLBACK TO s;\nDELETE FROM cart WHERE item = 'kept';\nCOMMIT;\n";
    project.file("migrations/1_two.sql", sql);
    migrate(&project, "", 3);
    assert_eq!(project.value("SELECT count(*) FROM cart"), "2");
}

/// What was allowed to go may go, whenever it came.
#[test]
fn what_was_allowed_is_not_asked_again() {
    let project = Project::new();
    project.sql(TABLES);
    let sql = "-- dbscript: allow delete-rows(cart)\nDELETE FROM cart WHERE id < 9;\n";
    project.file("migrations/1_allowed.sql", sql);
    migrate(&project, &written("INSERT INTO cart VALUES (1, 'x')"), 0);
    assert_eq!(project.value("SELECT count(*) FROM cart"), "0");
}

/// Names lead elsewhere behind it: the last look would be at another table, or none.
#[test]
fn a_migration_that_searches_no_schema_is_not_refused() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    project.sql(TABLES);
    project.file(
        "migrations/1_nowhere.sql",
        "SELECT pg_catalog.set_config('search_path', '', false);\nALTER TABLE public.big DROP COLUMN nick;\n",
    );
    migrate(&project, "", 0);
}

/// By its keys the first statement brings about what the second one counts.
#[test]
fn what_the_set_does_by_keys_is_nobodys_else() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    project.sql(
        "CREATE TABLE people (id INTEGER PRIMARY KEY); INSERT INTO people VALUES (1), (2);
         CREATE TABLE orders (id INTEGER PRIMARY KEY, person INTEGER REFERENCES people (id) ON DELETE SET NULL);
         INSERT INTO orders VALUES (1, 1)",
    );
    project.file(
        "migrations/1_keys.sql",
        "-- dbscript: allow delete-rows(people)\nDELETE FROM people WHERE id = 1;
         -- dbscript: allow delete-rows(orders)\nDELETE FROM orders WHERE person IS NULL;\n",
    );
    migrate(&project, "", 0);
    assert_eq!(project.value("SELECT count(*) FROM orders"), "0");
}

/// Where each statement is committed by itself, all is asked before the first.
#[test]
fn what_is_refused_before_the_first_statement_leaves_no_record() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    project.sql(TABLES);
    project.file(
        "migrations/1_half.sql",
        "CREATE TABLE fine (a INT);\nDROP TABLE IF EXISTS nothing, cart;\n",
    );
    let run = migrate(&project, &written("INSERT INTO cart VALUES (1, 'x')"), 3);
    assert!(run.told().contains("nothing was changed"), "{}", run.told());
    assert!(
        run.told().contains("run safe-migration` again"),
        "{}",
        run.told()
    );
    let made = "SELECT count(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()
        AND TABLE_NAME IN ('fine', '_sqlx_migrations')";
    assert_eq!(project.value(made), "0");
}

/// Values that no longer fit, and that no statement refuses.
#[test]
fn what_is_written_after_the_lint_is_not_cut() {
    for (database, sqls) in [
        (
            Database::Postgres,
            &[
                "ALTER TABLE big ALTER price TYPE NUMERIC(20, 2)",
                "ALTER TABLE big ALTER price TYPE INTEGER USING trunc(price)",
            ][..],
        ),
        (
            Database::Mysql,
            &["ALTER TABLE big MODIFY price NUMERIC(20, 2)"][..],
        ),
    ] {
        for sql in sqls {
            let Some(project) = Project::on(database) else {
                return;
            };
            project.sql(TABLES);
            project.sql("UPDATE big SET price = 1");
            project.file("migrations/1_cuts.sql", format!("{sql};\n"));
            let write = written("UPDATE big SET price = 1.2345");
            let run = migrate(&project, &write, 3);
            assert!(
                run.told().contains("by now rows of `big`"),
                "{sql}: {}",
                run.told()
            );
            assert_eq!(
                project.value("SELECT count(*) FROM big WHERE price = 1.2345"),
                "1"
            );
        }
    }
}

/// An empty table makes way for another of its name, which has rows when it goes.
fn names_that_the_set_gives_to_other_things_are_not_asked(project: Project) {
    project.sql(TABLES);
    project.file(
        "migrations/1_swap.sql",
        "ALTER TABLE cart RENAME TO cart_old;
         CREATE TABLE cart (id INTEGER PRIMARY KEY);
         INSERT INTO cart VALUES (1);
         DROP TABLE cart_old;\n",
    );
    migrate(&project, "", 0);
    assert_eq!(project.value("SELECT count(*) FROM cart"), "1");
}

/// The first statement has to do with another table, and takes its time.
#[test]
fn what_is_written_while_an_earlier_statement_runs_is_not_dropped() {
    for (database, first, running) in [
        (
            Database::Postgres,
            "UPDATE big SET price = 2 FROM pg_sleep(3)",
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep' AND query LIKE 'UPDATE%'",
        ),
        // It makes the snapshot that the transaction reads from.
        (
            Database::Mysql,
            "UPDATE big SET price = 2 WHERE sleep(3) = 0",
            "SELECT count(*) FROM information_schema.processlist WHERE db = DATABASE() AND (info LIKE 'UPDATE%' OR info LIKE 'SELECT sleep%')",
        ),
        // It names the table, and leaves what its rows hold.
        (
            Database::Mysql,
            "ALTER TABLE n ADD COLUMN b INTEGER;\nSELECT sleep(3)",
            "SELECT count(*) FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'SELECT sleep%'",
        ),
        (
            Database::Mysql,
            "SELECT sleep(3)",
            "SELECT count(*) FROM information_schema.processlist WHERE db = DATABASE() AND (info LIKE 'UPDATE%' OR info LIKE 'SELECT sleep%')",
        ),
    ] {
        let Some(project) = Project::on(database) else {
            continue;
        };
        project.sql(TABLES);
        project
            .sql("UPDATE big SET price = NULL; CREATE TABLE n (id INTEGER PRIMARY KEY, a INTEGER)");
        let sql = format!("{first};\nALTER TABLE n DROP COLUMN a;\n");
        project.file("migrations/1_slow.sql", sql);
        let run = project
            .dbscript(&["run", "slow", "--yes", "--json"])
            .status(7);
        let script = "const API = 1; const NEEDS = [\"db:write\"];
             fn main(args) {
                 let pending = migrate::pending();
                 migrate::lint(pending).refuse_unless_allowed();
                 migrate::up(pending)
             }";
        project.file("scripts/slow.rhai", script);
        let run = run.start();
        wait_until("it sleeps", || project.value(running) != "0");
        project.sql("INSERT INTO n (id, a) VALUES (1, 7)");
        let run = run.finish();
        assert!(run.told().contains("by now rows of `n`"), "{}", run.told());
        assert_eq!(project.value("SELECT a FROM n"), "7");
    }
}

/// Whoever writes at that very moment is waited for, and seen.
#[test]
fn what_is_written_while_the_lock_is_waited_for_is_not_dropped() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    project.sql(TABLES);
    project.file("migrations/1_takes.sql", "DROP TABLE cart;\n");
    let script = "const API = 1; const NEEDS = [\"db:write\"];
         fn main(args) {
             let pending = migrate::pending();
             migrate::lint(pending).refuse_unless_allowed();
             migrate::up(pending)
         }";
    project.file("scripts/slow.rhai", script);
    let mut other = project.holder();
    other.sql("BEGIN; INSERT INTO cart VALUES (1, 'paid order')");
    let run = project.dbscript(&["run", "slow"]).status(7).start();
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LOCK TABLE%'";
    wait_until("it waits", || project.value(waits) != "0");
    other.sql("COMMIT");
    let run = run.finish();
    assert!(
        run.told().contains("by now rows of `cart`"),
        "{}",
        run.told()
    );
    assert_eq!(project.value("SELECT count(*) FROM cart"), "1");
}

/// What is asked between the statements of such a file leaves its own settings as they are.
#[test]
fn foreign_keys_that_a_file_has_switched_off_stay_off_while_its_data_is_asked() {
    let project = Project::new();
    project.sql(
        "CREATE TABLE u (id INTEGER PRIMARY KEY, n TEXT);
         CREATE TABLE o (id INTEGER PRIMARY KEY, u INTEGER REFERENCES u (id) ON DELETE CASCADE, t TEXT);
         INSERT INTO u VALUES (1, 'a'), (2, 'b'); INSERT INTO o VALUES (1, 1, 'x'), (2, 1, 'old'), (3, 2, 'y'), (4, 2, 'z')",
    );
    project.file(
        "migrations/1_rebuilds.sql",
        "-- no-transaction\nPRAGMA foreign_keys = OFF;\n-- dbscript: allow delete-rows(o) old ones\n\
         DELETE FROM o WHERE t = 'old';\nBEGIN;\nCREATE TABLE un (id INTEGER PRIMARY KEY, n TEXT NOT NULL);\n\
         INSERT INTO un SELECT * FROM u;\nDROP TABLE u;\nALTER TABLE un RENAME TO u;\nCOMMIT;\n",
    );
    project.file(
        "migrations/2_orphan.sql",
        "-- no-transaction\nINSERT INTO o VALUES (9, 99, 'of nobody');\n",
    );
    let migrate = ["run", "safe-migration", "--yes"];
    let run = project.dbscript(&migrate).status(3).go();
    let enforced = "FOREIGN KEY constraint failed";
    assert!(run.told().contains(enforced), "{}", run.told());
    std::fs::remove_file(project.path().join("migrations/2_orphan.sql")).expect("it is there");
    project.dbscript(&migrate).go();
    assert_eq!(project.value("SELECT count(*) FROM o"), "3");
}
