//! Steps and children: asked for when their state is entered, dropped when it is left.

use crate::{
    command::{Command, CommandId},
    part::{Part, part_of},
    run::{Failure, Run},
    size::json_bytes,
    state::{OpenStep, Purpose},
};
use serde_json::{Value, json};
use workflows::{
    chart::{Invoke, Policy, Source, StateId},
    limits,
};

/// What is asked for: a node kind, or a child that is waited for.
pub(crate) struct Ask<'a> {
    /// The id its result names.
    pub(crate) id: String,
    /// Node kind, or `workflow:<name>`.
    pub(crate) kind: String,
    pub(crate) input: Value,
    pub(crate) policy: &'a Policy,
    /// Path of the invoking state.
    pub(crate) state: String,
}

impl Run<'_> {
    /// Asks for what an invoke of a state just entered runs.
    pub(crate) fn invoke(&mut self, invoke: &Invoke, owner: StateId) -> Result<(), Failure> {
        let state = self.chart.state(owner).path.clone();
        match (&invoke.source, &invoke.each) {
            (Source::Compensate, _) => {
                if !self.begin_compensation(&invoke.id, Purpose::Invoke { state })? {
                    self.queue.push_back(done(&invoke.id, Value::Null));
                }
                Ok(())
            }
            (_, Some(each)) => self.begin_each(invoke, each, owner),
            (Source::Workflow { name, detach: true }, None) => {
                let input = self.map(&invoke.input, owner)?;
                let child = self.start_detached(invoke.id.clone(), name, input)?;
                // Nobody waits for it: it is done as soon as it is asked for.
                self.queue.push_back(done(&invoke.id, child));
                Ok(())
            }
            (source, None) => {
                let input = self.map(&invoke.input, owner)?;
                let (id, kind) = (invoke.id.clone(), kind_of(source));
                self.ask(Ask { id, kind, input, policy: &invoke.policy, state })
            }
        }
    }

    /// Asks for a step or an awaited child.
    pub(crate) fn ask(&mut self, ask: Ask<'_>) -> Result<(), Failure> {
        let id = self.next_id()?;
        let Ask { id: invoke, kind, input, policy, state } = ask;
        self.weigh(&invoke, &input)?;
        let command = match kind.strip_prefix("workflow:") {
            Some(name) => {
                self.count_child()?;
                let (invoke, workflow) = (invoke.clone(), name.to_owned());
                Command::StartChild { id, invoke, workflow, input, detach: false }
            }
            None => {
                let (invoke, policy) = (invoke.clone(), policy.clone());
                Command::RunStep { id, invoke, kind: kind.clone(), input, policy }
            }
        };
        self.commands.push(command);
        self.memo_mut().steps.insert(invoke, OpenStep { id, state, kind });
        Ok(())
    }

    /// Starts a child nobody waits for; what comes back names it, so that it can be addressed later.
    pub(crate) fn start_detached(
        &mut self,
        invoke: String,
        name: &str,
        input: Value,
    ) -> Result<Value, Failure> {
        let id: CommandId = self.next_id()?;
        self.weigh(&invoke, &input)?;
        self.count_child()?;
        let workflow = name.to_owned();
        self.commands.push(Command::StartChild { id, invoke, workflow, input, detach: true });
        Ok(json!({ "child": id }))
    }

    /// Weighs what a step or child is given against the bounds of one input and of one turn.
    fn weigh(&mut self, invoke: &str, input: &Value) -> Result<(), Failure> {
        let bytes = json_bytes(input);
        self.input_bytes += bytes;
        let (of, bytes, most) = match bytes > limits::STEP_INPUT_BYTES_MAX {
            true => (format!("the input of `{invoke}` has"), bytes, limits::STEP_INPUT_BYTES_MAX),
            false if self.input_bytes > limits::TURN_INPUT_BYTES_MAX => {
                let of = "the inputs of all steps of one turn have together".to_owned();
                (of, self.input_bytes, limits::TURN_INPUT_BYTES_MAX)
            }
            false => return Ok(()),
        };
        let message = format!(
            "{of} about {} KiB, and {} KiB are the most; give it less of the context, or an address where the rest is",
            bytes / 1024,
            most / 1024
        );
        Err(Failure::new("input-size", message))
    }

    /// Counts one more child against the bound of the instance.
    fn count_child(&mut self) -> Result<(), Failure> {
        self.memo_mut().children += 1;
        if self.memo.children > limits::CHILDREN_MAX {
            let message =
                format!("it has started {} children, as many as it may", limits::CHILDREN_MAX);
            return Err(Failure::new("children", message));
        }
        Ok(())
    }

    /// Asks again, under an id of its own, for what an open step asked for; its input is computed anew. The result of the
    /// old one, should it come, is not waited for any more.
    pub(crate) fn invoke_again(&mut self, id: &str, open: &OpenStep) -> Result<(), Failure> {
        let part = part_of(&self.memo, id);
        if matches!(part, Part::Undo) {
            self.memo_mut().steps.remove(id);
            return self.ask_undo();
        }
        let whole = match &part {
            Part::Item { invoke, .. } => invoke.as_str(),
            Part::Whole | Part::Undo => id,
        };
        let chart = self.chart;
        let owner = chart.at(&open.state);
        let found = owner.and_then(|owner| {
            let invokes = &chart.state(owner).invokes;
            Some((owner, invokes.iter().find(|invoke| invoke.id == whole)?))
        });
        let Some((owner, invoke)) = found else {
            let message = format!("the state `{}` does not invoke `{whole}` any more", open.state);
            return Err(Failure::new("configuration", message));
        };
        self.memo_mut().steps.remove(id);
        match (part, &invoke.each) {
            (Part::Item { index, .. }, Some(each)) => self.start_item(invoke, each, owner, index),
            _ => self.invoke(invoke, owner),
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

    /// Cancels the open steps that `belongs` names.
    pub(crate) fn cancel_steps(&mut self, belongs: impl Fn(&str, &OpenStep) -> bool) {
        let steps = std::mem::take(&mut self.memo_mut().steps);
        for (invoke, step) in steps {
            if belongs(&invoke, &step) {
                self.cancel_step(invoke, &step);
            } else {
                self.memo_mut().steps.insert(invoke, step);
            }
        }
    }

    /// Drops the timers, open steps and everything else that belongs to a state being left.
    pub(crate) fn release(&mut self, id: StateId) {
        let path = self.chart.state(id).path.as_str();
        self.cancel_timers_of(path);
        self.cancel_steps(|_, step| step.state == path);
        self.memo_mut().each.retain(|_, each| each.state != path);
        self.memo_mut().inputs.remove(path);
        self.leave_compensation(Some(path));
    }

    /// Cancels every timer, step and child. Undo steps stay registered.
    pub(crate) fn drop_everything(&mut self) {
        for (name, timer) in std::mem::take(&mut self.memo_mut().timers) {
            self.cancel_timer(name, timer.id);
        }
        self.cancel_steps(|_, _| true);
        self.memo_mut().deferred.clear();
        self.memo_mut().each.clear();
        self.memo_mut().inputs.clear();
        self.leave_compensation(None);
    }
}

/// The event that tells that an invoke is done.
pub(crate) fn done(invoke: &str, output: Value) -> Value {
    json!({ "type": format!("xstate.done.actor.{invoke}"), "actorId": invoke, "output": output })
}

/// The event that tells that it has failed.
pub(crate) fn failed(invoke: &str, error: Value) -> Value {
    json!({ "type": format!("xstate.error.actor.{invoke}"), "actorId": invoke, "error": error })
}

/// A source as an open step names it.
pub(crate) fn kind_of(source: &Source) -> String {
    match source {
        Source::Kind(kind) => kind.clone(),
        Source::Workflow { name, .. } => format!("workflow:{name}"),
        Source::Compensate => "@perdure.compensate".to_owned(),
    }
}
