DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rich_reader') THEN CREATE ROLE rich_reader; END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'Rich "owner"') THEN CREATE ROLE "Rich ""owner"""; END IF;
EXCEPTION WHEN unique_violation OR duplicate_object THEN NULL;
END $$;
CREATE SCHEMA app AUTHORIZATION "Rich ""owner""";
CREATE SCHEMA extra;
CREATE EXTENSION hstore WITH SCHEMA extra;
CREATE EXTENSION citext;
CREATE EXTENSION btree_gist WITH SCHEMA extra;
CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TYPE mood AS ENUM ('sad', 'it''s "ok"', 'glad');
CREATE TYPE app.pair AS (a INTEGER, b TEXT COLLATE "C");
CREATE TYPE span AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi, MULTIRANGE_TYPE_NAME = spans);
CREATE TYPE words AS RANGE (SUBTYPE = text, COLLATION = "C");
CREATE DOMAIN positive AS INTEGER DEFAULT 1 NOT NULL CONSTRAINT above_zero CHECK (VALUE > 0);
CREATE DOMAIN app.code AS VARCHAR(9) COLLATE "C" CHECK (VALUE ~ '^[a-z]+$');
CREATE FUNCTION app.next_code() RETURNS TEXT LANGUAGE sql VOLATILE AS $$ SELECT 'code'::text $$;
CREATE FUNCTION twice(n INTEGER, OUT m INTEGER) LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 5 AS 'SELECT n * 2';
CREATE FUNCTION secret() RETURNS INTEGER LANGUAGE sql SECURITY DEFINER SET search_path = '' AS 'SELECT 1';
CREATE PROCEDURE app.tidy(INOUT n INTEGER) LANGUAGE plpgsql AS $_$ BEGIN n := n + 1; END $_$;
CREATE SEQUENCE app.numbers AS SMALLINT START 5 INCREMENT 3 MAXVALUE 900 CACHE 2 CYCLE;
SELECT nextval('app.numbers');

CREATE TABLE customers (
    id BIGINT GENERATED ALWAYS AS IDENTITY (START WITH 10 INCREMENT BY 5) PRIMARY KEY,
    "Name ""x""" TEXT COLLATE nocase NOT NULL DEFAULT 'no''body',
    email citext UNIQUE,
    feeling mood DEFAULT 'sad' NOT NULL,
    code app.code DEFAULT app.next_code(),
    number positive NOT NULL,
    pair app.pair,
    at span,
    tags extra.hstore,
    doubled INTEGER GENERATED ALWAYS AS (twice(3)) STORED,
    note TEXT,
    CONSTRAINT no_long_names CHECK (length("Name ""x""") < 100)
) WITH (fillfactor = 70, toast.autovacuum_enabled = false);
ALTER TABLE customers ALTER note SET STORAGE EXTERNAL, ALTER note SET STATISTICS 500, ALTER number SET (n_distinct = 9);
ALTER TABLE customers ALTER note SET COMPRESSION pglz;
ALTER TABLE customers ADD CONSTRAINT old_rows_too CHECK (number < 1000) NOT VALID;
CREATE UNIQUE INDEX "By name" ON customers (lower("Name ""x""") DESC NULLS LAST) INCLUDE (feeling) WITH (fillfactor = 80) WHERE note IS NOT NULL;
CREATE UNIQUE INDEX known_by ON customers (number);
ALTER TABLE customers REPLICA IDENTITY USING INDEX known_by;
ALTER TABLE customers CLUSTER ON known_by;
CREATE STATISTICS app.together (dependencies, ndistinct) ON number, feeling FROM customers;
ALTER STATISTICS app.together SET STATISTICS 77;
CREATE INDEX on_twice ON customers (twice(number));
ALTER INDEX on_twice ALTER COLUMN 1 SET STATISTICS 33;
INSERT INTO customers ("Name ""x""", email, number, pair, at, tags) VALUES ('Ada', 'a@x', 1, '(1,b)', '[1,2)', 'a=>1'), ('Bob', 'b@x', 2, NULL, NULL, NULL);

CREATE TABLE app.orders (
    id SERIAL PRIMARY KEY,
    customer BIGINT,
    during TSRANGE,
    words TSVECTOR,
    EXCLUDE USING gist (customer WITH =, during WITH &&) DEFERRABLE INITIALLY DEFERRED
);
ALTER TABLE app.orders ADD CONSTRAINT "to customer" FOREIGN KEY (customer) REFERENCES customers ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE;
ALTER TABLE app.orders REPLICA IDENTITY FULL;
CREATE INDEX ON app.orders USING gin (words);
INSERT INTO app.orders (customer) VALUES (10), (15), (NULL);
UPDATE app.orders SET customer = NULL WHERE id = 2;

CREATE TABLE events (at DATE NOT NULL, n INTEGER, kind TEXT DEFAULT 'x', PRIMARY KEY (at, n)) PARTITION BY RANGE (at);
CREATE TABLE events_24 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (n);
CREATE TABLE events_24_one PARTITION OF events_24 FOR VALUES IN (1);
CREATE TABLE app.events_rest PARTITION OF events DEFAULT WITH (fillfactor = 50);
ALTER TABLE events_24_one ALTER kind SET DEFAULT 'one', ALTER kind SET NOT NULL;
ALTER TABLE app.events_rest ADD CONSTRAINT small CHECK (n < 1000);
CREATE INDEX by_kind ON events (kind);
CREATE INDEX only_rest ON app.events_rest (n) WHERE n > 5;
COMMENT ON INDEX events_24_one_kind_idx IS 'made for its parent';
CREATE TABLE refers (at DATE, n INTEGER, FOREIGN KEY (at, n) REFERENCES events);
INSERT INTO events VALUES ('2024-05-05', 1), ('2026-01-01', 7);

CREATE TABLE base (id INTEGER PRIMARY KEY, a TEXT DEFAULT 'base', CHECK (id > 0));
CREATE TABLE derived (b TEXT, PRIMARY KEY (id)) INHERITS (base);
ALTER TABLE derived ALTER a SET DEFAULT 'derived';
INSERT INTO base VALUES (1); INSERT INTO derived VALUES (2);
CREATE UNLOGGED TABLE quick (a INTEGER);
CREATE TABLE typed OF app.pair (PRIMARY KEY (a));

CREATE VIEW z_first WITH (security_barrier = true) AS SELECT id, "Name ""x""" AS name, feeling FROM customers WHERE number > 0 WITH LOCAL CHECK OPTION;
CREATE VIEW a_second AS SELECT id, name FROM z_first;
ALTER VIEW a_second ALTER COLUMN name SET DEFAULT 'new';
CREATE MATERIALIZED VIEW counted AS SELECT feeling, count(*) AS people FROM z_first GROUP BY feeling;
CREATE UNIQUE INDEX ON counted (feeling);
CREATE MATERIALIZED VIEW empty AS SELECT 1 AS one WITH NO DATA;
CREATE RECURSIVE VIEW numbers_to_ten (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM numbers_to_ten WHERE n < 10;
CREATE FUNCTION rows_of() RETURNS SETOF customers LANGUAGE sql AS 'SELECT * FROM public.customers';

CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := TG_NAME; RETURN NEW; END $$;
CREATE TRIGGER "Note it" BEFORE INSERT OR UPDATE OF note ON customers FOR EACH ROW WHEN (NEW.number > 3) EXECUTE FUNCTION note();
CREATE TRIGGER off BEFORE DELETE ON customers FOR EACH ROW EXECUTE FUNCTION note();
ALTER TABLE customers DISABLE TRIGGER off;
CREATE CONSTRAINT TRIGGER later AFTER DELETE ON app.orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER through INSTEAD OF INSERT ON a_second FOR EACH ROW EXECUTE FUNCTION note();
CREATE RULE quiet AS ON DELETE TO quick DO INSTEAD NOTHING;
CREATE RULE told AS ON INSERT TO quick DO ALSO NOTIFY told;
ALTER TABLE quick DISABLE RULE told;
ALTER TABLE customers ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON customers AS RESTRICTIVE FOR UPDATE TO rich_reader USING (number > 1) WITH CHECK (number < 9);
CREATE POLICY all_of_them ON customers;

COMMENT ON SCHEMA app IS 'the app';
COMMENT ON TABLE customers IS 'it''s \ them';
COMMENT ON COLUMN customers."Name ""x""" IS 'a name';
COMMENT ON CONSTRAINT no_long_names ON customers IS 'a check';
COMMENT ON CONSTRAINT above_zero ON DOMAIN positive IS 'a domain check';
COMMENT ON DOMAIN positive IS 'a domain';
COMMENT ON TYPE app.pair IS 'a pair';
COMMENT ON COLUMN app.pair.a IS 'its first';
COMMENT ON FUNCTION twice(INTEGER) IS 'a function';
COMMENT ON PROCEDURE app.tidy(INTEGER) IS 'a procedure';
COMMENT ON TRIGGER "Note it" ON customers IS 'a trigger';
COMMENT ON RULE quiet ON quick IS 'a rule';
COMMENT ON POLICY own ON customers IS 'a policy';
COMMENT ON INDEX "By name" IS 'an index';
COMMENT ON SEQUENCE app.numbers IS 'a sequence';
COMMENT ON VIEW a_second IS 'a view';
COMMENT ON MATERIALIZED VIEW counted IS 'a materialized view';
COMMENT ON COLLATION nocase IS 'a collation';
COMMENT ON STATISTICS app.together IS 'statistics';

ALTER TABLE app.orders OWNER TO "Rich ""owner""";
ALTER TABLE events_24_one OWNER TO rich_reader;
ALTER VIEW a_second OWNER TO "Rich ""owner""";
ALTER TYPE mood OWNER TO "Rich ""owner""";
ALTER FUNCTION secret() OWNER TO "Rich ""owner""";
ALTER SEQUENCE app.numbers OWNER TO "Rich ""owner""";
GRANT USAGE ON SCHEMA app TO rich_reader;
REVOKE CREATE ON SCHEMA app FROM "Rich ""owner""";
GRANT CREATE ON SCHEMA public TO "Rich ""owner""";
GRANT SELECT, INSERT ON customers TO rich_reader WITH GRANT OPTION;
GRANT UPDATE ON customers TO rich_reader;
GRANT SELECT ON z_first TO PUBLIC;
GRANT SELECT (id, customer), UPDATE (during) ON app.orders TO rich_reader;
REVOKE DELETE ON app.orders FROM "Rich ""owner""";
GRANT USAGE ON SEQUENCE app.numbers TO rich_reader;
GRANT SELECT ON SEQUENCE app.orders_id_seq TO rich_reader;
GRANT USAGE ON SEQUENCE customers_id_seq TO rich_reader;
REVOKE EXECUTE ON FUNCTION secret() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION secret() TO rich_reader;
GRANT EXECUTE ON PROCEDURE app.tidy(INTEGER) TO rich_reader;
REVOKE USAGE ON TYPE mood FROM PUBLIC;
GRANT USAGE ON DOMAIN positive TO rich_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE "Rich ""owner""" IN SCHEMA app GRANT SELECT ON TABLES TO rich_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO rich_reader;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- A rule of several commands, a body in SQL, and an heir whose columns stand in an order of their own.
CREATE TABLE shelf (id INTEGER NOT NULL, label TEXT DEFAULT 'x');
CREATE RULE twice AS ON INSERT TO shelf DO ALSO (UPDATE shelf SET label = ';' WHERE false; DELETE FROM shelf WHERE false);
CREATE FUNCTION shelves(x INTEGER) RETURNS INTEGER LANGUAGE sql
    BEGIN ATOMIC SELECT CASE WHEN x > 0 THEN 1 END; SELECT x + count(*)::INTEGER FROM shelf; END;
CREATE TABLE shelf_part (label TEXT, more INTEGER, id INTEGER NOT NULL);
ALTER TABLE shelf_part INHERIT shelf;
INSERT INTO shelf_part VALUES ('a', 2, 1);
CREATE TABLE shelf_plain (other INTEGER) INHERITS (shelf);

-- Triggers whose state on a partition is not that of its table.
CREATE TABLE watched (a INTEGER) PARTITION BY LIST (a);
CREATE TABLE watched_one PARTITION OF watched FOR VALUES IN (1);
CREATE TABLE watched_two PARTITION OF watched FOR VALUES IN (2);
CREATE FUNCTION watching() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER watches AFTER INSERT ON watched FOR EACH ROW EXECUTE FUNCTION watching();
CREATE TRIGGER sleeps AFTER INSERT ON watched FOR EACH ROW EXECUTE FUNCTION watching();
ALTER TABLE watched_one DISABLE TRIGGER watches;
ALTER TABLE watched_two ENABLE REPLICA TRIGGER watches;
ALTER TABLE watched DISABLE TRIGGER sleeps;
ALTER TABLE watched_two ENABLE TRIGGER sleeps;
