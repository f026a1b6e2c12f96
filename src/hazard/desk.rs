//! Findings of weighed hazards: where each stands, what allows it, what is let go by that.

use super::action::Action;
use super::dialect;
use super::draft::{Draft, LetGo, Weight, What};
use super::given::{self, Given};
use super::judge::{Placed, Verdict};
use super::lint::{Doubt, Lint, Renamed, SqlFile, Unmet, place};
use super::overlap::{self, At, Granted, Open};
use super::show::{mask_literals, shorten};
use super::split::Statement;
use super::unsaid::Unsaid;
use super::weigh::Weighed;
use super::world::World;
use crate::db::{Engine, Object};
use crate::event::{Finding, Logged, Severity};

/// Turns weighed hazards into findings.
pub(super) struct Desk<'a> {
    pub(super) engine: Engine,
    /// What goes without saying in names.
    pub(super) unsaid: Unsaid,
    pub(super) files: &'a [SqlFile<'a>],
    pub(super) split: &'a [Vec<Statement<'a>>],
    pub(super) steps: &'a [Placed],
    /// Of the live database, if one was asked.
    pub(super) objects: Option<&'a [Object]>,
    pub(super) allowances: Vec<Given>,
    /// What was allowed to go, and to which statement.
    pub(super) granted: Vec<Granted>,
    /// What was left to the rehearsal.
    pub(super) open: Vec<Open>,
    pub(super) lint: Lint,
}

impl<'a> Desk<'a> {
    pub(super) fn record(&mut self, draft: &Draft, weighed: Weighed, carried: &[Option<u64>]) {
        let (allowed, within) = self.allow(draft).unzip();
        let by_rule = weighed.certain
            && weighed
                .severity
                .is_none_or(|severity| severity < Severity::Probe);
        let placed = &self.steps[draft.at];
        let at = (placed.file, placed.statement);
        if allowed.is_some() {
            self.grant(draft, within == Some(true));
            self.lint.unmet.extend(self.counted(draft, weighed.met));
            let carried = self.carried(draft, carried);
            self.lint.unmet.extend(carried);
        }
        if allowed.is_some() || by_rule {
            let gone = draft.let_go.iter().cloned();
            // An UPDATE that meets no value still fills gaps.
            let fills = draft.rule == "update-rows" && allowed.is_none();
            self.lint.let_go.extend(gone.map(|gone| LetGo {
                allowed: allowed.is_some(),
                what: match gone.what {
                    What::Values if fills && weighed.severity.is_none() => What::Gaps,
                    what => what,
                },
                ..gone
            }));
        }
        let Some(severity) = weighed.severity else {
            if allowed.is_none() {
                self.lint.unmet.extend(self.unmet(draft));
            }
            return;
        };
        if let (None, Some(object), false) = (&allowed, &draft.table, draft.let_go.is_empty()) {
            self.lint.doubts.push(Doubt {
                allowance: format!("{}({object})", draft.rule),
                let_go: draft.let_go.clone(),
            });
        }
        if self.objects.is_some() && allowed.is_none() && !weighed.certain {
            self.open.extend(self.left(draft, at));
        }
        let statement = &self.split[placed.file][placed.statement];
        let (line, column) = place(statement, placed.step.offset.max(draft.offset));
        self.lint.findings.push(Finding {
            rule: draft.rule.to_owned(),
            severity,
            file: self.files[placed.file].name.to_owned(),
            line,
            column,
            statement: shorten(self.engine, statement.text),
            table: draft.table.clone(),
            message: weighed.message,
            hint: draft.hint.clone().filter(|_| allowed.is_none()),
            logged: Logged {
                statement: mask_literals(self.engine, statement.text),
                message: weighed.logged,
                probe: weighed
                    .probe
                    .as_deref()
                    .map(|probe| mask_literals(self.engine, probe)),
            },
            probe: weighed.probe,
            destroys: !draft.let_go.is_empty() && !draft.fails,
            fails: draft.fails,
            allowed,
        });
    }

    /// What an allowance lets go; `within`: it is for this step of its statement alone.
    fn grant(&mut self, draft: &Draft, within: bool) {
        let placed = &self.steps[draft.at];
        let at = (placed.file, placed.statement);
        let gone = draft.let_go.iter().cloned();
        self.granted.extend(gone.map(|gone| Granted {
            at: Some(at),
            step: within.then_some(draft.at),
            gone,
        }));
    }

    /// A hazard that is left to the rehearsal, and becomes the next finding.
    fn left(&self, draft: &Draft, at: At) -> Option<Open> {
        let step = &self.steps[draft.at].step;
        let then = match &draft.weight {
            Weight::Rehearsal { then, .. } => then.as_deref().cloned(),
            _ => None,
        };
        (!draft.fails && !draft.let_go.is_empty()).then(|| Open {
            finding: self.lint.findings.len(),
            at,
            step: draft.at,
            rule: draft.rule,
            let_go: draft.let_go.clone(),
            then,
            within: step.offset != 0,
        })
    }

    /// Whether an allowance covers a hazard.
    pub(super) fn is_allowed(&self, draft: &Draft) -> bool {
        self.covering(draft).is_some()
    }

    /// The allowance that covers a hazard, which is used by that. And whether it is only for a part of the statement.
    fn allow(&mut self, draft: &Draft) -> Option<(String, bool)> {
        let covering = self.covering(draft)?;
        let first = &mut self.allowances[covering];
        first.allowance.used = true;
        first.gives |= !draft.let_go.is_empty();
        Some((first.allowance.text(), first.within.is_some()))
    }

    /// The place of the allowance that covers a hazard; the nearest one first.
    fn covering(&self, draft: &Draft) -> Option<usize> {
        let placed = &self.steps[draft.at];
        let here = (placed.file, placed.statement);
        let starts =
            |placed: &Placed| self.split[placed.file][placed.statement].offset + placed.step.offset;
        let is_below = |comment: usize| {
            let steps = self.steps.iter();
            let here = steps.filter(|step| (step.file, step.statement) == here);
            let below = here.map(starts).filter(|start| *start > comment);
            below.min() == Some(starts(placed))
        };
        let names = || draft.table.iter().chain(&draft.aliases).map(String::as_str);
        let covering = self.allowances.iter().enumerate().filter(|(_, given)| {
            given.misplaced.is_none()
                && given.statement.is_none_or(|at| at == here)
                && given.allowance.covers(draft.rule, names(), &self.unsaid)
                && given.within.is_none_or(is_below)
        });
        let first = covering.min_by_key(|(_, given)| given.statement.is_none());
        first.map(|(place, _)| place)
    }

    /// What a statement does that cannot be seen here, or only the rehearsal sees (a rule, a trigger), may be allowed as
    /// well: an allowance that names a table says what may go, also one that covers no more than a note about a routine.
    /// Returns the allowances that cover no hazard besides.
    fn allow_unseen(&mut self, world: &World) -> Vec<Finding> {
        let mut unused = Vec::new();
        for given in self.allowances.iter_mut().filter(|given| !given.gives) {
            let unseen = self.steps.iter().any(|placed| {
                given.statement == Some((placed.file, placed.statement))
                    && matches!(placed.step.action, Action::Call { .. } | Action::Dynamic(_))
            });
            let gone = match given.misplaced {
                Some(_) => None,
                None => given::names_what_goes(&given.allowance, world, &self.unsaid, unseen),
            };
            let accepted = gone.is_some();
            self.granted.extend(gone.iter().map(|gone| Granted {
                at: given.statement,
                step: None,
                gone: gone.clone(),
            }));
            self.lint.let_go.extend(gone);
            let used = given.allowance.used;
            given.allowance.used |= accepted;
            if !(used || accepted && unseen) {
                unused.push(given::unused(given, accepted));
            }
        }
        unused
    }

    /// What the rehearsal would take for what another statement is allowed to: it is asked right before the statement, and
    /// refused where it cannot be.
    fn judge_hidden(&mut self) {
        for open in std::mem::take(&mut self.open) {
            let Some(table) = open.hidden_by(&self.granted) else {
                continue;
            };
            let finding = &mut self.lint.findings[open.finding];
            let object = finding.table.clone().unwrap_or_default();
            let (file, statement) = open.at;
            // Nothing is asked inside a transaction of the file's own.
            let is_asked =
                !open.within && !overlap::is_in_own_transaction(&self.split[file][..statement]);
            match open.then.as_ref().filter(|_| is_asked) {
                Some(then) => self.lint.unmet.push(Unmet {
                    file: finding.file.clone(),
                    statement: open.at.1,
                    tables: open.let_go.iter().map(|gone| gone.table.clone()).collect(),
                    asked: then.met.clone(),
                    instead: None,
                    told: format!("{} {}", then.subject, then.verdict),
                    only_then: Some(format!("{}({object})", open.rule)),
                    before: None,
                }),
                None if open.is_of_rows() => refuse_hidden(finding, table),
                None => {}
            }
        }
    }

    /// Code that nobody can read is left to the rehearsal, which does not see what it takes of a table that others may
    /// take from.
    fn judge_unseen(&mut self) {
        let Some(objects) = self.objects else {
            return;
        };
        for (at, text) in self.unread() {
            let words = dialect::words(self.engine, text);
            let called = objects.iter().filter(|object| {
                let name = object.name.name.split('(').next().unwrap_or_default();
                object.table.is_none() && words.contains(&name.to_lowercase())
            });
            let code = called.filter(|object| object.kind != "view");
            let mut texts: Vec<&str> = code.map(|object| object.sql.as_str()).collect();
            texts.push(text);
            // A variable, of which the statement may be made.
            let before = self.split[at.0][..at.1].iter();
            texts.extend(
                before
                    .map(|statement| statement.text)
                    .filter(|text| begins_with(text, "set")),
            );
            let Some(table) = overlap::named_by(self.engine, &texts, at, &self.granted) else {
                continue;
            };
            let place = &self.split[at.0][at.1];
            let end = place.line + place.text.lines().count();
            let name = self.files[at.0].name;
            for finding in &mut self.lint.findings {
                let here = finding.file == name && (place.line..end).contains(&finding.line);
                let unread = ["dynamic-sql", "unparsed"].contains(&finding.rule.as_str());
                if here && unread && finding.allowed.is_none() {
                    refuse_hidden(finding, table);
                }
            }
        }
    }

    /// The statements that run what nobody can read, unless an allowance stands above them.
    fn unread(&self) -> Vec<(At, &'a str)> {
        let mut found: Vec<(At, &str)> = Vec::new();
        for placed in self.steps {
            let at = (placed.file, placed.statement);
            let is_unread = matches!(
                placed.step.action,
                Action::Call { .. } | Action::Dynamic(_) | Action::Unparsed(_)
            );
            let mut given = self.allowances.iter();
            let is_allowed = given.any(|given| {
                given.statement == Some(at) && given.within.is_none() && given.allowance.used
            });
            let text = self.split[at.0][at.1].text;
            // What is only created runs another time.
            let runs = is_unread && !begins_with(text, "create");
            if runs && !is_allowed && found.last().is_none_or(|last| last.0 != at) {
                found.push((at, text));
            }
        }
        found
    }

    pub(super) fn close(mut self, verdict: Verdict) -> Lint {
        let unused = self.allow_unseen(&verdict.world);
        self.judge_hidden();
        self.judge_unseen();
        self.lint.findings.extend(unused);
        let order: Vec<&str> = self.files.iter().map(|file| file.name).collect();
        self.lint.findings.sort_by_key(|finding| {
            let file = order.iter().position(|name| *name == finding.file);
            (file, finding.line, finding.column)
        });
        self.lint.allowances = self
            .allowances
            .into_iter()
            .map(|given| given.allowance)
            .collect();
        self.lint.let_go.extend(verdict.silent);
        self.lint.let_go.sort_by(|one, other| {
            let key = |gone: &LetGo| {
                (
                    gone.table.clone(),
                    gone.column.clone(),
                    gone.what,
                    !gone.allowed,
                )
            };
            key(one).cmp(&key(other))
        });
        self.lint.let_go.dedup_by(|later, first| {
            (&later.table, &later.column, later.what) == (&first.table, &first.column, first.what)
        });
        self.lint.renamed = renamed(&verdict.world);
        self.lint.written = written(&verdict.world);
        self.lint
    }
}

fn renamed(world: &World) -> Vec<Renamed> {
    let mut renamed = Vec::new();
    for table in world.tables() {
        let Some(live) = &table.live else {
            continue;
        };
        // The rows of a partition are read through the table it belongs to.
        let read_as = table.partition_of.as_ref().unwrap_or(&table.name);
        if *live != table.name || *live != *read_as {
            renamed.push(Renamed {
                table: live.to_string(),
                column: None,
                to: read_as.to_string(),
            });
        }
        for column in table.columns.iter().flatten().chain(&table.added) {
            if let Some(before) = column
                .live
                .as_ref()
                .filter(|before| **before != column.name)
            {
                renamed.push(Renamed {
                    table: live.to_string(),
                    column: Some(before.clone()),
                    to: column.name.clone(),
                });
            }
        }
    }
    renamed
}

fn written(world: &World) -> Vec<String> {
    let tables = world.tables().into_iter();
    tables
        .filter(|table| table.moved)
        .map(|table| table.name.to_string())
        .collect()
}

/// Stops what the rehearsal cannot tell from what is allowed of this table.
fn refuse_hidden(finding: &mut Finding, table: &str) {
    let why = format!(
        "the rehearsal cannot tell it from what another statement is allowed to take from `{table}`"
    );
    for message in [&mut finding.message, &mut finding.logged.message] {
        let said = message.strip_suffix(", so the rehearsal decides");
        *message = format!("{}; {why}", said.unwrap_or(message));
    }
    finding.severity = Severity::Block;
    finding.destroys = true;
}

/// Whether this is a statement's first word.
fn begins_with(text: &str, word: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    first.eq_ignore_ascii_case(word)
}
