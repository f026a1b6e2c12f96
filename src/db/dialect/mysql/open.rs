//! Connecting, and what every connection is pinned to, so that values look the same whatever the server's settings.

use std::time::Duration;

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlSslMode};
use sqlx::{ConnectOptions, Connection as _};

use super::fault;
use super::text;
use crate::db::server::{Place, Server, TlsMode};
use crate::db::{Access, Engine, EngineError, Error, Result};
use crate::event::counted;

/// How long a server may take to answer, in seconds, where the URL does not say.
const CONNECT_TIMEOUT_S: u64 = 15;

/// Prepared statements kept per connection. The driver must look at a statement before it runs, for the number of its
/// parameters; kept, it is not prepared twice for that.
const STATEMENTS_KEPT: usize = 32;

/// A connection and what is known of its server.
pub(super) struct Opened {
    pub(super) connection: MySqlConnection,
    pub(super) engine: Engine,
    /// The connection's number, by which another one can stop its statement.
    pub(super) number: u64,
    /// The largest statement the server takes, in bytes.
    pub(super) largest: usize,
}

/// Connects and pins. `place` is the address as people may see it.
pub(super) async fn open(server: &Server, place: &str, access: Access) -> Result<Opened> {
    let mut connection = connect(server, place).await?;
    let row = text::row(
        &mut connection,
        "SELECT VERSION(), CONNECTION_ID(), @@max_allowed_packet",
    )
    .await?;
    let cell = |index: usize| row.get(index).cloned().flatten().unwrap_or_default();
    let engine = if cell(0).to_lowercase().contains("mariadb") {
        Engine::Mariadb
    } else {
        Engine::Mysql
    };
    for setting in settings(engine, server, access) {
        text::run(&mut connection, &setting).await?;
    }
    Ok(Opened {
        connection,
        engine,
        number: cell(1).parse().unwrap_or(0),
        largest: cell(2).parse().unwrap_or(1 << 20),
    })
}

/// Connects, no more: for a statement that needs no settings.
pub(super) async fn connect(server: &Server, place: &str) -> Result<MySqlConnection> {
    let options = options(server);
    let seconds = match server.connect_timeout_s {
        Some(0) => u64::MAX >> 32,
        Some(seconds) => seconds,
        None => CONNECT_TIMEOUT_S,
    };
    match tokio::time::timeout(Duration::from_secs(seconds), options.connect()).await {
        Ok(connected) => connected.map_err(|error| fault::opening(place, &error)),
        Err(_) => Err(Error::Connect {
            place: place.to_owned(),
            source: EngineError {
                code: "08001".to_owned(),
                message: format!("no answer within {}", counted(seconds, "second")),
            },
        }),
    }
}

/// Connects to the server without choosing a database.
pub(super) async fn connect_to_server(server: &Server, place: &str) -> Result<MySqlConnection> {
    let mut nameless = server.clone();
    nameless.database.clear();
    connect(&nameless, place).await
}

/// Says goodbye, so that the server ends what is open at once and not when it notices.
pub(super) async fn close(connection: MySqlConnection) {
    // It goes away in any case.
    let _ = connection.close().await;
}

fn options(server: &Server) -> MySqlConnectOptions {
    let mut options = MySqlConnectOptions::new()
        .charset("utf8mb4")
        .timezone(Some("+00:00".to_owned()))
        // The driver would change what `||` means.
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .statement_cache_capacity(STATEMENTS_KEPT)
        .disable_statement_logging()
        .ssl_mode(match server.tls.mode {
            TlsMode::Disable => MySqlSslMode::Disabled,
            TlsMode::Prefer => MySqlSslMode::Preferred,
            TlsMode::Require => MySqlSslMode::Required,
            TlsMode::VerifyCa => MySqlSslMode::VerifyCa,
            TlsMode::VerifyFull => MySqlSslMode::VerifyIdentity,
        });
    options = match &server.place {
        Place::Host(host) => options.host(host),
        Place::Socket(path) => options.socket(path),
    };
    if !server.database.is_empty() {
        options = options.database(&server.database);
    }
    if let Some(port) = server.port {
        options = options.port(port);
    }
    if let Some(user) = &server.user {
        options = options.username(user);
    }
    if let Some(password) = &server.password {
        options = options.password(&password.0);
    }
    if let Some(authority) = &server.tls.authority {
        options = options.ssl_ca(authority);
    }
    if let Some(certificate) = &server.tls.certificate {
        options = options.ssl_client_cert(certificate);
    }
    if let Some(key) = &server.tls.key {
        options = options.ssl_client_key(key);
    }
    options
}

fn settings(engine: Engine, server: &Server, access: Access) -> Vec<String> {
    // What does not fit is an error and not cut in silence. Nothing is taken away from the server's own mode: a
    // migration must mean what it means to the application.
    let mut settings = vec![
        // The driver's handshake adds IGNORE_SPACE, with which `count (id)` is no column list.
        "SET SESSION sql_mode = CONCAT(IF(FIND_IN_SET('IGNORE_SPACE', @@GLOBAL.sql_mode), @@sql_mode, \
         REPLACE(@@sql_mode, 'IGNORE_SPACE', '')), ',STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION')"
            .to_owned(),
        "SET SESSION sql_quote_show_create = 1".to_owned(),
        // A server may be set to begin a transaction at every look, in which none can be set up.
        "SET SESSION autocommit = 1".to_owned(),
        // A reader that waits for its listener, or a session that waits for a person, is not idle by mistake.
        "SET SESSION wait_timeout = 2147483, net_write_timeout = 86400, net_read_timeout = 86400"
            .to_owned(),
    ];
    let limit_s = server.socket_timeout_s.unwrap_or(0);
    if engine == Engine::Mariadb {
        settings.push(format!("SET SESSION max_statement_time = {limit_s}"));
        settings.push("SET SESSION idle_transaction_timeout = 0".to_owned());
    } else {
        settings.push(format!(
            "SET SESSION max_execution_time = {}",
            limit_s.saturating_mul(1_000)
        ));
        // Counters are otherwise as old as a day.
        settings.push("SET SESSION information_schema_stats_expiry = 0".to_owned());
    }
    if !access.write {
        settings.push("SET SESSION TRANSACTION READ ONLY".to_owned());
    }
    settings
}
