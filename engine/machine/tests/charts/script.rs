//! Charts played by the simulation, one printed row per line.

use expect_test::Expect;
use perdure_machine::simulate::{Setup, Simulation};
use serde_json::{Map, Value, json};
use workflows::compile::compile;

fn setup(steps: Value) -> Setup {
    let at = "2026-01-01T00:00:00Z".parse().unwrap();
    let steps = steps.as_object().cloned().unwrap_or_else(Map::new);
    Setup { at, input: json!({}), steps, defers: true }
}

/// One row per line of the simulation: time since the start, leaves, context, commands, status.
pub(crate) fn run(machine: &Value, steps: Value, entries: &[Value]) -> String {
    let compiled = compile(machine.to_string().as_bytes(), Some("m"));
    let Some(definition) = compiled.definition else {
        return compiled
            .diagnostics
            .iter()
            .map(|d| format!("{} {}: {}\n", d.code, d.pointer, d.message))
            .collect();
    };
    let (mut simulation, first) = Simulation::start(definition, setup(steps)).unwrap();
    let mut rows = row(&first);
    for entry in entries {
        rows.push_str(&row(&simulation.play(entry).unwrap()));
    }
    rows
}

fn row(line: &Value) -> String {
    let leaves: Vec<_> =
        line["configuration"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let commands: Vec<_> = line["commands"].as_array().unwrap().iter().map(command).collect();
    let mut row = format!(
        "{} [{}] {}",
        &line["at"].as_str().unwrap()[11..23],
        leaves.join(" "),
        line["context"]
    );
    for command in commands {
        row.push_str(&format!(" {command}"));
    }
    if line["unhandled"] == json!(true) {
        row.push_str(" unhandled");
    }
    match line["status"].as_str() {
        Some("active") => {}
        _ => row.push_str(&format!(
            " {}: {}{}",
            line["status"].as_str().unwrap(),
            line["output"],
            error(line)
        )),
    }
    row.push('\n');
    row
}

fn error(line: &Value) -> String {
    line.get("error").map(|e| format!(" {}", e["code"].as_str().unwrap())).unwrap_or_default()
}

fn command(command: &Value) -> String {
    let text = |field: &str| command[field].as_str().unwrap_or("?").to_owned();
    match command["type"].as_str().unwrap() {
        "run_step" => format!("+{}({})", text("kind"), text("invoke")),
        "cancel_step" => format!("-step({})", text("invoke")),
        "retry_step" => format!("retry({})", text("invoke")),
        "set_timer" => format!("+timer({})", text("name")),
        "cancel_timer" => format!("-timer({})", text("name")),
        "start_child" => format!("+child({})", text("workflow")),
        "cancel_child" => format!("-child({})", text("invoke")),
        "emit" => format!("emit{}", command["event"]),
        "log" => format!("log{}", command["message"]),
        other => other.to_owned(),
    }
}

/// Plays the entries and compares what is told.
pub(crate) fn check(machine: Value, entries: &[Value], expect: Expect) {
    expect.assert_eq(&run(&machine, json!({}), entries));
}

/// An event of this type.
pub(crate) fn event(kind: &str) -> Value {
    json!({ "event": { "type": kind } })
}

/// Time passes.
pub(crate) fn after(time: &str) -> Value {
    json!({ "after": time })
}

/// A step's result.
pub(crate) fn done(id: &str, output: Value) -> Value {
    json!({ "event": { "type": "step.done", "id": id, "output": output } })
}

/// A step's failure.
pub(crate) fn failed(id: &str) -> Value {
    let error = json!({ "code": "x", "message": "y" });
    json!({ "event": { "type": "step.failed", "id": id, "error": error } })
}

/// An ops verb with these fields.
pub(crate) fn ops(verb: &str, mut fields: Value) -> Value {
    fields["type"] = json!(format!("ops.{verb}"));
    json!({ "event": fields })
}
