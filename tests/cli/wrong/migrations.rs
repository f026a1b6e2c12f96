//! Migrations that cannot be read, do not fit the database, or would not do what they say.

use super::{Leaves, Wrong, hold, wrong};

const MIGRATE: &str = "run safe-migration --yes";
const NEXT: &str = "migrations/0004_next.sql";

/// A next migration.
fn next(sql: &(impl AsRef<[u8]> + ?Sized), code: i32, told: &[&str]) -> Wrong {
    wrong(MIGRATE, code, told).file(NEXT, sql)
}

#[test]
fn files_that_cannot_be_read() {
    hold(&[
        wrong(
            MIGRATE,
            2,
            &[
                "0003_again.sql` and",
                "both have version 3",
                "a later version",
            ],
        )
        .file("migrations/0003_again.sql", "SELECT 1;"),
        wrong(
            MIGRATE,
            2,
            &["abc_x.sql` has no version", "`<number>_<description>.sql`"],
        )
        .file("migrations/abc_x.sql", "SELECT 1;"),
        wrong(
            MIGRATE,
            2,
            &["has no version", "`<number>_<description>.sql`"],
        )
        .file("migrations/99999999999999999999_x.sql", "SELECT 1;"),
        next(
            b"SELECT 1;\xff",
            2,
            &["0004_next.sql` is not UTF-8", "byte 9", "save it as UTF-8"],
        ),
        next(
            b"\xff\xfeS\0E\0",
            2,
            &["0004_next.sql` is not UTF-8", "save it as UTF-8"],
        ),
    ]);
}

#[test]
fn folders() {
    hold(&[
        wrong(
            MIGRATE,
            2,
            &[
                "cannot read the migrations folder `migrations`",
                "dbscript init",
                "`--dir`",
            ],
        )
        .with(|project| {
            std::fs::remove_dir_all(project.path().join("migrations")).expect("it is ours")
        }),
        wrong(
            MIGRATE,
            2,
            &[
                "`prisma/migrations` holds Prisma migrations",
                "npx prisma migrate deploy",
                "`--dir`",
            ],
        )
        .with(|project| {
            std::fs::remove_dir_all(project.path().join("migrations")).expect("it is ours")
        })
        .file("prisma/migrations/0_init/migration.sql", "SELECT 1;")
        .file(
            "prisma/migrations/migration_lock.toml",
            "provider = \"mysql\"\n",
        ),
        // Both tools' folders: which one counts is said.
        next(
            "DROP TABLE comments;",
            3,
            &["ignored: `prisma/migrations`", "`migrations` counts"],
        )
        .file("prisma/migrations/0_init/migration.sql", "SELECT 1;"),
        next(
            "DROP TABLE comments;",
            3,
            &[
                "ignored: `migrations/notes.sql`",
                "`<number>_<description>.sql`",
            ],
        )
        .file("migrations/notes.sql", "SELECT 1;"),
    ]);
}

#[test]
fn drift() {
    hold(&[
        wrong(MIGRATE, 3, &["migration 2 (comments) was edited", "bring the file back", "a new migration"])
            .file("migrations/0002_comments.sql", "SELECT 1;"),
        wrong(MIGRATE, 3, &["migration 2 (comments) is applied, but its file is missing", "version control"])
            .with(|project| { project.remove("migrations/0002_comments.sql"); }),
        wrong(MIGRATE, 3, &["migration 0 (late) is not applied, though a later one is", "version after"])
            .file("migrations/0000_late.sql", "SELECT 1;"),
        next("SELECT 1;", 3, &["migration 4 (next) was begun and did not finish", "no backup made before it was found", "run resolve --migration 4"]).with(|project| {
            project.sql(
                "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (4, 'next', FALSE, x'00', -1)",
            );
        }),
    ]);
}

#[test]
fn hazards_and_allowances() {
    let drop = "DROP TABLE comments;\n";
    hold(&[
        next(
            drop,
            3,
            &[
                "6 rows of `comments` would be lost",
                "0004_next.sql:1:1",
                "allow drop-table(comments)",
            ],
        ),
        next(
            "ALTER TABLE users ADD COLUMN r TEXT NOT NULL;",
            3,
            &["3 rows of `users`", "required column `r`", "DEFAULT"],
        ),
        next(
            "-- dbscript: allow drop-tabel(comments)\nDROP TABLE comments;\n",
            3,
            &[
                "no rule is named `drop-tabel`",
                "did you mean `drop-table`?",
            ],
        ),
        next(
            "-- dbscript: allow drop-table(comments)\nSELECT 1;\nDROP TABLE comments;\n",
            3,
            &["the allowance covers nothing", "0004_next.sql:1"],
        ),
        next(
            drop,
            2,
            &[
                "`--allow drop-tabel`: there is no such rule",
                "did you mean `drop-table`?",
            ],
        )
        .word("--allow")
        .word("drop-tabel(comments)"),
        next(
            drop,
            2,
            &["`--allow drop-table` names no object", "drop-table(table)"],
        )
        .word("--allow")
        .word("drop-table"),
        next(drop, 2, &["`--allow drop-table` names no object"])
            .word("--allow")
            .word("drop-table(comments"),
        next(
            drop,
            3,
            &[
                "would be lost",
                "the allowance covers nothing",
                "drop-table(points)",
            ],
        )
        .word("--allow")
        .word("drop-table(points)"),
        next(drop, 2, &["`--allow` names at least one"])
            .word("--allow")
            .word(""),
    ]);
}

#[test]
fn statements() {
    hold(&[
        next(
            "CREATE TABEL x (a);",
            3,
            &[
                "the rehearsal failed, and the database was not touched",
                "near \"TABEL\"",
                "0004_next.sql:1:1",
                "correct",
            ],
        )
        .leaves(Leaves::Sets),
        wrong(
            &format!("{MIGRATE} --rehearse off"),
            7,
            &[
                "failed at statement 2 of 2",
                "the database is as it was",
                "0004_next.sql:2:1",
                "correct the migration",
            ],
        )
        .file(NEXT, "CREATE TABLE x (a);\nCREATE TABEL y (a);")
        .leaves(Leaves::Sets),
        next(
            ".read other.sql\n",
            3,
            &["not touched", "0004_next.sql:1:1"],
        )
        .leaves(Leaves::Sets),
        // Seen before the backup, and under --plan too.
        next(
            "BEGIN;\nCREATE TABLE x (a);\nCOMMIT;\n",
            3,
            &[
                "`BEGIN` in migration 4",
                "0004_next.sql:1:1",
                "-- no-transaction",
            ],
        ),
        wrong(
            "run safe-migration --plan",
            3,
            &["`COMMIT` in migration 4", "take it out"],
        )
        .file(NEXT, "CREATE TABLE x (a);\nCOMMIT;\n"),
        next(
            "-- no-transaction\nBEGIN;\nCREATE TABLE x (a);\n",
            3,
            &["does not commit it", "add the `COMMIT`"],
        ),
        next(
            "-- no-transaction\nCREATE TABLE x (a);\nINSERT INTO nowhere VALUES (1);\n",
            3,
            &[
                "the database was not touched",
                "no such table: nowhere",
                "0004_next.sql:3:1",
            ],
        )
        .leaves(Leaves::Sets),
    ]);
}
