//! Views that lead nowhere: the server lets one stay whose tables, columns or views go. And views that read what not
//! everybody may, or belong to who has few rights.

use dbscript::db::Begin;

use super::rights::limited;
use super::{client, name};
use crate::cli::{MIGRATE, filled};
use crate::contract::number;
use crate::harness::databases::{Database, Fresh};
use crate::harness::{Project, timestamps};

/// One broken view must not make every backup one that cannot be restored.
#[test]
fn a_view_that_leads_nowhere_is_left_out_of_a_restore_and_a_rehearsal_and_told() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    let project = filled(project, 3);
    project.sql(
        "CREATE VIEW sound AS SELECT id FROM users; CREATE VIEW below AS SELECT id, email FROM users;
         CREATE VIEW mailed AS SELECT email FROM below; CREATE VIEW above AS SELECT email FROM mailed;
         DROP VIEW below; CREATE VIEW below AS SELECT id FROM users",
    );
    project.dbscript(&["run", "backup"]).go();
    project.sql("DELETE FROM comments");
    let run = project.dbscript(&["run", "restore", "--yes"]).go();
    for view in ["above", "mailed"] {
        let told =
            format!("the view `{view}` is left out, as it does not work in the backup either");
        assert!(run.stderr.contains(&told), "{}", run.told());
    }
    assert!(run.stderr.contains("the view `above` stays as it is"));
    assert_eq!(project.value("SELECT count(*) FROM comments"), "6");
    assert_eq!(project.value("SELECT count(*) FROM sound"), "3");
    assert_eq!(project.value("SELECT count(*) FROM below"), "3");
    project.sql("CREATE VIEW below2 AS SELECT id FROM below; DROP VIEW below");
    project.file("migrations/0004_fine.sql", "CREATE TABLE fine (a INTEGER);");
    let run = project.dbscript(&MIGRATE).go();
    assert!(
        run.told().contains("the view `below2` is left out"),
        "{}",
        run.told()
    );
}

/// A table, and the URL of a user who may do everything with it and no more. `None` where the server is not MariaDB, whose
/// rights these are.
async fn table_of(user: &str) -> Option<(Fresh, String)> {
    let fresh = Fresh::new(Database::Mysql).await?;
    let mut root = fresh.session().await;
    if root.info().await.expect("it answers").engine != "mariadb" {
        return None;
    }
    client(
        fresh.url(),
        "CREATE TABLE t (a INT); INSERT INTO t VALUES (7)",
    );
    let url = limited(&fresh, user, true);
    Some((fresh, url))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_of_what_the_user_may_not_read_refuses_the_plan_too_and_the_hint_can_be_pasted() {
    let Some((fresh, app)) = table_of("app").await else {
        return;
    };
    let elsewhere = fresh.another().await;
    let there = name(elsewhere.url());
    client(
        elsewhere.url(),
        "CREATE TABLE secret (a INT); INSERT INTO secret VALUES (3); CREATE FUNCTION f() RETURNS INT RETURN 4",
    );
    client(
        fresh.url(),
        &format!(
            "CREATE VIEW open AS SELECT a FROM t; CREATE VIEW closed AS SELECT a FROM `{there}`.secret;
             CREATE VIEW called AS SELECT `{there}`.f() AS a"
        ),
    );
    let project = Project::new();
    let go = |words: &[&str]| project.dbscript(words).env("DATABASE_URL", &app);
    go(&["run", "backup"]).go();
    let user = format!("'app_{}'@'127.0.0.1'", &name(fresh.url())[5..]);
    let grants = [
        format!("GRANT EXECUTE ON FUNCTION `{there}`.`f` TO {user}"),
        format!("GRANT SELECT ON `{there}`.`secret` TO {user}"),
    ];
    for words in [
        &["run", "restore", "--plan"][..],
        &["run", "restore", "--yes"],
    ] {
        go(words)
            .status(3)
            .stderr_has("the view `called`, `closed` reads what this user may not")
            .stderr_has(&grants.join("; "))
            .go();
        assert_eq!(timestamps(&project).len(), 1, "nothing began");
    }
    project.file("migrations/0001_more.sql", "CREATE TABLE more (a INT)");
    for words in [
        &["run", "safe-migration", "--plan"][..],
        &["run", "safe-migration", "--yes"],
    ] {
        go(words)
            .status(3)
            .stderr_has("it cannot be rehearsed; nothing was migrated")
            .stderr_has("reads what this user may not")
            .stderr_has("GRANT EXECUTE ON FUNCTION")
            .go();
    }
    client(fresh.url(), &grants.join("; "));
    go(&["run", "restore", "--plan"]).go();
    go(&["run", "restore", "--yes"]).go();
    go(&["run", "safe-migration", "--yes"]).go();
    let told = client(
        fresh.url(),
        "SELECT SUM(a) AS a FROM (SELECT a FROM open UNION SELECT a FROM closed UNION SELECT a FROM called) u",
    );
    assert_eq!(told, "a\n14\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_whose_definer_is_gone_refuses_no_restore_and_stays() {
    let Some((fresh, app)) = table_of("app").await else {
        return;
    };
    client(
        fresh.url(),
        "CREATE DEFINER = nobody@'127.0.0.1' VIEW lonely AS SELECT a FROM t;
         CREATE VIEW sound AS SELECT a FROM t; CREATE VIEW above AS SELECT a FROM sound;",
    );
    let project = Project::new();
    for url in [app.as_str(), fresh.url()] {
        let go = |words: &[&str]| project.dbscript(words).env("DATABASE_URL", url);
        go(&["run", "backup"]).go();
        client(fresh.url(), "DELETE FROM t");
        let set = timestamps(&project).pop().expect("it was made");
        go(&["run", "restore", "--plan", "--from", &set]).go();
        go(&["run", "restore", "--yes", "--from", &set])
            .stderr_has("the view `lonely` is left out")
            .stderr_has("the view `lonely` stays as it is")
            .go();
        let shown = client(fresh.url(), "SHOW CREATE VIEW lonely");
        assert!(shown.contains("DEFINER=`nobody`@`127.0.0.1`"), "{shown}");
        assert_eq!(client(fresh.url(), "SELECT a FROM above"), "a\n7\n");
    }
}

/// A definer needs no rights to the database that a restore builds beside, or to a rehearsal.
#[tokio::test(flavor = "multi_thread")]
async fn views_over_those_of_a_user_with_rights_to_one_database_only_come_back_and_are_rehearsed() {
    let Some((fresh, _)) = table_of("app").await else {
        return;
    };
    let few = limited(&fresh, "few", false);
    client(&few, "CREATE VIEW below AS SELECT a FROM t");
    client(fresh.url(), "CREATE VIEW above AS SELECT a FROM below");
    let owner = format!("DEFINER=`few_{}`@`127.0.0.1`", &name(fresh.url())[5..]);
    let project = Project::new();
    let go = |words: &[&str]| project.dbscript(words).env("DATABASE_URL", fresh.url());
    go(&["run", "backup"]).go();
    client(fresh.url(), "DROP VIEW above, below; DELETE FROM t");
    go(&["run", "restore", "--yes", "--from", "latest"])
        .stderr_lacks("is left out")
        .go();
    assert_eq!(client(fresh.url(), "SELECT a FROM above"), "a\n7\n");
    let shown = client(fresh.url(), "SHOW CREATE VIEW below");
    assert!(shown.contains(&owner), "{shown}");
    project.file("migrations/0001_more.sql", "CREATE TABLE more (a INT)");
    go(&["run", "safe-migration", "--yes"])
        .stderr_lacks("is left out")
        .go();
}

/// As "rename the table, leave a view behind" makes it, and its own advice goes back from.
#[test]
fn a_view_where_a_table_is_to_be_makes_way_for_it() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    project.sql("CREATE TABLE orders (id INT PRIMARY KEY); INSERT INTO orders VALUES (1)");
    project.dbscript(&["run", "backup"]).go();
    project.sql(
        "RENAME TABLE orders TO orders_v2; CREATE VIEW orders AS SELECT * FROM orders_v2;
         CREATE VIEW more AS SELECT * FROM orders",
    );
    project.dbscript(&["run", "restore", "--yes"]).go();
    let tables = "SELECT GROUP_CONCAT(TABLE_NAME, ' ', TABLE_TYPE) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()";
    assert_eq!(project.value(tables), "orders BASE TABLE");
    assert_eq!(project.value("SELECT count(*) FROM orders"), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_made_way_for_a_table_is_back_where_that_is_undone() {
    let Some((fresh, mut session)) = super::swaps::fresh().await else {
        return;
    };
    session.begin(Begin::Rebuild).await.expect("it begins");
    session.drop_all().await.expect("a database beside");
    for sql in ["CREATE TABLE t (a INT)", "CREATE TABLE v (a INT)"] {
        session.run(sql).await.expect("it is made");
    }
    let new = session.query("SELECT DATABASE()", &[], 1).await;
    let new = new.expect("it answers").rows.remove(0).remove(0);
    let dbscript::value::Value::Text(new) = new else {
        panic!("it is in a database");
    };
    let mut other = fresh.session().await;
    let mut blocker = fresh.session().await;
    blocker.begin(Begin::Write).await.expect("it begins");
    number(&mut blocker, &format!("SELECT COUNT(*) FROM `{new}`.t")).await;
    let committing = tokio::spawn(async move {
        let refused = session.commit().await;
        refused.expect_err("the connection is gone");
        session.rollback_all().await
    });
    let number_of = super::swaps::waiting(&mut other, &fresh, "RENAME TABLE").await;
    let views = "SELECT COUNT(*) FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()";
    assert_eq!(number(&mut other, views).await, 0);
    super::swaps::kill(&mut other, number_of).await;
    committing.await.expect("it ends").ok();
    blocker.rollback().await.expect("it ends");
    let mut next = fresh.session().await;
    next.begin(Begin::Rebuild).await.expect("it mends first");
    next.rollback_all().await.expect("it goes away");
    assert_eq!(number(&mut other, views).await, 1);
    assert_eq!(number(&mut other, "SELECT SUM(a) FROM v").await, 1);
}
