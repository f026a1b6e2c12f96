//! `csv`, `stage`, `text`, `time`, and what `db` offers to an import.

use super::{Project, main};
use crate::error::Kind;
use crate::event::Event;
use crate::value::Value;

fn json(value: &Value) -> String {
    serde_json::to_string(value).expect("serialisable")
}

#[test]
fn records_stream_with_their_lines_and_problems() {
    let project = Project::new();
    project.file("in.csv", "ID; Name\n1; ada \n2\n3;cyd\n");
    let result = project.eval(
        r#"let file = csv::open("in.csv", #{ required: ["id"], optional: ["note"], trim: true });
        let seen = [];
        for record in file {
            seen.push([record.line, record["name"], record["Note"], record.problem]);
        }
        #{ seen: seen, columns: file.columns, has: [file.has("NAME"), file.has("note")] }"#,
    );
    assert_eq!(
        json(&result),
        r#"{"columns":["ID","Name"],"has":[true,false],"seen":[[2,"ada","",null],[3,"","","too few cells: 1 of 2"],[4,"cyd","",null]]}"#
    );
    let events = project.events();
    let last = events.iter().rev().find_map(|event| match event {
        Event::Progress { done, total, .. } => Some((*done, *total)),
        _ => None,
    });
    assert_eq!(last, Some((25, Some(25))));
}

#[test]
fn a_column_that_is_not_there_is_told_with_its_place() {
    let project = Project::new();
    project.file("in.csv", "Email account\na@example.org\n");
    let outcome = project.run(&main(
        r#"for record in csv::open("in.csv") { record["Emial account"] }"#,
    ));
    let error = outcome.error.expect("an error");
    assert_eq!(error.message, "the file has no column `Emial account`");
    assert_eq!(error.hint.as_deref(), Some("did you mean `Email account`?"));
    assert!(error.position.is_some());
}

#[test]
fn a_file_that_cannot_be_read_is_a_matter_of_usage() {
    let project = Project::new();
    project.file("latin.csv", "name\nx\n");
    std::fs::write(project.path().join("latin.csv"), b"name\nRen\xE9\n").expect("a file");
    for (path, message) in [
        ("none.csv", "cannot read `none.csv`"),
        (
            "latin.csv",
            "`latin.csv` is written in LATIN1, not in UTF-8",
        ),
        ("scripts", "`scripts` is not a regular file"),
    ] {
        let outcome = project.run(&main(&format!("csv::open({path:?})")));
        let error = outcome.error.expect("an error");
        assert_eq!(error.kind, Kind::Usage, "{path}");
        assert!(error.message.starts_with(message), "{}", error.message);
    }
    let outcome = project.run(&main("csv::open(\"../x.csv\")"));
    assert_ne!(outcome.error.expect("an error").kind, Kind::Script);
}

#[test]
fn a_stage_sorts_and_takes_each_key_once() {
    let project = Project::new();
    let result = project.eval(
        r#"let stage = stage::open();
        let added = [];
        let day = time::parse("2025-07-05");
        for number in 0..4 {
            added.push(stage.add(["d", "ada", "c", "d"][number], day - number, #{ number: number, day: day }));
        }
        let removed = stage.remove_taken(db::taken("users", "name"));
        let rows = [];
        for staged in stage.rows() { rows.push([staged.key, staged.row.number, staged.row.day == day]); }
        #{ added: added, removed: removed, rows: rows, len: stage.len() }"#,
    );
    assert_eq!(
        json(&result),
        r#"{"added":[true,true,true,false],"len":2,"removed":1,"rows":[["c",2,true],["d",0,true]]}"#
    );
}

#[test]
fn names_are_made_unique_in_the_table_and_in_the_run() {
    let project = Project::new();
    project.sql("INSERT INTO users (name) VALUES ('Ada_2'), ('x:eve')");
    let result = project.eval(
        r#"let folded = db::taken("users", "name", #{ ignore_case: true });
        let exact = db::taken("users", "name");
        let prefixed = db::taken("users", "name", #{ ignore_prefix: "x:" });
        #{
            folded: [text::unique("ADA", folded), text::unique("ada", folded), text::unique("new", folded)],
            exact: [text::unique("ADA", exact), text::unique("ada", exact), text::unique("ada", exact)],
            prefixed: [prefixed.has("eve"), prefixed.has("x:eve"), prefixed.has("x:bob"), prefixed.has("x:cy")],
            add: [exact.add("bob"), exact.add("dan"), exact.add("dan"), exact.add(())],
        }"#,
    );
    assert_eq!(
        json(&result),
        r#"{"add":[false,true,false,true],"exact":["ADA","ada_2","ada_3"],"folded":["ADA_3","ada_4","new"],"prefixed":[true,true,true,false]}"#
    );
}

#[test]
fn texts_and_times_are_made_and_read() {
    let project = Project::new();
    let result = project.eval(
        r#"#{
            slug: [text::slug("Größe & Co"), text::slug("a b", #{ blank: "_", keep: "_", max: 2 })],
            hash: text::hash("abc").sub_string(0, 8),
            code: text::only(text::random_code(12), "abcdefghjkmnpqrstuvwxyz23456789"),
            only: [text::only("", "a"), text::only("ab", "a")],
            time: time::format(time::parse("Sat Jul 05 2025 22:58:00 GMT+0200 (CEST)")),
            day: time::format(time::parse("1751749080000"), "%d.%m.%Y"),
            past: time::parse("2025-01-01") < time::now(),
        }"#,
    );
    assert_eq!(
        json(&result),
        r#"{"code":true,"day":"05.07.2025","hash":"ba7816bf","only":[true,false],"past":true,"slug":["grosse--co","a_"],"time":"2025-07-05T20:58:00.000Z"}"#
    );
    for (body, message) in [
        ("time::parse(\"01/02/2025\")", "ambiguous"),
        ("time::format(time::now(), \"%Q\")", "no pattern for a time"),
        ("time::format(5)", "time"),
        ("text::random_code(0)", "1 to 1000"),
        ("text::slug(\"a\", #{ max: -1 })", "negative"),
        ("text::unique(\"a\", [])", "`db::taken`"),
        ("db::columns(\"user\")", "no table `user`"),
    ] {
        let error = project.run(&main(body)).error.expect("an error");
        assert!(error.message.contains(message), "{body}: {}", error.message);
        assert!(error.position.is_some(), "{body}");
    }
}

#[test]
fn the_columns_that_an_insert_must_name_are_known() {
    let project = Project::new();
    project.sql(
        "CREATE TABLE t (id TEXT PRIMARY KEY, a TEXT NOT NULL, b TEXT NOT NULL DEFAULT '', c TEXT,
             d TEXT GENERATED ALWAYS AS (a) STORED NOT NULL)",
    );
    let result = project.eval(
        r#"let names = |table| db::columns(table).filter(|one| one.required).map(|one| one.name);
        [names.call("t"), names.call("users")]"#,
    );
    assert_eq!(json(&result), r#"[["id","a"],[]]"#);
}
