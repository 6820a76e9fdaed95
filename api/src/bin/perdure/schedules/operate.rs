//! `perdure schedules pause|resume|fire NAME`.

use super::show;
use crate::{
    client::Client,
    failure::Exit,
    screen::{Screen, text_of},
};
use serde_json::{Value, json};

/// Arguments of these verbs.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The schedule
    pub(super) name: String,
    /// Why; stands in the audit
    #[arg(long)]
    pub(super) reason: Option<String>,
}

/// Pauses or resumes it, and shows it.
pub(crate) async fn run(
    verb: &str,
    args: &Args,
    client: &Client,
    screen: Screen,
) -> anyhow::Result<Exit> {
    let found = post(verb, args, client).await?;
    show::tell(&found, screen)
}

/// Fires it, and says what became of that. No, when nothing was started.
pub(crate) async fn fire(args: &Args, client: &Client, screen: Screen) -> anyhow::Result<Exit> {
    let done = post("fire", args, client).await?;
    let outcome = text_of(&done["outcome"]);
    match screen.is_json() {
        true => screen.json(&done)?,
        false => screen.line(format!("{outcome}  {}", text_of(&done["instance"])))?,
    }
    Ok(if outcome == "skipped" { Exit::No } else { Exit::Fine })
}

async fn post(verb: &str, args: &Args, client: &Client) -> anyhow::Result<Value> {
    let mut body = json!({});
    if let Some(reason) = &args.reason {
        body["reason"] = json!(reason);
    }
    client.post(&["v1", "schedules", &args.name, verb], &[], &body).await
}
