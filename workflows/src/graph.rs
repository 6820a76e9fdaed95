//! A React Flow graph to machine JSON, with every problem of the graph on its node.
//!
//! Read ([`read`]), check the data of each node ([`fields`]), check how they are wired ([`wiring`]), check how it would
//! run ([`flow`]), and lower ([`emit`]). A node becomes a state of the same id; a handle becomes a transition.
//!
//! **Invariant:** a machine is returned for whatever could be read, so that one mistake does not hide the next; with an
//! error among the diagnostics it must not run.
//! **Invariant:** nothing here recurses along edges or parents, so a graph of any shape fits the stack.

pub(crate) mod emit;
mod fields;
mod flow;
pub(crate) mod model;
mod options;
mod policy;
mod read;
pub(crate) mod render;
mod timing;
mod wiring;

pub(crate) use fields::Checker;

use crate::{diagnostic::Diagnostic, expr::TypeEnv, kinds};
use serde_json::{Map, Value};

/// A lowered graph.
#[derive(Debug, Clone)]
pub struct Lowered {
    /// Machine JSON, without the definition's initial context.
    pub machine: Value,
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
    let types = TypeEnv::standard();
    let mut diagnostics = Vec::new();
    let mut graph = read::read(graph, at, &mut diagnostics);
    for node in &graph.nodes {
        fields::check_node(node, &types, &mut diagnostics);
    }
    graph.entry = wiring::check(&graph, &mut diagnostics);
    flow::check(&graph, &mut diagnostics);
    let triggers = (graph.nodes.iter())
        .filter(|node| node.kind() == "trigger")
        .map(|node| (emit::trigger(node), format!("{}/data", node.pointer)))
        .collect();
    Lowered { machine: emit::machine(&graph, name), triggers, diagnostics }
}

/// Checks a trigger of a definition file as if it stood in a trigger node.
pub(crate) fn check_trigger(trigger: &Map<String, Value>, at: &str, out: &mut Vec<Diagnostic>) {
    if let Some(spec) = kinds::find("trigger") {
        Checker::new(at, None, &TypeEnv::standard(), out).check(spec, trigger);
    }
}
