//! Columns that change by their own definition when others do.

use crate::cli::MIGRATE;
use crate::harness::Project;
use crate::harness::databases::Database;

const TABLE: &str = "CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(20), city VARCHAR(20),
        updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP);
    INSERT INTO users VALUES (1, 'ada', NULL, '2001-01-01'), (2, 'bob', 'x', '2002-02-02');";

/// The commonest schema there is: a backfill is no loss for the time of the change that it leaves.
#[test]
fn a_backfill_of_a_table_that_notes_the_time_of_changes_is_not_refused() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    project.sql(TABLE);
    project.file(
        "migrations/1_fill.sql",
        "UPDATE users SET city = 'unknown' WHERE city IS NULL;\nALTER TABLE users ADD COLUMN role VARCHAR(9);\nUPDATE users SET role = 'member';\n",
    );
    let run = project.dbscript(&MIGRATE).go();
    let told = "`updated_at` of the rows that this changes becomes the time of the change";
    assert!(run.told().contains(told), "{}", run.told());
    let values = "SELECT count(*) FROM users WHERE role = 'member' AND updated_at > '2020-01-01' AND city IS NOT NULL";
    assert_eq!(project.value(values), "2");
}

/// Nothing else is let go by that, and neither is such a column that is written.
#[test]
fn what_else_an_update_takes_from_such_a_table_is_still_refused() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    project.sql(TABLE);
    project.sql("CREATE PROCEDURE ages() UPDATE users SET updated_at = '2003-03-03'");
    for sql in [
        "UPDATE users SET name = 'x';",
        "UPDATE users SET updated_at = '2003-03-03';",
        "UPDATE users SET city = 'unknown' WHERE city IS NULL;\nUPDATE users SET updated_at = '2003-03-03' WHERE id = 2;",
        "UPDATE users SET city = 'unknown' WHERE id = 99;\nCALL ages();",
    ] {
        project.file("migrations/1_takes.sql", sql);
        project.dbscript(&MIGRATE).status(3).go();
    }
    // A trigger of another table does it.
    project.sql("DROP PROCEDURE ages; CREATE TABLE q (id INT PRIMARY KEY);
        CREATE TRIGGER far AFTER INSERT ON q FOR EACH ROW UPDATE users SET updated_at = '2003-03-03'");
    let far = "UPDATE users SET city = 'unknown' WHERE id = 99;\nINSERT INTO q VALUES (2);";
    project.file("migrations/1_takes.sql", far);
    project.dbscript(&MIGRATE).status(3).go();
    project.sql("DROP TABLE q");
    project.sql("CREATE TRIGGER tr BEFORE UPDATE ON users FOR EACH ROW SET NEW.name = 'gone'");
    project.file(
        "migrations/1_takes.sql",
        "UPDATE users SET city = 'unknown' WHERE city IS NULL;",
    );
    let run = project.dbscript(&MIGRATE).status(3).go();
    assert!(
        run.told()
            .contains("1 of 2 rows of `users` have other values"),
        "{}",
        run.told()
    );
}

/// A function of the database that has nothing to do with the column.
#[test]
fn a_backfill_that_calls_a_function_is_not_refused() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    project.sql(TABLE);
    project.sql(
        "CREATE FUNCTION slug(s VARCHAR(99)) RETURNS VARCHAR(99) DETERMINISTIC RETURN LOWER(s)",
    );
    project.file(
        "migrations/1_fill.sql",
        "ALTER TABLE users ADD COLUMN slug VARCHAR(99);\nUPDATE users SET slug = slug(name);\n",
    );
    project.dbscript(&MIGRATE).go();
}

/// What notes the time of changes by a trigger, as PostgreSQL must and the others can.
const TRIGGERS: &[(Database, &str)] = &[
    (
        Database::Postgres,
        "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF NEW IS DISTINCT FROM OLD THEN NEW.updated_at := now() AT TIME ZONE 'utc'; END IF; RETURN NEW; END $$;
         CREATE TRIGGER tu BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();",
    ),
    (
        Database::Mysql,
        "CREATE TRIGGER tu BEFORE UPDATE ON users FOR EACH ROW SET NEW.updated_at = CURRENT_TIMESTAMP();",
    ),
    (
        Database::Sqlite,
        "CREATE TRIGGER tu AFTER UPDATE ON users BEGIN UPDATE users SET updated_at = datetime('now') WHERE id = NEW.id; END;",
    ),
];

const PLAIN: &str =
    "CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(20), city VARCHAR(20), version INT,
        updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
    INSERT INTO users VALUES (1, 'ada', NULL, 1, '2001-01-01'), (2, 'bob', 'x', 1, '2002-02-02');";

/// A backfill of the commonest schema of all: the trigger that notes the time of a change takes nothing.
#[test]
fn a_backfill_of_a_table_whose_trigger_notes_the_time_of_changes_is_not_refused() {
    for (database, trigger) in TRIGGERS {
        let Some(project) = Project::on(*database) else {
            continue;
        };
        project.sql(PLAIN).sql(trigger);
        project.file(
            "migrations/1_fill.sql",
            "CREATE TABLE roles (id INT PRIMARY KEY, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);\nALTER TABLE users ADD COLUMN role VARCHAR(9);\nUPDATE users SET role = 'member';\n",
        );
        let run = project.dbscript(&MIGRATE).go();
        let told = "`updated_at` of the rows that this changes becomes the time of the change, as the trigger `tu` says";
        assert!(run.told().contains(told), "{}", run.told());
        let values =
            "SELECT count(*) FROM users WHERE role = 'member' AND updated_at > '2020-01-01'";
        assert_eq!(project.value(values), "2");
    }
}

/// Only the time of a change is let go: whatever else a trigger writes is named, and can be allowed by that name alone.
#[test]
fn what_else_a_trigger_sets_is_refused_by_the_name_of_the_column() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    project.sql(PLAIN).sql(
        "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             NEW.updated_at = now(); NEW.version = OLD.version + 1; RETURN NEW; END $$;
         CREATE TRIGGER tu BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();",
    );
    let add = "ALTER TABLE users ADD COLUMN role text;\n";
    let update = "UPDATE users SET role = 'member';\n";
    project.file("migrations/1_fill.sql", format!("{add}{update}"));
    let run = project.dbscript(&MIGRATE).status(3).go();
    for told in [
        "the trigger `tu` sets `version` of the rows that this changes",
        "2 of 2 rows of `users` have other values in `version`",
        "update-rows(users.version)",
    ] {
        assert!(run.told().contains(told), "{told}: {}", run.told());
    }
    let allowed = "-- dbscript: allow update-rows(users.version) it counts changes\n";
    project.file("migrations/1_fill.sql", format!("{add}{allowed}{update}"));
    project.dbscript(&MIGRATE).go();
    // What is allowed for one column is not for another.
    project.sql(
        "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             SELECT 'gone' INTO NEW.name; NEW.version = OLD.version + 1; RETURN NEW; END $$",
    );
    let again = "UPDATE users SET role = 'guest' WHERE role IS NULL OR id = 1;\n";
    let allowed = "-- dbscript: allow update-rows(users.version) it counts\n-- dbscript: allow update-rows(users.role) meant\n";
    project.file("migrations/2_more.sql", format!("{allowed}{again}"));
    let run = project.dbscript(&MIGRATE).status(3).go();
    let told = "1 of 2 rows of `users` have other values in `name`";
    assert!(run.told().contains(told), "{}", run.told());
}

/// A time that is not that of the change, or that something else writes as well.
#[test]
fn a_time_that_a_trigger_makes_up_is_refused() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    for body in [
        "NEW.updated_at = '2003-03-03'; RETURN NEW;",
        "NEW.updated_at = now() - interval '1 year'; RETURN NEW;",
        "NEW.updated_at = now(); SELECT '2003-03-03' INTO NEW.updated_at; RETURN NEW;",
        "NEW.updated_at = now(); NEW = OLD; NEW.updated_at = NULL; RETURN NEW;",
        "EXECUTE 'SELECT 1'; NEW.updated_at = now(); EXECUTE 'SELECT $1::timestamp' INTO NEW.updated_at USING '2003-03-03'; RETURN NEW;",
    ] {
        project.sql(
            "DROP TABLE IF EXISTS users CASCADE; DROP FUNCTION IF EXISTS touch() CASCADE; DROP TABLE IF EXISTS _sqlx_migrations",
        );
        project.sql(PLAIN).sql(&format!(
            "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$;
             CREATE TRIGGER tu BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();"
        ));
        project.file(
            "migrations/1_fill.sql",
            "UPDATE users SET city = 'unknown' WHERE city IS NULL;\n",
        );
        let run = project.dbscript(&MIGRATE).status(3).go();
        let told = "1 of 2 rows of `users` have other values in `updated_at`";
        assert!(run.told().contains(told), "{body}: {}", run.told());
    }
}

/// A trigger that sets a time of business where the row says so: no backfill of something else may take it.
#[test]
fn a_time_of_business_that_a_trigger_sets_under_a_condition_is_refused() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    project.sql(
        "CREATE TABLE tickets (id int PRIMARY KEY, status text, priority text, closed_at timestamptz, updated_at timestamptz);
         INSERT INTO tickets SELECT g, CASE WHEN g % 2 = 0 THEN 'closed' ELSE 'open' END, NULL,
             CASE WHEN g % 2 = 0 THEN timestamptz '2020-01-01' END, '2020-01-01' FROM generate_series(1, 10) g;
         CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             NEW.updated_at := now(); IF NEW.status = 'closed' THEN NEW.closed_at := now(); END IF; RETURN NEW; END $$;
         CREATE TRIGGER stamp BEFORE UPDATE ON tickets FOR EACH ROW EXECUTE FUNCTION stamp();",
    );
    project.file(
        "migrations/1_priority.sql",
        "UPDATE tickets SET priority = 'normal' WHERE priority IS NULL;\n",
    );
    let run = project.dbscript(&MIGRATE).status(3).go();
    for told in [
        "the trigger `stamp` sets `closed_at` of the rows that this changes",
        "5 of 10 rows of `tickets` have other values in `closed_at`",
        "update-rows(tickets.closed_at)",
    ] {
        assert!(run.told().contains(told), "{told}: {}", run.told());
    }
    let kept = "SELECT count(*) FROM tickets WHERE closed_at < '2021-01-01'";
    assert_eq!(project.value(kept), "5");
}

/// What else of the set names the column, and leaves what is in it alone.
const HARMLESS: [&str; 10] = [
    "CREATE VIEW recent AS SELECT id, updated_at FROM users;",
    "CREATE INDEX users_at ON users (updated_at DESC);",
    "COMMENT ON COLUMN users.updated_at IS 'updated_at';",
    "ALTER TABLE users ALTER COLUMN updated_at SET NOT NULL, ALTER COLUMN updated_at SET DEFAULT now();",
    "ALTER TABLE users ALTER COLUMN updated_at DROP DEFAULT;",
    "CREATE TABLE z (id int PRIMARY KEY, updated_at timestamptz);
     CREATE FUNCTION z_touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at = now(); RETURN NEW; END $$;
     CREATE TRIGGER zt BEFORE UPDATE OF updated_at ON z FOR EACH ROW EXECUTE FUNCTION z_touch();",
    "CREATE OR REPLACE FUNCTION touch() RETURNS trigger AS $$ BEGIN NEW.updated_at = clock_timestamp(); RETURN NEW; END $$ LANGUAGE plpgsql;",
    "CREATE TABLE z (id int PRIMARY KEY, updated_at timestamptz);
     INSERT INTO z (id, updated_at) SELECT id, updated_at FROM users;",
    "CREATE TABLE z AS SELECT id, updated_at FROM users;",
    "CREATE TABLE audit (id int, old jsonb, updated_at timestamptz);",
];

/// What may set it, or shows which rows are met.
const HARMFUL: [&str; 8] = [
    "CREATE TABLE z (id int);\nWITH x AS (UPDATE users SET updated_at = '2003-03-03' RETURNING id) INSERT INTO z SELECT id FROM x;",
    "UPDATE users SET updated_at = '2003-03-03';",
    "DELETE FROM users WHERE updated_at < '2000-01-01';",
    "ALTER TABLE users ALTER COLUMN updated_at TYPE text;",
    "ALTER TABLE users RENAME COLUMN updated_at TO changed_at;",
    "CREATE OR REPLACE FUNCTION touch() RETURNS trigger AS $$ BEGIN NEW.updated_at = '2003-03-03'; RETURN NEW; END $$ LANGUAGE plpgsql;",
    "CREATE FUNCTION far() RETURNS void LANGUAGE plpgsql AS $$ BEGIN UPDATE users SET updated_at = '2003-03-03'; END $$;",
    "CREATE TABLE z (LIKE users); INSERT INTO z (id, updated_at) SELECT id, '2003-03-03' FROM users; ALTER TABLE users RENAME TO old; ALTER TABLE z RENAME TO users;",
];

/// A set that does more than a backfill is the rule.
#[test]
fn what_names_the_time_of_changes_and_leaves_it_alone_is_not_refused() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    let told = "have other values in `updated_at`";
    for (others, refused) in [(&HARMLESS[..], false), (&HARMFUL[..], true)] {
        for other in others {
            project.sql("DROP TABLE IF EXISTS users, old, z, audit, log CASCADE; DROP FUNCTION IF EXISTS touch, far, z_touch, audit CASCADE; DROP TABLE IF EXISTS _sqlx_migrations");
            project.sql(PLAIN).sql(
                "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at = now(); RETURN NEW; END $$;
                 CREATE TRIGGER tu BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch();
                 CREATE TABLE log (id int, old jsonb, updated_at timestamp);
                 CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                     IF to_jsonb(NEW) - 'updated_at' = to_jsonb(OLD) - 'updated_at' THEN RETURN NULL; END IF;
                     INSERT INTO log (id, old, updated_at) VALUES (NEW.id, to_jsonb(OLD), NEW.updated_at); RETURN NULL; END $$;
                 CREATE TRIGGER audit AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION audit();",
            );
            let fill =
                "ALTER TABLE users ADD COLUMN role text;\nUPDATE users SET role = 'member';\n";
            project.file("migrations/1_fill.sql", format!("{fill}{other}\n"));
            let status = if refused { 3 } else { 0 };
            let run = project.dbscript(&MIGRATE).status(status).go();
            assert!(
                refused || !run.told().contains(told),
                "{other}: {}",
                run.told()
            );
        }
    }
}

/// No note says that all is well where the run is refused for it: what is advised can be typed.
#[test]
fn a_time_of_changes_that_something_else_may_set_is_told_with_its_allowance() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    project.sql(PLAIN).sql(TRIGGERS[0].1);
    let allowed = "-- dbscript: allow update-rows(users.updated_at) why\n";
    let update = "UPDATE users SET role = 'member';\n";
    let set = |allowed: &str| {
        format!(
            "ALTER TABLE users ADD COLUMN role VARCHAR(9);\n{allowed}{update}DELETE FROM users WHERE updated_at < '2000-01-01';\n"
        )
    };
    project.file("migrations/1_fill.sql", set(""));
    let run = project.dbscript(&MIGRATE).status(3).go();
    let told = run.told();
    for expected in [
        "`updated_at` of the rows that this changes becomes the time of the change, as the trigger `tu` says; another statement or routine may set or read it",
        "if it may change, allow it: `-- dbscript: allow update-rows(users.updated_at) why` above the statement",
        "2 of 2 rows of `users` have other values in `updated_at`",
    ] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    project.file("migrations/1_fill.sql", set(allowed));
    project.dbscript(&MIGRATE).go();
}
