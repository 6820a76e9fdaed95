//! `perdure explain ID`: why an instance is where it is, in a sentence, then in detail.

use crate::{
    client::Client,
    failure::Exit,
    instance,
    screen::{Screen, Style, text_of},
};
use serde_json::Value;

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The instance
    id: String,
}

/// Explains it. No, when it is stuck.
pub(crate) async fn run(args: &Args, client: &Client, screen: Screen) -> anyhow::Result<Exit> {
    let found = client.get(&["v1", "instances", &args.id, "explain"], &[]).await?;
    match screen.is_json() {
        true => screen.json(&found)?,
        false => tell(&found, screen)?,
    }
    Ok(if found["incident"].is_null() { Exit::Fine } else { Exit::No })
}

fn tell(found: &Value, screen: Screen) -> anyhow::Result<()> {
    screen.line(screen.paint(Style::Bold, text_of(&found["summary"])))?;
    for state in found["states"].as_array().into_iter().flatten() {
        screen.line(format!("\nin {}", screen.paint(Style::Cyan, text_of(&state["state"]))))?;
        for transition in state["transitions"].as_array().into_iter().flatten() {
            screen.line(format!("  {}", transition_line(transition, screen)))?;
        }
    }
    for (title, field) in [("steps", "steps"), ("timers", "timers")] {
        let rows = found[field].as_object().into_iter().flatten();
        for (name, row) in rows {
            screen.line(format!("\n{title}: {name}  {}", instance::list(row)))?;
        }
    }
    for (title, field) in [
        ("kept until a transition takes them", "deferred"),
        ("held until it goes on", "held"),
        ("incident", "incident"),
    ] {
        let text = instance::list(&found[field]);
        if !text.is_empty() {
            screen.line(format!("\n{title}:\n  {}", text.replace('\n', "\n  ")))?;
        }
    }
    Ok(())
}

fn transition_line(transition: &Value, screen: Screen) -> String {
    let event = match transition["event"].as_str() {
        Some(event) => format!("on {event}"),
        None => "at once".to_owned(),
    };
    let targets = text_of(&transition["targets"]);
    let goes = if targets.is_empty() { "stays".to_owned() } else { format!("→ {targets}") };
    let Some(guard) = transition["guard"].as_str() else { return format!("{event} {goes}") };
    let holds = &transition["holds"];
    let verdict = match holds.get("Ok").unwrap_or(holds) {
        Value::Bool(true) => screen.paint(Style::Green, "holds"),
        Value::Bool(false) => screen.paint(Style::Yellow, "does not hold"),
        other => screen.paint(Style::Red, text_of(other.get("Err").unwrap_or(other))),
    };
    let operands = transition["operands"].as_object().filter(|operands| !operands.is_empty());
    let values = operands.map(|_| format!("  ({})", instance::list(&transition["operands"])));
    format!("{event} {goes}  if {guard}: {verdict}{}", values.unwrap_or_default())
}
