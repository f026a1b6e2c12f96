//! Everything that is created by a statement of its own, each with that statement.

use super::state::State;
use super::{ddl, details};
use crate::db::Result;

/// An object and the SQL that creates it.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    /// Its catalog and number there.
    pub(super) id: (String, u32),
    /// `table`, `view`, `enum` …
    pub(super) kind: String,
    pub(super) schema: String,
    pub(super) name: String,
    /// The table it hangs on.
    pub(super) table: Option<(String, String)>,
    pub(super) sql: String,
    /// Its turn among those that could be created next.
    pub(super) rank: u8,
    /// Whether rows need it.
    pub(super) before: bool,
    /// Whether it is one of the catalog's objects.
    pub(super) listed: bool,
    /// What it needs that `pg_depend` does not say.
    pub(super) needs: Vec<(String, u32)>,
}

/// Reads all of them.
pub(super) async fn read(state: &mut State) -> Result<Vec<Node>> {
    let version = state.connection.server_version_num().unwrap_or(0);
    let mut nodes = Vec::new();
    for source in ddl::SOURCES.iter().chain(details::SOURCES) {
        if version < source.since {
            continue;
        }
        for row in state.texts(source.sql).await? {
            let mut row = row.into_iter();
            let mut next = || row.next().flatten();
            let (class, oid) = (next().unwrap_or_default(), next().unwrap_or_default());
            let kind = next().unwrap_or_default();
            let schema = next().unwrap_or_default();
            let name = next().unwrap_or_default();
            let table = next().zip(next());
            let sql = next().unwrap_or_default();
            let needs = next().and_then(|oid| oid.parse().ok());
            nodes.push(Node {
                id: (class, oid.parse().unwrap_or(0)),
                before: source.before,
                listed: source.listed,
                kind,
                schema,
                name,
                table,
                sql,
                rank: source.rank,
                needs: needs
                    .map(|oid| ("pg_class".to_owned(), oid))
                    .into_iter()
                    .collect(),
            });
        }
    }
    Ok(nodes)
}
