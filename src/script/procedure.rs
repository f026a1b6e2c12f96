//! A script and its header: description, `API`, `NEEDS` and `PARAMS`, read from the AST without executing anything.

use rhai::{AST, Expr, Stmt};

use super::nearest::did_you_mean;
use super::sources::{excerpt, position};
use super::{convert, engine};
use crate::error::{Error, Kind, Result};
use crate::value::Value;

use super::parameter::Parameter;

/// The version of the script API this program offers.
pub const API: i64 = 1;

/// Every right there is, with what it allows.
pub const RIGHTS: [(&str, &str); 7] = [
    ("db:write", "change the database"),
    ("backups", "create, restore and prune backup sets"),
    ("scratch", "make scratch databases"),
    ("files", "write files in the project"),
    ("shell", "run other programs"),
    ("net", "reach the network"),
    ("env", "read the environment"),
];

/// Where a procedure comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It is part of the program (or a project file that equals it).
    BuiltIn,
    /// It is the project's own.
    Project,
    /// It is the project's edited version of a built-in one.
    ProjectEdited,
}

impl Origin {
    /// As `list` shows it.
    pub fn label(self) -> &'static str {
        match self {
            Origin::BuiltIn => "built-in",
            Origin::Project => "project",
            Origin::ProjectEdited => "project, edited",
        }
    }
}

/// A procedure: its text and what its header says.
#[derive(Clone, Debug)]
pub struct Procedure {
    /// Its name, such as `safe-migration` or `examples/nightly`.
    pub name: String,
    /// The `//!` text.
    pub description: String,
    /// Its parameters in the order of the header.
    pub parameters: Vec<Parameter>,
    /// The rights it asks for.
    pub needs: Vec<String>,
    /// The version of the API it was written for.
    pub api: i64,
    /// Where it comes from.
    pub origin: Origin,
    /// Its text.
    pub source: String,
    /// The file as positions name it.
    pub file: String,
    /// The project's `scripts` folder, for imports.
    pub(super) scripts: std::path::PathBuf,
    /// Why its header cannot be read, if so: it is listed, but cannot run.
    pub broken: Option<std::sync::Arc<Error>>,
}

impl Procedure {
    /// The first line of the description.
    pub fn summary(&self) -> &str {
        self.description.lines().next().unwrap_or_default()
    }
}

/// What the header of a script says.
#[derive(Debug, Default)]
pub struct Header {
    /// The version of the API.
    pub api: i64,
    /// The rights.
    pub needs: Vec<String>,
    /// The parameters.
    pub parameters: Vec<Parameter>,
}

/// Reads the header of a text. `label` names the file in positions.
///
/// # Errors
/// `Script` with its position: it does not compile, a constant of the header is not a literal of the right form, or there
/// is no `main` (unless `library`).
pub fn read_header(text: &str, label: &str, library: bool) -> Result<Header> {
    let ast = engine::compile(text, label)?;
    header_of(&ast, text, label, library)
}

/// As [`read_header`], of a script that is compiled already.
///
/// # Errors
/// As [`read_header`].
pub fn header_of(ast: &AST, text: &str, label: &str, library: bool) -> Result<Header> {
    let reader = Reader { text, label };
    let mut header = Header {
        api: API,
        ..Header::default()
    };
    for (name, expression) in constants(ast) {
        match name.as_str() {
            "API" => header.api = reader.api(&expression)?,
            "NEEDS" => header.needs = reader.needs(&expression)?,
            "PARAMS" => header.parameters = reader.parameters(&expression)?,
            _ => {}
        }
    }
    if !library {
        reader.main(ast)?;
    }
    Ok(header)
}

/// The global constants of a script with their expressions.
pub fn constants(ast: &AST) -> Vec<(String, Expr)> {
    let mut found = Vec::new();
    for statement in ast.statements() {
        if let Stmt::Var(variable, flags, _) = statement
            && flags.intersects(rhai::ASTFlags::CONSTANT)
        {
            found.push((variable.0.name.to_string(), variable.1.clone()));
        }
    }
    found
}

/// The `//!` lines at the start, without their marks.
pub fn description(text: &str) -> String {
    text.trim_start_matches('\u{feff}')
        .lines()
        .skip_while(|line| line.trim().is_empty() || line.starts_with("#!"))
        .map_while(|line| line.trim_start().strip_prefix("//!"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end())
        .collect::<Vec<_>>()
        .join("\n")
        .trim()
        .to_owned()
}

/// Reads literals and says where they are wrong.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) label: &'a str,
}

impl Reader<'_> {
    pub(super) fn wrong(&self, place: rhai::Position, message: impl Into<String>) -> Error {
        let mut error = Error::new(Kind::Script, message).code("header");
        error.position = position(self.label, place);
        if let Some(position) = &error.position {
            error.trace = excerpt(self.text, position);
        }
        error
    }

    /// The value of a literal.
    pub(super) fn literal(&self, expression: &Expr) -> Result<Value> {
        expression
            .get_literal_value(None)
            .and_then(|value| convert::to_value(value).ok())
            .ok_or_else(|| {
                self.wrong(
                    expression.start_position(),
                    "the header is read without running the script: only literals can stand here",
                )
            })
    }

    pub(super) fn string(&self, expression: &Expr, what: &str) -> Result<String> {
        match self.literal(expression)? {
            Value::Text(text) => Ok(text),
            other => Err(self.wrong(
                expression.start_position(),
                format!(
                    "{what} is a string, not {}",
                    super::uncaught::article(other.kind())
                ),
            )),
        }
    }

    pub(super) fn strings(&self, expression: &Expr, what: &str) -> Result<Vec<String>> {
        self.items(expression, what)?
            .iter()
            .map(|item| self.string(item, &format!("an item of {what}")))
            .collect()
    }

    /// The items of an array, with their positions.
    pub(super) fn items<'e>(&self, expression: &'e Expr, what: &str) -> Result<&'e [Expr]> {
        match expression {
            Expr::Array(items, _) => Ok(items),
            other => Err(self.wrong(other.start_position(), format!("{what} must be an array"))),
        }
    }

    fn api(&self, expression: &Expr) -> Result<i64> {
        match self.literal(expression)? {
            Value::Int(version @ 1..=API) => Ok(version),
            Value::Int(version) if version > API => Err(self
                .wrong(
                    expression.start_position(),
                    format!("the script is written for API {version}, this program offers {API}"),
                )
                .hint("upgrade dbscript")),
            _ => Err(self.wrong(
                expression.start_position(),
                format!("`API` is a version: a whole number from 1 to {API}"),
            )),
        }
    }

    fn needs(&self, expression: &Expr) -> Result<Vec<String>> {
        let rights: Vec<&str> = RIGHTS.iter().map(|(right, _)| *right).collect();
        let needs = self.strings(expression, "`NEEDS`")?;
        for (need, item) in needs.iter().zip(self.items(expression, "`NEEDS`")?) {
            if !rights.contains(&need.as_str()) {
                let mut error =
                    self.wrong(item.start_position(), format!("there is no right `{need}`"));
                error.hint = did_you_mean(need, rights.iter().copied())
                    .or_else(|| Some(format!("the rights are {}", rights.join(", "))));
                return Err(error);
            }
        }
        Ok(needs)
    }

    fn main(&self, ast: &AST) -> Result<()> {
        let mains: Vec<usize> = ast
            .iter_functions()
            .filter(|function| function.name == "main")
            .map(|function| function.params.len())
            .collect();
        if mains.iter().any(|parameters| *parameters <= 1) {
            return Ok(());
        }
        let start = rhai::Position::new(1, 1);
        if mains.is_empty() {
            let mut error = self.wrong(start, "the script has no `main`");
            let names: Vec<String> = ast.iter_functions().map(|f| f.name.to_owned()).collect();
            error.hint = did_you_mean("main", names.iter().map(String::as_str))
                .or_else(|| Some("write `fn main(args) { … }`".to_owned()));
            return Err(error);
        }
        Err(self
            .wrong(start, "`main` takes no argument or one")
            .hint("write `fn main(args) { … }`: the parameters are in the one map"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = r#"//! Migrate safely: lint, back up.
//! Whatever fails, the database ends as it was found.

const API    = 1;
const NEEDS  = ["db:write", "backups", "scratch"];
const PARAMS = #{
    dir:      #{ type: "dir", value: (), help: "folder of migrations" },
    rehearse: #{ type: "choice", value: "full", choices: ["full", "sample", "off"], help: "try first" },
    scratch_url: #{ type: "string", value: () },
};

fn main(args) { args }
"#;

    fn wrong(text: &str) -> (String, usize, usize) {
        let error = read_header(text, "scripts/a.rhai", false).expect_err("a bad header");
        assert_eq!(error.kind, Kind::Script);
        let position = error.position.expect("a position");
        (error.message, position.line, position.column)
    }

    #[test]
    fn the_header_is_read_without_running() {
        let header = read_header(SAMPLE, "scripts/a.rhai", false).expect("a good header");
        assert_eq!(
            description(SAMPLE),
            "Migrate safely: lint, back up.\nWhatever fails, the database ends as it was found."
        );
        assert_eq!(header.needs, ["db:write", "backups", "scratch"]);
        let names: Vec<&str> = header.parameters.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["dir", "rehearse", "scratch-url"]);
        assert_eq!(header.parameters[2].key, "scratch_url");
        assert_eq!(header.parameters[1].default, Some(Value::from("full")));
    }

    #[test]
    fn a_bad_header_is_told_with_its_place() {
        assert_eq!(
            wrong("const NEEDS = [\"db:wirte\"];\nfn main() {}"),
            ("there is no right `db:wirte`".into(), 1, 16)
        );
        assert_eq!(
            wrong("const API = 9;\nfn main() {}").0,
            "the script is written for API 9, this program offers 1"
        );
        assert_eq!(
            wrong("let x = 1;\nconst NEEDS = x;\nfn main() {}"),
            ("`NEEDS` must be an array".into(), 2, 15)
        );
        assert_eq!(
            wrong("const PARAMS = #{ a: #{ type: \"int\", min: 1 + x() } };\nfn main() {}").0,
            "the header is read without running the script: only literals can stand here"
        );
        assert_eq!(wrong("fn mian() {}").0, "the script has no `main`");
        assert_eq!(
            wrong("fn main(a, b) {}").0,
            "`main` takes no argument or one"
        );
        assert_eq!(wrong("fn main() {\n  let = 3;\n}").1, 2);
    }

    #[test]
    fn a_module_of_the_library_needs_no_main() {
        assert!(read_header("fn helper() { 1 }", "scripts/lib/a.rhai", true).is_ok());
    }
}
