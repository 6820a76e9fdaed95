//! `replay`: folds an instance's history through the definitions it ran with, or a candidate, and finds the first difference.
//!
//! Where the first turns have left with their month, it begins at a checkpoint, and says so. Of an instance whose contact was
//! purged only the chain is left to look at: the numbers of the turns, and that each began where the one before it ended.
//!
//! **Invariant:** nothing is called and nothing is written. What steps answered stands in history.
//! **Invariant:** through the definition it ran with, every history of this release gives the stored state; anything else is a
//! bug of ours. Of turns that a release with other semantics computed, only places and commands are compared.

mod purged;

use super::history::{self, Turn};
use crate::{
    Engine, Error, Result,
    everlasting::checkpoint::{self, Begin},
    turn::{digest, halt, halted, normalise, status},
};
use chrono::{DateTime, TimeDelta, Utc};
use machine::{Command, State, Step, event::kind, replay::Divergence};
use serde::Serialize;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};
use uuid::Uuid;
use workflows::definition::Definition;

/// Turns read at once.
const TURNS_PAGE: u32 = 500;
/// The semantics from which on timers keep what they were computed from, and a computed length of time ends at its microsecond.
/// A turn of an earlier release left none of the first, also of what a process of this one had kept; and it cut the second off at
/// the millisecond.
const WITH_RULES: i16 = 4;

/// What a replay found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Replayed {
    /// Turns that were folded.
    pub turns: u64,
    /// Where it first went another way.
    pub divergence: Option<Divergence>,
    /// The checkpoint it began at, if the first turns have left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Begin>,
    /// Whether the instance's contact was purged: what its events said is gone, and only the chain was looked at.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub purged: bool,
    /// The status after the last of them.
    pub status: &'static str,
    /// The state after the last of them.
    #[serde(skip)]
    pub state: State,
}

/// Folds the history of an instance, up to the first difference: each turn through the definition it ran with, or, if there
/// is a candidate, every turn through that one. Turns of the definition they ran with must also give the stored state, not
/// only the same places and commands. `Refused` if turns are missing and no checkpoint stands for them.
pub async fn instance(
    engine: &Engine,
    tenant: Uuid,
    id: Uuid,
    candidate: Option<Arc<Definition>>,
) -> Result<Replayed> {
    let checkpoint = checkpoint::begin(engine.pool(), tenant, id).await?;
    let from = checkpoint.as_ref().map(checkpoint::Checkpoint::begin);
    let mut state = checkpoint.map_or_else(|| State::unborn(id.to_string()), |c| c.state);
    let begun = state.seq;
    let replayed = |state: State, divergence| Replayed {
        turns: state.seq - begun,
        divergence,
        from: from.clone(),
        purged: false,
        status: status(&state),
        state,
    };
    loop {
        let turns = history::turns(engine.pool(), tenant, id, state.seq, TURNS_PAGE).await?;
        let Some(first) = turns.first() else { return Ok(replayed(state, None)) };
        if turns.iter().any(purged::is_purged) {
            return purged::look_at(engine, (tenant, id), state, from).await;
        }
        if u64::try_from(first.seq) != Ok(state.seq + 1) {
            let (from, to) = (state.seq + 1, first.seq - 1);
            let cure = "`perdure archive restore` brings them back from their archive";
            return Err(Error::Refused(format!("turns {from} to {to} have left: {cure}")));
        }
        let through = match &candidate {
            Some(candidate) => Through::Candidate(candidate.clone()),
            None => Through::Recorded(definitions(engine, tenant, &turns).await?),
        };
        let before = state;
        // Computing, not waiting: kept off the threads that others wait for.
        let folded = tokio::task::spawn_blocking(move || fold(&through, id, before, turns));
        let (after, divergence) = folded.await.map_err(|_| Error::Panicked)??;
        state = after;
        if divergence.is_some() {
            return Ok(replayed(state, divergence));
        }
    }
}

/// What turns are folded through.
enum Through {
    /// The definition each turn ran with, by digest.
    Recorded(HashMap<String, Arc<Definition>>),
    /// This one, in the place of every version.
    Candidate(Arc<Definition>),
}

/// The definitions that these turns ran with.
async fn definitions(
    engine: &Engine,
    tenant: Uuid,
    turns: &[Turn],
) -> Result<HashMap<String, Arc<Definition>>> {
    let mut found = HashMap::new();
    for turn in turns {
        let digest = &turn.definition_digest;
        if !found.contains_key(digest) {
            let definition = engine.definition_by_digest(tenant, digest).await?;
            found.insert(digest.clone(), definition);
        }
    }
    Ok(found)
}

/// Folds turns, in order, until one differs.
fn fold(
    through: &Through,
    id: Uuid,
    mut state: State,
    turns: Vec<Turn>,
) -> Result<(State, Option<Divergence>)> {
    for turn in turns {
        let mut recorded = Recorded::read(id, turn)?;
        let definition = match through {
            Through::Recorded(definitions) => definitions.get(&recorded.turn.definition_digest),
            Through::Candidate(candidate) => {
                recorded.stay();
                Some(candidate)
            }
        };
        let definition = definition.ok_or(Error::Panicked)?;
        let step = recorded.compute(definition, state);
        let divergence = recorded.compare(definition, &step);
        state = step.state;
        if divergence.is_some() {
            return Ok((state, divergence));
        }
    }
    Ok((state, None))
}

/// A turn of history, parsed.
struct Recorded {
    turn: Turn,
    event: machine::Event,
    to: Vec<String>,
    commands: Vec<Command>,
}

impl Recorded {
    fn read(id: Uuid, turn: Turn) -> Result<Self> {
        let corrupt = |e: serde_json::Error| Error::Corrupt {
            what: format!("turn {} of instance {id}", turn.seq),
            why: e.to_string(),
        };
        let to = serde_json::from_value(turn.to.clone()).map_err(corrupt)?;
        let commands = serde_json::from_value(turn.commands.clone()).map_err(corrupt)?;
        let event = history::event(id, turn.at, turn.event.clone())?;
        Ok(Self { turn, event, to, commands })
    }

    /// Leaves out the version that a retry moved the instance to: a candidate stands in the place of that one as well.
    fn stay(&mut self) {
        if self.event.kind() == kind::RETRY && self.turn.verdict != "dropped" {
            self.event.body.remove("definition");
        }
    }

    /// The turn as this definition takes it. A turn in which the engine stopped the instance is taken as it was: the machine
    /// was not asked.
    fn compute(&self, definition: &Definition, state: State) -> Step {
        let mut step = match halted(&self.commands) {
            Some((code, message)) => halt(state, &self.event, code, message),
            None => {
                let kept = state.clone();
                catch_unwind(AssertUnwindSafe(|| machine::step(definition, state, &self.event)))
                    .unwrap_or_else(|_| halt(kept, &self.event, "panic", "the machine panicked"))
            }
        };
        normalise(&mut step);
        if self.turn.semantics < WITH_RULES {
            self.take_dues(&mut step);
            Arc::make_mut(&mut step.state.memo).forget_rules();
        }
        step
    }

    /// Takes over when timers were due, where the release that computed the turn told whole milliseconds: by that time their
    /// events go.
    fn take_dues(&self, step: &mut Step) {
        for recorded in &self.commands {
            let Command::SetTimer { id, due, .. } = recorded else { continue };
            let is_same = |own: &DateTime<Utc>| (*own - due).abs() <= TimeDelta::milliseconds(1);
            for command in &mut step.commands {
                if let Command::SetTimer { id: own, due: set, .. } = command
                    && own == id
                    && is_same(set)
                {
                    *set = *due;
                }
            }
            let mut timers = Arc::make_mut(&mut step.state.memo).timers.iter_mut();
            if let Some((_, timer)) = timers.find(|(_, t)| t.id == *id && is_same(&t.due)) {
                timer.due = *due;
            }
        }
    }

    fn compare(&self, definition: &Definition, step: &Step) -> Option<Divergence> {
        let state = &step.state;
        let (recorded, replayed) = (json!(self.commands), json!(step.commands));
        if state.configuration != self.to {
            let was_stuck = self.turn.status == "stuck";
            let message = match &state.memo.incident {
                Some(incident) if !was_stuck => {
                    format!("it would have got stuck: {}", incident.message)
                }
                _ => format!(
                    "it went to {}, and would have gone to {}",
                    self.to.join(", "),
                    state.configuration.join(", ")
                ),
            };
            let what =
                if state.memo.incident.is_some() && !was_stuck { "stuck" } else { "configuration" };
            return Some(self.differs(what, json!(self.to), json!(state.configuration), message));
        }
        if recorded != replayed {
            let message = "it would have asked for other commands".to_owned();
            return Some(self.differs("commands", recorded, replayed, message));
        }
        if self.turn.status != status(state) {
            let (was, is) = (json!(self.turn.status), json!(status(state)));
            let message = match &state.memo.incident {
                Some(incident) => format!("it would have got stuck: {}", incident.message),
                None => format!("it was {} after this turn", self.turn.status),
            };
            return Some(self.differs("status", was, is, message));
        }
        // A state that another release made may hold less than this one keeps of it.
        let is_pinned = definition.digest == self.turn.definition_digest
            && self.turn.semantics == crate::SEMANTICS;
        if is_pinned && digest(state)[..] != self.turn.state_digest {
            let message = "the state differs from the stored one".to_owned();
            return Some(self.differs("state", Value::Null, json!(state), message));
        }
        None
    }

    fn differs(
        &self,
        what: &'static str,
        recorded: Value,
        replayed: Value,
        message: String,
    ) -> Divergence {
        let seq = u64::try_from(self.turn.seq).unwrap_or(0);
        Divergence { seq, event: self.event.kind().to_owned(), what, recorded, replayed, message }
    }
}
