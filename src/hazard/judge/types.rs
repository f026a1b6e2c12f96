//! Columns that get another type: values that are cut, rounded, refused.

use super::Judge;
use super::copies::live_name;
use super::history::with_history;
use crate::event::Severity;
use crate::hazard::dialect::{self, TypeChange};
use crate::hazard::draft::{Draft, OnFailure, Question, Weight, What};
use crate::hazard::world::{Column, Table};

/// A column on its way from one type to another.
pub(super) struct Retyped<'a> {
    pub(super) table: &'a Table,
    pub(super) column: &'a Column,
    /// The column as it is stored, quoted.
    pub(super) stored: String,
    pub(super) new_type: &'a str,
    pub(super) using: Option<&'a str>,
}

impl Judge<'_> {
    pub(super) fn change_type(
        &mut self,
        table: &Table,
        column: &str,
        new_type: &str,
        using: Option<&str>,
    ) {
        if table.live.is_none() {
            return;
        }
        let Some(known) = table
            .column(column)
            .filter(|known| !known.type_name.is_empty())
        else {
            self.unknown_type(table, column, new_type, using);
            return;
        };
        let (Some(live), false) = (&known.live, known.generated) else {
            return;
        };
        let held = with_history(table);
        let retyped = Retyped {
            table: &held,
            column: known,
            stored: self.quote(live),
            new_type,
            using,
        };
        let change = self.type_change(&retyped);
        let enums = self.change_enum(&retyped);
        if !self.is_same_type(&known.type_name, new_type) || using.is_some() {
            let computed = change.as_ref().is_some_and(|change| change.computed);
            let loses = change.as_ref().is_some_and(|change| change.loses.is_some());
            // What nobody could ask about is for the rehearsal to see.
            let unasked = table.moved && !self.world.offline && (loses || enums);
            let what = match computed || unasked {
                true => What::Retyped,
                false => What::Form,
            };
            self.let_go_silently(table, live.clone(), what);
        }
        if enums {
            return;
        }
        let tried = using.is_some()
            && change
                .as_ref()
                .is_some_and(|change| change.computed || change.unknown.is_some());
        if let Some(change) = change {
            self.judge_type_change(&retyped, &change);
        }
        if !tried {
            self.try_domain(&retyped);
        }
    }

    /// Whether both write their values alike, as they are one type in two spellings.
    fn is_same_type(&self, one: &str, other: &str) -> bool {
        one.eq_ignore_ascii_case(other) || dialect::is_same_type(self.engine, one, other)
    }

    /// What the change does, by what domains are made of.
    fn type_change(&self, retyped: &Retyped<'_>) -> Option<TypeChange> {
        // A USING names the column as it is called now.
        let column = match retyped.using {
            Some(_) => self.quote(&retyped.column.name),
            None => retyped.stored.clone(),
        };
        dialect::type_change(
            self.engine,
            self.world.made_of(&retyped.column.type_name),
            self.world.made_of(retyped.new_type),
            &column,
            retyped.using,
            &|name| self.world.made_of(name).to_owned(),
        )
    }

    /// What a domain demands besides its type is known to the server alone.
    fn try_domain(&mut self, retyped: &Retyped<'_>) {
        let new_type = retyped.new_type;
        if self.world.made_of(new_type) != new_type && retyped.column.type_name != new_type {
            let value = retyped.using.unwrap_or(&retyped.stored).to_owned();
            self.try_cast(retyped, &value, OnFailure::Fails);
        }
    }

    fn judge_type_change(&mut self, retyped: &Retyped<'_>, change: &TypeChange) {
        let Retyped {
            column, new_type, ..
        } = retyped;
        if let Some(reason) = &change.impossible {
            let object = format!("{}.{}", retyped.table.name, column.name);
            let message = format!("`{object}` cannot become {new_type}: {reason}");
            self.push(
                Draft::new("not-castable", self.at, object)
                    .refused(message)
                    .hint("say how with USING, and look at the values it gives"),
            );
            return;
        }
        if let Some(condition) = &change.refuses {
            let verdict = format!(
                "have a value in `{}` that {}",
                column.name,
                about(change.refusal, new_type)
            );
            self.ask_about(retyped, "not-castable", condition, &verdict);
        }
        self.ask_what_is_lost(retyped, change);
        match (&change.unknown, retyped.using) {
            (Some(_), Some(using)) => self.try_cast(retyped, using, OnFailure::Fails),
            (None, Some(using)) if change.computed && !self.world.offline => {
                self.try_cast(retyped, using, OnFailure::FailsOrSilent);
            }
            (Some(reason), None) => {
                let object = format!("{}.{}", retyped.table.name, column.name);
                let message = format!("values of `{object}` may change when it becomes {new_type}");
                let weight = match self.where_rows(retyped.table, Severity::Warn) {
                    Weight::Is(_) => Weight::Unknown(reason.clone()),
                    weight => weight,
                };
                let draft = Draft::new("narrow-type", self.at, object).weighs(weight, message);
                self.push(draft.adding(&format!("; {reason}")));
            }
            (None, _) => {}
        }
    }

    /// Asks how many values the change loses.
    fn ask_what_is_lost(&mut self, retyped: &Retyped<'_>, change: &TypeChange) {
        let Some(condition) = &change.loses else {
            return;
        };
        let rule = match retyped.using {
            Some(_) => "lossy-using",
            None => "narrow-type",
        };
        let (column, new_type) = (retyped.column, retyped.new_type);
        let says = |verdict| {
            format!(
                "have a value in `{}` that {}",
                column.name,
                about(verdict, new_type)
            )
        };
        let instead = change.instead.as_ref();
        let instead = instead.map(|(condition, verdict)| (condition.as_str(), says(verdict)));
        let compared = rule == "lossy-using" || change.computed;
        self.ask_about_or(
            retyped,
            (rule, compared),
            (condition, &says(change.verdict)),
            instead,
        );
    }

    /// The same of a USING that computes, where the rest of the change is judged in another way.
    pub(super) fn ask_what_using_loses(&mut self, retyped: &Retyped<'_>) {
        if let Some(change) = self.type_change(retyped).filter(|change| change.computed) {
            self.ask_what_is_lost(retyped, &change);
        }
    }

    /// Asks how many rows meet a condition about the column that changes.
    pub(super) fn ask_about(
        &mut self,
        retyped: &Retyped<'_>,
        rule: &'static str,
        condition: &str,
        verdict: &str,
    ) {
        self.ask_about_or(retyped, (rule, false), (condition, verdict), None);
    }

    /// The same; where the condition itself fails, the second one is asked. `compared`: it asks whether the values stay.
    fn ask_about_or(
        &mut self,
        retyped: &Retyped<'_>,
        (rule, compared): (&'static str, bool),
        (condition, verdict): (&str, &str),
        instead: Option<(&str, String)>,
    ) {
        let Retyped { table, column, .. } = retyped;
        let asked = |condition: &str, verdict: &str| {
            let question = self.rows_question(table, Some(condition), verdict)?;
            Some(Question {
                on_failure: OnFailure::Silent,
                ..question
            })
        };
        let question = asked(condition, verdict).map(|question| Question {
            instead: instead
                .and_then(|(condition, verdict)| asked(condition, &verdict).map(Box::new)),
            ..question
        });
        let weight = self.weigh(table, question);
        let object = format!("{}.{}", table.name, column.name);
        let hint = match rule {
            "not-castable" => "settle these values first, in a migration of their own",
            _ => "keep the type, or settle these values first in a migration of their own",
        };
        let draft = Draft::new(rule, self.at, object);
        let mut draft = match rule {
            // Without strict mode MySQL writes something else there.
            "not-castable" if !self.connection.lax => draft.fails(weight, &table.name, verdict),
            "remove-enum-value" if !self.habits.fills_in => {
                draft.fails(weight, &table.name, verdict)
            }
            _ => draft.alters(weight, &table.name, verdict),
        }
        .hint(hint);
        if rule != "not-castable" {
            let (table, live) = (live_name(table), column.live.as_deref());
            draft = draft.lets_go(&table, live, What::Values);
            if compared {
                draft = draft.lets_go(&table, live, What::Form);
            }
        }
        draft.aliases = vec![table.name.to_string()];
        self.push(draft);
    }

    /// Nothing is known of the conversion but its SQL: it is done, read only.
    fn try_cast(&mut self, retyped: &Retyped<'_>, value: &str, on_failure: OnFailure) {
        let Retyped {
            table,
            column,
            new_type,
            ..
        } = retyped;
        let there = format!("(({value}\n)::{new_type})");
        let verdict = "are refused by the conversion";
        let words = dialect::words(self.engine, value);
        let question = self.rows_of(table, &words).and_then(|from| {
            let asked = self.rows_question(table, None, verdict)?;
            Some(Question {
                met: format!("SELECT 0 * count({there}) FROM {from}"),
                sample: None,
                on_failure,
                ..asked
            })
        });
        let weight = self.weigh(table, question);
        // Of rows that are not there yet the hazard of the values tells, and the rehearsal.
        if matches!(weight, Weight::Rehearsal { .. }) && on_failure == OnFailure::FailsOrSilent {
            return;
        }
        let object = format!("{}.{}", table.name, column.name);
        let mut draft = Draft::new("not-castable", self.at, object)
            .weighs(
                weight,
                format!(
                    "values of `{}.{}` may not become {new_type}",
                    table.name, column.name
                ),
            )
            .hint("settle these values first, in a migration of their own");
        draft.fails = true;
        draft.aliases = vec![table.name.to_string()];
        self.push(draft);
    }

    /// Offline, or a column nobody knows: the old type decides.
    fn unknown_type(&mut self, table: &Table, column: &str, new_type: &str, using: Option<&str>) {
        let known = table.column(column);
        if known.is_some_and(|known| known.live.is_none()) {
            return;
        }
        let rule = if using.is_some() {
            "lossy-using"
        } else {
            "narrow-type"
        };
        let object = format!("{}.{column}", table.name);
        let message = format!(
            "values of `{object}` may not fit {new_type}: it depends on the type it has now"
        );
        let weight = Weight::Unknown("its type is not known".to_owned());
        let mut draft = Draft::new(rule, self.at, object).weighs(weight, message);
        draft.aliases = vec![table.name.to_string()];
        self.push(draft);
    }
}

/// `cut by` with the type it is about, unless the verdict is a sentence of its own.
fn about(verdict: &str, new_type: &str) -> String {
    let open = [" in", " by", " for", " as", " of"];
    match verdict {
        "" => format!("`{new_type}` does not take"),
        verdict if open.iter().any(|word| verdict.ends_with(word)) => {
            format!("{verdict} `{new_type}`")
        }
        verdict => verdict.to_owned(),
    }
}
