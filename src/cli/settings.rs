//! What a command line means: the project folder, the database, the rights of its scripts. Precedence: flag,
//! environment, `.env`, `dbscript.toml`. The process environment is read here and nowhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::args::Flags;
use super::config::{self, Alerts, Config};
use super::dotenv::{self, Variable};
use super::github::Runner;
use super::secrecy;
use crate::db::Target;
use crate::error::{Error, Kind, Position, Result};
use crate::storage::Secrets;

/// The variable that names the database.
const DATABASE_URL: &str = "DATABASE_URL";

/// The variable that names the same database behind its pooler.
const DIRECT_URL: &str = "DIRECT_URL";

/// The database of a project that names none.
const DEFAULT_URL: &str = "sqlite://dbscript.db";

/// Rights every script has that asks for them, unless `dbscript.toml` takes them away.
const USUAL_RIGHTS: [&str; 4] = ["db:write", "backups", "scratch", "files"];

/// The settings of one run.
#[derive(Debug)]
pub struct Settings {
    /// The project folder, absolute.
    pub project: PathBuf,
    /// The backups folder, absolute.
    pub backups: PathBuf,
    /// Only plan.
    pub plan: bool,
    /// Ask no questions.
    pub yes: bool,
    /// Answer in JSON Lines.
    pub json: bool,
    /// Say less.
    pub quiet: bool,
    /// How much to say for diagnosis.
    pub verbose: u8,
    /// The time limit.
    pub timeout: Option<Duration>,
    /// Rights a script may ask for.
    pub rights: BTreeSet<String>,
    /// The process environment over the variables of `.env`.
    pub environment: BTreeMap<String, String>,
    /// What must never be printed.
    pub secrets: Secrets,
    /// What becomes of alerts.
    pub alerts: Alerts,
    /// How many sets of each database a backup leaves, where it is not told with `--keep`.
    pub keep_last: Option<usize>,
    database_url: Option<Url>,
}

/// A database URL and who gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Url {
    text: String,
    origin: Origin,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Origin {
    Flag,
    Environment,
    DotEnv {
        position: Position,
        unset: Option<String>,
    },
    Config(Position),
}

impl Settings {
    /// Reads what the flags, this environment and the project's files say.
    ///
    /// # Errors
    /// Usage errors: a folder that is none, a `.env` or `dbscript.toml` that cannot be read.
    pub fn read(flags: &Flags, environment: BTreeMap<String, String>) -> Result<Settings> {
        let project = project_folder(flags.project.as_deref())?;
        let dotenv = |name: &str| dotenv::read(&project.join(name), name, &environment);
        let mut variables = dotenv("prisma/.env")?;
        variables.extend(dotenv(".env")?);
        let config = config::read(&project)?;
        let database_url = database_url(flags, &environment, &variables, &config);
        let mut together: BTreeMap<String, String> = variables
            .into_iter()
            .map(|(name, variable)| (name, variable.value))
            .collect();
        together.extend(environment);
        let backups = match (&flags.backups, &config.backups) {
            (Some(folder), _) => absolute(folder)?,
            (None, Some(folder)) => project.join(folder),
            (None, None) => project.join("backups"),
        };
        Ok(Settings {
            secrets: secrecy::secrets(&together, database_url.as_ref().map(Url::text)),
            backups,
            plan: flags.plan || config.plan,
            yes: flags.yes || config.yes,
            json: flags.json || config.json,
            quiet: flags.quiet || config.quiet,
            verbose: flags.verbose.max(u8::from(config.verbose)),
            timeout: flags.timeout.or(config.timeout),
            rights: rights(&config),
            alerts: config.alerts,
            keep_last: config.keep_last,
            environment: together,
            database_url,
            project,
        })
    }

    /// A path as people should see it: relative to the project where it lies in it.
    pub fn shown(&self, path: &Path) -> String {
        let path = path.strip_prefix(&self.project).unwrap_or(path);
        path.display().to_string()
    }

    /// The database, and whether it is the default because none was named.
    ///
    /// # Errors
    /// Usage errors: an empty or unusable URL.
    pub fn target(&self) -> Result<(Target, bool)> {
        let Some(url) = &self.database_url else {
            let target = Target::parse(DEFAULT_URL, &self.project)?;
            return Ok((target, true));
        };
        if let Origin::DotEnv {
            position,
            unset: Some(name),
        } = &url.origin
        {
            let message = format!("`{DATABASE_URL}` refers to `{name}`, which is not set");
            return Err(Error::new(Kind::Usage, message)
                .at(position.clone())
                .hint(format!(
                    "set `{name}` in the environment or above this line"
                )));
        }
        if url
            .text
            .trim_matches(['"', '\'', '`', ' ', '\t'])
            .is_empty()
        {
            return Err(url.empty());
        }
        let target =
            Target::parse(&url.text, &self.project).map_err(|error| url.place(error.into()))?;
        let direct = self.environment.get(DIRECT_URL);
        // A URL that was typed is meant by itself: the variable belongs to the one beside it.
        let Some(direct) = direct.filter(|_| target.is_pooled() && url.origin != Origin::Flag)
        else {
            return Ok((target, false));
        };
        let direct = Target::parse(direct, &self.project).map_err(|error| {
            let message = format!("`{DIRECT_URL}` cannot be used");
            Error::from(error).context(Kind::Usage, message)
        })?;
        if !direct.engine().is_kin(target.engine()) {
            let message = format!("`{DIRECT_URL}` leads to another engine than `{DATABASE_URL}`");
            return Err(Error::new(Kind::Usage, message)
                .hint("it names the same database, without the pooler in between"));
        }
        Ok((target.with_direct(direct), false))
    }
}

impl Url {
    fn text(&self) -> &str {
        &self.text
    }

    fn empty(&self) -> Error {
        let name = match self.origin {
            Origin::Flag => "--database-url",
            Origin::Config(_) => "database_url",
            Origin::Environment | Origin::DotEnv { .. } => DATABASE_URL,
        };
        let error = Error::new(Kind::Usage, format!("`{name}` is set but empty")).hint(
            "give the database's URL (in CI: is the secret set?), or unset it to use the embedded database",
        );
        self.place(error)
    }

    /// The error, at the place in the file that the URL came from.
    fn place(&self, error: Error) -> Error {
        match &self.origin {
            Origin::DotEnv { position, .. } | Origin::Config(position) => {
                error.at(position.clone())
            }
            Origin::Flag | Origin::Environment => error,
        }
    }
}

/// The process environment; what is not UTF-8 cannot be a setting, and is left out.
///
/// # Errors
/// A usage error where that is the database's URL: the default must not be taken in its place.
pub fn process_environment() -> Result<BTreeMap<String, String>> {
    let mut environment = BTreeMap::new();
    for (name, value) in std::env::vars_os() {
        match (name.into_string(), value.into_string()) {
            (Ok(name), Ok(value)) => drop(environment.insert(name, value)),
            (Ok(name), Err(_)) if name == DATABASE_URL => {
                return Err(Error::new(Kind::Usage, format!("`{name}` is not UTF-8"))
                    .hint("percent-encode what is not ASCII in the URL"));
            }
            _ => {}
        }
    }
    Ok(environment)
}

/// GitHub's runner, if that is what runs this process.
pub fn runner() -> Option<Runner> {
    let path = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let is_runner = std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
    is_runner.then(|| Runner {
        workspace: path("GITHUB_WORKSPACE").map(PathBuf::from),
        summary: path("GITHUB_STEP_SUMMARY").map(PathBuf::from),
    })
}

/// Whether this process runs in a CI job, whose output many can read: every CI service sets `CI`.
pub fn is_ci() -> bool {
    let is_on = |value: std::ffi::OsString| !["", "0", "false"].iter().any(|off| value == *off);
    ["CI", "GITHUB_ACTIONS"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(is_on))
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|source| {
        let message = format!("cannot use the folder `{}`", path.display());
        let mut error = Error::new(Kind::Usage, message);
        error.source = Some(Box::new(source));
        error
    })
}

fn project_folder(named: Option<&Path>) -> Result<PathBuf> {
    let folder = named.unwrap_or(Path::new("."));
    let found = folder.canonicalize().map_err(|source| {
        let message = format!("cannot open the project folder `{}`", folder.display());
        let mut error = Error::new(Kind::Usage, message)
            .hint("`--project` names the folder with `scripts/`, `migrations/` and `backups/`");
        error.source = Some(Box::new(source));
        error
    })?;
    if found.is_dir() {
        return Ok(found);
    }
    let message = format!("`{}` is not a folder", folder.display());
    Err(Error::new(Kind::Usage, message).hint("`--project` names a folder"))
}

fn database_url(
    flags: &Flags,
    environment: &BTreeMap<String, String>,
    variables: &BTreeMap<String, Variable>,
    config: &Config,
) -> Option<Url> {
    let url = |text: &String, origin| Url {
        text: text.clone(),
        origin,
    };
    if let Some(text) = &flags.database_url {
        return Some(url(text, Origin::Flag));
    }
    if let Some(text) = environment.get(DATABASE_URL) {
        return Some(url(text, Origin::Environment));
    }
    if let Some(variable) = variables.get(DATABASE_URL) {
        let origin = Origin::DotEnv {
            position: variable.position.clone(),
            unset: variable.unset.clone(),
        };
        return Some(url(&variable.value, origin));
    }
    let (text, position) = config.database_url.as_ref()?;
    Some(url(text, Origin::Config(position.clone())))
}

fn rights(config: &Config) -> BTreeSet<String> {
    USUAL_RIGHTS
        .iter()
        .map(ToString::to_string)
        .chain(config.grant.iter().cloned())
        .filter(|right| !config.revoke.contains(right))
        .collect()
}

#[cfg(test)]
mod tests;
