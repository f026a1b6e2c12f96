//! Streams of rows in scripts: an error in the middle is never taken for the end.

use crate::harness::Project;

/// A thousand rows, of which the nine hundredth cannot be computed.
const BREAKS: &str =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
     SELECT json(CASE WHEN i = 900 THEN '{' ELSE '1' END) AS value FROM n";

#[test]
fn an_error_in_the_middle_ends_the_run_whatever_the_loop_does() {
    for body in ["", "count += 1;", "count += row.value.len;"] {
        let project = Project::new();
        project.sql("CREATE TABLE t (a)");
        project.file(
            "scripts/walk.rhai",
            format!(
                "//! Walks.\nfn main() {{\n    let count = 0;\n    for row in db::rows(`{BREAKS}`) {{ {body} }}\n    ui::info(\"after the loop\");\n    count\n}}\n"
            ),
        );
        let run = project.dbscript(&["run", "walk", "--json"]).status(1).go();
        let error = run.end()["error"].clone();
        assert_eq!(error["kind"], "database", "{body}: {error}");
        assert_eq!(error["position"]["line"], 4, "{body}: {error}");
        assert!(!run.stdout.contains("after the loop"), "{}", run.told());
    }
}
