//! `perdure show ID`: one instance, where it stands and what it waits for.

use crate::{client::Client, failure::Exit, instance, screen::Screen};

/// Arguments of `show`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The instance
    id: String,
}

/// Shows it. No, when it is stuck or failed.
pub(crate) async fn run(args: &Args, client: &Client, screen: Screen) -> anyhow::Result<Exit> {
    let found = client.get(&["v1", "instances", &args.id], &[]).await?;
    instance::tell(&found, screen)
}
