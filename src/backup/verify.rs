//! The first rung of the ladder: the set is what its summary says. Sizes, SHA-256, row counts, every row against its
//! columns, fingerprints, the schema file.
//!
//! One thread reads and hashes, the others parse; nothing but a few pieces is in memory. Damage is a report, not an
//! error: checking goes on, so that a person sees all of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::spawn_blocking;

use super::error::{Error, Result};
use super::progress::Progress;
use super::set::{Problem, Set};
use super::store::{Entry, State};
use super::summary::TableSummary;
use super::table_reader::{ReadError, TableReader};
use crate::clock::Timestamp;
use crate::db::{Chunk, Engine, check_line};
use crate::event::{Sink, counted};
use crate::integrity::Fingerprint;

/// Problems named for each table; the rest is counted.
const NAMED: usize = 20;
/// Threads that parse, at most; beyond them the one that reads and hashes is the slowest.
const MOST_PARSERS: usize = 4;
/// Pieces waiting to be parsed.
const IN_FLIGHT: usize = 8;

/// How far a check goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Sizes and SHA-256: the files are the ones that were written.
    Hashes,
    /// Rows too: counted, each parsed against its columns, fingerprints summed anew.
    Rows,
}

/// What a check found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The set.
    pub timestamp: Timestamp,
    /// How far it went.
    pub depth: Depth,
    /// Files looked at.
    pub files: u64,
    /// Rows parsed.
    pub rows: u64,
    /// Bytes hashed.
    pub bytes: u64,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// How many more problems there are than those named.
    pub more: u64,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }

    /// What was proven, as a sentence in lower case.
    pub fn proof(&self) -> String {
        let hashed = format!(
            "{} of {} in all, each of its size and SHA-256",
            counted(self.files, "file"),
            counted(self.bytes, "byte")
        );
        match self.depth {
            Depth::Hashes => hashed,
            Depth::Rows => format!(
                "{hashed}; {} parsed against the columns, and counts and fingerprints agree",
                counted(self.rows, "row")
            ),
        }
    }
}

/// Checks an entry of the store; a summary that cannot be trusted is its one problem.
///
/// # Errors
/// As [`verify`].
pub async fn verify_entry(entry: &Entry, sink: &Arc<dyn Sink>) -> Result<Report> {
    match &entry.state {
        State::Complete(set) | State::Damaged { set, .. } => {
            verify(set, None, Depth::Rows, sink).await
        }
        State::Unreadable { file, why } => Ok(Report {
            timestamp: entry.timestamp,
            depth: Depth::Rows,
            files: 0,
            rows: 0,
            bytes: 0,
            problems: vec![Problem {
                file: file.clone(),
                table: None,
                row: None,
                message: why.clone(),
            }],
            more: 0,
        }),
    }
}

/// Checks a set, or only these tables of it (then not the schema file either).
///
/// # Errors
/// When it cannot be looked at: `File`, and `UnknownTable` for a name that is not in it.
pub async fn verify(
    set: &Set,
    tables: Option<&[String]>,
    depth: Depth,
    sink: &Arc<dyn Sink>,
) -> Result<Report> {
    let chosen: Vec<TableSummary> = set.tables(tables)?.into_iter().cloned().collect();
    let whole = tables.is_none();
    let stop = Arc::new(AtomicBool::new(false));
    let _guard = StopOnDrop(stop.clone());
    let (set, sink) = (set.clone(), sink.clone());
    spawn_blocking(move || {
        let check = Check {
            set: &set,
            depth,
            stop: &stop,
            sink: &sink,
        };
        check.run(&chosen, whole)
    })
    .await
    .map_err(|_| Error::Worker {
        action: "verify a backup",
    })?
}

/// Tells the threads that nobody waits any more.
pub(super) struct StopOnDrop(pub(super) Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Check<'a> {
    set: &'a Set,
    depth: Depth,
    stop: &'a AtomicBool,
    sink: &'a Arc<dyn Sink>,
}

/// Rows on their way to a parser.
struct Block {
    table: usize,
    first_row: u64,
    chunk: Chunk,
}

/// What parsing showed of one table.
#[derive(Default)]
struct Tally {
    fingerprint: Fingerprint,
    problems: Vec<Problem>,
    more: u64,
}

impl Tally {
    fn add(&mut self, problem: Problem) {
        if self.problems.len() < NAMED {
            self.problems.push(problem);
        } else {
            self.more += 1;
        }
    }
}

/// What reading showed of one table.
#[derive(Default)]
struct Read {
    rows: u64,
    bytes: u64,
    /// The reading came to its end, so that counts and fingerprints can be compared.
    whole: bool,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn run(&self, tables: &[TableSummary], schema_too: bool) -> Result<Report> {
        let tallies: Mutex<Vec<Tally>> =
            Mutex::new(tables.iter().map(|_| Tally::default()).collect());
        let parsers = std::thread::available_parallelism()
            .map_or(1, usize::from)
            .min(MOST_PARSERS);
        let (sender, receiver) = sync_channel::<Block>(IN_FLIGHT);
        let receiver = Mutex::new(receiver);
        let reads = std::thread::scope(|scope| {
            if self.depth == Depth::Rows {
                for _ in 0..parsers {
                    scope.spawn(|| self.parse(&receiver, tables, &tallies));
                }
            }
            let reads: Result<Vec<Read>> = tables
                .iter()
                .enumerate()
                .map(|(index, table)| self.read(index, table, &sender))
                .collect();
            drop(sender);
            reads
        })?;
        let mut report = Report {
            timestamp: self.set.timestamp(),
            depth: self.depth,
            files: tables.len() as u64,
            rows: 0,
            bytes: 0,
            problems: Vec::new(),
            more: 0,
        };
        let tallies = tallies.into_inner().unwrap_or_else(PoisonError::into_inner);
        for ((table, read), tally) in tables.iter().zip(reads).zip(tallies) {
            report.rows += read.rows;
            report.bytes += read.bytes;
            report.more += tally.more;
            report.problems.extend(read.problems);
            report.problems.extend(tally.problems);
            let agrees = tally.fingerprint == table.fingerprint;
            if self.depth == Depth::Rows && read.whole && !agrees {
                report.problems.push(about(
                    table,
                    "the fingerprint of its rows is not the summary's",
                ));
            }
        }
        if schema_too {
            report.files += 1;
            report.bytes += self.set.summary().schema.bytes;
            report.problems.extend(self.schema_problem()?);
        }
        Ok(report)
    }

    /// Reads a table's file to its end, handing its rows to the parsers.
    fn read(&self, index: usize, table: &TableSummary, out: &SyncSender<Block>) -> Result<Read> {
        let mut result = Read::default();
        if let Some(message) = self.set.size_problem(&table.file, table.bytes)? {
            result.problems.push(about(table, &message));
            if !self.set.path(&table.file).is_file() {
                return Ok(result);
            }
        }
        let mut reader = self.set.rows(table)?;
        if self.depth == Depth::Rows {
            self.read_rows(index, table, &mut reader, out, &mut result)?;
        }
        while reader.skip_piece()? {
            if self.stopped() {
                return Ok(result);
            }
        }
        let (bytes, sha256) = reader.digest();
        result.bytes = bytes;
        if sha256 != table.sha256 {
            let message =
                "its SHA-256 is not the summary's: it was changed or damaged after it was written";
            result.problems.push(about(table, message));
        }
        Ok(result)
    }

    fn read_rows(
        &self,
        index: usize,
        table: &TableSummary,
        reader: &mut TableReader,
        out: &SyncSender<Block>,
        result: &mut Read,
    ) -> Result<()> {
        let task = format!("verifying {}", table.name);
        let mut progress = Progress::new(self.sink, task, "rows").of(table.rows);
        loop {
            let first_row = reader.rows() + 1;
            match reader.next_chunk() {
                Ok(Some(chunk)) => {
                    let block = Block {
                        table: index,
                        first_row,
                        chunk,
                    };
                    // The parsers end before the reader only by a panic, which the scope hands on.
                    if out.send(block).is_err() || self.stopped() {
                        return Ok(());
                    }
                    progress.at(reader.rows());
                }
                Ok(None) => break,
                Err(ReadError::File(error)) => return Err(error),
                Err(ReadError::Form { row, message }) => {
                    result.rows = reader.rows();
                    result.problems.push(Problem {
                        row: Some(row),
                        ..about(table, &message)
                    });
                    return Ok(());
                }
            }
        }
        result.rows = reader.rows();
        result.whole = true;
        if result.rows != table.rows {
            let holds = counted(result.rows, "row");
            let message = format!("it holds {holds}, and the summary says {}", table.rows);
            result.problems.push(about(table, &message));
        }
        progress.end(result.rows);
        Ok(())
    }

    /// Parses blocks until there are no more.
    fn parse(
        &self,
        blocks: &Mutex<Receiver<Block>>,
        tables: &[TableSummary],
        tallies: &Mutex<Vec<Tally>>,
    ) {
        let engine = self.set.summary().engine();
        loop {
            let next = blocks.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(block) = next else { return };
            let table = &tables[block.table];
            let mut fingerprint = Fingerprint::default();
            let mut problems = Vec::new();
            let mut start = 0;
            for (index, end) in memchr::memchr_iter(b'\n', &block.chunk.lines).enumerate() {
                let line = &block.chunk.lines[start..end];
                start = end + 1;
                fingerprint.add(line);
                let row = block.first_row + index as u64;
                problems.extend(row_problem(engine, table, row, line));
            }
            let mut tallies = tallies.lock().unwrap_or_else(PoisonError::into_inner);
            let tally = &mut tallies[block.table];
            tally.fingerprint.merge(fingerprint);
            problems.into_iter().for_each(|problem| tally.add(problem));
        }
    }

    fn schema_problem(&self) -> Result<Option<Problem>> {
        let why = match self.set.schema() {
            Ok(_) => return Ok(None),
            Err(Error::Damaged { why, .. }) => why,
            Err(error) => return Err(error),
        };
        let file = self.set.summary().schema.file.clone();
        let message = why
            .strip_prefix(&format!("`{file}`: "))
            .unwrap_or(&why)
            .to_owned();
        Ok(Some(Problem {
            file,
            table: None,
            row: None,
            message,
        }))
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

fn about(table: &TableSummary, message: &str) -> Problem {
    Problem {
        file: table.file.clone(),
        table: Some(table.name.to_string()),
        row: None,
        message: message.to_owned(),
    }
}

fn row_problem(
    engine: Option<Engine>,
    table: &TableSummary,
    row: u64,
    line: &[u8],
) -> Option<Problem> {
    // A summary of an unknown engine is not read as one, so there is no set of it.
    let engine = engine?;
    let message = match check_line(engine, &table.name, &table.columns, row, line) {
        Ok(()) => return None,
        Err(crate::db::Error::Row { message, .. }) => message,
        Err(error) => error.to_string(),
    };
    Some(Problem {
        row: Some(row),
        ..about(table, &message)
    })
}
