//! Throw-away databases beside the real one, and those that runs which were cut off have left.
//!
//! A copy's lock is one of GET_LOCK (<https://dev.mysql.com/doc/refman/8.4/en/locking-functions.html>), which is a
//! server's own: where several take writes, or something in between picks one, a run may meet a copy whose lock it cannot
//! see. So the name tells of the server too, and the server is asked who it is in the statement that takes the lock.

use sqlx::mysql::MySqlConnection;

use super::catalog::cell;
use super::link::State;
use super::{account, beside, open, quote, rebuild, text};
use crate::db::dialect::copies::{self, Hold, Made, Use};
use crate::db::server::Server;
use crate::db::{Engine, Result};
use crate::event::Sink;

/// Bytes of the random part of a name, and of the digest behind it: names have at most 64 letters.
const BYTES: usize = 4;

/// How long the removal of a copy may wait for what others have locked in it, in seconds.
const REMOVAL_WAIT_S: u64 = 5;

/// Which server this is.
const WHERE: &str = "CONCAT_WS('/', @@hostname, @@port, @@server_id)";

/// Creates an empty database beside this one, with a recognisable name, once what was left behind is gone.
pub(in crate::db) async fn create(server: &Server, sink: &dyn Sink) -> Result<Made> {
    let place = server.shown(Engine::Mysql);
    let live = &server.database;
    let mut connection = open::connect(server, &place).await?;
    if let Err(error) = clear(&mut connection, live, sink).await {
        // They are in nobody's way.
        tracing::warn!("copies that were left behind may stay: {error}");
    }
    let random = copies::random::<BYTES>()?;
    // It only waits, for as long as the rehearsal takes.
    let idle = text::run(&mut connection, "SET SESSION wait_timeout = 2147483").await;
    let held = match idle {
        Ok(_) => lock(&mut connection, live, &random)
            .await
            .unwrap_or_default(),
        Err(_) => None,
    };
    let name = match &held {
        Some(held) => format!(
            "{}{random}{}",
            beside::beginning(live),
            proof(live, &random, held)
        ),
        None => beside::scratch_name(live)?,
    };
    let created = rebuild::create_like_current(&mut connection, &name).await;
    if let Err(error) = created {
        let grant = account::grant(&mut connection, live).await;
        open::close(connection).await;
        return Err(rebuild::no_scratch(&place, error, grant));
    }
    let hold = match held {
        Some(_) => Some(Hold::Mysql(connection)),
        None => {
            open::close(connection).await;
            None
        }
    };
    let mut server = server.clone();
    server.database = name;
    Ok(Made { server, hold })
}

/// Drops a database that [`create`] made, whoever is connected to it.
pub(in crate::db) async fn remove(server: &Server) -> Result<()> {
    let place = server.shown(Engine::Mysql);
    let mut connection = open::connect_to_server(server, &place).await?;
    let sql = format!("DROP DATABASE IF EXISTS {}", quote(&server.database));
    let dropped = text::run(&mut connection, &sql).await.map(|_| ());
    open::close(connection).await;
    dropped
}

/// The copies of this database that this server has, and who uses each. What cannot be looked at is none.
pub(super) async fn look(state: &mut State) -> Vec<(String, Use)> {
    let live = state.server.database.clone();
    let found = match copies(&mut state.connection, &live).await {
        Ok(found) => found,
        Err(error) => {
            tracing::debug!("{error}");
            return Vec::new();
        }
    };
    let mut looked = Vec::new();
    for Copy { name, random } in found {
        let used = used(&mut state.connection, &live, &name, &random).await;
        looked.push((name, used.unwrap_or(Use::Unknown)));
    }
    looked
}

async fn used(
    connection: &mut MySqlConnection,
    live: &str,
    name: &str,
    random: &str,
) -> Result<Use> {
    let sql = format!("SELECT IS_USED_LOCK({})", lock_name(live, random));
    Ok(match text::value(connection, &sql).await? {
        Some(_) => Use::Maker,
        None => Use::by(sessions(connection, name).await?),
    })
}

/// How many sessions have chosen a database, as far as this user may see: always those of its own name.
async fn sessions(connection: &mut MySqlConnection, name: &str) -> Result<u64> {
    let sql = format!(
        "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = {}",
        text::literal(name)
    );
    let count = text::value(connection, &sql).await?;
    Ok(count.and_then(|count| count.parse().ok()).unwrap_or(0))
}

/// A database whose name says that it is a copy.
struct Copy {
    name: String,
    random: String,
}

/// The copies of a database that were made on this server.
async fn copies(connection: &mut MySqlConnection, live: &str) -> Result<Vec<Copy>> {
    let sql = "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA ORDER BY 1";
    let rows = text::rows(connection, sql).await?;
    let here = text::value(connection, &format!("SELECT {WHERE}")).await?;
    let here = here.unwrap_or_default();
    let start = beside::beginning(live);
    let found = rows.iter().filter_map(|row| {
        let name = cell(row, 0);
        let (random, end) = name.strip_prefix(&start)?.split_at_checked(2 * BYTES)?;
        let random = random.to_owned();
        (end == proof(live, &random, &here)).then_some(Copy { name, random })
    });
    Ok(found.collect())
}

/// Removes the copies of this database that were left behind and that nobody uses.
async fn clear(connection: &mut MySqlConnection, live: &str, sink: &dyn Sink) -> Result<()> {
    let found = copies(connection, live).await?;
    if found.is_empty() {
        return Ok(());
    }
    let limit = format!("SET SESSION lock_wait_timeout = {REMOVAL_WAIT_S}");
    text::run(connection, &limit).await?;
    for copy in found {
        // Whom the statement reached that takes the lock is whom the lock is to be seen by.
        if let Some(here) = lock(connection, live, &copy.random).await? {
            if copy.name.ends_with(&proof(live, &copy.random, &here)) {
                clear_one(connection, &copy.name, sink).await?;
            }
            let unlock = format!("DO RELEASE_LOCK({})", lock_name(live, &copy.random));
            text::run(connection, &unlock).await?;
        }
    }
    text::run(connection, "SET SESSION lock_wait_timeout = DEFAULT").await?;
    Ok(())
}

/// Removes a copy whose lock is held, unless somebody is connected to it.
async fn clear_one(connection: &mut MySqlConnection, name: &str, sink: &dyn Sink) -> Result<()> {
    // Another run may have removed it since it was listed.
    let asked = format!(
        "SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = {}",
        text::literal(name)
    );
    if text::value(connection, &asked).await?.is_none() {
        return Ok(());
    }
    let cleared = match copies::is_used(sessions(connection, name).await?) {
        Ok(()) => text::run(
            connection,
            &format!("DROP DATABASE IF EXISTS {}", quote(name)),
        )
        .await
        .map(drop)
        .map_err(|error| crate::error::Error::from(error).chain()),
        used => used,
    };
    copies::tell_cleared(sink, name, cleared);
    Ok(())
}

/// Takes the lock of a copy if nobody has it. Returns on which server.
async fn lock(
    connection: &mut MySqlConnection,
    live: &str,
    random: &str,
) -> Result<Option<String>> {
    let sql = format!("SELECT GET_LOCK({}, 0), {WHERE}", lock_name(live, random));
    let row = text::row(connection, &sql).await?;
    Ok((cell(&row, 0) == "1").then(|| cell(&row, 1)))
}

/// The name of a copy's lock, as a literal. Locks' names have at most 64 letters, in whatever case.
fn lock_name(live: &str, random: &str) -> String {
    text::literal(&format!("{}{random}", beside::beginning(live)))
}

/// What stands at the end of the name of a copy of `live` that was made on the server `here`.
fn proof(live: &str, random: &str, here: &str) -> String {
    hex::encode(copies::digest::<BYTES>(&["mysql", live, random, here]))
}
