//! One pass over a file before its first record: is it UTF-8, and if not, what is it?
//!
//! Nothing in the header gives a Latin-1 file away, and its first accent may stand in the last row. Only a look at every
//! byte lets such a file be refused while nothing is done yet.

use std::io::{self, Read};

/// What the pass found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Survey {
    /// Bytes in the file.
    pub bytes: u64,
    /// Bytes of a byte order mark to skip.
    pub mark: usize,
    /// What it is, if it is no UTF-8 text.
    pub refusal: Option<Refusal>,
}

/// Why a file is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Text in this encoding (iconv's name); the line that shows it.
    Encoding(&'static str, u64),
    /// Not text, but this.
    NotText(&'static str),
}

/// How much is looked at to tell what a file is.
const OPENING: usize = 4096;
const BLOCK: usize = 256 * 1024;

/// Reads all of `source`.
///
/// # Errors
/// What reading meets.
pub(super) fn survey(source: &mut impl Read) -> io::Result<Survey> {
    let mut block = vec![0; BLOCK];
    let mut kept = 0;
    let mut tally = Tally::default();
    let mut survey = Survey::default();
    loop {
        let read = match source.read(&mut block[kept..]) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        // A first read may be short; nothing but the end of the file makes it shorter than an opening.
        if survey.bytes == 0 && kept + read < OPENING && read > 0 {
            kept += read;
            continue;
        }
        if survey.bytes == 0 {
            let opening = &block[..(kept + read).min(OPENING)];
            if let Some(refusal) = foreign(opening) {
                survey.refusal = Some(refusal);
                return Ok(survey);
            }
            survey.mark = if opening.starts_with(b"\xEF\xBB\xBF") {
                3
            } else {
                0
            };
        }
        let filled = kept + read;
        let looked = tally.look(&block[..filled], read == 0);
        survey.bytes += looked as u64;
        if read == 0 {
            survey.refusal = tally.verdict();
            return Ok(survey);
        }
        block.copy_within(looked..filled, 0);
        kept = filled - looked;
    }
}

/// What the first bytes say the file is, if that is not UTF-8 text.
fn foreign(opening: &[u8]) -> Option<Refusal> {
    const UTF_16: Refusal = Refusal::Encoding("UTF-16", 1);
    if opening.starts_with(b"\xFF\xFE\0\0") || opening.starts_with(b"\0\0\xFE\xFF") {
        return Some(Refusal::Encoding("UTF-32", 1));
    }
    if opening.starts_with(b"\xFF\xFE") || opening.starts_with(b"\xFE\xFF") {
        return Some(UTF_16);
    }
    if opening.starts_with(b"PK\x03\x04") {
        return Some(Refusal::NotText("a workbook or zip archive"));
    }
    if opening.starts_with(b"\x1F\x8B") || opening.starts_with(b"\x28\xB5\x2F\xFD") {
        return Some(Refusal::NotText("a compressed file"));
    }
    if opening.starts_with(b"SQLite format 3\0") {
        return Some(Refusal::NotText("an SQLite database"));
    }
    // Western text in UTF-16 without a mark has a zero in every second byte.
    let zeros = |first: usize| {
        let bytes = opening.iter().skip(first).step_by(2);
        bytes.filter(|byte| **byte == 0).count()
    };
    let (high, low) = (zeros(0), zeros(1));
    let pairs = opening.len() / 2;
    if pairs >= 2 && low * 2 > pairs && high * 4 < pairs {
        return Some(Refusal::Encoding("UTF-16LE", 1));
    }
    if pairs >= 2 && high * 2 > pairs && low * 4 < pairs {
        return Some(Refusal::Encoding("UTF-16BE", 1));
    }
    None
}

/// Counts what is UTF-8 beyond ASCII and what is not UTF-8.
#[derive(Default)]
struct Tally {
    /// Sound sequences of several bytes.
    sequences: u64,
    /// Bytes that belong to none.
    strays: u64,
    /// Strays that Latin-1 has no sign for, but Windows has.
    windows: u64,
    /// Lines before the first stray.
    lines: u64,
}

impl Tally {
    /// Looks at a piece; returns how much of it is dealt with: all but a sequence that the next piece may complete.
    fn look(&mut self, piece: &[u8], last: bool) -> usize {
        let mut from = 0;
        loop {
            let (sound, stray) = match std::str::from_utf8(&piece[from..]) {
                Ok(text) => (text.len(), None),
                Err(error) => (error.valid_up_to(), Some(error.error_len())),
            };
            self.count(&piece[from..from + sound]);
            from += sound;
            match stray {
                None => return from,
                Some(None) if !last => return from,
                Some(length) => {
                    let end = from + length.unwrap_or(piece.len() - from);
                    self.strays += 1;
                    let windows = (0x80..0xA0).contains(&piece[from]);
                    self.windows += u64::from(windows);
                    from = end;
                }
            }
        }
    }

    fn count(&mut self, sound: &[u8]) {
        if self.strays == 0 {
            self.lines += memchr::memchr_iter(b'\n', sound).count() as u64;
        }
        if !sound.is_ascii() {
            let leading = sound.iter().filter(|byte| **byte >= 0xC0).count();
            self.sequences += leading as u64;
        }
    }

    /// A file with more strays than sequences was never UTF-8; otherwise it is UTF-8 with a few damaged rows.
    fn verdict(&self) -> Option<Refusal> {
        if self.strays <= self.sequences {
            return None;
        }
        let encoding = if self.windows > 0 {
            "WINDOWS-1252"
        } else {
            "LATIN1"
        };
        Some(Refusal::Encoding(encoding, self.lines + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its bytes a few at a time, as a slow disk may.
    struct Dribble<'a>(&'a [u8], usize);

    impl Read for Dribble<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let most = self.1.min(self.0.len()).min(out.len());
            out[..most].copy_from_slice(&self.0[..most]);
            self.0 = &self.0[most..];
            Ok(most)
        }
    }

    fn refusal(bytes: &[u8]) -> Option<Refusal> {
        let whole = survey(&mut &bytes[..]).expect("memory can be read");
        let dribbled = survey(&mut Dribble(bytes, 3)).expect("memory can be read");
        assert_eq!(whole, dribbled);
        if whole.refusal.is_none() {
            assert_eq!(whole.bytes, bytes.len() as u64);
        }
        whole.refusal
    }

    #[test]
    fn utf_8_passes_with_and_without_a_mark() {
        assert_eq!(refusal(b""), None);
        assert_eq!(refusal("id,naïve,名前\n1,é,x\n".as_bytes()), None);
        assert_eq!(refusal(b"\xEF\xBB\xBFid\n1\n"), None);
        assert_eq!(
            survey(&mut &b"\xEF\xBB\xBFid"[..]).map(|s| s.mark).ok(),
            Some(3)
        );
        let long = "é".repeat(BLOCK);
        assert_eq!(refusal(format!("x{long}").as_bytes()), None);
    }

    #[test]
    fn other_encodings_are_named_with_the_line_that_shows_them() {
        let wide = |text: &str| {
            text.encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect::<Vec<u8>>()
        };
        let mut marked = vec![0xFF, 0xFE];
        marked.extend(wide("ID\tEmail"));
        assert_eq!(refusal(&marked), Some(Refusal::Encoding("UTF-16", 1)));
        assert_eq!(
            refusal(&wide("ID\tEmail\n")),
            Some(Refusal::Encoding("UTF-16LE", 1))
        );
        let swapped: Vec<u8> = "ID\tEmail"
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect();
        assert_eq!(refusal(&swapped), Some(Refusal::Encoding("UTF-16BE", 1)));
        assert_eq!(
            refusal(b"id,name\n1,a\n2,Ren\xE9\n"),
            Some(Refusal::Encoding("LATIN1", 3))
        );
        assert_eq!(
            refusal(b"id,name\n1,\x93a\x94\n"),
            Some(Refusal::Encoding("WINDOWS-1252", 2))
        );
        assert_eq!(
            refusal(b"id\nRen\xE9"),
            Some(Refusal::Encoding("LATIN1", 2))
        );
    }

    #[test]
    fn a_damaged_row_in_a_file_of_utf_8_is_no_reason_to_refuse_it() {
        assert_eq!(
            refusal(
                "id,é,ü\n1,\u{20ac},"
                    .as_bytes()
                    .iter()
                    .copied()
                    .chain([0xE9, b'\n'])
                    .collect::<Vec<_>>()
                    .as_slice()
            ),
            None
        );
        assert_eq!(refusal(b"id\nx\0y\n"), None);
    }

    #[test]
    fn what_is_no_text_is_named() {
        assert!(matches!(
            refusal(b"PK\x03\x04rest"),
            Some(Refusal::NotText(_))
        ));
        assert!(matches!(
            refusal(b"SQLite format 3\0rest"),
            Some(Refusal::NotText(_))
        ));
    }
}
