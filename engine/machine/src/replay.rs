//! Folds a recorded history through a definition, and finds the first turn that would have gone otherwise.
//!
//! Nothing is called: the results of steps are events, so they are in the history.

use crate::{
    command::Command,
    event::Event,
    state::{Life, State},
    step,
};
use serde::Serialize;
use serde_json::{Value, json};
use workflows::definition::Definition;

/// One turn as history has it.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Its sequence number.
    pub seq: u64,
    /// The event.
    pub event: Event,
    /// Leaves after.
    pub to: Vec<String>,
    /// What was asked of the world.
    pub commands: Vec<Command>,
}

/// What a replay found.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    /// The state after the last turn, or at the divergence.
    pub state: State,
    /// Turns that were folded.
    pub turns: usize,
    /// Where it first went another way.
    pub divergence: Option<Divergence>,
}

/// The first difference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Divergence {
    /// In this turn.
    pub seq: u64,
    /// Type of its event.
    pub event: String,
    /// `configuration`, `commands` or `stuck`.
    pub what: &'static str,
    /// As history has it.
    pub recorded: Value,
    /// As the definition would have it.
    pub replayed: Value,
    /// For people.
    pub message: String,
}

/// Folds the turns, in order, starting from an unborn instance with this seed. Stops at the first divergence.
pub fn replay(definition: &Definition, seed: &str, turns: &[Recorded]) -> Replay {
    let mut state = State::unborn(seed.to_owned());
    for (index, turn) in turns.iter().enumerate() {
        let before = state.life;
        let after = step(definition, state, &turn.event);
        state = after.state;
        let divergence = compare(turn, &state, &after.commands, before);
        if divergence.is_some() {
            return Replay { state, turns: index + 1, divergence };
        }
    }
    Replay { state, turns: turns.len(), divergence: None }
}

fn compare(
    turn: &Recorded,
    state: &State,
    commands: &[Command],
    before: Life,
) -> Option<Divergence> {
    let differs = |what, recorded, replayed, message| {
        let event = turn.event.kind().to_owned();
        Some(Divergence { seq: turn.seq, event, what, recorded, replayed, message })
    };
    if state.configuration != turn.to {
        let incident = state.memo.incident.as_ref().filter(|_| state.life != before);
        let message = match incident {
            Some(incident) => format!("it would have got stuck: {}", incident.message),
            None => format!(
                "it went to {}, and would have gone to {}",
                turn.to.join(", "),
                state.configuration.join(", ")
            ),
        };
        let what = if incident.is_some() { "stuck" } else { "configuration" };
        return differs(what, json!(turn.to), json!(state.configuration), message);
    }
    let (recorded, replayed) = (json!(turn.commands), json!(commands));
    if recorded != replayed {
        let message = format!(
            "it asked for {} commands, and would have asked for {}; see the difference",
            turn.commands.len(),
            commands.len()
        );
        return differs("commands", recorded, replayed, message);
    }
    None
}
