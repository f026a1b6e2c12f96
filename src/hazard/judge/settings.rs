//! What weakens the engine's own care: modes, logging, access, transactions that do not hold.

use super::Judge;
use super::copies::live_name;
use crate::db::Engine;
use crate::event::Severity;
use crate::hazard::action::{Action, Weakening};
use crate::hazard::dialect::{self, Lexer};
use crate::hazard::draft::{Draft, What};
use crate::hazard::world::Table;
use crate::ident::TableName;

/// Whether 0 is a number under this mode, given as SQL; `None` where that depends on the mode before.
fn keeps_zero(engine: Engine, mode: &str) -> Option<bool> {
    const TAKEN_AWAY_OR_ASKED: [&str; 4] = ["CASE", "SELECT", "LIKE", "REGEXP"];
    let upper = mode.to_ascii_uppercase();
    let names = upper.contains("NO_AUTO_VALUE_ON_ZERO");
    if !names {
        let is_known = !upper.contains('@') && upper.trim() != "DEFAULT";
        return is_known.then_some(false);
    }
    let tokens = Lexer::new(engine, &upper).filter(|token| !token.kind.is_blank());
    let pieces: Vec<&str> = tokens.map(|token| &upper[token.start..token.end]).collect();
    // Of the functions only these are sure to add what they name: REPLACE, for one, takes it away.
    let is_other_call = |two: &[&str]| {
        let is_word = two[0].starts_with(|first: char| first.is_alphabetic() || first == '_');
        two[1] == "(" && is_word && !["CONCAT", "CONCAT_WS"].contains(&two[0])
    };
    let may_lack = pieces.windows(2).any(is_other_call)
        || pieces
            .iter()
            .any(|piece| TAKEN_AWAY_OR_ASKED.contains(piece));
    Some(!may_lack)
}

impl Judge<'_> {
    pub(super) fn set_sql_mode(&mut self, mode: &str, strict: bool) {
        self.connection.keeps_zero = keeps_zero(self.engine, mode);
        self.connection.relaxed = (!strict).then_some(self.at);
        self.connection.lax = !strict;
    }

    /// A change of type or NOT NULL after the mode was relaxed: the statement that relaxed it is to blame.
    pub(super) fn blame_relaxed(&mut self, table: &Table) {
        let Some(at) = self.connection.relaxed else {
            return;
        };
        if table.live.is_none() {
            return;
        }
        let message = format!(
            "without strict mode the change of `{}` cuts and replaces values that do not fit, in silence",
            table.name
        );
        let weight = self.where_rows(table, Severity::Block);
        self.push(
            Draft::new("relax-sql-mode", at, table.name.to_string())
                .weighs(weight, message)
                .offline(Severity::Block)
                .hint(
                    "leave sql_mode as it is: what does not fit is then refused and can be mended",
                ),
        );
        self.connection.relaxed = None;
    }

    pub(super) fn alter_ignore(&mut self, name: &TableName) {
        let Some(table) = self.target("alter-ignore", name, "rows of") else {
            return;
        };
        if table.live.is_none() {
            return;
        }
        let message = format!(
            "ALTER IGNORE deletes rows of `{}` that break a new key, in silence",
            table.name
        );
        let weight = self.where_rows(&table, Severity::Block);
        self.push(
            Draft::new("alter-ignore", self.at, table.name.to_string())
                .weighs(weight, message)
                .offline(Severity::Block)
                .hint("leave IGNORE out, and settle duplicates first")
                .lets_go(&live_name(&table), None, What::Rows),
        );
    }

    pub(super) fn set_unlogged(&mut self, name: &TableName) {
        let Some(table) = self.target("set-unlogged", name, "rows of") else {
            return;
        };
        if table.live.is_some() {
            let message = format!("a crash of the server empties `{}` from now on", table.name);
            let weight = self.where_rows(&table, Severity::Warn);
            let draft = Draft::new("set-unlogged", self.at, table.name.to_string());
            self.push(draft.weighs(weight, message).offline(Severity::Warn));
        }
    }

    pub(super) fn weaken_access(&mut self, weakening: &Weakening) {
        if let Some(table) = &weakening.table
            && self
                .world
                .table(table)
                .is_some_and(|table| table.live.is_none())
        {
            return;
        }
        let mut draft =
            Draft::new("weaken-access", self.at, "").is(Severity::Warn, weakening.what.clone());
        draft.table = weakening.table.as_ref().map(ToString::to_string);
        self.push(draft);
    }

    /// MySQL commits before it changes the schema: a ROLLBACK afterwards undoes nothing.
    pub(super) fn note_implicit_commit(&mut self, action: &Action) {
        if !self.connection.in_transaction || !dialect::commits_implicitly(self.engine, action) {
            return;
        }
        let mut draft = Draft::new("implicit-commit", self.at, "").is(
            Severity::Warn,
            "this statement commits the transaction it stands in: a ROLLBACK after it undoes nothing before it",
        );
        draft.table = None;
        self.push(draft.hint("put what changes the schema into a migration of its own"));
        self.connection.in_transaction = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_keeps_zero_only_where_it_adds_that() {
        for (mode, expected) in [
            ("'NO_AUTO_VALUE_ON_ZERO,STRICT_ALL_TABLES'", Some(true)),
            ("NO_AUTO_VALUE_ON_ZERO", Some(true)),
            ("concat(@@sql_mode, ',no_auto_value_on_zero')", Some(true)),
            (
                "(CONCAT_WS(',', @@sql_mode, 'NO_AUTO_VALUE_ON_ZERO'))",
                Some(true),
            ),
            (
                "REPLACE(@@sql_mode,'NO_AUTO_VALUE_ON_ZERO','')",
                Some(false),
            ),
            (
                "CONCAT(REGEXP_REPLACE (@@sql_mode, 'NO_AUTO_VALUE_ON_ZERO', ''), ',ANSI')",
                Some(false),
            ),
            (
                "CASE WHEN @@sql_mode LIKE '%NO_AUTO_VALUE_ON_ZERO%' THEN '' END",
                Some(false),
            ),
            ("''", Some(false)),
            ("@OLD_SQL_MODE", None),
            ("DEFAULT", None),
        ] {
            assert_eq!(keeps_zero(Engine::Mysql, mode), expected, "{mode}");
        }
    }
}
