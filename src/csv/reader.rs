//! Records of one file, one after the other.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use super::cells::{Cells, Line, StrayQuote};
use super::delimiter::Delimiter;
use super::error::{Error, Result};
use super::header::{Expected, Header};
use super::lines::{Found, Lines, split_line_end};
use super::record::{Problem, Record};
use super::survey::{Refusal, survey};

/// The longest record in bytes. What is longer is taken for a lost quote.
pub const RECORD_LIMIT: usize = 16 << 20;

/// How a file is to be read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What stands between two cells; the header line decides if left out.
    pub delimiter: Option<Delimiter>,
    /// Columns without which the file is refused.
    pub required: Vec<String>,
    /// Columns that read as empty where the file lacks them.
    pub optional: Vec<String>,
    /// Whether blanks around a cell are left away.
    pub trim: bool,
}

/// Reads records.
#[derive(Debug)]
pub struct Reader<R> {
    path: String,
    lines: Lines<R>,
    delimiter: Delimiter,
    header: Arc<Header>,
    size: u64,
}

impl Reader<File> {
    /// Opens the file at `path`, which messages call `shown`.
    ///
    /// # Errors
    /// Every variant of [`Error`] but `Read`.
    pub fn open(path: &Path, shown: &str, options: &Options) -> Result<Self> {
        let open = |source| Error::Open {
            path: shown.to_owned(),
            source,
        };
        // Asked first: to open a pipe nobody writes to would wait for ever.
        if !std::fs::metadata(path).map_err(open)?.is_file() {
            return Err(Error::NotAFile {
                path: shown.to_owned(),
            });
        }
        Reader::new(File::open(path).map_err(open)?, shown, options)
    }
}

impl<R: Read + Seek> Reader<R> {
    /// Reads `source`, which messages call `path`.
    ///
    /// # Errors
    /// Every variant of [`Error`] but `Open`.
    pub fn new(mut source: R, path: &str, options: &Options) -> Result<Self> {
        let read = |source| Error::Read {
            path: path.to_owned(),
            source,
        };
        let seen = survey(&mut source).map_err(read)?;
        match seen.refusal {
            Some(Refusal::Encoding(encoding, line)) => {
                return Err(Error::Encoding {
                    path: path.to_owned(),
                    encoding,
                    line,
                });
            }
            Some(Refusal::NotText(what)) => {
                return Err(Error::NotText {
                    path: path.to_owned(),
                    what,
                });
            }
            None => {}
        }
        source
            .seek(SeekFrom::Start(seen.mark as u64))
            .map_err(read)?;
        let mut lines = Lines::new(source, RECORD_LIMIT);
        let (delimiter, header) = read_header(&mut lines, path, options)?;
        Ok(Reader {
            path: path.to_owned(),
            lines,
            delimiter,
            header: Arc::new(header),
            size: seen.bytes,
        })
    }

    /// The columns.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What stands between two cells.
    pub fn delimiter(&self) -> Delimiter {
        self.delimiter
    }

    /// The size of the file in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Bytes read so far, for a progress bar.
    pub fn passed(&self) -> u64 {
        self.lines.passed()
    }

    /// The next record, or `None` at the end. Empty lines are passed over.
    ///
    /// # Errors
    /// `Error::Read`; everything else is the record's [`Problem`].
    pub fn next_record(&mut self) -> Result<Option<Record>> {
        let taken = take_cells(
            &mut self.lines,
            self.delimiter,
            Some(self.header.names().len()),
        );
        let taken = taken.map_err(|source| Error::Read {
            path: self.path.clone(),
            source,
        })?;
        let header = self.header.clone();
        Ok(taken.map(|(line, cells)| match cells {
            Ok(cells) => Record::new(header, line, cells.bytes, cells.ends),
            Err(problem) => Record::unreadable(header, line, problem),
        }))
    }
}

impl<R: Read + Seek> Iterator for Reader<R> {
    type Item = Result<Record>;

    fn next(&mut self) -> Option<Result<Record>> {
        self.next_record().transpose()
    }
}

/// The line a record starts on, and its cells or what is wrong with it.
type Taken = (u64, std::result::Result<Cells, Problem>);

/// The cells of the record at the start of the part, with its line. A record that turns out broken costs its first line
/// alone: what follows is read again as lines of their own. `expected` is the number of cells that a record over several
/// lines must have to be believed.
fn take_cells<R: Read>(
    lines: &mut Lines<R>,
    delimiter: Delimiter,
    expected: Option<usize>,
) -> io::Result<Option<Taken>> {
    let limit = RECORD_LIMIT;
    let first = match first_line(lines)? {
        Found::End => return Ok(None),
        Found::TooLong => {
            let number = lines.number();
            lines.pass_long_line()?;
            return Ok(Some((number, Err(Problem::TooLong { limit }))));
        }
        Found::Line(end) => end,
    };
    let number = lines.number();
    let mut cells = Cells::with_capacity(first, expected.unwrap_or_default());
    let (mut from, mut to, mut count) = (0, first, 1);
    let problem = loop {
        let (text, line_end) = split_line_end(lines.bytes(from..to));
        match cells.feed(text, delimiter) {
            Err(StrayQuote) => break Problem::StrayQuote,
            Ok(Line::Complete) => match expected {
                Some(expected) if count > 1 && cells.len() != expected => {
                    let found = cells.len();
                    break Problem::Cells { found, expected };
                }
                _ => {
                    lines.pass(to, count);
                    return Ok(Some((number, Ok(cells))));
                }
            },
            Ok(Line::Open) => {
                cells.feed_line_end(line_end);
                match lines.find(to)? {
                    Found::End => break Problem::OpenQuote,
                    Found::TooLong => break Problem::TooLong { limit },
                    Found::Line(end) => (from, to, count) = (to, end, count + 1),
                }
            }
        }
    };
    lines.pass(first, 1);
    Ok(Some((number, Err(problem))))
}

/// Finds the end of the next line that is not empty, and passes over those before it.
fn first_line<R: Read>(lines: &mut Lines<R>) -> io::Result<Found> {
    loop {
        match lines.find(0)? {
            Found::Line(end) if split_line_end(lines.bytes(0..end)).0.is_empty() => {
                lines.pass(end, 1);
            }
            found => return Ok(found),
        }
    }
}

/// Reads the header: the first line that is not empty.
fn read_header<R: Read>(
    lines: &mut Lines<R>,
    path: &str,
    options: &Options,
) -> Result<(Delimiter, Header)> {
    let read = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let unusable = |line: u64, reason: String, hint: &str| Error::Header {
        path: path.to_owned(),
        line,
        reason,
        hint: hint.to_owned(),
    };
    let delimiter = match (options.delimiter, first_line(lines).map_err(read)?) {
        (Some(delimiter), _) => delimiter,
        (None, Found::Line(end)) => Delimiter::detect(split_line_end(lines.bytes(0..end)).0),
        (None, _) => Delimiter::TAB,
    };
    let Some((line, cells)) = take_cells(lines, delimiter, None).map_err(read)? else {
        return Err(Error::Empty {
            path: path.to_owned(),
        });
    };
    let cells = cells.map_err(|problem| {
        unusable(
            line,
            problem.to_string(),
            "the first line must name the columns",
        )
    })?;
    let Ok(text) = String::from_utf8(cells.bytes) else {
        let reason = "bytes that are not UTF-8".to_owned();
        return Err(unusable(line, reason, "export the file again as UTF-8"));
    };
    if text.contains('\0') {
        let reason = "it holds NUL bytes".to_owned();
        return Err(unusable(line, reason, "export it as text in UTF-8"));
    }
    if text.contains('\r') {
        let reason = "lines end in CR alone".to_owned();
        let ends = format!("convert it: `tr '\\r' '\\n' <'{path}' >NEW.csv`");
        return Err(unusable(line, reason, &ends));
    }
    let mut from = 0;
    let mut names = Vec::with_capacity(cells.ends.len());
    for end in cells.ends {
        names.push(text.get(from..end).unwrap_or_default().to_owned());
        from = end;
    }
    let expected = Expected {
        path,
        line,
        delimiter,
        required: &options.required,
        optional: &options.optional,
        trim: options.trim,
    };
    Ok((delimiter, Header::new(names, &expected)?))
}
