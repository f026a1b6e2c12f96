//! What the runner is told is the same on every database.

use super::{commands, step};
use crate::cli::{MIGRATE, endless, filled, wait_until_it_sleeps};
use crate::harness::databases::{Said, in_every_project};
use crate::harness::{PASSWORD, Project, Signal, timestamps};

in_every_project!(
    a_restore_over_rows_is_an_alert_with_the_rows_before_and_after,
    a_loss_that_a_script_of_ones_own_finds_is_told_like_any,
    a_run_that_is_interrupted_says_what_state_the_database_is_in,
    the_words_of_a_trigger_are_for_the_person_at_the_screen,
);

/// A database whose trigger refuses comments in words that quote one, and a migration that meets it.
fn with_a_trigger(project: Project) -> Project {
    let project = filled(project, 3);
    let trigger = project.said(Said {
        sqlite: "CREATE TRIGGER quiet BEFORE INSERT ON comments BEGIN SELECT RAISE(ABORT, 'no more from ada@example.org'); END",
        postgres: "CREATE FUNCTION quiet() RETURNS trigger LANGUAGE plpgsql AS
                   $$ BEGIN RAISE EXCEPTION 'no more from %', 'ada@example.org' USING ERRCODE = '23514'; END $$;
                   CREATE TRIGGER quiet BEFORE INSERT ON comments FOR EACH ROW EXECUTE FUNCTION quiet()",
        mysql: "CREATE TRIGGER quiet BEFORE INSERT ON comments FOR EACH ROW
                SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no more from ada@example.org'",
    });
    project.sql(trigger);
    project.file(
        "migrations/0004_more.sql",
        "INSERT INTO comments (id, user_id, body) VALUES ('more', 'u1', 'x');",
    );
    project
}

fn the_words_of_a_trigger_are_for_the_person_at_the_screen(project: Project) {
    let project = with_a_trigger(project);
    let words = ["run", "safe-migration", "--yes", "--rehearse", "off"];
    let run = project.dbscript(&words).status(7).go();
    let said = "its words: no more from ada@example.org";
    assert!(run.stderr.contains(said), "{}", run.told());
    let json = [&words[..], &["--json"]].concat();
    let end = project.dbscript(&json).status(7).go().end();
    assert_eq!(
        end["error"]["data"], "no more from ada@example.org",
        "{end}"
    );
    assert!(
        !end["error"]["message"].to_string().contains("ada@"),
        "{end}"
    );
    for words in [&words[..], &json] {
        let run = step(&project, words).status(7).go();
        assert!(!run.told().contains("ada@"), "{}", run.told());
        assert!(run.told().contains("refuses it"), "{}", run.told());
    }
    let summary = project.read("summary.md");
    assert!(!summary.contains("ada@"), "{summary}");
    for name in project.list("backups/runs") {
        let log = project.read(&format!("backups/runs/{name}"));
        assert!(!log.contains("ada@"), "{log}");
    }
}

fn a_restore_over_rows_is_an_alert_with_the_rows_before_and_after(project: Project) {
    let project = filled(project, 3);
    project.dbscript(&["run", "backup"]).go();
    project.sql("DELETE FROM achievements; DELETE FROM comments WHERE user_id = 'u1'");
    let run = step(&project, &["run", "restore", "--yes", "--json"]).go();
    let alerts = run.events_of("alert");
    assert_eq!(alerts.len(), 1, "{}", run.told());
    assert_eq!(alerts[0]["name"], "destructive operation");
    let summary = project.read("summary.md");
    assert!(summary.contains("| `comments` | 4 | 6 |"), "{summary}");
    assert!(summary.contains("| `users` | 3 | 3 |"), "{summary}");
    assert!(summary.contains("State: changed: the backup"), "{summary}");
    for told in [&summary, &run.stderr, &run.stdout] {
        assert!(!told.contains(PASSWORD), "{told}");
    }
}

fn a_loss_that_a_script_of_ones_own_finds_is_told_like_any(project: Project) {
    let project = filled(project, 3);
    project.file(
        "scripts/mine.rhai",
        "//! Mine.\nconst NEEDS = [\"db:write\", \"backups\"];\nfn main() {\n    let saved = backup::create(#{ verify: true });\n    db::execute(\"DELETE FROM comments WHERE user_id = 'u1'\");\n    let now = integrity::compare(saved);\n    throw #{ kind: \"integrity\", message: now.losses[0].message, hint: `dbscript run restore --from ${saved.timestamp}` };\n}\n",
    );
    // Where the engine cannot tell whether others write, a row that moved is no loss but a note.
    let others = project.said(Said {
        sqlite: false,
        postgres: true,
        mysql: true,
    });
    if others {
        let script = project
            .read("scripts/mine.rhai")
            .replace("now.losses[0]", "now.notes[0]");
        project.file("scripts/mine.rhai", script);
    }
    let run = step(&project, &["run", "mine", "--json"]).status(5).go();
    let alerts = run.events_of("alert");
    assert_eq!(alerts.len(), 1, "{}", run.told());
    assert_eq!(alerts[0]["name"], "data loss");
    let summary = project.read("summary.md");
    let set = timestamps(&project).pop().expect("a set");
    for part in [
        "| `comments` | 6 | 4 |".to_owned(),
        "2 of 6 rows of `comments` are gone".to_owned(),
        format!("Next:\n\n```sh\ndbscript run restore --from {set}\n```"),
        "State: changed: ".to_owned(),
    ] {
        assert!(summary.contains(&part), "no `{part}` in\n{summary}");
    }
}

fn a_run_that_is_interrupted_says_what_state_the_database_is_in(project: Project) {
    let project = filled(project, 3);
    endless(&project);
    let words = [&MIGRATE[..], &["--rehearse", "off"]].concat();
    let mut run = step(&project, &words).status(130).start();
    run.wait_for(&["\"name\":\"apply\"", "\"state\":\"started\""]);
    wait_until_it_sleeps(&project);
    run.signal(Signal::Interrupt);
    let run = run.finish();
    let last = commands(&run).pop().expect("an annotation").to_owned();
    assert!(
        last.starts_with("::error title=dbscript run safe-migration%3A exit 130::"),
        "{last}"
    );
    let summary = project.read("summary.md");
    assert!(summary.contains("interrupted (exit 130)"), "{summary}");
    let state = summary
        .lines()
        .find(|line| line.starts_with("- State: "))
        .expect("a state");
    match project.commits_ddl() {
        true => assert!(!state.contains("as it was found"), "{summary}"),
        false => assert!(state.contains("as it was found"), "{summary}"),
    }
}
