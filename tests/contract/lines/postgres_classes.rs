//! PostgreSQL's sorts of values and tables (FORMAT.md).

use super::{Class, PLAIN};

/// All of them.
pub const CLASSES: &[Class] = &[
    Class {
        name: "numbers",
        sql: "CREATE TABLE t (s SMALLINT, i INTEGER, b BIGINT, n NUMERIC, p NUMERIC(10,3), r REAL, d DOUBLE PRECISION);
              INSERT INTO t VALUES (-32768, 2147483647, 9007199254740991, 1e40, 1.50, 0.1, 0.1),
                  (NULL, NULL, 9007199254740992, 'NaN', NULL, 'NaN', '-Infinity'),
                  (0, -1, -9223372036854775808, '-Infinity', -0.001, '1e-45', '5e-324'),
                  (1, 1, 1, 0.000000000000000000000000000000000001, 1, '-0', '1.7976931348623157e308')",
        lines: &[(
            "t",
            &[
                r#"{"s":-32768,"i":2147483647,"b":9007199254740991,"n":"10000000000000000000000000000000000000000","p":"1.500","r":0.1,"d":0.1}"#,
                r#"{"s":null,"i":null,"b":"9007199254740992","n":"NaN","p":null,"r":"NaN","d":"-Infinity"}"#,
                r#"{"s":0,"i":-1,"b":"-9223372036854775808","n":"-Infinity","p":"-0.001","r":1e-45,"d":5e-324}"#,
                r#"{"s":1,"i":1,"b":1,"n":"0.000000000000000000000000000000000001","p":"1.000","r":-0,"d":1.7976931348623157e+308}"#,
            ],
        )],
        queries: &["SELECT sum(s), max(n::text), min(d), count(*) FROM t"],
        ..PLAIN
    },
    Class {
        name: "text and bytes",
        sql: "CREATE TABLE t (a TEXT, c CHAR(4), v VARCHAR(9), b BYTEA, x BOOLEAN);
              INSERT INTO t VALUES ('', 'ab', '\\N', '\\x00ff', true), (E'tab\\tline\\nback\\\\ \\r\\b\\f\\x0b', NULL, 'é🦀', '', false),
                  ('{\"$hex\":\"00\"}', '', 'NULL', NULL, NULL), (E'\\u202e\\u0001\"quote\"', 'x', '\\.', '\\\\', true)",
        lines: &[(
            "t",
            &[
                r#"{"a":"","c":"ab  ","v":"\\N","b":{"$hex":"00ff"},"x":true}"#,
                "{\"a\":\"tab\\tline\\nback\\\\ \\r\\b\\f\\u000b\",\"c\":null,\"v\":\"é🦀\",\"b\":{\"$hex\":\"\"},\"x\":false}",
                r#"{"a":"{\"$hex\":\"00\"}","c":"    ","v":"NULL","b":null,"x":null}"#,
                "{\"a\":\"\u{202e}\\u0001\\\"quote\\\"\",\"c\":\"x   \",\"v\":\"\\\\.\",\"b\":{\"$hex\":\"5c\"},\"x\":true}",
            ],
        )],
        queries: &["SELECT a, c, v, b, x FROM t ORDER BY a"],
        ..PLAIN
    },
    Class {
        name: "moments",
        sql: "CREATE TABLE t (d DATE, t TIME, z TIME WITH TIME ZONE, s TIMESTAMP, w TIMESTAMPTZ, i INTERVAL);
              INSERT INTO t VALUES ('0044-03-15 BC', '24:00', '12:00+05:30', 'infinity', '2025-07-05 21:00:00.123456+02', '1 mon -2 days 03:04:05.6'),
                  ('-infinity', '00:00:00.000001', '00:00-12', '0001-01-01 00:00 BC', '-infinity', '-1 year'),
                  ('5874897-12-31', NULL, NULL, '294276-12-31 23:59:59.999999', '4713-01-01 00:00:00+00 BC', '0')",
        lines: &[(
            "t",
            &[
                r#"{"d":"0044-03-15 BC","t":"24:00:00","z":"12:00:00+05:30","s":"infinity","w":"2025-07-05 19:00:00.123456+00","i":"1 mon -2 days +03:04:05.6"}"#,
                r#"{"d":"-infinity","t":"00:00:00.000001","z":"00:00:00-12","s":"0001-01-01 00:00:00 BC","w":"-infinity","i":"-1 years"}"#,
                r#"{"d":"5874897-12-31","t":null,"z":null,"s":"294276-12-31 23:59:59.999999","w":"4713-01-01 00:00:00+00 BC","i":"00:00:00"}"#,
            ],
        )],
        ..PLAIN
    },
    Class {
        name: "json",
        sql: "CREATE TABLE t (j JSON, b JSONB);
              INSERT INTO t VALUES ('{\"b\": 1,  \"a\":[1 ,2], \"b\":2}', '{\"b\": 1,  \"a\":[1 ,2], \"b\":2}'), (' {}', '[]'), (E'[1,\\n2]', 'null'),
                  ('\"x\"', '\"x\"'), ('1e400', '1.10'), (NULL, NULL), ('{\"$hex\":\"00\"}', '{\"$text\":\"00\"}'), ('\"\\ud83e\\udd80\"', 'true')",
        lines: &[(
            "t",
            &[
                r#"{"j":{"b": 1,  "a":[1 ,2], "b":2},"b":{"a": [1, 2], "b": 2}}"#,
                r#"{"j":" {}","b":[]}"#,
                r#"{"j":"[1,\n2]","b":"null"}"#,
                r#"{"j":"\"x\"","b":"\"x\""}"#,
                r#"{"j":"1e400","b":"1.10"}"#,
                r#"{"j":null,"b":null}"#,
                r#"{"j":{"$hex":"00"},"b":{"$text": "00"}}"#,
                r#"{"j":"\"\\ud83e\\udd80\"","b":"true"}"#,
            ],
        )],
        queries: &["SELECT j::text, b FROM t"],
        ..PLAIN
    },
    Class {
        name: "everything else",
        sql: "CREATE TYPE mood AS ENUM ('sad', 'it''s \"ok\"'); CREATE TYPE pair AS (a INTEGER, b TEXT);
              CREATE DOMAIN positive AS INTEGER CHECK (VALUE > 0); CREATE TYPE span AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi);
              CREATE TABLE t (m mood, p pair, q positive, s span, a TEXT[], n INTEGER[][], u UUID, o MONEY, b BIT(3), v BIT VARYING, x XML,
                  i INET, r INT4RANGE, e MOOD[], g POINT, f TSVECTOR, c REGCLASS, k PAIR[]);
              INSERT INTO t VALUES ('it''s \"ok\"', '(1,\"a,b\")', 7, '[1,2)', '{\"a\\\\b\",NULL,\"NULL\",\"\"}', '{{1,2},{3,4}}', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11',
                  '-12.34', '101', '1', '<a>1</a><b/>', '10.0.0.1/8', '[1,5]', '{sad}', '(1,2)', '''b'':1A ''a''', 't', '{\"(1,x)\",NULL}'),
                  (NULL, '(,)', NULL, 'empty', '{}', NULL, NULL, NULL, NULL, '', 'text', '::1', 'empty', NULL, NULL, '', NULL, NULL)",
        lines: &[(
            "t",
            &[
                r#"{"m":"it's \"ok\"","p":"(1,\"a,b\")","q":"7","s":"[1,2)","a":"{\"a\\\\b\",NULL,\"NULL\",\"\"}","n":"{{1,2},{3,4}}","u":"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11","o":"-$12.34","b":"101","v":"1","x":"<a>1</a><b/>","i":"10.0.0.1/8","r":"[1,6)","e":"{sad}","g":"(1,2)","f":"'a' 'b':1A","c":"public.t","k":"{\"(1,x)\",NULL}"}"#,
                r#"{"m":null,"p":"(,)","q":null,"s":"empty","a":"{}","n":null,"u":null,"o":null,"b":null,"v":"","x":"text","i":"::1","r":"empty","e":null,"g":null,"f":"","c":null,"k":null}"#,
            ],
        )],
        queries: &["SELECT m, p, a, x::text FROM t"],
        ..PLAIN
    },
    Class {
        name: "odd tables",
        sql: "CREATE TABLE \"Odd \"\"name\"\".x\" (\"select\" INTEGER, \"a b\" TEXT, \"ü\" INTEGER GENERATED ALWAYS AS (\"select\" * 2) STORED);
              INSERT INTO \"Odd \"\"name\"\".x\" VALUES (1, 'x');
              CREATE TABLE nothing (); INSERT INTO nothing DEFAULT VALUES; INSERT INTO nothing DEFAULT VALUES;
              CREATE TABLE made (a INTEGER GENERATED ALWAYS AS (1) STORED); INSERT INTO made DEFAULT VALUES;
              CREATE SCHEMA app; CREATE TABLE app.t (a INTEGER PRIMARY KEY); INSERT INTO app.t VALUES (7);
              CREATE TABLE gone (a INTEGER, b INTEGER, c INTEGER); ALTER TABLE gone DROP COLUMN b; INSERT INTO gone VALUES (1, 3)",
        lines: &[
            ("Odd \"name\".x", &[r#"{"select":1,"a b":"x"}"#]),
            ("nothing", &["{}", "{}"]),
            ("made", &["{}"]),
            ("app.t", &[r#"{"a":7}"#]),
            ("gone", &[r#"{"a":1,"c":3}"#]),
        ],
        queries: &["SELECT \"ü\" FROM \"Odd \"\"name\"\".x\"", "SELECT a FROM made"],
        ..PLAIN
    },
    Class {
        name: "families of tables",
        sql: "CREATE TABLE parent (a INTEGER); CREATE TABLE child (b INTEGER) INHERITS (parent); INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2, 3);
              CREATE TABLE event (at DATE NOT NULL, n INTEGER, PRIMARY KEY (at, n)) PARTITION BY RANGE (at);
              CREATE TABLE event_24 PARTITION OF event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
              CREATE TABLE event_rest PARTITION OF event DEFAULT; CREATE INDEX event_n ON event (n);
              INSERT INTO event VALUES ('2024-05-05', 1), ('2025-05-05', 2)",
        lines: &[
            ("parent", &[r#"{"a":1}"#]),
            ("child", &[r#"{"a":2,"b":3}"#]),
            ("event", &[r#"{"at":"2024-05-05","n":1}"#, r#"{"at":"2025-05-05","n":2}"#]),
        ],
        queries: &["SELECT a FROM parent ORDER BY a", "SELECT n FROM event_24", "SELECT n FROM event_rest"],
        ..PLAIN
    },
    Class {
        name: "counters",
        sql: "CREATE TABLE s (id SERIAL PRIMARY KEY, a INTEGER); CREATE TABLE i (id BIGINT GENERATED ALWAYS AS IDENTITY (START WITH 5 INCREMENT BY 5), a INTEGER);
              CREATE TABLE d (id SMALLINT GENERATED BY DEFAULT AS IDENTITY, a INTEGER);
              CREATE SEQUENCE lonely START 10 MINVALUE -5 CYCLE; CREATE SEQUENCE fresh; SELECT setval('fresh', 7, false);
              INSERT INTO s (a) VALUES (1), (2); INSERT INTO i (a) VALUES (1), (2); INSERT INTO d (a) VALUES (1); SELECT nextval('lonely')",
        lines: &[("i", &[r#"{"id":5,"a":1}"#, r#"{"id":10,"a":2}"#])],
        queries: &[
            "INSERT INTO s (a) VALUES (9) RETURNING id",
            "INSERT INTO i (a) VALUES (9) RETURNING id",
            "INSERT INTO d (a) VALUES (9) RETURNING id",
            "SELECT nextval('lonely'), nextval('fresh')",
        ],
        ..PLAIN
    },
    Class {
        name: "everything around tables",
        sql: "CREATE FUNCTION twice(n INTEGER) RETURNS INTEGER LANGUAGE sql IMMUTABLE AS 'SELECT n * 2';
              CREATE TABLE a (id INTEGER PRIMARY KEY DEFAULT twice(1), n INTEGER CHECK (twice(n) < 100), email TEXT UNIQUE DEFERRABLE, span INT4RANGE,
                  EXCLUDE USING gist (span WITH &&));
              CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER NOT NULL REFERENCES a ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED);
              ALTER TABLE a ADD COLUMN b INTEGER REFERENCES b (id);
              ALTER TABLE a ADD CONSTRAINT later CHECK (id < 1000) NOT VALID;
              CREATE UNIQUE INDEX half ON a (lower(email)) WHERE n > 0; CREATE INDEX twice ON a (twice(n));
              CREATE VIEW v AS SELECT a.id, count(*) AS n FROM a JOIN b ON b.a = a.id GROUP BY a.id; CREATE VIEW a_view AS SELECT * FROM v;
              CREATE MATERIALIZED VIEW m AS SELECT id FROM a_view; CREATE INDEX m_id ON m (id);
              CREATE FUNCTION seen() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN INSERT INTO nowhere SELECT ';'; RETURN NEW; END$$;
              CREATE TRIGGER seen AFTER INSERT ON b FOR EACH ROW EXECUTE FUNCTION seen(); ALTER TABLE b DISABLE TRIGGER seen;
              CREATE RULE no AS ON DELETE TO b DO INSTEAD NOTHING; CREATE POLICY own ON b USING (id > 0) WITH CHECK (a > 0);
              ALTER TABLE b ENABLE ROW LEVEL SECURITY; COMMENT ON TABLE a IS 'it''s a'; COMMENT ON COLUMN a.n IS 'n';
              CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION typed(x a) RETURNS SETOF b LANGUAGE sql AS 'SELECT * FROM b';
              BEGIN; INSERT INTO a VALUES (1, 1, 'x', '[1,2)', NULL); INSERT INTO b VALUES (1, 1); COMMIT; REFRESH MATERIALIZED VIEW m",
        lines: &[("b", &[r#"{"id":1,"a":1}"#])],
        queries: &[
            "SELECT id FROM m",
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE oid >= 16384 ORDER BY conname",
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY indexname",
            "SELECT tgname, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal",
            "SELECT obj_description('a'::regclass), col_description('a'::regclass, 2)",
            "SELECT relrowsecurity FROM pg_class WHERE relname = 'b'",
        ],
        ..PLAIN
    },
    Class {
        name: "what is not carried",
        sql: "CREATE TABLE t (a INTEGER, b INTEGER); CREATE STATISTICS st ON a, b FROM t; CREATE PUBLICATION pub FOR TABLE t;
              CREATE AGGREGATE agg (INTEGER) (SFUNC = int4pl, STYPE = INTEGER); GRANT SELECT ON t TO PUBLIC",
        not_included: &["pub", "pub of public.t", "aggregate public.agg(integer)"],
        ..PLAIN
    },
];
