//! A throw-away database for rehearsals: a file, or a database beside the one it is a copy of.

use std::path::Path;
use std::time::Duration;

use super::dialect::copies::{self, Hold, Made};
use super::dialect::{mysql, postgres};
use super::server::Server;
use super::{Engine, Error, Result, Target};
use crate::event::Sink;

/// How long its removal may take when nobody waits for it any more: a run that is stopped has three seconds.
const REMOVAL_WAIT: Duration = Duration::from_millis(2_500);

/// A throw-away database: removed by [`Scratch::close`], or when it is dropped.
#[derive(Debug)]
pub struct Scratch {
    target: Target,
    left: Option<Left>,
    /// What tells other runs that it is in use, until it is gone.
    hold: Option<Hold>,
}

/// A scratch database that may not be gone, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MayBeLeft {
    /// Which, without an end.
    pub message: String,
    /// What removes it.
    pub hint: String,
}

/// What is still to be removed.
#[derive(Debug)]
enum Left {
    File(tempfile::NamedTempFile),
    Database(Engine, Box<Server>),
}

impl Scratch {
    /// A file in this folder.
    pub(super) fn file(folder: &Path, name: String) -> Result<Scratch> {
        let file = tempfile::Builder::new()
            .prefix(".scratch-")
            .suffix(".db")
            .tempfile_in(folder)
            .map_err(|source| Error::File {
                action: "create a scratch database in",
                path: folder.display().to_string(),
                source,
            })?;
        Ok(Scratch {
            target: Target::sqlite_file(file.path(), folder).named(name),
            left: Some(Left::File(file)),
            hold: None,
        })
    }

    /// A database on the same server.
    pub(super) async fn beside(
        engine: Engine,
        server: &Server,
        name: String,
        sink: &dyn Sink,
    ) -> Result<Scratch> {
        let Made { server, hold } = match engine {
            Engine::Postgres => postgres::create_scratch(server, sink).await?,
            _ => mysql::create_scratch(server, sink).await?,
        };
        Ok(Scratch {
            target: Target::server(engine, server.clone()).named(name),
            left: Some(Left::Database(engine, Box::new(server))),
            hold,
        })
    }

    /// Where it is.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// What to say where its removal fails; `None` for a file, which says that itself.
    pub fn may_be_left(&self) -> Option<MayBeLeft> {
        let Some(Left::Database(engine, server)) = &self.left else {
            return None;
        };
        let (message, hint) =
            copies::may_be_left(&server.database, &engine.quote(&server.database));
        Some(MayBeLeft { message, hint })
    }

    /// Removes it where what it was for has failed, which is not to wait for long. Returns what to say if it may be left.
    pub async fn abandon(self) -> Option<MayBeLeft> {
        let may_be_left = self.may_be_left();
        match tokio::time::timeout(REMOVAL_WAIT, self.close()).await {
            Ok(Ok(())) => None,
            _ => may_be_left,
        }
    }

    /// Removes it.
    ///
    /// # Errors
    /// When it cannot be removed; see [`Scratch::may_be_left`].
    pub async fn close(mut self) -> Result<()> {
        match self.left.take() {
            None => Ok(()),
            Some(Left::File(file)) => remove_file(file),
            Some(Left::Database(engine, server)) => {
                // Kept until it is gone, so that a close that is stopped half-way is made up for when this is dropped.
                self.left = Some(Left::Database(engine, server.clone()));
                let removed = remove_database(engine, &server).await;
                self.left = None;
                if let Some(hold) = self.hold.take() {
                    hold.release().await;
                }
                removed
            }
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nobody is left to tell; `close` reports.
        match self.left.take() {
            None => {}
            Some(Left::File(file)) => drop(remove_file(file)),
            Some(Left::Database(engine, server)) => remove_detached(engine, server),
        }
    }
}

async fn remove_database(engine: Engine, server: &Server) -> Result<()> {
    match engine {
        Engine::Postgres => postgres::drop_scratch(server).await,
        _ => mysql::drop_scratch(server).await,
    }
}

/// On a thread and a runtime of its own: this may run where nothing can be awaited, in a runtime that is going away.
fn remove_detached(engine: Engine, server: Box<Server>) {
    let worker = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        if let Ok(runtime) = runtime {
            let removal = remove_database(engine, &server);
            let _ = runtime.block_on(async { tokio::time::timeout(REMOVAL_WAIT, removal).await });
        }
    });
    let _ = worker.join();
}

fn remove_file(file: tempfile::NamedTempFile) -> Result<()> {
    for suffix in ["-wal", "-shm", "-journal"] {
        let mut beside = file.path().as_os_str().to_owned();
        beside.push(suffix);
        // Only there if the engine left it.
        let _ = std::fs::remove_file(&beside);
    }
    let path = file.path().display().to_string();
    file.close().map_err(|source| Error::File {
        action: "remove the scratch database",
        path,
        source,
    })
}
