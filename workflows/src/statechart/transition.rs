//! Transitions and their targets.

use super::{Parser, state_id};
use crate::{
    chart::{Action, Descriptor, Mapper, StateId, Transition},
    diagnostic::pointer_token,
    json::Json,
    suggest,
};

/// Problems after which no more targets are suggested.
const SUGGESTED_MAX: usize = 50;

impl Parser<'_> {
    /// Every transition written at one place: a target, an object, or a list of these.
    pub(super) fn transitions(
        &mut self,
        json: Option<&Json>,
        source: StateId,
        event: Option<&Descriptor>,
        pointer: &str,
    ) -> Vec<Transition> {
        match json {
            None => Vec::new(),
            Some(Json::Array(items)) => (items.iter().enumerate())
                .map(|(index, item)| {
                    self.transition(item, source, event, &format!("{pointer}/{index}"))
                })
                .collect(),
            Some(one) => vec![self.transition(one, source, event, pointer)],
        }
    }

    fn transition(
        &mut self,
        json: &Json,
        source: StateId,
        event: Option<&Descriptor>,
        pointer: &str,
    ) -> Transition {
        self.transitions += 1;
        let mut transition = Transition {
            event: event.cloned(),
            guard: None,
            targets: Vec::new(),
            actions: Vec::new(),
            reenter: false,
            input: None,
            pointer: pointer.to_owned(),
        };
        match json {
            Json::Null => {}
            Json::String(target) => transition.targets = self.target(target, source, pointer),
            Json::Object(_) if json.get("@code").is_some() || json.get("@expr").is_some() => {
                self.error_with_help(
                    "transition-shape",
                    pointer,
                    "a transition cannot be computed as a whole".to_owned(),
                    "write its target, guard and actions; the guard may be an expression",
                );
            }
            Json::Object(_) => self.transition_parts(json, source, &mut transition),
            _ => self.error(
                "transition-shape",
                pointer,
                "a transition is the name of a state or an object with `target`, `guard`, `actions`",
            ),
        }
        transition
    }

    fn transition_parts(&mut self, json: &Json, source: StateId, transition: &mut Transition) {
        const KNOWN: [&str; 11] = [
            "target",
            "guard",
            "when",
            "actions",
            "context",
            "reenter",
            "description",
            "meta",
            "input",
            "matches",
            "cond",
        ];
        let pointer = transition.pointer.clone();
        self.known_fields(json, &KNOWN, &pointer);
        for (refused, message) in [
            ("matches", "`matches` is not run here: write what the event must be as a `guard`"),
            ("cond", "`cond` was renamed: write `guard`"),
        ] {
            if json.get(refused).is_some() {
                self.error("not-supported", &format!("{pointer}/{refused}"), message);
            }
        }
        for (index, target) in
            json.get("target").map_or(Vec::new(), Json::items).into_iter().enumerate()
        {
            let is_list = matches!(json.get("target"), Some(Json::Array(_)));
            let at = if is_list {
                format!("{pointer}/target/{index}")
            } else {
                format!("{pointer}/target")
            };
            match target.as_str() {
                Some(text) => transition.targets.extend(self.target(text, source, &at)),
                None => self.error("unknown-target", &at, "a target is the name of a state"),
            }
        }
        let condition = json.get("guard").map(|g| (g, "guard"));
        if let Some((guard, key)) = condition.or_else(|| json.get("when").map(|g| (g, "when"))) {
            transition.guard = self.guard(guard, &format!("{pointer}/{key}"));
        }
        transition.actions = self.actions(json.get("actions"), &format!("{pointer}/actions"));
        if let Some(patch) = json.get("context") {
            let assign = self.context_patch(patch, &format!("{pointer}/context"));
            transition.actions.extend(assign);
        }
        if let Some(input) = json.get("input") {
            transition.input = Some(self.mapper(input, &format!("{pointer}/input"), false));
        }
        transition.reenter = json.get("reenter").and_then(Json::as_bool).unwrap_or(false);
    }

    /// `{"key": value, …}` merged into the context (XState: `Object.assign`). Keys with dots are paths.
    pub(super) fn context_patch(&mut self, patch: &Json, pointer: &str) -> Option<Action> {
        let Json::Object(entries) = patch else {
            self.error(
                "action-shape",
                pointer,
                "the new context values are an object, like {\"name\": …}",
            );
            return None;
        };
        let assignments: Vec<(Vec<String>, Mapper)> = entries
            .iter()
            .map(|(key, value)| {
                let pointer = format!("{pointer}/{}", pointer_token(key));
                let path = key.split('.').map(str::to_owned).collect();
                (path, self.mapper(value, &pointer, false))
            })
            .collect();
        Some(Action::Assign(assignments))
    }

    /// Resolves a target as XState does: `#id`, `#id.below`, `.child`, or a sibling (with a path below it).
    fn target(&mut self, text: &str, source: StateId, pointer: &str) -> Vec<StateId> {
        let parent = self.outline.sketch(source).parent;
        let found = if let Some(id) = text.strip_prefix('#') {
            self.outline.by_id(id)
        } else if let Some(below) = text.strip_prefix('.') {
            self.outline.descend(source, below)
        } else {
            parent.and_then(|parent| self.outline.descend(parent, text))
        };
        if found.is_none() {
            let hint = self.target_hint(text, source);
            self.error(
                "unknown-target",
                pointer,
                format!("`{text}` is not a state that can be reached from here"),
            );
            if let (Some(hint), Some(last)) = (hint, self.diagnostics.last_mut()) {
                last.help = Some(hint);
            }
        }
        found.into_iter().collect()
    }

    fn target_hint(&self, text: &str, source: StateId) -> Option<String> {
        // Each search looks at every state, so a chart with thousands of loose ends gets only so many.
        if self.diagnostics.len() >= SUGGESTED_MAX {
            return None;
        }
        if self.outline.descend(source, text).is_some() {
            return Some(format!("it is a child of this state: write `.{text}`"));
        }
        let wanted = text.trim_start_matches(['#', '.']);
        self.elsewhere(wanted).or_else(|| {
            let from = match text.starts_with('.') {
                true => Some(source),
                false => self.outline.sketch(source).parent,
            };
            self.near_key(wanted, from?)
        })
    }

    /// The child of a state whose key was probably meant.
    pub(super) fn near_key(&self, wanted: &str, of: StateId) -> Option<String> {
        let children = self.outline.sketch(of).children.iter();
        let keys = children.map(|child| self.outline.sketch(*child).key.as_str());
        suggest::nearest(wanted, keys).map(|near| format!("did you mean `{near}`?"))
    }

    fn elsewhere(&self, wanted: &str) -> Option<String> {
        let same_key = (0..self.outline.states.len()).map(state_id).find(|id| {
            let sketch = self.outline.sketch(*id);
            sketch.key == wanted || sketch.path == wanted
        })?;
        Some(format!("there is one elsewhere: write `#{}`", self.outline.sketch(same_key).id))
    }
}
