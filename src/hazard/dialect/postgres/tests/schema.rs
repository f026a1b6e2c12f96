//! Statements that drop, alter and create.

use super::{check, plainly};

#[test]
fn drops() {
    check(
        plainly,
        &[
            ("DROP TABLE users", &["users: drop table users"]),
            (
                "DROP TABLE IF EXISTS public.a, \"B\", c.d CASCADE;",
                &[
                    "public: drop table a cascade",
                    "\"B\": drop table B cascade",
                    "c: drop table c.d cascade",
                ],
            ),
            ("DROP DATABASE shop", &["DROP: DropDatabase(\"shop\")"]),
            (
                "DROP SCHEMA a, B CASCADE",
                &[
                    "a: DropSchema { name: \"a\", cascade: true }",
                    "B: DropSchema { name: \"b\", cascade: true }",
                ],
            ),
            ("DROP OWNED BY app", &["DROP: DropOwned(\"app\")"]),
            ("DROP VIEW v, w", &["v: drop view v", "w: drop view w"]),
            ("DROP MATERIALIZED VIEW m", &["m: drop MaterializedView m"]),
            ("DROP TYPE mood CASCADE", &["mood: drop Type mood cascade"]),
            ("DROP DOMAIN email", &["email: drop Domain email"]),
            (
                "DROP FUNCTION f(integer), g",
                &["f: drop Function f", "g: drop Function g"],
            ),
            ("DROP PROCEDURE p", &["p: drop Procedure p"]),
            ("DROP AGGREGATE a(integer)", &["a: drop Function a"]),
            ("DROP SEQUENCE s", &["s: drop Sequence s"]),
            (
                "DROP EXTENSION citext CASCADE",
                &["citext: drop Extension citext cascade"],
            ),
            ("DROP FOREIGN TABLE f", &["f: drop ForeignTable f"]),
            ("DROP POLICY p ON users", &["DROP: drop Policy p on users"]),
            ("DROP RULE r ON users", &["DROP: drop Rule r on users"]),
            (
                "DROP TRIGGER t ON users",
                &["DROP: drop trigger t on Some(TableName { schema: None, name: \"users\" })"],
            ),
            (
                "DROP INDEX CONCURRENTLY i, app.j",
                &["i: drop index i", "app: drop index app.j"],
            ),
            (
                "DROP SERVER s CASCADE",
                &[
                    "DROP: dynamic: DROP SERVER … CASCADE takes what hangs on it, which cannot be seen here",
                ],
            ),
            ("DROP ROLE app", &[]),
            (
                "TRUNCATE a, ONLY b RESTART IDENTITY CASCADE",
                &["TRUNCATE: truncate a, b cascade"],
            ),
            ("TRUNCATE TABLE \"User\"", &["TRUNCATE: truncate User"]),
        ],
    );
}

#[test]
fn every_action_of_alter_table_at_its_place() {
    check(
        plainly,
        &[
            (
                "ALTER TABLE users ADD COLUMN a text NOT NULL,\n  DROP COLUMN b CASCADE, ALTER c TYPE varchar(5) USING c::varchar(5),\n RENAME COLUMN x TO y",
                &[
                    "ADD: add column users.a text not null",
                    "DROP: drop column users.b cascade",
                    "ALTER: type users.c varchar(5) using c::varchar(5)",
                    "RENAME: rename column users.x to y",
                ],
            ),
            (
                "ALTER TABLE \"User\" ADD COLUMN \"referralCode\" TEXT NOT NULL DEFAULT 'x'",
                &["ADD: add column User.referralCode TEXT not null default 'x'"],
            ),
            (
                "ALTER TABLE t ADD a uuid DEFAULT gen_random_uuid(), ADD b timestamptz DEFAULT now(), ADD c int DEFAULT NULL",
                &[
                    "ADD: add column t.a uuid volatile default gen_random_uuid()",
                    "ADD: add column t.b timestamptz default now()",
                    "ADD: add column t.c int default NULL",
                ],
            ),
            (
                "ALTER TABLE t ADD id serial PRIMARY KEY, ADD n bigint GENERATED ALWAYS AS IDENTITY, ADD l int GENERATED ALWAYS AS (n * 2) STORED",
                &[
                    "ADD: add column t.id serial not null primary identity",
                    "ADD: add column t.n bigint not null identity",
                    "ADD: add column t.l int generated",
                ],
            ),
            (
                "ALTER TABLE t ADD p int REFERENCES parent(id) ON DELETE CASCADE CHECK (p > 0) UNIQUE",
                &["ADD: add column t.p int unique references check"],
            ),
            (
                "ALTER TABLE t ALTER a SET NOT NULL, ALTER b DROP NOT NULL, ALTER c DROP DEFAULT, ALTER d DROP IDENTITY, ALTER e DROP EXPRESSION",
                &[
                    "ALTER: alter t.a SetNotNull",
                    "ALTER: alter t.b DropNotNull",
                    "ALTER: alter t.c DropDefault",
                    "ALTER: alter t.d DropIdentity",
                    "ALTER: alter t.e DropExpression",
                ],
            ),
            (
                "ALTER TABLE t ALTER id RESTART WITH 5",
                &[
                    "ALTER: RestartSequence { name: TableName { schema: None, name: \"t\" }, column: Some(\"id\"), next: At(5) }",
                ],
            ),
        ],
    );
}

#[test]
fn constraints_partitions_and_names() {
    check(
        plainly,
        &[
            (
                "ALTER TABLE t ADD CONSTRAINT u UNIQUE NULLS NOT DISTINCT (a, b), ADD PRIMARY KEY (id), ADD UNIQUE USING INDEX i",
                &[
                    "ADD: add to t Some(\"u\") unique a,b nulls equal",
                    "ADD: add to t None primary id",
                    "ADD: add to t None using i",
                ],
            ),
            (
                "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a, b) REFERENCES app.p (x, y) ON DELETE SET NULL NOT VALID, ADD CHECK (a > 0), ADD CONSTRAINT e EXCLUDE USING gist (room WITH =, during WITH &&)",
                &[
                    "ADD: add to t Some(\"f\") references app.p a,b->x,y SET NULL not valid",
                    "ADD: add to t None check a > 0",
                    "ADD: add to t Some(\"e\") exclude [(\"room\", \"=\"), (\"during\", \"&&\")]",
                ],
            ),
            (
                "ALTER TABLE t VALIDATE CONSTRAINT f, DROP CONSTRAINT IF EXISTS g CASCADE",
                &[
                    "VALIDATE: ValidateConstraint { table: TableName { schema: None, name: \"t\" }, name: \"f\" }",
                    "DROP: DropConstraint { table: TableName { schema: None, name: \"t\" }, name: \"g\", kind: Unknown, cascade: true }",
                ],
            ),
            (
                "ALTER TABLE a RENAME TO b",
                &["RENAME: rename table a to b"],
            ),
            (
                "ALTER TABLE app.a SET SCHEMA old",
                &["SET: move app.a to old"],
            ),
            (
                "ALTER TABLE a SET UNLOGGED",
                &["SET: SetUnlogged(TableName { schema: None, name: \"a\" })"],
            ),
            (
                "ALTER TABLE m ATTACH PARTITION m1 FOR VALUES FROM (1) TO (10)",
                &["ATTACH: attach m1 to m FOR VALUES FROM (1) TO (10)"],
            ),
            (
                "ALTER TABLE m DETACH PARTITION m1 CONCURRENTLY",
                &["DETACH: detach m1 from m"],
            ),
            ("ALTER TABLE c NO INHERIT p", &["NO: detach c from p"]),
            (
                "ALTER TABLE a DISABLE ROW LEVEL SECURITY, DISABLE TRIGGER ALL",
                &[
                    "DISABLE: weaker: row level security of `a` is switched off",
                    "DISABLE: weaker: trigger ALL of `a` is switched off",
                ],
            ),
        ],
    );
}

#[test]
fn everything_else_that_is_altered() {
    check(
        plainly,
        &[
            ("ALTER TYPE mood ADD VALUE 'sad' AFTER 'ok'", &[]),
            (
                "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'",
                &[
                    "ALTER: RenameObject { kind: Type, name: TableName { schema: Some(\"mood\"), name: \"sad\" }, to: \"blue\" }",
                ],
            ),
            (
                "ALTER TYPE \"Role_new\" RENAME TO \"Role\"",
                &[
                    "ALTER: RenameObject { kind: Type, name: TableName { schema: None, name: \"Role_new\" }, to: \"Role\" }",
                ],
            ),
            (
                "ALTER TYPE pair DROP ATTRIBUTE a CASCADE",
                &[
                    "DROP: DropAttribute { type_name: TableName { schema: None, name: \"pair\" }, attribute: \"a\", cascade: true }",
                ],
            ),
            (
                "ALTER DOMAIN email ADD CONSTRAINT c CHECK (VALUE LIKE '%@%') NOT VALID",
                &[
                    "ADD: DomainRule { domain: TableName { schema: None, name: \"email\" }, check: Some(\"VALUE LIKE '%@%'\"), not_valid: true }",
                ],
            ),
            (
                "ALTER DOMAIN email SET NOT NULL",
                &[
                    "SET: DomainRule { domain: TableName { schema: None, name: \"email\" }, check: None, not_valid: false }",
                ],
            ),
            (
                "ALTER SEQUENCE s RESTART WITH 10",
                &[
                    "RESTART: RestartSequence { name: TableName { schema: None, name: \"s\" }, column: None, next: At(10) }",
                ],
            ),
            ("ALTER SEQUENCE s OWNED BY t.id", &[]),
            (
                "ALTER VIEW v RENAME TO w",
                &[
                    "RENAME: RenameObject { kind: View, name: TableName { schema: None, name: \"v\" }, to: \"w\" }",
                ],
            ),
            (
                "ALTER FUNCTION f(integer) RENAME TO g",
                &[
                    "RENAME: RenameObject { kind: Function, name: TableName { schema: None, name: \"f\" }, to: \"g\" }",
                ],
            ),
            (
                "ALTER SCHEMA a RENAME TO b",
                &[
                    "RENAME: RenameObject { kind: Schema, name: TableName { schema: None, name: \"a\" }, to: \"b\" }",
                ],
            ),
            (
                "REVOKE SELECT ON users FROM app",
                &["REVOKE: weaker: rights are taken away: REVOKE SELECT ON users FROM app"],
            ),
        ],
    );
}

#[test]
fn what_is_created() {
    check(
        plainly,
        &[
            (
                "CREATE TABLE IF NOT EXISTS app.t (id int PRIMARY KEY, name text NOT NULL, UNIQUE (name))",
                &["CREATE: create table app.t if missing (id, name)"],
            ),
            (
                "CREATE TEMP TABLE t (id int)",
                &["CREATE: create temporary table t (id)"],
            ),
            (
                "CREATE UNLOGGED TABLE t (LIKE u INCLUDING ALL)",
                &["CREATE: create table t ()"],
            ),
            (
                "CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1)",
                &["CREATE: create table p1 ()"],
            ),
            (
                "CREATE TABLE c (x int) INHERITS (p)",
                &["CREATE: create table c (x)"],
            ),
            (
                "CREATE TABLE t AS SELECT * FROM users",
                &["CREATE: create table t () as"],
            ),
            (
                "SELECT * INTO backup FROM users",
                &["SELECT: create table backup () as"],
            ),
            (
                "CREATE UNIQUE INDEX i ON app.t (lower(a), b DESC) INCLUDE (c) WHERE d IS NULL",
                &[
                    "CREATE: create unique index app.i on app.t [\"lower(a)\", \"b\"] where d IS NULL",
                ],
            ),
            (
                "CREATE INDEX ON t USING gin (tags)",
                &["CREATE: create index  on t [\"tags\"]"],
            ),
            (
                "CREATE OR REPLACE VIEW v AS SELECT 1",
                &["CREATE: create view v"],
            ),
            (
                "CREATE TRIGGER g BEFORE INSERT OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION f()",
                &[
                    "CREATE: create trigger g on t INSERT [\"call f\"]",
                    "CREATE: create trigger g on t DELETE [\"call f\"]",
                ],
            ),
            (
                "CREATE TYPE \"Role\" AS ENUM ('USER', 'it''s')",
                &[
                    "CREATE: CreateObject { kind: Type, name: TableName { schema: None, name: \"Role\" }, values: [\"USER\", \"it's\"] }",
                ],
            ),
            (
                "CREATE SCHEMA app CREATE TABLE t (id int)",
                &[
                    "CREATE: CreateObject { kind: Schema, name: TableName { schema: None, name: \"app\" }, values: [] }",
                    "CREATE: create table app.t (id)",
                ],
            ),
        ],
    );
}
