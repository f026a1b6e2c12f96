//! The copies of a database that rehearsals make on its server: what proves that one is ours, whether it is in use, and
//! what people are told of it.
//!
//! A copy's name ends with a digest of what it is a copy of, which nobody writes by chance. Whoever makes one holds a
//! lock on the server, from before the copy is there until it is gone, on a connection that ends with the run, however
//! that ends. So a copy with the right digest whose lock is free was left behind by a run that was cut off.

use sha2::{Digest, Sha256};
use sqlx::{Connection, MySqlConnection, PgConnection};

use crate::db::server::Server;
use crate::db::{Error, Result};
use crate::event::{Event, Level, Sink, counted};

/// A copy that was just made.
pub(in crate::db) struct Made {
    /// Where it is.
    pub(in crate::db) server: Server,
    /// What keeps it from being taken for one that was left behind; `None` where no session lasts that long.
    pub(in crate::db) hold: Option<Hold>,
}

/// The connection that holds the lock of a copy.
#[derive(Debug)]
pub(in crate::db) enum Hold {
    /// To PostgreSQL.
    Postgres(PgConnection),
    /// To MySQL or MariaDB.
    Mysql(MySqlConnection),
}

impl Hold {
    /// Gives the lock back.
    pub(in crate::db) async fn release(self) {
        // The server gives it back in any case: this only spares it a line in its log.
        let _ = match self {
            Hold::Postgres(connection) => connection.close().await,
            Hold::Mysql(connection) => connection.close().await,
        };
    }
}

/// Who uses a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// The run that made it: it is going on.
    Maker,
    /// So many sessions, of others.
    Others(u64),
    /// Nobody.
    Nobody,
    /// It cannot be known, nor whether it is a copy of ours at all.
    Unknown,
}

impl Use {
    /// By these sessions, where its maker is gone.
    pub(super) fn by(sessions: u64) -> Use {
        match sessions {
            0 => Use::Nobody,
            sessions => Use::Others(sessions),
        }
    }
}

/// Random letters, two a byte, for the name of a database.
pub(super) fn random<const BYTES: usize>() -> Result<String> {
    let mut random = [0; BYTES];
    getrandom::fill(&mut random).map_err(|error| Error::File {
        action: "read random bytes from",
        path: "the operating system".to_owned(),
        source: std::io::Error::other(error.to_string()),
    })?;
    Ok(hex::encode(random))
}

/// The first bytes of a digest of these texts in this order.
pub(super) fn digest<const BYTES: usize>(texts: &[&str]) -> [u8; BYTES] {
    let mut sum = Sha256::new();
    sum.update("dbscript copy");
    for text in texts {
        // The text before cannot go on in the next one: no name holds this byte.
        sum.update([0]);
        sum.update(text);
    }
    let sum = sum.finalize();
    std::array::from_fn(|index| sum[index])
}

/// What `status` tells of a copy, with the way out. `quoted` is its name in SQL.
pub(super) fn told(name: &str, quoted: &str, used: Use) -> String {
    let way = format!(
        "the next rehearsal of `dbscript run safe-migration` removes it, or: DROP DATABASE {quoted}"
    );
    let left = format!("the database `{name}` was left by a rehearsal that was cut off");
    match used {
        Use::Maker => format!(
            "the database `{name}` is in use by a rehearsal that is going on, and goes with it"
        ),
        Use::Others(sessions) => {
            format!("{left}, and {}: once that ends, {way}", connected(sessions))
        }
        Use::Nobody => format!("{left}, and nobody uses it: {way}"),
        Use::Unknown => format!(
            "the database `{name}`: unless a run is going on now, it was left by a rehearsal that was cut off; look, then \
             DROP DATABASE {quoted}"
        ),
    }
}

/// What to say of a copy that could not be removed, or may not have been: what is left, and the way out.
pub(in crate::db) fn may_be_left(name: &str, quoted: &str) -> (String, String) {
    (
        format!("the scratch database `{name}` may still be on the server"),
        format!(
            "the next rehearsal of `dbscript run safe-migration` removes what is left, or: DROP DATABASE {quoted}"
        ),
    )
}

fn connected(sessions: u64) -> String {
    let is = if sessions == 1 { "is" } else { "are" };
    format!("{} {is} connected to it", counted(sessions, "session"))
}

/// Tells that a copy which was left behind is gone, or stays and why.
pub(super) fn tell_cleared(sink: &dyn Sink, name: &str, cleared: std::result::Result<(), String>) {
    let left = format!("the database `{name}`, left by a rehearsal that was cut off,");
    let (level, message) = match cleared {
        Ok(()) => (Level::Info, format!("{left} was removed")),
        Err(why) => (Level::Warn, format!("{left} stays: {why}")),
    };
    sink.send(&Event::Log {
        level,
        message,
        data: None,
    });
}

/// Why a copy that others use stays.
pub(super) fn is_used(sessions: u64) -> std::result::Result<(), String> {
    match sessions {
        0 => Ok(()),
        sessions => Err(connected(sessions)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_tells_texts_and_their_places_apart() {
        let sum = digest::<6>(&["app", "ab"]);
        assert_eq!(sum, digest::<6>(&["app", "ab"]));
        for other in [&["appa", "b"][..], &["ab", "app"], &["app"]] {
            assert_ne!(sum, digest::<6>(other), "{other:?}");
        }
    }

    #[test]
    fn one_session_is_no_plural() {
        let left = |sessions| told("x", "\"x\"", Use::by(sessions));
        assert!(left(1).contains("1 session is connected"), "{}", left(1));
        assert!(left(2).contains("2 sessions are connected"), "{}", left(2));
        assert!(left(0).contains("nobody uses it"), "{}", left(0));
    }
}
