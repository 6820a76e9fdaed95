//! `perdure retry ID`: lets a stuck instance try again what it got stuck on.

use crate::{client::Client, failure::Exit, ops, screen::Screen};
use serde_json::json;

/// Arguments of `retry`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    common: ops::Args,
    /// The step, if several are open
    #[arg(long)]
    step: Option<String>,
    /// Goes on with this version of its definition, which fixes what it got stuck on
    #[arg(long, value_name = "N")]
    version: Option<i32>,
}

/// Retries it. No, when it is stuck again at once.
pub(crate) async fn run(args: &Args, client: &Client, screen: Screen) -> anyhow::Result<Exit> {
    let mut body = json!({});
    if let Some(step) = &args.step {
        body["step"] = json!(step);
    }
    if let Some(version) = args.version {
        body["version"] = json!(version);
    }
    ops::apply("retry", &args.common, body, client, screen).await
}
