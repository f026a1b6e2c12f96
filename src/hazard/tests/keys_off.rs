//! Files that switch foreign keys off themselves.

use super::{Options, SCHEMA, expect, file, online, shown, with};

#[tokio::test]
async fn a_file_that_switches_foreign_keys_off_takes_no_rows_elsewhere() {
    let off = "PRAGMA foreign_keys(0);\n-- dbscript: allow drop-table(users) copied before\nDROP TABLE users";
    let lint = expect(off, &["drop-table block"]).await;
    let gone: Vec<&str> = lint.let_go.iter().map(|gone| &*gone.table).collect();
    assert_eq!(gone, ["users"], "nothing of its children may go");
    let message = &lint.findings[0].message;
    assert!(message.contains("foreign keys are off here"), "{message}");
    assert!(!message.contains("CASCADE"), "{message}");
    // Another tool leaves them on, and so does a file that says nothing.
    let options = Options {
        rehearsal: true,
        ..Options::default()
    };
    let lint = with(SCHEMA, &[file("1_a.sql", off)], &options).await;
    assert!(lint.findings[0].message.contains("ON DELETE CASCADE"));
    let lint = online(SCHEMA, "DELETE FROM users WHERE id = 7").await;
    assert!(lint.findings[0].message.contains("ON DELETE CASCADE"));
}

#[tokio::test]
async fn a_copy_and_a_drop_that_share_no_transaction_are_told() {
    let copy = "CREATE TABLE n AS SELECT * FROM settings;";
    let drop = "-- dbscript: allow drop-table(settings) copied\nDROP TABLE settings;";
    let off = format!("PRAGMA foreign_keys = OFF;\n{drop}");
    let options = Options {
        rehearsal: true,
        applied_here: true,
        ..Options::default()
    };
    for (second, expected) in [
        (drop, &["drop-table block"][..]),
        (&off, &["drop-table block", "copy-race warn"][..]),
    ] {
        let files = [file("1_a.sql", copy), file("2_b.sql", second)];
        let lint = with(SCHEMA, &files, &options).await;
        assert_eq!(shown(&lint), expected, "{second}");
    }
}
