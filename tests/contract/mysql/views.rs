//! Views that lead nowhere: the server lets one stay whose tables, columns or views go.

use crate::cli::{MIGRATE, filled};
use crate::harness::Project;
use crate::harness::databases::Database;

/// One broken view must not make every backup one that cannot be restored.
#[test]
fn a_view_that_leads_nowhere_is_left_out_of_a_restore_and_a_rehearsal_and_told() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    let project = filled(project, 3);
    project.sql(
        "CREATE VIEW sound AS SELECT id FROM users; CREATE VIEW below AS SELECT id, email FROM users;
         CREATE VIEW mailed AS SELECT email FROM below; CREATE VIEW above AS SELECT email FROM mailed;
         DROP VIEW below; CREATE VIEW below AS SELECT id FROM users",
    );
    project.dbscript(&["run", "backup"]).go();
    project.sql("DELETE FROM comments");
    let run = project.dbscript(&["run", "restore", "--yes"]).go();
    for view in ["above", "mailed"] {
        let told =
            format!("the view `{view}` is left out, as it does not work in the backup either");
        assert!(run.stderr.contains(&told), "{}", run.told());
    }
    assert_eq!(project.value("SELECT count(*) FROM comments"), "6");
    assert_eq!(project.value("SELECT count(*) FROM sound"), "3");
    assert_eq!(project.value("SELECT count(*) FROM below"), "3");
    project.sql("CREATE VIEW below2 AS SELECT id FROM below; DROP VIEW below");
    project.file("migrations/0004_fine.sql", "CREATE TABLE fine (a INTEGER);");
    let run = project.dbscript(&MIGRATE).go();
    assert!(
        run.told().contains("the view `below2` is left out"),
        "{}",
        run.told()
    );
}
