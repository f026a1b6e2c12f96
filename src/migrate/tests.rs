//! Applying on real SQLite files: what is in afterwards, and what is not.

use std::path::Path;

use super::*;
use crate::db::{Access, Session, Target};
use crate::error::{Error, Kind};
use crate::event::Silent;
use crate::integrity::{LetGo, Released};
use crate::storage::RunLog;
use crate::value::Value;

struct Case {
    folder: tempfile::TempDir,
    session: Session,
    let_go: Vec<LetGo>,
}

impl Case {
    async fn new(sql: &[&str]) -> Case {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("migrations")).expect("made");
        let target = Target::sqlite_file(&folder.path().join("t.db"), folder.path());
        let access = Access {
            write: true,
            create: true,
            guarded: true,
        };
        let mut session = target.connect(access).await.expect("opened");
        for statement in sql {
            session.run(statement).await.expect(statement);
        }
        Case {
            folder,
            session,
            let_go: Vec::new(),
        }
    }

    fn write(&self, name: &str, sql: &str) {
        std::fs::write(self.folder.path().join("migrations").join(name), sql).expect("written");
    }

    async fn apply(&mut self) -> Result<Vec<Applied>, Error> {
        let source = Source::find(self.folder.path(), None).expect("readable");
        let history = History::read(&mut self.session, &source)
            .await
            .expect("read");
        let log = RunLog::new(&self.folder.path().join("runs"), "test");
        let conditions = Conditions {
            log: Some(&log),
            sink: &Silent,
            let_go: &self.let_go,
            doubts: &[],
            unmet: &[],
            copied: &[],
            lock_limit_s: None,
            statement_limit_s: None,
            way_back: WayBack {
                set: Some("before".to_owned()),
                commits_by_itself: false,
            },
            settled: &|_| {},
        };
        apply(&mut self.session, &history.pending(), &conditions).await
    }

    async fn value(&mut self, sql: &str) -> Value {
        let mut rows = self.session.query(sql, &[], 1).await.expect(sql);
        rows.rows
            .pop()
            .and_then(|mut row| row.pop())
            .expect("a value")
    }

    async fn versions(&mut self) -> Vec<i64> {
        let source = Source::find(self.folder.path(), None).expect("readable");
        let history = History::read(&mut self.session, &source)
            .await
            .expect("read");
        let applied = history
            .entries
            .iter()
            .filter(|entry| entry.state == State::Applied);
        applied.map(|entry| entry.version).collect()
    }
}

const FAMILY: [&str; 4] = [
    "CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT)",
    "CREATE TABLE children (id INTEGER PRIMARY KEY, parent INTEGER NOT NULL REFERENCES parents (id) ON DELETE CASCADE)",
    "INSERT INTO parents VALUES (1, 'ada'), (2, 'bob')",
    "INSERT INTO children VALUES (1, 1), (2, 1), (3, 2)",
];

const REBUILD: &str = "CREATE TABLE parents_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO parents_new SELECT id, name FROM parents;
DROP TABLE parents;
ALTER TABLE parents_new RENAME TO parents;
";

#[tokio::test]
async fn a_failure_at_the_third_statement_undoes_all_pending_migrations() {
    let mut case = Case::new(&FAMILY).await;
    case.write("1_ok.sql", "ALTER TABLE parents ADD COLUMN a TEXT;");
    case.write("2_bad.sql", "ALTER TABLE parents ADD COLUMN b TEXT;\nUPDATE parents SET b = 'x';\n  INSERT INTO parents VALUES (1, 'again', '', '');\n");
    let error = case.apply().await.expect_err("the third statement fails");
    assert_eq!(error.kind, Kind::Migration);
    let place = error.position.clone().expect("a position");
    assert_eq!(
        (place.file.as_str(), place.line, place.column),
        ("migrations/2_bad.sql", 3, 3)
    );
    let text = error.chain();
    assert!(
        text.contains(
            "failed at statement 3 of 3; everything was rolled back, the database is as it was"
        ),
        "{text}"
    );
    assert!(
        text.contains("UNIQUE constraint failed: parents.id"),
        "{text}"
    );
    assert!(case.versions().await.is_empty());
    assert_eq!(
        case.value("SELECT count(*) FROM pragma_table_info('parents')")
            .await,
        Value::Int(2)
    );
}

#[tokio::test]
async fn a_rebuild_keeps_every_cascading_child() {
    let mut case = Case::new(&FAMILY).await;
    case.write("1_rebuild.sql", REBUILD);
    case.apply().await.expect("applied");
    assert_eq!(
        case.value("SELECT count(*) FROM children").await,
        Value::Int(3)
    );
    assert_eq!(
        case.value("PRAGMA foreign_keys").await,
        Value::Int(1),
        "enforced again afterwards"
    );
    assert_eq!(case.versions().await, [1]);
}

#[tokio::test]
async fn a_rebuild_that_loses_parents_or_rows_is_rolled_back() {
    for (filter, word) in [
        (" WHERE id = 1", "would lose 1 of its 2 rows"),
        (
            " WHERE 0 UNION ALL SELECT id + 10, name FROM parents",
            "whose row of",
        ),
    ] {
        let mut case = Case::new(&FAMILY).await;
        case.write(
            "1_rebuild.sql",
            &REBUILD.replace("FROM parents;", &format!("FROM parents{filter};")),
        );
        let error = case.apply().await.expect_err(filter);
        assert!(error.chain().contains(word), "{filter}: {}", error.chain());
        assert_eq!(
            case.value("SELECT count(*) FROM parents").await,
            Value::Int(2)
        );
        assert_eq!(case.value("PRAGMA foreign_keys").await, Value::Int(1));
    }
}

#[tokio::test]
async fn rows_may_go_only_where_that_was_allowed() {
    let mut case = Case::new(&FAMILY).await;
    case.write("1_delete.sql", "DELETE FROM parents WHERE id = 1;");
    let error = case.apply().await.expect_err("nobody allowed it");
    assert_eq!(error.code.as_deref(), Some("rows-lost"));
    for table in ["parents", "children"] {
        case.let_go.push(LetGo {
            table: table.to_owned(),
            column: None,
            what: Released::Rows,
        });
    }
    case.apply().await.expect("allowed");
    assert_eq!(
        case.value("SELECT count(*) FROM children").await,
        Value::Int(1),
        "an intended delete cascades"
    );
}

#[tokio::test]
async fn outside_a_transaction_the_message_says_what_stays_done() {
    let mut case = Case::new(&FAMILY).await;
    case.write(
        "1_a.sql",
        "-- no-transaction\nCREATE TABLE a (x);\nCREATE TABLE parents (x);\n",
    );
    let error = case.apply().await.expect_err("the second statement fails");
    assert!(
        error.message.contains("statement 1 is done and stays"),
        "{}",
        error.message
    );
    assert!(
        error
            .hint
            .is_some_and(|hint| hint.contains("`dbscript run restore --from before`"))
    );
}

#[test]
fn a_new_database_whose_first_migration_failed_leaves_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("t.db");
    std::fs::write(&path, b"").expect("written");
    let target = Target::sqlite_file(&path, Path::new("/"));
    target.remove_if_empty().expect("removed");
    assert!(!path.exists());
    target.remove_if_empty().expect("nothing to remove");
}

#[tokio::test]
async fn a_file_that_ends_our_transaction_is_refused_before_anything_runs() {
    for (sql, word) in [
        (
            "CREATE TABLE extra (x);\nCOMMIT;\nINSERT INTO nope VALUES (1);",
            "`COMMIT`",
        ),
        (
            "-- no-transaction\nBEGIN;\nCREATE TABLE extra (x);",
            "does not commit",
        ),
    ] {
        let mut case = Case::new(&FAMILY).await;
        case.write("1_a.sql", sql);
        let error = case.apply().await.expect_err(word);
        assert_eq!(error.kind, Kind::Refused, "{}", error.chain());
        assert!(error.message.contains(word), "{}", error.message);
        let extra =
            "SELECT count(*) FROM sqlite_schema WHERE name IN ('extra', '_sqlx_migrations')";
        assert_eq!(case.value(extra).await, Value::Int(0));
    }
}

#[tokio::test]
async fn a_rebuild_outside_a_transaction_needs_foreign_keys_off() {
    let mut case = Case::new(&FAMILY).await;
    case.write("1_rebuild.sql", &format!("-- no-transaction\n{REBUILD}"));
    let error = case.apply().await.expect_err("foreign keys are on");
    assert_eq!(error.kind, Kind::Refused);
    assert_eq!(
        case.value("SELECT count(*) FROM children").await,
        Value::Int(3)
    );
    let off = format!("-- no-transaction\nPRAGMA foreign_keys = OFF;\n{REBUILD}");
    case.write("1_rebuild.sql", &off);
    case.apply().await.expect("applied");
    assert_eq!(
        case.value("SELECT count(*) FROM children").await,
        Value::Int(3)
    );
    assert_eq!(case.value("PRAGMA foreign_keys").await, Value::Int(1));
}

/// A copy that is not taken for one, so that the file is no rebuild.
const SWAP: &str = "CREATE TABLE new (id INTEGER PRIMARY KEY);
    INSERT INTO new SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY id) AS n FROM parents) WHERE n = 1;
    DROP TABLE parents; ALTER TABLE new RENAME TO parents;";

#[tokio::test]
async fn foreign_keys_that_a_file_switches_off_are_off_in_its_transaction() {
    let children = "SELECT count(*) FROM children";
    let mut case = Case::new(&FAMILY).await;
    let mut version = 0;
    for spelt in [
        "PRAGMA foreign_keys=OFF",
        "pragma main.foreign_keys(0)",
        "PRAGMA foreign_keys = 0",
    ] {
        version += 1;
        let off = format!("{spelt};\n{SWAP}\nPRAGMA foreign_keys = ON;");
        case.write(&format!("{version}_swap.sql"), &off);
        case.apply().await.expect("applied");
        assert_eq!(case.value(children).await, Value::Int(3), "{spelt}");
        assert_eq!(case.value("PRAGMA foreign_keys").await, Value::Int(1));
    }
    // What would be left without its parent refuses the commit.
    let off = "PRAGMA foreign_keys = OFF;\nDELETE FROM parents WHERE id = (SELECT parent FROM children LIMIT 1);";
    case.write("8_orphans.sql", off);
    case.let_go = vec![rows_of("parents")];
    let error = case.apply().await.expect_err("it leaves orphans");
    assert_eq!(error.code.as_deref(), Some("orphans"), "{}", error.chain());
    assert_eq!(case.value(children).await, Value::Int(3));
}

#[tokio::test]
async fn a_row_that_loses_its_parent_is_not_made_good_by_one_that_had_none_and_goes() {
    let mut case = Case::new(&FAMILY).await;
    case.session
        .run("PRAGMA foreign_keys = OFF")
        .await
        .expect("off");
    for sql in [
        "INSERT INTO children VALUES (9, 999), (10, 999)",
        "PRAGMA foreign_keys = ON",
    ] {
        case.session.run(sql).await.expect(sql);
    }
    case.let_go = vec![rows_of("parents"), rows_of("children")];
    let swap = "PRAGMA foreign_keys = OFF;\nDELETE FROM children WHERE parent = 999;\nDELETE FROM parents WHERE id = 2;";
    case.write("1_swap.sql", swap);
    let error = case.apply().await.expect_err("one more has no parent");
    assert_eq!(error.code.as_deref(), Some("orphans"), "{}", error.chain());
    let text = error.chain();
    assert!(text.contains("`children` would have 1 row "), "{text}");
    // Those it had may stay: under other rowids, in a column of another type, in a table of another name.
    case.write(
        "1_swap.sql",
        "PRAGMA foreign_keys = OFF;
        CREATE TABLE kids (id INTEGER PRIMARY KEY, of TEXT NOT NULL REFERENCES parents (id));
        INSERT INTO kids SELECT id + 100, parent FROM children;
        DROP TABLE children;",
    );
    case.apply().await.expect("nobody lost a parent");
    case.write(
        "2_family.sql",
        "PRAGMA foreign_keys = OFF; ALTER TABLE parents RENAME TO elders;",
    );
    case.apply().await.expect("nobody lost a parent");
    let left = "SELECT count(*) FROM kids";
    assert_eq!(case.value(left).await, Value::Int(5));
}

#[tokio::test]
async fn a_delete_that_is_to_cascade_does_so_where_nothing_switches_foreign_keys_off() {
    let mut case = Case::new(&FAMILY).await;
    case.write(
        "1_delete.sql",
        "DELETE FROM parents;\nPRAGMA foreign_keys = OFF;",
    );
    case.let_go = vec![rows_of("parents"), rows_of("children")];
    case.apply().await.expect("applied");
    let left = "SELECT count(*) FROM children";
    assert_eq!(case.value(left).await, Value::Int(0));
}

fn rows_of(table: &str) -> LetGo {
    LetGo {
        table: table.to_owned(),
        column: None,
        what: Released::Rows,
    }
}
