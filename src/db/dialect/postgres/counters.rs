//! Which sequences the columns of a table draw from: by OWNED BY, as its identity, or in its default. Their names say
//! nothing of it: a table that is renamed leaves them as they are.

use super::sql;
use super::state::State;
use crate::db::Result;
use crate::db::catalog::{Drawn, Sequence};
use crate::ident::TableName;

/// A sequence and a column that draws from it. A table's partitions may have defaults of their own. (A column's
/// numbers are looked at where they are whole and the sequence does not begin again.)
const LINKS: &str = "SELECT DISTINCT n.nspname, c.relname, tn.nspname, tc.relname, a.attname, s.seqincrement < 0, \
        s.seqmin, s.seqmax, NOT s.seqcycle AND COALESCE(NULLIF(y.typbasetype, 0), y.oid) IN \
            ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) \
     FROM t JOIN (SELECT d.objid AS sequence, d.refobjid AS of, d.refobjsubid AS number FROM pg_catalog.pg_depend d \
            WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass \
            AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i') \
        UNION SELECT d.refobjid, f.adrelid, f.adnum FROM pg_catalog.pg_depend d \
            JOIN pg_catalog.pg_attrdef f ON f.oid = d.objid WHERE d.classid = 'pg_catalog.pg_attrdef'::regclass \
            AND d.refclassid = 'pg_catalog.pg_class'::regclass) l ON l.of = t.id \
     JOIN pg_catalog.pg_sequence s ON s.seqrelid = l.sequence \
     JOIN pg_catalog.pg_class c ON c.oid = l.sequence JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     JOIN pg_catalog.pg_class tc ON tc.oid = l.of JOIN pg_catalog.pg_namespace tn ON tn.oid = tc.relnamespace \
     JOIN pg_catalog.pg_attribute a ON a.attrelid = l.of AND a.attnum = l.number \
     JOIN pg_catalog.pg_type y ON y.oid = a.atttypid ORDER BY 1, 2, 3, 4, 5";

/// The sequences that columns of these tables draw from, where they stand and what the columns hold.
pub(super) async fn drawn_from(state: &mut State, tables: &[TableName]) -> Result<Vec<Drawn>> {
    if tables.is_empty() {
        return Ok(Vec::new());
    }
    let named: Vec<String> = tables
        .iter()
        .map(|table| format!("({}::regclass::oid)", sql::literal(&state.table(table))))
        .collect();
    let asked = format!(
        "WITH RECURSIVE t (id) AS (VALUES {} UNION \
         SELECT i.inhrelid FROM t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.id \
         JOIN pg_catalog.pg_class p ON p.oid = i.inhrelid AND p.relispartition) {LINKS}",
        named.join(", ")
    );
    let mut drawn = Vec::new();
    for row in state.texts(&asked).await? {
        if let Some(link) = <[Option<String>; 9]>::try_from(row)
            .ok()
            .and_then(|row| row.into_iter().collect::<Option<Vec<String>>>())
        {
            drawn.extend(stands(state, &link).await?);
        }
    }
    Ok(drawn)
}

/// A sequence as it stands, by a row of [`LINKS`].
async fn stands(state: &mut State, link: &[String]) -> Result<Option<Drawn>> {
    let [
        schema,
        name,
        of_schema,
        of,
        column,
        down,
        least,
        most,
        looks,
    ] = link
    else {
        return Ok(None);
    };
    let is_true = |text: &str| matches!(text, "t" | "true");
    let descends = is_true(down);
    let reached = match is_true(looks) {
        true => format!(
            "(SELECT pg_catalog.{}({column}::int8) FROM {}.{} WHERE {column} BETWEEN {}::int8 AND {}::int8)",
            if descends { "min" } else { "max" },
            sql::name(of_schema),
            sql::name(of),
            sql::literal(least),
            sql::literal(most),
            column = sql::name(column),
        ),
        false => "NULL".to_owned(),
    };
    let asked = format!(
        "SELECT last_value::text, is_called::text, {reached}::text FROM {}.{}",
        sql::name(schema),
        sql::name(name)
    );
    let number = |text: &Option<String>| text.as_ref().and_then(|text| text.parse().ok());
    let rows = state.texts(&asked).await?;
    let Some([value, called, reached]) = rows.first().map(Vec::as_slice) else {
        return Ok(None);
    };
    Ok(number(value).map(|value| Drawn {
        now: Sequence {
            name: state.known(schema, name).to_string(),
            value,
            called: called.as_deref() == Some("true"),
        },
        reached: number(reached),
        descends,
    }))
}
