//! `perdure tenant create NAME`: makes a tenant in the database of `DATABASE_URL`.

use crate::{database, failure::Exit, screen::Screen};
use engine::ops::credential;
use serde_json::json;
use uuid::Uuid;

/// Arguments of `tenant`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Makes a tenant and prints its id
    Create {
        /// For people
        name: String,
    },
}

/// Makes it.
pub(crate) async fn run(args: &Args, screen: Screen) -> anyhow::Result<Exit> {
    let Verb::Create { name } = &args.verb;
    let pool = database::connect(&database::url_needed()?).await?;
    let id = Uuid::now_v7();
    credential::insert_tenant(&pool, id, name.clone()).await?;
    match screen.is_json() {
        true => screen.json(&json!({ "id": id, "name": name }))?,
        false => screen.line(id.to_string())?,
    }
    Ok(Exit::Fine)
}
