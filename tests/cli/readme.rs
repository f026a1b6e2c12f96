//! Every command of the README runs, in the order it stands there, in one fresh copy of what ships.
//!
//! - A block fenced as `sh` is run line by line as a person would type it; each line must exit 0.
//! - A comment before a block says what else is so, its parts separated by `;`:
//!   `<!-- test: exit 3; files backups/users-backup-*.json; sql DELETE FROM comments -->`.
//!   `exit N` is the code of the last line; `files` are patterns that match afterwards; `sql` is run on the database before.
//! - A block fenced as `text` right after it is its output: each of its lines stands in it, `…` for what differs.

use std::collections::VecDeque;
use std::process::Command;

use crate::harness::{Project, repository};

/// What a person types that this test does not: it would run itself.
const ITSELF: [&str; 2] = ["tests/run", ".ci/run"];

#[derive(Debug, Default, PartialEq)]
struct Block {
    line: usize,
    commands: Vec<String>,
    exit: i32,
    files: Vec<String>,
    sql: Vec<String>,
    output: Vec<String>,
}

/// The blocks of a README, in order.
fn blocks(readme: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut note = String::new();
    let mut lines = readme.lines().enumerate().collect::<VecDeque<_>>();
    let mut follows = false;
    while let Some((number, line)) = lines.pop_front() {
        let Some(language) = line.trim_start().strip_prefix("```") else {
            if let Some(text) = line.trim().strip_prefix("<!-- test:") {
                note = text.trim_end_matches("-->").trim().to_owned();
            }
            follows &= line.trim().is_empty() || line.trim().starts_with("<!--");
            continue;
        };
        let mut body = Vec::new();
        while let Some((_, line)) = lines.pop_front() {
            if line.trim_start().starts_with("```") {
                break;
            }
            body.push(line.to_owned());
        }
        match (language.trim(), blocks.last_mut()) {
            ("sh", _) => {
                let mut block = Block {
                    line: number + 1,
                    commands: joined(&body),
                    ..Block::default()
                };
                block.read(&std::mem::take(&mut note));
                blocks.push(block);
                follows = true;
            }
            ("text", Some(block)) if follows => block.output = body,
            _ => follows = false,
        }
    }
    blocks
}

/// Lines a person types: without comments and blanks, those that end in `\` with the next.
fn joined(body: &[String]) -> Vec<String> {
    let text = body.join("\n").replace("\\\n", " ");
    text.lines()
        .map(|line| {
            line.split(" # ")
                .next()
                .unwrap_or_default()
                .trim()
                .to_owned()
        })
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

impl Block {
    fn read(&mut self, note: &str) {
        for part in note
            .split(';')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            match part.split_once(' ') {
                Some(("exit", code)) => self.exit = code.parse().expect("an exit code"),
                Some(("files", names)) => {
                    self.files
                        .extend(names.split_whitespace().map(str::to_owned));
                }
                Some(("sql", sql)) => self.sql.push(sql.to_owned()),
                _ => panic!("README.md:{}: `{part}` says nothing to the test", self.line),
            }
        }
    }

    fn run(&self, project: &Project) {
        for sql in &self.sql {
            project.sql(sql);
        }
        let mut told = String::new();
        for (index, command) in self.commands.iter().enumerate() {
            let last = index + 1 == self.commands.len();
            let expected = if last { self.exit } else { 0 };
            let output = Command::new("sh")
                .args(["-c", command])
                .current_dir(project.path())
                .env_clear()
                .env(
                    "PATH",
                    format!("{}/.bin:/usr/bin:/bin", project.path().display()),
                )
                .env("HOME", project.path())
                .env("DBSCRIPT", env!("CARGO_BIN_EXE_dbscript"))
                .output()
                .expect("there is a shell");
            told.push_str(&String::from_utf8_lossy(&output.stdout));
            told.push_str(&String::from_utf8_lossy(&output.stderr));
            let place = format!("README.md:{}: {command}", self.line);
            assert_eq!(output.status.code(), Some(expected), "{place}\n{told}");
        }
        for pattern in &self.files {
            let found = project
                .files()
                .into_keys()
                .any(|name| matches(pattern, &name));
            assert!(found, "README.md:{}: no `{pattern}`\n{told}", self.line);
        }
        for line in self.output.iter().map(|line| line.trim()) {
            let found = told
                .lines()
                .any(|got| matches(&line.replace('…', "*"), got.trim()));
            assert!(
                found || line.is_empty(),
                "README.md:{}: no `{line}` in\n{told}",
                self.line
            );
        }
    }
}

/// Whether a text is a pattern's, in which `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            let mut ends = text
                .char_indices()
                .map(|(index, _)| index)
                .chain([text.len()]);
            ends.any(|index| matches(rest, &text[index..]))
        }),
    }
}

/// The programs a person has: `dbscript` and `cargo run --release --` are the binary under test; installing it is done,
/// and another migration tool succeeds.
fn install(project: &Project) {
    use std::os::unix::fs::PermissionsExt;
    project.file(".bin/dbscript", "#!/bin/sh\nexec \"$DBSCRIPT\" \"$@\"\n");
    project.file(
        ".bin/cargo",
        "#!/bin/sh\ncase \"$1 $2 $3\" in 'install --path .') exit 0;; 'run --release --') ;;
         *) echo \"cargo $*: not known to the test\" >&2; exit 99;; esac\nshift 3\nexec \"$DBSCRIPT\" \"$@\"\n",
    );
    project.file(
        ".bin/npx",
        "#!/bin/sh\n[ \"$*\" = 'prisma migrate deploy' ]\n",
    );
    for name in [".bin/dbscript", ".bin/cargo", ".bin/npx"] {
        let path = project.path().join(name);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
            .expect("the project is ours");
    }
}

#[test]
fn every_command_of_the_readme_runs() {
    let readme = std::fs::read_to_string(repository().join("README.md")).expect("there is one");
    let (itself, run): (Vec<Block>, Vec<Block>) = blocks(&readme).into_iter().partition(|block| {
        block
            .commands
            .iter()
            .all(|line| ITSELF.contains(&line.as_str()))
    });
    for command in itself.iter().flat_map(|block| &block.commands) {
        assert!(repository().join(command).exists(), "{command}");
    }
    assert!(run.len() >= 5, "only {} blocks are run", run.len());
    let files = run.iter().filter(|block| !block.files.is_empty()).count();
    let outputs = run.iter().filter(|block| !block.output.is_empty()).count();
    assert!(
        files >= 3 && outputs >= 2,
        "{files} blocks name files, {outputs} show output"
    );
    let project = Project::sample();
    project.file("scripts/.keep", "");
    install(&project);
    for block in run {
        block.run(&project);
    }
}

/// The `json` block that is a `package.json`.
fn package_scripts(readme: &str) -> serde_json::Map<String, serde_json::Value> {
    let mut blocks = readme.split("```json\n").skip(1);
    let block = blocks.next().expect("a `package.json`");
    assert!(blocks.next().is_none(), "which one is the `package.json`?");
    let (text, _) = block.split_once("```").expect("a block ends");
    let package: serde_json::Value = serde_json::from_str(text).expect("it is JSON");
    package["scripts"].as_object().expect("scripts").clone()
}

#[test]
fn the_lines_of_the_package_json_run() {
    let readme = std::fs::read_to_string(repository().join("README.md")).expect("there is one");
    let mut scripts = package_scripts(&readme);
    let project = Project::sample();
    install(&project);
    // In the order a new project needs them; `npm run` gives each to a shell.
    for name in [
        "db:migrate-deploy",
        "db:restore-users",
        "db:backup",
        "db:pre-migration-backup",
        "db:migrate",
    ] {
        let line = scripts
            .remove(name)
            .unwrap_or_else(|| panic!("no `{name}`"));
        let block = Block {
            commands: vec![line.as_str().expect("a command").to_owned()],
            ..Block::default()
        };
        block.run(&project);
    }
    assert!(scripts.is_empty(), "these are not tried: {scripts:?}");
    assert_eq!(crate::harness::timestamps(&project).len(), 2);
    assert_ne!(project.value("SELECT count(*) FROM users"), "0");
}

#[test]
fn blocks_are_found_with_what_is_said_of_them() {
    let readme = "# A\n```sh\n# first\ndbscript list\ndbscript run backup \\\n  --label x # why\n```\n\n```text\nbackup …\n```\n\
        ```rhai\nfn main() {}\n```\n<!-- test: exit 3; files a/*.json b; sql DELETE FROM t -->\n```sh\ncargo run --release -- x\n```\nWords.\n```text\nnot its output\n```\n";
    let found = blocks(readme);
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(
        found[0].commands,
        ["dbscript list", "dbscript run backup    --label x"]
    );
    assert_eq!(found[0].output, ["backup …"]);
    assert_eq!((found[1].exit, found[1].output.len()), (3, 0));
    assert_eq!(found[1].files, ["a/*.json", "b"]);
    assert_eq!(found[1].sql, ["DELETE FROM t"]);
}

#[test]
fn a_pattern_stands_for_anything_between() {
    assert!(matches("a*c", "abbc") && matches("*", "") && matches("a", "a"));
    assert!(!matches("a*c", "abb") && !matches("a", "ab") && !matches("b*", "ab"));
}
