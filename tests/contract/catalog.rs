//! The catalog, the SQL that rebuilds it, and what changes whole tables.

use dbscript::db::{Attributes, Begin, Catalog, Check, ForeignKey, Orphans, Session, Table};
use dbscript::ident::TableName;
use dbscript::value::Value;

use super::{number, rows, run};
use crate::harness::Fresh;
use crate::harness::databases::{Said, on_every_database};

on_every_database! {
    what_a_definition_says_besides_is_known,
    columns_are_as_they_were_declared,
    keys_and_indexes_are_found,
    an_empty_database_has_an_empty_catalog,
    the_schema_sql_rebuilds_the_catalog,
    dropping_everything_leaves_nothing,
    clearing_a_table_touches_no_other,
    orphans_are_counted,
    counters_are_set_to_where_they_stood,
}

const SCHEMA: &str = "
    CREATE TABLE country (code VARCHAR(2) NOT NULL, region INTEGER NOT NULL, PRIMARY KEY (region, code));
    CREATE TABLE person (
        id INTEGER NOT NULL PRIMARY KEY, email VARCHAR(100) UNIQUE, name VARCHAR(50) DEFAULT 'nobody',
        country VARCHAR(2), region INTEGER, boss INTEGER,
        FOREIGN KEY (region, country) REFERENCES country (region, code) ON DELETE CASCADE ON UPDATE SET NULL,
        FOREIGN KEY (boss) REFERENCES person (id));
    CREATE INDEX person_name ON person (name, email);
    CREATE VIEW bosses AS SELECT DISTINCT boss FROM person;";

async fn catalog(session: &mut Session) -> Catalog {
    session.catalog().await.expect("the catalog is readable")
}

async fn schema(fresh: &Fresh) -> (Session, Catalog) {
    fresh.other_program(SCHEMA).await;
    let mut session = fresh.session().await;
    let catalog = catalog(&mut session).await;
    (session, catalog)
}

fn table<'a>(catalog: &'a Catalog, name: &str) -> &'a Table {
    catalog
        .table(&TableName::plain(name))
        .unwrap_or_else(|| panic!("no table `{name}` in {catalog:?}"))
}

async fn columns_are_as_they_were_declared(fresh: Fresh) {
    let generated = "CREATE TABLE g (a INTEGER, b INTEGER GENERATED ALWAYS AS (a * 2) STORED)";
    fresh.other_program(generated).await;
    let (_, catalog) = schema(&fresh).await;
    let names: Vec<String> = catalog
        .tables
        .iter()
        .map(|table| table.name.to_string())
        .collect();
    assert_eq!(names, ["country", "g", "person"]);
    let person = table(&catalog, "person");
    let columns: Vec<(&str, bool)> = person
        .columns
        .iter()
        .map(|column| (column.name.as_str(), column.nullable))
        .collect();
    let expected = [
        ("id", false),
        ("email", true),
        ("name", true),
        ("country", true),
        ("region", true),
        ("boss", true),
    ];
    assert_eq!(columns, expected);
    let name = person.column("NAME").expect("letter case does not matter");
    assert!(
        name.default
            .as_deref()
            .is_some_and(|default| default.contains("nobody")),
        "{name:?}"
    );
    assert!(!name.type_name.is_empty());
    let generated = table(&catalog, "g");
    assert!(generated.column("b").expect("it is there").generated);
    let stored: Vec<&str> = generated
        .stored_columns()
        .map(|column| column.name.as_str())
        .collect();
    assert_eq!(stored, ["a"]);
}

async fn keys_and_indexes_are_found(fresh: Fresh) {
    let (_, catalog) = schema(&fresh).await;
    assert_eq!(table(&catalog, "country").primary_key, ["region", "code"]);
    let person = table(&catalog, "person");
    assert_eq!(person.primary_key, ["id"]);
    let to_country = ForeignKey {
        name: None,
        columns: vec!["region".to_owned(), "country".to_owned()],
        parent: TableName::plain("country"),
        parent_columns: vec!["region".to_owned(), "code".to_owned()],
        on_delete: "CASCADE".to_owned(),
        on_update: "SET NULL".to_owned(),
    };
    let mut keys = person.foreign_keys.clone();
    keys.iter_mut().for_each(|key| key.name = None);
    assert_eq!(keys.len(), 2);
    assert!(keys.contains(&to_country), "{keys:?}");
    let countries = TableName::plain("country");
    let children: Vec<String> = catalog
        .children_of(&countries)
        .map(|(child, _)| child.name.to_string())
        .collect();
    assert_eq!(children, ["person"]);
    let index = |columns: &[&str]| {
        let found = person.indexes.iter().find(|index| index.columns == columns);
        found.unwrap_or_else(|| panic!("no index on {columns:?} in {:?}", person.indexes))
    };
    assert!(!index(&["name", "email"]).unique);
    assert_eq!(index(&["name", "email"]).name, "person_name");
    assert!(index(&["email"]).unique);
    let view = catalog
        .objects
        .iter()
        .find(|object| object.name.name == "bosses");
    assert_eq!(view.map(|view| view.kind.as_str()), Some("view"));
}

async fn what_a_definition_says_besides_is_known(fresh: Fresh) {
    fresh
        .other_program(fresh.said(Said {
            sqlite: "CREATE TABLE t (a TEXT)",
            postgres: "CREATE TABLE t (a TEXT CONSTRAINT short CHECK (length(a) < 9)) PARTITION BY LIST (a)",
            mysql: "CREATE TABLE t (id INT, a TEXT CHARACTER SET latin1 COMMENT 'x', b TIMESTAMP ON UPDATE CURRENT_TIMESTAMP)",
        }))
        .await;
    let catalog = catalog(&mut fresh.session().await).await;
    let table = table(&catalog, "t");
    let plain = Attributes::default();
    let said = Attributes {
        comment: true,
        charset: Some("latin1".to_owned()),
        collation: Some("latin1_swedish_ci".to_owned()),
        ..plain.clone()
    };
    let updated = Attributes {
        on_update: true,
        ..plain.clone()
    };
    let check = Check {
        name: "short".to_owned(),
        expression: "(length(a) < 9)".to_owned(),
        validated: true,
    };
    let (attributes, checks, partition_key) = fresh.said(Said {
        sqlite: (vec![], vec![], None),
        postgres: (vec![], vec![check], Some("LIST (a)")),
        mysql: (vec![plain, said, updated], vec![], None),
    });
    assert_eq!(table.attributes, attributes);
    assert_eq!(table.checks, checks);
    assert_eq!(table.partition_key.as_deref(), partition_key);
}

async fn an_empty_database_has_an_empty_catalog(fresh: Fresh) {
    let mut session = fresh.session().await;
    assert_eq!(catalog(&mut session).await, Catalog::default());
    let info = session.info().await.expect("it says what it is");
    assert_eq!(info.engine, session.engine().name());
    assert!(!info.version.is_empty() && !info.name.is_empty() && !info.encoding.is_empty());
}

async fn the_schema_sql_rebuilds_the_catalog(fresh: Fresh) {
    let trigger = fresh.said(Said {
        sqlite: "CREATE TRIGGER named AFTER INSERT ON country BEGIN
                     UPDATE person SET name = 'a;b' WHERE region = new.region; END",
        postgres: "CREATE FUNCTION named() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                       UPDATE person SET name = 'a;b' WHERE region = new.region; RETURN NULL; END $$;
                   CREATE TRIGGER named AFTER INSERT ON country FOR EACH ROW EXECUTE FUNCTION named()",
        mysql: "CREATE TRIGGER named AFTER INSERT ON country FOR EACH ROW
                    UPDATE person SET name = 'a;b' WHERE region = new.region",
    });
    schema(&fresh).await;
    fresh.other_program(trigger).await;
    let mut session = fresh.session().await;
    let wanted = catalog(&mut session).await;
    let sql = session.schema_sql().await.expect("the schema is readable");
    let copy = fresh.another().await;
    let mut rebuilt = copy.session().await;
    for statement in sql.before.iter().chain(&sql.after) {
        rebuilt
            .run(statement)
            .await
            .unwrap_or_else(|error| panic!("{error} in: {statement}"));
    }
    assert_eq!(catalog(&mut rebuilt).await, wanted);
    assert_eq!(rebuilt.schema_sql().await.expect("it is readable"), sql);
}

async fn dropping_everything_leaves_nothing(fresh: Fresh) {
    let (mut session, _) = schema(&fresh).await;
    fresh
        .other_program(
            "INSERT INTO country VALUES ('at', 1); INSERT INTO person (id, country, region) VALUES (1, 'at', 1)",
        )
        .await;
    session.begin(Begin::Rebuild).await.expect("it begins");
    session.drop_all().await.expect("it drops");
    session.commit().await.expect("it commits");
    assert_eq!(catalog(&mut session).await, Catalog::default());
}

async fn clearing_a_table_touches_no_other(fresh: Fresh) {
    let (mut session, _) = schema(&fresh).await;
    let country = TableName::plain("country");
    run(
        &mut session,
        "INSERT INTO country VALUES ('at', 1), ('de', 1)",
    )
    .await;
    run(
        &mut session,
        "INSERT INTO person (id, country, region) VALUES (1, 'at', 1)",
    )
    .await;
    session.begin(Begin::Rebuild).await.expect("it begins");
    assert_eq!(session.clear(&country).await.expect("it clears"), 2);
    assert_eq!(session.count(&country).await.expect("it counts"), 0);
    let found = rows(&mut session, "SELECT country FROM person").await;
    assert_eq!(found, [[Value::from("at")]]);
    session.rollback().await.expect("it rolls back");
    assert_eq!(session.count(&country).await.expect("it counts"), 2);
    let nowhere = TableName::plain("nowhere");
    assert!(session.count(&nowhere).await.is_err());
    assert!(session.clear(&nowhere).await.is_err());
}

async fn orphans_are_counted(fresh: Fresh) {
    let (mut session, _) = schema(&fresh).await;
    assert_eq!(session.orphans().await.expect("they are countable"), []);
    let off = fresh.said(Said {
        sqlite: "PRAGMA foreign_keys = OFF",
        postgres: "SET session_replication_role = replica",
        mysql: "SET foreign_key_checks = 0",
    });
    let rows = "INSERT INTO person (id, country, region, boss) VALUES
        (1, 'at', 1, NULL), (2, 'de', 1, 1), (3, NULL, 1, 99), (4, NULL, NULL, NULL)";
    fresh.other_program(&format!("{off}; {rows}")).await;
    let mut orphans = session.orphans().await.expect("they are countable");
    orphans.sort_by_key(|orphans| orphans.rows);
    let found: Vec<(&str, u64)> = orphans
        .iter()
        .map(|Orphans { parent, rows, .. }| (parent.name.as_str(), *rows))
        .collect();
    assert_eq!(found, [("person", 1), ("country", 2)]);
    assert_eq!(orphans[1].columns, ["region", "country"]);
}

async fn counters_are_set_to_where_they_stood(fresh: Fresh) {
    let create = fresh.said(Said {
        sqlite: "CREATE TABLE c (id INTEGER PRIMARY KEY AUTOINCREMENT, a INTEGER)",
        postgres: "CREATE TABLE c (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a INTEGER)",
        mysql: "CREATE TABLE c (id BIGINT PRIMARY KEY AUTO_INCREMENT, a INTEGER)",
    });
    fresh.other_program(create).await;
    let copy = fresh.another().await;
    copy.other_program(create).await;
    let mut session = fresh.session().await;
    for number in 1..=5 {
        run(
            &mut session,
            &format!("INSERT INTO c (a) VALUES ({number})"),
        )
        .await;
    }
    run(&mut session, "DELETE FROM c WHERE a > 2").await;
    let sequences = catalog(&mut session).await.sequences;
    assert_eq!(sequences.len(), 1, "{sequences:?}");
    assert_eq!(sequences[0].value, 5, "{sequences:?}");
    let mut restored = copy.session().await;
    restored
        .set_sequences(&sequences)
        .await
        .expect("counters can be set");
    for session in [&mut session, &mut restored] {
        run(session, "INSERT INTO c (a) VALUES (100)").await;
        assert_eq!(number(session, "SELECT id FROM c WHERE a = 100").await, 6);
    }
}
