//! What is asked once more before a statement runs: what no row met, and how much may go.

use super::desk::Desk;
use super::draft::{Draft, Question, Weight};
use super::lint::Unmet;
use crate::event::Severity;

impl Desk<'_> {
    /// What may be asked again before the statement runs.
    pub(super) fn unmet(&self, draft: &Draft) -> Option<Unmet> {
        let placed = &self.steps[draft.at];
        // What only its own moment can tell is asked then, whatever the set has done before.
        let (question, only_then) = match &draft.weight {
            Weight::Ask(question) => (question, None),
            Weight::Rehearsal {
                then: Some(question),
                ..
            } if placed.step.offset == 0 => {
                let object = draft.table.clone().unwrap_or_default();
                (&**question, Some(format!("{}({object})", draft.rule)))
            }
            _ => return None,
        };
        let mut tables: Vec<String> = draft.let_go.iter().map(|gone| gone.table.clone()).collect();
        tables.dedup();
        let takes = !tables.is_empty() && !draft.fails && question.severity == Severity::Block;
        takes.then(|| Unmet {
            only_then,
            ..self.asked(draft, question, tables)
        })
    }

    /// How much may go of what was counted.
    pub(super) fn counted(&self, draft: &Draft, met: Option<u64>) -> Option<Unmet> {
        let Weight::Ask(question) = &draft.weight else {
            return None;
        };
        let mut tables: Vec<String> = draft.let_go.iter().map(|gone| gone.table.clone()).collect();
        tables.dedup();
        let takes = !tables.is_empty() && !draft.fails && question.severity == Severity::Block;
        let before = met.filter(|_| takes)?;
        Some(Unmet {
            before: Some(before),
            ..self.asked(draft, question, tables)
        })
    }

    /// What goes with it by keys: where that were no rows, the allowance was not given for any.
    pub(super) fn carried(&self, draft: &Draft, counts: &[Option<u64>]) -> Vec<Unmet> {
        let carried = draft.carried.iter().zip(counts);
        let known = carried.filter_map(|(carried, count)| Some((carried, (*count)?)));
        known
            .map(|(carried, count)| Unmet {
                before: (count > 0).then_some(count),
                ..self.asked(draft, &carried.question, carried.tables.clone())
            })
            .collect()
    }

    fn asked(&self, draft: &Draft, question: &Question, tables: Vec<String>) -> Unmet {
        let placed = &self.steps[draft.at];
        Unmet {
            file: self.files[placed.file].name.to_owned(),
            statement: placed.statement,
            tables,
            asked: question.met.clone(),
            instead: question.instead.as_ref().map(|instead| instead.met.clone()),
            told: format!("{} {}", question.subject, question.verdict),
            only_then: None,
            before: None,
        }
    }
}
