//! The two renderings: what goes to which stream, a reader that leaves, data that would steer a terminal.

use std::time::Duration;

use crate::harness::{Project, Signal};

fn project() -> Project {
    let project = Project::new();
    project.sql("CREATE TABLE t (a)");
    project.file(
        "scripts/talk.rhai",
        "//! Talks.\nconst PARAMS = #{ fail: #{ type: \"bool\", value: false, help: \"end badly\" } };\n\
         fn main(args) {\n    step(\"outer\", || step(\"inner\", || ui::info(\"an info\")));\n    ui::warn(\"a warning\");\n    \
         if args.fail { throw #{ kind: \"refused\", message: \"no\", hint: \"ask again\" }; }\n    \
         #{ counts: #{ users: 3 }, names: [\"a\", \"b\"], nothing: [] }\n}\n",
    );
    project
}

#[test]
fn messages_go_to_standard_error_and_the_result_to_standard_output() {
    let project = project();
    let run = project
        .dbscript(&["run", "talk"])
        .stdout("counts:\n  users: 3\nnames: a, b\nnothing: none\n")
        .go();
    for line in [
        "an info\n",
        "warning: a warning\n",
        "outer …\n",
        "outer › inner: done",
    ] {
        assert!(run.stderr.contains(line), "{line}{}", run.told());
    }
    project
        .dbscript(&["run", "talk", "--fail"])
        .status(3)
        .stdout("")
        .stderr_has("error: no\n  --> scripts/talk.rhai:6:")
        .stderr_has("\nhint: ask again\n")
        .go();
    let quiet = project.dbscript(&["run", "talk", "--quiet"]).go();
    assert!(!quiet.stderr.contains("an info"), "{}", quiet.told());
    assert!(quiet.stderr.contains("a warning"), "{}", quiet.told());
}

#[test]
fn global_flags_stand_before_the_command_and_behind_the_procedure() {
    let project = project();
    for words in [
        &["--json", "run", "talk", "--fail"][..],
        &["run", "--json", "talk", "--fail"],
        &["run", "talk", "--json", "--fail"],
        &["run", "talk", "--fail", "--json"],
        &["run", "talk", "--fail=true", "--json", "--project", "."],
    ] {
        let run = project.dbscript(words).status(3).go();
        assert_eq!(run.end()["error"]["message"], "no");
        assert_eq!(run.stderr, "");
    }
}

#[test]
fn a_reader_that_leaves_and_a_full_disk_do_not_panic() {
    let project = project();
    let shell = |line: &str, status| {
        project
            .dbscript(&["run", "talk"])
            .through("sh", &["-c", line, "sh"])
            .status(status)
            .go()
    };
    shell("\"$@\" --json | head -c 1", 0);
    shell("\"$@\" | true", 0);
    if std::path::Path::new("/dev/full").exists() {
        let run = shell("exec \"$@\" > /dev/full", 1);
        assert!(
            run.stderr.contains("cannot write the result"),
            "{}",
            run.told()
        );
        shell("exec \"$@\" --fail > /dev/full", 3);
    }
}

#[test]
fn data_cannot_steer_the_terminal() {
    let project = project();
    project.file(
        "scripts/fake.rhai",
        "//! Shows a row.\nfn main() { ui::info(\"a\\x1b[2Kdone\\rb\"); #{ name: \"\\x1b]0;x\\x07\" } }\n",
    );
    let run = project.dbscript(&["run", "fake"]).go();
    assert!(
        !run.told().contains(['\x1b', '\r', '\x07']),
        "{}",
        run.told()
    );
}

#[test]
fn a_ctrl_c_that_comes_twice_ends_the_run_once() {
    let project = project();
    project.file(
        "scripts/endless.rhai",
        "//! Never ends.\nconst NEEDS = [\"db:write\"];\n\
         fn main() { step(\"work\", || { loop { db::value(\"SELECT 1\"); } }); }\n",
    );
    let mut run = project
        .dbscript(&["run", "endless", "--json"])
        .status(130)
        .start();
    run.wait_for(&["\"event\":\"step\"", "started"]);
    run.signal(Signal::Interrupt);
    run.signal(Signal::Interrupt);
    let finished = run.finish_within(Duration::from_secs(3));
    assert_eq!(finished.end()["status"], "interrupted");
}

#[test]
fn a_loop_under_plan_is_told_once() {
    let project = project();
    project.file(
        "scripts/fill.rhai",
        "//! Fills.\nconst NEEDS = [\"db:write\"];\n\
         fn main() { for i in 0..1000 { db::execute(\"INSERT INTO t VALUES (?)\", [i]); } }\n",
    );
    let run = project.dbscript(&["run", "fill", "--plan"]).go();
    assert_eq!(run.stdout.lines().count(), 1, "{}", run.told());
    assert!(run.stderr.contains("1000 times"), "{}", run.told());
    assert_eq!(project.value("SELECT count(*) FROM t"), "0");
    assert_eq!(project.list("backups"), Vec::<String>::new());
}

#[test]
fn the_status_of_an_empty_project_says_what_is_not_there() {
    let project = Project::new();
    let status = project.dbscript(&["status", "--json"]).go().result();
    assert_eq!(status["database"]["exists"], false);
    assert_eq!(status["migrations"]["folder"], serde_json::Value::Null);
    for list in ["backups", "damaged", "litter"] {
        assert_eq!(status[list], serde_json::json!([]), "{status}");
    }
    assert_eq!(status["interrupted"], serde_json::Value::Null);
    project.file("dbscript.db", "no database at all".repeat(100));
    let run = project.dbscript(&["status", "--json"]).status(4).go();
    assert_eq!(run.result()["backups"], serde_json::json!([]));
    assert_eq!(project.list(""), ["dbscript.db"]);
}

#[test]
fn a_built_in_is_copied_by_a_shell_and_then_changed() {
    let project = project();
    project.file("scripts/.keep", "");
    project
        .dbscript(&["show", "backup", "--source"])
        .through("sh", &["-c", "exec \"$@\" > scripts/backup.rhai", "sh"])
        .go();
    let text = project.read("scripts/backup.rhai");
    assert!(text.contains("fn main"), "{text}");
    let origin = || {
        let list = project.dbscript(&["list", "--json"]).go().result();
        let procedures = list.as_array().expect("a list").clone();
        let mut origins = procedures.iter().filter(|one| one["name"] == "backup");
        origins.next().expect("it is listed")["origin"].clone()
    };
    assert_eq!(origin(), "built-in");
    project.file(
        "scripts/backup.rhai",
        text.replace("fn main", "// Ours.\nfn main"),
    );
    assert_eq!(origin(), "project, edited");
    project.dbscript(&["run", "backup"]).go();
}

#[test]
fn a_global_flag_that_is_misspelt_behind_a_procedure_is_known() {
    let project = project();
    project
        .dbscript(&["run", "talk", "--jsn"])
        .status(2)
        .stderr_has("`--jsn`")
        .stderr_has("did you mean `--json`?")
        .go();
}
