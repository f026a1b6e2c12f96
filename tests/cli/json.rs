//! `--json`: every command, and every mistake, speaks JSON Lines on standard output and ends with `end`.

use serde_json::json;

use super::with_people;

#[test]
fn every_command_ends_with_its_end() {
    let project = with_people(5);
    for words in [
        &["list"][..],
        &["show", "backup"],
        &["check"],
        &["check", "backup", "safe-migration"],
        &["status"],
        &["init"],
        &["run", "backup"],
        &["run", "verify"],
        &["run", "backup", "--help"],
        &["--version"],
        &["--help"],
    ] {
        let words = [words, &["--json"]].concat();
        let run = project.dbscript(&words).go();
        assert_eq!(run.end()["error"], json!(null), "{}", run.told());
        for event in run.events() {
            let known = [
                "run", "step", "progress", "log", "table", "planned", "counts", "finding", "alert",
                "end",
            ];
            let name = event["event"].as_str().unwrap_or_default();
            assert!(known.contains(&name), "unknown event {event}");
        }
    }
}

#[test]
fn every_mistake_ends_with_its_end() {
    let project = with_people(5);
    for (words, code, kind) in [
        (&["rnu"][..], 2, "usage"),
        (&["list", "--jsno"], 2, "usage"),
        (&["run"], 2, "usage"),
        (&["run", "bakcup"], 2, "usage"),
        (&["run", "backup", "--lable", "x"], 2, "usage"),
        (&["run", "backup", "--jobs", "many"], 2, "usage"),
        (&["run", "backup", "--jobs", "99"], 2, "usage"),
        (
            &["run", "verify", "--from", "2025-07-05T21-00-00-000Z"],
            2,
            "usage",
        ),
        (&["run", "verify"], 2, "usage"),
        (
            &["run", "backup", "--database-url", "sqlite://none.db"],
            4,
            "connect",
        ),
        (&["run", "restore-users", "--file", "none.csv"], 2, "usage"),
    ] {
        let words = [words, &["--json"]].concat();
        let run = project.dbscript(&words).status(code).go();
        let error = run.end()["error"].clone();
        assert_eq!(error["kind"], kind, "{words:?}: {error}");
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|message| !message.is_empty())
        );
        let keys: Vec<&String> = error.as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["kind", "code", "message", "hint", "position"]);
    }
}

#[test]
fn a_run_tells_its_steps_and_nothing_else_on_standard_output() {
    let project = with_people(50);
    let run = project
        .dbscript(&["run", "backup", "--label", "nightly", "--json"])
        .go();
    let first = &run.events_of("run")[0];
    assert_eq!(first["procedure"], "backup");
    assert_eq!(first["database"], "sqlite://dbscript.db");
    assert_eq!(first["parameters"]["label"], "nightly");
    assert_eq!(first["version"], env!("CARGO_PKG_VERSION"));
    let steps: Vec<String> = run
        .events_of("step")
        .iter()
        .map(|step| format!("{} {}", step["name"], step["state"]))
        .collect();
    assert_eq!(steps[0], "\"back up\" \"started\"");
    assert_eq!(steps[steps.len() - 1], "\"back up\" \"done\"");
    assert_eq!(run.stderr, "");
}

#[test]
fn a_script_error_has_its_place() {
    let project = with_people(5);
    project.file(
        "scripts/broken.rhai",
        "//! Divides.\nfn main() {\n    let zero = 0;\n    inner(zero);\n}\nfn inner(x) {\n    let y = 1 / x;\n}\n",
    );
    let run = project
        .dbscript(&["run", "broken", "--json"])
        .status(8)
        .go();
    let error = run.end()["error"].clone();
    assert_eq!(error["kind"], "script");
    assert_eq!(error["position"]["file"], "scripts/broken.rhai");
    assert_eq!(error["position"]["line"], 7, "{error}");
    let told = project
        .dbscript(&["run", "broken"])
        .status(8)
        .stdout("")
        .go();
    assert!(
        told.stderr.contains("scripts/broken.rhai:7:"),
        "{}",
        told.told()
    );
    assert!(told.stderr.contains("let y = 1 / x;"), "{}", told.told());
    assert!(told.stderr.contains('^'), "{}", told.told());
}

#[test]
fn the_run_log_holds_what_happened_and_no_data() {
    let project = with_people(5);
    let runs = project.list("backups/runs").len();
    project.dbscript(&["run", "backup"]).go();
    project.file(
        "migrations/0004_data.sql",
        "CREATE TABLE notes (a TEXT);\nINSERT INTO notes VALUES ('a secret of ada''s');\n",
    );
    project.dbscript(&["run", "safe-migration", "--yes"]).go();
    project
        .dbscript(&["run", "nothing-like-this"])
        .status(2)
        .go();
    project.dbscript(&["run", "backup", "--plan"]).go();
    let logs = project.list("backups/runs");
    assert_eq!(logs.len(), runs + 2, "{logs:?}");
    let log = logs
        .iter()
        .rfind(|name| name.ends_with("-safe-migration.jsonl"));
    let text = project.read(&format!("backups/runs/{}", log.expect("it is there")));
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    assert_eq!(lines[0]["event"], "run");
    assert_eq!(lines[lines.len() - 1]["event"], "end");
    assert!(
        !text.contains("a secret of ada"),
        "literals are masked: {text}"
    );
    let statements: Vec<&serde_json::Value> = lines
        .iter()
        .filter(|line| line["event"] == "statement")
        .collect();
    assert!(
        statements
            .iter()
            .any(|line| line["sql"].to_string().contains("INSERT INTO notes")),
        "{text}"
    );
}
