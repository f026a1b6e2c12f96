//! Shapes that are easily lost, through a whole set and back.

use super::*;

/// Shapes of tables and schemas that are easily lost.
const AWKWARD: [&str; 24] = [
    "PRAGMA encoding = 'UTF-16le'",
    "PRAGMA application_id = 4711",
    "CREATE TABLE \"order\" (\"group\" TEXT PRIMARY KEY, n INT) WITHOUT ROWID",
    "INSERT INTO \"order\" VALUES ('b', 1), ('a', 2)",
    "CREATE TABLE sums (a INT, b INT, c INT GENERATED ALWAYS AS (a + b) STORED, d INT AS (a * b)) STRICT",
    "INSERT INTO sums (a, b) VALUES (1, 2), (NULL, 3)",
    "CREATE TABLE \"a.b/c;\nd\" (x)",
    "INSERT INTO \"a.b/c;\nd\" VALUES (9e999), (-9e999), (-0.0), (5e-324), (x''), (''), (9223372036854775807), ('\u{1F600}'), (1.0), ('1')",
    "CREATE TABLE Twin (a)",
    "CREATE TABLE twins (a)",
    "INSERT INTO Twin VALUES ('upper')",
    "CREATE VIRTUAL TABLE search USING fts5(title, body)",
    "INSERT INTO search VALUES ('one', 'first words'), ('two', 'second words')",
    "DELETE FROM search WHERE title = 'one'",
    "CREATE TABLE docs (title TEXT, body TEXT)",
    "INSERT INTO docs VALUES ('kept', 'external content'), ('also', 'kept')",
    "DELETE FROM docs WHERE title = 'kept'",
    "INSERT INTO docs VALUES ('new', 'external content')",
    "CREATE VIRTUAL TABLE docs_search USING fts5(title, body, content='docs')",
    "INSERT INTO docs_search(docs_search) VALUES ('rebuild')",
    "CREATE TABLE child (id INTEGER PRIMARY KEY, parent INT REFERENCES child(id))",
    "PRAGMA foreign_keys = OFF",
    "INSERT INTO child VALUES (1, 99), (2, 1)",
    "CREATE INDEX partial ON child (parent DESC) WHERE parent > 1 -- the end",
];

impl House {
    async fn finds(&self, sql: &str, expected: i64) {
        let rows = self
            .session()
            .await
            .query(sql, &[], 5)
            .await
            .expect(sql)
            .rows;
        assert_eq!(
            format!("{:?}", rows[0][0]),
            format!("Int({expected})"),
            "{sql}"
        );
    }
}

#[tokio::test]
async fn awkward_schemas_come_back_as_they_were() {
    let house = House::empty();
    let mut session = house.session().await;
    for statement in AWKWARD {
        session.run(statement).await.expect(statement);
    }
    drop(session);
    let set = house.backup().await;
    assert!(house.check(&set).await.is_sound());
    let before = house.contents(&house.target()).await;
    house
        .restore(&RestoreOptions::default())
        .await
        .expect("restored in place");
    assert_eq!(house.contents(&house.target()).await, before);
    assert!(
        house
            .heard
            .lines()
            .contains("it was so when the backup was made")
    );
    let other = house.target_named("other.db");
    let options = RestoreOptions {
        create: Creation::Anywhere,
        ..RestoreOptions::default()
    };
    let plan = restore::plan(&house.store(), "latest", &other, &options, &house.sink).await;
    restore(&plan.expect("a plan"), &house.log(), &house.sink)
        .await
        .expect("restored");
    assert_eq!(house.contents(&other).await, before);
    let scratch = restore_into_scratch(&set, &house.target(), house.path(), &house.sink)
        .await
        .expect("a scratch database");
    assert_eq!(house.contents(scratch.target()).await, before);
    for target in [&house.target(), &other, scratch.target()] {
        let mut session = target.connect(OWNER).await.expect("opened");
        for (sql, expected) in [
            ("PRAGMA integrity_check", "Text(\"ok\")"),
            ("PRAGMA encoding", "Text(\"UTF-16le\")"),
            ("PRAGMA application_id", "Int(4711)"),
            ("SELECT count(*) FROM search('words')", "Int(1)"),
            ("SELECT title FROM docs_search('external')", "Text(\"new\")"),
            ("SELECT group_concat(c) FROM sums", "Text(\"3\")"),
        ] {
            let rows = session.query(sql, &[], 5).await.expect(sql).rows;
            assert_eq!(format!("{:?}", rows[0][0]), expected, "{sql} in {target}");
        }
    }
}

#[tokio::test]
async fn a_search_table_with_a_line_break_before_using_comes_back_with_its_content() {
    let house = House::empty();
    house
        .run("CREATE VIRTUAL TABLE notes\nUSING fts5(body)")
        .await;
    house.run("INSERT INTO notes VALUES ('kept words')").await;
    let set = house.backup().await;
    assert_eq!(set.summary().not_included, []);
    house
        .restore(&RestoreOptions::default())
        .await
        .expect("restored");
    house.finds("SELECT count(*) FROM notes('words')", 1).await;
}

#[tokio::test]
async fn a_search_table_keeps_its_settings() {
    let house = House::empty();
    for sql in [
        "CREATE VIRTUAL TABLE notes USING fts5(title, body)",
        "INSERT INTO notes VALUES ('cat', 'dog dog'), ('dog', 'cat cat')",
        "INSERT INTO notes(notes, rank) VALUES ('rank', 'bm25(10.0, 1.0)')",
        "INSERT INTO notes(notes, rank) VALUES ('automerge', 7)",
        "CREATE TABLE docs (t)",
        "CREATE VIRTUAL TABLE by_docs USING fts5(t, content='docs')",
        "INSERT INTO by_docs(by_docs, rank) VALUES ('rank', 'bm25(3.0)')",
    ] {
        house.run(sql).await;
    }
    house.backup().await;
    house
        .restore(&RestoreOptions::default())
        .await
        .expect("restored");
    for (sql, found) in [
        (
            "SELECT count(*) FROM notes_config WHERE k = 'rank' AND v = 'bm25(10.0, 1.0)'",
            1,
        ),
        ("SELECT v FROM notes_config WHERE k = 'automerge'", 7),
        (
            "SELECT count(*) FROM by_docs_config WHERE v = 'bm25(3.0)'",
            1,
        ),
        ("SELECT rowid FROM notes('dog') ORDER BY rank LIMIT 1", 2),
    ] {
        house.finds(sql, found).await;
    }
}

#[tokio::test]
async fn content_that_no_backup_holds_is_named_before_it_goes() {
    let house = House::empty();
    house.run("CREATE TABLE plain (a)").await;
    house
        .run("CREATE VIRTUAL TABLE words USING fts5(body, content='')")
        .await;
    house
        .run("INSERT INTO words(rowid, body) VALUES (1, 'gone')")
        .await;
    house.backup().await;
    let plan = house.plan("latest", &RestoreOptions::default()).await;
    let said = plan.expect("a plan").to_string();
    assert!(
        said.contains("the content of virtual table `words`, which no backup holds"),
        "{said}"
    );
}

#[tokio::test]
async fn a_search_table_whose_content_table_has_gone_keeps_no_restore_from_the_others() {
    let house = House::empty();
    for sql in [
        "CREATE TABLE plain (a)",
        "INSERT INTO plain VALUES (1)",
        "CREATE TABLE posts (id INTEGER PRIMARY KEY, body TEXT)",
        "CREATE VIRTUAL TABLE by_posts USING fts5(body, content='posts', content_rowid='id')",
        "ALTER TABLE posts RENAME TO articles",
        "CREATE TRIGGER follows AFTER INSERT ON articles BEGIN INSERT INTO by_posts(rowid, body) VALUES (new.id, new.body); END",
    ] {
        house.run(sql).await;
    }
    let set = house.backup().await;
    let not_included = &set.summary().not_included;
    let why = &not_included.first().expect("the index").why;
    assert!(why.contains("no such table: main.posts"), "{why}");
    house.run("DELETE FROM plain").await;
    house
        .restore(&RestoreOptions::default())
        .await
        .expect("restored");
    house.finds("SELECT count(*) FROM plain", 1).await;
    house.run("INSERT INTO articles VALUES (1, 'words')").await;
    house.finds("SELECT rowid FROM by_posts('words')", 1).await;
}

#[tokio::test]
async fn a_search_over_a_view_that_was_made_again_comes_back() {
    let house = House::empty();
    for statement in [
        "CREATE TABLE docs (id INTEGER PRIMARY KEY, body TEXT)",
        "INSERT INTO docs VALUES (1, 'some words')",
        "CREATE VIEW shown AS SELECT id, body FROM docs",
        "CREATE VIRTUAL TABLE search USING fts5(body, content='shown', content_rowid='id')",
        "INSERT INTO search(search) VALUES ('rebuild')",
        "DROP VIEW shown",
        "CREATE VIEW shown AS SELECT id, body FROM docs WHERE id > 0",
    ] {
        house.run(statement).await;
    }
    house.backup().await;
    house
        .restore(&RestoreOptions::default())
        .await
        .expect("restored");
    house.finds("SELECT count(*) FROM search('words')", 1).await;
}

#[tokio::test]
async fn a_search_over_a_restored_table_finds_its_rows() {
    let house = House::empty();
    for statement in [
        "CREATE TABLE docs (id INTEGER PRIMARY KEY, body TEXT)",
        "CREATE VIEW shown AS SELECT id, body FROM docs",
        "CREATE VIRTUAL TABLE search USING fts5(body, content='Docs', content_rowid='id')",
        "CREATE VIRTUAL TABLE wider USING fts5(body, content='shown', content_rowid='id')",
        "INSERT INTO docs VALUES (1, 'old words')",
    ] {
        house.run(statement).await;
    }
    house.backup().await;
    for statement in [
        "UPDATE docs SET body = 'new'",
        "INSERT INTO search(search) VALUES ('rebuild')",
        "INSERT INTO wider(wider) VALUES ('rebuild')",
    ] {
        house.run(statement).await;
    }
    let options = RestoreOptions {
        tables: tables(&["docs"]),
        ..RestoreOptions::default()
    };
    house.restore(&options).await.expect("restored");
    for (word, rows) in [("words", 1), ("new", 0)] {
        for table in ["search", "wider"] {
            house
                .finds(&format!("SELECT count(*) FROM {table}('{word}')"), rows)
                .await;
        }
    }
}

#[tokio::test]
async fn a_virtual_table_of_an_unknown_module_stays_and_stands_in_no_way() {
    let house = House::empty();
    let mut session = house.session().await;
    for statement in [
        "CREATE TABLE plain (a)",
        "INSERT INTO plain VALUES (1)",
        "PRAGMA writable_schema = ON",
        "INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) VALUES ('table', 'places', 'places', 0, 'CREATE VIRTUAL TABLE places USING nowhere(a)')",
    ] {
        session.run(statement).await.expect(statement);
    }
    drop(session);
    let set = house.backup().await;
    let left_out = &set.summary().not_included;
    assert!(left_out[0].name == "places" && left_out[0].why.contains("`nowhere`"));
    house.run("DELETE FROM plain").await;
    let plan = house.plan("latest", &RestoreOptions::default()).await;
    assert_eq!(plan.expect("a plan").objects, [""; 0]);
    house
        .restore(&RestoreOptions::default())
        .await
        .expect("restored");
    house.finds("SELECT count(*) FROM plain", 1).await;
    house
        .finds(
            "SELECT count(*) FROM sqlite_schema WHERE name = 'places'",
            1,
        )
        .await;
}
