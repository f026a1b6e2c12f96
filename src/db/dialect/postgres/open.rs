//! Opening a connection: the URL's options as sqlx takes them, and a session pinned so that every value has one text
//! (FORMAT.md).

use std::sync::Arc;
use std::sync::atomic::AtomicI32;
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, PgConnection};

use super::state::State;
use super::tables::own;
use super::worker::Worker;
use super::{fault, sql};
use crate::db::server::{Place, Server, TlsMode};
use crate::db::{Access, EngineError, Error, Result};
use crate::event::counted;

/// How long a connection may take where the URL says nothing, in seconds.
const CONNECT_TIMEOUT_S: u64 = 10;

/// How long a server without a free place is asked again where the URL says nothing, in seconds.
const POOL_TIMEOUT_S: u64 = 10;
/// Between two such questions.
const PAUSE: Duration = Duration::from_millis(100);
const TOO_MANY_CONNECTIONS: &str = "53300";

/// What the connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// A session: names mean what the URL and the server say.
    Session,
    /// A reader of whole tables: no schema is searched, so that every name in a value is qualified.
    Reader,
}

/// What every session sets. `standard_conforming_strings` decides how literals are read.
const PINNED: [&str; 15] = [
    "TIME ZONE 'UTC'",
    "datestyle = 'ISO, YMD'",
    "intervalstyle = 'postgres'",
    "extra_float_digits = 1",
    "bytea_output = 'hex'",
    "xmloption = 'content'",
    "lc_monetary = 'C'",
    "row_security = off",
    "client_encoding = 'UTF8'",
    "standard_conforming_strings = on",
    // Definitions are looked through for the names they use.
    "quote_all_identifiers = off",
    "client_min_messages = warning",
    "idle_in_transaction_session_timeout = 0",
    "statement_timeout = 0",
    "lock_timeout = 0",
];

/// Opens a connection on a task of its own. Where the server has no place free, it is asked again for as long as
/// `pool_timeout` says.
pub(super) async fn worker(
    place: &str,
    server: &Server,
    access: Access,
    purpose: Use,
) -> Result<Worker> {
    let options = options(server);
    let patience = Duration::from_secs(server.pool_timeout_s.unwrap_or(POOL_TIMEOUT_S));
    let start = Instant::now();
    let opened = loop {
        let opening = async {
            let mut connection = options.connect().await?;
            if !server.pooled {
                pin(&mut connection, server, access, purpose).await?;
            }
            let facts = facts(&mut connection, server).await?;
            if !facts.has_schema && !facts.has_tables && access.create {
                create_schema(&mut connection, server).await?;
            }
            Ok::<_, sqlx::Error>((connection, facts))
        };
        match within(place, server.connect_timeout_s, opening).await {
            Err(Error::Connect { source, .. })
                if source.code == TOO_MANY_CONNECTIONS && start.elapsed() < patience =>
            {
                tokio::time::sleep(PAUSE).await;
            }
            opened => break opened?,
        }
    };
    let (connection, facts) = opened;
    check_schema(place, server, access, &facts)?;
    let pins = server.pooled.then(|| local(server, access, purpose));
    Ok(Worker::start(State {
        connection,
        options,
        backend: Arc::new(AtomicI32::new(if pins.is_some() {
            0
        } else {
            facts.backend
        })),
        access,
        pins,
        place: place.to_owned(),
        connect_timeout_s: server.connect_timeout_s,
        schema: server.schema.clone().unwrap_or_else(|| "public".to_owned()),
        in_transaction: false,
        failed: false,
        level: 0,
        cursors: Vec::new(),
        next_cursor: 0,
        quiet: super::quiet::Quiet::default(),
        lock_limit_s: None,
        lock: None,
        notes: Vec::new(),
        broken: false,
    }))
}

/// Opens a connection for one administrative statement.
pub(super) async fn plain(place: &str, server: &Server) -> Result<PgConnection> {
    let options = options(server);
    within(place, server.connect_timeout_s, options.connect()).await
}

/// Opens a connection that may only wait, for as long as the run takes.
pub(super) async fn lasting(place: &str, server: &Server) -> Result<PgConnection> {
    let options = options(server);
    let beside = Beside {
        options,
        place: place.to_owned(),
        connect_timeout_s: server.connect_timeout_s,
    };
    beside.open().await
}

/// Where a further connection to the same database leads.
pub(super) struct Beside {
    options: PgConnectOptions,
    place: String,
    connect_timeout_s: Option<u64>,
}

impl Beside {
    /// Beside this connection.
    pub(super) fn of(state: &State) -> Self {
        Beside {
            options: state.options.clone(),
            place: state.place.clone(),
            connect_timeout_s: state.connect_timeout_s,
        }
    }

    /// Opens another connection beside this one.
    pub(super) async fn open(&self) -> Result<PgConnection> {
        let opening = async {
            let mut connection = self.options.connect().await?;
            // While others work, it may only wait; ended by the server, what it holds would go unseen.
            if let Some(setting) = never_idle(&connection) {
                sqlx::raw_sql(setting).execute(&mut connection).await?;
            }
            Ok(connection)
        };
        within(&self.place, self.connect_timeout_s, opening).await
    }
}

/// Waits for a connection as long as the URL says, in seconds.
async fn within<T>(
    place: &str,
    timeout_s: Option<u64>,
    opening: impl Future<Output = sqlx::Result<T>>,
) -> Result<T> {
    let opened = match timeout_s.unwrap_or(CONNECT_TIMEOUT_S) {
        0 => opening.await,
        seconds => tokio::time::timeout(Duration::from_secs(seconds), opening)
            .await
            .map_err(|_| {
                unreachable(
                    place,
                    format!("no answer within {}", counted(seconds, "second")),
                )
            })?,
    };
    opened.map_err(|error| fault::connecting(place, &error))
}

fn unreachable(place: &str, message: String) -> Error {
    Error::Connect {
        place: place.to_owned(),
        source: EngineError {
            code: "08001".to_owned(),
            message,
        },
    }
}

/// The URL's options. Where it names no user or password, sqlx takes those of libpq's variables and password file.
fn options(server: &Server) -> PgConnectOptions {
    let mut options = match &server.place {
        Place::Host(host) => parsed(server).host(host),
        Place::Socket(folder) => parsed(server).socket(folder),
    };
    options = options
        .port(server.port.unwrap_or(5432))
        .database(&server.database)
        .application_name(server.application_name.as_deref().unwrap_or("dbscript"))
        .statement_cache_capacity(0)
        .extra_float_digits(None)
        .ssl_mode(match server.tls.mode {
            TlsMode::Disable => PgSslMode::Disable,
            TlsMode::Prefer => PgSslMode::Prefer,
            TlsMode::Require => PgSslMode::Require,
            TlsMode::VerifyCa => PgSslMode::VerifyCa,
            TlsMode::VerifyFull => PgSslMode::VerifyFull,
        })
        .disable_statement_logging();
    if let Some(user) = &server.user {
        options = options.username(user);
    }
    if let Some(password) = &server.password {
        options = options.password(&password.0);
    }
    if let Some(file) = &server.tls.authority {
        options = options.ssl_root_cert(file);
    }
    if let Some(file) = &server.tls.certificate {
        options = options.ssl_client_cert(file);
    }
    if let Some(file) = &server.tls.key {
        options = options.ssl_client_key(file);
    }
    options
}

/// What sqlx takes only while it parses: the password that libpq's password file has for this server, and `options`.
fn parsed(server: &Server) -> PgConnectOptions {
    let escaped = |text: &str| -> String {
        text.bytes()
            .map(
                |byte| match byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-' {
                    true => char::from(byte).to_string(),
                    false => format!("%{byte:02X}"),
                },
            )
            .collect()
    };
    let host = match &server.place {
        Place::Host(host) if !host.contains(':') => escaped(host),
        _ => "localhost".to_owned(),
    };
    let user = server
        .user
        .as_ref()
        .map_or_else(String::new, |user| format!("{}@", escaped(user)));
    let mut url = format!(
        "postgres://{user}{host}:{}/{}",
        server.port.unwrap_or(5432),
        escaped(&server.database)
    );
    if let Some(options) = &server.options {
        url.push_str(&format!("?options={}", escaped(options)));
    }
    url.parse()
        .unwrap_or_else(|_| PgConnectOptions::new_without_pgpass())
}

/// A pooler lends each transaction a session of somebody else's: what is set stays with it, so nothing is set but for
/// the transaction.
fn local(server: &Server, access: Access, purpose: Use) -> String {
    let pins = pins(server, access, purpose);
    let local = pins.iter().map(|pin| format!("SET LOCAL {pin}"));
    local.collect::<Vec<_>>().join("; ")
}

fn pins(server: &Server, access: Access, purpose: Use) -> Vec<String> {
    let mut pins: Vec<String> = PINNED.map(str::to_owned).into();
    if let Some(seconds) = server.socket_timeout_s
        && access.guarded
    {
        let limit_ms = seconds.min(2_000_000) * 1_000;
        pins.push(format!("statement_timeout = {limit_ms}"));
    }
    match (purpose, &server.schema) {
        (Use::Reader, _) => pins.push("search_path = ''".to_owned()),
        (Use::Session, Some(schema)) => pins.push(format!("search_path = {}", sql::name(schema))),
        (Use::Session, None) => {}
    }
    pins
}

async fn pin(
    connection: &mut PgConnection,
    server: &Server,
    access: Access,
    purpose: Use,
) -> sqlx::Result<()> {
    let pins = pins(server, access, purpose);
    let pins = pins.iter().map(|pin| format!("SET {pin}"));
    let mut text = pins.collect::<Vec<_>>().join("; ");
    if !access.write {
        text.push_str("; SET default_transaction_read_only = on");
    }
    if let Some(setting) = never_idle(connection) {
        text.push_str(setting);
    }
    // A server that has lost its client stops the statement by itself (PostgreSQL 14 and later, where the system can).
    if connection.server_version_num().unwrap_or(0) >= 140_000 && cfg!(target_os = "linux") {
        text.push_str(
            "; SELECT pg_catalog.set_config('client_connection_check_interval', '2s', false) \
            WHERE pg_catalog.version() LIKE '%linux%'",
        );
    }
    sqlx::raw_sql(sqlx::AssertSqlSafe(text))
        .execute(connection)
        .await
        .map(|_| ())
}

/// Keeps the server from ending a session that waits: for a person, for a rehearsal, or with a lock in its hand
/// (PostgreSQL 14 and later).
fn never_idle(connection: &PgConnection) -> Option<&'static str> {
    let knows = connection.server_version_num().unwrap_or(0) >= 140_000;
    knows.then_some("; SET idle_session_timeout = 0")
}

/// What the server says of a new connection.
struct Facts {
    /// Its process.
    backend: i32,
    /// Whether the schema that the URL names is there.
    has_schema: bool,
    /// Whether there are tables of people, in whatever schema; not asked where the URL names none.
    has_tables: bool,
}

/// Whether there are tables of people.
const TABLES: &str = concat!(
    "EXISTS (SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.relkind IN ('r', 'p') AND ",
    own!(),
    ")"
);

async fn facts(connection: &mut PgConnection, server: &Server) -> sqlx::Result<Facts> {
    use sqlx::Row;
    let tables = match server.schema {
        Some(_) => TABLES,
        None => "false",
    };
    let asked = format!(
        "SELECT pg_catalog.pg_backend_pid(), \
            EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = {}), {tables}",
        sql::literal(server.schema.as_deref().unwrap_or("pg_catalog"))
    );
    let row = sqlx::raw_sql(sqlx::AssertSqlSafe(asked))
        .fetch_one(connection)
        .await?;
    Ok(Facts {
        backend: row.try_get(0)?,
        has_schema: row.try_get(1)?,
        has_tables: row.try_get(2)?,
    })
}

/// A script's session does not take a schema that is missing for an empty one, nor a database for an empty one as one
/// schema is missing.
fn check_schema(place: &str, server: &Server, access: Access, facts: &Facts) -> Result<()> {
    let Some(schema) = server.schema.as_ref().filter(|_| !facts.has_schema) else {
        return Ok(());
    };
    if facts.has_tables && (access.guarded || access.create) {
        return Err(Error::NoSchemaAmongOthers {
            schema: schema.clone(),
            place: place.to_owned(),
        });
    }
    if access.guarded && !access.create {
        return Err(Error::NoSchema {
            schema: schema.clone(),
            place: place.to_owned(),
        });
    }
    Ok(())
}

/// As Prisma does before the first migration.
async fn create_schema(connection: &mut PgConnection, server: &Server) -> sqlx::Result<()> {
    let Some(schema) = &server.schema else {
        return Ok(());
    };
    let create = format!("CREATE SCHEMA IF NOT EXISTS {}", sql::name(schema));
    sqlx::raw_sql(sqlx::AssertSqlSafe(create))
        .execute(connection)
        .await
        .map(drop)
}
