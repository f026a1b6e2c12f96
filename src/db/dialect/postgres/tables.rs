//! Tables as the catalog gives them (<https://www.postgresql.org/docs/current/catalogs.html>). A partitioned table is one
//! table: its partitions are objects, and its rows are read and written through it.

use super::sql;
use super::state::State;
use crate::db::Result;
use crate::db::catalog::{Check, Column, ForeignKey, Index, Table};
use crate::ident::TableName;

/// Relations of `c` in namespace `n` that a person made: no extension's, nobody's temporary ones.
macro_rules! own {
    () => {
        "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)' \
         AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_class'::regclass \
             AND e.objid = c.oid AND e.deptype = 'e')"
    };
}
pub(super) use own;

/// Schema and name of every table that holds rows.
pub(super) const LOCKABLE: &str = concat!(
    "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND ",
    own!(),
    " ORDER BY 1, 2"
);

/// Schema and name of every table that this user could write.
pub(super) const WRITABLE: &str = concat!(
    "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition \
     AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') \
     AND pg_catalog.has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE') AND ",
    own!(),
    " ORDER BY 1, 2"
);

const COLUMNS: &str = concat!(
    "SELECT n.nspname, c.relname, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), \
         (a.attnotnull OR t.typnotnull)::text, CASE a.attgenerated WHEN '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END, \
         a.attidentity::text, a.attgenerated::text \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
     LEFT JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
     LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum \
     WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND ",
    own!(),
    " ORDER BY n.nspname, c.relname, a.attnum"
);

const PRIMARY_KEYS: &str = "SELECT n.nspname, c.relname, a.attname FROM pg_catalog.pg_constraint k \
     JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     CROSS JOIN LATERAL pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u (attnum, place) \
     JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.attnum \
     WHERE k.contype = 'p' ORDER BY n.nspname, c.relname, u.place";

const FOREIGN_KEYS: &str = "SELECT n.nspname, c.relname, k.conname, pn.nspname, p.relname, a.attname, pa.attname, \
         k.confdeltype::text, k.confupdtype::text FROM pg_catalog.pg_constraint k \
     JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     JOIN pg_catalog.pg_class p ON p.oid = k.confrelid JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace \
     CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.confkey)) WITH ORDINALITY AS u (attnum, parent, place) \
     JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.attnum \
     JOIN pg_catalog.pg_attribute pa ON pa.attrelid = p.oid AND pa.attnum = u.parent \
     WHERE k.contype = 'f' AND k.conparentid = 0 ORDER BY n.nspname, c.relname, k.conname, u.place";

const CHECKS: &str = "SELECT n.nspname, c.relname, k.conname, pg_catalog.pg_get_expr(k.conbin, k.conrelid), k.convalidated::text \
     FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid \
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE k.contype = 'c' ORDER BY n.nspname, c.relname, k.conname";

const PARTITION_KEYS: &str = "SELECT n.nspname, c.relname, pg_catalog.pg_get_partkeydef(c.oid) \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'p'";

/// The words are those of [`crate::db::ROW_SECURITY`] and for people.
const EXTRAS: &str = "SELECT n.nspname, c.relname, x.word FROM pg_catalog.pg_class c \
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace CROSS JOIN LATERAL (VALUES \
         (1, c.relrowsecurity, 'row level security'), (2, c.relforcerowsecurity, 'FORCE ROW LEVEL SECURITY'), \
         (3, pg_catalog.obj_description(c.oid, 'pg_class') IS NOT NULL, 'its comment')) AS x (turn, has, word) \
     WHERE x.has AND c.relkind IN ('r', 'p') ORDER BY n.nspname, c.relname, x.turn";

const INDEXES: &str = "SELECT n.nspname, c.relname, i.relname, x.indisunique::text, (x.indpred IS NOT NULL)::text, \
         CASE WHEN k.oid IS NULL THEN pg_catalog.pg_get_indexdef(i.oid) END, a.attname \
     FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid \
     JOIN pg_catalog.pg_class c ON c.oid = x.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     LEFT JOIN pg_catalog.pg_constraint k ON k.conindid = i.oid AND k.contype IN ('p', 'u', 'x') \
     CROSS JOIN LATERAL pg_catalog.unnest(x.indkey::int2[]) WITH ORDINALITY AS u (attnum, place) \
     LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.attnum AND u.attnum > 0 \
     WHERE u.place <= x.indnkeyatts ORDER BY n.nspname, c.relname, i.relname, u.place";

/// Every table, in name order.
pub(super) async fn read(state: &mut State) -> Result<Vec<Table>> {
    let mut tables: Vec<Table> = Vec::new();
    for row in state.texts(COLUMNS).await? {
        let mut row = row.into_iter();
        let name = table_name(state, &mut row);
        if tables.last().is_none_or(|table| table.name != name) {
            tables.push(Table {
                name,
                ..Table::default()
            });
        }
        if let (Some(table), Some(column)) = (tables.last_mut(), column(&mut row)) {
            table.columns.push(column);
        }
    }
    for row in state.texts(PRIMARY_KEYS).await? {
        let mut row = row.into_iter();
        let name = table_name(state, &mut row);
        if let Some(table) = named(&mut tables, &name) {
            table.primary_key.push(text(&mut row));
        }
    }
    foreign_keys(state, &mut tables).await?;
    indexes(state, &mut tables).await?;
    checks(state, &mut tables).await?;
    for row in state.texts(EXTRAS).await? {
        let mut row = row.into_iter();
        let name = table_name(state, &mut row);
        if let Some(table) = named(&mut tables, &name) {
            table.extras.push(text(&mut row));
        }
    }
    for table in &mut tables {
        table.required = table
            .columns
            .iter()
            .filter(|column| {
                !column.nullable
                    && column.default.is_none()
                    && column.identity.is_none()
                    && !column.generated
            })
            .map(|column| column.name.clone())
            .collect();
    }
    tables.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(tables)
}

type Fields = std::vec::IntoIter<Option<String>>;

fn text(row: &mut Fields) -> String {
    row.next().flatten().unwrap_or_default()
}

fn flag(row: &mut Fields) -> bool {
    row.next().flatten().as_deref() == Some("true")
}

fn table_name(state: &State, row: &mut Fields) -> TableName {
    let schema = text(row);
    let name = text(row);
    state.known(&schema, &name)
}

fn named<'a>(tables: &'a mut [Table], name: &TableName) -> Option<&'a mut Table> {
    tables.iter_mut().find(|table| table.name == *name)
}

/// `None` for a table without columns.
fn column(row: &mut Fields) -> Option<Column> {
    let name = row.next().flatten()?;
    Some(Column {
        name,
        type_name: text(row),
        nullable: !flag(row),
        default: row.next().flatten(),
        identity: match text(row).as_str() {
            "a" => Some("always".to_owned()),
            "d" => Some("by default".to_owned()),
            _ => None,
        },
        generated: !text(row).is_empty(),
    })
}

async fn checks(state: &mut State, tables: &mut [Table]) -> Result<()> {
    for row in state.texts(CHECKS).await? {
        let mut row = row.into_iter();
        let name = table_name(state, &mut row);
        if let Some(table) = named(tables, &name) {
            table.checks.push(Check {
                name: text(&mut row),
                expression: text(&mut row),
                validated: flag(&mut row),
            });
        }
    }
    for row in state.texts(PARTITION_KEYS).await? {
        let mut row = row.into_iter();
        let name = table_name(state, &mut row);
        if let Some(table) = named(tables, &name) {
            table.partition_key = row.next().flatten();
        }
    }
    Ok(())
}

async fn foreign_keys(state: &mut State, tables: &mut [Table]) -> Result<()> {
    for row in state.texts(FOREIGN_KEYS).await? {
        let mut row = row.into_iter();
        let name = table_name(state, &mut row);
        let constraint = Some(text(&mut row));
        let parent = table_name(state, &mut row);
        let (from, to) = (text(&mut row), text(&mut row));
        let Some(table) = named(tables, &name) else {
            continue;
        };
        match table.foreign_keys.last_mut() {
            Some(key) if key.name == constraint => {
                key.columns.push(from);
                key.parent_columns.push(to);
            }
            _ => table.foreign_keys.push(ForeignKey {
                name: constraint,
                columns: vec![from],
                parent,
                parent_columns: vec![to],
                on_delete: action(&text(&mut row)),
                on_update: action(&text(&mut row)),
            }),
        }
    }
    Ok(())
}

fn action(letter: &str) -> String {
    match letter {
        "r" => "RESTRICT",
        "c" => "CASCADE",
        "n" => "SET NULL",
        "d" => "SET DEFAULT",
        _ => "NO ACTION",
    }
    .to_owned()
}

async fn indexes(state: &mut State, tables: &mut [Table]) -> Result<()> {
    for row in state.texts(INDEXES).await? {
        let mut row = row.into_iter();
        let name = table_name(state, &mut row);
        let index = Index {
            name: text(&mut row),
            unique: flag(&mut row),
            partial: flag(&mut row),
            sql: row.next().flatten(),
            columns: Vec::new(),
        };
        let column = text(&mut row);
        let Some(table) = named(tables, &name) else {
            continue;
        };
        if table
            .indexes
            .last()
            .is_none_or(|last| last.name != index.name)
        {
            table.indexes.push(index);
        }
        if let Some(last) = table.indexes.last_mut() {
            last.columns.push(column);
        }
    }
    Ok(())
}

/// The table that a name without a schema means, as the session searches for it; where there is none, the one it would be
/// in the default schema.
pub(super) async fn searched(state: &mut State, name: &str) -> Result<TableName> {
    let asked = format!(
        "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.oid = pg_catalog.to_regclass(pg_catalog.quote_ident({}))",
        sql::literal(name)
    );
    let found = state.texts(&asked).await?.into_iter().next();
    Ok(match found.as_deref() {
        Some([Some(schema), Some(name)]) => state.known(schema, name),
        _ => TableName::plain(name),
    })
}
