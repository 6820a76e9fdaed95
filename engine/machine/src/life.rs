//! The life of an instance, as a fixed machine. What an event of the workflow may do is the workflow's matter; what an
//! end, an incident or an ops verb may do is decided here, for every workflow alike.
//!
//! `statig` runs entry actions of a restored state again when its own driver is used, so this machine has none, and is
//! driven through [`statig::blocking::StateExt::handle`], which only asks a state what it answers.

use crate::state::Life;
use statig::{blocking::StateExt, prelude::*};

/// What can happen to a life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A step gave up, or a turn failed.
    Incident,
    /// Ops: try again.
    Retry,
    /// Ops: hold everything.
    Suspend,
    /// Ops: go on.
    Resume,
    /// A final state was reached.
    Complete,
    /// A final state that means failure was reached.
    Fail,
    /// Ops: end it.
    Cancel,
    /// Ops: run the undo steps, and then end it.
    Compensate,
}

#[derive(Default)]
struct Rules;

#[state_machine(
    initial = "State::active()",
    state(derive(Debug, Clone, PartialEq)),
    visibility = "pub(crate)"
)]
impl Rules {
    #[superstate]
    fn living(event: &Change) -> Outcome<State> {
        match event {
            Change::Suspend => Transition(State::suspended()),
            Change::Cancel => Transition(State::cancelled()),
            Change::Compensate => Transition(State::active()),
            _ => Super,
        }
    }

    #[state(superstate = "living")]
    fn active(event: &Change) -> Outcome<State> {
        match event {
            Change::Incident => Transition(State::stuck()),
            Change::Complete => Transition(State::completed()),
            Change::Fail => Transition(State::failed()),
            _ => Super,
        }
    }

    #[state(superstate = "living")]
    fn stuck(event: &Change) -> Outcome<State> {
        match event {
            Change::Retry => Transition(State::active()),
            _ => Super,
        }
    }

    #[state(superstate = "living")]
    fn suspended(event: &Change) -> Outcome<State> {
        match event {
            Change::Resume => Transition(State::active()),
            _ => Super,
        }
    }

    #[state]
    fn completed(event: &Change) -> Outcome<State> {
        let _ = event;
        Super
    }

    #[state]
    fn failed(event: &Change) -> Outcome<State> {
        let _ = event;
        Super
    }

    #[state]
    fn cancelled(event: &Change) -> Outcome<State> {
        let _ = event;
        Super
    }
}

/// The life after a change, or `None` when the change is not possible from here.
pub fn next(life: Life, change: Change) -> Option<Life> {
    let mut state = match life {
        Life::Active => State::active(),
        Life::Stuck => State::stuck(),
        Life::Suspended => State::suspended(),
        Life::Completed => State::completed(),
        Life::Failed => State::failed(),
        Life::Cancelled => State::cancelled(),
    };
    match state.handle(&mut Rules, &change, &mut ()) {
        Transition(State::Active {}) => Some(Life::Active),
        Transition(State::Stuck {}) => Some(Life::Stuck),
        Transition(State::Suspended {}) => Some(Life::Suspended),
        Transition(State::Completed {}) => Some(Life::Completed),
        Transition(State::Failed {}) => Some(Life::Failed),
        Transition(State::Cancelled {}) => Some(Life::Cancelled),
        Handled | Super => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn every_change_from_every_life() {
        let lives = [
            Life::Active,
            Life::Stuck,
            Life::Suspended,
            Life::Completed,
            Life::Failed,
            Life::Cancelled,
        ];
        let changes = [
            Change::Incident,
            Change::Retry,
            Change::Suspend,
            Change::Resume,
            Change::Complete,
            Change::Fail,
            Change::Cancel,
            Change::Compensate,
        ];
        let mut table = String::new();
        for life in lives {
            for change in changes {
                if let Some(after) = next(life, change) {
                    table.push_str(&format!("{life:?} --{change:?}--> {after:?}\n"));
                }
            }
        }
        expect![[r#"
            Active --Incident--> Stuck
            Active --Suspend--> Suspended
            Active --Complete--> Completed
            Active --Fail--> Failed
            Active --Cancel--> Cancelled
            Active --Compensate--> Active
            Stuck --Retry--> Active
            Stuck --Suspend--> Suspended
            Stuck --Cancel--> Cancelled
            Stuck --Compensate--> Active
            Suspended --Suspend--> Suspended
            Suspended --Resume--> Active
            Suspended --Cancel--> Cancelled
            Suspended --Compensate--> Active
        "#]]
        .assert_eq(&table);
    }
}
