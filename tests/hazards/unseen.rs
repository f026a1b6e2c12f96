//! Losses that only the rehearsal sees: what a rule or a trigger does besides a statement. To allow one is no dead end.

use super::{database, judged, said};
use crate::harness::Fresh;
use crate::harness::databases::Database;
use dbscript::hazard::What;

const SCHEMA: &str = "
CREATE TABLE tenants (id int PRIMARY KEY);
CREATE TABLE reviews (id int PRIMARY KEY, body text);
CREATE TABLE wishlists (i int, user_id int);
INSERT INTO reviews SELECT g, 'x' FROM generate_series(1, 9) g;
INSERT INTO wishlists SELECT g, g FROM generate_series(1, 9) g;
";

#[tokio::test(flavor = "multi_thread")]
async fn an_allowance_that_names_a_table_is_passed_on_to_the_comparison() {
    let Some(fresh) = Fresh::new(Database::Postgres).await else {
        return;
    };
    let fresh = database(&fresh, SCHEMA).await;
    let rule = "CREATE RULE r AS ON INSERT TO tenants DO ALSO DELETE FROM reviews WHERE id < 5;\n";
    for (allowance, what, column) in [
        ("delete-rows(reviews)", What::Rows, None),
        ("truncate(public.reviews)", What::Rows, None),
        ("update-rows(reviews.body)", What::Values, Some("body")),
    ] {
        let sql = format!(
            "{rule}-- dbscript: allow {allowance} meant\nINSERT INTO tenants VALUES (77);\n"
        );
        let lint = judged(&fresh, &sql).await;
        assert_eq!(
            said(&lint),
            ["dynamic-sql warn", "unused-allowance warn"],
            "{allowance}"
        );
        assert!(lint.findings[1].message.contains("it is accepted"));
        let gone = &lint.let_go[0];
        assert_eq!(
            (
                gone.table.as_str(),
                gone.column.as_deref(),
                gone.what,
                gone.allowed
            ),
            ("reviews", column, what, true)
        );
    }
    // The warning itself names the rule, and so does its allowance.
    let lint = judged(&fresh, rule).await;
    assert_eq!(lint.findings[0].table.as_deref(), Some("r"));
    for (name, allowed) in [("r", true), ("other", false)] {
        let sql = format!("-- dbscript: allow dynamic-sql({name}) looked at\n{rule}");
        let lint = judged(&fresh, &sql).await;
        let found = lint
            .findings
            .iter()
            .find(|found| found.rule == "dynamic-sql");
        let found = found.expect("it is told in any case");
        assert_eq!(found.allowed.is_some(), allowed, "{name}");
    }
    // Above the rule itself it is what cannot be seen here; of a table that is not there it covers nothing.
    let sql = format!("-- dbscript: allow delete-rows(reviews) meant\n{rule}");
    assert_eq!(said(&judged(&fresh, &sql).await), ["dynamic-sql warn"]);
    let sql = "-- dbscript: allow delete-rows(revues) meant\nINSERT INTO tenants VALUES (77);\n";
    let lint = judged(&fresh, sql).await;
    assert!(lint.let_go.is_empty());
    assert!(lint.findings[0].message.contains("nothing here needs it"));
}

/// A name qualified with a schema is not the temporary table's.
#[tokio::test(flavor = "multi_thread")]
async fn a_temporary_table_shadows_only_what_is_not_qualified() {
    let Some(fresh) = Fresh::new(Database::Postgres).await else {
        return;
    };
    let fresh = database(&fresh, SCHEMA).await;
    let temporary = "CREATE TEMP TABLE wishlists (i int, user_id int);";
    for (sql, expected) in [
        (
            "DELETE FROM public.wishlists WHERE user_id < 5",
            &["delete-rows block"][..],
        ),
        ("DELETE FROM wishlists WHERE user_id < 5", &[]),
        ("DELETE FROM pg_temp.wishlists", &[]),
        ("DROP TABLE public.wishlists", &["drop-table block"]),
        (
            "DROP TABLE wishlists; DROP TABLE wishlists",
            &["drop-table block"],
        ),
        (
            "ALTER TABLE public.wishlists DROP COLUMN i",
            &["drop-column block"],
        ),
        ("TRUNCATE public.wishlists", &["truncate block"]),
        ("INSERT INTO wishlists SELECT * FROM public.wishlists", &[]),
    ] {
        let lint = judged(&fresh, &format!("{temporary} {sql}")).await;
        assert_eq!(said(&lint), expected, "{sql}: {:?}", lint.findings);
    }
}
