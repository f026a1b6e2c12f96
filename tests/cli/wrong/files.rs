//! The project's own files: its folder, `dbscript.toml`, `.env`, the backups folder.

use super::{SECRET, hold, wrong};

#[test]
fn the_project_folder() {
    hold(&[
        wrong(
            "--project nowhere list",
            2,
            &["project folder `nowhere`", "`--project` names"],
        ),
        wrong(
            "--project users/privy-export.csv list",
            2,
            &["`users/privy-export.csv` is not a folder", "--project"],
        ),
        wrong(
            "--project",
            2,
            &["`--project <DIR>` needs a value", "--help"],
        )
        .word("")
        .word("list"),
    ]);
}

#[test]
fn dbscript_toml() {
    let toml = |text: &str, told: &[&str]| wrong("run backup", 2, told).file("dbscript.toml", text);
    hold(&[
        toml(
            "databse_url = 'x'\n",
            &[
                "unknown key `databse_url`",
                "dbscript.toml:1:1",
                "did you mean `database_url`?",
            ],
        ),
        toml("zzz = 1\n", &["unknown key `zzz`", "dbscript.toml:1:1"]),
        toml(
            "yes = 'always'\n",
            &["`yes` must be `true` or `false`", "dbscript.toml:1:7"],
        ),
        toml(
            "\ntimeout = '5s'\n",
            &[
                "`timeout` must be a number of seconds",
                "dbscript.toml:2:11",
            ],
        ),
        toml(
            "timeout = -1\n",
            &["`timeout`", "above 0", "dbscript.toml:1:11"],
        ),
        toml("backups = [\n", &["dbscript.toml:1:12", "expected `]`"]),
        toml(
            "yes = true\nyes = false\n",
            &["duplicate key", "dbscript.toml:2:1"],
        ),
        toml(
            "rights = ['shell']\n",
            &["`rights` must be a section", "[rights]"],
        ),
        toml(
            "[rights]\ngrant = ['shel']\n",
            &["unknown right `shel`", "did you mean `shell`?"],
        ),
        toml(
            "[retention]\nkeep_last = 'x'\n",
            &["`keep_last` must be a whole number"],
        ),
        toml(
            "database_url = ''\n",
            &[
                "`database_url` is set but empty",
                "dbscript.toml:1:16",
                "unset",
            ],
        ),
        wrong("list", 2, &["cannot read `dbscript.toml`", "UTF-8"])
            .file("dbscript.toml", b"\xff\xfe"),
        wrong("list", 2, &["cannot read `dbscript.toml`"]).file("dbscript.toml/x", ""),
    ]);
}

#[test]
fn dot_env() {
    let dotenv = |text: &str, told: &[&str]| wrong("run backup", 2, told).file(".env", text);
    let secret = format!("A=1\nDATABASE_URL postgres://u:{SECRET}@h/d\n");
    let open = format!("DATABASE_URL=\"postgres://u:{SECRET}@h/d\n");
    hold(&[
        dotenv(&secret, &["not `NAME=value`", ".env:2:1"]),
        dotenv(&open, &["the quote \" is not closed", ".env:1:14"]),
        dotenv("=3\n", &["not `NAME=value`", ".env:1:1"]),
        dotenv(
            "DATABASE_URL=\n",
            &["`DATABASE_URL` is set but empty", ".env:1:14", "secret"],
        ),
        dotenv(
            "DATABASE_URL=''\n",
            &["`DATABASE_URL` is set but empty", ".env:1:14"],
        ),
        dotenv(
            "DATABASE_URL=${NOPE}\n",
            &["refers to `NOPE`", ".env:1:14", "set `NOPE`"],
        ),
        wrong(
            "run backup",
            2,
            &["`.env` is not UTF-8", "save it as UTF-8"],
        )
        .file(".env", b"\xff\xfeA=1"),
        wrong(
            "run backup",
            2,
            &["`DATABASE_URL` is set but empty", "secret"],
        )
        .url(""),
        wrong(
            "run backup --database-url",
            2,
            &["`--database-url` is set but empty", "unset it"],
        )
        .word(""),
    ]);
}

#[test]
fn the_backups_folder() {
    hold(&[
        wrong("run backup", 6, &["backups", "the backup did not begin"])
            .file("backups", "no folder"),
        wrong("status", 1, &["backups"]).file("backups", "no folder"),
        wrong("run verify", 1, &["backups"]).file("backups", "no folder"),
    ]);
}
