//! `restore-users`: what is restored, skipped and rejected, and that nothing is written where it must not be.

mod ended;
mod refused;
mod unusable;

use serde_json::json;

use crate::harness::databases::{Said, in_every_project};
use crate::harness::{Export, Project, Signal, User};

in_every_project!(
    the_sample_export_is_restored_once,
    users_are_named_and_stored_by_the_rules,
    colliding_names_and_codes_go_to_the_oldest_first,
    both_forms_of_an_id_are_one_user,
    a_plan_writes_nothing,
    a_table_that_numbers_its_rows_needs_no_id,
    an_edited_script_fills_a_prisma_table,
    many_users_are_restored_in_one_run,
    an_interrupted_run_leaves_nothing,
);

const WALLET: &str = "7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU";
const OTHER: &str = "9WzDXwBbmkg8ZTbNMqUxvQRAyrZzDsGYdLVL9zYtAWWM";

/// The project with the sample tables and nothing in `users/`.
fn prepared(project: Project) -> Project {
    let project = project.with_sample();
    for name in project.list("users") {
        project.remove(&format!("users/{name}"));
    }
    migrated(&project);
    project
}

/// Applies the sample's migrations without the program.
fn migrated(project: &Project) {
    for name in project.list("migrations") {
        project.sql(&project.read(&format!("migrations/{name}")));
    }
}

fn user<'a>(id: &'a str, created_at: &'a str, email: &'a str) -> User<'a> {
    User {
        id,
        created_at,
        email,
        ..User::default()
    }
}

fn the_sample_export_is_restored_once(project: Project) {
    let project = project.with_sample();
    migrated(&project);
    let run = project.dbscript(&["--json", "run", "restore-users"]).go();
    let expected = json!({"read": 52, "restored": 52, "skipped": 0, "rejected": 0});
    assert_eq!(run.result(), expected, "{}", run.told());
    assert_eq!(project.value("SELECT count(*) FROM users"), "52");
    assert_eq!(
        project
            .value("SELECT count(*) FROM users WHERE total_points = 0 AND created_at IS NOT NULL"),
        "52"
    );

    let before = project.hash();
    let run = project.dbscript(&["--json", "run", "restore-users"]).go();
    let expected = json!({"read": 52, "restored": 0, "skipped": 52, "rejected": 0});
    assert_eq!(run.result(), expected, "{}", run.told());
    assert_eq!(project.hash(), before);
}

fn users_are_named_and_stored_by_the_rules(project: Project) {
    let project = prepared(project);
    let export = Export::new()
        .user(User {
            id: "cmaaaaaaaaaaaaaaa11111111",
            created_at: "Sat Jul 05 2025 22:58:00 GMT+0200 (Central European Summer Time)",
            external: WALLET,
            embedded: OTHER,
            email: "Zoë.Müller@example.org",
        })
        .user(User {
            id: "cmaaaaaaaaaaaaaaa22222222",
            created_at: "2025-07-05T21:00:00Z",
            embedded: OTHER,
            ..User::default()
        })
        .user(user("cmaaaaaaaaaaaaaaa33333333", "1751749260000", ""))
        .user(user(
            "cmaaaaaaaaaaaaaaa44444444",
            "2025-07-05 21:02:00",
            "🙂@example.org",
        ));
    project.file("users/export.csv", export.text());
    project.dbscript(&["run", "restore-users"]).go();
    let rows = project.lines(
        "concat_ws('|', privy_id, username, email, solana_wallet, embedded_wallet, referral_code, total_points, created_at)",
        "users",
        "created_at",
    );
    assert_eq!(
        rows,
        format!(
            "cmaaaaaaaaaaaaaaa11111111|zoe.muller|Zoë.Müller@example.org|{WALLET}|{OTHER}|ref_11111111|0|2025-07-05 20:58:00\n\
             cmaaaaaaaaaaaaaaa22222222|user_9wzdxwbb|{OTHER}|{OTHER}|ref_22222222|0|2025-07-05 21:00:00\n\
             cmaaaaaaaaaaaaaaa33333333|user_33333333|ref_33333333|0|2025-07-05 21:01:00\n\
             cmaaaaaaaaaaaaaaa44444444|user_44444444|🙂@example.org|ref_44444444|0|2025-07-05 21:02:00"
        )
    );
    assert_eq!(
        project.value("SELECT count(*) FROM users WHERE email IS NULL AND id <> privy_id"),
        "2"
    );
}

fn colliding_names_and_codes_go_to_the_oldest_first(project: Project) {
    let project = prepared(project);
    project.sql(
        "INSERT INTO users (id, privy_id, username, referral_code) VALUES ('1', 'old', 'Sam_2', 'ref_AAAAAAAA')",
    );
    let export = Export::new()
        .user(user("cm-third-bbbbbbbb", "2025-03-01", "SAM@example.org"))
        .user(user("cm-first-bbbbbbbb", "2025-01-01", "sam@example.org"))
        .user(user("cm-second-bbbbbbbb", "2025-02-01", "sam@example.net"))
        .user(user(
            "cm-fourth-aaaaaaaa",
            "2025-04-01",
            "sam_3@example.net",
        ))
        .user(user(
            "short",
            "2025-05-01",
            "a.name.that.is.longer.than.thirty.signs@example.net",
        ));
    project.file("users/export.csv", export.text());
    project.dbscript(&["run", "restore-users"]).go();
    let rows = project.lines(
        "concat_ws(' ', privy_id, username, referral_code)",
        "users WHERE privy_id <> 'old'",
        "created_at",
    );
    assert_eq!(
        rows,
        "cm-first-bbbbbbbb sam ref_bbbbbbbb\n\
         cm-second-bbbbbbbb sam_3 ref_-bbbbbbbb\n\
         cm-third-bbbbbbbb sam_4 ref_d-bbbbbbbb\n\
         cm-fourth-aaaaaaaa sam_3_2 ref_-aaaaaaaa\n\
         short a.name.that.is.longer.than.thi ref_short"
    );
}

fn both_forms_of_an_id_are_one_user(project: Project) {
    let project = prepared(project);
    project.sql(
        "INSERT INTO users (id, privy_id, username, referral_code) VALUES
             ('1', 'did:privy:cm-1', 'a', 'ref_a'), ('2', 'cm-2', 'b', 'ref_b')",
    );
    let export = Export::new()
        .user(user("cm-1", "2025-01-01", "one@example.org"))
        .user(user("did:privy:cm-2", "2025-01-02", "two@example.org"))
        .user(user("cm-3", "2025-01-03", "three@example.org"))
        .user(user("did:privy:cm-4", "2025-01-04", "four@example.org"));
    project.file("users/export.csv", export.text());
    let run = project
        .dbscript(&["--json", "run", "restore-users", "--privy-prefix", "add"])
        .go();
    let expected = json!({"read": 4, "restored": 2, "skipped": 2, "rejected": 0});
    assert_eq!(run.result(), expected);
    assert_eq!(
        project.lines("privy_id", "users WHERE length(id) > 1", "privy_id"),
        "did:privy:cm-3\ndid:privy:cm-4"
    );
}

fn a_plan_writes_nothing(project: Project) {
    let project = project.with_sample();
    migrated(&project);
    let before = project.files();
    let hash = project.hash();
    let run = project
        .dbscript(&["--json", "--plan", "run", "restore-users"])
        .go();
    assert_eq!(run.result()["restored"], 52, "{}", run.told());
    assert!(!run.events_of("planned").is_empty(), "{}", run.told());
    assert_eq!(project.hash(), hash);
    let mut after = project.files();
    after.retain(|name, _| !name.ends_with("-wal") && !name.ends_with("-shm"));
    assert_eq!(after, before);
}

fn a_table_that_numbers_its_rows_needs_no_id(project: Project) {
    let id = project.said(Said {
        sqlite: "INTEGER PRIMARY KEY",
        postgres: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        mysql: "BIGINT AUTO_INCREMENT PRIMARY KEY",
    });
    project.sql(&format!(
        "CREATE TABLE users (id {id}, privy_id VARCHAR(99) NOT NULL UNIQUE, username VARCHAR(99) NOT NULL UNIQUE,
             email TEXT, solana_wallet TEXT, embedded_wallet TEXT, referral_code VARCHAR(99) NOT NULL UNIQUE,
             total_points INTEGER NOT NULL DEFAULT 0, created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)",
    ));
    let export = Export::new()
        .user(user("cm-2", "2025-01-02", "two@example.org"))
        .user(user("cm-1", "2025-01-01", "one@example.org"));
    project.file("users/export.csv", export.text());
    project.dbscript(&["run", "restore-users"]).go();
    assert_eq!(
        project.lines("concat(id, privy_id)", "users", "id"),
        "1cm-1\n2cm-2"
    );
}

fn an_edited_script_fills_a_prisma_table(project: Project) {
    let [quote, moment] = project.said(Said {
        sqlite: ["\"", "DATETIME"],
        postgres: ["\"", "TIMESTAMP(3)"],
        mysql: ["`", "DATETIME(3)"],
    });
    let sql = format!(
        "CREATE TABLE 'User' ('id' VARCHAR(191) NOT NULL PRIMARY KEY, 'privyDid' VARCHAR(191) NOT NULL UNIQUE,
             'username' VARCHAR(191) NOT NULL UNIQUE, 'email' TEXT, 'solanaWalletAddress' TEXT,
             'referralCode' VARCHAR(191) NOT NULL UNIQUE, 'createdAt' {moment} NOT NULL DEFAULT now(),
             'updatedAt' {moment} NOT NULL)"
    );
    let now = project.said(Said {
        sqlite: "CURRENT_TIMESTAMP",
        postgres: "CURRENT_TIMESTAMP",
        mysql: "CURRENT_TIMESTAMP(3)",
    });
    project.sql(&sql.replace('\'', quote).replace("now()", now));
    let script =
        std::fs::read_to_string(crate::harness::repository().join("scripts/restore-users.rhai"))
            .expect("the script is there");
    let edited = [
        ("const TABLE   = \"users\"", "const TABLE = \"User\""),
        ("\"privy_id\",\n", "\"privyDid\",\n"),
        ("\"solana_wallet\",", "\"solanaWalletAddress\","),
        (
            "embedded_wallet: \"embedded_wallet\",",
            "embedded_wallet: (),",
        ),
        ("\"referral_code\",\n", "\"referralCode\",\n"),
        ("\"created_at\",\n", "\"createdAt\",\n"),
        ("{ #{} }", "{ #{ updatedAt: created_at } }"),
    ]
    .into_iter()
    .fold(script, |script, (from, to)| {
        assert_eq!(script.matches(from).count(), 1, "{from}");
        script.replace(from, to)
    });
    project.file("scripts/restore-users.rhai", edited);
    let export = Export::new().user(User {
        embedded: WALLET,
        ..user("cm-1", "2025-01-01", "one@example.org")
    });
    project.file("users/export.csv", export.text());
    project
        .dbscript(&["run", "restore-users", "--privy-prefix", "add"])
        .go();
    let row = "concat_ws('|', \"privyDid\", username, email, \"solanaWalletAddress\", left(\"updatedAt\", 19))";
    let row = project.said(Said {
        sqlite: row.replace("left(\"updatedAt\", 19)", "substr(\"updatedAt\", 1, 19)"),
        postgres: row.replace("\"updatedAt\",", "\"updatedAt\"::text,"),
        mysql: row.replace('"', "`"),
    });
    assert_eq!(
        project.lines(&row, &"'User'".replace('\'', quote), "1"),
        format!("did:privy:cm-1|one|one@example.org|{WALLET}|2025-01-01 00:00:00")
    );
}

fn many_users_are_restored_in_one_run(project: Project) {
    let project = prepared(project);
    let users = std::env::var("DBSCRIPT_TEST_USERS").ok();
    let users: u64 = users
        .and_then(|number| number.parse().ok())
        .unwrap_or(5_000);
    project.file("users/export.csv", Export::of(users).text());
    let run = project.dbscript(&["--json", "run", "restore-users"]).go();
    let expected = json!({"read": users, "restored": users, "skipped": 0, "rejected": 0});
    assert_eq!(run.result(), expected);
    assert_eq!(
        project.value("SELECT count(DISTINCT lower(username)) FROM users"),
        users.to_string()
    );
}

fn an_interrupted_run_leaves_nothing(project: Project) {
    let project = prepared(project);
    project.file("users/export.csv", Export::of(5_000).text());
    let before = project.hash();
    for step in ["read the export", "restore users"] {
        let mut running = project
            .dbscript(&["run", "restore-users"])
            .status(130)
            .start();
        running.wait_for(&[step]);
        running.signal(Signal::Interrupt);
        running.finish();
        assert_eq!(project.hash(), before, "{step}");
    }
}
