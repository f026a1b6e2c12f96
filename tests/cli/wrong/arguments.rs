//! What is typed: unknown words, missing values, values of the wrong sort, flags that do not go together.

use super::{hold, wrong};

#[test]
fn words() {
    hold(&[
        wrong("", 2, &["no command was given", "`run`", "dbscript --help"]),
        wrong(
            "rnu backup",
            2,
            &["unknown command `rnu`", "did you mean `dbscript run`?"],
        ),
        wrong(
            "backup",
            2,
            &["unknown command `backup`", "dbscript run <procedure>"],
        ),
        wrong("run", 2, &["<PROCEDURE> is missing", "`dbscript list`"]),
        wrong(
            "run bakcup",
            2,
            &["no procedure `bakcup`", "did you mean `backup`?"],
        ),
        wrong(
            "run nothing-like-it",
            2,
            &["no procedure `nothing-like-it`", "`dbscript list`"],
        ),
        wrong(
            "run ../escape",
            2,
            &["no procedure `../escape`", "`dbscript list`"],
        ),
        wrong(
            "run lib/checks",
            2,
            &["no procedure `lib/checks`", "`scripts/lib/` holds modules"],
        ),
        wrong(
            "show verfy",
            2,
            &["no procedure `verfy`", "did you mean `verify`?"],
        ),
        wrong(
            "check resotre",
            2,
            &["no procedure `resotre`", "did you mean `restore`?"],
        ),
        wrong("list extra", 2, &["`extra` is one word too many", "--help"]),
        wrong(
            "run backup extra",
            2,
            &["takes no argument `extra`", "run backup --help"],
        ),
    ]);
}

#[test]
fn flags() {
    hold(&[
        wrong(
            "list --jsno",
            2,
            &["unknown flag `--jsno`", "did you mean `--json`?"],
        ),
        wrong(
            "--projcet x list",
            2,
            &["unknown flag `--projcet`", "did you mean `--project`?"],
        ),
        wrong(
            "run --label x backup",
            2,
            &["unknown flag `--label`", "behind its name"],
        ),
        wrong(
            "run backup --lable x",
            2,
            &["no parameter `--lable`", "did you mean `--label`?"],
        ),
        wrong(
            "run backup --compress zstd",
            2,
            &["no parameter `--compress`", "--help"],
        ),
        wrong("run backup -x", 2, &["unknown flag `-x`", "`--name value`"]),
    ]);
}

#[test]
fn flags_with_and_without_a_value() {
    hold(&[
        wrong(
            "list --project",
            2,
            &["`--project <DIR>` needs a value", "--help"],
        ),
        wrong(
            "run backup --label",
            2,
            &["`--label` needs a value", "--label VALUE"],
        ),
        wrong(
            "run backup --label --jobs 2",
            2,
            &["`--label` needs a value", "begins with `--`"],
        ),
        wrong(
            "run backup --label a --label b",
            2,
            &["`--label` is given twice", "once"],
        ),
        wrong(
            "run backup --plan=3",
            2,
            &["`--plan` takes no value", "alone"],
        ),
        wrong(
            "run backup --yes=no",
            2,
            &["`--yes` takes no value", "alone"],
        ),
        wrong(
            "list --timeout 0",
            2,
            &["`--timeout`", "`0` is not a number of seconds above 0"],
        ),
        wrong(
            "list --timeout -1",
            2,
            &["`--timeout`", "`-1` is not a number of seconds"],
        ),
        wrong(
            "list --timeout abc",
            2,
            &["`--timeout`", "`abc` is not a number of seconds"],
        ),
        wrong(
            "list --timeout inf",
            2,
            &["`--timeout`", "`inf` is not a number of seconds"],
        ),
        wrong(
            "run backup --timeout",
            2,
            &["`--timeout <SECONDS>` needs a value"],
        ),
    ]);
}

#[test]
fn values() {
    hold(&[
        wrong(
            "run backup --jobs many",
            2,
            &["`--jobs`", "whole number", "`many`", "left out"],
        ),
        wrong(
            "run backup --jobs 1.5",
            2,
            &["`--jobs`", "whole number", "`1.5`"],
        ),
        wrong("run backup --jobs 0", 2, &["`--jobs`", "at least 1", "`0`"]),
        wrong(
            "run backup --jobs 1000",
            2,
            &["`--jobs`", "at most", "`1000`"],
        ),
        wrong(
            "run backup --jobs 99999999999999999999",
            2,
            &["`--jobs`", "whole number"],
        ),
        wrong(
            "run restore --mode merge",
            2,
            &["`--mode`", "replace", "`merge`"],
        ),
        wrong(
            "run safe-migration --rehearse ful",
            2,
            &["`--rehearse`", "did you mean `full`?"],
        ),
    ]);
}

#[test]
fn lists_files_and_folders() {
    hold(&[
        wrong(
            "run backup --tables",
            2,
            &["`--tables` needs a value", "--tables VALUE"],
        ),
        // An empty list would mean every table.
        wrong(
            "run backup --tables ,",
            2,
            &["`--tables` names at least one", "left out"],
        ),
        wrong("run backup --tables", 2, &["`--tables` names at least one"]).word(""),
        wrong(
            "run restore --yes --tables",
            2,
            &["`--tables` names at least one"],
        )
        .word(""),
        wrong(
            "run backup --tables usres",
            2,
            &["no table `usres`", "dbscript.db", "there are: ", "users"],
        ),
        wrong(
            "run backup --tables users,main.nothing",
            2,
            &["no table `main.nothing`", "users"],
        ),
        wrong(
            "run restore-users --file",
            2,
            &["`--file` is empty", "left out"],
        )
        .word(""),
        wrong(
            "run restore-users --file none.csv",
            2,
            &["`--file`", "no file `none.csv`", "project folder"],
        ),
        wrong(
            "run restore-users --file users",
            2,
            &["`--file` names a file, and `users` is a folder"],
        ),
        wrong(
            "run safe-migration --dir none",
            2,
            &["`--dir`", "no folder `none`", "project folder"],
        ),
        wrong(
            "run safe-migration --dir dbscript.db",
            2,
            &["`--dir` names a folder", "`dbscript.db` is a file"],
        ),
    ]);
}

#[test]
fn without_an_answer() {
    hold(&[
        wrong("run safe-migration", 3, &["nobody can be asked", "--yes"])
            .file("migrations/0004_fine.sql", "CREATE TABLE fine (a INTEGER);"),
        wrong("run restore", 3, &["nobody can be asked", "--yes"]).with(super::sets::with_set),
    ]);
}
