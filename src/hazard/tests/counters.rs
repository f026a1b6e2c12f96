//! AUTOINCREMENT counters: what sets them back is told.

use super::{database, file, offline, online, shown};

const COUNTED: &str =
    "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, label TEXT DEFAULT 'none');
    CREATE TABLE other (id INTEGER PRIMARY KEY AUTOINCREMENT);
    INSERT INTO t VALUES (1, 'a'), (500, 'b'); INSERT INTO other VALUES (3);";

fn counted(definition: &str, keep: &str) -> String {
    format!(
        "CREATE TABLE n ({definition}); INSERT INTO n SELECT * FROM t; {keep} DROP TABLE t; ALTER TABLE n RENAME TO t"
    )
}

#[tokio::test]
async fn a_counter_that_goes_back_in_a_rebuild_is_named_with_what_keeps_it() {
    let whole = "id INTEGER PRIMARY KEY AUTOINCREMENT, label TEXT DEFAULT 'none'";
    let gone = format!("{COUNTED} DELETE FROM t WHERE id = 500;");
    let lint = online(COUNTED, &counted(whole, "")).await;
    assert!(shown(&lint).is_empty(), "{:?}", lint.findings);
    let lint = online(&gone, &counted(whole, "")).await;
    assert_eq!(shown(&lint), ["rebuild-forgets warn"]);
    assert!(lint.findings[0].message.contains("sets its counter back"));
    let hint = lint.findings[0].hint.clone().unwrap_or_default();
    let keep = hint.split('`').nth(1).expect("it names the statement");
    // The statement of the hint is silent itself, and does what it says.
    let kept = counted(whole, keep);
    let lint = online(&gone, &kept).await;
    assert!(shown(&lint).is_empty(), "{:?}", lint.findings);
    let (_folder, mut session) = database(&format!("{gone} {kept}")).await;
    let counter = "SELECT seq FROM sqlite_sequence WHERE name = 't'";
    let rows = session.query(counter, &[], 9).await.expect("there").rows;
    assert_eq!(rows, [[crate::value::Value::Int(500)]]);
}

#[tokio::test]
async fn a_default_and_autoincrement_that_a_rebuild_leaves_out_are_named() {
    let plain = "id INTEGER PRIMARY KEY, label TEXT";
    let lint = online(COUNTED, &counted(plain, "")).await;
    assert_eq!(
        shown(&lint),
        ["rebuild-forgets warn", "rebuild-forgets warn"]
    );
    let told = format!("{} {}", lint.findings[0].message, lint.findings[1].message);
    for part in ["the default of `label`", "AUTOINCREMENT"] {
        assert!(told.contains(part), "{told}");
    }
}

#[tokio::test]
async fn writes_to_the_counters_are_warned_of() {
    for (sql, expected) in [
        (
            "DELETE FROM sqlite_sequence",
            &["restart-sequence warn"][..],
        ),
        (
            "UPDATE sqlite_sequence SET seq = 0 WHERE name = 't'",
            &["restart-sequence warn"],
        ),
        (
            "-- dbscript: allow restart-sequence(t) from one on\nDELETE FROM main.sqlite_sequence WHERE name = 'T'",
            &["restart-sequence warn"],
        ),
        ("DELETE FROM sqlite_sequence WHERE name = 'nobody'", &[]),
    ] {
        let lint = online(COUNTED, sql).await;
        assert_eq!(shown(&lint), expected, "{sql}: {:?}", lint.findings);
    }
}

#[test]
fn without_a_database_a_write_to_every_counter_is_warned_of() {
    let lint = offline(&[file("1_a.sql", "DELETE FROM sqlite_sequence")]);
    assert_eq!(shown(&lint), ["restart-sequence warn"]);
}
