//! Whose everything is and who may use it: owners, grants and default privileges, as one statement at the end of the
//! schema file.
//!
//! Roles belong to the server, not to the database. So each right is given by itself: one whose role is not there, or
//! that the user who restores has no right to give, is passed over with a warning, and remembered in a setting of the
//! session, from which [`withheld`] reads it. A restore that took such rights away in silence would leave a whole
//! database that its application cannot read.

use super::sql::literal;
use super::state::State;
use super::tables::own;
use crate::db::Result;
use crate::db::catalog::Withheld;

/// Where the statement notes what it could not give.
const SETTING: &str = "dbscript.withheld";

/// Objects with an owner and rights: turn, word for ALTER (NULL: its owner is another's), word for GRANT, name, columns,
/// owner, letter of `acldefault`, schema, rights, and those it starts with where they are not the usual ones.
/// The schema `public` comes with the database, and with its rights.
macro_rules! objects {
    () => {
        concat!(
    "SELECT 1 AS turn, CASE WHEN n.nspname <> 'public' OR n.nspowner::regrole::text NOT IN ('pg_database_owner') AND n.nspowner <> 10 \
            THEN 'SCHEMA' END AS altered, 'SCHEMA' AS granted, pg_catalog.format('%I', n.nspname) AS name, NULL AS columns, \
        n.nspowner AS owner, 'n'::\"char\" AS letter, 0::oid AS schema, n.nspacl AS acl, \
        (SELECT i.initprivs FROM pg_catalog.pg_init_privs i WHERE i.classoid = 'pg_catalog.pg_namespace'::regclass \
            AND i.objoid = n.oid AND i.objsubid = 0) AS usual \
     FROM pg_catalog.pg_namespace n WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_' \
        AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_namespace'::regclass \
            AND e.objid = n.oid AND e.deptype = 'e') \
     UNION ALL SELECT 2, 'TYPE', 'TYPE', pg_catalog.format('%I.%I', n.nspname, t.typname), NULL, t.typowner, 'T', n.oid, t.typacl, NULL \
     FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
     LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid \
     WHERE (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c') AND n.nspname NOT IN ('pg_catalog', 'information_schema') \
        AND n.nspname !~ '^pg_(toast|temp)' AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e \
            WHERE e.classid = 'pg_catalog.pg_type'::regclass AND e.objid = t.oid AND e.deptype = 'e') \
     UNION ALL SELECT 3, CASE WHEN c.relkind <> 'S' OR NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend o \
                WHERE o.classid = 'pg_catalog.pg_class'::regclass AND o.objid = c.oid \
                AND o.refclassid = 'pg_catalog.pg_class'::regclass AND o.refobjsubid > 0 AND o.deptype IN ('a', 'i')) \
            THEN CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END END, \
        CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, pg_catalog.format('%I.%I', n.nspname, c.relname), NULL, c.relowner, \
        CASE c.relkind WHEN 'S' THEN 's'::\"char\" ELSE 'r' END, n.oid, c.relacl, NULL \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND ",
    own!(),
    " UNION ALL SELECT 4, NULL, 'TABLE', pg_catalog.format('%I.%I', n.nspname, c.relname), pg_catalog.format(' (%I)', a.attname), \
        c.relowner, 'c', n.oid, a.attacl, NULL \
     FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE a.attacl IS NOT NULL AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm') AND ",
    own!(),
    " UNION ALL SELECT 5, CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, \
        CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, \
        pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)), NULL, \
        p.proowner, 'f', n.oid, p.proacl, NULL \
     FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
     WHERE p.prokind IN ('f', 'p', 'w') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_temp' \
        AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_proc'::regclass \
            AND e.objid = p.oid AND e.deptype IN ('e', 'i')) \
     UNION ALL SELECT 5, 'COLLATION', NULL, pg_catalog.format('%I.%I', n.nspname, o.collname), NULL, o.collowner, 'c', n.oid, NULL, NULL \
     FROM pg_catalog.pg_collation o JOIN pg_catalog.pg_namespace n ON n.oid = o.collnamespace \
     WHERE o.oid >= 16384 AND n.nspname !~ '^pg_temp' AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e \
        WHERE e.classid = 'pg_catalog.pg_collation'::regclass AND e.objid = o.oid AND e.deptype = 'e') \
     UNION ALL SELECT 5, 'STATISTICS', NULL, pg_catalog.format('%I.%I', n.nspname, x.stxname), NULL, x.stxowner, 'c', n.oid, NULL, NULL \
     FROM pg_catalog.pg_statistic_ext x JOIN pg_catalog.pg_namespace n ON n.oid = x.stxnamespace"
        )
    };
}

const OBJECTS: &str = objects!();

/// Default privileges take the same form: what they change is said in front of GRANT. Those of a schema start from none.
const DEFAULTS: &str = "SELECT 6, NULL, CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' \
        WHEN 'T' THEN 'TYPES' ELSE 'SCHEMAS' END, pg_catalog.format('ALTER DEFAULT PRIVILEGES FOR ROLE %s%s ', d.defaclrole::regrole, \
        CASE WHEN d.defaclnamespace <> 0 THEN ' IN SCHEMA ' || d.defaclnamespace::regnamespace ELSE '' END), NULL, d.defaclrole, \
        CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END, 0::oid, d.defaclacl, \
        CASE WHEN d.defaclnamespace <> 0 THEN pg_catalog.acldefault('c', d.defaclrole) END \
     FROM pg_catalog.pg_default_acl d WHERE d.defaclobjtype IN ('r', 'S', 'f', 'T', 'n')";

/// From the objects to statements. What an object starts with is its kind's own default and, where it is made under
/// default privileges, what they add: what it does not have of that is revoked first. What they take away is granted.
const STATEMENTS: &str = ", stated AS (SELECT pg_catalog.row_number() OVER () AS id, o.*, \
        COALESCE(o.usual, pg_catalog.acldefault(o.letter, o.owner)) AS initial FROM object o), \
    has AS (SELECT s.id, x.grantee, x.privilege_type AS what, pg_catalog.bool_or(x.is_grantable) AS grantable \
        FROM stated s CROSS JOIN LATERAL pg_catalog.aclexplode(COALESCE(s.acl, s.initial)) x GROUP BY 1, 2, 3), \
    starts AS (SELECT s.id, x.grantee, x.privilege_type AS what, NOT EXISTS (SELECT 1 FROM pg_catalog.pg_default_acl d \
            WHERE s.turn < 6 AND d.defaclnamespace = 0 AND d.defaclobjtype = CASE s.letter WHEN 's' THEN 'S' ELSE s.letter END \
            AND NOT EXISTS (SELECT 1 FROM pg_catalog.aclexplode(d.defaclacl) y WHERE y.privilege_type = x.privilege_type \
                AND y.grantee = CASE x.grantee WHEN s.owner THEN d.defaclrole ELSE x.grantee END)) AS always \
        FROM stated s CROSS JOIN LATERAL pg_catalog.aclexplode(s.initial) x \
        UNION ALL SELECT s.id, x.grantee, x.privilege_type, false FROM stated s JOIN pg_catalog.pg_default_acl d \
            ON s.turn < 6 AND s.columns IS NULL AND d.defaclobjtype = CASE s.letter WHEN 's' THEN 'S' ELSE s.letter END \
            AND d.defaclnamespace IN (0, s.schema) CROSS JOIN LATERAL pg_catalog.aclexplode(d.defaclacl) x \
            WHERE x.grantee NOT IN (d.defaclrole, s.owner)), \
    revoked AS (SELECT DISTINCT b.id, b.grantee FROM starts b WHERE NOT EXISTS (SELECT 1 FROM has h \
        WHERE h.id = b.id AND h.grantee = b.grantee AND h.what = b.what)), \
    given AS (SELECT h.* FROM has h JOIN stated s ON s.id = h.id WHERE (h.grantable AND h.grantee <> s.owner) \
        OR EXISTS (SELECT 1 FROM revoked r WHERE r.id = h.id AND r.grantee = h.grantee) \
        OR NOT EXISTS (SELECT 1 FROM starts b WHERE b.id = h.id AND b.grantee = h.grantee AND b.what = h.what AND b.always)), \
    said AS (SELECT s.id, 0 AS step, s.owner AS grantee, false AS grantable, \
            pg_catalog.format('ALTER %s %s OWNER TO %s', s.altered, s.name, s.owner::regrole) AS sql \
        FROM stated s WHERE s.altered IS NOT NULL \
        UNION ALL SELECT s.id, 1, r.grantee, false, pg_catalog.format('%sREVOKE ALL ON %s FROM %s', \
            CASE s.turn WHEN 6 THEN s.name ELSE '' END, s.granted || CASE s.turn WHEN 6 THEN '' ELSE ' ' || s.name END, \
            CASE r.grantee WHEN 0 THEN 'PUBLIC' ELSE r.grantee::regrole::text END) \
        FROM revoked r JOIN stated s ON s.id = r.id \
        UNION ALL SELECT s.id, 2, g.grantee, g.grantable, pg_catalog.format('%sGRANT %s ON %s TO %s%s', \
            CASE s.turn WHEN 6 THEN s.name ELSE '' END, \
            pg_catalog.string_agg(g.what || COALESCE(s.columns, ''), ', ' ORDER BY g.what), \
            s.granted || CASE s.turn WHEN 6 THEN '' ELSE ' ' || s.name END, \
            CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END, \
            CASE WHEN g.grantable THEN ' WITH GRANT OPTION' ELSE '' END) \
        FROM given g JOIN stated s ON s.id = g.id GROUP BY s.id, s.turn, s.name, s.granted, g.grantee, g.grantable) \
    SELECT CASE said.step WHEN 0 THEN (SELECT rolname FROM pg_catalog.pg_roles r WHERE r.oid = said.grantee) END, said.sql \
    FROM said JOIN stated s ON s.id = said.id \
    ORDER BY s.turn, s.name, s.granted, s.columns NULLS FIRST, said.step, said.grantee::regrole::text, said.grantable, said.sql";

/// Every object, with each of the statements that give rights on it to others, or take what everybody has by default;
/// NULL where there is none. Simpler than what a set holds, as it is asked of the real database twice in a migration.
pub(in crate::db) const RIGHTS: &str = concat!(
    "WITH object AS (",
    objects!(),
    "), named AS (SELECT o.*, COALESCE(o.granted, o.altered) || ' ' || o.name AS what FROM object o WHERE o.columns IS NULL) \
    SELECT w.what, g.sql FROM named w LEFT JOIN LATERAL ( \
        SELECT pg_catalog.format('GRANT %s ON %s TO %s%s', x.privilege_type, w.what, \
            CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END, \
            CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) AS sql \
        FROM pg_catalog.aclexplode(COALESCE(w.acl, pg_catalog.acldefault(w.letter, w.owner))) x \
        WHERE x.grantee <> w.owner \
        UNION SELECT pg_catalog.format('REVOKE ALL ON %s FROM PUBLIC', w.what) \
        FROM pg_catalog.aclexplode(pg_catalog.acldefault(w.letter, w.owner)) d \
        WHERE d.grantee = 0 AND w.acl IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pg_catalog.aclexplode(w.acl) x WHERE x.grantee = 0) \
        UNION SELECT pg_catalog.format('ALTER %s %s OWNER TO %s', w.altered, w.name, w.owner::regrole) WHERE w.altered IS NOT NULL \
    ) g ON true ORDER BY 1, 2"
);

/// The statement that gives every right; none where there is nothing to give. To be asked while no schema is searched.
pub(super) async fn statement(state: &mut State) -> Result<Option<String>> {
    let asked = format!("WITH object AS ({OBJECTS} UNION ALL {DEFAULTS}){STATEMENTS}");
    let rights: Vec<Right> = state
        .texts(&asked)
        .await?
        .into_iter()
        .filter_map(|row| match <[Option<String>; 2]>::try_from(row) {
            Ok([owner, Some(sql)]) => Some(Right { owner, sql }),
            _ => None,
        })
        .collect();
    Ok((!rights.is_empty()).then(|| block(&rights)))
}

/// What is given, and, where that is ownership, to whom.
struct Right {
    owner: Option<String>,
    sql: String,
}

/// One statement that runs each by itself and goes on where one cannot be. Nothing is made over to a role whose rights
/// the user does not have: the rest of the restore could then not be done.
fn block(rights: &[Right]) -> String {
    let quoted: Vec<String> = rights
        .iter()
        .map(|right| {
            let owner = right.owner.as_deref().map_or_else(
                || "NULL".to_owned(),
                |owner| literal(owner).trim_start().to_owned(),
            );
            format!("        ({owner}, {})", literal(&right.sql).trim_start())
        })
        .collect();
    let body = format!(
        "DECLARE
    role text;
    said text;
BEGIN
    FOR role, said IN VALUES
{}
    LOOP
        BEGIN
            IF NOT pg_catalog.pg_has_role(role::name, 'USAGE') THEN
                RAISE insufficient_privilege USING MESSAGE = pg_catalog.format('no right to act as role \"%s\"', role);
            END IF;
            EXECUTE said;
        EXCEPTION WHEN undefined_object OR insufficient_privilege OR invalid_grant_operation THEN
            RAISE WARNING '% (%)', SQLERRM, said;
            PERFORM pg_catalog.set_config('{SETTING}', pg_catalog.concat(
                pg_catalog.current_setting('{SETTING}', true), SQLERRM, E'\\x1f', said, E'\\x1e'), false);
        END;
    END LOOP;
END",
        quoted.join(",\n")
    );
    let mut tag = "access".to_owned();
    while body.contains(&format!("${tag}$")) {
        tag.push('_');
    }
    format!("DO ${tag}$\n{body}\n${tag}$")
}

/// What such statements could not give in this session.
pub(super) async fn withheld(state: &mut State) -> Result<Vec<Withheld>> {
    let asked = format!("SELECT pg_catalog.current_setting('{SETTING}', true)");
    let mut found = Vec::new();
    for noted in state.texts(&asked).await?.into_iter().flatten().flatten() {
        let entries = noted
            .split('\x1e')
            .filter_map(|entry| entry.split_once('\x1f'));
        found.extend(entries.map(|(why, statement)| Withheld {
            statement: statement.to_owned(),
            why: why.to_owned(),
        }));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_end_the_block() {
        let right = Right {
            owner: Some("it's".to_owned()),
            sql: "GRANT SELECT ON TABLE \"$access$ it's\\\" TO app".to_owned(),
        };
        let text = block(&[right]);
        assert!(text.starts_with("DO $access_$\n"), "{text}");
        assert!(text.ends_with("\n$access_$"), "{text}");
        let row = r#"('it''s', E'GRANT SELECT ON TABLE "$access$ it''s\\" TO app')"#;
        assert!(text.contains(row), "{text}");
    }
}
