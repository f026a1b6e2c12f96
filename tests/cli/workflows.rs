//! The GitHub workflows, those that `dbscript init` writes and this project's own: read as YAML, held against what they
//! promise, and every shell step really run.

mod install;
mod promises;

use std::os::unix::fs::PermissionsExt;

use super::with_people;
use crate::harness::databases::{Database, Fresh};
use crate::harness::{
    BackupSet, Given, PASSWORD, Played, Project, Workflow, repository, timestamps,
};

const BACKUP: &str = ".github/workflows/database-backup.yml";
const MIGRATION: &str = ".github/workflows/database-migration.yml";

/// What `dbscript init` writes into this project.
fn written(project: &Project, name: &str) -> Workflow {
    project.dbscript(&["init"]).go();
    Workflow::read(&project.read(name))
}

/// This project's own.
fn own() -> Workflow {
    let path = repository().join(BACKUP);
    Workflow::read(&std::fs::read_to_string(path).expect("there is one"))
}

/// Puts programs into a folder that stands first in `PATH`: dbscript itself, and for what needs the network, programs
/// that only note how they were called.
fn given(project: &Project, database_url: &str) -> Given {
    project.file(
        "bin/dbscript",
        format!(
            "#!/bin/sh\nexec {} \"$@\"\n",
            env!("CARGO_BIN_EXE_dbscript")
        ),
    );
    for program in ["cargo", "npm", "npx"] {
        project.file(
            &format!("bin/{program}"),
            format!("#!/bin/sh\necho {program} \"$@\" | tee -a calls\n"),
        );
    }
    for program in ["dbscript", "cargo", "npm", "npx"] {
        let path = project.path().join("bin").join(program);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("ours");
    }
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Given {
        secrets: [pair("DATABASE_URL", database_url)].into(),
        vars: [pair("DBSCRIPT_GIT", "https://example.org/dbscript.git")].into(),
        path: vec![project.path().join("bin").display().to_string()],
        ..Given::default()
    }
}

/// The names of the steps that were reached, and the first that failed.
fn outcome(played: &[Played]) -> (Vec<&str>, Option<&Played>) {
    let names = played.iter().map(|step| step.name.as_str()).collect();
    let failed = played
        .iter()
        .find(|step| step.status.is_some_and(|status| status != 0));
    (names, failed)
}

#[track_caller]
fn succeeds(played: &[Played]) {
    let (_, failed) = outcome(played);
    assert!(failed.is_none(), "{played:#?}");
}

fn is_upload(name: &str) -> bool {
    name == "Keep the backup and the run logs"
}

#[test]
fn the_nightly_backup_backs_up_verifies_and_says_so() {
    let project = with_people(5);
    let workflow = written(&project, BACKUP);
    let played = workflow.play(&project, &given(&project, "sqlite://dbscript.db"));
    succeeds(&played);
    let (names, _) = outcome(&played);
    assert!(
        names.contains(&"Back up")
            && names.contains(&"Verify")
            && is_upload(names[names.len() - 1])
    );
    let set = BackupSet::latest(&project);
    assert_eq!(set.rows("users").len(), 5);
    let summary = project.read("summary.md");
    assert!(
        summary.contains("## dbscript run backup: done"),
        "{summary}"
    );
    assert!(
        summary.contains("## dbscript run verify: done"),
        "{summary}"
    );
    assert!(
        summary.contains(&format!("- Backup set: `{}`", set.timestamp)),
        "{summary}"
    );
    let rev = concat!("v", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        project.read("calls"),
        format!(
            "cargo install --locked --git https://example.org/dbscript.git --rev {rev} dbscript\n"
        )
    );
}

#[tokio::test]
async fn the_nightly_backup_of_a_server_tells_no_password() {
    for database in [Database::Postgres, Database::Mysql] {
        let Some(fresh) = Fresh::new(database).await else {
            continue;
        };
        fresh
            .other_program(
                "CREATE TABLE people (id INTEGER PRIMARY KEY); INSERT INTO people VALUES (1), (2)",
            )
            .await;
        let project = Project::new();
        let workflow = written(&project, BACKUP);
        let played = workflow.play(&project, &given(&project, fresh.url()));
        succeeds(&played);
        assert_eq!(BackupSet::latest(&project).rows("people").len(), 2);
        let summary = project.read("summary.md");
        assert!(summary.contains("| `people` | 2 |\n"), "{summary}");
        let told: String = played.iter().map(|step| step.told.as_str()).collect();
        assert!(
            !told.contains(PASSWORD) && !summary.contains(PASSWORD),
            "{told}\n{summary}"
        );
    }
}

#[test]
fn what_is_not_set_fails_with_the_remedy_before_anything_else() {
    for name in [BACKUP, MIGRATION] {
        let project = Project::new();
        let workflow = written(&project, name);
        let mut without_url = given(&project, "");
        let mut without_git = given(&project, "sqlite://dbscript.db");
        without_git.vars.clear();
        for (given, what) in [
            (&without_url, "DATABASE_URL"),
            (&without_git, "DBSCRIPT_GIT"),
        ] {
            let played = workflow.play(&project, given);
            let (names, failed) = outcome(&played);
            let failed = failed.expect("one fails");
            assert_eq!(
                (failed.name.as_str(), failed.status),
                ("Check the settings", Some(2))
            );
            let begins = format!("::error title={what} is not set::Add it under Settings > ");
            assert!(failed.told.starts_with(&begins), "{}", failed.told);
            assert_eq!(names.len(), 3, "{names:?}");
            assert!(is_upload(names[2]), "{names:?}");
        }
        // The secret may not be there at all.
        without_url.secrets.clear();
        assert!(outcome(&workflow.play(&project, &without_url)).1.is_some());
        assert!(timestamps(&project).is_empty());
    }
}

#[test]
fn a_backup_that_fails_fails_the_job_and_keeps_the_run_log() {
    let project = Project::new();
    project.sql("CREATE TABLE t (a)").sql("DROP TABLE t");
    let workflow = written(&project, BACKUP);
    let played = workflow.play(&project, &given(&project, "sqlite://dbscript.db"));
    let (names, failed) = outcome(&played);
    let failed = failed.expect("one fails");
    assert_eq!((failed.name.as_str(), failed.status), ("Back up", Some(6)));
    assert!(
        failed
            .told
            .contains("::error title=dbscript%3A failed backup::"),
        "{}",
        failed.told
    );
    assert!(
        !names.contains(&"Verify") && is_upload(names[names.len() - 1]),
        "{names:?}"
    );
    let logs = project.list("backups/runs");
    assert_eq!(logs.len(), 1, "for the upload");
    let log = project.read(&format!("backups/runs/{}", logs[0]));
    let alert = "\"event\":\"alert\",\"name\":\"failed backup\"";
    assert!(log.contains(alert), "{log}");
    assert!(project.read("summary.md").contains("failed (exit 6)"));
}

#[test]
fn the_gate_migrates_after_a_verified_backup_and_stops_at_a_hazard() {
    let project = with_people(4);
    project.file("migrations/0004_more.sql", "CREATE TABLE more (a INTEGER);");
    let workflow = written(&project, MIGRATION);
    let given = given(&project, "sqlite://dbscript.db");
    succeeds(&workflow.play(&project, &given));
    assert_eq!(project.value("SELECT count(*) FROM more"), "0");
    assert_eq!(timestamps(&project).len(), 1);
    project.file("migrations/0005_drop.sql", "DROP TABLE comments;");
    let before = project.hash();
    let played = workflow.play(&project, &given);
    let (names, failed) = outcome(&played);
    let failed = failed.expect("one fails");
    assert_eq!(failed.status, Some(3));
    assert!(
        failed
            .told
            .contains("::error file=migrations/0005_drop.sql,line=1,"),
        "{}",
        failed.told
    );
    assert!(is_upload(names[names.len() - 1]));
    assert_eq!(project.hash(), before);
    project.file(
        "scripts/mine.rhai",
        "//! Mine.\nfn main() { nothing::here(); }\n",
    );
    let played = workflow.play(&project, &given);
    assert_eq!(
        outcome(&played).1.expect("one fails").name,
        "Check the scripts"
    );
}

#[test]
fn the_gate_of_a_prisma_project_lets_prisma_run_only_behind_a_backup() {
    let project = Project::new();
    project
        .file("prisma/schema.prisma", "")
        .sql("CREATE TABLE \"User\" (id INTEGER PRIMARY KEY)");
    let workflow = written(&project, MIGRATION);
    assert!(
        !project.path().join("migrations").exists(),
        "one folder of migrations is enough"
    );
    let given = given(&project, "file:../dbscript.db");
    succeeds(&workflow.play(&project, &given));
    let calls = project.read("calls");
    assert!(
        calls.ends_with("npm ci\nnpx prisma migrate deploy\n"),
        "{calls}"
    );
    assert_eq!(timestamps(&project).len(), 1);
    project.remove("calls").sql("DROP TABLE \"User\"");
    let played = workflow.play(&project, &given);
    assert_eq!(outcome(&played).1.expect("one fails").status, Some(6));
    assert!(
        !project.read("calls").contains("prisma"),
        "no backup, no migration"
    );
}

#[test]
fn our_own_says_that_no_database_is_named_and_backs_up_one_that_is() {
    let project = with_people(3);
    let played = own().play(&project, &given(&project, ""));
    assert_eq!(played.len(), 1, "{played:#?}");
    assert_eq!(played[0].status, Some(0));
    assert!(
        played[0].told.starts_with("::notice title=No backup::"),
        "{}",
        played[0].told
    );
    let played = own().play(&project, &given(&project, "sqlite://dbscript.db"));
    succeeds(&played);
    assert_eq!(project.read("calls"), "cargo install --locked --path .\n");
    assert_eq!(timestamps(&project).len(), 1);
    assert!(is_upload(&played.last().expect("steps").name));
}
