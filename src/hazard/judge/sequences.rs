//! Counters: sequences that are dropped, numbering that starts anew.

use super::Judge;
use crate::event::Severity;
use crate::hazard::action::NextNumber;
use crate::hazard::draft::{Draft, Question, Weight};
use crate::hazard::world::{Column, Table};
use crate::ident::TableName;

impl Judge<'_> {
    /// The columns it numbers are named: with CASCADE they lose their default, without it the statement fails.
    pub(super) fn drop_sequence(&mut self, name: &TableName, cascade: bool) {
        let columns = self.world.columns_numbered_by(name);
        let created = |object: &&crate::hazard::world::Object| object.created;
        let own = self.world.objects_named(&["sequence"], &name.name);
        let own = own.iter().any(created);
        let known = self.world.offline
            || !columns.is_empty()
            || self.world.sequences.contains(&name.to_string())
            || !self
                .world
                .objects_named(&["sequence"], &name.name)
                .is_empty();
        if known && !own && !self.comes_back("sequence", &name.name) {
            let numbered: Vec<String> = columns
                .iter()
                .filter(|(table, _)| table.live.is_some())
                .map(|(table, column)| format!("`{}.{}`", table.name, column.name))
                .collect();
            let message = match (numbered.is_empty(), cascade) {
                (true, _) => {
                    format!("whatever still draws from the sequence `{name}` fails from now on")
                }
                (false, true) => format!(
                    "{} would lose the default that draws from `{name}`: an INSERT without a number fails",
                    numbered.join(", ")
                ),
                // MariaDB looks at no default: it goes on naming what is not there.
                (false, false) if self.habits.commits_by_itself => format!(
                    "{} still draws from the sequence `{name}`: every INSERT without a number fails from now on",
                    numbered.join(", ")
                ),
                (false, false) => format!(
                    "the sequence `{name}` numbers {}, whose default has to go first",
                    numbered.join(", ")
                ),
            };
            let breaks = self.habits.commits_by_itself && !numbered.is_empty();
            let mut draft = Draft::new("drop-sequence", self.at, name.to_string());
            draft = match breaks {
                true => draft
                    .is(Severity::Block, message)
                    .hint("give the column another default first: ALTER TABLE … ALTER COLUMN … DROP DEFAULT"),
                false => draft.is(Severity::Warn, message),
            };
            draft.aliases = columns
                .iter()
                .map(|(table, column)| format!("{}.{}", table.name, column.name))
                .collect();
            self.push(draft);
        }
        if known && !own {
            self.world.gone_sequences.push(name.clone());
        }
        if cascade {
            for (table, column) in columns {
                let table = self.world.table_mut(&table.name);
                if let Some(column) = table.and_then(|table| table.column_mut(&column.name)) {
                    column.default = None;
                }
            }
        }
        self.world.remove_objects(&["sequence"], &name.name);
    }

    /// A sequence that is created where the set has dropped one of its name: it counts from its first number on.
    pub(super) fn begin_anew(&mut self, name: &TableName, first: Option<&String>) {
        let gone = self.world.gone_sequences.len();
        let names = self.world.names.clone();
        let mut left = std::mem::take(&mut self.world.gone_sequences);
        left.retain(|other| !names.same(other, name));
        let came_back = left.len() < gone;
        self.world.gone_sequences = left;
        let first = first.and_then(|first| first.parse().ok());
        if let Some(first) = first.filter(|_| came_back) {
            self.restart_sequence(name, None, &NextNumber::At(first));
        }
    }

    /// Whether a name is that of a sequence, which MariaDB takes for a table where one is dropped or renamed.
    pub(super) fn is_sequence(&self, name: &TableName) -> bool {
        let named = self.world.objects_named(&["sequence"], &name.name);
        self.habits.commits_by_itself && !named.is_empty()
    }

    pub(super) fn restart_sequence(
        &mut self,
        name: &TableName,
        column: Option<&str>,
        next: &NextNumber,
    ) {
        let numbered: Vec<(Table, Column)> = match column {
            Some(column) => {
                let table = self.world.table(name).cloned();
                let column = table
                    .as_ref()
                    .and_then(|table| table.column(column).cloned());
                table.zip(column).into_iter().collect()
            }
            None => self.world.columns_numbered_by(name),
        };
        if numbered.is_empty() {
            return self.restart_unknown(name, column, next);
        }
        for (table, column) in numbered {
            if let Some(live) = column.live.clone()
                && !self.is_behind(&table, &column, next)
            {
                self.restart_column(name, next, &table, (&column, &live));
            }
        }
    }

    /// A counter nobody knows, or one that numbers no column: is it set back?
    fn restart_unknown(&mut self, name: &TableName, column: Option<&str>, next: &NextNumber) {
        let own = self.world.objects_named(&["sequence"], &name.name);
        if own.iter().any(|sequence| sequence.created) {
            return;
        }
        let behind = matches!(
            next,
            NextNumber::Computed {
                behind: Some(_),
                ..
            }
        );
        let shown = match (name.name.as_str(), column) {
            ("", _) => "a sequence".to_owned(),
            (_, Some(column)) => format!("`{name}.{column}`"),
            (_, None) => format!("`{name}`"),
        };
        let message = format!(
            "{shown} would give out numbers again if it has given out any {}",
            from_on(next)
        );
        let weight = match (name.name.is_empty(), self.set_back(name, next)) {
            _ if behind && self.world.offline => return,
            (false, None) if !self.world.offline => return,
            (false, Some(question)) => Weight::Where(question),
            _ => Weight::Is(Severity::Warn),
        };
        let draft = Draft::new("restart-sequence", self.at, name.to_string());
        self.push(draft.weighs(weight, message).hint(
            "let it go on behind the highest number there is: SELECT setval(…, (SELECT max(…) FROM …))",
        ));
    }

    /// Whether a live sequence stands behind the number it is to give next; `None` where there is no such sequence.
    fn set_back(&self, name: &TableName, next: &NextNumber) -> Option<Question> {
        if !self.world.sequences.contains(&name.to_string()) {
            return None;
        }
        let sequence = self.world.quoted(self.engine, name);
        let next = match next {
            NextNumber::First => "1".to_owned(),
            NextNumber::At(number) => number.to_string(),
            NextNumber::Computed { sql, .. } => sql.clone()?,
        };
        let met = match self.habits.commits_by_itself {
            // Of numbers it holds ready, nobody knows which it has given out.
            true => {
                format!("SELECT count(*) FROM {sequence} WHERE next_not_cached_value > {next}")
            }
            false => format!(
                "SELECT count(*) FROM {sequence}, pg_catalog.pg_sequence WHERE seqrelid = '{}'::regclass AND is_called \
                 AND CASE WHEN seqincrement > 0 THEN last_value >= {next} ELSE last_value <= {next} END",
                sequence.replace('\'', "''")
            ),
        };
        Some(Question {
            met,
            severity: Severity::Warn,
            ..Question::default()
        })
    }

    /// Whether the number is behind the highest of this column, whatever rows there are.
    fn is_behind(&self, table: &Table, column: &Column, next: &NextNumber) -> bool {
        let NextNumber::Computed {
            behind: Some(highest),
            ..
        } = next
        else {
            return false;
        };
        let same = |of: &TableName| self.world.same(of, &table.name);
        highest.column.eq_ignore_ascii_case(&column.name) && highest.table.as_ref().is_none_or(same)
    }

    /// A counter that numbers a column: rows that have the numbers it would give make the next insert collide.
    fn restart_column(
        &mut self,
        name: &TableName,
        next: &NextNumber,
        table: &Table,
        (column, live): (&Column, &str),
    ) {
        if table.emptied && !table.grown {
            return;
        }
        let first = match next {
            NextNumber::First => Some("1".to_owned()),
            NextNumber::At(number) => Some(number.to_string()),
            NextNumber::Computed { sql, .. } => sql.clone(),
        };
        let verdict = format!(
            "have a `{}` {}, where `{name}` would start again: the next insert collides",
            column.name,
            from_on(next)
        );
        let message = format!(
            "the next insert collides if rows of `{}` have a `{}` {}, where `{name}` would start again",
            table.name,
            column.name,
            from_on(next)
        );
        let question = first.and_then(|first| {
            let condition = format!("{} >= {first}", self.quote(live));
            self.rows_question(table, Some(&condition), &verdict)
        });
        let weight = match question {
            // What the set has added may have any number.
            Some(_) if table.grown && !self.world.offline => Weight::Is(Severity::Warn),
            Some(question) => {
                let question = Question {
                    severity: Severity::Warn,
                    sample: None,
                    ..question
                };
                match table.moved {
                    true => Weight::Where(question),
                    false => Weight::Ask(question),
                }
            }
            None => Weight::Is(Severity::Warn),
        };
        let mut draft = Draft::new("restart-sequence", self.at, table.name.to_string())
            .weighs(weight, message)
            .offline(Severity::Warn)
            .hint(self.go_on_hint(name, table, column));
        draft.aliases = vec![name.to_string(), format!("{}.{}", table.name, column.name)];
        self.push(draft);
    }

    fn go_on_hint(&self, name: &TableName, table: &Table, column: &Column) -> String {
        let (column, table) = (&column.name, &table.name);
        match (self.habits.commits_by_itself, table == name) {
            // MariaDB takes no query there.
            (true, _) => {
                format!("start behind the highest: SELECT max({column}) + 1 FROM {table} tells it")
            }
            (false, true) => format!(
                "start behind the highest: SELECT setval(pg_get_serial_sequence('{table}', '{column}'), (SELECT max({column}) FROM {table}))"
            ),
            (false, false) => format!(
                "start behind the highest: SELECT setval('{name}', (SELECT max({column}) FROM {table}))"
            ),
        }
    }
}

fn from_on(next: &NextNumber) -> String {
    match next {
        NextNumber::First => "from 1 on".to_owned(),
        NextNumber::At(number) => format!("from {number} on"),
        NextNumber::Computed { .. } => "from the number on that it is set to".to_owned(),
    }
}
