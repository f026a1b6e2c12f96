//! The static check: what is wrong with a script, found without running it.
//!
//! It walks the AST over the same tables that functions are registered from: unknown functions, namespaces and
//! variables, wrong numbers and literal types of arguments, unknown options, rights that are not asked for, parameters
//! that do not exist. It says nothing where it cannot be sure.

mod calls;
mod names;
mod rights;
mod scope;
mod walk;

use std::path::Path;

use rhai::AST;

use super::engine::compile;
use super::library::Script;
use super::procedure::{Header, header_of};
use super::sources::{excerpt, position};
use crate::error::{Error, Position};
use crate::event::Severity;

/// Something wrong with a script.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// `Block`: it cannot run. `Warn`: it can.
    pub severity: Severity,
    /// The line with a caret, ready to print.
    pub excerpt: Vec<String>,
}

impl Fault {
    /// A fault of a file as a whole, or at the place the error names.
    pub fn whole(file: &str, error: &Error) -> Fault {
        let start = Position {
            file: file.to_owned(),
            line: 1,
            column: 1,
        };
        let place = error.position.clone().unwrap_or(start);
        Fault {
            file: place.file,
            line: place.line,
            column: place.column,
            message: error.chain(),
            hint: error.hint.clone(),
            severity: Severity::Block,
            excerpt: error.trace.clone(),
        }
    }
}

/// Everything wrong with one script, in the order of its text. `library`: it is a module, which needs no `main` and
/// whose rights are its importers'.
pub fn script(script: &Script, library: bool, scripts: &Path) -> Vec<Fault> {
    let ast = match compile(&script.text, &script.label) {
        Ok(ast) => ast,
        Err(error) => return vec![Fault::whole(&script.label, &error)],
    };
    let mut faults = Faults {
        text: &script.text,
        label: &script.label,
        found: Vec::new(),
    };
    let header = match header_of(&ast, &script.text, &script.label, library) {
        Ok(header) => Some(header),
        Err(error) => {
            faults.found.push(Fault::whole(&script.label, &error));
            None
        }
    };
    walk_all(&ast, header.as_ref(), library, scripts, &mut faults);
    let mut found = faults.found;
    found.sort_by_key(|fault| (fault.line, fault.column));
    found.dedup_by(|a, b| (a.line, a.column, &a.message) == (b.line, b.column, &b.message));
    found
}

fn walk_all(
    ast: &AST,
    header: Option<&Header>,
    library: bool,
    scripts: &Path,
    faults: &mut Faults<'_>,
) {
    let names = names::Names::of(ast, scripts);
    let mut walker = walk::Walker::new(ast, &names, faults);
    walker.parameters = header.map(|header| header.parameters.as_slice());
    walker.needs = header
        .filter(|_| !library)
        .map(|header| header.needs.as_slice());
    walker.all();
}

/// Collects faults with their lines.
struct Faults<'a> {
    text: &'a str,
    label: &'a str,
    found: Vec<Fault>,
}

impl Faults<'_> {
    fn add(&mut self, place: rhai::Position, message: String, hint: Option<String>) {
        let Some(place) = position(self.label, place) else {
            return;
        };
        self.found.push(Fault {
            excerpt: excerpt(self.text, &place),
            file: place.file,
            line: place.line,
            column: place.column,
            message,
            hint,
            severity: Severity::Block,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::procedure::Origin;

    fn check(text: &str) -> Vec<Fault> {
        check_in(Path::new("/nowhere"), text)
    }

    fn check_in(scripts: &Path, text: &str) -> Vec<Fault> {
        let script_text = Script {
            name: "a".into(),
            text: text.into(),
            label: "scripts/a.rhai".into(),
            origin: Origin::Project,
        };
        script(&script_text, false, scripts)
    }

    /// The faults of a `main(args)` with this body, as `line:column message (hint)`.
    fn told(body: &str) -> Vec<String> {
        let text = format!(
            "const NEEDS = [\"backups\"]; const TABLE = \"t\"; const PARAMS = #{{ dir_name: #{{ type: \"dir\", value: () }} }};\nfn main(args) {{\n{body}\n}}\nfn helper(a, b) {{ a + b }}\n"
        );
        check(&text)
            .into_iter()
            .map(|fault| {
                let hint = fault
                    .hint
                    .map_or(String::new(), |hint| format!(" ({hint})"));
                format!("{}:{} {}{hint}", fault.line, fault.column, fault.message)
            })
            .collect()
    }

    /// A mistake in the body of `main`, and what is told of it.
    const MISTAKES: &[(&str, &str)] = &[
        (
            "db::execut(\"x\")",
            "3:1 unknown function `db::execut` (did you mean `db::query`?)",
        ),
        (
            "db::qurey(\"x\")",
            "3:1 unknown function `db::qurey` (did you mean `db::query`?)",
        ),
        (
            "dbb::query(\"x\")",
            "3:1 unknown namespace `dbb` (did you mean `db`?)",
        ),
        (
            "stpe(\"x\", || 1)",
            "3:1 unknown function `stpe` (did you mean `step`?)",
        ),
        (
            "db::count()",
            "3:1 `db::count` takes 1 argument, not 0 (it is called as `db::count(table)`)",
        ),
        ("helper(1)", "3:1 `helper` takes 2 arguments, not 1"),
        (
            "db::count(5)",
            "3:11 `table` of `db::count` is a string, not an int",
        ),
        (
            "db::query(\"x\", 7)",
            "3:16 `params` of `db::query` is an array or map, not an int",
        ),
        (
            "db::taken(\"t\", \"c\", #{ ignore_cas: true })",
            "3:24 `options` of `db::taken` has no option `ignore_cas` (did you mean `ignore_case`?)",
        ),
        (
            "db::taken(\"t\", \"c\", #{ ignore_case: 1 })",
            "3:37 `ignore_case` of `db::taken` is a bool, not an int",
        ),
        (
            "db::execute(\"x\")",
            "3:1 `db::execute` needs the right `db:write` (add it to the header: const NEEDS = [\"db:write\", …];)",
        ),
        (
            "args.dirname",
            "3:6 there is no parameter `dirname` (did you mean `dir_name`?)",
        ),
        (
            "step(\"x\", || args.dirnam)",
            "3:19 there is no parameter `dirnam` (did you mean `dir_name`?)",
        ),
        (
            "let pending = 1; pendng",
            "3:18 unknown variable `pendng` (did you mean `pending`?)",
        ),
        (
            "TABLE",
            "3:1 unknown variable `TABLE` (a constant of the script is read as `global::TABLE` inside a function)",
        ),
        (
            "global::TABEL",
            "3:1 there is no constant `TABEL` (did you mean `TABLE`?)",
        ),
        (
            "let list = [1]; list.pussh(2)",
            "3:22 unknown method `pussh` (did you mean `push`?)",
        ),
        (
            "if true { let inner = 1; } inner",
            "3:28 unknown variable `inner`",
        ),
        (
            "import \"lib/nothing\" as n;",
            "3:8 there is no module `lib/nothing` to import",
        ),
    ];

    #[test]
    fn mistakes_are_told_with_their_place_and_the_way_out() {
        for (body, fault) in MISTAKES {
            let found = told(body);
            assert!(
                found.len() == 1 && found[0].starts_with(fault.split(" (").next().unwrap_or(fault)),
                "{body}: {found:?}"
            );
            if !body.contains("execut(") {
                assert!(found[0].starts_with(fault), "{body}: {found:?}");
            }
        }
    }

    #[test]
    fn every_mistake_is_told_not_only_the_first() {
        let found =
            told("db::execut(\"x\");\nnope();\nfor row in db::rows(\"x\") { row.a.b(); missing }");
        assert_eq!(found.len(), 4, "{found:?}");
    }

    #[test]
    fn what_is_right_raises_no_alarm() {
        for body in [
            "let total = 0; for (row, i) in db::rows(\"x\", [1]) { total += row.n + i; } total",
            "let f = |x| x + helper(x, 1); f.call(1)",
            "let value = args.dir_name ?? \"a\"; `${value} ${global::TABLE}`",
            "try { throw #{ kind: \"script\", message: \"m\" }; } catch (err) { ui::info(err.message); }",
            "switch args.dir_name { \"a\" if 1 > 0 => 1, 1..5 => 2, _ => 3 }",
            "let map = #{ run: |x| x * 2 }; map.run(2) + map.other.len()",
            "[1, 2].map(|x| x + 1).filter(|x| x > 1).sort(); [1, 2].reduce(|sum, x| sum + x, 0)",
            "let s = \"a-b\"; s.split(\"-\").len() + s.to_upper().len(); print(s); s.sub_string(0, 1)",
            "let a = args; a.anything; let args = #{ x: 1 }; args.x",
            "step(\"a\", || step(\"b\", || { let inner = args.dir_name; inner }))",
            "const LOCAL = 5; let x = LOCAL; while x > 0 { x -= 1; if x == 2 { break; } } do { x += 1 } until x > 3; x",
            "let t = db::taken(\"t\", \"c\", #{ ignore_case: true }); t.expect([\"a\"]); t.has(\"a\")",
            "helper(1, 2) + Fn(\"helper\").call(1, 2); 5.type_of(); is_def_fn(\"helper\", 2)",
            "let x = if args.dir_name == () { 1 } else { 2 }; x.to_string(); this",
        ] {
            assert!(told(body).is_empty(), "{body}: {:?}", told(body));
        }
    }

    #[test]
    fn the_functions_of_a_module_are_known() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(folder.path().join("lib")).expect("a folder");
        std::fs::write(
            folder.path().join("lib/m.rhai"),
            "export const LIMIT = 5;\nfn good(a) { a }\nprivate fn hidden() { db::transaction(|| db::execute(\"x\")) }\nfn store() { hidden() }\n",
        )
        .expect("a file");
        let faults = |body: &str| {
            let text = format!("import \"lib/m\" as m;\nfn main() {{ {body} }}");
            let faults = check_in(folder.path(), &text);
            faults
                .into_iter()
                .map(|fault| fault.message)
                .collect::<Vec<_>>()
        };
        assert!(faults("m::good(1) + m::LIMIT").is_empty());
        assert_eq!(faults("m::goood(1)"), ["unknown function `m::goood`"]);
        assert_eq!(faults("m::good()"), ["`m::good` takes 1 argument, not 0"]);
        assert_eq!(faults("m::hidden()"), ["unknown function `m::hidden`"]);
        assert_eq!(
            faults("m::store()"),
            ["`m::store` needs the right `db:write`"]
        );
    }

    #[test]
    fn a_header_that_cannot_be_read_does_not_hide_the_rest() {
        let faults = check("const NEEDS = [\"nope\"];\nfn main() { undefined }");
        assert_eq!(faults.len(), 2);
        assert!(faults[0].message.contains("right"));
        assert_eq!(faults[1].line, 2);
    }

    #[test]
    fn the_shipped_scripts_are_free_of_faults_and_quickly_checked() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let library = crate::script::Library::open(folder.path());
        // The first check builds the tables.
        library.check(&[]);
        let begun = std::time::Instant::now();
        let faults = library.check(&[]);
        assert!(faults.is_empty(), "{faults:#?}");
        assert!(begun.elapsed() < std::time::Duration::from_secs(2));
    }

    proptest::proptest! {
        /// What a person types half-way is told, never a panic: shipped scripts with a piece cut out, doubled or replaced.
        #[test]
        fn a_mangled_script_never_panics(
            which in 0_usize..32,
            from in 0.0_f64..1.0,
            length in 0_usize..40,
            with in "[-{}()\\[\\]|;:,.#\"`$a-z0-9=+ ]{0,6}",
        ) {
            let scripts = crate::script::embedded::SCRIPTS;
            let text: Vec<char> = scripts[which % scripts.len()].1.chars().collect();
            let from = (from * text.len() as f64) as usize;
            let to = (from + length).min(text.len());
            let mangled: String = text[..from].iter().copied().chain(with.chars()).chain(text[to..].iter().copied()).collect();
            check(&mangled);
        }
    }

    #[test]
    fn bottomless_nesting_is_an_error_and_no_overflow() {
        for (open, close) in [
            ("(", ")"),
            ("[", "]"),
            ("{", "}"),
            ("#{a:", "}"),
            ("if true {", "}"),
            ("|x| ", ""),
            ("!", ""),
            ("-", ""),
            ("`${", "}`"),
            ("x.", ""),
            ("a(", ")"),
        ] {
            let text = format!(
                "fn main() {{ {}1{} }}",
                open.repeat(20_000),
                close.repeat(20_000)
            );
            assert!(!check(&text).is_empty(), "{open}");
        }
        // Deep to the right, but not nested.
        let long = format!("fn main() {{ 1{} }}", " + 1".repeat(20_000));
        check(&long);
    }
}
