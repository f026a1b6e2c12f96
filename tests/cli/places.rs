//! Where the project, its database and its backups are, and in which order that is decided.

use crate::harness::{BackupSet, Project};

fn project_with(names: &[&str]) -> Project {
    let project = Project::new();
    for name in names {
        project.sql("");
        let path = project.path().join(name);
        let database = rusqlite::Connection::open(path).expect("the project is ours");
        let sql = format!("CREATE TABLE \"in {name}\" (a); INSERT INTO \"in {name}\" VALUES (1)");
        database.execute_batch(&sql).expect("it is empty");
    }
    project
}

#[test]
fn the_flag_counts_before_the_environment_before_dot_env_before_the_settings_file() {
    let project = project_with(&["flag.db", "environment.db", "dotenv.db", "toml.db"]);
    let tables = |run: crate::harness::Run| {
        run.go();
        BackupSet::latest(&project).tables().join(" ")
    };
    let backup = ["run", "backup"];
    project.file("dbscript.toml", "database_url = \"sqlite://toml.db\"\n");
    assert_eq!(tables(project.dbscript(&backup)), "in toml.db");
    project.file(
        ".env",
        "export DATABASE_URL='file:./dotenv.db?connection_limit=1' # the application's\r\n",
    );
    assert_eq!(tables(project.dbscript(&backup)), "in dotenv.db");
    let environment = "sqlite:environment.db";
    let run = project.dbscript(&backup).env("DATABASE_URL", environment);
    assert_eq!(tables(run), "in environment.db");
    let flag = ["run", "backup", "--database-url", "sqlite://flag.db"];
    let run = project.dbscript(&flag).env("DATABASE_URL", environment);
    assert_eq!(tables(run), "in flag.db");
}

#[test]
fn the_embedded_default_is_said_on_every_run() {
    let project = Project::new();
    project.sql("CREATE TABLE t (a)");
    project
        .dbscript(&["run", "backup"])
        .stderr_has("sqlite://dbscript.db")
        .go();
}

#[test]
fn an_empty_address_is_a_mistake_and_never_the_default() {
    let project = Project::new();
    project.sql("CREATE TABLE t (a)");
    let before = project.files();
    for words in [
        &["run", "backup"][..],
        &["status"],
        &["run", "safe-migration", "--yes"],
    ] {
        project
            .dbscript(words)
            .env("DATABASE_URL", "")
            .status(2)
            .stderr_has("DATABASE_URL")
            .go();
    }
    project
        .dbscript(&["run", "backup", "--database-url", ""])
        .status(2)
        .go();
    assert_eq!(project.files(), before);
    project.file(".env", "DATABASE_URL=\n");
    project
        .dbscript(&["run", "backup"])
        .status(2)
        .stderr_has(".env")
        .go();
}

#[test]
fn another_project_and_another_folder_can_be_named() {
    let project = Project::new();
    project.file("app/.keep", "");
    let database = rusqlite::Connection::open(project.path().join("app/dbscript.db"));
    let database = database.expect("the project is ours");
    database
        .execute_batch("CREATE TABLE t (a)")
        .expect("it is empty");
    project
        .dbscript(&["--project", "app", "run", "backup"])
        .go();
    assert!(
        project
            .list("app/backups")
            .iter()
            .any(|name| name.starts_with("t-backup-"))
    );
    project
        .dbscript(&[
            "--project",
            "app",
            "--backups",
            "elsewhere",
            "run",
            "backup",
        ])
        .go();
    let folders = [project.list("elsewhere"), project.list("app/elsewhere")].concat();
    assert!(
        folders
            .iter()
            .any(|name| name.starts_with("backup-summary-")),
        "{folders:?}"
    );
    project
        .dbscript(&["--project", "nowhere", "run", "backup"])
        .status(2)
        .stderr_has("nowhere")
        .go();
}

#[test]
fn a_database_that_is_missing_is_not_made() {
    let project = Project::sample();
    for words in [
        &["run", "backup"][..],
        &["run", "pre-migration-backup"],
        &["run", "restore-users"],
        &["run", "restore", "--yes"],
    ] {
        // Without a backup there is nothing to restore, which is said first or last.
        let codes = if words.contains(&"restore") {
            [2, 4]
        } else {
            [4, 4]
        };
        let run = project.dbscript(words).status(codes[0]).start();
        let run = run.finish();
        if codes[0] == 4 {
            assert!(run.stderr.contains("no database at"), "{}", run.told());
        }
        assert!(!project.path().join("dbscript.db").exists(), "{words:?}");
    }
}

#[test]
fn what_is_no_database_is_told() {
    let project = Project::sample();
    for (content, code) in [
        ("this is no database at all. ".repeat(100), 4),
        ("SQLite format 3\0 torn".to_owned(), 4),
    ] {
        project.file("dbscript.db", &content);
        for words in [
            &["run", "backup"][..],
            &["run", "safe-migration", "--yes"],
            &["run", "restore-users"],
        ] {
            project
                .dbscript(words)
                .status(code)
                .stderr_has("dbscript.db")
                .go();
            assert_eq!(project.read("dbscript.db"), content, "{words:?}");
        }
    }
}

#[test]
fn a_password_is_never_shown() {
    let project = Project::new();
    let secret = "p4ssw0rd-nobody-sees";
    for url in [
        format!("postgres://app:{secret}@127.0.0.1:1/app"),
        format!("mysql://app:{secret}@127.0.0.1:1/app"),
        format!("oracle://app:{secret}@127.0.0.1/app"),
        format!("postgres://app:{secret}#x@127.0.0.1:1/app"),
        format!("app:{secret}@127.0.0.1"),
    ] {
        for words in [
            &["run", "backup"][..],
            &["run", "backup", "--json"],
            &["status", "-vv"],
        ] {
            let run = project
                .dbscript(words)
                .env("DATABASE_URL", &url)
                .through("sh", &["-c", "\"$@\"; echo \"code: $?\" >&2", "sh"])
                .go();
            assert!(!run.stderr.contains("code: 0"), "{}", run.told());
            assert!(
                !run.stdout.contains(secret) && !run.stderr.contains(secret),
                "{}",
                run.told()
            );
        }
    }
    for (name, _) in project.files() {
        assert!(!project.read(&name).contains(secret), "{name}");
    }
}
