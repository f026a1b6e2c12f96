//! Indexes that are created and dropped: uniqueness that rows break, and uniqueness that goes.

use super::{Judge, Placed};
use crate::event::Severity;
use crate::hazard::action::{Action, Key, NewIndex};
use crate::hazard::dialect;
use crate::hazard::draft::{Draft, Question, Weight};
use crate::hazard::world::{Index, Seen, Table};
use crate::ident::TableName;

impl Judge<'_> {
    pub(super) fn create_index(&mut self, new: &NewIndex) {
        let table = match self.world.see(&new.table) {
            Seen::Known(table) => table.clone(),
            Seen::Temporary | Seen::Missing | Seen::Elsewhere => return,
        };
        let columns: Option<Vec<String>> = new
            .terms
            .iter()
            .map(|(_, column)| column.as_ref().map(|column| column.to_lowercase()))
            .collect();
        if let (true, Some(columns)) = (new.unique, &columns) {
            let known = table.is_key(columns) || self.was_unique(&table, columns);
            if table.live.is_some() && !known {
                self.judge_unique(&table, new, "add-unique");
            }
            if let (None, Some(table)) = (&new.condition, self.world.table_mut(&new.table)) {
                table.keys.push(Key {
                    primary: false,
                    columns: columns.clone(),
                    nulls_equal: new.nulls_equal,
                });
            }
        } else if new.unique && table.live.is_some() {
            self.judge_unique(&table, new, "add-unique");
        }
        let mut words: Vec<String> = Vec::new();
        for (sql, _) in &new.terms {
            words.extend(dialect::words(self.engine, sql));
        }
        if let Some(condition) = &new.condition {
            words.push("where".to_owned());
            words.extend(dialect::words(self.engine, condition));
        }
        self.world.indexes.push(Index {
            name: new.name.name.clone(),
            table: table.name.clone(),
            unique: new.unique,
            columns: new
                .terms
                .iter()
                .map(|(_, column)| column.clone().unwrap_or_default().to_lowercase())
                .collect(),
            created: true,
            words,
            ..Index::default()
        });
    }

    /// Whether a rebuilt table had these columns as a key before, and no row was added or changed since.
    fn was_unique(&self, table: &Table, columns: &[String]) -> bool {
        let original = self.originals.get(&table.name.to_string().to_lowercase());
        let live: Option<Vec<String>> = columns
            .iter()
            .map(|column| table.live_column(column))
            .collect();
        match (original, live) {
            (Some(original), Some(live)) => !table.refilled && original.is_key(&live),
            _ => false,
        }
    }

    pub(super) fn judge_unique(&mut self, table: &Table, new: &NewIndex, rule: &'static str) {
        let shown: Vec<String> = new
            .terms
            .iter()
            .map(|(sql, column)| column.clone().unwrap_or_else(|| sql.clone()))
            .collect();
        let shown = shown.join(", ");
        let verdict = format!("share their `{shown}` with another row");
        let mut terms = Vec::new();
        let mut certainly_null = false;
        for (sql, column) in &new.terms {
            let added = column.as_ref().and_then(|name| table.column(name));
            match added {
                // An added column holds its default in every row; NULLs are no duplicates.
                Some(column) if column.live.is_none() && !column.generated => match &column.default
                {
                    Some(default) => terms.push(default.clone()),
                    None => {
                        certainly_null = true;
                        terms.push(self.held(column));
                    }
                },
                Some(column) if column.live.is_some() => {
                    terms.push(self.quote(column.live.as_deref().unwrap_or_default()));
                }
                _ => terms.push(sql.clone()),
            }
        }
        if certainly_null && !table.moved && !new.nulls_equal {
            return;
        }
        let question = self.duplicates(table, &terms, new, &verdict);
        let mut draft = Draft::new(rule, self.at, format!("{}.{shown}", table.name));
        draft.aliases = vec![table.name.to_string(), new.name.name.clone()];
        let weight = self.weigh(table, question);
        draft = match self.ignores() {
            true => draft.comes_about(weight, "would delete rows", (&table.name, &verdict)),
            false => draft.fails(weight, &table.name, &verdict),
        };
        if let (Some(name), Weight::Ask(_), false) = (
            self.disturbing(&new.condition, &terms),
            &draft.weight,
            self.world.offline,
        ) {
            draft.weight = self.rehearsed(table, format!("an earlier statement changes `{name}`"));
        }
        self.push(draft.hint(
            "find them with GROUP BY … HAVING count(*) > 1 and settle them before this migration",
        ));
    }

    /// Whether the statement at hand is an ALTER IGNORE.
    fn ignores(&self) -> bool {
        let here = &self.steps[self.at];
        let before = self.steps[self.first..self.at].iter().rev();
        let same = |other: &&Placed| (other.file, other.statement) == (here.file, here.statement);
        before
            .take_while(same)
            .any(|placed| matches!(placed.step.action, Action::AlterIgnore(_)))
    }

    fn disturbing(&self, condition: &Option<String>, terms: &[String]) -> Option<TableName> {
        let condition = condition.as_deref()?;
        let mut words = dialect::words(self.engine, condition);
        for term in terms {
            words.extend(dialect::words(self.engine, term));
        }
        words.sort();
        self.world.disturbs(&words).cloned()
    }

    /// Rows whose terms stand in another row too.
    pub(super) fn duplicates(
        &self,
        table: &Table,
        terms: &[String],
        new: &NewIndex,
        verdict: &str,
    ) -> Option<Question> {
        let from = self.world.quoted(self.engine, table.live.as_ref()?);
        let key: Vec<String> = table
            .primary_key()
            .iter()
            .filter_map(|column| table.live_column(column))
            .collect();
        let filter = match new.condition.as_deref() {
            Some(condition) => format!(" WHERE {condition}\n"),
            None => String::new(),
        };
        let keys: Vec<String> = key.iter().map(|column| self.quote(column)).collect();
        let outputs = [self.outputs('k', terms), self.outputs('p', &keys)].concat();
        let all = format!(
            "(SELECT {} FROM {from}{filter}) AS {}",
            outputs.join(", "),
            self.quote("all")
        );
        let named = self.numbered('k', terms.len());
        let (rows, filter) = match new.nulls_equal {
            true => self.repeated_in_window(&all, &named.join(", ")),
            false => self.repeated_in_group(all, &named),
        };
        let (terms_named, keys_named) =
            (named.join(", "), self.numbered('p', key.len()).join(", "));
        Some(Question {
            met: self.counting("", &rows, &filter),
            of: Some(self.counting("", &from, "")),
            sample: (!key.is_empty()).then(|| {
                let order = format!("{terms_named}, {keys_named}");
                (
                    key.join(", "),
                    format!("SELECT {keys_named} FROM {rows}{filter} ORDER BY {order} LIMIT 3"),
                )
            }),
            subject: format!("rows of `{}`", table.name),
            verdict: verdict.to_owned(),
            ..Question::default()
        })
    }

    /// `"k0"`, `"k1"` …
    fn numbered(&self, letter: char, count: usize) -> Vec<String> {
        (0..count)
            .map(|index| self.quote(&format!("{letter}{index}")))
            .collect()
    }

    fn outputs(&self, letter: char, terms: &[String]) -> Vec<String> {
        let names = self.numbered(letter, terms.len());
        let pairs = terms.iter().zip(names);
        pairs
            .map(|(term, name)| format!("{term} AS {name}"))
            .collect()
    }

    /// Rows whose terms are in a group of several; a NULL is in none.
    fn repeated_in_group(&self, all: String, named: &[String]) -> (String, String) {
        let filled: Vec<String> = named
            .iter()
            .map(|name| dialect::has_value(self.engine, name))
            .collect();
        let (named, filled) = (named.join(", "), filled.join(" AND "));
        let filter = format!(
            " WHERE ({named}) IN (SELECT {named} FROM {all} WHERE {filled} GROUP BY {named} HAVING count(*) > 1)"
        );
        (all, filter)
    }

    /// The same where a window takes NULLs for equal.
    fn repeated_in_window(&self, all: &str, named: &str) -> (String, String) {
        let (times, counted) = (self.quote("times"), self.quote("counted"));
        let rows = format!(
            "(SELECT *, count(*) OVER (PARTITION BY {named}) AS {times} FROM {all}) AS {counted}"
        );
        (rows, format!(" WHERE {times} > 1"))
    }

    /// Whether what a unique index demands is still demanded without it.
    fn index_stays(&self, index: &Index) -> bool {
        // Of expressions and of some of the rows only the name tells.
        let by_name = index.columns.iter().any(String::is_empty)
            || index.words.iter().any(|word| word == "where");
        let again = by_name
            && self.ahead().any(|action| match action {
                Action::CreateIndex(new) => {
                    new.unique && new.name.name.eq_ignore_ascii_case(&index.name)
                }
                _ => false,
            });
        again || self.stays_unique(&index.table, &index.columns, &index.name)
    }

    pub(super) fn drop_index(&mut self, name: &TableName, table: Option<&TableName>) {
        let known = self.world.index(&name.name, table).cloned();
        let again = self.comes_back("index", &name.name);
        match &known {
            Some(index) if !index.created && index.unique && !self.index_stays(index) => {
                let columns = index.columns.join(", ");
                let mut draft = Draft::new("drop-unique-index", self.at, index.table.to_string());
                draft.aliases = vec![index.name.clone()];
                let message = format!(
                    "duplicates of `{columns}` in `{}` become possible",
                    index.table
                );
                self.push(draft.is(Severity::Warn, message));
            }
            None if self.world.offline && !again => {
                let draft = Draft::new("drop-unique-index", self.at, &name.name);
                let message = "if this index is unique, duplicates become possible";
                self.push(draft.is(Severity::Note, message));
            }
            _ => {}
        }
        if let Some(index) = known {
            if let Some(table) = self.world.table_mut(&index.table) {
                let gone = table
                    .keys
                    .iter()
                    .position(|key| !key.primary && key.columns == index.columns);
                if let Some(at) = gone.filter(|_| index.unique) {
                    table.keys.remove(at);
                }
            }
            let names = self.world.names.clone();
            self.world.indexes.retain(|other| {
                !(other.name.eq_ignore_ascii_case(&index.name)
                    && names.same(&other.table, &index.table))
            });
        }
    }
}
