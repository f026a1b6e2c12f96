//! What is copied and then taken away: rows that others write between the two are in neither the copy nor the table. Where
//! one transaction holds both, the table can be kept from others meanwhile; where it cannot, that is said.

use super::dialect;
use super::draft::{LetGo, What};
use super::judge::Running;
use super::lint::{SqlFile, place};
use super::overlap::{At, Granted};
use super::show::{mask_literals, shorten};
use super::split::Statement;
use crate::db::Engine;
use crate::event::{Finding, Logged, Severity};
use crate::ident::TableName;

/// The rule of what cannot be kept from others.
const RULE: &str = "copy-race";

/// A table to keep from others, from the statement that copies it to the end of its transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The file, by its name as it was given.
    pub file: String,
    /// The statement that copies, as [`super::split()`] counts them.
    pub statement: usize,
    /// The table, by the name it has before.
    pub table: String,
    /// Reading it is waited for as well: what comes later would have to wait for the readers then, who may wait for us.
    pub from_readers: bool,
}

/// The files, how they run, and the engine that runs them.
pub(super) struct Set<'a> {
    pub(super) engine: Engine,
    pub(super) files: &'a [SqlFile<'a>],
    pub(super) split: &'a [Vec<Statement<'a>>],
    pub(super) running: &'a [Running],
}

/// A copy, and what takes from the table that was copied.
struct Gap {
    copy: At,
    taken: At,
    table: String,
}

/// What has to be kept from others, and a finding for each table that cannot be.
pub(super) fn copied(
    set: &Set<'_>,
    granted: &[Granted],
    replaced: &[TableName],
) -> (Vec<Copied>, Vec<Finding>) {
    let mut kept: Vec<Copied> = Vec::new();
    let mut said: Vec<String> = Vec::new();
    let mut findings = Vec::new();
    for gap in set.gaps(granted, replaced) {
        match set.is_kept(&gap) {
            Kept::Already => {}
            Kept::ByLock => {
                let from_readers = set.locks_readers(gap.taken);
                let file = set.files[gap.copy.0].name;
                let known = kept.iter_mut().find(|known| {
                    (&*known.file, &known.table) == (file, &gap.table)
                        && known.statement <= gap.copy.1
                });
                match known {
                    Some(known) => known.from_readers |= from_readers,
                    None => kept.push(Copied {
                        file: file.to_owned(),
                        statement: gap.copy.1,
                        table: gap.table,
                        from_readers,
                    }),
                }
            }
            Kept::Not => {
                if !said.contains(&gap.table) {
                    said.push(gap.table.clone());
                    findings.push(set.finding(&gap));
                }
            }
        }
    }
    (kept, findings)
}

/// Whether others can write between copy and taking.
enum Kept {
    /// The transaction has all of it for itself.
    Already,
    /// Nobody can once the table is locked.
    ByLock,
    /// They can.
    Not,
}

impl Set<'_> {
    fn gaps(&self, granted: &[Granted], replaced: &[TableName]) -> Vec<Gap> {
        let takings = granted.iter().filter_map(|granted| {
            let takes = matches!(
                granted.gone.what,
                What::Table | What::Column | What::Rows | What::Values
            );
            let copy = self.first_copy(granted.at?, &granted.gone);
            Some(Gap {
                copy: copy.filter(|_| takes)?,
                taken: granted.at?,
                table: granted.gone.table.clone(),
            })
        });
        let swaps = replaced.iter().filter_map(|table| {
            let gone = LetGo {
                table: table.to_string(),
                column: None,
                what: What::Table,
                allowed: true,
            };
            let taken = self.last_naming(&gone.table)?;
            Some(Gap {
                copy: self.first_copy(taken, &gone)?,
                taken,
                table: gone.table,
            })
        });
        let mut gaps: Vec<Gap> = takings.chain(swaps).collect();
        gaps.sort_by_key(|gap| (gap.copy, gap.taken));
        gaps
    }

    /// The first statement before this one that may copy what goes.
    fn first_copy(&self, taken: At, gone: &LetGo) -> Option<At> {
        let mut all = self.places().filter(|at| *at < taken);
        all.find(|at| self.copies(self.statement(*at), gone))
    }

    /// The last statement that gives this table's name to another one, or drops it.
    fn last_naming(&self, table: &str) -> Option<At> {
        let names = |at: &At| {
            let statement = self.statement(*at);
            ["ALTER", "DROP", "RENAME"].contains(&&*statement.first_word())
                && self.words(statement).contains(&bare(table))
        };
        self.places().filter(names).last()
    }

    fn places(&self) -> impl Iterator<Item = At> {
        let files = self.split.iter().enumerate();
        files.flat_map(|(file, statements)| (0..statements.len()).map(move |at| (file, at)))
    }

    fn statement(&self, at: At) -> &Statement<'_> {
        &self.split[at.0][at.1]
    }

    fn words(&self, statement: &Statement<'_>) -> Vec<String> {
        dialect::words(self.engine, statement.text)
    }

    /// Whether a statement may carry what goes somewhere else.
    fn copies(&self, statement: &Statement<'_>, gone: &LetGo) -> bool {
        let words = self.words(statement);
        let has = |word: &str| words.iter().any(|known| known == word);
        let reads = || has("select") || has("table");
        let carries = match &*statement.first_word() {
            "INSERT" | "REPLACE" => reads(),
            "SELECT" => has("into"),
            "CREATE" => reads() && is_filled(&words, statement),
            // What a table's own rows become stays in them.
            "UPDATE" => {
                gone.column.is_some() || ["from", "join", "select"].iter().any(|word| has(word))
            }
            "MERGE" | "WITH" | "DO" => true,
            _ => false,
        };
        let whole = || statement.text.contains('*') || !has("select");
        let column = gone.column.as_ref().map(|column| column.to_lowercase());
        let of_column = || match column {
            Some(column) => has(&column) || (statement.first_word() != "UPDATE" && whole()),
            None => true,
        };
        carries && has(&bare(&gone.table)) && of_column()
    }

    fn is_kept(&self, gap: &Gap) -> Kept {
        let one_file = gap.copy.0 == gap.taken.0;
        let mut files = self.running[gap.copy.0..=gap.taken.0].iter();
        let in_transaction = files.all(|file| file.in_transaction);
        if !in_transaction {
            return Kept::Not;
        }
        let habits = dialect::habits(self.engine);
        if habits.one_writer {
            return Kept::Already;
        }
        if !habits.commits_by_itself {
            return if one_file { Kept::ByLock } else { Kept::Not };
        }
        // A copy locks the rows it reads, until a change of the schema commits it.
        let ends = |statement: &Statement<'_>| {
            let first = statement.first_word();
            ![
                "INSERT", "UPDATE", "DELETE", "REPLACE", "SELECT", "WITH", "SET",
            ]
            .contains(&&*first)
        };
        let between = || self.split[gap.copy.0][gap.copy.1..=gap.taken.1].iter();
        match one_file && !between().any(ends) {
            true => Kept::Already,
            false => Kept::Not,
        }
    }

    /// Whether a statement that takes something away keeps readers out as well.
    fn locks_readers(&self, at: At) -> bool {
        ["ALTER", "DROP", "TRUNCATE"].contains(&&*self.statement(at).first_word())
    }

    fn finding(&self, gap: &Gap) -> Finding {
        let statement = self.statement(gap.taken);
        let copy = self.statement(gap.copy);
        let (line, column) = place(statement, 0);
        let file = self.files[gap.copy.0].name;
        let message = format!(
            "what others write to `{}` between its copy ({file}:{}) and this statement is not in the copy, and goes",
            gap.table, copy.line
        );
        Finding {
            rule: RULE.to_owned(),
            severity: Severity::Warn,
            file: self.files[gap.taken.0].name.to_owned(),
            line,
            column,
            statement: shorten(self.engine, statement.text),
            table: Some(gap.table.clone()),
            logged: Logged {
                statement: mask_literals(self.engine, statement.text),
                message: message.clone(),
                probe: None,
            },
            message,
            hint: Some(format!("stop what writes to `{}` meanwhile", gap.table)),
            probe: None,
            allowed: None,
            destroys: false,
            fails: false,
        }
    }
}

/// Whether a CREATE makes something that holds rows.
fn is_filled(words: &[String], statement: &Statement<'_>) -> bool {
    let mut first = statement.text.split_whitespace().skip(1);
    let made = first.find(|word| {
        ![
            "OR",
            "REPLACE",
            "TEMP",
            "TEMPORARY",
            "UNLOGGED",
            "GLOBAL",
            "LOCAL",
        ]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(word))
    });
    let is = |kind: &str| made.is_some_and(|made| made.eq_ignore_ascii_case(kind));
    is("MATERIALIZED") || (is("TABLE") && words.iter().any(|word| word == "select" || word == "as"))
}

/// A table's name without its schema, in small letters.
fn bare(table: &str) -> String {
    table.rsplit('.').next().unwrap_or(table).to_lowercase()
}
