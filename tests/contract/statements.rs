//! Statements with parameters, and what comes back.

use dbscript::db::{Error, Lookup};
use dbscript::ident::TableName;
use dbscript::value::Value;

use super::{number, rows, run};
use crate::harness::Fresh;
use crate::harness::databases::{Said, on_every_database};

on_every_database! {
    every_type_of_parameter_comes_back_as_it_went_in,
    values_are_bound_and_never_pasted,
    a_query_gives_its_columns_and_no_more_rows_than_asked_for,
    a_statement_says_how_many_rows_it_changed,
    what_the_engine_refuses_is_an_error_with_its_code,
    many_rows_go_in_all_or_none,
    a_lookup_finds_what_stands_in_a_column,
    others_are_noticed,
}

async fn values_table(fresh: &Fresh) {
    let create = fresh.said(Said {
        sqlite: "CREATE TABLE v (i BIGINT, f DOUBLE PRECISION, s TEXT, b BLOB)",
        postgres: "CREATE TABLE v (i BIGINT, f DOUBLE PRECISION, s TEXT, b BYTEA)",
        mysql: "CREATE TABLE v (i BIGINT, f DOUBLE PRECISION, s TEXT, b BLOB)",
    });
    fresh.other_program(create).await;
}

async fn every_type_of_parameter_comes_back_as_it_went_in(fresh: Fresh) {
    values_table(&fresh).await;
    let mut session = fresh.session().await;
    let written = [
        [Value::Null, Value::Null, Value::Null, Value::Null],
        [
            Value::Int(i64::MIN),
            Value::Float(0.1),
            Value::from("é 🦀 \u{202e} 'quoted' \"too\"\n\t\\"),
            Value::Blob(vec![0, 255, 39]),
        ],
        [
            Value::Int(i64::MAX),
            Value::Float(-1.5e300),
            Value::from(""),
            Value::Blob(Vec::new()),
        ],
        [
            Value::Int((1 << 53) + 1),
            Value::Float(5e-324),
            Value::from("x".repeat(60_000)),
            Value::Blob(vec![7; 60_000]),
        ],
    ];
    let insert = format!("INSERT INTO v VALUES ({})", fresh.marks(4));
    for row in &written {
        assert_eq!(session.execute(&insert, row).await.expect("it fits"), 1);
    }
    let read = rows(&mut session, "SELECT i, f, s, b FROM v").await;
    for row in &written {
        let found = read.iter().filter(|read| read.as_slice() == row).count();
        assert_eq!(found, 1, "{row:?}");
    }
}

async fn values_are_bound_and_never_pasted(fresh: Fresh) {
    values_table(&fresh).await;
    let mut session = fresh.session().await;
    let awkward = "'); DROP TABLE v; --";
    let insert = format!("INSERT INTO v (s) VALUES ({})", fresh.marks(1));
    session
        .execute(&insert, &[Value::from(awkward)])
        .await
        .expect("text is text");
    let select = format!("SELECT s FROM v WHERE s = {}", fresh.marks(1));
    let found = session
        .query(&select, &[Value::from(awkward)], 10)
        .await
        .expect("the table is still there");
    assert_eq!(found.rows, [[Value::from(awkward)]]);
}

async fn a_query_gives_its_columns_and_no_more_rows_than_asked_for(fresh: Fresh) {
    values_table(&fresh).await;
    let mut session = fresh.session().await;
    for number in 1..=5 {
        run(
            &mut session,
            &format!("INSERT INTO v (i) VALUES ({number})"),
        )
        .await;
    }
    let sql = "SELECT i AS first, i + 1 AS second FROM v ORDER BY i";
    let found = session.query(sql, &[], 5).await.expect("five fit");
    assert_eq!(found.columns, ["first", "second"]);
    assert_eq!(found.rows.len(), 5);
    let refused = session.query(sql, &[], 4).await;
    assert!(
        matches!(refused, Err(Error::TooManyRows { limit: 4 })),
        "{refused:?}"
    );
    let none = session
        .query("SELECT i FROM v WHERE i > 9", &[], 0)
        .await
        .expect("no rows are no error");
    assert_eq!(none.columns, ["i"]);
    assert_eq!(number(&mut session, "SELECT count(*) FROM v").await, 5);
}

async fn a_statement_says_how_many_rows_it_changed(fresh: Fresh) {
    values_table(&fresh).await;
    let mut session = fresh.session().await;
    let insert = "INSERT INTO v (i) VALUES (1), (2), (3)";
    assert_eq!(run(&mut session, insert).await, 3);
    assert_eq!(run(&mut session, "UPDATE v SET i = 9 WHERE i > 1").await, 2);
    assert_eq!(
        run(&mut session, "UPDATE v SET i = 9 WHERE i > 99").await,
        0
    );
    assert_eq!(run(&mut session, "CREATE TABLE other (a INTEGER)").await, 0);
    assert_eq!(run(&mut session, "DELETE FROM v").await, 3);
    assert_eq!(
        session
            .count(&TableName::plain("v"))
            .await
            .expect("it is there"),
        0
    );
}

async fn what_the_engine_refuses_is_an_error_with_its_code(fresh: Fresh) {
    let unique = "CREATE TABLE u (a VARCHAR(20) PRIMARY KEY)";
    fresh.other_program(unique).await;
    let mut session = fresh.session().await;
    run(&mut session, "INSERT INTO u VALUES ('ada')").await;
    let codes = fresh.said(Said {
        sqlite: [
            "SQLITE_CONSTRAINT_PRIMARYKEY",
            "SQLITE_ERROR",
            "SQLITE_ERROR",
        ],
        postgres: ["23505", "42P01", "42601"],
        mysql: ["23000", "42S02", "42000"],
    });
    let refused = [
        "INSERT INTO u VALUES ('ada')",
        "SELECT * FROM nowhere",
        "SELEC 1",
    ];
    for (sql, code) in refused.into_iter().zip(codes) {
        match session.execute(sql, &[]).await {
            Err(Error::Statement { source }) => {
                assert_eq!(source.code, code, "{sql}");
                assert!(!source.message.is_empty(), "{sql}");
            }
            other => panic!("{other:?} from: {sql}"),
        }
    }
    for sql in ["SELECT 1; SELECT 2", "DELETE FROM u; DELETE FROM u"] {
        let refused = session.query(sql, &[], 10).await;
        assert!(
            matches!(refused, Err(Error::Statement { .. })),
            "{refused:?}"
        );
    }
    let select = format!("SELECT * FROM u WHERE a = {}", fresh.marks(1));
    let refused = session.query(&select, &[], 10).await;
    assert!(refused.is_err(), "a parameter is missing: {refused:?}");
    let list = Value::Map(Vec::new());
    let refused = session.query(&select, &[list], 10).await;
    assert!(
        matches!(refused, Err(Error::Parameter { .. })),
        "{refused:?}"
    );
    assert_eq!(number(&mut session, "SELECT count(*) FROM u").await, 1);
}

async fn many_rows_go_in_all_or_none(fresh: Fresh) {
    fresh
        .other_program("CREATE TABLE m (a BIGINT PRIMARY KEY, b VARCHAR(20))")
        .await;
    let mut session = fresh.session().await;
    let table = TableName::plain("m");
    let columns = ["b".to_owned(), "a".to_owned()];
    let row = |number: i64| vec![Value::from(format!("row {number}")), Value::Int(number)];
    let many = (0..20_000).map(row).collect();
    let inserted = session.insert_many(&table, &columns, many).await;
    assert_eq!(inserted.expect("they fit"), 20_000);
    let twice = vec![row(30_000), row(30_001), row(7)];
    let refused = session.insert_many(&table, &columns, twice).await;
    assert!(
        matches!(refused, Err(Error::Statement { .. })),
        "{refused:?}"
    );
    assert_eq!(number(&mut session, "SELECT count(*) FROM m").await, 20_000);
    let none = session.insert_many(&table, &columns, Vec::new()).await;
    assert_eq!(none.expect("no rows are no error"), 0);
    let last = rows(&mut session, "SELECT b FROM m WHERE a = 19999").await;
    assert_eq!(last, [[Value::from("row 19999")]]);
}

async fn a_lookup_finds_what_stands_in_a_column(fresh: Fresh) {
    fresh
        .other_program(
            "CREATE TABLE p (name VARCHAR(30)); INSERT INTO p VALUES ('Ada'), ('bob'), (NULL)",
        )
        .await;
    let mut session = fresh.session().await;
    let mut lookup = Lookup {
        table: TableName::plain("p"),
        column: "name".to_owned(),
        ignore_case: true,
    };
    let mut wanted: Vec<Value> = (0..40_000).map(|n| Value::from(format!("n{n}"))).collect();
    wanted.extend([Value::from("ADA"), Value::from("Bob"), Value::from("eve")]);
    let mut found = session
        .present(&lookup, &wanted)
        .await
        .expect("it can be asked");
    found.sort_by_key(|value| format!("{value:?}"));
    assert_eq!(found, [Value::from("Ada"), Value::from("bob")]);
    lookup.ignore_case = false;
    let exact = session
        .present(&lookup, &[Value::from("ADA"), Value::from("bob")])
        .await;
    assert_eq!(exact.expect("it can be asked"), [Value::from("bob")]);
    let none = session.present(&lookup, &[]).await;
    assert_eq!(none.expect("it can be asked"), []);
}

async fn others_are_noticed(fresh: Fresh) {
    values_table(&fresh).await;
    let mut session = fresh.session().await;
    let Some(before) = session.others_marker().await.expect("it can be asked") else {
        return;
    };
    run(&mut session, "INSERT INTO v (i) VALUES (1)").await;
    let own = session.others_marker().await.expect("it can be asked");
    assert_eq!(own, Some(before), "one's own writes do not count");
    fresh.other_program("INSERT INTO v (i) VALUES (2)").await;
    let after = session.others_marker().await.expect("it can be asked");
    assert_ne!(after, Some(before));
}
