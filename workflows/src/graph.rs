//! A React Flow graph to machine JSON, with every problem of the graph on its node.
//!
//! Read ([`read`]), check the data of each node ([`fields`]), find the branches of forks ([`structure`]), check how nodes
//! are wired ([`wiring`], [`undo`]) and how it would run ([`flow`] over [`ways`]), and lower: each node by its kind
//! ([`emit`]), all together in [`assemble`]. A node becomes a state of the same id; a handle becomes a transition.
//!
//! **Invariant:** a machine is returned for whatever could be read, so that one mistake does not hide the next; with an
//! error among the diagnostics it must not run.
//! **Invariant:** nothing here recurses along edges or parents, so a graph of any shape fits the stack.

mod assemble;
pub(crate) mod emit;
mod fields;
mod flow;
pub(crate) mod model;
mod opening;
mod options;
mod policy;
mod read;
pub(crate) mod render;
mod structure;
mod timing;
mod undo;
mod ways;
mod weights;
mod wiring;

pub(crate) use fields::Checker;

use crate::{diagnostic::Diagnostic, expr::TypeEnv, json::Json, kinds};
use serde_json::{Map, Value};

/// A lowered graph.
#[derive(Debug, Clone)]
pub struct Lowered {
    /// Machine JSON, without the definition's initial context. Its states stand in the order of the graph's nodes, but
    /// for ids that are numbers, which JavaScript would put first.
    pub machine: Json,
    /// The data of each trigger node, with its place in the upload.
    pub triggers: Vec<(Value, String)>,
    /// Every problem found.
    pub diagnostics: Vec<Diagnostic>,
}

/// Lowers a React Flow object (`toObject()` of version 11 or 12) found at pointer `at` of the upload.
///
/// A graph without a trigger node gets the error `no-entry`; if one node alone has no edge leading to it, the machine
/// starts there all the same, so a caller that has triggers from elsewhere may drop that diagnostic.
pub fn lower(graph: &Value, at: &str, name: &str) -> Lowered {
    lower_with(graph, at, name, &TypeEnv::standard())
}

/// The same, where expressions are checked against what is known of the names in scope.
pub(crate) fn lower_with(graph: &Value, at: &str, name: &str, types: &TypeEnv) -> Lowered {
    let mut diagnostics = Vec::new();
    let mut graph = read::read(graph, at, &mut diagnostics);
    for node in &graph.nodes {
        fields::check_node(node, types, &mut diagnostics);
    }
    undo::mark(&mut graph);
    let problems = structure::analyse(&mut graph);
    graph.entry = wiring::check(&graph, &mut diagnostics);
    diagnostics.extend(problems);
    undo::check(&graph, &mut diagnostics);
    flow::check(&graph, &mut diagnostics);
    let triggers = (graph.nodes.iter())
        .filter(|node| node.kind() == "trigger")
        .map(|node| (emit::trigger(node), format!("{}/data", node.pointer)))
        .collect();
    Lowered { machine: assemble::machine(&graph, name), triggers, diagnostics }
}

/// Checks a trigger of a definition file as if it stood in a trigger node.
pub(crate) fn check_trigger(trigger: &Map<String, Value>, at: &str, out: &mut Vec<Diagnostic>) {
    if let Some(spec) = kinds::find("trigger") {
        Checker::new(at, None, &TypeEnv::standard(), out).check(spec, trigger);
    }
}
