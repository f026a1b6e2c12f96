//! `db` on a real database.

use std::time::{Duration, Instant};

use super::{Answer, Project, main};
use crate::error::Kind;
use crate::event::Event;
use crate::value::Value;

#[test]
fn reading_needs_no_right_and_gives_plain_values() {
    let project = Project::new();
    let outcome = project.run(
        r#"fn main() {
            let names = [];
            for row in db::rows("select id, name from users where id > ? order by id", [1]) {
                names.push(`${row.id}:${row.name}`);
            }
            #{
                names: names,
                count: db::count("users"),
                one: db::value("select name from users where id = :id", #{ id: 1 }),
                none: db::value("select name from users where id = 99"),
                all: db::query("select id from users where name <> ?", ["ada"]).len(),
                tables: db::tables(),
                engine: db::engine(),
                name: db::name(),
                quoted: db::quote_name("a\"b"),
            }
        }"#,
    );
    assert!(outcome.error.is_none(), "{:?}", outcome.error);
    let Value::Map(entries) = outcome.result else {
        panic!("a map");
    };
    let text = serde_json::to_string(&Value::Map(entries)).expect("serialisable");
    assert_eq!(
        text,
        r#"{"all":2,"count":3,"engine":"sqlite","name":"app.db","names":["2:bob","3:cyd"],"none":null,"one":"ada","quoted":"\"a\"\"b\"","tables":["users"]}"#
    );
}

#[test]
fn without_the_right_nothing_is_written() {
    let project = Project::new();
    let outcome = project.run("fn main() { db::execute(\"delete from users\") }");
    let error = outcome.error.expect("refused");
    assert_eq!(error.kind, Kind::Script);
    assert!(
        error
            .hint
            .expect("a hint")
            .contains("const NEEDS = [\"db:write\"")
    );
    // Not through a query either: the session itself is read-only.
    let outcome = project.run("fn main() { db::query(\"delete from users returning id\") }");
    assert!(outcome.error.is_some());
    assert_eq!(project.count("users"), 3);

    let mut project = Project::new();
    project.rights.retain(|right| *right != "db:write");
    let outcome = project.run(&main("db::execute(\"delete from users\")"));
    assert_eq!(outcome.error.expect("refused").kind, Kind::Refused);
    assert_eq!(project.count("users"), 3);
}

#[test]
fn a_transaction_is_kept_or_undone_as_a_whole() {
    let project = Project::new();
    let result = project.eval(
        r#"db::transaction(|| {
            db::insert("users", [#{ name: "dan" }, #{ name: "eve" }]);
            try {
                db::transaction(|| { db::execute("delete from users"); throw "no"; });
            } catch (err) { if err.message != "no" { throw err; } }
            db::count("users")
        })"#,
    );
    assert_eq!(result, Value::Int(5));
    assert_eq!(project.count("users"), 5);
    let outcome = project.run(&main(
        "db::transaction(|| { db::execute(\"delete from users\"); throw #{ kind: \"integrity\", message: \"bad\" }; })",
    ));
    assert_eq!(outcome.error.expect("thrown").kind, Kind::Integrity);
    assert_eq!(project.count("users"), 5);
}

#[test]
fn an_error_of_the_database_can_be_caught_with_its_code() {
    let project = Project::new();
    let result = project.eval(
        r#"try { db::insert("users", [#{ name: "ada" }]); } catch (err) { return [err.kind, err.code]; }"#,
    );
    assert_eq!(
        result,
        Value::List(vec!["database".into(), "SQLITE_CONSTRAINT_UNIQUE".into()])
    );
}

#[test]
fn a_plan_tells_and_changes_nothing() {
    let mut project = Project::new();
    project.plan = true;
    let result = project.eval(
        r#"ui::confirm("sure?");
        let inserted = db::transaction(|| db::insert("users", [#{ name: "dan" }]));
        fs::write("out.txt", "x");
        [inserted, db::execute("delete from users where name = 'secret'")]"#,
    );
    assert_eq!(result, Value::List(vec![Value::Int(1), Value::Int(0)]));
    assert_eq!(project.count("users"), 3);
    assert!(!project.path().join("out.txt").exists());
    let planned: Vec<String> = project
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::Planned { action } => Some(action),
            _ => None,
        })
        .collect();
    assert_eq!(
        planned,
        [
            "insert 1 row into `users`",
            "write `out.txt`",
            "run `delete from users where name = ?`"
        ]
    );
}

#[test]
fn a_question_comes_before_the_first_change() {
    let mut project = Project::new();
    let outcome = project.run(&main(
        "db::execute(\"delete from users where id = 1\"); ui::confirm(\"sure?\");",
    ));
    assert_eq!(outcome.error.expect("too late").kind, Kind::Script);
    for (answer, message) in [
        (Answer::No, "not confirmed"),
        (Answer::Nobody, "nobody can be asked: sure?"),
    ] {
        project.answer = answer;
        let error = project.run(&main("ui::confirm(\"sure?\")")).error;
        let error = error.expect("refused");
        assert_eq!(
            (error.kind, error.message.as_str()),
            (Kind::Refused, message)
        );
    }
}

#[test]
fn a_stop_rolls_back_within_its_time() {
    for body in [
        // In a loop of the script, in a long statement, while the script sleeps.
        "db::transaction(|| { db::execute(\"delete from users\"); loop { } })",
        "db::transaction(|| { db::execute(\"delete from users\"); try { loop { let x = 1; } } catch { loop {} } })",
        "db::transaction(|| { db::execute(\"delete from users\");
            db::value(\"with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n\") })",
        "db::transaction(|| { db::execute(\"delete from users\"); sleep(60); })",
    ] {
        let project = Project::new();
        let stop = project.stop.clone();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(300));
            stop.stop(Kind::Interrupted);
        });
        let begun = Instant::now();
        let error = project.run(&main(body)).error.expect("interrupted");
        assert_eq!(error.kind, Kind::Interrupted, "{body}");
        assert!(begun.elapsed() < Duration::from_secs(3), "{body}");
        assert!(error.message.contains("as it was found"), "{}", error.message);
        assert_eq!(project.count("users"), 3, "{body}");
    }
}

#[test]
fn taken_answers_for_the_database_and_for_this_run() {
    let project = Project::new();
    let result = project.eval(
        r#"let names = db::taken("users", "name", #{ ignore_case: true });
        names.expect(["ADA", "zoe", "bob"]);
        let answers = [names.has("Ada"), names.has("zoe"), names.has("cyd"), names.has(())];
        names.add("Zoe");
        answers.push(names.has("zoe"));
        answers"#,
    );
    let expected = [true, false, true, false, true].map(Value::Bool);
    assert_eq!(result, Value::List(expected.to_vec()));
}

#[test]
fn taken_remembers_more_than_fits_into_memory() {
    let project = Project::new();
    let result = project.eval(
        r#"let ids = db::taken("users", "id");
        for i in 0..250000 { ids.add(i + 1000); }
        ids.expect([1001, 5, 1]);
        [ids.has(1000), ids.has(1001), ids.has(250999), ids.has(251000), ids.has(1), ids.has(5)]"#,
    );
    let expected = [true, true, true, false, true, false].map(Value::Bool);
    assert_eq!(result, Value::List(expected.to_vec()));
}

#[test]
fn a_stream_is_closed_when_its_loop_ends() {
    let project = Project::new();
    let result = project.eval(
        r#"for row in db::rows("select * from users") { break; }
        let rows = db::rows("select * from users");
        for row in rows { db::count("users"); }
        try { for row in rows { print(row.id); } } catch (err) { return err.message; }"#,
    );
    assert_eq!(
        result,
        Value::from("these rows were walked through already")
    );
    let outcome = project.run(&main("for row in db::rows(\"select nonsense\") {}"));
    assert_eq!(outcome.error.expect("refused").kind, Kind::Database);
}

#[test]
fn an_alert_makes_a_good_run_end_with_integrity() {
    let project = Project::new();
    let outcome = project.run(&main("alert::raise(\"data loss\", \"2 rows\"); 7"));
    assert_eq!(outcome.result, Value::Int(7));
    let error = outcome.error.expect("an alert");
    assert_eq!(
        (error.kind, error.message.as_str()),
        (Kind::Integrity, "data loss: 2 rows")
    );
}

#[test]
fn a_stop_tells_what_stays() {
    let project = Project::new();
    let stop = project.stop.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        stop.stop(Kind::Timeout);
    });
    let error = project.run(&main(
        r#"db::execute("delete from users where id = 1");
        db::transaction(|| db::execute("delete from users where id = 2"));
        try { db::transaction(|| { db::execute("delete from t"); }); } catch {}
        try { db::transaction(|| { fs::write("kept.txt", ""); throw "no"; }); } catch {}
        db::transaction(|| { db::execute("delete from users"); sleep(60); });"#,
    ));
    let error = error.error.expect("the time limit");
    assert_eq!(error.kind, Kind::Timeout);
    assert_eq!(
        error.message,
        "the time limit was reached: what was done before stays: \
         run `delete from users where id = ?`; write `kept.txt`"
    );
    assert_eq!(project.count("users"), 1);
}

#[test]
fn rows_that_are_walked_through_may_each_be_changed_in_a_transaction() {
    let project = Project::new();
    let result = project.eval(
        r#"let n = 0;
        for row in db::rows("select id from users order by id") {
            db::transaction(|| db::execute("update users set name = ? where id = ?", [`n${row.id}`, row.id]));
            try { db::transaction(|| { db::execute("delete from users"); throw "no"; }); } catch {}
            n += 1;
        }
        [n, db::value("select group_concat(name) from users")]"#,
    );
    assert_eq!(result, Value::List(vec![Value::Int(3), "n1,n2,n3".into()]));
}
