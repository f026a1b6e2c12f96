//! Several users with one database: what one has made is neither lost nor taken over by a restore of another's.

use dbscript::db::Begin;

use super::rights::limited;
use super::swaps::{beside, session, waiting};
use super::{client, name};
use crate::contract::{number, run};
use crate::harness::databases::{Database, Fresh};
use crate::harness::{Project, timestamps};

/// A database in which one user made a table with a trigger, a function and a view, and the URLs of that user and of
/// another who may do as much. `None` where the server is not MariaDB, whose rights these are.
async fn shared() -> Option<(Fresh, String, String)> {
    let fresh = Fresh::new(Database::Mysql).await?;
    let mut root = fresh.session().await;
    if root.info().await.expect("it answers").engine != "mariadb" {
        return None;
    }
    let (app, other) = (limited(&fresh, "app", true), limited(&fresh, "lim", true));
    client(
        &app,
        "CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1);
         CREATE FUNCTION f() RETURNS INT RETURN 1; CREATE VIEW v AS SELECT * FROM t;",
    );
    Some((fresh, app, other))
}

/// How many of the view, the function and the trigger belong to the one who made them.
async fn owned(fresh: &Fresh) -> i64 {
    let mut root = fresh.session().await;
    let sql = "SELECT (SELECT COUNT(*) FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE() AND DEFINER LIKE 'app%')
                    + (SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() AND DEFINER LIKE 'app%')
                    + (SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() AND DEFINER LIKE 'app%')";
    number(&mut root, sql).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_would_replace_a_routine_it_may_not_read_is_refused_before_anything_changes()
{
    let Some((fresh, app, other)) = shared().await else {
        return;
    };
    let project = Project::new();
    let go = |words: &[&str], url: &str| project.dbscript(words).env("DATABASE_URL", url);
    go(&["run", "backup"], &app).go();
    let user = format!("'lim_{}'@'127.0.0.1'", &name(fresh.url())[5..]);
    for words in [
        &["run", "restore", "--plan"][..],
        &["run", "restore", "--yes"],
    ] {
        go(words, &other)
            .status(3)
            .stderr_has("the function `f`")
            .stderr_has(&format!("GRANT SELECT ON mysql.proc TO {user}"))
            .stderr_has("or connect as app")
            .go();
        assert_eq!(timestamps(&project).len(), 1, "nothing began");
        assert_eq!(owned(&fresh).await, 2);
    }
    // And the way out leads out.
    client(
        fresh.url(),
        &format!("GRANT SELECT ON mysql.proc TO {user}"),
    );
    go(&["run", "restore", "--yes"], &other).go();
    assert_eq!(owned(&fresh).await, 2, "what is as the set has it stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_is_undone_leaves_routines_it_cannot_read_and_definers_as_they_were() {
    let Some((fresh, app, other)) = shared().await else {
        return;
    };
    client(&app, "CREATE VIEW w AS SELECT id + 1 AS a FROM t;");
    let mut limited = session(&fresh, &other).await;
    limited.begin(Begin::Rebuild).await.expect("it begins");
    limited.drop_all().await.expect("a database beside");
    for sql in [
        "CREATE TABLE t (id INT PRIMARY KEY)",
        "CREATE TABLE more (id INT PRIMARY KEY)",
        "CREATE VIEW v AS SELECT * FROM t",
        "CREATE VIEW x AS SELECT * FROM more",
        "CREATE VIEW w AS SELECT id + 1 AS a FROM t",
        "CREATE PROCEDURE f() SELECT 1",
        "CREATE FUNCTION f() RETURNS INT RETURN 2",
    ] {
        limited.run(sql).await.expect("it is made");
    }
    let refused = limited.commit().await.expect_err("`f` is there");
    assert!(refused.to_string().contains("exists"), "{refused}");
    limited.rollback_all().await.expect("it is undone");
    assert_eq!(owned(&fresh).await, 3);
    let mut root = fresh.session().await;
    assert_eq!(number(&mut root, "SELECT f() + SUM(a) FROM w").await, 3);
    assert_eq!(beside(&mut root).await, 0);
    let more = "SELECT (SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE())
                     + (SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE())";
    assert_eq!(number(&mut root, more).await, 4, "what came is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_lose_its_definer_is_told_before_and_what_need_not_keeps_it() {
    let Some((fresh, app, other)) = shared().await else {
        return;
    };
    client(
        &app,
        "DROP FUNCTION f; CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.id = NEW.id + 1;",
    );
    let project = Project::new();
    let go = |words: &[&str], url: &str| project.dbscript(words).env("DATABASE_URL", url);
    go(&["run", "backup"], &app).go();
    for words in [
        &["run", "restore", "--plan"][..],
        &["run", "restore", "--yes"],
    ] {
        assert_eq!(owned(&fresh).await, 2);
        let run = go(words, &other).stderr_has("GRANT SET USER ON").go();
        assert!(run.stderr.contains("the trigger `tr` with those of `app"));
        assert!(!run.stderr.contains("the view `v`"), "{}", run.stderr);
    }
    assert_eq!(owned(&fresh).await, 1, "the view is still its maker's");
    // Whoever may name others gives it back.
    let set = timestamps(&project).remove(0);
    go(&["run", "restore", "--yes", "--from", &set], fresh.url())
        .stderr_lacks("with those of")
        .go();
    assert_eq!(owned(&fresh).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_would_not_hold_a_routine_fails_and_says_what_helps() {
    let Some((_fresh, app, other)) = shared().await else {
        return;
    };
    let project = Project::new();
    project.file("migrations/0001_more.sql", "CREATE TABLE more (id INT)");
    let go = |words: &[&str], url: &str| project.dbscript(words).env("DATABASE_URL", url);
    for words in [
        &["run", "backup"][..],
        &["run", "backup", "--plan"],
        &["run", "pre-migration-backup"],
        &["run", "safe-migration", "--yes"],
    ] {
        go(words, &other)
            .status(6)
            .stderr_has("the function `f`")
            .stderr_has("GRANT SELECT ON mysql.proc TO 'lim_")
            .go();
        assert_eq!(timestamps(&project).len(), 0);
    }
    // Rows are no matter of routines.
    go(&["run", "backup", "--tables", "t"], &other)
        .stderr_has("the definition of this function cannot be read")
        .go();
    go(&["run", "pre-migration-backup"], &app).go();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_whose_body_alone_has_changed_comes_back_with_it() {
    let Some((fresh, _app, _other)) = shared().await else {
        return;
    };
    let body = |number: u8| {
        format!(
            "SET sql_mode = ORACLE;\nDELIMITER //\n
             CREATE OR REPLACE PACKAGE BODY pk AS FUNCTION a RETURN INT AS BEGIN RETURN {number}; END; END//\n
             DELIMITER ;\n"
        )
    };
    client(
        fresh.url(),
        &format!(
            "SET sql_mode = ORACLE;\nDELIMITER //\n
             CREATE PACKAGE pk AS FUNCTION a RETURN INT; END//\nDELIMITER ;\n{}",
            body(1)
        ),
    );
    let project = Project::new();
    let go = |words: &[&str]| {
        project
            .dbscript(words)
            .env("DATABASE_URL", fresh.url())
            .go()
    };
    go(&["run", "backup"]);
    for change in [body(2), "DROP PACKAGE BODY pk;".to_owned(), String::new()] {
        client(fresh.url(), &format!("SET sql_mode = ORACLE; {change}"));
        let set = timestamps(&project).remove(0);
        go(&["run", "restore", "--yes", "--from", &set]);
        let told = client(
            fresh.url(),
            "SET sql_mode = ORACLE; SELECT pk.a() AS a FROM DUAL",
        );
        assert_eq!(told, "a\n1\n", "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_that_an_undone_restore_could_not_give_back_to_its_maker_is_told() {
    let Some((fresh, app, other)) = shared().await else {
        return;
    };
    client(
        &app,
        "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.id = NEW.id + 1;",
    );
    let mut limited = session(&fresh, &other).await;
    limited.begin(Begin::Rebuild).await.expect("it begins");
    limited.drop_all().await.expect("a database beside");
    for sql in [
        "CREATE TABLE t (id INT PRIMARY KEY)",
        "CREATE FUNCTION f() RETURNS INT RETURN 2",
    ] {
        limited.run(sql).await.expect("it is made");
    }
    limited.commit().await.expect_err("`f` is there");
    let told = limited
        .rollback_all()
        .await
        .expect_err("not all is as it was");
    let told = told.to_string();
    assert!(
        told.contains("everything is as it was, but the trigger `tr` runs with the rights of who"),
        "{told}"
    );
    let mut root = fresh.session().await;
    let rows = "INSERT INTO t VALUES (7)";
    run(&mut root, rows).await;
    assert_eq!(number(&mut root, "SELECT SUM(id) FROM v").await, 9);
    assert_eq!(beside(&mut root).await, 0);
}

/// What a backup says that it does not hold is not taken away by restoring it.
#[tokio::test(flavor = "multi_thread")]
async fn a_routine_that_a_backup_could_not_read_stays_when_its_owner_restores_that_backup() {
    let Some((fresh, app, other)) = shared().await else {
        return;
    };
    client(&app, "DROP FUNCTION f");
    let project = Project::new();
    let go = |words: &[&str], url: &str| project.dbscript(words).env("DATABASE_URL", url);
    go(&["run", "backup"], &other).go();
    client(
        &app,
        "CREATE FUNCTION f() RETURNS INT RETURN 1; CREATE PROCEDURE f() SELECT 1; CREATE FUNCTION g() RETURNS INT RETURN 2;",
    );
    go(&["run", "restore", "--yes"], &other).go();
    let safety = timestamps(&project).remove(1);
    client(&app, "CREATE FUNCTION later() RETURNS INT RETURN 3");
    let plan = go(&["run", "restore", "--plan", "--from", &safety], &app).go();
    let told = plan.told();
    for kept in ["function `f`", "procedure `f`", "function `g`"] {
        let stays = format!("the {kept} stays as it is: the backup does not hold it");
        assert!(told.contains(&stays), "{told}");
    }
    assert!(told.contains("drop function `later`"), "{told}");
    assert!(!told.contains("drop function `f`"), "{told}");
    go(&["run", "restore", "--yes", "--from", &safety], &app).go();
    assert_eq!(client(&app, "SELECT f() + g() AS a"), "a\n3\n");
    assert_eq!(client(&app, "CALL f()"), "1\n1\n");
    let mut root = fresh.session().await;
    let routines =
        "SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()";
    assert_eq!(number(&mut root, routines).await, 3, "`later` is gone");
    assert_eq!(beside(&mut root).await, 0);
}

/// Cuts off a restore of root's before its tables move: the trigger of `t` is gone until that is ended.
async fn cut_off(fresh: &Fresh) {
    let mut restoring = fresh.session().await;
    restoring.begin(Begin::Rebuild).await.expect("it begins");
    restoring.drop_all().await.expect("a database beside");
    for sql in [
        "CREATE TABLE t (id INT PRIMARY KEY)",
        "CREATE TABLE held (a INT)",
    ] {
        restoring.run(sql).await.expect("it is made");
    }
    let new = super::super::rows(&mut restoring, "SELECT DATABASE()").await;
    let dbscript::value::Value::Text(new) = &new[0][0] else {
        panic!("it is in a database");
    };
    let mut blocker = fresh.session().await;
    blocker.begin(Begin::Write).await.expect("it begins");
    number(&mut blocker, &format!("SELECT COUNT(*) FROM `{new}`.held")).await;
    let committing = tokio::spawn(async move {
        restoring
            .commit()
            .await
            .expect_err("the connection is gone");
        restoring.rollback_all().await
    });
    let mut other = fresh.session().await;
    let number_of = waiting(&mut other, fresh, "RENAME TABLE").await;
    super::swaps::kill(&mut other, number_of).await;
    committing.await.expect("it ends").ok();
    blocker.rollback().await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_off_restore_is_not_ended_by_who_may_not_restore_or_would_take_over_what_it_makes() {
    let Some((fresh, app, other)) = shared().await else {
        return;
    };
    client(
        &app,
        "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.id = NEW.id + 1;",
    );
    let project = Project::new();
    let go = |words: &[&str], url: &str| project.dbscript(words).env("DATABASE_URL", url);
    go(&["run", "backup"], &app).go();
    assert_eq!(owned(&fresh).await, 3);
    cut_off(&fresh).await;
    let mut root = fresh.session().await;
    let half = "a restore was cut off while it put its tables in place";
    let refused = ["the function `f`", "the trigger `tr` with those of `app_"];
    for (step, what) in refused.into_iter().enumerate() {
        for words in [
            &["run", "restore", "--plan"][..],
            &["run", "restore", "--yes"],
        ] {
            go(words, &other).status(3).stderr_has(what).go();
            assert_eq!(owned(&fresh).await, 2, "the trigger is not made again");
            let left = root.leftovers().await.expect("it answers");
            assert!(left[0].contains(half), "{left:?}");
        }
        // The right to read it is not yet that to name its definer.
        let user = format!("'lim_{}'@'127.0.0.1'", &name(fresh.url())[5..]);
        let right = match step {
            0 => "SELECT ON mysql.proc",
            _ => "SET USER ON *.*",
        };
        client(fresh.url(), &format!("GRANT {right} TO {user}"));
    }
    go(&["run", "restore", "--yes"], &other)
        .stderr_has("a restore that was cut off before was undone")
        .go();
    assert_eq!(owned(&fresh).await, 3, "all is its maker's");
    assert_eq!(beside(&mut root).await, 0);
}
