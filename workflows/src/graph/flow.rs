//! How the graph would run: what is never reached, what spins without waiting, and which messages come too late.
//!
//! **Invariant:** every walk is a work list over indices with a bounded number of visits, whatever the graph looks like.

use super::{
    model::{Frame, Graph, Node},
    timing::{Timing, timing},
    ways::Ways,
};
use crate::diagnostic::Diagnostic;
use std::collections::VecDeque;

/// After this long without a message of the customer, only templates are delivered (24 hours).
const WINDOW_MS: i64 = 24 * 3_600 * 1_000;
/// A node whose silence grew this often lies in a loop that adds to it.
const GROWTHS_MAX: u32 = 64;
/// Nodes of a loop that are named.
const NAMED_MAX: usize = 6;

pub(super) fn check(graph: &Graph<'_>, out: &mut Vec<Diagnostic>) {
    let ways = Ways::new(graph);
    if let Some(entry) = graph.entry {
        let silence = silences(graph, &ways, entry);
        check_reach(graph, &silence, out);
        check_window(graph, &silence, out);
    }
    check_loops(graph, &ways, out);
}

fn check_loops(graph: &Graph<'_>, ways: &Ways<'_, '_>, out: &mut Vec<Diagnostic>) {
    for nodes in ways.loops(|index| ways.is_instant(index)) {
        let first = &graph.nodes[nodes[0]];
        let message = format!(
            "{} lead to one another and none of them waits, so the workflow would spin",
            names(graph, &nodes)
        );
        out.push(
            first
                .error("eventless-loop", "", message)
                .help("Put an `ask`, a `wait` or a `delay` into the loop."),
        );
    }
    let is_restless = |index: usize| {
        let node = &graph.nodes[index];
        ways.is_instant(index)
            || node.acts()
            || matches!(node.kind(), "map" | "compensate" | "fork" | "hours")
    };
    let is_told = |nodes: &[usize]| nodes.iter().all(|n| ways.is_instant(*n));
    for nodes in ways.loops(is_restless).into_iter().filter(|nodes| !is_told(nodes)) {
        let first = &graph.nodes[nodes[0]];
        let message = format!(
            "{} are repeated without waiting for anything in between",
            names(graph, &nodes)
        );
        out.push(
            first
                .warning("busy-loop", "", message)
                .help("Put an `ask`, a `wait` or a `delay` into the loop."),
        );
    }
}

fn check_reach(graph: &Graph<'_>, silence: &[Option<i64>], out: &mut Vec<Diagnostic>) {
    for (index, node) in graph.nodes.iter().enumerate().filter(|(index, _)| graph.is_state(*index))
    {
        let is_frame =
            node.kind() == "group" && graph.members(Some(Frame::Container(index))).is_empty();
        if silence[index].is_none() && !is_frame {
            let message = format!("nothing leads to `{}`, so it is never reached", node.id);
            out.push(
                node.warning("unreachable", "", message).help("Draw an edge to it, or remove it."),
            );
        }
    }
}

fn check_window(graph: &Graph<'_>, silence: &[Option<i64>], out: &mut Vec<Diagnostic>) {
    for (index, node) in graph.nodes.iter().enumerate() {
        let is_free_form = matches!(
            node.kind(),
            "send.text" | "send.buttons" | "send.list" | "send.media" | "ask"
        );
        if is_free_form && silence[index].is_some_and(|ms| ms >= WINDOW_MS) {
            let message = format!(
                "when `{}` is reached the customer may not have written for 24 hours, and then WhatsApp refuses this message",
                node.id
            );
            out.push(
                node.warning("window", "", message)
                    .help("Send an approved template with `send.template`, and go on when the customer answers."),
            );
        }
    }
}

fn names(graph: &Graph<'_>, nodes: &[usize]) -> String {
    let mut names: Vec<String> =
        nodes.iter().take(NAMED_MAX).map(|n| format!("`{}`", graph.nodes[*n].id)).collect();
    if nodes.len() > NAMED_MAX {
        names.push(format!("{} more", nodes.len() - NAMED_MAX));
    }
    names.join(", ")
}

/// What going by an edge does to the time since the customer last wrote.
#[derive(Debug, Clone, Copy)]
enum Silence {
    Broken,
    Grows(i64),
}

/// For each node that is reached, the longest the customer may have been silent by then, up to the window.
///
/// The places beyond the nodes stand for being inside a group: all its members lead there, and its edges leave from it.
fn silences(graph: &Graph<'_>, ways: &Ways<'_, '_>, entry: usize) -> Vec<Option<i64>> {
    let n_nodes = graph.nodes.len();
    let mut found: Vec<Option<i64>> = vec![None; n_nodes * 2];
    let mut growths = vec![0u32; found.len()];
    let mut work = VecDeque::from([(entry, 0)]);
    while let Some((place, ms)) = work.pop_front() {
        // Capped before it is compared: beyond the window nothing grows, so the walk ends.
        let ms = if growths[place] >= GROWTHS_MAX { WINDOW_MS } else { ms.min(WINDOW_MS) };
        if found[place].is_some_and(|known| known >= ms) {
            continue;
        }
        growths[place] += 1;
        found[place] = Some(ms);
        let index = place % n_nodes;
        let node = &graph.nodes[index];
        if place == index {
            let next = ways.next(index).into_iter();
            work.extend(next.map(|(handle, target)| (target, after(silence(node, handle), ms))));
        } else {
            let exits = node.exits.iter().filter(|(handle, _)| **handle != "default");
            work.extend(exits.map(|(handle, to)| (*to, after(silence(node, handle), ms))));
        }
        // Whoever is in a group may leave it by its edges.
        work.extend(node.group.map(|group| (n_nodes + group, ms)));
    }
    // Whoever is in a group or a fork has reached it, without having begun where it begins.
    for index in 0..n_nodes {
        if found[index].is_some() {
            for frame in graph.frames(index) {
                let around = match frame {
                    Frame::Container(container) => container,
                    Frame::Branch(branch) => graph.structure.branches[branch].fork,
                };
                found[around] = found[around].or(Some(0));
            }
        }
    }
    found.truncate(n_nodes);
    found
}

fn after(silence: Silence, ms: i64) -> i64 {
    match silence {
        Silence::Broken => 0,
        Silence::Grows(by) => ms.saturating_add(by),
    }
}

fn silence(node: &Node<'_>, handle: &str) -> Silence {
    // A computed time may be anything; only what is surely long is warned about.
    let fixed = match timing(node) {
        Some(Timing::Fixed(ms)) => Some(ms.max(0)),
        _ => None,
    };
    match (node.kind(), handle) {
        ("ask", "error") => Silence::Grows(0),
        ("ask" | "wait" | "wait.webhook" | "approval" | "group", "timeout") | ("delay", _) => {
            Silence::Grows(fixed.unwrap_or(0))
        }
        ("ask", _) | ("group", "message") => Silence::Broken,
        ("wait", _) if node.text("event") == "message" => Silence::Broken,
        ("wait" | "wait.webhook" | "approval", _) => Silence::Grows(fixed.unwrap_or(WINDOW_MS)),
        // A date in somebody's calendar is usually days away, and so may be the next opening.
        ("until" | "schedule" | "hours", _) => Silence::Grows(WINDOW_MS),
        _ => Silence::Grows(0),
    }
}
