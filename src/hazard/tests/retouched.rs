//! Columns that a trigger sets of the rows that are changed.

use std::time::{Duration, Instant};

use super::{Lint, online};
use crate::hazard::draft::{LetGo, What};

const SCHEMA: &str = "
CREATE TABLE users (id INTEGER PRIMARY KEY, team INTEGER, city TEXT, updated_at TEXT DEFAULT CURRENT_TIMESTAMP);
CREATE TRIGGER tu AFTER UPDATE ON users BEGIN UPDATE users SET updated_at = datetime('now') WHERE id = NEW.id; END;
INSERT INTO users (id, team) VALUES (1, 1), (2, 1), (3, 2);
";

/// The columns of which only the time of the change is expected.
fn touched(lint: &Lint) -> Vec<String> {
    let touched = |gone: &&LetGo| gone.what == What::Touched;
    let columns = lint.let_go.iter().filter(touched);
    columns.filter_map(|gone| gone.column.clone()).collect()
}

/// Looked at once for each column, not once for each statement: otherwise minutes.
#[tokio::test]
async fn thousands_of_updates_of_a_table_with_such_a_trigger_are_read_in_seconds() {
    let updates =
        (0..5_000).map(|id| format!("UPDATE users SET city = 'x{id}' WHERE id = {id};\n"));
    let sql: String = updates.collect();
    let begun = Instant::now();
    let lint = online(SCHEMA, &sql).await;
    let took = begun.elapsed();
    assert_eq!(touched(&lint), ["updated_at"]);
    assert!(took < Duration::from_secs(60), "{took:?}");
}
