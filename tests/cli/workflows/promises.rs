//! What the files themselves promise, before anything is run.

use super::{BACKUP, MIGRATION, own, written};
use crate::harness::{Project, Step, Workflow};

/// Every workflow there is.
fn all() -> Vec<Workflow> {
    let (project, prisma) = (Project::new(), Project::new());
    prisma.file("prisma/schema.prisma", "");
    vec![
        written(&project, BACKUP),
        own(),
        written(&project, MIGRATION),
        written(&prisma, MIGRATION),
    ]
}

#[test]
fn they_run_when_they_should_with_no_right_they_do_not_need() {
    for (index, workflow) in all().iter().enumerate() {
        if index < 2 {
            assert_eq!(
                workflow.value(&["on", "schedule", "0", "cron"]),
                "0 2 * * *"
            );
        } else {
            let secret = ["on", "workflow_call", "secrets", "DATABASE_URL", "required"];
            assert_eq!(workflow.value(&secret), "true");
        }
        assert!(workflow.text.contains("\n  workflow_dispatch:\n"));
        let rights = "\npermissions:\n  contents: read\n\n";
        assert!(workflow.text.contains(rights), "and no other right");
        assert_eq!(
            workflow.value(&["concurrency", "cancel-in-progress"]),
            "false"
        );
        assert!(
            !workflow.env.contains_key("DATABASE_URL"),
            "only for steps that need it"
        );
    }
}

#[test]
fn the_backup_is_kept_thirty_days_whatever_happens_and_never_committed() {
    for workflow in all() {
        let upload = workflow.step("Keep the backup and the run logs");
        assert!(upload.condition.starts_with("always()"), "{upload:?}");
        assert_eq!(upload.with["retention-days"], "30");
        assert_eq!(upload.with["path"], "backups/");
        assert_eq!(workflow.steps.last().expect("steps").name, upload.name);
        assert!(!workflow.text.contains("git push") && !workflow.text.contains("git commit"));
        let is_checkout = |step: &&Step| step.name.starts_with("actions/checkout@");
        let checkout = workflow.steps.iter().find(is_checkout);
        assert_eq!(checkout.expect("one").with["persist-credentials"], "false");
        let key = &workflow.step("Find dbscript in the cache").with["key"];
        assert!(
            key.contains("DBSCRIPT_REV") || key.contains("github.sha"),
            "{key}"
        );
    }
}

#[test]
fn actions_are_pinned_and_secrets_stay_off_command_lines() {
    for step in all().iter().flat_map(|workflow| &workflow.steps) {
        if let Some(action) = &step.uses {
            let (_, version) = action.split_once('@').expect("a version");
            let is_commit = version.len() == 40 && version.bytes().all(|b| b.is_ascii_hexdigit());
            assert!(is_commit, "{action} is not pinned");
        }
        if let Some(run) = &step.run {
            // Expressions are put into the text before the shell reads it: only variables are safe.
            assert!(!run.contains("${{"), "{run}");
        }
        let needs = [
            "Look for a database",
            "Check the settings",
            "Back up",
            "Verify",
        ];
        let may = needs.contains(&step.name.as_str()) || step.name.contains("migrate");
        assert_eq!(step.env.contains_key("DATABASE_URL"), may, "{step:?}");
    }
}
