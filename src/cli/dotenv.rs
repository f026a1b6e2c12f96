//! `.env` files as they stand in real projects: quotes `"`, `'` and backtick (also over several lines), `export`, CRLF,
//! a byte order mark, comments, `${VAR}`. A line that cannot be read is an error with its place, because the variable it
//! was meant to set may be the one that says which database this is about.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::{Error, Kind, Position, Result};

/// One variable as the file sets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its value, unquoted and expanded; a reference that is set nowhere is empty.
    pub value: String,
    /// Where its value stands.
    pub position: Position,
    /// The first `${VAR}` in it that is set nowhere.
    pub unset: Option<String>,
}

/// Reads a `.env` file; one that is not there sets nothing, and so does a folder of that name (a Python environment).
/// `known` is what `${VAR}` sees before the file's own variables: the process environment.
///
/// # Errors
/// Usage errors with file, line and column.
pub fn read(
    path: &Path,
    shown: &str,
    known: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Variable>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(_) if path.is_dir() => return Ok(BTreeMap::new()),
        Err(source) => {
            let mut error = Error::new(Kind::Usage, format!("cannot read `{shown}`"));
            error.source = Some(Box::new(source));
            return Err(error);
        }
    };
    let text = String::from_utf8(bytes).map_err(|_| {
        Error::new(Kind::Usage, format!("`{shown}` is not UTF-8"))
            .hint("save it as UTF-8 (PowerShell's `>` writes UTF-16)")
    })?;
    parse(&text, shown, known)
}

/// Reads the text of a `.env` file called `shown`.
///
/// # Errors
/// As [`read`].
pub fn parse(
    text: &str,
    shown: &str,
    known: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Variable>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader {
        file: shown,
        text,
        at: 0,
        known,
        variables: BTreeMap::new(),
    };
    while reader.at < text.len() {
        reader.line()?;
    }
    Ok(reader.variables)
}

struct Reader<'text> {
    file: &'text str,
    text: &'text str,
    /// Byte offset; always at a character's start.
    at: usize,
    known: &'text BTreeMap<String, String>,
    variables: BTreeMap<String, Variable>,
}

impl<'text> Reader<'text> {
    fn rest(&self) -> &'text str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t']).len();
    }

    /// The rest of this line, without its end.
    fn line_rest(&self) -> &'text str {
        self.rest().lines().next().unwrap_or_default()
    }

    fn skip_line(&mut self) {
        let rest = self.rest();
        self.at += rest.find('\n').map_or(rest.len(), |newline| newline + 1);
    }

    fn line(&mut self) -> Result<()> {
        self.skip_blanks();
        let line = self.line_rest();
        if line.trim().is_empty() || line.starts_with('#') {
            self.skip_line();
            return Ok(());
        }
        if let Some(after) = line.strip_prefix("export")
            && after.starts_with([' ', '\t'])
        {
            self.at += "export".len();
            self.skip_blanks();
        }
        let name = self.name()?;
        self.skip_blanks();
        let position = self.position(self.at);
        let (raw, expands) = match self.rest().chars().next() {
            Some(quote @ ('"' | '\'' | '`')) => (self.quoted(quote)?, quote == '"'),
            _ => (self.unquoted(), true),
        };
        let mut unset = None;
        let value = match expands {
            true => self.expand(&raw, &mut unset),
            false => raw,
        };
        let variable = Variable {
            value: value.replace(ESCAPED_DOLLAR, "$"),
            position,
            unset,
        };
        self.variables.insert(name, variable);
        Ok(())
    }

    /// The name and its `=`.
    fn name(&mut self) -> Result<String> {
        let line = self.line_rest();
        let end = line
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '-')))
            .unwrap_or(line.len());
        let (name, after) = line.split_at(end);
        let blank = after.len() - after.trim_start_matches([' ', '\t']).len();
        if name.is_empty() || !after[blank..].starts_with('=') {
            return Err(self.broken(self.at, "this line is not `NAME=value`"));
        }
        self.at += end + blank + 1;
        Ok(name.to_owned())
    }

    /// Up to the end of the line, or to a `#` after white space.
    fn unquoted(&mut self) -> String {
        let line = self.line_rest();
        let mut end = line.len();
        let mut blank_before = true;
        for (index, character) in line.char_indices() {
            if character == '#' && blank_before {
                end = index;
                break;
            }
            blank_before = character.is_whitespace();
        }
        let value = line[..end].trim().to_owned();
        self.skip_line();
        value
    }

    /// A quoted value, which may go over several lines; only `"` knows escapes.
    fn quoted(&mut self, quote: char) -> Result<String> {
        let start = self.at;
        let mut value = String::new();
        let mut characters = self.rest().char_indices().skip(1);
        let end = loop {
            match characters.next() {
                None => {
                    let message = format!("the quote {quote} is not closed");
                    return Err(self.broken(start, &message));
                }
                Some((index, character)) if character == quote => break start + index + 1,
                Some((_, '\\')) if quote == '"' => match characters.next() {
                    Some((_, 'n')) => value.push('\n'),
                    Some((_, 'r')) => value.push('\r'),
                    Some((_, 't')) => value.push('\t'),
                    Some((_, '$')) => value.push_str(ESCAPED_DOLLAR),
                    Some((_, escaped @ ('"' | '\\'))) => value.push(escaped),
                    Some((_, other)) => value.extend(['\\', other]),
                    None => value.push('\\'),
                },
                Some((_, character)) => value.push(character),
            }
        };
        self.at = end;
        self.skip_blanks();
        let after = self.line_rest();
        if !after.trim().is_empty() && !after.starts_with('#') {
            return Err(self.broken(self.at, "nothing but a comment may follow a quoted value"));
        }
        self.skip_line();
        Ok(value.replace("\r\n", "\n"))
    }

    /// Puts in what each `${NAME}` stands for: the process environment first, then this file's earlier lines.
    fn expand(&self, raw: &str, unset: &mut Option<String>) -> String {
        let mut expanded = String::new();
        let mut rest = raw;
        while let Some(start) = rest.find("${") {
            let Some(length) = rest[start..].find('}') else {
                break;
            };
            expanded.push_str(&rest[..start]);
            let inner = &rest[start + 2..start + length];
            let (name, default) = match inner.split_once(":-") {
                Some((name, default)) => (name, Some(default)),
                None => (inner, None),
            };
            let earlier = self.variables.get(name);
            match (self.known.get(name), earlier, default) {
                (Some(value), ..) => expanded.push_str(value),
                (None, Some(variable), _) => {
                    expanded.push_str(&variable.value);
                    *unset = unset.take().or_else(|| variable.unset.clone());
                }
                (None, None, Some(default)) => expanded.push_str(default),
                (None, None, None) => *unset = unset.take().or_else(|| Some(name.to_owned())),
            }
            rest = &rest[start + length + 1..];
        }
        expanded.push_str(rest);
        expanded
    }

    fn position(&self, at: usize) -> Position {
        let before = &self.text[..at];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Position {
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    /// The line itself is not repeated: it may hold a secret.
    fn broken(&self, at: usize, message: &str) -> Error {
        Error::new(Kind::Usage, message)
            .at(self.position(at))
            .hint("put one `NAME=value` on a line, in quotes if it holds spaces or `#`; `#` begins a comment")
    }
}

/// Stands for `\$` until the references are expanded; cannot occur in a file's text by accident.
const ESCAPED_DOLLAR: &str = "\u{f8ff}\u{0}$\u{0}";

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<(String, String)> {
        let known = BTreeMap::from([("HOST".to_owned(), "db.example".to_owned())]);
        parse(text, ".env", &known)
            .expect("a good file")
            .into_iter()
            .map(|(name, variable)| (name, variable.value))
            .collect()
    }

    fn value(line: &str) -> String {
        let mut all = values(line);
        assert_eq!(all.len(), 1, "{line}");
        all.remove(0).1
    }

    #[test]
    fn values_as_people_write_them() {
        for (line, expected) in [
            ("A=b", "b"),
            ("A=", ""),
            ("A = b c ", "b c"),
            ("  export A=b", "b"),
            ("export\tA=b", "b"),
            ("A=b # comment", "b"),
            ("A=# comment", ""),
            ("A=b#c", "b#c"),
            ("A=\"b # c\" # comment", "b # c"),
            ("A='b ${HOST}'", "b ${HOST}"),
            ("A=`b \"c\" 'd'`", "b \"c\" 'd'"),
            (r#"A="b\n\"c\"\\""#, "b\n\"c\"\\"),
            (r"A='C:\new'", r"C:\new"),
            ("A=${HOST}:1", "db.example:1"),
            ("A=\"${HOST}\"", "db.example"),
            (r#"A="\${HOST}""#, "${HOST}"),
            ("A=${NOWHERE:-here}", "here"),
            ("A=pa$$word$1", "pa$$word$1"),
            ("A=${open", "${open"),
            ("A=b\r\n", "b"),
            ("\u{feff}A=b", "b"),
            ("# x\n\nA=ä=ö\n", "ä=ö"),
        ] {
            assert_eq!(value(line), expected, "{line}");
        }
    }

    #[test]
    fn a_quoted_value_may_go_over_several_lines() {
        let all = values("KEY=\"-----\r\nabc\r\n-----\"\r\nB=2\r\n");
        assert_eq!(all[0].1, "2");
        assert_eq!(all[1].1, "-----\nabc\n-----");
    }

    #[test]
    fn later_lines_see_earlier_ones_and_the_last_one_counts() {
        let all = values("P=x\nURL=postgres://u:${P}@${HOST}/d\nP=y\n");
        assert_eq!(all[0].1, "y");
        assert_eq!(all[1].1, "postgres://u:x@db.example/d");
    }

    #[test]
    fn a_reference_that_is_set_nowhere_is_noted() {
        let all = parse("A=${B}\nC=x${A}\n", ".env", &BTreeMap::new()).expect("read");
        assert_eq!(all["A"].unset.as_deref(), Some("B"));
        assert_eq!(all["C"].unset.as_deref(), Some("B"));
        assert_eq!(all["C"].value, "x");
    }

    #[test]
    fn a_broken_line_says_where() {
        for (text, line, column) in [
            ("A=1\nnot a line\n", 2, 1),
            ("A=1\n  =2", 2, 3),
            ("A=\"open\nB=2", 1, 3),
            ("ä='x' y", 1, 7),
            ("export", 1, 1),
        ] {
            let error = parse(text, ".env", &BTreeMap::new()).expect_err("broken");
            assert_eq!(error.kind, Kind::Usage);
            let position = error.position.expect("a position");
            assert_eq!((position.line, position.column), (line, column), "{text}");
        }
    }

    #[test]
    fn what_is_no_file_sets_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let nothing = BTreeMap::new();
        let missing = read(&folder.path().join(".env"), ".env", &nothing).expect("nothing");
        assert!(missing.is_empty());
        let folder_of_that_name = read(folder.path(), ".env", &nothing).expect("nothing");
        assert!(folder_of_that_name.is_empty());
        let utf16 = folder.path().join("utf16");
        std::fs::write(&utf16, [0xff, 0xfe, b'A', 0]).expect("written");
        assert_eq!(
            read(&utf16, ".env", &nothing).expect_err("refused").kind,
            Kind::Usage
        );
    }
}
