//! Throw-away databases beside the real one.

use sqlx::Connection;

use super::{fault, open, sql};
use crate::db::server::Server;
use crate::db::{EngineError, Error, Result};

/// What the name of every scratch database begins with.
const PREFIX: &str = "dbscript_scratch_";

/// Creates an empty database with the encoding and collation of this one. Returns where it is.
pub(in crate::db) async fn create(server: &Server) -> Result<Server> {
    let server = server.direct.as_deref().unwrap_or(server);
    let refused = |source: EngineError| Error::NoScratch {
        place: server.database.clone(),
        source,
    };
    let mut random = [0_u8; 6];
    getrandom::fill(&mut random).map_err(|error| {
        refused(EngineError {
            code: "58000".to_owned(),
            message: error.to_string(),
        })
    })?;
    let name = format!("{PREFIX}{}", hex::encode(random));
    let mut connection = open::plain(&server.database, server).await?;
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
        sql::literal(&name)
    );
    let made = async {
        use sqlx::Row;
        let row = sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
            .fetch_one(&mut connection)
            .await?;
        let create: String = row.try_get(0)?;
        sqlx::raw_sql(sqlx::AssertSqlSafe(create))
            .execute(&mut connection)
            .await
    };
    made.await.map_err(|error| refused(fault::engine(&error)))?;
    // It was only needed for this.
    let _ = connection.close().await;
    Ok(Server {
        database: name,
        beside: Some(server.database.clone()),
        ..server.clone()
    })
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
    let text = if connection.server_version_num().unwrap_or(0) >= 130_000 {
        format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    } else {
        format!("DROP DATABASE IF EXISTS {name}")
    };
    sqlx::raw_sql(sqlx::AssertSqlSafe(text))
        .execute(&mut connection)
        .await
        .map_err(fault::statement)?;
    connection.close().await.map_err(fault::statement)
}
