//! Views that worked and do so no more: an engine may let one stay whose table, column or view goes.

use std::collections::BTreeSet;

use super::report::{Change, ChangeKind, Report};
use crate::db::{BrokenView, Object};

/// What there is to know of them.
pub struct Views<'a> {
    /// Those that did not work before.
    pub before: &'a [BrokenView],
    /// Those that do not now.
    pub now: &'a [BrokenView],
    /// The objects of now.
    pub objects: &'a [Object],
    /// What was allowed to go or to change its name, each a table, `table.column` or view.
    pub meant: &'a [String],
}

impl Views<'_> {
    /// Adds those that broke: a loss, unless they read what was allowed to go.
    pub fn judge(&self, report: &mut Report) {
        let is_new = |view: &&BrokenView| !self.before.iter().any(|known| known.name == view.name);
        let broke: Vec<&BrokenView> = self.now.iter().filter(is_new).collect();
        let expected = self.expected(&broke);
        for view in broke {
            let change = Change {
                kind: ChangeKind::View,
                table: view.name.clone(),
                column: None,
                message: format!("view `{}` no longer works: {}", view.name, view.why),
            };
            match expected.contains(&view.name.name) {
                true => report.notes.push(change),
                false => report.losses.push(change),
            }
        }
    }

    /// The names of those that read what was allowed to go, and of those that read these.
    fn expected(&self, broke: &[&BrokenView]) -> BTreeSet<String> {
        let mut expected: BTreeSet<String> = BTreeSet::new();
        loop {
            let known = expected.len();
            for view in broke {
                let words = self.words(view);
                let reads =
                    |object: &str| object.split('.').all(|name| words.contains(&lower(name)));
                let is_meant = self.meant.iter().any(|object| reads(object))
                    || expected.iter().any(|name| words.contains(&lower(name)));
                if is_meant {
                    expected.insert(view.name.name.clone());
                }
            }
            if expected.len() == known {
                return expected;
            }
        }
    }

    /// The words of a view's statement, but for its own name.
    fn words(&self, view: &BrokenView) -> BTreeSet<String> {
        let is_it = |object: &&Object| object.kind == "view" && object.name == view.name;
        let Some(object) = self.objects.iter().find(is_it) else {
            return BTreeSet::new();
        };
        let own = lower(&view.name.name);
        let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
        let words = object.sql.split(|letter| !is_word(letter)).map(lower);
        // Once is its head; what it is named after may stand in it too.
        let mut seen_own = false;
        words
            .filter(|word| *word != own || std::mem::replace(&mut seen_own, true))
            .collect()
    }
}

fn lower(text: &str) -> String {
    text.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ident::TableName;

    #[test]
    fn a_view_that_broke_is_a_loss_unless_it_reads_what_was_meant_to_go() {
        let broken = |name: &str| BrokenView {
            name: TableName::plain(name),
            why: "no such column".to_owned(),
        };
        let view = |name: &str, query: &str| Object {
            kind: "view".to_owned(),
            name: TableName::plain(name),
            table: None,
            sql: format!("CREATE VIEW `{name}` AS {query}"),
        };
        let views = Views {
            before: &[broken("old")],
            now: &["above", "fax", "mail", "old"].map(broken),
            objects: &[
                view("above", "SELECT * FROM fax"),
                view("fax", "SELECT `Fax` FROM users"),
                view("mail", "SELECT email FROM users"),
                view("old", "SELECT 1"),
            ],
            meant: &["users.fax".to_owned()],
        };
        let mut report = Report::default();
        views.judge(&mut report);
        let names = |changes: &[Change]| -> Vec<String> {
            let names = changes.iter().map(|change| change.table.to_string());
            names.collect()
        };
        assert_eq!(names(&report.losses), ["mail"]);
        assert_eq!(names(&report.notes), ["above", "fax"]);
    }
}
