//! `perdure schedules list`.

use crate::{
    client::Client,
    failure::Exit,
    files,
    screen::{Screen, Style, short, text_of},
};
use serde_json::{Value, json};

/// Arguments of `list`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Of this definition
    #[arg(long)]
    definition: Option<String>,
    /// At most this many
    #[arg(long, default_value_t = 50, value_parser = files::at_least_one)]
    limit: usize,
}

/// Lists them by name.
pub(crate) async fn run(args: &Args, client: &Client, screen: Screen) -> anyhow::Result<Exit> {
    let definition = args.definition.iter();
    let query: Vec<_> = definition.map(|name| ("definition", name.clone())).collect();
    let items = client.list(&["v1", "schedules"], &query, args.limit).await?;
    if screen.is_json() {
        screen.json(&json!({ "items": items }))?;
        return Ok(Exit::Fine);
    }
    if items.is_empty() {
        screen.line("no schedules")?;
        return Ok(Exit::Fine);
    }
    let rows: Vec<_> = items.iter().map(|item| row(item, screen)).collect();
    screen.table(&["NAME", "DEFINITION", "CRON", "ZONE", "NEXT", "LAST"], &rows)?;
    Ok(Exit::Fine)
}

fn row(item: &Value, screen: Screen) -> Vec<String> {
    vec![
        text_of(&item["name"]),
        text_of(&item["definition"]),
        short(&item["cron"], 30),
        text_of(&item["tz"]),
        next(item, screen),
        text_of(&item["last_tick"]),
    ]
}

/// The next tick, or why there is none.
pub(super) fn next(item: &Value, screen: Screen) -> String {
    if item["paused"] == true {
        return screen.paint(Style::Yellow, "paused");
    }
    if !item["problem"].is_null() {
        return screen.paint(Style::Red, text_of(&item["problem"]));
    }
    match text_of(&item["next_tick"]) {
        next if next.is_empty() => screen.paint(Style::Dim, "over"),
        next => next,
    }
}
