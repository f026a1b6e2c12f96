//! A set as the baseline of a comparison: its own counts and fingerprints, its rows where those alone do not tell.

use super::error::Error;
use super::set::Set;
use crate::error::{self, Kind};
use crate::ident::TableName;
use crate::integrity::{Baseline, BaselineRows, TableBaseline};

impl Set {
    /// What the data was when the set was made. Orphans are not in a set; whoever restores it can ask.
    pub fn baseline(&self) -> Baseline {
        let tables = self.summary().tables.iter().map(|table| TableBaseline {
            name: table.name.clone(),
            columns: table.columns.clone(),
            rows: table.rows,
            fingerprint: table.fingerprint,
        });
        Baseline {
            tables: tables.collect(),
            orphans: Vec::new(),
        }
    }
}

impl BaselineRows for Set {
    fn for_each_line(
        &self,
        table: &TableName,
        each: &mut dyn FnMut(&[u8]) -> error::Result<()>,
    ) -> error::Result<()> {
        let Some(part) = self.summary().table(table) else {
            return Ok(());
        };
        let damaged = |why: &dyn std::fmt::Display| {
            error::Error::new(
                Kind::Integrity,
                format!("`{}` cannot be read: {why}", part.file),
            )
        };
        let mut reader = self
            .rows(part)
            .map_err(|error: Error| error::Error::from(error))?;
        while let Some(chunk) = reader.next_chunk().map_err(|error| damaged(&error))? {
            let mut start = 0;
            for end in memchr::memchr_iter(b'\n', &chunk.lines) {
                each(&chunk.lines[start..end])?;
                start = end + 1;
            }
        }
        Ok(())
    }
}
