//! Mistakes in what was typed: what was probably meant is said, and nothing is touched.

use super::with_people;
use crate::harness::Project;

#[test]
fn unknown_names_are_answered_with_the_nearest_known_one() {
    let project = with_people(3);
    let before = project.files();
    for (words, message, hint) in [
        (&["rnu", "backup"][..], "`rnu`", "`dbscript run`"),
        (&["backup"], "`backup`", "run"),
        (&["run", "bakcup"], "`bakcup`", "`backup`"),
        (
            &["run", "safe_migration"],
            "`safe_migration`",
            "`safe-migration`",
        ),
        (&["run", "backup", "--lable", "x"], "`--lable`", "`--label`"),
        (
            &["run", "safe-migration", "--rehearse", "ful"],
            "`ful`",
            "full",
        ),
        (&["show", "verfy"], "`verfy`", "`verify`"),
        (&["check", "resotre"], "`resotre`", "`restore`"),
        (&["list", "--projcet", "x"], "`--projcet`", "`--project`"),
    ] {
        let run = project.dbscript(words).status(2).stdout("").go();
        assert!(run.stderr.contains(message), "{}", run.told());
        assert!(run.stderr.contains(hint), "{}", run.told());
    }
    assert_eq!(project.files(), before, "no run log, no touch");
}

#[test]
fn parameters_are_checked_before_the_database_is() {
    let project = Project::new();
    for words in [
        &["run", "backup", "--jobs", "0"][..],
        &["run", "backup", "--jobs", "1.5"],
        &["run", "backup", "--jobs"],
        &["run", "backup", "too", "many"],
        &["run", "restore", "--mode", "merge"],
        &["run", "backup", "--timeout", "-1"],
    ] {
        project
            .dbscript(words)
            .env("DATABASE_URL", "sqlite://missing.db")
            .status(2)
            .stderr_lacks("missing.db")
            .go();
    }
    assert_eq!(project.list(""), Vec::<String>::new());
}

#[test]
fn help_shows_the_script_s_own_parameters() {
    let project = Project::new();
    project
        .dbscript(&["run", "backup", "--help"])
        .stdout_has("--tables")
        .stdout_has("--label")
        .stdout_has("only these tables")
        .go();
    project.file(
        "scripts/greet.rhai",
        "//! Greets somebody.\nconst PARAMS = #{ whom: #{ type: \"string\", value: \"you\", help: \"who is greeted\" } };\nfn main(args) { `hello ${args.whom}` }\n",
    );
    project
        .dbscript(&["run", "greet", "--help"])
        .stdout_has("Greets somebody.")
        .stdout_has("--whom")
        .stdout_has("who is greeted")
        .go();
    project
        .dbscript(&["list"])
        .stdout_has("greet")
        .stdout_has("Greets somebody.")
        .go();
}

#[test]
fn without_a_yes_nothing_changes() {
    let project = with_people(3);
    project.dbscript(&["run", "backup"]).go();
    project.file("migrations/0004_fine.sql", "CREATE TABLE fine (a INTEGER);");
    let before = project.hash();
    for words in [&["run", "restore"][..], &["run", "safe-migration"]] {
        project.dbscript(words).status(3).stderr_has("--yes").go();
        assert_eq!(project.hash(), before);
    }
}

#[test]
fn a_plan_changes_nothing_and_exits_as_the_run_would() {
    let project = with_people(3);
    project.dbscript(&["run", "backup"]).go();
    project.file("migrations/0004_fine.sql", "CREATE TABLE fine (a INTEGER);");
    let before = project.files();
    for words in [
        &["run", "backup", "--plan"][..],
        &["run", "safe-migration", "--plan"],
        &["run", "restore", "--plan"],
        &["run", "restore-users", "--plan"],
    ] {
        project.dbscript(words).go();
        assert_eq!(project.files(), before, "{words:?}");
    }
    project.file("migrations/0004_fine.sql", "DROP TABLE comments;");
    let before = project.files();
    project
        .dbscript(&["run", "safe-migration", "--plan"])
        .status(3)
        .go();
    assert_eq!(project.files(), before);
}

#[test]
fn a_script_of_the_project_shadows_the_built_in_one() {
    let project = with_people(3);
    project.dbscript(&["list"]).stdout_has("built-in").go();
    let shown = project
        .dbscript(&["show", "backup", "--json"])
        .go()
        .result();
    let source = shown["source"].as_str().unwrap_or_default();
    if !source.is_empty() {
        project.file("scripts/backup.rhai", source);
        let run = project
            .dbscript(&["list", "--json"])
            .go()
            .result()
            .to_string();
        assert!(!run.contains("edited"), "equal to the built-in: {run}");
    }
    project.file(
        "scripts/backup.rhai",
        "//! Ours.\nfn main() { \"our own\" }\n",
    );
    project
        .dbscript(&["run", "backup"])
        .stdout_has("our own")
        .go();
    project
        .dbscript(&["list"])
        .stdout_has("Ours.")
        .stdout_has("project")
        .go();
    project.dbscript(&["check"]).go();
    project.file(
        "scripts/bad.rhai",
        "//! Bad.\nfn main() { db::qurey(\"SELECT 1\"); backup::latest(1, 2, 3); }\n",
    );
    let run = project.dbscript(&["check"]).status(8).go();
    let told = format!("{}{}", run.stdout, run.stderr);
    assert!(told.contains("scripts/bad.rhai:2:"), "{told}");
    assert!(told.contains("qurey") && told.contains("query"), "{told}");
}

#[test]
fn init_writes_a_start_and_overwrites_nothing() {
    let project = Project::new();
    project.file("migrations/0001_mine.sql", "-- mine\n");
    project.dbscript(&["init"]).go();
    assert_eq!(project.read("migrations/0001_mine.sql"), "-- mine\n");
    for name in [
        ".env.example",
        ".gitignore",
        ".github/workflows/database-backup.yml",
        ".github/workflows/database-migration.yml",
    ] {
        assert!(!project.read(name).is_empty(), "{name}");
    }
    for folder in ["migrations", "users", "backups"] {
        assert!(project.path().join(folder).is_dir(), "{folder}");
    }
    project.file(".env.example", "mine\n");
    let before = project.files();
    project.dbscript(&["init"]).go();
    assert_eq!(project.files(), before);
}

#[test]
fn init_keeps_secrets_and_backups_out_of_the_repository() {
    let project = Project::new();
    let git = |words: &[&str]| {
        let done = std::process::Command::new("git")
            .args(words)
            .current_dir(project.path())
            .output()
            .expect("there is a git");
        String::from_utf8_lossy(&done.stdout).into_owned()
    };
    git(&["init", "-q"]);
    project.dbscript(&["init"]).stderr("").go();
    project.sql("CREATE TABLE t (a)");
    project.dbscript(&["run", "backup"]).go();
    project.file(".env", "DATABASE_URL=sqlite://dbscript.db\n");
    project.file("users/export.csv", "id\n");
    git(&["add", "."]);
    assert_eq!(
        git(&["ls-files"]).lines().collect::<Vec<_>>(),
        [
            ".env.example",
            ".github/workflows/database-backup.yml",
            ".github/workflows/database-migration.yml",
            ".gitignore",
            "backups/.gitignore",
            "migrations/.gitkeep",
            "users/.gitignore",
        ]
    );
}

#[test]
fn init_says_what_a_gitignore_of_ones_own_lets_through() {
    let project = Project::new();
    project
        .file(".gitignore", "node_modules\n")
        .file("backups/old.json", "[]");
    project
        .dbscript(&["init"])
        .stderr_has(
            "warning: `.gitignore` does not name `.env`: add it, it holds the database's password",
        )
        .stderr_has("warning: `.gitignore` does not name `backups/`")
        .go();
    assert_eq!(project.read(".gitignore"), "node_modules\n");
    project.file(".gitignore", "node_modules\n.env\n/backups/\n");
    project.dbscript(&["init"]).stderr("").go();
}
