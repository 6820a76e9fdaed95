//! Scenarios: what a workflow is meant to do, written beside it, and played on the pure machine in virtual time.
//!
//! A scenario is a script: lines that act (`start`, `say`, `press`, `send`, `wait`, `step`) and lines that expect. The
//! form is told in the README; [`read`] refuses what it does not know, [`Scenario::run`] plays it.
//!
//! **Invariant:** the same scenario on the same definition gives the same result: time is virtual, nothing is called.
//! **Invariant:** a run is bounded by [`TURNS_MAX`], whatever the workflow does.

mod check;
mod compare;
mod expect;
mod failure;
mod form;
mod names;
mod play;
mod read;
mod read_expect;
pub mod record;
mod transcript;

pub use check::{UPLOAD_SCENARIOS_MAX, UPLOAD_TURNS_MAX, check, checked};
pub use failure::Failure;
pub use transcript::Entry;

use chrono::{DateTime, Utc};
use form::{Given, Line};
use serde_json::{Map, Value};
use workflows::{definition::Definition, diagnostic::Diagnostic};

/// Most scenarios beside one workflow.
pub const SCENARIOS_MAX: usize = 1_000;
/// Most lines of one script.
pub const LINES_MAX: usize = 1_000;
/// Most turns of one run; a scenario that wants more runs in circles.
pub const TURNS_MAX: usize = 100_000;

/// One scenario without mistakes.
#[derive(Debug, Clone)]
pub struct Scenario {
    name: String,
    pointer: String,
    at: DateTime<Utc>,
    given: Given,
    /// The message that starts it, empty for a start without one; with the place of that line.
    start: (Map<String, Value>, String),
    script: Vec<Line>,
}

impl Scenario {
    /// Its name, unique beside its workflow.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Plays it. `defers` is whether unhandled events follow the definition's policy, as for a simulation. The first
    /// thing that is not as expected ends the run.
    pub fn run(&self, definition: &Definition, defers: bool) -> Result<(), Box<Failure>> {
        play::play(self, definition, defers)
    }
}

/// Reads scenarios, given with their JSON pointers, for a definition: those without mistakes, and every mistake of the
/// others, with a code that begins with `scenario-`.
pub fn read(
    definition: &Definition,
    tests: &[(Value, String)],
) -> (Vec<Scenario>, Vec<Diagnostic>) {
    read::read(definition, tests)
}
