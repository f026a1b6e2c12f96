//! What a stop left of the migrations that were being applied.

use crate::db::Session;
use crate::error::Error;
use crate::event::Level;
use crate::migrate::{self, Migration, WayBack};
use crate::script::host::Host;

/// A stop may meet a commit half-way; the history then says whether it is in. Where it cannot be read, nobody knows: that
/// never takes the stop's place.
pub(super) fn tell_what_is_in(host: &Host, pending: &[Migration], way_back: &WayBack) {
    let name = |migration: &Migration| format!("migration {}", migration.version);
    let recorded = match recorded(host) {
        Ok(recorded) => recorded,
        Err(error) => {
            let unknown = pending.iter().map(name);
            let unknown: Vec<String> = unknown.filter(|name| !host.has_settled(name)).collect();
            if !unknown.is_empty() {
                let why = error.chain();
                let message = format!("whether a migration is in could not be looked up: {why}");
                host.say(Level::Warn, message);
                host.note_doubt(unknown.join(", "));
            }
            return;
        }
    };
    let mut kept = host.kept();
    for migration in pending {
        let version = migration.version;
        let announces = way_back.announces(!migration.no_transaction);
        let mut known = recorded.iter().flatten();
        match known.find(|(recorded, _)| *recorded == version) {
            Some((_, true)) => host.settle_migration(migrate::Settled::applied(version)),
            Some((_, false)) if !host.has_settled(&name(migration)) => {
                host.settle_migration(begun(migration, way_back));
            }
            // The one at work, whose row was rolled back though something of it stays.
            None if announces && recorded.is_some() && std::mem::take(&mut kept) => {
                host.settle_migration(half_kept(host, migration, way_back));
            }
            // Its row is there as soon as anything of it stays.
            None if announces && recorded.is_some() => {
                host.settle_migration(migrate::Settled::nothing(migration));
            }
            _ => {}
        }
    }
}

/// The versions in the history, each with whether it is done; `None` where no session is open.
fn recorded(host: &Host) -> Result<Option<Vec<(i64, bool)>>, Error> {
    host.roll_back_all()?;
    host.mend_session(host.workplace(), async |session: &mut Session| {
        migrate::History::versions(session).await
    })
}

/// A migration whose row a statement has committed that itself was cut off.
fn begun(migration: &Migration, way_back: &WayBack) -> migrate::Settled {
    let version = migration.version;
    migrate::Settled {
        about: format!("migration {version}"),
        what: Some(format!(
            "migration {version} is recorded as begun, and whether its first statement is done is not known"
        )),
        remedy: Some(way_back.look(version, !migration.no_transaction)),
    }
}

/// A migration that was rolled back, of which tables without transactions keep something: recorded as begun, so that it
/// is not run once more.
fn half_kept(host: &Host, migration: &Migration, way_back: &WayBack) -> migrate::Settled {
    let recorded = host.mend_session(host.workplace(), async |session: &mut Session| {
        migrate::record_as_begun(session, migration).await
    });
    if let Err(error) = recorded {
        let why = error.chain();
        let message = format!("that the migration was begun could not be recorded: {why}");
        host.say(Level::Warn, message);
    }
    let version = migration.version;
    migrate::Settled {
        about: format!("migration {version}"),
        what: Some(format!(
            "migration {version} ({}) may be half done",
            migration.description
        )),
        remedy: Some(way_back.remedy(version)),
    }
}
