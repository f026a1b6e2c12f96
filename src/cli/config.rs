//! `dbscript.toml`: what the flags can say, once for everybody who works on the project, and the rights of its scripts.
//!
//! Every key is checked: one that is misspelt would otherwise be a protection that people believe in and do not have.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::args;
use super::suggest;
use crate::error::{Error, Kind, Position, Result};
use crate::script::{DATA_LOSS, FAILED_BACKUP, RIGHTS};

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

/// How many backups to keep.
const RETENTION: [&str; 1] = ["keep_last"];

/// Which alerts are told, and where.
const ALERTS: [&str; 3] = ["mute", "annotations", "summary"];

/// What becomes of alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alerts {
    /// Alerts of these names that only warn stay in the run log.
    pub mute: Vec<String>,
    /// Whether GitHub's runner is given annotations.
    pub annotations: bool,
    /// Whether GitHub's runner is given a job summary.
    pub summary: bool,
}

impl Default for Alerts {
    fn default() -> Self {
        Alerts {
            mute: Vec::new(),
            annotations: true,
            summary: true,
        }
    }
}

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
    /// What becomes of alerts.
    pub alerts: Alerts,
    /// How many sets of each database a backup leaves, where it is not told with `--keep`.
    pub keep_last: Option<usize>,
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
            let mut error = Error::new(Kind::Usage, format!("cannot read `{FILE}`")).hint(
                "it is a text file in UTF-8 that you may read; without it the defaults count",
            );
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
            "alerts" => config.alerts = source.alerts(value)?,
            "retention" => {
                for (key, value) in source.section("retention", value, &RETENTION)? {
                    config.keep_last = Some(source.count(key, value)?);
                }
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

    fn count(&self, key: &Key<'_>, value: &Spanned<DeValue<'_>>) -> Result<usize> {
        const WANTED: &str = "a whole number of 1 or more";
        let Some(number) = value.get_ref().as_integer() else {
            return Err(self.wrong(key, value, WANTED));
        };
        let count = usize::from_str_radix(number.as_str(), number.radix()).ok();
        count.filter(|count| *count > 0).ok_or_else(|| {
            let message = format!("`{}` must be {WANTED}", key.get_ref());
            Error::new(Kind::Usage, message)
                .at(self.position(value.span().start))
                .hint("the last backup is never pruned; leave it out to keep all of them")
        })
    }

    fn list<'value, 'text>(
        &self,
        key: &Key<'_>,
        value: &'value Spanned<DeValue<'text>>,
        wanted: &str,
    ) -> Result<&'value [Spanned<DeValue<'text>>]> {
        let list = value.get_ref().as_array();
        list.map(|list| list.as_ref())
            .ok_or_else(|| self.wrong(key, value, wanted))
    }

    fn alerts(&self, value: &Spanned<DeValue<'_>>) -> Result<Alerts> {
        let mut alerts = Alerts::default();
        for (key, value) in self.section("alerts", value, &ALERTS)? {
            match key.get_ref().as_ref() {
                "annotations" => alerts.annotations = self.truth(key, value)?,
                "summary" => alerts.summary = self.truth(key, value)?,
                _ => {
                    for item in self.list(key, value, "a list of alerts' names")? {
                        let name = self.text(key, item)?;
                        if [DATA_LOSS, FAILED_BACKUP].contains(&name.as_str()) {
                            let message = format!("the alert `{name}` cannot be muted");
                            return Err(Error::new(Kind::Usage, message)
                                .at(self.position(item.span().start))
                                .hint(
                                    "only alerts that warn can be, such as `destructive operation`",
                                ));
                        }
                        alerts.mute.push(name);
                    }
                }
            }
        }
        Ok(alerts)
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
            let mut names = Vec::new();
            for item in self.list(key, value, "a list of rights")? {
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
mod tests;
