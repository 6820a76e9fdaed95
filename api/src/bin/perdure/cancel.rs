//! `perdure cancel ID`: ends an instance for good.

use crate::{client::Client, failure::Exit, ops, screen::Screen};
use serde_json::json;

/// Arguments of `cancel`.
pub(crate) use crate::ops::Args;

/// Cancels it.
pub(crate) async fn run(args: &Args, client: &Client, screen: Screen) -> anyhow::Result<Exit> {
    ops::apply("cancel", args, json!({}), client, screen).await
}
