//! React Flow JSON to a [`Graph`]. Presentation is tolerated in any form; what the workflow depends on is checked.

use super::model::{Graph, Node, Structure, Wire};
use crate::{
    diagnostic::Diagnostic,
    kinds,
    limits::{GROUP_DEPTH_MAX, ID_CHARS_MAX, STATES_MAX, TRANSITIONS_MAX},
    spec::NodeSpec,
    suggest,
};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Types React Flow itself gives to nodes; they say nothing about what a node does.
const GENERIC_TYPES: &[&str] = &["default", "input", "output", "custom", "group", "node"];

/// Problems after which no more ids are suggested.
const SUGGESTED_MAX: usize = 50;

pub(super) fn read<'a>(graph: &'a Value, at: &str, out: &mut Vec<Diagnostic>) -> Graph<'a> {
    let nodes = list(graph, "nodes", at, out);
    let edges = list(graph, "edges", at, out);
    let mut read = Graph {
        nodes: Vec::new(),
        entry: None,
        pointer: at.to_owned(),
        viewport: graph.get("viewport"),
        structure: Structure::default(),
    };
    for (what, count, most) in
        [("nodes", nodes.len(), STATES_MAX), ("edges", edges.len(), TRANSITIONS_MAX)]
    {
        if count > most {
            out.push(
                Diagnostic::error(
                    if what == "nodes" { "too-many-states" } else { "too-many-transitions" },
                    format!("{at}/{what}"),
                    format!("the graph has {count} {what}, and {most} are the most"),
                )
                .help("Split the workflow, and call one part from the other with a `call` node."),
            );
            return read;
        }
    }
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (index, node) in nodes.iter().enumerate() {
        let pointer = format!("{at}/nodes/{index}");
        let Some(node) = read_node(node, pointer, out) else { continue };
        if let Some(first) = places.get(node.id) {
            let first = &read.nodes[*first].pointer;
            let message = format!("there are two nodes with the id `{}`", node.id);
            out.push(
                node.error("duplicate-id", "/id", message)
                    .help(format!("The other one is {first}; give one of them another id.")),
            );
            continue;
        }
        places.insert(node.id, read.nodes.len());
        read.nodes.push(node);
    }
    read_edges(&mut read, edges, &places, out);
    read_groups(&mut read, &places, out);
    read
}

fn list<'a>(graph: &'a Value, key: &str, at: &str, out: &mut Vec<Diagnostic>) -> &'a [Value] {
    match graph.get(key) {
        Some(Value::Array(items)) => items,
        // A graph of one node has no edges, and some builders leave the key out then.
        None if key == "edges" => &[],
        found => {
            let message = match found {
                None => format!("the graph has no `{key}`"),
                Some(_) => format!("`{key}` must be a list"),
            };
            out.push(Diagnostic::error("graph-shape", format!("{at}/{key}"), message).help(
                "A graph is what React Flow's toObject() gives: {\"nodes\": […], \"edges\": […]}.",
            ));
            &[]
        }
    }
}

fn read_node<'a>(node: &'a Value, pointer: String, out: &mut Vec<Diagnostic>) -> Option<Node<'a>> {
    let Some(raw) = node.as_object() else {
        out.push(Diagnostic::error("graph-shape", pointer, "a node must be an object"));
        return None;
    };
    let Some(id) = raw.get("id").and_then(Value::as_str) else {
        out.push(
            Diagnostic::error("graph-shape", format!("{pointer}/id"), "this node has no id")
                .help("Every node needs an `id`, a text that no other node has."),
        );
        return None;
    };
    let data = raw.get("data").and_then(Value::as_object);
    let mut node = Node {
        id,
        spec: None,
        data,
        raw,
        pointer,
        group: None,
        exits: BTreeMap::new(),
        edges: BTreeMap::new(),
        branches: Vec::new(),
        undo: None,
        is_undo: false,
    };
    if raw.get("data").is_some_and(|data| !data.is_object() && !data.is_null()) {
        out.push(node.error(
            "graph-shape",
            "/data",
            "the data of a node must be an object".to_owned(),
        ));
    }
    check_id(&node, out);
    node.spec = read_kind(&node, out);
    Some(node)
}

fn check_id(node: &Node<'_>, out: &mut Vec<Diagnostic>) {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if node.id.is_empty() || !node.id.chars().all(is_plain) || node.id.len() > ID_CHARS_MAX {
        let message = format!("`{}` cannot be the id of a node", node.id.escape_debug());
        out.push(node.error("id-characters", "/id", message).help(format!(
            "Use 1 to {ID_CHARS_MAX} letters, digits, `_` and `-`; ids become names in the workflow."
        )));
    }
}

/// `data.kind` if it is known, else `type` unless it is one of React Flow's own, else `data.kind` as written.
fn read_kind(node: &Node<'_>, out: &mut Vec<Diagnostic>) -> Option<&'static NodeSpec> {
    let written = node.data.and_then(|data| data.get("kind")).and_then(Value::as_str);
    let kind = node.raw.get("type").and_then(Value::as_str);
    if let Some(spec) = written.and_then(kinds::find) {
        return Some(spec);
    }
    let (name, below) = match (kind.filter(|k| !GENERIC_TYPES.contains(k)), written) {
        (Some(kind), _) => (kind, "/type"),
        (None, Some(written)) => (written, "/data/kind"),
        (None, None) if kind == Some("group") => ("group", "/type"),
        (None, None) => {
            let message = format!("the node `{}` does not say what kind it is", node.id);
            let help = "Set its `type`, or `data.kind`, to a kind like `send.text` or `ask`.";
            out.push(node.error("unknown-kind", "/type", message).help(help));
            return None;
        }
    };
    if let Some(spec) = kinds::find(name) {
        return Some(spec);
    }
    out.push(
        node.error("unknown-kind", below, format!("there is no kind of node called `{name}`"))
            .help(suggest::help(name, kinds::all().iter().map(|spec| spec.kind))),
    );
    None
}

fn read_edges<'a>(
    graph: &mut Graph<'a>,
    edges: &'a [Value],
    places: &HashMap<&str, usize>,
    out: &mut Vec<Diagnostic>,
) {
    let mut branches = HashSet::new();
    for (index, edge) in edges.iter().enumerate() {
        let pointer = graph.edge_pointer(index);
        let Some(edge) = edge.as_object() else {
            out.push(Diagnostic::error("graph-shape", pointer, "an edge must be an object"));
            continue;
        };
        let source = end_of(edge, "source", &pointer, places, out);
        let target = end_of(edge, "target", &pointer, places, out);
        let Some(source) = source else { continue };
        let handle = handle_of(edge, &pointer, out);
        let Some(target) = target else {
            // It is drawn all the same: one mistake, told once.
            graph.nodes[source].edges.entry(handle).or_insert(index);
            continue;
        };
        if graph.nodes[target].kind() == "trigger" {
            let id = graph.nodes[target].id;
            let message = format!(
                "the edge leads to the trigger `{id}`, and a trigger only starts the workflow"
            );
            out.push(
                Diagnostic::error("edge-target", format!("{pointer}/target"), message)
                    .on(graph.nodes[source].id)
                    .help("Lead the edge to the node after the trigger."),
            );
            continue;
        }
        if graph.nodes[source].kind() == "fork" {
            if branches.insert((source, handle, target)) {
                graph.nodes[source].branches.push(Wire { handle, target, edge: index });
            }
            continue;
        }
        let wire = Wire { handle, target, edge: index };
        draw(graph, source, wire, out);
    }
}

/// React Flow leaves the handle out, or null, where a node has only one.
fn handle_of<'a>(edge: &'a Map<String, Value>, at: &str, out: &mut Vec<Diagnostic>) -> &'a str {
    match edge.get("sourceHandle") {
        None | Some(Value::Null) => "default",
        Some(Value::String(handle)) if handle.is_empty() => "default",
        Some(Value::String(handle)) => handle,
        Some(_) => {
            let message = "the `sourceHandle` of an edge is a text";
            out.push(
                Diagnostic::error("graph-shape", format!("{at}/sourceHandle"), message)
                    .help("Write the name of the exit in quotes, or null where there is only one."),
            );
            "default"
        }
    }
}

/// Adds the edge to its source, where only one may leave by each handle. An edge drawn twice is one edge.
fn draw<'a>(graph: &mut Graph<'a>, source: usize, wire: Wire<'a>, out: &mut Vec<Diagnostic>) {
    let is_undo = wire.handle == "undo" && graph.nodes[source].acts();
    let node = &graph.nodes[source];
    let known = match is_undo {
        true => node.undo.map(|(target, _)| target),
        false => node.exits.get(wire.handle).copied(),
    };
    let Some(other) = known else {
        if is_undo {
            graph.nodes[source].undo = Some((wire.target, wire.edge));
        } else {
            graph.nodes[source].exits.insert(wire.handle, wire.target);
            graph.nodes[source].edges.insert(wire.handle, wire.edge);
        }
        return;
    };
    if other != wire.target {
        let message = format!(
            "two edges leave `{}` by `{}`, to `{}` and to `{}`, and only one of them can be taken",
            node.id, wire.handle, graph.nodes[other].id, graph.nodes[wire.target].id
        );
        out.push(
            Diagnostic::error("two-edges", graph.edge_pointer(wire.edge), message)
                .on(node.id)
                .help("Remove one of them, or put an `if` or `switch` node between. To go both ways at once, use a `fork`."),
        );
    }
}

fn end_of(
    edge: &Map<String, Value>,
    side: &'static str,
    pointer: &str,
    places: &HashMap<&str, usize>,
    out: &mut Vec<Diagnostic>,
) -> Option<usize> {
    let code = if side == "source" { "edge-source" } else { "edge-target" };
    let id = edge.get(side).and_then(Value::as_str);
    if let Some(place) = id.and_then(|id| places.get(id)) {
        return Some(*place);
    }
    let message = match (id, side) {
        (None, _) => format!("the edge has no `{side}`"),
        (Some(id), "source") => format!("the edge starts at `{id}`, which is not a node"),
        (Some(id), _) => format!("the edge leads to `{id}`, which is not a node"),
    };
    let diagnostic = Diagnostic::error(code, format!("{pointer}/{side}"), message);
    // Each search looks at every id, so a graph with thousands of loose ends gets only so many.
    let near = id.filter(|_| out.len() < SUGGESTED_MAX);
    let near = near.and_then(|id| suggest::nearest(id, places.keys().copied()));
    let diagnostic = match near {
        Some(near) => diagnostic.help(format!("Did you mean `{near}`? Else remove the edge.")),
        None => diagnostic.help("Lead it to a node, or remove it."),
    };
    let source = edge.get("source").and_then(Value::as_str).filter(|id| places.contains_key(id));
    out.push(match source {
        Some(source) => diagnostic.on(source),
        None => diagnostic,
    });
    None
}

/// Sets the group of each node. A parent that is neither `group` nor `loop` only moves its children on the canvas.
fn read_groups(graph: &mut Graph<'_>, places: &HashMap<&str, usize>, out: &mut Vec<Diagnostic>) {
    for index in 0..graph.nodes.len() {
        let node = &graph.nodes[index];
        let parent = ["parentId", "parentNode"]
            .into_iter()
            .find_map(|key| Some((key, node.raw.get(key)?.as_str().filter(|id| !id.is_empty())?)));
        let Some((key, parent)) = parent else { continue };
        match places.get(parent).copied() {
            Some(place) if graph.nodes[place].is_container() => {
                graph.nodes[index].group = Some(place);
            }
            Some(_) => {}
            None => {
                let message =
                    format!("`{}` lies in the group `{parent}`, which does not exist", node.id);
                out.push(
                    node.error("unknown-parent", &format!("/{key}"), message)
                        .help("Draw the group, or take the node out of it."),
                );
            }
        }
    }
    for index in 0..graph.nodes.len() {
        // A chain longer than this is a ring, or too deep to be lowered.
        if graph.groups(index).nth(GROUP_DEPTH_MAX).is_some() {
            let node = &graph.nodes[index];
            let message =
                format!("`{}` lies in more than {GROUP_DEPTH_MAX} groups, or in itself", node.id);
            out.push(node.error("group-depth", "/parentId", message));
            graph.nodes[index].group = None;
        }
    }
}
