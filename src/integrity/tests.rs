//! Comparisons on real SQLite files.

mod allowed;

use std::collections::HashMap;

use super::*;
use crate::db::{Access, Session, Target};
use crate::error::Result;
use crate::ident::TableName;

/// Rows kept in memory, in place of a backup set.
#[derive(Default)]
struct Kept(HashMap<TableName, Vec<Vec<u8>>>);

impl BaselineRows for Kept {
    fn for_each_line(
        &self,
        table: &TableName,
        each: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        self.0
            .get(table)
            .into_iter()
            .flatten()
            .try_for_each(|line| each(line))
    }
}

struct Case {
    folder: tempfile::TempDir,
    session: Session,
}

impl Case {
    async fn new(sql: &[&str]) -> Case {
        let folder = tempfile::tempdir().expect("a folder");
        let target = Target::sqlite_file(&folder.path().join("t.db"), folder.path());
        let access = Access {
            write: true,
            create: true,
            guarded: false,
        };
        let session = target.connect(access).await.expect("opened");
        let mut case = Case { folder, session };
        case.run(sql).await;
        case
    }

    async fn run(&mut self, sql: &[&str]) {
        for statement in sql {
            self.session.run(statement).await.expect(statement);
        }
    }

    async fn baseline(&mut self) -> (Baseline, Kept) {
        let mut baseline = Baseline {
            tables: Vec::new(),
            orphans: self.session.orphans().await.expect("asked"),
        };
        let mut kept = Kept::default();
        let mut snapshot = self.session.target().snapshot(1).await.expect("a snapshot");
        for table in snapshot.catalog.tables.clone() {
            let columns: Vec<_> = table.stored_columns().cloned().collect();
            let mut lines = Vec::new();
            let mut fingerprint = Fingerprint::default();
            let reader = snapshot.readers[0].as_mut();
            let rows = baseline::read_lines(reader, &table, &columns, &mut |line| {
                fingerprint.add(line);
                lines.push(line.to_vec());
                Ok(())
            })
            .await
            .expect("read");
            kept.0.insert(table.name.clone(), lines);
            baseline.tables.push(TableBaseline {
                name: table.name,
                columns,
                rows,
                fingerprint,
            });
        }
        (baseline, kept)
    }

    async fn compare(&mut self, before: &(Baseline, Kept), rules: &Comparison) -> Report {
        let mut snapshot = self.session.target().snapshot(1).await.expect("a snapshot");
        let orphans = self.session.orphans().await.expect("asked");
        assert!(self.folder.path().exists());
        compare(&before.0, Some(&before.1), &mut snapshot, &orphans, rules)
            .await
            .expect("compared")
    }
}

const USERS: [&str; 2] = [
    "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, fax TEXT)",
    "INSERT INTO users VALUES (1, 'ada', '1'), (2, 'bob', NULL), (3, 'eve', '3')",
];

async fn losses_after(change: &[&str], rules: &Comparison) -> (Vec<String>, Vec<String>) {
    let mut case = Case::new(&USERS).await;
    let before = case.baseline().await;
    case.run(change).await;
    let report = case.compare(&before, rules).await;
    let messages =
        |changes: Vec<Change>| changes.into_iter().map(|change| change.message).collect();
    (messages(report.losses), messages(report.notes))
}

#[tokio::test]
async fn every_loss_is_told_with_its_numbers() {
    for (change, expected) in [
        (
            &["DROP TABLE users"][..],
            "table `users` is gone with the 3 rows of the backup",
        ),
        (
            &["ALTER TABLE users DROP COLUMN fax"],
            "column `users.fax` is gone with the 2 values of the backup",
        ),
        (
            &["DELETE FROM users WHERE id > 1"],
            "2 of 3 rows of `users` are gone",
        ),
        (
            &["UPDATE users SET name = 'x' WHERE id = 1"],
            "1 of 3 rows of `users` have other values in `name`",
        ),
        (
            &["UPDATE users SET id = id + 10"],
            "3 of 3 rows of `users` have other values",
        ),
    ] {
        let (losses, notes) = losses_after(change, &Comparison::default()).await;
        assert_eq!(losses, [expected], "{change:?}");
        assert!(notes.is_empty(), "{notes:?}");
    }
}

#[tokio::test]
async fn what_is_no_loss_is_a_note_at_most() {
    for (change, expected) in [
        (
            &["ALTER TABLE users ADD COLUMN phone TEXT DEFAULT 'none'"][..],
            None,
        ),
        (
            &["ALTER TABLE users RENAME TO people"],
            Some("table `users` is now `people`, with the same rows"),
        ),
        (
            &["INSERT INTO users VALUES (4, 'dan', NULL)"],
            Some("`users` has 1 row more"),
        ),
        (
            &[
                "UPDATE users SET fax = NULL",
                "UPDATE users SET fax = CASE id WHEN 2 THEN NULL ELSE id END",
            ],
            None,
        ),
    ] {
        let (losses, notes) = losses_after(change, &Comparison::default()).await;
        assert!(losses.is_empty(), "{change:?}: {losses:?}");
        assert_eq!(notes.first().map(String::as_str), expected, "{change:?}");
    }
}

#[tokio::test]
async fn a_change_beside_a_new_column_is_still_seen() {
    let change = [
        "ALTER TABLE users ADD COLUMN phone TEXT",
        "UPDATE users SET name = 'x' WHERE id = 2",
    ];
    let (losses, _) = losses_after(&change, &Comparison::default()).await;
    assert_eq!(
        losses,
        ["1 of 3 rows of `users` have other values in `name`"]
    );
}

#[tokio::test]
async fn only_what_was_let_go_may_go() {
    let fax = LetGo {
        table: "users".to_owned(),
        column: Some("fax".to_owned()),
        what: Released::Column,
    };
    let rules = Comparison {
        let_go: vec![fax],
        ..Comparison::default()
    };
    let (losses, notes) = losses_after(&["ALTER TABLE users DROP COLUMN fax"], &rules).await;
    assert!(losses.is_empty(), "{losses:?}");
    assert_eq!(notes.len(), 1);
    let (losses, _) = losses_after(&["ALTER TABLE users DROP COLUMN name"], &rules).await;
    assert_eq!(
        losses,
        ["column `users.name` is gone with the 3 values of the backup"]
    );
}

#[tokio::test]
async fn a_renamed_column_or_table_is_followed() {
    let renamed = |column: Option<&str>, to: &str| Renamed {
        table: "users".to_owned(),
        column: column.map(str::to_owned),
        to: to.to_owned(),
    };
    let rules = Comparison {
        renamed: vec![renamed(None, "people"), renamed(Some("fax"), "phone")],
        ..Comparison::default()
    };
    let rename = [
        "ALTER TABLE users RENAME COLUMN fax TO phone",
        "ALTER TABLE users RENAME TO people",
        "ALTER TABLE people ADD COLUMN age INTEGER",
    ];
    let (losses, notes) = losses_after(&rename, &rules).await;
    assert!(
        losses.is_empty() && notes.is_empty(),
        "{losses:?} {notes:?}"
    );
    let change = [&rename[..], &["UPDATE people SET phone = NULL"]].concat();
    let (losses, _) = losses_after(&change, &rules).await;
    assert_eq!(
        losses,
        ["2 of 3 rows of `users` have other values in `fax`"]
    );
}

/// The values of a column that has another type are told by what they read as, and never passed over in silence.
#[tokio::test]
async fn values_of_another_type_are_compared_by_what_they_read_as() {
    let rules = |what| Comparison {
        let_go: vec![LetGo {
            table: "users".to_owned(),
            column: Some("fax".to_owned()),
            what,
        }],
        ..Comparison::default()
    };
    let retype = |value: &'static str| {
        [
            "ALTER TABLE users RENAME TO old".to_owned(),
            "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, fax NUMERIC)".to_owned(),
            format!("INSERT INTO users SELECT id, name, {value} FROM old"),
            "DROP TABLE old".to_owned(),
        ]
    };
    for (value, trusted, other) in [
        ("fax", None, None),
        ("fax || ' '", None, None),
        (
            "'n' || fax",
            None,
            Some("2 of 2 values of `users.fax` read differently now that it is NUMERIC"),
        ),
        (
            "'gone'",
            Some(
                "2 of 2 values of `users.fax` read differently now that it is NUMERIC: all of them are the same",
            ),
            Some(
                "2 of 2 values of `users.fax` read differently now that it is NUMERIC: all of them are the same",
            ),
        ),
        (
            "NULL",
            Some(
                "2 of 2 values of `users.fax` read differently now that it is NUMERIC: all of them are NULL",
            ),
            Some(
                "2 of 2 values of `users.fax` read differently now that it is NUMERIC: all of them are NULL",
            ),
        ),
    ] {
        let change = retype(value);
        let change: Vec<&str> = change.iter().map(String::as_str).collect();
        for (what, expected) in [(Released::Form, trusted), (Released::Retyped, other)] {
            let (losses, notes) = losses_after(&change, &rules(what)).await;
            let expected: Vec<&str> = expected.into_iter().collect();
            assert_eq!(losses, expected, "{value} {what:?}");
            let told = losses.len() + notes.len();
            assert_eq!(told == 0, value.starts_with("fax"), "{value} {what:?}");
        }
    }
}

#[tokio::test]
async fn a_value_that_may_change_hides_no_other_column_of_its_row() {
    let rules = Comparison {
        let_go: vec![LetGo {
            table: "users".to_owned(),
            column: Some("fax".to_owned()),
            what: Released::Values,
        }],
        ..Comparison::default()
    };
    let both = ["UPDATE users SET fax = 'n', name = 'x' || name WHERE id > 1"];
    let (losses, notes) = losses_after(&both, &rules).await;
    assert_eq!(
        losses,
        ["up to 2 of 3 rows of `users` have other values in `name`"]
    );
    assert_eq!(
        notes,
        ["up to 2 of 3 rows of `users` have other values in `fax`"]
    );
    // Values that only change places.
    let swap = ["UPDATE users SET name = CASE id WHEN 1 THEN 'bob' ELSE 'ada' END WHERE id < 3"];
    let (losses, _) = losses_after(&swap, &rules).await;
    assert_eq!(losses.len(), 1, "{losses:?}");
    assert!(losses[0].ends_with("in `name`"), "{losses:?}");
}

#[tokio::test]
async fn where_others_write_moving_rows_are_notes_and_lost_tables_stay_losses() {
    let rules = Comparison {
        others_write: true,
        ..Comparison::default()
    };
    let (losses, notes) = losses_after(&["DELETE FROM users WHERE id = 1"], &rules).await;
    assert_eq!((losses.len(), notes.len()), (0, 1));
    let (losses, _) = losses_after(&["DROP TABLE users"], &rules).await;
    assert_eq!(losses.len(), 1);
}

#[tokio::test]
async fn new_orphans_are_losses_and_old_ones_are_not() {
    let mut case = Case::new(&[
        "CREATE TABLE p (id INTEGER PRIMARY KEY)",
        "CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p (id))",
        "PRAGMA foreign_keys = OFF",
        "INSERT INTO p VALUES (1)",
        "INSERT INTO c VALUES (1, 1), (2, 9)",
    ])
    .await;
    let before = case.baseline().await;
    assert!(
        case.compare(&before, &Comparison::default())
            .await
            .losses
            .is_empty()
    );
    case.run(&["INSERT INTO c VALUES (3, 8)"]).await;
    let losses = case.compare(&before, &Comparison::default()).await.losses;
    assert_eq!(losses.len(), 1, "{losses:?}");
    assert_eq!(
        losses[0].message,
        "`c` has 1 row whose row of `p` is not there (p)"
    );
}

#[tokio::test]
async fn values_that_change_places_are_told_by_the_key_of_their_rows() {
    let let_go = |what, column: Option<&str>| LetGo {
        table: "users".to_owned(),
        column: column.map(str::to_owned),
        what,
    };
    let rules = Comparison {
        let_go: vec![
            let_go(Released::Retyped, Some("fax")),
            let_go(Released::Rows, None),
        ],
        ..Comparison::default()
    };
    const SWAP: &str = "UPDATE users SET fax = 4 - fax";
    let told = "2 of 2 values of `users.fax` stand in rows that held other values before";
    let (losses, notes) = losses_after(&[SWAP], &rules).await;
    assert!(
        losses.is_empty() && notes == [told],
        "rows may go: {notes:?}"
    );
    let strict = Comparison {
        let_go: vec![let_go(Released::Form, Some("fax"))],
        ..Comparison::default()
    };
    let (losses, _) = losses_after(&[SWAP], &strict).await;
    assert_eq!(losses, [told]);
    // What went and came with its row has not changed places.
    let (losses, notes) = losses_after(
        &[
            "DELETE FROM users WHERE id = 3",
            "INSERT INTO users VALUES (9, 'max', '3')",
        ],
        &rules,
    )
    .await;
    assert!(losses.is_empty(), "{losses:?}");
    assert!(!notes.iter().any(|note| note.contains("fax")), "{notes:?}");
}
