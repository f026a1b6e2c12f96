//! Questions to the live database. They read only, one statement each; where a server would have to count more rows than
//! anybody wants to know, it counts no further.

use super::Judge;
use crate::event::Severity;
use crate::hazard::dialect;
use crate::hazard::draft::{MOST_COUNTED, OnFailure, Question, Weight};
use crate::hazard::world::{Column, Table};

impl Judge<'_> {
    pub(super) fn quote(&self, name: &str) -> String {
        self.engine.quote(name)
    }

    pub(super) fn quote_all(&self, names: &[String]) -> String {
        let quoted: Vec<String> = names.iter().map(|name| self.quote(name)).collect();
        quoted.join(", ")
    }

    /// SQL that counts the rows of `from` (with `filter`, a WHERE or nothing), no further than is of interest.
    pub(super) fn counting(&self, with: &str, from: &str, filter: &str) -> String {
        if !self.habits.bounded_counts {
            return format!("{with}SELECT count(*) FROM {from}{filter}");
        }
        let (most, bounded) = (MOST_COUNTED + 1, self.quote("bounded"));
        format!(
            "{with}SELECT count(*) FROM (SELECT 1 FROM {from}{filter} LIMIT {most}) AS {bounded}"
        )
    }

    /// The live table a table's rows are in, with what they were where that counts too.
    fn source(&self, table: &Table) -> Option<String> {
        let live = self.world.quoted(self.engine, table.live.as_ref()?);
        Some(match table.through_time {
            true => format!("{live} FOR SYSTEM_TIME ALL"),
            false => live,
        })
    }

    /// Where the rows of a table are now, with the columns that have these names: the table itself, or, where the set has
    /// added or renamed one of them, a query under its name. A word is a name in lower case.
    pub(super) fn rows_of(&self, table: &Table, words: &[String]) -> Option<String> {
        let from = self.source(table)?;
        let columns = table.columns.iter().flatten().chain(&table.added);
        let fresh: Vec<String> = columns
            .filter(|column| column.live.as_deref() != Some(column.name.as_str()))
            .filter(|column| words.contains(&column.name.to_lowercase()))
            .map(|column| format!("{} AS {}", self.held(column), self.quote(&column.name)))
            .collect();
        if fresh.is_empty() {
            return Some(from);
        }
        let name = self.quote(&table.name.name);
        Some(format!(
            "(SELECT *, {} FROM {from}) AS {name}",
            fresh.join(", ")
        ))
    }

    /// What a column holds in every row, as SQL about the live table.
    pub(super) fn held(&self, column: &Column) -> String {
        match (&column.live, &column.default) {
            (Some(live), _) => self.quote(live),
            (None, Some(default)) => format!("({default})"),
            (None, None) if self.engine.has_schemas() && !column.type_name.is_empty() => {
                format!("CAST(NULL AS {})", column.type_name)
            }
            (None, None) => "NULL".to_owned(),
        }
    }

    /// A question about the rows of a table that meet a condition, asked of where they are now.
    pub(super) fn rows_question(
        &self,
        table: &Table,
        condition: Option<&str>,
        verdict: &str,
    ) -> Option<Question> {
        let words = condition.map(|condition| dialect::words(self.engine, condition));
        let from = self.rows_of(table, &words.unwrap_or_default())?;
        let all = self.source(table)?;
        let filter = condition.map_or(String::new(), |condition| format!(" WHERE {condition}"));
        Some(Question {
            met: self.counting("", &from, &filter),
            of: condition.map(|_| self.counting("", &all, "")),
            sample: self.sample(table, &from, "", &filter),
            subject: format!("rows of `{}`", table.name),
            verdict: verdict.to_owned(),
            severity: Severity::Block,
            on_failure: OnFailure::Unknown,
            instead: None,
            most_rows: None,
        })
    }

    /// SQL that gives a few keys of rows, where the table has a key that can be asked.
    pub(super) fn sample(
        &self,
        table: &Table,
        from: &str,
        with: &str,
        filter: &str,
    ) -> Option<(String, String)> {
        let key: Vec<String> = table
            .primary_key()
            .iter()
            .map(|column| table.live_column(column))
            .collect::<Option<_>>()?;
        if key.is_empty() {
            return None;
        }
        let columns = self.quote_all(&key);
        Some((
            key.join(", "),
            format!("{with}SELECT {columns} FROM {from}{filter} ORDER BY {columns} LIMIT 3"),
        ))
    }

    /// The question, unless the set has written the table before: then the rows of now do not tell, but for a table that
    /// has none and gets none, and rows that can only become fewer.
    pub(super) fn weigh(&self, table: &Table, question: Option<Question>) -> Weight {
        if is_empty(table) {
            return Weight::Never;
        }
        if table.moved && !self.world.offline {
            return Weight::Rehearsal {
                reason: format!("an earlier statement writes `{}`", table.name),
                then: question
                    .clone()
                    .filter(|_| is_named_as_it_was(table))
                    .map(Box::new),
                most: match question {
                    Some(question) if !table.refilled => Some(question.met),
                    _ => self.all_rows(table),
                },
            };
        }
        match question {
            Some(question) => Weight::Ask(question),
            None => Weight::Unknown(format!(
                "where the rows of `{}` are now is not known",
                table.name
            )),
        }
    }

    /// The same of what is lost: what the set itself has brought is nobody's, so that no more than the rows of now can
    /// meet it.
    pub(super) fn weigh_loss(&self, table: &Table, question: Option<Question>) -> Weight {
        let met = question.as_ref().map(|question| question.met.clone());
        match self.weigh(table, question) {
            Weight::Rehearsal { reason, most, then } => Weight::Rehearsal {
                reason,
                most: met.or(most),
                then,
            },
            weight => weight,
        }
    }

    /// The same of what goes with the whole table or column: as long as no row is gone, the rows of now tell.
    pub(super) fn weigh_whole(&self, table: &Table, question: Option<Question>) -> Weight {
        let calm = Table {
            moved: table.thinned,
            ..table.clone()
        };
        self.weigh_loss(&calm, question)
    }

    /// Left to the rehearsal, unless the table has no row.
    pub(super) fn rehearsed(&self, table: &Table, reason: impl Into<String>) -> Weight {
        match is_empty(table) {
            true => Weight::Never,
            false => Weight::Rehearsal {
                reason: reason.into(),
                most: self.all_rows(table),
                then: None,
            },
        }
    }

    /// SQL that counts the rows of a table, where the set adds none.
    fn all_rows(&self, table: &Table) -> Option<String> {
        let live = table.live.as_ref().filter(|_| !table.grown)?;
        Some(self.counting("", &self.world.quoted(self.engine, live), ""))
    }

    /// As serious as this if the table has rows.
    pub(super) fn where_rows(&self, table: &Table, severity: Severity) -> Weight {
        match self.rows_question(table, None, "") {
            _ if is_empty(table) => Weight::Never,
            Some(_) if table.grown => Weight::Is(severity),
            Some(question) => Weight::Where(Question {
                severity,
                sample: None,
                ..question
            }),
            None => Weight::Is(severity),
        }
    }
}

/// Whether a question about the live table can be asked in its own words after the set has changed it.
fn is_named_as_it_was(table: &Table) -> bool {
    let mut columns = table.columns.iter().flatten().chain(&table.added);
    table.live.as_ref() == Some(&table.name)
        && columns.all(|column| column.live.as_ref().is_none_or(|live| *live == column.name))
}

/// Whether the set has taken every row, and brought none.
fn is_empty(table: &Table) -> bool {
    table.emptied && !table.grown
}
