//! `perdure resume ID`: lets a suspended instance go on, with what was held.

use crate::{client::Client, failure::Exit, ops, screen::Screen};
use serde_json::json;

/// Arguments of `resume`.
pub(crate) use crate::ops::Args;

/// Resumes it.
pub(crate) async fn run(args: &Args, client: &Client, screen: Screen) -> anyhow::Result<Exit> {
    ops::apply("resume", args, json!({}), client, screen).await
}
