//! `perdure calendars …`: a tenant's business calendars, which schedules and expressions name.

use crate::{
    client::Client,
    failure::Exit,
    files,
    screen::{Screen, short, text_of},
};
use serde_json::json;

/// Arguments of `calendars`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Lists them
    List,
    /// Makes one, or changes it
    Put {
        /// The calendar
        name: String,
        /// Hours by day, holidays, timeZone: a JSON object, or @file
        #[arg(value_name = "JSON|@FILE")]
        hours: String,
        /// Why; stands in the audit
        #[arg(long)]
        reason: Option<String>,
    },
    /// Removes one
    Delete {
        /// The calendar
        name: String,
        /// Why; stands in the audit
        #[arg(long)]
        reason: Option<String>,
    },
}

/// Does it.
pub(crate) async fn run(args: &Args, client: &Client, screen: Screen) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::List => list(client, screen).await,
        Verb::Put { name, hours, reason } => {
            let hours = files::json_argument("HOURS", hours)?;
            let body = json!({ "hours": hours, "reason": reason });
            let put = client.put(&["v1", "calendars", name], &body).await?;
            match screen.is_json() {
                true => screen.json(&put)?,
                false => screen
                    .line(format!("{name} is kept; its schedules and waits are computed again"))?,
            }
            Ok(Exit::Fine)
        }
        Verb::Delete { name, reason } => {
            let query: Vec<_> = reason.iter().map(|reason| ("reason", reason.clone())).collect();
            client.delete(&["v1", "calendars", name], &query).await?;
            match screen.is_json() {
                true => screen.json(&json!({ "deleted": name }))?,
                false => screen.line(format!("{name} is removed"))?,
            }
            Ok(Exit::Fine)
        }
    }
}

async fn list(client: &Client, screen: Screen) -> anyhow::Result<Exit> {
    let found = client.get(&["v1", "calendars"], &[]).await?;
    if screen.is_json() {
        screen.json(&found)?;
        return Ok(Exit::Fine);
    }
    let items = found["items"].as_array().map_or(&[][..], Vec::as_slice);
    if items.is_empty() {
        screen.line("no calendars")?;
        return Ok(Exit::Fine);
    }
    let rows: Vec<Vec<String>> = items
        .iter()
        .map(|item| {
            vec![text_of(&item["name"]), short(&item["hours"], 80), text_of(&item["updated_at"])]
        })
        .collect();
    screen.table(&["NAME", "HOURS", "CHANGED"], &rows)?;
    Ok(Exit::Fine)
}
