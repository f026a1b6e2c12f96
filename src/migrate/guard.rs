//! The last look before a commit: rows that went, rows that lost their parent.

use super::HISTORY_TABLES;
use super::meant::{Doubt, allowances};
use crate::db::{Begin, Orphans, Session};
use crate::error::{Error, Kind, Result};
use crate::event::{Event, Level, Sink, counted};
use crate::hazard;
use crate::ident::TableName;
use crate::integrity::{Change, ChangeKind, LetGo, Released};

/// What was there before the statements ran, in the same transaction: nobody else's writes are in between.
pub(super) struct Guard {
    rows: Vec<(TableName, u64)>,
    orphans: Option<Vec<Orphans>>,
}

impl Guard {
    /// Counts the tables that the statements can take rows from, unless that was allowed. No others: what changes a
    /// schema keeps its table locked until the commit, and so would a second count.
    pub(super) async fn before(
        session: &mut Session,
        texts: &[&str],
        mode: Begin,
        let_go: &[LetGo],
    ) -> Result<Guard> {
        let info = session.info().await?;
        let catalog = session.catalog().await?;
        let mut rows = Vec::new();
        for table in hazard::at_risk(session.engine(), &info, &catalog, texts) {
            if HISTORY_TABLES.contains(&table.name.as_str()) || may_lose_rows(&table, let_go) {
                continue;
            }
            let count = session.count(&table).await?;
            rows.push((table, count));
        }
        let orphans = if mode == Begin::Rebuild {
            Some(session.keep_orphans().await?)
        } else {
            None
        };
        Ok(Guard { rows, orphans })
    }

    /// Refuses what is worse now; `doubts` tell how it is allowed.
    pub(super) async fn after(&self, session: &mut Session, doubts: &[Doubt]) -> Result<()> {
        if self.rows.is_empty() {
            return self.refuse_new_orphans(session).await;
        }
        let catalog = session.catalog().await?;
        for (table, before) in &self.rows {
            if catalog.table(table).is_none() {
                // Dropped or renamed: the lint and the rehearsal judge that.
                continue;
            }
            let now = session.count(table).await?;
            if now < *before {
                let message = format!("`{table}` would lose {} of its {before} rows", before - now);
                return Err(Error::new(Kind::Migration, message)
                    .code("rows-lost")
                    .hint(how_to_allow(table, doubts)));
            }
        }
        self.refuse_new_orphans(session).await
    }

    async fn refuse_new_orphans(&self, session: &mut Session) -> Result<()> {
        match &self.orphans {
            Some(before) => refuse_orphans(session, before).await,
            None => Ok(()),
        }
    }
}

/// Refuses rows that lost their parent since those that had none before were kept.
pub(super) async fn refuse_orphans(session: &mut Session, before: &[Orphans]) -> Result<()> {
    let new = session.new_orphans(before).await?;
    let Some(found) = new.first() else {
        return Ok(());
    };
    let message = told(found, "would have");
    Err(Error::new(Kind::Migration, message).code("orphans").hint(
        "copy every row in the rebuild, or delete the rows that depend on what goes; where ON DELETE CASCADE is to take them, do that in a file of its own that leaves foreign keys on",
    ))
}

/// Tells of such rows where the migration is in: others may have written them, so that it is no failure, and neither is
/// that they cannot be looked for.
pub(super) async fn tell_orphans(
    session: &mut Session,
    before: &[Orphans],
    (version, sink): (i64, &dyn Sink),
) {
    let found = match session.new_orphans(before).await {
        Ok(found) => found,
        Err(error) => {
            sink.send(&Event::Log {
                level: Level::Warn,
                message: format!(
                    "migration {version} is in; whether it left rows without those they point to could not be asked: {error}"
                ),
                data: None,
            });
            return;
        }
    };
    for found in found {
        sink.send(&Event::Alert {
            name: "orphans".to_owned(),
            message: format!(
                "migration {version} is in, and {}: unless another program wrote them meanwhile, it took what they pointed to, and the backup has that",
                told(&found, "has by now")
            ),
            raised: false,
        });
    }
}

fn told(found: &Orphans, has: &str) -> String {
    format!(
        "`{}` {has} {} whose row of `{}` is not there ({})",
        found.table,
        counted(found.rows, "row"),
        found.parent,
        found.columns.join(", ")
    )
}

/// The way out where rows go that nobody allowed.
fn how_to_allow(table: &TableName, doubts: &[Doubt]) -> String {
    let loss = Change {
        kind: ChangeKind::Rows,
        table: table.clone(),
        column: None,
        message: String::new(),
    };
    let wanted = allowances(&[loss], doubts).unwrap_or_default();
    let wanted = wanted.first().cloned().unwrap_or_default();
    format!(
        "if that is meant, put `-- dbscript: allow {wanted}` above the statement, or pass `--allow '{wanted}'`"
    )
}

fn may_lose_rows(table: &TableName, let_go: &[LetGo]) -> bool {
    let_go.iter().any(|released| {
        matches!(released.what, Released::Rows | Released::Table)
            && released.table.eq_ignore_ascii_case(&table.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{Access, Target};

    #[tokio::test]
    async fn a_change_of_the_schema_counts_no_rows_while_it_locks() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = Target::sqlite_file(&folder.path().join("t.db"), folder.path());
        let access = Access {
            write: true,
            create: true,
            ..Access::default()
        };
        let mut session = target.connect(access).await.expect("opened");
        for sql in [
            "CREATE TABLE a (id INTEGER PRIMARY KEY)",
            "CREATE TABLE users (id INTEGER PRIMARY KEY)",
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id REFERENCES users (id) ON DELETE CASCADE)",
        ] {
            session.run(sql).await.expect(sql);
        }
        let all: &[&str] = &["orders", "users"];
        for (sql, expected) in [
            ("ALTER TABLE users ADD COLUMN x TEXT", &[][..]),
            ("CREATE INDEX by_user ON orders (user_id)", &[]),
            ("ALTER TABLE users RENAME TO people", &[]),
            ("DELETE FROM users", all),
        ] {
            let guard = Guard::before(&mut session, &[sql], Begin::Write, &[]).await;
            let guard = guard.expect("the session works");
            let counted: Vec<&str> = guard.rows.iter().map(|row| row.0.name.as_str()).collect();
            assert_eq!(counted, expected, "{sql}");
        }
        let may_go = [LetGo {
            table: "users".to_owned(),
            column: None,
            what: Released::Rows,
        }];
        let guard = Guard::before(&mut session, &["DELETE FROM users"], Begin::Write, &may_go);
        let guard = guard.await.expect("the session works");
        assert_eq!(
            guard.rows,
            [(TableName::plain("orders"), 0)],
            "the rest may not go"
        );
    }
}
