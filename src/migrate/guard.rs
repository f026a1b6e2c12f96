//! The last look before a commit: rows that went, rows that lost their parent.

use super::HISTORY_TABLES;
use crate::db::{Begin, Catalog, Orphans, Session};
use crate::error::{Error, Kind, Result};
use crate::event::counted;
use crate::ident::TableName;
use crate::integrity::{LetGo, Released};

/// What was there before the statements ran, in the same transaction: nobody else's writes are in between.
pub(super) struct Guard {
    rows: Vec<(TableName, u64)>,
    orphans: Option<Vec<Orphans>>,
}

impl Guard {
    /// Counts the tables that the statements speak of, and those that a deletion there would reach.
    pub(super) async fn before(
        session: &mut Session,
        texts: &[&str],
        mode: Begin,
    ) -> Result<Guard> {
        let catalog = session.catalog().await?;
        let mut rows = Vec::new();
        for table in touched(&catalog, texts) {
            let count = session.count(&table).await?;
            rows.push((table, count));
        }
        let orphans = if mode == Begin::Rebuild {
            Some(session.orphans().await?)
        } else {
            None
        };
        Ok(Guard { rows, orphans })
    }

    /// Refuses what is worse now.
    pub(super) async fn after(&self, session: &mut Session, let_go: &[LetGo]) -> Result<()> {
        let catalog = session.catalog().await?;
        for (table, before) in &self.rows {
            if catalog.table(table).is_none() {
                // Dropped or renamed: the lint and the rehearsal judge that.
                continue;
            }
            let now = session.count(table).await?;
            if now < *before && !may_lose_rows(table, let_go) {
                let message = format!("`{table}` would lose {} of its {before} rows", before - now);
                return Err(Error::new(Kind::Migration, message)
                    .code("rows-lost")
                    .hint(format!("if that is meant, put `-- dbscript: allow delete-rows({table})` above the statement")));
            }
        }
        self.refuse_new_orphans(session).await
    }

    async fn refuse_new_orphans(&self, session: &mut Session) -> Result<()> {
        let Some(before) = &self.orphans else {
            return Ok(());
        };
        for found in session.orphans().await? {
            let had = before
                .iter()
                .find(|known| known.table == found.table && known.columns == found.columns);
            let had = had.map_or(0, |known| known.rows);
            if found.rows > had {
                let message = format!(
                    "`{}` would have {} whose row of `{}` is not there ({})",
                    found.table,
                    counted(found.rows - had, "row"),
                    found.parent,
                    found.columns.join(", ")
                );
                return Err(Error::new(Kind::Migration, message).code("orphans").hint(
                    "copy every row in the rebuild, or delete the rows that depend on what goes",
                ));
            }
        }
        Ok(())
    }
}

fn may_lose_rows(table: &TableName, let_go: &[LetGo]) -> bool {
    let_go.iter().any(|released| {
        matches!(released.what, Released::Rows | Released::Table)
            && released.table.eq_ignore_ascii_case(&table.to_string())
    })
}

/// Tables whose names stand in the text, and all that point to them: too many rather than too few.
fn touched(catalog: &Catalog, texts: &[&str]) -> Vec<TableName> {
    let texts: Vec<String> = texts.iter().map(|text| text.to_lowercase()).collect();
    let named = |name: &TableName| {
        texts
            .iter()
            .any(|text| text.contains(&name.name.to_lowercase()))
    };
    let mut found: Vec<TableName> = Vec::new();
    let mut open: Vec<TableName> = catalog
        .tables
        .iter()
        .map(|table| table.name.clone())
        .filter(named)
        .collect();
    while let Some(table) = open.pop() {
        if found.contains(&table) || HISTORY_TABLES.contains(&table.name.as_str()) {
            continue;
        }
        open.extend(
            catalog
                .children_of(&table)
                .map(|(child, _)| child.name.clone()),
        );
        found.push(table);
    }
    found
}
