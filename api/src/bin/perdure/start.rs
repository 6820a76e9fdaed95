//! `perdure start DEFINITION`: starts an instance.

use crate::{client::Client, failure::Exit, files, instance, screen::Screen, screen::text_of};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How long `--wait` waits for the instance to come to rest.
const REST_MAX: Duration = Duration::from_secs(60);
/// How often it looks.
const REST_POLL: Duration = Duration::from_millis(100);

/// Arguments of `start`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of a published definition
    definition: String,
    /// At most one live instance per definition and key
    #[arg(long)]
    key: Option<String>,
    /// Its input: JSON, or @file
    #[arg(long, value_name = "JSON|@FILE")]
    input: Option<String>,
    /// A version instead of the one published last
    #[arg(long, value_name = "N")]
    version: Option<i32>,
    /// Shows it when it waits for something from outside, or is over
    #[arg(long)]
    wait: bool,
}

/// Starts it. No, when it got stuck.
pub(crate) async fn run(args: &Args, client: &Client, screen: Screen) -> anyhow::Result<Exit> {
    let mut body = json!({ "definition": args.definition });
    if let Some(key) = &args.key {
        body["key"] = json!(key);
    }
    if let Some(version) = args.version {
        body["version"] = json!(version);
    }
    if let Some(input) = &args.input {
        body["input"] = files::json_argument("--input", input)?;
    }
    let mut found = client.post(&["v1", "instances"], &[], &body).await?;
    if args.wait {
        found = rest(found, client).await?;
    }
    instance::tell(&found, screen)
}

async fn rest(mut found: Value, client: &Client) -> anyhow::Result<Value> {
    let id = text_of(&found["id"]);
    let begun = Instant::now();
    while found["status"] == "running" && begun.elapsed() < REST_MAX {
        tokio::time::sleep(REST_POLL).await;
        found = client.get(&["v1", "instances", &id], &[]).await?;
    }
    Ok(found)
}
