//! One turn: an instance meets one event. Pure: what is computed here is written by [`crate::commit`], or forgotten.
//!
//! A [`Chain`] is an instance with the turns it took in one batch; the batch writes the instance once and each turn as a
//! row of history.
//!
//! **Invariant:** a turn has no effect outside its [`Effects`]. Computed twice from the same row it is the same turn.
//! **Invariant:** a panic of the machine costs one instance one turn: it becomes stuck, and keeps the event.

mod effects;
pub mod patch;
mod texts;

pub use effects::{Effects, Settlement, Started};
pub use texts::digest;
pub(crate) use texts::{ContextText, TurnTexts, origin_bytes};

use crate::{
    definitions::Named,
    json,
    store::{
        history::HistoryRow,
        instances::{Instance, Meta},
        json_text::JsonText,
    },
};
use chrono::{DateTime, Utc};
use effects::Difference;
use machine::{Command, CommandId, Event, Life, State, Step, state::Incident};
use serde_json::json;
use std::{
    borrow::Cow,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};
use uuid::Uuid;
use workflows::definition::Definition;

/// Deepest nesting a context may have, so that its row can be read back.
const CONTEXT_DEPTH_MAX: usize = 100;

/// An instance and the turns it took in this batch.
#[derive(Debug)]
pub struct Chain {
    /// Who it is, and what it runs.
    pub(crate) meta: Meta,
    /// What it runs.
    pub(crate) definition: Arc<Definition>,
    /// It is started in this batch.
    pub(crate) is_new: bool,
    /// Its `seq` in the store.
    pub(crate) expected: u64,
    /// Its state after the turns.
    pub(crate) state: State,
    /// When its last turn was.
    pub(crate) at: DateTime<Utc>,
    /// Whether the turns changed the context.
    pub(crate) context_changed: bool,
    /// Whether the turns changed what it was started with: its scope.
    pub(crate) origin_changed: bool,
    /// Whether one of the turns moved it to another version.
    pub(crate) has_moved: bool,
    /// The text of its memo.
    memo: Vec<u8>,
    /// What it was started with; see [`seal`](Self::seal).
    origin: Option<Vec<u8>>,
    /// The text of its context.
    pub(crate) context: ContextText,
    /// About what it was started with takes in memory.
    pub(crate) origin_bytes: usize,
    /// The turns.
    pub(crate) turns: Vec<HistoryRow>,
    /// Everything around it.
    pub(crate) effects: Effects,
}

/// Where an event comes from: the row that the turn consumes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Claim {
    /// A row of the inbox.
    Inbox(i64),
    /// A row of the inbox that was for another instance, which could not be started: this one is told why.
    Failed(i64),
    /// A timer.
    Timer(CommandId),
    /// An open step.
    Step(Settlement),
}

/// An event on its way to its instance.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    /// The event's own id.
    pub(crate) event_id: Uuid,
    /// The event. Its time is moved forward if the instance has already seen a later one.
    pub(crate) event: Event,
    /// Who sent it.
    pub(crate) actor: Cow<'static, str>,
    /// The row it comes from.
    pub(crate) claim: Option<Claim>,
    /// Do not apply it: it could not be stored when it was. The instance becomes stuck with this code and message.
    pub(crate) halt: Option<(String, String)>,
}

impl Given {
    /// The event, not before `at`.
    fn event_from(&self, at: DateTime<Utc>) -> Cow<'_, Event> {
        match self.event.at >= at {
            true => Cow::Borrowed(&self.event),
            false => Cow::Owned(Event { at, ..self.event.clone() }),
        }
    }
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It had its turn.
    Turn,
    /// The row it comes from means nothing any more: the timer was stopped, the result was taken.
    Stale,
}

impl Chain {
    /// An instance as it stands in the store.
    pub(crate) fn of(instance: Instance, definition: Arc<Definition>) -> Self {
        Self {
            meta: instance.meta,
            definition,
            is_new: false,
            expected: instance.state.seq,
            state: instance.state,
            at: instance.updated_at,
            context_changed: false,
            origin_changed: !instance.has_origin,
            has_moved: false,
            memo: Vec::new(),
            origin: None,
            context: instance.context,
            origin_bytes: instance.origin_bytes,
            turns: Vec::with_capacity(1),
            effects: Effects::default(),
        }
    }

    /// An instance about to be started. Its first event is the `started` one.
    pub(crate) fn unborn(meta: Meta, definition: Arc<Definition>) -> Self {
        let state = State::unborn(meta.id.to_string());
        let at = meta.created_at;
        let context = ContextText::of(&state.context);
        Self {
            meta,
            definition,
            is_new: true,
            expected: 0,
            state,
            at,
            context_changed: true,
            origin_changed: true,
            has_moved: false,
            memo: Vec::new(),
            origin: None,
            context,
            origin_bytes: 0,
            turns: Vec::with_capacity(1),
            effects: Effects::default(),
        }
    }

    /// Its status: the life, and for an active one whether it works or waits.
    pub(crate) fn status(&self) -> &'static str {
        status(&self.state)
    }

    /// Applies an `ops.retry` that names this version: a stuck instance whose state fits it goes on with it, from this turn
    /// on. Any other stays with its own version, with which the machine drops the event.
    pub(crate) fn retry_with(&mut self, named: Named, given: &Given) -> Taken {
        let can_move = self.state.life == Life::Stuck
            && given.halt.is_none()
            && machine::fits(&named.definition, &self.state).is_ok();
        if can_move {
            self.has_moved |= named.definition.digest != self.meta.digest;
            self.meta.version = named.version;
            self.meta.digest.clone_from(&named.definition.digest);
            self.definition = named.definition;
        }
        self.take(given)
    }

    /// Applies one event.
    pub(crate) fn take(&mut self, given: &Given) -> Taken {
        if self.is_stale(given.claim.as_ref()) {
            return Taken::Stale;
        }
        let event = given.event_from(self.at);
        let before = &self.state;
        let mut step = match &given.halt {
            Some((code, message)) => halt(before.clone(), &event, code, message),
            None => run(&self.definition, before, &event),
        };
        let is_same_context = Arc::ptr_eq(&before.context, &step.state.context);
        if !is_same_context {
            normalise_context(&mut step.state);
        }
        normalise_rest(&mut step);
        let context_patch = match is_same_context {
            true => None,
            false => patch::between(&before.context, &step.state.context),
        };
        self.context_changed |= context_patch.is_some();
        self.origin_changed |= before.memo.scope != step.state.memo.scope;
        if context_patch.is_some() {
            self.context = ContextText::of(&step.state.context);
        }
        let leaves = [&before.configuration[..], &step.state.configuration];
        let texts = TurnTexts::of(&event, leaves, &machine::command::kept(&step.commands));
        let (memo, state_digest) =
            texts::memo_and_digest(&mut step.state, texts.to(), self.context.text());
        let difference = Difference {
            at: event.at,
            before,
            after: &step.state,
            settled: settlement(before, given.claim.as_ref()),
            fired: match &given.claim {
                Some(Claim::Timer(id)) => Some(*id),
                _ => None,
            },
        };
        self.effects.add(&self.meta, &difference, step.commands);
        match &given.claim {
            Some(Claim::Inbox(id) | Claim::Failed(id)) => self.effects.consumed.push(*id),
            // The result of a step whose state was left: if it has a row, nobody else drops it.
            Some(Claim::Step(late)) if difference.settled.is_none() && late.unwritten.is_none() => {
                self.effects.closed.entry(late.step).or_insert(None);
            }
            _ => {}
        }
        self.turns.push(HistoryRow {
            seq: step.state.seq,
            at: event.at,
            event_id: given.event_id,
            verdict: step.verdict.as_str(),
            texts,
            context_patch,
            version: self.meta.version,
            actor: given.actor.clone(),
            status: status(&step.state),
            state_digest,
        });
        self.memo = memo;
        self.at = event.at;
        self.state = step.state;
        Taken::Turn
    }

    /// Its active leaves, as JSON: where its last turn took it.
    pub(crate) fn configuration(&self) -> JsonText<'_> {
        self.turns.last().map_or(JsonText::NULL, |turn| turn.texts.to())
    }

    /// Its memo, as its row has it.
    pub(crate) fn memo(&self) -> JsonText<'_> {
        JsonText(&self.memo)
    }

    /// What it was started with, if that changed.
    pub(crate) fn origin(&self) -> Option<JsonText<'_>> {
        self.origin.as_deref().map(JsonText)
    }

    /// Its context, if that changed.
    pub(crate) fn context(&self) -> Option<JsonText<'_>> {
        self.context_changed.then(|| self.context.text())
    }

    /// Makes the rest of the row that the batch writes; after the last turn.
    pub(crate) fn seal(&mut self) {
        if self.origin_changed {
            self.origin = Some(texts::origin(&self.state));
            self.origin_bytes = texts::origin_bytes(&self.state.memo);
        }
    }

    /// Whether memory already tells that the row an event comes from is spoken for.
    fn is_stale(&self, claim: Option<&Claim>) -> bool {
        match claim {
            Some(Claim::Timer(id)) => !self.state.memo.timers.values().any(|t| t.id == *id),
            Some(Claim::Step(Settlement { step, .. })) => {
                self.effects.parked.contains_key(step)
                    || self.effects.parked_unwritten.contains_key(step)
                    || self.effects.settled_unwritten.contains(step)
                    || self.effects.closed.get(step).is_some_and(Option::is_some)
            }
            Some(Claim::Inbox(_) | Claim::Failed(_)) | None => false,
        }
    }
}

/// The settlement of an event. The result of a step whose state was left has no row to settle; it is applied all the same, so
/// that history says what happened in the world.
fn settlement<'a>(before: &State, claim: Option<&'a Claim>) -> Option<&'a Settlement> {
    let Some(Claim::Step(settlement)) = claim else { return None };
    let is_open = before.memo.steps.values().any(|s| s.id == settlement.step);
    is_open.then_some(settlement)
}

/// The status of a state.
pub fn status(state: &State) -> &'static str {
    match state.life {
        Life::Active if state.memo.steps.is_empty() => "waiting",
        Life::Active => "running",
        Life::Stuck => "stuck",
        Life::Suspended => "suspended",
        Life::Completed => "completed",
        Life::Failed => "failed",
        Life::Cancelled => "cancelled",
    }
}

/// Why the engine stopped an instance in a turn without asking the machine, told from that turn's commands. Replay cannot
/// compute such a turn; it takes [`halt`] instead.
pub fn halted(commands: &[Command]) -> Option<(&str, &str)> {
    let [Command::Log { message }] = commands else { return None };
    let halted = message.get("halted")?;
    Some((halted.get("code")?.as_str()?, halted.get("message")?.as_str()?))
}

/// The turn that stops an instance because the event's own turn cannot be computed or stored. Keeps the event for
/// `ops.retry`; an ops verb is not kept: whoever sent it sees that the instance is stuck, and sends it again.
pub fn halt(mut state: State, event: &Event, code: &str, message: &str) -> Step {
    state.seq += 1;
    if !state.life.is_over() {
        let incident = Incident {
            code: code.to_owned(),
            message: message.to_owned(),
            state: None,
            step: None,
            since: event.at,
            seq: state.seq,
        };
        state.life = Life::Stuck;
        let memo = Arc::make_mut(&mut state.memo);
        memo.incident = Some(Box::new(incident));
        if !event.kind().starts_with("ops.") {
            memo.held.insert(0, event.clone());
        }
    }
    let message = json!({ "halted": { "code": code, "message": message } });
    Step { state, commands: vec![Command::Log { message }], verdict: machine::Verdict::Stuck }
}

/// Brings a turn into the form in which it comes back from the store, so that memory and row are the same instance. Replay
/// does the same before it compares.
pub fn normalise(step: &mut Step) {
    normalise_context(&mut step.state);
    normalise_rest(step);
}

fn normalise_context(state: &mut State) {
    if !json::is_canonical(&state.context) {
        json::canonical(Arc::make_mut(&mut state.context));
    }
}

fn normalise_rest(step: &mut Step) {
    let memo = Arc::make_mut(&mut step.state.memo);
    memo.for_each_value(json::canonical);
    // An output of null is stored as null, and null is read as none.
    let result = &mut memo.result;
    *result = result.take().filter(|value| !value.is_null());
    if let Some(result) = result {
        json::canonical(result);
    }
    for command in &mut step.commands {
        match command {
            Command::RunStep { input, .. } | Command::StartChild { input, .. } => {
                json::canonical(input);
            }
            Command::Emit { event: value }
            | Command::Log { message: value }
            | Command::Complete { output: value }
            | Command::Fail { error: value } => json::canonical(value),
            _ => {}
        }
    }
}

/// The turn of a state.
fn run(definition: &Definition, before: &State, event: &Event) -> Step {
    let step = || machine::step(definition, before.clone(), event);
    let step = catch_unwind(AssertUnwindSafe(step));
    match step {
        Ok(mut step) => match is_too_deep(&mut step.state, before) {
            true => {
                let why = "the context is nested too deep to be stored";
                halt(before.clone(), event, "context-depth", why)
            }
            false => step,
        },
        Err(panic) => {
            let message = panic_text(panic.as_ref());
            tracing::error!(panic = message, "the machine panicked; the instance is stuck");
            halt(before.clone(), event, "panic", &message)
        }
    }
}

/// Whether a row of this state could not be read back, as that of the state before could.
fn is_too_deep(state: &mut State, before: &State) -> bool {
    let is_same_context = Arc::ptr_eq(&state.context, &before.context);
    let mut is_too_deep =
        !is_same_context && json::depth_exceeds(&state.context, CONTEXT_DEPTH_MAX);
    let memo = Arc::make_mut(&mut state.memo);
    memo.for_each_value(|value| is_too_deep |= json::depth_exceeds(value, CONTEXT_DEPTH_MAX));
    is_too_deep
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|t| (*t).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panic".to_owned())
}

#[cfg(test)]
mod tests;
