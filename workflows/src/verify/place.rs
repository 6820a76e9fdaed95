//! Where a piece of code stands in the machine JSON. A chart keeps what runs, not where it was written, so the text is
//! looked for near where it must be.

use super::script::Piece;
use crate::{
    chart::{Chart, StateId},
    diagnostic::pointer_token,
    json::Json,
};

/// The JSON of every state, in the order of the chart.
pub(super) struct Places<'c> {
    chart: &'c Chart,
    machine: &'c Json,
    at: &'c str,
    states: Vec<&'c Json>,
}

impl<'c> Places<'c> {
    pub(super) fn new(chart: &'c Chart, machine: &'c Json, at: &'c str) -> Self {
        let mut states = Vec::with_capacity(chart.states.len());
        walk(machine, &mut states);
        Self { chart, machine, at, states }
    }

    /// The pointer of the text a piece was read from; of what it stands in, if the text is not found.
    pub(super) fn of(&self, piece: &Piece<'_>) -> String {
        let source = piece.code.source();
        let base = format!("{}{}", piece.at, piece.part);
        let near = self.resolve(piece.state, &base).map(|json| (json, base.as_str()));
        let around = self.resolve(piece.state, piece.at).map(|json| (json, piece.at));
        for (json, at) in near.into_iter().chain(around) {
            let mut found = at.to_owned();
            if search(json, source, &mut found) {
                return found;
            }
        }
        // What has a name is written with the others of its sort.
        for named in ["actions", "guards", "delays"] {
            let mut found = format!("{}/{named}", self.at);
            if self.machine.get(named).is_some_and(|json| search(json, source, &mut found)) {
                return found;
            }
        }
        base
    }

    /// What a piece of a state's JSON at this pointer is.
    pub(super) fn resolve(&self, state: StateId, pointer: &str) -> Option<&'c Json> {
        let own = &self.chart.state(state).pointer;
        let (mut json, below) = match pointer.strip_prefix(own.as_str()) {
            Some(below) => (*self.states.get(state.index())?, below),
            None => (self.machine, pointer.strip_prefix(self.at)?),
        };
        for token in below.split('/').skip(1) {
            json = step(json, token)?;
        }
        Some(json)
    }
}

/// One token down.
pub(crate) fn step<'a>(json: &'a Json, token: &str) -> Option<&'a Json> {
    match json {
        Json::Array(items) => items.get(token.parse::<usize>().ok()?),
        _ => json.get(&token.replace("~1", "/").replace("~0", "~")),
    }
}

/// Depth first, as the chart is numbered.
fn walk<'c>(json: &'c Json, states: &mut Vec<&'c Json>) {
    states.push(json);
    for (_, child) in json.get("states").map_or(&[][..], Json::entries) {
        walk(child, states);
    }
}

/// Looks for a text; `at` is then its pointer. States inside are not looked into.
fn search(json: &Json, text: &str, at: &mut String) -> bool {
    let above = at.len();
    match json {
        Json::String(found) => return found == text,
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                at.push_str(&format!("/{index}"));
                if search(item, text, at) {
                    return true;
                }
                at.truncate(above);
            }
        }
        Json::Object(entries) => {
            for (key, value) in entries.iter().filter(|(key, _)| key != "states") {
                at.push('/');
                at.push_str(&pointer_token(key));
                if search(value, text, at) {
                    return true;
                }
                at.truncate(above);
            }
        }
        _ => {}
    }
    false
}
