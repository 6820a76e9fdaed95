//! How the graph would run: what is never reached, what spins without waiting, and which messages come too late.
//!
//! **Invariant:** every walk is a work list over indices with a bounded number of visits, whatever the graph looks like.

use super::{
    model::{Graph, Node, Unwired},
    timing::{Timing, timing},
};
use crate::{diagnostic::Diagnostic, kinds};
use std::collections::{BTreeMap, VecDeque};

/// After this long without a message of the customer, only templates are delivered (24 hours).
const WINDOW_MS: i64 = 24 * 3_600 * 1_000;
/// A node whose silence grew this often lies in a loop that adds to it.
const GROWTHS_MAX: u32 = 64;
/// Loops told of in one upload; a graph with more is not read to the end anyway.
const LOOPS_MAX: usize = 20;
/// Nodes of a loop that are named.
const NAMED_MAX: usize = 6;

pub(super) fn check(graph: &Graph<'_>, out: &mut Vec<Diagnostic>) {
    let flow = Flow::new(graph);
    if let Some(entry) = graph.entry {
        let silence = flow.silence(entry);
        check_reach(graph, &silence, out);
        check_window(graph, &silence, out);
    }
    let instant = |node: &Node<'_>| matches!(node.kind(), "if" | "switch" | "set");
    let restless = |node: &Node<'_>| {
        instant(node)
            || node.kind() == "call"
            || node.spec.is_some_and(|spec| spec.effect.is_some())
    };
    for nodes in flow.loops(instant) {
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
    let is_told = |nodes: &[usize]| nodes.iter().all(|n| instant(&graph.nodes[*n]));
    for nodes in flow.loops(restless).into_iter().filter(|nodes| !is_told(nodes)) {
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
    let members = graph.members();
    for (index, node) in graph.nodes.iter().enumerate() {
        let is_frame = node.kind() == "group" && !members.contains_key(&Some(index));
        if silence[index].is_none() && node.kind() != "trigger" && !is_frame {
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

struct Flow<'a> {
    graph: &'a Graph<'a>,
    /// The first member of each group.
    first: BTreeMap<usize, usize>,
}

impl<'a> Flow<'a> {
    fn new(graph: &'a Graph<'a>) -> Self {
        let first = (graph.members().into_iter())
            .filter_map(|(group, members)| Some((group?, graph.first_of(&members)?)))
            .collect();
        Self { graph, first }
    }

    /// Where a node leads by itself, that is without the edges of the groups around it.
    fn next(&self, index: usize) -> Vec<(Silence, usize)> {
        let node = &self.graph.nodes[index];
        if let Some(first) = self.first.get(&index) {
            return vec![(Silence::Grows(0), *first)];
        }
        let mut next: Vec<_> =
            node.exits.iter().map(|(handle, target)| (silence(node, handle), *target)).collect();
        let falls_through = match node.kind() {
            "end" => self.graph.home(index).is_some(),
            "fail" => false,
            _ => kinds::exits(node).iter().any(|exit| {
                exit.unwired == Unwired::Ends && !node.exits.contains_key(exit.name.as_str())
            }),
        };
        if let Some(beyond) = self.graph.beyond(index).filter(|_| falls_through) {
            next.push((Silence::Grows(0), beyond));
        }
        next
    }

    /// For each node that is reached, the longest the customer may have been silent by then, up to the window.
    fn silence(&self, entry: usize) -> Vec<Option<i64>> {
        let mut found: Vec<Option<i64>> = vec![None; self.graph.nodes.len()];
        let mut growths = vec![0u32; found.len()];
        let mut work = VecDeque::from([(entry, 0)]);
        while let Some((index, ms)) = work.pop_front() {
            // Capped before it is compared: beyond the window nothing grows, so the walk ends.
            let ms = if growths[index] >= GROWTHS_MAX { WINDOW_MS } else { ms.min(WINDOW_MS) };
            if found[index].is_some_and(|known| known >= ms) {
                continue;
            }
            growths[index] += 1;
            found[index] = Some(ms);
            for (silence, target) in self.next(index) {
                work.push_back((target, after(silence, ms)));
            }
            for group in self.graph.groups(index) {
                let node = &self.graph.nodes[group];
                for (handle, target) in
                    node.exits.iter().filter(|(handle, _)| **handle != "default")
                {
                    work.push_back((*target, after(silence(node, handle), ms)));
                }
            }
        }
        // Whoever is in a group has reached it, without having begun where the group begins.
        for index in 0..found.len() {
            if found[index].is_some() {
                for group in self.graph.groups(index) {
                    found[group] = found[group].or(Some(0));
                }
            }
        }
        found
    }

    /// Loops through nodes of one sort, each found once. What neither begins nor ends in a loop is peeled off first.
    fn loops(&self, is_of_sort: impl Fn(&Node<'_>) -> bool) -> Vec<Vec<usize>> {
        let nodes = &self.graph.nodes;
        let is_of_sort = |n: usize| is_of_sort(&nodes[n]) || nodes[n].kind() == "group";
        let mut left: Vec<bool> = (0..nodes.len()).map(is_of_sort).collect();
        let next: Vec<Vec<usize>> = (0..nodes.len())
            .map(|n| self.next(n).into_iter().map(|(_, target)| target).collect())
            .collect();
        let mut loops = Vec::new();
        while loops.len() < LOOPS_MAX {
            peel(&next, &mut left);
            let Some(start) = left.iter().position(|is_left| *is_left) else { break };
            let found = follow(&next, &left, start);
            for node in &found {
                left[*node] = false;
            }
            loops.push(found);
        }
        loops
    }
}

/// Removes, again and again, every node that leads to none of those left.
fn peel(next: &[Vec<usize>], left: &mut [bool]) {
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); next.len()];
    let mut n_next = vec![0usize; next.len()];
    for (node, targets) in next.iter().enumerate().filter(|(node, _)| left[*node]) {
        for target in targets.iter().filter(|target| left[**target]) {
            before[*target].push(node);
            n_next[node] += 1;
        }
    }
    let mut work: Vec<usize> = (0..next.len()).filter(|n| left[*n] && n_next[*n] == 0).collect();
    while let Some(node) = work.pop() {
        left[node] = false;
        for source in &before[node] {
            n_next[*source] -= 1;
            if n_next[*source] == 0 {
                work.push(*source);
            }
        }
    }
}

/// Walks from `start`, where every node left leads to another one left, until a node comes again.
fn follow(next: &[Vec<usize>], left: &[bool], start: usize) -> Vec<usize> {
    let mut path = Vec::new();
    let mut place = vec![None; next.len()];
    let mut node = start;
    loop {
        if let Some(begin) = place[node] {
            return path.split_off(begin);
        }
        place[node] = Some(path.len());
        path.push(node);
        match next[node].iter().find(|target| left[**target]) {
            Some(target) => node = *target,
            None => return path,
        }
    }
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
        ("ask" | "wait" | "group", "timeout") | ("delay", _) => Silence::Grows(fixed.unwrap_or(0)),
        ("ask", _) | ("group", "message") => Silence::Broken,
        ("wait", _) if node.text("event") == "message" => Silence::Broken,
        ("wait", _) => Silence::Grows(fixed.unwrap_or(WINDOW_MS)),
        // A date in somebody's calendar is usually days away.
        ("until", _) => Silence::Grows(WINDOW_MS),
        _ => Silence::Grows(0),
    }
}
