//! Database URLs: forms that are refused, servers that do not answer or do not let in, files that are no database.

use super::{SECRET, Wrong, hold, wrong};
use crate::harness::Fresh;
use crate::harness::databases::{Database, Said};

fn backup(url: &str, code: i32, told: &[&str]) -> Wrong {
    wrong("run backup", code, told).url(&url.replace("SECRET", SECRET))
}

#[test]
fn forms() {
    hold(&[
        backup(
            "prisma://acc.example/?api_key=SECRET",
            2,
            &["`prisma:`", "the database's own URL"],
        ),
        backup(
            "prisma+postgres://acc.example/?api_key=SECRET",
            2,
            &["`prisma+postgres:`", "the database's own URL"],
        ),
        backup(
            "libsql://x.example?authToken=SECRET",
            2,
            &["`libsql:`", "the database's own URL"],
        ),
        backup(
            "jdbc:postgresql://u:SECRET@h/d",
            2,
            &["`jdbc:`", "write it as `postgres://"],
        ),
        backup(
            "mongodb://u:SECRET@h/d",
            2,
            &["scheme `mongodb`", "known are `sqlite://`"],
        ),
        backup(
            "oracle://u:SECRET@h/d",
            2,
            &["scheme `oracle`", "`mysql://`"],
        ),
        backup("app.db", 2, &["no scheme", "`sqlite://app.db`"]),
        backup("u:SECRET@127.0.0.1/d", 2, &["scheme", "known are"]),
    ]);
}

#[test]
fn parts() {
    hold(&[
        backup("postgres:/h/d", 2, &["no `//`", "write it as `postgres://"]),
        backup(
            "postgres://u:SECRET@127.0.0.1",
            2,
            &["names no database", "behind the host"],
        ),
        backup(
            "mysql://u:SECRET@127.0.0.1/",
            2,
            &["names no database", "behind the host"],
        ),
        backup(
            "postgres://u:SECRET@127.0.0.1:abc/d",
            2,
            &["port", "percent-encode"],
        ),
        backup(
            "mysql://u:SECRET@127.0.0.1:99999/d",
            2,
            &["port", "percent-encode"],
        ),
        backup("postgres://u:a#SECRET@127.0.0.1/d", 2, &["raw `#`", "%23"]),
        backup("postgres://u:a/SECRET@127.0.0.1/d", 2, &["raw `/`", "%2F"]),
        backup("mysql://u:a?SECRET@127.0.0.1/d", 2, &["raw `?`", "%3F"]),
        backup(
            "postgres://u:SECRET@127.0.0.1/d?sslmode=maybe",
            2,
            &["`sslmode`", "require"],
        ),
        backup(
            "postgres://u:SECRET@127.0.0.1/d?connection_limit=x",
            2,
            &["`connection_limit`", "=10"],
        ),
    ]);
}

#[test]
fn places_that_do_not_answer() {
    hold(&[
        backup(
            "postgres://u:SECRET@127.0.0.1:1/d",
            4,
            &[
                "postgres://u@127.0.0.1:1/d",
                "refused",
                "check that the server runs",
            ],
        ),
        backup(
            "mysql://u:SECRET@127.0.0.1:1/d",
            4,
            &[
                "mysql://u@127.0.0.1:1/d",
                "refused",
                "check that the server runs",
            ],
        ),
        backup(
            "postgres://u:SECRET@nowhere.invalid/d",
            4,
            &["nowhere.invalid", "host and port"],
        ),
        backup(
            "mysql://u:SECRET@nowhere.invalid/d",
            4,
            &["nowhere.invalid", "host and port"],
        ),
        backup(
            "postgres://u:SECRET@127.0.0.1:1/d?sslmode=verify-full&sslrootcert=none.pem",
            4,
            &["none.pem` is not there", "check the path"],
        ),
        backup(
            "mysql://u:SECRET@127.0.0.1:1/d?sslmode=verify-ca&sslcert=none.pem",
            4,
            &["none.pem` is not there", "check the path"],
        ),
    ]);
}

#[test]
fn files() {
    let users = "users/privy-export.csv";
    hold(&[
        backup("sqlite:", 2, &["names no file", "`sqlite://app.db`"]),
        backup("sqlite::memory:", 2, &["in-memory", "name a file"]),
        backup(
            "sqlite://none.db",
            4,
            &[
                "no database at",
                "none.db",
                "DATABASE_URL",
                "safe-migration",
            ],
        ),
        backup(
            "file:./none.db?connection_limit=1",
            4,
            &["no database at", "none.db", "safe-migration"],
        ),
        wrong("run restore-users", 4, &["no database at", "none.db"]).url("sqlite://none.db"),
        wrong(
            "run pre-migration-backup",
            4,
            &["no database at", "none.db"],
        )
        .url("sqlite://none.db"),
        backup(
            "sqlite://migrations",
            4,
            &["migrations", "it is a folder", "right file"],
        ),
        backup(
            "sqlite://users/privy-export.csv",
            4,
            &[users, "not a usable database", "is it the right file?"],
        ),
        wrong(
            "run safe-migration --yes",
            4,
            &[users, "not a usable database"],
        )
        .url("sqlite://users/privy-export.csv"),
        wrong("status", 4, &[users, "not a usable database"])
            .url("sqlite://users/privy-export.csv"),
        backup("sqlite://torn.db", 4, &["torn.db"]).file("torn.db", "SQLite format 3\0 torn"),
        backup("sqlite://none.db/x.db", 4, &["none.db/x.db"]),
        wrong(
            "run backup",
            6,
            &["has no table", "sqlite://empty.db", "DATABASE_URL"],
        )
        .url("sqlite://empty.db")
        .file("empty.db", "")
        .leaves(super::Leaves::Log),
    ]);
}

/// What a server refuses; `<address>` is where it listens.
async fn servers(fresh: Fresh) {
    let url = fresh.url();
    let (address, name) = url.rsplit_once('/').expect("it names a database");
    let (_, host) = address.rsplit_once('@').expect("it names a user");
    let (scheme, _) = url.split_once(':').expect("it has a scheme");
    let other = fresh.said(Said {
        sqlite: "",
        postgres: "mysql",
        mysql: "postgres",
    });
    let denied = fresh.said(Said {
        sqlite: "",
        postgres: "password authentication failed",
        mysql: "Access denied",
    });
    let no_database = format!("no database at `{scheme}://tester@{host}/nowhere");
    let mut cases = vec![
        backup(
            &format!("{address}/nowhere"),
            4,
            &[&no_database, "DATABASE_URL"],
        ),
        backup(
            &format!("{scheme}://tester:SECRET@{host}/{name}"),
            4,
            &[
                denied,
                "the user and the password",
                &format!("{scheme}://tester@"),
            ],
        ),
        backup(
            &format!("{scheme}://nobody:SECRET@{host}/{name}"),
            4,
            &[denied, "nobody", "the user and the password"],
        ),
        backup(
            &format!("{url}?sslmode=require"),
            4,
            &["no secure connection", "does not support TLS", "sslmode="],
        ),
        backup(
            &format!("{url}?sslmode=verify-full"),
            4,
            &["no secure connection", "sslmode="],
        ),
        backup(url, 6, &["has no table", name, "DATABASE_URL"]).leaves(super::Leaves::Log),
    ];
    if other == "mysql" {
        let text = url.replacen(scheme, other, 1) + "?connect_timeout=1";
        cases.push(backup(
            &text,
            4,
            &["no answer within 1 second", "the scheme"],
        ));
    } else {
        let text = url.replacen(scheme, other, 1);
        cases.push(backup(&text, 4, &["no PostgreSQL server", "the scheme"]));
    }
    tokio::task::spawn_blocking(move || hold(&cases))
        .await
        .expect("every case holds");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_servers() {
    for database in [Database::Postgres, Database::Mysql] {
        if let Some(fresh) = Fresh::new(database).await {
            servers(fresh).await;
        }
    }
}
