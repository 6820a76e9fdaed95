//! `perdure instances`: lists instances.

use crate::{
    client::Client,
    failure::Exit,
    files,
    screen::{Screen, short, text_of},
};
use serde_json::{Value, json};

const STATUSES: [&str; 7] =
    ["running", "waiting", "stuck", "suspended", "completed", "failed", "cancelled"];

/// Arguments of `instances`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Of this definition
    #[arg(long)]
    definition: Option<String>,
    /// Of this status
    #[arg(long, value_parser = STATUSES)]
    status: Option<String>,
    /// With this key
    #[arg(long)]
    key: Option<String>,
    /// Of the contact with this phone number
    #[arg(long)]
    phone: Option<String>,
    /// In this state
    #[arg(long)]
    state: Option<String>,
    /// With this text in its searchable fields
    #[arg(long, short)]
    q: Option<String>,
    /// At most this many
    #[arg(long, default_value_t = 50, value_parser = files::at_least_one)]
    limit: usize,
}

/// Lists them, the newest first.
pub(crate) async fn run(args: &Args, client: &Client, screen: Screen) -> anyhow::Result<Exit> {
    let filters = [
        ("definition", &args.definition),
        ("status", &args.status),
        ("key", &args.key),
        ("phone", &args.phone),
        ("state", &args.state),
        ("q", &args.q),
    ];
    let query: Vec<(&str, String)> =
        filters.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect();
    let items = client.list(&["v1", "instances"], &query, args.limit).await?;
    if screen.is_json() {
        screen.json(&json!({ "items": items }))?;
        return Ok(Exit::Fine);
    }
    if items.is_empty() {
        screen.line("no instances")?;
        return Ok(Exit::Fine);
    }
    let rows: Vec<_> = items.iter().map(|item| row(item, screen)).collect();
    screen.table(&["ID", "DEFINITION", "STATUS", "STATE", "TURNS", "KEY", "LAST TURN"], &rows)?;
    Ok(Exit::Fine)
}

fn row(item: &Value, screen: Screen) -> Vec<String> {
    vec![
        text_of(&item["id"]),
        format!("{} v{}", text_of(&item["definition"]), text_of(&item["version"])),
        screen.status(&text_of(&item["status"])),
        short(&item["configuration"], 40),
        text_of(&item["seq"]),
        short(&item["key"], 20),
        text_of(&item["updated_at"]),
    ]
}
