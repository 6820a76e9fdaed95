//! `perdure history ID`: every turn of an instance, one line each; or all of them as a scenario.

use crate::{
    client::Client,
    failure::Exit,
    files,
    screen::{Screen, Style, text_of},
};
use serde_json::{Value, json};

/// Arguments of `history`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The instance
    id: String,
    /// Shows each event, its commands and what it changed, whole
    #[arg(long)]
    full: bool,
    /// At most this many turns, the oldest first
    #[arg(long, default_value_t = 10_000, value_parser = files::at_least_one)]
    limit: usize,
    /// Prints a scenario for the `tests` of its definition; what is known of people is replaced by samples
    #[arg(long, conflicts_with_all = ["full", "limit"])]
    as_scenario: bool,
    /// Leaves names, numbers and addresses in the scenario as they were
    #[arg(long, requires = "as_scenario")]
    keep_data: bool,
}

/// Prints the turns.
pub(crate) async fn run(args: &Args, client: &Client, screen: Screen) -> anyhow::Result<Exit> {
    if args.as_scenario {
        return tell_scenario(args, client, screen).await;
    }
    let turns = client.list(&["v1", "instances", &args.id, "history"], &[], args.limit).await?;
    if screen.is_json() {
        screen.json(&json!({ "items": turns }))?;
        return Ok(Exit::Fine);
    }
    let first = turns.first().and_then(|turn| turn["seq"].as_u64()).unwrap_or(1);
    if first > 1 {
        crate::screen::Screen::aside(format!(
            "note: turns 1 to {} have left; replay begins at the checkpoint that stands for them, and `perdure archive \
             restore` brings them back",
            first - 1
        ));
    }
    for turn in &turns {
        screen.line(line(turn, screen))?;
        if args.full {
            tell_whole(turn, screen)?;
        }
    }
    Ok(Exit::Fine)
}

/// The scenario on stdout, where it differs from what happened on stderr.
async fn tell_scenario(args: &Args, client: &Client, screen: Screen) -> anyhow::Result<Exit> {
    let query = [("keep_data", args.keep_data.to_string())];
    let recording = client.get(&["v1", "instances", &args.id, "scenario"], &query).await?;
    if screen.is_json() {
        screen.json(&recording)?;
        return Ok(Exit::Fine);
    }
    screen.line(serde_json::to_string_pretty(&recording["scenario"])?)?;
    for note in recording["notes"].as_array().into_iter().flatten() {
        crate::screen::Screen::aside(format!("note: {}", text_of(note)));
    }
    Ok(Exit::Fine)
}

/// `  3  2026-01-01T10:00:00Z  message       service.waiting → when.waiting    run_step, set_timer`
pub(crate) fn line(turn: &Value, screen: Screen) -> String {
    let (from, to) = (text_of(&turn["from"]), text_of(&turn["to"]));
    let moved = match from == to {
        true => to,
        false if from.is_empty() => format!("→ {to}"),
        false => format!("{from} → {to}"),
    };
    let mut notes: Vec<String> = commands(turn).iter().map(named).collect();
    // What became of the event, unless it moved the instance; and why ops did what they did.
    notes.extend(turn["verdict"].as_str().filter(|v| *v != "applied").map(str::to_owned));
    let reason = turn["event"]["reason"].as_str().filter(|_| event_type(turn).starts_with("ops."));
    notes.extend(reason.map(|reason| format!("because: {reason}")));
    let line = format!(
        "{:>4}  {}  {}  {moved:<32}  {}",
        text_of(&turn["seq"]),
        screen.paint(Style::Dim, text_of(&turn["at"])),
        screen.paint(Style::Bold, format!("{:<11}", event_type(turn))),
        screen.paint(Style::Dim, notes.join(", ")),
    );
    line.trim_end().to_owned()
}

/// The type of a turn's event.
pub(crate) fn event_type(turn: &Value) -> String {
    let event = &turn["event"];
    text_of(event.get("type").unwrap_or(event))
}

/// A turn's commands.
pub(crate) fn commands(turn: &Value) -> &[Value] {
    turn["commands"].as_array().map_or(&[], Vec::as_slice)
}

/// A command's name with the step's kind, or the timer's time.
fn named(command: &Value) -> String {
    let name =
        command.get("command").or_else(|| command.get("type")).map(text_of).unwrap_or_default();
    let about =
        ["kind", "workflow", "due"].iter().find_map(|field| command.get(*field)).map(text_of);
    match about {
        Some(about) => format!("{name} {about}"),
        None => name,
    }
}

fn tell_whole(turn: &Value, screen: Screen) -> anyhow::Result<()> {
    screen.line(format!("        event    {}", text_of(&turn["event"])))?;
    for command in commands(turn) {
        screen.line(format!("        command  {}", text_of(command)))?;
    }
    for (name, field) in [("context", "context_patch"), ("actor", "actor")] {
        if !turn[field].is_null() {
            screen.line(format!("        {name:<7}  {}", text_of(&turn[field])))?;
        }
    }
    Ok(())
}
