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
    if let Some(seq) = found["history_from"]["seq"].as_u64() {
        screen.line(format!("its first {seq} turns have left; a checkpoint stands for them"))?;
    }
    for state in found["states"].as_array().into_iter().flatten() {
        screen.line(format!("\nin {}", screen.paint(Style::Cyan, text_of(&state["state"]))))?;
        for transition in state["transitions"].as_array().into_iter().flatten() {
            screen.line(format!("  {}", transition_line(transition, &found["timers"], screen)))?;
        }
    }
    let is_over = matches!(found["status"].as_str(), Some("completed" | "failed" | "cancelled"));
    let (deferred, held) = match is_over {
        true => ("never taken", "never taken"),
        false => ("kept until a transition takes them", "held until it goes on"),
    };
    for (title, text) in [
        ("steps", instance::steps(&found["attempts"])),
        ("timers", timers(&found["timers"])),
        (deferred, instance::events(&found["deferred"])),
        (held, instance::events(&found["held"])),
    ] {
        if !text.is_empty() {
            screen.line(format!("\n{title}:\n  {}", text.replace('\n', "\n  ")))?;
        }
    }
    Ok(())
}

fn timers(timers: &Value) -> String {
    let rows = timers.as_object().into_iter().flatten();
    let lines = rows.map(|(name, timer)| format!("{}  {name}", text_of(&timer["due"])));
    lines.collect::<Vec<_>>().join("\n")
}

/// What a transition waits for. The events that a chart sends itself are named by what they mean.
fn trigger(event: Option<&str>, timers: &Value) -> String {
    let Some(event) = event else { return "at once".to_owned() };
    let meaning = [
        ("xstate.done.actor.", "has answered"),
        ("xstate.error.actor.", "has failed"),
        ("xstate.timeout.actor.", "took too long"),
        ("xstate.done.state.", "is finished"),
    ];
    for (prefix, what) in meaning {
        if let Some(name) = event.strip_prefix(prefix) {
            return format!("when `{name}` {what}");
        }
    }
    match timers.get(event).map(|timer| text_of(&timer["due"])) {
        Some(due) => format!("at {due}"),
        None => format!("on {event}"),
    }
}

fn transition_line(transition: &Value, timers: &Value, screen: Screen) -> String {
    let event = trigger(transition["event"].as_str(), timers);
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
    let values = operands.map(|_| format!("  ({})", instance::fields(&transition["operands"])));
    format!("{event} {goes}  if {guard}: {verdict}{}", values.unwrap_or_default())
}
