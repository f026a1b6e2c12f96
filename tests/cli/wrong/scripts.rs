//! Scripts that do not compile, do what they may not, or never end.

use super::{Leaves, Wrong, hold, wrong};

fn script(text: &(impl AsRef<[u8]> + ?Sized), code: i32, told: &[&str]) -> Wrong {
    wrong("run mine", code, told).file("scripts/mine.rhai", text)
}

/// A body that asks for the right to write.
fn writes(body: &str, code: i32, told: &[&str]) -> Wrong {
    let text = format!("const NEEDS = [\"db:write\", \"files\"];\nfn main() {{ {body} }}\n");
    script(&text, code, told)
}

#[test]
fn headers() {
    hold(&[
        script("", 8, &["no `main`", "fn main(args)"]),
        script(
            "fn other() {}\n",
            8,
            &["no `main`", "scripts/mine.rhai:1:1"],
        ),
        script(
            "fn main(a, b) {}\n",
            8,
            &["`main` takes no argument or one", "one map"],
        ),
        script(
            b"\xff\xfe",
            8,
            &["`scripts/mine.rhai` is not UTF-8", "save it as UTF-8"],
        ),
        script(
            "const API = 99;\nfn main() {}\n",
            8,
            &["API 99", "upgrade dbscript"],
        ),
        script(
            "const NEEDS = 'x';\nfn main() {}\n",
            8,
            &["scripts/mine.rhai:1:"],
        ),
        script(
            "const NEEDS = \"x\";\nfn main() {}\n",
            8,
            &["`NEEDS` must be an array", "scripts/mine.rhai:1:15"],
        ),
        script(
            "const NEEDS = [\"db:wirte\"];\nfn main() {}\n",
            8,
            &["no right `db:wirte`", "did you mean `db:write`?"],
        ),
        script(
            "const PARAMS = #{ a: #{ type: \"strnig\" } };\nfn main(a) {}\n",
            8,
            &["no type `strnig`", "`string`"],
        ),
        script(
            "const PARAMS = #{ a: #{ type: \"int\", vlaue: 5 } };\nfn main(a) {}\n",
            8,
            &["unknown key `vlaue`", "`value`"],
        ),
        script(
            "const PARAMS = #{ a: #{ type: \"int\", value: 5, min: 9 } };\nfn main(a) {}\n",
            8,
            &["the default of `a`", "at least 9"],
        ),
        script(
            "const PARAMS = #{ a: #{ type: \"int\", help: \"how many\" } };\nfn main(a) {}\n",
            2,
            &["needs `--a`", "how many"],
        ),
        script(
            "const PARAMS = #{ a: #{ type: \"int\" } };\nfn main(a) {}\n",
            2,
            &["needs `--a`", "run mine --help"],
        ),
    ]);
}

#[test]
fn texts() {
    hold(&[
        script(
            "fn main( {\n",
            8,
            &["close the parameters", "scripts/mine.rhai:1:10"],
        ),
        script(
            "fn main() { let x = \"open }\n",
            8,
            &["scripts/mine.rhai:1:"],
        ),
        script(
            "fn main() {\n    db::qurey(\"x\")\n}\n",
            8,
            &[
                "unknown function `db::qurey`",
                "mine.rhai:2:5",
                "did you mean `db::query`?",
            ],
        ),
        script(
            "fn main() { db::query() }\n",
            8,
            &[
                "`db::query` is called without arguments",
                "db::query(sql[, params])",
            ],
        ),
        script(
            "fn main() { db::query(1) }\n",
            8,
            &[
                "`sql` of `db::query` is a string, not an int",
                "scripts/mine.rhai:1:13",
            ],
        ),
        script(
            "fn main() { let x = unknown_thing; }\n",
            8,
            &["unknown variable `unknown_thing`", "mine.rhai:1:21"],
        ),
        script(
            "fn main() { nowhere::f() }\n",
            8,
            &["unknown namespace `nowhere`", "mine.rhai:1:13"],
        ),
        script(
            "import \"lib/none\" as l;\nfn main() { l::x() }\n",
            8,
            &["no module `lib/none`", "below `scripts/`"],
        ),
        script(
            "import \"../../etc/x\" as l;\nfn main() {}\n",
            3,
            &["`../../etc/x`", "below `scripts/`"],
        ),
    ]);
}

#[test]
fn runs_that_fail() {
    hold(&[
        script(
            "fn main() { throw \"boom\" }\n",
            8,
            &["boom", "mine.rhai:1:13"],
        ),
        script(
            "fn main() { 1 / 0 }\n",
            8,
            &["division by zero", "mine.rhai:1:15"],
        ),
        script(
            "fn f(x) { f(x + 1) }\nfn main() { f(1) }\n",
            8,
            &["calls nest deeper than 64", "mine.rhai:1:"],
        ),
        script(
            "fn main() { let a = []; loop { a.push(1); } }\n",
            8,
            &["more than 100000 items", "db::rows"],
        ),
        script(
            "fn main() { let s = \"x\"; loop { s += s; } }\n",
            8,
            &["more than 16 MiB"],
        ),
        wrong(
            "run mine --timeout 0.5",
            124,
            &["the time limit was reached", "as it was found"],
        )
        .file("scripts/mine.rhai", "fn main() { loop { } }\n"),
        wrong(
            "check",
            8,
            &[
                "unknown function `db::qurey`",
                "mine.rhai:1:13",
                "`db::query`",
            ],
        )
        .file("scripts/mine.rhai", "fn main() { db::qurey(\"x\") }\n"),
    ]);
}

#[test]
fn what_a_script_may_not() {
    let nothing = "dbscript.toml";
    hold(&[
        script(
            "fn main() { fs::read(\"../../etc/passwd\") }\n",
            3,
            &["lies outside the project", "project folder"],
        ),
        script(
            "fn main() { fs::read(\"/etc/passwd\") }\n",
            3,
            &["`/etc/passwd` lies outside the project"],
        ),
        script("fn main() { fs::read(\"none.txt\") }\n", 1, &["none.txt"]),
        writes(
            "fs::write(\"scripts/x.rhai\", \"x\")",
            3,
            &["`scripts/x.rhai` is not for scripts to write"],
        ),
        writes(
            "fs::write(\".env\", \"x\")",
            3,
            &["`.env` is not for scripts to write", nothing],
        ),
        writes(
            "fs::write(\"../x\", \"x\")",
            3,
            &["`../x` lies outside the project"],
        ),
        script(
            "fn main() { fs::write(\"a\", \"x\") }\n",
            8,
            &["right `files` is not asked for", "const NEEDS"],
        ),
    ]);
}

#[test]
fn statements_of_a_script() {
    let nothing = "dbscript.toml";
    hold(&[
        script(
            "fn main() { db::execute(\"DELETE FROM users\") }\n",
            8,
            &["right `db:write` is not asked for", "const NEEDS"],
        ),
        writes(
            "db::execute(\"DELETE FROM users\")",
            3,
            &["right `db:write` is not granted", "`revoke`"],
        )
        .file(nothing, "[rights]\nrevoke = [\"db:write\"]\n"),
        script(
            "const NEEDS = [\"env\"];\nfn main() { env::get(\"HOME\") }\n",
            3,
            &[
                "right `env` is not granted",
                "[rights]",
                "grant = [\"env\"]",
            ],
        ),
        script(
            "fn main() { db::query(\"DELETE FROM users\") }\n",
            8,
            &["a query does not write", "`db::execute`"],
        ),
        script(
            "fn main() { db::query(\"SELECT * FROM nowhere\") }\n",
            1,
            &["no such table: nowhere", "mine.rhai:1:13"],
        ),
        script(
            "fn main() { db::query(\"SELECT ? + ?\", [1]) }\n",
            1,
            &["takes 2 parameters, not 1"],
        ),
        writes(
            "db::execute(\"DELETE FORM users\")",
            1,
            &["near \"FORM\": syntax error", "mine.rhai:2:13"],
        )
        .leaves(Leaves::Log),
        writes(
            "db::execute(\"ATTACH 'x.db' AS x\")",
            3,
            &["not allowed", "ATTACH"],
        )
        .leaves(Leaves::Log),
        writes(
            "ui::confirm(\"Sure?\")",
            3,
            &["nobody can be asked: Sure?", "--yes"],
        ),
        // Nothing was there to have an effect on: no run log.
        writes(
            "db::execute(\"DELETE FROM users\")",
            4,
            &["no database at", "none.db", "DATABASE_URL"],
        )
        .url("sqlite://none.db"),
        writes(
            "db::insert(\"users\", [#{ id: \"x\" }])",
            4,
            &["no database at", "none.db"],
        )
        .url("sqlite://none.db"),
    ]);
}
