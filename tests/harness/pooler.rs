//! PgBouncer in front of the private PostgreSQL server, one for the whole test binary: it lends a session for a
//! transaction only, as hosted databases do.

use std::path::Path;
use std::process::Child;
use std::sync::OnceLock;

use super::databases::Fresh;
use super::guard::{Unprivileged, guard};
use super::servers::{self, PASSWORD};

const BINARY: &str = "/usr/sbin/pgbouncer";

struct Pooler {
    port: u16,
    _shell: Child,
}

/// A database's URL by way of the pooler; `None` where it is not installed and nobody requires it.
pub fn through_pooler(fresh: &Fresh) -> Option<String> {
    static POOLER: OnceLock<Option<Pooler>> = OnceLock::new();
    let server_port = port_of(fresh.url());
    let pooler = POOLER.get_or_init(|| {
        if !Path::new(BINARY).exists() {
            servers::skip("pgbouncer");
            return None;
        }
        Some(start(&server_port))
    });
    let pooler = pooler.as_ref()?;
    let port = format!(":{}/", pooler.port);
    Some(fresh.url().replace(&format!(":{server_port}/"), &port))
}

fn port_of(url: &str) -> String {
    let (address, _) = url.rsplit_once('/').expect("a URL");
    let (_, port) = address.rsplit_once(':').expect("a port");
    port.to_owned()
}

fn start(server_port: &str) -> Pooler {
    let folder = servers::folder("pgbouncer");
    let user = Unprivileged::find(&["postgres", "nobody"]);
    let port = servers::free_port();
    let settings = folder.join("pgbouncer.ini");
    let people = folder.join("people");
    // Two sessions a database: the third transaction at a time waits.
    let text = format!(
        "[databases]\n* = host=127.0.0.1 port={server_port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
         listen_port = {port}\nunix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {}\n\
         pool_mode = transaction\ndefault_pool_size = 2\n",
        people.display()
    );
    std::fs::write(&settings, text).expect("the folder was just made");
    std::fs::write(&people, format!("\"tester\" \"{PASSWORD}\"\n"))
        .expect("the folder was just made");
    for path in [&folder, &settings, &people] {
        user.own(path);
    }
    let mut command = user.command(Path::new(BINARY));
    command.arg(&settings);
    let shell = guard(&folder, &command, "KILL", "process up");
    Pooler {
        port,
        _shell: shell,
    }
}
