//! Errors as people and programs see them: message, hint, exit code. The only place that knows the exit codes.

use std::path::Path;

use serde::Serialize;

use crate::error::{Error, Kind, Position};
use crate::script::{BUILT_IN, excerpt};
use crate::value::Value;

/// How a command ended: what is said last, by the terminal, the JSON lines and the run log alike.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename = "end")]
pub struct End {
    /// `ok`, `partial`, `refused`, `failed` or `interrupted`.
    pub status: &'static str,
    /// The exit code.
    pub exit_code: u8,
    /// What the command or procedure gives back.
    pub result: Value,
    /// Why it failed, if it did.
    pub error: Option<Failure>,
}

/// An error as data.
#[derive(Debug, Serialize)]
pub struct Failure {
    /// What sort of failure.
    pub kind: Kind,
    /// A stable code where there is one.
    pub code: Option<String>,
    /// The message and those of its causes.
    pub message: String,
    /// What to do now.
    pub hint: Option<String>,
    /// What may hold data of rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// Where, if it is in a file.
    pub position: Option<Position>,
}

impl End {
    /// The end of something that gave `result` and met `error`.
    pub fn new(result: Value, error: Option<&Error>) -> Self {
        End {
            status: error.map_or("ok", |error| status(error.kind)),
            exit_code: error.map_or(0, |error| exit_code(error.kind)),
            result,
            error: error.map(|error| Failure {
                kind: error.kind,
                code: error.code.clone(),
                message: error.chain(),
                hint: error.hint.clone(),
                data: error.data.clone(),
                position: error.position.clone(),
            }),
        }
    }

    /// It as the run log keeps it.
    pub fn without_data(mut self) -> Self {
        if let Some(failure) = &mut self.error {
            failure.data = None;
        }
        self
    }
}

/// The exit code of a failure of this kind.
pub fn exit_code(kind: Kind) -> u8 {
    match kind {
        Kind::Io | Kind::Database | Kind::Internal => 1,
        Kind::Usage => 2,
        Kind::Refused => 3,
        Kind::Connect => 4,
        Kind::Integrity => 5,
        Kind::Backup => 6,
        Kind::Migration => 7,
        Kind::Script => 8,
        Kind::Partial => 9,
        Kind::Timeout => 124,
        Kind::Interrupted => 130,
    }
}

fn status(kind: Kind) -> &'static str {
    match kind {
        Kind::Partial => "partial",
        Kind::Refused => "refused",
        Kind::Timeout | Kind::Interrupted => "interrupted",
        _ => "failed",
    }
}

/// What an error's first line begins with.
pub const ERROR: &str = "error:";

/// What the line with the way out begins with.
pub const HINT: &str = "hint:";

/// The error in lines for people: message, place with its line and a caret, call chain, hint.
pub fn lines(error: &Error, project: Option<&Path>) -> Vec<String> {
    let mut lines = vec![format!("{ERROR} {}", error.chain())];
    lines.extend(error.data.iter().map(|data| format!("  its words: {data}")));
    if let Some(position) = error
        .position
        .as_ref()
        .filter(|place| is_of_use(error, place))
    {
        lines.push(format!(
            "  --> {}:{}:{}",
            position.file, position.line, position.column
        ));
        if error.trace.is_empty()
            && let Some(text) = project.and_then(|project| source(position, project))
        {
            let shown = excerpt(&text, position).into_iter();
            lines.extend(shown.map(|line| format!("  {line}")));
        }
    }
    lines.extend(error.trace.iter().map(|line| format!("  {line}")));
    if let Some(hint) = &error.hint {
        lines.push(format!("{HINT} {hint}"));
    }
    lines
}

/// Whether a place says something to a person: not that in a built-in script, which they did not write, unless the fault
/// is the script's.
fn is_of_use(error: &Error, position: &Position) -> bool {
    matches!(error.kind, Kind::Script | Kind::Internal) || !position.file.starts_with(BUILT_IN)
}

/// The text of the file, where its line may be shown: those of `.env` hold secrets, those of an export people.
fn source(position: &Position, project: &Path) -> Option<String> {
    let shown = [".rhai", ".sql", ".toml"];
    if !shown.iter().any(|ending| position.file.ends_with(ending)) {
        return None;
    }
    std::fs::read_to_string(project.join(&position.file)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_the_exit_code_of_the_contract() {
        for (kind, code, said) in [
            (Kind::Io, 1, "failed"),
            (Kind::Database, 1, "failed"),
            (Kind::Internal, 1, "failed"),
            (Kind::Usage, 2, "failed"),
            (Kind::Refused, 3, "refused"),
            (Kind::Connect, 4, "failed"),
            (Kind::Integrity, 5, "failed"),
            (Kind::Backup, 6, "failed"),
            (Kind::Migration, 7, "failed"),
            (Kind::Script, 8, "failed"),
            (Kind::Partial, 9, "partial"),
            (Kind::Timeout, 124, "interrupted"),
            (Kind::Interrupted, 130, "interrupted"),
        ] {
            let end = End::new(Value::Null, Some(&Error::new(kind, "x")));
            assert_eq!((end.exit_code, end.status), (code, said), "{kind:?}");
        }
        let end = End::new(Value::Int(1), None);
        assert_eq!((end.exit_code, end.status), (0, "ok"));
    }

    #[test]
    fn the_end_as_json() {
        let error = Error::new(Kind::Usage, "unknown key `x`")
            .hint("did you mean `y`?")
            .at(Position {
                file: "dbscript.toml".to_owned(),
                line: 2,
                column: 1,
            });
        let end = serde_json::to_value(End::new(Value::Null, Some(&error))).expect("JSON");
        assert_eq!(
            end,
            serde_json::json!({
                "event": "end", "status": "failed", "exit_code": 2, "result": null,
                "error": {"kind": "usage", "code": null, "message": "unknown key `x`", "hint": "did you mean `y`?",
                    "position": {"file": "dbscript.toml", "line": 2, "column": 1}},
            })
        );
    }

    #[test]
    fn people_see_the_line_with_a_caret() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("dbscript.toml"), "yes = true\n\tx = 1\n")
            .expect("written");
        std::fs::write(folder.path().join(".env"), "hunter2").expect("written");
        let at = |file: &str, line, column| Position {
            file: file.to_owned(),
            line,
            column,
        };
        let inner = Error::new(Kind::Io, "inner").hint("do this");
        let error = inner
            .context(Kind::Usage, "outer")
            .at(at("dbscript.toml", 2, 2));
        assert_eq!(
            lines(&error, Some(folder.path())),
            [
                "error: outer: inner",
                "  --> dbscript.toml:2:2",
                "    |",
                "  2 | \tx = 1",
                "    | \t^",
                "hint: do this"
            ]
        );
        let secret = Error::new(Kind::Usage, "broken").at(at(".env", 1, 1));
        assert_eq!(
            lines(&secret, Some(folder.path())),
            ["error: broken", "  --> .env:1:1"]
        );
    }
}
