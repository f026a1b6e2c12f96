//! Seed rows that are written again and again: lint and rehearsal agree on whether rows that exist get other values.

use crate::harness::Project;
use crate::harness::databases::{Database, Said, in_every_project};

in_every_project!(
    an_upsert_that_changes_nothing_is_silent,
    an_upsert_that_changes_rows_is_told_with_their_number,
    what_lint_cannot_tell_of_an_upsert_the_rehearsal_does,
);

const MIGRATE: [&str; 4] = ["run", "safe-migration", "--yes", "--json"];

fn prepared(project: &Project) -> Project {
    let project = project.another();
    project.sql(
        "CREATE TABLE plans (id INTEGER PRIMARY KEY, name VARCHAR(20), price DECIMAL(10, 2), since DATE, uses INTEGER);
         INSERT INTO plans VALUES (1, 'Free', 0, '2026-01-02', 5), (2, 'Pro', 9.5, NULL, 7);",
    );
    project
}

/// An upsert of these rows, as each engine says it.
fn upsert(project: &Project, rows: &str) -> String {
    let tail = project.said(Said {
        sqlite: "ON CONFLICT (id) DO UPDATE SET name = excluded.name, price = excluded.price, since = excluded.since",
        postgres: "ON CONFLICT (id) DO UPDATE SET name = excluded.name, price = excluded.price, since = excluded.since",
        mysql: "ON DUPLICATE KEY UPDATE name = VALUES(name), price = VALUES(price), since = VALUES(since)",
    });
    format!("INSERT INTO plans (id, name, price, since) VALUES {rows} {tail};\n")
}

fn an_upsert_that_changes_nothing_is_silent(project: Project) {
    let project = prepared(&project);
    let rows =
        "(1, 'Free', 0.00, '2026-01-02'), (2, 'Pro', 9.5, NULL), (3, 'Team', 29, '2026-03-04')";
    project.file("migrations/1_seed.sql", upsert(&project, rows));
    let run = project.dbscript(&MIGRATE).go();
    assert!(run.events_of("finding").is_empty(), "{}", run.told());
    assert_eq!(project.lines("name", "plans", "id"), "Free\nPro\nTeam");
}

fn an_upsert_that_changes_rows_is_told_with_their_number(project: Project) {
    for rows in [
        "(1, 'FREE', 0, '2026-01-02'), (2, 'Pro', 9.5, NULL), (3, 'Team', 29, NULL)",
        "(1, 'Free', 0.5, '2026-01-02'), (3, 'Team', 29, NULL)",
        "(1, 'Free', 0, '2026-01-03')",
        "(1, 'Free', 0, NULL)",
    ] {
        let project = prepared(&project);
        project.file("migrations/1_seed.sql", upsert(&project, rows));
        let before = project.hash();
        let run = project.dbscript(&MIGRATE).status(3).go();
        let found = &run.events_of("finding")[0];
        let message = found["message"].to_string();
        assert!(message.contains("1 of 2 rows of `plans`"), "{}", run.told());
        assert_eq!(found["severity"], "block");
        assert!(
            found["hint"].to_string().contains("allow upsert(plans)"),
            "{found}"
        );
        assert_eq!(project.hash(), before);
        let words = [&MIGRATE[..], &["--allow", "upsert(plans)"]].concat();
        project.dbscript(&words).go();
    }
}

fn what_lint_cannot_tell_of_an_upsert_the_rehearsal_does(project: Project) {
    let written = "INSERT INTO plans (id, name) VALUES (8, 'Old');\n";
    for (rows, passes) in [
        ("(1, 'Free', 0, '2026-01-02')", true),
        ("(2, 'Max', 9.5, NULL)", false),
    ] {
        let project = prepared(&project);
        let sql = format!("{written}{}", upsert(&project, rows));
        project.file("migrations/1_seed.sql", sql);
        if passes {
            project.dbscript(&MIGRATE).go();
            continue;
        }
        let error = project.dbscript(&MIGRATE).status(3).go().end()["error"].clone();
        assert!(
            error["message"]
                .to_string()
                .contains("1 of 2 rows of `plans`"),
            "{error}"
        );
        assert!(
            error["hint"]
                .to_string()
                .contains("--allow 'upsert(plans)'"),
            "{error}"
        );
        let words = [&MIGRATE[..], &["--allow", "upsert(plans)"]].concat();
        project.dbscript(&words).go();
    }
}

/// Keys of text, in whatever character set and collation they are kept; values of types that have no equality.
#[test]
fn keys_and_values_of_any_kind_are_compared() {
    for (database, schema, seeds) in [
        (
            Database::Mysql,
            "CREATE TABLE s (k VARCHAR(20) COLLATE utf8mb4_unicode_ci PRIMARY KEY, v TEXT COLLATE utf8mb4_bin, n DOUBLE);
             INSERT INTO s VALUES ('a', 'x', 1.5), ('é', 'y', 2);",
            ["('a', 'x', 1.5), ('é', 'y', 2)", "('é', 'Y', 2)"].map(|rows| {
                format!("INSERT INTO s VALUES {rows} ON DUPLICATE KEY UPDATE v = VALUES(v), n = VALUES(n)")
            }),
        ),
        (
            Database::Postgres,
            "CREATE TYPE mood AS ENUM ('calm', 'cross');
             CREATE TABLE s (k text PRIMARY KEY, v json, m mood, u uuid, t text[]);
             INSERT INTO s VALUES ('a', '{\"a\":1}', 'calm', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{x}'), ('b', NULL, NULL, NULL, NULL);",
            [
                "('a', '{\"a\":1}', 'calm', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '{x}')",
                "('a', '{\"a\":2}', 'calm', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '{x}')",
            ]
            .map(|rows| {
                format!("INSERT INTO s AS old VALUES {rows} ON CONFLICT (k) DO UPDATE SET v = excluded.v, m = excluded.m, u = excluded.u, t = excluded.t")
            }),
        ),
    ] {
        let Some(project) = Project::on(database) else {
            continue;
        };
        project.sql(schema);
        for (seed, severity) in seeds.iter().zip([None, Some("block")]) {
            project.file("migrations/1_seed.sql", format!("{seed};\n"));
            let run = project.dbscript(&["run", "safe-migration", "--plan", "--json"]);
            let run = run.status(if severity.is_some() { 3 } else { 0 }).go();
            let found = run.events_of("finding");
            let told = found.first().map(|found| found["severity"].to_string());
            let expected = severity.map(|severity| format!("{severity:?}"));
            assert_eq!(told, expected, "{seed}: {}", run.told());
        }
    }
}
