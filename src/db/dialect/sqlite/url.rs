//! SQLite URLs.
use crate::db::Result;
use std::path::{Path, PathBuf};
/// The file a URL names.
pub fn path(url: &str, project: &Path) -> Result<PathBuf> {
    Ok(project.join(url.trim_start_matches("sqlite://")))
}
