//! Values that a copy changes: columns that change places, types, expressions.

use super::Judge;
use super::copies::live_name;
use super::flows::{Flow, From};
use crate::event::Severity;
use crate::hazard::action::Copy;
use crate::hazard::dialect;
use crate::hazard::draft::{Draft, LetGo, Weight, What};
use crate::hazard::world::Table;

impl Judge<'_> {
    /// What happens to the values of one column on their way.
    pub(super) fn judge_flow(
        &mut self,
        original: &Table,
        source: &Table,
        new: &Table,
        flow: &Flow,
        copy: &Copy,
    ) {
        match &flow.from {
            From::Same(from) => {
                let other = !from.eq_ignore_ascii_case(&flow.to);
                if other && source.column(&flow.to).is_some() {
                    let object = format!("{}.{}", original.name, flow.to);
                    let message = format!("`{}` would get the values of `{from}`", flow.to);
                    self.push(
                        Draft::new("rebuild-loses", self.at, object)
                            .is(Severity::Block, message)
                            .hint("name the columns on both sides, in the same order"),
                    );
                } else if other && new.column(from).is_none() && source.column(from).is_some() {
                    let object = format!("{}.{from}", original.name);
                    let message = format!(
                        "whatever still asks for `{object}` fails from now on: it becomes `{}`",
                        flow.to
                    );
                    self.push(
                        Draft::new("rename-column", self.at, object).is(Severity::Warn, message),
                    );
                }
                self.judge_type(original, source, new, flow, from);
            }
            From::Filled(from) => {
                if let Some(live) = source.live_column(from) {
                    self.let_go_silently(original, live, What::Gaps);
                }
            }
            From::Made { sql, words } => {
                self.judge_made(original, source, flow, (sql, words), copy)
            }
        }
    }

    pub(super) fn let_go_silently(&mut self, table: &Table, live_column: String, what: What) {
        self.silent.push(LetGo {
            table: live_name(table),
            column: Some(live_column),
            what,
            allowed: false,
        });
    }

    fn judge_type(
        &mut self,
        original: &Table,
        source: &Table,
        new: &Table,
        flow: &Flow,
        from: &str,
    ) {
        let (Some(old), Some(new)) = (source.column(from), new.column(&flow.to)) else {
            return;
        };
        let Some(live) = old.live.clone() else {
            return;
        };
        let quoted = self.quote(&live);
        let Some(change) = dialect::type_change(
            self.engine,
            &old.type_name,
            &new.type_name,
            &quoted,
            None,
            &str::to_owned,
        ) else {
            return;
        };
        // What nobody could ask about is for the rehearsal to see.
        let unasked = source.moved && !self.world.offline && change.loses.is_some();
        let what = match unasked {
            true => What::Retyped,
            false => What::Form,
        };
        self.let_go_silently(original, live.clone(), what);
        let Some(condition) = change.loses else {
            return;
        };
        let verdict = format!(
            "have a value in `{from}` that {} `{}`",
            change.verdict, new.type_name
        );
        let weight = self.weigh(
            source,
            self.rows_question(source, Some(&condition), &verdict),
        );
        let object = format!("{}.{from}", original.name);
        self.push(
            Draft::new("narrow-type", self.at, &object)
                .alters(weight, &original.name, &verdict)
                .hint("keep the type, or write the conversion out so that it can be seen")
                .lets_go(&live_name(original), Some(&live), What::Values),
        );
    }

    fn judge_made(
        &mut self,
        original: &Table,
        source: &Table,
        flow: &Flow,
        made: (&str, &[String]),
        copy: &Copy,
    ) {
        let (sql, words) = made;
        let Some(live) = source.live_column(&flow.to) else {
            return;
        };
        let known = source.column(&flow.to).is_some() || words.contains(&flow.to.to_lowercase());
        if !known {
            return;
        }
        let column = self.quote(&live);
        let verdict = format!("would have `{}` changed to {sql} by the copy", flow.to);
        let condition = format!("{column} IS NOT NULL AND ({sql}\n) IS NOT {column}");
        let elsewhere = source.live.as_ref() != Some(&source.name) && !self.world.offline;
        let weight = if copy.filters.contains(&"GROUP BY") || is_of_several(words) {
            Weight::rehearsal("it is computed over several rows")
        } else if copy.filters.contains(&"JOIN") || elsewhere {
            Weight::rehearsal("the copy reads more than this table")
        } else {
            self.weigh(
                source,
                self.rows_question(source, Some(&condition), &verdict),
            )
        };
        let object = format!("{}.{}", original.name, flow.to);
        let mut draft = Draft::new("update-rows", self.at, &object)
            .weighs(
                weight,
                format!("the copy may change values of `{object}`: it becomes {sql}"),
            )
            .hint("copy it as it is; change values in a migration of their own")
            .lets_go(&live_name(original), Some(&live), What::Values);
        draft.aliases = vec![original.name.to_string()];
        self.push(draft);
    }
}

/// Whether an expression with these words is computed over more than one row, so that no row can be asked about it
/// (<https://www.sqlite.org/lang_aggfunc.html>).
fn is_of_several(words: &[String]) -> bool {
    const OVER_ROWS: [&str; 10] = [
        "avg",
        "count",
        "group_concat",
        "json_group_array",
        "json_group_object",
        "max",
        "min",
        "string_agg",
        "sum",
        "total",
    ];
    let is = |word: &String| word == "over" || OVER_ROWS.contains(&word.as_str());
    words.iter().any(is)
}
