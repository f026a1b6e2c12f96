//! Whether data is still what it was: fingerprints, baselines, comparison.
//!
//! A baseline is what a backup set knows of each table: its columns, rows and fingerprint, and the rows themselves. The
//! database is read once per comparison, through a snapshot; a table whose fingerprint is the same costs nothing more.

mod baseline;
mod changed;
mod compare;
mod comparison;
mod difference;
mod fingerprint;
mod forms;
mod keyed;
mod reading;
mod replaced;
mod report;
#[cfg(test)]
mod tests;
mod views;

pub use baseline::{Baseline, BaselineRows, TableBaseline, measure};
pub use compare::compare;
pub use comparison::{Comparison, LetGo, Released, Renamed};
pub use fingerprint::Fingerprint;
pub use replaced::Replaced;
pub use report::{Change, ChangeKind, Report};
pub use views::Views;
