//! What only MySQL and MariaDB do.

mod beside;
mod broken;
mod changing;
mod owners;
mod queries;
mod rights;
mod row_restores;
mod schema;
mod sequences;
mod small_letters;
mod swaps;
mod table_locks;
mod unseen;
mod views;

use std::io::Write;
use std::process::{Command, Stdio};

use crate::harness::PASSWORD;

/// A program of the server's own, told where the database of this URL is; its name is the last argument.
fn program(name: &str, url: &str, arguments: &[&str]) -> Command {
    let (user, rest) = url
        .strip_prefix("mysql://")
        .and_then(|rest| rest.split_once(':'))
        .expect("a URL of the harness");
    let (password, rest) = rest.split_once('@').expect("with a password");
    let (host, rest) = rest.split_once(':').expect("with a host");
    let (port, database) = rest.split_once('/').expect("with a port");
    let mut command = Command::new(name);
    command
        .args(["--no-defaults", "--protocol=tcp", "--host", host])
        .args(["--port", port, "--user", user])
        .env("MYSQL_PWD", password)
        .args(arguments)
        .arg(database);
    command
}

/// Runs SQL with the client people have, which ends a statement where it sees fit. Returns what it prints.
#[track_caller]
fn client(url: &str, sql: &str) -> String {
    let mut command = program(
        "mariadb",
        url,
        &[
            "--binary-mode",
            "--comments",
            "--default-character-set=utf8mb4",
            "--batch",
        ],
    );
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the client is installed with the server");
    let mut input = child.stdin.take().expect("its input is piped");
    // What it does not take it does not like; its own words tell.
    let _ = input.write_all(sql.as_bytes());
    drop(input);
    finished(child.wait_with_output().expect("it ends"))
}

#[track_caller]
fn finished(output: std::process::Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// The URL for another user, whose password is that of the tests.
fn for_user(url: &str, user: &str) -> String {
    let (_, place) = url.rsplit_once('@').expect("a URL of the harness");
    format!("mysql://{user}:{PASSWORD}@{place}")
}

/// The name of the database of a URL.
fn name(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or_default()
}
