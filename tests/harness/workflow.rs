//! A GitHub workflow, read as YAML and played here as a runner plays it: each `run:` in a bash of its own with the
//! environment the file gives it, each `if:` decided, each expression put in. Actions (`uses:`) are not run but noted.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use saphyr::{LoadableYamlNode, Yaml};

use super::Project;

/// Names and values.
pub type Map = BTreeMap<String, String>;

/// A workflow with one job.
pub struct Workflow {
    /// Its text.
    pub text: String,
    /// Variables of the workflow and its job.
    pub env: Map,
    /// The steps of its job.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// Its `name`, else its action.
    pub name: String,
    /// What other steps call it.
    pub id: String,
    /// The condition; empty: unless one before has failed.
    pub condition: String,
    /// The shell's text.
    pub run: Option<String>,
    /// The action.
    pub uses: Option<String>,
    /// The action's inputs.
    pub with: Map,
    /// Its own variables.
    pub env: Map,
}

/// What a runner gives a workflow.
#[derive(Default)]
pub struct Given {
    /// `secrets.NAME`.
    pub secrets: Map,
    /// `vars.NAME`.
    pub vars: Map,
    /// Folders that stand first in `PATH`.
    pub path: Vec<String>,
    /// Further variables of the machine.
    pub machine: Map,
}

/// A step that was reached.
#[derive(Debug)]
pub struct Played {
    /// Its name.
    pub name: String,
    /// The exit code; `None` for an action.
    pub status: Option<i32>,
    /// What it wrote, both streams.
    pub told: String,
}

/// A mapping's entry, or what stands for one that is missing.
fn get<'a, 'y>(yaml: &'a Yaml<'y>, key: &str) -> Option<&'a Yaml<'y>> {
    yaml.as_mapping_get(key)
}

/// A scalar as it stands.
fn text(yaml: &Yaml<'_>) -> String {
    if let Some(text) = yaml.as_str() {
        return text.to_owned();
    }
    let number = yaml.as_integer().map(|number| number.to_string());
    number
        .or_else(|| yaml.as_bool().map(|truth| truth.to_string()))
        .unwrap_or_else(|| panic!("no scalar: {yaml:?}"))
}

fn map(yaml: Option<&Yaml<'_>>) -> Map {
    let Some(mapping) = yaml.and_then(Yaml::as_mapping) else {
        return Map::new();
    };
    mapping
        .iter()
        .map(|(key, value)| (text(key), text(value)))
        .collect()
}

impl Workflow {
    /// Reads a workflow of one job, whose steps run in bash as `shell: bash` says it.
    #[track_caller]
    pub fn read(source: &str) -> Workflow {
        let documents = Yaml::load_from_str(source).expect("it is YAML");
        assert_eq!(documents.len(), 1, "one document");
        let root = &documents[0];
        let shell = get(root, "defaults")
            .and_then(|defaults| get(defaults, "run"))
            .and_then(|run| get(run, "shell"));
        assert_eq!(
            shell.map(text).as_deref(),
            Some("bash"),
            "the shell is said"
        );
        let jobs = get(root, "jobs").and_then(Yaml::as_mapping).expect("jobs");
        assert_eq!(jobs.len(), 1, "one job");
        let (_, job) = jobs.iter().next().expect("one job");
        let mut env = map(get(root, "env"));
        env.extend(map(get(job, "env")));
        let steps = get(job, "steps")
            .and_then(Yaml::as_sequence)
            .expect("steps");
        Workflow {
            text: source.to_owned(),
            env,
            steps: steps.iter().map(Step::read).collect(),
        }
    }

    /// A value of the file by its keys, as text.
    #[track_caller]
    pub fn value(&self, keys: &[&str]) -> String {
        let documents = Yaml::load_from_str(&self.text).expect("it was read before");
        let mut yaml = &documents[0];
        for key in keys {
            yaml = match key.parse::<usize>() {
                Ok(index) => &yaml.as_sequence().expect("a list")[index],
                Err(_) => get(yaml, key).unwrap_or_else(|| panic!("no `{key}` of {keys:?}")),
            };
        }
        text(yaml)
    }

    /// The step of this name.
    #[track_caller]
    pub fn step(&self, name: &str) -> &Step {
        let found = self.steps.iter().find(|step| step.name == name);
        found.unwrap_or_else(|| panic!("no step `{name}`"))
    }

    /// Plays the steps in a project's folder; what was reached, in order.
    pub fn play(&self, project: &Project, given: &Given) -> Vec<Played> {
        let folder = tempfile::tempdir().expect("a folder");
        let mut outputs = Map::new();
        let mut failed = false;
        let mut played = Vec::new();
        for step in &self.steps {
            if !is_met(&step.condition, failed, &outputs) {
                continue;
            }
            let (status, told) = match &step.run {
                Some(script) => {
                    let mut env = self.env.clone();
                    env.extend(step.env.clone());
                    let env: Map = env
                        .iter()
                        .map(|(name, value)| (name.clone(), self.filled(value, given)))
                        .collect();
                    let script = self.filled(script, given);
                    let (status, told) = shell(project, given, &env, &script, folder.path());
                    let output = folder.path().join("output");
                    let written = std::fs::read_to_string(&output).unwrap_or_default();
                    for (name, value) in written.lines().filter_map(|line| line.split_once('=')) {
                        let name = format!("steps.{}.outputs.{name}", step.id);
                        outputs.insert(name, value.to_owned());
                    }
                    std::fs::write(&output, "").expect("the folder is ours");
                    (Some(status), told)
                }
                None => (None, String::new()),
            };
            failed |= status.is_some_and(|status| status != 0);
            played.push(Played {
                name: step.name.clone(),
                status,
                told,
            });
        }
        played
    }

    /// The text with its expressions put in; one this reader does not know fails the test.
    fn filled(&self, text: &str, given: &Given) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("${{") {
            let (expression, after) = behind.split_once("}}").expect("an expression ends");
            filled.push_str(before);
            let (context, name) = expression.trim().split_once('.').expect("a context");
            let value = match context {
                "secrets" => given.secrets.get(name),
                "vars" => given.vars.get(name),
                "env" => self.env.get(name),
                _ => panic!("the expression `{expression}` is not known here"),
            };
            // What is not set is empty, as on the runner.
            filled.push_str(value.map_or("", String::as_str));
            rest = after;
        }
        filled + rest
    }
}

impl Step {
    fn read(yaml: &Yaml<'_>) -> Step {
        let scalar = |key| get(yaml, key).map(text);
        let uses = scalar("uses");
        Step {
            name: scalar("name")
                .or_else(|| uses.clone())
                .expect("a step has a name"),
            id: scalar("id").unwrap_or_default(),
            condition: scalar("if").unwrap_or_default(),
            run: scalar("run"),
            uses,
            with: map(get(yaml, "with")),
            env: map(get(yaml, "env")),
        }
    }
}

/// Decides `always()`, `steps.x.outputs.y == 'v'`, `!=`, and these joined by `&&`.
fn is_met(condition: &str, failed: bool, outputs: &Map) -> bool {
    if failed && !condition.contains("always()") {
        return false;
    }
    condition.split("&&").map(str::trim).all(|part| {
        let value = |name: &str| outputs.get(name.trim()).cloned().unwrap_or_default();
        let word = |text: &str| text.trim().trim_matches('\'').to_owned();
        match (part.split_once("=="), part.split_once("!=")) {
            (Some((name, wanted)), _) => value(name) == word(wanted),
            (_, Some((name, other))) => value(name) != word(other),
            _ if part.is_empty() || part == "always()" => true,
            _ => panic!("the condition `{part}` is not known here"),
        }
    })
}

/// Runs a step's text as the runner does for `shell: bash`, without this machine's environment.
fn shell(
    project: &Project,
    given: &Given,
    env: &Map,
    script: &str,
    folder: &Path,
) -> (i32, String) {
    let file = folder.join("step.sh");
    std::fs::write(&file, script).expect("the folder is ours");
    let path = [
        given.path.join(":"),
        "/usr/local/bin:/usr/bin:/bin".to_owned(),
    ]
    .join(":");
    let output = Command::new("bash")
        .args(["--noprofile", "--norc", "-eo", "pipefail"])
        .arg(&file)
        .current_dir(project.path())
        .env_clear()
        .env("PATH", path)
        .env("HOME", project.path())
        .env("CI", "true")
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_WORKSPACE", project.path())
        .env("GITHUB_OUTPUT", folder.join("output"))
        .env("GITHUB_STEP_SUMMARY", project.path().join("summary.md"))
        .envs(&given.machine)
        .envs(env)
        .output()
        .expect("there is a bash");
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told).into_owned();
    (output.status.code().expect("it exits"), told)
}
