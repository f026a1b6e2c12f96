//! What is copied and then taken away: rows that others write between the two are in neither the copy nor the table. Where
//! one transaction holds both, the table can be kept from others meanwhile; where it cannot, that is said. A file that
//! runs outside a transaction without need is refused: it could be kept.

use super::action::Action;
use super::carries::bare;
use super::dialect;
use super::draft::{Draft, LetGo, What};
use super::judge::{Placed, Running};
use super::lint::SqlFile;
use super::overlap::{At, Granted};
use super::split::Statement;
use crate::db::{Catalog, Engine};
use crate::event::Severity;
use crate::ident::TableName;

/// The rule of what cannot be kept from others.
const RULE: &str = "copy-race";

/// A table to keep from others while the transaction of a file that copies it is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The file, by its name as it was given.
    pub file: String,
    /// The table, by the name it has when the file begins: files before it have been committed by then.
    pub table: TableName,
    /// Reading it is waited for as well: what comes later would have to wait for the readers then, who may wait for us.
    pub from_readers: bool,
}

/// The files, how they run, and the engine that runs them.
pub(super) struct Set<'a> {
    pub(super) engine: Engine,
    pub(super) files: &'a [SqlFile<'a>],
    pub(super) split: &'a [Vec<Statement<'a>>],
    pub(super) steps: &'a [Placed],
    pub(super) running: &'a [Running],
    pub(super) catalog: Option<&'a Catalog>,
}

/// A copy, and what takes from the table that was copied.
struct Gap {
    copy: At,
    taken: At,
    table: String,
}

/// What has to be kept from others, and a hazard for each table that cannot be.
pub(super) fn copied(
    set: &Set<'_>,
    granted: &[Granted],
    replaced: &[TableName],
) -> (Vec<Copied>, Vec<Draft>) {
    let mut kept: Vec<Copied> = Vec::new();
    let mut said: Vec<String> = Vec::new();
    let mut drafts = Vec::new();
    for gap in set.gaps(granted, replaced) {
        match set.is_kept(&gap) {
            Kept::Already => {}
            Kept::ByLock => {
                let from_readers = set.locks_readers(gap.taken);
                let file = set.files[gap.copy.0].name;
                let Some(table) = set.name_in(gap.copy.0, &gap.table) else {
                    continue;
                };
                let mut known = kept.iter_mut();
                match known.find(|known| (&*known.file, &known.table) == (file, &table)) {
                    Some(known) => known.from_readers |= from_readers,
                    None => kept.push(Copied {
                        file: file.to_owned(),
                        table,
                        from_readers,
                    }),
                }
            }
            Kept::Not => {
                if !said.contains(&gap.table) {
                    said.push(gap.table.clone());
                    drafts.extend(set.draft(&gap));
                }
            }
        }
    }
    for (file, table) in set.remade() {
        let is_it = |known: &Copied| (&*known.file, &known.table) == (file, table);
        if !kept.iter().any(is_it) {
            kept.push(Copied {
                file: file.to_owned(),
                table: table.clone(),
                from_readers: true,
            });
        }
    }
    (kept, drafts)
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
            let copy = self.copy_before(granted.at?, &granted.gone);
            Some(Gap {
                copy: copy.filter(|_| takes)?,
                taken: granted.at?,
                table: granted.gone.table.clone(),
            })
        });
        // A partition has rows of its own, and goes as rows of its table.
        let parts = granted.iter().filter_map(|granted| {
            let at = granted.at?;
            let mut steps = self.steps.iter();
            let dropped = steps.find_map(|placed| match &placed.step.action {
                Action::DropTable { table, .. } if (placed.file, placed.statement) == at => {
                    Some(table)
                }
                _ => None,
            })?;
            let other = dropped.to_string() != granted.gone.table;
            self.gap_of_table(dropped, at).filter(|_| other)
        });
        let swaps = replaced.iter().filter_map(|table| {
            let taken = self.end_of(table)?;
            self.gap_of_table(table, taken)
        });
        let mut gaps: Vec<Gap> = takings
            .chain(parts)
            .chain(swaps)
            .chain(self.drops())
            .collect();
        gaps.sort_by_key(|gap| (gap.copy, gap.taken));
        gaps
    }

    /// Tables of the database that a file drops outside a transaction, where a rebuild alone is no hazard.
    fn drops(&self) -> impl Iterator<Item = Gap> {
        let outside = |placed: &&Placed| !self.running[placed.file].in_transaction;
        self.steps.iter().filter(outside).filter_map(|placed| {
            let Action::DropTable { table, .. } = &placed.step.action else {
                return None;
            };
            let dropped = table.to_string();
            let mut tables = self.catalog?.tables.iter().map(|table| &table.name);
            let live = tables.find(|name| name.to_string().eq_ignore_ascii_case(&dropped))?;
            self.gap_of_table(live, (placed.file, placed.statement))
        })
    }

    fn gap_of_table(&self, table: &TableName, taken: At) -> Option<Gap> {
        let gone = LetGo {
            table: table.to_string(),
            column: None,
            what: What::Table,
            allowed: true,
        };
        Some(Gap {
            copy: self.copy_before(taken, &gone)?,
            taken,
            table: gone.table,
        })
    }

    /// The first statement of the same file before this one that may copy what goes, or else the nearest one of those
    /// before.
    fn copy_before(&self, taken: At, gone: &LetGo) -> Option<At> {
        let known = self.names_of(&gone.table);
        let copies = |at: &At| *at < taken && self.copies(self.statement(*at), gone, &known);
        let here = self.places().filter(|at| at.0 == taken.0).find(copies);
        // A table that the file of the copy drops has gone by then, and the copy may be what has its name.
        let stays = |at: &At| {
            !self.steps.iter().any(|placed| match &placed.step.action {
                Action::DropTable { table, .. } => {
                    let behind = placed.file == at.0 && placed.statement > at.1;
                    let named = table.to_string();
                    behind && (named == gone.table || table.schema.is_none() && known.reads(&named))
                }
                _ => false,
            })
        };
        here.or_else(|| self.places().filter(copies).filter(stays).last())
    }

    /// The first statement that takes this table's name away from it.
    fn end_of(&self, name: &TableName) -> Option<At> {
        let takes = |placed: &&Placed| match &placed.step.action {
            Action::RenameTable { table, .. } | Action::DropTable { table, .. } => table == name,
            _ => false,
        };
        let first = self.steps.iter().find(takes)?;
        Some((first.file, first.statement))
    }

    /// The name that a table of the database, or a partition, has when a file begins.
    fn name_in(&self, file: usize, table: &str) -> Option<TableName> {
        let catalog = self.catalog?;
        let partitions = catalog.objects.iter();
        let partitions = partitions.filter(|object| object.kind == "partition");
        let tables = catalog.tables.iter().map(|table| &table.name);
        let mut tables = tables.chain(partitions.map(|object| &object.name));
        let mut name = tables.find(|name| name.to_string() == table)?.clone();
        for placed in self.steps.iter().filter(|placed| placed.file < file) {
            match &placed.step.action {
                Action::RenameTable { table, to } if *table == name => name.name.clone_from(to),
                Action::MoveTable { table, schema } if *table == name => {
                    name.schema = Some(schema.clone());
                }
                _ => {}
            }
        }
        Some(name)
    }

    fn places(&self) -> impl Iterator<Item = At> {
        let files = self.split.iter().enumerate();
        files.flat_map(|(file, statements)| (0..statements.len()).map(move |at| (file, at)))
    }

    fn statement(&self, at: At) -> &Statement<'_> {
        &self.split[at.0][at.1]
    }

    pub(super) fn words(&self, statement: &Statement<'_>) -> Vec<String> {
        dialect::words(self.engine, statement.text)
    }

    fn is_kept(&self, gap: &Gap) -> Kept {
        let one_file = gap.copy.0 == gap.taken.0;
        let habits = dialect::habits(self.engine);
        let files = &self.running[gap.copy.0..=gap.taken.0];
        if files.iter().any(|file| !file.in_transaction) {
            let held = self.own_transaction(gap).is_some_and(|begin| {
                habits.one_writer || self.is_locked(&gap.table, begin, gap.copy)
            });
            return if held { Kept::Already } else { Kept::Not };
        }
        if habits.one_writer {
            // Neighbours share one transaction, unless foreign keys are on in one and off in the other.
            let shared = files.windows(2).all(|two| two[0] == two[1]);
            return if shared { Kept::Already } else { Kept::Not };
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

    /// The statement that begins the file's own transaction, where one holds copy and taking.
    fn own_transaction(&self, gap: &Gap) -> Option<usize> {
        let statements = &self.split[gap.copy.0];
        let bounds = |statement: &Statement<'_>| {
            statement.begins_transaction() || statement.ends_transaction()
        };
        let begin = statements[..gap.copy.1].iter().rposition(bounds)?;
        let one_file = gap.copy.0 == gap.taken.0;
        let is_held = statements[begin].begins_transaction()
            && one_file
            && !statements[gap.copy.1..gap.taken.1].iter().any(bounds);
        is_held.then_some(begin)
    }

    /// Whether the file itself locks a table before it copies it.
    fn is_locked(&self, table: &str, begin: usize, copy: At) -> bool {
        let mut between = self.split[copy.0][begin..copy.1].iter();
        between.any(|statement| {
            statement.first_word() == "LOCK" && self.words(statement).contains(&bare(table))
        })
    }

    /// `None` for what no step was read from.
    fn draft(&self, gap: &Gap) -> Option<Draft> {
        let mut steps = self.steps.iter();
        let at = steps.position(|placed| (placed.file, placed.statement) == gap.taken)?;
        let copy = self.statement(gap.copy);
        let file = self.files[gap.copy.0].name;
        let message = format!(
            "what others write to `{}` between its copy ({file}:{}) and this statement is not in the copy, and goes",
            gap.table, copy.line
        );
        let habits = dialect::habits(self.engine);
        let is_outside = |at: At| !self.running[at.0].in_transaction;
        let own = self.own_transaction(gap);
        let could_be_kept = !habits.commits_by_itself
            && own.is_none()
            && (is_outside(gap.copy) || is_outside(gap.taken));
        let severity = match could_be_kept {
            true => Severity::Block,
            false => Severity::Warn,
        };
        let hint = self.hint(gap, could_be_kept, own.is_some());
        let draft = Draft::new(RULE, at, gap.table.clone());
        Some(draft.is(severity, message).hint(hint))
    }

    fn hint(&self, gap: &Gap, could_be_kept: bool, own: bool) -> String {
        let table = &gap.table;
        let lock = self.lock(gap);
        let stop = format!("stop what writes to `{table}` meanwhile");
        let first = match (&lock, own) {
            (Some(lock), true) => return format!("put `{lock};` before the copy, or {stop}"),
            _ if !could_be_kept => return stop,
            (Some(lock), false) => format!("`BEGIN; {lock};`"),
            (None, false) => "`BEGIN;`".to_owned(),
            (None, true) => return stop,
        };
        if let Some(line) = self.needed_outside(gap) {
            return format!(
                "line {line} keeps this file outside a transaction: put the copy and this statement into a file of their own without `-- no-transaction`, in which dbscript keeps others from `{table}` meanwhile; or put {first} before the copy and `COMMIT;` behind this; or {stop}, and say so: `-- dbscript: allow {RULE}({table}) why` above the statement"
            );
        }
        let into_one = match gap.copy.0 == gap.taken.0 {
            true => "",
            false => " and put both into one file",
        };
        format!(
            "take `-- no-transaction` away{into_one}: dbscript then keeps others from `{table}` meanwhile, with foreign keys off while a table is rebuilt; or put {first} before the copy and `COMMIT;` behind this; or {stop}, and say so: `-- dbscript: allow {RULE}({table}) why` above the statement"
        )
    }

    /// The line of a statement, in the file that takes, which no transaction may hold (ADD VALUE: before PostgreSQL 12).
    fn needed_outside(&self, gap: &Gap) -> Option<usize> {
        let mut statements = self.split[gap.taken.0].iter();
        let needs = statements.find(|statement| {
            let words = self.words(statement);
            let has = |word: &str| words.iter().any(|known| known == word);
            match &*statement.first_word() {
                "VACUUM" => true,
                "CREATE" | "DROP" | "REINDEX" | "ALTER" if has("concurrently") => true,
                "ALTER" => has("type") && has("add") && has("value") && !has("table"),
                _ => false,
            }
        });
        needs.map(|statement| statement.line)
    }

    /// SQL that keeps others from the table of a gap, where that takes a statement.
    fn lock(&self, gap: &Gap) -> Option<String> {
        let mut tables = self.catalog?.tables.iter().map(|table| &table.name);
        let name = tables.find(|name| name.to_string() == gap.table)?;
        self.engine.lock_sql(name, self.locks_readers(gap.taken))
    }
}
