//! One event run to rest: SCXML's macrostep of microsteps, with XState's names.

use crate::{
    command::Command,
    configuration::regions,
    enter_exit::{self, EntrySet, entry_set, exit_set, record_history},
    run::{Failure, Run},
    select::{Selected, select, select_eventless},
    state::{OpenStep, OpenTimer},
};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use workflows::{
    chart::{Action, Invoke, Kind, Mapper, Source, StateId},
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
    if enabled.is_empty() {
        return Ok(false);
    }
    microstep(run, &enabled)?;
    settle(run)?;
    Ok(true)
}

/// Whether a transition is enabled for the event, without taking it.
pub(crate) fn is_enabled(run: &mut Run<'_>, event: &Value) -> Result<bool, Failure> {
    run.event = event.clone();
    Ok(!select(run)?.is_empty())
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

/// Takes a set of transitions: exit, transition actions, enter. True if anything changed.
fn microstep(run: &mut Run<'_>, enabled: &[Selected<'_>]) -> Result<bool, Failure> {
    if enabled.is_empty() {
        return Ok(false);
    }
    run.count_microstep()?;
    let (active, assignments, raised) = (run.active.clone(), run.assignments, run.queue.len());
    let exits = exit_set(run, enabled);
    let has_exits = !exits.is_empty();
    exit(run, &exits)?;
    for selected in enabled {
        run.execute(&selected.transition.actions, selected.source)?;
    }
    let entry = entry_set(run, enabled);
    enter(run, entry)?;
    Ok(has_exits
        || run.active != active
        || run.assignments != assignments
        || run.queue.len() != raised)
}

/// Leaves states, innermost first.
fn exit(run: &mut Run<'_>, exits: &BTreeSet<StateId>) -> Result<(), Failure> {
    record_history(run, exits);
    let chart = run.chart;
    for id in exits.iter().rev() {
        run.execute(&chart.state(*id).exit, *id)?;
        release(run, *id);
        run.active.remove(id);
    }
    Ok(())
}

/// Drops the timers and open steps that belong to a state.
fn release(run: &mut Run<'_>, id: StateId) {
    let path = run.chart.state(id).path.clone();
    let timers = std::mem::take(&mut run.memo.timers);
    for (name, timer) in timers {
        if timer.state.as_ref() == Some(&path) {
            run.cancel_timer(name, timer.id);
        } else {
            run.memo.timers.insert(name, timer);
        }
    }
    let steps = std::mem::take(&mut run.memo.steps);
    for (invoke, step) in steps {
        if step.state == path {
            run.cancel_step(invoke, &step);
        } else {
            run.memo.steps.insert(invoke, step);
        }
    }
}

/// Enters states, outermost first, and completes what final states complete.
fn enter(run: &mut Run<'_>, entry: EntrySet) -> Result<(), Failure> {
    let chart = run.chart;
    let mut completed = BTreeSet::new();
    for id in &entry.states {
        let state = chart.state(*id);
        run.active.insert(*id);
        run.execute(&state.entry, *id)?;
        for after in &state.after {
            let due = run.due(&after.delay, *id)?;
            let event = json!({ "type": after.event });
            run.set_timer(after.event.clone(), due, Some(*id), event)?;
        }
        for invoke in &state.invokes {
            run.invoke(invoke, *id)?;
        }
        let is_default = entry.by_default.contains(id) && state.kind == Kind::Compound;
        if let Some(initial) = state.initial.as_ref().filter(|_| is_default) {
            run.execute(&initial.actions, *id)?;
        }
        if state.kind == Kind::Final {
            complete(run, *id, &mut completed)?;
        }
    }
    Ok(())
}

/// A final state was entered: raises done events up to the first state that is not complete; at the top, the machine ends.
fn complete(
    run: &mut Run<'_>,
    id: StateId,
    completed: &mut BTreeSet<StateId>,
) -> Result<(), Failure> {
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
            || completed.contains(&parallel)
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

/// The machine has ended: exit actions run, innermost first, and everything open is dropped; the configuration stays.
fn finish(run: &mut Run<'_>, output: Value, failed: bool) -> Result<(), Failure> {
    let chart = run.chart;
    for id in run.active.clone().iter().rev() {
        run.execute(&chart.state(*id).exit, *id)?;
    }
    run.drop_everything();
    run.queue.clear();
    check_context(run)?;
    run.memo.result = Some(output.clone());
    run.commands.push(match failed {
        true => Command::Fail { error: output },
        false => Command::Complete { output },
    });
    Ok(())
}

fn check_context(run: &Run<'_>) -> Result<(), Failure> {
    if run.assignments > 0 && json_bytes(&run.context) > limits::CONTEXT_BYTES_MAX {
        let message = format!("the context grew beyond {} KiB", limits::CONTEXT_BYTES_MAX / 1024);
        return Err(Failure::new("context-size", message));
    }
    Ok(())
}

/// The length of the JSON text, near enough for a bound, without writing it.
fn json_bytes(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => 12,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => 2 + items.iter().map(|item| json_bytes(item) + 1).sum::<usize>(),
        Value::Object(map) => map_bytes(map),
    }
}

/// The same of an object.
pub(crate) fn map_bytes(map: &Map<String, Value>) -> usize {
    2 + map.iter().map(|(key, value)| key.len() + 4 + json_bytes(value)).sum::<usize>()
}

impl Run<'_> {
    /// Sets a timer. One of the same name that has not fired goes on under a name of its own: both will fire, and only
    /// the later can be cancelled by name, as in XState.
    pub(crate) fn set_timer(
        &mut self,
        name: String,
        due: chrono::DateTime<chrono::Utc>,
        owner: Option<StateId>,
        event: Value,
    ) -> Result<(), Failure> {
        if let Some(old) = self.memo.timers.remove(&name) {
            self.memo.timers.insert(format!("{name}~{}", old.id), old);
        }
        let id = self.next_id()?;
        self.commands.push(Command::SetTimer { id, name: name.clone(), due });
        let state = owner.map(|owner| self.chart.state(owner).path.clone());
        self.memo.timers.insert(name, OpenTimer { id, due, state, event });
        Ok(())
    }

    pub(crate) fn cancel_timer(&mut self, name: String, id: crate::command::CommandId) {
        if !self.take_back(id) {
            self.commands.push(Command::CancelTimer { timer: id, name });
        }
    }

    fn cancel_step(&mut self, invoke: String, step: &OpenStep) {
        if self.take_back(step.id) {
            return;
        }
        self.commands.push(match step.kind.starts_with("workflow:") {
            true => Command::CancelChild { child: step.id, invoke },
            false => Command::CancelStep { step: step.id, invoke },
        });
    }

    /// Cancels every timer, step and child.
    pub(crate) fn drop_everything(&mut self) {
        for (name, timer) in std::mem::take(&mut self.memo.timers) {
            self.cancel_timer(name, timer.id);
        }
        for (invoke, step) in std::mem::take(&mut self.memo.steps) {
            self.cancel_step(invoke, &step);
        }
        self.memo.deferred.clear();
    }

    /// Asks again, under an id of its own, for what an open step asked for; its input is computed anew. The result of the
    /// old one, should it come, is not waited for any more.
    pub(crate) fn invoke_again(&mut self, id: &str, open: &OpenStep) -> Result<(), Failure> {
        let chart = self.chart;
        let mut owners = (0..).map(StateId).zip(&chart.states);
        let invoke =
            owners.find(|(_, state)| state.path == open.state).and_then(|(owner, state)| {
                Some((owner, state.invokes.iter().find(|invoke| invoke.id == id)?))
            });
        let Some((owner, invoke)) = invoke else {
            let message = format!("the state `{}` does not invoke `{id}` any more", open.state);
            return Err(Failure::new("configuration", message));
        };
        self.memo.steps.remove(id);
        self.invoke(invoke, owner)
    }

    fn invoke(&mut self, invoke: &Invoke, owner: StateId) -> Result<(), Failure> {
        let input = self.map(&invoke.input, owner)?;
        let id = self.next_id()?;
        let state = self.chart.state(owner).path.clone();
        let (command, kind, is_awaited) = match &invoke.source {
            Source::Kind(kind) => {
                let policy = invoke.policy.clone();
                let invoke = invoke.id.clone();
                (
                    Command::RunStep { id, invoke, kind: kind.clone(), input, policy },
                    kind.clone(),
                    true,
                )
            }
            Source::Workflow { name, detach } => {
                let (invoke, workflow) = (invoke.id.clone(), name.clone());
                let command = Command::StartChild { id, invoke, workflow, input, detach: *detach };
                (command, format!("workflow:{name}"), !detach)
            }
        };
        self.commands.push(command);
        if is_awaited {
            self.memo.steps.insert(invoke.id.clone(), OpenStep { id, state, kind });
        } else {
            // A detached child is done as soon as it is asked for.
            let done = format!("xstate.done.actor.{}", invoke.id);
            self.queue.push_back(json!({ "type": done, "actorId": invoke.id, "output": null }));
        }
        Ok(())
    }

    /// Runs actions in order.
    pub(crate) fn execute(&mut self, actions: &[Action], owner: StateId) -> Result<(), Failure> {
        for action in actions {
            self.execute_one(action, owner)?;
        }
        Ok(())
    }

    fn execute_one(&mut self, action: &Action, owner: StateId) -> Result<(), Failure> {
        match action {
            Action::Assign(assignments) => self.assign(assignments, owner),
            Action::Raise { event, delay, id } => {
                let event = self.map(event, owner)?;
                let Some(delay) = delay else {
                    self.queue.push_back(event);
                    return Ok(());
                };
                let due = self.due(delay, owner)?;
                let name = id.clone().unwrap_or_else(|| {
                    let kind = event.get("type").and_then(Value::as_str).unwrap_or_default();
                    format!("{kind}#{}.{}", self.seq, self.commands.len())
                });
                self.set_timer(name, due, None, event)
            }
            Action::Cancel { id } => {
                let name = self.map(id, owner)?;
                let name = name.as_str().unwrap_or_default().to_owned();
                if let Some(timer) = self.memo.timers.remove(&name) {
                    self.cancel_timer(name, timer.id);
                }
                Ok(())
            }
            Action::Emit { event } => {
                let event = self.map(event, owner)?;
                self.commands.push(Command::Emit { event });
                Ok(())
            }
            Action::Log { message } => {
                let message = self.map(message, owner)?;
                self.commands.push(Command::Log { message });
                Ok(())
            }
            Action::With { params, actions } => {
                let params = self.map(params, owner)?;
                let outer = std::mem::replace(&mut self.params, params);
                let done = self.execute(actions, owner);
                self.params = outer;
                done
            }
        }
    }

    /// All values are computed from the context before, then written.
    fn assign(
        &mut self,
        assignments: &[(Vec<String>, Mapper)],
        owner: StateId,
    ) -> Result<(), Failure> {
        let values: Vec<_> = assignments
            .iter()
            .map(|(_, mapper)| self.map(mapper, owner))
            .collect::<Result<_, _>>()?;
        let context = self.context_mut();
        for ((path, _), value) in assignments.iter().zip(values) {
            set_path(context, path, value);
        }
        Ok(())
    }
}

/// Writes at a path, making objects on the way; whatever is not an object there gives way.
fn set_path(target: &mut Value, path: &[String], value: Value) {
    let Some((first, rest)) = path.split_first() else {
        *target = value;
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    if let Some(map) = target.as_object_mut() {
        set_path(map.entry(first.clone()).or_insert(Value::Null), rest, value);
    }
}
