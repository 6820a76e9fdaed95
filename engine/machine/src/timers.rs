//! Timers: set, taken over, cancelled.

use crate::{
    command::{Command, CommandId},
    due::Due,
    run::{Failure, Run},
    state::OpenTimer,
};
use serde_json::Value;
use workflows::chart::StateId;

impl Run<'_> {
    /// Sets a timer. One of the same name that has not fired goes on under a name of its own: both will fire, and only
    /// the later can be cancelled by name, as in XState.
    pub(crate) fn set_timer(
        &mut self,
        name: String,
        due: Due,
        owner: Option<StateId>,
        event: Value,
    ) -> Result<(), Failure> {
        if let Some(old) = self.memo_mut().timers.remove(&name) {
            self.memo_mut().timers.insert(format!("{name}~{}", old.id), old);
        }
        let id = self.next_id()?;
        let Due { at: due, rule } = due;
        self.commands.push(Command::SetTimer { id, name: name.clone(), due });
        let state = owner.map(|owner| self.chart.state(owner).path.clone());
        self.memo_mut().timers.insert(name, OpenTimer { id, due, state, event, rule });
        Ok(())
    }

    /// Drops the timers that belong to a state.
    pub(crate) fn cancel_timers_of(&mut self, path: &str) {
        let timers = std::mem::take(&mut self.memo_mut().timers);
        for (name, timer) in timers {
            if timer.state.as_deref() == Some(path) {
                self.cancel_timer(name, timer.id);
            } else {
                self.memo_mut().timers.insert(name, timer);
            }
        }
    }

    pub(crate) fn cancel_timer(&mut self, name: String, id: CommandId) {
        if !self.take_back(id) {
            self.commands.push(Command::CancelTimer { timer: id, name });
        }
    }
}
