//! `.env`, `dbscript.toml` and the environment: what is wrong in them is told with its place, and nothing is touched.

use crate::harness::Project;

/// A project with a procedure that needs no database.
fn project() -> Project {
    let project = Project::new();
    project.file(
        "scripts/hello.rhai",
        "//! Says hello.\nfn main() { \"hello\" }\n",
    );
    project
}

#[test]
fn a_mistake_in_dbscript_toml_is_told_with_its_place() {
    for (text, place, hint) in [
        ("\nbackup = \"x\"\n", "dbscript.toml:2:1", "`backups`"),
        ("yes = \"always\"\n", "dbscript.toml:1:7", ""),
        ("timeout = 0\n", "dbscript.toml:1:11", ""),
        (
            "[rights]\ngrant = [\"shel\"]\n",
            "dbscript.toml:2:10",
            "`shell`",
        ),
        (
            "[retention]\nkeep_lst = 3\n",
            "dbscript.toml:2:1",
            "`keep_last`",
        ),
        ("quiet = true\nquiet = false\n", "dbscript.toml:2:1", ""),
        ("database_url = \"\"\n", "dbscript.toml:1:16", "unset"),
    ] {
        let project = project();
        project.file("dbscript.toml", text);
        let before = project.files();
        project
            .dbscript(&["run", "hello"])
            .status(2)
            .stdout("")
            .stderr_has(place)
            .stderr_has(hint)
            .go();
        let end = project
            .dbscript(&["run", "hello", "--json"])
            .status(2)
            .go()
            .end();
        assert_eq!(end["error"]["position"]["file"], "dbscript.toml");
        assert_eq!(project.files(), before);
    }
}

#[test]
fn a_broken_line_in_dot_env_is_told_without_its_text() {
    let project = project();
    project.file("prisma/.env", "A=1\nDATABASE_URL \"postgres://hunter22\"\n");
    project
        .dbscript(&["run", "hello"])
        .status(2)
        .stderr_has("prisma/.env:2:1")
        .stderr_lacks("hunter22")
        .go();
    project.file("prisma/.env", "A=1\nB='open\n");
    project
        .dbscript(&["list"])
        .status(2)
        .stderr_has("prisma/.env:2:3")
        .go();
    project.file("prisma/.env", "DATABASE_URL=sqlite://${NAME}.db\n");
    project
        .dbscript(&["run", "hello"])
        .status(2)
        .stderr_has("`NAME`")
        .go();
    project
        .dbscript(&["run", "hello"])
        .env("NAME", "app")
        .stderr_lacks("DATABASE_URL")
        .go();
}

#[test]
fn what_a_flag_can_say_the_file_can_say_too() {
    let project = project();
    project.file(
        "dbscript.toml",
        "json = true\nbackups = \"kept\"\ntimeout = 0.5\nyes = true\n",
    );
    let run = project.dbscript(&["run", "hello"]).go();
    assert_eq!(run.result(), "hello");
    project.file(
        "scripts/loop.rhai",
        "//! Asks, writes, and never ends.\nconst NEEDS = [\"files\"];\n\
         fn main() { ui::confirm(\"Really?\"); fs::write(\"a.txt\", \"a\"); loop { db::name(); } }\n",
    );
    let run = project.dbscript(&["run", "loop"]).status(124).go();
    assert_eq!(run.end()["error"]["kind"], "timeout");
    assert_eq!(project.list("kept/runs").len(), 1);
}

#[test]
fn rights_are_taken_away_and_granted_in_the_settings_file() {
    let project = project();
    project.file(
        "scripts/save.rhai",
        "//! Writes a file.\nconst NEEDS = [\"files\"];\nfn main() { fs::write(\"a.txt\", \"a\"); }\n",
    );
    project.file("dbscript.toml", "[rights]\nrevoke = [\"files\"]\n");
    project.dbscript(&["run", "save"]).status(3).go();
    assert!(!project.path().join("a.txt").exists());
    project.remove("dbscript.toml");
    project.dbscript(&["run", "save"]).go();
    assert_eq!(project.read("a.txt"), "a");

    project.file(
        "scripts/region.rhai",
        "//! Reads the environment.\nconst NEEDS = [\"env\"];\nfn main() { env::get(\"REGION\") }\n",
    );
    project.dbscript(&["run", "region"]).status(3).go();
    project.file("dbscript.toml", "[rights]\ngrant = [\"env\"]\n");
    project.file(".env", "REGION=north\n");
    project.dbscript(&["run", "region"]).stdout("north\n").go();
    project
        .dbscript(&["run", "region"])
        .env("REGION", "south")
        .stdout("south\n")
        .go();
}

#[test]
fn secrets_are_masked_on_the_screen_in_json_and_in_the_run_log() {
    let project = project();
    project.sql("CREATE TABLE t (a)");
    project.file(
        ".env",
        "STRIPE_SECRET=sk_live_42\nOTHER_DATABASE_URL=mysql://bob:s3cret99@h/app\n",
    );
    project.file(
        "scripts/leak.rhai",
        "//! Tells everything.\nconst NEEDS = [\"db:write\"];\nfn main() {\n    ui::info(\"sk_live_42\");\n    \
         alert::warn(\"s3cret99\", \"ghp_12345\");\n    db::execute(\"CREATE TABLE ghp_12345 (a)\");\n    \
         throw #{ message: \"sk_live_42\", hint: \"mysql://x:unknown1@h\", result: #{ a: \"s3cret99\" } };\n}\n",
    );
    let secrets = ["sk_live_42", "s3cret99", "ghp_12345", "unknown1"];
    for words in [&["run", "leak"][..], &["run", "leak", "--json"]] {
        project.sql("DROP TABLE IF EXISTS ghp_12345");
        let run = project
            .dbscript(words)
            .env("GITHUB_TOKEN", "ghp_12345")
            .status(8)
            .go();
        for secret in secrets {
            assert!(!run.told().contains(secret), "{secret}: {}", run.told());
        }
    }
    for log in project.list("backups/runs") {
        let text = project.read(&format!("backups/runs/{log}"));
        for secret in secrets {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
    assert_eq!(project.list("backups/runs").len(), 2);
}
