//! `perdure key create`: makes an API key in the database of `DATABASE_URL`, and shows it this
//! once.

use crate::{
    database,
    failure::{Exit, Failure},
    screen::Screen,
};
use api::auth::Role;
use serde_json::json;
use uuid::Uuid;

/// Arguments of `key`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Makes a key and prints it; it is stored nowhere
    Create {
        /// Whose, as `perdure tenant create` printed it
        #[arg(long, value_name = "ID")]
        tenant: Uuid,
        /// owner, admin, operator or viewer
        #[arg(long, default_value = "operator")]
        role: String,
    },
}

/// Makes it.
pub(crate) async fn run(args: &Args, screen: Screen) -> anyhow::Result<Exit> {
    let Verb::Create { tenant, role } = &args.verb;
    let Some(known) = Role::parse(role) else {
        return Err(Failure::usage(format!("there is no role `{role}`"))
            .help("owner, admin, operator or viewer")
            .into());
    };
    let pool = database::connect(&database::url_needed()?).await?;
    let found: Option<(Uuid,)> =
        sqlx::query_as("select tenant_id from tenant where tenant_id = $1")
            .bind(tenant)
            .fetch_optional(&pool)
            .await?;
    if found.is_none() {
        return Err(Failure::refused(format!("there is no tenant {tenant}"))
            .help("`perdure tenant create NAME` makes one")
            .into());
    }
    let key = api::create_key(&pool, *tenant, known).await?;
    match screen.is_json() {
        true => screen.json(&json!({ "tenant": tenant, "role": role, "key": key }))?,
        false => screen.line(key)?,
    }
    Ok(Exit::Fine)
}
