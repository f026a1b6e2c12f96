//! DELETE, UPDATE, INSERT, REPLACE, LOAD DATA.

use super::{reads, shown};
use crate::db::Engine;

#[test]
fn deletes_and_updates_say_which_rows_they_meet() {
    for (sql, expected) in [
        ("DELETE FROM a", &["delete a: every"][..]),
        ("DELETE FROM app.a WHERE 1", &["delete a: alwaystrue"]),
        ("DELETE FROM a WHERE 1=1", &["delete a: alwaystrue"]),
        (
            "DELETE FROM a WHERE TRUE AND ('x' = 'x')",
            &["delete a: alwaystrue"],
        ),
        ("DELETE FROM a WHERE 1 OR id = 5", &["delete a: alwaystrue"]),
        ("DELETE FROM a WHERE NOT FALSE", &["delete a: alwaystrue"]),
        ("DELETE FROM a WHERE 0", &["delete a: never"]),
        (
            "DELETE FROM a WHERE id = 1 AND 1 <> 1",
            &["delete a: never"],
        ),
        (
            "DELETE FROM a WHERE x BETWEEN 1 AND 1",
            &["delete a: FROM a WHERE x BETWEEN 1 AND 1"],
        ),
        (
            "DELETE LOW_PRIORITY QUICK IGNORE FROM `a` AS x WHERE x.b = 'c;' RETURNING id",
            &["delete a: FROM `a` AS `x` WHERE x.b = 'c;'"],
        ),
        (
            "DELETE FROM a WHERE b ORDER BY c LIMIT 5",
            &[
                "delete a: FROM (SELECT * FROM a WHERE b ORDER BY c LIMIT 5 ) AS `dbscript_some` WHERE TRUE",
            ],
        ),
        (
            "DELETE FROM a PARTITION (p0)",
            &["delete a: FROM a PARTITION (p0) WHERE TRUE"],
        ),
        (
            "WITH old AS (SELECT id FROM b) DELETE FROM a WHERE id IN (SELECT id FROM old)",
            &["delete a: WITH old AS (SELECT id FROM b) FROM a WHERE id IN (SELECT id FROM old)"],
        ),
        ("UPDATE a SET b = 1, c = c", &["update a: every set b"]),
        (
            "UPDATE IGNORE app.a x SET x.b = LEFT(b, 3) WHERE b > 1",
            &["update a: FROM app.a AS `x` WHERE b > 1 set b"],
        ),
        (
            "UPDATE a SET b = 1 WHERE c = 2 ORDER BY d LIMIT 3",
            &[
                "update a: FROM (SELECT * FROM a WHERE c = 2 ORDER BY d LIMIT 3 ) AS `dbscript_some` WHERE TRUE set b",
            ],
        ),
        (
            "DELETE FROM a /*! WHERE id = 1 */",
            &["delete a: FROM a WHERE id = 1"],
        ),
    ] {
        reads(sql, expected);
    }
}

#[test]
fn several_tables_are_asked_one_by_one() {
    for (sql, expected) in [
        (
            "DELETE p FROM posts p LEFT JOIN users AS u ON u.id = p.uid WHERE u.id IS NULL",
            &[
                "delete posts: FROM (SELECT DISTINCT `p`.* FROM posts p LEFT JOIN users AS u ON u.id = p.uid WHERE u.id IS NULL ) AS `dbscript_some` WHERE TRUE",
            ][..],
        ),
        (
            "DELETE a.*, b FROM a INNER JOIN b ON a.id = b.id",
            &[
                "delete a: FROM a WHERE EXISTS (SELECT 1 FROM (SELECT 1) AS dbscript_one INNER JOIN b ON a.id = b.id )",
                "delete b: FROM b WHERE EXISTS (SELECT 1 FROM a INNER JOIN (SELECT 1) AS dbscript_one ON a.id = b.id )",
            ],
        ),
        (
            "DELETE FROM a, b USING a LEFT OUTER JOIN b ON LEFT(a.x, 2) = b.x WHERE a.n",
            &[
                "delete a: FROM (SELECT DISTINCT `a`.* FROM a LEFT OUTER JOIN b ON LEFT(a.x, 2) = b.x WHERE a.n ) AS `dbscript_some` WHERE TRUE",
                "delete b: FROM (SELECT DISTINCT `b`.* FROM a INNER JOIN b ON LEFT(a.x, 2) = b.x WHERE a.n ) AS `dbscript_some` WHERE TRUE",
            ],
        ),
        (
            "DELETE a FROM a JOIN other.b USING (id)",
            &[
                "delete a: FROM (SELECT DISTINCT `a`.* FROM a JOIN other.b USING (id) ) AS `dbscript_some` WHERE TRUE",
            ],
        ),
        (
            "DELETE a FROM b RIGHT JOIN a ON a.id = b.id",
            &["delete a: unknown"],
        ),
        ("DELETE a FROM a", &["delete a: every"]),
        ("DELETE a FROM a WHERE 1", &["delete a: alwaystrue"]),
        (
            "UPDATE users u JOIN (SELECT 1 AS id) s ON s.id = u.id, other.t AS t SET u.a = 1, t.b = 2, u.c = u.a WHERE t.x = 5",
            &[
                "update users: FROM users u WHERE EXISTS (SELECT 1 FROM (SELECT 1) AS dbscript_one JOIN (SELECT 1 AS id) s ON s.id = u.id, other.t AS t WHERE t.x = 5 ) set a,c",
                "update other.t: FROM other.t AS t WHERE EXISTS (SELECT 1 FROM users u JOIN (SELECT 1 AS id) s ON s.id = u.id, (SELECT 1) AS dbscript_one WHERE t.x = 5 ) set b",
            ],
        ),
        (
            "UPDATE a, b SET n = 1 WHERE a.id = b.id",
            &["update a: unknown set n"],
        ),
    ] {
        reads(sql, expected);
    }
}

#[test]
fn inserts_say_what_becomes_of_rows_that_are_there() {
    for (sql, expected) in [
        (
            "INSERT INTO a VALUES (1, ';'), (2, NULL)",
            &["insert a ()"][..],
        ),
        (
            "INSERT IGNORE a (x, `y`) VALUES (1, (2))",
            &["insert a (x,y) ignore"],
        ),
        ("INSERT INTO a SET x = 1, y = DEFAULT", &["insert a (x,y)"]),
        (
            "INSERT INTO a (x) VALUES (1), (2) AS new ON DUPLICATE KEY UPDATE x = new.x, n = VALUES(n) + 1, id = id",
            &["insert a (x) upsert x,n"],
        ),
        (
            "INSERT INTO a (id) VALUES (1) ON DUPLICATE KEY UPDATE id = id",
            &["insert a (id) ignore"],
        ),
        (
            "INSERT INTO a (x) SELECT DISTINCT b.x FROM app.b JOIN c ON c.id = b.id WHERE b.y GROUP BY 1 LIMIT 4 ON DUPLICATE KEY UPDATE x = 2",
            &[
                "insert a (x) upsert x copy b [\"DISTINCT\", \"JOIN\", \"WHERE\", \"GROUP BY\", \"LIMIT\"]",
            ],
        ),
        (
            "INSERT INTO a SELECT * FROM b WHERE 1",
            &["insert a () copy b []"],
        ),
        (
            "REPLACE INTO a SET x = 1, y = 'b'",
            &["insert a (x,y) replace Some(\"SELECT 1, 'b'\")"],
        ),
        (
            "REPLACE a SELECT * FROM b",
            &["insert a () replace Some(\"SELECT * FROM b\") copy b []"],
        ),
        (
            "LOAD DATA LOCAL INFILE 'x' INTO TABLE a FIELDS TERMINATED BY ','",
            &["insert a ()"],
        ),
        (
            "LOAD DATA INFILE 'x' IGNORE INTO TABLE a",
            &["insert a () ignore"],
        ),
    ] {
        reads(sql, expected);
    }
    let sql = "REPLACE INTO a (x, y) VALUES (1, ')'), ((2), 'b')";
    assert_eq!(
        shown(Engine::Mariadb, sql),
        ["insert a (x,y) replace Some(\"VALUES (1, ')'), ((2), 'b')\")"]
    );
    assert_eq!(
        shown(Engine::Mysql, sql),
        ["insert a (x,y) replace Some(\"VALUES ROW(1, ')'), ROW((2), 'b')\")"]
    );
    let load = shown(Engine::Mysql, "LOAD DATA INFILE 'x' REPLACE INTO TABLE a");
    assert!(
        load.len() == 2 && load[0].starts_with("Dynamic") && load[1].contains("replace"),
        "{load:?}"
    );
}
