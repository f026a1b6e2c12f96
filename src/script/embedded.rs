//! The scripts that are part of the program. A test fails when a file of `scripts/` is missing here.

/// Names the files of `scripts/` and embeds their texts.
macro_rules! embed {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../scripts/", $name, ".rhai")))),*]
    };
}

/// Every embedded script: its name and its text.
pub const SCRIPTS: &[(&str, &str)] = embed![
    "backup",
    "pre-migration-backup",
    "resolve",
    "restore",
    "restore-users",
    "safe-migration",
    "verify",
];

/// The text of an embedded script.
pub fn text(name: &str) -> Option<&'static str> {
    let found = SCRIPTS.iter().find(|(known, _)| *known == name);
    found.map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_script_of_the_folder_is_embedded() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts");
        let mut files: Vec<String> = super::super::library::files(&folder)
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        let mut embedded: Vec<String> = SCRIPTS.iter().map(|(name, _)| name.to_string()).collect();
        files.sort();
        embedded.sort();
        assert_eq!(
            embedded, files,
            "name every file of `scripts/` in src/script/embedded.rs"
        );
    }
}
