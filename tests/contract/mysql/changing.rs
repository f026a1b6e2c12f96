//! Tables that change while they are read, and rows as long as the server takes them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::client;
use crate::contract::snapshots::{lines, table};
use crate::harness::databases::{Database, Fresh};
use crate::harness::{Project, timestamps};

#[tokio::test(flavor = "multi_thread")]
async fn a_table_altered_all_the_time_is_read_whole_or_not_at_all() {
    let Some(fresh) = Fresh::new(Database::Mysql).await else {
        return;
    };
    fresh
        .other_program(
            "CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (2), (3); CREATE TABLE u (a INT)",
        )
        .await;
    let stop = Arc::new(AtomicBool::new(false));
    let (stopped, url) = (stop.clone(), fresh.url().to_owned());
    let altering = std::thread::spawn(move || {
        let mut rounds = 0;
        while !stopped.load(Ordering::Relaxed) {
            // A rebuilt table shows an older snapshot no rows; a new u is another table.
            client(
                &url,
                "ALTER TABLE t FORCE; ALTER TABLE t ADD COLUMN b INT, ALGORITHM = COPY; ALTER TABLE t DROP COLUMN b;
                 TRUNCATE u; INSERT INTO u VALUES (1), (2);",
            );
            rounds += 1;
        }
        rounds
    });
    for readers in [1, 2, 3, 1, 2, 3, 1, 2, 3] {
        let mut snapshot = match fresh.target().snapshot(readers).await {
            Ok(snapshot) => snapshot,
            // Told, after it was tried again and again.
            Err(error) => {
                assert!(error.to_string().contains("changed"), "{error}");
                continue;
            }
        };
        let (t, u) = (table(&snapshot, "t"), table(&snapshot, "u"));
        for reader in &mut snapshot.readers {
            assert_eq!(lines(reader.as_mut(), &t).await.len(), 3);
            let rows = lines(reader.as_mut(), &u).await.len();
            assert!(rows == 0 || rows == 2, "{rows}");
        }
    }
    stop.store(true, Ordering::Relaxed);
    assert!(altering.join().expect("it alters to the end") > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_as_long_as_the_server_takes_them_come_back() {
    let Some(fresh) = Fresh::new(Database::Mysql).await else {
        return;
    };
    client(
        fresh.url(),
        "CREATE TABLE t (id INT PRIMARY KEY, b LONGBLOB, c LONGTEXT, e ENUM('x'));
         INSERT INTO t VALUES (1, 'short', 'short', 'x'),
             (2, REPEAT(x'00ff27', @@max_allowed_packet / 5), REPEAT('é\\\\', @@max_allowed_packet / 15), 'x'), (3, NULL, '', NULL);",
    );
    let look = "SELECT id, LENGTH(b), SHA2(b, 256), LENGTH(c), SHA2(c, 256), e FROM t ORDER BY id;";
    let was = client(fresh.url(), look);
    let project = Project::new();
    let go = |words: &[&str]| {
        project
            .dbscript(words)
            .env("DATABASE_URL", fresh.url())
            .go()
    };
    go(&["run", "backup"]);
    client(fresh.url(), "DELETE FROM t;");
    go(&[
        "run",
        "restore",
        "--yes",
        "--from",
        &timestamps(&project)[0],
    ]);
    assert_eq!(client(fresh.url(), look), was);
}
