//! SQLite: statements read with `sqlite3-parser`, a port of SQLite's own grammar. What it cannot read is said, never
//! passed over.

mod expression;
mod lift;
mod outside;
mod rows;
mod statement;
mod table;

use std::panic::{AssertUnwindSafe, catch_unwind};

use sqlite3_parser::ast::{Cmd, Name, QualifiedName};
use sqlite3_parser::lexer::sql::Parser;
use sqlite3_parser::{Bump, FallibleIterator};

use super::{TypeChange, unquoted};
use crate::hazard::action::{Action, Step};
use crate::ident::TableName;

/// Statements longer than this are data, not schema; taking them apart would take many times their size.
const MOST_BYTES: usize = 8 << 20;

/// What a statement does. EXPLAIN does nothing.
pub(super) fn read(text: &str) -> Vec<Step> {
    let unparsed = |message: String| {
        vec![Step {
            action: Action::Unparsed(message),
            offset: 0,
        }]
    };
    if text.len() > MOST_BYTES {
        return unparsed(format!("it is {} MB long", text.len() >> 20));
    }
    let pieces = lift::pieces(text);
    if let Some(step) = statement::impossible(&pieces) {
        return vec![step];
    }
    if lift::is_too_deep(&pieces) {
        return unparsed("it is nested too deep".to_owned());
    }
    // The parser asserts here and there; a migration must not end the program with that.
    let read = catch_unwind(AssertUnwindSafe(|| {
        let bump = Bump::new();
        let mut parser = Parser::new(&bump, text.as_bytes());
        match parser.next() {
            Ok(Some(Cmd::Stmt(statement))) => Ok(statement::read(&statement, text, &pieces)),
            Ok(Some(Cmd::Explain(_) | Cmd::ExplainQueryPlan(_)) | None) => Ok(Vec::new()),
            Err(error) => Err(error.to_string()),
        }
    }));
    match read {
        Ok(Ok(steps)) => steps,
        Ok(Err(message)) => unparsed(message),
        Err(_) => unparsed("the parser gave up".to_owned()),
    }
}

fn plain(name: &Name<'_>) -> String {
    unquoted(name.0)
}

/// A table's name; `main` is where everything is and goes unsaid.
fn table_name(name: &QualifiedName<'_>) -> TableName {
    let schema = name.db_name.as_ref().map(plain);
    TableName {
        schema: schema.filter(|schema| !schema.eq_ignore_ascii_case("main")),
        name: plain(&name.name),
    }
}

/// Which storage a declared type leads to (<https://www.sqlite.org/datatype3.html#determination_of_column_affinity>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Affinity {
    Integer,
    Text,
    Blob,
    Real,
    Numeric,
}

fn affinity(type_name: &str) -> Affinity {
    let name = type_name.to_ascii_uppercase();
    let has = |part: &str| name.contains(part);
    if has("INT") {
        Affinity::Integer
    } else if has("CHAR") || has("CLOB") || has("TEXT") {
        Affinity::Text
    } else if has("BLOB") || name.is_empty() {
        Affinity::Blob
    } else if has("REAL") || has("FLOA") || has("DOUB") {
        Affinity::Real
    } else {
        Affinity::Numeric
    }
}

/// What copying a column into one of another type does: SQLite converts in silence where it can.
pub(super) fn type_change(from: &str, to: &str, column: &str) -> Option<TypeChange> {
    let (from, to) = (affinity(from), affinity(to));
    if from == to || to == Affinity::Blob {
        return None;
    }
    // Text is converted if it reads as a number: comparing it with a number applies the same conversion.
    let text = format!(
        "typeof({column}) = 'text' AND CAST({column} AS NUMERIC) = ({column} || '') \
         AND CAST(CAST({column} AS NUMERIC) AS TEXT) <> {column}"
    );
    let loses = match to {
        Affinity::Text => Some(format!(
            "typeof({column}) = 'real' AND CAST(CAST({column} AS TEXT) AS REAL) <> {column}"
        )),
        Affinity::Real => Some(format!(
            "{text} OR typeof({column}) = 'integer' AND CAST(CAST({column} AS REAL) AS INTEGER) <> {column}"
        )),
        Affinity::Integer | Affinity::Numeric => Some(text),
        Affinity::Blob => None,
    };
    Some(TypeChange {
        loses,
        verdict: "would be changed by the new type",
        ..TypeChange::default()
    })
}
