//! Our side: machine JSON compiled and played on the machine's simulation, told in the lines XState's side tells.

use chrono::{DateTime, Utc};
use machine::{
    Start,
    simulate::{Setup, Simulation},
};
use serde_json::{Map, Value, json};
use workflows::compile::compile;

/// What the machine did.
pub(crate) enum Played {
    /// It ran; one line for the start and one per entry.
    Ran(Vec<Value>),
    /// The upload was refused, with these codes and messages.
    Refused(Vec<(String, String)>),
}

/// Plays a script on a machine. An entry that cannot be played ends the lines with its reason.
pub(crate) fn play(machine: &str, script: &[Value]) -> Played {
    let (mut simulation, first) = match start(machine) {
        Ok(started) => started,
        Err(refused) => return Played::Refused(refused),
    };
    let mut lines = vec![line(&first)];
    for entry in script {
        match simulation.play(entry) {
            Ok(told) => lines.push(line(&told)),
            Err(why) => {
                lines.push(json!(why));
                break;
            }
        }
    }
    Played::Ran(lines)
}

/// Compiles and starts a machine; the line tells its first state as `perdure simulate` does.
pub(crate) fn start(machine: &str) -> Result<(Simulation, Value), Vec<(String, String)>> {
    let compiled = compile(machine.as_bytes(), Some("m"));
    let Some(definition) = compiled.definition else {
        let errors = compiled.diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
        return Err(errors.map(|e| (e.code.to_owned(), e.message.clone())).collect());
    };
    let at: DateTime<Utc> = DateTime::UNIX_EPOCH;
    let setup = Setup { at, input: json!({}), steps: Map::new(), defers: false };
    Simulation::start(definition, setup).map_err(|why| vec![("simulation".to_owned(), why)])
}

/// The configuration after the first turn, before any timer has fired, as a line tells it.
pub(crate) fn at_rest(machine: &str) -> Value {
    let Some(definition) = compile(machine.as_bytes(), Some("m")).definition else {
        return Value::Null;
    };
    let start = Start {
        at: DateTime::UNIX_EPOCH,
        seed: String::new(),
        input: json!({}),
        scope: Value::Null,
        trigger: None,
    };
    json!({ "configuration": machine::start(&definition, start).state.configuration })
}

fn line(told: &Value) -> Value {
    json!({
        "value": told["value"],
        "context": told["context"],
        "status": told["status"],
        "output": match told["status"].as_str() {
            Some("done") => told["output"].clone(),
            _ => Value::Null,
        },
    })
}
