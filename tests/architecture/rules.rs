//! The rules of the house, each a function from one file to what breaks it.

use super::source::{Path, Source};

/// Rooms and their floors; a room that is not here has no place in the house.
const FLOORS: [(&str, u8); 14] = [
    ("cli", 4),
    ("script", 3),
    ("migrate", 2),
    ("hazard", 2),
    ("backup", 2),
    ("integrity", 2),
    ("csv", 2),
    ("db", 1),
    ("storage", 1),
    ("event", 0),
    ("value", 0),
    ("ident", 0),
    ("clock", 0),
    ("error", 0),
];

/// Neighbours on floor 2 that may be used, and by whom.
const NEIGHBOURS: [(&str, &[&str]); 2] = [
    ("migrate", &["hazard", "backup", "integrity"]),
    ("backup", &["integrity"]),
];

/// What only some rooms may name.
const CONFINED: [(&str, &[&str]); 13] = [
    ("rhai", &["script"]),
    ("clap", &["cli"]),
    ("indicatif", &["cli"]),
    ("dotenvy", &["cli"]),
    ("tracing_subscriber", &["cli", "main"]),
    ("sqlx", &["db"]),
    ("rusqlite", &["db"]),
    ("libsqlite3_sys", &["db"]),
    ("std::env", &["cli", "main"]),
    ("std::io::stdout", &["cli", "main"]),
    ("std::io::stderr", &["cli", "main"]),
    ("std::io::stdin", &["cli", "main"]),
    ("std::process::exit", &["cli", "main"]),
];

/// What floor 0 may use.
const VOCABULARY: [&str; 6] = [
    "std",
    "chrono",
    "serde",
    "thiserror",
    "rust_decimal",
    "crate",
];

const MOST_LINES: usize = 400;
const MOST_LINES_OF_A_FUNCTION: usize = 70;

/// Everything that is wrong with a file of `src/`.
pub fn faults(source: &Source) -> Vec<String> {
    let mut faults = shape(source);
    for path in source.paths() {
        faults.extend(climbs(source, &path));
        faults.extend(leaves_its_room(source, &path));
        faults.extend(names_an_engine(source, &path));
        faults.extend(imports_everything(source, &path));
        faults.extend(is_no_vocabulary(source, &path));
    }
    if !["cli", "main"].contains(&source.room()) {
        let printing = ["println", "print", "eprintln", "eprint"];
        faults.extend(
            source
                .macros(&printing)
                .map(|(name, line)| fault(source, line, &format!("`{name}!` outside cli/"))),
        );
    }
    if !source.opens_with_doc {
        faults.push(fault(source, 1, "does not open with a `//!` paragraph"));
    }
    if !may_name_engines(source) {
        let engines = ["sqlite", "postgres", "mysql", "mariadb"];
        faults.extend(
            source
                .matched_strings(&engines)
                .map(|line| fault(source, line, "an engine's name is matched outside db/")),
        );
    }
    faults.extend(
        source
            .bare_calls("unwrap")
            .map(|line| fault(source, line, "`unwrap()` outside tests")),
    );
    // One import of several names breaks a rule once.
    faults.dedup();
    faults
}

/// What holds for every file, tests too: its name, its length, its functions, nothing unfinished.
pub fn shape(source: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    for part in source.path.trim_end_matches(".rs").split('/') {
        if ["util", "utils", "common", "prelude", "helpers", "misc"].contains(&part) {
            faults.push(fault(source, 1, &format!("`{part}` says nothing")));
        }
    }
    if source.lines > MOST_LINES {
        let message = format!("{} lines, {MOST_LINES} at most", source.lines);
        faults.push(fault(source, source.lines, &message));
    }
    for function in source.functions() {
        if function.lines > MOST_LINES_OF_A_FUNCTION {
            let (name, lines) = (&function.name, function.lines);
            let message = format!("`{name}` has {lines} lines, {MOST_LINES_OF_A_FUNCTION} at most");
            faults.push(fault(source, function.line, &message));
        }
    }
    let unfinished = source.macros(&["todo", "dbg", "unimplemented"]);
    faults.extend(unfinished.map(|(name, line)| fault(source, line, &format!("`{name}!`"))));
    let ignored = source.attributes(&["ignore"]);
    faults.extend(ignored.map(|(_, line)| fault(source, line, "`#[ignore]`")));
    faults
}

/// Tests do not sleep: they wait for what they want to see.
pub fn sleeps(source: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    for path in source.paths() {
        if path.segments.last().is_some_and(|last| last == "sleep") {
            faults.push(fault(source, path.line, "a test sleeps"));
        }
    }
    faults
}

/// Whether every room of `src/` is in the map at the top of `lib.rs`, and nothing else is declared.
pub fn map(lib: &str, rooms: &[String]) -> Vec<String> {
    let map: Vec<&str> = lib
        .lines()
        .take_while(|line| line.starts_with("//!"))
        .flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'))
        .collect();
    let mut faults = Vec::new();
    for room in rooms {
        if !map.contains(&room.as_str()) {
            faults.push(format!("src/lib.rs: the map lacks `{room}`"));
        }
        if floor(room).is_none() {
            faults.push(format!("src/{room}: on no floor of the house"));
        }
    }
    faults
}

fn fault(source: &Source, line: usize, message: &str) -> String {
    format!("{}:{line}: {message}", source.path)
}

fn floor(room: &str) -> Option<u8> {
    FLOORS
        .iter()
        .find(|(name, _)| *name == room)
        .map(|(_, floor)| *floor)
}

fn climbs(source: &Source, path: &Path) -> Option<String> {
    let from = source.room();
    let [own, to, ..] = path.segments.as_slice() else {
        return None;
    };
    let upper = floor(to).filter(|_| own == "crate")?;
    let lower = match from {
        "lib" => return None,
        "main" => 5,
        _ => floor(from)?,
    };
    let neighbour = NEIGHBOURS
        .iter()
        .any(|(room, others)| *room == from && others.contains(&to.as_str()));
    let allowed = from == to || upper < lower || neighbour || lower == 0 && upper == 0;
    if from == "main" && to != "cli" {
        return Some(fault(
            source,
            path.line,
            &format!("main uses `{to}`, only cli is its business"),
        ));
    }
    (!allowed).then(|| {
        fault(
            source,
            path.line,
            &format!("`{from}` uses `{to}`, which is not below it"),
        )
    })
}

fn leaves_its_room(source: &Source, path: &Path) -> Option<String> {
    let whole = path.segments.join("::");
    let (name, rooms) = CONFINED.iter().find(|(name, _)| {
        whole == *name || whole.starts_with(name) && whole[name.len()..].starts_with("::")
    })?;
    // A unit test may ask for the temporary folder or this very program.
    let excused = path.in_test && *name == "std::env";
    let confined = !rooms.contains(&source.room()) && !excused;
    confined.then(|| fault(source, path.line, &format!("`{name}` outside {rooms:?}")))
}

fn may_name_engines(source: &Source) -> bool {
    source.room() == "db" || source.path.starts_with("hazard/dialect")
}

/// `Engine::Sqlite` and its like stand under `db/` (and hazard's dialects): elsewhere code asks, it does not match.
fn names_an_engine(source: &Source, path: &Path) -> Option<String> {
    if path.in_test || may_name_engines(source) {
        return None;
    }
    let [.., engine, name] = path.segments.as_slice() else {
        return None;
    };
    let named =
        engine == "Engine" && ["Sqlite", "Postgres", "Mysql", "Mariadb"].contains(&name.as_str());
    named.then(|| fault(source, path.line, &format!("`Engine::{name}` outside db/")))
}

fn imports_everything(source: &Source, path: &Path) -> Option<String> {
    let own = path.segments.first().is_some_and(|first| first == "crate");
    let all = path.segments.last().is_some_and(|last| last == "*");
    (path.imported && own && all && !path.in_test)
        .then(|| fault(source, path.line, "imports everything of a sibling"))
}

fn is_no_vocabulary(source: &Source, path: &Path) -> Option<String> {
    let first = path.segments.first()?;
    let outside = path.imported
        && !path.in_test
        && floor(source.room()) == Some(0)
        && !source.declares(first)
        && !VOCABULARY.contains(&first.as_str());
    outside.then(|| fault(source, path.line, &format!("floor 0 uses `{first}`")))
}
