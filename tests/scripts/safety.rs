//! What a person's own scripts can do with `backup`, `integrity` and `migrate`.

use crate::harness::Project;
use crate::harness::databases::{Said, in_every_project};

in_every_project!(
    a_failure_goes_back_to_the_backup_or_says_how,
    a_failure_does_not_go_back_over_what_others_wrote,
    what_fails_on_the_copy_is_a_refusal_and_touches_nothing,
    a_baseline_tells_what_was_lost_since,
    pruning_keeps_the_newest_and_never_the_damaged,
    the_last_migration_is_undone_and_the_history_corrected,
    a_rehearsal_that_takes_too_long_is_stopped,
);

const HEAD: &str = "const NEEDS = [\"db:write\", \"backups\", \"scratch\"];\n";

/// A project with three users and a script.
fn prepared(project: Project, body: &str) -> Project {
    project.sql("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);\nINSERT INTO users VALUES (1, 'ada'), (2, 'bob'), (3, 'eve');");
    project.file(
        "scripts/mine.rhai",
        format!("{HEAD}fn main() {{\n{body}\n}}\n"),
    );
    project
}

fn sets(project: &Project) -> usize {
    let files = project.list("backups");
    files
        .iter()
        .filter(|name| name.starts_with("backup-summary-"))
        .count()
}

/// Servers do not say whether somebody else has committed since, so there it is said how to go back instead.
fn a_failure_goes_back_to_the_backup_or_says_how(project: Project) {
    let on_server = project.url().is_some();
    let project = prepared(
        project,
        "let saved = backup::create(#{ verify: true });
         backup::restore_on_failure(saved, || {
             db::execute(\"DELETE FROM users WHERE id > 1\");
             throw \"half-way\";
         });",
    );
    let before = project.hash();
    let status = if on_server { 7 } else { 8 };
    let told = project
        .dbscript(&["run", "mine"])
        .status(status)
        .go()
        .told();
    if on_server {
        let way = "dbscript run restore --from ";
        let (_, rest) = told.split_once(way).expect("it says how");
        let from = rest.split_whitespace().next().unwrap_or_default();
        let words = ["run", "restore", "--yes", "--from", from];
        project.dbscript(&words).go();
    } else {
        assert!(
            told.contains("the database is back at the backup"),
            "{told}"
        );
    }
    assert_eq!(project.hash(), before, "{told}");
}

fn a_failure_does_not_go_back_over_what_others_wrote(project: Project) {
    let project = prepared(
        project,
        "let saved = backup::create(#{ verify: true });
         backup::restore_on_failure(saved, || {
             db::execute(\"DELETE FROM users WHERE id = 2\");
             fs::write(\"ready\", \"\");
             while !fs::exists(\"written\") { sleep(0.02); }
             throw \"half-way\";
         });",
    );
    project.file(
        "scripts/mine.rhai",
        project
            .read("scripts/mine.rhai")
            .replace("\"scratch\"", "\"scratch\", \"files\""),
    );
    std::thread::scope(|scope| {
        let run = scope.spawn(|| {
            project
                .dbscript(&["--timeout", "30", "run", "mine"])
                .status(7)
                .go()
        });
        while !project.path().join("ready").exists() && !run.is_finished() {
            std::thread::yield_now();
        }
        project.sql("INSERT INTO users VALUES (9, 'new')");
        project.file("written", "");
        let run = run.join().expect("it ran");
        assert!(
            run.told().contains("dbscript run restore --from"),
            "{}",
            run.told()
        );
    });
    assert_eq!(project.lines("name", "users", "id"), "ada\neve\nnew");
}

fn what_fails_on_the_copy_is_a_refusal_and_touches_nothing(project: Project) {
    let project = prepared(
        project,
        "let saved = backup::create(#{});
         let seen = backup::in_scratch(saved, || { db::execute(\"DELETE FROM users\"); db::count(\"users\") });
         if seen != 0 || db::count(\"users\") != 3 { throw \"the copy is the database\"; }
         backup::in_scratch(saved, || { db::execute(\"DELETE FROM nowhere\"); });",
    );
    let before = project.hash();
    let run = project.dbscript(&["run", "mine"]).status(3).go();
    assert!(
        run.told()
            .contains("the rehearsal failed, and the database was not touched"),
        "{}",
        run.told()
    );
    // Nothing was lost that could be allowed.
    assert!(!run.told().contains("allow update-rows"), "{}", run.told());
    assert_eq!(project.hash(), before);
    let left: Vec<String> = project
        .list("backups")
        .into_iter()
        .filter(|name| name.contains("scratch"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

fn a_baseline_tells_what_was_lost_since(project: Project) {
    let project = prepared(
        project,
        "let before = integrity::baseline();
         if integrity::fingerprint(\"users\") != before.users.fingerprint { throw \"two fingerprints\"; }
         db::execute(\"DELETE FROM users WHERE id = 1\");
         let after = integrity::compare(before);
         #{ losses: after.losses.map(|loss| loss.message), orphans: integrity::orphans().len() }",
    );
    let run = project.dbscript(&["--json", "run", "mine"]).go();
    let result = run.result();
    assert_eq!(result["orphans"], 0);
    assert_eq!(result["losses"].as_array().map(Vec::len), Some(1));
    let loss = result["losses"][0].as_str().expect("a text");
    let (place, loss) = loss.split_once(": ").expect("where it is");
    assert!(place.starts_with("in `"), "{place}");
    assert_eq!(loss, "1 of 3 rows of `users` are gone");
}

fn pruning_keeps_the_newest_and_never_the_damaged(project: Project) {
    let project = prepared(
        project,
        "for n in 0..4 { backup::create(#{}); }
         let pruned = backup::prune(2);
         #{ kept: pruned.kept.len(), removed: pruned.removed.len() }",
    );
    let run = project.dbscript(&["--json", "run", "mine"]).go();
    assert_eq!(run.result(), serde_json::json!({"kept": 2, "removed": 2}));
    assert_eq!(sets(&project), 2);
    let table = project
        .list("backups")
        .into_iter()
        .find(|name| name.starts_with("users-backup-"))
        .expect("there is one");
    project.file(&format!("backups/{table}"), "[");
    project.file(
        "scripts/mine.rhai",
        format!("{HEAD}fn main() {{ backup::prune(1); }}\n"),
    );
    project.dbscript(&["run", "mine"]).go();
    assert_eq!(sets(&project), 2, "one sound, one damaged");
    project.file(
        "scripts/mine.rhai",
        format!("{HEAD}fn main() {{ backup::prune(0); }}\n"),
    );
    project
        .dbscript(&["run", "mine"])
        .status(2)
        .stderr_has("at least 1")
        .go();
}

fn the_last_migration_is_undone_and_the_history_corrected(project: Project) {
    let project = prepared(
        project,
        "migrate::down(2);
         migrate::resolve(2, \"applied\");
         migrate::resolve(2, \"rolled-back\");
         migrate::history().map(|entry| entry.state)",
    );
    project.file("migrations/1_a.sql", "CREATE TABLE a (x INTEGER);");
    project.file("migrations/2_b.up.sql", "CREATE TABLE b (x INTEGER);");
    project.file("migrations/2_b.down.sql", "DROP TABLE b;");
    project.dbscript(&["run", "safe-migration", "--yes"]).go();
    let run = project.dbscript(&["--json", "run", "mine"]).go();
    assert_eq!(run.result(), serde_json::json!(["applied", "pending"]));
    assert_eq!(
        project.value(project.said(Said {
            sqlite: "SELECT count(*) FROM sqlite_schema WHERE name = 'b'",
            postgres: "SELECT count(*) FROM pg_class WHERE relname = 'b'",
            mysql: "SELECT count(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'b'",
        })),
        "0"
    );
    project.file(
        "scripts/mine.rhai",
        format!("{HEAD}fn main() {{ migrate::down(7); }}\n"),
    );
    project
        .dbscript(&["run", "mine"])
        .status(2)
        .stderr_has("the last applied one is 1")
        .go();
}

fn a_rehearsal_that_takes_too_long_is_stopped(project: Project) {
    let project = prepared(
        project,
        "let saved = backup::create(#{});
         backup::in_scratch(saved, || { loop { sleep(0.05); } });",
    );
    let before = project.hash();
    project
        .dbscript(&["--timeout", "1", "run", "mine"])
        .status(124)
        .stderr_has("as it was found")
        .go();
    assert_eq!(project.hash(), before);
}
