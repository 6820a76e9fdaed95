//! Compensation: the registered undo steps, last first, one after the other.
//!
//! It is asked for by an invoke of `@perdure.compensate`, by a final state that means failure, or by `ops.cancel` with
//! `compensate`. In the last two cases the workflow has ended when it begins: no state takes an event any more, so timers do
//! not exist, and events of the outside are dropped, on record, until the last undo step has been settled.
//!
//! **Invariant:** an undo step is forgotten when it is settled, and not before: one that was under way when its state was
//! left is registered again.

use crate::{
    command::Command,
    invoke::{Ask, kind_of},
    life::Change,
    run::{Failure, Run},
    state::{Compensation, Purpose, UndoStep},
};
use workflows::{
    chart::{StateId, Undo},
    limits,
};

/// Stands for the invoke where the instance itself compensates.
const INVOKE: &str = "compensate";

impl Run<'_> {
    /// `@perdure.undo`.
    pub(crate) fn register(&mut self, undo: &Undo, owner: StateId) -> Result<(), Failure> {
        let input = self.map(&undo.input, owner)?;
        if self.memo.undo.len() >= limits::UNDO_MAX {
            let message =
                format!("{} undo steps are registered, the most there may be", limits::UNDO_MAX);
            let state = Some(self.chart.state(owner).path.clone());
            return Err(Failure { state, ..Failure::new("undo", message) });
        }
        let (id, kind, policy) = (undo.id.clone(), kind_of(&undo.source), undo.policy.clone());
        let name = id.clone().unwrap_or_else(|| kind.clone());
        self.memo_mut().undo.push(UndoStep { id, kind, input, policy });
        self.check_kept(&name)
    }

    /// Starts the undo step that was registered last; false when there is none. A failure if another compensation is under
    /// way: the two would take each other's steps.
    pub(crate) fn begin_compensation(
        &mut self,
        invoke: &str,
        purpose: Purpose,
    ) -> Result<bool, Failure> {
        if let Some(other) = &self.memo.compensation {
            let message = format!("`{invoke}` would compensate while `{}` does", other.invoke);
            return Err(Failure::new("compensation", message));
        }
        let Some(running) = self.memo_mut().undo.pop() else { return Ok(false) };
        let invoke = invoke.to_owned();
        let compensation = Compensation { invoke, purpose, number: 1, running };
        self.memo_mut().compensation = Some(Box::new(compensation));
        self.ask_undo()?;
        Ok(true)
    }

    /// Asks for the undo step whose turn it is.
    pub(crate) fn ask_undo(&mut self) -> Result<(), Failure> {
        let Some(compensation) = self.memo.compensation.clone() else { return Ok(()) };
        let (id, running) = (compensation.step(), &compensation.running);
        let state = match &compensation.purpose {
            Purpose::Invoke { state } => state.clone(),
            Purpose::Fail { .. } | Purpose::Cancel { .. } => String::new(),
        };
        let (kind, input) = (running.kind.clone(), running.input.clone());
        self.ask(Ask { id, kind, input, policy: &running.policy, state })
    }

    /// The undo step that ran has been settled: the next one's turn, or what the compensation was for.
    pub(crate) fn undone(&mut self) -> Result<Option<Compensation>, Failure> {
        let Some(mut compensation) = self.memo_mut().compensation.take() else { return Ok(None) };
        let Some(next) = self.memo_mut().undo.pop() else { return Ok(Some(*compensation)) };
        compensation.running = next;
        compensation.number += 1;
        self.memo_mut().compensation = Some(compensation);
        self.ask_undo()?;
        Ok(None)
    }

    /// Gives a compensation up, that of a state or any: the step under way has not taken anything back for certain.
    pub(crate) fn leave_compensation(&mut self, of: Option<&str>) {
        let left =
            self.memo_mut().compensation.take_if(|compensation| match &compensation.purpose {
                Purpose::Invoke { state } => of.is_none_or(|of| of == state),
                Purpose::Fail { .. } | Purpose::Cancel { .. } => of.is_none(),
            });
        self.memo_mut().undo.extend(left.map(|compensation| compensation.running));
    }

    /// Whether the workflow has ended and its undo steps are being run.
    pub(crate) fn is_ending(&self) -> bool {
        self.memo.compensation.as_ref().is_some_and(|over| over.is_ending())
    }

    /// Ends the instance: after its undo steps, or at once when it has none.
    pub(crate) fn end_compensated(&mut self, purpose: Purpose) -> Result<(), Failure> {
        if !self.begin_compensation(INVOKE, purpose.clone())? {
            self.end_with(purpose);
        }
        Ok(())
    }

    /// Ends the instance.
    pub(crate) fn end_with(&mut self, purpose: Purpose) {
        match purpose {
            Purpose::Invoke { .. } => {}
            Purpose::Fail { error } => {
                self.memo_mut().result = Some(error.clone());
                self.commands.push(Command::Fail { error });
                self.over = Some(Change::Fail);
            }
            Purpose::Cancel { result } => {
                self.memo_mut().result = Some(result);
                self.over = Some(Change::Cancel);
            }
        }
    }
}
