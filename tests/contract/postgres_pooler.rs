//! PostgreSQL behind PgBouncer in transaction mode (`?pgbouncer=true`): what a transaction is enough for works, and leaves
//! nothing behind in the sessions that the application is lent; what needs a session goes to DIRECT_URL, or says so.

use sqlx::{ConnectOptions, Row};

use super::number;
use crate::harness::databases::{Database, Fresh};
use crate::harness::pooler::through_pooler;
use crate::harness::{PASSWORD, Project};

async fn pooled() -> Option<(Fresh, String)> {
    let fresh = Fresh::new(Database::Postgres).await?;
    let url = through_pooler(&fresh)?;
    Some((fresh, format!("{url}?pgbouncer=true&connection_limit=2")))
}

/// What the application finds in both sessions of the pool.
async fn left_behind(url: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut applications = Vec::new();
    for _ in 0..2 {
        let options: sqlx::postgres::PgConnectOptions = url
            .split('?')
            .next()
            .expect("a URL")
            .parse()
            .expect("a good URL");
        let mut application = options
            .statement_cache_capacity(0)
            .extra_float_digits(None)
            .connect()
            .await
            .expect("the pooler answers");
        let asked = "BEGIN; SELECT concat_ws(', ', current_setting('search_path'), current_setting('row_security'), \
            current_setting('default_transaction_read_only'), current_setting('intervalstyle'), current_setting('statement_timeout'))";
        let row = sqlx::raw_sql(asked).fetch_one(&mut application).await;
        found.push(row.expect("it answers").get(0));
        // Its transaction stays open, so that the next one is lent the other session.
        applications.push(application);
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn backups_and_restores_go_through_a_pooler_and_leave_nothing_behind() {
    let Some((fresh, url)) = pooled().await else {
        return;
    };
    fresh
        .other_program(
            "CREATE TABLE t (id SERIAL PRIMARY KEY, at INTERVAL); INSERT INTO t (at) SELECT '-1 day 02:00' FROM generate_series(1, 500);
             CREATE TABLE u (a INTEGER REFERENCES t); INSERT INTO u VALUES (1); CREATE VIEW v AS SELECT 1 AS one",
        )
        .await;
    let before = left_behind(&url).await;
    let form = url.clone();
    let done = tokio::task::spawn_blocking(move || {
        let project = Project::new();
        project.file(
            "scripts/ask.rhai",
            "const NEEDS = [\"db:write\"];
             fn main() {
                 let none = db::query(\"SELECT id AS a, at AS b FROM t WHERE false\");
                 db::execute(\"INSERT INTO u VALUES (2)\");
                 let streamed = 0;
                 db::transaction(|| { for row in db::rows(\"SELECT id FROM t\") { streamed += 1; } });
                 #{ none: none.len(), streamed: streamed, count: db::count(\"u\") }
             }",
        );
        let run = |words: &[&str]| {
            let words = [&["run"], words, &["--json"]].concat();
            let finished = project.dbscript(&words).env("DATABASE_URL", &form).go();
            assert!(!finished.told().contains(PASSWORD));
            finished.result()
        };
        assert_eq!(run(&["backup"])["counts"]["t"], 500);
        run(&["verify"]);
        let asked = run(&["ask"]);
        assert_eq!((&asked["none"], &asked["count"]), (&0.into(), &2.into()));
        assert_eq!(asked["streamed"], 500);
        assert_eq!(run(&["restore", "--yes"])["counts"]["u"], 1);
    });
    done.await.expect("it runs");
    assert_eq!(left_behind(&url).await, before);
    let mut session = fresh.session().await;
    assert_eq!(number(&mut session, "SELECT count(*) FROM u").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_needs_the_direct_url_and_uses_it() {
    let Some((fresh, url)) = pooled().await else {
        return;
    };
    let direct = fresh.url().to_owned();
    let done = tokio::task::spawn_blocking(move || {
        let project = Project::sample();
        let migrate = |words: &[&str]| {
            let words = [&["run", "safe-migration", "--yes", "--json"], words].concat();
            project.dbscript(&words)
        };
        let refused = migrate(&[]).env("DATABASE_URL", &url).status(3).go().told();
        for word in ["pooler", "DIRECT_URL"] {
            assert!(refused.contains(word), "{refused}");
        }
        // A URL that is typed is not joined with the variable of another.
        let typed = migrate(&["--database-url", &url]);
        typed.env("DIRECT_URL", &direct).status(3).go();
        project.file(
            ".env",
            format!("DATABASE_URL={url}\nDIRECT_URL=\"{direct}\"\n"),
        );
        assert_eq!(migrate(&[]).go().result()["applied"], 3);
        let users = project.dbscript(&["run", "restore-users", "--json"]).go();
        assert!(!users.told().contains(PASSWORD));
        // With tables there is something to rehearse, in a database that the pooler does not know.
        project.file("migrations/0004_more.sql", "CREATE TABLE more (a INTEGER)");
        assert_eq!(migrate(&[]).go().result()["applied"], 1);
        project.file(
            ".env",
            format!("DATABASE_URL={url}\nDIRECT_URL=mysql://h/d\n"),
        );
        let other = project.dbscript(&["run", "backup"]).status(2).go().told();
        assert!(other.contains("DIRECT_URL"), "{other}");
    });
    done.await.expect("it runs");
}
