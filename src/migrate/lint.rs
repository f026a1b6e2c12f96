//! The lint of pending migrations: hazards, and what was allowed to go.

use super::meant::Doubt;
use super::{Migration, control};
use crate::db::{Catalog, Engine, Session};
use crate::error::Result;
use crate::event::Finding;
use crate::hazard::{self, Copied, SqlFile, Unmet, What};
use crate::integrity::{LetGo, Released, Renamed, Replaced};

/// How pending migrations are judged.
pub struct Linting<'a> {
    /// Allowances given outside the files, such as `drop-column(users.fax)`.
    pub allow: &'a [String],
    /// A rehearsal will run: it decides what the data of now cannot tell.
    pub rehearsed: bool,
}

/// What the lint found, and what a comparison afterwards may expect.
#[derive(Clone, Debug, Default)]
pub struct Linted {
    /// The hazards.
    pub findings: Vec<Finding>,
    /// What was allowed to go.
    pub let_go: Vec<LetGo>,
    /// What may take something away and is not allowed.
    pub doubts: Vec<Doubt>,
    /// What the data said is no hazard; it is asked again right before the statement runs.
    pub unmet: Vec<Unmet>,
    /// What is copied before it is taken away: others are kept from it meanwhile.
    pub copied: Vec<Copied>,
    /// What gets another name.
    pub renamed: Vec<Renamed>,
    /// Tables whose name another one takes.
    pub replaced: Vec<Replaced>,
}

/// Finds hazards, asking the data where there is a session, and what the allowances let go.
///
/// # Errors
/// `Refused` for a file that begins or ends transactions where it must not; what the database refuses.
pub async fn lint(
    engine: Engine,
    pending: &[Migration],
    options: &Linting<'_>,
    mut session: Option<&mut Session>,
) -> Result<Linted> {
    for migration in pending {
        let statements = hazard::split(engine, &migration.sql);
        control::refuse(engine, migration, &statements)?;
    }
    let files: Vec<SqlFile<'_>> = pending
        .iter()
        .map(|migration| SqlFile {
            name: &migration.file,
            text: &migration.sql,
        })
        .collect();
    let rules = hazard::Options {
        allow: options.allow,
        rehearsal: options.rehearsed,
        applied_here: true,
    };
    let lint = hazard::lint(engine, &files, &rules, session.as_deref_mut()).await?;
    let replaced = match session.filter(|_| !lint.replaced.is_empty()) {
        Some(session) => as_they_are(&lint, &session.catalog().await?),
        None => Vec::new(),
    };
    let expected = |gone: &&hazard::LetGo| {
        gone.allowed
            || matches!(
                gone.what,
                What::Form | What::Retyped | What::Gaps | What::Touched
            )
    };
    let let_go = lint.let_go.iter().filter(expected).map(released);
    let renamed = lint.renamed.iter().map(|renamed| Renamed {
        table: renamed.table.clone(),
        column: renamed.column.clone(),
        to: renamed.to.clone(),
    });
    let doubts = lint.doubts.iter().map(|doubt| Doubt {
        allowance: doubt.allowance.clone(),
        let_go: doubt.let_go.iter().map(released).collect(),
    });
    Ok(Linted {
        let_go: let_go.collect(),
        doubts: doubts.collect(),
        renamed: renamed.collect(),
        replaced,
        unmet: lint.unmet,
        copied: lint.copied,
        findings: lint.findings,
    })
}

/// The tables that are to be replaced, as they are now.
fn as_they_are(lint: &hazard::Lint, catalog: &Catalog) -> Vec<Replaced> {
    let tables = lint.replaced.iter();
    let tables = tables.filter_map(|name| catalog.table(name));
    let dropped = |name: &str| {
        let mut names = lint.dropped_triggers.iter();
        names.any(|known| known.eq_ignore_ascii_case(name))
    };
    let replaced = tables.map(|table| {
        let triggers = catalog.objects.iter().filter(|object| {
            object.kind == "trigger"
                && object.table.as_ref() == Some(&table.name)
                && !dropped(&object.name.name)
        });
        let policies = catalog
            .objects
            .iter()
            .filter(|object| object.kind == "policy" && object.table.as_ref() == Some(&table.name));
        let children = catalog.children_of(&table.name);
        Replaced {
            triggers: triggers.map(|object| object.name.name.clone()).collect(),
            policies: policies.map(|object| object.name.name.clone()).collect(),
            children: children
                .map(|(child, key)| (child.name.clone(), key.columns.clone()))
                .collect(),
            table: table.clone(),
        }
    });
    replaced.collect()
}

fn released(gone: &hazard::LetGo) -> LetGo {
    LetGo {
        table: gone.table.clone(),
        column: gone.column.clone(),
        what: match gone.what {
            What::Table => Released::Table,
            What::Column => Released::Column,
            What::Rows => Released::Rows,
            What::Values => Released::Values,
            What::Form => Released::Form,
            What::Retyped => Released::Retyped,
            What::Gaps | What::Touched => Released::Gaps,
        },
    }
}
