//! What people see of an error: its place, its line, its call chain.

use super::{Project, main};
use crate::error::{Error, Kind};
use crate::value::Value;

fn error(project: &Project, text: &str) -> Error {
    project.run(text).error.expect("it fails")
}

fn place(error: &Error) -> (String, usize, usize) {
    let position = error.position.as_ref().expect("a position");
    (position.file.clone(), position.line, position.column)
}

#[test]
fn a_host_error_has_the_position_of_its_call_and_the_chain() {
    let project = Project::new();
    let error = error(
        &project,
        "fn main() {\n    step(\"look\", || look(\"nobody\"));\n}\n\nfn look(table) {\n    db::count(table)\n}\n",
    );
    assert_eq!(error.kind, Kind::Database);
    assert_eq!(place(&error), ("scripts/test.rhai".into(), 6, 5));
    assert_eq!(
        error.trace,
        [
            "  |",
            "6 |     db::count(table)",
            "  |     ^",
            "in `look`, called at scripts/test.rhai:2:21",
            "in step `look`, called at scripts/test.rhai:2:5",
        ]
    );
}

#[test]
fn an_error_in_a_module_names_the_file_of_the_module() {
    let project = Project::new();
    project.file(
        "scripts/lib/checks.rhai",
        "fn outer(x) {\n  inner(x)\n}\n\nfn inner(x) {\n  x.nothing\n}\n",
    );
    let text = "import \"lib/checks\" as checks;\nfn main() {\n  checks::outer(#{ a: 1 })\n}\n";
    let error = error(&project, text);
    assert_eq!(error.kind, Kind::Script);
    assert_eq!(place(&error), ("scripts/lib/checks.rhai".into(), 6, 5));
    assert_eq!(
        error.trace[3..],
        [
            "in `inner`, called at scripts/lib/checks.rhai:2:3",
            "in `outer`, called at scripts/test.rhai:3:3",
        ]
    );
}

#[test]
fn a_closure_in_a_module_works_and_has_its_place() {
    let project = Project::new();
    project.file(
        "scripts/lib/checks.rhai",
        "fn guarded(x) {\n  step(\"guard\", || helper(x))\n}\n\nfn helper(x) {\n  if x > 1 { throw \"too much\"; }\n  x\n}\n",
    );
    let import = "import \"lib/checks\" as checks;\n";
    let outcome = project.run(&format!("{import}fn main() {{ checks::guarded(1) }}"));
    assert_eq!(outcome.result, Value::Int(1));
    let error = error(
        &project,
        &format!("{import}fn main() {{ checks::guarded(2) }}"),
    );
    assert_eq!(error.message, "too much");
    assert_eq!(place(&error), ("scripts/lib/checks.rhai".into(), 6, 14));
}

#[test]
fn a_module_that_does_not_compile_is_told_with_its_place() {
    let project = Project::new();
    project.file("scripts/lib/bad.rhai", "fn a() {\n  let = 1;\n}\n");
    let error = error(&project, "fn main() {\n  import \"lib/bad\" as bad;\n}");
    assert_eq!(error.kind, Kind::Script);
    assert_eq!(place(&error), ("scripts/lib/bad.rhai".into(), 2, 7));
}

#[test]
fn what_a_script_throws_keeps_kind_hint_and_result() {
    let project = Project::new();
    let outcome = project.run(
        "fn main() {\n  throw #{ kind: \"partial\", message: \"2 rejected\", hint: \"see above\", result: #{ read: 5 } };\n}",
    );
    let error = outcome.error.expect("thrown");
    assert_eq!(error.kind, Kind::Partial);
    assert_eq!(error.hint.as_deref(), Some("see above"));
    assert_eq!(place(&error), ("scripts/test.rhai".into(), 2, 3));
    assert_eq!(
        outcome.result,
        Value::Map(vec![("read".into(), Value::Int(5))])
    );
}

#[test]
fn every_caught_error_has_the_same_keys() {
    let project = Project::new();
    for body in [
        "db::count(\"nobody\")",
        "[1][5]",
        "throw \"text\"",
        "throw #{ kind: \"script\", message: \"m\", code: (), hint: () }",
        "nothing()",
        "1 + #{}",
    ] {
        let result = project.eval(&format!(
            "try {{ {body}; }} catch (err) {{ let all = [err.code, err.hint]; return err.kind + \"|\" + err.message; }}"
        ));
        let Value::Text(text) = result else {
            panic!("{body}");
        };
        assert!(
            text.starts_with("script|") || text.starts_with("database|"),
            "{text}"
        );
    }
}

#[test]
fn wrong_names_are_answered_with_the_nearest() {
    let project = Project::new();
    for (body, message, hint) in [
        (
            "db::execut(\"x\")",
            "unknown function `db::execut`",
            "did you mean `db::execute`?",
        ),
        (
            "bd::count(\"x\")",
            "unknown namespace `bd`",
            "did you mean `db`?",
        ),
        (
            "stepp(\"x\", || 1)",
            "unknown function `stepp`",
            "did you mean `step`?",
        ),
        (
            "let pending = 1; pendng",
            "unknown variable `pendng`",
            "did you mean `pending`?",
        ),
        (
            "db::count()",
            "`db::count` is called without arguments",
            "it is called as `db::count(table)`",
        ),
        (
            "TABLE",
            "unknown variable `TABLE`",
            "a constant of the script is read as `global::TABLE` inside a function",
        ),
        (
            "db::taken(\"a\", \"b\", #{ ignore_cas: true })",
            "`options` of `db::taken` has no option `ignore_cas`",
            "did you mean `ignore_case`?",
        ),
    ] {
        let text = format!("const TABLE = 1;\nfn main() {{ {body} }}");
        let error = error(&project, &text);
        assert_eq!(error.message, message);
        assert_eq!(error.hint.as_deref(), Some(hint), "{body}");
        assert_eq!(place(&error).1, 2);
    }
}

#[test]
fn wrong_types_are_told_in_plain_words() {
    let project = Project::new();
    for (body, message) in [
        (
            "db::count(5)",
            "`table` of `db::count` is a string, not an int",
        ),
        ("1 + #{}", "`+` cannot be applied to an int and a map"),
        ("let x = 1; if x { 2 }", "expected a bool, found an int"),
        ("#{ a: 1 }.b", "there is no `b` in this map"),
        (
            "let n = 5; for x in n { print(x) }",
            "`for` needs something to walk through: an array, a range, or a stream of rows",
        ),
    ] {
        assert_eq!(error(&project, &main(body)).message, message);
    }
}

#[test]
fn a_failing_step_is_named_with_the_steps_around_it() {
    let project = Project::new();
    let error = error(
        &project,
        "fn main() {\n  step(\"apply\", || step(\"first\", || throw \"no\"));\n}",
    );
    assert_eq!(
        error.trace[3..],
        [
            "in step `first`, called at scripts/test.rhai:2:20",
            "in step `apply`, called at scripts/test.rhai:2:3",
        ]
    );
}

#[test]
fn a_step_whose_failure_was_caught_is_not_named() {
    let project = Project::new();
    let error = error(
        &project,
        "fn main() {\n  try { step(\"first\", || throw #{ kind: \"refused\", message: \"a\" }); }\n  catch (err) { if err.kind == \"refused\" { throw \"b\"; } }\n}",
    );
    assert_eq!(error.message, "b");
    assert_eq!(error.trace.len(), 3, "{:?}", error.trace);
}
