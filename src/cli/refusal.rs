//! A command line that clap refuses, told in our words.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::suggest;
use crate::error::{Error, Kind};
use crate::script::nearest::nearest;

/// What clap objects to, as an error of ours with what was probably meant.
pub fn from_clap(error: &clap::Error, command: &clap::Command) -> Error {
    let text = |kind: ContextKind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => texts.first().cloned(),
        _ => None,
    };
    let argument = text(ContextKind::InvalidArg).unwrap_or_default();
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let typed = text(ContextKind::InvalidSubcommand).unwrap_or_default();
            unknown_command(&typed, command)
        }
        ErrorKind::MissingSubcommand => Error::new(Kind::Usage, "no command was given")
            .hint(format!("there is {}; `dbscript --help`", commands(command))),
        ErrorKind::UnknownArgument if argument.starts_with('-') => {
            let flags = flag_names(command);
            let typed = argument.trim_start_matches('-');
            let near = nearest(typed, flags.iter().map(String::as_str));
            let hint = near.map_or_else(
                || {
                    "`--help` lists the flags; a procedure's parameters come behind its name"
                        .to_owned()
                },
                |flag| format!("did you mean `--{flag}`?"),
            );
            Error::new(Kind::Usage, format!("unknown flag `{argument}`")).hint(hint)
        }
        ErrorKind::UnknownArgument => {
            Error::new(Kind::Usage, format!("`{argument}` is one word too many"))
                .hint("a value with blanks stands in quotes; `--help` shows what is taken")
        }
        ErrorKind::MissingRequiredArgument => {
            Error::new(Kind::Usage, format!("{argument} is missing"))
                .hint("`dbscript list` names the procedures")
        }
        ErrorKind::InvalidValue if text(ContextKind::InvalidValue).is_none_or(|v| v.is_empty()) => {
            Error::new(Kind::Usage, format!("`{argument}` needs a value"))
                .hint("write it behind the flag; `--help` says what it is")
        }
        ErrorKind::ValueValidation => {
            let cause = std::error::Error::source(error).map(ToString::to_string);
            let flag = argument.split(' ').next().unwrap_or_default();
            Error::new(
                Kind::Usage,
                format!("`{flag}`: {}", cause.unwrap_or_default()),
            )
            .hint("`--help` says what it takes")
        }
        ErrorKind::TooManyValues => Error::new(Kind::Usage, format!("`{argument}` takes no value"))
            .hint(format!("write `{argument}` alone, or leave it out")),
        _ => Error::new(Kind::Usage, first_line(error)).hint("see `dbscript --help`"),
    }
}

fn unknown_command(typed: &str, command: &clap::Command) -> Error {
    let names: Vec<&str> = command
        .get_subcommands()
        .map(clap::Command::get_name)
        .collect();
    let hint = match nearest(typed, names.iter().copied()) {
        _ if typed == "help" => {
            "help is a flag: `dbscript --help`, `dbscript run --help`, `dbscript run <procedure> --help`"
                .to_owned()
        }
        Some(name) => format!("did you mean `dbscript {name}`?"),
        None => format!(
            "there is {}; a procedure is run with `dbscript run <procedure>`",
            commands(command)
        ),
    };
    Error::new(Kind::Usage, format!("unknown command `{typed}`")).hint(hint)
}

fn commands(command: &clap::Command) -> String {
    let names: Vec<&str> = command
        .get_subcommands()
        .map(clap::Command::get_name)
        .collect();
    suggest::listed(&names)
}

/// Every flag of every command, without its dashes.
fn flag_names(command: &clap::Command) -> Vec<String> {
    let all = command.get_subcommands().chain([command]);
    all.flat_map(clap::Command::get_arguments)
        .filter_map(|argument| argument.get_long().map(str::to_owned))
        .chain(["help".to_owned(), "version".to_owned()])
        .collect()
}

fn first_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let line = text.lines().next().unwrap_or_default();
    line.trim_start_matches("error: ").to_owned()
}
