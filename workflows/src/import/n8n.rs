//! n8n: nodes by name, connections from output to input, scripts in texts that begin with `=`.
//!
//! n8n hands lists of items from node to node and runs a node once per item. Here a node runs once, and what it gives is
//! in the context under its name; so a workflow is read as one item's way through it ([`data`]). A connection to several
//! nodes is a fork, if its branches meet again in a Merge or do not meet at all ([`wiring`]).
//!
//! **Invariant:** every node is in the graph, as a node or under `graph.notes`; an expression that cannot be translated
//! makes its node a placeholder, never a node that does something else.

mod chat;
mod condition;
mod data;
mod document;
mod draw;
mod http;
mod model;
mod schedule;
mod service;
mod set;
mod simple;
mod trigger;
mod wait;
mod wiring;

use super::{
    Imported, Product,
    draft::{Draft, Title},
    text::definition_name,
};
use crate::json::Json;
use document::Document;

/// What a description says of where the file comes from.
const DESCRIPTION: &str = "Imported from n8n. There a node runs once for every item; here each node runs once, with one item.";

pub(super) fn import(json: &Json, name_hint: Option<&str>) -> Imported {
    let mut draft = Draft::new(Product::N8n);
    let document = Document::read(json, &mut draft);
    remark_settings(json, &mut draft);
    draw::draw(&document, &mut draft);
    let title = json.text_of("name");
    draft.finish(Title {
        name: definition_name(title, name_hint, "n8n"),
        title: if title.is_empty() { "n8n" } else { title }.to_owned(),
        description: DESCRIPTION.to_owned(),
    })
}

/// What stands around the nodes and changes how they run.
fn remark_settings(json: &Json, draft: &mut Draft) {
    draft.remark(
        "/nodes",
        "n8n runs a node once for every item it gets; here each node runs once, with one item",
        "Where there can be several items, use a `map` node that calls a workflow for each of them.",
    );
    let settings = json.get("settings").unwrap_or(&Json::Null);
    for (key, message, help) in [
        (
            "errorWorkflow",
            "`errorWorkflow` is left out: an instance that fails is shown to your team as an incident",
            "Lead `error` exits to what must be done.",
        ),
        (
            "executionTimeout",
            "`executionTimeout` is left out: an instance may wait for years",
            "Set `timeout` on the nodes that wait, or on a group around all.",
        ),
    ] {
        // n8n writes -1 for none.
        let is_set = settings.get(key).is_some_and(|v| !v.is_empty() && v.as_i64() != Some(-1));
        if is_set {
            draft.remark(&format!("/settings/{key}"), message, help);
        }
    }
    if json.get("pinData").is_some_and(|pinned| !pinned.is_empty()) {
        let message = "pinned test data is left out";
        draft.remark("/pinData", message, "Write it into scenarios under `tests`.");
    }
}
