//! One event run to rest: SCXML's macrostep of microsteps, with XState's names.

use crate::{
    command::Command,
    configuration::regions,
    enter_exit::{self, EntrySet, entry_set, exit_set, record_history},
    life::Change,
    run::{Failure, Run},
    select::{Selected, select, select_eventless},
    size::json_bytes,
    state::Purpose,
    state_set::StateSet,
};
use serde_json::{Value, json};
use workflows::{
    chart::{Chart, Kind, StateId},
    limits,
};

/// Enters the initial configuration and runs to rest. Expressions see `event`.
pub(crate) fn initial(run: &mut Run<'_>, event: Value) -> Result<(), Failure> {
    run.event = event;
    let entry = enter_exit::initial_entry_set(run);
    enter(run, entry)?;
    settle(run)
}

/// Applies one event and runs to rest. False when no transition was enabled for it; then nothing has changed.
pub(crate) fn macrostep(run: &mut Run<'_>, event: Value) -> Result<bool, Failure> {
    run.event = event;
    let enabled = select(run)?;
    if enabled.is_empty() && !is_answered_eventlessly(run)? {
        return Ok(false);
    }
    microstep(run, &enabled)?;
    settle(run)?;
    Ok(true)
}

/// Whether a transition is enabled for the event, without taking it.
pub(crate) fn is_enabled(run: &mut Run<'_>, event: &Value) -> Result<bool, Failure> {
    run.event = event.clone();
    Ok(!select(run)?.is_empty() || is_answered_eventlessly(run)?)
}

/// Whether an eventless transition is enabled by the event, as its guard may ask for it. A failed step needs a
/// transition of its own.
fn is_answered_eventlessly(run: &mut Run<'_>) -> Result<bool, Failure> {
    let kind = run.event.get("type").and_then(Value::as_str).unwrap_or_default();
    Ok(!kind.starts_with("xstate.error.") && !select_eventless(run)?.is_empty())
}

/// Eventless transitions and raised events until neither is left.
fn settle(run: &mut Run<'_>) -> Result<(), Failure> {
    let mut tries_eventless = true;
    while run.finished.is_none() {
        let enabled = if tries_eventless { select_eventless(run)? } else { Vec::new() };
        if enabled.is_empty() {
            let Some(raised) = run.queue.pop_front() else { break };
            run.event = raised;
            let enabled = select(run)?;
            microstep(run, &enabled)?;
            tries_eventless = true;
        } else {
            // An eventless transition that changed nothing would be enabled for ever.
            tries_eventless = microstep(run, &enabled)?;
        }
    }
    match run.finished.clone() {
        Some((output, failed)) => finish(run, output, failed),
        None => check_context(run),
    }
}

/// Takes a set of transitions: exit, transition actions, enter. True if anything changed, as XState counts changes.
fn microstep(run: &mut Run<'_>, enabled: &[Selected<'_>]) -> Result<bool, Failure> {
    if enabled.is_empty() {
        return Ok(false);
    }
    run.count_microstep()?;
    let (active, assignments) = (run.active.clone(), run.assignments);
    let exits = exit_set(run, enabled);
    exit(run, &exits)?;
    for selected in enabled {
        run.execute(&selected.transition.actions, selected.source)?;
    }
    let entry = entry_set(run, enabled);
    for id in entry.states.iter().filter(|id| run.active.contains(*id)).collect::<Vec<_>>() {
        // Entered again without having been left: what it set and asked for is set and asked for anew.
        run.release(id);
    }
    take_inputs(run, enabled, &entry)?;
    let is_touched = leaves_a_mark(run.chart, exits.iter().chain(entry.states.iter()), &exits);
    enter(run, entry)?;
    Ok(is_touched || run.active != active || run.assignments != assignments)
}

/// Whether leaving or entering these states changes more than the configuration, in XState's view: a history was written,
/// or a step was started or dropped. Leaving a state and entering it again is no change otherwise, and neither is a raise.
fn leaves_a_mark(
    chart: &Chart,
    mut touched: impl Iterator<Item = StateId>,
    exits: &StateSet,
) -> bool {
    let is_history = |id: &StateId| matches!(chart.state(*id).kind, Kind::History { .. });
    touched.any(|id| !chart.state(id).invokes.is_empty())
        || exits.iter().any(|id| chart.state(id).children.iter().any(is_history))
}

/// Leaves states, innermost first.
fn exit(run: &mut Run<'_>, exits: &StateSet) -> Result<(), Failure> {
    record_history(run, exits);
    let chart = run.chart;
    for id in exits.iter().rev() {
        run.execute(&chart.state(id).exit, id)?;
        run.release(id);
        run.active.remove(id);
    }
    Ok(())
}

/// What transitions bring for the states they enter.
fn take_inputs(
    run: &mut Run<'_>,
    enabled: &[Selected<'_>],
    entry: &EntrySet,
) -> Result<(), Failure> {
    for selected in enabled {
        let Some(mapper) = &selected.transition.input else { continue };
        let input = run.map(mapper, selected.source)?;
        for target in selected.transition.targets.iter().filter(|t| entry.states.contains(**t)) {
            let path = run.chart.state(*target).path.clone();
            run.memo_mut().inputs.insert(path, input.clone());
        }
    }
    Ok(())
}

/// Enters states, outermost first, and completes what final states complete.
fn enter(run: &mut Run<'_>, entry: EntrySet) -> Result<(), Failure> {
    let chart = run.chart;
    let mut completed = StateSet::default();
    for id in entry.states.iter() {
        let state = chart.state(id);
        if !run.active.insert(id) {
            // Entered again without being left: what it waits for begins anew.
            run.release(id);
        }
        if let Some(mapper) = &state.input
            && !run.memo.inputs.contains_key(&state.path)
        {
            let input = run.map(mapper, id)?;
            run.memo_mut().inputs.insert(state.path.clone(), input);
        }
        run.execute(&state.entry, id)?;
        for after in &state.after {
            let due = run.due(&after.delay, id)?;
            let event = json!({ "type": after.event });
            run.set_timer(after.event.clone(), due, Some(id), event)?;
        }
        for invoke in &state.invokes {
            run.invoke(invoke, id)?;
        }
        let is_default = entry.by_default.contains(id) && state.kind == Kind::Compound;
        if let Some(initial) = state.initial.as_ref().filter(|_| is_default) {
            run.execute(&initial.actions, id)?;
            if let (Some(mapper), [target]) = (&initial.input, initial.targets.as_slice()) {
                let input = run.map(mapper, id)?;
                run.memo_mut().inputs.insert(chart.state(*target).path.clone(), input);
            }
        }
        if state.kind == Kind::Final {
            complete(run, id, &mut completed)?;
        }
    }
    Ok(())
}

/// A final state was entered: raises done events up to the first state that is not complete; at the top, the machine ends.
fn complete(run: &mut Run<'_>, id: StateId, completed: &mut StateSet) -> Result<(), Failure> {
    let chart = run.chart;
    let state = chart.state(id);
    let Some(parent) = state.parent else { return Ok(()) };
    let output = match &state.output {
        Some(mapper) => run.map(mapper, id)?,
        None => Value::Null,
    };
    let is_top = parent == StateId::ROOT;
    if chart.state(parent).kind == Kind::Compound {
        let mut done = json!({ "type": format!("xstate.done.state.{}", chart.state(parent).id) });
        if state.output.is_some() {
            done["output"] = output.clone();
        }
        run.queue.push_back(done);
    }
    let above = if chart.state(parent).kind == Kind::Parallel {
        Some(parent)
    } else {
        chart.state(parent).parent
    };
    let mut marker = above;
    let mut ended_by = id;
    while let Some(parallel) = marker {
        if chart.state(parallel).kind != Kind::Parallel
            || completed.contains(parallel)
            || !is_in_final_state(run, parallel)
        {
            return Ok(());
        }
        completed.insert(parallel);
        let done = format!("xstate.done.state.{}", chart.state(parallel).id);
        run.queue.push_back(json!({ "type": done }));
        ended_by = parallel;
        marker = chart.state(parallel).parent;
    }
    let output = if is_top && ended_by == id { output } else { Value::Null };
    end(run, ended_by, output)
}

/// The machine's output is its `output` mapper over the done event of the state that ended it (XState `getMachineOutput`).
fn end(run: &mut Run<'_>, by: StateId, output: Value) -> Result<(), Failure> {
    let chart = run.chart;
    let failed = chart.state(by).meta.get("outcome").and_then(Value::as_str) == Some("failed");
    let root = chart.state(StateId::ROOT);
    let result = match &root.output {
        Some(mapper) => {
            let done = format!("xstate.done.state.{}", chart.state(by).id);
            let event =
                std::mem::replace(&mut run.event, json!({ "type": done, "output": output }));
            let result = run.map(mapper, StateId::ROOT);
            run.event = event;
            result?
        }
        None if failed => output,
        None => Value::Null,
    };
    run.finished = Some((result, failed));
    Ok(())
}

fn is_in_final_state(run: &Run<'_>, id: StateId) -> bool {
    let chart = run.chart;
    match chart.state(id).kind {
        Kind::Compound => {
            let children = &chart.state(id).children;
            children.iter().any(|c| chart.state(*c).kind == Kind::Final && run.is_active(*c))
        }
        Kind::Parallel => regions(chart, id).all(|region| is_in_final_state(run, region)),
        Kind::Final => run.is_active(id),
        Kind::Atomic | Kind::History { .. } => false,
    }
}

/// The machine has ended: exit actions run, innermost first, and everything open is dropped; the configuration stays. A
/// failure runs the undo steps before the instance has failed.
fn finish(run: &mut Run<'_>, output: Value, failed: bool) -> Result<(), Failure> {
    leave_all(run)?;
    if failed {
        return run.end_compensated(Purpose::Fail { error: output });
    }
    // What was done stays done.
    run.memo_mut().undo.clear();
    run.memo_mut().result = Some(output.clone());
    run.commands.push(Command::Complete { output });
    run.over = Some(Change::Complete);
    Ok(())
}

/// Exit actions of every active state, innermost first; whatever is open is dropped.
pub(crate) fn leave_all(run: &mut Run<'_>) -> Result<(), Failure> {
    let chart = run.chart;
    for id in run.active.clone().iter().rev() {
        run.execute(&chart.state(id).exit, id)?;
    }
    run.drop_everything();
    run.queue.clear();
    check_context(run)
}

fn check_context(run: &Run<'_>) -> Result<(), Failure> {
    if run.assignments > 0 && json_bytes(&run.context) > limits::CONTEXT_BYTES_MAX {
        let message = format!("the context grew beyond {} KiB", limits::CONTEXT_BYTES_MAX / 1024);
        return Err(Failure::new("context-size", message));
    }
    Ok(())
}
