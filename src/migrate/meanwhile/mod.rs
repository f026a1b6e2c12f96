//! What others write while a set of migrations is backed up, rehearsed and run: it is in neither backup nor rehearsal, and
//! what a statement takes is asked once more, or others are kept from the table.

pub(super) mod again;
pub(super) mod alone;
pub(super) mod apart;
pub(super) mod asked;
mod reach;
