//! The schema file rebuilds a rich PostgreSQL schema: PostgreSQL's own `pg_dump` sees no difference, whether `psql` runs
//! the file in its two parts or `restore` does, into an empty database or over the one it came from.

use std::process::Command;

use super::{number, rows};
use crate::harness::databases::{Database, Fresh};
use crate::harness::{BackupSet, PASSWORD, Project, postgres_programs};

/// A schema with everything a set carries.
const RICH: &str = include_str!("postgres_schema.sql");

/// Runs one of PostgreSQL's own programs.
fn program(name: &str, arguments: &[&str]) -> String {
    let folder = postgres_programs().expect("a server of it runs");
    let output = Command::new(folder.join(name))
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(
        output.status.success(),
        "{name} {arguments:?}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("it is UTF-8")
}

/// What `pg_dump` says of a database, without what differs by chance: comments, and the order of statements, which is
/// that of their making where nothing depends on it.
fn dumped(url: &str, what: &[&str]) -> Vec<String> {
    let text = program("pg_dump", &[what, &[url]].concat());
    let mut pieces: Vec<String> = text
        .split("\n\n")
        .map(|piece| {
            let lines = piece
                .lines()
                .filter(|line| !line.starts_with("--") && !line.starts_with("\\"));
            lines.collect::<Vec<_>>().join("\n")
        })
        .filter(|piece| !piece.trim().is_empty())
        .collect();
    pieces.sort();
    pieces
}

fn assert_same(original: &Fresh, copy: &Fresh, rows_too: bool) {
    let mut whats = vec![vec!["--schema-only"]];
    if rows_too {
        whats.push(vec!["--data-only", "--rows-per-insert=1"]);
    }
    for what in whats {
        let (wanted, found) = (dumped(original.url(), &what), dumped(copy.url(), &what));
        let missing: Vec<&String> = wanted
            .iter()
            .filter(|piece| !found.contains(piece))
            .collect();
        let new: Vec<&String> = found
            .iter()
            .filter(|piece| !wanted.contains(piece))
            .collect();
        assert!(
            missing.is_empty() && new.is_empty(),
            "missing: {missing:#?}\nnew: {new:#?}"
        );
    }
}

async fn rich() -> Option<(Fresh, Project)> {
    let fresh = Fresh::new(Database::Postgres).await?;
    fresh.other_program(RICH).await;
    let project = Project::new();
    let url = fresh.url().to_owned();
    let project = tokio::task::spawn_blocking(move || {
        let backup = project.dbscript(&["run", "backup", "--json"]);
        backup.env("DATABASE_URL", &url).go();
        project
    });
    Some((fresh, project.await.expect("it runs")))
}

/// A project with a backup, and what was told of that.
async fn backup(url: String) -> (Project, String) {
    let project = Project::new();
    let done = tokio::task::spawn_blocking(move || {
        let backup = project.dbscript(&["run", "backup"]);
        let told = backup.env("DATABASE_URL", &url).go().told();
        (project, told)
    });
    done.await.expect("it runs")
}

async fn restore(project: Project, url: String) -> (Project, String) {
    let done = tokio::task::spawn_blocking(move || {
        let restore = project.dbscript(&["run", "restore", "--yes"]);
        let told = restore.env("DATABASE_URL", &url).go().told();
        (project, told)
    });
    done.await.expect("it runs")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_file_rebuilds_everything_by_psql_and_by_restore() {
    let Some((original, project)) = rich().await else {
        return;
    };
    let set = BackupSet::latest(&project);
    let file = set.summary["schema"]["file"].as_str().expect("a name");
    let text = project.read(&format!("backups/{file}"));
    let (before, after) = text
        .split_once("-- dbscript: after the rows\n")
        .expect("two parts");
    project.file("1.sql", before).file("2.sql", after);
    let by_psql = original.another().await;
    for part in ["1.sql", "2.sql"] {
        let part = project.path().join(part).display().to_string();
        program(
            "psql",
            &[
                "-X",
                "-q",
                "-v",
                "ON_ERROR_STOP=1",
                "-d",
                by_psql.url(),
                "-f",
                &part,
            ],
        );
    }
    let by_restore = original.another().await;
    let (project, told) = restore(project, by_restore.url().to_owned()).await;
    assert!(!told.contains("could not be done"), "{told}");
    assert_same(&original, &by_restore, true);
    // Rows move sequences, so only `restore` sets them: the rest is the same.
    assert_same(&by_restore, &by_psql, false);
    original
        .other_program(
            "DROP TABLE app.orders CASCADE; REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;
             CREATE TABLE later (a INTEGER); GRANT SELECT ON later TO rich_reader",
        )
        .await;
    let (_, told) = restore(project, original.url().to_owned()).await;
    assert!(!told.contains("could not be done"), "{told}");
    assert_same(&by_restore, &original, true);
    let mut session = by_restore.session().await;
    let next = rows(
        &mut session,
        "INSERT INTO app.orders (customer) VALUES (10) RETURNING id",
    )
    .await;
    assert_eq!(format!("{next:?}"), "[[Int(4)]]");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_cannot_be_given_is_named_and_the_others_are_given() {
    let Some(fresh) = Fresh::new(Database::Postgres).await else {
        return;
    };
    // Roles are the whole server's: the names are this test's alone.
    fresh
        .other_program(
            "CREATE ROLE rights_gone; CREATE ROLE rights_stays; CREATE TABLE t (id SERIAL PRIMARY KEY);
             INSERT INTO t DEFAULT VALUES; GRANT SELECT ON t TO rights_gone; GRANT INSERT ON t TO rights_stays;
             CREATE TABLE u (a INTEGER); ALTER TABLE u OWNER TO rights_gone",
        )
        .await;
    let (project, told) = backup(fresh.url().to_owned()).await;
    assert!(
        told.contains("does not hold the role `rights_gone`"),
        "{told}"
    );
    fresh
        .other_program("DROP OWNED BY rights_gone; DROP ROLE rights_gone")
        .await;
    let (_, told) = restore(project, fresh.url().to_owned()).await;
    for named in [
        "`GRANT SELECT ON TABLE public.t TO rights_gone`",
        "and 1 more",
        "role \"rights_gone\" does not exist",
    ] {
        assert!(told.contains(named), "{named} in {told}");
    }
    let mut session = fresh.session().await;
    let given = "SELECT count(*) FROM pg_class WHERE relname = 't' AND has_table_privilege('rights_stays', oid, 'INSERT')";
    assert_eq!(number(&mut session, given).await, 1);
    let next = rows(&mut session, "INSERT INTO t DEFAULT VALUES RETURNING id").await;
    assert_eq!(format!("{next:?}"), "[[Int(2)]]");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_who_is_no_superuser_restores_without_a_word_of_rights() {
    let Some(fresh) = Fresh::new(Database::Postgres).await else {
        return;
    };
    let database = fresh.target().name().to_owned();
    fresh
        .other_program(&format!(
            "CREATE ROLE rights_reads; CREATE ROLE rights_owner LOGIN PASSWORD '{PASSWORD}';
             ALTER DATABASE {database} OWNER TO rights_owner; SET ROLE rights_owner;
             CREATE SCHEMA mine; CREATE TABLE mine.t (id SERIAL PRIMARY KEY); INSERT INTO mine.t DEFAULT VALUES;
             CREATE TABLE t (a INTEGER REFERENCES mine.t); GRANT SELECT ON t TO rights_reads;
             GRANT USAGE ON SCHEMA mine TO rights_reads;
             ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO rights_reads"
        ))
        .await;
    let url = fresh.url().replace("tester:", "rights_owner:");
    let project = Project::new();
    let saving = tokio::task::spawn_blocking({
        let url = url.clone();
        move || {
            let backup = project.dbscript(&["run", "backup"]);
            backup.env("DATABASE_URL", &url).go();
            project
        }
    });
    let project = saving.await.expect("it runs");
    let before = dumped(fresh.url(), &["--schema-only"]);
    let (_, told) = restore(project, url).await;
    assert!(!told.contains("could not be done"), "{told}");
    assert_eq!(dumped(fresh.url(), &["--schema-only"]), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_backup_holds_and_a_restore_takes_along_is_named() {
    let Some(fresh) = Fresh::new(Database::Postgres).await else {
        return;
    };
    fresh
        .other_program(
            "CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1); CREATE PUBLICATION stays FOR TABLE t;
             CREATE TABLE u (a INTEGER, b INTEGER); CREATE PUBLICATION partly FOR TABLE u (a) WHERE (a > 0);
             CREATE FUNCTION plus(INTEGER, INTEGER) RETURNS INTEGER LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2';
             CREATE AGGREGATE total (INTEGER) (SFUNC = plus, STYPE = INTEGER)",
        )
        .await;
    let (project, told) = backup(fresh.url().to_owned()).await;
    for named in [
        "`stays of public.t`",
        "does not hold the `aggregate public.total(integer)`",
    ] {
        assert!(told.contains(named), "{named} in {told}");
    }
    let (_, told) = restore(project, fresh.url().to_owned()).await;
    for named in [
        "run `ALTER PUBLICATION stays ADD TABLE t` afterwards",
        "run `ALTER PUBLICATION partly ADD TABLE u (a) WHERE ((a > 0))` afterwards",
        "publication `stays of public.t`",
        "`aggregate public.total(integer)` with it",
    ] {
        assert!(told.contains(named), "{named} in {told}");
    }
    assert!(!told.contains("the publication `stays` with it"), "{told}");
}

/// The server takes a generated column where such a trigger is there, and not the trigger where the column is.
#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_that_could_not_be_made_again_keeps_nothing_else_from_coming_back() {
    let Some(fresh) = Fresh::new(Database::Postgres).await else {
        return;
    };
    fresh
        .other_program(
            "CREATE TABLE posts (id INTEGER, title TEXT, at TIMESTAMPTZ); INSERT INTO posts VALUES (1, 'a');
             CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.at = now(); RETURN NEW; END $$;
             CREATE TRIGGER touches BEFORE UPDATE ON posts FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch();
             CREATE TRIGGER other BEFORE UPDATE ON posts FOR EACH ROW WHEN (OLD.id <> NEW.id) EXECUTE FUNCTION touch();
             COMMENT ON TRIGGER touches ON posts IS 'the time'; ALTER TABLE posts ENABLE ALWAYS TRIGGER touches;
             ALTER TABLE posts ADD COLUMN n INTEGER GENERATED ALWAYS AS (id + 1) STORED",
        )
        .await;
    let (project, told) = backup(fresh.url().to_owned()).await;
    assert!(
        told.contains("does not hold the trigger `touches on public.posts`"),
        "{told}"
    );
    fresh.other_program("DELETE FROM posts").await;
    restore(project, fresh.url().to_owned()).await;
    let mut session = fresh.session().await;
    assert_eq!(
        number(&mut session, "SELECT count(*) FROM posts WHERE n = 2").await,
        1
    );
    let triggers = "SELECT count(*) FROM pg_trigger WHERE tgname = 'other'";
    assert_eq!(number(&mut session, triggers).await, 1);
}

/// The message alone says that there is something, not what.
#[tokio::test(flavor = "multi_thread")]
async fn what_depends_on_a_table_that_is_dropped_is_named() {
    let Some(fresh) = Fresh::new(Database::Postgres).await else {
        return;
    };
    let made = "CREATE TABLE t (a INTEGER); CREATE VIEW reads AS SELECT a FROM t";
    fresh.other_program(made).await;
    let mut session = fresh.session().await;
    for sql in ["DROP TABLE t", "ALTER TABLE t ALTER a TYPE TEXT"] {
        let refused = session.run(sql).await.expect_err("a view reads it");
        assert!(refused.to_string().contains("view reads"), "{refused}");
    }
}
