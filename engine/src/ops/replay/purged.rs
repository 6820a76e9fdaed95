//! The chain of an instance whose contact was purged: what is left when the events are gone.

use super::{Begin, Replayed, TURNS_PAGE, history};
use crate::{Engine, Result, ops::history::Turn, turn::status};
use machine::{Life, State, replay::Divergence};
use serde_json::{Value, json};
use uuid::Uuid;

/// Whether what a turn's event said is gone.
pub(super) fn is_purged(turn: &Turn) -> bool {
    turn.event["purged"] == true
}

/// Looks at the rest of the turns: whether one is missing, and whether each begins where the one before it ended.
pub(super) async fn look_at(
    engine: &Engine,
    (tenant, id): (Uuid, Uuid),
    mut state: State,
    from: Option<Begin>,
) -> Result<Replayed> {
    let begun = state.seq;
    let mut divergence = None;
    'pages: loop {
        let turns = history::turns(engine.pool(), tenant, id, state.seq, TURNS_PAGE).await?;
        if turns.is_empty() {
            break;
        }
        for turn in turns {
            divergence = broken(&state, &turn);
            if divergence.is_some() {
                break 'pages;
            }
            state.seq += 1;
            state.configuration = places(&turn.to);
            state.life = serde_json::from_value::<Life>(json!(turn.status)).unwrap_or(Life::Active);
        }
    }
    let (turns, status) = (state.seq - begun, status(&state));
    Ok(Replayed { turns, divergence, from, purged: true, status, state })
}

/// What is wrong with a turn after this state.
fn broken(before: &State, turn: &Turn) -> Option<Divergence> {
    let differs = |recorded, replayed, message: &str| {
        let event = turn.event["type"].as_str().unwrap_or_default().to_owned();
        let seq = u64::try_from(turn.seq).unwrap_or(0);
        Some(Divergence {
            seq,
            event,
            what: "chain",
            recorded,
            replayed,
            message: message.to_owned(),
        })
    };
    if u64::try_from(turn.seq) != Ok(before.seq + 1) {
        return differs(
            json!(turn.seq),
            json!(before.seq + 1),
            "a turn is missing before this one",
        );
    }
    if places(&turn.from) != before.configuration {
        let (recorded, wanted) = (turn.from.clone(), json!(before.configuration));
        return differs(recorded, wanted, "it does not begin where the turn before it ended");
    }
    None
}

fn places(value: &Value) -> Vec<String> {
    let items = value.as_array().into_iter().flatten();
    items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}
