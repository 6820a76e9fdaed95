//! One event to its end: what kind of event it is, whether it may be applied now, and what a failure leaves.

use crate::{
    Step, Verdict, configuration,
    event::{Event, kind},
    life::{self, Change},
    macrostep, ops,
    results::{step_done, step_failed, step_unknown},
    run::{Failure, Run},
    size::map_bytes,
    state::{Deferred, Incident, Life, Memo, State},
};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::sync::Arc;
use workflows::{
    definition::{Definition, Unhandled},
    limits,
};

pub(crate) fn apply(definition: &Definition, state: State, event: &Event) -> Step {
    let life = state.life;
    let mut run = match Run::new(definition, state, event.at) {
        Ok(run) => run,
        Err((state, failure)) => return illegal(*state, event, failure),
    };
    take_scope(&mut run, event);
    let mut turn = Turn { life, verdict: Verdict::Dropped };
    if event.kind().starts_with("ops.") {
        ops::apply(&mut run, &mut turn, event);
    } else {
        match life {
            Life::Completed | Life::Failed | Life::Cancelled => {}
            Life::Stuck | Life::Suspended => turn.verdict = hold(run.memo_mut(), event),
            Life::Active => turn.take(&mut run, event),
        }
    }
    finish(run, turn)
}

fn finish(run: Run<'_>, turn: Turn) -> Step {
    let state = State {
        seq: run.seq,
        life: turn.life,
        configuration: configuration::store(run.chart, &run.active),
        memo: run.memo,
        context: run.context,
    };
    Step { state, commands: run.commands, verdict: turn.verdict }
}

/// Keeps an event of an instance that is stuck or suspended. An event of the outside that is one too many is dropped, on
/// record; results and timers are not: there are no more of them than the instance asked for.
fn hold(memo: &mut Memo, event: &Event) -> Verdict {
    let is_awaited = matches!(
        event.kind(),
        kind::TIMER | kind::STEP_DONE | kind::STEP_FAILED | kind::STEP_UNKNOWN
    );
    if !is_awaited && (memo.held.len() >= limits::HELD_MAX || !has_room(memo, event)) {
        return Verdict::Dropped;
    }
    memo.held.push(event.clone());
    Verdict::Held
}

/// Whether what the instance keeps stays within its bound with this event.
fn has_room(memo: &Memo, event: &Event) -> bool {
    let deferred = memo.deferred.iter().map(|deferred| &deferred.event);
    let kept = deferred.chain(&memo.held).chain([event]);
    kept.map(|kept| map_bytes(&kept.body)).sum::<usize>() <= limits::KEPT_BYTES_MAX
}

/// The stored configuration does not fit the definition: nothing is touched but the event is kept.
fn illegal(mut state: State, event: &Event, failure: Failure) -> Step {
    state.seq += 1;
    let memo = Arc::make_mut(&mut state.memo);
    let verdict = if state.life.is_over() {
        Verdict::Dropped
    } else if memo.incident.is_some() {
        hold(memo, event)
    } else {
        memo.held.push(event.clone());
        memo.incident = Some(incident(failure, event, state.seq));
        Verdict::Stuck
    };
    if !state.life.is_over() {
        state.life = Life::Stuck;
    }
    Step { state, commands: Vec::new(), verdict }
}

/// Events tell what is known of contact, tenant and channel at their time.
fn take_scope(run: &mut Run<'_>, event: &Event) {
    let Some(Value::Object(told)) = event.body.get("scope") else { return };
    let scope = Arc::make_mut(&mut run.memo_mut().scope);
    if !scope.is_object() {
        *scope = json!({});
    }
    if let Some(scope) = scope.as_object_mut() {
        scope.extend(told.clone());
    }
}

fn incident(failure: Failure, event: &Event, seq: u64) -> Box<Incident> {
    Box::new(Incident {
        code: failure.code,
        message: failure.message,
        state: failure.state,
        step: failure.step,
        since: event.at,
        seq,
    })
}

/// What becomes of the instance in this turn.
pub(crate) struct Turn {
    pub(crate) life: Life,
    pub(crate) verdict: Verdict,
}

impl Turn {
    /// Applies an event to an active instance, then offers it what was deferred.
    pub(crate) fn take(&mut self, run: &mut Run<'_>, event: &Event) {
        let mark = run.mark();
        match process(run, event) {
            Ok(verdict) => {
                self.verdict = verdict;
                self.settle(run);
                if verdict == Verdict::Applied && self.life == Life::Active {
                    self.offer_deferred(run);
                }
            }
            Err(failure) => {
                run.rollback(mark);
                self.park(run, failure, event.clone());
            }
        }
    }

    /// The instance is stuck over this event, which is kept, in front of what arrived after it.
    pub(crate) fn park(&mut self, run: &mut Run<'_>, failure: Failure, event: Event) {
        let waits_for_step = failure.step.is_some();
        self.stop(run, failure, &event);
        // The result of a step that gave up is not offered again: a retry brings a new one.
        if !waits_for_step {
            run.memo_mut().held.insert(0, event);
        }
    }

    /// The instance is stuck over this event, which is not kept.
    pub(crate) fn stop(&mut self, run: &mut Run<'_>, failure: Failure, event: &Event) {
        run.memo_mut().incident = Some(incident(failure, event, run.seq));
        self.change(Change::Incident);
        self.verdict = Verdict::Stuck;
    }

    /// Moves the life if that is possible.
    pub(crate) fn change(&mut self, change: Change) -> bool {
        let after = life::next(self.life, change);
        self.life = after.unwrap_or(self.life);
        after.is_some()
    }

    /// The life ends when the event ended it.
    pub(crate) fn settle(&mut self, run: &mut Run<'_>) {
        if let Some(change) = run.over {
            self.change(change);
        }
    }

    /// Deferred events are offered in order, again and again, as long as one of them finds a transition.
    fn offer_deferred(&mut self, run: &mut Run<'_>) {
        let now = run.at;
        run.memo_mut().deferred.retain(|deferred| deferred.until >= now);
        let mut place = 0;
        while self.life == Life::Active && place < run.memo.deferred.len() {
            let event = run.memo.deferred[place].event.clone();
            match macrostep::is_enabled(run, &Value::Object(event.body.clone())) {
                Ok(false) => place += 1,
                Ok(true) => {
                    run.memo_mut().deferred.remove(place);
                    let mark = run.mark();
                    match macrostep::macrostep(run, Value::Object(event.body.clone())) {
                        Ok(_) => self.settle(run),
                        Err(failure) => {
                            run.rollback(mark);
                            self.park(run, failure, event);
                        }
                    }
                    place = 0;
                }
                Err(failure) => {
                    run.memo_mut().deferred.remove(place);
                    self.park(run, failure, event);
                }
            }
        }
    }

    /// Applies what was held, oldest first, until it gets stuck again or ends.
    pub(crate) fn take_held(&mut self, run: &mut Run<'_>) {
        let verdict = self.verdict;
        let held = std::mem::take(&mut run.memo_mut().held);
        let mut held = std::collections::VecDeque::from(held);
        while self.life == Life::Active {
            let Some(event) = held.pop_front() else { break };
            self.take(run, &event);
        }
        if !self.life.is_over() {
            run.memo_mut().held.extend(held);
        }
        if self.verdict != Verdict::Stuck {
            self.verdict = verdict;
        }
    }
}

/// Applies one event of the workflow.
fn process(run: &mut Run<'_>, event: &Event) -> Result<Verdict, Failure> {
    match event.kind() {
        kind::STEP_DONE => step_done(run, event),
        kind::STEP_FAILED => step_failed(run, event),
        kind::STEP_UNKNOWN => step_unknown(run, event),
        kind::NOTE => Ok(Verdict::Applied),
        // The workflow has ended; only its undo steps are waited for.
        _ if run.is_ending() => Ok(Verdict::Dropped),
        kind::STARTED => start(run, event),
        kind::TIMER => timer(run, event),
        _ => signal(run, event),
    }
}

fn start(run: &mut Run<'_>, event: &Event) -> Result<Verdict, Failure> {
    if !run.active.is_empty() {
        return Ok(Verdict::Dropped);
    }
    run.memo_mut().input = Arc::new(event.body.get("input").cloned().unwrap_or(Value::Null));
    // The first state sees the message that started it as `event`, as a later state would.
    let mut init = match event.body.get("trigger") {
        Some(Value::Object(trigger)) => trigger.clone(),
        _ => serde_json::Map::new(),
    };
    init.insert("type".to_owned(), json!("xstate.init"));
    init.insert("input".to_owned(), Value::clone(&run.memo.input));
    run.event = Value::Object(init);
    let context = run.map(&run.definition.chart.context, workflows::chart::StateId::ROOT)?;
    *run.context_mut() = context;
    macrostep::initial(run, run.event.clone())?;
    Ok(Verdict::Applied)
}

fn timer(run: &mut Run<'_>, event: &Event) -> Result<Verdict, Failure> {
    let id: Option<crate::CommandId> = event.text("timer").and_then(|id| id.parse().ok());
    let named = event.text("id").unwrap_or_default();
    let mut timers = run.memo.timers.iter();
    let found = match id {
        Some(id) => timers.find(|(_, timer)| timer.id == id),
        None => timers.find(|(name, _)| *name == named),
    };
    let is_due = found.is_some_and(|(_, timer)| event.at >= timer.due);
    let name = found.filter(|_| is_due).map(|(name, _)| name.clone());
    let Some(timer) = name.and_then(|name| run.memo_mut().timers.remove(&name)) else {
        return Ok(Verdict::Dropped);
    };
    let taken = macrostep::macrostep(run, timer.event)?;
    Ok(if taken { Verdict::Applied } else { Verdict::Dropped })
}

/// An event of the outside: a transition, or what the policy says.
fn signal(run: &mut Run<'_>, event: &Event) -> Result<Verdict, Failure> {
    if macrostep::macrostep(run, Value::Object(event.body.clone()))? {
        return Ok(Verdict::Applied);
    }
    let policy = &run.definition.unhandled;
    match policy.events.get(event.kind()).copied().unwrap_or(policy.default) {
        Unhandled::Drop => Ok(Verdict::Dropped),
        Unhandled::Error => {
            let message = format!(
                "no transition is enabled for `{}`, and the policy is `error`",
                event.kind()
            );
            Err(Failure::new("unhandled", message))
        }
        Unhandled::Defer
            if run.memo.deferred.len() >= limits::DEFERRED_MAX || !has_room(&run.memo, event) =>
        {
            let waiting = run.memo.deferred.len();
            let message =
                format!("{waiting} events wait for a transition already, as many as are kept");
            Err(Failure::new("deferred", message))
        }
        Unhandled::Defer => {
            let ttl_ms = policy.defer_ttl_ms.unwrap_or(limits::DEFER_TTL_MS);
            let until = run.at + TimeDelta::milliseconds(ttl_ms.clamp(0, limits::DELAY_MS_MAX));
            run.memo_mut().deferred.push(Deferred { event: event.clone(), until });
            Ok(Verdict::Deferred)
        }
    }
}
