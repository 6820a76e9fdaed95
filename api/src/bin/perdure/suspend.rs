//! `perdure suspend ID`: stops an instance; what arrives is held.

use crate::{client::Client, failure::Exit, ops, screen::Screen};
use serde_json::json;

/// Arguments of `suspend`.
pub(crate) use crate::ops::Args;

/// Suspends it.
pub(crate) async fn run(args: &Args, client: &Client, screen: Screen) -> anyhow::Result<Exit> {
    ops::apply("suspend", args, json!({}), client, screen).await
}
