//! Readers of one moment.
//!
//! Each opens a consistent snapshot while a barrier keeps commits out: MariaDB's BACKUP STAGE
//! (<https://mariadb.com/kb/en/backup-stage/>), on MySQL LOCK TABLES … READ of this database's tables. Then each reads
//! from every table, which keeps others from altering or emptying it for as long as the snapshot lives. Where the
//! barrier cannot be had, by right or in time, there is one reader.
//!
//! Not MySQL's FLUSH TABLES WITH READ LOCK: it stops every database of the server, and behind one slow SELECT all
//! others go on waiting "for table flush" after it has given up
//! (<https://dev.mysql.com/doc/refman/8.4/en/flush.html#flush-tables-with-read-lock>).

use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::try_join_all;
use tokio::sync::mpsc;

use super::catalog::{self, Listed};
use super::link::{Link, State};
use super::text::READ;
use super::{journal, lines, quote, schema, text, watch};
use crate::db::catalog::{Column, Table};
use crate::db::dialect::{Chunk, Reader, Snapshot};
use crate::db::patience::busy;
use crate::db::server::Server;
use crate::db::{Access, Engine, EngineError, Error, Result};

/// How long the barrier may be waited for, in seconds: whoever writes meanwhile waits behind it.
const BARRIER_WAIT_S: u64 = 2;

/// How often a table that was altered in just that instant is tried again.
const ATTEMPTS: usize = 5;

/// The SQLSTATE of a table that is not there.
const NO_SUCH_TABLE: &str = "42S02";

/// Storage engines whose rows a snapshot holds.
const TRANSACTIONAL: [&str; 4] = ["InnoDB", "ROCKSDB", "TokuDB", "SEQUENCE"];

/// Opens them.
pub(super) async fn open(server: &Server, place: &str, readers: usize) -> Result<Snapshot> {
    let readers = readers.min(server.connections.unwrap_or(usize::MAX)).max(1);
    let mut links = vec![Link::start(server, place, Access::default()).await?];
    if readers > 1 {
        for _ in 1..readers {
            // As many as the server gives; the first is enough.
            let Ok(link) = Link::start(server, place, Access::default()).await else {
                break;
            };
            links.push(link);
        }
        if !together(server, place, &mut links).await? {
            links.truncate(1);
        }
    }
    let mut leader = links.remove(0);
    let (info, catalog, schema, warnings) = leader
        .call(async |state: &mut State| {
            begin(state).await?;
            journal::refuse_unfinished(state).await?;
            let warnings = warnings(&catalog::listed(state).await?);
            Ok((
                schema::info(state).await?,
                catalog::read(state).await?,
                schema::sql(state).await?,
                warnings,
            ))
        })
        .await?;
    links.insert(0, leader);
    Ok(Snapshot {
        info,
        catalog,
        schema,
        readers: links
            .into_iter()
            .map(|link| Box::new(MysqlReader { link }) as Box<dyn Reader>)
            .collect(),
        unmakeable: Vec::new(),
        warnings,
    })
}

/// Begins on every link behind a barrier; `false` where there is none to be had.
async fn together(server: &Server, place: &str, links: &mut [Link]) -> Result<bool> {
    let access = Access {
        write: true,
        ..Access::default()
    };
    let Ok(mut gate) = Link::start(server, place, access).await else {
        return Ok(false);
    };
    // Whoever writes waits meanwhile, table by table.
    let closed = tokio::time::timeout(Duration::from_secs(BARRIER_WAIT_S), gate.call(close_gate));
    if !matches!(closed.await, Ok(Ok(()))) {
        return Ok(false);
    }
    // An ALTER that was going on waits for the barrier and keeps its table: whoever waits for that table under the
    // barrier waits for ever.
    // All at once: no commit goes through until the last has read from every table.
    let all = try_join_all(links.iter_mut().map(|link| link.call(begin)));
    let begun = tokio::time::timeout(Duration::from_secs(BARRIER_WAIT_S), all).await;
    gate.call(async |state: &mut State| {
        let open = match state.engine {
            Engine::Mariadb => "BACKUP STAGE END",
            _ => "UNLOCK TABLES",
        };
        state.run(open).await
    })
    .await?;
    if let Ok(begun) = begun {
        return begun.map(|_| true);
    }
    if let Some(first) = links.first_mut() {
        first
            .call(async |state: &mut State| {
                state.transaction = None;
                state.run("ROLLBACK").await
            })
            .await?;
    }
    Ok(false)
}

async fn close_gate(state: &mut State) -> Result<()> {
    let wait = format!("SET SESSION lock_wait_timeout = {BARRIER_WAIT_S}");
    state.run(&wait).await?;
    if state.engine != Engine::Mariadb {
        return lock_all(state).await;
    }
    for stage in ["START", "FLUSH", "BLOCK_DDL", "BLOCK_COMMIT"] {
        state.run(&format!("BACKUP STAGE {stage}")).await?;
    }
    Ok(())
}

/// Locks every table against writers. One that came while this waited is locked by nobody: then there is no barrier.
async fn lock_all(state: &mut State) -> Result<()> {
    let names = |listed: Vec<Listed>| listed.into_iter().map(|table| table.name);
    let wanted: Vec<String> = names(catalog::listed(state).await?).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    state.run(&watch::locks(&wanted, "READ")).await?;
    if names(catalog::listed(state).await?).eq(wanted) {
        return Ok(());
    }
    state.run("UNLOCK TABLES").await?;
    Err(Error::Unsupported {
        message: "a table was made or dropped in this instant".to_owned(),
        hint: "run it again".to_owned(),
    })
}

/// Fixes the moment, and holds every table. Begun already: nothing more to do.
async fn begin(state: &mut State) -> Result<()> {
    if state.transaction.is_some() {
        return Ok(());
    }
    // What waits for a restore may keep this waiting, which is a part of that restore; and what waits for any other
    // transaction would keep it for as long as that likes.
    state.run(&watch::limit()).await?;
    let mut attempt = 1;
    loop {
        state
            .run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            .await?;
        state
            .run("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
            .await?;
        match hold(state).await {
            Err(error) if attempt < ATTEMPTS && was_altered(&error) => {
                attempt += 1;
                state.run("ROLLBACK").await?;
            }
            Err(Error::Locked { .. }) => return Err(busy("", "")),
            Err(error) if was_altered(&error) => return Err(restless(&error)),
            Err(error) => return Err(error),
            Ok(()) => break,
        }
    }
    state.transaction = Some(crate::db::dialect::Begin::Read);
    Ok(())
}

/// Reads from every table. MariaDB's list lacks a table for the instant in which an ALTER exchanges its files: one that
/// is not held could be missing from the backup, so what is held must be what is listed then.
async fn hold(state: &mut State) -> Result<()> {
    let names = |listed: Vec<Listed>| listed.into_iter().map(|table| table.name);
    let held: Vec<String> = names(catalog::listed(state).await?).collect();
    for name in &held {
        let sql = format!("{READ} 1 FROM {} LIMIT 1", quote(name));
        text::value(&mut state.connection, &sql).await?;
    }
    if names(catalog::listed(state).await?).eq(held) {
        return Ok(());
    }
    Err(Error::Statement {
        source: EngineError {
            code: NO_SUCH_TABLE.to_owned(),
            message: "which tables there are has changed while they were being held".to_owned(),
        },
    })
}

fn was_altered(error: &Error) -> bool {
    matches!(error, Error::Statement { source } if source.message.contains("definition has changed")
        || source.code == NO_SUCH_TABLE)
}

fn restless(last: &Error) -> Error {
    Error::Unsupported {
        message: format!(
            "other programs alter the tables all the time: what there is has changed with each of {ATTEMPTS} attempts to read it at one moment ({last})"
        ),
        hint: "wait until they are done, and run this again".to_owned(),
    }
}

fn warnings(listed: &[Listed]) -> Vec<String> {
    listed
        .iter()
        .filter(|table| {
            !TRANSACTIONAL
                .iter()
                .any(|engine| engine.eq_ignore_ascii_case(&table.engine))
        })
        .map(|table| {
            format!(
                "`{}` is not transactional ({}): its rows are as they were when they were read, not all of one moment",
                table.name, table.engine
            )
        })
        .collect()
}

struct MysqlReader {
    link: Link,
}

#[async_trait]
impl Reader for MysqlReader {
    async fn read_lines(
        &mut self,
        table: &Table,
        columns: &[Column],
        out: mpsc::Sender<Chunk>,
    ) -> Result<u64> {
        let (table, columns) = (table.clone(), columns.to_vec());
        self.link
            .call(async move |state: &mut State| lines::read(state, &table, &columns, &out).await)
            .await
    }
}
