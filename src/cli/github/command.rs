//! Workflow commands, the lines a runner acts on
//! (<https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>), and how to keep data from
//! being taken for one.

use std::borrow::Cow;

use crate::cli::readable;
use crate::error::Position;
use crate::storage::Secrets;

/// How serious an annotation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Grade {
    Error,
    Warning,
    Notice,
}

/// One annotation.
pub(super) struct Annotation<'a> {
    pub(super) grade: Grade,
    pub(super) title: &'a str,
    pub(super) position: Option<&'a Position>,
    pub(super) message: &'a str,
}

impl Grade {
    pub(super) fn name(self) -> &'static str {
        match self {
            Grade::Error => "error",
            Grade::Warning => "warning",
            Grade::Notice => "notice",
        }
    }
}

impl Annotation<'_> {
    /// The line with its end, masked before it is escaped: a secret may hold what is.
    pub(super) fn line(&self, secrets: &Secrets) -> String {
        let plain = |text: &str| readable::printable(&secrets.mask(text));
        let mut properties = Vec::new();
        if let Some(position) = self.position {
            properties.push(format!("file={}", property(&plain(&position.file))));
            properties.push(format!("line={}", position.line));
            properties.push(format!("col={}", position.column));
        }
        properties.push(format!("title={}", property(&plain(self.title))));
        format!(
            "::{} {}::{}\n",
            self.grade.name(),
            properties.join(","),
            message(&plain(self.message))
        )
    }
}

/// A command's message, escaped as the runner undoes it.
fn message(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property's value, in which two more characters mean something.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

/// The text with no line that the runner would obey: data must not stop its commands or change what it masks. Lines that
/// begin with `::` are commands, and what stands behind `##[` anywhere.
pub fn defuse(text: &str) -> Cow<'_, str> {
    let is_command = |line: &str| line.trim_start().starts_with("::");
    if !text.contains("##[") && !text.lines().any(is_command) {
        return Cow::Borrowed(text);
    }
    let lines = text.split_inclusive('\n').map(|line| {
        let line = line.replace("##[", "#\u{200b}#[");
        match is_command(&line) {
            true => line.replacen("::", ":\u{200b}:", 1),
            false => line,
        }
    });
    Cow::Owned(lines.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_property_or_a_line_is_escaped() {
        let position = Position {
            file: "migrations/1,a:b.sql".to_owned(),
            line: 3,
            column: 7,
        };
        let mut secrets = Secrets::new();
        secrets.add("hunter%2");
        let annotation = Annotation {
            grade: Grade::Error,
            title: "50%: a, b\n",
            position: Some(&position),
            message: "100% of\r\n`x`, hunter%2::error::y\u{1b}[0m",
        };
        assert_eq!(
            annotation.line(&secrets),
            "::error file=migrations/1%2Ca%3Ab.sql,line=3,col=7,title=50%25%3A a%2C b%0A::\
             100%25 of\\u{d}%0A`x`, ***::error::y\\u{1b}[0m\n"
        );
    }

    #[test]
    fn data_gives_the_runner_no_orders() {
        for (text, defused) in [
            ("a :: b", "a :: b"),
            ("::add-mask::a", ":\u{200b}:add-mask::a"),
            (
                "x\n \t::stop-commands::x\ny",
                "x\n \t:\u{200b}:stop-commands::x\ny",
            ),
            ("say ##[error]no", "say #\u{200b}#[error]no"),
        ] {
            assert_eq!(defuse(text), defused);
        }
        assert!(matches!(defuse("plain"), Cow::Borrowed(_)));
    }
}
