//! Rows, files and tables that cannot be used: each is named, and the rest is done or nothing is.

use serde_json::json;

use super::{OTHER, WALLET, prepared, user};
use crate::harness::databases::in_every_project;
use crate::harness::{Export, Project, User};

in_every_project!(
    rows_that_cannot_be_used_are_listed_and_the_others_are_in,
    a_file_that_cannot_be_used_is_refused_and_nothing_is_written,
    a_header_alone_is_a_success,
    the_export_is_found_or_asked_for,
    the_delimiter_may_be_given,
    a_table_of_another_shape_is_named_before_anything_is_read,
);

/// Four rows that can be used, one of them twice, and nine that cannot.
fn mixed() -> Export {
    let good = user("cm-good-1", "2025-01-01", "good@example.org");
    Export::new()
        .user(good)
        .line("cm-short\t2025-01-01")
        .line(&"\t".repeat(30))
        .user(user("", "2025-01-01", "nobody@example.org"))
        .user(user("cm white", "2025-01-01", "white@example.org"))
        .user(user("cm-nul", "2025-01-01", "nul\0@example.org"))
        .user(user("cm-ambiguous", "01/02/2025", "ambiguous@example.org"))
        .user(user(
            "cm-late",
            "Sat Feb 30 2025 10:00:00 GMT+0000",
            "late@example.org",
        ))
        .user(User {
            external: "0x52908400098527886E0F7030069857D2E4169EE7",
            ..user("cm-wallet", "2025-01-01", "wallet@example.org")
        })
        .user(user("cm-quote", "2025-01-01", "\"lost@example.org"))
        .user(user(
            "did:privy:cm-good-1",
            "2025-01-02",
            "twice@example.org",
        ))
        .user(user("cm-good-2", "", "=cmd()@example.org"))
        .user(User {
            external: &format!("{WALLET}, {OTHER}"),
            ..user(
                "cm-good-3",
                "2025-01-03",
                "'); drop table users;--@example.org",
            )
        })
}

fn rows_that_cannot_be_used_are_listed_and_the_others_are_in(project: Project) {
    let project = prepared(project);
    project.file("users/export.csv", mixed().text());
    let run = project
        .dbscript(&["--json", "run", "restore-users"])
        .status(9)
        .go();
    let expected = json!({"read": 13, "restored": 3, "skipped": 1, "rejected": 9});
    assert_eq!(run.result(), expected, "{}", run.told());
    let said: Vec<String> = run
        .events_of("log")
        .iter()
        .map(|event| {
            let message = event["message"].as_str().unwrap_or_default();
            let data = event["data"].as_str().map(|data| format!(": {data}"));
            format!("{message}{}", data.unwrap_or_default())
        })
        .filter(|message| message.starts_with("users/export.csv:"))
        .map(|message| message.replace("users/export.csv:", ""))
        .collect();
    let expected = [
        "3: rejected: too few cells: 2 of 26",
        "4: rejected: too many cells: 31 instead of 26",
        "5: rejected: it has no ID",
        "6: rejected: its ID holds white space",
        "7: rejected: a NUL byte in `Email account`",
        "8: rejected: its date cannot be used: `01/02/2025` is not a usable date: ambiguous: is the day first or the month? Write it as `2025-07-05`",
        "9: rejected: its date cannot be used: `Sat Feb 30 2025 10:00:00 GMT+0000` is not a usable date: there is no 2025-02-30",
        "10: rejected: no Solana address: 0x52908400098527886E0F7030069857D2E4169EE7",
        "11: rejected: a quote that is never closed",
        "12: skipped: its ID stands in an earlier row: cm-good-1",
        "13: no date: now is taken",
        &format!("14: several addresses: the first is taken: {WALLET}, {OTHER}"),
    ];
    assert_eq!(said, expected, "{}", run.told());
    assert_eq!(run.end()["error"]["kind"], "partial");
    assert_eq!(
        project.lines("username", "users", "privy_id"),
        "good\ncmd\ndroptableusers--"
    );

    let log = project.list("backups/runs").pop().expect("a run log");
    let log = project.read(&format!("backups/runs/{log}"));
    let mut data = ["01/02/2025", "Feb 30", "0x5290", "cm-good-1", WALLET, OTHER].iter();
    assert!(!data.any(|data| log.contains(data)), "{log}");
    assert!(log.contains("10: rejected: no Solana address"), "{log}");

    let before = project.hash();
    let again = project
        .dbscript(&["--json", "run", "restore-users"])
        .status(9)
        .go();
    let expected = json!({"read": 13, "restored": 0, "skipped": 4, "rejected": 9});
    assert_eq!(again.result(), expected);
    assert_eq!(project.hash(), before);
}

fn a_file_that_cannot_be_used_is_refused_and_nothing_is_written(project: Project) {
    let utf_16: Vec<u8> = [0xFF, 0xFE]
        .into_iter()
        .chain(
            "ID\tEmail account\n"
                .encode_utf16()
                .flat_map(u16::to_le_bytes),
        )
        .collect();
    let cases: [(&str, Vec<u8>, &str); 6] = [
        (
            "UTF-16",
            utf_16,
            "iconv -f UTF-16 -t UTF-8 users/export.csv",
        ),
        (
            "Latin-1",
            b"ID,Email account\n1,ren\xE9@example.org\n".to_vec(),
            "iconv -f LATIN1 -t UTF-8 users/export.csv",
        ),
        (
            "twice",
            b"ID,Email account, id \n1,a@example.org,1\n".to_vec(),
            "has the column `id` twice",
        ),
        (
            "missing",
            b"Identity,Email account\n1,a@example.org\n".to_vec(),
            "has no column `ID`",
        ),
        ("empty", Vec::new(), "`users/export.csv` is empty"),
        ("workbook", b"PK\x03\x04".to_vec(), "not a text file"),
    ];
    let project = prepared(project);
    for (name, content, message) in cases {
        project.file("users/export.csv", content);
        let before = project.files();
        let run = project
            .dbscript(&["run", "restore-users"])
            .status(2)
            .stderr_has(message)
            .go();
        assert_eq!(project.files(), before, "{name}: {}", run.told());
    }
}

fn a_header_alone_is_a_success(project: Project) {
    let project = prepared(project);
    project.file("users/export.csv", Export::separated_by(";").text());
    let run = project.dbscript(&["--json", "run", "restore-users"]).go();
    let expected = json!({"read": 0, "restored": 0, "skipped": 0, "rejected": 0});
    assert_eq!(run.result(), expected);
}

fn the_export_is_found_or_asked_for(project: Project) {
    let project = prepared(project);
    project
        .dbscript(&["run", "restore-users"])
        .status(2)
        .stderr_has("users/ holds no file")
        .stderr_has("--file users/")
        .go();
    let export = Export::separated_by(",").user(user("cm-1", "2025-01-01", "a@example.org"));
    let text = export.text();
    project
        .file("users/a.csv", &text)
        .file("users/b.csv", &text);
    project
        .dbscript(&["run", "restore-users"])
        .status(2)
        .stderr_has("2 files: a.csv, b.csv")
        .go();
    let run = project
        .dbscript(&["--json", "run", "restore-users", "--file", "users/b.csv"])
        .go();
    assert_eq!(run.result()["restored"], 1);
    project
        .dbscript(&["run", "restore-users", "--file", "users/c.csv"])
        .status(2)
        .stderr_has("users/c.csv")
        .go();
}

fn the_delimiter_may_be_given(project: Project) {
    let project = prepared(project);
    project.file("users/export.csv", "ID|Email account\ncm-1|a@example.org\n");
    project
        .dbscript(&["run", "restore-users"])
        .status(2)
        .stderr_has("split at TAB")
        .go();
    let run = project
        .dbscript(&["--json", "run", "restore-users", "--delimiter", "pipe"])
        .go();
    assert_eq!(run.result()["restored"], 1);
    project
        .dbscript(&["run", "restore-users", "--delimiter", "abc"])
        .status(2)
        .stderr_has("`abc` is not a delimiter")
        .go();
}

fn a_table_of_another_shape_is_named_before_anything_is_read(project: Project) {
    project.sql("CREATE TABLE people (id INTEGER PRIMARY KEY)");
    let export = Export::new().user(user("cm-1", "2025-01-01", "one@example.org"));
    project.file("users/export.csv", export.text());
    project
        .dbscript(&["run", "restore-users"])
        .status(2)
        .stderr_has("there is no table users")
        .stderr_has("dbscript show restore-users")
        .go();
    project.sql(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, privy_id TEXT, username TEXT, email TEXT, solana_wallet TEXT,
             embedded_wallet TEXT, referral_code TEXT, created_at TEXT, updated TEXT NOT NULL)",
    );
    project
        .dbscript(&["run", "restore-users"])
        .status(2)
        .stderr_has("users needs a value for updated")
        .go();
}
