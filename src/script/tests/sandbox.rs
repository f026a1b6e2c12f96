//! Files, imports, rights: a script cannot reach further than it is meant to.

use super::{Project, main};
use crate::error::Kind;
use crate::event::Event;
use crate::value::Value;

#[test]
fn imports_come_from_the_scripts_folder_only() {
    let project = Project::new();
    project.file("outside.rhai", "fn a() { 1 }");
    project.file("scripts/lib/a.rhai", "fn a() { 2 }");
    let import =
        |path: &str| project.run(&format!("import \"{path}\" as m;\nfn main() {{ m::a() }}"));
    assert_eq!(import("lib/a").result, Value::Int(2));
    let absolute = project.path().join("outside.rhai").display().to_string();
    for path in [
        "../outside",
        absolute.as_str(),
        "lib/../../outside",
        "./lib/a",
        "lib//a",
    ] {
        let error = import(path).error.expect("out of reach");
        assert_eq!(error.kind, Kind::Refused, "{path}");
    }
    let error = import("lib/b").error.expect("unknown");
    assert_eq!(error.hint.as_deref(), Some("did you mean `lib/a`?"));
    project.file(
        "scripts/lib/self.rhai",
        "import \"lib/self\" as me;\nfn a() { 1 }",
    );
    let error = import("lib/self").error.expect("a circle");
    assert_eq!(error.message, "`lib/self` imports itself");
}

#[test]
fn files_are_read_and_written_inside_the_project() {
    let project = Project::new();
    project.file("a.txt", "hello");
    let result = project.eval(
        r#"fs::write("out/b.txt", fs::read("a.txt") + "!");
        [fs::read("out/b.txt"), fs::exists("nope"), fs::list("out"), fs::exists("a.txt")]"#,
    );
    assert_eq!(
        serde_json::to_string(&result).expect("serialisable"),
        r#"["hello!",false,["b.txt"],true]"#
    );
    let error = project
        .run(&main("fs::write(\"scripts/x.rhai\", \"\")"))
        .error;
    assert_eq!(error.expect("refused").kind, Kind::Refused);
}

#[test]
fn a_file_named_on_the_command_line_may_lie_outside() {
    let project = Project::new();
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let path = elsewhere.path().join("x.txt");
    std::fs::write(&path, "x").expect("a file");
    let path = path.display().to_string();
    let text =
        "const PARAMS = #{ file: #{ type: \"file\" } };\nfn main(args) { fs::read(args.file) }";
    assert_eq!(
        project.run_with(text, &[("file", &path)]).result,
        Value::from("x")
    );
    let missing = project.run_with(text, &[("file", "nope.txt")]).error;
    assert_eq!(missing.expect("not there").kind, Kind::Usage);
    let sneaky = format!("fn main() {{ fs::read(\"{path}\") }}");
    assert_eq!(
        project.run(&sneaky).error.expect("refused").kind,
        Kind::Refused
    );
}

#[test]
fn the_environment_is_read_only_where_it_is_granted() {
    let mut project = Project::new();
    let text = "const NEEDS = [\"env\"];\nfn main() { [env::get(\"A\"), env::get(\"B\", \"b\")] }";
    assert_eq!(
        project.run(text).error.expect("refused").kind,
        Kind::Refused
    );
    project.rights.push("env");
    project.environment.insert("A".into(), "a".into());
    assert_eq!(
        project.run(text).result,
        Value::List(vec!["a".into(), "b".into()])
    );
}

#[test]
fn what_a_script_prints_is_an_event() {
    let project = Project::new();
    project.eval("print(\"hello\"); ui::info(\"there\");");
    let lines: Vec<String> = project
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::Log { message, .. } => Some(message),
            _ => None,
        })
        .collect();
    assert_eq!(lines, ["hello", "there"]);
}
