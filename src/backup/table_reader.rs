//! A table file as a stream of rows: blocking, in pieces, in constant memory, trusting nothing it reads.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::Error;
use crate::db::Chunk;

/// How much is read at once, in bytes; about the size of a chunk too.
const PIECE: usize = 256 << 10;
/// No row of any engine is longer, in bytes; a file without line ends is not read into memory beyond this.
const LONGEST_ROW: usize = 4 << 30;

/// Why a table file cannot be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The operating system does not give it.
    #[error(transparent)]
    File(#[from] Error),
    /// It is not an array of one row a line.
    #[error("{message}")]
    Form {
        /// The row it was met at, from 1.
        row: u64,
        /// What is wrong.
        message: String,
    },
}

/// Reads a table file.
pub struct TableReader {
    file: File,
    path: PathBuf,
    hash: Sha256,
    bytes: u64,
    buffer: Vec<u8>,
    /// How much of the buffer's beginning is known to hold no line end.
    searched: usize,
    state: State,
    rows: u64,
    ended: bool,
    fault: Option<(u64, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the line `[`.
    Opening,
    /// Behind `[`: a row or `]` may follow.
    First,
    /// Behind a row and a comma: a row must follow.
    Row,
    /// Behind a row without a comma: only `]` may follow.
    Last,
    /// Behind `]`.
    Closed,
}

impl TableReader {
    /// Opens a file.
    ///
    /// # Errors
    /// `Error::File`.
    pub fn open(path: &Path) -> super::error::Result<Self> {
        let file = File::open(path).map_err(|source| Error::File {
            action: "open",
            path: path.display().to_string(),
            source,
        })?;
        Ok(TableReader {
            file,
            path: path.to_owned(),
            hash: Sha256::new(),
            bytes: 0,
            buffer: Vec::with_capacity(2 * PIECE),
            searched: 0,
            state: State::Opening,
            rows: 0,
            ended: false,
            fault: None,
        })
    }

    /// The next rows: whole lines, each ended by `\n`, without their commas. `None` behind the last.
    ///
    /// # Errors
    /// [`ReadError`]; every row before the fault has been given.
    pub fn next_chunk(&mut self) -> Result<Option<Chunk>, ReadError> {
        let mut chunk = Chunk::default();
        while chunk.rows == 0 && self.fault.is_none() {
            if self.ended {
                self.check_end();
                break;
            }
            self.fill()?;
            self.take_lines(&mut chunk);
        }
        if chunk.rows > 0 {
            return Ok(Some(chunk));
        }
        match &self.fault {
            Some((row, message)) => Err(ReadError::Form {
                row: *row,
                message: message.clone(),
            }),
            None => Ok(None),
        }
    }

    /// How many rows were given so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Reads the next piece without looking for rows, also behind a fault: for hashing alone. `false` at the end.
    ///
    /// # Errors
    /// `Error::File`.
    pub fn skip_piece(&mut self) -> super::error::Result<bool> {
        if !self.ended {
            self.buffer.clear();
            self.fill()?;
        }
        Ok(!self.ended)
    }

    /// How many bytes were read so far, and their SHA-256.
    pub fn digest(self) -> (u64, String) {
        (self.bytes, hex::encode(self.hash.finalize()))
    }

    fn fill(&mut self) -> super::error::Result<()> {
        let start = self.buffer.len();
        self.buffer.resize(start + PIECE, 0);
        let read = loop {
            match self.file.read(&mut self.buffer[start..]) {
                Err(source) if source.kind() == std::io::ErrorKind::Interrupted => {}
                Err(source) => {
                    return Err(Error::File {
                        action: "read",
                        path: self.path.display().to_string(),
                        source,
                    });
                }
                Ok(read) => break read,
            }
        };
        self.buffer.truncate(start + read);
        self.hash.update(&self.buffer[start..]);
        self.bytes += read as u64;
        self.ended = read == 0;
        Ok(())
    }

    fn take_lines(&mut self, chunk: &mut Chunk) {
        let buffer = std::mem::take(&mut self.buffer);
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', &buffer[self.searched..]) {
            let end = self.searched + end;
            self.take_line(&buffer[start..end], chunk);
            start = end + 1;
            if self.fault.is_some() {
                break;
            }
        }
        self.buffer = buffer;
        self.buffer.drain(..start);
        self.searched = self.buffer.len();
        if self.fault.is_none() && self.buffer.len() > LONGEST_ROW {
            self.fail("it is longer than any row can be");
        }
    }

    fn take_line(&mut self, line: &[u8], chunk: &mut Chunk) {
        match (self.state, line) {
            (State::Opening, b"[") => self.state = State::First,
            (State::Opening, _) => self.fail("the file does not begin with `[`"),
            (State::First | State::Last, b"]") => self.state = State::Closed,
            (State::Last, _) => self.fail("the row before it does not end in a comma"),
            (State::Closed, _) => self.fail("something stands behind the closing `]`"),
            (State::First | State::Row, _) => {
                let (row, state) = match line.strip_suffix(b",") {
                    Some(row) => (row, State::Row),
                    None => (line, State::Last),
                };
                if !row.starts_with(b"{") {
                    return self.fail("it is not an object");
                }
                chunk.lines.extend_from_slice(row);
                chunk.lines.push(b'\n');
                chunk.rows += 1;
                self.rows += 1;
                self.state = state;
            }
        }
    }

    fn check_end(&mut self) {
        if self.state != State::Closed {
            self.fail("the file ends before it");
        } else if !self.buffer.is_empty() {
            self.fail("something stands behind the closing `]`");
        }
    }

    fn fail(&mut self, message: &str) {
        self.fault = Some((self.rows + 1, message.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};

    use super::*;

    /// The rows, and the fault with its row.
    fn read(text: &[u8]) -> (Vec<u8>, Option<(u64, String)>) {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), text).expect("written");
        let mut reader = TableReader::open(file.path()).expect("opened");
        let mut lines = Vec::new();
        let fault = loop {
            match reader.next_chunk() {
                Ok(Some(chunk)) => lines.extend(chunk.lines),
                Ok(None) => break None,
                Err(ReadError::Form { row, message }) => break Some((row, message)),
                Err(ReadError::File(error)) => panic!("{error}"),
            }
        };
        while reader.skip_piece().expect("read") {}
        let (bytes, sha256) = reader.digest();
        assert_eq!(bytes, text.len() as u64);
        assert_eq!(sha256, hex::encode(Sha256::digest(text)));
        (lines, fault)
    }

    #[test]
    fn rows_come_without_their_commas() {
        assert_eq!(
            read(b"[\n{\"a\":1},\n{\"a\":2}\n]\n"),
            (b"{\"a\":1}\n{\"a\":2}\n".to_vec(), None)
        );
        assert_eq!(read(b"[\n]\n"), (vec![], None));
    }

    #[test]
    fn what_is_no_table_file_is_named_with_its_row() {
        for (text, row, words) in [
            ("", 1, "ends before"),
            ("{}", 1, "ends before"),
            ("{}\n", 1, "does not begin"),
            ("[\n{}", 1, "ends before"),
            ("[\n{},\n", 2, "ends before"),
            ("[\n{},\n]\n", 2, "not an object"),
            ("[\n{}\n{}\n]\n", 2, "comma"),
            ("[\n{}\n]\n{}\n", 2, "behind the closing"),
            ("[\n{}\n]\nx", 2, "behind the closing"),
            ("[\n{},\n7\n]\n", 2, "not an object"),
            ("[\n{}\n]", 2, "ends before"),
        ] {
            let (_, fault) = read(text.as_bytes());
            let (found, message) = fault.expect(text);
            assert_eq!(found, row, "{text}");
            assert!(message.contains(words), "{text}: {message}");
        }
    }

    #[test]
    fn rows_longer_than_a_piece_come_whole() {
        let long = "x".repeat(3 * PIECE);
        let text = format!("[\n{{\"a\":\"{long}\"}},\n{{\"a\":\"{long}\"}}\n]\n");
        let (lines, fault) = read(text.as_bytes());
        assert_eq!(fault, None);
        assert_eq!(lines.len(), 2 * (3 * PIECE + "{\"a\":\"\"}\n".len()));
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(rows in prop::collection::vec("\\{[a-z,\\[\\]]{0,8}\\}", 0..20)) {
            let text = format!("[\n{}\n]\n", rows.join(",\n"));
            let text = if rows.is_empty() { "[\n]\n".to_owned() } else { text };
            let (lines, fault) = read(text.as_bytes());
            prop_assert_eq!(fault, None);
            let expected: String = rows.iter().map(|row| format!("{row}\n")).collect();
            prop_assert_eq!(lines, expected.into_bytes());
        }

        #[test]
        fn no_bytes_panic(text in prop::collection::vec(prop::sample::select(b"[]{},\nx\xff".to_vec()), 0..40)) {
            let (lines, _) = read(&text);
            prop_assert!(lines.len() <= text.len() + 1);
        }
    }
}
