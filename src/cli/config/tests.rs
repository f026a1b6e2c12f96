//! What `dbscript.toml` may say, and what is said of what it may not.

use std::time::Duration;

use super::*;

#[test]
fn everything_a_flag_can_say() {
    let config = parse(
        "database_url = \"sqlite://a.db\"\nbackups = 'saved'\nplan = true\nyes = true\njson = false\n\
         quiet = true\nverbose = true\ntimeout = 2.5\n[rights]\ngrant = [\"shell\", \"env\"]\n\
         revoke = [\"db:write\"]\n[retention]\nkeep_last = 7\n[alerts]\nmute = ['x']\nsummary = false\n",
    )
    .expect("a good file");
    let (url, position) = config.database_url.expect("set");
    assert_eq!((url.as_str(), position.line), ("sqlite://a.db", 1));
    assert_eq!(config.backups.as_deref(), Some("saved"));
    assert!(config.plan && config.yes && config.quiet && config.verbose && !config.json);
    assert_eq!(config.timeout, Some(Duration::from_millis(2500)));
    assert_eq!(config.grant, ["shell", "env"]);
    assert_eq!(config.revoke, ["db:write"]);
    assert_eq!(config.keep_last, Some(7));
    assert_eq!(config.alerts.mute, ["x"]);
    assert!(config.alerts.annotations && !config.alerts.summary);
    assert_eq!(parse("").expect("empty"), Config::default());
}

#[test]
fn what_is_wrong_says_what_where_and_the_way_out() {
    refuses(&[
        (
            "\nbackup = 'x'",
            (2, 1),
            "unknown key `backup`",
            "did you mean `backups`?",
        ),
        (
            "yes = 'x'",
            (1, 7),
            "`yes` must be `true` or `false`, not a string",
            "",
        ),
        ("timeout = -1", (1, 11), "`timeout`: ", ""),
        (
            "rights = 1",
            (1, 10),
            "`rights` must be a section: `[rights]`",
            "",
        ),
        (
            "[rights]\ngrants = []",
            (2, 1),
            "unknown key `grants`",
            "did you mean `grant`?",
        ),
        (
            "[rights]\ngrant = ['db:read', 'x']",
            (2, 10),
            "unknown right `db:read`",
            "",
        ),
        ("yes = true\nyes = false", (2, 1), "duplicate key", ""),
        ("yes = ", (1, 7), "", ""),
    ]);
}

#[test]
fn alerts_and_retention_are_refused_where_they_would_have_no_effect() {
    refuses(&[
        (
            "[retention]\nkeep_last = -3",
            (2, 13),
            "`keep_last` must be",
            "",
        ),
        (
            "[retention]\nkeep_last = 0",
            (2, 13),
            "`keep_last` must be",
            "never pruned",
        ),
        (
            "[retention]\nkeep_daily = 7",
            (2, 1),
            "unknown key `keep_daily`",
            "keep_last",
        ),
        (
            "[alerts]\nwebhook = 'https://h'",
            (2, 1),
            "unknown key `webhook`",
            "",
        ),
        (
            "[alerts]\nmute = ['data loss']",
            (2, 9),
            "the alert `data loss` cannot be muted",
            "destructive operation",
        ),
    ]);
}

/// A text, the line and column of what is wrong with it, how the message begins, and what the hint holds.
type Wrong = (&'static str, (usize, usize), &'static str, &'static str);

fn refuses(wrong: &[Wrong]) {
    for (text, place, message, hint) in wrong {
        let error = parse(text).expect_err(text);
        assert_eq!(error.kind, Kind::Usage);
        assert!(
            error.message.starts_with(message),
            "{text}: {}",
            error.message
        );
        let position = error.position.expect("a position");
        assert_eq!((position.line, position.column), *place, "{text}");
        assert!(error.hint.unwrap_or_default().contains(hint), "{text}");
    }
}
