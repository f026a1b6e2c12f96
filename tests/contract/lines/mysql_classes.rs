//! What MySQL and MariaDB can hold. Names that begin with `mariadb` are asked of MariaDB alone.

use super::{Class, PLAIN};

pub const CLASSES: &[Class] = &[
    Class {
        name: "numbers",
        sql: "CREATE TABLE t (id INT PRIMARY KEY, ti TINYINT(1), bu BIGINT UNSIGNED, z INT(5) UNSIGNED ZEROFILL,
                  f FLOAT, d DOUBLE, n DECIMAL(20, 4), b BIT(10));
              INSERT INTO t VALUES (1, 1, 18446744073709551615, 7, 0.1, 0.1, 1.5, b'1000000001'),
                  (2, -128, 9007199254740991, 0, 16777216, 1e300, -0.0001, 0),
                  (3, 0, 9007199254740992, 0, 3.402823e38, 2.2250738585072014e-308, 0, 1023),
                  (4, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
        lines: &[(
            "t",
            &[
                r#"{"id":1,"ti":1,"bu":"18446744073709551615","z":7,"f":0.10000000149011612,"d":0.1,"n":"1.5000","b":{"$hex":"0201"}}"#,
                r#"{"id":2,"ti":-128,"bu":9007199254740991,"z":0,"f":16777216.0,"d":1e300,"n":"-0.0001","b":{"$hex":"0000"}}"#,
                r#"{"id":3,"ti":0,"bu":"9007199254740992","z":0,"f":3.4028230607370965e38,"d":2.2250738585072014e-308,"n":"0.0000","b":{"$hex":"03ff"}}"#,
                r#"{"id":4,"ti":null,"bu":null,"z":null,"f":null,"d":null,"n":null,"b":null}"#,
            ],
        )],
        queries: &["SELECT f, d, n, b, z FROM t ORDER BY id"],
        ..PLAIN
    },
    Class {
        name: "numbers and times at their ends",
        sql: "CREATE TABLE t (id INT PRIMARY KEY, n DECIMAL(65, 30), d DOUBLE, f FLOAT, ti TIME(6), s SMALLINT UNSIGNED);
              INSERT INTO t VALUES (1, -99999999999999999999999999999999999.999999999999999999999999999999, 0.0e0, 1.17549435e-38,
                      '838:59:59.000000', 65535),
                  (2, 0.000000000000000000000000000001, 4.9406564584124654e-324, 16777217, '-00:00:00.000001', 0),
                  (3, 0, 1.7976931348623157e308, -1e-3, '24:00:00', 1)",
        lines: &[(
            "t",
            &[
                r#"{"id":1,"n":"-99999999999999999999999999999999999.999999999999999999999999999999","d":0.0,"f":1.1754943508222875e-38,"ti":"838:59:59.000000","s":65535}"#,
                r#"{"id":2,"n":"0.000000000000000000000000000001","d":5e-324,"f":16777216.0,"ti":"-00:00:00.000001","s":0}"#,
                r#"{"id":3,"n":"0.000000000000000000000000000000","d":1.7976931348623157e308,"f":-0.0010000000474974513,"ti":"24:00:00.000000","s":1}"#,
            ],
        )],
        queries: &["SELECT n, f, ti, d FROM t ORDER BY id"],
        ..PLAIN
    },
    Class {
        name: "names, engines and tables without a key",
        sql: "CREATE TABLE `a.b%c``d` (`x.y` INT, `100%` INT, `tick``s` INT); INSERT INTO `a.b%c``d` VALUES (1, 2, 3), (1, 2, 3);
              CREATE TABLE Users (a INT); CREATE TABLE users (a VARCHAR(3) CHARACTER SET utf8mb3);
              INSERT INTO Users VALUES (1); INSERT INTO users VALUES ('ß€x');
              CREATE TABLE plain (a INT) ENGINE = MyISAM; INSERT INTO plain VALUES (7)",
        lines: &[
            (
                "a.b%c`d",
                &[r#"{"x.y":1,"100%":2,"tick`s":3}"#, r#"{"x.y":1,"100%":2,"tick`s":3}"#],
            ),
            ("Users", &[r#"{"a":1}"#]),
            ("users", &[r#"{"a":"ß€x"}"#]),
            ("plain", &[r#"{"a":7}"#]),
        ],
        ..PLAIN
    },
    Class {
        name: "texts",
        sql: r"CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(20), l VARCHAR(9) CHARACTER SET latin1, c CHAR(4), m MEDIUMTEXT);
               INSERT INTO t VALUES (1, 'it''s \\ 🦀', 'é', 'x  ', 'a\nb\r\t'), (2, '', '', '', 'nul\0'), (3, '<%_>', NULL, 'é', '\Z')",
        lines: &[(
            "t",
            &[
                r#"{"id":1,"a":"it's \\ 🦀","l":"é","c":"x","m":"a\nb\r\t"}"#,
                r#"{"id":2,"a":"","l":"","c":"","m":{"$text":"6e756c00"}}"#,
                r#"{"id":3,"a":"<%_>","l":null,"c":"é","m":"\u001a"}"#,
            ],
        )],
        queries: &["SELECT HEX(a), HEX(l), HEX(m) FROM t ORDER BY id"],
        ..PLAIN
    },
    Class {
        name: "bytes",
        sql: "CREATE TABLE t (id INT PRIMARY KEY, b BINARY(4), v VARBINARY(9), l LONGBLOB, g POINT);
              INSERT INTO t VALUES (1, 'ab', 'a\\0', x'00ff27', ST_GeomFromText('POINT(1 2)')), (2, NULL, '', '', NULL)",
        lines: &[(
            "t",
            &[
                r#"{"id":1,"b":{"$hex":"61620000"},"v":{"$hex":"6100"},"l":{"$hex":"00ff27"},"g":{"$hex":"000000000101000000000000000000f03f0000000000000040"}}"#,
                r#"{"id":2,"b":null,"v":{"$hex":""},"l":{"$hex":""},"g":null}"#,
            ],
        )],
        queries: &["SELECT ST_AsText(g) FROM t ORDER BY id"],
        ..PLAIN
    },
    Class {
        name: "times, real and impossible",
        sql: "SET sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+02:00';
              CREATE TABLE t (id INT PRIMARY KEY, d DATE, dt DATETIME(3), ts TIMESTAMP(6) NULL, ti TIME(2), y YEAR);
              INSERT INTO t VALUES (1, '2024-02-29', '2024-02-29 12:30:00.125', '2024-01-01 02:00:00.000001', '-838:59:59', 2024),
                  (2, '0000-00-00', '2024-02-30 00:00:00', '0000-00-00 00:00:00', '00:00:00.5', 0),
                  (3, '2024-00-10', '0000-00-00 00:00:00', NULL, NULL, NULL)",
        lines: &[(
            "t",
            &[
                r#"{"id":1,"d":"2024-02-29","dt":"2024-02-29 12:30:00.125","ts":"2024-01-01 00:00:00.000001","ti":"-838:59:59.00","y":"2024"}"#,
                r#"{"id":2,"d":"0000-00-00","dt":"2024-02-30 00:00:00.000","ts":"0000-00-00 00:00:00.000000","ti":"00:00:00.50","y":"0000"}"#,
                r#"{"id":3,"d":"2024-00-10","dt":"0000-00-00 00:00:00.000","ts":null,"ti":null,"y":null}"#,
            ],
        )],
        queries: &["SELECT d, dt, ts, ti, y FROM t ORDER BY id"],
        ..PLAIN
    },
    Class {
        name: "choices",
        sql: "SET sql_mode = '';
              CREATE TABLE t (id INT PRIMARY KEY, e ENUM('a', '', '0'), s SET('x', 'y'));
              INSERT INTO t VALUES (1, 'a', 'x,y'), (2, '', ''), (3, 99, 'y'), (4, NULL, NULL), (5, '0', 'x')",
        lines: &[(
            "t",
            &[
                r#"{"id":1,"e":"a","s":"x,y"}"#,
                r#"{"id":2,"e":"","s":""}"#,
                r#"{"id":3,"e":{"$enum":0},"s":"y"}"#,
                r#"{"id":4,"e":null,"s":null}"#,
                r#"{"id":5,"e":"0","s":"x"}"#,
            ],
        )],
        queries: &["SELECT e + 0, s + 0 FROM t ORDER BY id"],
        ..PLAIN
    },
    Class {
        name: "JSON",
        sql: r#"CREATE TABLE t (id INT PRIMARY KEY, j JSON);
                INSERT INTO t VALUES (1, '{"k": [1, "é"]}'), (2, 'null'), (3, NULL), (4, '"text"'), (5, '[]')"#,
        lines: &[(
            "t",
            &[
                r#"{"id":1,"j":{"k": [1, "é"]}}"#,
                r#"{"id":2,"j":"null"}"#,
                r#"{"id":3,"j":null}"#,
                r#"{"id":4,"j":"\"text\""}"#,
                r#"{"id":5,"j":[]}"#,
            ],
        )],
        ..PLAIN
    },
    Class {
        name: "mariadb: JSON as it was written",
        sql: "CREATE TABLE t (id INT PRIMARY KEY, j JSON);
              INSERT INTO t VALUES (1, ' {\"k\":1}'), (2, '[1,\\n2]'), (3, '{\"k\":1,  \"k\":2}')",
        lines: &[(
            "t",
            &[
                r#"{"id":1,"j":" {\"k\":1}"}"#,
                r#"{"id":2,"j":"[1,\n2]"}"#,
                r#"{"id":3,"j":{"k":1,  "k":2}}"#,
            ],
        )],
        ..PLAIN
    },
    Class {
        name: "generated columns, keys, counters, routines, views, triggers, events",
        sql: "SET sql_mode = 'ANSI_QUOTES';
              CREATE TABLE parent (id INT PRIMARY KEY AUTO_INCREMENT, a INT, twice INT AS (a * 2) STORED, more INT AS (a + 1) VIRTUAL,
                  note VARCHAR(30) NOT NULL DEFAULT 'it''s' COMMENT 'AUTO_INCREMENT=9', UNIQUE KEY (note), CHECK (a < 100)) COMMENT='x';
              CREATE TABLE child (id INT PRIMARY KEY, parent_id INT, self_id INT,
                  CONSTRAINT \"to parent\" FOREIGN KEY (parent_id) REFERENCES parent (id) ON DELETE CASCADE,
                  FOREIGN KEY (self_id) REFERENCES child (id) ON UPDATE SET NULL);
              INSERT INTO parent (a, note) VALUES (1, 'a'), (2, 'b'), (3, 'c'); DELETE FROM parent WHERE a = 3;
              INSERT INTO child VALUES (2, 2, NULL), (1, 1, 2);
              CREATE VIEW b_view AS SELECT id, note FROM parent;
              CREATE VIEW a_view AS SELECT b_view.id FROM b_view JOIN child ON child.parent_id = b_view.id;
              SET sql_mode = 'PIPES_AS_CONCAT';
              CREATE FUNCTION joined(x VARCHAR(9)) RETURNS VARCHAR(20) DETERMINISTIC BEGIN RETURN x || '!'; END;
              CREATE PROCEDURE both_of() BEGIN SELECT 1; SELECT ';'; END;
              CREATE TRIGGER shout BEFORE INSERT ON parent FOR EACH ROW BEGIN SET NEW.note = NEW.note || '!'; SET @x = 1; END;
              CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DO DELETE FROM child WHERE id < 0",
        lines: &[
            ("parent", &[r#"{"id":1,"a":1,"note":"a"}"#, r#"{"id":2,"a":2,"note":"b"}"#]),
            ("child", &[r#"{"id":1,"parent_id":1,"self_id":2}"#, r#"{"id":2,"parent_id":2,"self_id":null}"#]),
        ],
        queries: &[
            "SELECT twice, more FROM parent ORDER BY id",
            "SELECT * FROM a_view ORDER BY id",
            "SELECT joined('a')",
            "INSERT INTO parent (a, note) VALUES (9, 'z')",
            "SELECT id, note FROM parent WHERE a = 9",
        ],
        ..PLAIN
    },
    Class {
        name: "mariadb: sequences, hidden columns, history, other types",
        sql: "CREATE SEQUENCE numbers START WITH 5 INCREMENT BY 2 CACHE 2;
              CREATE TABLE t (id INT PRIMARY KEY DEFAULT NEXT VALUE FOR numbers, hidden INT INVISIBLE DEFAULT 7, u UUID, i INET6);
              INSERT INTO t (u, i) VALUES ('123e4567-e89b-12d3-a456-426655440000', '::1');
              INSERT INTO t (id, hidden) VALUES (1, 9);
              CREATE TABLE kept (a INT) WITH SYSTEM VERSIONING; INSERT INTO kept VALUES (1); UPDATE kept SET a = 2",
        lines: &[
            (
                "t",
                &[
                    r#"{"id":1,"hidden":9,"u":null,"i":null}"#,
                    r#"{"id":5,"hidden":7,"u":"123e4567-e89b-12d3-a456-426655440000","i":"::1"}"#,
                ],
            ),
            ("kept", &[r#"{"a":2}"#]),
        ],
        not_included: &["kept"],
        ..PLAIN
    },
];
