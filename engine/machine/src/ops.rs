//! Ops verbs: events like any other, that stand in history and are replayed with it.

use crate::{
    Verdict,
    apply::Turn,
    command::Command,
    event::{Event, kind},
    life::Change,
    run::Run,
    state::Life,
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
        _ => false,
    };
    if was_applied && turn.verdict != Verdict::Stuck {
        turn.verdict = Verdict::Applied;
    }
}

/// A step that gave up is run again; a turn that failed is tried again with its event.
fn retry(run: &mut Run<'_>, turn: &mut Turn, event: &Event) -> bool {
    if !turn.change(Change::Retry) {
        return false;
    }
    let incident = run.memo.incident.take();
    let named = event.text("id").map(str::to_owned);
    let invoke = named.or_else(|| incident.and_then(|incident| incident.step));
    if let Some(invoke) = invoke
        && let Some(open) = run.memo.steps.get(&invoke)
    {
        run.commands.push(Command::RetryStep { step: open.id, invoke });
    }
    turn.take_held(run);
    true
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
        run.memo.incident = None;
    }
    run.commands.push(match open.kind.starts_with("workflow:") {
        true => Command::CancelChild { child: open.id, invoke: invoke.clone() },
        false => Command::CancelStep { step: open.id, invoke: invoke.clone() },
    });
    let output = event.body.get("output").cloned().unwrap_or(Value::Null);
    let done = Event::new(event.at, kind::STEP_DONE, json!({ "id": invoke, "output": output }));
    turn.take(run, done);
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

/// Ends it where it stands: nothing of the workflow runs, everything open is dropped.
fn cancel(run: &mut Run<'_>, turn: &mut Turn, event: &Event) -> bool {
    if !turn.change(Change::Cancel) {
        return false;
    }
    run.drop_everything();
    run.memo.incident = None;
    run.memo.held.clear();
    let reason = event.text("reason").unwrap_or("cancelled").to_owned();
    run.memo.result = Some(json!({ "cancelled": reason }));
    true
}
