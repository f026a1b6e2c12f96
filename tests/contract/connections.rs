//! Every form of URL that stands in real `.env` files (DATABASE-URLS.md), through the real binary, against real servers:
//! places, passwords, limits, TLS with good and bad certificates. No output ever shows a password.

use dbscript::db::{Access, Target};

use super::rows;
use crate::harness::databases::{Database, Fresh, Said};
use crate::harness::{Certificates, Finished, PASSWORD, Project};

const SERVERS: [Database; 2] = [Database::Postgres, Database::Mysql];

/// What a form of URL leads to.
enum Leads {
    /// There.
    There,
    /// Nowhere: the exit code, and what the message says.
    Nowhere(i32, &'static [&'static str]),
}

use Leads::{Nowhere, There};

/// Backs up with each of these URLs.
async fn try_all(forms: Vec<(String, Leads)>, secrets: &'static [&'static str]) {
    let trying = tokio::task::spawn_blocking(move || {
        for (form, leads) in forms {
            let project = Project::new();
            let backup = |arguments: &[&str]| -> Finished {
                let run = project.dbscript(&[&["run", "backup"], arguments].concat());
                let code = match leads {
                    There => 0,
                    Nowhere(code, _) => code,
                };
                run.env("DATABASE_URL", &form).status(code).go()
            };
            for arguments in [&[][..], &["--json", "-v"]] {
                let told = backup(arguments).told();
                for secret in [PASSWORD].iter().chain(secrets) {
                    assert!(!told.contains(secret), "{form} shows {secret}\n{told}");
                }
                let Nowhere(_, words) = leads else { continue };
                for word in words {
                    assert!(told.contains(word), "{form}: no `{word}` in\n{told}");
                }
                assert!(project.list(".").is_empty(), "{form} wrote something");
            }
        }
    });
    trying.await.expect("it runs");
}

async fn with_a_table(database: Database, tls: bool) -> Option<Fresh> {
    let fresh = match tls {
        true => Fresh::with_tls(database).await?,
        false => Fresh::new(database).await?,
    };
    fresh
        .other_program("CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1)")
        .await;
    Some(fresh)
}

/// Forms that name the server's address, and some that name another.
fn places(fresh: &Fresh) -> Vec<(String, Leads)> {
    let url = fresh.url();
    let (scheme, other_scheme) = fresh.said(Said {
        sqlite: ("", ""),
        postgres: ("postgres:", "postgresql:"),
        mysql: ("mysql:", "mariadb:"),
    });
    let (rest, name) = url.rsplit_once('/').expect("a URL");
    let port = rest.rsplit_once(':').expect("a port").1;
    let user = format!("{}//tester:{PASSWORD}@", scheme);
    vec![
        (url.replace(scheme, other_scheme), There),
        (format!("\"{url}\""), There),
        (format!("'{url}' "), There),
        (
            format!("{url}?connection_limit=1&connect_timeout=5&pool_timeout=5&socket_timeout=60"),
            There,
        ),
        (format!("{url}?sslmode=prefer&unknown=x#fragment"), There),
        (
            format!(
                "{user}127.0.0.1:{port}/%{:02X}{}",
                name.as_bytes()[0],
                &name[1..]
            ),
            There,
        ),
        (
            format!("{scheme}//127.0.0.1:{port}/{name}?user=tester&password={PASSWORD}"),
            There,
        ),
        (
            format!("{url}_none"),
            Nowhere(4, &["no database at", "_none"]),
        ),
        (
            url.replace(PASSWORD, "wrong"),
            Nowhere(4, &["cannot open", "check the user and the password"]),
        ),
        (
            format!("{user}127.0.0.1:1/{name}"),
            Nowhere(
                4,
                &["cannot open", "127.0.0.1:1", "check that the server runs"],
            ),
        ),
        (
            format!("{user}[::1]:1/{name}"),
            Nowhere(4, &["cannot open", "[::1]:1"]),
        ),
        (
            format!("{user}no-such-host.invalid/{name}"),
            Nowhere(4, &["no-such-host.invalid"]),
        ),
        (
            format!("{url}?connection_limit=many"),
            Nowhere(2, &["connection_limit"]),
        ),
        (
            format!("{url}?sslmode=sometimes"),
            Nowhere(2, &["sslmode", "verify-full"]),
        ),
    ]
}

/// Forms that lead through the server's Unix socket.
fn sockets(fresh: &Fresh) -> Vec<String> {
    let Some(socket) = fresh.socket() else {
        return Vec::new();
    };
    let (rest, name) = fresh.url().rsplit_once('/').expect("a URL");
    let (before, port) = rest.rsplit_once(':').expect("a port");
    let user = before.trim_end_matches("127.0.0.1");
    let socket = socket.display().to_string();
    let encoded = socket.replace('/', "%2F");
    fresh.said(Said {
        sqlite: vec![],
        postgres: vec![
            format!("{user}{encoded}:{port}/{name}"),
            format!("{user}localhost:{port}/{name}?host={socket}"),
            format!("{user}localhost:{port}/{name}?host={encoded}"),
        ],
        mysql: vec![
            format!("{user}localhost/{name}?socket={socket}"),
            format!("{user}localhost/{name}?socket={encoded}"),
            format!("{user}localhost/{name}?unix_socket={socket}"),
            format!("{user}{encoded}/{name}"),
        ],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_name_a_place_leads_there() {
    for database in SERVERS {
        let Some(fresh) = with_a_table(database, false).await else {
            continue;
        };
        let mut forms = places(&fresh);
        forms.extend(sockets(&fresh).into_iter().map(|form| (form, There)));
        try_all(forms, &[]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_may_hold_anything_that_is_encoded() {
    const RAW: &str = "p@ss/w#r?d%: '\"ü";
    for database in SERVERS {
        let Some(fresh) = with_a_table(database, false).await else {
            continue;
        };
        let name = fresh.target().name().to_owned();
        let said = RAW.replace('\'', "''");
        fresh
            .other_program(&fresh.said(Said {
                sqlite: String::new(),
                postgres: format!("CREATE ROLE odd_password LOGIN PASSWORD '{said}'; GRANT SELECT ON t TO odd_password"),
                mysql: format!("CREATE USER odd_password@'127.0.0.1' IDENTIFIED BY '{said}'; GRANT ALL ON {name}.* TO odd_password@'127.0.0.1'"),
            }))
            .await;
        let encoded: String = RAW.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let with = |password: &str| {
            fresh.url().replace(
                &format!("tester:{PASSWORD}"),
                &format!("odd_password:{password}"),
            )
        };
        try_all(
            vec![
                (with(&encoded), There),
                (
                    with("hun%23ter22"),
                    Nowhere(4, &["check the user and the password"]),
                ),
                (with("hun#ter22"), Nowhere(2, &["raw `#`", "%23"])),
                (with("hun/ter22"), Nowhere(2, &["raw `/`", "%2F"])),
                (with("hun?ter22"), Nowhere(2, &["raw `?`", "%3F"])),
            ],
            &["ter22", "w#r", "%77%23%72"],
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn schemes_that_lead_elsewhere_are_refused_by_name() {
    let forms = [
        ("libsql://x:ter22@h/d", "libsql"),
        ("prisma://x:ter22@h/d", "prisma"),
        ("prisma+postgres://x:ter22@h/d", "prisma+postgres"),
        ("jdbc:postgresql://x:ter22@h/d", "jdbc"),
        ("oracle://x:ter22@h/d", "known are"),
        ("x:ter22@h/d", "known are"),
        ("postgres:x:ter22@h/d", "//"),
        ("postgres://x:ter22@h", "names no database"),
        ("postgres://x:ter22@h,i/d", "several hosts"),
        ("", "set but empty"),
        ("\"\"", "set but empty"),
    ];
    let forms = forms.map(|(form, word)| {
        let words: &'static [&'static str] = Box::leak(Box::new([word]));
        (form.to_owned(), Nowhere(2, words))
    });
    try_all(forms.into(), &["ter22"]).await;
}

/// Whether this connection is encrypted, as the server says.
async fn is_encrypted(fresh: &Fresh, form: &str) -> bool {
    let target = Target::parse(form, fresh.folder()).expect("a good URL");
    let mut session = target
        .connect(Access::default())
        .await
        .unwrap_or_else(|error| panic!("{error:?}: {form}"));
    let asked = fresh.said(Said {
        sqlite: "",
        postgres: "SELECT CASE WHEN ssl THEN cipher ELSE '' END FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
        mysql: "SELECT VARIABLE_VALUE FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME = 'Ssl_cipher'",
    });
    let found = rows(&mut session, asked).await;
    format!("{found:?}") != "[[Text(\"\")]]"
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_used_where_it_is_offered_and_looked_at_where_it_is_to_be() {
    for database in SERVERS {
        let Some(fresh) = with_a_table(database, true).await else {
            continue;
        };
        let url = fresh.url();
        let path = |name: &str| Certificates::get().path(name);
        let (ca, other) = (path("ca.pem"), path("other-ca.pem"));
        for (parameters, encrypted) in [
            (String::new(), true),
            ("sslmode=disable".to_owned(), false),
            ("sslmode=prefer".to_owned(), true),
            ("sslmode=require".to_owned(), true),
            ("sslmode=no-verify".to_owned(), true),
            ("ssl-mode=REQUIRED".to_owned(), true),
            ("ssl=true".to_owned(), true),
            ("sslaccept=accept_invalid_certs".to_owned(), true),
            (format!("sslmode=require&sslrootcert={ca}"), true),
            (format!("sslmode=verify-ca&sslrootcert={ca}"), true),
            (format!("sslmode=verify-full&sslrootcert={ca}"), true),
            // Prisma's words.
            (format!("sslmode=require&sslcert={ca}"), true),
            (format!("sslcert={ca}&sslaccept=strict"), true),
            // MySQL's words.
            (format!("ssl-mode=VERIFY_IDENTITY&ssl-ca={ca}"), true),
            (format!("ssl-mode=VERIFY_CA&ssl-ca={ca}"), true),
        ] {
            let form = format!("{url}?{parameters}");
            assert_eq!(is_encrypted(&fresh, &form).await, encrypted, "{form}");
        }
        let wrong: &[&str] = &["certificate", "sslrootcert=", "sslmode=no-verify"];
        try_all(
            vec![
                (format!("{url}?sslmode=verify-full&sslrootcert={ca}"), There),
                (
                    format!("{url}?sslmode=verify-full&sslrootcert={other}"),
                    Nowhere(4, wrong),
                ),
                (
                    format!("{url}?sslmode=verify-ca&sslrootcert={other}"),
                    Nowhere(4, wrong),
                ),
                (
                    format!("{url}?sslmode=require&sslrootcert={other}"),
                    Nowhere(4, wrong),
                ),
                (format!("{url}?sslmode=verify-full"), Nowhere(4, wrong)),
                (format!("{url}?sslaccept=strict"), Nowhere(4, wrong)),
                (
                    format!("{url}?sslmode=verify-full&sslrootcert=none.pem"),
                    Nowhere(4, &["none.pem", "is not there"]),
                ),
                (
                    format!("{url}?sslidentity=client.p12"),
                    Nowhere(2, &["sslidentity", "openssl pkcs12"]),
                ),
            ],
            &[],
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_named_as_that_and_prefer_goes_without() {
    for database in SERVERS {
        let Some(fresh) = with_a_table(database, false).await else {
            continue;
        };
        let url = fresh.url();
        // A server that the environment names may have TLS.
        if is_encrypted(&fresh, url).await {
            continue;
        }
        let without: &[&str] = &["cannot open", "TLS", "sslmode=prefer"];
        try_all(
            vec![
                (format!("{url}?sslmode=prefer"), There),
                (format!("{url}?sslmode=require"), Nowhere(4, without)),
                (format!("{url}?sslmode=no-verify"), Nowhere(4, without)),
                (format!("{url}?sslmode=verify-full"), Nowhere(4, without)),
            ],
            &[],
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_shows_its_certificate() {
    let Some(fresh) = with_a_table(Database::Postgres, true).await else {
        return;
    };
    fresh
        .other_program(
            "DO $$ BEGIN CREATE ROLE with_certificate LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
             GRANT SELECT ON t TO with_certificate",
        )
        .await;
    let project = Project::new();
    for name in ["client.pem", "client.key"] {
        let from = Certificates::get().path(name);
        project.file(name, std::fs::read(from).expect("it was made"));
    }
    let form = fresh
        .url()
        .replace(&format!("tester:{PASSWORD}"), "with_certificate");
    let backup = tokio::task::spawn_blocking(move || {
        // Relative files lie in the project.
        let shown = format!("{form}?sslmode=require&sslcert=client.pem&sslkey=client.key");
        let backup = project.dbscript(&["run", "backup"]);
        backup.env("DATABASE_URL", &shown).go();
        let backup = project.dbscript(&["run", "backup"]);
        backup.env("DATABASE_URL", &form).status(4).go();
    });
    backup.await.expect("it runs");
}
