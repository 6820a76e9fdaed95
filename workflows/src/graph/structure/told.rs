//! What is wrong with forks, joins and loops, in words.

use super::level::{Crossing, Levels, Step};
use crate::{
    diagnostic::Diagnostic,
    graph::model::{Frame, Graph},
    limits::GROUP_DEPTH_MAX,
};
use std::collections::{BTreeMap, BTreeSet};

fn on_edge(graph: &Graph<'_>, code: &'static str, step: &Step, message: String) -> Diagnostic {
    Diagnostic::error(code, graph.edge_pointer(step.edge), message).on(graph.nodes[step.from].id)
}

fn fork_of<'a>(graph: &Graph<'a>, branch: usize) -> &'a str {
    graph.nodes[graph.structure.branches[branch].fork].id
}

/// Whether `inner` lies in `outer`, or is it.
fn is_within(graph: &Graph<'_>, inner: usize, outer: usize) -> bool {
    let branches = &graph.structure.branches;
    std::iter::successors(Some(inner), |branch| branches[*branch].outer).any(|b| b == outer)
}

/// An edge from one branch to a node that lies in another, or in none.
pub(super) fn misled(
    graph: &Graph<'_>,
    step: &Step,
    from: Option<usize>,
    to: Option<usize>,
) -> Diagnostic {
    let (source, target) = (graph.nodes[step.from].id, graph.nodes[step.to].id);
    match (from, to) {
        (Some(from), to) if to.is_none_or(|to| is_within(graph, from, to)) => {
            escape(graph, step, from)
        }
        (from, Some(to)) if from.is_none_or(|from| is_within(graph, to, from)) => {
            entry(graph, step, to)
        }
        _ => on_edge(
            graph,
            "fork-crossing",
            step,
            format!(
                "the edge from `{source}` to `{target}` leads from one branch of a fork into another"
            ),
        )
        .help("Branches run side by side and meet only in their join: lead it there, or give each branch nodes of its own."),
    }
}

fn escape(graph: &Graph<'_>, step: &Step, from: usize) -> Diagnostic {
    let (source, target) = (graph.nodes[step.from].id, graph.nodes[step.to].id);
    let fork = fork_of(graph, from);
    let message = format!(
        "the edge from `{source}` to `{target}` leaves a branch of the fork `{fork}` past its join"
    );
    on_edge(graph, "fork-escape", step, message).help(
        "The other branches would go on without it. Lead it to the join, and decide after it with an `if`; or to an `end` or `fail`, which stop them all.",
    )
}

fn entry(graph: &Graph<'_>, step: &Step, to: usize) -> Diagnostic {
    let (source, target) = (graph.nodes[step.from].id, graph.nodes[step.to].id);
    let fork = fork_of(graph, to);
    let message = format!(
        "the edge from `{source}` to `{target}` leads into a branch of the fork `{fork}` from outside"
    );
    on_edge(graph, "fork-entry", step, message)
        .help(format!("The other branches would not have begun. Lead it to `{fork}`."))
}

/// What came to `index`, the first node of a branch, before the fork did: an edge, or else the workflow begins there.
pub(super) fn intrusion(
    graph: &Graph<'_>,
    first: &Step,
    index: usize,
    branch: Option<usize>,
) -> Diagnostic {
    let is_edge = first.branch.is_none();
    match branch.filter(|_| is_edge) {
        Some(branch) => entry(graph, first, branch),
        None => {
            let (node, fork) = (&graph.nodes[index], graph.nodes[first.from].id);
            let message = format!(
                "the workflow begins at `{}`, inside a branch of the fork `{fork}`",
                node.id
            );
            node.error("fork-entry", "", message).help(format!(
                "The other branches would not have begun. Begin at `{fork}`, or before it."
            ))
        }
    }
}

pub(super) fn two_joins(graph: &Graph<'_>, fork: usize, join: usize, step: &Step) -> Diagnostic {
    let (fork, first, second) =
        (graph.nodes[fork].id, graph.nodes[join].id, graph.nodes[step.head].id);
    let message = format!(
        "the branches of the fork `{fork}` meet in two joins, `{first}` and `{second}`, so neither of them would ever be complete"
    );
    on_edge(graph, "fork-joins", step, message)
        .help(format!("Lead all its branches to `{first}`. A fork inside a branch needs a join of its own, inside that branch."))
}

pub(super) fn two_forks(graph: &Graph<'_>, fork: usize, other: usize, step: &Step) -> Diagnostic {
    let (fork, other, join) =
        (graph.nodes[fork].id, graph.nodes[other].id, graph.nodes[step.head].id);
    let message = format!("the join `{join}` is shared by the forks `{other}` and `{fork}`");
    on_edge(graph, "join-shared", step, message).help(format!("Give `{fork}` a join of its own."))
}

/// Edges over the border of a group or loop, where that is also the border of a branch or the start of a round.
pub(super) fn crossings(graph: &Graph<'_>, levels: &Levels, out: &mut Vec<Diagnostic>) {
    let mut is_told = BTreeSet::new();
    let branch_at = |crossing: &Crossing| graph.structure.branch_of[crossing.inside];
    for crossing in &levels.leaving {
        let step = &crossing.step;
        let is_fork = crossing.inside == step.from && step.branch.is_some();
        if is_fork && is_told.insert(step.edge) {
            let (fork, target) = (graph.nodes[step.from].id, graph.nodes[step.to].id);
            let message = format!(
                "the edge from the fork `{fork}` to `{target}` leaves the group the fork is in"
            );
            out.push(on_edge(graph, "fork-escape", step, message).help(
                "A fork, its branches and its join lie in one group. Move the fork out of it, or the branch into it.",
            ));
        } else if let Some(branch) = branch_at(crossing)
            && !is_final(graph, step.to)
            && is_told.insert(step.edge)
        {
            out.push(escape(graph, step, branch));
        }
    }
    for crossing in &levels.entering {
        let step = &crossing.step;
        let container = graph.nodes[crossing.inside].group;
        if let Some(branch) = branch_at(crossing)
            && is_told.insert(step.edge)
        {
            out.push(entry(graph, step, branch));
        } else if let Some(around) = container.filter(|c| graph.nodes[*c].kind() == "loop")
            && !is_final(graph, crossing.inside)
            && is_told.insert(step.edge)
        {
            let (source, target, around) =
                (graph.nodes[step.from].id, graph.nodes[step.to].id, graph.nodes[around].id);
            let message = format!(
                "the edge from `{source}` to `{target}` leads into the loop `{around}` from outside, where no round has begun"
            );
            out.push(
                on_edge(graph, "loop-entry", step, message)
                    .help(format!("Lead it to `{around}` itself.")),
            );
        }
    }
}

fn is_final(graph: &Graph<'_>, index: usize) -> bool {
    matches!(graph.nodes[index].kind(), "end" | "fail")
}

/// Edges into joins that come from no branch.
pub(super) fn loose(
    graph: &Graph<'_>,
    forks: &BTreeMap<usize, usize>,
    loose: &[Step],
    out: &mut Vec<Diagnostic>,
) {
    for step in loose {
        let (source, join) = (graph.nodes[step.from].id, graph.nodes[step.head].id);
        if let Some(fork) = forks.get(&step.head) {
            let fork = graph.nodes[*fork].id;
            let message = format!(
                "the edge from `{source}` leads to the join `{join}` from outside the branches of its fork `{fork}`"
            );
            out.push(
                on_edge(graph, "fork-entry", step, message)
                    .help(format!("Lead it to the node after `{join}`, or to `{fork}`.")),
            );
        }
    }
}

/// Each fork by itself. Those that share the join of another have been told of.
pub(super) fn forks(graph: &Graph<'_>, shared: &BTreeSet<usize>, out: &mut Vec<Diagnostic>) {
    for (index, node) in graph.nodes.iter().enumerate().filter(|(_, n)| n.kind() == "fork") {
        let id = node.id;
        let weight = 2 + graph.frames(index).map(weight).sum::<usize>();
        if weight > GROUP_DEPTH_MAX {
            let message = format!("`{id}` lies too deep in other forks, loops and groups");
            out.push(node.error("fork-depth", "", message).help(format!(
                "A fork counts for two levels, a group or a loop for one, and {GROUP_DEPTH_MAX} are the most. Move a part into a workflow of its own, and `call` it."
            )));
            continue;
        }
        if node.branches.len() < 2 {
            let message = match node.branches.len() {
                0 => format!("no edge leaves the fork `{id}`"),
                _ => format!("the fork `{id}` has only one branch"),
            };
            out.push(
                node.error("fork-branches", "", message)
                    .help("Draw an edge for each branch; or remove the fork."),
            );
        }
        if !graph.structure.joins.contains_key(&index) && !shared.contains(&index) {
            let message = format!("the branches of the fork `{id}` never meet in a `join`");
            out.push(node.error("fork-without-join", "", message).help(
                "Add a `join` node in the same group, and lead the end of each branch to it.",
            ));
        }
    }
}

fn weight(frame: Frame) -> usize {
    match frame {
        Frame::Branch(_) => 2,
        Frame::Container(_) => 1,
    }
}

/// An `end` in a branch stops the other branches too; a `fail` is meant to.
pub(super) fn ends(graph: &Graph<'_>, out: &mut Vec<Diagnostic>) {
    let mut is_told = BTreeSet::new();
    for (index, node) in graph.nodes.iter().enumerate().filter(|(_, node)| !node.is_undo) {
        for end in node.targets().filter(|target| graph.nodes[*target].kind() == "end") {
            let home = graph.home(end);
            let left = graph.frames(index).take_while(|frame| Some(*frame) != home);
            let around = left.filter_map(|frame| match frame {
                Frame::Branch(branch) => Some(graph.structure.branches[branch].fork),
                Frame::Container(_) => None,
            });
            let own = Some(index).filter(|_| node.kind() == "fork");
            let Some(fork) = around.last().or(own).filter(|_| is_told.insert(end)) else {
                continue;
            };
            let (end, fork) = (&graph.nodes[end], graph.nodes[fork].id);
            let message = format!(
                "`{}` is reached from a branch of the fork `{fork}`, and stops the other branches as well",
                end.id
            );
            out.push(
                end.warning("fork-end", "", message)
                    .help("If only that branch is done, lead it to the join instead."),
            );
        }
    }
}

/// Each join by itself; whether its branches can come is asked only if they are what they seem.
pub(super) fn joins(
    graph: &Graph<'_>,
    forks: &BTreeMap<usize, usize>,
    is_clean: bool,
    out: &mut Vec<Diagnostic>,
) {
    let led_to = &graph.structure.led_to;
    for (index, node) in graph.nodes.iter().enumerate().filter(|(_, n)| n.kind() == "join") {
        let id = node.id;
        match forks.get(&index) {
            Some(fork) if is_clean => check_count(graph, *fork, index, out),
            Some(_) => {}
            None if led_to[index] => out.push(
                node.error(
                    "join-without-fork",
                    "",
                    format!("the edges into the join `{id}` come from no branch of a fork that it could wait for"),
                )
                .help("Remove the join, or add the `fork` whose branches meet here, in the same group."),
            ),
            None => out.push(
                node.error("join-unreached", "", format!("nothing leads to the join `{id}`"))
                    .help("Lead the branches of a fork to it, or remove it."),
            ),
        }
    }
}

/// Whether as many branches can come as the join waits for.
fn check_count(graph: &Graph<'_>, fork: usize, join: usize, out: &mut Vec<Diagnostic>) {
    let (node, fork_id) = (&graph.nodes[join], graph.nodes[fork].id);
    let branches = graph.structure.branches_of(fork);
    let n_branches = branches.len();
    let n_reaching = branches.filter(|b| graph.structure.branches[*b].reaches).count();
    let id = node.id;
    let n = node.field("n").and_then(serde_json::Value::as_u64);
    let n_wanted = match node.text("mode") {
        "any" => 1,
        "n" => usize::try_from(n.unwrap_or(1)).unwrap_or(usize::MAX),
        _ => n_branches,
    };
    if n_wanted > n_branches {
        let message = format!(
            "the join `{id}` waits for {n_wanted} branches, and the fork `{fork_id}` has {n_branches}"
        );
        out.push(
            node.error("join-count", "/data/n", message)
                .help(format!("Write a number from 1 to {n_branches}.")),
        );
    } else if n_wanted > n_reaching {
        let message = format!(
            "the join `{id}` waits for {n_wanted} branches of the fork `{fork_id}`, and only {n_reaching} of them lead to it"
        );
        out.push(
            node.error("join-unreached", "", message)
                .help("Lead every branch to the join, or let it wait for fewer with `mode`."),
        );
    } else if n_reaching == 1 && n_branches > 1 {
        let message = format!(
            "only one branch of the fork `{fork_id}` leads to the join `{id}`; the others can only be stopped"
        );
        out.push(
            node.warning("join-one-branch", "", message)
                .help("If that is meant, e.g. to watch the time, leave it; else lead the other branches to the join."),
        );
    }
}
