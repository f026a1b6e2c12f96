//! What is said of objects after they are there: how columns are kept, what a table is known by in replication, defaults
//! of views and of columns that came from a parent, the indexes of partitions. The columns are those of [`super::ddl`].

use super::ddl::{Source, source};
use super::tables::own;

/// All of them. Their turns are among those of the objects.
pub(super) const SOURCES: &[Source] = &[
    source(COLLATIONS, 2, true, true),
    source(DOMAIN_CHECKS, 18, false, false),
    source(TYPED, 7, true, false),
    source(COLUMNS, 7, true, false),
    Source {
        since: 140_000,
        ..source(COMPRESSION, 7, true, false)
    },
    source(INHERITED, 7, true, false),
    source(VIEW_DEFAULTS, 9, false, false),
    source(ATTACHED, 11, false, false),
    source(STATISTICS, 14, false, false),
    source(STATISTICS_TARGETS, 15, false, false),
    source(REPLICA_IDENTITY, 15, false, false),
    source(CLUSTERED, 15, false, false),
    source(RULE_STATES, 15, false, false),
];

const COLLATIONS: &str = "SELECT 'pg_collation', o.oid, 'collation', n.nspname, o.collname, NULL, NULL, \
     pg_catalog.format('CREATE COLLATION %I.%I (%s%s%s)', n.nspname, o.collname, CASE o.collprovider \
        WHEN 'c' THEN pg_catalog.format('provider = libc, lc_collate = %L, lc_ctype = %L', o.collcollate, o.collctype) \
        ELSE pg_catalog.format('provider = %s, locale = %L', CASE o.collprovider WHEN 'i' THEN 'icu' ELSE 'builtin' END, \
            COALESCE(pg_catalog.to_jsonb(o) ->> 'colllocale', pg_catalog.to_jsonb(o) ->> 'colliculocale', o.collcollate)) END, \
        CASE WHEN o.collisdeterministic THEN '' ELSE ', deterministic = false' END, \
        COALESCE(', rules = ' || pg_catalog.quote_literal(pg_catalog.to_jsonb(o) ->> 'collicurules'), '')), NULL \
     FROM pg_catalog.pg_collation o JOIN pg_catalog.pg_namespace n ON n.oid = o.collnamespace \
     WHERE o.oid >= 16384 AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_temp' \
     AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_collation'::regclass \
        AND e.objid = o.oid AND e.deptype = 'e')";

const DOMAIN_CHECKS: &str = "SELECT 'check', k.oid, 'domain check', n.nspname, t.typname || ' ' || k.conname, NULL, NULL, \
     pg_catalog.format('ALTER DOMAIN %I.%I ADD CONSTRAINT %I %s', n.nspname, t.typname, k.conname, pg_catalog.pg_get_constraintdef(k.oid)), NULL \
     FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_type t ON t.oid = k.contypid \
     JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE k.contype = 'c' AND NOT k.convalidated \
     AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_type'::regclass \
        AND e.objid = t.oid AND e.deptype = 'e')";

/// A query about the relation `c` that says something of it.
macro_rules! about {
    ($kind:literal, $name:expr, $sql:expr, $from:expr, $condition:expr) => {
        concat!(
            "SELECT '",
            $kind,
            "', c.oid, '",
            $kind,
            "', n.nspname, c.relname || ",
            $name,
            ", n.nspname, c.relname, ",
            $sql,
            ", c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace ",
            $from,
            " WHERE ",
            $condition,
            " AND ",
            own!()
        )
    };
}

const TYPED: &str = about!(
    "type of a table",
    "''",
    "pg_catalog.format('ALTER TABLE %I.%I OF %s', n.nspname, c.relname, c.reloftype::regtype)",
    "",
    "c.reloftype <> 0"
);

/// The columns `a` of `c`, with their types `t`.
macro_rules! columns {
    () => {
        "JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
         JOIN pg_catalog.pg_type t ON t.oid = a.atttypid "
    };
}

const COLUMNS: &str = about!(
    "column",
    "' ' || a.attname",
    "pg_catalog.format('ALTER TABLE ONLY %I.%I %s', n.nspname, c.relname, pg_catalog.concat_ws(', ', \
        CASE WHEN a.attstorage <> t.typstorage THEN pg_catalog.format('ALTER COLUMN %I SET STORAGE %s', a.attname, \
            CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END) END, \
        CASE WHEN a.attstattarget >= 0 THEN pg_catalog.format('ALTER COLUMN %I SET STATISTICS %s', a.attname, a.attstattarget) END, \
        CASE WHEN a.attoptions IS NOT NULL THEN pg_catalog.format('ALTER COLUMN %I SET (%s)', a.attname, \
            pg_catalog.array_to_string(a.attoptions, ', ')) END))",
    columns!(),
    "c.relkind IN ('r', 'p', 'm') AND (a.attstorage <> t.typstorage OR a.attstattarget >= 0 OR a.attoptions IS NOT NULL)"
);

const COMPRESSION: &str = about!(
    "compression",
    "' ' || a.attname",
    "pg_catalog.format('ALTER TABLE ONLY %I.%I ALTER COLUMN %I SET COMPRESSION %s', n.nspname, c.relname, a.attname, \
        CASE a.attcompression WHEN 'l' THEN 'lz4' ELSE 'pglz' END)",
    columns!(),
    "c.relkind IN ('r', 'p', 'm') AND a.attcompression IN ('l', 'p')"
);

/// Columns that came from a parent and differ from it.
const INHERITED: &str = about!(
    "inherited column",
    "' ' || a.attname",
    "pg_catalog.format('ALTER TABLE ONLY %I.%I %s', n.nspname, c.relname, pg_catalog.concat_ws(', ', \
        CASE WHEN a.attgenerated = '' AND x.said IS DISTINCT FROM p.said THEN pg_catalog.format('ALTER COLUMN %I %s', a.attname, \
            COALESCE('SET DEFAULT ' || x.said, 'DROP DEFAULT')) END, \
        CASE WHEN a.attnotnull AND NOT p.required THEN pg_catalog.format('ALTER COLUMN %I SET NOT NULL', a.attname) END))",
    concat!(
        columns!(),
        "LEFT JOIN LATERAL (SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS said FROM pg_catalog.pg_attrdef d \
            WHERE d.adrelid = c.oid AND d.adnum = a.attnum) x ON true \
         JOIN LATERAL (SELECT pg_catalog.max(pg_catalog.pg_get_expr(d.adbin, d.adrelid)) AS said, \
            pg_catalog.bool_or(b.attnotnull) AS required FROM pg_catalog.pg_inherits i \
            JOIN pg_catalog.pg_attribute b ON b.attrelid = i.inhparent AND b.attname = a.attname AND NOT b.attisdropped \
            LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = b.attrelid AND d.adnum = b.attnum WHERE i.inhrelid = c.oid) p \
            ON p.required IS NOT NULL "
    ),
    "c.relkind IN ('r', 'p') AND NOT (a.attislocal AND NOT c.relispartition) \
     AND ((a.attgenerated = '' AND x.said IS DISTINCT FROM p.said) OR (a.attnotnull AND NOT p.required))"
);

const VIEW_DEFAULTS: &str = about!(
    "default of a view",
    "' ' || a.attname",
    "pg_catalog.format('ALTER VIEW %I.%I ALTER COLUMN %I SET DEFAULT %s', n.nspname, c.relname, a.attname, \
        pg_catalog.pg_get_expr(d.adbin, d.adrelid))",
    concat!(
        columns!(),
        "JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum"
    ),
    "c.relkind = 'v'"
);

const ATTACHED: &str = about!(
    "attached index",
    "''",
    "pg_catalog.format('ALTER INDEX %s ATTACH PARTITION %I.%I', i.inhparent::regclass, n.nspname, c.relname)",
    "JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid",
    "c.relkind IN ('i', 'I')"
);

const STATISTICS: &str = "SELECT 'pg_statistic_ext', s.oid, 'statistics', n.nspname, s.stxname, n.nspname, c.relname, \
     pg_catalog.pg_get_statisticsobjdef(s.oid), c.oid FROM pg_catalog.pg_statistic_ext s \
     JOIN pg_catalog.pg_class c ON c.oid = s.stxrelid JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace";

const STATISTICS_TARGETS: &str = "SELECT 'target', s.oid, 'target of statistics', n.nspname, s.stxname, NULL, NULL, \
     pg_catalog.format('ALTER STATISTICS %I.%I SET STATISTICS %s', n.nspname, s.stxname, pg_catalog.to_jsonb(s) ->> 'stxstattarget'), NULL \
     FROM pg_catalog.pg_statistic_ext s JOIN pg_catalog.pg_namespace n ON n.oid = s.stxnamespace \
     WHERE (pg_catalog.to_jsonb(s) ->> 'stxstattarget')::int4 >= 0 \
     UNION ALL SELECT 'target', c.oid, 'target of statistics', n.nspname, c.relname, NULL, NULL, \
     pg_catalog.format('ALTER INDEX %I.%I ALTER COLUMN %s SET STATISTICS %s', n.nspname, c.relname, a.attnum, a.attstattarget), c.oid \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid WHERE c.relkind IN ('i', 'I') AND a.attstattarget >= 0 AND c.oid >= 16384";

const REPLICA_IDENTITY: &str = about!(
    "replica identity",
    "''",
    "pg_catalog.format('ALTER TABLE ONLY %I.%I REPLICA IDENTITY %s', n.nspname, c.relname, CASE c.relreplident WHEN 'n' THEN 'NOTHING' \
        WHEN 'f' THEN 'FULL' ELSE (SELECT pg_catalog.format('USING INDEX %I', i.relname) FROM pg_catalog.pg_index x \
            JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = c.oid AND x.indisreplident) END)",
    "",
    "c.relkind IN ('r', 'p') AND (c.relreplident IN ('n', 'f') OR EXISTS (SELECT 1 FROM pg_catalog.pg_index x \
        WHERE x.indrelid = c.oid AND x.indisreplident AND c.relreplident = 'i'))"
);

const CLUSTERED: &str = about!(
    "cluster",
    "''",
    "pg_catalog.format('ALTER TABLE %I.%I CLUSTER ON %I', n.nspname, c.relname, i.relname)",
    "JOIN pg_catalog.pg_index x ON x.indrelid = c.oid AND x.indisclustered JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid",
    "c.relkind IN ('r', 'm')"
);

const RULE_STATES: &str = about!(
    "rule state",
    "' ' || r.rulename",
    "pg_catalog.format('ALTER TABLE %I.%I %s RULE %I', n.nspname, c.relname, CASE r.ev_enabled WHEN 'D' THEN 'DISABLE' \
        WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE REPLICA' END, r.rulename)",
    "JOIN pg_catalog.pg_rewrite r ON r.ev_class = c.oid AND r.rulename <> '_RETURN'",
    "r.ev_enabled <> 'O'"
);
