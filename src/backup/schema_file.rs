//! The schema file: SQL that the engine's own client can run, read back here into the very statements it was made of.
//!
//! A statement may hold anything, semicolons and whole lines that look like our markers among them (trigger bodies,
//! strings). So nothing is searched for: before each statement stands a comment with its length in bytes, and the
//! reader takes that many. The clients of MySQL and MariaDB end a statement at every semicolon, so one that holds any
//! stands between DELIMITER lines, which are the client's alone.

use std::borrow::Cow;

use crate::db::{DatabaseInfo, Engine, SchemaSql};

/// Opens the first part.
const BEFORE: &str = "-- dbscript: before the rows\n";
/// Opens the second part.
const AFTER: &str = "-- dbscript: after the rows\n";
/// Stands before each statement, followed by its length in bytes.
const STATEMENT: &str = "-- dbscript: statement of ";
/// Ends the line of the length.
const BYTES: &str = " bytes\n";
/// How the clients of MySQL and MariaDB leave comments, line ends and letters in bodies as they are.
const CLIENT: &str = "-- Run it with `mysql` or `mariadb` --binary-mode --comments --default-character-set=utf8mb4.\n";
/// Tells the clients of MySQL and MariaDB what ends the next statement.
const DELIMITER: &str = "DELIMITER ";
/// Ends a statement.
const END: &str = ";\n";
/// Ends a statement whose last line may be a comment. Only those: SQLite keeps the white space before a `;` as part of
/// an index's SQL.
const END_AFTER_COMMENT: &str = "\n;\n";

/// The file is not one this program wrote.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {at}: {expected} expected")]
pub struct Malformed {
    /// Where, from 0.
    pub at: usize,
    /// What should stand there.
    pub expected: &'static str,
}

/// The file's text.
pub fn write(schema: &SchemaSql, database: &DatabaseInfo, tool: &str) -> String {
    let mut text = format!(
        "-- The schema of a {} {} database, written by {}.\n",
        one_line(&database.engine),
        one_line(&database.version),
        one_line(tool)
    );
    let by_delimiter = Engine::from_name(&database.engine).is_some_and(Engine::has_delimiters);
    if by_delimiter {
        text.push_str(CLIENT);
    }
    for (part, statements) in [(BEFORE, &schema.before), (AFTER, &schema.after)] {
        text.push('\n');
        text.push_str(part);
        for statement in statements {
            text.push('\n');
            let delimiter = (by_delimiter && statement.contains(';')).then(|| delimiter(statement));
            if let Some(delimiter) = &delimiter {
                text.push_str(&format!("{DELIMITER}{delimiter}\n"));
            }
            text.push_str(STATEMENT);
            text.push_str(&statement.len().to_string());
            text.push_str(BYTES);
            text.push_str(statement);
            text.push_str(&end(statement, delimiter.as_deref()));
        }
    }
    text
}

/// Reads the statements back.
///
/// # Errors
/// When the text was not written by [`write()`].
pub fn read(text: &str) -> Result<SchemaSql, Malformed> {
    let mut cursor = Cursor { text, at: 0 };
    cursor.skip_line("a comment line")?;
    while cursor.rest().starts_with("--") {
        cursor.skip_line("a comment line")?;
    }
    cursor.take("\n", "an empty line")?;
    cursor.take(BEFORE, "`-- dbscript: before the rows`")?;
    let before = cursor.statements()?;
    cursor.take("\n", "an empty line")?;
    cursor.take(AFTER, "`-- dbscript: after the rows`")?;
    let after = cursor.statements()?;
    if cursor.rest().is_empty() {
        Ok(SchemaSql { before, after })
    } else {
        Err(cursor.expected("the end of the file"))
    }
}

/// What ends this statement, which a delimiter has been set for or not.
fn end(statement: &str, delimiter: Option<&str>) -> Cow<'static, str> {
    if let Some(delimiter) = delimiter {
        return Cow::Owned(format!("\n{delimiter}\n{DELIMITER};\n"));
    }
    let last_line = statement.lines().next_back().unwrap_or_default();
    if ["--", "#", "/*"]
        .iter()
        .any(|mark| last_line.contains(mark))
    {
        Cow::Borrowed(END_AFTER_COMMENT)
    } else {
        Cow::Borrowed(END)
    }
}

/// A delimiter that does not occur in the statement.
fn delimiter(statement: &str) -> String {
    let mut delimiter = "$$".to_owned();
    while statement.contains(&delimiter) {
        delimiter.push('$');
    }
    delimiter
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn expected(&self, expected: &'static str) -> Malformed {
        Malformed {
            at: self.at,
            expected,
        }
    }

    fn take(&mut self, token: &str, expected: &'static str) -> Result<(), Malformed> {
        if !self.rest().starts_with(token) {
            return Err(self.expected(expected));
        }
        self.at += token.len();
        Ok(())
    }

    fn skip_line(&mut self, expected: &'static str) -> Result<(), Malformed> {
        let end = self.rest().find('\n').ok_or(self.expected(expected))?;
        self.at += end + 1;
        Ok(())
    }

    fn statements(&mut self) -> Result<Vec<String>, Malformed> {
        let mut statements = Vec::new();
        while self
            .rest()
            .strip_prefix('\n')
            .is_some_and(|rest| rest.starts_with(STATEMENT) || rest.starts_with(DELIMITER))
        {
            self.at += 1;
            statements.push(self.statement()?);
        }
        Ok(statements)
    }

    fn statement(&mut self) -> Result<String, Malformed> {
        let rest = self.rest();
        let delimiter = match rest.strip_prefix(DELIMITER) {
            None => None,
            Some(line) => {
                let length = line.find('\n').ok_or(self.expected("a delimiter"))?;
                self.at += DELIMITER.len() + length + 1;
                Some(&line[..length])
            }
        };
        self.take(STATEMENT, "the length of a statement")?;
        let digits = self.rest().find(BYTES).unwrap_or(0);
        let length = self.rest()[..digits].parse::<usize>();
        let length = length.map_err(|_| self.expected("a length"))?;
        self.at += digits + BYTES.len();
        let statement = self
            .rest()
            .get(..length)
            .ok_or(self.expected("a whole statement"))?;
        self.at += length;
        self.take(&end(statement, delimiter), "the end of the statement")?;
        Ok(statement.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, Strategy, prop, prop_assert_eq, prop_oneof, proptest};

    use super::*;

    fn database(engine: &str) -> DatabaseInfo {
        DatabaseInfo {
            engine: engine.to_owned(),
            version: "3.50.4".to_owned(),
            ..DatabaseInfo::default()
        }
    }

    fn written(schema: &SchemaSql) -> String {
        write(schema, &database("sqlite"), "dbscript 0.1.0")
    }

    fn written_for_mariadb(schema: &SchemaSql) -> String {
        write(schema, &database("mariadb"), "dbscript 0.1.0")
    }

    #[test]
    fn a_body_stands_between_delimiters_for_the_clients_that_need_them() {
        let schema = SchemaSql {
            before: vec![],
            after: vec!["CREATE TRIGGER t … BEGIN SELECT '$$'; END".to_owned()],
        };
        let text = written_for_mariadb(&schema);
        let wanted = "\nDELIMITER $$$\n-- dbscript: statement of 43 bytes\n\
                      CREATE TRIGGER t … BEGIN SELECT '$$'; END\n$$$\nDELIMITER ;\n";
        assert!(text.ends_with(wanted), "{text}");
        assert_eq!(read(&text), Ok(schema));
    }

    #[test]
    fn the_file_reads_as_sql_in_two_parts() {
        let schema = SchemaSql {
            before: vec!["CREATE TABLE users (id INTEGER PRIMARY KEY)".to_owned()],
            after: vec!["CREATE INDEX i ON users (id) -- why".to_owned()],
        };
        assert_eq!(
            written(&schema),
            "-- The schema of a sqlite 3.50.4 database, written by dbscript 0.1.0.\n\
             \n-- dbscript: before the rows\n\
             \n-- dbscript: statement of 43 bytes\nCREATE TABLE users (id INTEGER PRIMARY KEY);\n\
             \n-- dbscript: after the rows\n\
             \n-- dbscript: statement of 35 bytes\nCREATE INDEX i ON users (id) -- why\n;\n"
        );
    }

    #[test]
    fn statements_that_look_like_the_file_itself_come_back_whole() {
        let inner = written(&SchemaSql {
            before: vec!["CREATE TABLE a (b TEXT DEFAULT ';\n;\n')".to_owned()],
            after: vec![],
        });
        let schema = SchemaSql {
            before: vec![inner.clone(), String::new(), "\n".to_owned()],
            after: vec![format!("CREATE TRIGGER t … BEGIN SELECT '{inner}'; END")],
        };
        assert_eq!(read(&written(&schema)), Ok(schema));
    }

    #[test]
    fn a_torn_file_is_refused() {
        let text = written(&SchemaSql {
            before: vec!["CREATE TABLE ä (b)".to_owned()],
            after: vec!["CREATE INDEX i ON ä (b)".to_owned()],
        });
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            let torn = read(&text[..end]);
            // A file torn right behind a whole second part's marker or statement still reads; its hash tells.
            let whole_lines = text[..end].contains(AFTER)
                && (text[..end].ends_with(AFTER) || text[..end].ends_with(END));
            assert_eq!(torn.is_ok(), whole_lines, "{end}: {torn:?}");
        }
    }

    fn statement() -> impl Strategy<Value = String> {
        prop_oneof![
            ".{0,40}",
            Just(BEFORE.to_owned()),
            Just(AFTER.to_owned()),
            Just(format!("\n{STATEMENT}3{BYTES}abc{END}")),
        ]
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_back(
            before in prop::collection::vec(statement(), 0..5),
            after in prop::collection::vec(statement(), 0..5),
        ) {
            let schema = SchemaSql { before, after };
            prop_assert_eq!(read(&written_for_mariadb(&schema)), Ok(schema.clone()));
            prop_assert_eq!(read(&written(&schema)), Ok(schema));
        }

        #[test]
        fn no_text_panics(text in "(DELIMITER |-- dbscript: (before|after) the rows\n|\n|-- dbscript: statement of 9{0,30} bytes\n|;|ä){0,12}") {
            let _ = read(&text);
        }
    }
}
