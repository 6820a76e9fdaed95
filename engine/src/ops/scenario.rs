//! `scenario`: what happened to one instance, as a scenario for the `tests` of its definition.
//!
//! **Invariant:** nothing is called and nothing is written.

use super::history::{self, Turn};
use crate::{Engine, Error, Result};
use chrono::SecondsFormat;
use machine::{
    replay::Recorded,
    scenario::record::{Manner, Recording, record},
};
use uuid::Uuid;

/// Turns read at once.
const TURNS_PAGE: u32 = 500;
/// Most turns that are looked at; a scenario has fewer lines than that.
const TURNS_MAX: usize = 5_000;

/// Makes a scenario of an instance's history, for the version it runs. `Refused` with the reason if it cannot be played.
pub async fn of_instance(
    engine: &Engine,
    tenant: Uuid,
    id: Uuid,
    keeps_data: bool,
) -> Result<Recording> {
    let view = engine.instance(tenant, id).await?;
    let stored = engine.definition(tenant, &view.definition, Some(view.version)).await?;
    let mut turns: Vec<Recorded> = Vec::new();
    while turns.len() < TURNS_MAX {
        let after = turns.last().map_or(0, |turn| turn.seq);
        let page = history::turns(engine.pool(), tenant, id, after, TURNS_PAGE).await?;
        if page.is_empty() {
            break;
        }
        let begins_late = after == 0 && page.first().is_some_and(|turn| turn.seq != 1);
        if begins_late || page.iter().any(|turn| turn.event["purged"] == true) {
            let why = match begins_late {
                true => "its first turns have left; `perdure archive restore` brings them back",
                false => "what its events said was purged with its contact",
            };
            return Err(Error::Refused(format!("no scenario can be made of it: {why}")));
        }
        for turn in page {
            turns.push(recorded(id, turn)?);
        }
    }
    let at = view.created_at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let name = format!("as it went on {at}: {}", view.status);
    // Computing, not waiting: kept off the threads that others wait for.
    let task = move || {
        let compiled = workflows::compile::compile(stored.text.as_bytes(), Some(&view.definition));
        let manner = Manner { name, keeps_data, defers: compiled.defers };
        record(&stored.definition, &turns, &manner)
    };
    let recording = tokio::task::spawn_blocking(task).await.map_err(|_| Error::Panicked)?;
    recording.map_err(|why| Error::Refused(format!("no scenario can be made of it: {why}")))
}

fn recorded(id: Uuid, turn: Turn) -> Result<Recorded> {
    let corrupt = |e: serde_json::Error| Error::Corrupt {
        what: format!("turn {} of instance {id}", turn.seq),
        why: e.to_string(),
    };
    Ok(Recorded {
        seq: u64::try_from(turn.seq).unwrap_or(0),
        to: serde_json::from_value(turn.to.clone()).map_err(corrupt)?,
        commands: serde_json::from_value(turn.commands.clone()).map_err(corrupt)?,
        event: history::event(id, turn.at, turn.event)?,
    })
}
