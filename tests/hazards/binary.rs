//! The whole way with the real program: refused with nothing touched, allowed and applied.

use crate::harness::Project;
use crate::harness::databases::{Said, in_every_project};

in_every_project!(
    the_incident_that_started_this_is_found_before_anything_is_touched,
    the_good_way_of_adding_a_required_column_goes_through,
    what_is_allowed_is_applied_and_expected,
    what_harms_no_value_is_applied_without_a_word,
);

const MIGRATE: [&str; 4] = ["run", "safe-migration", "--yes", "--json"];

/// A project whose first migration, as Prisma writes it, is applied, with three people.
fn people(project: Project) -> Project {
    let table = "CREATE TABLE \"User\" (\n    \"id\" INTEGER NOT NULL,\n    \"email\" VARCHAR(100) NOT NULL,\n    PRIMARY KEY (\"id\")\n);\n";
    let table = quoted(&project, table);
    project.file(
        "migrations/20250101000000_init.sql",
        format!("-- CreateTable\n{table}"),
    );
    project.dbscript(&MIGRATE).go();
    let rows = "INSERT INTO \"User\" VALUES (7, 'a@x.org'), (19, 'b@x.org'), (44, 'c@x.org')";
    project.sql(&quoted(&project, rows));
    project
}

fn quoted(project: &Project, sql: &str) -> String {
    let quote = project.said(Said {
        sqlite: "\"",
        postgres: "\"",
        mysql: "`",
    });
    sql.replace('"', quote)
}

fn the_incident_that_started_this_is_found_before_anything_is_touched(project: Project) {
    let project = people(project);
    let text = project.said(Said {
        sqlite: "TEXT",
        postgres: "TEXT",
        mysql: "VARCHAR(191)",
    });
    project.file(
        "migrations/20250102000000_referral.sql",
        quoted(&project, &format!(
            "-- AlterTable\nALTER TABLE \"User\" ADD COLUMN \"referralCode\" {text} NOT NULL;\n\n-- CreateIndex\nCREATE UNIQUE INDEX \"User_referralCode_key\" ON \"User\"(\"referralCode\");\n"
        )),
    );
    let (before, backups) = (
        project.value(&quoted(&project, "SELECT count(*) FROM \"User\"")),
        project.list("backups"),
    );
    let run = project.dbscript(&MIGRATE).status(3).go();
    let found = run.events_of("finding");
    let block = found
        .iter()
        .find(|finding| finding["rule"] == "add-required-column");
    let block = block.unwrap_or_else(|| panic!("{}", run.told()));
    assert_eq!(block["severity"], "block");
    let message = block["message"].as_str().unwrap_or_default();
    assert!(message.starts_with("3 rows of `User` "), "{message}");
    assert!(
        message.contains("`referralCode`") && message.ends_with("e.g. id 7, 19, 44"),
        "{message}"
    );
    let hint = block["hint"].as_str().unwrap_or_default();
    assert!(
        hint.contains("nullable, fill it, then make it NOT NULL"),
        "{hint}"
    );
    assert_eq!(
        (
            block["line"].as_u64(),
            block["file"]
                .as_str()
                .map(|file| file.ends_with("20250102000000_referral.sql"))
        ),
        (Some(2), Some(true))
    );
    assert_eq!(run.end()["status"], "refused");
    assert_eq!(
        project.value(&quoted(&project, "SELECT count(*) FROM \"User\"")),
        before
    );
    assert_eq!(
        project.value(&quoted(
            &project,
            "SELECT count(*) FROM \"_sqlx_migrations\""
        )),
        "1"
    );
    let sets = |names: Vec<String>| {
        names
            .into_iter()
            .filter(|name| name != "runs/")
            .collect::<Vec<_>>()
    };
    assert_eq!(sets(project.list("backups")), sets(backups));
}

fn the_good_way_of_adding_a_required_column_goes_through(project: Project) {
    let project = people(project);
    // SQLite cannot make a column required afterwards.
    let Some(required) = project.said(Said {
        sqlite: None,
        postgres: Some("ALTER TABLE \"User\" ALTER COLUMN \"referralCode\" SET NOT NULL;"),
        mysql: Some("ALTER TABLE \"User\" MODIFY \"referralCode\" VARCHAR(191) NOT NULL;"),
    }) else {
        return;
    };
    project.file(
        "migrations/20250102000000_referral.sql",
        quoted(&project, &format!(
            "ALTER TABLE \"User\" ADD COLUMN \"referralCode\" VARCHAR(191);\nUPDATE \"User\" SET \"referralCode\" = \"email\" WHERE \"referralCode\" IS NULL;\n{required}\nCREATE UNIQUE INDEX \"User_referralCode_key\" ON \"User\"(\"referralCode\");\n"
        )),
    );
    let run = project.dbscript(&MIGRATE).go();
    assert_eq!(run.result()["applied"], 1, "{}", run.told());
    assert_eq!(
        project.value(&quoted(
            &project,
            "SELECT count(*) FROM \"User\" WHERE \"referralCode\" = \"email\""
        )),
        "3"
    );
}

/// Every sort of loss, each allowed by the comment above it: the comparison afterwards expects exactly these.
fn what_is_allowed_is_applied_and_expected(project: Project) {
    let Some((schema, losses)) = project.said(Said {
        sqlite: None,
        postgres: Some(POSTGRES),
        mysql: Some(MYSQL),
    }) else {
        return;
    };
    project.file("migrations/1_first.sql", schema);
    project.dbscript(&MIGRATE).go();
    for (index, (rule, loss)) in losses.iter().enumerate() {
        let name = format!("migrations/{}_loss.sql", index + 2);
        project.file(&name, loss);
        let refused = project.dbscript(&MIGRATE).status(3).go();
        let rules: Vec<String> = refused
            .events_of("finding")
            .iter()
            .map(|finding| finding["rule"].to_string())
            .collect();
        let bare = rule.split('(').next().unwrap_or_default();
        assert!(rules.contains(&format!("\"{bare}\"")), "{loss}: {rules:?}");
        project.file(
            &name,
            format!("-- dbscript: allow {rule} it may go\n{loss}"),
        );
        let run = project.dbscript(&MIGRATE).go();
        assert_eq!(run.result()["applied"], 1, "{}", run.told());
    }
}

/// Types that hold all the values there are, constraints that all rows fulfil.
fn what_harms_no_value_is_applied_without_a_word(project: Project) {
    let Some((schema, changes)) = project.said(Said {
        sqlite: None,
        postgres: Some((
            "CREATE TABLE people (id int PRIMARY KEY, name varchar(40), age int, score numeric(10,2), born date, mail text);
             INSERT INTO people VALUES (1, 'Ada', 30, 1.25, '2000-01-02', 'a@x.org'), (2, NULL, NULL, NULL, NULL, 'b@x.org');",
            &[
                "ALTER TABLE people ALTER COLUMN age TYPE bigint;",
                "ALTER TABLE people ALTER COLUMN name TYPE text;",
                "ALTER TABLE people ALTER COLUMN score TYPE numeric(12,4);",
                "ALTER TABLE people ALTER COLUMN born TYPE timestamp;",
                "ALTER TABLE people ALTER COLUMN age TYPE text USING age::text;",
                "ALTER TABLE people ALTER COLUMN mail SET NOT NULL, ADD CONSTRAINT one UNIQUE (mail);",
            ][..],
        )),
        mysql: Some((
            "CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(40), age INT, score DECIMAL(10,2), born DATE, mail VARCHAR(40));
             INSERT INTO people VALUES (1, 'Ada', 30, 1.25, '2000-01-02', 'a@x.org'), (2, NULL, NULL, NULL, NULL, 'b@x.org');",
            &[
                "ALTER TABLE people MODIFY age BIGINT;",
                "ALTER TABLE people MODIFY name TEXT;",
                "ALTER TABLE people MODIFY score DECIMAL(12,4);",
                "ALTER TABLE people MODIFY born DATETIME;",
                "ALTER TABLE people MODIFY age VARCHAR(20);",
                "ALTER TABLE people MODIFY mail VARCHAR(40) NOT NULL, ADD UNIQUE KEY one (mail);",
            ][..],
        )),
    }) else {
        return;
    };
    project.file("migrations/1_first.sql", schema);
    project.dbscript(&MIGRATE).go();
    for (index, change) in changes.iter().enumerate() {
        project.file(&format!("migrations/{}_change.sql", index + 2), change);
        let run = project.dbscript(&MIGRATE).go();
        let found = run.events_of("finding");
        let mut others = found.iter().filter(|finding| {
            !finding["rule"]
                .as_str()
                .is_some_and(|rule| rule.starts_with("lock-"))
        });
        assert!(others.next().is_none(), "{change}: {}", run.told());
    }
}

type Losses = &'static [(&'static str, &'static str)];

const POSTGRES: (&str, Losses) = (
    "CREATE TYPE mood AS ENUM ('glad', 'sad');
     CREATE TABLE people (id int PRIMARY KEY, name text, fax text, score numeric(10,2), mood mood);
     CREATE TABLE pets (id int PRIMARY KEY, owner int REFERENCES people (id));
     CREATE TABLE settings (name text PRIMARY KEY, value text);
     CREATE TABLE logs (day int) PARTITION BY RANGE (day);
     CREATE TABLE logs_0 PARTITION OF logs FOR VALUES FROM (0) TO (10);
     CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM (10) TO (20);
     CREATE SCHEMA app;
     CREATE TABLE app.notes (id int PRIMARY KEY);
     INSERT INTO people VALUES (1, 'Ada', '1', 1.25, 'glad'), (2, 'Bob', '2', 2.5, 'sad');
     INSERT INTO pets VALUES (1, 1);
     INSERT INTO settings VALUES ('theme', 'dark'), ('lang', 'en');
     INSERT INTO logs VALUES (5), (15);
     INSERT INTO app.notes VALUES (1);",
    &[
        (
            "update-rows(people)",
            "UPDATE people SET name = 'x' WHERE id = 1;",
        ),
        (
            "delete-rows(settings)",
            "DELETE FROM settings WHERE name = 'lang';",
        ),
        (
            "drop-column(people.fax)",
            "ALTER TABLE people DROP COLUMN fax;",
        ),
        (
            "narrow-type(people.score)",
            "ALTER TABLE people ALTER COLUMN score TYPE numeric(10,1);",
        ),
        (
            "lossy-using(people.name)",
            "ALTER TABLE people ALTER COLUMN name TYPE text USING upper(name);",
        ),
        ("drop-column(people.mood)", "DROP TYPE mood CASCADE;"),
        ("drop-table(logs_0)", "DROP TABLE logs_0;"),
        ("truncate(logs)", "TRUNCATE logs;"),
        ("drop-table(people)", "DROP TABLE people CASCADE;"),
        ("drop-schema(app)", "DROP SCHEMA app CASCADE;"),
    ],
);

const MYSQL: (&str, Losses) = (
    "CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, fax VARCHAR(40), score DECIMAL(10,2), seen DATETIME(6));
     CREATE TABLE settings (name VARCHAR(40) PRIMARY KEY, value VARCHAR(40));
     CREATE TABLE logs (day INT) PARTITION BY RANGE (day) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20));
     INSERT INTO people VALUES (1, 'Ada', '1', 1.25, '2026-01-02 03:04:05.123456'), (2, 'Bob', '2', 2.5, NULL);
     INSERT INTO settings VALUES ('theme', 'dark'), ('lang', 'en'), ('size', '1');
     INSERT INTO logs VALUES (5), (15);",
    &[
        ("update-rows(people)", "UPDATE people SET name = 'x' WHERE id = 1;"),
        ("delete-rows(settings)", "DELETE FROM settings WHERE name = 'lang';"),
        ("replace-rows(settings)", "REPLACE INTO settings VALUES ('theme', 'light');"),
        ("drop-column(people.fax)", "ALTER TABLE people DROP COLUMN fax;"),
        ("narrow-type(people.score)", "ALTER TABLE people MODIFY score DECIMAL(10,1);"),
        ("narrow-type(people.seen)", "ALTER TABLE people MODIFY seen DATETIME;"),
        ("modify-drops-attributes(people.name)", "ALTER TABLE people MODIFY name VARCHAR(40);"),
        ("drop-partition(logs)", "ALTER TABLE logs DROP PARTITION p0;"),
        ("truncate-partition(logs)", "ALTER TABLE logs TRUNCATE PARTITION p1;"),
        ("truncate(settings)", "TRUNCATE settings;"),
        ("drop-table(people)", "DROP TABLE people;"),
    ],
);
