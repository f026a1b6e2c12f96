//! What a database on a server holds, as one hash of what the server's own dump program prints: schema, rows, counters.
//! Its lines are sorted first, since the order of rows means nothing.

use std::process::Command;

use super::servers::{Kind, postgres_programs};
use sha2::{Digest, Sha256};

/// The hash of a database.
pub fn hash(kind: Kind, url: &str) -> String {
    let mut command = match kind {
        Kind::Postgres => postgres(url),
        Kind::Mysql => mysql(url),
    };
    let output = command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .output()
        .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the dump failed: {errors}");
    let mut lines: Vec<&[u8]> = output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !is_of_the_dump(line))
        .collect();
    lines.sort_unstable();
    hex::encode(Sha256::digest(lines.join(&b'\n')))
}

/// Lines that differ from dump to dump: the key psql must be given to leave its restricted mode.
fn is_of_the_dump(line: &[u8]) -> bool {
    line.starts_with(b"\\restrict") || line.starts_with(b"\\unrestrict")
}

fn postgres(url: &str) -> Command {
    let folder = postgres_programs().expect("a server of it runs");
    let mut command = Command::new(folder.join("pg_dump"));
    command.args(["--dbname", url]);
    command
}

fn mysql(url: &str) -> Command {
    let (user, place) = url
        .trim_start_matches("mysql://")
        .split_once('@')
        .expect("the tests' own URL names a user");
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let (place, database) = place.split_once('/').expect("and a database");
    let (host, port) = place.split_once(':').unwrap_or((place, "3306"));
    let mut command = Command::new("mariadb-dump");
    command
        .args(["--no-defaults", "--protocol=tcp", "--skip-dump-date"])
        .args(["--skip-extended-insert", "--routines", "--events"])
        .args([format!("--host={host}"), format!("--port={port}")])
        .args([format!("--user={user}"), format!("--password={password}")])
        .arg(database);
    command
}
