//! `perdure schedules show NAME`.

use super::list::next;
use crate::{
    client::Client,
    failure::Exit,
    screen::{Screen, Style, text_of},
};
use serde_json::Value;

/// Policies, in the order in which they are shown.
const POLICIES: [&str; 8] = [
    "missed",
    "overlap",
    "dst_missing",
    "dst_repeated",
    "calendar",
    "outside",
    "start_at",
    "end_at",
];

/// Arguments of `show`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The schedule
    name: String,
}

/// Shows it.
pub(crate) async fn run(args: &Args, client: &Client, screen: Screen) -> anyhow::Result<Exit> {
    let shown = client.get(&["v1", "schedules", &args.name], &[]).await?;
    tell(&shown, screen)
}

/// A schedule for people or programs. No, when it has a problem.
pub(super) fn tell(shown: &Value, screen: Screen) -> anyhow::Result<Exit> {
    let exit = if shown["problem"].is_null() { Exit::Fine } else { Exit::No };
    if screen.is_json() {
        screen.json(shown)?;
        return Ok(exit);
    }
    let name = screen.paint(Style::Bold, text_of(&shown["name"]));
    let (cron, zone) = (text_of(&shown["cron"]), text_of(&shown["tz"]));
    screen
        .line(format!("{name}  starts {}  at {cron}  ({zone})", text_of(&shown["definition"])))?;
    screen.line(format!("next: {}", next(shown, screen)))?;
    let policies = POLICIES.iter().filter(|name| !shown[**name].is_null());
    let policies: Vec<String> =
        policies.map(|name| format!("{name} {}", text_of(&shown[*name]))).collect();
    screen.line(screen.paint(Style::Dim, policies.join(", ")))?;
    let upcoming = shown["upcoming"].as_array().map_or(&[][..], Vec::as_slice);
    for tick in upcoming {
        screen.line(format!("  to come  {}", text_of(tick)))?;
    }
    let ticks = shown["ticks"].as_array().map_or(&[][..], Vec::as_slice);
    let rows: Vec<Vec<String>> = ticks.iter().map(row).collect();
    if !rows.is_empty() {
        screen.table(&["TICK", "OUTCOME", "INSTANCE", "BY"], &rows)?;
    }
    Ok(exit)
}

fn row(tick: &Value) -> Vec<String> {
    ["tick", "outcome", "instance", "actor"].map(|field| text_of(&tick[field])).to_vec()
}
