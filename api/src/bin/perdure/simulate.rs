//! `perdure simulate FILE`: the pure machine under a virtual clock, one line for the start and one
//! per entry.
//!
//! **Invariant:** nothing waits and nothing is called; the same files give the same lines.

use crate::{
    compile,
    failure::{Exit, Failure},
    files,
    screen::{Screen, Style, short, text_of},
};
use chrono::{DateTime, Utc};
use machine::simulate::{Setup, Simulation};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// Arguments of `simulate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A definition, React Flow graph, machine config, Typebot or n8n export; `-` reads standard input
    file: PathBuf,
    /// An array of {"after": <ms or ISO duration>, "event": {"type": …}}; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// The input of the instance
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// When the virtual clock starts
    #[arg(long, value_name = "TIME", default_value = "2026-01-01T00:00:00Z")]
    start: DateTime<Utc>,
    /// Outcomes of steps by kind: {"output": …}, {"error": …}, or a list of these
    #[arg(long, value_name = "FILE")]
    steps: Option<PathBuf>,
}

/// Plays the file. No, when the definition has errors, or runs in circles.
pub(crate) fn run(args: &Args, screen: Screen) -> anyhow::Result<Exit> {
    let entries = args.events.as_deref().map(read_events).transpose()?.unwrap_or_default();
    let input = args.input.as_deref().map(files::read_json).transpose()?.unwrap_or(Value::Null);
    let steps = args.steps.as_deref().map(read_steps).transpose()?.unwrap_or_default();
    let compiled = compile::read(&args.file)?;
    compile::tell(&args.file, &compiled.diagnostics, screen)?;
    let Some(definition) = compiled.definition else { return Ok(Exit::No) };
    let setup = Setup { at: args.start, input, steps, defers: compiled.defers };
    let (mut simulation, line) = match Simulation::start(definition, setup) {
        Ok(started) => started,
        Err(why) => return refuse(&why),
    };
    tell(&line, None, screen)?;
    for entry in &entries {
        match simulation.play(entry) {
            Ok(line) => tell(&line, Some(entry), screen)?,
            Err(why) => return refuse(&why),
        }
    }
    Ok(Exit::Fine)
}

fn refuse(why: &str) -> anyhow::Result<Exit> {
    crate::screen::Screen::aside(format!("error: {why}"));
    Ok(Exit::No)
}

fn read_events(path: &Path) -> anyhow::Result<Vec<Value>> {
    let name = path.display().to_string();
    let Value::Array(entries) = files::read_json(path)? else {
        let shape =
            "[{\"after\": \"PT10M\", \"event\": {\"type\": \"message\", \"text\": \"hi\"}}]";
        return Err(Failure::usage(format!("{name} is not an array of events"))
            .help(format!("for example {shape}"))
            .into());
    };
    for (index, entry) in entries.iter().enumerate() {
        let is_event = |event: &Value| event["type"].is_string();
        if !entry.is_object() || !entry.get("event").is_none_or(is_event) {
            let n = index + 1;
            return Err(Failure::usage(format!(
                "{name}: entry {n} is not {{\"after\", \"event\"}}"
            ))
            .help("an event is an object with a \"type\"")
            .into());
        }
    }
    Ok(entries)
}

fn read_steps(path: &Path) -> anyhow::Result<Map<String, Value>> {
    match files::read_json(path)? {
        Value::Object(steps) => Ok(steps),
        _ => Err(Failure::usage(format!("{} is not an object by kind", path.display()))
            .help("for example {\"llm.extract\": {\"output\": {\"date\": \"2026-01-02\"}}}")
            .into()),
    }
}

fn tell(line: &Value, entry: Option<&Value>, screen: Screen) -> anyhow::Result<()> {
    if screen.is_json() {
        return screen.json(line);
    }
    let what = match entry.map(|entry| &entry["event"]) {
        None => "started".to_owned(),
        Some(Value::Null) => "time passes".to_owned(),
        Some(event) => text_of(&event["type"]),
    };
    let mut text = format!(
        "{:>3}  {}  {}  → {}",
        line["index"],
        screen.paint(Style::Dim, text_of(&line["at"])),
        screen.paint(Style::Bold, what),
        text_of(&line["configuration"]),
    );
    match line["status"].as_str() {
        Some("done") => {
            text = format!(
                "{text}  {} {}",
                screen.paint(Style::Green, "done"),
                text_of(&line["output"])
            )
        }
        Some("error") => {
            text = format!(
                "{text}  {} {}",
                screen.paint(Style::Red, "error"),
                text_of(&line["error"]["message"])
            );
        }
        _ => {}
    }
    if line["unhandled"] == true {
        text = format!("{text}  {}", screen.paint(Style::Yellow, "(no transition was enabled)"));
    }
    screen.line(text)?;
    for command in line["commands"].as_array().into_iter().flatten() {
        screen.line(
            screen.paint(Style::Dim, format!("       {}", short(command, COMMAND_CHARS_MAX))),
        )?;
    }
    Ok(())
}

/// How much of a command is shown to people.
const COMMAND_CHARS_MAX: usize = 160;
