//! How many backups stay: `--keep`, else `[retention]` of `dbscript.toml`, else all of them.

use super::{MIGRATE, endless, with_people};
use crate::harness::{BackupSet, Project, Signal, timestamps};

fn project() -> Project {
    let project = Project::new();
    project.sql("CREATE TABLE t (a); INSERT INTO t VALUES (1)");
    project
}

#[test]
fn a_backup_leaves_the_newest_and_says_what_it_removed() {
    let project = project();
    for _ in 0..3 {
        project.dbscript(&["run", "backup"]).go();
    }
    let before = timestamps(&project);
    assert_eq!(before.len(), 3, "all stay unless something says otherwise");
    let planned = project
        .dbscript(&["run", "backup", "--keep", "2", "--plan"])
        .go();
    let would = format!("would remove {}, {}\n", before[1], before[0]);
    assert!(planned.stdout.contains(&would), "{}", planned.told());
    assert_eq!(timestamps(&project), before, "{}", planned.told());
    let run = project.dbscript(&["run", "backup", "--keep", "2"]).go();
    let removed = format!("removed {}: older than the newest 2", before[0]);
    assert!(run.stderr.contains(&removed), "{}", run.told());
    let left = timestamps(&project);
    assert_eq!(left.len(), 2, "{}", run.told());
    assert_eq!(left[0], before[2]);
    project.dbscript(&["run", "verify", "--from", "all"]).go();
}

#[test]
fn the_projects_settings_count_where_no_flag_does() {
    let project = project();
    project.file("dbscript.toml", "[retention]\nkeep_last = 1\n");
    for procedure in ["backup", "pre-migration-backup"] {
        for _ in 0..2 {
            project.dbscript(&["run", procedure]).go();
            assert_eq!(timestamps(&project).len(), 1);
        }
    }
    project
        .dbscript(&["run", "pre-migration-backup", "--keep", "2"])
        .go();
    assert_eq!(timestamps(&project).len(), 2);
}

#[test]
fn old_backups_go_though_the_history_cannot_be_read_and_that_is_told() {
    let project = project();
    for _ in 0..3 {
        project.dbscript(&["run", "backup"]).go();
    }
    project.file(
        "scripts/tidy.rhai",
        "const API = 1; const NEEDS = [\"backups\"]; fn main(args) { backup::prune(1); }",
    );
    project
        .dbscript(&["run", "tidy", "--yes"])
        .env("DATABASE_URL", "postgres://u@127.0.0.1:1/dbscript")
        .stderr_has("warning: which migration is half applied cannot be read")
        .go();
    project.file("dbscript.db", "no database at all".repeat(100));
    project
        .dbscript(&["run", "tidy", "--yes"])
        .stderr_has("warning: which migration is half applied cannot be read")
        .go();
    assert_eq!(timestamps(&project).len(), 1);
}

#[test]
fn a_backup_that_fails_costs_no_older_one() {
    let project = project();
    project.dbscript(&["run", "backup"]).go();
    let before = timestamps(&project);
    project.sql("DROP TABLE t");
    project
        .dbscript(&["run", "backup", "--keep", "1"])
        .status(6)
        .go();
    assert_eq!(timestamps(&project), before);
    project
        .dbscript(&["run", "backup", "--keep", "0"])
        .status(2)
        .go();
    project
        .file("dbscript.toml", "[retention]\nkeep_last = 0\n")
        .dbscript(&["run", "backup"])
        .status(2)
        .stderr_has("dbscript.toml:2:13")
        .go();
}

#[test]
fn a_backup_leaves_what_a_half_applied_migration_goes_back_to() {
    let project = project();
    project.file(
        "migrations/1_half.sql",
        "-- no-transaction\nALTER TABLE t ADD COLUMN b;\nINSERT INTO nowhere VALUES (1);\n",
    );
    let words = [&MIGRATE[..], &["--rehearse", "off"]].concat();
    project.dbscript(&words).status(7).go();
    let back = BackupSet::latest(&project).timestamp;
    for _ in 0..2 {
        let kept = format!("kept {back}: migration 1 is half applied");
        let run = project.dbscript(&["run", "backup", "--keep", "1"]).go();
        assert!(run.stderr.contains(&kept), "{}", run.told());
    }
    assert_eq!(timestamps(&project).len(), 2);
    project
        .dbscript(&["run", "restore", "--yes", "--from", &back])
        .go();
    let safety = BackupSet::latest(&project).timestamp;
    let run = project.dbscript(&["run", "backup", "--keep", "1"]).go();
    let left = timestamps(&project);
    assert!(!left.contains(&back), "nobody needs it any more: {left:?}");
    // The restore may have to be undone.
    assert!(left.contains(&safety) && left.len() == 2, "{left:?}");
    let kept = format!("kept {safety}: made before a restore of the last day");
    assert!(run.stderr.contains(&kept), "{}", run.told());
}

#[test]
fn a_backup_leaves_what_a_migration_at_work_goes_back_to() {
    let project = with_people(3);
    endless(&project);
    let words = [&MIGRATE[..], &["--rehearse", "off"]].concat();
    let mut migration = project.dbscript(&words).killed().start();
    migration.wait_for(&["\"event\":\"step\"", "\"name\":\"apply", "\"started\""]);
    let back = BackupSet::latest(&project).timestamp;
    let kept = format!("kept {back}: `safe-migration`, which is at work, may go back to it");
    let run = project.dbscript(&["run", "backup", "--keep", "1"]).go();
    assert!(run.stderr.contains(&kept), "{}", run.told());
    assert!(timestamps(&project).contains(&back));
    migration.signal(Signal::Kill);
    migration.finish();
    let kept = format!("kept {back}: `safe-migration`, which was killed");
    let run = project.dbscript(&["run", "backup", "--keep", "1"]).go();
    assert!(run.stderr.contains(&kept), "{}", run.told());
}
