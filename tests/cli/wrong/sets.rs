//! Backup sets that are not there, damaged, of another time, format or database.

use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use super::{SECRET, Wrong, hold, project, wrong};
use crate::harness::{Finished, Project, timestamps};

/// The files of a set of the sample's database.
fn files() -> &'static [(String, Vec<u8>)] {
    static FILES: OnceLock<Vec<(String, Vec<u8>)>> = OnceLock::new();
    FILES.get_or_init(|| {
        let project = project();
        project.dbscript(&["run", "backup"]).go();
        let names = project
            .list("backups")
            .into_iter()
            .filter(|name| !name.ends_with('/'));
        let read = |name: String| {
            let bytes =
                std::fs::read(project.path().join("backups").join(&name)).expect("it is there");
            (name, bytes)
        };
        names.map(read).collect()
    })
}

/// Puts a set into the project's backups.
pub fn with_set(project: &Project) {
    for (name, bytes) in files() {
        project.file(&format!("backups/{name}"), bytes);
    }
}

/// The file of the newest set that begins so.
fn file(project: &Project, start: &str) -> String {
    let newest = timestamps(project).pop().expect("there is a set");
    let names = project.list("backups");
    let mut found = names
        .iter()
        .filter(|name| name.starts_with(start) && name.contains(&newest));
    format!("backups/{}", found.next().expect("the set has it"))
}

fn edit(project: &Project, start: &str, change: impl Fn(String) -> String) {
    let name = file(project, start);
    let text = change(project.read(&name));
    project.file(&name, text);
}

/// Changes the summary and seals it again.
fn reseal(project: &Project, from: &str, to: &str) {
    edit(project, "backup-summary", |text| {
        let (body, _) = text.rsplit_once(",\"seal\"").expect("it has a seal");
        assert!(body.contains(from), "{from} in {body}");
        let body = body.replacen(from, to, 1);
        let seal = hex::encode(Sha256::digest(&body));
        format!("{body},\"seal\":\"{seal}\"}}\n")
    });
}

/// A case on a project with a set that something is wrong with.
fn set(words: &str, code: i32, told: &[&str], harm: fn(&Project)) -> Wrong {
    wrong(words, code, told).with(with_set).with(harm)
}

const RESTORE: &str = "run restore --yes";
const VERIFY: &str = "run verify";

#[test]
fn what_is_not_there() {
    let nothing = |_: &Project| {};
    hold(&[
        wrong(
            RESTORE,
            2,
            &["there is no backup in", "dbscript run backup"],
        ),
        wrong(VERIFY, 2, &["there is no backup in", "dbscript run backup"]),
        wrong(
            "run verify --from all",
            2,
            &["there is no backup in", "dbscript run backup"],
        ),
        set(
            "run restore --yes --from 2020-01-01T00-00-00-000Z",
            2,
            &["no backup `2020-01-01T00-00-00-000Z`", "there are: 20"],
            nothing,
        ),
        set(
            "run restore --yes --tables points",
            3,
            &[
                "the table is not in the database",
                "make `points` again first, by its statements in `",
                "backups/schema-backup-20",
            ],
            |project| {
                project.sql("DROP TABLE points");
            },
        ),
        set(
            "run restore --yes --from yesterday",
            2,
            &["no backup `yesterday`", "there are: 20"],
            nothing,
        ),
        set(
            "run verify --from ../../etc",
            2,
            &["no backup `../../etc`", "there are: 20"],
            nothing,
        ),
        set(
            "run restore --yes --tables usres",
            2,
            &["no table `usres` in the backup", "there are: ", "users"],
            nothing,
        ),
    ]);
}

fn missing(project: &Project) {
    project.remove(&file(project, "users-backup"));
}

fn longer(project: &Project) {
    edit(project, "users-backup", |text| format!("{text} "));
}

fn changed(project: &Project) {
    edit(project, "users-backup", |text| {
        text.replace("name1", "nameX")
    });
}

fn other_schema(project: &Project) {
    edit(project, "schema-backup", |text| {
        text.replace("users", "usres")
    });
}

fn unsealed(project: &Project) {
    edit(project, "backup-summary", |text| {
        text.replacen("\"users\":3", "\"users\":4", 1)
    });
}

fn cut(project: &Project) {
    edit(project, "backup-summary", |text| {
        text[..text.len() / 2].to_owned()
    });
}

fn a_folder(project: &Project) {
    let name = file(project, "users-backup");
    project.remove(&name);
    std::fs::create_dir(project.path().join(name)).expect("it is ours");
}

fn restore(told: &[&str], harm: fn(&Project)) -> Wrong {
    set(RESTORE, 5, told, harm)
}

fn verify(told: &[&str], harm: fn(&Project)) -> Wrong {
    set(VERIFY, 5, told, harm)
}

#[test]
fn damage() {
    let damaged = ["is damaged", "users-backup-", "--tables"];
    hold(&[
        restore(&[&damaged[..], &["is missing"]].concat(), missing),
        restore(
            &[&damaged[..], &["bytes, and the summary says"]].concat(),
            longer,
        ),
        restore(&[&damaged[..], &["SHA-256"]].concat(), changed),
        restore(&[&damaged[..], &["is not a file"]].concat(), a_folder),
        restore(
            &["is damaged", "schema-backup-", "SHA-256", "--tables"],
            other_schema,
        ),
        restore(
            &[
                "backup-summary-",
                "its seal does not match",
                "fetch the file again",
            ],
            unsealed,
        ),
        restore(
            &[
                "backup-summary-",
                "not a complete summary",
                "fetch the file again",
            ],
            cut,
        ),
        set(
            "run restore --yes --tables users",
            5,
            &["is damaged", "users-backup-", "SHA-256"],
            changed,
        ),
        set(
            "run restore --yes --from <timestamp>",
            5,
            &["is damaged", "is missing"],
            missing,
        ),
    ]);
}

#[test]
fn damage_as_verify_tells_it() {
    hold(&[
        verify(
            &["1 problem", "users-backup-", "is missing", "back up now"],
            missing,
        ),
        verify(&["users-backup-", "bytes, and the summary says"], longer),
        verify(&["users-backup-", "SHA-256"], changed),
        verify(&["schema-backup-", "SHA-256"], other_schema),
        verify(&["backup-summary-", "its seal does not match"], unsealed),
        verify(&["backup-summary-", "not a complete summary"], cut),
    ]);
}

#[test]
fn sets_of_elsewhere() {
    hold(&[
        set(
            RESTORE,
            5,
            &["format 2", "reads format 1", "upgrade dbscript"],
            |project| reseal(project, "\"format\":1", "\"format\":2"),
        ),
        set(VERIFY, 5, &["format 2", "reads format 1"], |project| {
            reseal(project, "\"format\":1", "\"format\":2")
        }),
        set(
            RESTORE,
            2,
            &["is of a postgres database", "into sqlite", "--database-url"],
            |project| {
                reseal(
                    project,
                    "\"engine\":\"sqlite\",\"version\"",
                    "\"engine\":\"postgres\",\"version\"",
                );
            },
        ),
        set(RESTORE, 5, &["backup-summary-"], |project| {
            reseal(project, "users-backup-", "../users-backup-")
        }),
        set(
            RESTORE,
            5,
            &["says it is of 20", "backup-summary-"],
            |project| {
                let name = file(project, "backup-summary");
                let text = project.read(&name);
                project.file("backups/backup-summary-2099-01-01T00-00-00-000Z.json", text);
            },
        ),
        set(RESTORE, 4, &["no database at", "none.db"], |_| {}).url("sqlite://none.db"),
        set(
            "run restore --yes --tables comments",
            3,
            &["`comments` would have", "users"],
            |project| {
                project
                    .sql("DELETE FROM comments; DELETE FROM points; DELETE FROM achievements; DELETE FROM users");
            },
        )
        .leaves(super::Leaves::Sets),
        set(
            "run restore --yes --tables users",
            3,
            &["`users` cannot take the rows", "without `--tables`"],
            |project| {
                project.sql("ALTER TABLE users ADD COLUMN extra TEXT");
            },
        ),
        set(
            "run restore --from yesterday",
            2,
            &["the database URL's password", "percent-encode it"],
            |_| {},
        )
        .url(&format!("postgres://u:a#{SECRET}@127.0.0.1:1/app")),
    ]);
}

#[test]
fn a_damaged_set_is_never_passed_over_for_an_older_one() {
    let project = project();
    with_set(&project);
    let old = timestamps(&project).pop().expect("a set");
    project.dbscript(&["run", "backup"]).go();
    project.sql("UPDATE users SET email = 'new'");
    let before = project.hash();
    let harms: [fn(&Project); 3] = [changed, longer, missing];
    for harm in harms {
        harm(&project);
        let run = project
            .dbscript(&["run", "restore", "--yes"])
            .status(5)
            .go();
        assert_eq!(project.hash(), before, "{}", run.told());
        let hint = format!("dbscript run restore --from {old}");
        assert!(run.stderr.contains(&hint), "{}", run.told());
    }
    project
        .dbscript(&["run", "restore", "--yes", "--from", &old])
        .go();
    assert_eq!(
        project.value("SELECT count(*) FROM users WHERE email = 'new'"),
        "0"
    );
}

#[test]
fn a_script_is_not_given_an_older_set_for_a_damaged_latest_one() {
    let project = project();
    let script = "const NEEDS = [];\nfn main() { #{ latest: backup::latest()?.timestamp } }\n";
    project.file("scripts/mine.rhai", script);
    let words = ["run", "mine", "--json"];
    let found = |run: Finished| run.result()["latest"].clone();
    assert!(found(project.dbscript(&words).go()).is_null());
    with_set(&project);
    let old = timestamps(&project).pop().expect("a set");
    assert_eq!(found(project.dbscript(&words).go()), old);
    project.dbscript(&["run", "backup"]).go();
    missing(&project);
    let run = project.dbscript(&words).status(5).go();
    let hint = format!("dbscript run restore --from {old}");
    assert!(run.end()["error"]["hint"].to_string().contains(&hint));
}
