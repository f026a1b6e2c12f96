//! Under GitHub's runner: annotations on standard error, a job summary, alerts; no data of rows in them, and no line of
//! data that the runner would obey.

mod everywhere;

use serde_json::json;

use super::{MIGRATE, with_people};
use crate::harness::{Finished, Project, Run, timestamps};

/// The run as a step of a workflow, in which this project is the repository.
fn step<'a>(project: &'a Project, words: &[&str]) -> Run<'a> {
    let folder = project.path();
    project
        .dbscript(words)
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_WORKSPACE", &folder.to_string_lossy())
        .env(
            "GITHUB_STEP_SUMMARY",
            &folder.join("summary.md").to_string_lossy(),
        )
}

/// The lines the runner acts on.
fn commands(run: &Finished) -> Vec<&str> {
    let told = run.stderr.lines().chain(run.stdout.lines());
    told.filter(|line| line.trim_start().starts_with("::"))
        .collect()
}

/// The text of the newest run log.
fn log(project: &Project) -> String {
    let logs = project.list("backups/runs");
    project.read(&format!("backups/runs/{}", logs.last().expect("a log")))
}

#[test]
fn a_refused_hazard_is_annotated_at_its_line() {
    let project = with_people(9);
    project.file(
        "migrations/0004_drop.sql",
        "-- shorter\nALTER TABLE users DROP COLUMN email;\nALTER TABLE users DROP COLUMN username;\n",
    );
    let before = project.hash();
    let run = step(&project, &MIGRATE).status(3).go();
    assert_eq!(project.hash(), before);
    let commands = commands(&run);
    let at = "::error file=migrations/0004_drop.sql,line=2,col=";
    assert!(commands[0].starts_with(at), "{commands:?}");
    assert!(
        commands[0].contains("title=dbscript%3A drop-column::"),
        "{commands:?}"
    );
    let alert = commands
        .iter()
        .find(|line| line.contains("destructive operation"));
    let alert = alert.expect("an alert");
    assert!(alert.starts_with("::warning title="), "{alert}");
    assert!(
        alert.contains("refused") && alert.contains("drop-column(users.email)"),
        "{alert}"
    );
    let last = commands.last().expect("the end");
    assert!(
        last.starts_with("::error title=dbscript run safe-migration%3A exit 3::"),
        "{last}"
    );
    assert!(
        last.contains("%0A") && last.contains("dbscript: allow"),
        "{last}"
    );
    assert_eq!(run.events_of("alert").len(), 1);
    let summary = project.read("summary.md");
    for part in [
        "## dbscript run safe-migration: refused (exit 3)",
        "- State: as it was found",
        "| error | `migrations/0004_drop.sql:2` | `drop-column` |",
        "| warning | destructive operation | refused: drop-column(users.email), drop-column(users.username) |",
    ] {
        assert!(summary.contains(part), "no `{part}` in\n{summary}");
    }
    for told in [&summary, &run.stderr] {
        assert!(!told.contains("example.org"), "a sample of a row: {told}");
    }
}

#[test]
fn samples_of_rows_are_for_the_screen_alone() {
    let project = with_people(9);
    project.sql("UPDATE users SET email = 'same@example.org' WHERE id IN ('u1', 'u2')");
    project.file(
        "migrations/0004_unique.sql",
        "CREATE UNIQUE INDEX one_each ON users (email);\n",
    );
    for words in [&MIGRATE[..], &MIGRATE[..3]] {
        let run = project.dbscript(words).status(3).go();
        assert!(run.told().contains("e.g. id u1, u2"), "{}", run.told());
        // CI services other than GitHub set only `CI`.
        let run = project.dbscript(words).env("CI", "true").status(3).go();
        assert!(!run.told().contains("u1"), "{}", run.told());
        assert!(run.told().contains("`email`"), "{}", run.told());
    }
    let run = step(&project, &MIGRATE).status(3).go();
    let finding = &run.events_of("finding")[0];
    let told = [
        run.stderr.clone(),
        finding.to_string(),
        project.read("summary.md"),
        run.end().to_string(),
    ];
    for told in told {
        assert!(told.contains("`email`"), "{told}");
        assert!(!told.contains("u1"), "{told}");
    }
    assert!(
        run.events_of("alert").is_empty(),
        "it destroys nothing: {}",
        run.told()
    );
}

#[test]
fn what_a_script_marks_as_data_is_for_a_persons_screen_alone() {
    let project = Project::new();
    project.sql("CREATE TABLE t (a)");
    let script = "//! Mine.\nconst NEEDS = [\"files\"];\nfn main() {\n    fs::write(\"x\", \"y\");\n    ui::warn(\"line 7: no address\", \"ada@example.org\");\n    ui::info(\"line 8\", ());\n}\n";
    project.file("scripts/mine.rhai", script);
    project
        .dbscript(&["run", "mine"])
        .stderr_has("warning: line 7: no address: ada@example.org\nline 8\n")
        .go();
    let run = project.dbscript(&["run", "mine", "--json"]).go();
    let warned = &run.events_of("log")[1];
    assert_eq!(warned["data"], "ada@example.org", "{}", run.told());
    let read = log(&project);
    assert!(read.contains("line 7: no address"), "{read}");
    assert!(!read.contains("ada@"), "{read}");
    for words in [&["run", "mine"][..], &["run", "mine", "--json"]] {
        let run = step(&project, words).go();
        assert!(run.told().contains("line 7: no address"), "{}", run.told());
        assert!(!run.told().contains("ada@"), "{}", run.told());
    }
}

#[test]
fn what_was_allowed_and_done_is_told_with_the_rows_before_and_after() {
    let project = with_people(9);
    project.file(
        "migrations/0004_clear.sql",
        "-- dbscript: allow delete-rows(comments) moved\nDELETE FROM comments WHERE user_id = 'u1';\n",
    );
    let run = step(&project, &MIGRATE).go();
    let alerts = run.events_of("alert");
    assert_eq!(alerts.len(), 1, "{}", run.told());
    assert_eq!(alerts[0]["name"], "destructive operation");
    assert_eq!(alerts[0]["raised"], false);
    let message = alerts[0]["message"].as_str().expect("a text");
    assert!(
        message.contains("carried out") && message.contains("delete-rows(comments)"),
        "{message}"
    );
    assert!(log(&project).contains("\"event\":\"alert\""));
    let summary = project.read("summary.md");
    let set = timestamps(&project).pop().expect("a set");
    for part in [
        "## dbscript run safe-migration: done".to_owned(),
        format!("- Backup set: `{set}`"),
        format!("```sh\ndbscript run restore --from {set}\n```"),
        "| `comments` | 18 | 16 |".to_owned(),
        "| `users` | 9 | 9 |".to_owned(),
    ] {
        assert!(summary.contains(&part), "no `{part}` in\n{summary}");
    }
    assert!(!summary.contains("_sqlx_migrations"), "{summary}");
    let planned = step(&project, &["run", "restore", "--plan", "--json"]).go();
    assert!(planned.events_of("alert").is_empty(), "{}", planned.told());
}

#[test]
fn a_restore_into_nothing_is_no_alert() {
    let project = with_people(3);
    project.dbscript(&["run", "backup"]).go();
    project.remove("dbscript.db").file("dbscript.db", "");
    let run = step(&project, &["run", "restore", "--yes", "--json"]).go();
    assert!(run.events_of("alert").is_empty(), "{}", run.told());
    let summary = project.read("summary.md");
    assert!(summary.contains("| `comments` | – | 6 |"), "{summary}");
}

#[test]
fn a_failed_backup_and_a_damaged_one_are_alerts_whatever_the_script_says() {
    let project = Project::new();
    project.sql("CREATE TABLE t (a)");
    project.file("backups/runs", "in the way");
    let run = step(&project, &["run", "backup", "--json"]).status(6).go();
    let alert = &run.events_of("alert")[0];
    assert_eq!(
        (&alert["name"], &alert["raised"]),
        (&json!("failed backup"), &json!(true))
    );
    assert!(
        commands(&run)[0].starts_with("::error title=dbscript%3A failed backup::"),
        "{}",
        run.told()
    );
    project.remove("backups/runs").remove("summary.md");
    project.dbscript(&["run", "backup"]).go();
    let table = project
        .list("backups")
        .into_iter()
        .find(|name| name.starts_with("t-backup-"));
    project.file(&format!("backups/{}", table.expect("there is one")), "[");
    project.file(
        "scripts/mine.rhai",
        "//! Mine.\nfn main() {\n let report = backup::verify(\"latest\");\n if report.problems.len() > 0 { throw #{ kind: \"integrity\", message: \"unsound\" }; }\n}\n",
    );
    for (procedure, words) in [("verify", "problem"), ("mine", "unsound")] {
        let run = step(&project, &["run", procedure, "--json"]).status(5).go();
        let alerts = run.events_of("alert");
        assert_eq!(alerts.len(), 1, "{}", run.told());
        assert_eq!(alerts[0]["name"], "data loss");
        assert!(
            alerts[0]["message"]
                .as_str()
                .expect("a text")
                .contains(words)
        );
        assert!(
            project
                .read("summary.md")
                .contains(&format!("## dbscript run {procedure}: failed (exit 5)"))
        );
    }
    // People are told too, without a runner, and one word is not said to the runner twice.
    let run = project
        .dbscript(&["run", "verify"])
        .status(5)
        .stderr_has("ALERT data loss: ")
        .go();
    assert!(commands(&run).is_empty(), "{}", run.told());
}

#[test]
fn an_error_before_the_run_is_annotated_and_summed_up() {
    let project = Project::new();
    let run = step(&project, &["run", "backup"])
        .env("DATABASE_URL", "")
        .status(2)
        .go();
    let commands = commands(&run);
    assert_eq!(commands.len(), 1, "{}", run.told());
    assert!(
        commands[0].contains("is set but empty%0A"),
        "{}",
        commands[0]
    );
    let summary = project.read("summary.md");
    assert!(
        summary.contains("exit 2") && summary.contains("in CI: is the secret set?"),
        "{summary}"
    );
    project
        .file("dbscript.toml", "yse = true\n")
        .remove("summary.md");
    let run = step(&project, &["list", "--json"]).status(2).go();
    assert!(
        run.stderr
            .starts_with("::error file=dbscript.toml,line=1,col=1,"),
        "{}",
        run.told()
    );
    assert_eq!(run.events().len(), 1);
    project.remove("dbscript.toml").remove("summary.md");
    step(&project, &["list"]).go();
    step(&project, &["run", "backup", "--help"]).go();
    assert!(!project.path().join("summary.md").exists());
}

#[test]
fn a_summary_that_cannot_be_written_is_a_warning() {
    let project = with_people(2);
    let run = step(&project, &["run", "backup"]).env("GITHUB_STEP_SUMMARY", "/nowhere/summary.md");
    run.stderr_has("warning: cannot write the job summary `/nowhere/summary.md`")
        .go();
    let run = step(&project, &["run", "backup", "--json"])
        .env("GITHUB_STEP_SUMMARY", "/nowhere/x")
        .go();
    assert_eq!(run.end()["exit_code"], 0);
}

#[test]
fn data_cannot_give_the_runner_orders_nor_hold_a_secret() {
    let project = Project::new();
    project.sql("CREATE TABLE t (a); INSERT INTO t VALUES (1)");
    let script = "//! Mine.\nfn main() {\n    ui::warn(\"x\\n::stop-commands::y\");\n    ui::info(\"::add-mask::a\");\n    ui::info(\"##[set-output name=x]y\");\n    alert::warn(\"odd\\n::error::z\", \"hunter22 | of\\n`a` 100%\");\n    alert::raise(\"quota\", \"over\");\n    #{ \"::debug\": 1 }\n}\n";
    project.file("scripts/mine.rhai", script);
    for words in [&["run", "mine"][..], &["run", "mine", "--json"]] {
        let run = step(&project, words)
            .env("API_TOKEN", "hunter22")
            .status(5)
            .go();
        assert_eq!(
            commands(&run),
            [
                "::warning title=dbscript%3A odd%0A%3A%3Aerror%3A%3Az::*** | of%0A`a` 100%25",
                "::error title=dbscript%3A quota::over",
                "::error title=dbscript run mine%3A exit 5::quota: over",
            ],
            "{}",
            run.told()
        );
        assert!(!run.told().contains("##["), "{}", run.told());
    }
    let summary = project.read("summary.md");
    assert!(
        summary.contains("| warning | odd ::error::z | &#42;&#42;&#42; &#124; of `a` 100% |"),
        "{summary}"
    );
    let run = project.dbscript(&["run", "mine"]).status(5).go();
    assert!(
        run.stderr.contains("\n::stop-commands::y"),
        "{}",
        run.told()
    );
}

#[test]
fn settings_mute_what_only_warns_and_turn_the_renderings_off() {
    let project = Project::new();
    project.sql("CREATE TABLE t (a)");
    project.file(
        "scripts/mine.rhai",
        "//! Mine.\nconst NEEDS = [\"files\"];\nfn main() { fs::write(\"x\", \"y\"); alert::warn(\"odd\", \"1\"); alert::raise(\"odd\", \"2\"); }\n",
    );
    project.file(
        "dbscript.toml",
        "[alerts]\nmute = [\"odd\"]\nannotations = false\n",
    );
    let run = step(&project, &["run", "mine", "--json"]).status(5).go();
    assert_eq!(run.events_of("alert").len(), 1, "{}", run.told());
    assert_eq!(run.events_of("alert")[0]["raised"], true);
    assert!(commands(&run).is_empty(), "{}", run.told());
    assert!(
        log(&project).contains("\"message\":\"1\""),
        "the run log keeps it"
    );
    assert!(project.path().join("summary.md").exists());
    project
        .remove("summary.md")
        .file("dbscript.toml", "[alerts]\nsummary = false\n");
    let run = step(&project, &["run", "mine"]).status(5).go();
    assert_eq!(commands(&run).len(), 3, "{}", run.told());
    assert!(!project.path().join("summary.md").exists());
}
