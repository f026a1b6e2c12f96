//! Several runs at once on one project: each does its whole work, or says why it did not.

use super::{MIGRATE, filled, with_people};
use crate::harness::databases::{Database, Said, in_every_project};
use crate::harness::{BackupSet, Finished, Project, Running, timestamps};

in_every_project!(
    backups_at_the_same_moment_are_sets_of_their_own,
    a_migration_is_applied_once_however_many_start_it,
    a_restore_waits_for_a_migration_that_is_at_work,
    two_restores_at_once_leave_one_whole_state,
);

fn backups_at_the_same_moment_are_sets_of_their_own(project: Project) {
    let project = filled(project, 500);
    let backup = ["run", "backup", "--json"];
    let runs: Vec<Running> = (0..5).map(|_| project.dbscript(&backup).start()).collect();
    let runs: Vec<Finished> = runs.into_iter().map(Running::finish).collect();
    let mut told: Vec<String> = runs
        .iter()
        .map(|run| {
            run.result()["timestamp"]
                .as_str()
                .expect("a timestamp")
                .to_owned()
        })
        .collect();
    told.sort();
    assert_eq!(told, timestamps(&project));
    for timestamp in told {
        assert_eq!(
            BackupSet::read(&project, &timestamp).rows("users").len(),
            500
        );
    }
    assert_eq!(project.list("backups/runs").len(), 5);
}

fn a_migration_is_applied_once_however_many_start_it(first: Project) {
    let second = first.another();
    for (project, rehearse) in [(first, "full"), (second, "off")] {
        let project = filled(project, 500);
        project.file(
            "migrations/0004_once.sql",
            "CREATE TABLE once (a INTEGER); INSERT INTO once VALUES (1);",
        );
        let words = [&MIGRATE[..], &["--rehearse", rehearse]].concat();
        // Who comes late finds nothing to do, or a database that is no longer what it looked at: both are said.
        let late = "case $? in 0|3|7) ;; *) exit 99;; esac";
        let runs: Vec<Running> = (0..4)
            .map(|_| {
                let script = format!("\"$@\"; {late}");
                project
                    .dbscript(&words)
                    .through("sh", &["-c", &script, "sh"])
                    .start()
            })
            .collect();
        let runs: Vec<Finished> = runs.into_iter().map(Running::finish).collect();
        let applied = runs.iter().filter(|run| {
            let ends = run.events_of("end");
            ends[0]["result"]["applied"] == 1 && ends[0]["exit_code"] == 0
        });
        let told: Vec<String> = runs.iter().map(Finished::told).collect();
        assert_eq!(applied.count(), 1, "{}", told.join("\n\n"));
        assert_eq!(project.value("SELECT count(*) FROM once"), "1");
        assert_eq!(
            project.value("SELECT max(version) FROM _sqlx_migrations"),
            "4"
        );
    }
}

#[test]
fn a_restore_and_a_writer_do_not_mix() {
    let project = with_people(2_000);
    project.dbscript(&["run", "backup"]).go();
    let before = project.hash();
    let writer = project.sqlite();
    writer
        .execute_batch(
            "BEGIN IMMEDIATE; INSERT INTO comments (id, user_id, body) VALUES ('new', 'u1', 'x')",
        )
        .expect("nobody else writes");
    let restore = ["run", "restore", "--yes", "--json"];
    let run = project.dbscript(&restore).status(1).go();
    let error = run.end()["error"].clone();
    assert!(error["message"].to_string().contains("locked"), "{error}");
    assert!(!error["hint"].is_null(), "{error}");
    writer
        .execute_batch("COMMIT")
        .expect("it still has the lock");
    assert_eq!(
        project.value("SELECT count(*) FROM comments WHERE id = 'new'"),
        "1"
    );
    project
        .dbscript(&[
            "run",
            "restore",
            "--yes",
            "--from",
            &timestamps(&project)[0],
        ])
        .go();
    assert_eq!(project.hash(), before);
}

fn a_restore_waits_for_a_migration_that_is_at_work(project: Project) {
    let project = filled(project, 50);
    project.dbscript(&["run", "backup"]).go();
    let mut migration = project.holder();
    migration.sql(&migration_lock(&project));
    let before = project.hash();
    let restore = ["run", "restore", "--yes", "--json"];
    let run = project.dbscript(&restore).status(1).go();
    let error = run.end()["error"].clone();
    assert_eq!(error["code"], "locked", "{error}");
    let message = error["message"].to_string();
    assert!(message.contains("nothing was restored"), "{error}");
    if project.url().is_some() {
        assert!(
            message.contains("a migration or a restore that is at work ("),
            "{error}"
        );
    }
    assert_eq!(project.hash(), before);
    migration.sql(project.said(Said {
        sqlite: "ROLLBACK",
        postgres: "SELECT pg_advisory_unlock_all()",
        mysql: "DO RELEASE_ALL_LOCKS()",
    }));
    project.dbscript(&restore).go();
    // It is given back.
    project.dbscript(&restore).go();
}

fn two_restores_at_once_leave_one_whole_state(project: Project) {
    let project = filled(project, 200);
    project.dbscript(&["run", "backup"]).go();
    let full = project.hash();
    project.sql("DELETE FROM comments; DROP TABLE points;");
    project.dbscript(&["run", "backup"]).go();
    let little = project.hash();
    let sets = timestamps(&project);
    let runs = [&sets[0], &sets[1]].map(|set| {
        let words = ["run", "restore", "--yes", "--json", "--from", set];
        let script = "\"$@\"; case $? in 0|1|3) ;; *) exit 99;; esac";
        project
            .dbscript(&words)
            .through("sh", &["-c", script, "sh"])
            .start()
    });
    let runs = runs.map(Running::finish);
    let told: Vec<String> = runs.iter().map(Finished::told).collect();
    let told = told.join("\n\n");
    let now = project.hash();
    assert!(now == full || now == little, "{told}");
    let ends = runs.map(|run| run.events_of("end")[0].clone());
    assert!(ends.iter().any(|end| end["exit_code"] == 0), "{told}");
    for (end, state) in ends.iter().zip([full, little]) {
        let error = end["error"]["message"].to_string();
        let is_refused = error.contains("nothing was restored") && now != state;
        assert!(end["exit_code"] == 0 || is_refused, "{told}");
    }
    if project.commits_ddl() {
        let left = "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE CONCAT(DATABASE(), '_dbscript%')";
        assert_eq!(project.value(left), "0", "{told}");
    }
}

/// Takes the lock that sqlx migrates under, and on SQLite the one that every writer takes.
pub fn migration_lock(project: &Project) -> String {
    let name = project
        .url()
        .and_then(|url| url.rsplit('/').next())
        .unwrap_or_default();
    let number = 0x3d32_ad9e_i64 * i64::from(crc32(name.as_bytes()));
    project.said(Said {
        sqlite: "BEGIN IMMEDIATE".to_owned(),
        postgres: format!("SELECT pg_advisory_lock({number})"),
        mysql: format!("SELECT GET_LOCK('{number:x}', 0)"),
    })
}

/// CRC-32/ISO-HDLC, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

#[test]
fn a_migration_whose_row_is_gone_does_not_end_well() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    let project = filled(project, 5);
    project.file(
        "migrations/0004_gone.sql",
        "CREATE TABLE fine (a INTEGER);\nDELETE FROM _sqlx_migrations WHERE version = 4;\n",
    );
    let words = [
        &MIGRATE[..],
        &[
            "--rehearse",
            "off",
            "--allow",
            "delete-rows(_sqlx_migrations)",
        ],
    ]
    .concat();
    let run = project.dbscript(&words).status(7).go();
    let error = run.end()["error"].to_string();
    assert!(error.contains("went from the history"), "{error}");
}

#[test]
fn the_latest_set_is_the_same_to_verify_and_to_restore() {
    let project = with_people(3);
    project.dbscript(&["run", "backup"]).go();
    project.dbscript(&["run", "restore", "--yes"]).go();
    let sets = timestamps(&project);
    assert_eq!(sets.len(), 2);
    for words in [
        &["run", "verify", "--json"][..],
        &["run", "restore", "--plan", "--json"],
    ] {
        let run = project.dbscript(words).go();
        assert_eq!(run.result()["timestamp"], sets[0], "{}", run.told());
        assert!(
            run.told().contains(&format!("the newer {}", sets[1])),
            "{}",
            run.told()
        );
    }
}

#[test]
fn a_newer_set_of_some_tables_is_not_taken_for_the_database_and_status_marks_it() {
    let project = with_people(3);
    project.dbscript(&["run", "backup"]).go();
    project
        .dbscript(&["run", "backup", "--tables", "points"])
        .go();
    let sets = timestamps(&project);
    let status = project.dbscript(&["status", "--json"]).go().result();
    assert_eq!(status["backups"][0]["timestamp"], sets[1]);
    assert_eq!(status["backups"][0]["partial"], true);
    assert_eq!(status["backups"][1]["partial"], false);
    let whole = project
        .dbscript(&["run", "restore", "--yes", "--json"])
        .go();
    assert_eq!(whole.result()["timestamp"], sets[0]);
    let told = format!("the newer {} holds only some tables", sets[1]);
    assert!(whole.told().contains(&told), "{}", whole.told());
    let rows = project
        .dbscript(&["run", "restore", "--plan", "--json", "--tables", "points"])
        .go();
    assert_eq!(rows.result()["timestamp"], sets[1], "{}", rows.told());
    project
        .dbscript(&["run", "restore", "--plan", "--from", &sets[1]])
        .stderr_has("holds only some tables")
        .go();
}
