//! `perdure schedules delete NAME`.

use super::operate::Args;
use crate::{client::Client, failure::Exit, screen::Screen};
use serde_json::json;

/// Removes it.
pub(crate) async fn run(args: &Args, client: &Client, screen: Screen) -> anyhow::Result<Exit> {
    let reason = args.reason.iter();
    let query: Vec<_> = reason.map(|reason| ("reason", reason.clone())).collect();
    client.delete(&["v1", "schedules", &args.name], &query).await?;
    match screen.is_json() {
        true => screen.json(&json!({ "deleted": args.name }))?,
        false => screen.line(format!("{} is removed; what it started goes on", args.name))?,
    }
    Ok(Exit::Fine)
}
