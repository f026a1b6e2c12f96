//! Installing dbscript in a workflow.

use std::process::Command;

use super::{BACKUP, succeeds, written};
use crate::harness::{Given, Project, Workflow};

/// The install step as it stands, with the real cargo; only the sources are a stand-in, as they would need the network.
#[test]
fn the_install_step_builds_what_the_tag_names() {
    let project = Project::new();
    let workflow = written(&project, BACKUP);
    let source = Project::new();
    source
        .file(
            "Cargo.toml",
            "[package]\nname = \"dbscript\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
        )
        .file(
            "Cargo.lock",
            "version = 4\n\n[[package]]\nname = \"dbscript\"\nversion = \"0.1.0\"\n",
        )
        .file("src/main.rs", "fn main() { println!(\"tagged\"); }\n");
    let rev = concat!("v", env!("CARGO_PKG_VERSION"));
    let git = |words: &[&str]| {
        let done = Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
            .args(words)
            .current_dir(source.path())
            .output()
            .expect("there is a git");
        assert!(done.status.success(), "{done:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "tagged"]);
    git(&["tag", rev]);
    source.file("src/main.rs", "fn main() { println!(\"later\"); }\n");
    git(&["commit", "-qam", "later"]);
    let install = Workflow {
        steps: vec![workflow.step("Install dbscript").clone()],
        ..workflow
    };
    let home = project.path().join("cargo");
    let cargo = std::path::Path::new(env!("CARGO"))
        .parent()
        .expect("a folder");
    let pair = |name: &str, value: String| (name.to_owned(), value);
    let given = Given {
        vars: [pair(
            "DBSCRIPT_GIT",
            format!("file://{}", source.path().display()),
        )]
        .into(),
        path: vec![cargo.display().to_string()],
        machine: [pair("CARGO_HOME", home.display().to_string())].into(),
        ..Given::default()
    };
    succeeds(&install.play(&project, &given));
    let said = Command::new(home.join("bin/dbscript"))
        .output()
        .expect("it is installed");
    assert_eq!(String::from_utf8_lossy(&said.stdout), "tagged\n");
}
