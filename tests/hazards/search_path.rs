//! Names without a schema mean on PostgreSQL what the session that migrates finds, in every schema it searches.

use crate::harness::Project;
use crate::harness::databases::Database;

/// A database whose sessions search `first` before `public`, where the rows are.
fn searching(first: &str) -> Option<Project> {
    let project = Project::on(Database::Postgres)?;
    let name = project.value("SELECT current_database()");
    let set = match first {
        // The schema that is called as the user is, which is searched without a word.
        "$user" => "CREATE SCHEMA AUTHORIZATION CURRENT_USER".to_owned(),
        first => format!(
            "CREATE SCHEMA {first}; ALTER DATABASE \"{name}\" SET search_path = {first}, public"
        ),
    };
    project.sql(&set);
    project.sql("CREATE TABLE public.prices (id int PRIMARY KEY, amount numeric(10, 4), note text);
        CREATE TABLE public.lines (id int PRIMARY KEY, price int REFERENCES public.prices ON DELETE CASCADE);
        INSERT INTO public.prices VALUES (1, 1.2345, 'keep'), (2, 99.9999, 'this'); INSERT INTO public.lines VALUES (1, 1);");
    Some(project)
}

fn migrate(project: &Project, sql: &str, more: &[&str], status: i32) -> String {
    project.file("migrations/1_a.sql", sql);
    let words = [&["run", "safe-migration", "--yes"], more].concat();
    project.dbscript(&words).status(status).go().told()
}

#[test]
fn a_table_of_the_second_schema_is_seen_by_the_lint() {
    for first in ["$user", "billing"] {
        let Some(project) = searching(first) else {
            return;
        };
        for (sql, rule) in [
            ("DROP TABLE lines;", "drop-table(lines)"),
            ("DELETE FROM prices;", "delete-rows(prices)"),
            ("UPDATE prices SET note = 'x';", "update-rows(prices)"),
            ("TRUNCATE prices CASCADE;", "truncate(prices)"),
            (
                "ALTER TABLE prices ALTER amount TYPE int;",
                "narrow-type(prices.amount)",
            ),
            (
                "ALTER TABLE prices RENAME TO old; DROP TABLE old CASCADE;",
                "drop-table(old)",
            ),
            (
                "SET search_path TO public; DELETE FROM lines;",
                "delete-rows(lines)",
            ),
            (
                "CREATE TABLE copied AS SELECT 1 AS id; DELETE FROM lines;",
                "delete-rows(lines)",
            ),
        ] {
            let told = migrate(&project, sql, &["--rehearse", "off"], 3);
            assert!(told.contains(rule), "{first}: {sql}: {told}");
        }
        assert_eq!(project.value("SELECT count(*) FROM public.prices"), "2");
    }
}

/// A body may say itself where its names are looked for.
#[test]
fn a_search_path_that_a_body_sets_hides_nothing_in_it() {
    for body in [
        "DO $$ BEGIN SET search_path = app; DELETE FROM rates; END $$;",
        "DO $$ BEGIN SET LOCAL search_path TO 'app', public; UPDATE rates SET amount = 0; END $$;",
        "DO $$ BEGIN PERFORM set_config('search_path', 'app', true); TRUNCATE rates; END $$;",
        "DO $$ BEGIN EXECUTE 'SET search_path = app'; DROP TABLE rates; END $$;",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql SET search_path = app, public AS 'DELETE FROM rates';\nSELECT f();",
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN SET search_path = app; DELETE FROM rates; END $$;\nSELECT f();",
    ] {
        let Some(project) = searching("billing") else {
            return;
        };
        project.sql("CREATE SCHEMA app; CREATE TABLE app.rates (id int PRIMARY KEY, amount int); INSERT INTO app.rates VALUES (1, 2)");
        let told = migrate(&project, body, &["--rehearse", "off"], 3);
        assert!(told.contains("app.rates"), "{body}: {told}");
        assert_eq!(project.value("SELECT sum(amount) FROM app.rates"), "2");
    }
    let Some(project) = searching("billing") else {
        return;
    };
    let unknown = "DO $$ DECLARE v text := 'public'; BEGIN PERFORM set_config('search_path', v, true); PERFORM 1; END $$;";
    let told = migrate(&project, unknown, &[], 0);
    assert!(
        told.contains("names behind it may mean tables of any schema"),
        "{told}"
    );
}

#[test]
fn an_allowance_means_the_table_of_the_search_path_in_both_spellings() {
    for (statement, allowance) in [
        ("ALTER TABLE prices DROP COLUMN note;", "prices.note"),
        ("ALTER TABLE prices DROP COLUMN note;", "public.prices.note"),
        ("ALTER TABLE public.prices DROP COLUMN note;", "prices.note"),
        (
            "ALTER TABLE public.prices DROP COLUMN note;",
            "public.prices.note",
        ),
    ] {
        let Some(project) = searching("billing") else {
            return;
        };
        let sql =
            format!("-- dbscript: allow drop-column({allowance}) it is elsewhere\n{statement}");
        let told = migrate(&project, &sql, &[], 0);
        assert!(!told.contains("unused-allowance"), "{told}");
    }
    let Some(project) = searching("billing") else {
        return;
    };
    project.sql("CREATE TABLE billing.bills (id int PRIMARY KEY, fax text); INSERT INTO billing.bills VALUES (1, 'x')");
    let short = "-- dbscript: allow drop-column(bills.fax) it is elsewhere\nALTER TABLE bills DROP COLUMN fax;";
    migrate(&project, short, &[], 0);
}

/// A bare name is one table's: that of the schema that is searched first, not its namesake's elsewhere.
#[test]
fn an_allowance_without_a_schema_covers_no_namesake_of_another_one() {
    let Some(project) = searching("billing") else {
        return;
    };
    let url = format!("{}?schema=billing", project.url().expect("a server's"));
    let url = ["--database-url", &url];
    project.sql("CREATE TABLE billing.prices (id int PRIMARY KEY); INSERT INTO billing.prices VALUES (1), (2), (3)");
    for (allowed, status) in [("prices", 3), ("billing.prices", 3), ("public.prices", 0)] {
        let sql = format!(
            "-- dbscript: allow drop-table({allowed}) old\nDROP TABLE public.prices CASCADE;"
        );
        let told = migrate(&project, &sql, &url, status);
        let hint = "-- dbscript: allow drop-table(public.prices)";
        assert!(status == 0 || told.contains(hint), "{allowed}: {told}");
        assert_eq!(project.value("SELECT count(*) FROM billing.prices"), "3");
    }
    project.sql("DROP TABLE billing._sqlx_migrations");
    let sql = "-- dbscript: allow drop-table(prices) old\nDROP TABLE prices;";
    migrate(&project, sql, &url, 0);
}

/// In both schemas: the first one's is meant, and asked.
#[test]
fn the_first_schema_that_has_the_table_is_the_one_that_is_asked() {
    let Some(project) = searching("billing") else {
        return;
    };
    project.sql("CREATE TABLE billing.prices (id int PRIMARY KEY)");
    migrate(&project, "DELETE FROM prices;", &[], 0);
    project.sql("DELETE FROM _sqlx_migrations");
    let told = migrate(&project, "DELETE FROM public.prices WHERE id > 0;", &[], 3);
    assert!(
        told.contains("2 rows of `prices` would be deleted"),
        "{told}"
    );
}

/// The copy has the database's search path as well: what is created there is created where it will be.
#[test]
fn the_rehearsal_searches_the_schemas_that_the_database_does() {
    let Some(project) = searching("billing") else {
        return;
    };
    let sql = "CREATE TABLE made (id int); INSERT INTO billing.made VALUES (1);";
    migrate(&project, sql, &[], 0);
    assert_eq!(project.value("SELECT count(*) FROM billing.made"), "1");
}

/// A name without a schema would lock the other table of that name, or none.
#[test]
fn what_is_locked_is_the_table_that_is_meant() {
    for also in [false, true] {
        let Some(project) = searching("billing") else {
            return;
        };
        let name = project.value("SELECT current_database()");
        project.sql(&format!(
            "ALTER DATABASE \"{name}\" SET search_path = billing"
        ));
        project.sql("ALTER TABLE public.prices ADD COLUMN fax text");
        if also {
            project.sql("CREATE TABLE billing.prices (id int)");
        }
        migrate(
            &project,
            "ALTER TABLE public.prices DROP COLUMN fax;",
            &[],
            0,
        );
        project.sql("DROP TABLE billing._sqlx_migrations");
    }
}

#[test]
fn a_script_means_the_tables_that_its_session_searches() {
    let Some(project) = searching("billing") else {
        return;
    };
    project.sql("CREATE TABLE billing.prices (id int); CREATE TABLE billing.own (id int)");
    let script = "const API = 1; const NEEDS = [\"db:write\"];
        fn main(args) {
            db::insert(\"prices\", [#{ id: 7 }]); db::insert(\"own\", [#{ id: 8 }]); db::insert(\"lines\", [#{ id: 9 }]);
            ui::info(`counts: ${db::count(\"prices\")} ${db::count(\"own\")} ${db::count(\"lines\")} ${db::count(\"public.prices\")}`);
        }";
    project.file("scripts/mine.rhai", script);
    let told = project.dbscript(&["run", "mine"]).go().told();
    assert!(told.contains("counts: 1 1 2 2"), "{told}");
}

/// A slip in the URL must not make a database an empty one, which has nothing to back up.
#[test]
fn a_schema_that_is_missing_makes_no_empty_database() {
    let Some(project) = searching("billing") else {
        return;
    };
    let url = format!("{}?schema=shop", project.url().expect("a server's"));
    let url = ["--database-url", &url];
    project.file(
        "migrations/1_a.sql",
        "CREATE TABLE prices (id int); DROP TABLE public.prices CASCADE;",
    );
    for more in [&["--plan"][..], &[]] {
        let words = [&["run", "safe-migration", "--yes"], &url[..], more].concat();
        let told = project.dbscript(&words).status(4).go().told();
        assert!(told.contains("which has tables in other schemas"), "{told}");
        assert!(told.contains("`CREATE SCHEMA \"shop\"` first"), "{told}");
    }
    project.sql("CREATE SCHEMA shop");
    let words = [&["run", "safe-migration", "--yes"], &url[..]].concat();
    project.dbscript(&words).status(3).go();
    assert_eq!(project.value("SELECT count(*) FROM public.prices"), "2");
}

#[test]
fn a_table_that_moves_to_another_schema_and_loses_a_column_there_is_not_gone() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    project.sql(
        "CREATE TABLE t (id INT PRIMARY KEY, a TEXT, b TEXT); INSERT INTO t VALUES (1, 'a', 'b')",
    );
    project.file(
        "migrations/1_moves.sql",
        "CREATE SCHEMA app;\nALTER TABLE t SET SCHEMA app;\n",
    );
    project.file(
        "migrations/2_drops.sql",
        "CREATE TABLE kept AS SELECT id, b FROM app.t;\n-- dbscript: allow drop-column(app.t.b) copied\nALTER TABLE app.t DROP COLUMN b;\n",
    );
    project.dbscript(&["run", "safe-migration", "--yes"]).go();
    assert_eq!(project.value("SELECT a FROM app.t"), "a");
    assert_eq!(project.value("SELECT b FROM kept"), "b");
}
