//! A copy that takes a table's place: what it does not have of the old one is told.

use crate::harness::Project;
use crate::harness::databases::Database;

const FORGOTTEN: &str = "is another table now, which no longer has what the old one had";

fn told(project: &Project, tables: &str, sql: &str) -> Vec<String> {
    project.sql(tables);
    project.file("migrations/1_a.sql", sql);
    let words = [
        "run",
        "safe-migration",
        "--yes",
        "--json",
        "--allow",
        "drop-table(kv_old),drop-table(kv)",
    ];
    let run = project.dbscript(&words).unchecked();
    project.sql("DROP TABLE IF EXISTS _sqlx_migrations");
    assert_eq!(run.status, Some(0), "{sql}: {}", run.told());
    let logs = run.events_of("log").into_iter();
    let messages = logs.filter_map(|log| Some(log["message"].as_str()?.to_owned()));
    messages
        .filter(|message| message.contains("in the rehearsal") && message.contains(FORGOTTEN))
        .collect()
}

#[test]
fn what_a_swapped_table_no_longer_has_is_told_on_mysql() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    let tables = "DROP TABLE IF EXISTS kid, kv, kv_old, users; CREATE TABLE users (id INT PRIMARY KEY);
        CREATE TABLE kv (id INT PRIMARY KEY AUTO_INCREMENT, k VARCHAR(9) NOT NULL UNIQUE, v INT NOT NULL DEFAULT 5, u INT,
            FOREIGN KEY (u) REFERENCES users (id));
        CREATE TABLE kid (id INT PRIMARY KEY, kv INT, FOREIGN KEY (kv) REFERENCES kv (id));
        CREATE TRIGGER counts BEFORE INSERT ON kv FOR EACH ROW SET NEW.v = 1;
        INSERT INTO users VALUES (1); INSERT INTO kv VALUES (1, 'a', 2, 1); INSERT INTO kid VALUES (1, 1);";
    let like = "CREATE TABLE kv_new LIKE kv;\nINSERT INTO kv_new SELECT * FROM kv;\nRENAME TABLE kv TO kv_old, kv_new TO kv;\n";
    let found = told(&project, tables, like);
    assert_eq!(found.len(), 1, "{found:?}");
    for lost in [
        "its foreign key (u) to `users`",
        "1 trigger (counts)",
        "the foreign key of `kid` (kv) to it",
    ] {
        assert!(found[0].contains(lost), "{lost}: {found:?}");
    }
    assert!(!found[0].contains("primary key"), "{found:?}");
    let copied =
        "CREATE TABLE kv_new AS SELECT * FROM kv;\nRENAME TABLE kv TO kv_old, kv_new TO kv;\n";
    let found = told(&project, tables, copied);
    for lost in [
        "its primary key (id)",
        "its unique key (k)",
        "the counter of `id`",
    ] {
        assert!(found[0].contains(lost), "{lost}: {found:?}");
    }
    let plain = "DROP TABLE IF EXISTS kid, kv, kv_old; CREATE TABLE kv (id INT PRIMARY KEY, v INT DEFAULT 5); INSERT INTO kv VALUES (1, 2);";
    assert!(told(&project, plain, like).is_empty());
    assert!(told(&project, plain, "ALTER TABLE kv ALTER v DROP DEFAULT;\n").is_empty());
}

#[test]
fn what_a_swapped_table_no_longer_has_is_told_on_postgres() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    let tables = "DROP TABLE IF EXISTS kv, kv_old; CREATE TABLE kv (id int PRIMARY KEY, k text NOT NULL UNIQUE, v int DEFAULT 5 CHECK (v > 0));
        INSERT INTO kv VALUES (1, 'a', 2);";
    let copied = "CREATE TABLE kv_new AS SELECT * FROM kv;\nALTER TABLE kv RENAME TO kv_old;\nALTER TABLE kv_new RENAME TO kv;\n";
    let found = told(&project, tables, copied);
    assert_eq!(found.len(), 1, "{found:?}");
    for lost in [
        "its primary key (id)",
        "its unique key (k)",
        "the default of `v`",
        "NOT NULL of `k`",
        "1 CHECK",
    ] {
        assert!(found[0].contains(lost), "{lost}: {found:?}");
    }
    let like = copied.replace(
        "AS SELECT * FROM kv",
        "(LIKE kv INCLUDING ALL);\nINSERT INTO kv_new SELECT * FROM kv",
    );
    assert!(told(&project, tables, &like).is_empty());
}

/// A copy has neither the policies nor the row level security: who could read some rows reads all.
#[test]
fn the_row_level_security_that_a_swap_leaves_behind_is_told() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    let tables = "DROP TABLE IF EXISTS kv, kv_old; CREATE TABLE kv (id int PRIMARY KEY, tenant int);
        INSERT INTO kv VALUES (1, 1); ALTER TABLE kv ENABLE ROW LEVEL SECURITY; ALTER TABLE kv FORCE ROW LEVEL SECURITY;
        CREATE POLICY own_only ON kv USING (tenant = 1); COMMENT ON TABLE kv IS 'of tenants'; CREATE INDEX kv_tenant ON kv (tenant);";
    let copied = "CREATE TABLE kv_new (LIKE kv);\nINSERT INTO kv_new SELECT * FROM kv;\nALTER TABLE kv RENAME TO kv_old;\nALTER TABLE kv_new RENAME TO kv;\n";
    let found = told(&project, tables, copied);
    assert_eq!(found.len(), 1, "{found:?}");
    for lost in [
        "; row level security; FORCE ROW LEVEL SECURITY; its comment; 1 policy (own_only)",
        "its index `kv_tenant`",
    ] {
        assert!(found[0].contains(lost), "{lost}: {found:?}");
    }
    project.sql(tables);
    let lint = ["run", "safe-migration", "--plan"];
    let run = project.dbscript(&lint).unchecked();
    let weakened = "without the row level security of the old one";
    assert!(run.told().contains(weakened), "{}", run.told());
    assert!(run.told().contains("[weaken-access]"), "{}", run.told());
    let guarded = format!("{copied}ALTER TABLE kv ENABLE ROW LEVEL SECURITY;\n");
    project.file("migrations/1_a.sql", guarded);
    let run = project.dbscript(&lint).unchecked();
    assert!(!run.told().contains(weakened), "{}", run.told());
}

/// Its rows are there under the name it has then; those of the other table are no fewer than they were.
#[test]
fn a_table_that_another_one_with_fewer_rows_takes_the_name_of_has_lost_none() {
    let Some(project) = Project::on(Database::Postgres) else {
        return;
    };
    project.sql(
        "CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1), (2), (3);
         CREATE TABLE t_next (id INT PRIMARY KEY); INSERT INTO t_next VALUES (9)",
    );
    project.file(
        "migrations/1_swaps.sql",
        "ALTER TABLE t RENAME TO t_prev;\nALTER TABLE t_next RENAME TO t;\n",
    );
    project.dbscript(&["run", "safe-migration", "--yes"]).go();
    assert_eq!(project.value("SELECT count(*) FROM t_prev"), "3");
    assert_eq!(project.value("SELECT count(*) FROM t"), "1");
}
