//! What is allowed of one column lets no other one go, whether rows come or go besides and whether they have a key or none.

use super::{Case, Comparison, LetGo, Released};

/// What is lost where some of it may go: columns may change, or (no name) rows go.
async fn losses(key: &str, free: &[Option<&str>], change: &[&str]) -> Vec<String> {
    let table = format!("CREATE TABLE users (id INTEGER {key}, name TEXT, version INTEGER)");
    let rows = "INSERT INTO users VALUES (1, 'ada', 1), (2, 'bob', 1), (3, 'eve', 1)";
    let mut case = Case::new(&[&table, rows]).await;
    let before = case.baseline().await;
    case.run(change).await;
    let let_go = free.iter().map(|column| LetGo {
        table: "users".to_owned(),
        column: column.map(str::to_owned),
        what: match column {
            Some(_) => Released::Values,
            None => Released::Rows,
        },
    });
    let rules = Comparison {
        let_go: let_go.collect(),
        ..Comparison::default()
    };
    let losses = case.compare(&before, &rules).await.losses;
    losses.into_iter().map(|loss| loss.message).collect()
}

const COMES: &str = "INSERT INTO users VALUES (4, 'max', 1)";
const COUNTS: &str = "UPDATE users SET version = version + 1";
const RENAMES: &str = "UPDATE users SET name = 'x' WHERE id = 1";
const GOES: &str = "DELETE FROM users WHERE id = 2";

#[tokio::test]
async fn a_column_that_may_change_hides_no_other_one_where_rows_come_or_go() {
    let version = [Some("version")];
    for key in ["PRIMARY KEY", ""] {
        let found = losses(key, &version, &[COMES, COUNTS, RENAMES]).await;
        assert_eq!(found.len(), 1, "{key}: {found:?}");
        assert!(found[0].ends_with("in `name`"), "{key}: {found:?}");
        let found = losses(key, &version, &[COUNTS, GOES]).await;
        assert_eq!(found, ["1 of 3 rows of `users` are gone"], "{key}");
    }
    let found = losses("", &version, &[COMES, COUNTS, GOES]).await;
    let told = ["id", "name"]
        .map(|column| format!("up to 3 of 3 rows of `users` have other values in `{column}`"));
    assert_eq!(found, told);
    let found = losses("PRIMARY KEY", &version, &[COMES, COUNTS, GOES]).await;
    let told = "1 of 3 rows of `users` are gone, and others came in their place";
    assert_eq!(found, [told]);
}

#[tokio::test]
async fn what_is_allowed_of_a_column_is_so_where_rows_come_as_well() {
    for key in ["PRIMARY KEY", ""] {
        for (free, change) in [
            (&[Some("version")][..], &[COMES, COUNTS][..]),
            (&[Some("version"), Some("name")], &[COMES, COUNTS, RENAMES]),
            (&[Some("version"), None], &[COMES, COUNTS, GOES]),
            (
                &[Some("version"), Some("id")],
                &[COMES, COUNTS, "UPDATE users SET id = id + 10"],
            ),
        ] {
            let found = losses(key, free, change).await;
            assert!(found.is_empty(), "{key} {change:?}: {found:?}");
        }
    }
}
