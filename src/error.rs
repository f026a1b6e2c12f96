//! The one error that crosses rooms.
//!
//! Every module owns a small `thiserror` enum with named fields and converts it into [`Error`], which adds what the
//! reporter needs: a [`Kind`] (it decides the exit code, in `cli/report.rs` alone), a stable code, a hint and a position.

use serde::Serialize;

/// What sort of failure this is. `cli/report.rs` maps it to the exit code of PRODUCT.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A file or folder could not be read or written (1).
    Io,
    /// The database refused a statement (1).
    Database,
    /// Wrong arguments, configuration or input as a whole; nothing was touched (2).
    Usage,
    /// Refused before anything changed (3).
    Refused,
    /// No connection (4).
    Connect,
    /// Data lost or damaged, or a backup that does not verify (5).
    Integrity,
    /// The backup failed; what was to follow it did not start (6).
    Backup,
    /// The migration failed (7).
    Migration,
    /// The script does not compile, or it threw (8).
    Script,
    /// Some input rows were rejected; the rest is in (9).
    Partial,
    /// The time limit was reached (124).
    Timeout,
    /// SIGINT or SIGTERM (130).
    Interrupted,
    /// A bug in dbscript: a panic that was caught (1).
    Internal,
}

impl Kind {
    /// The name a script sees in `err.kind` and may throw with `throw #{ kind: … }`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Io => "io",
            Kind::Database => "database",
            Kind::Usage => "usage",
            Kind::Refused => "refused",
            Kind::Connect => "connect",
            Kind::Integrity => "integrity",
            Kind::Backup => "backup",
            Kind::Migration => "migration",
            Kind::Script => "script",
            Kind::Partial => "partial",
            Kind::Timeout => "timeout",
            Kind::Interrupted => "interrupted",
            Kind::Internal => "internal",
        }
    }

    /// The kind of this name, if there is one.
    pub fn from_name(name: &str) -> Option<Kind> {
        const ALL: [Kind; 13] = [
            Kind::Io,
            Kind::Database,
            Kind::Usage,
            Kind::Refused,
            Kind::Connect,
            Kind::Integrity,
            Kind::Backup,
            Kind::Migration,
            Kind::Script,
            Kind::Partial,
            Kind::Timeout,
            Kind::Interrupted,
            Kind::Internal,
        ];
        ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A place in a file a person can open. Lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Position {
    /// The file as it was named, relative to the project where it lies in it.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// An error as it travels up: message, kind, and what helps a person act.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What sort of failure this is.
    pub kind: Kind,
    /// A stable code where there is one: a database's SQLSTATE or SQLite's result code name, a rule's name.
    pub code: Option<String>,
    /// Lower case, no full stop, names in backticks; does not repeat its source.
    pub message: String,
    /// What to do now, where that is known.
    pub hint: Option<String>,
    /// What may hold data of rows and belongs to the message: shown to a person, and nowhere that others read.
    pub data: Option<String>,
    /// Where, if it is in a file.
    pub position: Option<Position>,
    /// The script's call chain, innermost first, each line ready to print.
    pub trace: Vec<String>,
    /// What caused it.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of this kind with this message.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Error {
            kind,
            code: None,
            message: message.into(),
            hint: None,
            data: None,
            position: None,
            trace: Vec::new(),
            source: None,
        }
    }

    /// Wraps a module's own error: its message is ours, its source stays the source.
    pub fn wrap(kind: Kind, error: impl std::error::Error + Send + Sync + 'static) -> Self {
        let mut wrapped = Error::new(kind, error.to_string());
        wrapped.source = error
            .source()
            .map(|source| Box::new(Chain::from(source)) as _);
        wrapped
    }

    /// The same error with a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same error with a code.
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// The same error with a position.
    pub fn at(mut self, position: Position) -> Self {
        self.position = Some(position);
        self
    }

    /// A new error of this kind whose source is this one; code, hint, position and trace move outwards.
    pub fn context(mut self, kind: Kind, message: impl Into<String>) -> Self {
        let mut outer = Error::new(kind, message);
        outer.code = self.code.take();
        outer.hint = self.hint.take();
        outer.data = self.data.take();
        outer.position = self.position.take();
        outer.trace = std::mem::take(&mut self.trace);
        outer.source = Some(Box::new(self));
        outer
    }

    /// The message and those of its sources, joined by `: `.
    pub fn chain(&self) -> String {
        let mut text = self.message.clone();
        let mut next = std::error::Error::source(self);
        while let Some(source) = next {
            text.push_str(": ");
            text.push_str(&source.to_string());
            next = source.source();
        }
        text
    }
}

/// A source's messages, kept as text where the source itself cannot be moved.
#[derive(Debug)]
struct Chain {
    message: String,
    source: Option<Box<Chain>>,
}

impl From<&(dyn std::error::Error + 'static)> for Chain {
    fn from(error: &(dyn std::error::Error + 'static)) -> Self {
        Chain {
            message: error.to_string(),
            source: error.source().map(|source| Box::new(Chain::from(source))),
        }
    }
}

impl std::fmt::Display for Chain {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Chain {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// The result of anything that crosses rooms.
pub type Result<T> = std::result::Result<T, Error>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_name() {
        for name in ["io", "database", "usage", "refused", "connect", "integrity"] {
            assert_eq!(Kind::from_name(name).map(Kind::name), Some(name));
        }
        assert_eq!(Kind::from_name("nonsense"), None);
    }

    #[test]
    fn the_chain_prints_every_message_once() {
        let inner = Error::new(Kind::Io, "no space left");
        let outer = inner.context(Kind::Backup, "cannot write `users-backup.json`");
        assert_eq!(
            outer.chain(),
            "cannot write `users-backup.json`: no space left"
        );
    }
}
