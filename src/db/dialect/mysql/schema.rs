//! The SQL that rebuilds the schema, from SHOW CREATE; and what changes whole schemas.

use std::collections::HashSet;

use super::catalog::{self, Listed, cell};
use super::link::State;
use super::objects::{self, Made};
use super::text::READ;
use super::{nowhere, quote, surroundings, text, watch};
use crate::db::catalog::{DatabaseInfo, Orphans, SchemaSql, Searched, Sequence};
use crate::db::dialect::{Begin, Capitals};
use crate::db::{Engine, Result};
use crate::ident::TableName;

/// What the database says of itself.
pub(super) async fn info(state: &mut State) -> Result<DatabaseInfo> {
    let sql = "SELECT VERSION(), @@character_set_database";
    let row = text::row(&mut state.connection, sql).await?;
    let version = cell(&row, 0);
    Ok(DatabaseInfo {
        engine: state.engine.name().to_owned(),
        version: version.split('-').next().unwrap_or(&version).to_owned(),
        name: state.server.database.clone(),
        encoding: cell(&row, 1),
        default_schema: None,
        place: None,
        searched: Searched::default(),
    })
}

/// What the server makes of capitals in the names of tables
/// (<https://mariadb.com/kb/en/identifier-case-sensitivity/>).
pub(super) async fn capitals(state: &mut State) -> Result<Capitals> {
    Ok(
        match number(state, "SELECT @@lower_case_table_names").await? {
            0 => Capitals::Kept,
            1 => Capitals::Lowered,
            _ => Capitals::Ignored,
        },
    )
}

/// Tables before the rows; keys between them, routines, views, triggers and events after.
pub(super) async fn sql(state: &mut State) -> Result<SchemaSql> {
    let made = objects::read(state).await?;
    let mut schema = SchemaSql::default();
    let is_sequence = |made: &&Made| made.kind == "sequence";
    schema
        .before
        .extend(made.iter().filter(is_sequence).map(|made| made.sql.clone()));
    objects::for_printing(state).await?;
    let tables = tables(state, &mut schema).await;
    text::surely(&mut state.connection, objects::AFTER_PRINTING).await?;
    tables?;
    schema.after.extend(surroundings::statements(&made));
    Ok(SchemaSql {
        before: surroundings::around(schema.before),
        after: surroundings::around(schema.after),
    })
}

async fn tables(state: &mut State, schema: &mut SchemaSql) -> Result<()> {
    let all = catalog::listed(state).await?;
    for listed in all.iter().filter(|listed| !listed.is_sequence()) {
        let show = format!("SHOW CREATE TABLE {}", quote(&listed.name));
        let shown = text::row(&mut state.connection, &show).await?;
        let (table, keys) = take_apart(&cell(&shown, 1), state.current(), &all);
        schema.before.push(table);
        if !keys.is_empty() {
            let added: Vec<String> = keys.iter().map(|key| format!("ADD {key}")).collect();
            let name = quote(&listed.name);
            schema
                .after
                .push(format!("ALTER TABLE {name} {}", added.join(", ")));
        }
    }
    Ok(())
}

/// A CREATE TABLE as the server prints it, a definition a line, without its foreign keys and its counter; and those keys.
fn take_apart(sql: &str, database: &str, listed: &[Listed]) -> (String, Vec<String>) {
    // A default that draws from a sequence names the database; it is to be that of the copy.
    let here = format!("nextval({}.", quote(database));
    let sql = sql.replace(&here, "nextval(");
    let end = sql.rfind("\n)").unwrap_or(sql.len());
    let (body, options) = sql.split_at(end);
    let mut lines = body.split('\n');
    let head = lines.next().unwrap_or_default();
    let (mut kept, mut keys) = (Vec::new(), Vec::new());
    for line in lines {
        let definition = line.trim_start().trim_end_matches(',');
        if is_foreign_key(definition) {
            keys.push(definition.to_owned());
        } else {
            kept.push(format!("  {}", nowhere::without(definition, listed)));
        }
    }
    let table = format!("{head}\n{}{}", kept.join(",\n"), without_counter(options));
    (table, keys)
}

fn is_foreign_key(definition: &str) -> bool {
    definition
        .strip_prefix("CONSTRAINT `")
        .and_then(|rest| {
            // The name ends at the first backtick that is not doubled.
            let name = rest.replace("``", "__");
            name.split_once('`').map(|(_, behind)| behind.to_owned())
        })
        .is_some_and(|behind| behind.starts_with(" FOREIGN KEY "))
}

fn without_counter(options: &str) -> String {
    const WORD: &str = " AUTO_INCREMENT=";
    let comment = options.find(" COMMENT='").unwrap_or(options.len());
    let Some(start) = options.find(WORD).filter(|start| *start < comment) else {
        return options.to_owned();
    };
    let rest =
        options[start + WORD.len()..].trim_start_matches(|letter: char| letter.is_ascii_digit());
    format!("{}{rest}", &options[..start])
}

/// Foreign keys whose rows point to nothing.
pub(super) async fn orphans(state: &mut State) -> Result<Vec<Orphans>> {
    watch::within_limit(state, all_orphans).await
}

async fn all_orphans(state: &mut State) -> Result<Vec<Orphans>> {
    let mut found = Vec::new();
    let tables = catalog::read(state).await?.tables;
    let names: HashSet<TableName> = tables.iter().map(|table| table.name.clone()).collect();
    for table in tables {
        for key in table.foreign_keys {
            let pairs = || key.columns.iter().zip(&key.parent_columns);
            let equal: Vec<String> = pairs()
                .map(|(column, parent)| format!("p.{} = c.{}", quote(parent), quote(column)))
                .collect();
            let set: Vec<String> = pairs()
                .map(|(column, _)| format!("c.{} IS NOT NULL", quote(column)))
                .collect();
            let Some(first) = key.parent_columns.first() else {
                continue;
            };
            // With FOREIGN_KEY_CHECKS off a parent can be dropped from under its children.
            let dropped = key.parent.schema.is_none() && !names.contains(&key.parent);
            let sql = format!(
                "{READ} COUNT(*) FROM {} c LEFT JOIN {} p ON {} WHERE {} AND p.{} IS NULL",
                quote(&table.name.name),
                Engine::Mysql.quote_table(&key.parent),
                equal.join(" AND "),
                set.join(" AND "),
                quote(first)
            );
            let lonely = format!(
                "{READ} COUNT(*) FROM {} c WHERE {}",
                quote(&table.name.name),
                set.join(" AND ")
            );
            let rows = number(state, if dropped { &lonely } else { &sql }).await?;
            if rows > 0 {
                found.push(Orphans {
                    table: table.name.clone(),
                    columns: key.columns,
                    parent: key.parent,
                    rows,
                });
            }
        }
    }
    Ok(found)
}

/// The one number a query of ours gives.
pub(super) async fn number(state: &mut State, sql: &str) -> Result<u64> {
    state.wanted()?;
    let value = text::value(&mut state.connection, sql).await?;
    Ok(value.and_then(|value| value.parse().ok()).unwrap_or(0))
}

/// Rows of a table.
pub(super) async fn count(state: &mut State, table: &TableName) -> Result<u64> {
    let sql = format!("{READ} COUNT(*) FROM {}", quote(&table.name));
    watch::within_limit(state, async |state: &mut State| number(state, &sql).await).await
}

/// Drops every user object of the current database. Each statement commits by itself.
pub(super) async fn drop_all(state: &mut State) -> Result<()> {
    state.run("SET SESSION foreign_key_checks = 0").await?;
    drop_objects(state).await?;
    for listed in catalog::listed(state).await? {
        let kind = if listed.is_sequence() {
            "SEQUENCE"
        } else {
            "TABLE"
        };
        let sql = format!("DROP {kind} {}", quote(&listed.name));
        state.run(&sql).await?;
    }
    if state.transaction != Some(Begin::Rebuild) {
        state.run("SET SESSION foreign_key_checks = 1").await?;
    }
    Ok(())
}

/// Drops views, triggers, routines and events.
pub(super) async fn drop_objects(state: &mut State) -> Result<()> {
    for made in objects::read(state).await? {
        if made.kind != "sequence" {
            drop_object(state, made.kind, &made.name).await?;
        }
    }
    Ok(())
}

/// Drops a view, trigger, routine or event, if it is there.
pub(super) async fn drop_object(state: &mut State, kind: &str, name: &str) -> Result<()> {
    if kind.starts_with("package") {
        return drop_package(state, name).await;
    }
    let sql = format!("DROP {} IF EXISTS {}", kind.to_uppercase(), quote(name));
    state.run(&sql).await.map(|_| ())
}

/// Drops a package with its body. MariaDB before 11.4 knows the word only in Oracle's mode.
async fn drop_package(state: &mut State, name: &str) -> Result<()> {
    state
        .run("SET @dbscript_mode = @@SESSION.sql_mode, SESSION sql_mode = 'ORACLE'")
        .await?;
    let dropped = state
        .run(&format!("DROP PACKAGE IF EXISTS {}", quote(name)))
        .await;
    text::surely(&mut state.connection, objects::AFTER_PRINTING).await?;
    dropped.map(|_| ())
}

/// Statements on tables that the server itself has printed: its mode may refuse them, for a zero date among their defaults.
pub(super) async fn run_as_printed(state: &mut State, statements: &[String]) -> Result<()> {
    if statements.is_empty() {
        return Ok(());
    }
    objects::for_printing(state).await?;
    let mut done = Ok(0);
    for statement in statements {
        done = state.run(statement).await;
        if done.is_err() {
            break;
        }
    }
    text::surely(&mut state.connection, objects::AFTER_PRINTING).await?;
    done.map(|_| ())
}

/// Sets counters to where a backup has them. A counter that stands further stays.
pub(super) async fn set_sequences(state: &mut State, sequences: &[Sequence]) -> Result<()> {
    let mut statements = Vec::new();
    let listed = catalog::listed(state).await?;
    for sequence in sequences {
        let name = quote(&sequence.name);
        let known = listed.iter().find(|listed| listed.name == sequence.name);
        let sql = if known.is_some_and(Listed::is_sequence) {
            let called = u8::from(sequence.called);
            format!("SELECT SETVAL({name}, {}, {called})", sequence.value)
        } else {
            let next = sequence.value.saturating_add(i64::from(sequence.called));
            if known.is_some_and(|known| known.next.is_some_and(|now| now >= next)) {
                continue;
            }
            format!("ALTER TABLE {name} AUTO_INCREMENT = {next}")
        };
        statements.push(sql);
    }
    run_as_printed(state, &statements).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_counters_come_out_of_a_table_and_nothing_else_does() {
        let sql = "CREATE TABLE `c` (\n  `id` int(11) NOT NULL DEFAULT nextval(`d`.`s`),\n  `note` text DEFAULT 'CONSTRAINT `x` FOREIGN KEY',\n  PRIMARY KEY (`id`),\n  KEY `f``k` (`pid`),\n  CONSTRAINT `f``k` FOREIGN KEY (`pid`) REFERENCES `p` (`id`) ON DELETE CASCADE,\n  CONSTRAINT `ch` CHECK (`id` > 0)\n) ENGINE=InnoDB AUTO_INCREMENT=42 DEFAULT CHARSET=utf8mb4 COMMENT='AUTO_INCREMENT=7'";
        let sequence = Listed {
            name: "s".to_owned(),
            kind: "SEQUENCE".to_owned(),
            engine: String::new(),
            next: None,
        };
        let (table, keys) = take_apart(sql, "d", &[sequence]);
        assert_eq!(
            keys,
            ["CONSTRAINT `f``k` FOREIGN KEY (`pid`) REFERENCES `p` (`id`) ON DELETE CASCADE"]
        );
        assert_eq!(
            table,
            "CREATE TABLE `c` (\n  `id` int(11) NOT NULL DEFAULT nextval(`s`),\n  `note` text DEFAULT 'CONSTRAINT `x` FOREIGN KEY',\n  PRIMARY KEY (`id`),\n  KEY `f``k` (`pid`),\n  CONSTRAINT `ch` CHECK (`id` > 0)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='AUTO_INCREMENT=7'"
        );
    }
}
