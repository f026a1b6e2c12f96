//! Triggers, as they are made again. One cannot be: a condition over the whole new row before the row's generated columns
//! are known (<https://www.postgresql.org/docs/current/sql-createtrigger.html>). The server takes such a column where the
//! trigger is there already, and not the trigger where the column is.

use super::tables::own;

/// Whether the trigger `t` can be made on its table as that is now. In the stored form of a condition 2 is the new row,
/// and column 0 all of it.
macro_rules! remade {
    () => {
        "NOT ((t.tgtype & 2) <> 0 AND COALESCE(t.tgqual::text, '') LIKE '%:varno 2 :varattno 0 %' \
            AND EXISTS (SELECT 1 FROM pg_catalog.pg_attribute g WHERE g.attrelid = t.tgrelid AND NOT g.attisdropped \
                AND pg_catalog.to_jsonb(g) ->> 'attgenerated' IN ('s', 'v')))"
    };
}
pub(super) use remade;

/// Where such a trigger is refused: the SQLSTATE, and how its statement begins.
pub(super) const REFUSED: (&str, &str) = ("42P17", "CREATE TRIGGER ");

/// Those that cannot.
pub(super) const LEFT_OUT: &str = concat!(
    "SELECT t.tgname || ' on ' || t.tgrelid::regclass FROM pg_catalog.pg_trigger t WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND NOT (",
    remade!(),
    ")"
);

/// Why, and the way out.
pub(super) const WHY_LEFT_OUT: &str = "PostgreSQL makes no BEFORE trigger whose condition reads all of NEW on a table with a generated column; make it again (`DROP TRIGGER IF EXISTS` before it) with the columns it is about in its WHEN, or with the condition inside its function";

macro_rules! triggers {
    ($kind:literal, $class:literal, $sql:literal, $condition:expr) => {
        concat!(
            "SELECT '",
            $class,
            "', t.oid, '",
            $kind,
            "', n.nspname, t.tgname, n.nspname, c.relname, ",
            $sql,
            ", NULL \
             FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE ",
            $condition,
            " AND ",
            own!()
        )
    };
}

pub(super) const TRIGGERS: &str = triggers!(
    "trigger",
    "pg_trigger",
    "pg_catalog.pg_get_triggerdef(t.oid)",
    concat!("NOT t.tgisinternal AND t.tgparentid = 0 AND ", remade!())
);

/// The state of those that are not simply enabled. Those of a partition too, which may differ from its table's. It is made
/// under its table's name, which before PostgreSQL 15 a renamed one did not have.
pub(super) const TRIGGER_STATES: &str = triggers!(
    "trigger state",
    "state",
    "pg_catalog.format('ALTER TABLE ONLY %I.%I %s TRIGGER %I', n.nspname, c.relname, CASE t.tgenabled WHEN 'D' THEN 'DISABLE' \
        WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE REPLICA' END, COALESCE(( \
            WITH RECURSIVE above AS (SELECT p.tgparentid, p.tgname FROM pg_catalog.pg_trigger p WHERE p.oid = t.tgparentid \
                UNION ALL SELECT p.tgparentid, p.tgname FROM pg_catalog.pg_trigger p JOIN above a ON p.oid = a.tgparentid) \
            SELECT a.tgname FROM above a WHERE a.tgparentid = 0), t.tgname))",
    concat!(
        "t.tgenabled <> 'O' AND (NOT t.tgisinternal OR t.tgparentid <> 0) \
     AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k WHERE k.oid = t.tgconstraint AND k.contype = 'f') AND ",
        remade!()
    )
);
