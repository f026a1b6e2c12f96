//! PostgreSQL: what a change of type does to values.

mod types;

pub(super) use types::{rewrites, type_change};
