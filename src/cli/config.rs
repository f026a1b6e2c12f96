//! `dbscript.toml`: what the flags can say, once for everybody who works on the project, and the rights of its scripts.
//!
//! Every key is checked: one that is misspelt would otherwise be a protection that people believe in and do not have.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::args;
use super::suggest;
use crate::error::{Error, Kind, Position, Result};
use crate::script::RIGHTS;

/// The file's name in the project folder.
pub const FILE: &str = "dbscript.toml";

const KEYS: [&str; 11] = [
    "database_url",
    "backups",
    "plan",
    "yes",
    "json",
    "quiet",
    "verbose",
    "timeout",
    "rights",
    "alerts",
    "retention",
];

/// How many backups to keep; the numbers `prune` takes.
const RETENTION: [&str; 6] = [
    "keep_last",
    "keep_hourly",
    "keep_daily",
    "keep_weekly",
    "keep_monthly",
    "keep_yearly",
];

/// Where alerts go.
const ALERTS: [&str; 2] = ["webhook", "healthcheck"];

/// What the file says; everything may be left out.
#[derive(Debug, Default, PartialEq)]
pub struct Config {
    /// The database's URL and where it stands.
    pub database_url: Option<(String, Position)>,
    /// The backups folder.
    pub backups: Option<String>,
    /// Only plan.
    pub plan: bool,
    /// Ask no questions.
    pub yes: bool,
    /// Answer in JSON Lines.
    pub json: bool,
    /// Say less.
    pub quiet: bool,
    /// Say how, for diagnosis.
    pub verbose: bool,
    /// The time limit.
    pub timeout: Option<std::time::Duration>,
    /// Rights granted beyond the usual ones.
    pub grant: Vec<String>,
    /// Rights taken away.
    pub revoke: Vec<String>,
    /// Sections that are understood but that nothing in this version acts on.
    pub unused: Vec<&'static str>,
}

/// Reads the project's file; one that is not there says nothing.
///
/// # Errors
/// Usage errors with line and column.
pub fn read(project: &Path) -> Result<Config> {
    match std::fs::read_to_string(project.join(FILE)) {
        Ok(text) => parse(&text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Config::default()),
        Err(source) => {
            let mut error = Error::new(Kind::Usage, format!("cannot read `{FILE}`"));
            error.source = Some(Box::new(source));
            Err(error)
        }
    }
}

/// Reads the file's text.
///
/// # Errors
/// As [`read`].
pub fn parse(text: &str) -> Result<Config> {
    let source = Source(text);
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let message = error.message().trim_end_matches('.').to_owned();
        Error::new(Kind::Usage, message).at(source.position(at))
    })?;
    let mut config = Config::default();
    for (key, value) in table.get_ref() {
        match key.get_ref().as_ref() {
            "database_url" => {
                let position = source.position(value.span().start);
                config.database_url = Some((source.text(key, value)?, position));
            }
            "backups" => config.backups = Some(source.text(key, value)?),
            "plan" => config.plan = source.truth(key, value)?,
            "yes" => config.yes = source.truth(key, value)?,
            "json" => config.json = source.truth(key, value)?,
            "quiet" => config.quiet = source.truth(key, value)?,
            "verbose" => config.verbose = source.truth(key, value)?,
            "timeout" => config.timeout = Some(source.seconds(key, value)?),
            "rights" => source.rights(value, &mut config)?,
            "alerts" => {
                for (key, value) in source.section("alerts", value, &ALERTS)? {
                    source.text(key, value)?;
                }
                config.unused.push("alerts");
            }
            "retention" => {
                for (key, value) in source.section("retention", value, &RETENTION)? {
                    source.count(key, value)?;
                }
                config.unused.push("retention");
            }
            _ => return Err(source.unknown(key, &KEYS)),
        }
    }
    Ok(config)
}

type Key<'text> = Spanned<std::borrow::Cow<'text, str>>;

/// The file's text, for positions.
struct Source<'text>(&'text str);

impl Source<'_> {
    fn position(&self, at: usize) -> Position {
        let before = &self.0[..at.min(self.0.len())];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Position {
            file: FILE.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    fn unknown(&self, key: &Key<'_>, known: &[&str]) -> Error {
        let name = key.get_ref();
        Error::new(Kind::Usage, format!("unknown key `{name}`"))
            .at(self.position(key.span().start))
            .hint(suggest::hint(name, known))
    }

    fn wrong(&self, key: &Key<'_>, value: &Spanned<DeValue<'_>>, wanted: &str) -> Error {
        let found = value.get_ref().type_str();
        let message = format!("`{}` must be {wanted}, not a {found}", key.get_ref());
        Error::new(Kind::Usage, message).at(self.position(value.span().start))
    }

    fn text(&self, key: &Key<'_>, value: &Spanned<DeValue<'_>>) -> Result<String> {
        let text = value.get_ref().as_str();
        text.map(str::to_owned)
            .ok_or_else(|| self.wrong(key, value, "a text in quotes"))
    }

    fn truth(&self, key: &Key<'_>, value: &Spanned<DeValue<'_>>) -> Result<bool> {
        let truth = value.get_ref().as_bool();
        truth.ok_or_else(|| self.wrong(key, value, "`true` or `false`"))
    }

    fn count(&self, key: &Key<'_>, value: &Spanned<DeValue<'_>>) -> Result<u64> {
        let number = value.get_ref().as_integer();
        number
            .and_then(|number| u64::from_str_radix(number.as_str(), number.radix()).ok())
            .ok_or_else(|| self.wrong(key, value, "a whole number of 0 or more"))
    }

    fn seconds(&self, key: &Key<'_>, value: &Spanned<DeValue<'_>>) -> Result<std::time::Duration> {
        let written = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().to_owned(),
            DeValue::Float(number) => number.as_str().to_owned(),
            _ => return Err(self.wrong(key, value, "a number of seconds")),
        };
        args::seconds(&written).map_err(|message| {
            Error::new(Kind::Usage, format!("`timeout`: {message}"))
                .at(self.position(value.span().start))
        })
    }

    fn section<'table, 'text>(
        &self,
        name: &str,
        value: &'table Spanned<DeValue<'text>>,
        known: &[&str],
    ) -> Result<Vec<(&'table Key<'text>, &'table Spanned<DeValue<'text>>)>> {
        let Some(table) = value.get_ref().as_table() else {
            let message = format!("`{name}` must be a section: `[{name}]`");
            return Err(Error::new(Kind::Usage, message).at(self.position(value.span().start)));
        };
        let entries: Vec<_> = table.iter().collect();
        match entries
            .iter()
            .find(|(key, _)| !known.contains(&key.get_ref().as_ref()))
        {
            Some((key, _)) => Err(self.unknown(key, known)),
            None => Ok(entries),
        }
    }

    fn rights(&self, value: &Spanned<DeValue<'_>>, config: &mut Config) -> Result<()> {
        for (key, value) in self.section("rights", value, &["grant", "revoke"])? {
            let list = value
                .get_ref()
                .as_array()
                .ok_or_else(|| self.wrong(key, value, "a list of rights"))?;
            let mut names = Vec::new();
            for item in list.iter() {
                let name = self.text(key, item)?;
                let known = RIGHTS.map(|(right, _)| right);
                if !known.contains(&name.as_str()) {
                    return Err(Error::new(Kind::Usage, format!("unknown right `{name}`"))
                        .at(self.position(item.span().start))
                        .hint(suggest::hint(&name, &known)));
                }
                names.push(name);
            }
            match key.get_ref().as_ref() {
                "grant" => config.grant = names,
                _ => config.revoke = names,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn everything_a_flag_can_say() {
        let config = parse(
            "database_url = \"sqlite://a.db\"\nbackups = 'saved'\nplan = true\nyes = true\njson = false\n\
             quiet = true\nverbose = true\ntimeout = 2.5\n[rights]\ngrant = [\"shell\", \"env\"]\n\
             revoke = [\"db:write\"]\n[retention]\nkeep_last = 7\n[alerts]\nwebhook = 'https://h'\n",
        )
        .expect("a good file");
        let (url, position) = config.database_url.expect("set");
        assert_eq!((url.as_str(), position.line), ("sqlite://a.db", 1));
        assert_eq!(config.backups.as_deref(), Some("saved"));
        assert!(config.plan && config.yes && config.quiet && config.verbose && !config.json);
        assert_eq!(config.timeout, Some(Duration::from_millis(2500)));
        assert_eq!(config.grant, ["shell", "env"]);
        assert_eq!(config.revoke, ["db:write"]);
        let mut unused = config.unused;
        unused.sort_unstable();
        assert_eq!(unused, ["alerts", "retention"]);
        assert_eq!(parse("").expect("empty"), Config::default());
    }

    #[test]
    fn what_is_wrong_says_what_where_and_the_way_out() {
        for (text, place, message, hint) in [
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
            (
                "[retention]\nkeep_last = -3",
                (2, 13),
                "`keep_last` must be",
                "",
            ),
            ("yes = true\nyes = false", (2, 1), "duplicate key", ""),
            ("yes = ", (1, 7), "", ""),
        ] {
            let error = parse(text).expect_err(text);
            assert_eq!(error.kind, Kind::Usage);
            assert!(
                error.message.starts_with(message),
                "{text}: {}",
                error.message
            );
            let position = error.position.expect("a position");
            assert_eq!((position.line, position.column), place, "{text}");
            assert!(error.hint.unwrap_or_default().contains(hint), "{text}");
        }
    }
}
