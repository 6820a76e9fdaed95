//! The mode of a conversation, as a fixed machine: who answers, and whether anybody may write at all.
//!
//! Driven like `machine::life`: without entry actions, through [`statig::blocking::StateExt::handle`], which only asks a
//! state what it answers.
//!
//! **Invariant:** from `opted_out` only the person's own START leads back.

use serde::{Deserialize, Serialize};
use statig::{blocking::StateExt, prelude::*};

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Workflows do.
    Bot,
    /// A person does; workflows wait.
    Human,
    /// Nobody; workflows wait.
    Paused,
    /// Nobody may: the customer said STOP.
    OptedOut,
}

/// What can happen to a mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModeChange {
    /// The customer wants no more messages.
    Stop,
    /// The customer wants messages again.
    Start,
    /// A person answers from here on.
    TakeOver,
    /// The person is done.
    HandBack,
    /// Workflows wait.
    Pause,
    /// Workflows go on.
    Resume,
}

impl Mode {
    /// As stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bot => "bot",
            Self::Human => "human",
            Self::Paused => "paused",
            Self::OptedOut => "opted_out",
        }
    }

    /// The mode with this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Bot, Self::Human, Self::Paused, Self::OptedOut]
            .into_iter()
            .find(|m| m.name() == name)
    }
}

#[derive(Default)]
struct Rules;

#[state_machine(
    initial = "State::bot()",
    state(derive(Debug, Clone, PartialEq)),
    visibility = "pub(crate)"
)]
impl Rules {
    #[superstate]
    fn reachable(event: &ModeChange) -> Outcome<State> {
        match event {
            ModeChange::Stop => Transition(State::opted_out()),
            ModeChange::TakeOver => Transition(State::human()),
            _ => Super,
        }
    }

    #[state(superstate = "reachable")]
    fn bot(event: &ModeChange) -> Outcome<State> {
        match event {
            ModeChange::Pause => Transition(State::paused()),
            _ => Super,
        }
    }

    #[state(superstate = "reachable")]
    fn human(event: &ModeChange) -> Outcome<State> {
        match event {
            ModeChange::HandBack => Transition(State::bot()),
            _ => Super,
        }
    }

    #[state(superstate = "reachable")]
    fn paused(event: &ModeChange) -> Outcome<State> {
        match event {
            ModeChange::Resume => Transition(State::bot()),
            _ => Super,
        }
    }

    #[state]
    fn opted_out(event: &ModeChange) -> Outcome<State> {
        match event {
            ModeChange::Start => Transition(State::bot()),
            _ => Super,
        }
    }
}

/// The mode after a change, or `None` when the change is not possible from here.
pub fn next(mode: Mode, change: ModeChange) -> Option<Mode> {
    let mut state = match mode {
        Mode::Bot => State::bot(),
        Mode::Human => State::human(),
        Mode::Paused => State::paused(),
        Mode::OptedOut => State::opted_out(),
    };
    match state.handle(&mut Rules, &change, &mut ()) {
        Transition(State::Bot {}) => Some(Mode::Bot),
        Transition(State::Human {}) => Some(Mode::Human),
        Transition(State::Paused {}) => Some(Mode::Paused),
        Transition(State::OptedOut {}) => Some(Mode::OptedOut),
        Handled | Super => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn every_change_from_every_mode() {
        let changes = [
            ModeChange::Stop,
            ModeChange::Start,
            ModeChange::TakeOver,
            ModeChange::HandBack,
            ModeChange::Pause,
            ModeChange::Resume,
        ];
        let mut table = String::new();
        for mode in [Mode::Bot, Mode::Human, Mode::Paused, Mode::OptedOut] {
            assert_eq!(Mode::named(mode.name()), Some(mode));
            for change in changes {
                if let Some(after) = next(mode, change) {
                    table.push_str(&format!("{mode:?} --{change:?}--> {after:?}\n"));
                }
            }
        }
        expect![[r#"
            Bot --Stop--> OptedOut
            Bot --TakeOver--> Human
            Bot --Pause--> Paused
            Human --Stop--> OptedOut
            Human --TakeOver--> Human
            Human --HandBack--> Bot
            Paused --Stop--> OptedOut
            Paused --TakeOver--> Human
            Paused --Resume--> Bot
            OptedOut --Start--> Bot
        "#]]
        .assert_eq(&table);
    }
}
