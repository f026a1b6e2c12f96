//! Bodies that say themselves where their names are looked for.

use super::super::read;
use super::tell;
use crate::db::{Catalog, DatabaseInfo, Engine, Searched, Table};
use crate::hazard::action::Action;
use crate::hazard::dialect::Reading;
use crate::ident::TableName;

/// What a body does in a database with `users` in two schemas, of which `public` is searched.
fn told(body: &str) -> Vec<String> {
    let info = DatabaseInfo {
        default_schema: Some("public".to_owned()),
        searched: Searched {
            path: "public".to_owned(),
            user: "me".to_owned(),
            schemas: vec!["public".to_owned(), "app".to_owned()],
        },
        ..DatabaseInfo::default()
    };
    let tables = ["public", "app"].map(|schema| Table {
        name: TableName {
            schema: Some(schema.to_owned()),
            name: "users".to_owned(),
        },
        ..Table::default()
    });
    let catalog = Catalog {
        tables: tables.to_vec(),
        ..Catalog::default()
    };
    let reading = Reading::knowing(Engine::Postgres, &info, Some(&catalog));
    let sql = format!("DO $$ BEGIN {body} END $$");
    let mut steps = read(&reading, &sql);
    steps.retain(|step| {
        !matches!(
            step.action,
            Action::Lock(_) | Action::Call { .. } | Action::SearchPath { .. }
        )
    });
    tell(&steps, &sql)
}

#[test]
fn what_stands_behind_a_search_path_at_the_same_place_is_read_once() {
    let nested = "DO $b$ BEGIN DO $c$ BEGIN DO $d$ BEGIN DO $e$ BEGIN DROP TABLE users; END $e$; END $d$; END $c$; END $b$;";
    for (body, expected) in [
        (
            "EXECUTE format('SET search_path TO %I; DELETE FROM users', 'app');",
            vec!["EXECUTE: delete \"app\".\"users\" where every"],
        ),
        (
            "EXECUTE 'SET search_path TO app;' || 'DELETE FROM users'; DELETE FROM users;",
            vec![
                "EXECUTE: delete \"app\".\"users\" where every",
                "DELETE: delete \"app\".\"users\" where every",
            ],
        ),
        (
            "EXECUTE 'SET search_path TO app; DELETE FROM users; SET search_path TO public; DELETE FROM users';",
            vec![
                "DELETE: delete \"app\".\"users\" where every",
                "DELETE: delete \"users\" where every",
            ],
        ),
        (
            "WITH x AS (SELECT set_config('search_path', 'app', true)) DELETE FROM users;",
            vec!["DELETE: delete \"users\" where every"],
        ),
        (
            "DELETE FROM users; SET search_path TO app; DELETE FROM users; SET search_path TO public; DELETE FROM users;",
            vec![
                "DELETE: delete \"users\" where every",
                "DELETE: delete \"app\".\"users\" where every",
                "DELETE: delete \"users\" where every",
            ],
        ),
        (
            &format!("SET search_path TO app; {nested}"),
            vec![": dynamic: its body is nested too deep to be seen into"],
        ),
    ] {
        assert_eq!(told(body), expected, "{body}");
    }
}
