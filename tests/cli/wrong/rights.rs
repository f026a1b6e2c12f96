//! Rights that are missing: a file or folder that cannot be written, a role that may not read, write or create.

use dbscript::db::Engine;
use dbscript::ident::TableName;

use super::{Leaves, SECRET, Wrong, hold, wrong};
use crate::harness::Fresh;
use crate::harness::databases::{Database, Said};

/// A file system of its own on which the project cannot be written; it needs the right to mount.
const READ_ONLY: &str =
    "mount --bind . . && mount -o remount,ro,bind . . && cd \"$PWD\" && exec \"$@\"";

fn on_a_read_only_disk(words: &str, code: i32, told: &[&str]) -> Wrong {
    wrong(words, code, told).through(&["unshare", "--mount", "sh", "-c", READ_ONLY, "sh"])
}

/// Said before a backup or a rehearsal is made for it.
const TAKES_NO_WRITES: &[&str] = &["takes no writes", "or its disk is mounted read-only"];

#[test]
fn a_read_only_disk() {
    if !crate::cli::disks::may_mount() {
        return;
    }
    hold(&[
        on_a_read_only_disk(
            "run backup",
            6,
            &["backups", "Read-only", "the backup did not begin"],
        ),
        on_a_read_only_disk("run safe-migration --yes", 3, TAKES_NO_WRITES)
            .file("migrations/0004_fine.sql", "CREATE TABLE fine (a INTEGER);"),
        on_a_read_only_disk("run restore-users", 3, TAKES_NO_WRITES),
        on_a_read_only_disk("run restore --yes", 3, TAKES_NO_WRITES).with(super::sets::with_set),
    ]);
}

/// A role of its own with what it may (`ROLE`, `DATABASE` stand for the names), and its URL.
async fn role(fresh: &Fresh, name: &str, grants: Said<&str>) -> String {
    let (_, database) = fresh.url().rsplit_once('/').expect("it names a database");
    let role = format!("{name}_{database}");
    let user = fresh.said(Said {
        sqlite: String::new(),
        postgres: role.clone(),
        mysql: format!("{role}@'127.0.0.1'"),
    });
    let create = fresh.said(Said {
        sqlite: String::new(),
        postgres: format!("CREATE ROLE {role} LOGIN PASSWORD '{SECRET}'"),
        mysql: format!("CREATE USER {user} IDENTIFIED BY '{SECRET}'"),
    });
    fresh.other_program(&create).await;
    for grant in fresh
        .said(grants)
        .split(';')
        .filter(|grant| !grant.is_empty())
    {
        let grant = grant.replace("ROLE", &user).replace("DATABASE", database);
        fresh.other_program(&grant).await;
    }
    let (scheme, rest) = fresh.url().split_once("://").expect("it has a scheme");
    let (_, host) = rest.split_once('@').expect("it names a user");
    format!("{scheme}://{role}:{SECRET}@{host}")
}

/// What a reader of one table, a reader of all, and one that works in this database alone may do.
const READS_ONE: Said<&str> = Said {
    sqlite: "",
    postgres: "GRANT SELECT ON open TO ROLE",
    mysql: "GRANT SELECT ON DATABASE.open TO ROLE",
};
const READS_ALL: Said<&str> = Said {
    sqlite: "",
    postgres: "GRANT SELECT ON ALL TABLES IN SCHEMA public TO ROLE",
    mysql: "GRANT SELECT ON DATABASE.* TO ROLE",
};
const WORKS_HERE: Said<&str> = Said {
    sqlite: "",
    postgres: "GRANT ALL ON SCHEMA public TO ROLE; ALTER TABLE open OWNER TO ROLE; ALTER TABLE hidden OWNER TO ROLE",
    mysql: "GRANT ALL ON DATABASE.* TO ROLE",
};

/// A script that writes one row.
const WRITES: &str = "const NEEDS = [\"db:write\"];\n\
     fn main() { db::execute(\"INSERT INTO open VALUES (2)\") }\n";

async fn roles(fresh: Fresh) {
    for sql in [
        "CREATE TABLE open (id INTEGER PRIMARY KEY)",
        "CREATE TABLE hidden (id INTEGER PRIMARY KEY)",
        "INSERT INTO open VALUES (1)",
    ] {
        fresh.other_program(sql).await;
    }
    let one = role(&fresh, "one", READS_ONE).await;
    let all = role(&fresh, "all", READS_ALL).await;
    let here = role(&fresh, "here", WORKS_HERE).await;
    let denied = fresh.said(Said {
        sqlite: "",
        postgres: "permission denied",
        mysql: "denied",
    });
    let migrate = |words: &str, code, told: &[&str]| {
        wrong(
            &format!("run safe-migration --dir next --yes {words}"),
            code,
            told,
        )
        .file("next/1_next.sql", "CREATE TABLE fine (a INTEGER);")
        .leaves(Leaves::Sets)
    };
    let mut cases = vec![
        // MariaDB does not even say that there is another table.
        wrong(
            "run backup",
            6,
            fresh.said(Said {
                sqlite: &[],
                postgres: &["hidden", "permission denied", "grant it to the user"],
                mysql: &[
                    "may hide tables",
                    "SELECT on the whole database",
                    "EVENT ON `test_",
                ],
            }),
        )
        .url(&one)
        .leaves(Leaves::Log),
        wrong("run mine", 3, &[denied, "grant it to the user"])
            .url(&all)
            .file("scripts/mine.rhai", WRITES)
            .leaves(Leaves::Log),
        migrate(
            "",
            3,
            &["cannot create a scratch database", "--rehearse off"],
        )
        .url(&here),
        migrate("--rehearse off", 7, &[denied, "grant it to the user"]).url(&all),
    ];
    if fresh.engine() == Engine::Postgres {
        cases.extend(of_postgres(&fresh).await);
    }
    tokio::task::spawn_blocking(move || hold(&cases))
        .await
        .expect("every case holds");
    let mut reader = fresh.reader().await;
    let tables = reader.catalog().await.expect("readable").tables;
    let names: Vec<String> = tables.iter().map(|table| table.name.to_string()).collect();
    assert_eq!(names, ["hidden", "open"]);
    let rows = reader.count(&TableName::plain("open")).await;
    assert_eq!(rows.expect("readable"), 1);
}

/// A database nobody is let into, and one that is read only.
async fn of_postgres(fresh: &Fresh) -> Vec<Wrong> {
    let shut = fresh.another().await;
    let nothing = Said {
        sqlite: "",
        postgres: "REVOKE CONNECT ON database DATABASE FROM PUBLIC",
        mysql: "",
    };
    let stranger = role(&shut, "stranger", nothing).await;
    let still = fresh.another().await;
    let create = "CREATE TABLE open (id INTEGER PRIMARY KEY)";
    still.other_program(create).await;
    let guarded = fresh.another().await;
    guarded.other_program(create).await;
    let owns = Said {
        sqlite: "",
        postgres: "ALTER TABLE open OWNER TO ROLE; ALTER TABLE open ENABLE ROW LEVEL SECURITY; ALTER TABLE open FORCE ROW LEVEL SECURITY",
        mysql: "",
    };
    let owner = role(&guarded, "guarded", owns).await;
    let (_, name) = still.url().rsplit_once('/').expect("it names a database");
    let read_only = format!("ALTER DATABASE {name} SET default_transaction_read_only = on");
    still.other_program(&read_only).await;
    vec![
        wrong(
            "run backup",
            4,
            &["permission denied for database", "access to the database"],
        )
        .url(&stranger),
        wrong(
            "run backup",
            6,
            &["row-level security", "`ALTER ROLE … BYPASSRLS`"],
        )
        .url(&owner)
        .leaves(Leaves::Log),
        wrong("run mine", 3, &["read-only transaction", "may be written"])
            .url(still.url())
            .file("scripts/mine.rhai", WRITES)
            .leaves(Leaves::Log),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn of_roles() {
    for database in [Database::Postgres, Database::Mysql] {
        if let Some(fresh) = Fresh::new(database).await {
            roles(fresh).await;
        }
    }
}

/// A URL that says so is obeyed, whatever its file would take.
const FORBIDDEN: &[&str] = &["takes no writes", "`mode=ro`", "DATABASE_URL"];

#[test]
fn a_url_that_forbids_to_write() {
    let url = "sqlite://dbscript.db?mode=ro";
    let forbidden = |words, code, told| wrong(words, code, told).url(url);
    hold(&[
        forbidden("run safe-migration --yes", 3, FORBIDDEN)
            .file("migrations/0004_fine.sql", "CREATE TABLE fine (a INTEGER);"),
        forbidden("run restore-users", 3, FORBIDDEN),
        forbidden("run restore --yes", 3, FORBIDDEN).with(super::sets::with_set),
        wrong(
            "run safe-migration --yes",
            4,
            &["none.db", "forbids to make it", "`mode=ro`"],
        )
        .url("sqlite://none.db?mode=ro")
        .file("migrations/0004_fine.sql", "CREATE TABLE fine (a INTEGER);"),
        wrong(
            "run restore --yes",
            4,
            &["dbscript.db", "forbids to make it"],
        )
        .url(url)
        .with(|project| {
            super::sets::with_set(project);
            project.remove("dbscript.db");
        }),
    ]);
}

#[test]
fn a_url_that_forbids_to_write_can_be_backed_up_and_is_not_mended() {
    let project = crate::harness::Project::new();
    let url = "file:dbscript.db?mode=ro";
    let open = project.sqlite();
    open.execute_batch(
        "CREATE TABLE t (a); INSERT INTO t VALUES (1); BEGIN IMMEDIATE; PRAGMA cache_size = 1",
    )
    .expect("written");
    let backup = || {
        project
            .dbscript(&["run", "backup"])
            .env("DATABASE_URL", url)
    };
    backup().go();
    // A writer that was stopped hard, with a journal that must be played back.
    let rows = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
        INSERT INTO t SELECT i FROM n";
    open.execute_batch(rows).expect("written");
    let path = project.path();
    let files = ["dbscript.db", "dbscript.db-journal"];
    let kept = files.map(|name| std::fs::read(path.join(name)).expect("it is there"));
    drop(open);
    for (name, bytes) in files.iter().zip(&kept) {
        project.file(name, bytes);
    }
    let told = backup().status(4).go();
    assert!(
        told.told().contains("which its URL forbids"),
        "{}",
        told.told()
    );
    for (name, bytes) in files.iter().zip(&kept) {
        assert!(
            std::fs::read(path.join(name)).expect("it stays") == *bytes,
            "{name}"
        );
    }
}
