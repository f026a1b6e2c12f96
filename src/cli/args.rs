//! What was typed: the commands and the flags that every one of them takes. What it means is decided in `settings`.
//!
//! A procedure's parameters are the script's own, so the words behind its name are kept aside before clap sees the line;
//! the global flags among them are found again here, which lets them stand anywhere.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args as _, CommandFactory, FromArgMatches, Parser};

use super::commands::Command;
use super::refusal;
use crate::error::{Error, Kind, Result};

/// Printed below every `--help`.
const EXIT_CODES: &str = "\
Exit codes:
    0  done
    1  failed: a file, or the database
    2  wrong arguments or configuration; nothing was touched
    3  refused before anything changed
    4  cannot connect, or the database or schema that the URL names is not there
    5  data lost or damaged, or a backup that does not verify
    6  the backup failed; what was to follow it did not start
    7  the migration failed; the message says what state the database is in
    8  script error
    9  done in part: some input rows were rejected
  124  time limit
  130  interrupted";

/// Protects a database's data while people change its schema: editable procedures that back up, migrate, verify and
/// restore SQLite, PostgreSQL and MySQL databases.
#[derive(Debug, Parser)]
#[command(
    name = "dbscript",
    version,
    args_override_self = true,
    disable_help_subcommand = true
)]
#[command(after_help = EXIT_CODES, subcommand_required = true, arg_required_else_help = false)]
struct Line {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Command,
}

/// The flags that every command takes, before or after its name.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Global flags")]
pub struct Flags {
    /// The project folder [default: the current one]
    #[arg(long, global = true, value_name = "DIR")]
    pub project: Option<PathBuf>,
    /// The database, instead of DATABASE_URL
    #[arg(long, global = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// The backups folder [default: `backups` in the project]
    #[arg(long, global = true, value_name = "DIR")]
    pub backups: Option<PathBuf>,
    /// Say what would be done, change nothing
    #[arg(long, global = true)]
    pub plan: bool,
    /// Ask no questions: every answer is yes
    #[arg(long, global = true)]
    pub yes: bool,
    /// Write JSON Lines to stdout, and nothing else
    #[arg(long, global = true)]
    pub json: bool,
    /// Only warnings, errors and the result
    #[arg(long, global = true)]
    pub quiet: bool,
    /// Say how it is done, for diagnosis; twice for more
    #[arg(short = 'v', long = "verbose", global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Stop after this many seconds, leaving the database as it was found
    #[arg(long, global = true, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    pub timeout: Option<Duration>,
}

/// A whole command line.
#[derive(Debug)]
pub struct Args {
    /// The global flags, wherever they stood.
    pub flags: Flags,
    /// The command.
    pub command: Command,
}

/// What a command line asks for.
#[derive(Debug)]
pub enum Request {
    /// A command.
    Command(Box<Args>),
    /// The text of `--help` or `--version`.
    Text(String),
}

/// Reads a command line, the program's name first.
///
/// # Errors
/// Usage errors, with what was probably meant.
pub fn parse(line: Vec<OsString>) -> Result<Request> {
    let known = KnownFlags::new();
    let (mut head, words) = known.split(line);
    let (flags, words) = known.sift(words)?;
    // Where a flag is given twice, the last one counts, and these came last.
    head.extend(flags);
    let command = Line::command();
    let matches = match command.clone().try_get_matches_from(head) {
        Ok(matches) => matches,
        Err(error) if error.exit_code() == 0 => {
            return Ok(Request::Text(error.render().to_string()));
        }
        Err(error) => return Err(refusal::from_clap(&error, &command)),
    };
    let mut line =
        Line::from_arg_matches(&matches).map_err(|error| refusal::from_clap(&error, &command))?;
    if let Command::Run(run) = &mut line.command {
        run.words = words;
    }
    Ok(Request::Command(Box::new(Args {
        flags: line.flags,
        command: line.command,
    })))
}

/// Whether `--json` stands on the line, so that even an error in reading it is answered in JSON.
pub fn wants_json(line: &[OsString]) -> bool {
    line.iter()
        .skip(1)
        .take_while(|word| *word != "--")
        .any(|word| word == "--json")
}

/// The names of the global flags, without their dashes.
pub fn global_names() -> Vec<String> {
    let known = KnownFlags::new();
    known.names.into_iter().map(|(name, _)| name).collect()
}

/// A time limit in seconds, with decimals.
///
/// # Errors
/// What is wrong with it.
pub fn seconds(text: &str) -> std::result::Result<Duration, String> {
    text.parse::<f64>()
        .ok()
        .filter(|seconds| *seconds > 0.0)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| format!("`{text}` is not a number of seconds above 0"))
}

/// The names of the global flags, from their one definition.
struct KnownFlags {
    /// Long names, and whether a value follows.
    names: Vec<(String, bool)>,
}

impl KnownFlags {
    fn new() -> Self {
        let command = Flags::augment_args(clap::Command::new("flags"));
        let names = command
            .get_arguments()
            .filter_map(|flag| {
                let takes_value = flag.get_action().takes_values();
                flag.get_long().map(|name| (name.to_owned(), takes_value))
            })
            .collect();
        KnownFlags { names }
    }

    /// Whether this word is a global flag, and whether the next word is its value.
    fn find(&self, word: &OsStr) -> Option<bool> {
        let word = word.to_str()?;
        if word.starts_with("-v") && word[1..].chars().all(|c| c == 'v') {
            return Some(false);
        }
        let flag = word.strip_prefix("--")?;
        let (name, joined) = match flag.split_once('=') {
            Some((name, _)) => (name, true),
            None => (flag, false),
        };
        self.names
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, takes_value)| *takes_value && !joined)
    }

    /// Parts the line behind the procedure's name of `run`.
    fn split(&self, mut line: Vec<OsString>) -> (Vec<OsString>, Vec<OsString>) {
        let mut names = 0;
        let mut index = 1;
        while index < line.len() && names < 2 {
            let word = &line[index];
            if word == "--" {
                break;
            }
            match self.find(word) {
                Some(value_follows) => index += usize::from(value_follows),
                None if word.to_string_lossy().starts_with('-') => {}
                None if names == 0 && word != "run" => return (line, Vec::new()),
                None => names += 1,
            }
            index += 1;
        }
        let words = line.split_off(index.min(line.len()));
        (line, words)
    }

    /// Takes the global flags out of the words behind a procedure's name; what is behind `--` stays.
    fn sift(&self, words: Vec<OsString>) -> Result<(Vec<OsString>, Vec<String>)> {
        let mut flags = Vec::new();
        let mut rest = Vec::new();
        let mut words = words.into_iter();
        let mut literal = false;
        while let Some(word) = words.next() {
            literal |= word == "--";
            match self.find(&word).filter(|_| !literal) {
                Some(value_follows) => {
                    flags.push(word);
                    if value_follows {
                        flags.extend(words.next());
                    }
                }
                None => rest.push(word.into_string().map_err(|word| {
                    let shown = word.to_string_lossy().into_owned();
                    Error::new(Kind::Usage, format!("`{shown}` is not UTF-8"))
                })?),
            }
        }
        Ok((flags, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Args {
        let words = line.split_whitespace().map(OsString::from).collect();
        match parse(words).expect(line) {
            Request::Command(args) => *args,
            Request::Text(text) => panic!("{text}"),
        }
    }

    fn refused(line: &str) -> Error {
        let words = line.split_whitespace().map(OsString::from).collect();
        parse(words).map(|_| ()).expect_err(line)
    }

    #[test]
    fn clap_finds_no_fault_in_the_definition() {
        Line::command().debug_assert();
    }

    #[test]
    fn global_flags_stand_anywhere() {
        for line in [
            "dbscript --json --project p -vv --timeout 1.5 run backup --label x",
            "dbscript run --json --project p -vv --timeout=1.5 backup --label x",
            "dbscript run backup --json --label x --project=p -vv --timeout 1.5",
            "dbscript --project q run backup --label x --json --project p -v --timeout 1.5 -v",
        ] {
            let args = parsed(line);
            assert!(args.flags.json, "{line}");
            assert_eq!(args.flags.project, Some(PathBuf::from("p")), "{line}");
            assert_eq!(args.flags.timeout, Some(Duration::from_millis(1500)));
            assert_eq!(args.flags.verbose, 2, "{line}");
            let Command::Run(run) = args.command else {
                panic!("{line}");
            };
            assert_eq!(
                (run.procedure.as_str(), run.words.join(" ").as_str()),
                ("backup", "--label x")
            );
        }
    }

    #[test]
    fn behind_two_dashes_everything_belongs_to_the_procedure() {
        let Command::Run(run) = parsed("dbscript run lint --plan -- --json a.sql").command else {
            panic!("run");
        };
        assert_eq!(run.words, ["--", "--json", "a.sql"]);
        assert!(!wants_json(
            &["dbscript", "run", "lint", "--", "--json"].map(OsString::from)
        ));
        assert!(wants_json(
            &["dbscript", "rnu", "--json"].map(OsString::from)
        ));
    }

    #[test]
    fn help_of_a_procedure_is_not_the_help_of_run() {
        let Command::Run(run) = parsed("dbscript run backup --help").command else {
            panic!("run");
        };
        assert_eq!(run.words, ["--help"]);
    }

    #[test]
    fn what_is_wrong_says_what_was_meant() {
        for (line, message, hint) in [
            ("dbscript", "no command was given", "`run`"),
            (
                "dbscript rnu x",
                "unknown command `rnu`",
                "did you mean `dbscript run`?",
            ),
            (
                "dbscript help run",
                "unknown command `help`",
                "`dbscript run --help`",
            ),
            (
                "dbscript backup",
                "unknown command `backup`",
                "dbscript run <procedure>",
            ),
            (
                "dbscript list --jsno",
                "unknown flag `--jsno`",
                "did you mean `--json`?",
            ),
            (
                "dbscript run --keep 3 backup",
                "unknown flag `--keep`",
                "behind its name",
            ),
            ("dbscript run", "<PROCEDURE> is missing", "dbscript list"),
            ("dbscript list x", "`x` is one word too many", ""),
            ("dbscript list --timeout 0", "`--timeout`: `0` is not", ""),
            (
                "dbscript list --timeout nan",
                "`--timeout`: `nan` is not",
                "",
            ),
            (
                "dbscript list --project",
                "`--project <DIR>` needs a value",
                "",
            ),
        ] {
            let error = refused(line);
            assert_eq!(error.kind, Kind::Usage);
            assert!(
                error.message.starts_with(message),
                "{line}: {}",
                error.message
            );
            assert!(error.hint.unwrap_or_default().contains(hint), "{line}");
        }
    }

    #[test]
    fn help_and_version_are_texts() {
        for line in [
            "dbscript --help",
            "dbscript list --help",
            "dbscript run --help",
            "dbscript -V",
        ] {
            let words = line.split_whitespace().map(OsString::from).collect();
            let request = parse(words).expect(line);
            assert!(
                matches!(request, Request::Text(text) if text.contains("dbscript")),
                "{line}"
            );
        }
    }
}
