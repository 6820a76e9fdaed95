//! `perdure send ID TYPE`: sends an event to an instance.

use crate::{
    client::Client,
    failure::Exit,
    files, instance,
    screen::{Screen, text_of},
};
use serde_json::json;

/// Arguments of `send`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The instance
    id: String,
    /// The event's type
    #[arg(value_name = "TYPE")]
    kind: String,
    /// Its fields: a JSON object, or @file
    #[arg(long, value_name = "JSON|@FILE")]
    data: Option<String>,
    /// The event's own id: sending twice with one id sends once
    #[arg(long)]
    event_id: Option<String>,
    /// Shows the instance after the event's turn, waiting for it this long
    #[arg(long, value_name = "TIME", num_args = 0..=1, default_missing_value = "5s")]
    wait: Option<String>,
}

/// Sends it. With `--wait`: no, when the instance is stuck.
pub(crate) async fn run(args: &Args, client: &Client, screen: Screen) -> anyhow::Result<Exit> {
    let mut body = json!({ "type": args.kind });
    if let Some(data) = &args.data {
        body["data"] = files::json_argument("--data", data)?;
    }
    if let Some(id) = &args.event_id {
        body["id"] = json!(id);
    }
    let query: Vec<_> = args.wait.iter().map(|wait| ("wait", wait.clone())).collect();
    let answer = client.post(&["v1", "instances", &args.id, "events"], &query, &body).await?;
    if answer.get("status").is_some() {
        return instance::tell(&answer, screen);
    }
    match screen.is_json() {
        true => screen.json(&answer)?,
        false => screen.line(format!("accepted as {}", text_of(&answer["event_id"])))?,
    }
    Ok(Exit::Fine)
}
