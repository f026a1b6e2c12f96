//! Servers as child processes: whose they are, and that they end with the tests.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Runs a command that must succeed.
#[track_caller]
pub fn must(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The user servers run as: neither of them starts for root.
pub struct Unprivileged(Option<&'static str>);

impl Unprivileged {
    /// The first of these users that exists; nobody else where the tests are not root.
    pub fn find(names: &[&'static str]) -> Self {
        if !rustix::process::geteuid().is_root() {
            return Unprivileged(None);
        }
        let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let exists = |name: &&&str| {
            passwd
                .lines()
                .any(|line| line.split(':').next() == Some(**name))
        };
        Unprivileged(names.iter().find(exists).copied())
    }

    /// Makes a file or folder this user's.
    pub fn own(&self, path: &Path) {
        if let Some(user) = self.0 {
            must(Command::new("chown").arg(user).arg(path));
        }
    }

    /// A command that runs as this user and dies with its parent.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM"]);
        if let Some(user) = self.0 {
            command.args(["--reuid", user, "--regid", "nogroup", "--clear-groups"]);
        }
        command.arg("--").arg(program).current_dir("/");
        command.env_remove("DATABASE_URL");
        command
    }
}

/// Starts a server under a shell that stops it and removes its folder when this process is gone, and waits until the
/// server says that it is `ready`.
pub fn guard(folder: &Path, server: &Command, signal: &str, ready: &str) -> Child {
    let script = format!(
        "trap '' INT TERM HUP
         \"$@\" >&2 & server=$!
         exec 2>/dev/null
         read -r line
         kill -{signal} $server; wait $server; rm -rf \"$FOLDER\""
    );
    let mut command = Command::new("sh");
    command
        .args(["-c", &script, "sh"])
        .arg(server.get_program())
        .args(server.get_args())
        .current_dir("/")
        .env("FOLDER", folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut shell = command.spawn().expect("there is a shell");
    let said = shell.stderr.take().expect("standard error is piped");
    let mut lines = BufReader::new(said).lines().map_while(Result::ok);
    let mut log = Vec::new();
    let is_ready = lines.by_ref().any(|line| {
        log.push(line);
        log.last().is_some_and(|line| line.contains(ready))
    });
    assert!(is_ready, "the server did not start\n{}", log.join("\n"));
    // Whatever it says from now on is read, so that it never waits for a reader.
    std::thread::spawn(move || lines.count());
    shell
}
