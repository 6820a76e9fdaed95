//! `perdure replay ID`: folds the history through its own, or a candidate, definition. Nothing is
//! called.

use crate::{
    client::Client,
    failure::{Exit, Failure},
    files,
    screen::{Screen, Style, short, text_of},
};
use serde::Serialize;
use serde_json::{Value, value::RawValue};
use std::path::PathBuf;

/// How much of a recorded or replayed value is shown to people.
const VALUE_CHARS_MAX: usize = 600;

/// Arguments of `replay`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The instance
    id: String,
    /// A candidate definition instead of the one it runs
    #[arg(long, value_name = "FILE", conflicts_with = "version")]
    against: Option<PathBuf>,
    /// A stored version instead of the one it runs
    #[arg(long, value_name = "N")]
    version: Option<i32>,
}

/// What is replayed against. A definition goes as it is written: the order of its keys is the order
/// of its states.
#[derive(Serialize)]
struct Against {
    #[serde(skip_serializing_if = "Option::is_none")]
    definition: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<i32>,
}

/// Replays it. No, when a turn would have gone another way.
pub(crate) async fn run(args: &Args, client: &Client, screen: Screen) -> anyhow::Result<Exit> {
    let mut body = Against { definition: None, version: args.version };
    if let Some(path) = &args.against {
        let unreadable =
            |why: String| Failure::usage(format!("{} cannot be read: {why}", path.display()));
        let bytes = files::read(path).map_err(unreadable)?;
        let compiled = workflows::compile::compile(&bytes, files::name_hint(path).as_deref());
        if !compiled.is_publishable() {
            crate::compile::tell(path, &compiled.diagnostics, screen)?;
            return Ok(Exit::No);
        }
        let raw = serde_json::from_slice(&bytes).map_err(|why| unreadable(why.to_string()))?;
        body.definition = Some(raw);
    }
    let found = client.post(&["v1", "instances", &args.id, "replay"], &[], &body).await?;
    match screen.is_json() {
        true => screen.json(&found)?,
        false => tell(&found, screen)?,
    }
    Ok(if found["divergence"].is_null() { Exit::Fine } else { Exit::No })
}

fn tell(found: &Value, screen: Screen) -> anyhow::Result<()> {
    let turns = text_of(&found["turns"]);
    let divergence = &found["divergence"];
    if let Some(seq) = found["from"]["seq"].as_u64() {
        screen.line(format!("from the checkpoint after turn {seq}: the turns before have left"))?;
    }
    if divergence.is_null() {
        let verdict = screen.paint(Style::Green, "no divergence");
        if found["purged"] == true {
            let what = "its contact was purged, so only the chain was looked at";
            return Ok(screen.line(format!("{verdict}: {turns} turns follow each other; {what}"))?);
        }
        return Ok(screen.line(format!("{verdict}: {turns} turns give what history has"))?);
    }
    screen.line(format!(
        "{} at turn {} ({}): {}",
        screen.paint(Style::Red, "divergence"),
        text_of(&divergence["seq"]),
        text_of(&divergence["event"]),
        text_of(&divergence["message"]),
    ))?;
    for side in ["recorded", "replayed"] {
        screen.line(format!("  {side}  {}", short(&divergence[side], VALUE_CHARS_MAX)))?;
    }
    Ok(())
}
