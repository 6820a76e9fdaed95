//! Undo steps: what a step leads to by `undo` is run to take it back when the workflow fails, is cancelled, or reaches a
//! `compensate` node. It is a step kept in reserve, and no state of the workflow.

use super::model::{Graph, Node};
use crate::diagnostic::Diagnostic;
use std::collections::BTreeSet;

/// Marks the steps that take others back. What cannot is marked too, unless it is used as an ordinary node as well.
pub(super) fn mark(graph: &mut Graph<'_>) {
    let led_to: BTreeSet<usize> = graph.nodes.iter().flat_map(Node::targets).collect();
    for index in 0..graph.nodes.len() {
        if let Some((target, _)) = graph.nodes[index].undo
            && (graph.nodes[target].acts() || !led_to.contains(&target))
        {
            graph.nodes[target].is_undo = true;
        }
    }
}

/// Checks how they are wired: by `undo` alone, and with nothing behind them.
pub(super) fn check(graph: &Graph<'_>, out: &mut Vec<Diagnostic>) {
    for node in &graph.nodes {
        if let Some((target, edge)) = node.undo
            && !graph.nodes[target].acts()
        {
            let (id, target) = (node.id, &graph.nodes[target]);
            let message = format!(
                "`{id}` cannot be undone by `{}`: a node of kind `{}` does nothing outside the workflow",
                target.id,
                target.kind()
            );
            out.push(
                Diagnostic::error("undo-target", graph.edge_pointer(edge), message)
                    .on(id)
                    .help("Lead `undo` to a step that takes it back, e.g. an `http.request`, or to a `call`."),
            );
        }
        let wired = node.exits.iter().map(|(handle, to)| (node.edges.get(handle), *to));
        let branches = node.branches.iter().map(|wire| (Some(&wire.edge), wire.target));
        for (edge, to) in wired.chain(branches) {
            let at = edge.map_or_else(|| node.pointer.clone(), |edge| graph.edge_pointer(*edge));
            if node.is_undo {
                out.push(followed(node.id, at));
            } else if graph.nodes[to].is_undo {
                let to = graph.nodes[to].id;
                let message = format!(
                    "`{to}` takes a step back, and the edge from `{}` leads to it as to any other step",
                    node.id
                );
                out.push(Diagnostic::error("undo-shared", at, message).on(node.id).help(
                    "Remove the edge, or make a second node of it: one for the way there, one for the way back.",
                ));
            }
        }
        if let Some((_, edge)) = node.undo.filter(|_| node.is_undo) {
            out.push(followed(node.id, graph.edge_pointer(edge)));
        }
    }
}

fn followed(id: &str, at: String) -> Diagnostic {
    let message = format!("`{id}` takes a step back, and nothing can follow it");
    Diagnostic::error("undo-exits", at, message).on(id).help(
        "Remove the edge. Steps are taken back one after the other, the last first, and what comes then is drawn behind the `compensate` node.",
    )
}
