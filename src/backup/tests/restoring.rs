//! Restoring sets: the database ends as the set has it or as it was found.

use super::*;

#[tokio::test]
async fn the_database_becomes_the_set_again() {
    let house = House::with_sample().await;
    let before = house.contents(&house.target()).await;
    house.backup().await;
    for statement in [
        "DELETE FROM users WHERE id < 100",
        "UPDATE users SET name = 'gone'",
        "DROP TABLE comments",
        "DROP VIEW named",
        "CREATE TABLE new (a)",
        "INSERT INTO new VALUES (1)",
        "CREATE VIEW fresh AS SELECT 1",
        "PRAGMA user_version = 9",
    ] {
        house.run(statement).await;
    }
    let plan = house
        .plan("latest", &RestoreOptions::default())
        .await
        .expect("a plan");
    assert_eq!(plan.scope, Scope::Whole);
    assert_eq!(plan.objects, ["view `fresh`"]);
    let change = |name: &str| {
        let found = plan.tables.iter().find(|(table, _)| table.name == name);
        found.map(|(_, change)| change.clone())
    };
    assert_eq!(change("new"), Some(Change::Drop { now: 1 }));
    assert_eq!(change("comments"), Some(Change::Create { rows: 2003 }));
    assert_eq!(
        change("users"),
        Some(Change::Replace {
            now: 1904,
            then: 2003
        })
    );
    assert!(
        plan.to_string()
            .contains("drop `new`, which it does not hold"),
        "{plan}"
    );
    let (safety, restored) =
        restore_with_safety_backup(&plan, &house.store(), &house.log(), &house.sink)
            .await
            .expect("restored");
    assert_eq!(house.contents(&house.target()).await, before);
    assert!(restored.counts.contains(&("comments".to_owned(), 2003)));
    let safety = safety.expect("a safety backup").set;
    assert_eq!(safety.summary().label.as_deref(), Some(SAFETY_LABEL));
    // Run again, `latest` is still the set and not the safety backup made a moment ago.
    let again = house
        .plan("latest", &RestoreOptions::default())
        .await
        .expect("a plan");
    assert_ne!(again.set.timestamp(), safety.timestamp());
    // The safety backup, named, brings the changes back.
    let undo = house
        .plan(&safety.timestamp().to_string(), &RestoreOptions::default())
        .await;
    restore(&undo.expect("a plan"), &house.log(), &house.sink)
        .await
        .expect("restored");
    assert!(house.contents(&house.target()).await.1.contains("fresh"));
}

#[tokio::test]
async fn a_missing_database_is_created_only_when_asked_for() {
    let house = House::with_sample().await;
    house.backup().await;
    let other = house.target_named("other.db");
    let plan = |create| {
        let options = RestoreOptions {
            create,
            ..RestoreOptions::default()
        };
        let (house, other) = (&house, other.clone());
        async move { restore::plan(&house.store(), "latest", &other, &options, &house.sink).await }
    };
    let error = plan(Creation::Never).await.expect_err("missing");
    assert_eq!(error.kind, Kind::Connect);
    let made = plan(Creation::Anywhere).await.expect("a plan");
    assert!(
        made.creates && made.to_string().starts_with("create sqlite://other.db"),
        "{made}"
    );
    let (safety, _) = restore_with_safety_backup(&made, &house.store(), &house.log(), &house.sink)
        .await
        .expect("restored");
    assert!(safety.is_none());
    assert_eq!(
        house.contents(&other).await,
        house.contents(&house.target()).await
    );
}

#[tokio::test]
async fn a_restore_that_fails_changes_nothing_and_creates_nothing() {
    let house = House::with_sample().await;
    let set = house.backup().await;
    house.run("DELETE FROM comments").await;
    let plan = house
        .plan("latest", &RestoreOptions::default())
        .await
        .expect("a plan");
    // Damaged between the plan and its execution: two rows swapped values, no byte more or less.
    let users = set
        .summary()
        .tables
        .iter()
        .find(|table| table.name.name == "users");
    let path = set.path(&users.expect("a table").file);
    let text = std::fs::read_to_string(&path).expect("readable");
    std::fs::write(&path, text.replace("user 1999", "user 1666")).expect("writable");
    let before = house.hash();
    let error = restore(&plan, &house.log(), &house.sink)
        .await
        .expect_err("damage");
    assert_eq!(error.kind, Kind::Integrity);
    assert!(
        error
            .chain()
            .contains("the database is as it was: the backup"),
        "{}",
        error.chain()
    );
    assert_eq!(house.hash(), before);
    // The same into a new file.
    std::fs::write(&path, &text).expect("writable");
    let options = RestoreOptions {
        create: Creation::Anywhere,
        ..RestoreOptions::default()
    };
    let other = house.target_named("other.db");
    let plan = restore::plan(&house.store(), "latest", &other, &options, &house.sink).await;
    std::fs::write(&path, text.replace("user 1999", "user 1666")).expect("writable");
    restore(&plan.expect("a plan"), &house.log(), &house.sink)
        .await
        .expect_err("damage");
    assert!(!house.path().join("other.db").exists());
}

#[tokio::test]
async fn a_restore_that_is_dropped_changes_nothing() {
    let house = House::with_sample().await;
    house.backup().await;
    house.run("DELETE FROM comments WHERE id > 1000").await;
    let before = house.contents(&house.target()).await;
    let plan = house
        .plan("latest", &RestoreOptions::default())
        .await
        .expect("a plan");
    let hash = house.hash();
    for micros in (1..15).map(|step| step * 700) {
        let limit = std::time::Duration::from_micros(micros);
        let log = house.log();
        if tokio::time::timeout(limit, restore(&plan, &log, &house.sink))
            .await
            .is_ok()
        {
            break;
        }
        // At once, without anybody opening the file again.
        assert!(house.hash() == hash, "after {micros} µs");
        assert!(!house.path().join("app.db-journal").exists());
        assert_eq!(
            house.contents(&house.target()).await,
            before,
            "after {micros} µs"
        );
    }
}

#[tokio::test]
async fn single_tables_are_replaced_and_the_others_stay() {
    let house = House::with_sample().await;
    house.backup().await;
    house
        .run("UPDATE users SET name = 'new' WHERE id = 1")
        .await;
    house.run("INSERT INTO users (name) VALUES ('later')").await;
    house.run("UPDATE comments SET text = 'kept'").await;
    let options = RestoreOptions {
        tables: tables(&["users"]),
        ..RestoreOptions::default()
    };
    let restored = house.restore(&options).await.expect("restored");
    assert_eq!(restored.counts, [("users".to_owned(), 2003)]);
    let mut session = house.session().await;
    let mut value = async |sql: &str| {
        let rows = session.query(sql, &[], 1).await.expect(sql).rows;
        format!("{:?}", rows[0][0])
    };
    assert_eq!(
        value("SELECT name FROM users WHERE id = 1").await,
        "Text(\"ada\")"
    );
    assert_eq!(
        value("SELECT count(*) FROM comments WHERE text = 'kept'").await,
        "Int(2003)"
    );
    assert_eq!(
        value("SELECT count(*) FROM Empty").await,
        "Int(0)",
        "no trigger fired"
    );
    // The counter never goes back: an id that was handed out since is not handed out again.
    assert_eq!(
        value("SELECT seq FROM sqlite_sequence WHERE name = 'users'").await,
        "Int(2004)"
    );
}

#[tokio::test]
async fn single_tables_that_would_leave_orphans_or_do_not_fit_are_refused() {
    let house = House::with_sample().await;
    house.backup().await;
    house
        .run("INSERT INTO users (id, name) VALUES (5000, 'later')")
        .await;
    house
        .run("INSERT INTO comments (user_id) VALUES (5000)")
        .await;
    let users = RestoreOptions {
        tables: tables(&["users"]),
        ..RestoreOptions::default()
    };
    let before = house.hash();
    let error = house.restore(&users).await.expect_err("orphans");
    assert_eq!(error.kind, Kind::Refused);
    assert!(
        error
            .chain()
            .contains("`comments` would have 1 row whose row of"),
        "{}",
        error.chain()
    );
    assert_eq!(house.hash(), before);
    house.run("ALTER TABLE users ADD COLUMN phone TEXT").await;
    let error = house.restore(&users).await.expect_err("columns");
    assert!(
        error.chain().contains("it has `phone` TEXT as well"),
        "{}",
        error.chain()
    );
    house.run("DROP TABLE comments").await;
    let comments = RestoreOptions {
        tables: tables(&["comments"]),
        ..RestoreOptions::default()
    };
    let error = house.restore(&comments).await.expect_err("no table");
    assert!(
        error.chain().contains("not in the database"),
        "{}",
        error.chain()
    );
}

#[tokio::test]
async fn a_partial_set_never_replaces_a_whole_database() {
    let house = House::with_sample().await;
    let partial = CreateOptions {
        tables: tables(&["comments"]),
        ..CreateOptions::default()
    };
    house.backup_with(&partial).await;
    house.run("DELETE FROM comments").await;
    let plan = house
        .plan("latest", &RestoreOptions::default())
        .await
        .expect("a plan");
    assert_eq!(plan.scope, Scope::Tables);
    restore(&plan, &house.log(), &house.sink)
        .await
        .expect("restored");
    let (contents, _) = house.contents(&house.target()).await;
    assert_eq!(
        contents.iter().map(|table| table.1).collect::<Vec<_>>(),
        [0, 1, 2003, 2003]
    );
}

#[tokio::test]
async fn sound_tables_of_a_damaged_set_can_be_named() {
    let house = House::with_sample().await;
    let set = house.backup().await;
    let file = &set
        .summary()
        .tables
        .iter()
        .find(|table| table.name.name == "comments");
    std::fs::write(set.path(&file.expect("a table").file), "[").expect("written");
    house.run("UPDATE users SET name = 'x'").await;
    let which = set.timestamp().to_string();
    let whole = house.plan(&which, &RestoreOptions::default()).await;
    assert_eq!(whole.expect_err("damaged").kind, Kind::Integrity);
    let named = |name| RestoreOptions {
        tables: tables(&[name]),
        ..RestoreOptions::default()
    };
    let plan = house.plan(&which, &named("users")).await.expect("a plan");
    restore(&plan, &house.log(), &house.sink)
        .await
        .expect("restored");
    let damaged = house.plan(&which, &named("comments")).await;
    assert_eq!(damaged.expect_err("damaged").kind, Kind::Integrity);
    let unknown = house.plan(&which, &named("nope")).await;
    assert_eq!(unknown.expect_err("unknown").kind, Kind::Usage);
}

#[tokio::test]
async fn a_scratch_database_holds_the_set_and_goes_away() {
    let house = House::with_sample().await;
    let set = house.backup().await;
    let folder = house.path().join("scratch");
    std::fs::create_dir(&folder).expect("a folder");
    let scratch = restore_into_scratch(&set, &house.target(), &folder, &house.sink)
        .await
        .expect("a scratch database");
    let contents = house.contents(scratch.target()).await;
    assert_eq!(contents, house.contents(&house.target()).await);
    scratch.close().await.expect("closed");
    assert_eq!(std::fs::read_dir(&folder).expect("readable").count(), 0);
}

#[tokio::test]
async fn without_a_safety_backup_nothing_is_restored() {
    let house = House::with_sample().await;
    house.backup().await;
    house.run("DELETE FROM comments").await;
    let plan = house
        .plan("latest", &RestoreOptions::default())
        .await
        .expect("a plan");
    let before = house.hash();
    let nowhere = house.path().join("file");
    std::fs::write(&nowhere, "").expect("written");
    let store = Store::open(&nowhere);
    let error = restore_with_safety_backup(&plan, &store, &house.log(), &house.sink)
        .await
        .expect_err("no backup");
    assert_eq!(error.kind, Kind::Backup);
    assert!(
        error.chain().starts_with("nothing was restored"),
        "{}",
        error.chain()
    );
    assert_eq!(house.hash(), before);
}
