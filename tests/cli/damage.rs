//! Migrations that would lose data, fail half-way, or rebuild a table that others point to.

use serde_json::Value;

use super::{MIGRATE, filled, with_people};
use crate::harness::databases::{Database, Said, in_every_project};
use crate::harness::{BackupSet, Finished, Project, timestamps};

in_every_project!(
    a_migration_that_fails_at_its_third_statement_is_caught_in_the_rehearsal,
    without_a_rehearsal_it_is_rolled_back_or_said_how_far_it_came,
    those_before_the_one_that_fails_stay_and_are_named,
    gaps_are_filled_without_an_allowance,
);

/// The findings of a rule.
#[track_caller]
fn findings(run: &Finished, rule: &str) -> Vec<Value> {
    let mut findings = run.events_of("finding");
    findings.retain(|finding| finding["rule"] == rule);
    findings
}

/// Runs the safe migration, which must end so and leave the database as it was.
#[track_caller]
fn leaves_alone(project: &Project, words: &[&str], code: i32) -> Finished {
    let before = project.hash();
    let words = [&MIGRATE[..], words].concat();
    let run = project.dbscript(&words).status(code).go();
    assert_eq!(project.hash(), before, "{}", run.told());
    run
}

#[test]
fn a_bare_rule_is_allowed_at_a_terminal_only() {
    let project = Project::new();
    project.sql(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, fax TEXT); INSERT INTO users VALUES (1, '5');",
    );
    project.file(
        "migrations/1_drop.sql",
        "ALTER TABLE users DROP COLUMN fax;",
    );
    let before = project.hash();
    let words = [&MIGRATE[..], &["--allow", "drop-column"]].concat();
    let run = project.dbscript(&words).status(2).go();
    assert!(run.told().contains("names no object"), "{}", run.told());
    assert_eq!(project.hash(), before);
}

#[test]
fn a_dropped_column_with_data_is_refused_before_anything_happens() {
    let project = with_people(30);
    project.file(
        "migrations/0004_slimmer.sql",
        "-- drops nothing: DROP TABLE users\nCREATE TABLE extra (a INTEGER);\nALTER TABLE users DROP COLUMN email;\n",
    );
    let run = leaves_alone(&project, &[], 3);
    let found = findings(&run, "drop-column");
    assert_eq!(found.len(), 1, "{}", run.told());
    assert_eq!(found[0]["severity"], "block");
    assert_eq!(found[0]["file"], "migrations/0004_slimmer.sql");
    assert_eq!(found[0]["line"], 3);
    assert!(
        found[0]["message"].to_string().contains("30"),
        "{}",
        found[0]
    );
    assert_eq!(findings(&run, "drop-table"), Vec::<Value>::new());
    assert_eq!(timestamps(&project).len(), 0, "refused before the backup");
    let end = run.end();
    assert!(end["error"]["hint"].to_string().contains("allow"), "{end}");
}

#[test]
fn what_is_allowed_by_name_goes_and_is_in_the_backup() {
    let project = with_people(30);
    let file = "migrations/0004_slimmer.sql";
    project.file(file, "ALTER TABLE users DROP COLUMN email;\n");
    leaves_alone(&project, &["--allow", "drop-column(users.total_points)"], 3);
    let allowed = [&MIGRATE[..], &["--allow", "drop-column(users.email)"]].concat();
    let run = project.dbscript(&allowed).go();
    assert_eq!(run.result()["applied"], 1);
    assert_eq!(
        project.value("SELECT count(*) FROM pragma_table_info('users') WHERE name = 'email'"),
        "0"
    );
    assert_eq!(project.value("SELECT count(*) FROM comments"), "60");
    let set = BackupSet::latest(&project);
    assert_eq!(run.result()["backup"], set.timestamp);
    assert!(set.rows("users").iter().all(|row| row["email"].is_string()));

    project.dbscript(&["run", "restore", "--yes"]).go();
    assert_eq!(project.value("SELECT count(email) FROM users"), "30");
    project.file(
        file,
        "-- dbscript: allow drop-column(users.email) the addresses moved to another service\nALTER TABLE users DROP COLUMN email;\n",
    );
    project.dbscript(&MIGRATE).go();
}

#[test]
fn what_a_comparison_finds_says_whether_it_is_on_the_copy_or_in_the_database() {
    let project = with_people(30);
    project.file(
        "migrations/0004_slimmer.sql",
        "-- dbscript: allow drop-column(users.email) moved\nALTER TABLE users DROP COLUMN email;\n",
    );
    let run = project.dbscript(&MIGRATE).go();
    let told: Vec<Value> = run.events_of("log");
    let told = told.iter().filter_map(|event| event["message"].as_str());
    let told: Vec<&str> = told.filter(|line| line.contains("is gone")).collect();
    let gone = "column `users.email` is gone with the 30 values of the backup";
    let wanted = [
        format!("in the rehearsal: {gone}"),
        format!("in `dbscript.db`: {gone}"),
    ];
    assert_eq!(told, wanted, "{}", run.told());
    project.file(
        "scripts/mine.rhai",
        "const NEEDS = [\"backups\", \"scratch\", \"db:write\"];\nfn main() {\n let saved = backup::create();\n \
         backup::in_scratch(saved, || { db::execute(\"DELETE FROM achievements\"); look(saved); });\n look(saved);\n}\n\
         fn look(saved) { for loss in integrity::compare(saved).losses { alert::raise(\"data loss\", loss.message); } }\n",
    );
    let run = project.dbscript(&["run", "mine", "--json"]).go();
    let alerts = run.events_of("alert");
    assert_eq!(alerts.len(), 1, "{}", run.told());
    let message = alerts[0]["message"].as_str().expect("a text");
    assert_eq!(
        message.matches("in the rehearsal: ").count(),
        1,
        "{message}"
    );
}

#[test]
fn what_would_lose_data_or_fail_is_found_by_its_meaning() {
    for (rule, sql) in [
        ("drop-table", "DROP TABLE comments;"),
        ("delete-rows", "DELETE FROM comments;"),
        (
            "delete-rows",
            "DELETE FROM comments WHERE 1 = 1 OR id = 'x';",
        ),
        (
            "delete-rows",
            "WITH old AS (SELECT id FROM comments) DELETE FROM comments WHERE id IN old;",
        ),
        ("update-rows", "UPDATE users SET email = NULL;"),
        (
            "add-required-column",
            "ALTER TABLE users ADD COLUMN code VARCHAR(20) NOT NULL;",
        ),
        (
            "add-unique",
            "CREATE UNIQUE INDEX one ON comments (user_id);",
        ),
    ] {
        let project = with_people(20);
        project.file(
            "migrations/0004_bad.sql",
            format!("CREATE TABLE fine (a INTEGER);\n{sql}"),
        );
        let run = leaves_alone(&project, &[], 3);
        let found = findings(&run, rule);
        assert_eq!(found.len(), 1, "{rule} in {sql}\n{}", run.told());
        assert_eq!(found[0]["line"], 2, "{sql}");
    }
}

#[test]
fn words_in_comments_strings_and_names_do_not_alarm() {
    let project = with_people(20);
    project.file(
        "migrations/0004_words.sql",
        "-- DROP TABLE users; DELETE FROM users\n/* TRUNCATE comments; */\n\
         CREATE TABLE \"DROP TABLE users\" (\"delete from\" TEXT DEFAULT 'DELETE FROM users; DROP TABLE users');\n\
         INSERT INTO \"DROP TABLE users\" VALUES ('x; UPDATE users SET email = NULL; --');\n\
         CREATE TABLE temporary_one (a INTEGER);\nDROP TABLE temporary_one;\n\
         CREATE INDEX by_email ON users (email);\n",
    );
    let run = project.dbscript(&MIGRATE).go();
    assert_eq!(
        run.events_of("finding"),
        Vec::<Value>::new(),
        "{}",
        run.told()
    );
    assert_eq!(run.result()["applied"], 1);
}

const FAILS_AT_THE_THIRD: &str = "CREATE TABLE one (a INTEGER);\n\
     INSERT INTO one SELECT length(body) FROM comments;\n\
     INSERT INTO users (id) VALUES ('no privy id');\n\
     CREATE TABLE two (a INTEGER);\n";

fn a_migration_that_fails_at_its_third_statement_is_caught_in_the_rehearsal(project: Project) {
    let project = filled(project, 30);
    project.file("migrations/0004_fails.sql", FAILS_AT_THE_THIRD);
    let run = leaves_alone(&project, &[], 3);
    let error = run.end()["error"].clone();
    assert!(error["message"].to_string().contains("privy_id"), "{error}");
    assert!(run.stdout.contains("0004_fails.sql"), "{}", run.told());
    BackupSet::latest(&project);
    let left: Vec<String> = project
        .list("backups")
        .into_iter()
        .chain(project.list(""))
        .collect();
    assert!(
        !left.iter().any(|name| name.contains("scratch")),
        "{left:?}"
    );
}

fn without_a_rehearsal_it_is_rolled_back_or_said_how_far_it_came(project: Project) {
    let project = filled(project, 30);
    project.file("migrations/0004_fails.sql", FAILS_AT_THE_THIRD);
    let before = project.hash();
    let words = [&MIGRATE[..], &["--rehearse", "off"]].concat();
    let run = project.dbscript(&words).status(7).go();
    let error = run.end()["error"].clone();
    if project.commits_ddl() {
        let told = error.to_string();
        for said in [
            "failed at statement 3 of 4",
            "statement 1 is done and stays",
            "dbscript run restore",
        ] {
            assert!(told.contains(said), "{told}");
        }
        project.dbscript(&["run", "restore", "--yes"]).go();
    }
    assert_eq!(project.hash(), before, "{}", run.told());
    assert_eq!(error["kind"], "migration");
    assert_eq!(error["position"]["line"], 3, "{error}");
    assert_eq!(error["position"]["file"], "migrations/0004_fails.sql");
    // Mended, it runs: nothing of the failed attempt is in the way.
    let mended = FAILS_AT_THE_THIRD.replace("INSERT INTO users (id) VALUES ('no privy id');", "");
    project.file("migrations/0004_fails.sql", mended);
    project.dbscript(&MIGRATE).go();
    assert_eq!(project.value("SELECT count(*) FROM one"), "60");
}

fn those_before_the_one_that_fails_stay_and_are_named(project: Project) {
    let project = filled(project, 10);
    project.file("migrations/0004_good.sql", "CREATE TABLE good (a INTEGER);");
    project.file("migrations/0005_fails.sql", FAILS_AT_THE_THIRD);
    let words = [&MIGRATE[..], &["--rehearse", "off"]].concat();
    let run = project.dbscript(&words).status(7).go();
    let names = "('good', 'one', 'two')";
    let tables = project.said(Said {
        sqlite: ("name", "sqlite_schema WHERE true"),
        postgres: ("relname", "pg_class WHERE true"),
        mysql: (
            "table_name",
            "information_schema.tables WHERE table_schema = DATABASE()",
        ),
    });
    let (name, place) = tables;
    let tables = project.lines(name, &format!("{place} AND {name} IN {names}"), name);
    let versions = "SELECT max(version) FROM _sqlx_migrations WHERE success";
    match (tables.as_str(), project.value(versions).as_str()) {
        ("good\none", "4") if project.commits_ddl() => {
            let told = run.end()["error"]["message"].to_string();
            assert!(
                told.contains("migrations up to 4 are applied; statement 1 is done"),
                "{told}"
            );
        }
        ("good", "4") => {
            let told = run.end()["error"]["message"].to_string();
            assert!(told.contains("migrations up to 4 are applied"), "{told}");
        }
        ("NULL", "3") => {}
        other => panic!(
            "neither as found nor as it should be: {other:?}\n{}",
            run.told()
        ),
    }
}

const REBUILD: &str = "CREATE TABLE users_new (\n\
     id VARCHAR(64) NOT NULL PRIMARY KEY, privy_id VARCHAR(255) NOT NULL UNIQUE, username VARCHAR(64) NOT NULL UNIQUE,\n\
     email VARCHAR(320), solana_wallet VARCHAR(44), embedded_wallet VARCHAR(44), referral_code VARCHAR(255) NOT NULL UNIQUE,\n\
     total_points BIGINT NOT NULL DEFAULT 0 CHECK (total_points >= 0), created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);\n\
     INSERT INTO users_new SELECT id, privy_id, username, email, solana_wallet, embedded_wallet, referral_code, total_points, created_at FROM users;\n\
     DROP TABLE users;\n\
     ALTER TABLE users_new RENAME TO users;\n";

#[test]
fn a_rebuilt_parent_keeps_every_cascading_child() {
    for pragmas in [
        ("", ""),
        (
            "PRAGMA foreign_keys = OFF;\n",
            "PRAGMA foreign_keys = ON;\n",
        ),
    ] {
        let project = with_people(200);
        let children = "SELECT (SELECT count(*) FROM comments) || ' ' || (SELECT count(*) FROM points) || ' ' || (SELECT count(*) FROM achievements)";
        let before = project.value(children);
        let sql = format!("{}{REBUILD}{}", pragmas.0, pragmas.1);
        project.file("migrations/0004_rebuild.sql", sql);
        let run = project.dbscript(&MIGRATE).go();
        assert_eq!(run.result()["applied"], 1, "{}", run.told());
        assert_eq!(findings(&run, "drop-table"), Vec::<Value>::new());
        assert_eq!(project.value(children), before);
        assert_eq!(
            project.value("SELECT count(*) FROM pragma_foreign_key_check"),
            "0"
        );
        assert_eq!(
            project.value("SELECT sql LIKE '%>= 0%' FROM sqlite_schema WHERE name = 'users'"),
            "1"
        );
        // The keys point to the new table, and hold.
        project.sql("PRAGMA foreign_keys = ON; DELETE FROM users WHERE id = 'u1'");
        assert_eq!(
            project.value("SELECT count(*) FROM comments WHERE user_id = 'u1'"),
            "0"
        );
    }
}

#[test]
fn a_rebuild_that_forgets_rows_is_refused() {
    let project = with_people(20);
    let sql = REBUILD.replace("FROM users;", "FROM users WHERE total_points > 3;");
    project.file("migrations/0004_rebuild.sql", sql);
    let run = leaves_alone(&project, &[], 3);
    assert_eq!(findings(&run, "rebuild-loses").len(), 1, "{}", run.told());
}

#[test]
fn a_rebuild_that_orphans_children_is_not_committed() {
    let project = with_people(20);
    // The lint is told that the loss is meant; the orphans it leaves are not.
    let sql = REBUILD.replace("FROM users;", "FROM users WHERE total_points > 3;");
    project.file("migrations/0004_rebuild.sql", sql);
    leaves_alone(&project, &["--allow", "rebuild-loses(users)"], 3);
    leaves_alone(
        &project,
        &["--allow", "rebuild-loses(users)", "--rehearse", "off"],
        7,
    );
}

/// What the hints advise: fill the gaps first, then demand a value.
fn gaps_are_filled_without_an_allowance(project: Project) {
    let project = filled(project, 20);
    project.sql("UPDATE users SET email = NULL WHERE total_points < 3");
    project.file(
        "migrations/0004_fill.sql",
        "UPDATE users SET email = 'unknown' WHERE email IS NULL;",
    );
    let run = project.dbscript(&MIGRATE).go();
    assert_eq!(run.result()["applied"], 1, "{}", run.told());
    let empty = "SELECT count(*) FROM users WHERE email IS NULL";
    assert_eq!(project.value(empty), "0");
}

#[test]
fn a_parent_dropped_from_under_its_children_on_mysql_is_compared_all_the_same() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    project.sql(
        "CREATE TABLE parents (id INT PRIMARY KEY);
         CREATE TABLE children (id INT PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES parents (id));
         INSERT INTO children VALUES (1, NULL)",
    );
    project.file(
        "migrations/1_drop.sql",
        "SET FOREIGN_KEY_CHECKS = 0;\nDROP TABLE IF EXISTS parents;\nSET FOREIGN_KEY_CHECKS = 1;\n",
    );
    let run = project.dbscript(&MIGRATE).go();
    assert_eq!(run.result()["applied"], 1, "{}", run.told());
}
