//! Backup sets (format 1): what one consists of, where sets lie, how one is made, proven and restored.

mod baseline;
mod choose;
mod counters;
pub mod create;
mod error;
mod exclusive;
mod fit;
mod half_done;
mod history;
mod left_out;
mod letters;
mod load;
mod manifest;
pub mod names;
mod new_file;
mod origin;
mod progress;
pub mod restore;
mod restore_options;
mod restore_plan;
mod retention;
pub mod schema_file;
mod scratch;
mod set;
mod standing;
mod store;
mod summary;
mod table_reader;
mod table_writer;
mod taken_back;
#[cfg(test)]
mod tests;
mod unmakeable;
mod unread;
mod verify;
mod written;

pub use create::{CreateOptions, CreatePlan, Created, create};
pub use error::{Error, Result};
pub use half_done::end_half_done;
pub use history::{Applied, Migrations};
pub use restore::{
    Change, Creation, Mode, RestoreOptions, RestorePlan, Restored, Restoring, Scope, restore,
    restore_with_safety_backup,
};
pub use retention::PrunePlan;
pub use scratch::restore_into_scratch;
pub use set::{Problem, Set};
pub use store::{Entry, Listing, SAFETY_LABEL, State, Store};
pub use summary::{Fault, NOT_ASKED_FOR, SchemaSummary, Summary, TableSummary};
pub use table_reader::{ReadError, TableReader};
pub use verify::{Depth, Report, verify, verify_entry};
