//! Users who are shown no triggers, events or routines, whether there are any or not: what a backup of theirs says of
//! that, and what a restore of it leaves alone.

use super::{client, for_user, name};
use crate::contract::number;
use crate::harness::databases::{Database, Fresh};
use crate::harness::{BackupSet, PASSWORD, Project};

/// A table with a trigger, an event, a procedure and a view.
const OBJECTS: &str = "CREATE TABLE a (id INT PRIMARY KEY, secret VARCHAR(20));
     INSERT INTO a VALUES (1, 'x');
     CREATE TRIGGER ta AFTER INSERT ON a FOR EACH ROW SET @x = 1;
     CREATE EVENT e1 ON SCHEDULE EVERY 1 DAY DO SET @a = 1;
     CREATE PROCEDURE p1() SELECT 1;
     CREATE VIEW va AS SELECT * FROM a;";

/// The user as statements name it.
fn account(fresh: &Fresh, user: &str) -> String {
    format!("'{user}_{}'@'127.0.0.1'", &name(fresh.url())[5..])
}

/// The URL of a new user who has these rights, of which each says what on: `@` stands for the database.
fn with_rights(fresh: &Fresh, user: &str, rights: &[&str]) -> String {
    let me = account(fresh, user);
    let database = format!("`{}`", name(fresh.url()).replace('_', "\\_"));
    let mut sql = format!("CREATE USER {me} IDENTIFIED BY '{PASSWORD}';");
    for right in rights {
        sql.push_str(&format!(
            "GRANT {} TO {me};",
            right.replace('@', &format!("{database}.*"))
        ));
    }
    client(fresh.url(), &sql);
    let user = format!("{user}_{}", &name(fresh.url())[5..]);
    for_user(fresh.url(), &user)
}

/// MariaDB with [`OBJECTS`]; MySQL's rights have other names.
async fn with_objects() -> Option<Fresh> {
    let fresh = Fresh::new(Database::Mysql).await?;
    let mut root = fresh.session().await;
    if root.info().await.expect("it answers").engine != "mariadb" {
        return None;
    }
    client(fresh.url(), OBJECTS);
    Some(fresh)
}

/// The kinds that a set says may be missing.
fn missing(set: &BackupSet) -> Vec<String> {
    let entries = set.summary["not_included"].as_array();
    let entries = entries.expect("a list").iter();
    let unseen = entries.filter(|entry| entry["name"] == "*");
    unseen
        .map(|entry| entry["kind"].as_str().expect("a kind").to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_says_which_kinds_of_objects_its_user_is_not_shown() {
    let Some(fresh) = with_objects().await else {
        return;
    };
    let seen = "SELECT, SHOW VIEW ON @";
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("none", &[seen], &["trigger", "event", "routine"]),
        ("event", &[seen, "EVENT ON @"], &["trigger", "routine"]),
        ("trigger", &[seen, "TRIGGER ON @"], &["event", "routine"]),
        (
            "proc",
            &[seen, "SELECT ON mysql.proc"],
            &["trigger", "event"],
        ),
        (
            "all",
            &[seen, "TRIGGER, EVENT ON @", "SELECT ON mysql.proc"],
            &[],
        ),
        ("over", &["ALL ON *.*"], &[]),
    ];
    for (user, rights, kinds) in cases {
        let url = with_rights(&fresh, user, rights);
        let project = Project::new();
        let made = project
            .dbscript(&["run", "backup"])
            .env("DATABASE_URL", &url)
            .go();
        let set = BackupSet::latest(&project);
        assert_eq!(missing(&set), *kinds, "{user}");
        assert_eq!(
            made.stderr.contains("if there are any"),
            !kinds.is_empty(),
            "{user}: {}",
            made.stderr
        );
        let schema = set.schema.to_uppercase();
        for (kind, head) in [
            ("trigger", "TRIGGER `TA`"),
            ("event", "EVENT `E1`"),
            ("routine", "PROCEDURE `P1`"),
        ] {
            assert_eq!(
                schema.contains(head),
                !kinds.contains(&kind),
                "{user} {kind}: what is told is true"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_grants_that_a_backup_names_lead_to_a_whole_one() {
    let Some(fresh) = with_objects().await else {
        return;
    };
    let url = with_rights(&fresh, "lead", &["SELECT, SHOW VIEW ON @"]);
    let project = Project::new();
    let backup = || {
        project
            .dbscript(&["run", "backup"])
            .env("DATABASE_URL", &url)
    };
    let made = backup().go();
    let me = account(&fresh, "lead");
    let grants = made.stderr.split(['\n', ';']).filter_map(|line| {
        let start = line.find("GRANT ")?;
        let end = line.find(&me)? + me.len();
        line.get(start..end)
    });
    let grants: Vec<&str> = grants.collect();
    assert_eq!(grants.len(), 3, "{}", made.stderr);
    client(fresh.url(), &format!("{};", grants.join(";\n")));
    let made = backup().go();
    assert!(!made.stderr.contains("GRANT"), "{}", made.stderr);
    assert_eq!(missing(&BackupSet::latest(&project)), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_on_every_table_a_role_or_a_pattern_shows_triggers_as_well() {
    let Some(fresh) = with_objects().await else {
        return;
    };
    let database = name(fresh.url());
    let seen = "SELECT, SHOW VIEW ON @";
    let on_table = format!("TRIGGER ON `{database}`.a");
    let pattern = format!(
        "SELECT, SHOW VIEW, TRIGGER ON `{}%`.*",
        &database[..database.len() - 1]
    );
    let role = format!("role_{}", &database[5..]);
    client(
        fresh.url(),
        &format!(
            "CREATE ROLE {role}; GRANT TRIGGER ON `{}`.* TO {role};",
            database.replace('_', "\\_")
        ),
    );
    for (user, rights) in [
        ("tables", &[seen, on_table.as_str()][..]),
        ("pattern", &[pattern.as_str()]),
        ("role", &[seen]),
    ] {
        let url = with_rights(&fresh, user, rights);
        if user == "role" {
            let me = account(&fresh, user);
            client(
                fresh.url(),
                &format!("GRANT {role} TO {me}; SET DEFAULT ROLE {role} FOR {me};"),
            );
        }
        let project = Project::new();
        project
            .dbscript(&["run", "backup"])
            .env("DATABASE_URL", &url)
            .go();
        let set = BackupSet::latest(&project);
        assert_eq!(missing(&set), ["event", "routine"], "{user}");
        assert!(set.schema.contains("TRIGGER `ta`"), "{user}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_leaves_alone_what_its_set_could_not_know_of() {
    let Some(fresh) = with_objects().await else {
        return;
    };
    let url = with_rights(&fresh, "few", &["SELECT, SHOW VIEW ON @"]);
    let project = Project::new();
    project
        .dbscript(&["run", "backup"])
        .env("DATABASE_URL", &url)
        .go();
    client(
        fresh.url(),
        "INSERT INTO a VALUES (2, 'y'); CREATE TABLE b (id INT);
         CREATE TRIGGER tb AFTER INSERT ON b FOR EACH ROW SET @x = 1;
         CREATE VIEW vb AS SELECT * FROM b;",
    );
    for words in [
        &["run", "restore", "--plan"][..],
        &["run", "restore", "--yes"],
    ] {
        project
            .dbscript(words)
            .env("DATABASE_URL", fresh.url())
            .stderr_has("may lack triggers, events, routines")
            .stderr_has("the trigger `ta` stays")
            .stderr_has("the event `e1` stays")
            .stderr_has("the procedure `p1` stays")
            .go();
    }
    let mut root = fresh.session().await;
    for (sql, count) in [
        ("SELECT COUNT(*) FROM a", 1),
        (
            "SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()",
            1,
        ),
        (
            "SELECT COUNT(*) FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE() AND STATUS = 'ENABLED'",
            1,
        ),
        (
            "SELECT COUNT(*) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()",
            1,
        ),
        (
            "SELECT COUNT(*) FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()",
            1,
        ),
    ] {
        assert_eq!(number(&mut root, sql).await, count, "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_shown_a_routine_without_its_text_makes_no_backup() {
    let Some(fresh) = with_objects().await else {
        return;
    };
    for (user, right) in [
        ("runs", "EXECUTE ON @"),
        ("alters", "ALTER ROUTINE ON @"),
        ("makes", "CREATE ROUTINE ON @"),
    ] {
        let rights = ["SELECT, SHOW VIEW, TRIGGER, EVENT ON @", right];
        let url = with_rights(&fresh, user, &rights);
        Project::new()
            .dbscript(&["run", "backup"])
            .env("DATABASE_URL", &url)
            .status(6)
            .stderr_has("the procedure `p1`")
            .go();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_calls_what_a_backup_could_not_know_of_does_not_stop_its_restore() {
    let Some(fresh) = with_objects().await else {
        return;
    };
    client(
        fresh.url(),
        "CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN 2 * n;
         CREATE VIEW doubled AS SELECT twice(id) AS n FROM a;",
    );
    let url = with_rights(&fresh, "calls", &["SELECT, SHOW VIEW ON @"]);
    let project = Project::new();
    project
        .dbscript(&["run", "backup"])
        .env("DATABASE_URL", &url)
        .go();
    project
        .dbscript(&["run", "restore", "--yes"])
        .env("DATABASE_URL", fresh.url())
        .stderr_has("the view `doubled` stays as it is")
        .go();
    let mut root = fresh.session().await;
    assert_eq!(number(&mut root, "SELECT n FROM doubled").await, 2);
}

/// The tables had already changed places when it failed, and changed back.
#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_of_a_column_that_the_set_does_not_have_does_not_stop_its_restore() {
    let Some(fresh) = with_objects().await else {
        return;
    };
    let url = with_rights(&fresh, "fits", &["SELECT, SHOW VIEW ON @"]);
    let project = Project::new();
    project
        .dbscript(&["run", "backup"])
        .env("DATABASE_URL", &url)
        .go();
    client(
        fresh.url(),
        "ALTER TABLE a ADD COLUMN later INT;
         CREATE TRIGGER names_it BEFORE INSERT ON a FOR EACH ROW SET NEW.later = 1;",
    );
    project
        .dbscript(&["run", "restore", "--yes"])
        .env("DATABASE_URL", fresh.url())
        .stderr_has("the trigger `names_it` goes")
        .go();
    let mut root = fresh.session().await;
    let triggers =
        "SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()";
    assert_eq!(number(&mut root, triggers).await, 1);
}
