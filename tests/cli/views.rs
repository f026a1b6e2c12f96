//! Views that a migration takes the ground from: the engine may let them stay, and whoever reads them next fails.

use super::{MIGRATE, filled};
use crate::harness::Project;
use crate::harness::databases::{Database, Said, in_every_project};

in_every_project!(a_view_that_stops_working_is_told_by_the_migration_and_not_by_the_next_restore,);

/// A view above another, and one that did not work before.
fn with_views(project: Project) -> Project {
    let project = filled(project, 3);
    project.sql(
        "CREATE VIEW below AS SELECT id, email, username FROM users; CREATE VIEW above AS SELECT email FROM below;
         CREATE VIEW top AS SELECT email FROM above",
    );
    let more = project.said(Said {
        sqlite: "CREATE VIEW broken AS SELECT missing FROM users",
        postgres: "SELECT 1",
        mysql: "CREATE TABLE gone (a INT); CREATE VIEW broken AS SELECT a FROM gone; DROP TABLE gone",
    });
    project.sql(more);
    project
}

fn a_view_that_stops_working_is_told_by_the_migration_and_not_by_the_next_restore(
    project: Project,
) {
    let project = with_views(project);
    let plain = "DROP VIEW below;\n";
    project.file("migrations/0004_drop.sql", plain);
    let told = project.said(Said {
        sqlite: "view `above` no longer works: no such table",
        postgres: "cannot drop view below because other objects depend on it",
        mysql: "view `above` no longer works: View",
    });
    let run = project.dbscript(&MIGRATE).status(3).go();
    assert!(run.told().contains(told), "{}", run.told());
    assert!(!run.told().contains("`broken` no longer"), "{}", run.told());
    assert!(
        run.told().contains("; the view `above`, `top` reads it"),
        "{}",
        run.told()
    );
    assert_eq!(project.value("SELECT count(*) FROM top"), "3");
    if project.url().is_some_and(|url| url.starts_with("postgres")) {
        return;
    }
    // Allowed, it is said and no loss.
    project.file(
        "migrations/0004_drop.sql",
        format!("-- dbscript: allow drop-view(below) nobody reads it\n{plain}"),
    );
    let run = project.dbscript(&MIGRATE).go();
    assert!(run.told().contains("view `top` no longer works"));
    // Without a rehearsal the database itself is looked at.
    project.sql("CREATE VIEW below AS SELECT id, email, username FROM users");
    project.file("migrations/0005_again.sql", plain);
    let words = [&MIGRATE[..], &["--rehearse", "off"]].concat();
    let run = project.dbscript(&words).status(5).go();
    assert!(run.told().contains(told), "{}", run.told());
}

#[test]
fn a_view_whose_column_goes_or_is_renamed_is_told() {
    let Some(project) = Project::on(Database::Mysql) else {
        return;
    };
    let project = with_views(project);
    for (rule, statement) in [
        ("", "ALTER TABLE users RENAME COLUMN username TO called"),
        (
            "",
            "-- dbscript: allow rename-column(users.email)\nALTER TABLE users RENAME COLUMN username TO called",
        ),
        (
            "rename-column(users.username)",
            "ALTER TABLE users RENAME COLUMN username TO called",
        ),
        (
            "drop-column(users.called)",
            "ALTER TABLE users DROP COLUMN called",
        ),
    ] {
        let allow = match rule {
            "" => String::new(),
            rule => format!("-- dbscript: allow {rule}\n"),
        };
        let version = if rule.starts_with("drop") { 5 } else { 4 };
        project.sql("CREATE OR REPLACE VIEW mail AS SELECT * FROM users");
        project.file(
            &format!("migrations/000{version}_column.sql"),
            format!("{allow}{statement};\n"),
        );
        let code = if rule.is_empty() { 3 } else { 0 };
        let run = project.dbscript(&MIGRATE).status(code).go();
        let told = run.told();
        assert!(told.contains("view `mail` no longer works"), "{told}");
        assert!(told.contains("the view `below`, `mail` may read it") || version == 5);
    }
}
