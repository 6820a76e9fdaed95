//! Puts the machine JSON together: one state per node, and around them the states of the groups, loops and forks they lie
//! in.
//!
//! **Invariant:** every target is `#<id>`, or `#<id>.<key>…` for the states a fork or a loop adds, and every state of a
//! node has that node's id, wherever it lies.
//! **Invariant:** states stand in the order of the nodes, because document order decides between regions.

use super::{
    emit::{self, Object, Rounds, Site, expression, object},
    model::{Frame, Graph, Lead, Node},
    timing::{Timing, timing},
    ways::Ways,
};
use crate::{json::Json, kinds, limits::ID_CHARS_MAX};
use serde_json::{Value, json};
use std::{
    cell::Cell,
    collections::{HashMap, HashSet},
};

pub(super) struct Machine<'a> {
    graph: &'a Graph<'a>,
    ways: Ways<'a, 'a>,
    names: Names,
    /// The key of each branch among the regions of its fork.
    regions: Vec<String>,
    /// Whether anything leads to the final state of dead ends.
    has_dead_end: Cell<bool>,
}

/// Keys of the states that are no nodes; no node has such an id.
struct Names {
    /// The final state that dead ends lead to.
    end: String,
    /// The first state of something that begins deeper inside.
    start: String,
    /// The final state of a branch.
    joined: String,
    round: String,
    again: String,
}

type States = Vec<(String, Json)>;

/// The machine JSON of a whole graph.
pub(super) fn machine(graph: &Graph<'_>, name: &str) -> Json {
    let taken: HashSet<&str> = graph.nodes.iter().map(|node| node.id).collect();
    let free = |wanted: &str| free_id(wanted, &taken);
    let names = Names {
        end: free("_end"),
        start: free("_start"),
        joined: free("_joined"),
        round: free("_round"),
        again: free("_again"),
    };
    let (ways, regions) = (Ways::new(graph), regions(graph));
    let machine = Machine { graph, ways, names, regions, has_dead_end: Cell::new(false) };
    let (initial, start) = machine.initial();
    let mut states = machine.states(None);
    states.extend(start);
    states.extend(machine.capped_states());
    if machine.has_dead_end.get() || states.is_empty() {
        let end = json!({ "id": machine.names.end, "type": "final", "output": null });
        states.push((machine.names.end, Json::from(&end)));
    }
    let mut root = object(json!({
        "@exprLang": "cel",
        "id": free(name),
        "initial": initial,
        "context": {},
        "output": expression("default(event.output, null)"),
    }));
    let delays: Object = (graph.nodes.iter())
        .filter_map(|node| match timing(node)? {
            Timing::Computed(source) => Some((delay_name(node.id), expression(source))),
            Timing::Fixed(_) => None,
        })
        .collect();
    if !delays.is_empty() {
        root.insert("delays".to_owned(), delays.into());
    }
    if let Some(viewport) = graph.viewport {
        root.insert("meta".to_owned(), json!({ "ui": { "viewport": viewport } }));
    }
    let mut root = Json::from(&Value::from(root));
    root.set("states", Json::object(states));
    root
}

impl<'a> Machine<'a> {
    /// The id of the state a node leads to by a handle.
    pub(super) fn leads_to(&self, index: usize, handle: &str) -> String {
        let wired = self.graph.nodes[index].exits.get(handle);
        let lead = match wired {
            Some(target) => self.graph.lead(index, *target),
            None => self.graph.beyond(index),
        };
        self.state_of(lead)
    }

    fn state_of(&self, lead: Lead) -> String {
        match lead {
            Lead::Node(index) => self.graph.nodes[index].id.to_owned(),
            Lead::Join(branch) => self.joined_of(branch),
            Lead::Round(around) => {
                format!("{}.{}", self.graph.nodes[around].id, self.names.again)
            }
            Lead::End => {
                self.has_dead_end.set(true);
                self.names.end.clone()
            }
        }
    }

    fn joined_of(&self, branch: usize) -> String {
        let fork = self.graph.nodes[self.graph.structure.branches[branch].fork].id;
        format!("{fork}.{}.{}", self.regions[branch], self.names.joined)
    }

    pub(super) fn joined(&self, fork: usize) -> Vec<String> {
        self.graph.structure.branches_of(fork).map(|branch| self.joined_of(branch)).collect()
    }

    pub(super) fn join(&self, fork: usize) -> Option<&'a Node<'a>> {
        self.graph.structure.joins.get(&fork).map(|join| &self.graph.nodes[*join])
    }

    pub(super) fn rounds(&self, around: usize) -> Rounds {
        let first = self.graph.first_of(around).map(|first| self.graph.nodes[first].id.to_owned());
        let capped = match self.graph.nodes[around].exits.contains_key("capped") {
            true => self.leads_to(around, "capped"),
            false => self.capped(around),
        };
        Rounds {
            round: self.names.round.clone(),
            again: self.names.again.clone(),
            first,
            capped,
            may_spin: self.ways.may_spin(around),
        }
    }

    /// Where a loop leads that reached its cap, if nobody drew anything else: the workflow has failed.
    fn capped(&self, around: usize) -> String {
        // No node's id has a colon.
        let key = format!("capped:{}", self.graph.nodes[around].id);
        match key.len() <= ID_CHARS_MAX {
            true => key,
            false => format!("capped:{around}"),
        }
    }

    fn capped_states(&self) -> States {
        let loops = self
            .graph
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| node.kind() == "loop" && !node.exits.contains_key("capped"));
        loops
            .map(|(index, node)| {
                let reason = format!("the loop `{}` was stopped by its cap", node.id);
                let state = json!({
                    "id": self.capped(index),
                    "type": "final",
                    "meta": { "node": node.id, "outcome": "failed" },
                    "output": { "reason": reason },
                });
                (self.capped(index), Json::from(&state))
            })
            .collect()
    }

    /// The root's initial state; where that lies deeper, a state that leads there at once.
    fn initial(&self) -> (String, States) {
        let top = self.graph.members(None).first().copied();
        match self.graph.entry.or(top) {
            None => (self.names.end.clone(), Vec::new()),
            Some(entry) => self.begin(None, entry),
        }
    }

    /// What a state begins with that begins at this node.
    fn begin(&self, frame: Option<Frame>, index: usize) -> (String, States) {
        let id = self.graph.nodes[index].id.to_owned();
        if self.graph.home(index) == frame {
            return (id, Vec::new());
        }
        let start = &self.names.start;
        let state = json!({ "always": [emit::target(id)] });
        (start.clone(), vec![(start.clone(), Json::from(&state))])
    }

    /// The states directly in a frame, or at the top. Recursion is as deep as frames are.
    fn states(&self, frame: Option<Frame>) -> States {
        let members = self.graph.members(frame).iter();
        members.map(|index| (self.graph.nodes[*index].id.to_owned(), self.state(*index))).collect()
    }

    fn state(&self, index: usize) -> Json {
        let node = &self.graph.nodes[index];
        let mut state = kinds::lower(&Site { node, index, machine: self });
        if let Some((undo, _)) = node.undo.filter(|(undo, _)| self.graph.nodes[*undo].is_undo) {
            self.register(&mut state, undo);
        }
        self.describe(&mut state, node);
        let added = state.remove("states").map(|states| Json::from(&states));
        let mut state = Json::from(&Value::from(state));
        if node.kind() == "group" {
            order_events(&mut state, node);
        }
        let mut states = match node.kind() {
            "fork" => self.region_states(index),
            "group" | "loop" => {
                let first = self.graph.first_of(index).map(|first| self.graph.nodes[first].id);
                if let Some(first) = first.filter(|_| state.get("initial").is_none()) {
                    state.set("initial", Json::String(first.to_owned()));
                }
                self.states(Some(Frame::Container(index)))
            }
            _ => Vec::new(),
        };
        if let Some(added) = added {
            states.extend(added.entries().iter().cloned());
        }
        if !states.is_empty() {
            state.set("states", Json::object(states));
        }
        state
    }

    fn region_states(&self, fork: usize) -> States {
        let regions = self.graph.structure.branches_of(fork);
        regions.map(|branch| (self.regions[branch].clone(), self.region(branch))).collect()
    }

    /// One branch: its nodes, and a final state that says it is done.
    fn region(&self, branch: usize) -> Json {
        let Some(found) = self.graph.structure.branches.get(branch) else { return Json::Null };
        let frame = Some(Frame::Branch(branch));
        let target = self.graph.nodes[found.fork].branches[found.place].target;
        let joined = &self.names.joined;
        let (initial, start) = match self.graph.structure.join_of(branch) == Some(target) {
            true => (joined.clone(), Vec::new()),
            false => self.begin(frame, target),
        };
        let mut states = self.states(frame);
        states.extend(start);
        let end = json!({ "id": self.joined_of(branch), "type": "final" });
        states.push((joined.clone(), Json::from(&end)));
        Json::Object(vec![
            ("initial".to_owned(), Json::String(initial)),
            ("states".to_owned(), Json::object(states)),
        ])
    }

    /// Adds to a step what takes it back, registered when the step is done, with the input it has then.
    fn register(&self, state: &mut Object, undo: usize) {
        let node = &self.graph.nodes[undo];
        let has_dead_end = self.has_dead_end.get();
        let mut lowered = kinds::lower(&Site { node, index: undo, machine: self });
        // It is no state, so it leads nowhere.
        self.has_dead_end.set(has_dead_end);
        let invoke = object(lowered.remove("invoke").unwrap_or_default());
        let mut action = object(json!({ "type": "@perdure.undo", "id": node.id }));
        let parts = invoke.into_iter();
        action.extend(parts.filter(|(key, _)| matches!(key.as_str(), "src" | "input" | "policy")));
        let Some(Value::Object(invoke)) = state.get_mut("invoke") else { return };
        let done = invoke.entry("onDone").or_insert_with(|| json!({}));
        if let Value::Object(done) = done
            && let Value::Array(actions) = done.entry("actions").or_insert_with(|| json!([]))
        {
            actions.push(action.into());
        }
    }

    /// What the builder shows goes with the state.
    fn describe(&self, state: &mut Object, node: &Node<'_>) {
        let ui: Object = (node.raw.iter())
            .filter(|(key, _)| !matches!(key.as_str(), "id" | "data"))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let mut meta = object(state.remove("meta").unwrap_or_default());
        meta.insert("node".to_owned(), node.id.into());
        meta.insert("kind".to_owned(), node.kind().into());
        meta.insert("ui".to_owned(), ui.into());
        state.insert("meta".to_owned(), meta.into());
        state.insert("id".to_owned(), node.id.into());
    }
}

/// The events of a group in the order their edges were drawn.
fn order_events(state: &mut Json, node: &Node<'_>) {
    let Some(events) = state.get("on") else { return };
    let mut events = events.entries().to_vec();
    events.sort_by_key(|(event, _)| node.edges.get(event.as_str()));
    state.set("on", Json::object(events));
}

/// A key for each branch: the handle its edge leaves by, if that says something and no other has it.
fn regions(graph: &Graph<'_>) -> Vec<String> {
    let mut uses: HashMap<(usize, &str), usize> = HashMap::new();
    let wires = || {
        graph
            .structure
            .branches
            .iter()
            .map(|branch| (branch, graph.nodes[branch.fork].branches[branch.place].handle))
    };
    for (branch, handle) in wires() {
        *uses.entry((branch.fork, handle)).or_default() += 1;
    }
    let is_name = |handle: &str| {
        handle.starts_with(|c: char| c.is_ascii_alphabetic())
            && handle.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
            && handle.len() <= ID_CHARS_MAX
    };
    wires()
        .map(|(branch, handle)| match uses.get(&(branch.fork, handle)) {
            Some(1) if handle != "default" && is_name(handle) => handle.to_owned(),
            // No handle begins so.
            _ => format!("_branch{}", branch.place + 1),
        })
        .collect()
}

/// No node id contains a dot, so this is never a duration, a number or another node's delay.
pub(super) fn delay_name(id: &str) -> String {
    format!("{id}.delay")
}

fn free_id(wanted: &str, taken: &HashSet<&str>) -> String {
    let mut id = wanted.to_owned();
    while taken.contains(id.as_str()) {
        id.push('_');
    }
    id
}
