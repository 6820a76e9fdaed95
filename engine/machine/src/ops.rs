//! Ops verbs: events like any other, that stand in history and are replayed with it.

use crate::{
    Verdict,
    apply::Turn,
    command::Command,
    event::{Event, kind},
    life::Change,
    macrostep,
    reschedule::reschedule,
    run::{Failure, Run},
    state::{Life, OpenStep, Purpose},
};
use serde_json::{Value, json};

/// Applies an ops verb; one that is not possible from here is `Dropped`, on record.
pub(crate) fn apply(run: &mut Run<'_>, turn: &mut Turn, event: &Event) {
    let was_applied = match event.kind() {
        kind::RETRY => retry(run, turn, event),
        kind::SKIP => skip(run, turn, event),
        kind::SUSPEND => turn.change(Change::Suspend),
        kind::RESUME => resume(run, turn),
        kind::CANCEL => cancel(run, turn, event),
        kind::RESCHEDULE => !turn.life.is_over() && reschedule(run),
        _ => false,
    };
    if was_applied && turn.verdict != Verdict::Stuck {
        turn.verdict = Verdict::Applied;
    }
}

/// A step that gave up is run again, a child that failed is started again, and a turn that failed is tried again with its
/// event.
fn retry(run: &mut Run<'_>, turn: &mut Turn, event: &Event) -> bool {
    let incident = run.memo.incident.as_ref();
    let stuck_over = incident.and_then(|incident| incident.step.clone());
    let named = event.text("id").map(str::to_owned);
    // Another step than the one that gave up would leave that one behind.
    let is_other = named.is_some() && stuck_over.is_some() && named != stuck_over;
    if is_other || is_for_another(run, event) || !turn.change(Change::Retry) {
        return false;
    }
    run.memo_mut().incident = None;
    if let Some(invoke) = named.or_else(|| stuck_over.clone())
        && let Some(open) = run.memo.steps.get(&invoke).cloned()
    {
        if !open.kind.starts_with("workflow:") {
            run.commands.push(Command::RetryStep { step: open.id, invoke });
        } else if let Err(failure) = start_again(run, (&invoke, &open), &stuck_over, event) {
            turn.stop(run, Failure { step: stuck_over, ..failure }, event);
            return true;
        }
    }
    turn.take_held(run);
    true
}

/// Whether the verb names a definition, and not the one this turn runs: the instance could not be moved to it.
fn is_for_another(run: &Run<'_>, event: &Event) -> bool {
    let named = event.body.get("definition").and_then(|named| named.get("digest"));
    named.is_some_and(|digest| digest.as_str() != Some(run.definition.digest.as_str()))
}

/// Starts another child in the place of one. The one the instance is stuck over has ended; any other may be alive.
fn start_again(
    run: &mut Run<'_>,
    (invoke, open): (&str, &OpenStep),
    stuck_over: &Option<String>,
    event: &Event,
) -> Result<(), Failure> {
    let mark = run.mark();
    if stuck_over.as_deref() != Some(invoke) {
        run.commands.push(Command::CancelChild { child: open.id, invoke: invoke.to_owned() });
    }
    run.event = Value::Object(event.body.clone());
    run.invoke_again(invoke, open).inspect_err(|_| run.rollback(mark))
}

/// The given output is the step's result, whatever becomes of its tries.
fn skip(run: &mut Run<'_>, turn: &mut Turn, event: &Event) -> bool {
    if !matches!(turn.life, Life::Active | Life::Stuck) {
        return false;
    }
    let stuck_over = run.memo.incident.as_ref().and_then(|incident| incident.step.clone());
    let only = || match run.memo.steps.len() {
        1 => run.memo.steps.keys().next().cloned(),
        _ => None,
    };
    let named = event.text("id").map(str::to_owned);
    let Some(invoke) = named.or_else(|| stuck_over.clone()).or_else(only) else { return false };
    let Some(open) = run.memo.steps.get(&invoke).cloned() else { return false };
    let was_stuck = turn.life == Life::Stuck;
    if was_stuck && stuck_over.as_deref() != Some(invoke.as_str()) {
        return false;
    }
    if was_stuck {
        turn.change(Change::Retry);
        run.memo_mut().incident = None;
    }
    run.commands.push(match open.kind.starts_with("workflow:") {
        true => Command::CancelChild { child: open.id, invoke: invoke.clone() },
        false => Command::CancelStep { step: open.id, invoke: invoke.clone() },
    });
    let output = event.body.get("output").cloned().unwrap_or(Value::Null);
    let done = Event::new(event.at, kind::STEP_DONE, json!({ "id": invoke, "output": output }));
    turn.take(run, &done);
    if turn.life == Life::Active {
        turn.take_held(run);
    }
    true
}

/// An instance that was stuck before it was suspended is stuck again.
fn resume(run: &mut Run<'_>, turn: &mut Turn) -> bool {
    if !turn.change(Change::Resume) {
        return false;
    }
    match run.memo.incident {
        Some(_) => turn.change(Change::Incident),
        None => {
            turn.take_held(run);
            true
        }
    }
}

/// Ends it where it stands: nothing of the workflow runs, everything open is dropped. What was registered to be undone stays
/// on record.
fn cancel(run: &mut Run<'_>, turn: &mut Turn, event: &Event) -> bool {
    let reason = event.text("reason").unwrap_or("cancelled").to_owned();
    let result = json!({ "cancelled": reason });
    if event.body.get("compensate") == Some(&Value::Bool(true)) {
        return cancel_compensated(run, turn, event, result);
    }
    if !turn.change(Change::Cancel) {
        return false;
    }
    run.drop_everything();
    run.memo_mut().incident = None;
    run.memo_mut().held.clear();
    run.memo_mut().result = Some(result);
    true
}

/// Leaves every state, with its exit actions, runs the undo steps, and then it is cancelled. One that is compensating
/// already goes on with that. If an exit action fails, it is stuck, and can be cancelled without compensation.
fn cancel_compensated(run: &mut Run<'_>, turn: &mut Turn, event: &Event, result: Value) -> bool {
    if run.is_ending() || !turn.change(Change::Compensate) {
        return false;
    }
    let mark = run.mark();
    run.memo_mut().incident = None;
    run.memo_mut().held.clear();
    run.event = Value::Object(event.body.clone());
    let ended =
        macrostep::leave_all(run).and_then(|()| run.end_compensated(Purpose::Cancel { result }));
    match ended {
        Ok(()) => turn.settle(run),
        Err(failure) => {
            run.rollback(mark);
            turn.stop(run, failure, event);
        }
    }
    true
}
