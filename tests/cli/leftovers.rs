//! Copies of a database that rehearsals have made on its server: a run that was cut off leaves one behind, which `status`
//! names and the next rehearsal removes, and nobody removes one that is in use or that nobody knows.

use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::{MIGRATE, endless, filled};
use crate::harness::databases::{Database, Said};
use crate::harness::{Holder, PASSWORD, PATIENCE, Project, Running, Signal};

/// Runs these tests on the servers: an embedded copy is a file.
macro_rules! on_both_servers {
    ($($test:ident),+ $(,)?) => {
        $crate::harness::databases::in_every_project! { @ postgres Postgres $($test)+ }
        $crate::harness::databases::in_every_project! { @ mysql Mysql $($test)+ }
    };
}

on_both_servers!(
    a_copy_that_a_killed_rehearsal_left_is_told_and_the_next_one_removes_it,
    a_rehearsal_leaves_the_copy_of_another_one_alone,
    a_database_that_is_only_named_like_a_copy_is_left_alone,
    a_copy_that_somebody_looks_at_is_left_alone_and_told,
    a_server_that_goes_away_during_the_rehearsal_leaves_a_copy_that_is_named,
    a_server_that_goes_away_while_the_copy_is_filled_leaves_one_that_is_named,
);

/// What `status` says is left on the server, which other tests use too.
#[track_caller]
fn leftovers(project: &Project) -> Vec<String> {
    let status = project.dbscript(&["status", "--json"]).go().result();
    let list = status["database"]["leftovers"].as_array();
    let texts = list.into_iter().flatten().filter_map(|text| text.as_str());
    texts.map(str::to_owned).collect()
}

/// Waits until `status` says something with every one of these words of a database on the server, and returns its name.
#[track_caller]
fn told(project: &Project, words: &[&str]) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let left = leftovers(project);
        let found = left
            .iter()
            .find(|text| words.iter().all(|word| text.contains(word)));
        if let Some(text) = found {
            let name = text.split('`').nth(1).expect("it is named");
            return name.to_owned();
        }
        assert!(Instant::now() < deadline, "no {words:?}: {left:?}");
    }
}

/// Whether the server has a database of this name.
fn exists(project: &Project, name: &str) -> bool {
    let sql = project.said(Said {
        sqlite: "",
        postgres: "SELECT count(*) FROM pg_database WHERE datname = ",
        mysql: "SELECT count(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ",
    });
    project.value(&format!("{sql}'{name}'")) == "1"
}

/// A run whose rehearsal is in the third statement of its migration, and the name of its copy.
#[track_caller]
fn rehearsing(project: &Project, run: Running) -> (Running, String) {
    let copy = told(project, &["in use", "a rehearsal"]);
    let sleeping = project.said(Said {
        sqlite: "",
        postgres: "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'INSERT INTO fine%' AND datname = ",
        mysql: "SELECT count(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'INSERT INTO fine%' AND DB = ",
    });
    let deadline = Instant::now() + PATIENCE;
    while project.value(&format!("{sleeping}'{copy}'")) == "0" {
        assert!(Instant::now() < deadline, "no third statement");
    }
    (run, copy)
}

/// How many sessions a database has.
fn sessions(project: &Project, name: &str) -> String {
    let connected = project.said(Said {
        sqlite: "",
        postgres: "SELECT count(*) FROM pg_stat_activity WHERE datname = ",
        mysql: "SELECT count(*) FROM information_schema.PROCESSLIST WHERE DB = ",
    });
    project.value(&format!("{connected}'{name}'"))
}

/// Waits until no session is in a database.
#[track_caller]
fn wait_until_unused(project: &Project, name: &str) {
    let deadline = Instant::now() + PATIENCE;
    while sessions(project, name) != "0" {
        assert!(Instant::now() < deadline, "it is still used");
    }
}

/// Ends the statement of minutes that a run which is gone has left in its copy.
#[track_caller]
fn end_statement(project: &Project, name: &str) {
    let sql = project.said(Said {
        sqlite: "",
        postgres: "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ",
        mysql: "SELECT MAX(ID) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'INSERT INTO fine%' AND DB = ",
    });
    match project.commits_ddl() {
        true => project.sql(&format!(
            "KILL {}",
            project.value(&format!("{sql}'{name}'"))
        )),
        false => project.sql(&format!("{sql}'{name}'")),
    };
    wait_until_unused(project, name);
}

/// Gives the project a migration that goes well.
fn fine(project: &Project) {
    let sql = "CREATE TABLE fine (a INTEGER);";
    project.file("migrations/0004_endless.sql", sql);
}

fn a_copy_that_a_killed_rehearsal_left_is_told_and_the_next_one_removes_it(project: Project) {
    let project = filled(project, 5);
    endless(&project);
    let run = project.dbscript(&MIGRATE).killed().start();
    let (run, copy) = rehearsing(&project, run);
    run.signal(Signal::Kill);
    run.finish();
    end_statement(&project, &copy);
    told(
        &project,
        &[
            &copy,
            "cut off",
            "nobody uses it",
            "DROP DATABASE",
            "safe-migration",
        ],
    );
    let text = project.dbscript(&["status"]).go().stdout;
    assert!(text.contains(&copy), "{text}");
    fine(&project);
    let run = project.dbscript(&MIGRATE).go();
    let said = run.events_of("log").iter().any(|event| {
        let message = event["message"].to_string();
        event["level"] == "info" && message.contains(&copy) && message.contains("removed")
    });
    assert!(said, "{}", run.told());
    assert!(!exists(&project, &copy), "{copy}");
    assert!(!leftovers(&project).concat().contains(&copy));
}

fn a_rehearsal_leaves_the_copy_of_another_one_alone(project: Project) {
    let project = filled(project, 5);
    endless(&project);
    let run = project.dbscript(&MIGRATE).status(130).start();
    let (run, copy) = rehearsing(&project, run);
    project.file(
        "scripts/mine.rhai",
        "const NEEDS = [\"backups\", \"scratch\"];\n\
         fn main() { let saved = backup::create(); backup::in_scratch(saved, || db::count(\"users\")) }\n",
    );
    let other = project.dbscript(&["run", "mine"]).go();
    assert!(!other.told().contains(&copy), "{}", other.told());
    assert!(exists(&project, &copy), "{}", other.told());
    assert_eq!(told(&project, &["in use"]), copy);
    run.signal(Signal::Interrupt);
    run.finish();
    assert!(!exists(&project, &copy), "it goes with its run");
    assert!(!leftovers(&project).concat().contains(&copy));
}

fn a_database_that_is_only_named_like_a_copy_is_left_alone(project: Project) {
    let project = filled(project, 5);
    fine(&project);
    let url = project.url().expect("it is on a server").to_owned();
    let live = url.rsplit('/').next().expect("it has a name");
    let long = project.said(Said {
        sqlite: String::new(),
        postgres: format!("dbscript_scratch_{:012x}_0123456789ab", std::process::id()),
        mysql: format!("{live}_dbscript_0123456789abcdef"),
    });
    let short = project.said(Said {
        sqlite: String::new(),
        postgres: format!("dbscript_scratch_{:012x}", std::process::id()),
        mysql: format!("{live}_dbscript_0123456789ab"),
    });
    let quoted = |name: &str| match project.commits_ddl() {
        true => format!("`{name}`"),
        false => format!("\"{name}\""),
    };
    for name in [&long, &short] {
        project.sql(&format!("CREATE DATABASE {}", quoted(name)));
    }
    let run = project.dbscript(&MIGRATE).go();
    for name in [&long, &short] {
        assert!(exists(&project, name), "{name}: {}", run.told());
        let drop = format!("DROP DATABASE {}", quoted(name));
        told(&project, &[&format!("`{name}`"), "look, then", &drop]);
        project.sql(&drop);
    }
}

fn a_copy_that_somebody_looks_at_is_left_alone_and_told(project: Project) {
    let project = filled(project, 5);
    endless(&project);
    let run = project.dbscript(&MIGRATE).killed().start();
    let (run, copy) = rehearsing(&project, run);
    run.signal(Signal::Kill);
    run.finish();
    end_statement(&project, &copy);
    let (server, _) = project
        .url()
        .expect("a server")
        .rsplit_once('/')
        .expect("a name");
    let mut looking = Holder::of_server(&format!("{server}/{copy}"));
    looking.sql("SELECT count(*) FROM users");
    told(&project, &[&copy, "cut off", "1 session is connected"]);
    fine(&project);
    let run = project.dbscript(&MIGRATE).go();
    let warned = run.events_of("log").iter().any(|event| {
        let message = event["message"].to_string();
        event["level"] == "warn" && message.contains(&copy) && message.contains("stays")
    });
    assert!(warned, "{}", run.told());
    assert!(exists(&project, &copy), "{}", run.told());
    looking.sql("SELECT count(*) FROM users");
    drop(looking);
    wait_until_unused(&project, &copy);
    project.file("migrations/0005_next.sql", "CREATE TABLE next (a INTEGER);");
    project.dbscript(&MIGRATE).go();
    assert!(!exists(&project, &copy), "{copy}");
}

/// A way to the server that can be cut.
struct Way {
    port: u16,
    is_cut: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Way {
    fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let here = listener.local_addr().expect("it has one").port();
        let (is_cut, open) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let way = Way {
            port: here,
            is_cut: Arc::clone(&is_cut),
            open: Arc::clone(&open),
        };
        std::thread::spawn(move || {
            while let Ok((client, _)) = listener.accept() {
                if is_cut.load(Ordering::SeqCst) {
                    continue;
                }
                let server = TcpStream::connect(("127.0.0.1", port)).expect("the server answers");
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let copy = |stream: &TcpStream| stream.try_clone().expect("a socket");
                    let (mut from, mut to) = (copy(from), copy(to));
                    open.lock()
                        .expect("nobody panics with it")
                        .push(copy(&from));
                    // It ends as one of the two ends it.
                    std::thread::spawn(move || {
                        let _ = std::io::copy(&mut from, &mut to);
                        let _ = to.shutdown(std::net::Shutdown::Both);
                    });
                }
            }
        });
        way
    }

    /// Ends what is connected; nobody connects any more.
    fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
        for stream in self.open.lock().expect("nobody panics with it").iter() {
            // The other end may be gone.
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }
}

/// The URL of a project's database by a way to its server that can be cut.
fn through_a_way(project: &Project) -> (Way, String) {
    let url = project.url().expect("it is on a server");
    let (server, name) = url.rsplit_once('/').expect("it has a name");
    let (host, port) = server.rsplit_once(':').expect("it has a port");
    let way = Way::to(port.parse().expect("a number"));
    let through = format!("{host}:{}/{name}", way.port);
    (way, through)
}

fn a_server_that_goes_away_while_the_copy_is_filled_leaves_one_that_is_named(project: Project) {
    let project = filled(project, 20_000);
    endless(&project);
    let (way, through) = through_a_way(&project);
    let run = project.dbscript(&MIGRATE).env("DATABASE_URL", &through);
    let run = run.start();
    let copy = told(&project, &["in use", "a rehearsal"]);
    way.cut();
    // It may have come as far as the migration, which is told the same way.
    let finished = run.outcome();
    let error = finished.end()["error"].clone();
    let (message, hint) = (error["message"].to_string(), error["hint"].to_string());
    let left = format!("`{copy}` may still be on the server");
    assert!(message.contains(&left), "{error}");
    assert!(hint.contains("once the server answers"), "{error}");
    assert!(hint.contains("DROP DATABASE"), "{error}");
    assert!(!hint.contains("correct what failed"), "{error}");
    wait_until_unused(&project, &copy);
    fine(&project);
    project.dbscript(&MIGRATE).go();
    assert!(!exists(&project, &copy), "{copy}");
}

fn a_server_that_goes_away_during_the_rehearsal_leaves_a_copy_that_is_named(project: Project) {
    let project = filled(project, 5);
    endless(&project);
    let (way, through) = through_a_way(&project);
    let run = project.dbscript(&MIGRATE).env("DATABASE_URL", &through);
    let run = run.status(3).start();
    let (run, copy) = rehearsing(&project, run);
    way.cut();
    let finished = run.finish();
    let error = finished.end()["error"].clone();
    let (message, hint) = (error["message"].to_string(), error["hint"].to_string());
    assert!(message.contains("the database was not touched"), "{error}");
    assert!(
        message.contains(&format!("`{copy}` may still be on the server")),
        "{error}"
    );
    assert!(hint.contains("once the server answers"), "{error}");
    assert!(hint.contains("DROP DATABASE"), "{error}");
    assert!(!hint.contains("correct what failed"), "{error}");
    end_statement(&project, &copy);
    fine(&project);
    project.dbscript(&MIGRATE).go();
    assert!(!exists(&project, &copy), "{copy}");
}

#[test]
fn a_rehearsal_whose_connection_alone_broke_leaves_nothing_and_says_to_run_it_again() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    let project = filled(project, 5);
    endless(&project);
    let run = project.dbscript(&MIGRATE).status(3).start();
    let (run, copy) = rehearsing(&project, run);
    project.sql(&format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{copy}'"
    ));
    let error = run.finish().end()["error"].clone();
    let hint = error["hint"].to_string();
    assert!(hint.contains("run this again"), "{error}");
    assert!(!hint.contains("correct what failed"), "{error}");
    assert!(!error["message"].to_string().contains(&copy), "{error}");
    assert!(!exists(&project, &copy), "{copy}");
}

#[test]
fn what_a_user_may_not_look_at_is_not_told() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    let project = filled(project, 3);
    let user = format!("unseeing_{}", std::process::id());
    let copy = format!("dbscript_scratch_{:012x}", std::process::id() + 1);
    project.sql(&format!("CREATE DATABASE {copy}"));
    project.sql(&format!(
        "CREATE ROLE {user} LOGIN CREATEDB PASSWORD '{PASSWORD}'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {user};
         REVOKE SELECT ON pg_catalog.pg_locks, pg_catalog.pg_stat_activity FROM PUBLIC"
    ));
    let url = project.url().expect("it is on a server");
    let (_, place) = url.rsplit_once('@').expect("it names its user");
    let url = format!("postgres://{user}:{PASSWORD}@{place}");
    let status = project
        .dbscript(&["status", "--json"])
        .env("DATABASE_URL", &url);
    let status = status.go().result();
    assert_eq!(status["database"]["tables"], 5, "{status}");
    assert!(status["database"]["leftovers"].is_null(), "{status}");
    project.file(
        "scripts/mine.rhai",
        "const NEEDS = [\"backups\", \"scratch\"];\n\
         fn main() { let saved = backup::create(); backup::in_scratch(saved, || db::count(\"users\")) }\n",
    );
    let run = project.dbscript(&["run", "mine"]).env("DATABASE_URL", &url);
    run.go();
    project.sql(&format!("DROP DATABASE {copy}"));
}
