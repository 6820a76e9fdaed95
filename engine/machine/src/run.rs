//! One turn in the making: the working copy of an instance while an event is applied.
//!
//! **Invariant:** a failure leaves nothing behind: [`Run::mark`] and [`Run::rollback`] bracket every event.

use crate::{
    command::{Command, CommandId},
    configuration,
    life::Change,
    state::{Memo, State},
    state_set::StateSet,
};
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::{cell::Cell, collections::VecDeque, sync::Arc};
use workflows::{
    chart::{Chart, StateId},
    definition::Definition,
    limits,
};

/// Why an event could not be applied. Becomes the instance's incident.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) state: Option<String>,
    pub(crate) step: Option<String>,
}

impl Failure {
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), state: None, step: None }
    }
}

/// The working copy.
pub(crate) struct Run<'d> {
    pub(crate) definition: &'d Definition,
    pub(crate) chart: &'d Chart,
    pub(crate) seq: u64,
    pub(crate) at: DateTime<Utc>,
    pub(crate) active: StateSet,
    pub(crate) memo: Arc<Memo>,
    pub(crate) context: Arc<Value>,
    pub(crate) commands: Vec<Command>,
    /// Raised events of the macrostep.
    pub(crate) queue: VecDeque<Value>,
    /// The event expressions see.
    pub(crate) event: Value,
    /// Parameters of the named action or guard being run.
    pub(crate) params: Value,
    /// The item whose input is being computed.
    pub(crate) item: Option<Item>,
    pub(crate) draws: Cell<u32>,
    /// What all evaluations of the turn may still use together.
    pub(crate) fuel: Cell<u64>,
    /// What one evaluation may use.
    pub(crate) fuel_of_one: u64,
    pub(crate) microsteps: usize,
    /// Set when a top-level final state was entered: `(output, failed)`.
    pub(crate) finished: Option<(Value, bool)>,
    /// Set when the life of the instance ends with this event.
    pub(crate) over: Option<Change>,
    /// Bumped by every assignment, so that an eventless transition that changes nothing is not taken for ever.
    pub(crate) assignments: u64,
    next_index: u32,
    /// What the steps of this turn were given so far, in bytes, also those taken back.
    pub(crate) input_bytes: usize,
    context_before: Option<Arc<Value>>,
}

/// Where to go back to.
pub(crate) struct Mark {
    active: StateSet,
    memo: Arc<Memo>,
    commands: Vec<Command>,
    finished: Option<(Value, bool)>,
    over: Option<Change>,
}

/// An item of an `each`, as its input sees it.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// What the input calls it.
    pub(crate) name: String,
    pub(crate) value: Value,
    pub(crate) index: u32,
}

impl<'d> Run<'d> {
    /// Takes a state apart. Fails when its configuration is not legal in this definition.
    pub(crate) fn new(
        definition: &'d Definition,
        state: State,
        at: DateTime<Utc>,
    ) -> Result<Self, (Box<State>, Failure)> {
        let active = match configuration::load(&definition.chart, &state.configuration) {
            Ok(active) => active,
            Err(failure) => return Err((Box::new(state), failure)),
        };
        Ok(Self {
            definition,
            chart: &definition.chart,
            seq: state.seq + 1,
            at,
            active,
            memo: state.memo,
            context: state.context,
            commands: Vec::with_capacity(1),
            queue: VecDeque::new(),
            event: Value::Null,
            params: Value::Null,
            item: None,
            draws: Cell::new(0),
            fuel: Cell::new(limits::TURN_FUEL),
            fuel_of_one: limits::EXPRESSION_FUEL,
            microsteps: 0,
            finished: None,
            over: None,
            assignments: 0,
            next_index: 0,
            input_bytes: 0,
            context_before: None,
        })
    }

    /// Remembers where things stand.
    pub(crate) fn mark(&mut self) -> Mark {
        self.context_before = None;
        Mark {
            active: self.active.clone(),
            memo: self.memo.clone(),
            commands: self.commands.clone(),
            finished: self.finished.clone(),
            over: self.over,
        }
    }

    /// Undoes everything since the mark.
    pub(crate) fn rollback(&mut self, mark: Mark) {
        self.active = mark.active;
        self.memo = mark.memo;
        self.commands = mark.commands;
        self.finished = mark.finished;
        self.over = mark.over;
        self.item = None;
        self.queue.clear();
        if let Some(context) = self.context_before.take() {
            self.context = context;
        }
    }

    /// The bookkeeping, about to be changed.
    pub(crate) fn memo_mut(&mut self) -> &mut Memo {
        Arc::make_mut(&mut self.memo)
    }

    /// The context, about to be changed.
    pub(crate) fn context_mut(&mut self) -> &mut Value {
        self.assignments += 1;
        if self.context_before.is_none() {
            self.context_before = Some(self.context.clone());
        }
        Arc::make_mut(&mut self.context)
    }

    /// The id of the next command. Ids are never reused in a turn, not even those of commands taken back.
    pub(crate) fn next_id(&mut self) -> Result<CommandId, Failure> {
        let id = CommandId { seq: self.seq, index: self.next_index };
        self.next_index += 1;
        if id.index as usize >= limits::COMMANDS_MAX {
            let message = format!("one event led to more than {} commands", limits::COMMANDS_MAX);
            return Err(Failure::new("commands", message));
        }
        Ok(id)
    }

    /// Takes back a command of this very turn; false when it was issued by an earlier one.
    pub(crate) fn take_back(&mut self, id: CommandId) -> bool {
        if id.seq != self.seq {
            return false;
        }
        self.commands.retain(|command| match command {
            Command::RunStep { id: own, .. }
            | Command::SetTimer { id: own, .. }
            | Command::StartChild { id: own, .. } => *own != id,
            _ => true,
        });
        true
    }

    /// Counts one microstep against the bound of the turn.
    pub(crate) fn count_microstep(&mut self) -> Result<(), Failure> {
        self.microsteps += 1;
        if self.microsteps > limits::MICROSTEPS_MAX {
            return Err(Failure::new(
                "microsteps",
                format!(
                    "one event led to more than {} steps without waiting: a loop",
                    limits::MICROSTEPS_MAX
                ),
            ));
        }
        Ok(())
    }

    /// Whether a state is active.
    pub(crate) fn is_active(&self, id: StateId) -> bool {
        self.active.contains(id)
    }
}
