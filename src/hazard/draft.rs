//! A hazard before it is weighed: what it would do, and the question that tells whether it does.

use crate::event::Severity;
use crate::ident::TableName;

/// What an allowed (or harmless) hazard takes away: the comparison after the migration expects exactly that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetGo {
    /// The table, by the name it has before the migration.
    pub table: String,
    /// The column, by the name it has before the migration; `None` is every column.
    pub column: Option<String>,
    /// What of it may go.
    pub what: What,
    /// Whether a person allowed it. If not, no row met it when it was asked, or its rule only warns.
    pub allowed: bool,
}

/// What of a table or column may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// The table.
    Table,
    /// The column.
    Column,
    /// Rows.
    Rows,
    /// Values in rows that stay.
    Values,
    /// How values of a column are written, as its type is another one; that none is lost was asked.
    Form,
    /// The same, and nobody could be asked whether they are the same values: they must at least look the same.
    Retyped,
    /// NULLs of a column, which get values; that no value is overwritten was asked.
    Gaps,
    /// Values that change by the column's own definition, where nothing else of the set has to do with the column.
    Touched,
}

/// A hazard at a place.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) rule: &'static str,
    /// Index of the step among those of all files.
    pub(super) at: usize,
    /// Where in the step's statement, where that is not where the step stands.
    pub(super) offset: usize,
    /// The table, or `table.column`.
    pub(super) table: Option<String>,
    /// What an allowance may name besides the table.
    pub(super) aliases: Vec<String>,
    pub(super) weight: Weight,
    /// How serious it is where nobody can be asked.
    pub(super) offline: Severity,
    /// What is wrong, as far as it is known without asking.
    pub(super) message: String,
    /// What else it brings about, whatever the answer is.
    pub(super) more: String,
    pub(super) hint: Option<String>,
    pub(super) let_go: Vec<LetGo>,
    /// Where it is met the statement fails, allowed or not.
    pub(super) fails: bool,
    /// What goes with it by keys, asked where it is allowed.
    pub(super) carried: Vec<Carried>,
    /// The time of a change that it notes: no loss unless something else may set it.
    pub(super) touched: Option<LetGo>,
}

/// Rows that go, or are emptied, as those go that they point to.
#[derive(Clone, Debug)]
pub(super) struct Carried {
    /// Their table and those the keys lead through, by the names they have before.
    pub(super) tables: Vec<String>,
    /// How many they are.
    pub(super) question: Question,
}

/// What decides how serious a hazard is.
#[derive(Clone, Debug)]
pub(super) enum Weight {
    /// It is known.
    Is(Severity),
    /// The data decides.
    Ask(Question),
    /// It is as serious as the question says if there is any row it counts; what is said does not depend on how many.
    Where(Question),
    /// The data of now cannot tell, for this reason; the rehearsal can.
    Rehearsal {
        reason: String,
        /// SQL whose one number is how many rows may meet it at most; none, and it is no hazard.
        most: Option<String>,
        /// What tells when it is asked right before the statement itself.
        then: Option<Box<Question>>,
    },
    /// Nobody can tell, for this reason.
    Unknown(String),
    /// No row is left that could meet it.
    Never,
}

/// A question to the database.
#[derive(Clone, Debug)]
pub(super) struct Question {
    /// SQL whose one number is how many rows meet the hazard.
    pub(super) met: String,
    /// SQL whose one number is how many rows there are.
    pub(super) of: Option<String>,
    /// What the keys are called, and SQL that gives a few.
    pub(super) sample: Option<(String, String)>,
    /// What is counted: rows of which table.
    pub(super) subject: String,
    /// What happens to them.
    pub(super) verdict: String,
    /// How serious it is where rows meet it.
    pub(super) severity: Severity,
    /// What it means when a value makes the question itself fail.
    pub(super) on_failure: OnFailure,
    /// What is asked where the question itself fails as its casts do.
    pub(super) instead: Option<Box<Question>>,
    /// With more rows than this the question would take too long: the rehearsal decides.
    pub(super) most_rows: Option<u64>,
}

impl Default for Question {
    fn default() -> Self {
        Question {
            met: String::new(),
            of: None,
            sample: None,
            subject: String::new(),
            verdict: String::new(),
            severity: Severity::Block,
            on_failure: OnFailure::Unknown,
            instead: None,
            most_rows: None,
        }
    }
}

/// What it means when the question fails for a value (SQLSTATE class 22, or 23 of a domain), as the statement would.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum OnFailure {
    /// It could not be asked.
    #[default]
    Unknown,
    /// The statement fails alike.
    Fails,
    /// Another hazard says so.
    Silent,
    /// The statement fails alike; of any other failure another hazard tells.
    FailsOrSilent,
}

/// How many rows a server is made to count at most; of more it is only said that they are more.
pub(super) const MOST_COUNTED: u64 = 1_000_000;

impl Weight {
    /// Left to the rehearsal, whatever rows there are.
    pub(super) fn rehearsal(reason: impl Into<String>) -> Self {
        Weight::Rehearsal {
            reason: reason.into(),
            most: None,
            then: None,
        }
    }
}

impl Draft {
    /// A hazard about this table (or `table.column`).
    pub(super) fn new(rule: &'static str, at: usize, table: impl Into<String>) -> Self {
        Draft {
            rule,
            at,
            offset: 0,
            table: Some(table.into()),
            aliases: Vec::new(),
            weight: Weight::Is(Severity::Warn),
            offline: Severity::Probe,
            message: String::new(),
            more: String::new(),
            hint: None,
            let_go: Vec::new(),
            fails: false,
            carried: Vec::new(),
            touched: None,
        }
    }

    /// The engine refuses the statement: to allow it does not help.
    pub(super) fn refused(mut self, message: impl Into<String>) -> Self {
        self.fails = true;
        self.is(Severity::Block, message)
    }

    /// How serious it is, and what it says.
    pub(super) fn is(mut self, severity: Severity, message: impl Into<String>) -> Self {
        self.weight = Weight::Is(severity);
        self.message = message.into();
        self
    }

    /// How it weighs, and what it says as long as nobody was asked.
    pub(super) fn weighs(mut self, weight: Weight, message: impl Into<String>) -> Self {
        self.weight = weight;
        self.message = message.into();
        self
    }

    /// What happens if there are rows of this table that meet it, said as the condition it is as long as nobody was asked.
    pub(super) fn comes_about(
        self,
        weight: Weight,
        what: &str,
        (table, verdict): (&TableName, &str),
    ) -> Self {
        self.weighs(weight, format!("{what} if rows of `{table}` {verdict}"))
    }

    /// The statement fails if there are such rows.
    pub(super) fn fails(self, weight: Weight, table: &TableName, verdict: &str) -> Self {
        let draft = self.comes_about(weight, "would fail", (table, verdict));
        Draft {
            fails: true,
            ..draft
        }
    }

    /// Values change if there are such rows.
    pub(super) fn alters(self, weight: Weight, table: &TableName, verdict: &str) -> Self {
        self.comes_about(weight, "would change values", (table, verdict))
    }

    /// It is no question offline either: it is this serious.
    pub(super) fn offline(mut self, severity: Severity) -> Self {
        self.offline = severity;
        self
    }

    /// What to do instead.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What it takes away.
    pub(super) fn lets_go(mut self, table: &str, column: Option<&str>, what: What) -> Self {
        self.let_go.push(LetGo {
            table: table.to_owned(),
            column: column.map(str::to_owned),
            what,
            allowed: false,
        });
        self
    }

    /// No note, as the time of the change may not be all that its column becomes: the rehearsal decides.
    pub(super) fn doubts_time(&mut self) {
        let (Some(gone), Some(object)) = (self.touched.take(), self.table.clone()) else {
            return;
        };
        let column = gone.column.as_deref().unwrap_or_default();
        let live = format!("{}.{column}", gone.table);
        let shown = object.rsplit_once('.').map(|(table, _)| table.to_owned());
        self.aliases.extend(shown);
        self.aliases.extend([gone.table.clone(), live]);
        self.weight = Weight::rehearsal("another statement or routine may set or read it");
        self.hint = Some(format!(
            "if it may change, allow it: `-- dbscript: allow update-rows({object}) why` above the statement"
        ));
        self.let_go.push(LetGo {
            what: What::Values,
            ..gone
        });
    }

    /// Adds to what it says.
    pub(super) fn adding(mut self, more: &str) -> Self {
        self.more.push_str(more);
        self
    }
}
