//! Private PostgreSQL and MariaDB servers, one of each for the whole test binary, started when the first test asks.
//!
//! Each lies in a temporary folder, listens on the loopback address alone, syncs nothing to disk, and runs as an
//! unprivileged user when the tests are root. Its parent is a small shell that reads a pipe this process holds: however
//! the tests end, the pipe closes, and the shell stops the server and removes the folder.

use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{Connection, MySqlConnection, PgConnection};

use super::certificates::Certificates;
use super::dump;
use super::guard::{Unprivileged, guard, must};

/// What the tests log in with; it must never turn up in any output.
pub const PASSWORD: &str = "s3cret-of-the-tests";

/// The sort of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// PostgreSQL.
    Postgres,
    /// MariaDB, or the MySQL server that `DBSCRIPT_TEST_MYSQL_URL` names.
    Mysql,
}

/// A server that runs.
pub struct Server {
    kind: Kind,
    /// Where it is, without a database: `postgres://user:password@127.0.0.1:port`.
    address: String,
    /// Its Unix socket: PostgreSQL's folder, MariaDB's file.
    pub socket: Option<PathBuf>,
    /// Its folder and its parent shell, whose input must stay open as long as the tests run.
    _shell: Option<Child>,
}

/// The server of this kind; `None` where it is not installed and nobody requires it, which is said aloud once.
pub fn server(kind: Kind) -> Option<&'static Server> {
    static POSTGRES: OnceLock<Option<Server>> = OnceLock::new();
    static MYSQL: OnceLock<Option<Server>> = OnceLock::new();
    match kind {
        Kind::Postgres => once(&POSTGRES, "postgres", || postgres(None)),
        Kind::Mysql => once(&MYSQL, "mysql", || mysql(None, &[])),
    }
}

/// Another server of this kind, which offers TLS with the certificates of [`Certificates::get`].
pub fn server_with_tls(kind: Kind) -> Option<&'static Server> {
    static POSTGRES: OnceLock<Option<Server>> = OnceLock::new();
    static MYSQL: OnceLock<Option<Server>> = OnceLock::new();
    let certificates = Some(Certificates::get());
    match kind {
        Kind::Postgres => once(&POSTGRES, "postgres", || postgres(certificates)),
        Kind::Mysql => once(&MYSQL, "mysql", || mysql(certificates, &[])),
    }
}

/// A MariaDB that writes the names of tables in small letters, as on Windows.
pub fn server_with_small_letters(kind: Kind) -> Option<&'static Server> {
    static MYSQL: OnceLock<Option<Server>> = OnceLock::new();
    match kind {
        Kind::Postgres => server(kind),
        Kind::Mysql => once(&MYSQL, "mysql", || {
            mysql(None, &["--lower-case-table-names=1"])
        }),
    }
}

fn once(
    place: &'static OnceLock<Option<Server>>,
    name: &str,
    start: impl FnOnce() -> Option<Server>,
) -> Option<&'static Server> {
    place
        .get_or_init(|| {
            let started = start();
            if started.is_none() {
                skip(name);
            }
            started
        })
        .as_ref()
}

/// Says that a server's tests are skipped, past the test runner's capture, or fails where they are required.
pub fn skip(name: &str) {
    let required = std::env::var("DBSCRIPT_TEST_REQUIRE").unwrap_or_default();
    assert!(
        !required.split(',').any(|required| required.trim() == name),
        "{name} is required and not installed; `tests/run` installs it"
    );
    // Where nobody listens there is nobody to tell.
    let _ = writeln!(
        std::io::stderr(),
        "SKIPPED: every test on {name}, which is not installed; `tests/run` installs it"
    );
}

impl Server {
    /// Makes an empty database and returns its URL.
    pub async fn fresh_database(&self) -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{count}", std::process::id());
        let url = format!("{}/{name}", self.address);
        match self.kind {
            Kind::Postgres => {
                let admin = format!("{}/postgres", self.address);
                let sql = format!("CREATE DATABASE {name} TEMPLATE template0");
                self.run(&admin, &sql).await;
            }
            Kind::Mysql => {
                let sql = format!("CREATE DATABASE {name} CHARACTER SET utf8mb4");
                self.run(&format!("{}/mysql", self.address), &sql).await;
            }
        }
        url
    }

    /// One value that a query gives, as text.
    pub async fn value(&self, url: &str, sql: &str) -> String {
        let value: Result<Option<String>, sqlx::Error> = match self.kind {
            Kind::Postgres => {
                let text = sqlx::AssertSqlSafe(format!("SELECT ({sql})::text"));
                let mut connection = PgConnection::connect(url).await.expect("it runs");
                sqlx::query_scalar(text).fetch_one(&mut connection).await
            }
            Kind::Mysql => {
                let text = sqlx::AssertSqlSafe(format!("SELECT CAST(({sql}) AS CHAR)"));
                let mut connection = MySqlConnection::connect(url).await.expect("it runs");
                sqlx::query_scalar(text).fetch_one(&mut connection).await
            }
        };
        value
            .unwrap_or_else(|error| panic!("{error} in: {sql}"))
            .unwrap_or_else(|| "NULL".to_owned())
    }

    /// The hash of a database's whole content, by the server's own dump.
    pub fn hash(&self, url: &str) -> String {
        dump::hash(self.kind, url)
    }

    /// Runs SQL on one of its databases over a connection that is not the product's.
    pub async fn run(&self, url: &str, sql: &str) {
        let text = sqlx::AssertSqlSafe(sql.to_owned());
        let done = match self.kind {
            Kind::Postgres => match PgConnection::connect(url).await {
                Ok(mut connection) => sqlx::raw_sql(text)
                    .execute(&mut connection)
                    .await
                    .map(|_| ()),
                Err(error) => Err(error),
            },
            Kind::Mysql => match MySqlConnection::connect(url).await {
                Ok(mut connection) => sqlx::raw_sql(text)
                    .execute(&mut connection)
                    .await
                    .map(|_| ()),
                Err(error) => Err(error),
            },
        };
        done.unwrap_or_else(|error| panic!("{error} in: {sql}"));
    }
}

fn postgres(tls: Option<&Certificates>) -> Option<Server> {
    let bin = postgres_programs()?;
    let folder = folder("postgres");
    let user = Unprivileged::find(&["postgres", "nobody"]);
    user.own(&folder);
    let password = folder.join("password");
    std::fs::write(&password, PASSWORD).expect("the folder was just made");
    user.own(&password);
    let data = folder.join("data");
    must(
        user.command(&bin.join("initdb"))
            .arg("--pgdata")
            .arg(&data)
            .arg("--pwfile")
            .arg(&password)
            .args(["--username=tester", "--auth=password", "--no-sync"])
            .args(["--encoding=UTF8", "--locale=C", "--no-instructions"]),
    );
    let port = free_port();
    let mut server = user.command(&bin.join("postgres"));
    server.arg("-D").arg(&data).arg("-k").arg(&folder);
    if let Some(certificates) = tls {
        let rules = "hostssl all with_certificate 127.0.0.1/32 cert\nhost all all 127.0.0.1/32 scram-sha-256\n";
        std::fs::write(data.join("pg_hba.conf"), rules).expect("the folder was just made");
        let [authority, certificate, key] = certificates.lend(&folder, &user);
        server.args(["-c", "ssl=on"]);
        server.arg("-c").arg(format!("ssl_ca_file={authority}"));
        server.arg("-c").arg(format!("ssl_cert_file={certificate}"));
        server.arg("-c").arg(format!("ssl_key_file={key}"));
    }
    for setting in [
        "listen_addresses=127.0.0.1",
        &format!("port={port}"),
        "fsync=off",
        "synchronous_commit=off",
        "full_page_writes=off",
        "max_connections=200",
        "shared_buffers=32MB",
        "autovacuum=off",
    ] {
        server.arg("-c").arg(setting);
    }
    let address = format!("postgres://tester:{PASSWORD}@127.0.0.1:{port}");
    let shell = guard(&folder, &server, "QUIT", "ready to accept connections");
    Some(Server {
        kind: Kind::Postgres,
        address,
        socket: Some(folder),
        _shell: Some(shell),
    })
}

/// The folder of PostgreSQL's programs: the newest that is installed, or the one `DBSCRIPT_TEST_POSTGRES_BIN` names.
pub fn postgres_programs() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("DBSCRIPT_TEST_POSTGRES_BIN") {
        return Some(folder.into());
    }
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version = path.file_name()?.to_str()?.parse().ok()?;
            let bin = path.join("bin");
            bin.join("postgres").exists().then_some((version, bin))
        })
        .collect();
    versions.sort();
    versions.pop().map(|(_, bin)| bin)
}

fn mysql(tls: Option<&Certificates>, settings: &[&str]) -> Option<Server> {
    if let (Ok(url), None, []) = (std::env::var("DBSCRIPT_TEST_MYSQL_URL"), tls, settings) {
        return Some(Server {
            kind: Kind::Mysql,
            address: url.trim_end_matches('/').to_owned(),
            socket: None,
            _shell: None,
        });
    }
    let binary = ["/usr/sbin/mariadbd", "/usr/libexec/mariadbd"]
        .map(PathBuf::from)
        .into_iter()
        .find(|path| path.exists())?;
    let folder = folder("mariadb");
    let user = Unprivileged::find(&["mysql", "nobody"]);
    user.own(&folder);
    let data = folder.join("data");
    must(
        user.command(Path::new("mariadb-install-db"))
            .arg("--no-defaults")
            .arg(format!("--datadir={}", data.display()))
            .args(["--auth-root-authentication-method=normal", "--skip-test-db"]),
    );
    let first = folder.join("first.sql");
    let grant = format!(
        "CREATE USER tester@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';
         GRANT ALL ON *.* TO tester@'127.0.0.1' WITH GRANT OPTION;
         CREATE USER tester@localhost IDENTIFIED BY '{PASSWORD}';
         GRANT ALL ON *.* TO tester@localhost WITH GRANT OPTION;"
    );
    std::fs::write(&first, grant).expect("the folder was just made");
    user.own(&first);
    let port = free_port();
    let mut server = user.command(&binary);
    server
        .arg("--no-defaults")
        .arg(format!("--datadir={}", data.display()))
        .arg(format!("--socket={}", folder.join("socket").display()))
        // A server that starts removes what others' have in the same folder for temporary tables.
        .arg(format!("--tmpdir={}", folder.display()))
        .arg(format!("--init-file={}", first.display()))
        .arg(format!("--port={port}"))
        .args(["--bind-address=127.0.0.1", "--skip-name-resolve"])
        .args([
            "--innodb-flush-log-at-trx-commit=0",
            "--skip-innodb-doublewrite",
        ])
        .args([
            "--innodb-flush-method=nosync",
            "--innodb-buffer-pool-size=64M",
        ])
        .args(settings);
    if let Some(certificates) = tls {
        let [authority, certificate, key] = certificates.lend(&folder, &user);
        server
            .arg(format!("--ssl-ca={authority}"))
            .arg(format!("--ssl-cert={certificate}"))
            .arg(format!("--ssl-key={key}"));
    }
    let address = format!("mysql://tester:{PASSWORD}@127.0.0.1:{port}");
    let shell = guard(&folder, &server, "KILL", "ready for connections");
    Some(Server {
        kind: Kind::Mysql,
        address,
        socket: Some(folder.join("socket")),
        _shell: Some(shell),
    })
}

/// A temporary folder that stays until its server's guard removes it.
pub fn folder(name: &str) -> PathBuf {
    tempfile::Builder::new()
        .prefix(&format!("dbscript-test-{name}-"))
        .tempdir()
        .expect("the system's temporary folder is writable")
        .keep()
}

/// A port nobody listens on now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a loopback port is free")
        .port()
}
