//! SQLite: statements read with `sqlite3-parser`, a port of SQLite's own grammar. What it cannot read is said, never
//! passed over.

mod expression;
mod lift;
mod rows;
mod statement;
mod table;

use std::panic::{AssertUnwindSafe, catch_unwind};

use sqlite3_parser::ast::{Cmd, Name, QualifiedName};
use sqlite3_parser::lexer::sql::Parser;
use sqlite3_parser::{Bump, FallibleIterator};

use crate::hazard::action::{Action, Step};
use crate::ident::TableName;

/// What a statement does. EXPLAIN does nothing.
pub(super) fn read(text: &str) -> Vec<Step> {
    let pieces = lift::pieces(text);
    if let Some(step) = statement::impossible(&pieces) {
        return vec![step];
    }
    let unparsed = |message: String| {
        vec![Step {
            action: Action::Unparsed(message),
            offset: 0,
        }]
    };
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

/// A name without its quotes.
fn unquoted(name: &str) -> String {
    let Some(quote) = name.chars().next() else {
        return String::new();
    };
    let close = match quote {
        '"' | '`' | '\'' => quote,
        '[' => ']',
        _ => return name.to_owned(),
    };
    let inner = &name[1..];
    let inner = inner.strip_suffix(close).unwrap_or(inner);
    match quote {
        '[' => inner.to_owned(),
        _ => inner.replace(&format!("{quote}{quote}"), &quote.to_string()),
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
