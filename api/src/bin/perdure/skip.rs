//! `perdure skip ID --output JSON`: goes on as if the step had answered this.

use crate::{client::Client, failure::Exit, files, ops, screen::Screen};
use serde_json::json;

/// Arguments of `skip`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    common: ops::Args,
    /// The step, if several are open
    #[arg(long)]
    step: Option<String>,
    /// The result the step is given: JSON, or @file
    #[arg(long, value_name = "JSON|@FILE")]
    output: String,
}

/// Skips the step. No, when the instance is stuck after it.
pub(crate) async fn run(args: &Args, client: &Client, screen: Screen) -> anyhow::Result<Exit> {
    let mut body = json!({ "output": files::json_argument("--output", &args.output)? });
    if let Some(step) = &args.step {
        body["step"] = json!(step);
    }
    ops::apply("skip", &args.common, body, client, screen).await
}
