//! DELETE, UPDATE and MERGE: which rows they meet, as conditions that can be asked without running them.

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::expression;
use super::reader::{Reader, sql, words_of};
use crate::db::Engine;
use crate::hazard::action::{Change, Reach};
use crate::ident::TableName;

/// The WITH of a statement: what of it can be asked, and what writes.
#[derive(Clone, Debug, Default)]
pub(super) struct With {
    /// `WITH …` of the queries that only read, with a blank behind it.
    pub(super) prefix: String,
    /// The names of those that write.
    pub(super) writes: Vec<String>,
}

/// The parts of a change.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    pub(super) table: TableName,
    pub(super) only: bool,
    pub(super) alias: Option<String>,
    /// What FROM or USING names besides.
    pub(super) from: Option<String>,
    /// Its WHERE as SQL, and what it is worth if that is known.
    pub(super) condition: Option<(String, Option<bool>)>,
    /// It is about a cursor's row.
    pub(super) cursor: bool,
}

impl Parts {
    /// Takes over a WHERE.
    pub(super) fn set_where(&mut self, clause: Option<ast::WhereClauseOrCurrentOf>) {
        match clause {
            Some(ast::WhereClauseOrCurrentOf::WhereCurrentOf(_)) => self.cursor = true,
            Some(ast::WhereClauseOrCurrentOf::WhereClause(clause)) => {
                self.condition = clause
                    .expr()
                    .map(|condition| (sql(&condition), expression::constant(&condition)));
            }
            None => {}
        }
    }
}

/// The text of FROM's or USING's items.
pub(super) fn items(clause: &SyntaxNode, keyword: SyntaxKind) -> Option<String> {
    let word = clause
        .children_with_tokens()
        .filter_map(|element| element.into_token())
        .find(|token| token.kind() == keyword)?;
    let from = usize::from(word.text_range().end() - clause.text_range().start());
    let text = clause.text().to_string();
    Some(text.get(from..)?.trim().to_owned())
}

impl Reader<'_> {
    /// The WITH of a statement, or of the outer one where a CTE writes.
    pub(super) fn with(&self, clause: Option<&ast::WithClause>) -> With {
        let Some(clause) = clause else {
            return With::default();
        };
        let tables: Vec<ast::WithTable> = clause.with_tables().collect();
        let mut with = With::default();
        let mut reads = Vec::new();
        for table in &tables {
            match table.query() {
                Some(
                    ast::WithQuery::Delete(_)
                    | ast::WithQuery::Insert(_)
                    | ast::WithQuery::Update(_)
                    | ast::WithQuery::Merge(_),
                ) => {
                    let name = table
                        .name()
                        .map(|name| ast::normalize_name_node(name.syntax()));
                    with.writes.extend(name.map(|name| name.to_lowercase()));
                }
                _ => reads.push(sql(table)),
            }
        }
        with.prefix = match (reads.is_empty(), with.writes.is_empty()) {
            (true, _) => String::new(),
            (false, true) => format!("{}\n", sql(clause)),
            (false, false) => {
                let recursive = clause.recursive_token().map_or("", |_| "RECURSIVE ");
                format!("WITH {recursive}{}\n", reads.join(", "))
            }
        };
        with
    }

    /// A change of rows; `node` is the whole statement.
    pub(super) fn change(&self, parts: Parts, with: &With, node: &SyntaxNode) -> Change {
        let mut target = self.reading.quoted(&parts.table);
        if parts.only {
            target = format!("ONLY {target}");
        }
        if let Some(alias) = &parts.alias {
            target.push_str(" AS ");
            target.push_str(&Engine::Postgres.quote(alias));
        }
        let condition = parts.condition.as_ref().map(|(sql, _)| sql.as_str());
        // As UPDATE … FROM meets each row once, however often it joins.
        let asked = match (&parts.from, condition) {
            (Some(from), Some(condition)) => Some(format!(
                "EXISTS (SELECT 1 FROM {from}\n WHERE {condition}\n)"
            )),
            (Some(from), None) => Some(format!("EXISTS (SELECT 1 FROM {from}\n)")),
            (None, condition) => condition.map(str::to_owned),
        };
        let known = parts.condition.as_ref().and_then(|(_, known)| *known);
        let reach = match (asked, known) {
            _ if parts.cursor => Reach::Unknown("it depends on where a cursor stands".to_owned()),
            (_, Some(false)) => Reach::Never,
            (Some(_), Some(true)) if parts.from.is_none() => Reach::AlwaysTrue,
            (Some(asked), _) => match self.unaskable(&asked, with) {
                Some(reason) => Reach::Unknown(reason),
                None => Reach::Some(asked),
            },
            (None, _) => Reach::Every,
        };
        Change {
            table: parts.table,
            with: with.prefix.clone(),
            target,
            reach,
            words: words_of(&node.text().to_string()),
        }
    }

    /// Why a condition cannot be asked by itself.
    pub(super) fn unaskable(&self, condition: &str, with: &With) -> Option<String> {
        if condition.contains('$') && has_parameter(condition) {
            return Some("it depends on a parameter".to_owned());
        }
        if self.variables.is_empty() && with.writes.is_empty() {
            return None;
        }
        let words = words_of(&format!("{} {condition}", with.prefix));
        let named = |names: &[String]| {
            names
                .iter()
                .find(|name| words.binary_search(name).is_ok())
                .cloned()
        };
        if let Some(name) = named(&with.writes) {
            return Some(format!("it depends on `{name}`, which writes itself"));
        }
        named(&self.variables).map(|name| format!("it depends on the variable `{name}`"))
    }
}

/// Whether `$1` or its like is in a piece of SQL, outside literals.
fn has_parameter(sql: &str) -> bool {
    let mut dollar = false;
    for token in crate::hazard::dialect::Lexer::new(Engine::Postgres, sql) {
        let piece = &sql[token.start..token.end];
        if dollar && piece.starts_with(|first: char| first.is_ascii_digit()) {
            return true;
        }
        dollar = piece == "$";
    }
    false
}
