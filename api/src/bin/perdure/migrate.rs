//! `perdure migrate`: brings the database of `DATABASE_URL` to the schema of this release.

use crate::{database, failure::Exit, screen::Screen};
use serde_json::json;

/// Applies what is missing; safe while servers of this and the last release run.
pub(crate) async fn run(screen: Screen) -> anyhow::Result<Exit> {
    let pool = database::connect(&database::url_needed()?).await?;
    database::migrate(&pool).await?;
    match screen.is_json() {
        true => screen.json(&json!({ "migrated": true }))?,
        false => screen.line("the database has the schema of this release")?,
    }
    Ok(Exit::Fine)
}
