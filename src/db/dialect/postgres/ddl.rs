//! The queries that give every object's CREATE statement. Each has the same columns: catalog, number, kind, schema, name,
//! its table's schema and name, the statement, and a relation it needs besides. They are asked while no schema is
//! searched, so that all names come out qualified.

use super::tables::own;
use super::triggers::{TRIGGER_STATES, TRIGGERS, remade};

/// One sort of objects.
pub(super) struct Source {
    pub(super) sql: &'static str,
    /// The turn of these objects.
    pub(super) rank: u8,
    /// Whether rows need them.
    pub(super) before: bool,
    /// Whether the catalog lists them.
    pub(super) listed: bool,
    /// The server's first version that can be asked.
    pub(super) since: u32,
}

pub(super) const fn source(sql: &'static str, rank: u8, before: bool, listed: bool) -> Source {
    Source {
        sql,
        rank,
        before,
        listed,
        since: 0,
    }
}

/// All of them.
pub(super) const SOURCES: &[Source] = &[
    source(SCHEMAS, 0, true, false),
    source(EXTENSIONS, 1, true, false),
    source(ENUMS, 2, true, true),
    source(COMPOSITES, 2, true, true),
    source(RANGES, 2, true, true),
    source(DOMAINS, 2, true, true),
    source(SEQUENCES, 3, true, true),
    source(OWNED_SEQUENCES, 3, true, false),
    source(FUNCTIONS, 4, false, true),
    source(TABLES, 5, true, false),
    source(PARTITIONS, 6, true, true),
    source(HEIRS, 7, true, false),
    source(OWNERS, 7, true, false),
    source(VIEWS, 8, false, true),
    source(KEYS, 9, false, false),
    source(INDEXES, 10, false, false),
    source(CHECKS, 11, false, false),
    source(FOREIGN_KEYS, 12, false, false),
    source(RULES, 13, false, true),
    source(TRIGGERS, 14, false, true),
    source(TRIGGER_STATES, 15, false, false),
    source(POLICIES, 16, false, true),
    source(ROW_SECURITY, 17, false, false),
    source(COMMENTS, 18, false, false),
];

const SCHEMAS: &str = "SELECT 'pg_namespace', n.oid, 'schema', n.nspname, n.nspname, NULL, NULL, \
    pg_catalog.format('CREATE SCHEMA IF NOT EXISTS %I', n.nspname), NULL FROM pg_catalog.pg_namespace n \
    WHERE n.nspname NOT IN ('public', 'pg_catalog', 'information_schema') AND n.nspname !~ '^pg_' \
    AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_namespace'::regclass \
        AND e.objid = n.oid AND e.deptype = 'e')";

const EXTENSIONS: &str = "SELECT 'pg_extension', x.oid, 'extension', n.nspname, x.extname, NULL, NULL, \
    pg_catalog.format('CREATE EXTENSION IF NOT EXISTS %I WITH SCHEMA %I', x.extname, n.nspname), NULL \
    FROM pg_catalog.pg_extension x JOIN pg_catalog.pg_namespace n ON n.oid = x.extnamespace WHERE x.extname <> 'plpgsql'";

/// Types of `t` in namespace `n` that a person made.
macro_rules! own_type {
    () => {
        "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)' \
         AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_type'::regclass \
             AND e.objid = t.oid AND e.deptype = 'e')"
    };
}

const ENUMS: &str = concat!(
    "SELECT 'pg_type', t.oid, 'type', n.nspname, t.typname, NULL, NULL, \
     pg_catalog.format('CREATE TYPE %I.%I AS ENUM (%s)', n.nspname, t.typname, \
        (SELECT pg_catalog.string_agg(pg_catalog.quote_literal(enumlabel), ', ' ORDER BY enumsortorder) \
         FROM pg_catalog.pg_enum WHERE enumtypid = t.oid)), NULL \
     FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'e' AND ",
    own_type!()
);

const COMPOSITES: &str = concat!(
    "SELECT 'pg_class', t.typrelid, 'type', n.nspname, t.typname, NULL, NULL, \
     pg_catalog.format('CREATE TYPE %I.%I AS (%s)', n.nspname, t.typname, \
        (SELECT pg_catalog.string_agg(pg_catalog.format('%I %s', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)) \
             || CASE WHEN a.attcollation <> y.typcollation THEN ' COLLATE ' || a.attcollation::regcollation::text ELSE '' END, \
             ', ' ORDER BY a.attnum) \
         FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type y ON y.oid = a.atttypid WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped)), NULL \
     FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
     JOIN pg_catalog.pg_class c ON c.oid = t.typrelid AND c.relkind = 'c' WHERE ",
    own_type!()
);

const RANGES: &str = concat!(
    "SELECT 'pg_type', t.oid, 'type', n.nspname, t.typname, NULL, NULL, \
     pg_catalog.format('CREATE TYPE %I.%I AS RANGE (SUBTYPE = %s%s)', n.nspname, t.typname, \
        pg_catalog.format_type(r.rngsubtype, NULL), \
        CASE WHEN r.rngsubdiff::oid <> 0 THEN ', SUBTYPE_DIFF = ' || r.rngsubdiff::text ELSE '' END \
        || CASE WHEN r.rngcollation <> 0 THEN ', COLLATION = ' || r.rngcollation::regcollation::text ELSE '' END \
        || (SELECT CASE WHEN o.opcdefault THEN '' ELSE pg_catalog.format(', SUBTYPE_OPCLASS = %s.%I', o.opcnamespace::regnamespace, o.opcname) END \
            FROM pg_catalog.pg_opclass o WHERE o.oid = r.rngsubopc) \
        || COALESCE(', MULTIRANGE_TYPE_NAME = ' || NULLIF(pg_catalog.to_jsonb(r) ->> 'rngmultitypid', '0')::oid::regtype, '')), NULL \
     FROM pg_catalog.pg_range r JOIN pg_catalog.pg_type t ON t.oid = r.rngtypid \
     JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE ",
    own_type!()
);

const DOMAINS: &str = concat!(
    "SELECT 'pg_type', t.oid, 'type', n.nspname, t.typname, NULL, NULL, \
     pg_catalog.format('CREATE DOMAIN %I.%I AS %s', n.nspname, t.typname, pg_catalog.format_type(t.typbasetype, t.typtypmod)) \
     || CASE WHEN t.typcollation <> b.typcollation THEN ' COLLATE ' || t.typcollation::regcollation::text ELSE '' END \
     || CASE WHEN t.typdefault IS NOT NULL THEN ' DEFAULT ' \
            || COALESCE(pg_catalog.pg_get_expr(t.typdefaultbin, 0), pg_catalog.quote_literal(t.typdefault)) ELSE '' END \
     || CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END \
     || COALESCE((SELECT pg_catalog.string_agg(pg_catalog.format(' CONSTRAINT %I %s', k.conname, \
            pg_catalog.pg_get_constraintdef(k.oid)), '' ORDER BY k.conname) \
        FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c' AND k.convalidated), ''), NULL \
     FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
     JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype WHERE t.typtype = 'd' AND ",
    own_type!()
);

/// Whether a column owns the sequence `c`: `'a'` by OWNED BY, `'i'` as its identity.
macro_rules! owner {
    ($kind:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM pg_catalog.pg_depend o WHERE o.classid = 'pg_catalog.pg_class'::regclass \
             AND o.objid = c.oid AND o.refclassid = 'pg_catalog.pg_class'::regclass AND o.refobjsubid > 0 AND o.deptype IN (",
            $kind,
            "))"
        )
    };
}

macro_rules! sequences {
    ($condition:expr) => {
        concat!(
            "SELECT 'pg_class', c.oid, 'sequence', n.nspname, c.relname, NULL, NULL, \
             pg_catalog.format('CREATE SEQUENCE %I.%I AS %s START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s%s', \
                n.nspname, c.relname, pg_catalog.format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, \
                s.seqcache, CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END), NULL \
             FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE ",
            $condition,
            " AND ",
            own!()
        )
    };
}

const SEQUENCES: &str = sequences!(concat!("NOT ", owner!("'a', 'i'")));
const OWNED_SEQUENCES: &str = sequences!(owner!("'a'"));

const OWNERS: &str = concat!(
    "SELECT 'owner', c.oid, 'owner', n.nspname, c.relname, NULL, NULL, \
     pg_catalog.format('ALTER SEQUENCE %I.%I OWNED BY %s.%I', n.nspname, c.relname, o.refobjid::regclass, a.attname), o.refobjid \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     JOIN pg_catalog.pg_depend o ON o.classid = 'pg_catalog.pg_class'::regclass AND o.objid = c.oid \
        AND o.refclassid = 'pg_catalog.pg_class'::regclass AND o.refobjsubid > 0 AND o.deptype = 'a' \
     JOIN pg_catalog.pg_attribute a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid \
     WHERE c.relkind = 'S' AND ",
    own!()
);

const FUNCTIONS: &str = "SELECT 'pg_proc', p.oid, CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, n.nspname, \
     pg_catalog.format('%s(%s)', p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)), NULL, NULL, \
     pg_catalog.rtrim(pg_catalog.pg_get_functiondef(p.oid), E'\\n'), NULL \
     FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
     WHERE p.prokind IN ('f', 'p', 'w') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_temp' \
     AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_proc'::regclass \
        AND e.objid = p.oid AND e.deptype IN ('e', 'i'))";

macro_rules! options {
    () => {
        "COALESCE((SELECT ' WITH (' || NULLIF(pg_catalog.concat_ws(', ', pg_catalog.array_to_string(c.reloptions, ', '), \
            (SELECT pg_catalog.string_agg('toast.' || o, ', ') FROM pg_catalog.pg_class s, pg_catalog.unnest(s.reloptions) AS o \
                WHERE s.oid = c.reltoastrelid)), '') || ')'), '')"
    };
}

/// How a table's rows are kept, where that is not the usual way.
macro_rules! method {
    () => {
        "COALESCE((SELECT pg_catalog.format(' USING %I', m.amname) FROM pg_catalog.pg_am m WHERE m.oid = c.relam AND m.amname <> 'heap'), '') || "
    };
}

/// Whether a table that inherits has everything of its own as well, as by ALTER TABLE … INHERIT: made with INHERITS its
/// parents' columns would come first.
macro_rules! inherits_later {
    () => {
        "(NOT EXISTS (SELECT 1 FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 \
            AND NOT a.attisdropped AND NOT a.attislocal) \
         AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c' \
            AND NOT (k.conislocal AND k.convalidated)))"
    };
}

const TABLES: &str = concat!(
    "SELECT 'pg_class', c.oid, 'table', n.nspname, c.relname, NULL, NULL, \
     pg_catalog.format('CREATE %sTABLE %I.%I (%s)', CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END, \
        n.nspname, c.relname, (SELECT pg_catalog.string_agg(E'\\n    ' || part, ',' ORDER BY place, name) FROM ( \
            SELECT a.attnum AS place, '' AS name, pg_catalog.format('%I %s', a.attname, \
                    pg_catalog.format_type(a.atttypid, a.atttypmod)) \
                || CASE WHEN a.attcollation <> 0 AND a.attcollation <> t.typcollation \
                    THEN ' COLLATE ' || a.attcollation::regcollation::text ELSE '' END \
                || CASE WHEN a.attgenerated = 's' THEN ' GENERATED ALWAYS AS (' || pg_catalog.pg_get_expr(d.adbin, d.adrelid) || ') STORED' \
                    WHEN a.attgenerated = 'v' THEN ' GENERATED ALWAYS AS (' || pg_catalog.pg_get_expr(d.adbin, d.adrelid) || ') VIRTUAL' \
                    WHEN d.adbin IS NOT NULL THEN ' DEFAULT ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid) ELSE '' END \
                || CASE WHEN a.attidentity = '' THEN '' ELSE pg_catalog.format(' GENERATED %s AS IDENTITY (%s)', \
                    CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END, (SELECT pg_catalog.format( \
                        'SEQUENCE NAME %s START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s%s', s.seqrelid::regclass, \
                        s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END) \
                        FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_depend o ON o.classid = 'pg_catalog.pg_class'::regclass \
                            AND o.objid = s.seqrelid AND o.deptype = 'i' WHERE o.refobjid = c.oid AND o.refobjsubid = a.attnum)) END \
                || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END AS part \
            FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
            LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attislocal \
            UNION ALL SELECT 10000, k.conname, pg_catalog.format('CONSTRAINT %I %s', k.conname, pg_catalog.pg_get_constraintdef(k.oid)) \
            FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c' AND k.conislocal AND k.convalidated) AS parts)) \
     || CASE WHEN ",
    inherits_later!(),
    " THEN '' ELSE COALESCE((SELECT ' INHERITS (' || pg_catalog.string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno) || ')' \
        FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid), '') END \
     || CASE c.relkind WHEN 'p' THEN ' PARTITION BY ' || pg_catalog.pg_get_partkeydef(c.oid) ELSE '' END || ",
    method!(),
    options!(),
    ", NULL FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND ",
    own!()
);

const HEIRS: &str = concat!(
    "SELECT 'heir', c.oid, 'heir', n.nspname, c.relname, NULL, NULL, \
     pg_catalog.format('ALTER TABLE %I.%I %s', n.nspname, c.relname, \
        pg_catalog.string_agg('INHERIT ' || i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno)), c.oid \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid \
     WHERE c.relkind = 'r' AND NOT c.relispartition AND ",
    inherits_later!(),
    " AND ",
    own!(),
    " GROUP BY c.oid, n.nspname, c.relname"
);

const PARTITIONS: &str = concat!(
    "SELECT 'pg_class', c.oid, 'partition', n.nspname, c.relname, pn.nspname, p.relname, \
     pg_catalog.format('CREATE %sTABLE %I.%I PARTITION OF %I.%I %s', CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END, \
        n.nspname, c.relname, pn.nspname, p.relname, pg_catalog.pg_get_expr(c.relpartbound, c.oid)) \
     || CASE c.relkind WHEN 'p' THEN ' PARTITION BY ' || pg_catalog.pg_get_partkeydef(c.oid) ELSE '' END || ",
    method!(),
    options!(),
    ", NULL FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid JOIN pg_catalog.pg_class p ON p.oid = i.inhparent \
     JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace \
     WHERE c.relkind IN ('r', 'p') AND c.relispartition AND ",
    own!()
);

const VIEWS: &str = concat!(
    "SELECT 'pg_class', c.oid, CASE c.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END, n.nspname, c.relname, NULL, NULL, \
     pg_catalog.format('CREATE %sVIEW %I.%I', CASE c.relkind WHEN 'm' THEN 'MATERIALIZED ' ELSE '' END, n.nspname, c.relname) || ",
    options!(),
    " || E' AS\\n' || pg_catalog.rtrim(pg_catalog.pg_get_viewdef(c.oid), ';') \
     || CASE WHEN c.relkind = 'm' AND NOT c.relispopulated THEN E'\\nWITH NO DATA' ELSE '' END, NULL \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm') AND ",
    own!()
);

macro_rules! constraints {
    ($only:literal, $condition:literal) => {
        concat!(
            "SELECT 'pg_constraint', k.oid, 'constraint', n.nspname, c.relname || ' ' || k.conname, n.nspname, c.relname, \
             pg_catalog.format('ALTER TABLE ", $only, "%I.%I ADD CONSTRAINT %I %s', n.nspname, c.relname, k.conname, \
                pg_catalog.pg_get_constraintdef(k.oid)), NULL \
             FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE ",
            $condition,
            " AND ",
            own!()
        )
    };
}

/// Those of a partitioned table are made by themselves, as are those of its partitions, which are then attached: so each
/// keeps its name.
const KEYS: &str = constraints!("ONLY ", "k.contype IN ('p', 'u', 'x')");
const CHECKS: &str = constraints!(
    "",
    "k.conparentid = 0 AND k.contype = 'c' AND k.conislocal AND (NOT k.convalidated OR c.relispartition)"
);
const FOREIGN_KEYS: &str = constraints!("", "k.conparentid = 0 AND k.contype = 'f'");

/// An index that could not be built is no use, and would fail again.
const INDEXES: &str = concat!(
    "SELECT 'pg_class', i.oid, 'index', n.nspname, i.relname, n.nspname, c.relname, \
     pg_catalog.pg_get_indexdef(i.oid), NULL \
     FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid \
     JOIN pg_catalog.pg_class c ON c.oid = x.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE (x.indisvalid OR i.relkind = 'I') AND c.relkind IN ('r', 'p', 'm') AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k \
        WHERE k.conindid = i.oid AND k.contype IN ('p', 'u', 'x')) AND ",
    own!()
);

const RULES: &str = concat!(
    "SELECT 'pg_rewrite', r.oid, 'rule', n.nspname, r.rulename, n.nspname, c.relname, \
     pg_catalog.rtrim(pg_catalog.pg_get_ruledef(r.oid), ';'), NULL \
     FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class \
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE r.rulename <> '_RETURN' AND ",
    own!()
);

const POLICIES: &str = concat!(
    "SELECT 'pg_policy', p.oid, 'policy', n.nspname, p.polname, n.nspname, c.relname, \
     pg_catalog.format('CREATE POLICY %I ON %I.%I AS %s FOR %s TO %s', p.polname, n.nspname, c.relname, \
        CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END, \
        CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END, \
        (SELECT pg_catalog.string_agg(CASE role WHEN 0 THEN 'PUBLIC' ELSE role::regrole::text END, ', ' ORDER BY role) \
         FROM pg_catalog.unnest(p.polroles) AS role)) \
     || COALESCE(' USING (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')', '') \
     || COALESCE(' WITH CHECK (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')', ''), NULL \
     FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid \
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE ",
    own!()
);

const ROW_SECURITY: &str = concat!(
    "SELECT 'security', c.oid, 'row security', n.nspname, c.relname, n.nspname, c.relname, \
     pg_catalog.format('ALTER TABLE %I.%I %s', n.nspname, c.relname, pg_catalog.concat_ws(', ', \
        CASE WHEN c.relrowsecurity THEN 'ENABLE ROW LEVEL SECURITY' END, \
        CASE WHEN c.relforcerowsecurity THEN 'FORCE ROW LEVEL SECURITY' END)), c.oid \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE (c.relrowsecurity OR c.relforcerowsecurity) AND ",
    own!()
);

const COMMENTS: &str = concat!(
    "SELECT 'comment', d.objoid, 'comment', COALESCE(i.schema, ''), \
        d.classoid::regclass::text || ' ' || i.identity, NULL, NULL, \
     pg_catalog.format('COMMENT ON %s %s IS %L', CASE WHEN i.type LIKE '% column' THEN 'COLUMN' \
        WHEN i.type LIKE '% constraint' THEN 'CONSTRAINT' WHEN i.type = 'statistics object' THEN 'STATISTICS' \
        ELSE pg_catalog.upper(i.type) END, CASE i.type WHEN 'domain constraint' \
        THEN (SELECT pg_catalog.format('%I ON DOMAIN %s', k.conname, k.contypid::regtype) FROM pg_catalog.pg_constraint k WHERE k.oid = d.objoid) \
        ELSE i.identity END, d.description), NULL \
     FROM pg_catalog.pg_description d \
     CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classoid, d.objoid, d.objsubid) AS i \
     WHERE d.objoid >= 16384 AND d.classoid IN ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_proc'::regclass, \
        'pg_catalog.pg_type'::regclass, 'pg_catalog.pg_namespace'::regclass, 'pg_catalog.pg_constraint'::regclass, \
        'pg_catalog.pg_trigger'::regclass, 'pg_catalog.pg_policy'::regclass, 'pg_catalog.pg_rewrite'::regclass, \
        'pg_catalog.pg_collation'::regclass, 'pg_catalog.pg_statistic_ext'::regclass) \
     AND i.type NOT IN ('aggregate', 'foreign table', 'foreign table column') \
     AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.classid = d.classoid AND e.objid = d.objoid AND e.deptype = 'e') \
     AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_index x WHERE d.classoid = 'pg_catalog.pg_class'::regclass \
        AND x.indexrelid = d.objoid AND NOT x.indisvalid) AND COALESCE(i.schema, '') !~ '^pg_temp' \
     AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_trigger t WHERE d.classoid = 'pg_catalog.pg_trigger'::regclass \
        AND t.oid = d.objoid AND NOT (",
    remade!(),
    "))"
);
