//! Whole files through the reader: what is taken, what is refused, and that nothing makes it panic.

use std::io::Cursor;

use proptest::prelude::*;

use super::{Delimiter, Error, Options, RECORD_LIMIT, Reader};
use crate::error::{self, Kind};

/// A record's line, and its cells or its problem.
type Seen = (u64, Result<Vec<String>, String>);

fn read(text: &[u8], options: &Options) -> Result<Vec<Seen>, Error> {
    let mut reader = Reader::new(Cursor::new(text), "users/export.csv", options)?;
    let mut records = Vec::new();
    while let Some(record) = reader.next_record()? {
        let cells = match record.problem() {
            Some(problem) => Err(problem.to_string()),
            None => Ok((0..reader.header().names().len())
                .map(|at| record.at(at).to_owned())
                .collect()),
        };
        records.push((record.line(), cells));
    }
    Ok(records)
}

fn records(text: &str) -> Vec<Seen> {
    read(text.as_bytes(), &Options::default()).expect("a usable file")
}

fn good(line: u64, cells: &[&str]) -> Seen {
    (
        line,
        Ok(cells.iter().map(|cell| (*cell).to_owned()).collect()),
    )
}

fn bad(line: u64, problem: &str) -> Seen {
    (line, Err(problem.to_owned()))
}

fn refusal(text: &[u8], options: &Options) -> error::Error {
    let error = error::Error::from(read(text, options).expect_err("an unusable file"));
    assert_eq!(error.kind, Kind::Usage, "{error}");
    error
}

#[test]
fn records_carry_the_line_they_start_on() {
    let text = "\u{feff}\r\nid,note\r\n1,a\r\n\r\n2,\"two\r\nlines\"\r\n3,c";
    assert_eq!(
        records(text),
        [
            good(3, &["1", "a"]),
            good(5, &["2", "two\r\nlines"]),
            good(7, &["3", "c"]),
        ]
    );
}

#[test]
fn a_broken_record_costs_its_own_line_alone() {
    let text = "id,note\n1,a\n2\n3,b,c\n4,\"x\"y\n5,\0\n6,d\n";
    assert_eq!(
        records(text),
        [
            good(2, &["1", "a"]),
            bad(3, "too few cells: 1 of 2"),
            bad(4, "too many cells: 3 instead of 2"),
            bad(5, "text behind a closing quote"),
            bad(6, "a NUL byte in `note`"),
            good(7, &["6", "d"]),
        ]
    );
}

#[test]
fn a_lost_quote_does_not_swallow_the_lines_below() {
    let open = "id,note\n1,\"lost\n2,b\n3,c\n";
    assert_eq!(
        records(open),
        [
            bad(2, "a quote that is never closed"),
            good(3, &["2", "b"]),
            good(4, &["3", "c"]),
        ]
    );
    // The `csv` crate reads one sound-looking record of two people here.
    let joined = "id,note\n1,\"lost\n2,\"b\"\n3,c\n";
    assert_eq!(
        records(joined),
        [
            bad(2, "text behind a closing quote"),
            good(3, &["2", "b"]),
            good(4, &["3", "c"]),
        ]
    );
    let shifted = "id,note\n1,\"lost\n2,b\n\",\"x\",y\n3,c\n";
    assert_eq!(
        records(shifted),
        [
            bad(2, "too many cells: 4 instead of 2"),
            good(3, &["2", "b"]),
            bad(4, "text behind a closing quote"),
            good(5, &["3", "c"]),
        ]
    );
}

#[test]
fn a_record_beyond_the_limit_is_a_problem_and_reading_goes_on() {
    let mut text = b"id,note\n1,".to_vec();
    text.resize(text.len() + RECORD_LIMIT + 10, b'x');
    text.extend(b"\n2,b\n3,\"");
    for _ in 0..RECORD_LIMIT / 64 + 10 {
        text.extend([b'z'; 63]);
        text.push(b'\n');
    }
    text.extend(b"4,d\n");
    let records = read(&text, &Options::default()).expect("a usable file");
    let problem = "longer than 16 MiB: a quote that is never closed?";
    assert_eq!(records[0], bad(2, problem));
    assert_eq!(records[1], good(3, &["2", "b"]));
    assert_eq!(records[2], bad(4, problem));
    assert_eq!(records[3], bad(5, "too few cells: 1 of 2"));
    assert_eq!(
        records.last().map(|last| &last.1),
        Some(&good(0, &["4", "d"]).1)
    );
}

#[test]
fn a_damaged_row_is_named_by_its_column() {
    let text = "id,é,ü\n1,a\u{20ac},".as_bytes();
    let text = [text, b"\xE9\n2,b,c\n"].concat();
    assert_eq!(
        read(&text, &Options::default()).expect("a usable file"),
        [
            bad(2, "bytes that are not UTF-8 in `ü`"),
            good(3, &["2", "b", "c"]),
        ]
    );
}

#[test]
fn columns_are_found_by_name() {
    let options = Options {
        required: vec!["ID".to_owned()],
        optional: vec!["Phone account".to_owned()],
        trim: true,
        ..Options::default()
    };
    let text = " Email Account ; id\n ada@example.org ;1\n";
    let mut reader =
        Reader::new(Cursor::new(text), "users/export.csv", &options).expect("a usable file");
    assert_eq!(reader.delimiter(), Delimiter::SEMICOLON);
    assert!(reader.header().has("Id") && !reader.header().has("Phone account"));
    let record = reader.next_record().ok().flatten().expect("one record");
    assert_eq!(record.cell("ID"), Some("1"));
    assert_eq!(record.cell("Email account"), Some("ada@example.org"));
    assert_eq!(record.cell("Phone account"), Some(""));
    assert_eq!(record.cell("Emial account"), None);
}

#[test]
fn a_file_that_cannot_be_used_is_refused_with_the_way_out() {
    let required = Options {
        required: vec!["ID".to_owned(), "Created at".to_owned()],
        ..Options::default()
    };
    let cases: [(&[u8], &str, &str); 8] = [
        (b"", "is empty", "first line names the columns"),
        (
            b"\xEF\xBB\xBF\r\n\n",
            "is empty",
            "first line names the columns",
        ),
        (
            b"ID,Created at,id\n",
            "has the column `id` twice",
            "rename or remove",
        ),
        (
            b"Name|Created at\n",
            "has no column `ID`, `Created at`",
            "split at TAB, names `Name|Created at`",
        ),
        (
            b"\xFF\xFEI\0D\0",
            "is written in UTF-16, not in UTF-8",
            "`iconv -f UTF-16 -t UTF-8 users/export.csv > users/export.utf-8.csv`",
        ),
        (
            b"ID,Created at\n1,Ren\xE9\n",
            "is written in LATIN1, not in UTF-8",
            "iconv -f LATIN1 -t UTF-8",
        ),
        (
            b"ID,\"Created at\n1,2\n",
            "never closed",
            "must name the columns",
        ),
        (
            b"ID,Created at\r1,2\r",
            "end in CR alone",
            "tr '\\r' '\\n' <'users/export.csv'",
        ),
    ];
    for (text, message, hint) in cases {
        let error = refusal(text, &required);
        assert!(error.message.contains(message), "{}", error.message);
        let given = error.hint.unwrap_or_default();
        assert!(given.contains(hint), "{given}");
    }
    assert_eq!(records("ID,Created at\n"), []);
}

#[test]
fn the_line_of_a_refusal_can_be_opened() {
    let error = refusal(b"ID\n1\nRen\xE9\n", &Options::default());
    let place = error.position.expect("a position");
    assert_eq!((place.file.as_str(), place.line), ("users/export.csv", 3));
}

#[test]
fn a_folder_or_a_missing_file_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let error = Reader::open(folder.path(), "users", &Options::default()).expect_err("a folder");
    assert_eq!(error.to_string(), "`users` is not a regular file");
    let missing = folder.path().join("no such file.csv");
    let error = Reader::open(&missing, "no.csv", &Options::default()).expect_err("missing");
    assert_eq!(error.to_string(), "cannot open `no.csv`");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(text in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&text, &Options::default());
    }

    #[test]
    fn any_mix_of_quotes_and_delimiters_ends_with_every_line_accounted_for(
        body in proptest::collection::vec(prop::sample::select(b"\"\",\n\rab\xC3\xA9\0".to_vec()), 0..300)
    ) {
        let text = [b"a,b\n".as_slice(), &body].concat();
        if let Ok(records) = read(&text, &Options::default()) {
            prop_assert!(records.windows(2).all(|pair| pair[0].0 < pair[1].0));
            let lines = text.split(|byte| *byte == b'\n').count() as u64;
            prop_assert!(records.iter().all(|record| record.0 <= lines));
        }
    }

    #[test]
    fn what_the_csv_crate_writes_is_read_back(
        rows in proptest::collection::vec(proptest::collection::vec("[a-zé\", \n\t]{0,8}", 3), 1..20)
    ) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["one", "two", "three"]).expect("memory can be written");
        for row in &rows {
            writer.write_record(row).expect("memory can be written");
        }
        let text = writer.into_inner().expect("memory can be written");
        let options = Options { delimiter: Some(Delimiter::COMMA), ..Options::default() };
        let back: Vec<Vec<String>> = read(&text, &options)
            .expect("a usable file")
            .into_iter()
            .map(|(_, cells)| cells.expect("a sound record"))
            .collect();
        prop_assert_eq!(back, rows);
    }
}
