//! What is gone, what has changed, what has moved.

use super::changed::{self, Changed};
use super::comparison::{Comparison, Released};
use super::difference::{self, Difference, Sides};
use super::forms::{self, Retyped, Told};
use super::keyed::Key;
use super::report::{Change, ChangeKind, Report};
use super::{Baseline, BaselineRows, Fingerprint, TableBaseline, measure};
use crate::db::{Catalog, Column, Orphans, Reader, Snapshot, Table};
use crate::error::Result;
use crate::event::counted;
use crate::ident::TableName;

mod orphans;

/// Compares the database of a snapshot with a baseline.
///
/// # Errors
/// When either side cannot be read. Damage found is in the report.
pub async fn compare(
    baseline: &Baseline,
    rows: Option<&dyn BaselineRows>,
    snapshot: &mut Snapshot,
    orphans: &[Orphans],
    rules: &Comparison,
) -> Result<Report> {
    let mut judge = Judge {
        rules,
        report: Report::default(),
    };
    let Snapshot {
        catalog, readers, ..
    } = snapshot;
    let Some(reader) = readers.first_mut() else {
        return Ok(judge.report);
    };
    for before in &baseline.tables {
        if rules.history.contains(&before.name.name) {
            continue;
        }
        let table = match rules.now_called(&before.name, None) {
            // Moved to another schema it is called by that too.
            Some(name) => catalog.table(&TableName::plain(name)).or_else(|| {
                let mut tables = catalog.tables.iter();
                tables.find(|table| table.name.to_string() == name)
            }),
            None => catalog.table(&before.name),
        };
        match table {
            Some(table) => compare_table(reader.as_mut(), before, rows, table, &mut judge).await?,
            None => {
                let sides = (before, baseline, rows);
                missing_table(reader.as_mut(), sides, catalog, &mut judge).await?;
            }
        }
    }
    judge.orphans(&baseline.orphans, orphans);
    Ok(judge.report)
}

/// A table that is gone by its name may have been renamed: one that is new and holds the same rows.
async fn missing_table(
    reader: &mut dyn Reader,
    (before, baseline, rows): (&TableBaseline, &Baseline, Option<&dyn BaselineRows>),
    catalog: &Catalog,
    judge: &mut Judge<'_>,
) -> Result<()> {
    let is_new = |table: &&Table| !baseline.tables.iter().any(|known| known.name == table.name);
    for candidate in catalog.tables.iter().filter(is_new) {
        let Some(columns) = matching(&before.columns, candidate) else {
            continue;
        };
        if before.rows > 0
            && measure(reader, candidate, &columns).await? == (before.rows, before.fingerprint)
        {
            let message = format!(
                "table `{}` is now `{}`, with the same rows",
                before.name, candidate.name
            );
            judge.note(ChangeKind::Table, before, None, message);
            judge.count(candidate, before.rows);
            return Ok(());
        }
    }
    let message = format!(
        "table `{}` is gone with {}",
        before.name,
        held(before.rows, "row", rows)
    );
    if before.rows == 0 {
        judge.note(
            ChangeKind::Table,
            before,
            None,
            format!("table `{}` is gone; it was empty", before.name),
        );
    } else {
        judge.found(ChangeKind::Table, before, None, message);
    }
    Ok(())
}

/// The columns of `table` that carry all of these, if it has them all.
fn matching(columns: &[Column], table: &Table) -> Option<Vec<Column>> {
    columns
        .iter()
        .map(|column| table.column(&column.name).map(|_| column.clone()))
        .collect()
}

/// Columns of before and now that belong together.
#[derive(Default)]
struct Paired {
    then: Vec<Column>,
    /// The same as they are named now.
    now: Vec<Column>,
    /// Those that have another type.
    retyped: Vec<Retyped>,
}

/// Pairs the columns; those that are gone are found.
fn pair(
    before: &TableBaseline,
    rows: Option<&dyn BaselineRows>,
    table: &Table,
    judge: &mut Judge<'_>,
) -> Result<Paired> {
    let mut paired = Paired::default();
    for column in &before.columns {
        let name = judge.rules.now_called(&before.name, Some(&column.name));
        let name = name.unwrap_or(&column.name).to_owned();
        let form = judge.rules.form_of(&before.name, &column.name);
        if form == Some(Released::Gaps) {
            continue;
        }
        if let (Some(form), Some(now)) = (form, table.column(&name)) {
            paired.retyped.push(Retyped {
                then: column.clone(),
                now: now.clone(),
                trusted: form == Released::Form,
            });
        } else if table.column(&name).is_some() {
            paired.then.push(column.clone());
            paired.now.push(Column {
                name,
                ..column.clone()
            });
        } else {
            missing_column(before, rows, column, judge)?;
        }
    }
    Ok(paired)
}

async fn compare_table(
    reader: &mut dyn Reader,
    before: &TableBaseline,
    rows: Option<&dyn BaselineRows>,
    table: &Table,
    judge: &mut Judge<'_>,
) -> Result<()> {
    let Paired { then, now, retyped } = pair(before, rows, table, judge)?;
    let key = Key::of(table, &then, &now);
    for column in &retyped {
        let name = Some(column.then.name.as_str());
        match forms::compare(reader, (before, table), rows, column, key.as_ref()).await? {
            Some(Told::Loss(message)) => judge.found(ChangeKind::Values, before, name, message),
            Some(Told::Note(message)) => judge.note(ChangeKind::Values, before, name, message),
            None => {}
        }
    }
    if then.is_empty() {
        return Ok(());
    }
    let same_columns = then.len() == before.columns.len();
    if same_columns
        && then == now
        && measure(reader, table, &now).await? == (before.rows, before.fingerprint)
    {
        judge.report.unchanged += 1;
        judge.count(table, before.rows);
        return Ok(());
    }
    let sides = rows.map(|rows| Sides {
        before,
        rows,
        table,
        then: &then,
        now: &now,
    });
    let difference = match &sides {
        Some(sides) => difference::count(reader, sides).await?,
        None => {
            let same = same_columns && then == now;
            counted_only(before, measure(reader, table, &now).await?, same)
        }
    };
    judge.count(
        table,
        (before.rows + difference.added).saturating_sub(difference.gone),
    );
    let changed = match &sides {
        Some(sides) if difference.gone.min(difference.added) > 0 => {
            changed::columns(reader, sides, key.as_ref(), difference, judge.rules).await?
        }
        _ => Changed::unknown(&then, &before.name, judge.rules),
    };
    judge.rows(before, difference, &changed);
    Ok(())
}

/// Without the rows of before, only numbers can be compared: a fingerprint that differs is at least one value.
fn counted_only(before: &TableBaseline, now: (u64, Fingerprint), same_columns: bool) -> Difference {
    let changed = u64::from(same_columns && now.1 != before.fingerprint && now.0 == before.rows);
    Difference {
        gone: before.rows.saturating_sub(now.0) + changed,
        added: now.0.saturating_sub(before.rows) + changed,
    }
}

fn missing_column(
    before: &TableBaseline,
    rows: Option<&dyn BaselineRows>,
    column: &Column,
    judge: &mut Judge<'_>,
) -> Result<()> {
    if column.identity.as_deref() == Some("rowid") {
        // Nothing depends on these rowids any more, or the table has a key of its own now.
        return Ok(());
    }
    let values = match rows {
        Some(rows) => difference::values_of(before, rows, &column.name)?,
        // Not known, so the most it can be.
        None => before.rows,
    };
    let name = format!("{}.{}", before.name, column.name);
    if values == 0 {
        judge.note(
            ChangeKind::Column,
            before,
            Some(&column.name),
            format!("column `{name}` is gone; it held no value"),
        );
    } else {
        judge.found(
            ChangeKind::Column,
            before,
            Some(&column.name),
            format!(
                "column `{name}` is gone with {}",
                held(values, "value", rows)
            ),
        );
    }
    Ok(())
}

/// What a table or column held. A backup is older than what takes it away: others may have written since.
fn held(number: u64, what: &str, rows: Option<&dyn BaselineRows>) -> String {
    match rows {
        Some(_) => format!("the {} of the backup", counted(number, what)),
        None => format!("its {}", counted(number, what)),
    }
}

/// Sorts what is found into losses and notes.
struct Judge<'a> {
    rules: &'a Comparison,
    report: Report,
}

impl Judge<'_> {
    fn count(&mut self, table: &Table, rows: u64) {
        self.report.counts.push((table.name.clone(), rows));
    }

    fn note(
        &mut self,
        kind: ChangeKind,
        before: &TableBaseline,
        column: Option<&str>,
        message: String,
    ) {
        let change = Change {
            kind,
            table: before.name.clone(),
            column: column.map(str::to_owned),
            message,
        };
        self.report.notes.push(change);
    }

    fn found(
        &mut self,
        kind: ChangeKind,
        before: &TableBaseline,
        column: Option<&str>,
        message: String,
    ) {
        let change = Change {
            kind,
            table: before.name.clone(),
            column: column.map(str::to_owned),
            message,
        };
        let moves = matches!(
            kind,
            ChangeKind::Rows | ChangeKind::Values | ChangeKind::Written | ChangeKind::Orphans
        );
        if self.allowed(&change) || (moves && self.rules.others_write) {
            self.report.notes.push(change);
        } else {
            self.report.losses.push(change);
        }
    }

    fn rows(&mut self, before: &TableBaseline, difference: Difference, known: &Changed) {
        let Difference { gone, added } = difference;
        let (was, name) = (before.rows, &before.name);
        let changed = gone.min(added);
        if gone == 0 && added == 0 {
            self.report.unchanged += 1;
        }
        if gone > added {
            self.report.gone.push((name.clone(), gone - added));
            let message = format!("{} of {was} rows of `{name}` are gone", gone - added);
            self.found(ChangeKind::Rows, before, None, message);
        }
        let columns = &known.columns;
        if changed > 0 && columns.is_empty() && !known.is_of_rows() {
            let told = format!("{changed} of {was} rows of `{name}` have other values");
            match known.as_allowed {
                true => self.note(ChangeKind::Values, before, None, told),
                false => self.found(ChangeKind::Values, before, None, told),
            }
        }
        let stayed = changed.saturating_sub(known.replaced).max(1);
        for column in columns {
            let told =
                format!("{stayed} of {was} rows of `{name}` have other values in `{column}`");
            let told = match columns.len() {
                1 if !known.partly_free => told,
                _ => format!("up to {told}"),
            };
            self.found(ChangeKind::Written, before, Some(column), told);
        }
        if known.is_of_rows() {
            let replaced = known.replaced;
            let message = format!(
                "{replaced} of {was} rows of `{name}` are gone, and others came in their place"
            );
            self.found(ChangeKind::Rows, before, None, message);
        }
        if added > gone {
            self.note(
                ChangeKind::Added,
                before,
                None,
                format!("`{name}` has {} more", counted(added - gone, "row")),
            );
        }
    }

    fn allowed(&self, change: &Change) -> bool {
        self.rules.let_go.iter().any(|gone| gone.covers(change))
    }
}
