//! What lies beside a database and what hangs on it from outside, when it is restored as a whole.

use dbscript::db::Begin;

use super::rights::{grant_beside, limited};
use super::swaps::{beside, fresh, held, rebuild, waiting};
use super::{client, name};
use crate::contract::{number, rows, run};
use crate::harness::databases::{Database, Fresh};
use crate::harness::{Project, Signal};

/// The SQL that makes a journal as a restore does.
fn journal(old: &str) -> String {
    format!(
        "CREATE DATABASE `{old}`;
         CREATE TABLE `{old}`.`{old}` (n INT PRIMARY KEY AUTO_INCREMENT, side VARCHAR(8), kind VARCHAR(16),
             name VARCHAR(64), settings TEXT, sql_text LONGTEXT) ENGINE = InnoDB CHARACTER SET utf8mb4;"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_tidies_away_what_those_that_were_killed_early_have_left() {
    let Some((fresh, mut session)) = fresh().await else {
        return;
    };
    let database = name(fresh.url());
    client(
        fresh.url(),
        &journal(&format!("{database}_dbscript_was_aabbccddeeff")),
    );
    client(
        fresh.url(),
        &format!(
            "CREATE DATABASE `{database}_dbscript_was_aabbccddee00`;
                  CREATE DATABASE `{database}_dbscript_new_aabbccddee01`;
                  CREATE TABLE `{database}_dbscript_new_aabbccddee01`.t (a INT);"
        ),
    );
    let left = session.leftovers().await.expect("it answers");
    assert_eq!(left.len(), 3, "{left:?}");
    assert!(
        left.iter()
            .all(|left| left.contains("the next `dbscript run restore`")),
        "{left:?}"
    );
    rebuild(&mut session).await;
    session.commit().await.expect("it is put in place");
    let notes = session.notes().await.expect("it answers");
    assert_eq!(notes.len(), 3, "{notes:?}");
    assert!(
        notes
            .iter()
            .all(|note| note.contains("left by a restore that was cut off")),
        "{notes:?}"
    );
    assert_eq!(beside(&mut session).await, 0);
    assert_eq!(number(&mut session, "SELECT SUM(a) FROM t").await, 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_stays_of_tables_without_transactions_that_were_built_beside() {
    let Some((_fresh, mut session)) = fresh().await else {
        return;
    };
    session.begin(Begin::Rebuild).await.expect("it begins");
    session.drop_all().await.expect("it is emptied");
    for sql in [
        "CREATE TABLE flat (a INT) ENGINE = MyISAM",
        "INSERT INTO flat VALUES (1)",
    ] {
        session.run(sql).await.expect("it runs");
    }
    session.rollback_all().await.expect("it is undone");
    let kept = session.kept_by_rollback().await.expect("it answers");
    assert_eq!(kept, None);
    assert_eq!(beside(&mut session).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_database_with_a_long_name_like_this_has_left_is_not_this_ones() {
    let Some(fresh) = Fresh::new(Database::Mysql).await else {
        return;
    };
    let start = format!(
        "{}{}",
        name(fresh.url()),
        "x".repeat(38 - name(fresh.url()).len())
    );
    let url = fresh
        .url()
        .replace(name(fresh.url()), &format!("{start}_one"));
    let old = format!("{start}_dbscript_was_aabbccddeeff");
    client(
        fresh.url(),
        &format!(
            "CREATE DATABASE {start}_one; CREATE DATABASE {start}_two; {}
             INSERT INTO `{old}`.`{old}` (side, kind, name) VALUES ('old', 'database', '{start}_two');
             CREATE DATABASE `{start}_dbscript_was_aabbccddee00`; CREATE DATABASE `{start}_dbscript_new_aabbccddee00`;
             CREATE TABLE {start}_one.t (a INT PRIMARY KEY);",
            journal(&old)
        ),
    );
    let target = dbscript::db::Target::parse(&url, fresh.folder()).expect("a good URL");
    let access = dbscript::db::Access {
        write: true,
        ..dbscript::db::Access::default()
    };
    let mut session = target.connect(access).await.expect("it opens");
    assert_eq!(session.leftovers().await.expect("it answers"), [""; 0]);
    rebuild(&mut session).await;
    session.commit().await.expect("it is put in place");
    assert_eq!(session.notes().await.expect("it answers"), [""; 0]);
    let sql = format!(
        "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE '{start}%'"
    );
    assert_eq!(number(&mut session, &sql).await, 5);
    for rest in [
        "one",
        "two",
        "dbscript_was_aabbccddeeff",
        "dbscript_was_aabbccddee00",
        "dbscript_new_aabbccddee00",
    ] {
        client(fresh.url(), &format!("DROP DATABASE `{start}_{rest}`"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_other_databases_are_not_torn_from_what_they_point_to() {
    let Some((fresh, mut session)) = fresh().await else {
        return;
    };
    let project = Project::new();
    let go = |words: &[&str]| project.dbscript(words).env("DATABASE_URL", fresh.url());
    client(fresh.url(), "DROP TRIGGER tr");
    go(&["run", "backup"]).go();
    let other = fresh.another().await;
    let (here, there) = (name(fresh.url()), name(other.url()));
    client(
        other.url(),
        &format!(
            "CREATE TABLE c (a INT, CONSTRAINT points FOREIGN KEY (a) REFERENCES `{here}`.t (a));"
        ),
    );
    for words in [
        &["run", "restore", "--plan"][..],
        &["run", "restore", "--yes"],
    ] {
        go(words)
            .status(3)
            .stderr_has(&format!("`points` of `{there}.c`"))
            .stderr_has("--tables")
            .go();
    }
    assert_eq!(
        crate::harness::timestamps(&project).len(),
        1,
        "nothing began"
    );
    run(&mut session, "INSERT INTO log VALUES (3)").await;
    go(&["run", "restore", "--yes", "--tables", "log"]).go();
    client(other.url(), "ALTER TABLE c DROP FOREIGN KEY points");
    go(&["run", "restore", "--yes"]).go();
    assert_eq!(beside(&mut session).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_without_transactions_that_were_just_written_are_replaced_without_a_word() {
    let Some((fresh, mut session)) = fresh().await else {
        return;
    };
    if session.info().await.expect("it answers").engine != "mariadb" {
        return;
    }
    let engines = ["MyISAM", "Aria"];
    for engine in engines {
        client(
            fresh.url(),
            &format!("CREATE TABLE plain_{engine} (a INT, b TEXT) ENGINE = {engine}"),
        );
    }
    let mut writer = fresh.session().await;
    for engine in engines {
        run(
            &mut writer,
            &format!("INSERT INTO plain_{engine} VALUES (1, REPEAT('x', 100))"),
        )
        .await;
    }
    rebuild(&mut session).await;
    session.commit().await.expect("it is put in place");
    assert_eq!(session.notes().await.expect("it answers"), [""; 0]);
    assert_eq!(beside(&mut session).await, 0);
    session.begin(Begin::Rebuild).await.expect("it begins");
    session.rollback_all().await.expect("it goes away");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_with_a_restore_is_told_before_and_what_stays_is_told_to_stay() {
    let Some((fresh, mut session)) = fresh().await else {
        return;
    };
    if session.info().await.expect("it answers").engine != "mariadb" {
        return;
    }
    client(
        fresh.url(),
        "DROP TRIGGER tr; DROP VIEW v; CREATE TABLE h (a INT) WITH SYSTEM VERSIONING;",
    );
    let url = limited(&fresh, "unseeing", true);
    let project = Project::new();
    let go = |words: &[&str]| project.dbscript(words).env("DATABASE_URL", &url);
    go(&["run", "backup"]).go();
    client(fresh.url(), "CREATE PROCEDURE hidden() SELECT 1;");
    let plan = go(&["run", "restore", "--plan"]).go();
    let told = format!("{}{}", plan.stdout, plan.stderr);
    assert!(told.contains("the row history of `h`"), "{told}");
    assert!(!told.contains("procedure `hidden`"), "{told}");
    go(&["run", "restore", "--yes"])
        .stderr_has("the procedure `hidden` stays as it is")
        .stderr_lacks("took the other `hidden`")
        .go();
    client(fresh.url(), "CALL hidden()");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_without_the_right_to_build_beside_names_no_rehearsal() {
    let Some((fresh, _session)) = fresh().await else {
        return;
    };
    client(fresh.url(), "DROP TRIGGER tr; DROP VIEW v;");
    let url = limited(&fresh, "narrow", false);
    let project = Project::new();
    let go = |words: &[&str]| project.dbscript(words).env("DATABASE_URL", &url);
    go(&["run", "backup"]).go();
    let grant = grant_beside(&fresh, "narrow");
    for words in [
        &["run", "restore", "--plan"][..],
        &["run", "restore", "--yes"],
    ] {
        go(words)
            .status(3)
            .stderr_has("cannot build the restored database beside")
            .stderr_has(&grant)
            .stderr_lacks("--rehearse")
            .go();
    }
    client(fresh.url(), &grant);
    go(&["run", "restore", "--yes"]).go();
}

/// What slipped into the old tables is only seen by who ends the restore that was cut off.
#[tokio::test(flavor = "multi_thread")]
async fn what_others_wrote_during_a_restore_that_was_cut_off_is_an_alert_when_it_is_ended() {
    let Some((fresh, mut other)) = fresh().await else {
        return;
    };
    let (project, mut blocker) = held(&fresh).await;
    let go = |words: &[&str]| project.dbscript(words).env("DATABASE_URL", fresh.url());
    let set = crate::harness::timestamps(&project).remove(0);
    let words = ["run", "restore", "--yes", "--json", "--from", &set];
    let restore = go(&words).killed().start();
    let number_of = waiting(&mut other, &fresh, "DROP VIEW").await;
    restore.signal(Signal::Kill);
    restore.finish();
    // MySQL notices by itself that nobody waits any more.
    super::swaps::kill(&mut other, number_of).await;
    blocker.rollback().await.expect("it ends");
    let start = format!("{}_dbscript_was_", name(fresh.url()));
    let old = format!(
        "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE '{start}%'"
    );
    let old = match &rows(&mut other, &old).await[..] {
        [row] => match &row[..] {
            [dbscript::value::Value::Text(old)] => old.clone(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    // Times are those of whole seconds.
    number(&mut other, "SELECT SLEEP(1.1)").await;
    run(&mut other, &format!("INSERT INTO `{old}`.t VALUES (9)")).await;
    let ended = go(&words).status(5).go();
    let alerts = ended.events_of("alert");
    let alert = alerts.iter().find(|alert| alert["name"] == "data loss");
    let alert = alert.unwrap_or_else(|| panic!("{}", ended.told()));
    assert!(alert.to_string().contains(&old), "{alert}");
    let kept = format!("SELECT COUNT(*) FROM `{old}`.t WHERE a = 9");
    assert_eq!(number(&mut other, &kept).await, 1);
    run(&mut other, &format!("DROP DATABASE `{old}`")).await;
}
