//! The parameters behind a server's URL: PostgreSQL's and MySQL's own, those of sqlx, and Prisma's.

use std::path::{Path, PathBuf};

use super::server::{Password, Server, TlsMode, parse_port, place};
use super::url::{decoded, refuse};
use super::{Engine, Result};

/// Files that a URL names: which one `sslcert` is depends on the others.
#[derive(Default)]
struct Files {
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
    authority: Option<PathBuf>,
}

/// Reads the parameters into the server's options. What is not known belongs to another program and is passed over.
pub(super) fn apply(
    engine: Engine,
    server: &mut Server,
    query: &str,
    project: &Path,
) -> Result<()> {
    let mut files = Files::default();
    let query = query.split('#').next().unwrap_or_default();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decoded(name, "a parameter's name")?;
        let value = decoded(&value.replace('+', "%20"), &format!("`{name}`"))?;
        if value.is_empty() {
            continue;
        }
        if !limit(server, &name, &value)?
            && !security(engine, server, &mut files, &name, &value, project)?
        {
            address(engine, server, &name, value)?;
        }
    }
    assign(server, files);
    Ok(())
}

fn address(engine: Engine, server: &mut Server, name: &str, value: String) -> Result<()> {
    match name {
        "schema" if engine == Engine::Postgres => server.schema = Some(value),
        "host" | "hostaddr" => server.place = place(value.trim_matches(['[', ']']).to_owned()),
        "socket" | "unix_socket" => server.place = super::server::Place::Socket(value.into()),
        "port" => server.port = Some(parse_port(&value)?),
        "user" => server.user = Some(value),
        "password" => server.password = Some(Password(value)),
        "dbname" => server.database = value,
        "application_name" => server.application_name = Some(value),
        "options" if engine == Engine::Postgres => {
            server.options = Some(match server.options.take() {
                Some(options) => format!("{options} {value}"),
                None => value,
            });
        }
        _ => {}
    }
    Ok(())
}

/// Times and numbers. Whether the name was one of them.
fn limit(server: &mut Server, name: &str, value: &str) -> Result<bool> {
    let number = || {
        value.parse::<u64>().map_err(|_| {
            refuse(
                format!("`{name}` in the database URL is not a whole number"),
                format!("write it as `{name}=10`"),
            )
        })
    };
    match name {
        "connection_limit" => {
            server.connections = Some(usize::try_from(number()?.max(1)).unwrap_or(usize::MAX));
        }
        "connect_timeout" => server.connect_timeout_s = Some(number()?),
        "pool_timeout" => server.pool_timeout_s = Some(number()?),
        "socket_timeout" => server.socket_timeout_s = Some(number()?),
        "pgbouncer" => server.pooled |= flag(name, value)?,
        "statement_cache_size" | "statement-cache-capacity" => server.pooled |= number()? == 0,
        _ => return Ok(false),
    }
    Ok(true)
}

fn flag(name: &str, value: &str) -> Result<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err(refuse(
            format!("`{name}` in the database URL is neither true nor false"),
            format!("write it as `{name}=true`"),
        )),
    }
}

/// TLS. Whether the name was one of its parameters.
fn security(
    engine: Engine,
    server: &mut Server,
    files: &mut Files,
    name: &str,
    value: &str,
    project: &Path,
) -> Result<bool> {
    let tls = &mut server.tls;
    let file = || Some(beside(project, value));
    match name.to_ascii_lowercase().as_str() {
        "sslmode" | "ssl-mode" | "ssl_mode" => tls.mode = mode(value)?,
        // Prisma's own: with `strict` the server's certificate must be good.
        "sslaccept" => match value {
            "strict" => tls.mode = TlsMode::VerifyFull,
            "accept_invalid_certs" if tls.mode == TlsMode::Prefer => tls.mode = TlsMode::Require,
            "accept_invalid_certs" => {}
            _ => {
                return Err(refuse(
                    "`sslaccept` in the database URL is neither `strict` nor `accept_invalid_certs`",
                    "write one of the two",
                ));
            }
        },
        // mysql2 and PlanetScale write `ssl=true` or `ssl={"rejectUnauthorized":true}`.
        "ssl" if engine != Engine::Postgres && value.starts_with('{') => {
            tls.mode = if value.contains("false") {
                TlsMode::Require
            } else {
                TlsMode::VerifyFull
            };
        }
        "ssl" => {
            tls.mode = if flag(name, value)? {
                TlsMode::Require
            } else {
                TlsMode::Disable
            };
        }
        "sslrootcert" if value == "system" => tls.mode = TlsMode::VerifyFull,
        "sslrootcert" | "ssl-root-cert" | "ssl-ca" | "sslca" => files.authority = file(),
        "sslcert" | "ssl-cert" => files.cert = file(),
        "sslkey" | "ssl-key" => files.key = file(),
        "sslidentity" => {
            return Err(refuse(
                "`sslidentity` in the database URL names a PKCS#12 file, which dbscript does not read",
                "split it into `sslcert=` and `sslkey=`: `openssl pkcs12 -in client.p12 -nodes`",
            ));
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn mode(value: &str) -> Result<TlsMode> {
    Ok(
        match value.to_ascii_lowercase().replace('_', "-").as_str() {
            "disable" | "disabled" => TlsMode::Disable,
            "allow" | "prefer" | "preferred" => TlsMode::Prefer,
            "require" | "required" | "no-verify" => TlsMode::Require,
            "verify-ca" => TlsMode::VerifyCa,
            "verify-full" | "verify-identity" => TlsMode::VerifyFull,
            _ => {
                return Err(refuse(
                    "`sslmode` in the database URL is not known",
                    "known are disable, prefer, require, no-verify, verify-ca and verify-full",
                ));
            }
        },
    )
}

/// `sslcert` without a key is Prisma's name for the authority; with one it is the client's certificate. An authority
/// that is named is there to be looked at: as libpq does, `require` then verifies it.
fn assign(server: &mut Server, files: Files) {
    let tls = &mut server.tls;
    match (files.cert, files.key) {
        (Some(cert), Some(key)) => {
            tls.certificate = Some(cert);
            tls.key = Some(key);
        }
        (Some(cert), None) if files.authority.is_none() => tls.authority = Some(cert),
        (cert, key) => {
            tls.certificate = cert;
            tls.key = key;
        }
    }
    if files.authority.is_some() {
        tls.authority = files.authority;
        if tls.mode == TlsMode::Require {
            tls.mode = TlsMode::VerifyCa;
        }
    }
}

/// A relative file lies in the project folder; Prisma reads it relative to its schema's.
fn beside(project: &Path, value: &str) -> PathBuf {
    let here = project.join(value);
    let beside_schema = project.join("prisma").join(value);
    if !here.exists() && beside_schema.exists() {
        beside_schema
    } else {
        here
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::server::parse;

    fn server(engine: Engine, query: &str) -> Server {
        parse(engine, &format!("h/d?{query}"), Path::new("/p")).expect(query)
    }

    #[test]
    fn prismas_parameters_are_mapped() {
        let found = server(
            Engine::Postgres,
            "schema=app&connection_limit=3&pool_timeout=7&connect_timeout=0&socket_timeout=9&pgbouncer=true",
        );
        assert_eq!(found.schema.as_deref(), Some("app"));
        assert_eq!(found.connections, Some(3));
        assert_eq!(found.pool_timeout_s, Some(7));
        assert_eq!(found.connect_timeout_s, Some(0));
        assert_eq!(found.socket_timeout_s, Some(9));
        assert!(found.pooled);
        assert!(server(Engine::Postgres, "statement_cache_size=0").pooled);
        assert!(
            !server(
                Engine::Postgres,
                "statement_cache_size=100&channel_binding=require"
            )
            .pooled
        );
        let options = server(Engine::Postgres, "options=-c+geqo%3Doff").options;
        assert_eq!(options.as_deref(), Some("-c geqo=off"));
    }

    #[test]
    fn every_word_for_tls_is_mapped() {
        use TlsMode::{Disable, Prefer, Require, VerifyCa, VerifyFull};
        for (query, expected) in [
            ("", Prefer),
            ("sslmode=disable", Disable),
            ("sslmode=no-verify", Require),
            ("sslmode=verify-full", VerifyFull),
            ("sslmode=require&sslaccept=strict", VerifyFull),
            ("sslaccept=accept_invalid_certs", Require),
            ("sslmode=require&sslrootcert=ca.pem", VerifyCa),
            ("ssl-mode=VERIFY_IDENTITY", VerifyFull),
            ("ssl-mode=REQUIRED", Require),
            ("ssl=true", Require),
            ("ssl={\"rejectUnauthorized\":true}", VerifyFull),
        ] {
            assert_eq!(server(Engine::Mysql, query).tls.mode, expected, "{query}");
        }
    }

    #[test]
    fn a_certificate_without_a_key_is_the_authority() {
        let tls = server(Engine::Postgres, "sslmode=require&sslcert=ca.pem").tls;
        assert_eq!(tls.authority, Some(PathBuf::from("/p/ca.pem")));
        assert_eq!((tls.certificate, tls.mode), (None, TlsMode::Require));
        let tls = server(Engine::Postgres, "sslcert=c.pem&sslkey=/k.pem").tls;
        assert_eq!(tls.certificate, Some(PathBuf::from("/p/c.pem")));
        assert_eq!(tls.key, Some(PathBuf::from("/k.pem")));
        assert_eq!(tls.authority, None);
    }

    #[test]
    fn wrong_values_are_named() {
        for (query, word) in [
            ("connection_limit=many", "connection_limit"),
            ("connect_timeout=-1", "connect_timeout"),
            ("pgbouncer=maybe", "pgbouncer"),
            ("sslmode=always", "sslmode"),
            ("sslaccept=x", "sslaccept"),
            ("sslidentity=c.p12", "sslidentity"),
            ("port=99999", "port"),
        ] {
            let error = parse(Engine::Postgres, &format!("h/d?{query}"), Path::new("/p"));
            let message = error.expect_err(query).to_string();
            assert!(message.contains(word), "{query}: {message}");
        }
    }
}
