//! Another program that keeps a transaction open.

use sqlx::{Connection, MySqlConnection, PgConnection};
use tokio::runtime::Runtime;

/// A connection to a project's database that is not the product's, for as long as it is kept.
pub struct Holder {
    place: Place,
    runtime: Runtime,
}

enum Place {
    Sqlite(rusqlite::Connection),
    Postgres(PgConnection),
    Mysql(MySqlConnection),
}

impl Holder {
    /// Connects to the file.
    pub fn of_file(connection: rusqlite::Connection) -> Self {
        Holder {
            place: Place::Sqlite(connection),
            runtime: runtime(),
        }
    }

    /// Connects to a server's database.
    pub fn of_server(url: &str) -> Self {
        let runtime = runtime();
        let place = runtime.block_on(async {
            if url.starts_with("postgres") {
                PgConnection::connect(url).await.map(Place::Postgres)
            } else {
                MySqlConnection::connect(url).await.map(Place::Mysql)
            }
        });
        Holder {
            place: place.expect("the test's own server answers"),
            runtime,
        }
    }

    /// Runs SQL; what it begins stays open.
    #[track_caller]
    pub fn sql(&mut self, sql: &str) {
        let text = sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()));
        let done = match &mut self.place {
            Place::Sqlite(connection) => {
                connection
                    .execute_batch(sql)
                    .unwrap_or_else(|error| panic!("{error} in: {sql}"));
                return;
            }
            Place::Postgres(connection) => {
                self.runtime.block_on(text.execute(connection)).map(|_| ())
            }
            Place::Mysql(connection) => self.runtime.block_on(text.execute(connection)).map(|_| ()),
        };
        done.unwrap_or_else(|error| panic!("{error} in: {sql}"));
    }
}

fn runtime() -> Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime can be made")
}
