//! Open cursors. The protocol gives one result at a time over a connection, and the driver has no cursors on the server:
//! so a cursor's rows are read to the end when it is opened and put aside in a temporary file, from where they come in
//! pieces. Other statements may run on the connection meanwhile, memory stays flat, and the rows are those of the moment
//! at which it was opened.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use crate::db::packed;
use crate::db::{Error, Result};
use crate::value::Value;

/// Rows that are being put aside.
pub(super) struct Filling {
    file: BufWriter<File>,
}

impl Filling {
    /// None yet.
    pub(super) fn new() -> Result<Filling> {
        let file = tempfile::tempfile().map_err(failed)?;
        Ok(Filling {
            file: BufWriter::new(file),
        })
    }

    /// Puts a row aside.
    pub(super) fn add(&mut self, row: Vec<Value>) -> Result<()> {
        let row: Vec<(String, Value)> = row
            .into_iter()
            .map(|value| (String::new(), value))
            .collect();
        let bytes = packed::pack(&row);
        let length = (bytes.len() as u64).to_le_bytes();
        self.file.write_all(&length).map_err(failed)?;
        self.file.write_all(&bytes).map_err(failed)
    }

    /// All are in.
    pub(super) fn done(self) -> Result<Spool> {
        let mut file = self
            .file
            .into_inner()
            .map_err(|error| failed(error.into_error()))?;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        Ok(Spool {
            file: BufReader::new(file),
            held: false,
        })
    }
}

/// Rows that were put aside.
pub(super) struct Spool {
    file: BufReader<File>,
    /// It was opened outside a transaction, and outlives those that come.
    pub(super) held: bool,
}

impl Spool {
    /// The next rows, at most `most`.
    pub(super) fn next(&mut self, most: usize) -> Result<Vec<Vec<Value>>> {
        let mut rows = Vec::new();
        while rows.len() < most {
            let mut length = [0; 8];
            match self.file.read_exact(&mut length) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => break,
                Err(error) => return Err(failed(error)),
            }
            let length = usize::try_from(u64::from_le_bytes(length)).map_err(|_| Error::Closed)?;
            let mut bytes = vec![0; length];
            self.file.read_exact(&mut bytes).map_err(failed)?;
            let row = packed::unpack(&bytes).ok_or(Error::Closed)?;
            rows.push(row.into_iter().map(|(_, value)| value).collect());
        }
        Ok(rows)
    }
}

fn failed(source: std::io::Error) -> Error {
    Error::File {
        action: "put rows aside in",
        path: "the folder for temporary files".to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_in_pieces_and_then_no_more() {
        let mut filling = Filling::new().expect("a temporary file");
        for number in 0..5 {
            let row = vec![Value::Int(number), Value::Null, Value::from("é")];
            filling.add(row).expect("a temporary file");
        }
        let mut spool = filling.done().expect("a temporary file");
        let mut sizes = Vec::new();
        for _ in 0..4 {
            let rows = spool.next(2).expect("a temporary file");
            assert!(rows.iter().all(|row| row.len() == 3));
            sizes.push(rows.len());
        }
        assert_eq!(sizes, [2, 2, 1, 0]);
    }
}
