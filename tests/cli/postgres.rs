//! What only PostgreSQL has in its databases, through backup, migration and restore.

use crate::harness::databases::Database;
use crate::harness::{PASSWORD, Project, timestamps, wait_until};

fn project() -> Option<Project> {
    Project::on(Database::Postgres)
}

fn run(project: &Project, words: &[&str], status: i32) -> String {
    let words = [&["run"], words].concat();
    project.dbscript(&words).status(status).go().told()
}

/// The URL of a user without rights on the server, who owns the database and all tables in it.
fn as_owner(project: &Project) -> String {
    let database = project.value("SELECT current_database()");
    let user = format!("owner_{database}");
    project.sql(&format!(
        "CREATE ROLE \"{user}\" LOGIN CREATEDB PASSWORD '{PASSWORD}'; ALTER DATABASE \"{database}\" OWNER TO \"{user}\";
         GRANT ALL ON SCHEMA public TO \"{user}\";
         DO $$ DECLARE t regclass; BEGIN FOR t IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
            LOOP EXECUTE format('ALTER TABLE %s OWNER TO \"{user}\"', t); END LOOP; END $$"
    ));
    let url = project.url().expect("a server");
    let (_, place) = url.split_once('@').expect("a user in it");
    format!("postgres://{user}:{PASSWORD}@{place}")
}

/// The usual wrapper of `unaccent`: a query of the table would make the server take it apart where no schema is searched.
#[test]
fn an_index_on_a_function_that_names_another_without_its_schema_is_no_hindrance() {
    let Some(project) = project() else { return };
    project.sql(
        "CREATE FUNCTION plainly(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)';
        CREATE FUNCTION searched(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT plainly($1)';
        CREATE TABLE people (id int PRIMARY KEY, name text); INSERT INTO people VALUES (1, 'Ann');
        CREATE INDEX people_name ON people (searched(name));",
    );
    run(&project, &["backup"], 0);
    let [first] = &timestamps(&project)[..] else {
        panic!("one set")
    };
    project.file("migrations/1_a.sql", "ALTER TABLE people ADD COLUMN x int;");
    run(&project, &["safe-migration", "--yes"], 0);
    run(&project, &["restore", "--from", first, "--yes"], 0);
    let index = "SELECT count(*) FROM pg_indexes WHERE indexname = 'people_name'";
    assert_eq!(project.value(index), "1");
    let empty = project.another();
    let words = ["run", "restore", "--from", first, "--yes", "--database-url"];
    let words = [&words[..], &[empty.url().expect("a server")]].concat();
    project.dbscript(&words).status(0).go();
    assert_eq!(empty.value("SELECT count(*) FROM people"), "1");
}

/// What the rows of a backup replace goes by itself, whatever a rule would make of a DELETE.
#[test]
fn a_restore_of_some_tables_sets_no_rule_off() {
    for rule in [
        "DO ALSO INSERT INTO archive VALUES (old.id)",
        "DO INSTEAD UPDATE docs SET body = 'deleted' WHERE id = old.id",
        "DO INSTEAD NOTHING",
    ] {
        let Some(project) = project() else { return };
        project.sql("CREATE TABLE docs (id int PRIMARY KEY, body text); INSERT INTO docs VALUES (1, 'x'), (2, 'y'); CREATE TABLE archive (id int);");
        project.sql(&format!("CREATE RULE gone AS ON DELETE TO docs {rule}"));
        run(&project, &["backup"], 0);
        project.sql("UPDATE docs SET body = 'oops'");
        // A superuser may set session_replication_role, and has no need of this.
        let url = as_owner(&project);
        let words = [
            "restore",
            "--tables",
            "docs",
            "--yes",
            "--database-url",
            &url,
        ];
        run(&project, &words, 0);
        let told =
            "SELECT string_agg(body, ',' ORDER BY id) || (SELECT count(*) FROM archive) FROM docs";
        assert_eq!(project.value(told), "x,y0", "{rule}");
        let mode = "SELECT ev_enabled::text FROM pg_rewrite WHERE rulename = 'gone'";
        assert_eq!(project.value(mode), "O", "{rule}");
    }
}

/// Rows that came since the backup and belong to rows that came since: nothing is changed, and the way out is named.
#[test]
fn a_table_that_others_rows_have_come_to_point_into_is_not_restored_alone() {
    let Some(project) = project() else { return };
    project.sql("CREATE TABLE users (id int PRIMARY KEY, name text); CREATE TABLE notes (id int PRIMARY KEY, user_id int REFERENCES users ON DELETE CASCADE);
        INSERT INTO users VALUES (1, 'a'); INSERT INTO notes VALUES (1, 1);");
    run(&project, &["backup"], 0);
    project.sql("INSERT INTO users VALUES (2, 'new'); INSERT INTO notes VALUES (2, 2)");
    let url = as_owner(&project);
    let words = |tables: &'static str| {
        ["restore", "--tables", tables, "--yes", "--database-url"].map(str::to_owned)
    };
    for url in [&url, project.url().expect("a server")] {
        let words = words("users");
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        words.push(url);
        let told = run(&project, &words, 3);
        assert!(
            told.contains("`notes`") && told.contains("`users`"),
            "{told}"
        );
        assert!(
            told.contains("name the tables they belong to as well"),
            "{told}"
        );
        assert_eq!(project.value("SELECT count(*) FROM users"), "2");
    }
    let words = words("users,notes");
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    words.push(&url);
    run(&project, &words, 0);
    assert_eq!(project.value("SELECT count(*) FROM users"), "1");
    let key = "SELECT count(*) FROM pg_constraint WHERE conname = 'notes_user_id_fkey' AND confdeltype = 'c'";
    assert_eq!(project.value(key), "1");
}

/// Another restore drops a table, and the history with it, while this one looks at what is there.
#[test]
fn a_table_that_goes_while_a_restore_is_planned_is_none_of_it() {
    let Some(project) = project() else { return };
    project.sql("CREATE TABLE kept (id int PRIMARY KEY); INSERT INTO kept VALUES (1)");
    run(&project, &["backup"], 0);
    project.sql("CREATE TABLE newer (id int)");
    let mut other = project.holder();
    other.sql("BEGIN; DROP TABLE newer");
    let restore = project
        .dbscript(&["run", "restore", "--yes"])
        .status(0)
        .start();
    wait_until("the restore counts the rows", || {
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
            AND wait_event_type = 'Lock' AND query LIKE '%count(*) FROM%newer%' AND pid <> pg_backend_pid()";
        project.value(waiting) == "1"
    });
    other.sql("COMMIT");
    let told = restore.finish().told();
    assert!(!told.contains("newer"), "{told}");
}

/// A provider makes such ones in every database.
#[test]
fn an_extension_that_only_a_superuser_may_make_is_no_hindrance() {
    let Some(project) = project() else { return };
    project.sql("CREATE EXTENSION pageinspect; CREATE TABLE docs (id int PRIMARY KEY); INSERT INTO docs VALUES (1)");
    let url = as_owner(&project);
    let url = ["--database-url", &url];
    project.file("migrations/1_a.sql", "ALTER TABLE docs ADD COLUMN x int;");
    let told = run(
        &project,
        &[&["safe-migration", "--yes"][..], &url].concat(),
        0,
    );
    let left_out = "the extension pageinspect could not be made here, and what needs it fails: permission denied";
    assert!(told.contains(left_out), "{told}");
    // Where it is, it is no question.
    let told = run(&project, &[&["restore", "--yes"][..], &url].concat(), 0);
    assert!(!told.contains(left_out), "{told}");
    let there = "SELECT count(*) FROM pg_extension WHERE extname = 'pageinspect'";
    assert_eq!(project.value(there), "1");
}
