//! To allow what the server refuses is no way out: the hint names one that is.

use dbscript::db::Engine;

use super::{database, judged};
use crate::harness::databases::{Database, Said, in_every_project};
use crate::harness::{Fresh, Project};

in_every_project!(what_fails_all_the_same_is_not_offered_to_be_allowed);

const MIGRATE: [&str; 4] = ["run", "safe-migration", "--yes", "--json"];

/// Migrations that fail on the rows there are, and words of the way out.
fn failing(project: &Project) -> &'static [(&'static str, &'static str)] {
    project.said::<&[(&str, &str)]>(Said {
        sqlite: &[
            (
                "ALTER TABLE people ADD COLUMN code TEXT NOT NULL;",
                "nullable, fill it",
            ),
            ("CREATE UNIQUE INDEX u ON people (name);", "GROUP BY"),
            (
                "ALTER TABLE people ADD COLUMN code TEXT UNIQUE;",
                "CREATE UNIQUE INDEX",
            ),
            (
                "ALTER TABLE people ADD COLUMN code TEXT DEFAULT CURRENT_TIMESTAMP;",
                "UPDATE",
            ),
        ],
        postgres: &[
            (
                "ALTER TABLE people ADD COLUMN code text NOT NULL;",
                "nullable, fill it",
            ),
            (
                "ALTER TABLE people ALTER COLUMN age SET NOT NULL;",
                "fill them first",
            ),
            (
                "ALTER TABLE people ADD CONSTRAINT u UNIQUE (name);",
                "GROUP BY",
            ),
            (
                "ALTER TABLE people ADD CONSTRAINT c CHECK (age > 5);",
                "settle these rows",
            ),
            (
                "ALTER TABLE people ALTER COLUMN name TYPE int USING name::int;",
                "settle these values",
            ),
        ],
        mysql: &[
            (
                "ALTER TABLE people MODIFY age INTEGER NOT NULL;",
                "fill them first",
            ),
            ("ALTER TABLE people ADD UNIQUE KEY u (name);", "GROUP BY"),
            (
                "ALTER TABLE people ADD CONSTRAINT c CHECK (age > 5);",
                "settle these rows",
            ),
        ],
    })
}

fn what_fails_all_the_same_is_not_offered_to_be_allowed(project: Project) {
    project.file(
        "migrations/1_first.sql",
        "CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(20), fax VARCHAR(20), age INTEGER);",
    );
    project.dbscript(&MIGRATE).go();
    project.sql(
        "INSERT INTO people VALUES (1, 'a', '1', NULL), (2, 'a', '2', 3), (3, 'b', '3', NULL)",
    );
    let failing = failing(&project);
    for (sql, way_out) in failing {
        project.file("migrations/2_next.sql", *sql);
        let refused = project.dbscript(&MIGRATE).status(3).go();
        let hint = refused.end()["error"]["hint"].to_string();
        assert!(
            hint.contains(way_out) && !hint.contains("allow"),
            "{sql}: {hint}"
        );
    }
    // A loss may be meant, and is still offered; beside what fails, that comes first.
    project.file(
        "migrations/2_next.sql",
        "ALTER TABLE people DROP COLUMN fax;",
    );
    let refused = project.dbscript(&MIGRATE).status(3).go();
    let hint = refused.end()["error"]["hint"].to_string();
    assert!(hint.contains("--allow 'drop-column(people.fax)'"), "{hint}");
    let (sql, way_out) = failing[0];
    let both = format!("{sql}\nALTER TABLE people DROP COLUMN fax;");
    project.file("migrations/2_next.sql", both);
    let refused = project.dbscript(&MIGRATE).status(3).go();
    let hint = refused.end()["error"]["hint"].to_string();
    assert!(
        hint.contains(way_out)
            && hint
                .contains("if the rest is meant, put `-- dbscript: allow drop-column(people.fax)`"),
        "{hint}"
    );
}

/// Where the server goes on and writes something else, an allowance is one's own decision.
#[tokio::test(flavor = "multi_thread")]
async fn what_mysql_does_in_silence_may_be_allowed() {
    let Some(fresh) = Fresh::new(Database::Mysql).await else {
        return;
    };
    let schema = "CREATE TABLE users (id INT PRIMARY KEY, age INT, seen TIMESTAMP NULL);
        CREATE TABLE pets (id INT PRIMARY KEY, owner INT);
        INSERT INTO users VALUES (1, NULL, NULL); INSERT INTO pets VALUES (1, 9), (2, 9);";
    let fresh = database(&fresh, schema).await;
    let is_mysql = fresh.session().await.engine() == Engine::Mysql;
    for (sql, rule, fails) in [
        (
            "ALTER TABLE users MODIFY age INT NOT NULL",
            "set-not-null",
            true,
        ),
        (
            "SET sql_mode = ''; ALTER TABLE users MODIFY age INT NOT NULL",
            "set-not-null",
            false,
        ),
        (
            "ALTER TABLE users MODIFY seen TIMESTAMP NOT NULL",
            "set-not-null",
            is_mysql,
        ),
        (
            "ALTER TABLE users ADD COLUMN c INT NOT NULL",
            "add-required-column",
            false,
        ),
        (
            "ALTER TABLE pets ADD FOREIGN KEY (owner) REFERENCES users (id)",
            "add-foreign-key",
            true,
        ),
        (
            "SET FOREIGN_KEY_CHECKS = 0; ALTER TABLE pets ADD FOREIGN KEY (owner) REFERENCES users (id)",
            "add-foreign-key",
            false,
        ),
        (
            "ALTER TABLE pets ADD UNIQUE KEY u (owner)",
            "add-unique",
            true,
        ),
        (
            "ALTER IGNORE TABLE pets ADD UNIQUE KEY u (owner)",
            "add-unique",
            false,
        ),
    ] {
        // MySQL no longer knows it.
        if is_mysql && sql.contains("IGNORE") {
            continue;
        }
        let lint = judged(&fresh, sql).await;
        let found = lint.findings.iter().find(|finding| finding.rule == rule);
        let found = found.unwrap_or_else(|| panic!("{sql}: {:?}", lint.findings));
        assert_eq!(found.fails, fails, "{sql}: {found:?}");
        let there = fresh.another().await;
        super::run(&there, schema)
            .await
            .expect("the schema is right");
        assert_eq!(super::run(&there, sql).await.is_err(), fails, "{sql}");
    }
}

#[test]
fn several_hazards_are_allowed_in_one_line_that_can_be_pasted() {
    let project = Project::new();
    project.sql("CREATE TABLE a (x INT, y INT); CREATE TABLE b (x INT); INSERT INTO a VALUES (1, 1); INSERT INTO b VALUES (1)");
    project.file(
        "migrations/1_less.sql",
        "DROP TABLE b; ALTER TABLE a DROP COLUMN y;",
    );
    let allowed = "drop-table(b),drop-column(a.y)";
    let refused = project.dbscript(&MIGRATE[..3]).status(3).go();
    let told = refused.told();
    assert!(told.contains(&format!("`--allow '{allowed}'`")), "{told}");
    assert!(
        told.contains("above its statement and the others above theirs"),
        "{told}"
    );
    project
        .dbscript(&[&MIGRATE[..3], &["--allow", allowed]].concat())
        .go();
}
