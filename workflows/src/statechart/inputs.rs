//! Inputs of states. Where states are entered with an input, `input` is not only what the instance was started with, so its
//! declared schema says nothing about it.

use super::Parser;
use crate::{expr::Type, json::Json};
use std::borrow::Cow;

/// Where a state has transitions, besides `on` and `after`.
const TRANSITIONS: [&str; 7] =
    ["always", "choice", "onDone", "onError", "onTimeout", "initial", "route"];
const OF_INVOKE: [&str; 3] = ["onDone", "onError", "onTimeout"];

impl Parser<'_> {
    /// Leaves the type of `input` open if a state of the machine may be entered with one.
    pub(super) fn open_input(&mut self) {
        let (root, states) = match self.outline.states.as_slice() {
            [root, states @ ..] => (root, states),
            [] => return,
        };
        let is_used = states.iter().any(|state| state.config.get("input").is_some())
            || std::iter::once(root).chain(states).any(|state| brings_input(state.config));
        if is_used {
            let types = self.types.clone().into_owned();
            self.types = Cow::Owned(types.with("input", Type::Dyn));
        }
    }
}

fn brings_input(state: &Json) -> bool {
    let at = |json: &Json, key: &str| {
        json.get(key).map_or_else(Vec::new, Json::items).iter().any(|t| t.get("input").is_some())
    };
    let keyed = ["on", "after"].into_iter().filter_map(|key| state.get(key));
    let invokes = state.get("invoke").map_or_else(Vec::new, Json::items);
    TRANSITIONS.iter().any(|key| at(state, key))
        || invokes.iter().any(|invoke| OF_INVOKE.iter().any(|key| at(invoke, key)))
        || keyed.flat_map(Json::entries).any(|(_, json)| {
            json.items().iter().any(|transition| transition.get("input").is_some())
        })
}
