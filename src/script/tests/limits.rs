//! Limits end a script with a clear error that cannot be caught, and its place where there is one.

use super::{Project, main};
use crate::error::Kind;
use crate::value::Value;

fn limited(body: &str) -> String {
    let error = Project::new().run(&main(body)).error.expect("a limit");
    assert_eq!(error.kind, Kind::Script, "{body}");
    assert!(error.hint.is_some(), "{body}");
    error.message
}

#[test]
fn values_may_not_grow_without_end() {
    for (body, message) in [
        (
            "let s = \"x\"; loop { s += s; }",
            "`s` holds a string of more than 16 MiB",
        ),
        (
            "let a = []; loop { a.push(1); }",
            "`a` holds an array of more than 100000 items",
        ),
        (
            "let m = #{}; let i = 0; loop { m[i.to_string()] = i; i += 1; }",
            "`m` holds a map of more than 100000 items",
        ),
        (
            "let m = #{ s: \"x\" }; loop { m.s += m.s; }",
            "`m` holds a string of more than 16 MiB",
        ),
        (
            "let a = [1]; loop { try { a += a; } catch { a = a + a; } }",
            "`a` holds an array of more than 100000 items",
        ),
        (
            "let a = [1]; loop { a.push(a); }",
            "`a` is nested deeper than 20",
        ),
        (
            "let m = #{}; loop { m = #{ m: m, n: m }; }",
            "`m` is nested deeper than 20",
        ),
        (
            "let a = []; a.pad(1000000000, 1); a.len()",
            "`pad` would make an array of more than 100000 items",
        ),
        (
            "let b = blob(1000000000); b.len()",
            "`blob` would make a blob of more than 16 MiB",
        ),
    ] {
        assert_eq!(limited(body), message);
    }
}

#[test]
fn a_limit_has_its_place() {
    let text = "fn main() {\n  let a = [];\n  loop {\n    a.push(1);\n  }\n}";
    let error = Project::new().run(text).error.expect("a limit");
    let position = error.position.expect("a position");
    assert_eq!((position.line, position.column), (4, 5));
}

#[test]
fn calls_may_not_nest_without_end() {
    let error = Project::new()
        .run("fn main() { f(1) }\nfn f(x) { f(x + 1) }")
        .error
        .expect("a limit");
    assert_eq!(error.message, "calls nest deeper than 64");
    assert_eq!(error.position.expect("a position").line, 2);
    assert!(error.trace.iter().any(|line| line.starts_with("… and ")));
}

#[test]
fn deep_calls_of_deep_expressions_fit_the_stack() {
    let deep = format!("{}x{}", "(1 + ".repeat(50), ")".repeat(50));
    let text = format!("fn main() {{ f(0) }}\nfn f(x) {{ if x > 50 {{ return x; }} f({deep}) }}");
    let outcome = Project::new().run(&text);
    assert!(outcome.error.is_none(), "{:?}", outcome.error);
}

#[test]
fn an_expression_may_be_deep_but_not_bottomless() {
    let nested = |depth: usize| main(&format!("{}1{}", "(1 + ".repeat(depth), ")".repeat(depth)));
    assert!(Project::new().run(&nested(40)).error.is_none());
    assert!(Project::new().run(&nested(5_000)).error.is_some());
}

#[test]
fn filling_an_array_is_not_slowed_down() {
    let project = Project::new();
    let begun = std::time::Instant::now();
    let result =
        project.eval("let a = []; for i in 0..90000 { a.push(#{ i: i, t: \"text\" }); } a.len()");
    assert_eq!(result, Value::Int(90_000));
    assert!(begun.elapsed() < std::time::Duration::from_secs(20));
}

#[test]
fn there_is_no_eval_and_no_clock_of_its_own() {
    assert!(Project::new().run(&main("eval(\"1\")")).error.is_some());
    assert!(Project::new().run(&main("timestamp()")).error.is_some());
}
