//! Making sets, damaging them, and what verifying says.

use super::*;

#[tokio::test]
async fn a_set_holds_every_table_and_verifies() {
    let house = House::with_sample().await;
    let options = CreateOptions {
        label: Some("nightly".to_owned()),
        readers: 2,
        verify: true,
        ..CreateOptions::default()
    };
    let created = create(&house.target(), &house.store(), &options, &house.sink)
        .await
        .expect("a backup");
    let summary = created.set.summary().clone();
    assert!(
        created
            .report
            .is_some_and(|report| report.is_sound() && report.rows == 4007)
    );
    let t = summary.timestamp;
    assert_eq!(
        house.files(),
        [
            format!("Empty-backup-{t}.json"),
            format!("_sqlx_migrations-backup-{t}.json"),
            format!("backup-summary-{t}.json"),
            format!("comments-backup-{t}.json"),
            format!("schema-backup-{t}.sql"),
            format!("users-backup-{t}.json"),
        ]
    );
    assert_eq!(summary.label.as_deref(), Some("nightly"));
    assert_eq!(summary.rows(), 2003 + 2003 + 1);
    let migrations = summary.migrations.expect("a history");
    assert_eq!(migrations.engine, "sqlx");
    assert_eq!(migrations.applied[0].checksum, "abcd");
    let text = std::fs::read_to_string(created.set.path(&format!("Empty-backup-{t}.json")));
    assert_eq!(text.expect("a file"), "[\n]\n");
    let text = std::fs::read(created.set.path(&format!("users-backup-{t}.json"))).expect("a file");
    let rows: serde_json::Value = serde_json::from_slice(&text).expect("a JSON array");
    assert_eq!(rows.as_array().map(Vec::len), Some(2003));
    let listing = house.store().list().expect("a listing");
    assert!(listing.litter.is_empty());
    assert!(matches!(&listing.sets[..], [entry] if entry.fault().is_none()));
}

#[tokio::test]
async fn two_sets_never_share_a_timestamp_and_latest_is_the_newer() {
    let house = House::with_sample().await;
    let (one, other) = tokio::join!(house.backup(), house.backup());
    assert_ne!(one.timestamp(), other.timestamp());
    let newest = one.timestamp().max(other.timestamp());
    let found = house
        .store()
        .find("latest", None, &*house.sink)
        .expect("found");
    assert_eq!(found.timestamp(), newest);
    let named = house
        .store()
        .find(&one.timestamp().to_string(), None, &*house.sink);
    assert_eq!(named.expect("found").timestamp(), one.timestamp());
}

#[tokio::test]
async fn a_partial_set_says_what_it_leaves_out() {
    let house = House::with_sample().await;
    let options = CreateOptions {
        tables: tables(&["Users"]),
        ..CreateOptions::default()
    };
    let set = house.backup_with(&options).await;
    assert!(set.summary().is_partial());
    assert_eq!(set.summary().tables.len(), 1);
    assert_eq!(set.summary().not_included.len(), 3);
    assert!(
        set.summary().migrations.is_some(),
        "the history is still told"
    );
    assert!(
        house
            .heard
            .lines()
            .contains("does not hold the table `comments`")
    );
    assert!(house.check(&set).await.is_sound());
}

#[tokio::test]
async fn the_newest_set_is_not_one_of_some_tables_unless_there_is_no_other_or_it_is_asked_for() {
    let house = House::with_sample().await;
    let partial = || CreateOptions {
        tables: tables(&["Users"]),
        ..CreateOptions::default()
    };
    let latest = || {
        house
            .store()
            .find("latest", None, &*house.sink)
            .expect("found")
    };
    let first = house.backup_with(&partial()).await;
    assert_eq!(latest().timestamp(), first.timestamp());
    let whole = house.backup().await;
    let newest = house.backup_with(&partial()).await;
    assert_eq!(latest().timestamp(), whole.timestamp());
    let told = format!(
        "`latest` is the backup {}; the newer {} holds only some tables",
        whole.timestamp(),
        newest.timestamp()
    );
    assert!(house.heard.lines().contains(&told));
    for (table, set) in [("Users", &newest), ("comments", &whole)] {
        let meant = house
            .store()
            .meant_for("latest", None, &[table.to_owned()], &*house.sink);
        assert_eq!(meant.expect("found").timestamp, set.timestamp(), "{table}");
    }
}

#[tokio::test]
async fn what_cannot_be_backed_up_leaves_nothing_behind() {
    let house = House::with_sample().await;
    for (names, words) in [
        (vec!["nope"], "no table `nope`"),
        (vec![], "names no table"),
    ] {
        let options = CreateOptions {
            tables: tables(&names),
            ..CreateOptions::default()
        };
        let error = house.try_backup(&options).await;
        assert_eq!(error.kind, Kind::Usage);
        assert!(error.chain().contains(words), "{}", error.chain());
    }
    std::fs::write(house.store().folder(), "").expect("a file in the way");
    let error = house.try_backup(&CreateOptions::default()).await;
    assert_eq!(error.kind, Kind::Backup, "{}", error.chain());
    assert!(house.files().is_empty());

    let house = House::empty();
    let error = house.try_backup(&CreateOptions::default()).await;
    assert_eq!(error.kind, Kind::Connect, "{}", error.chain());
    house.run("CREATE TABLE _prisma_migrations (id TEXT)").await;
    let error = house.try_backup(&CreateOptions::default()).await;
    assert_eq!(error.kind, Kind::Backup, "{}", error.chain());
    assert!(error.chain().contains("nothing to back up"));
    assert!(!house.store().folder().exists());
}

#[tokio::test]
async fn a_backup_that_is_dropped_at_any_moment_leaves_nothing() {
    let house = House::with_sample().await;
    for micros in (0..60).map(|step| step * 400) {
        let options = CreateOptions {
            verify: true,
            ..CreateOptions::default()
        };
        let (target, store) = (house.target(), house.store());
        let limit = std::time::Duration::from_micros(micros);
        let made =
            tokio::time::timeout(limit, create(&target, &store, &options, &house.sink)).await;
        if made.is_ok() {
            break;
        }
        assert!(
            house.files().is_empty(),
            "after {micros} µs: {:?}",
            house.files()
        );
    }
}

/// Damages one file of a fresh set and says what verifying finds.
async fn damaged(damage: impl FnOnce(&Set)) -> (House, Set, Report) {
    let house = House::with_sample().await;
    let set = house.backup().await;
    damage(&set);
    let report = house.check(&set).await;
    (house, set, report)
}

fn table_path(set: &Set, name: &str) -> PathBuf {
    let found = set
        .summary()
        .tables
        .iter()
        .find(|table| table.name.name == name);
    set.path(&found.expect("a table").file)
}

fn edit(path: &Path, change: impl FnOnce(String) -> String) {
    let text = std::fs::read_to_string(path).expect("readable");
    std::fs::write(path, change(text)).expect("writable");
}

fn messages(report: &Report) -> String {
    let lines: Vec<String> = report.problems.iter().map(Problem::to_string).collect();
    lines.join("\n")
}

#[tokio::test]
async fn a_changed_value_is_found_by_hash_and_fingerprint() {
    let (house, set, report) = damaged(|set| {
        edit(&table_path(set, "users"), |text| {
            text.replace("\"user 17\"", "\"user 71\"")
        });
    })
    .await;
    let text = messages(&report);
    assert!(
        text.contains("SHA-256") && text.contains("fingerprint"),
        "{text}"
    );
    assert_eq!(report.problems.len(), 2, "{text}");
    // Sizes are as they were: listed as complete, found out by its hash before anything is restored.
    let listing = house.store().list().expect("a listing");
    assert!(listing.sets[0].fault().is_none());
    let before = house.hash();
    let error = house
        .plan(&set.timestamp().to_string(), &RestoreOptions::default())
        .await
        .expect_err("refused");
    assert_eq!(error.kind, Kind::Integrity);
    assert_eq!(house.hash(), before);
}

#[tokio::test]
async fn a_row_that_does_not_parse_is_named_with_its_number() {
    let (_, _, report) = damaged(|set| {
        edit(&table_path(set, "users"), |text| {
            text.replace("\"name\":\"user 17\"", "\"nama\":\"user 17\"")
        });
    })
    .await;
    let text = messages(&report);
    assert!(text.contains("row 20: "), "{text}");
}

#[tokio::test]
async fn a_cut_file_is_listed_as_damaged_and_named_with_its_last_row() {
    let (house, set, report) = damaged(|set| {
        edit(&table_path(set, "comments"), |text| {
            text[..text.len() / 2].to_owned()
        });
    })
    .await;
    let text = messages(&report);
    assert!(text.contains("bytes, and the summary says"), "{text}");
    assert!(text.contains("the file ends before it"), "{text}");
    let entry = house.store().entry("latest").expect("an entry");
    assert!(matches!(entry.state, State::Damaged { .. }));
    let error = house
        .store()
        .find("latest", None, &*house.sink)
        .expect_err("none");
    assert!(
        matches!(error, Error::Damaged { older: None, .. }),
        "{error}"
    );
    let named = house
        .store()
        .find(&set.timestamp().to_string(), None, &*house.sink);
    assert!(matches!(named, Err(Error::Damaged { .. })));
}

#[tokio::test]
async fn missing_and_swapped_files_and_a_changed_schema_are_found() {
    let (_, _, report) = damaged(|set| {
        std::fs::remove_file(table_path(set, "comments")).expect("removed");
        std::fs::remove_file(table_path(set, "users")).expect("removed");
        std::fs::create_dir(table_path(set, "users")).expect("a folder in its place");
        edit(&set.path(&set.summary().schema.file), |text| {
            text.replace("by_name", "by_nams")
        });
    })
    .await;
    let text = messages(&report);
    assert!(
        text.contains("comments") && text.contains("is missing"),
        "{text}"
    );
    assert!(text.contains("is not a file"), "{text}");
    assert!(text.contains(".sql`: its SHA-256"), "{text}");
    assert_eq!(report.problems.len(), 3, "{text}");
}

#[tokio::test]
async fn an_unreadable_summary_is_a_problem_and_a_lost_one_makes_litter() {
    let house = House::with_sample().await;
    let (old, new) = (house.backup().await, house.backup().await);
    let summary = new.path(&names::summary(new.timestamp()));
    edit(&summary, |text| {
        text.replace("ada", "eva")
            .replace("\"rows\":2003", "\"rows\":2004")
    });
    let entry = house.store().entry("latest").expect("an entry");
    let report = verify_entry(&entry, &house.sink).await.expect("looked at");
    assert!(messages(&report).contains("its seal does not match"));
    let error = house.store().find("latest", None, &*house.sink);
    let error = error.expect_err("older data must be asked for");
    assert!(
        matches!(error, Error::Unreadable { older, .. } if older == Some(old.timestamp())),
        "{error}"
    );
    std::fs::remove_file(&summary).expect("removed");
    std::fs::write(new.path(".dbscript-abc.partial"), "").expect("written");
    std::fs::write(new.path("notes.txt"), "").expect("written");
    let listing = house.store().list().expect("a listing");
    assert_eq!(listing.sets.len(), 1);
    assert_eq!(listing.litter.len(), 6, "{:?}", listing.litter);
}

#[tokio::test]
async fn unknown_sets_are_usage_errors_that_name_near_ones() {
    let house = House::with_sample().await;
    let none = crate::error::Error::from(house.store().entry("latest").expect_err("none"));
    assert_eq!(none.kind, Kind::Usage);
    let set = house.backup().await;
    for which in ["2020-01-01T00-00-00-000Z", "newest", "../x"] {
        let error = crate::error::Error::from(house.store().entry(which).expect_err("unknown"));
        assert_eq!(error.kind, Kind::Usage);
        let hint = error.hint.expect("a hint");
        assert!(hint.contains(&set.timestamp().to_string()), "{hint}");
    }
    assert!("latest".parse::<Timestamp>().is_err());
}
