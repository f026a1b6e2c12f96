//! What is copied and then taken away is kept from others meanwhile, or it is said that it cannot be.

use crate::harness::databases::Database;
use crate::harness::{Project, wait_until};

const TABLES: &str =
    "CREATE TABLE kv (id INT PRIMARY KEY, v VARCHAR(9)); INSERT INTO kv VALUES (1, 'a'), (2, 'b');
    CREATE TABLE other (id INT PRIMARY KEY, v VARCHAR(9)); CREATE TABLE gate (id INT PRIMARY KEY);";

const DROPPED: &str = "CREATE TABLE kv_new (id INT PRIMARY KEY, v VARCHAR(9));\nINSERT INTO kv_new SELECT * FROM kv;\n{gate}\
    -- dbscript: allow drop-table(kv) copied\nDROP TABLE kv;\nALTER TABLE kv_new RENAME TO kv;\n";
const SWAPPED: &str = "CREATE TABLE kv_new AS SELECT * FROM kv;\n{gate}\
    ALTER TABLE kv RENAME TO kv_old;\nALTER TABLE kv_new RENAME TO kv;\n";
const COLUMN: &str = "INSERT INTO other SELECT id, v FROM kv;\n{gate}\
    -- dbscript: allow drop-column(kv.v) copied to other\nALTER TABLE kv DROP COLUMN v;\n";
const ARCHIVED: &str = "INSERT INTO other SELECT id, v FROM kv WHERE id < 2;\n{gate}\
    -- dbscript: allow delete-rows(kv) copied to other\nDELETE FROM kv WHERE id < 2;\n";
const ELSEWHERE: &str = "UPDATE kv SET v = 'c' WHERE id = 77;\nINSERT INTO other VALUES (7, 'x');\n{gate}\
    -- dbscript: allow drop-table(kv) of no use\nDROP TABLE kv;\n";

#[test]
fn what_is_copied_and_then_dropped_is_kept_from_others_meanwhile() {
    for (sql, mode) in [
        (DROPPED, "AccessExclusiveLock"),
        (SWAPPED, "AccessExclusiveLock"),
        (COLUMN, "AccessExclusiveLock"),
        (ARCHIVED, "ExclusiveLock"),
    ] {
        let Some(project) = Project::on(Database::Postgres) else {
            return;
        };
        project.sql(TABLES);
        let sql = sql.replace("{gate}", "INSERT INTO gate VALUES (1);\n");
        project.file("migrations/1_copies.sql", &sql);
        project.file("scripts/up.rhai", UP);
        let mut other = project.holder();
        other.sql("BEGIN; LOCK TABLE gate IN SHARE MODE");
        let run = project.dbscript(&["run", "up", "--yes"]).start();
        wait_until("it waits", || project.value(&waiting_for("gate")) != "0");
        let held = format!(
            "SELECT count(*) FROM pg_locks JOIN pg_class ON relation = pg_class.oid WHERE relname = 'kv' AND granted AND mode = '{mode}'"
        );
        assert_eq!(project.value(&held), "1", "{sql}");
        other.sql("COMMIT");
        let run = run.finish();
        assert!(
            run.told().contains("keeps others from `kv`"),
            "{sql}: {}",
            run.told()
        );
    }
}

const UP: &str = "const API = 1; const NEEDS = [\"db:write\"];
     fn main(args) {
         let pending = migrate::pending();
         migrate::lint(pending).refuse_unless_allowed();
         migrate::up(pending)
     }";

fn waiting_for(table: &str) -> String {
    format!(
        "SELECT count(*) FROM pg_locks JOIN pg_class ON relation = pg_class.oid WHERE relname = '{table}' AND NOT granted"
    )
}

/// A statement before the copy that locks the table less, so that others would wait for it and it for them.
#[test]
fn a_table_that_is_copied_is_kept_from_others_from_the_first_statement_on() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    project.sql(TABLES).file("scripts/up.rhai", UP);
    let first = "CREATE TABLE points (id INT PRIMARY KEY REFERENCES kv (id));\nINSERT INTO gate VALUES (1);\n";
    let copies = COLUMN.replace("{gate}", "");
    project.file("migrations/1_copies.sql", format!("{first}{copies}"));
    let mut other = project.holder();
    other.sql("BEGIN; LOCK TABLE gate IN SHARE MODE");
    let run = project.dbscript(&["run", "up", "--yes"]).start();
    wait_until("it waits", || project.value(&waiting_for("gate")) != "0");
    let held = "SELECT count(*) FROM pg_locks JOIN pg_class ON relation = pg_class.oid WHERE relname = 'kv' AND granted AND mode = 'AccessExclusiveLock'";
    assert_eq!(project.value(held), "1");
    other.sql("COMMIT");
    run.finish();
}

/// Each file is committed before the next one begins: by then the table has the name that the one before gave it.
#[test]
fn a_table_that_an_earlier_file_renames_is_kept_from_others_by_its_new_name() {
    let moved = "CREATE SCHEMA app; ALTER TABLE kv SET SCHEMA app";
    for (renames, table) in [
        ("ALTER TABLE kv RENAME TO pairs", "pairs"),
        (
            "ALTER TABLE kv RENAME TO pairs; CREATE VIEW kv AS SELECT id FROM pairs",
            "pairs",
        ),
        (moved, "app.kv"),
        // The lint knows no such table of the database.
        (
            "ALTER TABLE kv RENAME TO kv_old; CREATE TABLE kv (id INT PRIMARY KEY, v VARCHAR(9)); INSERT INTO kv SELECT * FROM kv_old",
            "kv",
        ),
    ] {
        let Some(project) = Project::on(Database::Postgres) else {
            return;
        };
        project.sql(TABLES).file("scripts/up.rhai", UP);
        let copies = COLUMN.replace("{gate}", "INSERT INTO gate VALUES (1);\n");
        let copies = copies.replace("kv", table);
        project.file("migrations/1_renames.sql", format!("{renames};\n"));
        project.file("migrations/2_copies.sql", copies);
        let mut other = project.holder();
        other.sql("BEGIN; LOCK TABLE gate IN SHARE MODE");
        let run = project.dbscript(&["run", "up", "--yes"]).start();
        wait_until("it waits", || project.value(&waiting_for("gate")) != "0");
        let held = format!(
            "SELECT count(*) FROM pg_locks WHERE relation = '{table}'::regclass AND granted AND mode = 'AccessExclusiveLock'"
        );
        let is_held = project.value(&held);
        other.sql("COMMIT");
        let run = run.finish();
        assert_eq!(is_held, "1", "{renames}: {}", run.told());
    }
}

#[test]
fn a_deadlock_is_no_fault_of_the_migration() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    project.sql(TABLES).file("scripts/up.rhai", UP);
    project.file(
        "migrations/1_adds.sql",
        "ALTER TABLE kv ADD COLUMN n INT;\nINSERT INTO gate VALUES (1);\nALTER TABLE other ADD COLUMN n INT;\n",
    );
    let (mut gate, mut other) = (project.holder(), project.holder());
    gate.sql("BEGIN; LOCK TABLE gate IN SHARE MODE");
    // The migration is the one that looks for a deadlock.
    other.sql("SET deadlock_timeout = '1h'; BEGIN; LOCK TABLE other");
    let run = project.dbscript(&["run", "up", "--yes"]).status(7).start();
    wait_until("it waits", || project.value(&waiting_for("gate")) != "0");
    std::thread::scope(|scope| {
        scope.spawn(|| other.sql("SELECT * FROM kv"));
        wait_until("both wait", || project.value(&waiting_for("kv")) != "0");
        gate.sql("COMMIT");
    });
    let run = run.finish();
    for told in [
        "another program and the migration waited for each other; everything was rolled back",
        "nothing is wrong with the migration: run `dbscript run safe-migration` again",
    ] {
        assert!(run.told().contains(told), "{told}: {}", run.told());
    }
}

fn races(project: &Project, sql: &str, status: i32) -> Vec<String> {
    project.sql(TABLES);
    project.file("migrations/1_copies.sql", sql.replace("{gate}", ""));
    let run = project.dbscript(&["run", "safe-migration", "--plan", "--json"]);
    let run = run.unchecked();
    assert_eq!(run.status, Some(status), "{sql}: {}", run.told());
    for table in ["kv", "other", "gate"] {
        project.sql(&format!("DROP TABLE {table}"));
    }
    let findings = run.events_of("finding").into_iter();
    let races = findings.filter(|finding| finding["rule"] == "copy-race");
    races
        .map(|finding| {
            format!(
                "{}: {} ({})",
                finding["severity"].as_str().unwrap_or_default(),
                finding["message"].as_str().unwrap_or_default(),
                finding["hint"].as_str().unwrap_or_default()
            )
        })
        .collect()
}

#[test]
fn what_cannot_be_kept_from_others_is_said() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    for sql in [DROPPED, SWAPPED, COLUMN] {
        let races = races(&project, sql, 0);
        assert_eq!(races.len(), 1, "{sql}: {races:?}");
        assert!(races[0].contains("what others write to `kv`"), "{races:?}");
    }
    // The rows that are read are locked; and here nothing is copied.
    for sql in [ARCHIVED, ELSEWHERE] {
        assert_eq!(races(&project, sql, 0), Vec::<String>::new(), "{sql}");
    }
}

#[test]
fn what_is_copied_in_a_file_of_its_own_or_outside_a_transaction_cannot_be_kept() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    let refused = |sql: &str| {
        let told = races(&project, &format!("-- no-transaction\n{sql}"), 3);
        assert_eq!(told.len(), 1, "{sql}: {told:?}");
        assert!(told[0].starts_with("block: "), "{sql}: {told:?}");
        assert!(told[0].contains("take `-- no-transaction`"), "{told:?}");
    };
    refused(COLUMN);
    refused(DROPPED);
    refused(SWAPPED);
    // A file that needs to be outside a transaction is not told to come in.
    let needs = format!("-- no-transaction\nCREATE INDEX CONCURRENTLY i ON other (v);\n{COLUMN}");
    let told = races(&project, &needs, 3);
    assert!(!told[0].contains("take `-- no-transaction`"), "{told:?}");
    assert!(told[0].contains("into a file of their own"), "{told:?}");
    assert_eq!(races(&project, COLUMN, 0).len(), 0);
    // A transaction of its own keeps nobody from it, but a lock in it does.
    let own = format!("-- no-transaction\nBEGIN;\n{{lock}}{COLUMN}COMMIT;\n");
    let told = races(&project, &own.replace("{lock}", ""), 0);
    assert!(told[0].starts_with("warn: "), "{told:?}");
    assert!(told[0].contains("LOCK TABLE"), "{told:?}");
    let locked = own.replace("{lock}", "LOCK TABLE kv IN ACCESS EXCLUSIVE MODE;\n");
    assert_eq!(races(&project, &locked, 0), Vec::<String>::new());
    let (copy, drop) = COLUMN.split_once("{gate}").expect("it stands between them");
    project.file("migrations/2_drops.sql", drop);
    let told = races(&project, copy, 0);
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("warn: "), "{told:?}");
}

const REBUILT: &str = "CREATE TABLE kv_new (id INTEGER PRIMARY KEY, v VARCHAR(9));\nINSERT INTO kv_new SELECT * FROM kv;\n\
    DROP TABLE kv;\nALTER TABLE kv_new RENAME TO kv;\n";
const THERE_AND_BACK: &str = "CREATE TEMP TABLE kv_was AS SELECT * FROM kv;\nDROP TABLE kv;\n\
    CREATE TABLE kv (id INTEGER PRIMARY KEY, v VARCHAR(9));\nINSERT INTO kv SELECT * FROM kv_was;\nDROP TABLE kv_was;\n";

#[test]
fn a_rebuild_outside_a_transaction_is_refused_as_it_loses_what_others_write() {
    let project = Project::new();
    let off = "-- no-transaction\nPRAGMA foreign_keys = OFF;\n";
    for sql in [REBUILT, THERE_AND_BACK, DROPPED, SWAPPED, COLUMN] {
        let outside = format!("{off}{sql}");
        let told = races(&project, &outside, 3);
        assert_eq!(told.len(), 1, "{sql}: {told:?}");
        assert!(told[0].starts_with("block: "), "{sql}: {told:?}");
        for way_out in [
            "take `-- no-transaction`",
            "`BEGIN;`",
            "allow copy-race(kv)",
        ] {
            assert!(told[0].contains(way_out), "{sql}: {told:?}");
        }
        let own = format!("{off}BEGIN;\n{sql}COMMIT;\n");
        assert_eq!(races(&project, &own, 0), Vec::<String>::new(), "{sql}");
        assert_eq!(races(&project, sql, 0), Vec::<String>::new(), "{sql}");
    }
    let allow = "-- dbscript: allow copy-race(kv) nobody writes at night\nDROP TABLE kv;";
    let allowed = format!("{off}{}", REBUILT.replace("DROP TABLE kv;", allow));
    races(&project, &allowed, 0);
    // A transaction that is over before the table goes holds nothing.
    let over = REBUILT.replace("DROP TABLE", "COMMIT;\nDROP TABLE");
    races(&project, &format!("{off}BEGIN;\n{over}"), 3);
}

/// It reads the table, and carries nothing of it away; or it names what the table's place was taken by.
#[test]
fn what_other_files_do_with_a_table_is_no_copy_of_it() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    let column = COLUMN.replace("{gate}", "");
    project.file("migrations/2_next.sql", column);
    let counts = "INSERT INTO gate SELECT count(*) FROM kv;\n";
    assert_eq!(races(&project, counts, 0), Vec::<String>::new());
    project.file(
        "migrations/2_next.sql",
        "ALTER TABLE kv ADD COLUMN n int;\n",
    );
    assert_eq!(races(&project, SWAPPED, 0), Vec::<String>::new());
}

/// However the copy names it.
#[test]
fn what_is_copied_under_another_name_is_kept_from_others_too() {
    let views = "CREATE VIEW all_kv AS SELECT * FROM kv; CREATE VIEW more AS SELECT * FROM all_kv;
        CREATE FUNCTION copies() RETURNS void LANGUAGE sql AS 'INSERT INTO other SELECT id, v FROM kv';
        CREATE TABLE ev (id INT) PARTITION BY RANGE (id); CREATE TABLE ev1 PARTITION OF ev FOR VALUES FROM (1) TO (9);
        INSERT INTO ev VALUES (1);";
    let taken =
        "-- dbscript: allow drop-column(kv.v) copied\nALTER TABLE kv DROP COLUMN v CASCADE;\n";
    for (copy, taken, table) in [
        ("INSERT INTO other SELECT id, v FROM more;", taken, "kv"),
        (
            "DO $$ BEGIN INSERT INTO other SELECT id, v FROM kv; END $$;",
            taken,
            "kv",
        ),
        ("SELECT copies();", taken, "kv"),
        (
            "CREATE TABLE arch AS SELECT * FROM ev1;",
            "-- dbscript: allow drop-table(ev1)\nDROP TABLE ev1;\n",
            "ev1",
        ),
    ] {
        let Some(project) = Project::on(Database::Postgres) else {
            return;
        };
        project.sql(TABLES);
        project.sql(views);
        project.file("migrations/1_copies.sql", format!("{copy}\n{taken}"));
        let allowed = "drop-column(kv.v),drop-view(all_kv),drop-view(more),drop-partition(ev1),drop-table(ev1),drop-table(ev)";
        let words = ["run", "safe-migration", "--yes", "--allow", allowed];
        let run = project.dbscript(&words).unchecked();
        let told = format!("keeps others from `{table}`");
        assert!(run.told().contains(&told), "{copy}: {}", run.told());
    }
}

/// The copy has become the table, and what was written to it is there.
#[test]
fn a_table_that_an_earlier_file_has_rebuilt_is_no_copy() {
    let project = Project::new();
    project.sql(
        "CREATE TABLE u (id INTEGER PRIMARY KEY, n TEXT); INSERT INTO u VALUES (1, 'a'), (2, 'b')",
    );
    project.file(
        "migrations/1_rebuilds.sql",
        "CREATE TABLE un (id INTEGER PRIMARY KEY, n TEXT);\nINSERT INTO un SELECT * FROM u;\nDROP TABLE u;\nALTER TABLE un RENAME TO u;\n",
    );
    project.file(
        "migrations/2_takes.sql",
        "-- no-transaction\n-- dbscript: allow delete-rows(u)\nDELETE FROM u WHERE id = 2;\nVACUUM;\n",
    );
    let run = project.dbscript(&["run", "safe-migration", "--yes"]).go();
    assert!(!run.told().contains("copy-race"), "{}", run.told());
}
