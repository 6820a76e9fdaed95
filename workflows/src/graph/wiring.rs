//! How nodes are wired: every handle known, every exit that matters wired, one place to begin.

use super::model::{Exit, Frame, Graph, Lead, Node, Unwired};
use crate::{diagnostic::Diagnostic, kinds, suggest};
use std::collections::BTreeSet;

/// Checks every node, and returns where an instance begins.
pub(super) fn check(graph: &Graph<'_>, out: &mut Vec<Diagnostic>) -> Option<usize> {
    let targets: BTreeSet<usize> = graph.nodes.iter().flat_map(Node::targets).collect();
    for (index, node) in graph.nodes.iter().enumerate() {
        // What is told of an undo step is told with the others.
        if node.spec.is_none() || node.is_undo {
            continue;
        }
        let exits = kinds::exits(node);
        check_handles(graph, node, &exits, out);
        check_unwired(graph, index, &exits, out);
        check_timeout(graph, index, out);
        let is_empty =
            node.is_container() && graph.members(Some(Frame::Container(index))).is_empty();
        if is_empty && targets.contains(&index) {
            let (kind, id) = (node.kind(), node.id);
            let message = format!("an edge leads to the {kind} `{id}`, and nothing is in it");
            out.push(
                node.error("empty-group", "", message)
                    .help("Put nodes into it, or lead the edge past it."),
            );
        }
    }
    find_entry(graph, out)
}

fn check_handles(graph: &Graph<'_>, node: &Node<'_>, exits: &[Exit], out: &mut Vec<Diagnostic>) {
    // A group also leaves by any event, and a fork has as many exits as it has branches.
    if matches!(node.kind(), "group" | "fork") {
        return;
    }
    let known: BTreeSet<&str> = exits.iter().map(|exit| exit.name.as_str()).collect();
    for (handle, edge) in node.edges.iter().filter(|(handle, _)| !known.contains(**handle)) {
        let pointer = format!("{}/sourceHandle", graph.edge_pointer(*edge));
        let message = match *handle {
            _ if exits.is_empty() => {
                format!("nothing can follow `{}`: it ends the workflow", node.id)
            }
            "default" => format!("an edge leaves `{}` without saying by which exit", node.id),
            "undo" => {
                format!("`{}` does nothing outside the workflow that could be undone", node.id)
            }
            handle => format!("`{}` has no exit called `{handle}`", node.id),
        };
        let help = match exits.is_empty() || *handle == "undo" {
            true => "Remove the edge.".to_owned(),
            false => suggest::help(handle, exits.iter().map(|exit| exit.name.as_str())),
        };
        out.push(Diagnostic::error("unknown-handle", pointer, message).on(node.id).help(help));
    }
}

fn check_unwired(graph: &Graph<'_>, index: usize, exits: &[Exit], out: &mut Vec<Diagnostic>) {
    let node = &graph.nodes[index];
    for exit in exits.iter().filter(|exit| !node.edges.contains_key(exit.name.as_str())) {
        let (id, name) = (node.id, &exit.name);
        match exit.unwired {
            Unwired::Error => out.push(
                node.error("unwired-handle", "", format!("no edge leaves `{id}` by `{name}`"))
                    .help(format!(
                        "Draw an edge from `{name}` to the node that comes next, e.g. an `end`."
                    )),
            ),
            Unwired::Ends => dead_end(graph, index, name, out),
            Unwired::Nothing => {}
        }
    }
}

/// In a group that goes on, and in a loop, a dead end is how they are drawn.
fn dead_end(graph: &Graph<'_>, index: usize, name: &str, out: &mut Vec<Diagnostic>) {
    let node = &graph.nodes[index];
    let (consequence, help) = match graph.beyond(index) {
        Lead::End => ("so the workflow ends there", "If that is meant, lead it to an `end` node."),
        Lead::Join(_) => (
            "so this branch of the fork is done there",
            "If that is meant, lead it to the `join` of the fork.",
        ),
        Lead::Node(_) | Lead::Round(_) => return,
    };
    let message = format!("nothing follows `{}` by `{name}`, {consequence}", node.id);
    out.push(node.warning("dead-end", "", message).help(help));
}

fn check_timeout(graph: &Graph<'_>, index: usize, out: &mut Vec<Diagnostic>) {
    let node = &graph.nodes[index];
    let waits = matches!(node.kind(), "ask" | "wait" | "wait.webhook" | "approval");
    if !waits && node.kind() != "group" || node.field("timeout").is_some() {
        return;
    }
    if node.exits.contains_key("timeout") {
        let message =
            format!("`{}` has no `timeout`, so its `timeout` exit is never taken", node.id);
        out.push(
            node.warning("no-timeout", "/data/timeout", message)
                .help("Say how long to wait, e.g. 30m."),
        );
        return;
    }
    let is_bounded = graph.groups(index).any(|group| graph.nodes[group].field("timeout").is_some());
    if waits && !is_bounded {
        let message = format!("`{}` waits for ever if nothing comes", node.id);
        out.push(
            node.warning("no-timeout", "/data/timeout", message)
                .help("Say how long to wait, e.g. \"timeout\": \"30m\", and lead the `timeout` exit somewhere."),
        );
    }
}

fn find_entry(graph: &Graph<'_>, out: &mut Vec<Diagnostic>) -> Option<usize> {
    let triggers: Vec<&Node<'_>> = graph.nodes.iter().filter(|n| n.kind() == "trigger").collect();
    let mut starts = triggers.iter().filter_map(|t| Some((*t, *t.exits.get("default")?)));
    if let Some((first, entry)) = starts.next() {
        for (other, target) in starts.filter(|(_, target)| *target != entry) {
            let message = format!(
                "the triggers `{}` and `{}` lead to different nodes, `{}` and `{}`, and a workflow begins in one place",
                first.id, other.id, graph.nodes[entry].id, graph.nodes[target].id
            );
            out.push(other.error("two-entries", "", message).help(
                "Lead both to the same node and part there with a `switch`, or make two workflows.",
            ));
        }
        return Some(entry);
    }
    let targets: BTreeSet<usize> = (graph.nodes.iter().enumerate())
        .flat_map(|(index, node)| node.targets().filter(move |t| *t != index))
        .collect();
    let mut roots = (0..graph.nodes.len()).filter(|index| {
        let node = &graph.nodes[*index];
        graph.is_state(*index) && node.group.is_none() && !targets.contains(index)
    });
    let root = roots.next();
    let root = root.filter(|_| roots.next().is_none());
    // An unwired trigger has been told of already.
    if triggers.is_empty() {
        let at = format!("{}/nodes", graph.pointer);
        let help = match root {
            Some(root) => {
                format!("Add a `trigger` node and lead it to `{}`.", graph.nodes[root].id)
            }
            None => {
                "Add a `trigger` node and lead it to the node where a customer begins.".to_owned()
            }
        };
        let message = "nothing starts this workflow: the graph has no trigger";
        out.push(Diagnostic::error("no-entry", at, message).help(help));
    }
    root
}
