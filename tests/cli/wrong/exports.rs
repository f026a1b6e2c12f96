//! The export that `restore-users` reads: what cannot be used as a whole is refused, a bad row is told and left out.

use super::{Leaves, Wrong, hold, wrong};

const RESTORE: &str = "run restore-users --file users/x.csv";

fn whole(content: &(impl AsRef<[u8]> + ?Sized), told: &[&str]) -> Wrong {
    wrong(RESTORE, 2, told).file("users/x.csv", content)
}

fn rows(content: &(impl AsRef<[u8]> + ?Sized), told: &[&str]) -> Wrong {
    let told = [told, &["rejected, each is listed above", "run it again"]].concat();
    let case = wrong(RESTORE, 9, &told).file("users/x.csv", content);
    // The good row of each run is in; of the second run there is none left to add.
    case.leaves(Leaves::Rows)
}

#[test]
fn unusable_as_a_whole() {
    hold(&[
        whole(
            "",
            &["`users/x.csv` is empty", "the first line names the columns"],
        ),
        whole(
            "a\tb\n1\t2\n",
            &[
                "no column `ID`",
                "users/x.csv:1:1",
                "`a`, `b`",
                "--delimiter",
            ],
        ),
        whole("hello world\n", &["no column `ID`", "`hello world`"]),
        whole("\n\n\n", &["users/x.csv"]),
        whole(
            "ID\tEmail account\tID\n1\t2\t3\n",
            &["column `ID` twice", "remove one"],
        ),
        whole("ID\t id \n1\t2\n", &["column `id` twice"]),
        whole(b"\xff\xfeI\0D\0\n\0", &["UTF-16", "iconv"]),
        whole(
            b"ID\tEmail account\nx1\tJos\xe9\n",
            &["LATIN1", "users/x.csv:2:1", "iconv"],
        ),
        whole(b"SQLite format 3\0", &["users/x.csv"]),
        whole(b"PK\x03\x04\0\0", &["users/x.csv"]),
    ]);
}

#[test]
fn which_file_and_where_to() {
    hold(&[
        wrong(
            &format!("{RESTORE} --delimiter abc"),
            2,
            &["`abc` is not a delimiter", "`comma`"],
        )
        .file("users/x.csv", "ID\nx\n"),
        wrong(
            &format!("{RESTORE} --delimiter"),
            2,
            &["is not a delimiter", "`comma`"],
        )
        .word("")
        .file("users/x.csv", "ID\nx\n"),
        wrong(
            "run restore-users",
            2,
            &["2 files", "x.csv", "--file users/"],
        )
        .file("users/x.csv", "ID\n"),
        wrong("run restore-users", 2, &["holds no file", "--file users/"]).with(|project| {
            project.remove("users/privy-export.csv");
        }),
        wrong(
            "run restore-users",
            2,
            &["no table users", "safe-migration"],
        )
        .with(|project| {
            project.sql("ALTER TABLE users RENAME TO people");
        }),
        wrong(
            "run restore-users",
            2,
            &[
                "users has no column referral_code",
                "scripts/restore-users.rhai",
            ],
        )
        .with(|project| {
            project.sql("ALTER TABLE users RENAME COLUMN referral_code TO code");
        }),
    ]);
}

#[test]
fn bad_rows() {
    let huge = format!("ID\nx1\n{}\n", "x".repeat(17 << 20));
    hold(&[
        rows(&huge, &["users/x.csv:3: rejected: longer than 16 MiB"]),
        rows(
            "ID,Email account\nx1\nx3,ok@x\n",
            &["users/x.csv:2: rejected: too few cells: 1 of 2"],
        ),
        rows(
            "ID,Email account\nx1,a,b,c\nx3,ok@x\n",
            &["users/x.csv:2: rejected: too many cells: 4 instead of 2"],
        ),
        rows(
            "ID,Email account\nx3,b\nx1,\"open\n",
            &["users/x.csv:3: rejected: a quote that is never closed"],
        ),
        rows(
            "ID,Email account\nx1,a\0b\nx3,b\n",
            &["users/x.csv:2: rejected: a NUL byte in `Email account`"],
        ),
        rows(
            "ID,Email account\n,a@b\nx3,b\n",
            &["users/x.csv:2: rejected: it has no ID"],
        ),
        rows(
            "ID,Created at\nx1,01/02/2025\nx3,\n",
            &["users/x.csv:2: rejected:", "01/02/2025"],
        ),
        rows(
            "ID,External Solana accounts\nx1,nope\nx3,\n",
            &["users/x.csv:2: rejected: no Solana address"],
        ),
    ]);
}
