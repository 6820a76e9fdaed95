//! `perdure cancel ID`: ends an instance for good.

use crate::{client::Client, failure::Exit, ops, screen::Screen};
use serde_json::json;

/// Arguments of `cancel`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    common: ops::Args,
    /// Runs the registered undo steps first, the last one first
    #[arg(long)]
    compensate: bool,
}

/// Cancels it.
pub(crate) async fn run(args: &Args, client: &Client, screen: Screen) -> anyhow::Result<Exit> {
    let more = match args.compensate {
        true => json!({ "compensate": true }),
        false => json!({}),
    };
    ops::apply("cancel", &args.common, more, client, screen).await
}
