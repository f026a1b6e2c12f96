//! Sets of other databases in one folder: they are told apart, and none is taken for another.

use super::project;
use super::sets::with_set;
use crate::harness::timestamps;

/// Production's and staging's file have one name, and their sets lie in one folder.
#[test]
fn sets_of_another_file_of_the_same_name_are_not_its_own() {
    let project = project();
    let at = |place: &str, words: &[&str]| {
        let url = format!("sqlite://{place}/app.db");
        project.dbscript(&[words, &["--database-url", &url]].concat())
    };
    for place in ["prod", "staging"] {
        std::fs::create_dir(project.path().join(place)).expect("it is ours");
        let file = project.path().join(place).join("app.db");
        std::fs::copy(project.path().join("dbscript.db"), file).expect("it is ours");
    }
    at("prod", &["run", "backup"]).go();
    let of_prod = timestamps(&project)[0].clone();
    at("staging", &["run", "restore", "--yes"])
        .status(2)
        .stderr_has("there is no backup of the database `app.db` (../staging/app.db)")
        .stderr_has("the newest is of the database `app.db` (../prod/app.db)")
        .go();
    for _ in 0..2 {
        at("staging", &["run", "backup", "--keep", "1"]).go();
    }
    assert!(timestamps(&project).contains(&of_prod));
    assert_eq!(timestamps(&project).len(), 2);
    let run = at("prod", &["run", "restore", "--yes"])
        .stderr_lacks("was made of")
        .go();
    assert!(run.stdout.contains(&of_prod), "{}", run.told());
    // One that is empty is filled from its own.
    let file = project.path().join("prod").join("app.db");
    std::fs::write(&file, "").expect("it is ours");
    at("staging", &["run", "backup"]).go();
    let run = at("prod", &["run", "restore", "--yes"])
        .stderr_lacks("was made of")
        .go();
    assert!(run.stdout.contains(&of_prod), "{}", run.told());
}

#[test]
fn a_set_of_another_database_is_remarked_on_once() {
    let project = project();
    with_set(&project);
    let other = project.path().join("staging.db");
    std::fs::copy(project.path().join("dbscript.db"), other).expect("it is ours");
    let words = [
        "run",
        "restore",
        "--yes",
        "--database-url",
        "sqlite://staging.db",
    ];
    let set = timestamps(&project)[0].clone();
    project
        .dbscript(&words)
        .status(2)
        .stderr_has("there is no backup of the database `staging.db`")
        .stderr_has("name it with `--from ")
        .go();
    let words = [&words[..], &["--from", &set]].concat();
    let run = project.dbscript(&words).go();
    let remark = "was made of the database `dbscript.db`, and goes into `staging.db`";
    assert_eq!(run.stderr.matches(remark).count(), 1, "{}", run.told());
    let run = project
        .dbscript(&["run", "restore", "--yes"])
        .stderr_lacks("was made of")
        .go();
    // The newest set is now one of the other.
    assert!(run.stdout.contains(&set), "{}", run.told());
    assert!(run.stderr.contains("restore: done"), "{}", run.told());
}
