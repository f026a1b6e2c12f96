//! What a set does not carry (FORMAT.md), named one by one.

use super::state::State;
use super::tables::own;
use crate::db::Result;
use crate::db::catalog::NotIncluded;

/// Kind, a question for names, and why. Objects below 16384 came with the server.
const OTHERS: &[(&str, &str, &str)] = &[
    (
        "default privilege",
        "SELECT COALESCE(NULLIF(defaclnamespace, 0)::regnamespace::text, 'all schemas') FROM pg_catalog.pg_default_acl GROUP BY 1",
        "privileges of future objects are not carried",
    ),
    (
        "large object",
        "SELECT pg_catalog.count(*) || ' large objects' FROM pg_catalog.pg_largeobject_metadata HAVING pg_catalog.count(*) > 0",
        "large objects are not in any table",
    ),
    (
        "publication",
        "SELECT pubname FROM pg_catalog.pg_publication",
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
        "collation",
        "SELECT collname FROM pg_catalog.pg_collation WHERE oid >= 16384",
        "collations depend on the server's system",
    ),
    (
        "statistics",
        "SELECT stxname FROM pg_catalog.pg_statistic_ext",
        "extended statistics are not carried; create them again after a restore",
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

const GRANTS: &str = concat!(
    "SELECT c.oid::regclass::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.relacl IS NOT NULL AND ",
    own!()
);

/// Reads them, by kind and name.
pub(super) async fn read(state: &mut State) -> Result<Vec<NotIncluded>> {
    let grants = (
        "grant",
        GRANTS,
        "who may use it is not carried; grant it again after a restore",
    );
    let mut found = Vec::new();
    for (kind, asked, why) in std::iter::once(&grants).chain(OTHERS) {
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
