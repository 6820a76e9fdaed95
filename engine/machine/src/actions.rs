//! Actions: what a transition, an entry or an exit does besides moving.

use crate::{
    command::Command,
    run::{Failure, Run},
};
use serde_json::{Value, json};
use workflows::chart::{Action, Mapper, StateId};

impl Run<'_> {
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
                if let Some(timer) = self.memo_mut().timers.remove(&name) {
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
            Action::Undo(undo) => self.register(undo, owner),
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
