//! The first pass: every state with its index, path, id and parent, so that targets can be resolved in any order.

use super::{node_of, state_id};
use crate::{
    chart::StateId,
    diagnostic::{Diagnostic, pointer_token},
    json::Json,
    limits,
};
use std::collections::HashMap;

/// A state before its parts are read.
pub(super) struct Sketch<'a> {
    pub(super) config: &'a Json,
    pub(super) key: String,
    pub(super) path: String,
    pub(super) id: String,
    pub(super) node: Option<String>,
    pub(super) pointer: String,
    pub(super) parent: Option<StateId>,
    pub(super) children: Vec<StateId>,
    pub(super) end: u32,
}

/// All states in document order.
pub(super) struct Outline<'a> {
    pub(super) states: Vec<Sketch<'a>>,
    ids: HashMap<String, StateId>,
    pointers: HashMap<String, StateId>,
    paths: HashMap<String, StateId>,
}

pub(super) fn walk<'a>(
    machine: &'a Json,
    at: &str,
    name: &str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Outline<'a> {
    let mut outline = Outline {
        states: Vec::new(),
        ids: HashMap::new(),
        pointers: HashMap::new(),
        paths: HashMap::new(),
    };
    let id = machine.get("id").and_then(Json::as_str).unwrap_or(name).to_owned();
    let root = Sketch {
        config: machine,
        key: id.clone(),
        path: String::new(),
        id,
        node: None,
        pointer: at.to_owned(),
        parent: None,
        children: Vec::new(),
        end: 0,
    };
    outline.add(root, diagnostics);
    outline
}

impl<'a> Outline<'a> {
    /// Adds a state and, depth first, everything below it. The depth is bounded by `JSON_DEPTH_MAX` of the reader.
    fn add(&mut self, sketch: Sketch<'a>, diagnostics: &mut Vec<Diagnostic>) -> StateId {
        let me = state_id(self.states.len());
        if let Some(other) = self.ids.insert(sketch.id.clone(), me) {
            let other = &self.states[other.index()].pointer;
            diagnostics.push(
                Diagnostic::error(
                    "duplicate-id",
                    &sketch.pointer,
                    format!("two states have the id `{}`; the other is at `{other}`", sketch.id),
                )
                .on(sketch.path.clone()),
            );
        }
        self.pointers.insert(sketch.pointer.clone(), me);
        self.paths.insert(sketch.path.clone(), me);
        let (config, path, pointer) = (sketch.config, sketch.path.clone(), sketch.pointer.clone());
        let machine_id =
            self.states.first().map_or_else(|| sketch.id.clone(), |root| root.id.clone());
        self.states.push(sketch);
        if self.states.len() <= limits::STATES_MAX {
            for (key, child) in config.get("states").map_or(&[][..], Json::entries) {
                let pointer = format!("{pointer}/states/{}", pointer_token(key));
                check_key(key, &pointer, diagnostics);
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let explicit = child.get("id").and_then(Json::as_str);
                let child = Sketch {
                    config: child,
                    key: key.clone(),
                    id: explicit.map_or_else(|| format!("{machine_id}.{path}"), str::to_owned),
                    node: child.get("meta").and_then(|meta| node_of(&meta.to_value())),
                    path,
                    pointer,
                    parent: Some(me),
                    children: Vec::new(),
                    end: 0,
                };
                let child = self.add(child, diagnostics);
                self.states[me.index()].children.push(child);
            }
        }
        self.states[me.index()].end = state_id(self.states.len()).0;
        me
    }

    pub(super) fn sketch(&self, id: StateId) -> &Sketch<'a> {
        &self.states[id.index()]
    }

    /// The state at a path of keys below another.
    pub(super) fn descend(&self, from: StateId, keys: &str) -> Option<StateId> {
        let above = &self.sketch(from).path;
        let path = if above.is_empty() { keys.to_owned() } else { format!("{above}.{keys}") };
        // Without keys it would be the root itself.
        self.paths.get(&path).copied().filter(|_| !keys.is_empty())
    }

    /// `id`, or `id.path.below`.
    pub(super) fn by_id(&self, text: &str) -> Option<StateId> {
        if let Some(found) = self.ids.get(text) {
            return Some(*found);
        }
        text.match_indices('.').find_map(|(dot, _)| {
            let state = self.ids.get(&text[..dot])?;
            self.descend(*state, &text[dot + 1..])
        })
    }

    /// The builder node, or else the path, of the state that encloses a pointer.
    pub(super) fn node_at(&self, pointer: &str) -> Option<String> {
        let mut end = pointer.len();
        loop {
            if let Some(found) = self.pointers.get(&pointer[..end]) {
                let states = std::iter::successors(Some(*found), |s| self.sketch(*s).parent);
                let node = states.clone().find_map(|s| self.sketch(s).node.clone());
                return node
                    .or_else(|| Some(self.sketch(*found).path.clone()).filter(|p| !p.is_empty()));
            }
            end = pointer[..end].rfind('/')?;
        }
    }
}

fn check_key(key: &str, pointer: &str, diagnostics: &mut Vec<Diagnostic>) {
    let is_wrong = key.is_empty()
        || key.chars().count() > limits::ID_CHARS_MAX
        || key.contains(['.', '#'])
        || key.chars().any(char::is_control);
    if is_wrong {
        diagnostics.push(
            Diagnostic::error(
                "id-characters",
                pointer,
                format!("`{}` cannot be the key of a state", key.escape_debug()),
            )
            .help("use 1 to 128 characters without `.`, `#` and control characters"),
        );
    }
}
