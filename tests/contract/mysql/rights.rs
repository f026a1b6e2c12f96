//! Users with few rights, and sessions with a mode of their own.

use dbscript::db::Begin;

use super::{client, for_user, name};
use crate::contract::{number, rows};
use crate::harness::databases::{Database, Fresh};
use crate::harness::{PASSWORD, Project, timestamps};

/// The URL of a user who may do everything with the database, and with those of ours beside it where `beside`.
pub(super) fn limited(fresh: &Fresh, user: &str, beside: bool) -> String {
    let database = name(fresh.url());
    let user = format!("{user}_{}", &database[5..]);
    let pattern = database.replace('_', "\\_");
    let mut sql = format!(
        "CREATE USER {user}@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';
         GRANT ALL ON `{pattern}`.* TO {user}@'127.0.0.1';"
    );
    if beside {
        sql.push_str(&format!(
            "GRANT ALL ON `{pattern}\\_dbscript\\_%`.* TO {user}@'127.0.0.1';"
        ));
    }
    client(fresh.url(), &sql);
    for_user(fresh.url(), &user)
}

/// The statement that gives a user of [`limited`] the databases beside this one, as it can be run.
pub(super) fn grant_beside(fresh: &Fresh, user: &str) -> String {
    let database = name(fresh.url());
    let pattern = database.replace('_', "\\_");
    let user = format!("'{user}_{}'@'127.0.0.1'", &database[5..]);
    format!("GRANT ALL ON `{pattern}\\_dbscript\\_%`.* TO {user}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rich_schema_comes_back_in_every_mode_of_the_server() {
    let Some(fresh) = Fresh::new(Database::Mysql).await else {
        return;
    };
    let mut session = fresh.session().await;
    if session.info().await.expect("it answers").engine != "mariadb" {
        return;
    }
    // Run for users without rights over the server: the others' sessions stay as they are.
    client(
        fresh.url(),
        "SET GLOBAL init_connect = \"SET SESSION sql_mode = CASE
           WHEN USER() LIKE 'ansi%' THEN 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,PAD_CHAR_TO_FULL_LENGTH'
           WHEN USER() LIKE 'trad%' THEN 'TRADITIONAL' WHEN USER() LIKE 'loose%' THEN ''
           ELSE @@SESSION.sql_mode END\";",
    );
    for mode in ["ansi", "trad", "loose"] {
        let fresh = fresh.another().await;
        let url = limited(&fresh, mode, true);
        let rich: Vec<&str> = super::schema::RICH
            .lines()
            .filter(|line| !line.contains("`nobody here`"))
            .collect();
        let rich = rich.join("\n").replace("THIS_DATABASE", name(&url));
        client(
            &url,
            &format!(
                "SET sql_mode = 'NO_ENGINE_SUBSTITUTION';\n{rich}
                 CREATE TABLE padded (c CHAR(9)); INSERT INTO padded VALUES ('x');"
            ),
        );
        let was = super::schema::dump(&fresh);
        let project = Project::new();
        let go = |words: &[&str]| project.dbscript(words).env("DATABASE_URL", &url).go();
        go(&["run", "backup"]);
        let padded = project.list("backups");
        let padded = padded.iter().find(|file| file.starts_with("padded-"));
        let padded = project.read(&format!("backups/{}", padded.expect("it is in the set")));
        assert!(padded.contains("{\"c\":\"x\"}"), "{padded}");
        client(&url, "DELETE FROM child; DROP VIEW b;");
        let set = timestamps(&project).remove(0);
        go(&["run", "restore", "--yes", "--from", &set]);
        super::schema::assert_same(&was, &super::schema::dump(&fresh));
    }
    assert_eq!(rows(&mut session, "SELECT 1").await.len(), 1);
}

/// Refused before anything changes, with the way out; and that way leads out.
async fn no_rehearsal_without_the_right(fresh: &Fresh, url: &str, grant: &str) {
    let project = Project::new();
    project.file("migrations/0001_more.sql", "CREATE TABLE more (id INT)");
    let migrate = |words: &[&str]| {
        let words = [&["run", "safe-migration", "--yes"], words].concat();
        project.dbscript(&words).env("DATABASE_URL", url)
    };
    let words: &[&[&str]] = match fresh.engine() {
        dbscript::db::Engine::Postgres => &[&[]],
        _ => &[&["--plan"], &[]],
    };
    for words in words {
        migrate(words)
            .status(3)
            .stderr_has("cannot create a scratch database beside")
            .stderr_has(grant)
            .stderr_has("--rehearse off")
            .go();
    }
    let mut session = fresh.session().await;
    let made = "SELECT COUNT(*) FROM information_schema.tables
                WHERE table_name IN ('more', '_sqlx_migrations') AND table_schema IN ('public', DATABASE())";
    let made = match fresh.engine() {
        dbscript::db::Engine::Postgres => made.replace("DATABASE()", "'public'"),
        _ => made.to_owned(),
    };
    assert_eq!(number(&mut session, &made).await, 0);
    migrate(&["--rehearse", "off"])
        .stderr_has("not rehearsed")
        .go();
    assert_eq!(number(&mut session, &made).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_rehearsal_on_mariadb_without_the_right_to_a_scratch_database() {
    let Some(fresh) = Fresh::new(Database::Mysql).await else {
        return;
    };
    fresh
        .other_program("CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1)")
        .await;
    let url = limited(&fresh, "few", false);
    no_rehearsal_without_the_right(&fresh, &url, &grant_beside(&fresh, "few")).await;
    let project = Project::new();
    project.file("migrations/0001_next.sql", "CREATE TABLE next (id INT)");
    client(fresh.url(), "DROP TABLE _sqlx_migrations");
    client(fresh.url(), &grant_beside(&fresh, "few"));
    for words in [&["--plan"][..], &[]] {
        project
            .dbscript(&[&["run", "safe-migration", "--yes"], words].concat())
            .env("DATABASE_URL", &url)
            .go();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_rehearsal_on_postgres_without_the_right_to_a_scratch_database() {
    let Some(fresh) = Fresh::new(Database::Postgres).await else {
        return;
    };
    let database = name(fresh.url());
    let role = format!("few_{database}");
    fresh
        .other_program(&format!(
            "CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1);
             CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'; ALTER TABLE t OWNER TO {role};
             GRANT ALL ON SCHEMA public TO {role}"
        ))
        .await;
    let url = fresh.url().replace("tester", &role);
    no_rehearsal_without_the_right(&fresh, &url, "CREATEDB").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_cannot_talk_itself_into_writing() {
    let Some(fresh) = Fresh::new(Database::Mysql).await else {
        return;
    };
    fresh.other_program("CREATE TABLE t (a INTEGER)").await;
    let mut reader = fresh.reader().await;
    for attempt in [
        "SET SESSION TRANSACTION READ WRITE",
        "START TRANSACTION READ WRITE",
        "EXECUTE IMMEDIATE 'SET SESSION TRANSACTION READ WRITE'",
        "/*!50000SET*/ SESSION TRANSACTION READ WRITE",
        "BEGIN NOT ATOMIC SET SESSION TRANSACTION READ WRITE; END",
        "COMMIT",
    ] {
        for in_transaction in [false, true] {
            if in_transaction {
                reader.begin(Begin::Read).await.expect("it begins");
            }
            assert!(reader.execute(attempt, &[]).await.is_err(), "{attempt}");
            for write in [
                "INSERT INTO t VALUES (1)",
                "EXECUTE IMMEDIATE 'INSERT INTO t VALUES (1)'",
            ] {
                assert!(reader.execute(write, &[]).await.is_err(), "{attempt}");
            }
            reader.rollback_all().await.expect("it ends");
        }
    }
    let mut session = fresh.session().await;
    assert_eq!(number(&mut session, "SELECT count(*) FROM t").await, 0);
}

/// A view that may not be shown keeps its user from a backup, not from the state of the migrations.
#[tokio::test(flavor = "multi_thread")]
async fn the_migrations_are_told_to_who_may_not_show_views() {
    let Some(fresh) = Fresh::new(Database::Mysql).await else {
        return;
    };
    let project = Project::new();
    project.file(
        "migrations/0001_first.sql",
        "CREATE TABLE t (a INT);\nCREATE VIEW v AS SELECT a FROM t;\n",
    );
    project.file("migrations/0002_next.sql", "SELECT 1;\n");
    let mut sql = "CREATE TABLE t (a INT); CREATE VIEW v AS SELECT a FROM t;".to_owned();
    let database = name(fresh.url());
    let user = format!("looks_{}", &database[5..]);
    sql.push_str(&format!(
        "CREATE USER {user}@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';
         GRANT SELECT ON `{}`.* TO {user}@'127.0.0.1';",
        database.replace('_', "\\_")
    ));
    client(fresh.url(), &sql);
    let url = for_user(fresh.url(), &user);
    let status = project
        .dbscript(&["status", "--json"])
        .env("DATABASE_URL", &url)
        .unchecked()
        .result();
    assert_eq!(status["migrations"]["pending"], 2, "{status}");
    assert!(status["database"]["problem"].is_string(), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_on_a_routine_that_a_restore_replaces_are_told_with_what_gives_them_again() {
    let Some(fresh) = Fresh::new(Database::Mysql).await else {
        return;
    };
    let database = name(fresh.url());
    let web = format!("`call_{}`@`127.0.0.1`", &database[5..]);
    let given = format!("GRANT EXECUTE ON PROCEDURE `{database}`.`p` TO {web}");
    let made = "CREATE TABLE t (id INT PRIMARY KEY); CREATE PROCEDURE p() SELECT 1; CREATE PROCEDURE q() SELECT 1;";
    client(fresh.url(), &format!("{made} CREATE USER {web}; {given};"));
    let project = Project::new();
    let go = |words: &[&str]| project.dbscript(words).env("DATABASE_URL", fresh.url());
    let mut root = fresh.session().await;
    let held = "SELECT COUNT(*) FROM mysql.procs_priv WHERE Db = DATABASE() AND User LIKE 'call%'";
    go(&["run", "backup"]).go();
    let set = timestamps(&project).remove(0);
    let restore = ["run", "restore", "--yes", "--from", &set];
    go(&restore).stderr_lacks("GRANT").go();
    assert_eq!(
        number(&mut root, held).await,
        1,
        "what is as it is to be stays"
    );
    let other = format!("DROP PROCEDURE p; CREATE PROCEDURE p() SELECT 2; {given};");
    client(fresh.url(), &other);
    for words in [&["run", "restore", "--plan", "--from", &set][..], &restore] {
        let run = go(words).stderr_has(&given).go();
        assert!(!run.stderr.contains("`q`"), "{}", run.stderr);
    }
    assert_eq!(number(&mut root, held).await, 0);
    client(fresh.url(), &given);
    assert_eq!(number(&mut root, held).await, 1, "the way out leads out");
}
