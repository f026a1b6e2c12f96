//! What of `db` changes the database: announced in the run log first, only told under `--plan`.

use rhai::{Array, Map};

use super::{int, statement, table_name};
use crate::db::dialect::{Begin, commits_by_itself};
use crate::db::{
    self, Session, keeps_attempts_apart, limit_waits, patiently, refuse_read_only, telling,
};
use crate::error::{Error, Kind};
use crate::event::{Event, Level, counted};
use crate::hazard::mask_literals;
use crate::script::api::{Answer, Call};
use crate::script::convert::to_value;
use crate::script::fault::Thrown;
use crate::script::host::Host;
use crate::script::workplace::WorkplaceId;
use crate::value::Value;

/// Announces a statement; `false` under `--plan`, where it is only told.
fn announce(call: &Call<'_>, masked: &str, action: String) -> Result<bool, Thrown> {
    let event = Event::Statement {
        sql: masked.to_owned(),
        position: call.position(),
        rows: None,
    };
    // A database that cannot be reached is no effect: the run log is not opened for it. What lacks the right does not
    // get as far as the database.
    call.host.require("db:write")?;
    if !call.host.plan() {
        call.host
            .session(async |_: &mut Session| Ok::<_, Error>(()))?;
    }
    Ok(call.host.effect_as("db:write", action, &event)?)
}

/// Records how many rows a statement changed.
fn record(call: &Call<'_>, masked: String, rows: u64) {
    if call.host.in_scratch() {
        return;
    }
    call.host.sink().send(&Event::Statement {
        sql: masked,
        position: call.position(),
        rows: Some(rows),
    });
}

/// Writes. Where that fails outside a transaction, says what of it stays.
fn written(
    call: &Call<'_>,
    work: impl AsyncFnOnce(&mut Session) -> db::Result<u64>,
) -> Result<u64, Thrown> {
    let host = call.host;
    let place = host.workplace();
    let done = host.session(work);
    if done.is_err() && host.depth() == 0 {
        tell_kept(host, place);
    }
    Ok(done?)
}

/// Says what stays in tables without transactions of statements that failed.
fn tell_kept(host: &Host, place: WorkplaceId) {
    let kept = host.mend_session(place, async |session: &mut Session| {
        session.kept_by_rollback().await
    });
    // A connection that broke tells no more.
    host.note_kept(host.uncommitted(), false, kept.ok().flatten().flatten());
}

pub(super) fn execute(call: &Call<'_>) -> Answer {
    let (sql, params) = statement(call)?;
    let engine = call.host.target().engine();
    if call.host.depth() > 0
        && let Some(statement) = commits_by_itself(engine, &sql)
    {
        return Err(db::Error::CommitsByItself { statement }.into());
    }
    let masked = mask_literals(engine, &sql);
    if !announce(call, &masked, format!("run `{masked}`"))? {
        return Ok(0_i64.into());
    }
    let changed = written(call, async |session: &mut Session| {
        session.execute(&sql, &params).await
    })?;
    record(call, masked, changed);
    Ok(int(changed))
}

pub(super) fn insert(call: &Call<'_>) -> Answer {
    let table = table_name(call, &call.text(0))?;
    let (columns, rows) = columns_and_rows(call.array(1))?;
    if rows.is_empty() {
        return Ok(0_i64.into());
    }
    let engine = call.host.target().engine();
    let quoted = |name: &String| engine.quote(name);
    let masked = format!(
        "INSERT INTO {} ({}) VALUES ({})",
        engine.quote_table(&table),
        columns.iter().map(quoted).collect::<Vec<_>>().join(", "),
        vec!["?"; columns.len()].join(", ")
    );
    let count = rows.len();
    // How many get in is not known before, and many calls are told as one.
    let action = match call.host.plan() {
        true => format!("insert {} into `{table}`", counted(count, "row")),
        false => format!("insert rows into `{table}`"),
    };
    if !announce(call, &masked, action)? {
        return Ok(int(count as u64));
    }
    let sink = call.host.sink();
    let inserted = written(call, async |session: &mut Session| {
        // For a row at a time that would be slow.
        if count == 1 || !keeps_attempts_apart(session) {
            return session.insert_many(&table, &columns, rows).await;
        }
        patiently(session, sink, &format!("`{table}`"), async |session| {
            session.insert_many(&table, &columns, rows.clone()).await
        })
        .await
    })?;
    record(call, masked, inserted);
    Ok(int(inserted))
}

/// The columns of the first row, and every row's values in that order.
fn columns_and_rows(maps: Array) -> Result<(Vec<String>, Vec<Vec<Value>>), Thrown> {
    let mut columns: Vec<String> = Vec::new();
    let mut rows = Vec::with_capacity(maps.len());
    for (index, map) in maps.into_iter().enumerate() {
        let number = index + 1;
        let Some(map) = map.try_cast::<Map>() else {
            return Err(Error::new(Kind::Script, format!("row {number} is not a map")).into());
        };
        if index == 0 {
            columns = map.keys().map(ToString::to_string).collect();
        }
        let same = map.len() == columns.len()
            && map
                .keys()
                .zip(&columns)
                .all(|(key, column)| key.as_str() == column);
        if !same || columns.is_empty() {
            return Err(Error::new(
                Kind::Script,
                format!("row {number} has other columns than the first"),
            )
            .hint("give every row the same keys; `()` is NULL")
            .into());
        }
        let values = map.into_values().map(to_value);
        rows.push(values.collect::<Result<Vec<_>, _>>()?);
    }
    Ok((columns, rows))
}

pub(super) fn transaction(call: &Call<'_>) -> Answer {
    let host = call.host;
    let work = call.closure(0)?;
    let mode = if host.writes() {
        Begin::Write
    } else {
        Begin::Read
    };
    let may_write = host.require("db:write").is_ok();
    host.session(async |session: &mut Session| {
        if session.depth() == 0 {
            if may_write {
                refuse_read_only(session).await?;
            }
            limit_waits(session).await?;
        }
        telling(host.sink(), "the database", session.begin(mode)).await
    })?;
    let place = host.workplace();
    let mark = host.uncommitted();
    let result = call.run(&work, Vec::new()).and_then(|value| {
        // Of statements whose errors were caught; the commit ends what is known of them.
        tell_kept(host, place);
        host.finish_session(async |session: &mut Session| session.commit().await)?;
        Ok(value)
    });
    match result {
        Ok(value) => {
            if host.depth() == 0 {
                host.note_commit();
            }
            Ok(value)
        }
        Err(thrown) => match host.undo(place, mark) {
            Ok(true) => Err(thrown),
            Ok(false) => Err(thrown.not_rolled_back()),
            Err(error) => {
                // The connection is closed at the end of the run, which rolls back whatever is left.
                host.say(Level::Warn, format!("cannot roll back: {}", error.chain()));
                Err(thrown)
            }
        },
    }
}
