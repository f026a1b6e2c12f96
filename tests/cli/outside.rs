//! A rehearsal runs beside the real database, so what reaches outside its database must not be rehearsed.

use super::{MIGRATE, filled};
use crate::harness::Project;
use crate::harness::databases::{Database, Said, in_every_project};

in_every_project!(what_reaches_outside_is_not_rehearsed_beside_the_real_database);

fn what_reaches_outside_is_not_rehearsed_beside_the_real_database(project: Project) {
    let project = filled(project, 5);
    let name = project
        .url()
        .and_then(|url| url.rsplit('/').next())
        .unwrap_or_default()
        .to_owned();
    let (sql, named) = project.said(Said {
        sqlite: (
            "-- no-transaction\nATTACH 'other.db' AS other; CREATE TABLE other.t (a INT);"
                .to_owned(),
            "ATTACH",
        ),
        postgres: (
            "DO $$ BEGIN IF true THEN CREATE ROLE never_made; END IF; END $$;".to_owned(),
            "CREATE ROLE",
        ),
        mysql: (
            format!("DELETE FROM `{name}`.points;"),
            "a name in the database",
        ),
    });
    project.file(
        "migrations/0004_outside.sql",
        format!("{sql}\n").replace("DELETE", "-- dbscript: allow delete-rows(points)\nDELETE"),
    );
    let before = project.hash();
    let run = project.dbscript(&MIGRATE).status(3).go();
    let error = run.end()["error"].clone();
    for said in [named, "reaches outside its database", "--rehearse off"] {
        assert!(error.to_string().contains(said), "{said}: {}", run.told());
    }
    assert_eq!(error["position"]["file"], "migrations/0004_outside.sql");
    assert_eq!(project.hash(), before, "{}", run.told());
    assert!(!project.path().join("other.db").exists(), "{}", run.told());
}

#[test]
fn another_database_of_the_server_is_left_alone_by_a_rehearsal() {
    let (Some(project), Some(other)) = (Project::on(Database::Mysql), Project::on(Database::Mysql))
    else {
        return;
    };
    let project = filled(project, 5);
    other.sql("CREATE TABLE t (id INT); INSERT INTO t VALUES (1)");
    let name = other.url().and_then(|url| url.rsplit('/').next());
    let name = name.expect("it is on a server");
    project.file(
        "migrations/0004_other.sql",
        format!("DELETE FROM {name}.t;\nCREATE TABLE {name}.t2 (id INT);\n"),
    );
    let before = other.hash();
    project.dbscript(&MIGRATE).status(3).go();
    assert_eq!(other.hash(), before);
}
