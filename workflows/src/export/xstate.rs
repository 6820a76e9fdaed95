//! Machine JSON that XState reads, and back.
//!
//! The root's `meta.perdure.definition` holds the definition file without its body, so that nothing around the chart is
//! lost either. A drawn definition is exported as the chart it compiles to.

use super::moved::{note, put_back, take_out};
use crate::{
    graph,
    import::{Imported, Origins},
    json::{Json, object},
    source::{Body, Source},
};

/// Members of a definition file that stand in the machine, or are made anew.
const NOT_KEPT: &[&str] = &["perdure", "graph", "machine", "context", "$schema"];

pub(super) fn export(source: &Source, machine: &Json) -> Json {
    let mut machine = machine.clone();
    each_state(&mut machine, &mut |state| take_out(state));
    note(&mut machine, "definition", definition(source));
    machine
}

/// The definition file around the body.
fn definition(source: &Source) -> Json {
    let mut members: Vec<(String, Json)> = vec![("name".to_owned(), source.name.as_str().into())];
    if source.document.get("perdure").is_some() {
        let own = source.document.entries().iter();
        let own = own.filter(|(key, _)| key != "name" && !NOT_KEPT.contains(&key.as_str()));
        members.extend(own.cloned());
    } else {
        members.push(("title".to_owned(), source.title.as_str().into()));
    }
    if let Body::Graph(value) = &source.body {
        draw_out(source, value, &mut members);
    }
    Json::Object(members)
}

/// What a graph says by being one: its triggers, and that messages wait until somebody listens. Warnings that were
/// accepted are those of its nodes, of which the chart has none.
fn draw_out(source: &Source, value: &serde_json::Value, members: &mut Vec<(String, Json)>) {
    members.retain(|(key, _)| !matches!(key.as_str(), "triggers" | "accept"));
    let lowered = graph::lower(value, &source.pointer, &source.name);
    let triggers = lowered.triggers.iter().chain(&source.triggers);
    let triggers: Vec<Json> = triggers.map(|(trigger, _)| Json::from(trigger)).collect();
    if !triggers.is_empty() {
        members.push(("triggers".to_owned(), triggers.into()));
    }
    if source.policies.get("unhandled").is_some() {
        return;
    }
    let defer = ("unhandled".to_owned(), object([("default", "defer".into())]));
    match members.iter_mut().find(|(key, _)| key == "policies") {
        Some((_, Json::Object(policies))) => policies.push(defer),
        _ => members.push(("policies".to_owned(), Json::Object(vec![defer]))),
    }
}

/// The definition file an export of ours was made of; `None` for any other machine.
pub(crate) fn restore(json: &Json) -> Option<Imported> {
    let is_ours = json.get("states").is_some()
        && json.at(&["meta", "perdure", "definition", "name"]).is_some();
    if !is_ours {
        return None;
    }
    let mut machine = json.clone();
    let mut definition = Vec::new();
    each_state(&mut machine, &mut |state| {
        if let Some(kept) = put_back(state)
            && let Some(kept) = kept.get("definition")
        {
            definition = kept.entries().to_vec();
        }
    });
    let mut file = vec![("perdure".to_owned(), 1.into())];
    file.extend(definition);
    file.retain(|(key, _)| key != "machine" && key != "graph");
    file.push(("machine".to_owned(), machine));
    Some(Imported { file: Json::Object(file), diagnostics: Vec::new(), origins: Origins::Machine })
}

/// Calls `change` for each state, the root first. As deep as the JSON that was read.
fn each_state(state: &mut Json, change: &mut impl FnMut(&mut Json)) {
    change(state);
    let Json::Object(members) = state else { return };
    for (key, value) in members {
        if let ("states", Json::Object(states)) = (key.as_str(), value) {
            for (_, state) in states {
                each_state(state, change);
            }
        }
    }
}
