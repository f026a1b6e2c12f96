//! What a set does not carry (FORMAT.md), named one by one.

use super::state::State;
use super::triggers;
use crate::db::Result;
use crate::db::catalog::NotIncluded;

/// Kind, a question for names, and why. Objects below 16384 came with the server.
const OTHERS: &[(&str, &str, &str)] = &[
    (
        "role",
        "SELECT rolname FROM pg_catalog.pg_roles r WHERE r.rolname !~ '^pg_' AND r.rolname <> current_user AND EXISTS (SELECT 1 \
            FROM pg_catalog.pg_shdepend d WHERE d.refclassid = 'pg_catalog.pg_authid'::regclass AND d.refobjid = r.oid \
            AND d.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))",
        "roles belong to the server: its ownership and rights here are carried, and given where it is there",
    ),
    (
        "grant",
        "SELECT 'database ' || datname FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database() AND datacl IS NOT NULL",
        "who may connect to the database is not carried; a restore into it leaves that as it is",
    ),
    (
        "other",
        "SELECT 'setting ' || pg_catalog.split_part(s, '=', 1) FROM pg_catalog.pg_db_role_setting d, pg_catalog.unnest(d.setconfig) AS s \
            WHERE d.setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) GROUP BY 1",
        "settings of the database are not carried; a restore into it leaves them as they are",
    ),
    (
        "other",
        "SELECT 'rows of ' || t::regclass || ', of the extension ' || x.extname FROM pg_catalog.pg_extension x, \
            pg_catalog.unnest(x.extconfig) AS t JOIN pg_catalog.pg_class c ON c.oid = t AND c.relkind = 'r'",
        "tables that belong to an extension are made by it, without the rows put there since",
    ),
    (
        "other",
        "SELECT 'index ' || x.indexrelid::regclass FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid \
            WHERE NOT x.indisvalid AND i.relkind = 'i' AND i.oid >= 16384",
        "it is invalid: its making failed",
    ),
    (
        "other",
        "SELECT DISTINCT 'security label of ' || provider FROM pg_catalog.pg_seclabels",
        "security labels are not carried",
    ),
    (
        "large object",
        "SELECT pg_catalog.count(*) || ' large objects' FROM pg_catalog.pg_largeobject_metadata HAVING pg_catalog.count(*) > 0",
        "large objects are not in any table",
    ),
    (
        "publication",
        "SELECT pubname FROM pg_catalog.pg_publication UNION ALL SELECT p.pubname || ' of ' || r.prrelid::regclass \
            FROM pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid",
        "replication is set up by hand",
    ),
    (
        "subscription",
        "SELECT subname FROM pg_catalog.pg_subscription WHERE subdbid = (SELECT oid FROM pg_catalog.pg_database \
            WHERE datname = pg_catalog.current_database())",
        "replication is set up by hand",
    ),
    (
        "server",
        "SELECT srvname FROM pg_catalog.pg_foreign_server",
        "a foreign server's address and options are not carried",
    ),
    (
        "user mapping",
        "SELECT srvname || ' for ' || usename FROM pg_catalog.pg_user_mappings",
        "it may hold a password",
    ),
    (
        "event trigger",
        "SELECT evtname FROM pg_catalog.pg_event_trigger",
        "it watches the whole database, a restore too",
    ),
    ("trigger", triggers::LEFT_OUT, triggers::WHY_LEFT_OUT),
    (
        "cast",
        "SELECT castsource::regtype || ' to ' || casttarget::regtype FROM pg_catalog.pg_cast c WHERE oid >= 16384 \
            AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_cast'::regclass \
            AND e.objid = c.oid AND e.deptype IN ('e', 'i'))",
        "casts are not carried",
    ),
    (
        "operator",
        "SELECT oid::regoperator::text FROM pg_catalog.pg_operator o WHERE oid >= 16384 AND NOT EXISTS (SELECT 1 \
            FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_operator'::regclass AND e.objid = o.oid AND e.deptype IN ('e', 'i'))",
        "operators are not carried",
    ),
    (
        "text search",
        "SELECT cfgname FROM pg_catalog.pg_ts_config o WHERE oid >= 16384 AND NOT EXISTS (SELECT 1 \
            FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_ts_config'::regclass AND e.objid = o.oid AND e.deptype IN ('e', 'i'))",
        "text search configurations are not carried",
    ),
    (
        "tablespace",
        "SELECT DISTINCT s.spcname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_tablespace s ON s.oid = c.reltablespace \
            WHERE c.oid >= 16384 AND s.spcname <> 'pg_global'",
        "tables are restored into the default tablespace",
    ),
    (
        "data of a foreign table",
        "SELECT oid::regclass::text FROM pg_catalog.pg_class WHERE relkind = 'f'",
        "its rows are another server's",
    ),
    (
        "other",
        "SELECT 'aggregate ' || p.oid::regprocedure FROM pg_catalog.pg_proc p WHERE p.prokind = 'a' AND p.oid >= 16384 \
            AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_proc'::regclass \
            AND e.objid = p.oid AND e.deptype IN ('e', 'i'))",
        "aggregates are not carried",
    ),
    (
        "other",
        "SELECT 'type ' || t.oid::regtype FROM pg_catalog.pg_type t WHERE t.typtype = 'b' AND t.oid >= 16384 AND t.typelem = 0 \
            AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_type'::regclass \
            AND e.objid = t.oid AND e.deptype IN ('e', 'i'))",
        "types written in C are not carried",
    ),
];

/// The publications that tables are in one by one, each with what makes it hold them again.
macro_rules! tables_published {
    ($table:literal) => {
        concat!(
            "SELECT p.pubname, pg_catalog.format('ALTER PUBLICATION %I ADD TABLE %s', p.pubname, pg_catalog.string_agg(",
            $table,
            ", ', ' ORDER BY r.prrelid::regclass::text)) \
             FROM pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid \
             GROUP BY p.pubname ORDER BY 1"
        )
    };
}

const TABLES_PUBLISHED: &str = tables_published!("r.prrelid::regclass::text");

/// Since PostgreSQL 15 some of the columns, and some of the rows.
const PARTS_PUBLISHED: &str = tables_published!(
    "r.prrelid::regclass::text \
     || COALESCE((SELECT ' (' || pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' ORDER BY a.attnum) || ')' \
         FROM pg_catalog.pg_attribute a WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs::int2[])), '') \
     || COALESCE(' WHERE (' || pg_catalog.pg_get_expr(r.prqual, r.prrelid) || ')', '')"
);

/// Those that whole schemas are in, since PostgreSQL 15; the schema `public` stays where it is.
const SCHEMAS_PUBLISHED: &str = "SELECT p.pubname, pg_catalog.format('ALTER PUBLICATION %I ADD TABLES IN SCHEMA %s', p.pubname, \
        pg_catalog.string_agg(r.pnnspid::regnamespace::text, ', ' ORDER BY r.pnnspid::regnamespace::text)) \
    FROM pg_catalog.pg_publication_namespace r JOIN pg_catalog.pg_publication p ON p.oid = r.pnpubid \
    WHERE r.pnnspid IS DISTINCT FROM pg_catalog.to_regnamespace('public') GROUP BY p.pubname ORDER BY 1";

/// Whether the server knows publications of whole schemas.
const KNOWS_SCHEMAS: &str =
    "SELECT 'yes' WHERE pg_catalog.to_regclass('pg_catalog.pg_publication_namespace') IS NOT NULL";

/// What a whole restore takes from the database though it puts the tables back: it makes them anew, and the publications
/// that named them let them go.
pub(super) async fn foretell(state: &mut State) -> Result<Vec<String>> {
    let rows = match state.texts(KNOWS_SCHEMAS).await?.is_empty() {
        true => state.texts(TABLES_PUBLISHED).await?,
        false => {
            let mut rows = state.texts(PARTS_PUBLISHED).await?;
            rows.extend(state.texts(SCHEMAS_PUBLISHED).await?);
            rows
        }
    };
    let told = |row: Vec<Option<String>>| match <[Option<String>; 2]>::try_from(row) {
        Ok([Some(publication), Some(again)]) => Some(format!(
            "the publication `{publication}` loses what it names, as that is made anew: run `{again}` afterwards, and give \
             its subscribers their copy anew"
        )),
        _ => None,
    };
    Ok(rows.into_iter().filter_map(told).collect())
}

/// Reads them, by kind and name.
pub(super) async fn read(state: &mut State) -> Result<Vec<NotIncluded>> {
    let mut found = Vec::new();
    for (kind, asked, why) in OTHERS {
        let rows = state.texts(asked).await?;
        let mut names: Vec<String> = rows.into_iter().flatten().flatten().collect();
        names.sort();
        found.extend(names.into_iter().map(|name| NotIncluded {
            kind: (*kind).to_owned(),
            name,
            why: (*why).to_owned(),
        }));
    }
    Ok(found)
}
