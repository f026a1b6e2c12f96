//! SQLite's classes: any storage class in any column, and everything a file holds besides rows.

use super::{Class, PLAIN};

/// Every class.
pub const CLASSES: &[Class] = &[
    Class {
        name: "integers",
        sql: "CREATE TABLE t (a);
            INSERT INTO t VALUES (NULL), (0), (-1), (9007199254740991), (-9007199254740991),
                (9007199254740992), (-9007199254740992), (9223372036854775807), (-9223372036854775808)",
        lines: &[(
            "t",
            &[
                r#"{"a":null}"#,
                r#"{"a":0}"#,
                r#"{"a":-1}"#,
                r#"{"a":9007199254740991}"#,
                r#"{"a":-9007199254740991}"#,
                r#"{"a":{"$int":"9007199254740992"}}"#,
                r#"{"a":{"$int":"-9007199254740992"}}"#,
                r#"{"a":{"$int":"9223372036854775807"}}"#,
                r#"{"a":{"$int":"-9223372036854775808"}}"#,
            ],
        )],
        ..PLAIN
    },
    Class {
        // A REAL column keeps -0.0 as the integer 0: the sign is lost when it is written, not when it is read.
        name: "reals, by their bits",
        sql: "CREATE TABLE t (a, b REAL);
            INSERT INTO t(a) VALUES (1.0), (0.0), (-0.0), (0.1), (1e300), (5e-324), (3e-310),
                (9e999), (-9e999), (1e16), (123456789012345680.0), (1.7976931348623157e308);
            UPDATE t SET b = a",
        lines: &[(
            "t",
            &[
                r#"{"a":1.0,"b":1.0}"#,
                r#"{"a":0.0,"b":0.0}"#,
                r#"{"a":-0.0,"b":0.0}"#,
                r#"{"a":0.1,"b":0.1}"#,
                r#"{"a":1e300,"b":1e300}"#,
                r#"{"a":5e-324,"b":5e-324}"#,
                r#"{"a":3e-310,"b":3e-310}"#,
                r#"{"a":{"$real":"Infinity"},"b":{"$real":"Infinity"}}"#,
                r#"{"a":{"$real":"-Infinity"},"b":{"$real":"-Infinity"}}"#,
                r#"{"a":1e16,"b":1e16}"#,
                r#"{"a":1.2345678901234568e17,"b":1.2345678901234568e17}"#,
                r#"{"a":1.7976931348623157e308,"b":1.7976931348623157e308}"#,
            ],
        )],
        queries: &["SELECT count(*) FROM t WHERE 1 / a < 0 AND a = 0"],
        ..PLAIN
    },
    Class {
        name: "text, UTF-8 or not",
        sql: r#"CREATE TABLE t (a TEXT);
            INSERT INTO t VALUES (''), ('é 🦀 漢'), ('{"$hex":"00"}'), ('null'), ('" \ /'),
                (char(9, 10, 13, 31, 127, 8232)), (char(97, 0, 98)), (char(0)),
                (CAST(x'ff61' AS TEXT)), (CAST(x'eda080' AS TEXT)), (CAST(x'61c3' AS TEXT)), (' 1 '), ('1e5')"#,
        lines: &[(
            "t",
            &[
                r#"{"a":""}"#,
                r#"{"a":"é 🦀 漢"}"#,
                r#"{"a":"{\"$hex\":\"00\"}"}"#,
                r#"{"a":"null"}"#,
                r#"{"a":"\" \\ /"}"#,
                "{\"a\":\"\\t\\n\\r\\u001f\u{7f}\u{2028}\"}",
                r#"{"a":{"$text":"610062"}}"#,
                r#"{"a":{"$text":"00"}}"#,
                r#"{"a":{"$text":"ff61"}}"#,
                r#"{"a":{"$text":"eda080"}}"#,
                r#"{"a":{"$text":"61c3"}}"#,
                r#"{"a":" 1 "}"#,
                r#"{"a":"1e5"}"#,
            ],
        )],
        ..PLAIN
    },
    Class {
        name: "blobs",
        sql: "CREATE TABLE t (a BLOB); INSERT INTO t VALUES (x''), (x'00FF'), (zeroblob(3)), (x'7b7d')",
        lines: &[(
            "t",
            &[
                r#"{"a":{"$hex":""}}"#,
                r#"{"a":{"$hex":"00ff"}}"#,
                r#"{"a":{"$hex":"000000"}}"#,
                r#"{"a":{"$hex":"7b7d"}}"#,
            ],
        )],
        ..PLAIN
    },
    Class {
        name: "any storage class in any column",
        sql: "CREATE TABLE t (i INTEGER, r REAL, s TEXT, b BLOB, n NUMERIC, v VARCHAR(2), x BOOLEAN, d DATE);
            INSERT INTO t VALUES ('abc', 'x', x'01', 5, 'y', 'longer than 2', 'true', '2025-13-45');
            INSERT INTO t VALUES (1.5, x'02', 7, 'text', x'03', 9, 2, 0.5);
            INSERT INTO t VALUES ('12', 3, 1.0, 1.0, '1.0', NULL, NULL, NULL);
            INSERT INTO t VALUES (' 12x', '9223372036854775808', 1e20, -0.0, '9223372036854775807', x'', x'', x'')",
        lines: &[(
            "t",
            &[
                r#"{"i":"abc","r":"x","s":{"$hex":"01"},"b":5,"n":"y","v":"longer than 2","x":"true","d":"2025-13-45"}"#,
                r#"{"i":1.5,"r":{"$hex":"02"},"s":"7","b":"text","n":{"$hex":"03"},"v":"9","x":2,"d":0.5}"#,
                r#"{"i":12,"r":3.0,"s":"1.0","b":1.0,"n":1,"v":null,"x":null,"d":null}"#,
                r#"{"i":" 12x","r":9.223372036854776e18,"s":"1.0e+20","b":-0.0,"n":{"$int":"9223372036854775807"},"v":{"$hex":""},"x":{"$hex":""},"d":{"$hex":""}}"#,
            ],
        )],
        ..PLAIN
    },
    Class {
        name: "STRICT and WITHOUT ROWID",
        sql: "CREATE TABLE s (id INTEGER PRIMARY KEY, a ANY, r REAL, t TEXT) STRICT;
            INSERT INTO s VALUES (-5, '1', 1, 'x'), (9223372036854775807, 1.0, NULL, NULL), (7, x'31', 2.5, '');
            CREATE TABLE w (b TEXT COLLATE NOCASE, a INTEGER, c, PRIMARY KEY (b DESC, a)) WITHOUT ROWID;
            INSERT INTO w VALUES ('b', 2, 1), ('a', 1, 'x'), ('C', 1, NULL)",
        lines: &[
            (
                "s",
                &[
                    r#"{"id":-5,"a":"1","r":1.0,"t":"x"}"#,
                    r#"{"id":7,"a":{"$hex":"31"},"r":2.5,"t":""}"#,
                    r#"{"id":{"$int":"9223372036854775807"},"a":1.0,"r":null,"t":null}"#,
                ],
            ),
            (
                "w",
                &[
                    r#"{"b":"C","a":1,"c":null}"#,
                    r#"{"b":"b","a":2,"c":1}"#,
                    r#"{"b":"a","a":1,"c":"x"}"#,
                ],
            ),
        ],
        ..PLAIN
    },
    Class {
        name: "generated columns are computed, not carried",
        sql: "CREATE TABLE t (a INTEGER, v AS (a + 1), s INTEGER GENERATED ALWAYS AS (a * 2) STORED, z TEXT);
            CREATE INDEX i ON t (v); INSERT INTO t (a, z) VALUES (1, 'x'), (NULL, 'y')",
        lines: &[("t", &[r#"{"a":1,"z":"x"}"#, r#"{"a":null,"z":"y"}"#])],
        queries: &["SELECT a, v, s, z FROM t"],
        ..PLAIN
    },
    Class {
        name: "counters and header numbers",
        sql: "PRAGMA user_version = -7; PRAGMA application_id = 1234567;
            CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, x);
            CREATE TABLE b (id INTEGER PRIMARY KEY AUTOINCREMENT);
            CREATE TABLE never (id INTEGER PRIMARY KEY AUTOINCREMENT);
            INSERT INTO a (x) VALUES (1), (2), (3); DELETE FROM a WHERE id > 1;
            INSERT INTO b VALUES (9223372036854775806); DELETE FROM b",
        lines: &[("a", &[r#"{"id":1,"x":1}"#]), ("b", &[]), ("never", &[])],
        queries: &["SELECT name, seq FROM sqlite_sequence ORDER BY name", "PRAGMA user_version"],
        ..PLAIN
    },
    Class {
        name: "UTF-16",
        sql: "PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (a TEXT);
            INSERT INTO t VALUES ('é 🦀'), (''), (char(97, 0, 98))",
        lines: &[("t", &[r#"{"a":"é 🦀"}"#, r#"{"a":""}"#, r#"{"a":{"$text":"610062"}}"#])],
        queries: &["PRAGMA encoding", "SELECT hex(a) FROM t"],
        ..PLAIN
    },
    Class {
        name: "odd names",
        sql: r#"CREATE TABLE "we""ird; -- table" ("co""l" INTEGER, "select" TEXT, "" BLOB, "日本" x, "a b" x, "rowid" x);
            INSERT INTO "we""ird; -- table" VALUES (1, 's', x'00', 1, 2, 3);
            CREATE TABLE "order" ("group" INTEGER PRIMARY KEY, 'quo''te' TEXT, `tick` TEXT, [brack et] TEXT);
            INSERT INTO "order" VALUES (1, 'a', 'b', 'c');
            CREATE TABLE "naïve.tab" ("Ä" TEXT UNIQUE, "ä" TEXT);
            INSERT INTO "naïve.tab" VALUES ('x', 'y');
            CREATE TABLE "line
break" ("col
umn" TEXT); INSERT INTO "line
break" VALUES ('z');
            CREATE INDEX "in dex" ON "order" ("quo'te");
            CREATE VIEW "vi""ew" AS SELECT "co""l" FROM "we""ird; -- table""#,
        lines: &[
            (
                "we\"ird; -- table",
                &[r#"{"co\"l":1,"select":"s","":{"$hex":"00"},"日本":1,"a b":2,"rowid":3}"#],
            ),
            ("order", &[r#"{"group":1,"quo'te":"a","tick":"b","brack et":"c"}"#]),
            ("naïve.tab", &[r#"{"Ä":"x","ä":"y"}"#]),
            ("line\nbreak", &[r#"{"col\numn":"z"}"#]),
        ],
        queries: &[r#"SELECT * FROM "vi""ew""#],
        ..PLAIN
    },
    Class {
        name: "rowids that a trigger speaks of",
        sql: "CREATE TABLE t (a TEXT); INSERT INTO t (rowid, a) VALUES (5, 'x'), (-3, 'y'), (900, 'z');
            CREATE TABLE log (id INTEGER);
            CREATE TRIGGER g AFTER DELETE ON t BEGIN INSERT INTO log VALUES (old.rowid); END",
        lines: &[(
            "t",
            &[
                r#"{"rowid":-3,"a":"y"}"#,
                r#"{"rowid":5,"a":"x"}"#,
                r#"{"rowid":900,"a":"z"}"#,
            ],
        )],
        queries: &["SELECT rowid, a FROM t ORDER BY rowid"],
        ..PLAIN
    },
    Class {
        name: "a rowid whose names are all taken by columns",
        sql: "CREATE TABLE t (rowid TEXT, oid TEXT, _rowid_ TEXT); INSERT INTO t VALUES ('a', 'b', 'c');
            CREATE VIEW v AS SELECT rowid FROM t",
        lines: &[("t", &[r#"{"rowid":"a","oid":"b","_rowid_":"c"}"#])],
        queries: &["SELECT * FROM v"],
        ..PLAIN
    },
    Class {
        name: "full text, with its own content",
        sql: "CREATE VIRTUAL TABLE f USING fts5(title, body, tokenize = 'porter');
            INSERT INTO f (rowid, title, body) VALUES (3, 'One', 'running fox'), (90, 'Two', 'it''s a dog'), (4, NULL, 'x');
            DELETE FROM f WHERE rowid = 4",
        lines: &[(
            "f",
            &[
                r#"{"rowid":3,"title":"One","body":"running fox"}"#,
                r#"{"rowid":90,"title":"Two","body":"it's a dog"}"#,
            ],
        )],
        queries: &["SELECT rowid, title FROM f WHERE f MATCH 'run OR dog' ORDER BY rowid"],
        only_queries: true,
        ..PLAIN
    },
    Class {
        name: "full text over another table",
        sql: "CREATE TABLE notes (body TEXT); INSERT INTO notes (rowid, body) VALUES (7, 'fox'), (70, 'dog');
            CREATE VIRTUAL TABLE f USING fts5(body, content='notes');
            INSERT INTO f (f) VALUES ('rebuild');
            CREATE TRIGGER n AFTER INSERT ON notes BEGIN INSERT INTO f (rowid, body) VALUES (new.rowid, new.body); END",
        lines: &[("notes", &[r#"{"rowid":7,"body":"fox"}"#, r#"{"rowid":70,"body":"dog"}"#])],
        queries: &["SELECT rowid, body FROM f WHERE f MATCH 'dog'", "SELECT rowid FROM f('fox')"],
        only_queries: true,
        ..PLAIN
    },
    Class {
        name: "full text without content is said to be left out",
        sql: "CREATE TABLE kept (a); INSERT INTO kept VALUES (1);
            CREATE VIRTUAL TABLE f USING fts5(body, content=''); INSERT INTO f (rowid, body) VALUES (1, 'fox')",
        lines: &[("kept", &[r#"{"a":1}"#])],
        only_queries: true,
        not_included: &["f"],
        ..PLAIN
    },
    Class {
        name: "an R-tree",
        sql: "CREATE VIRTUAL TABLE r USING rtree(id, x0, x1); INSERT INTO r VALUES (1, 0.5, 2.5), (9, -1.0, 0.0)",
        lines: &[("r", &[r#"{"id":1,"x0":0.5,"x1":2.5}"#, r#"{"id":9,"x0":-1.0,"x1":0.0}"#])],
        queries: &["SELECT id FROM r WHERE x0 < 0 AND x1 > -1"],
        only_queries: true,
        ..PLAIN
    },
    Class {
        name: "everything that hangs on tables",
        sql: "CREATE TABLE p (id INTEGER PRIMARY KEY, n TEXT NOT NULL DEFAULT (upper('a;b')) CHECK (n <> ';'), at DEFAULT CURRENT_TIMESTAMP);
            CREATE TABLE c (id INTEGER PRIMARY KEY, p REFERENCES p ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, u TEXT COLLATE NOCASE UNIQUE ON CONFLICT REPLACE);
            INSERT INTO p (id, at) VALUES (2, 't'), (1, 't'); INSERT INTO c VALUES (1, 2, 'A'), (2, NULL, NULL), (3, NULL, NULL);
            CREATE UNIQUE INDEX partial ON c (p) WHERE u IS NOT NULL;
            CREATE INDEX expression ON p (lower(n) || ';', id DESC);
            CREATE VIEW v AS SELECT p.n, c.u FROM p LEFT JOIN c ON c.p = p.id; -- a view; with a comment
            CREATE TRIGGER i INSTEAD OF INSERT ON v BEGIN INSERT INTO p (n) VALUES (new.n); SELECT 1; END;
            CREATE TRIGGER u AFTER UPDATE OF n ON p WHEN new.n <> ';' BEGIN UPDATE c SET u = CASE WHEN 1 THEN 'end' END; END",
        lines: &[("p", &[r#"{"id":1,"n":"A;B","at":"t"}"#, r#"{"id":2,"n":"A;B","at":"t"}"#])],
        queries: &["SELECT * FROM v ORDER BY 1, 2", "PRAGMA foreign_key_check"],
        ..PLAIN
    },
    Class {
        name: "INTEGER PRIMARY KEY DESC, which is no rowid and holds NULL",
        sql: "CREATE TABLE t (id INTEGER PRIMARY KEY DESC, a); INSERT INTO t VALUES (NULL, 1), (5, 2), ('x', 3)",
        lines: &[(
            "t",
            &[
                r#"{"id":null,"a":1}"#,
                r#"{"id":5,"a":2}"#,
                r#"{"id":"x","a":3}"#,
            ],
        )],
        ..PLAIN
    },
    Class {
        name: "views and triggers that no longer fit their tables",
        sql: "CREATE TABLE t (a); INSERT INTO t VALUES (1); CREATE VIEW gone AS SELECT b FROM nowhere;
            CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO nowhere VALUES (1); END",
        lines: &[("t", &[r#"{"a":1}"#])],
        ..PLAIN
    },
    Class {
        name: "the planner's statistics are said to be left out",
        sql: "CREATE TABLE t (a); CREATE INDEX i ON t (a); INSERT INTO t VALUES (1); ANALYZE",
        lines: &[("t", &[r#"{"a":1}"#])],
        only_queries: true,
        not_included: &["sqlite_stat1", "sqlite_stat4"],
        ..PLAIN
    },
    Class {
        name: "full text of the older kind, and over a key of its own",
        sql: "CREATE VIRTUAL TABLE four USING fts4(title, body); INSERT INTO four (docid, title, body) VALUES (8, 'a', 'red fox');
            CREATE TABLE notes (key INTEGER PRIMARY KEY, body TEXT, extra TEXT);
            INSERT INTO notes VALUES (30, 'blue dog', 'x'), (20, 'red dog', 'y');
            CREATE VIRTUAL TABLE five USING fts5(body, extra UNINDEXED, content = \"notes\", content_rowid='key');
            INSERT INTO five (five) VALUES ('rebuild')",
        lines: &[("four", &[r#"{"rowid":8,"title":"a","body":"red fox"}"#])],
        queries: &[
            "SELECT docid, body FROM four WHERE four MATCH 'fox'",
            "SELECT rowid, body, extra FROM five WHERE five MATCH 'dog' ORDER BY rowid",
        ],
        only_queries: true,
        ..PLAIN
    },
    Class {
        name: "counters that no table needs any more",
        sql: "CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO a VALUES (5); DROP TABLE a; CREATE TABLE b (x)",
        only_queries: true,
        queries: &["SELECT count(*) FROM b"],
        ..PLAIN
    },
];
