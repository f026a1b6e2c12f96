//! Databases that take no writes, told apart from sessions that may not write: no right in a script helps there.

use super::sqlite::why_read_only;
use crate::db::{Engine, Error, Result, Session};
use crate::value::Value;

/// Whether the server follows another one, and whether sessions begin as readers: this one may have been told so by us, so
/// that what it began with is asked for.
const POSTGRES: &str = "SELECT pg_catalog.pg_is_in_recovery()::text, pg_catalog.current_database()::text, \
    (SELECT s.reset_val FROM pg_catalog.pg_settings s WHERE s.name = 'default_transaction_read_only')";

/// The server's settings that keep users from writing.
const MYSQL: &str = "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('read_only', 'super_read_only', 'innodb_read_only')";

/// Words of the rights that `read_only` does not hold up
/// (<https://dev.mysql.com/doc/refman/8.4/en/server-system-variables.html#sysvar_read_only>,
/// <https://mariadb.com/kb/en/server-system-variables/#read_only>), and of a role, which may have one of them.
const ABOVE_READ_ONLY: [&str; 6] = [
    "ALL PRIVILEGES ON *.*",
    "SUPER",
    "CONNECTION_ADMIN",
    "CONNECTION ADMIN",
    "READ_ONLY ADMIN",
    "READ ONLY ADMIN",
];

/// Refuses a database that surely takes no writes from its user.
///
/// # Errors
/// `Unsupported`, with what has it so.
pub async fn refuse_read_only(session: &mut Session) -> Result<()> {
    if session.target().reads_only() {
        return Err(refused(
            "its URL says `mode=ro` or `immutable=1`",
            "take that out of DATABASE_URL if it is to be written",
        ));
    }
    match session.engine() {
        Engine::Sqlite => match session.target().file().map(why_read_only).transpose()? {
            Some(Some((why, hint))) => Err(refused(&why, &hint)),
            _ => Ok(()),
        },
        Engine::Postgres => postgres(session).await,
        Engine::Mysql | Engine::Mariadb => mysql(session).await,
    }
}

async fn postgres(session: &mut Session) -> Result<()> {
    let found = texts(session, POSTGRES).await?;
    let Some([follows, database, reads]) = found
        .into_iter()
        .next()
        .and_then(|row| <[String; 3]>::try_from(row).ok())
    else {
        return Ok(());
    };
    if follows == "true" {
        return Err(refused(
            "its server is a standby that follows another one",
            "name the server that it follows in DATABASE_URL",
        ));
    }
    match reads.as_str() {
        "on" => Err(refused(
            "`default_transaction_read_only` is on",
            &format!(
                "end it with `ALTER DATABASE {database} RESET default_transaction_read_only`, or for the role or the server, \
                 wherever it was set; a provider sets it where the disk is full"
            ),
        )),
        _ => Ok(()),
    }
}

async fn mysql(session: &mut Session) -> Result<()> {
    let settings = texts(session, MYSQL).await?;
    let is_on = |row: &&Vec<String>| !matches!(row[1].to_uppercase().as_str(), "OFF" | "0");
    let on: Vec<&str> = settings
        .iter()
        .filter(|row| row.len() == 2)
        .filter(is_on)
        .map(|row| row[0].as_str())
        .collect();
    let Some(setting) = on.last() else {
        return Ok(());
    };
    if on == ["read_only"] {
        let grants = texts(session, "SHOW GRANTS").await?.concat();
        let may_write = |grant: &String| {
            let is_role = !grant.contains(" ON ");
            is_role || ABOVE_READ_ONLY.iter().any(|word| grant.contains(word))
        };
        if grants.iter().any(may_write) {
            return Ok(());
        }
    }
    Err(refused(
        &format!("its server has `{setting}` on"),
        "name the server that takes writes in DATABASE_URL: this one is most likely a replica of it",
    ))
}

fn refused(why: &str, hint: &str) -> Error {
    Error::Unsupported {
        message: format!("the database takes no writes: {why}; nothing was changed"),
        hint: hint.to_owned(),
    }
}

/// The rows of a query as text.
async fn texts(session: &mut Session, sql: &str) -> Result<Vec<Vec<String>>> {
    let found = session.query(sql, &[], usize::MAX).await?;
    let text = |value: Value| match value {
        Value::Text(text) => text,
        Value::Int(number) => number.to_string(),
        _ => String::new(),
    };
    let rows = found.rows.into_iter();
    Ok(rows
        .map(|row| row.into_iter().map(text).collect())
        .collect())
}
