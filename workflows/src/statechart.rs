//! Machine JSON to [`Chart`]: XState's v6 `MachineJSON`, which a v5 config without functions also is.
//!
//! Two passes: [`outline`] walks the states and gives each its index, path and id; then every state's transitions, actions
//! and invokes are read, with targets resolved against the outline. What XState does with a form, this does; what cannot
//! run here (`@code`, functions, `onSnapshot`) is refused by name.
//!
//! **Invariant:** a chart is returned only when no error was found, so a chart is always legal.

mod action;
mod each;
mod ids;
mod inputs;
mod invoke;
mod outline;
mod route;
mod state;
mod transition;
mod undo;
mod value;

use crate::{
    chart::{Chart, Mapper, StateId},
    diagnostic::{Diagnostic, pointer_token},
    expr::TypeEnv,
    json::Json,
    limits, verify,
};
use outline::Outline;
use serde_json::{Value, json};
use std::borrow::Cow;

/// Reads a machine config found at pointer `at` of the upload. `name` stands in for a missing machine id. With types that
/// are trusting, only what a legal chart needs is looked at.
pub fn parse(
    machine: &Json,
    at: &str,
    name: &str,
    types: &TypeEnv,
) -> (Option<Chart>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let outline = outline::walk(machine, at, name, &mut diagnostics);
    if outline.states.len() > limits::STATES_MAX {
        diagnostics.push(
            Diagnostic::error(
                "too-many-states",
                at,
                format!("{} states, and {} are the most", outline.states.len(), limits::STATES_MAX),
            )
            .help("split the workflow and call one part from the other"),
        );
        return (None, diagnostics);
    }
    let states = outline.states.iter().flat_map(|state| [state.id.clone(), state.path.clone()]);
    let is_trusting = types.is_trusting();
    let types = Cow::Owned(types.clone().with_states(states));
    let mut parser = Parser { machine, at, outline, types, diagnostics, transitions: 0 };
    let chart = parser.chart();
    let mut diagnostics = parser.diagnostics;
    if diagnostics.iter().any(Diagnostic::is_error) {
        return (None, diagnostics);
    }
    if is_trusting {
        return (Some(chart), diagnostics);
    }
    verify::structure(&chart, &mut diagnostics);
    let is_legal = !diagnostics.iter().any(Diagnostic::is_error);
    (is_legal.then_some(chart), diagnostics)
}

/// What the second pass works with.
struct Parser<'a> {
    machine: &'a Json,
    at: &'a str,
    outline: Outline<'a>,
    /// The names expressions see where the parser is.
    types: Cow<'a, TypeEnv>,
    diagnostics: Vec<Diagnostic>,
    transitions: usize,
}

impl<'a> Parser<'a> {
    fn chart(&mut self) -> Chart {
        self.open_input();
        let context = match self.machine.get("context") {
            Some(context) => self.mapper(context, &format!("{}/context", self.at), false),
            None => Mapper::Literal(json!({})),
        };
        self.check_context(&context);
        let mut states: Vec<_> =
            (0..self.outline.states.len()).map(|index| self.state(index)).collect();
        self.routes(&mut states);
        self.invoke_ids(&states);
        self.named_parts();
        if self.transitions > limits::TRANSITIONS_MAX {
            self.error(
                "too-many-transitions",
                self.at,
                format!(
                    "{} transitions, and {} are the most",
                    self.transitions,
                    limits::TRANSITIONS_MAX
                ),
            );
        }
        Chart::new(states, context)
    }

    fn check_context(&mut self, context: &Mapper) {
        if matches!(context, Mapper::Literal(value) if !value.is_object()) {
            let pointer = format!("{}/context", self.at);
            self.error(
                "context-shape",
                &pointer,
                "the context must be an object, like {\"name\": \"\"}",
            );
        }
    }

    /// Named guards and actions are read where they are used; those never used are read here, so that a mistake in them
    /// is found too.
    fn named_parts(&mut self) {
        for (name, guard) in self.machine.get("guards").map_or(&[][..], Json::entries) {
            let pointer = format!("{}/guards/{}", self.at, pointer_token(name));
            self.with_params(|parser| parser.named_guard_body(guard, &pointer));
        }
        for (name, action) in self.machine.get("actions").map_or(&[][..], Json::entries) {
            let pointer = format!("{}/actions/{}", self.at, pointer_token(name));
            self.with_params(|parser| parser.actions(Some(action), &pointer));
        }
        for (name, delay) in self.machine.get("delays").map_or(&[][..], Json::entries) {
            let pointer = format!("{}/delays/{}", self.at, pointer_token(name));
            self.delay_value(delay, &pointer);
        }
        self.dedupe();
    }

    /// A named part used twice is read twice; its problems are told once.
    fn dedupe(&mut self) {
        let mut seen = std::collections::HashSet::new();
        self.diagnostics.retain(|d| seen.insert((d.code, d.pointer.clone(), d.message.clone())));
    }

    fn error(&mut self, code: &'static str, pointer: &str, message: impl Into<String>) {
        let node = self.outline.node_at(pointer);
        let diagnostic = Diagnostic::error(code, pointer, message);
        self.diagnostics.push(match node {
            Some(node) => diagnostic.on(node),
            None => diagnostic,
        });
    }

    fn error_with_help(&mut self, code: &'static str, pointer: &str, message: String, help: &str) {
        self.error(code, pointer, message);
        if let Some(last) = self.diagnostics.last_mut() {
            last.help = Some(help.to_owned());
        }
    }
}

/// The builder node a state was lowered from: its `meta.node`.
fn node_of(meta: &Value) -> Option<String> {
    meta.get("node").and_then(Value::as_str).map(str::to_owned)
}

/// A state id from an arena index, which `STATES_MAX` keeps small.
fn state_id(index: usize) -> StateId {
    StateId(u32::try_from(index).unwrap_or(u32::MAX))
}
