//! The examples of the catalogue: small enough to read, and put into a whole definition to be checked.

use crate::kinds;
use serde_json::{Value, json};

/// An example.
#[derive(Debug, Clone, Copy)]
pub enum Sample {
    /// A whole upload: definition file, graph or machine.
    Upload(&'static str),
    /// One node of a graph.
    Node(&'static str),
    /// One expression.
    Expression(&'static str),
    /// One text with `{{ }}`.
    Template(&'static str),
    /// One scenario of a workflow that asks for a name in its node `ask`.
    Scenario(&'static str),
    /// What cannot be shown as a text of a few lines, told instead.
    Words(&'static str),
}

impl Sample {
    /// What is shown.
    pub fn text(self) -> &'static str {
        match self {
            Self::Upload(text)
            | Self::Node(text)
            | Self::Expression(text)
            | Self::Template(text)
            | Self::Scenario(text)
            | Self::Words(text) => text,
        }
    }

    /// What a page calls the language of the text; `None` for words.
    pub fn language(self) -> Option<&'static str> {
        match self {
            Self::Upload(_) | Self::Node(_) | Self::Scenario(_) => Some("json"),
            Self::Expression(_) => Some("cel"),
            Self::Template(_) => Some("text"),
            Self::Words(_) => None,
        }
    }

    /// A whole upload with the example in it; `None` for words, and for a node or scenario that is not JSON.
    pub fn upload(self) -> Option<String> {
        match self {
            Self::Upload(text) => Some(text.to_owned()),
            Self::Node(text) => Some(around_node(&serde_json::from_str(text).ok()?).to_string()),
            Self::Expression(text) => {
                let node =
                    json!({ "id": "set", "type": "set", "data": { "assign": { "value": text } } });
                Some(around_node(&node).to_string())
            }
            Self::Template(text) => {
                let node = json!({ "id": "send", "type": "send.text", "data": { "text": text } });
                Some(around_node(&node).to_string())
            }
            Self::Scenario(text) => {
                Some(beside_scenario(&serde_json::from_str(text).ok()?).to_string())
            }
            Self::Words(_) => None,
        }
    }
}

/// A trigger, the node, and an end to which each of its exits leads that could be taken.
fn around_node(node: &Value) -> Value {
    let edges: Vec<Value> = exits(node)
        .into_iter()
        .map(|handle| json!({ "source": node["id"], "sourceHandle": handle, "target": "end" }))
        .chain([json!({ "source": "start", "target": node["id"] })])
        .collect();
    json!({
        "perdure": 1,
        "name": "sample",
        "graph": {
            "nodes": [
                { "id": "start", "type": "trigger", "data": { "on": "start" } },
                node,
                { "id": "end", "type": "end", "data": {} },
            ],
            "edges": edges,
        },
    })
}

fn exits(node: &Value) -> Vec<String> {
    let data = &node["data"];
    let kind = data["kind"].as_str().or_else(|| node["type"].as_str()).unwrap_or_default();
    let ports = kinds::find(kind).map_or(&[][..], |spec| spec.ports);
    let has_timeout = !data["timeout"].is_null();
    let named = ports.iter().map(|port| port.name).filter(|name| match *name {
        "timeout" => has_timeout,
        name => !matches!(name, "error" | "invalid" | "undo"),
    });
    let cases = data["cases"].as_array().into_iter().flatten();
    let made = cases.filter_map(|case| case["id"].as_str());
    named.chain(made).map(str::to_owned).collect()
}

/// A workflow that asks for a name, with the scenario.
fn beside_scenario(scenario: &Value) -> Value {
    let ask = json!({
        "id": "ask",
        "type": "ask",
        "data": { "text": "What is your name?", "saveAs": "name", "timeout": "30m" },
    });
    let mut file = around_node(&ask);
    file["tests"] = json!([scenario]);
    file
}
