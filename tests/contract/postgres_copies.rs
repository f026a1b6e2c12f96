//! Copies beside a PostgreSQL database: removed whoever looks in.

use std::time::Instant;

use dbscript::db::Target;
use dbscript::event::Silent;
use sqlx::{Connection, PgConnection};

use super::number;
use crate::harness::PATIENCE;
use crate::harness::databases::{Database, Fresh};

/// Monitoring connects to every database, and the server's own autovacuum works in a new one: processes that this user
/// may not end.
#[tokio::test]
async fn a_copy_in_which_another_user_looks_around_is_removed() {
    let Some(fresh) = Fresh::new(Database::Postgres).await else {
        return;
    };
    let (rest, database) = fresh.url().rsplit_once('/').expect("it names a database");
    let (_, place) = rest.rsplit_once('@').expect("it names its user");
    let user = format!("copies_{database}");
    let create = format!("CREATE ROLE {user} LOGIN CREATEDB PASSWORD 'its-own'");
    fresh.other_program(&create).await;
    let url = format!("postgres://{user}:its-own@{place}/{database}");
    let folder = tempfile::tempdir().expect("a folder");
    let target = Target::parse(&url, folder.path()).expect("a URL");
    let copy = target.scratch(folder.path(), &Silent).await.expect("made");
    let name = copy.may_be_left().expect("it is on a server").message;
    let name = name.split('`').nth(1).expect("it is named").to_owned();
    let looking = PgConnection::connect(&format!("{rest}/{name}")).await;
    let looking = looking.expect("it may look in");
    let mut other = fresh.session().await;
    let away = tokio::spawn(async move {
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DROP DATABASE%' AND query NOT LIKE '%FORCE%'";
        let deadline = Instant::now() + PATIENCE;
        while number(&mut other, waits).await == 0 {
            assert!(Instant::now() < deadline, "nobody waits to remove it");
        }
        looking.close().await
    });
    copy.close().await.expect("removed once nobody looks");
    away.await.expect("no panic").expect("closed");
    let error = PgConnection::connect(&format!("{rest}/{name}")).await;
    assert!(error.is_err(), "`{name}` is gone");
}
