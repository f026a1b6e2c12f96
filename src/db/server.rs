//! The address of a database on a server, with every parameter that people write behind it, in terms both servers share.
//! Passwords are held apart so that nothing can print them.

use std::path::{Path, PathBuf};

use super::url::{decoded, refuse};
use super::{Engine, Result};

/// A secret that `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::db) struct Password(pub String);

impl std::fmt::Debug for Password {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("***")
    }
}

/// Where the server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::db) enum Place {
    /// A host name or address, IPv6 without brackets.
    Host(String),
    /// A Unix socket: PostgreSQL's folder, MySQL's file.
    Socket(PathBuf),
}

/// How much the connection is to be protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::db) enum TlsMode {
    /// Never.
    Disable,
    /// Where the server offers it.
    #[default]
    Prefer,
    /// Always; the server's certificate is not looked at.
    Require,
    /// Always, with a certificate of a known authority.
    VerifyCa,
    /// Always, with a certificate of a known authority for this host.
    VerifyFull,
}

/// TLS and its files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::db) struct Tls {
    pub mode: TlsMode,
    /// The authority's certificate.
    pub authority: Option<PathBuf>,
    /// The client's certificate.
    pub certificate: Option<PathBuf>,
    /// The client's key.
    pub key: Option<PathBuf>,
}

impl Tls {
    /// A file it names that is not there.
    pub(in crate::db) fn missing_file(&self) -> Option<&Path> {
        [&self.authority, &self.certificate, &self.key]
            .into_iter()
            .flatten()
            .find(|file| !file.is_file())
            .map(PathBuf::as_path)
    }
}

/// A database on a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::db) struct Server {
    pub place: Place,
    pub port: Option<u16>,
    pub user: Option<String>,
    pub password: Option<Password>,
    pub database: String,
    /// Prisma's `?schema=`: what an unqualified name means (PostgreSQL).
    pub schema: Option<String>,
    pub tls: Tls,
    /// `connection_limit`: how many connections at most.
    pub connections: Option<usize>,
    /// `connect_timeout` in seconds; 0 waits for ever.
    pub connect_timeout_s: Option<u64>,
    /// `pool_timeout` in seconds: how long to wait for a free place on the server.
    pub pool_timeout_s: Option<u64>,
    /// `socket_timeout` in seconds: how long one statement of a script may take.
    pub socket_timeout_s: Option<u64>,
    /// A pooler stands in between: no prepared statements, nothing that lives longer than a transaction.
    pub pooled: bool,
    /// `application_name` (PostgreSQL).
    pub application_name: Option<String>,
    /// `options` (PostgreSQL), such as `-c geqo=off`.
    pub options: Option<String>,
    /// Where a pooler stands in between: the server behind it, for what needs a session of its own.
    pub direct: Option<Box<Server>>,
    /// For a scratch database: the one it was made beside, from which it is removed.
    pub beside: Option<String>,
}

impl Server {
    /// The URL without its password and parameters, but for the schema that names are looked for in: another one has other
    /// tables and another history.
    pub(in crate::db) fn shown(&self, engine: Engine) -> String {
        let scheme = engine.name();
        let user = self
            .user
            .as_ref()
            .map_or_else(String::new, |user| format!("{user}@"));
        let place = match &self.place {
            Place::Host(host) if host.contains(':') => format!("[{host}]"),
            Place::Host(host) => host.clone(),
            Place::Socket(path) => path.display().to_string(),
        };
        let port = self
            .port
            .map_or_else(String::new, |port| format!(":{port}"));
        let schema = self.schema.as_ref().filter(|schema| *schema != "public");
        let schema = schema.map_or_else(String::new, |schema| format!("?schema={schema}"));
        format!("{scheme}://{user}{place}{port}/{}{schema}", self.database)
    }

    /// Its place in one spelling, whether the port is written out or not.
    pub(in crate::db) fn host_and_port(&self, engine: Engine) -> String {
        let port = self.port.unwrap_or(match engine {
            Engine::Postgres => 5432,
            _ => 3306,
        });
        match &self.place {
            Place::Host(host) if ["127.0.0.1", "::1"].contains(&host.as_str()) => {
                format!("localhost:{port}")
            }
            Place::Host(host) => format!("{}:{port}", host.to_lowercase()),
            Place::Socket(path) => path.display().to_string(),
        }
    }
}

/// Reads what stands behind `scheme://`.
pub(super) fn parse(engine: Engine, rest: &str, project: &Path) -> Result<Server> {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, behind) = rest.split_at(end);
    refuse_raw_password(authority, behind)?;
    let (credentials, place) = match authority.rsplit_once('@') {
        Some((credentials, place)) => (Some(credentials), place),
        None => (None, authority),
    };
    let (path, query) = behind.split_once('?').unwrap_or((behind, ""));
    let (place, port) = host_and_port(place)?;
    let (user, password) = match credentials {
        Some(text) => match text.split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (text, None),
        },
        None => ("", None),
    };
    let user = decoded(user, "the user name")?;
    let database = path.trim_start_matches('/').split('#').next();
    let mut server = Server {
        place,
        port,
        user: (!user.is_empty()).then_some(user),
        password: password
            .map(|text| decoded(text, "the password").map(Password))
            .transpose()?,
        database: decoded(database.unwrap_or_default(), "the database's name")?,
        schema: None,
        tls: Tls::default(),
        connections: None,
        connect_timeout_s: None,
        pool_timeout_s: None,
        socket_timeout_s: None,
        pooled: false,
        application_name: None,
        options: None,
        direct: None,
        beside: None,
    };
    super::parameters::apply(engine, &mut server, query, project)?;
    if server.database.is_empty() {
        return Err(refuse(
            "the database URL names no database",
            format!(
                "put its name behind the host: `{}://user:password@host/database`",
                engine.name()
            ),
        ));
    }
    Ok(server)
}

/// `#`, `/` and `?` end the part of a URL that holds the password: what is behind them is then read as something else,
/// and would be shown as the host or the database's name.
fn refuse_raw_password(authority: &str, behind: &str) -> Result<()> {
    let path = behind.split('?').next().unwrap_or_default();
    let in_path = path.contains('@');
    let in_query = !authority.contains('@')
        && path.is_empty()
        && authority
            .split_once(':')
            .is_some_and(|(_, port)| port.parse::<u16>().is_err())
        && behind.contains('@');
    if !in_path && !in_query {
        return Ok(());
    }
    let letter = behind.chars().next().unwrap_or('/');
    let message = match authority.contains('@') {
        false => format!("the database URL's password holds a raw `{letter}`"),
        true => format!(
            "the database URL has an `@` behind its host: the password holds a raw `{letter}`, or the database's name a \
             raw `@`"
        ),
    };
    Err(refuse(
        message,
        "percent-encode it: `#` as `%23`, `/` as `%2F`, `?` as `%3F`, `@` as `%40`, `:` as `%3A`",
    ))
}

fn host_and_port(text: &str) -> Result<(Place, Option<u16>)> {
    if text.contains(',') {
        return Err(refuse(
            "the database URL names several hosts",
            "name the one that takes writes",
        ));
    }
    let (host, port) = if let Some(inner) = text.strip_prefix('[') {
        let Some((host, behind)) = inner.split_once(']') else {
            return Err(refuse(
                "the database URL's host has a `[` without its `]`",
                "an IPv6 address is written `[::1]`",
            ));
        };
        match (behind.is_empty(), behind.strip_prefix(':')) {
            (true, _) => (host, None),
            (false, Some(port)) => (host, Some(port)),
            (false, None) => {
                return Err(refuse(
                    "the database URL has something between the host's `]` and the port",
                    "an IPv6 address and its port are written `[::1]:5432`",
                ));
            }
        }
    } else {
        match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        }
    };
    let port = match port {
        None | Some("") => None,
        Some(port) => Some(parse_port(port)?),
    };
    let host = decoded(host, "the host")?;
    Ok((place(host), port))
}

pub(super) fn place(host: String) -> Place {
    if host.starts_with('/') {
        Place::Socket(PathBuf::from(host))
    } else if host.is_empty() {
        Place::Host("localhost".to_owned())
    } else {
        Place::Host(host)
    }
}

/// The text is not repeated: where a password holds a raw `:`, it may be a piece of it.
pub(super) fn parse_port(text: &str) -> Result<u16> {
    match text.parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(refuse(
            "the database URL's port is not a number from 1 to 65535",
            "where the password holds `#`, `/`, `?`, `@` or `:`, percent-encode them",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(rest: &str) -> Server {
        parse(Engine::Postgres, rest, Path::new("/p")).expect(rest)
    }

    #[test]
    fn one_place_has_one_spelling() {
        let place = |rest: &str| server(rest).host_and_port(Engine::Postgres);
        for (rest, expected) in [
            ("u@127.0.0.1/d", "localhost:5432"),
            ("u@[::1]:5432/d", "localhost:5432"),
            ("/d", "localhost:5432"),
            ("u@DB.example:6432/d", "db.example:6432"),
            ("u@%2Frun%2Fpg/d", "/run/pg"),
        ] {
            assert_eq!(place(rest), expected, "{rest}");
        }
    }

    #[test]
    fn the_parts_are_told_apart_and_decoded() {
        let found = server("ada:p%40ss%2Fw@db.example:6432/my%20app?schema=app");
        assert_eq!(found.place, Place::Host("db.example".to_owned()));
        assert_eq!(found.port, Some(6432));
        assert_eq!(found.user.as_deref(), Some("ada"));
        assert_eq!(found.password, Some(Password("p@ss/w".to_owned())));
        assert_eq!(found.database, "my app");
        assert_eq!(found.schema.as_deref(), Some("app"));
        assert_eq!(
            server("u:p@ss@h/d").password,
            Some(Password("p@ss".to_owned()))
        );
        assert_eq!(
            server("u:100%@h/d").password,
            Some(Password("100%".to_owned()))
        );
        assert_eq!(server("/d").place, Place::Host("localhost".to_owned()));
        assert_eq!(server("u@[::1]:5/d").place, Place::Host("::1".to_owned()));
        let socket = Place::Socket(PathBuf::from("/run/pg"));
        assert_eq!(server("u@%2Frun%2Fpg/d").place, socket);
        assert_eq!(server("/d?host=/run/pg").place, socket);
    }

    #[test]
    fn a_password_is_never_shown() {
        let found = server("ada:hunter22@h:1/d");
        assert!(!format!("{found:?}").contains("hunter22"));
        assert_eq!(found.shown(Engine::Postgres), "postgres://ada@h:1/d");
        let found = server("h/d?schema=app");
        assert_eq!(found.shown(Engine::Postgres), "postgres://h/d?schema=app");
        let found = server("h/d?schema=public");
        assert_eq!(found.shown(Engine::Postgres), "postgres://h/d");
        assert_eq!(
            server("[::1]:7/d").shown(Engine::Mysql),
            "mysql://[::1]:7/d"
        );
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        for (rest, word) in [
            ("u:hunt#er22@h/d", "raw `#`"),
            ("u:hunt/er22@h/d", "raw `/`"),
            ("u:hunt?er22@h/d", "raw `?`"),
            ("u:12/er22@h/d", "raw `/`"),
            ("u:p@hunt/er22@h/d", "raw `/`"),
            ("u:p@hunt#er22@h/d", "raw `#`"),
            ("u:x@h:er22/d", "port"),
            ("h:0/d", "port"),
            ("u:er22@h", "names no database"),
            ("u:er22@h,i/d", "several hosts"),
            ("u:er22@[::1/d", "without its `]`"),
            ("u:er22@[::1]junk:5/d", "between the host's `]`"),
            ("u:%ff%fe@h/d", "not text"),
        ] {
            let error = parse(Engine::Postgres, rest, Path::new("/p")).expect_err(rest);
            let said = format!("{error} {error:?}");
            assert!(said.contains(word), "{rest}: {said}");
            assert!(!said.contains("er22"), "{rest}: {said}");
        }
    }
}
