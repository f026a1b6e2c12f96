//! One parsed statement as steps.

use sqlite3_parser::ast::{
    AlterTableBody, Expr, InsertBody, Literal, PragmaBody, QualifiedName, SortedColumn, Stmt,
    TriggerCmd, TriggerEvent,
};

use super::lift::{self, Piece};
use super::{expression, outside, plain, rows, table, table_name, unquoted};
use crate::hazard::action::{Action, Change, NewIndex, NewTable, NewTrigger, NewView, Reach, Step};
use crate::ident::TableName;

/// What SQLite keeps its schema in.
const SCHEMA_TABLES: [&str; 4] = [
    "sqlite_master",
    "sqlite_schema",
    "sqlite_temp_master",
    "sqlite_temp_schema",
];

/// The steps of a statement.
pub(super) fn read(statement: &Stmt<'_>, text: &str, pieces: &[Piece<'_>]) -> Vec<Step> {
    let (action, offset) = match statement {
        Stmt::AlterTable(name, body) => (alter(name, body), action_offset(pieces)),
        Stmt::Delete { .. } | Stmt::Update { .. } | Stmt::Insert { .. } => {
            return write(statement, text, pieces);
        }
        _ => match schema(statement, text, pieces).or_else(|| other(statement, pieces)) {
            Some(action) => (action, 0),
            None => return Vec::new(),
        },
    };
    vec![Step { action, offset }]
}

fn alter(name: &QualifiedName<'_>, body: &AlterTableBody<'_>) -> Action {
    let table = table_name(name);
    match body {
        AlterTableBody::RenameTo(to) => Action::RenameTable {
            table,
            to: plain(to),
        },
        AlterTableBody::AddColumn(column) => Action::AddColumn {
            table,
            column: table::column(column),
        },
        AlterTableBody::RenameColumn { old, new } => Action::RenameColumn {
            table,
            column: plain(old),
            to: plain(new),
        },
        AlterTableBody::DropColumn(column) => Action::DropColumn {
            table,
            column: plain(column),
            cascade: false,
        },
        // The grammar is ahead of the SQLite that is built in; `impossible` meets these first.
        AlterTableBody::DropColumnNotNull(_)
        | AlterTableBody::SetColumnNotNull(..)
        | AlterTableBody::AddConstraint(_)
        | AlterTableBody::DropConstraint(_) => cannot(table, "change constraints"),
    }
}

/// Where the action of an ALTER TABLE stands: behind the table's name.
fn action_offset(pieces: &[Piece<'_>]) -> usize {
    let dotted = pieces.get(3).is_some_and(|piece| piece.text == ".");
    let index = if dotted { 5 } else { 3 };
    pieces.get(index).map_or(0, |piece| piece.start)
}

fn cannot(table: TableName, what: &str) -> Action {
    Action::Impossible {
        table,
        what: what.to_owned(),
        hint: "rebuild the table: create the new one, copy every row, drop the old one, rename \
               (https://www.sqlite.org/lang_altertable.html#otheralter)"
            .to_owned(),
    }
}

/// ALTER TABLE as other databases have it: SQLite's grammar has no word for it, so the parser would only say where it
/// stopped.
pub(super) fn impossible(pieces: &[Piece<'_>]) -> Option<Step> {
    let [alter, table_word, ..] = pieces else {
        return None;
    };
    if !alter.is("alter") || !table_word.is("table") {
        return None;
    }
    let dotted = pieces.get(3).is_some_and(|piece| piece.text == ".");
    let at = if dotted { 5 } else { 3 };
    let name = unquoted(pieces.get(at - 1)?.text);
    let action = pieces.get(at)?;
    let next = pieces.get(at + 1)?;
    let named = |words: &[&str]| words.iter().any(|word| next.is(word));
    let behind = pieces.get(at + 2);
    let what = if action.is("alter") || action.is("modify") || action.is("change") {
        "change a column's type, default or NOT NULL"
    } else if action.is("add") && named(&["constraint", "foreign", "check", "primary", "unique"]) {
        "add a constraint"
    } else if action.is("drop") && named(&["constraint", "foreign", "primary", "check"]) {
        "drop a constraint"
    } else if action.is("rename") && named(&["constraint", "index"]) {
        "rename a constraint or index"
    } else if next.is("column") && behind.is_some_and(|piece| piece.is("if")) {
        "take IF EXISTS or IF NOT EXISTS for a column"
    } else if pieces
        .iter()
        .any(|piece| piece.depth == 0 && piece.text == ",")
    {
        "do several actions in one statement"
    } else {
        return None;
    };
    Some(Step {
        action: cannot(TableName::plain(name), what),
        offset: action.start,
    })
}

fn write(statement: &Stmt<'_>, text: &str, pieces: &[Piece<'_>]) -> Vec<Step> {
    let verbs = ["delete", "update", "insert", "replace"];
    let clauses = lift::clauses(text, pieces, &verbs);
    let (action, table) = match statement {
        Stmt::Delete {
            tbl_name,
            where_clause,
            ..
        } => {
            let change = rows::change(tbl_name, where_clause.as_ref(), &clauses, pieces);
            (Action::Delete(change), tbl_name)
        }
        Stmt::Update {
            tbl_name,
            where_clause,
            sets,
            or_conflict,
            ..
        } => {
            let change = rows::change(tbl_name, where_clause.as_ref(), &clauses, pieces);
            let update = rows::update(change, sets, *or_conflict);
            (Action::Update(update), tbl_name)
        }
        Stmt::Insert {
            tbl_name,
            columns,
            or_conflict,
            body,
            ..
        } => {
            let columns = columns
                .as_ref()
                .map(|names| names.iter().map(plain).collect());
            let insert = rows::insert(
                table_name(tbl_name),
                columns.unwrap_or_default(),
                *or_conflict,
                body,
                text,
                pieces,
            );
            (Action::Insert(insert), tbl_name)
        }
        _ => return Vec::new(),
    };
    let name = plain(&table.name).to_ascii_lowercase();
    let action = match SCHEMA_TABLES.contains(&name.as_str()) {
        true => Action::WriteSchema,
        false => action,
    };
    vec![Step {
        action,
        offset: clauses.verb,
    }]
}

/// What creates and drops.
fn schema(statement: &Stmt<'_>, text: &str, pieces: &[Piece<'_>]) -> Option<Action> {
    Some(match statement {
        Stmt::CreateTable {
            temporary,
            if_not_exists,
            tbl_name,
            body,
        } => {
            let name = table_name(tbl_name);
            let temporary = *temporary || is_temporary(&name);
            let mut created = NewTable {
                name: TableName {
                    schema: name.schema.filter(|_| !temporary),
                    name: name.name,
                },
                temporary,
                if_not_exists: *if_not_exists,
                ..NewTable::default()
            };
            table::fill(&mut created, body, behind_as(text, pieces));
            Action::CreateTable(created)
        }
        Stmt::CreateVirtualTable {
            if_not_exists,
            tbl_name,
            ..
        } => Action::CreateTable(NewTable {
            name: table_name(tbl_name),
            if_not_exists: *if_not_exists,
            ..NewTable::default()
        }),
        Stmt::DropTable { tbl_name, .. } => Action::DropTable {
            table: table_name(tbl_name),
            cascade: false,
        },
        Stmt::CreateIndex {
            unique,
            idx_name,
            tbl_name,
            columns,
            where_clause,
            ..
        } => Action::CreateIndex(NewIndex {
            name: table_name(idx_name),
            table: TableName {
                schema: table_name(idx_name).schema,
                name: plain(tbl_name),
            },
            unique: *unique,
            terms: columns.iter().map(term).collect(),
            condition: where_clause.as_ref().map(ToString::to_string),
            nulls_equal: false,
        }),
        Stmt::DropIndex { idx_name, .. } => table::drop_index(idx_name),
        Stmt::CreateView { view_name, .. } => Action::CreateView(NewView {
            name: table_name(view_name),
            words: lift::words(pieces),
        }),
        Stmt::DropView { view_name, .. } => Action::DropView {
            view: table_name(view_name),
            cascade: false,
        },
        Stmt::CreateTrigger { .. } => return trigger(statement, pieces),
        Stmt::DropTrigger { trigger_name, .. } => table::drop_trigger(trigger_name),
        _ => return None,
    })
}

fn trigger(statement: &Stmt<'_>, pieces: &[Piece<'_>]) -> Option<Action> {
    let Stmt::CreateTrigger {
        trigger_name,
        tbl_name,
        commands,
        event,
        ..
    } = statement
    else {
        return None;
    };
    Some(Action::CreateTrigger(NewTrigger {
        name: table_name(trigger_name),
        table: table_name(tbl_name),
        event: match event {
            TriggerEvent::Delete => "DELETE",
            TriggerEvent::Insert => "INSERT",
            TriggerEvent::Update | TriggerEvent::UpdateOf(_) => "UPDATE",
        },
        body: body(commands, pieces),
        words: lift::words(pieces),
    }))
}

/// The SELECT of a CREATE TABLE … AS.
fn behind_as<'a>(text: &'a str, pieces: &[Piece<'_>]) -> &'a str {
    let mut top = pieces.iter().filter(|piece| piece.depth == 0);
    top.find(|piece| piece.is("as"))
        .map_or("", |piece| text[piece.end..].trim())
}

fn is_temporary(name: &TableName) -> bool {
    let schema = name.schema.as_deref();
    schema.is_some_and(|schema| schema.eq_ignore_ascii_case("temp"))
}

fn term(column: &SortedColumn<'_>) -> (String, Option<String>) {
    let plain = table::key_column(&column.expr);
    let sql = match (&column.expr, &plain) {
        // A string in a key is a column.
        (Expr::Literal(_), Some(name)) => crate::db::Engine::Sqlite.quote(name),
        (other, _) => other.to_string(),
    };
    (sql, plain)
}

/// What a trigger's statements do, each at its own place.
fn body(commands: &[TriggerCmd<'_>], pieces: &[Piece<'_>]) -> Vec<Step> {
    let begin = pieces.iter().position(|piece| piece.is("begin"));
    let mut offsets = pieces
        .iter()
        .enumerate()
        .filter(|(index, piece)| Some(*index) == begin || piece.text == ";")
        .filter_map(|(index, _)| pieces.get(index + 1).map(|piece| piece.start));
    commands
        .iter()
        .filter_map(|command| {
            let offset = offsets.next().unwrap_or_default();
            trigger_action(command).map(|action| Step { action, offset })
        })
        .collect()
}

fn trigger_action(command: &TriggerCmd<'_>) -> Option<Action> {
    // NEW and OLD have no rows to ask for, so only which table it touches is kept.
    let change = |name: &QualifiedName<'_>| Change {
        table: table_name(name),
        reach: Reach::Every,
        ..Change::default()
    };
    match command {
        TriggerCmd::Delete { tbl_name, .. } => Some(Action::Delete(change(tbl_name))),
        TriggerCmd::Update {
            tbl_name,
            sets,
            or_conflict,
            ..
        } => {
            let update = rows::update(change(tbl_name), sets, *or_conflict);
            Some(Action::Update(update))
        }
        TriggerCmd::Insert {
            tbl_name,
            or_conflict,
            ..
        } => {
            let none = InsertBody::DefaultValues;
            let insert = rows::insert(table_name(tbl_name), vec![], *or_conflict, &none, "", &[]);
            Some(Action::Insert(insert))
        }
        TriggerCmd::Select(_) => None,
    }
}

fn other(statement: &Stmt<'_>, pieces: &[Piece<'_>]) -> Option<Action> {
    match statement {
        Stmt::Pragma(name, Some(body)) => pragma(&plain(&name.name), body),
        Stmt::Begin(..) => Some(Action::Transaction(true)),
        Stmt::Commit(..) => Some(Action::Transaction(false)),
        Stmt::Rollback {
            savepoint_name: None,
            ..
        } => Some(Action::Transaction(false)),
        Stmt::Attach { .. } => Some(Action::Dynamic(
            "ATTACH reaches another database, which is neither backed up nor rehearsed".to_owned(),
        )),
        Stmt::Vacuum(_, None) => Some(outside::vacuum()),
        Stmt::Vacuum(_, Some(_)) => Some(Action::Dynamic(
            "VACUUM INTO writes a file outside the database".to_owned(),
        )),
        Stmt::Select(_) => {
            let words = lift::words(pieces);
            let outside = ["load_extension", "writefile", "edit", "fts3_tokenizer"];
            let called = outside
                .into_iter()
                .find(|name| words.iter().any(|word| word == name))?;
            Some(Action::Dynamic(format!(
                "`{called}` runs what cannot be seen here"
            )))
        }
        _ => None,
    }
}

fn pragma(name: &str, body: &PragmaBody<'_>) -> Option<Action> {
    let (PragmaBody::Equals(value) | PragmaBody::Call(value)) = body;
    match name.to_ascii_lowercase().as_str() {
        "foreign_keys" => Some(Action::ForeignKeys(is_on(value))),
        "journal_mode" => Some(outside::journal_mode()),
        "legacy_alter_table" => Some(Action::LegacyRename(is_on(value))),
        "writable_schema" if is_on(value) => Some(Action::WriteSchema),
        _ => None,
    }
}

/// As SQLite reads a boolean: a number, or `on`, `yes`, `true`; `full` and the like are none.
fn is_on(value: &Expr<'_>) -> bool {
    let word = match value {
        Expr::Literal(Literal::Numeric(number)) => return expression_is_not_zero(number),
        Expr::Literal(Literal::String(word) | Literal::Keyword(word)) => unquoted(word),
        Expr::Id(name) => unquoted(name.0),
        Expr::Name(name) => plain(name),
        other => return expression::constant(other).unwrap_or(true),
    };
    match word.parse::<i64>() {
        Ok(number) => number != 0,
        Err(_) => !["off", "no", "false", "reset"].contains(&word.to_ascii_lowercase().as_str()),
    }
}

fn expression_is_not_zero(number: &str) -> bool {
    number.parse::<f64>().is_ok_and(|number| number != 0.0)
}
