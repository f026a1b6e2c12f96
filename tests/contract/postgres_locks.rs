//! On PostgreSQL, what others have locked keeps nobody waiting for ever.

use dbscript::db::Begin;

use super::run;
use crate::harness::Fresh;
use crate::harness::databases::Database;

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_and_a_backup_do_not_wait_for_ever_for_a_table_that_others_keep() {
    let Some(fresh) = Fresh::new(Database::Postgres).await else {
        return;
    };
    fresh
        .other_program("CREATE TABLE a (a INTEGER); CREATE TABLE b (a INTEGER)")
        .await;
    let mut holder = fresh.session().await;
    holder.begin(Begin::Write).await.expect("it begins");
    let lock = "LOCK TABLE b IN ACCESS EXCLUSIVE MODE";
    holder.run(lock).await.expect("nobody else has it");
    let mut session = fresh.session().await;
    let target = fresh.target();
    let (restore, backup) = tokio::join!(session.begin(Begin::Rebuild), target.snapshot(2));
    let restore = restore.expect_err("a table is kept").to_string();
    assert!(
        restore.contains("kept the tables for 30 seconds"),
        "{restore}"
    );
    let backup = backup.err().expect("a table is kept").to_string();
    assert!(backup.contains("waited 30 s for the tables"), "{backup}");
    run(&mut session, "INSERT INTO a VALUES (1)").await;
    holder.rollback().await.expect("it ends");
    session
        .begin(Begin::Rebuild)
        .await
        .expect("nobody keeps it");
    session.rollback().await.expect("it ends");
    assert!(target.snapshot(2).await.is_ok(), "nobody keeps it");
}
