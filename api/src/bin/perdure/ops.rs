//! What the ops verbs share: they are events with a reason, applied in order, and stand in history
//! and audit.

use crate::{client::Client, failure::Exit, instance, screen::Screen};
use serde_json::{Value, json};

/// Arguments of every ops verb.
#[derive(Debug, clap::Args)]
// Verbs with more arguments flatten these into a struct of the same name, which is the name of its
// group.
#[group(skip)]
pub(crate) struct Args {
    /// The instance
    pub(crate) id: String,
    /// Why; stands in its history
    #[arg(long)]
    pub(crate) reason: Option<String>,
}

/// Applies a verb and shows the instance after it. No, when it is stuck then.
pub(crate) async fn apply(
    verb: &str,
    args: &Args,
    more: Value,
    client: &Client,
    screen: Screen,
) -> anyhow::Result<Exit> {
    let mut body = more;
    if let Some(reason) = &args.reason {
        body["reason"] = json!(reason);
    }
    let found = client.post(&["v1", "instances", &args.id, verb], &[], &body).await?;
    instance::tell(&found, screen)
}
