//! sqlx's own migrator, which the histories must agree with, and which makes databases for tests of other things.

use std::path::Path;

use sqlx::Connection;
use sqlx::migrate::{Migrate, MigrateError, Migrator};

use super::Project;

/// Applies a folder's migrations with sqlx. Returns how many files there are.
pub async fn sqlx_migrate<C: Connection + Migrate>(
    url: &str,
    folder: &Path,
) -> Result<usize, MigrateError> {
    let migrator = Migrator::new(folder).await?;
    let mut connection = C::connect(url).await.expect("the database is there");
    migrator.run_direct(None, &mut connection, false).await?;
    connection.close().await.expect("it closes");
    Ok(migrator.iter().count())
}

/// The same for a project's own database and folder.
pub fn sqlx_migrates(project: &Project) -> Result<usize, MigrateError> {
    let file = format!("sqlite://{}/dbscript.db?mode=rwc", project.path().display());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    let folder = project.path().join("migrations");
    runtime.block_on(async {
        match project.url() {
            None => sqlx_migrate::<sqlx::SqliteConnection>(&file, &folder).await,
            Some(url) if url.starts_with("postgres") => {
                sqlx_migrate::<sqlx::PgConnection>(url, &folder).await
            }
            Some(url) => sqlx_migrate::<sqlx::MySqlConnection>(url, &folder).await,
        }
    })
}
