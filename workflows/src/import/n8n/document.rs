//! The export, indexed: nodes by name, control connections, what is attached to whom.

use crate::{
    import::draft::Draft,
    json::Json,
    limits::{STATES_MAX, TRANSITIONS_MAX},
};
use std::collections::HashMap;

/// What every type of n8n's own begins with.
const PREFIXES: &[&str] = &["n8n-nodes-base.", "@n8n/n8n-nodes-langchain."];

/// A node.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub(super) name: &'a str,
    /// Its type without the package: `httpRequest`.
    pub(super) kind: &'a str,
    pub(super) version: f64,
    pub(super) json: &'a Json,
    pub(super) pointer: String,
    /// Its id in the graph, which is also where its output is kept.
    pub(super) id: String,
    /// Targets by output.
    pub(super) outputs: Vec<Vec<usize>>,
    /// Who leads here.
    pub(super) inputs: Vec<usize>,
    /// What is attached to it: models, tools, memories, parsers.
    pub(super) attached: Vec<usize>,
    /// Whether it is attached to another node, and so no step of its own.
    pub(super) is_attachment: bool,
}

impl<'a> Node<'a> {
    /// A parameter.
    pub(super) fn parameter(&self, key: &str) -> Option<&'a Json> {
        self.json.get("parameters")?.get(key).filter(|value| !value.is_empty())
    }

    /// A text parameter; empty if there is none.
    pub(super) fn text(&self, key: &str) -> &'a str {
        self.parameter(key).and_then(Json::as_str).unwrap_or_default()
    }

    /// A parameter below parameters.
    pub(super) fn at(&self, path: &[&str]) -> Option<&'a Json> {
        self.json.get("parameters")?.at(path).filter(|value| !value.is_empty())
    }

    /// Whether it is switched off, and only passes its items on.
    pub(super) fn is_disabled(&self) -> bool {
        self.json.get("disabled").and_then(Json::as_bool) == Some(true)
    }

    /// What happens when it fails.
    pub(super) fn on_error(&self) -> &'a str {
        let old = self.json.get("continueOnFail").and_then(Json::as_bool) == Some(true);
        match self.json.text_of("onError") {
            "" if old => "continueRegularOutput",
            word => word,
        }
    }
}

/// The whole export.
#[derive(Debug)]
pub(super) struct Document<'a> {
    pub(super) json: &'a Json,
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) by_name: HashMap<&'a str, usize>,
}

impl<'a> Document<'a> {
    pub(super) fn read(json: &'a Json, draft: &mut Draft) -> Self {
        let mut document = Self { json, nodes: Vec::new(), by_name: HashMap::new() };
        let nodes = json.get("nodes").map_or(&[][..], Json::list);
        for (index, node) in nodes.iter().enumerate() {
            let pointer = format!("/nodes/{index}");
            if index > STATES_MAX {
                let message =
                    "the workflow has too many nodes, and from this one on they were not read";
                draft.remark(&pointer, message, "Split it, and call one part from the other.");
                break;
            }
            let name = node.text_of("name");
            if document.by_name.contains_key(name) {
                let message =
                    format!("two nodes are called `{name}`, and this one is read as another");
                draft.remark(&pointer, &message, "Give it another name.");
            }
            document.by_name.entry(name).or_insert(document.nodes.len());
            let full = node.text_of("type");
            let kind = PREFIXES.iter().find_map(|prefix| full.strip_prefix(prefix)).unwrap_or(full);
            document.nodes.push(Node {
                name,
                kind,
                version: match node.get("typeVersion") {
                    Some(Json::Number(version)) => version.as_f64().unwrap_or(1.0),
                    _ => 1.0,
                },
                json: node,
                pointer,
                id: draft.paths.path(name, "node"),
                outputs: Vec::new(),
                inputs: Vec::new(),
                attached: Vec::new(),
                is_attachment: false,
            });
        }
        document.connect(draft);
        document
    }

    fn connect(&mut self, draft: &mut Draft) {
        let mut n_edges = 0;
        for (name, outputs) in self.json.get("connections").map_or(&[][..], Json::entries) {
            let Some(source) = self.by_name.get(name.as_str()).copied() else {
                let message = format!("connections leave `{name}`, which is not a node");
                draft.remark("/connections", &message, "Remove them.");
                continue;
            };
            for (kind, outputs) in outputs.entries() {
                for (output, targets) in outputs.list().iter().enumerate() {
                    for target in targets.list() {
                        n_edges += 1;
                        if n_edges <= TRANSITIONS_MAX {
                            self.connect_one((source, kind, output), target, draft);
                        }
                    }
                }
            }
        }
    }

    fn connect_one(
        &mut self,
        (source, kind, output): (usize, &str, usize),
        target: &Json,
        draft: &mut Draft,
    ) {
        let name = target.text_of("node");
        let Some(target) = self.by_name.get(name).copied() else {
            let from = self.nodes[source].name;
            let message = format!("`{from}` leads to `{name}`, which is not a node");
            draft.remark("/connections", &message, "Lead it to a node.");
            return;
        };
        if kind != "main" {
            self.nodes[source].is_attachment = true;
            self.nodes[target].attached.push(source);
            return;
        }
        let outputs = &mut self.nodes[source].outputs;
        // An output beyond any node's is no output; it must not make a list of that length.
        let output = output.min(STATES_MAX);
        if outputs.len() <= output {
            outputs.resize(output + 1, Vec::new());
        }
        if !outputs[output].contains(&target) {
            outputs[output].push(target);
            self.nodes[target].inputs.push(source);
        }
    }
}
