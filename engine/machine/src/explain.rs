//! Why an instance is where it is: what each active state waits for, and what its transitions would say now. Pure.

use crate::{
    configuration,
    event::Event,
    part::{Part, part_of},
    run::Run,
    state::{Compensation, Incident, Memo, OpenStep, OpenTimer, State, UndoStep},
};
use chrono::{DateTime, Utc};
use litemap::LiteMap;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use workflows::{
    chart::{Descriptor, Guard, StateId, Transition},
    definition::Definition,
};

/// How the names of events begin that a chart sends itself.
const INTERNAL: &str = "xstate.";
/// Most events that the summary names.
const EVENTS_NAMED_MAX: usize = 4;

/// An explanation, for a screen or a terminal.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// One sentence.
    pub summary: String,
    /// Every active state that waits for something, innermost last.
    pub states: Vec<StateExplanation>,
    /// Steps and children under way, by invoke id.
    pub steps: LiteMap<String, OpenStep>,
    /// Timers set, by name.
    pub timers: LiteMap<String, OpenTimer>,
    /// Events no transition was enabled for and that are kept.
    pub deferred: Vec<Event>,
    /// Events that arrived while it was stuck or suspended.
    pub held: Vec<Event>,
    /// Why it is stuck.
    pub incident: Option<Incident>,
    /// Undo steps that are registered, oldest first; the one that runs is among `steps`.
    pub undo: Vec<UndoStep>,
    /// The compensation under way.
    pub compensation: Option<Compensation>,
}

/// One active state.
#[derive(Debug, Clone, Serialize)]
pub struct StateExplanation {
    /// Its path.
    pub state: String,
    /// The builder node.
    pub node: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its transitions.
    pub transitions: Vec<TransitionExplanation>,
}

/// One transition out of an active state.
#[derive(Debug, Clone, Serialize)]
pub struct TransitionExplanation {
    /// The event it waits for; `null` for an eventless one.
    pub event: Option<String>,
    /// Where it leads.
    pub targets: Vec<String>,
    /// Its condition.
    pub guard: Option<String>,
    /// What the condition says now, over the last event; the error if it cannot be evaluated.
    pub holds: Option<Result<bool, String>>,
    /// The parts of the condition with their values.
    pub operands: BTreeMap<String, Value>,
}

/// Explains a state, as of `now`. `last` is the last event it met, over which guards are evaluated.
pub fn explain(
    definition: &Definition,
    state: &State,
    last: Option<&Event>,
    now: DateTime<Utc>,
) -> Explanation {
    let memo = &state.memo;
    let states = match Run::new(definition, state.clone(), now) {
        Ok(mut run) => {
            run.event = last.map_or(Value::Null, |event| Value::Object(event.body.clone()));
            run.active.iter().filter_map(|id| explain_state(&run, id)).collect()
        }
        Err(_) => Vec::new(),
    };
    Explanation {
        summary: summary(state, &states),
        states,
        steps: memo.steps.clone(),
        timers: memo.timers.clone(),
        deferred: memo.deferred.iter().map(|deferred| deferred.event.clone()).collect(),
        held: memo.held.clone(),
        incident: memo.incident.as_deref().cloned(),
        undo: memo.undo.clone(),
        compensation: memo.compensation.as_deref().cloned(),
    }
}

fn summary(state: &State, states: &[StateExplanation]) -> String {
    let place = match state.configuration.as_slice() {
        [] => "before its first state".to_owned(),
        leaves => {
            format!("in {}", leaves.iter().map(|l| format!("`{l}`")).collect::<Vec<_>>().join(", "))
        }
    };
    let memo = &state.memo;
    if let Some(incident) = &memo.incident {
        let (since, message) = (second(incident.since), &incident.message);
        let compensating = compensating(memo).map(|text| format!(", {text},"));
        let compensating = compensating.unwrap_or_default();
        return format!("Stuck {place}{compensating} since {since}: {message}");
    }
    match state.life {
        crate::Life::Completed => return "Completed.".to_owned(),
        crate::Life::Failed => return "Ended in failure.".to_owned(),
        crate::Life::Cancelled => return "Cancelled.".to_owned(),
        crate::Life::Suspended => {
            let held = match memo.held.len() {
                0 => "nothing is held".to_owned(),
                1 => "1 event is held".to_owned(),
                n => format!("{n} events are held"),
            };
            return format!("Suspended {place}; {held} until someone resumes it.");
        }
        _ => {}
    }
    if let Some(text) = compensating(memo).filter(|_| is_ending(memo)) {
        let running = memo.compensation.as_ref().map(|over| over.step()).unwrap_or_default();
        return format!("Ending {place}, {text}, by the step `{running}`.");
    }
    match waits(state, states).as_slice() {
        [] => format!("Waiting {place}, and nothing leads on from there."),
        [one] => format!("Waiting {place} for {one}."),
        [most @ .., last] => format!("Waiting {place} for {}, or {last}.", most.join(", ")),
    }
}

/// ``compensating, 2 of 3: `refund` ``.
fn compensating(memo: &Memo) -> Option<String> {
    let compensation = memo.compensation.as_ref()?;
    let (number, running) = (compensation.number, &compensation.running);
    let total = number as usize + memo.undo.len();
    let name = running.id.as_ref().unwrap_or(&running.kind);
    Some(format!("compensating, {number} of {total}: `{name}`"))
}

fn is_ending(memo: &Memo) -> bool {
    memo.compensation.as_ref().is_some_and(|over| over.is_ending())
}

/// What would move it: steps, events of the outside, the next timer.
fn waits(state: &State, states: &[StateExplanation]) -> Vec<String> {
    let memo = &state.memo;
    let steps = memo.steps.iter().filter_map(|(invoke, step)| match part_of(memo, invoke) {
        Part::Whole => Some(format!("the step `{invoke}` ({})", step.kind)),
        Part::Item { .. } => None,
        Part::Undo => compensating(memo).map(|text| format!("the step `{invoke}` ({text})")),
    });
    let lists = memo.each.iter().map(|(invoke, each)| {
        format!("`{invoke}` ({} of {} items done)", each.results.len(), each.total)
    });
    let mut waits: Vec<String> = steps.chain(lists).collect();
    let mut events: Vec<&str> = Vec::new();
    for event in states.iter().rev().flat_map(|s| &s.transitions).filter_map(|t| t.event.as_deref())
    {
        if !event.starts_with(INTERNAL) && !events.contains(&event) {
            events.push(event);
        }
    }
    waits.extend(events.iter().take(EVENTS_NAMED_MAX).map(|event| match *event {
        "*" => "any event".to_owned(),
        event => format!("the event `{event}`"),
    }));
    if events.len() > EVENTS_NAMED_MAX {
        waits.push("some other event".to_owned());
    }
    if let Some(timer) = memo.timers.values().min_by_key(|timer| timer.due) {
        waits.push(format!("the time {}", second(timer.due)));
    }
    waits
}

fn second(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn explain_state(run: &Run<'_>, id: StateId) -> Option<StateExplanation> {
    let state = run.chart.state(id);
    let transitions: Vec<_> =
        state.on.iter().chain(&state.always).map(|t| explain_transition(run, id, t)).collect();
    if transitions.is_empty() && !configuration::is_leaf(run.chart, id) {
        return None;
    }
    let (path, node, tags) = (state.path.clone(), state.node.clone(), state.tags.clone());
    Some(StateExplanation { state: path, node, tags, transitions })
}

fn explain_transition(
    run: &Run<'_>,
    owner: StateId,
    transition: &Transition,
) -> TransitionExplanation {
    let event = transition.event.as_ref().map(|descriptor| match descriptor {
        Descriptor::Any => "*".to_owned(),
        Descriptor::Prefix(prefix) => format!("{prefix}.*"),
        Descriptor::Exact(name) => name.clone(),
    });
    let guard = transition.guard.as_ref();
    let operands = match guard {
        Some(Guard::Expression(expression, _)) => run.operands(expression, owner),
        _ => BTreeMap::new(),
    };
    TransitionExplanation {
        event,
        targets: transition
            .targets
            .iter()
            .map(|target| run.chart.state(*target).path.clone())
            .collect(),
        guard: guard.map(|guard| source(run, guard)),
        holds: guard.map(|_| run.allows(transition, owner).map_err(|failure| failure.message)),
        operands,
    }
}

fn source(run: &Run<'_>, guard: &Guard) -> String {
    let list = |parts: &[Guard], word: &str| {
        let parts: Vec<_> = parts.iter().map(|part| source(run, part)).collect();
        format!("({})", parts.join(word))
    };
    match guard {
        Guard::Expression(expression, _) => expression.source().to_owned(),
        Guard::InState(id) => format!("in_state(\"{}\")", run.chart.state(*id).path),
        Guard::And(parts) => list(parts, " && "),
        Guard::Or(parts) => list(parts, " || "),
        Guard::Not(part) => format!("!{}", source(run, part)),
        Guard::With { guard, .. } => source(run, guard),
    }
}
