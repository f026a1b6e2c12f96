//! Throw-away databases beside the real one, and those that runs which were cut off have left.
//!
//! A copy's lock is an advisory one in the database it is a copy of: such locks are a database's own
//! (<https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS>), and only runs on that database remove
//! its copies. Besides, DROP DATABASE refuses one that a session is connected to.

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use super::beside::{self, DENIED};
use super::state::State;
use super::{fault, open, sql};
use crate::db::dialect::copies::{self, Hold, Made, Use};
use crate::db::server::Server;
use crate::db::{EngineError, Error, Result};
use crate::event::Sink;

/// What the name of every scratch database begins with.
const PREFIX: &str = "dbscript_scratch_";

/// Bytes of the random part of a name, and of the digest behind it.
const BYTES: usize = 6;

/// Lets the server notice within two minutes that the machine of a run is gone, and keeps what stands in between from
/// forgetting a connection on which nothing is said
/// (<https://www.postgresql.org/docs/current/runtime-config-connection.html#RUNTIME-CONFIG-TCP-SETTINGS>).
const ALIVE: &str =
    "SET tcp_keepalives_idle = 60; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 6";

/// Databases that are named like copies, and how many sessions of users each has.
const NAMED: &str = "SELECT d.datname::text, (SELECT count(*) FROM pg_catalog.pg_stat_activity a \
        WHERE a.datid = d.oid AND a.usesysid IS NOT NULL)::text \
    FROM pg_catalog.pg_database d \
    WHERE d.datname OPERATOR(pg_catalog.~) '^dbscript_scratch_[0-9a-f]{12}(_[0-9a-f]{12})?$'";

/// Numbers of the advisory locks that are held in this database. A replica does not know of them.
const LOCKS: &str = "SELECT (l.classid::bigint << 32 | l.objid::bigint)::text FROM pg_catalog.pg_locks l \
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 \
        AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())";

/// Creates an empty database with the encoding and collation of this one, once what was left behind is gone.
pub(in crate::db) async fn create(server: &Server, sink: &dyn Sink) -> Result<Made> {
    let server = server.direct.as_deref().unwrap_or(server);
    let mut connection = open::lasting(&server.database, server).await?;
    let mut name = format!("{PREFIX}{}", copies::random::<BYTES>()?);
    // A pooler's session is another's after each statement: a lock it took would be nobody's.
    let mut is_held = false;
    if !server.pooled {
        // Where it cannot be set, it is the system's: that of a machine which went away is held for two hours.
        let _ = run(&mut connection, ALIVE.to_owned()).await;
        clear(&mut connection, &server.database, sink).await;
        let proven = format!("{name}_{}", proof(&server.database, &name));
        is_held = lock(&mut connection, &proven).await.unwrap_or(false);
        if is_held {
            name = proven;
        }
    }
    let created = create_like_current(&mut connection, &name).await;
    created.map_err(|error| no_scratch(&server.database, fault::engine(&error)))?;
    let hold = match is_held {
        true => Some(Hold::Postgres(connection)),
        false => {
            // It was only needed for this.
            let _ = connection.close().await;
            None
        }
    };
    let server = Server {
        database: name,
        beside: Some(server.database.clone()),
        ..server.clone()
    };
    Ok(Made { server, hold })
}

/// The error of a database that cannot be made, with the way to it where a right is missing.
fn no_scratch(database: &str, source: EngineError) -> Error {
    let hint = match source.code.as_str() {
        DENIED => beside::CREATEDB,
        READ_ONLY => "name a server that takes writes: this one, or this database, only reads",
        _ => "see to what the server says",
    };
    Error::NoScratch {
        place: database.to_owned(),
        hint: hint.to_owned(),
        source,
    }
}

/// What the server says where nothing may be written.
const READ_ONLY: &str = "25006";

async fn create_like_current(connection: &mut PgConnection, name: &str) -> sqlx::Result<()> {
    // What CREATE DATABASE can be told depends on the server's version: it is asked for the whole statement.
    let provider = if connection.server_version_num().unwrap_or(0) >= 150_000 {
        "CASE datlocprovider WHEN 'i' THEN pg_catalog.format(' LOCALE_PROVIDER icu ICU_LOCALE %L', \
         COALESCE(pg_catalog.to_jsonb(d) ->> 'datlocale', pg_catalog.to_jsonb(d) ->> 'daticulocale')) \
         WHEN 'b' THEN pg_catalog.format(' LOCALE_PROVIDER builtin BUILTIN_LOCALE %L', pg_catalog.to_jsonb(d) ->> 'datlocale') \
         ELSE '' END"
    } else {
        "''"
    };
    let statement = format!(
        "SELECT pg_catalog.format('CREATE DATABASE %I TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L', \
         {}, pg_catalog.pg_encoding_to_char(encoding), datcollate, datctype) || {provider} \
         FROM pg_catalog.pg_database d WHERE datname = pg_catalog.current_database()",
        sql::literal(name)
    );
    let row = sqlx::raw_sql(AssertSqlSafe(statement))
        .fetch_one(&mut *connection)
        .await?;
    let create: String = row.try_get(0)?;
    run(connection, create).await?;
    search_alike(connection, name).await
}

/// Makes names without a schema mean in the copy what they mean here: what is set for the database, and for this user in
/// it. The setting stands in the catalog as it was given: whatever it holds, only names are taken from it.
async fn search_alike(connection: &mut PgConnection, name: &str) -> sqlx::Result<()> {
    let asked = format!(
        "SELECT CASE s.setrole WHEN 0 THEN pg_catalog.format('ALTER DATABASE %I', {name}) \
            ELSE pg_catalog.format('ALTER ROLE %I IN DATABASE %I', current_user, {name}) END \
            || ' SET search_path TO ', v.path \
        FROM pg_catalog.pg_db_role_setting s, LATERAL (SELECT pg_catalog.substr(c, 13) AS path \
            FROM pg_catalog.unnest(s.setconfig) c WHERE pg_catalog.left(c, 12) = 'search_path=') v \
        WHERE s.setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) \
            AND (s.setrole = 0 OR s.setrole = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user))",
        name = sql::literal(name)
    );
    let rows = sqlx::raw_sql(AssertSqlSafe(asked))
        .fetch_all(&mut *connection)
        .await?;
    for row in rows {
        let (set, path): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        run(connection, set + names_of(&path).as_str()).await?;
    }
    Ok(())
}

/// The names of a list as it stands in a setting, each quoted
/// (<https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS>).
fn names_of(path: &str) -> String {
    let mut names = Vec::new();
    let mut rest = path.chars().peekable();
    while let Some(first) = rest.next() {
        let mut name = String::new();
        match first {
            ',' => continue,
            first if first.is_whitespace() => continue,
            '"' => {
                while let Some(character) = rest.next() {
                    if character == '"' && rest.next_if_eq(&'"').is_none() {
                        break;
                    }
                    name.push(character);
                }
            }
            first => {
                name.push(first.to_ascii_lowercase());
                let within = |next: &char| *next != ',' && !next.is_whitespace();
                while let Some(character) = rest.next_if(within) {
                    name.push(character.to_ascii_lowercase());
                }
            }
        }
        if !name.is_empty() {
            names.push(sql::name(&name));
        }
    }
    match names.is_empty() {
        true => "''".to_owned(),
        false => names.join(", "),
    }
}

/// Drops a database that [`create`] made, whoever is connected to it.
pub(in crate::db) async fn remove(server: &Server) -> Result<()> {
    if !server.database.starts_with(PREFIX) {
        return Err(fault::refused(
            "42501",
            format!("`{}` is no scratch database", server.database),
        ));
    }
    let beside = Server {
        database: server
            .beside
            .clone()
            .unwrap_or_else(|| "postgres".to_owned()),
        ..server.clone()
    };
    let mut connection = open::plain(&beside.database, &beside).await?;
    let name = sql::name(&server.database);
    let plain = format!("DROP DATABASE IF EXISTS {name}");
    let can_force = connection.server_version_num().unwrap_or(0) >= 130_000;
    let dropped = match can_force {
        true => run(&mut connection, format!("{plain} WITH (FORCE)")).await,
        false => run(&mut connection, plain.clone()).await,
    };
    let dropped = match dropped {
        // Others' processes are in it that this user may not end. Without FORCE the server itself sends its autovacuum
        // away, and waits some seconds for whoever else only looked in.
        Err(error) if can_force && fault::engine(&error).code == DENIED => {
            run(&mut connection, plain).await
        }
        dropped => dropped,
    };
    dropped.map_err(fault::statement)?;
    connection.close().await.map_err(fault::statement)
}

/// What people are to know of the copies on the server: those of this database, and those of which no database on the
/// server can say that they are its own. What this user may not look at is not told.
pub(super) async fn leftovers(state: &mut State) -> Vec<String> {
    let found = match look(state).await {
        Ok(found) => found,
        Err(error) => {
            tracing::debug!("{error}");
            return Vec::new();
        }
    };
    let found = found.iter();
    found
        .map(|(name, used)| copies::told(name, &sql::name(name), *used))
        .collect()
}

async fn look(state: &mut State) -> Result<Vec<(String, Use)>> {
    let named = state.texts(&format!("{NAMED} ORDER BY 1")).await?;
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let asked = "SELECT pg_catalog.current_database()::text, pg_catalog.pg_is_in_recovery()::text";
    let here = state.texts(asked).await?;
    let [Some(live), Some(is_replica)] = here.first().map(Vec::as_slice).unwrap_or_default() else {
        return Ok(Vec::new());
    };
    let databases = "SELECT datname::text FROM pg_catalog.pg_database";
    let databases: Vec<String> = first(state.texts(databases).await?);
    let locks = first(state.texts(LOCKS).await?);
    let mut found = Vec::new();
    for row in named {
        let [Some(name), Some(sessions)] = &row[..] else {
            continue;
        };
        let used = match owner(name, &databases) {
            // It is told where it belongs.
            Some(owner) if owner != live => continue,
            Some(_) if is_replica == "true" => Use::Unknown,
            Some(_) if locks.contains(&number(name).to_string()) => Use::Maker,
            Some(_) => Use::by(sessions.parse().unwrap_or(0)),
            None => Use::Unknown,
        };
        found.push((name.clone(), used));
    }
    Ok(found)
}

fn first(rows: Vec<Vec<Option<String>>>) -> Vec<String> {
    rows.into_iter()
        .filter_map(|row| row.into_iter().next().flatten())
        .collect()
}

/// Removes the copies of this database that were left behind and that nobody uses. Whatever is in the way of that is in
/// nobody else's.
async fn clear(connection: &mut PgConnection, live: &str, sink: &dyn Sink) {
    let cleared = async {
        for name in of(connection, live).await? {
            if lock(connection, &name).await? {
                clear_one(connection, &name, sink).await?;
                let unlock = format!("SELECT pg_catalog.pg_advisory_unlock({})", number(&name));
                run(connection, unlock).await?;
            }
        }
        Ok::<_, sqlx::Error>(())
    };
    if let Err(error) = cleared.await {
        tracing::warn!(
            "copies that were left behind may stay: {}",
            fault::engine(&error).message
        );
    }
}

/// The copies of a database, in use or not.
async fn of(connection: &mut PgConnection, live: &str) -> sqlx::Result<Vec<String>> {
    let rows = sqlx::raw_sql(NAMED).fetch_all(connection).await?;
    let names = rows.iter().map(|row| row.try_get::<String, _>(0));
    let mut names = names.collect::<sqlx::Result<Vec<String>>>()?;
    names.retain(|name| is_of(name, live));
    Ok(names)
}

/// Removes a copy whose lock is held, unless somebody is connected to it.
async fn clear_one(connection: &mut PgConnection, name: &str, sink: &dyn Sink) -> sqlx::Result<()> {
    // Another run may have removed it since it was listed.
    let asked = format!("{NAMED} AND d.datname = {}", sql::literal(name));
    let row = sqlx::raw_sql(AssertSqlSafe(asked))
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else { return Ok(()) };
    let sessions: String = row.try_get(1)?;
    let cleared = match copies::is_used(sessions.parse().unwrap_or(0)) {
        Ok(()) => run(
            connection,
            format!("DROP DATABASE IF EXISTS {}", sql::name(name)),
        )
        .await
        .map_err(|error| fault::engine(&error).message),
        used => used,
    };
    copies::tell_cleared(sink, name, cleared);
    Ok(())
}

async fn run(connection: &mut PgConnection, text: String) -> sqlx::Result<()> {
    let done = sqlx::raw_sql(AssertSqlSafe(text)).execute(connection).await;
    done.map(drop)
}

/// Takes the lock of a copy if nobody has it.
async fn lock(connection: &mut PgConnection, name: &str) -> sqlx::Result<bool> {
    let asked = format!("SELECT pg_catalog.pg_try_advisory_lock({})", number(name));
    let row = sqlx::raw_sql(AssertSqlSafe(asked))
        .fetch_one(connection)
        .await?;
    row.try_get(0)
}

/// The number of a copy's lock.
fn number(name: &str) -> i64 {
    i64::from_be_bytes(copies::digest(&["lock", name]))
}

/// What stands at the end of the name of a copy of `live` whose name begins so.
fn proof(live: &str, beginning: &str) -> String {
    hex::encode(copies::digest::<BYTES>(&["postgres", live, beginning]))
}

/// Whether a database is a copy of `live`.
fn is_of(name: &str, live: &str) -> bool {
    let parts = name
        .strip_prefix(PREFIX)
        .and_then(|_| name.rsplit_once('_'));
    parts.is_some_and(|(beginning, end)| end == proof(live, beginning))
}

/// Which of these a database is a copy of.
fn owner<'a>(name: &str, databases: &'a [String]) -> Option<&'a String> {
    databases.iter().find(|live| is_of(name, live))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_search_path_nothing_but_its_names_is_run() {
        for (path, expected) in [
            ("\"$user\", public", "\"$user\", \"public\""),
            (
                "App,\"App\" , \"a\"\"b, c\"",
                "\"app\", \"App\", \"a\"\"b, c\"",
            ),
            ("a;DROP/**/TABLE/**/x,b", "\"a;drop/**/table/**/x\", \"b\""),
            ("a'b, \"open", "\"a'b\", \"open\""),
            ("", "''"),
            ("\"\"", "''"),
        ] {
            assert_eq!(names_of(path), expected, "{path}");
        }
    }

    #[test]
    fn a_copy_is_known_by_what_it_is_a_copy_of() {
        let beginning = format!("{PREFIX}0123456789ab");
        let copy = format!("{beginning}_{}", proof("app", &beginning));
        let databases = ["other".to_owned(), "app".to_owned()];
        assert_eq!(owner(&copy, &databases), Some(&databases[1]));
        assert!(!is_of(&copy, "App"));
        for other in [
            beginning.as_str(),
            "dbscript_scratch_0123456789ab_0123456789ab",
            &copy.replace("dbscript", "other"),
        ] {
            assert!(!is_of(other, "app"), "{other}");
        }
    }
}
