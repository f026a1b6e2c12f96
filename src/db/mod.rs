//! Databases: where they are ([`Target`]), a conversation with one ([`Session`]), the whole of one at one moment
//! ([`Snapshot`]), a throw-away one beside it ([`Scratch`]). The only room that knows rusqlite and sqlx.
//!
//! The rest of the program speaks in [`Value`](crate::value::Value)s, the [`catalog`], and lines of backup files
//! ([`Chunk`]); what differs between engines stands under [`dialect`].

mod broken;
pub mod catalog;
pub mod dialect;
mod engine;
mod error;
mod packed;
mod parameters;
mod patience;
mod reported;
mod row;
mod scratch;
mod server;
mod session;
mod staging;
mod target;
mod url;

pub use broken::{COMMITTED, IN_DOUBT, connection_broke};
pub use catalog::{
    Attributes, BrokenView, Catalog, Check, Column, DatabaseInfo, Drawn, ForeignKey, Index,
    NotIncluded, Object, Orphans, ROW_SECURITY, SchemaSql, Searched, Sequence, Table, Unmakeable,
    Unseen, UnusableIndex, Withheld,
};
pub use dialect::{
    Begin, Beside, Capitals, Chunk, CursorId, HALF_RESTORED, HistorySql, Lookup, NOT_RESTORED,
    Overtaken, Reader, Snapshot, refusal, refuse_read_only,
};
pub use engine::Engine;
pub use error::{
    Engine as EngineError, Error, LOCKED, NEVER_INSIDE, NO_SCHEMA, Result, TABLE_LOCKS,
};
pub use patience::{commit_telling, keeps_attempts_apart, limit_waits, patiently, telling};
pub use row::{check_line, project_line};
pub use scratch::{MayBeLeft, Scratch};
pub use session::Session;
pub use staging::{Names, Place, Staged, Staging};
pub use target::{Access, Target};
