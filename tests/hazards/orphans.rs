//! Rows whose foreign key points to nothing: those that were there are nobody's loss, whatever their table is called by
//! then; new ones are, however the file runs.

use crate::harness::Project;

const TABLES: &str = "CREATE TABLE acc (id INTEGER PRIMARY KEY);
    CREATE TABLE e (id INTEGER PRIMARY KEY, acc_id INTEGER REFERENCES acc (id));
    INSERT INTO acc VALUES (1), (2); INSERT INTO e VALUES (1, 1), (2, 2);
    PRAGMA foreign_keys = OFF; INSERT INTO e VALUES (3, 77);";

const MIGRATE: [&str; 3] = ["run", "safe-migration", "--yes"];

#[test]
fn one_that_was_there_before_its_table_or_column_was_renamed_is_no_new_one() {
    for sql in [
        "ALTER TABLE e RENAME COLUMN acc_id TO account_id;",
        "ALTER TABLE e RENAME TO events;",
        "ALTER TABLE e RENAME TO events;\nALTER TABLE events RENAME COLUMN acc_id TO account_id;",
        "ALTER TABLE acc RENAME TO accounts;",
    ] {
        let project = Project::new();
        project.sql(TABLES);
        project.file("migrations/1_renames.sql", sql);
        project.dbscript(&MIGRATE).go();
    }
}

#[test]
fn one_that_goes_makes_no_new_one_good_in_a_file_outside_a_transaction_either() {
    let project = Project::new();
    project.sql(TABLES);
    project.file(
        "migrations/1_swaps.sql",
        "-- no-transaction\nPRAGMA foreign_keys = OFF;\n-- dbscript: allow delete-rows(e) old\nDELETE FROM e WHERE acc_id = 77;\n\
         -- dbscript: allow delete-rows(acc) old\nDELETE FROM acc WHERE id = 2;\nPRAGMA foreign_keys = ON;\n",
    );
    let run = project.dbscript(&MIGRATE).status(3).go();
    assert!(
        run.told()
            .contains("1 row whose row of `acc` is not there (acc_id)"),
        "{}",
        run.told()
    );
    assert_eq!(project.value("SELECT count(*) FROM acc"), "2");
    // Without a rehearsal it is told when it is done.
    let run = project
        .dbscript(&["run", "safe-migration", "--yes", "--rehearse", "off"])
        .go();
    assert!(
        run.told()
            .contains("migration 1 is in, and `e` has by now 1 row whose row of `acc`"),
        "{}",
        run.told()
    );
}
