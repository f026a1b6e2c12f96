//! Delimited text files that come from elsewhere: what they are written in ([`Reader::open`] finds out or refuses), their
//! header, and their records one by one, each with the line it starts on.
//!
//! A record that cannot be used is data, not an error: it carries its [`Problem`], and the next one is read as if nothing
//! had happened. Reading is strict about quotes for that reason. The `csv` crate takes `"a"b` for `ab` and lets a quote
//! that is never closed swallow the lines that follow, so a single lost `"` can join two people's rows into one that
//! looks sound. Here it costs its own line: reading resumes on the line below.
//!
//! Synchronous and flat in memory: one buffer, and no record is larger than [`RECORD_LIMIT`].

mod cells;
mod delimiter;
mod error;
mod header;
mod lines;
mod reader;
mod record;
mod survey;
#[cfg(test)]
mod tests;

pub use delimiter::Delimiter;
pub use error::{Error, Result};
pub use header::Header;
pub use reader::{Options, RECORD_LIMIT, Reader};
pub use record::{Problem, Record};
