//! Statements that write rows.

use super::{check, plainly, steps, told};
use crate::hazard::action::{Action, Insert};

#[test]
fn rows_that_are_deleted_and_changed() {
    check(
        plainly,
        &[
            (
                "DELETE FROM users",
                &["DELETE: delete \"users\" where every"],
            ),
            (
                "DELETE FROM users WHERE true",
                &["DELETE: delete \"users\" where always"],
            ),
            (
                "DELETE FROM users WHERE 1 = 1 AND NOT false",
                &["DELETE: delete \"users\" where always"],
            ),
            (
                "DELETE FROM users WHERE 1=2",
                &["DELETE: delete \"users\" where never"],
            ),
            (
                "DELETE FROM ONLY app.users AS u WHERE u.id > 5 RETURNING *",
                &["DELETE: delete ONLY \"app\".\"users\" AS \"u\" where u.id > 5"],
            ),
            (
                "DELETE FROM a USING b JOIN c ON true WHERE a.id = b.id",
                &[
                    "DELETE: delete \"a\" where EXISTS (SELECT 1 FROM b JOIN c ON true WHERE a.id = b.id )",
                ],
            ),
            (
                "DELETE FROM a WHERE CURRENT OF k",
                &["DELETE: delete \"a\" where ? it depends on where a cursor stands"],
            ),
            (
                "UPDATE users SET a = 1, (b, c) = (2, 3) WHERE d IS NULL",
                &["UPDATE: update \"users\" a,b,c where d IS NULL"],
            ),
            (
                "UPDATE a SET x = b.x FROM b WHERE a.id = b.id",
                &["UPDATE: update \"a\" x where EXISTS (SELECT 1 FROM b WHERE a.id = b.id )"],
            ),
            (
                "UPDATE a SET x = 1",
                &["UPDATE: update \"a\" x where every"],
            ),
            (
                "UPDATE a SET x = 1 WHERE id = $1",
                &["UPDATE: update \"a\" x where ? it depends on a parameter"],
            ),
        ],
    );
}

#[test]
fn rows_that_are_added() {
    check(
        plainly,
        &[
            (
                "INSERT INTO a VALUES (1, 'x', NULL, DEFAULT, '{}'::jsonb, -5.2)",
                &["INSERT: insert a ()"],
            ),
            (
                "insert into App.\"B\" (c, \"D\") values (1, 2), (3, 4)",
                &["insert: insert app.B (c,D)"],
            ),
            (
                "INSERT INTO a (b) VALUES (now()) ON CONFLICT (b) DO UPDATE SET c = 1, d = 2",
                &["INSERT: insert a (b) upsert c,d"],
            ),
            (
                "INSERT INTO a (b) VALUES (1) ON CONFLICT DO NOTHING",
                &["INSERT: insert a (b) ignore"],
            ),
            ("INSERT INTO a DEFAULT VALUES", &["INSERT: insert a ()"]),
            ("INSERT INTO a SELECT * FROM b", &["INSERT: insert a ()"]),
            ("COPY a (b, c) FROM stdin", &["COPY: insert a (b,c)"]),
            ("COPY a TO stdout", &[]),
            (
                "COPY a FROM PROGRAM 'curl x'",
                &[
                    "COPY: dynamic: COPY … PROGRAM runs a program on the server",
                    "COPY: insert a ()",
                ],
            ),
            (
                "COPY (DELETE FROM a RETURNING *) TO stdout",
                &["DELETE: delete \"a\" where every"],
            ),
        ],
    );
}

#[test]
fn what_an_insert_takes_over() {
    let steps = steps("INSERT INTO a (x, y) SELECT b.x, lower(y) AS y FROM b WHERE z > 1 LIMIT 5");
    let Some(Action::Insert(Insert {
        copy: Some(copy),
        source: Some(source),
        ..
    })) = steps.first().map(|step| &step.action)
    else {
        panic!("no copy: {steps:?}");
    };
    assert!(source.starts_with("SELECT b.x"), "{source}");
    assert_eq!(copy.filters, ["WHERE", "LIMIT"]);
    assert_eq!(copy.from.as_ref().map(|from| from.name.as_str()), Some("b"));
    assert_eq!(copy.outputs.len(), 2);
}

#[test]
fn writes_in_a_with() {
    check(
        plainly,
        &[
            (
                "WITH gone AS (DELETE FROM a WHERE old RETURNING *) INSERT INTO archive SELECT * FROM gone",
                &[
                    "DELETE: delete \"a\" where old",
                    "INSERT: insert archive ()",
                ],
            ),
            (
                "WITH x AS (SELECT 1 AS id), gone AS (DELETE FROM a USING x WHERE a.id = x.id RETURNING a.id) DELETE FROM b USING gone WHERE b.id = gone.id",
                &[
                    "DELETE: delete \"a\" where EXISTS (SELECT 1 FROM x WHERE a.id = x.id )",
                    "DELETE: delete \"b\" where ? it depends on `gone`, which writes itself",
                ],
            ),
            (
                "WITH gone AS (UPDATE a SET b = 1 RETURNING *) SELECT count(*) FROM gone",
                &["UPDATE: update \"a\" b where every"],
            ),
        ],
    );
}

#[test]
fn a_with_that_only_reads_is_asked_along() {
    let steps = steps("WITH x AS (SELECT id FROM b) DELETE FROM a WHERE id IN (SELECT id FROM x)");
    let Some(Action::Delete(change)) = steps.first().map(|step| &step.action) else {
        panic!("no delete: {steps:?}");
    };
    assert_eq!(change.with.trim(), "WITH x AS (SELECT id FROM b)");
    // The outer statement must not run what its WITH writes just to count.
    let writes =
        super::steps("WITH r AS (SELECT 1), w AS (DELETE FROM c) DELETE FROM a WHERE id > 1");
    let Some(Action::Delete(change)) = writes.last().map(|step| &step.action) else {
        panic!("no delete: {writes:?}");
    };
    assert!(!change.with.contains("DELETE"), "{}", change.with);
}

#[test]
fn merges() {
    check(
        plainly,
        &[(
            "MERGE INTO t USING s ON t.id = s.id\nWHEN MATCHED AND s.gone THEN DELETE\nWHEN MATCHED THEN UPDATE SET a = s.a\nWHEN NOT MATCHED THEN INSERT (id, a) VALUES (s.id, s.a)",
            &[
                "WHEN: delete \"t\" where EXISTS (SELECT 1 FROM s WHERE (t.id = s.id ) AND (s.gone ))",
                "WHEN: update \"t\" a where EXISTS (SELECT 1 FROM s WHERE (t.id = s.id ) AND (true ) AND (s.gone ) IS NOT TRUE)",
                "WHEN: insert t (id,a)",
            ],
        )],
    );
}

#[test]
fn what_is_called() {
    check(
        told,
        &[
            ("SELECT app.cleanup(5)", &["app: call app.cleanup"]),
            ("CALL cleanup()", &["CALL: call cleanup"]),
            (
                "SELECT setval('s', 5)",
                &[
                    "setval: RestartSequence { name: TableName { schema: None, name: \"s\" }, column: None, next: At(6) }",
                ],
            ),
            (
                "SELECT pg_catalog.setval('public.s', 5, false)",
                &[
                    "pg_catalog: RestartSequence { name: TableName { schema: None, name: \"s\" }, column: None, next: At(5) }",
                ],
            ),
            (
                "SELECT dblink_exec('DROP TABLE x')",
                &["dblink_exec: dynamic: `dblink_exec` runs what cannot be seen here"],
            ),
        ],
    );
}

#[test]
fn explain_analyze_runs_its_statement() {
    check(
        plainly,
        &[
            ("EXPLAIN DELETE FROM a", &[]),
            (
                "EXPLAIN ANALYZE DELETE FROM a",
                &["DELETE: delete \"a\" where every"],
            ),
            (
                "EXPLAIN (ANALYZE, BUFFERS) DELETE FROM a",
                &["DELETE: delete \"a\" where every"],
            ),
            ("EXPLAIN (ANALYZE off) DELETE FROM a", &[]),
            (
                "PREPARE p AS DELETE FROM a",
                &["DELETE: delete \"a\" where every"],
            ),
        ],
    );
}
