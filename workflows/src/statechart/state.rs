//! One state with all its parts.

use super::{Parser, invoke::Invoked, state_id};
use crate::{
    chart::{After, Descriptor, Kind, State, StateId, Transition},
    diagnostic::{Diagnostic, pointer_token},
    json::Json,
    suggest,
};

/// Every key a state node may have; the machine adds a few.
const KNOWN: [&str; 27] = [
    "id",
    "key",
    "type",
    "initial",
    "states",
    "on",
    "onDone",
    "onError",
    "after",
    "always",
    "choice",
    "invoke",
    "entry",
    "exit",
    "meta",
    "description",
    "tags",
    "timeout",
    "onTimeout",
    "history",
    "target",
    "output",
    "context",
    "order",
    "route",
    "input",
    "version",
];
const KNOWN_ON_ROOT: [&str; 8] = [
    "@exprLang",
    "guards",
    "actions",
    "delays",
    "schemas",
    "types",
    "$schema",
    "predictableActionArguments",
];

impl Parser<'_> {
    pub(super) fn state(&mut self, index: usize) -> State {
        let id = state_id(index);
        let sketch = self.outline.sketch(id);
        let (config, pointer) = (sketch.config, sketch.pointer.clone());
        let kind = self.kind(config, id, &pointer);
        self.unsupported(config, id, &pointer);
        let initial = self.initial(config, id, &kind, &pointer);
        let mut invoked = self.invoked(config, id, &pointer);
        self.event_transitions(config, &pointer, &mut invoked);
        let always = self.eventless(config, id, &kind, &pointer);
        let entry = self.actions(config.get("entry"), &format!("{pointer}/entry"));
        let exit = self.actions(config.get("exit"), &format!("{pointer}/exit"));
        let output = config
            .get("output")
            .map(|output| self.mapper(output, &format!("{pointer}/output"), false));
        // The machine's own input comes from whoever starts it.
        let input = config.get("input").filter(|_| id != StateId::ROOT);
        let input = input.map(|input| self.mapper(input, &format!("{pointer}/input"), false));
        let sketch = self.outline.sketch(id);
        State {
            id: sketch.id.clone(),
            key: sketch.key.clone(),
            path: sketch.path.clone(),
            node: sketch.node.clone(),
            kind,
            parent: sketch.parent,
            children: sketch.children.clone(),
            end: sketch.end,
            initial,
            entry,
            exit,
            on: invoked.on,
            always,
            after: invoked.after,
            invokes: invoked.invokes,
            output,
            input,
            tags: texts(config.get("tags")),
            meta: config.get("meta").map_or(serde_json::Value::Null, Json::to_value),
            pointer,
        }
    }

    fn kind(&mut self, config: &Json, id: StateId, pointer: &str) -> Kind {
        if !matches!(config, Json::Object(_)) {
            self.error("state-shape", pointer, "a state is an object; an empty one is {}");
            return Kind::Atomic;
        }
        let has_children = !self.outline.sketch(id).children.is_empty();
        let history = config.get("history");
        let declared = config.get("type").map(|ty| ty.as_str().unwrap_or("?"));
        let kind = match declared {
            None if history.is_some_and(|h| h.as_bool() != Some(false)) => history_kind(history),
            None if has_children => Kind::Compound,
            None | Some("atomic" | "choice") => Kind::Atomic,
            Some("compound") => Kind::Compound,
            Some("parallel") => Kind::Parallel,
            Some("final") => Kind::Final,
            Some("history") => history_kind(history),
            Some(other) => {
                self.error_with_help(
                    "unknown-state-type",
                    &format!("{pointer}/type"),
                    format!("`{other}` is not a type of state"),
                    "atomic, compound, parallel, final, history or choice",
                );
                Kind::Atomic
            }
        };
        let may_have_children = matches!(kind, Kind::Compound | Kind::Parallel);
        if has_children && !may_have_children {
            self.error(
                "state-shape",
                &format!("{pointer}/states"),
                "a state of this type has no states inside",
            );
        }
        if !has_children && may_have_children {
            self.error("state-shape", pointer, "a compound or parallel state needs states inside");
        }
        kind
    }

    fn unsupported(&mut self, config: &Json, id: StateId, pointer: &str) {
        let is_root = id == StateId::ROOT;
        let mut known = KNOWN.to_vec();
        if is_root {
            known.extend(KNOWN_ON_ROOT);
        }
        self.known_fields(config, &known, pointer);
        let language = config.get("@exprLang").and_then(Json::as_str);
        if let Some(language) = language.filter(|language| *language != "cel") {
            self.error_with_help(
                "expression-language",
                &format!("{pointer}/@exprLang"),
                format!("expressions in `{language}` cannot run here"),
                "write expressions in CEL and set \"@exprLang\": \"cel\"",
            );
        }
    }

    /// Compound: `initial`. History: `target`, or what the parent starts with.
    fn initial(
        &mut self,
        config: &Json,
        id: StateId,
        kind: &Kind,
        pointer: &str,
    ) -> Option<Transition> {
        match kind {
            Kind::Compound => self.initial_child(config, id, pointer),
            Kind::History { .. } => {
                let target = config.get("target").map_or(Vec::new(), Json::items);
                let mut default = self.bare_transition(&format!("{pointer}/target"));
                for text in target.iter().filter_map(|t| t.as_str()) {
                    let wrapped = Json::String(text.to_owned());
                    let found = self.transitions(Some(&wrapped), id, None, &default.pointer);
                    default.targets.extend(found.into_iter().flat_map(|t| t.targets));
                }
                if default.targets.is_empty() {
                    default.targets = self.parent_default(id);
                    // Written at the parent: the machine tells by it that this is the parent's own way in.
                    let parent = self.outline.sketch(id).parent;
                    let parent = parent.map(|parent| &self.outline.sketch(parent).pointer);
                    default.pointer = format!("{}/initial", parent.map_or("", String::as_str));
                }
                Some(default)
            }
            _ => None,
        }
    }

    fn initial_child(&mut self, config: &Json, id: StateId, pointer: &str) -> Option<Transition> {
        let pointer = format!("{pointer}/initial");
        let Some(initial) = config.get("initial") else {
            if !self.outline.sketch(id).children.is_empty() {
                self.error_with_help(
                    "no-initial",
                    &pointer,
                    "this state does not say which of its states comes first".to_owned(),
                    "add \"initial\": \"<key of a child>\"",
                );
            }
            return None;
        };
        let text = initial.as_str().or_else(|| {
            initial
                .get("target")
                .and_then(|target| target.items().into_iter().find_map(Json::as_str))
        });
        let key = text.unwrap_or_default();
        let found = match key.strip_prefix('#') {
            Some(by_id) => self.outline.by_id(by_id),
            None => self.outline.descend(id, key.trim_start_matches('.')),
        };
        let inside = found.filter(|s| *s > id && s.0 < self.outline.sketch(id).end);
        let Some(target) = inside else {
            self.error(
                "unknown-target",
                &pointer,
                format!("`{key}` is not a state inside this one"),
            );
            let hint = self.near_key(key.trim_start_matches(['#', '.']), id);
            if let (Some(hint), Some(last)) = (hint, self.diagnostics.last_mut()) {
                last.help = Some(hint);
            }
            return None;
        };
        let mut transition = self.bare_transition(&pointer);
        transition.targets = vec![target];
        transition.actions = self.actions(initial.get("actions"), &format!("{pointer}/actions"));
        if let Some(input) = initial.get("input") {
            transition.input = Some(self.mapper(input, &format!("{pointer}/input"), false));
        }
        Some(transition)
    }

    fn bare_transition(&self, pointer: &str) -> Transition {
        Transition {
            event: None,
            guard: None,
            targets: Vec::new(),
            actions: Vec::new(),
            reenter: false,
            input: None,
            pointer: pointer.to_owned(),
        }
    }

    fn parent_default(&self, history: StateId) -> Vec<StateId> {
        let Some(parent) = self.outline.sketch(history).parent else { return Vec::new() };
        let sketch = self.outline.sketch(parent);
        let is_parallel = sketch.config.get("type").and_then(Json::as_str) == Some("parallel");
        let first = sketch.config.get("initial").and_then(|initial| {
            let key = initial.as_str().or_else(|| initial.get("target")?.as_str())?;
            self.outline.descend(parent, key.trim_start_matches('.'))
        });
        let is_history = |child: &StateId| {
            let config = self.outline.sketch(*child).config;
            config.get("history").is_some()
                || config.get("type").and_then(Json::as_str) == Some("history")
        };
        match first {
            Some(child) if !is_parallel => vec![child],
            _ => sketch.children.iter().copied().filter(|child| !is_history(child)).collect(),
        }
    }

    /// Event transitions in XState's order: `on`, `onDone`, invokes, `onError`, `after`, `onTimeout`.
    fn event_transitions(&mut self, config: &Json, pointer: &str, out: &mut Invoked) {
        let id = out.state;
        let state_id = self.outline.sketch(id).id.clone();
        let from_invokes = std::mem::take(&mut out.on);
        for (event, json) in config.get("on").map_or(&[][..], Json::entries) {
            let at = format!("{pointer}/on/{}", pointer_token(event));
            if event.is_empty() {
                self.error(
                    "event-name",
                    &at,
                    "an event needs a name; an eventless transition is `always`",
                );
            }
            out.on.extend(self.transitions(Some(json), id, Some(&Descriptor::parse(event)), &at));
        }
        let done = Descriptor::Exact(format!("xstate.done.state.{state_id}"));
        let on_done =
            self.transitions(config.get("onDone"), id, Some(&done), &format!("{pointer}/onDone"));
        let error = Descriptor::Prefix("xstate.error".to_owned());
        let on_error = self.transitions(
            config.get("onError"),
            id,
            Some(&error),
            &format!("{pointer}/onError"),
        );
        out.on.extend(on_done.into_iter().chain(from_invokes).chain(on_error));
        for (delay, json) in config.get("after").map_or(&[][..], Json::entries) {
            let at = format!("{pointer}/after/{}", pointer_token(delay));
            let event = format!("xstate.after.{delay}.{state_id}");
            out.on.extend(self.transitions(
                Some(json),
                id,
                Some(&Descriptor::Exact(event.clone())),
                &at,
            ));
            if let Some(delay) = self.delay_key(delay, &at) {
                out.after.push(After { event, delay });
            }
        }
        self.timeout(config, &format!("xstate.timeout.{state_id}"), pointer, out);
    }

    /// `always`, and the branches of a `choice` state, which is left as soon as it is entered.
    fn eventless(
        &mut self,
        config: &Json,
        id: StateId,
        kind: &Kind,
        pointer: &str,
    ) -> Vec<Transition> {
        let mut always =
            self.transitions(config.get("always"), id, None, &format!("{pointer}/always"));
        let is_choice = config.get("type").and_then(Json::as_str) == Some("choice");
        let branches =
            self.transitions(config.get("choice"), id, None, &format!("{pointer}/choice"));
        if is_choice
            && branches.last().is_none_or(|last| last.guard.is_some() || last.targets.is_empty())
        {
            self.error_with_help(
                "choice-fallback",
                &format!("{pointer}/choice"),
                "when no branch fits, this choice would have nowhere to go".to_owned(),
                "add a last branch without `when`",
            );
        }
        if !branches.is_empty() && (!is_choice || *kind != Kind::Atomic) {
            self.error(
                "state-shape",
                &format!("{pointer}/choice"),
                "only a state of type `choice` has `choice`",
            );
        }
        always.extend(branches);
        always
    }

    /// Warns about keys nobody reads: usually a misspelling.
    pub(super) fn known_fields(&mut self, json: &Json, known: &[&str], pointer: &str) {
        for (key, _) in json.entries().iter().filter(|(key, _)| !known.contains(&key.as_str())) {
            let at = format!("{pointer}/{}", pointer_token(key));
            let mut warning = Diagnostic::warning(
                "unknown-field",
                &at,
                format!("`{key}` means nothing here and is ignored"),
            );
            warning.node = self.outline.node_at(pointer);
            warning.help = suggest::nearest(key, known.iter().copied())
                .map(|near| format!("did you mean `{near}`?"));
            self.diagnostics.push(warning);
        }
    }
}

fn history_kind(history: Option<&Json>) -> Kind {
    Kind::History { deep: history.and_then(Json::as_str) == Some("deep") }
}

fn texts(json: Option<&Json>) -> Vec<String> {
    let items = json.map_or(Vec::new(), Json::items);
    items.into_iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}
