//! Lines of a source in one buffer, so that reading can go back to the line below a broken one.

use std::io::{self, Read};
use std::ops::Range;

const BLOCK: usize = 256 * 1024;

/// A source and the part of it that is not dealt with yet.
#[derive(Debug)]
pub(super) struct Lines<R> {
    source: R,
    buffer: Vec<u8>,
    /// Where the part begins in `buffer`, and where it ends.
    part: Range<usize>,
    exhausted: bool,
    /// How far the part may reach before a line end must have come.
    limit: usize,
    /// The number of the line at the start of the part, from 1.
    number: u64,
    /// Bytes dealt with.
    passed: u64,
}

/// Where a line ends, in bytes from the start of the part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Here, its line end among them.
    Line(usize),
    /// There is none left.
    End,
    /// Beyond the limit.
    TooLong,
}

impl<R: Read> Lines<R> {
    pub fn new(source: R, limit: usize) -> Self {
        Lines {
            source,
            buffer: Vec::new(),
            part: 0..0,
            exhausted: false,
            limit,
            number: 1,
            passed: 0,
        }
    }

    /// The number of the line at the start of the part, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Bytes dealt with.
    pub fn passed(&self) -> u64 {
        self.passed
    }

    /// Bytes of the part.
    pub fn bytes(&self, range: Range<usize>) -> &[u8] {
        &self.buffer[self.part.start + range.start..self.part.start + range.end]
    }

    /// Finds the end of the line that begins `from` bytes into the part.
    pub fn find(&mut self, from: usize) -> io::Result<Found> {
        let mut looked = from;
        loop {
            let unseen = &self.buffer[self.part.start + looked..self.part.end];
            if let Some(at) = memchr::memchr(b'\n', unseen) {
                let end = looked + at + 1;
                return Ok(if end > self.limit {
                    Found::TooLong
                } else {
                    Found::Line(end)
                });
            }
            looked = self.part.len();
            if looked > self.limit {
                return Ok(Found::TooLong);
            }
            if self.exhausted {
                return Ok(if looked == from {
                    Found::End
                } else {
                    Found::Line(looked)
                });
            }
            self.read_more()?;
        }
    }

    /// Leaves `bytes` of the part behind, which are this many lines.
    pub fn pass(&mut self, bytes: usize, lines: u64) {
        self.part.start += bytes;
        self.number += lines;
        self.passed += bytes as u64;
    }

    /// Leaves a line behind that is longer than the limit.
    pub fn pass_long_line(&mut self) -> io::Result<()> {
        loop {
            let unseen = &self.buffer[self.part.clone()];
            if let Some(at) = memchr::memchr(b'\n', unseen) {
                self.pass(at + 1, 1);
                return Ok(());
            }
            self.pass(unseen.len(), 0);
            if self.exhausted {
                return Ok(());
            }
            self.read_more()?;
        }
    }

    fn read_more(&mut self) -> io::Result<()> {
        if self.part.start > 0 {
            self.buffer.copy_within(self.part.clone(), 0);
            self.part = 0..self.part.len();
        }
        if self.buffer.len() < self.part.end + BLOCK {
            self.buffer.resize(self.part.end + BLOCK, 0);
        }
        loop {
            match self.source.read(&mut self.buffer[self.part.end..]) {
                Ok(read) => {
                    self.part.end += read;
                    self.exhausted = read == 0;
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// A line's text and its line end: `\n`, `\r\n`, or nothing at the end of the source.
pub(super) fn split_line_end(line: &[u8]) -> (&[u8], &[u8]) {
    let text = match line {
        [text @ .., b'\r', b'\n'] | [text @ .., b'\n'] => text,
        whole => whole,
    };
    line.split_at(text.len())
}
