//! Disks that are full, folders that cannot be written: exit 6, nothing half published, the database untouched.

use super::{MIGRATE, with_people};
use crate::harness::{BackupSet, Project, timestamps};

/// Runs the words on a file system of its own in `backups/`, then lists on standard error what is left there.
const ON_A_SMALL_DISK: &str = "mount -t tmpfs -o \"$OPTIONS\" tmpfs backups || exit 99
    \"$@\"
    code=$?
    find backups -type f -not -path 'backups/runs/*' -printf 'left behind: %f\\n' >&2
    exit $code";

/// Whether this user may mount; where not, the file size limit alone must do.
pub fn may_mount() -> bool {
    std::process::Command::new("unshare")
        .args(["--mount", "true"])
        .status()
        .is_ok_and(|status| status.success())
}

#[test]
fn a_full_disk_fails_the_backup_and_leaves_nothing() {
    if !may_mount() {
        return;
    }
    let project = with_people(5_000);
    project.file("backups/.keep", "");
    project.file("migrations/0004_fine.sql", "CREATE TABLE fine (a INTEGER);");
    let before = project.hash();
    for words in [&["run", "backup", "--json"][..], &MIGRATE] {
        for size in ["size=8k", "size=100k", "size=700k"] {
            let run = project
                .dbscript(words)
                .through("unshare", &["--mount", "sh", "-c", ON_A_SMALL_DISK, "sh"])
                .env("OPTIONS", size)
                .status(6)
                .stderr_lacks("left behind")
                .go();
            let error = run.end()["error"].clone();
            assert_eq!(error["kind"], "backup", "{size}: {error}");
        }
    }
    assert_eq!(project.hash(), before);
}

#[test]
fn a_read_only_disk_fails_the_backup() {
    if !may_mount() {
        return;
    }
    let project = with_people(10);
    project.file("backups/.keep", "");
    project
        .dbscript(&["run", "backup"])
        .through("unshare", &["--mount", "sh", "-c", ON_A_SMALL_DISK, "sh"])
        .env("OPTIONS", "ro")
        .status(6)
        .stderr_has("backups")
        .go();
}

#[test]
fn a_limit_on_the_size_of_files_fails_the_backup_and_leaves_nothing() {
    let project = with_people(5_000);
    let before = project.hash();
    for blocks in ["32", "256"] {
        let limit = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
        project
            .dbscript(&["run", "backup"])
            .through("sh", &["-c", &limit, "sh"])
            .status(6)
            .go();
        assert_eq!(timestamps(&project), Vec::<String>::new());
        let left: Vec<String> = project.list("backups");
        assert!(left.iter().all(|name| name == "runs/"), "{left:?}");
    }
    assert_eq!(project.hash(), before);
    project.dbscript(&["run", "backup"]).go();
    BackupSet::latest(&project);
}

#[test]
fn a_file_where_the_backups_folder_should_be_fails_the_backup() {
    let project = with_people(10);
    project.file("backups", "no folder");
    project.file("migrations/0004_fine.sql", "CREATE TABLE fine (a INTEGER);");
    let before = project.hash();
    for words in [
        &["run", "backup", "--json"][..],
        &["run", "pre-migration-backup", "--json"],
        &MIGRATE,
    ] {
        let run = project.dbscript(words).status(6).go();
        let error = run.end()["error"].to_string();
        assert!(error.contains("backups"), "{error}");
    }
    assert_eq!(project.hash(), before);
    assert_eq!(project.read("backups"), "no folder");
}

#[test]
fn a_database_without_a_table_is_no_backup() {
    let project = Project::new();
    project.sql("CREATE TABLE gone (a); DROP TABLE gone; PRAGMA user_version = 3");
    for procedure in ["backup", "pre-migration-backup"] {
        let run = project
            .dbscript(&["run", procedure, "--json"])
            .status(6)
            .go();
        assert_eq!(run.end()["error"]["kind"], "backup");
    }
    assert_eq!(timestamps(&project), Vec::<String>::new());
}

/// Runs the words where a file or folder of the project cannot be written.
const READ_ONLY: &str =
    "mount --bind \"$PLACE\" \"$PLACE\" && mount -o remount,ro,bind \"$PLACE\" || exit 99
    if [ \"$PLACE\" = data ]; then mount --bind data.db data/app.db || exit 99; fi
    exec \"$@\"";

/// Runs the words where the folder that a link lies in cannot be written.
const READ_ONLY_LINK: &str = "mount --bind links links && mount -o remount,ro,bind links || exit 99
    exec \"$@\"";

#[test]
fn a_link_in_a_folder_that_cannot_be_written_is_as_good_as_its_file() {
    if !may_mount() {
        return;
    }
    let project = with_people(10);
    project.file("migrations/0004_fine.sql", "CREATE TABLE fine (a INTEGER);");
    project.file("links/.keep", "");
    std::os::unix::fs::symlink("../dbscript.db", project.path().join("links/app.db"))
        .expect("linked");
    project
        .dbscript(&MIGRATE)
        .through("unshare", &["--mount", "sh", "-c", READ_ONLY_LINK, "sh"])
        .env("DATABASE_URL", "sqlite://links/app.db")
        .go();
}

#[test]
fn a_file_or_folder_that_cannot_be_written_is_refused_before_anything_is_done() {
    if !may_mount() {
        return;
    }
    let project = with_people(10);
    project.file("migrations/0004_fine.sql", "CREATE TABLE fine (a INTEGER);");
    project.file("data/app.db", "");
    std::fs::copy(
        project.path().join("dbscript.db"),
        project.path().join("data.db"),
    )
    .expect("copied");
    for (place, url, told) in [
        (
            "dbscript.db",
            "sqlite://dbscript.db",
            "may not write the file",
        ),
        ("data", "sqlite://data/app.db", "may not write the folder"),
    ] {
        for words in [
            &["run", "safe-migration", "--plan", "--json"][..],
            &["run", "safe-migration", "--yes", "--json"],
        ] {
            let run = project
                .dbscript(words)
                .through("unshare", &["--mount", "sh", "-c", READ_ONLY, "sh"])
                .env("PLACE", place)
                .env("DATABASE_URL", url)
                .status(3)
                .go();
            let error = run.end()["error"].clone();
            let message = error["message"].to_string();
            assert!(message.contains(told), "{place}: {error}");
            let hint = error["hint"].to_string();
            assert!(hint.contains("chmod"), "{place}: {error}");
            assert!(!hint.contains("NEEDS"), "{place}: {error}");
        }
    }
    let left = project.list("backups");
    assert!(left.iter().all(|name| name == "runs/"), "{left:?}");
}

#[test]
fn files_beside_the_database_that_cannot_be_written_are_named_before_anything_is_done() {
    if !may_mount() {
        return;
    }
    let project = with_people(10);
    project.file("migrations/0004_fine.sql", "CREATE TABLE fine (a INTEGER);");
    // What a backup as a user who may only read leaves behind.
    let open = rusqlite::Connection::open(project.path().join("dbscript.db")).expect("it opens");
    open.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE kept (a)")
        .expect("made");
    let shm = project.path().join("dbscript.db-shm");
    let read_only = std::os::unix::fs::PermissionsExt::from_mode(0o444);
    std::fs::set_permissions(&shm, read_only).expect("set");
    let run = project
        .dbscript(&["run", "safe-migration", "--yes"])
        .through("unshare", &["--mount", "sh", "-c", READ_ONLY, "sh"])
        .env("PLACE", "dbscript.db-shm")
        .status(3)
        .go();
    for said in ["may not write the file", "dbscript.db-shm'`"] {
        assert!(run.stderr.contains(said), "{}", run.told());
    }
    drop(open);
}
