//! Logs of runs that came to their end or did not, and what they tell of a migration.

use serde_json::json;

use super::*;

const OF_ONE: Sought<'static> = Sought {
    database: "postgres://app@localhost/shop",
    version: 1,
    file: Some("m/1_a.sql"),
};

fn run(database: &str) -> String {
    json!({"event": "run", "database": database}).to_string()
}

fn closed(version: i64) -> String {
    json!({"event": "closed", "version": version}).to_string()
}

fn restored(set: &str) -> String {
    json!({"event": "closed", "set": set}).to_string()
}

fn statement(file: &str, line: u64, rows: Option<u64>) -> String {
    let position = json!({"file": file, "line": line, "column": 1});
    match rows {
        Some(rows) => json!({"event": "statement", "position": position, "rows": rows}),
        None => json!({"event": "statement", "position": position}),
    }
    .to_string()
}

#[test]
fn the_last_statement_done_is_found_until_it_is_undone() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, lines: &[String]| {
        std::fs::write(folder.path().join(name), lines.join("\n")).expect("written");
    };
    let found = || reached(folder.path(), OF_ONE);
    assert_eq!(found(), None);
    let backup = |set: &str| json!({"event": "counts", "of": "backup", "set": set}).to_string();
    let lines = [
        backup("before"),
        statement("m/1_a.sql", 2, None),
        backup("after"),
        statement("m/1_a.sql", 2, Some(0)),
        statement("m/1_a.sql", 5, None),
        "{\"event\":\"en".to_owned(),
    ];
    write("1-safe-migration.jsonl", &lines);
    write("2-other.jsonl", &[statement("m/2_b.sql", 9, Some(1))]);
    let reached = found().expect("half done");
    assert_eq!((reached.done, reached.begun), (Some(2), Some(5)));
    assert_eq!(reached.set.as_deref(), Some("before"));
    write("3-resolve.jsonl", &[closed(2)]);
    assert!(found().is_some());
    let elsewhere = run("postgres://app@db.example:5432/shop");
    write("3-restore.jsonl", &[elsewhere, restored("before")]);
    assert!(found().is_some());
    let here = || run("postgres://owner@127.0.0.1:5432/shop");
    for end in [restored("before"), closed(1)] {
        write("3-restore.jsonl", &[here(), end]);
        assert_eq!(found(), None);
    }
    // A run that tries again and fails again, and one that goes back by itself.
    let again = [closed(1), statement("m/1_a.sql", 2, Some(0))];
    write("4-own.jsonl", &again);
    assert_eq!(found().and_then(|reached| reached.done), Some(2));
    let back = [
        backup("own"),
        statement("m/1_a.sql", 2, Some(0)),
        restored("own"),
    ];
    write("5-own.jsonl", &back);
    assert_eq!(found().and_then(|reached| reached.done), Some(2));
    write(
        "6-applied.jsonl",
        &[statement("m/1_a.sql", 2, Some(0)), closed(1)],
    );
    assert_eq!(found(), None);
}

#[test]
fn a_restore_brings_back_what_was_half_done_when_its_set_was_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, lines: &[String]| {
        std::fs::write(folder.path().join(name), lines.join("\n")).expect("written");
    };
    let found = || reached(folder.path(), OF_ONE).and_then(|reached| reached.done);
    let backup = |set: &str| json!({"event": "counts", "of": "backup", "set": set}).to_string();
    let (before, after) = ("2026-01-02T00-00-01-000Z", "2026-01-03T00-00-00-000Z");
    let half = [backup(before), statement("m/1_a.sql", 2, Some(0))];
    write("2026-01-02T00-00-00-000Z-safe-migration.jsonl", &half);
    let restore = |day: u32, set: &str| {
        let safety = backup(&format!("2026-01-{day:02}T00-00-00-100Z"));
        write(
            &format!("2026-01-{day:02}T00-00-00-000Z-restore.jsonl"),
            &[safety, restored(set)],
        );
    };
    assert_eq!(found(), Some(2));
    restore(4, after);
    assert_eq!(found(), Some(2));
    restore(5, before);
    assert_eq!(found(), None);
    // The set that undoes that restore has it half done again.
    restore(6, "2026-01-05T00-00-00-100Z");
    assert_eq!(found(), Some(2));
    restore(7, "2026-01-01T00-00-00-000Z");
    assert_eq!(found(), None);
}

#[test]
fn an_address_is_the_same_whoever_connects() {
    for (left, right, same) in [
        (
            "postgres://a@localhost/shop",
            "postgres://b@127.0.0.1:5432/shop",
            true,
        ),
        (
            "mariadb://a@[::1]:3306/shop",
            "mysql://localhost/shop",
            true,
        ),
        (
            "postgres://a@localhost/shop",
            "postgres://a@localhost/shop2",
            false,
        ),
        (
            "postgres://a@localhost:5433/shop",
            "postgres://a@localhost/shop",
            false,
        ),
        (
            "postgres://a@db.example/shop",
            "postgres://a@localhost/shop",
            false,
        ),
        ("sqlite://app.db", "sqlite://app.db", true),
        ("sqlite://a/app.db", "sqlite://b/app.db", false),
    ] {
        assert_eq!(is_same(left, right), same, "{left} {right}");
    }
}

#[test]
fn what_a_killed_run_announced_is_told_without_its_counts() {
    let folder = tempfile::tempdir().expect("a folder");
    let reached = |lines: &[String]| {
        std::fs::write(
            folder.path().join("1-safe-migration.jsonl"),
            lines.join("\n"),
        )
        .expect("written");
        let reached = reached(folder.path(), OF_ONE)?;
        Some((reached.done, reached.begun))
    };
    let begun = |line: u64| statement("m/1_a.sql", line, None);
    let counted = |line: u64| statement("m/1_a.sql", line, Some(0));
    let end = |status: &str| json!({"event": "end", "status": status}).to_string();
    // Counts are written together, once there are many or the run is over.
    let all = [begun(2), begun(3), begun(5), counted(2), counted(3)];
    assert_eq!(reached(&all), Some((Some(3), Some(5))));
    assert_eq!(reached(&all[..3]), Some((Some(3), Some(5))));
    assert_eq!(reached(&all[..1]), Some((None, Some(2))));
    assert_eq!(
        reached(&[begun(2), end("interrupted")]),
        Some((None, Some(2)))
    );
    assert_eq!(reached(&[begun(2), end("failed")]), None);
}

#[test]
fn a_migration_whose_file_is_gone_is_known_by_its_version() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = [
        statement("m/1_a.sql", 2, Some(0)),
        statement("m/01_b.sql", 3, Some(0)),
        statement("m/2_c.sql", 9, Some(0)),
        statement("m/x.sql", 9, Some(0)),
    ];
    let log = folder.path().join("1-safe-migration.jsonl");
    std::fs::write(log, lines.join("\n")).expect("written");
    let sought = |version: i64| Sought {
        version,
        file: None,
        ..OF_ONE
    };
    let found = reached(folder.path(), sought(1)).expect("half done");
    assert_eq!(found.done, Some(3));
    assert_eq!(found.file, "m/01_b.sql");
    assert_eq!(reached(folder.path(), sought(3)), None);
}
