//! `integrity`: whether data is still what it was.

use rhai::Map;

use super::backup::{map, number, saved_set, tell_counts};
use super::{Accepts, Answer, Call, Form, Function, Namespace, no_types, required};
use crate::backup::Set;
use crate::db::{Column, Orphans, Session, Table};
use crate::error::{Error, Kind, Result};
use crate::event::Level;
use crate::ident::TableName;
use crate::integrity::{
    self, Baseline, BaselineRows, Change, Comparison, Fingerprint, Report, TableBaseline, Views,
};
use crate::migrate::HISTORY_TABLES;
use crate::script::convert::to_dynamic;
use crate::script::fault::Thrown;
use crate::script::host::{Host, IN_REHEARSAL};
use crate::value::Value;

/// The table.
pub const NAMESPACE: Namespace = Namespace {
    name: "integrity",
    doc: "Whether data is still what it was. Tables of migration histories are not compared.",
    functions: &[
        Function {
            name: "baseline",
            form: Form::Function,
            arguments: &[],
            right: None,
            doc: "Measures every table at one point in time.",
            result: "a map from table name to a map: rows, fingerprint, columns",
            errors: "`connect`, `database`",
            body: baseline,
        },
        Function {
            name: "compare",
            form: Form::Function,
            arguments: &[required(
                "before",
                Accepts::Map,
                "what `backup::create` or `integrity::baseline` returned",
            )],
            right: None,
            doc: "Compares the database with a backup or a baseline. What the last `migrate::lint` found allowed is no loss; rows that others may have moved since the backup are notes.",
            result: "a map: losses and notes (arrays of maps: kind, table, column, message, which begins with where it is), unchanged (a count of tables); nothing under `--plan`",
            errors: "`connect`, `database`, `integrity` if the backup cannot be read",
            body: compare,
        },
        Function {
            name: "orphans",
            form: Form::Function,
            arguments: &[],
            right: None,
            doc: "Finds rows whose foreign key points to nothing.",
            result: "an array of maps: table, columns, parent, rows",
            errors: "`connect`, `database`",
            body: orphans,
        },
        Function {
            name: "fingerprint",
            form: Form::Function,
            arguments: &[required("table", Accepts::Text, "the table")],
            right: None,
            doc: "Fingerprints a table: equal for the same rows in any order, and for the same rows in a backup.",
            result: "32 hex digits",
            errors: "`database` if there is no such table",
            body: fingerprint,
        },
    ],
    types: no_types,
};

async fn measure_all(target: crate::db::Target, only: Option<TableName>) -> Result<Baseline> {
    let mut snapshot = target.snapshot(1).await?;
    let tables: Vec<Table> = snapshot.catalog.tables.clone();
    let mut baseline = Baseline::default();
    let Some(reader) = snapshot.readers.first_mut() else {
        return Ok(baseline);
    };
    for table in tables
        .iter()
        .filter(|table| only.as_ref().is_none_or(|name| table.name == *name))
    {
        let columns: Vec<Column> = table.stored_columns().cloned().collect();
        let (rows, fingerprint) = integrity::measure(reader.as_mut(), table, &columns).await?;
        baseline.tables.push(TableBaseline {
            name: table.name.clone(),
            columns,
            rows,
            fingerprint,
        });
    }
    Ok(baseline)
}

fn baseline(call: &Call<'_>) -> Answer {
    let measured = call.host.wait(measure_all(call.host.target(), None))?;
    let entries = measured.tables.into_iter().map(|table| {
        let columns = table
            .columns
            .iter()
            .map(|column| column.name.clone().into())
            .collect();
        let value = map([
            ("rows", number(table.rows)),
            ("fingerprint", table.fingerprint.to_string().into()),
            ("columns", Value::List(columns)),
        ]);
        (table.name.to_string(), value)
    });
    Ok(to_dynamic(Value::Map(entries.collect())))
}

fn fingerprint(call: &Call<'_>) -> Answer {
    let name = TableName::plain(call.text(0).to_string());
    let measured = call
        .host
        .wait(measure_all(call.host.target(), Some(name.clone())))?;
    match measured.tables.first() {
        Some(table) => Ok(table.fingerprint.to_string().into()),
        None => Err(crate::db::Error::NoTable {
            table: name.to_string(),
        }
        .into()),
    }
}

fn orphans(call: &Call<'_>) -> Answer {
    let found = current_orphans(call.host)?;
    let describe = |orphans: Orphans| {
        map([
            ("table", orphans.table.to_string().into()),
            (
                "columns",
                Value::List(orphans.columns.into_iter().map(Value::Text).collect()),
            ),
            ("parent", orphans.parent.to_string().into()),
            ("rows", number(orphans.rows)),
        ])
    };
    Ok(to_dynamic(Value::List(
        found.into_iter().map(describe).collect(),
    )))
}

fn current_orphans(host: &Host) -> Result<Vec<Orphans>> {
    host.session(async |session: &mut Session| session.orphans().await)
}

fn compare(call: &Call<'_>) -> Answer {
    let host = call.host;
    if host.plan() {
        return Ok(to_dynamic(describe(Report::default(), host)));
    }
    let before = call.map(0);
    let report = if before.contains_key("timestamp") {
        let set = saved_set(call, 0)?;
        held_against(host, set.baseline(), Some(&set))?
    } else {
        held_against(host, read_baseline(&before)?, None)?
    };
    let counts: Vec<(String, u64)> = report
        .counts
        .iter()
        .map(|(name, rows)| (name.to_string(), *rows))
        .collect();
    tell_counts(host, "comparison", None, &counts);
    host.note_losses(&report.losses);
    Ok(to_dynamic(describe(report, host)))
}

fn held_against(host: &Host, mut baseline: Baseline, set: Option<&Set>) -> Result<Report> {
    let rules = Comparison {
        let_go: host.let_go(),
        others_write: match set.filter(|_| !host.in_scratch()) {
            Some(set) => host.others_wrote(set.timestamp())?,
            None => false,
        },
        history: HISTORY_TABLES.map(str::to_owned).to_vec(),
        renamed: host.renamed(),
    };
    // A set does not hold its orphans: they are known from where it was restored. Where it was not, they are not judged.
    let now = match host.known_orphans() {
        Some(known) => {
            baseline.orphans = known;
            current_orphans(host)?
        }
        None => Vec::new(),
    };
    let rows = set.map(|set| set as &dyn BaselineRows);
    let target = host.target();
    let replaced = host.replaced();
    let (mut report, objects, forgotten) = host.wait(async {
        let mut snapshot = target.snapshot(1).await?;
        let report = integrity::compare(&baseline, rows, &mut snapshot, &now, &rules).await?;
        let catalog = snapshot.catalog;
        let forgotten = replaced
            .iter()
            .filter_map(|table| table.forgotten(&catalog));
        let forgotten: Vec<String> = forgotten.collect();
        Ok::<_, Error>((report, catalog.objects, forgotten))
    })?;
    for message in forgotten {
        host.say(Level::Warn, format!("{}{message}", place(host)));
    }
    if host.in_scratch() {
        tell_behind(host)?;
    }
    if let Some(before) = host.known_broken_views() {
        let now = host.session(async |session: &mut Session| session.broken_views().await)?;
        let views = Views {
            before: &before,
            now: &now,
            objects: &objects,
            meant: &host.allowed(),
        };
        views.judge(&mut report);
    }
    Ok(report)
}

/// Says which counters the migration has left behind their columns. The live database would have to be read for it, and is
/// as the copy.
fn tell_behind(host: &Host) -> Result<()> {
    let is_plain = |letter: char| letter.is_ascii_lowercase() || "_.0123456789".contains(letter);
    for (counter, reached) in host.new_behind()? {
        let written = match counter.chars().all(is_plain) {
            true => counter.clone(),
            false => host.target().engine().quote(&counter),
        };
        let message = format!(
            "the counter `{counter}` is behind its column, which holds {reached} already: a row that draws from it is refused as a duplicate; `SELECT setval('{written}', {reached})` in the migration moves it on"
        );
        host.say(Level::Warn, format!("{}{message}", place(host)));
    }
    Ok(())
}

/// A baseline as [`baseline`] returned it.
fn read_baseline(given: &Map) -> std::result::Result<Baseline, Thrown> {
    let wrong = |name: &str| {
        Error::new(Kind::Script, format!("`{name}` is no table of a baseline"))
            .hint("pass what `integrity::baseline` returned")
    };
    let mut baseline = Baseline::default();
    for (name, value) in given {
        let table = value.read_lock::<Map>().ok_or_else(|| wrong(name))?;
        let rows = table
            .get("rows")
            .and_then(|rows| rows.as_int().ok())
            .and_then(|rows| u64::try_from(rows).ok());
        let fingerprint = table
            .get("fingerprint")
            .and_then(|text| Fingerprint::from_hex(&text.to_string()));
        let columns = table
            .get("columns")
            .and_then(|columns| columns.clone().try_cast::<rhai::Array>());
        let (Some(rows), Some(fingerprint), Some(columns)) = (rows, fingerprint, columns) else {
            return Err(wrong(name).into());
        };
        let columns = columns.into_iter().map(|name| Column {
            name: name.to_string(),
            ..Column::default()
        });
        baseline.tables.push(TableBaseline {
            name: TableName::plain(name.to_string()),
            columns: columns.collect(),
            rows,
            fingerprint,
        });
    }
    Ok(baseline)
}

/// Where a comparison looked: a person must not take the copy for the database.
fn place(host: &Host) -> String {
    match host.in_scratch() {
        true => IN_REHEARSAL.to_owned(),
        false => format!("in `{}`: ", host.target().name()),
    }
}

/// What was found, each message with where.
fn describe(report: Report, host: &Host) -> Value {
    let place = place(host);
    let list = |changes: Vec<Change>| {
        let describe = |change: Change| {
            map([
                ("kind", change.kind.name().into()),
                ("table", change.table.to_string().into()),
                ("column", change.column.map_or(Value::Null, Value::Text)),
                ("message", format!("{place}{}", change.message).into()),
            ])
        };
        Value::List(changes.into_iter().map(describe).collect())
    };
    let gone = report.gone.into_iter();
    let gone = gone
        .map(|(table, rows)| map([("table", table.to_string().into()), ("rows", number(rows))]));
    map([
        ("gone", Value::List(gone.collect())),
        ("losses", list(report.losses)),
        ("notes", list(report.notes)),
        ("unchanged", number(report.unchanged)),
    ])
}
