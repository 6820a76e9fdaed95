//! Writes a case as machine JSON, once with expressions in CEL for us and once with the same in JavaScript for XState.
//!
//! The text is put together by hand, since key order is document order and our JSON maps sort their keys.

use crate::model::{Action, Arrival, Case, Entry, Guard, Kind, Number, State, Transition};
use serde_json::{Value, json};

/// For whom.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Dialect {
    /// Expressions are `{"@expr": "<CEL>"}`.
    Cel,
    /// Expressions are `{"@js": "<JavaScript>"}`; a choice is an atomic state with `always`.
    JavaScript,
}

/// The machine of a case.
pub(crate) fn machine(case: &Case, dialect: Dialect) -> String {
    Emitter { root: &case.root, dialect }.root()
}

/// One entry of the script, in the form `perdure simulate` reads.
pub(crate) fn entry(entry: &Entry) -> Value {
    let mut line = json!({});
    if entry.after_ms > 0 {
        line["after"] = json!(entry.after_ms);
    }
    match &entry.event {
        None => {}
        Some(Arrival::Event { name, value: None }) => line["event"] = json!({ "type": name }),
        Some(Arrival::Event { name, value: Some(value) }) => {
            line["event"] = json!({ "type": name, "v": value });
        }
        Some(Arrival::Done { invoke, value }) => {
            line["event"] = json!({ "type": "step.done", "id": invoke, "output": { "v": value } });
        }
        Some(Arrival::Failed { invoke }) => {
            let error = json!({ "code": "failed", "message": "it failed" });
            line["event"] = json!({ "type": "step.failed", "id": invoke, "error": error });
        }
    }
    line
}

struct Emitter<'a> {
    root: &'a State,
    dialect: Dialect,
}

/// The fields of an object, in order.
#[derive(Default)]
struct Fields(Vec<String>);

impl Fields {
    fn add(&mut self, key: &str, value: impl std::fmt::Display) {
        self.0.push(format!("{}:{value}", quoted(key)));
    }

    fn list(&mut self, key: &str, items: Vec<String>) {
        if !items.is_empty() {
            self.add(key, format!("[{}]", items.join(",")));
        }
    }

    fn object(&self) -> String {
        format!("{{{}}}", self.0.join(","))
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

impl Emitter<'_> {
    fn root(&self) -> String {
        let mut fields = Fields::default();
        fields.add("id", quoted("m"));
        if self.dialect == Dialect::Cel {
            fields.add("@exprLang", quoted("cel"));
        }
        fields.add("context", r#"{"n":0,"trace":""}"#);
        self.state_fields(self.root, &mut fields);
        fields.object()
    }

    fn state(&self, state: &State) -> String {
        let mut fields = Fields::default();
        self.state_fields(state, &mut fields);
        fields.object()
    }

    fn state_fields(&self, state: &State, fields: &mut Fields) {
        match &state.kind {
            Kind::Plain => {}
            Kind::Parallel => fields.add("type", quoted("parallel")),
            Kind::Final => fields.add("type", quoted("final")),
            Kind::Choice if self.dialect == Dialect::JavaScript => {}
            Kind::Choice => fields.add("type", quoted("choice")),
            Kind::History { deep, target } => {
                fields.add("type", quoted("history"));
                fields.add("history", quoted(if *deep { "deep" } else { "shallow" }));
                if let Some(target) = target {
                    // XState reads the default target of a history state as a path below its parent.
                    let parent = self.root.path_to(&state.key).unwrap_or_default();
                    let path = self.root.path_to(target).unwrap_or_default();
                    fields.add("target", quoted(&path[parent.len() - 1..].join(".")));
                }
            }
        }
        if state.is_compound() {
            fields.add("initial", self.initial(state));
        }
        fields.list("entry", self.actions(&state.entry));
        fields.list("exit", self.actions(&state.exit));
        self.transitions_of(state, fields);
        if let Some(output) = &state.output {
            fields.add("output", format!(r#"{{"v":{}}}"#, self.number(output)));
        }
        if !state.children.is_empty() {
            let mut states = Fields::default();
            for child in &state.children {
                states.add(&child.key, self.state(child));
            }
            fields.add("states", states.object());
        }
    }

    fn transitions_of(&self, state: &State, fields: &mut Fields) {
        let mut on = Fields::default();
        for (event, list) in &state.on {
            on.list(event, self.transitions(state, list));
        }
        if !on.0.is_empty() {
            fields.add("on", on.object());
        }
        let mut after = Fields::default();
        for (delay_ms, list) in &state.after {
            after.list(&delay_ms.to_string(), self.transitions(state, list));
        }
        if !after.0.is_empty() {
            fields.add("after", after.object());
        }
        let is_branching = state.kind == Kind::Choice && self.dialect == Dialect::Cel;
        let eventless = if is_branching { "choice" } else { "always" };
        fields.list(eventless, self.transitions(state, &state.always));
        fields.list("onDone", self.transitions(state, &state.on_done));
        if let Some(invoke) = &state.invoke {
            let mut called = Fields::default();
            called.add("id", quoted(&invoke.id));
            called.add("src", quoted("workflow:child"));
            called.list("onDone", self.transitions(state, &invoke.on_done));
            called.list("onError", self.transitions(state, &invoke.on_error));
            fields.add("invoke", called.object());
        }
    }

    fn initial(&self, state: &State) -> String {
        if state.initial_actions.is_empty() {
            return quoted(&state.initial);
        }
        let mut initial = Fields::default();
        initial.add("target", quoted(&state.initial));
        initial.list("actions", self.actions(&state.initial_actions));
        initial.object()
    }

    fn transitions(&self, source: &State, list: &[Transition]) -> Vec<String> {
        list.iter().map(|transition| self.transition(source, transition)).collect()
    }

    fn transition(&self, source: &State, transition: &Transition) -> String {
        let mut fields = Fields::default();
        match transition.targets.as_slice() {
            [] => {}
            [one] => fields.add("target", self.target(source, one)),
            several => {
                let targets = several.iter().map(|target| self.target(source, target)).collect();
                fields.list("target", targets);
            }
        }
        if let Some(guard) = &transition.guard {
            fields.add("guard", self.guard(guard));
        }
        fields.list("actions", self.actions(&transition.actions));
        if transition.reenter {
            fields.add("reenter", "true");
        }
        fields.object()
    }

    /// All three ways to write a target: a sibling's key, a child after a dot, an id.
    fn target(&self, source: &State, target: &str) -> String {
        let to = self.root.path_to(target).unwrap_or_default();
        let from = self.root.path_to(&source.key).unwrap_or_default();
        let parent = to.split_last().map(|(_, parent)| parent);
        if parent == Some(from.as_slice()) {
            return quoted(&format!(".{target}"));
        }
        if !from.is_empty() && parent == from.split_last().map(|(_, parent)| parent) {
            return quoted(target);
        }
        quoted(&format!("#{}", self.id(target)))
    }

    fn id(&self, key: &str) -> String {
        let path = self.root.path_to(key).unwrap_or_default();
        std::iter::once("m".to_owned()).chain(path).collect::<Vec<_>>().join(".")
    }

    fn actions(&self, actions: &[Action]) -> Vec<String> {
        actions.iter().map(|action| self.action(action)).collect()
    }

    fn action(&self, action: &Action) -> String {
        let assign = |key: &str, value: String| {
            format!(r#"{{"type":"@xstate.assign","context":{{"{key}":{value}}}}}"#)
        };
        match action {
            Action::Trace(label) => {
                let appended = format!("context.trace + {}", quoted(&format!("{label} ")));
                assign("trace", self.computed(&appended))
            }
            Action::Set(number) => assign("n", self.number(number)),
            Action::Raise(event) => {
                json!({ "type": "@xstate.raise", "event": { "type": event } }).to_string()
            }
            Action::Later { event, delay_ms, id } => json!({
                "type": "@xstate.raise",
                "event": { "type": event },
                "delay": delay_ms,
                "id": id,
            })
            .to_string(),
            Action::Cancel(id) => json!({ "type": "@xstate.cancel", "id": id }).to_string(),
        }
    }

    fn computed(&self, source: &str) -> String {
        let key = if self.dialect == Dialect::Cel { "@expr" } else { "@js" };
        json!({ key: source }).to_string()
    }

    fn number(&self, number: &Number) -> String {
        self.computed(&arithmetic(number, self.dialect))
    }

    /// For us one expression; for XState a tree, since only its own `stateIn` sees the active states.
    fn guard(&self, guard: &Guard) -> String {
        if self.dialect == Dialect::Cel {
            return self.computed(&self.condition(guard));
        }
        match guard {
            Guard::In(key) => json!({ "in": format!("#{}", self.id(key)) }).to_string(),
            Guard::Not(inner) => format!(r#"{{"not":{}}}"#, self.guard(inner)),
            Guard::And(a, b) => format!(r#"{{"and":[{},{}]}}"#, self.guard(a), self.guard(b)),
            Guard::Or(a, b) => format!(r#"{{"or":[{},{}]}}"#, self.guard(a), self.guard(b)),
            leaf => self.computed(&self.condition(leaf)),
        }
    }

    fn condition(&self, guard: &Guard) -> String {
        let number = |number: &Number| arithmetic(number, self.dialect);
        match guard {
            Guard::Equal(a, b) => format!("{} == {}", number(a), number(b)),
            Guard::Less(a, b) => format!("{} < {}", number(a), number(b)),
            Guard::EventIs(name) => format!("event.type == {}", quoted(name)),
            Guard::In(key) => {
                let path = self.root.path_to(key).unwrap_or_default();
                format!("in_state({})", quoted(&path.join(".")))
            }
            Guard::Not(inner) => format!("!({})", self.condition(inner)),
            Guard::And(a, b) => format!("({}) && ({})", self.condition(a), self.condition(b)),
            Guard::Or(a, b) => format!("({}) || ({})", self.condition(a), self.condition(b)),
        }
    }
}

fn arithmetic(number: &Number, dialect: Dialect) -> String {
    let is_cel = dialect == Dialect::Cel;
    // The checker knows which events a guard can meet; whether they have a number is asked of all alike.
    match number {
        Number::Literal(value) => value.to_string(),
        Number::Context => "context.n".to_owned(),
        Number::Event if is_cel => "(has(dyn(event).v) ? dyn(event).v : 0)".to_owned(),
        Number::Event => "(event.v ?? 0)".to_owned(),
        Number::Output if is_cel => {
            "(has(dyn(event).output.v) ? dyn(event).output.v : 0)".to_owned()
        }
        Number::Output => "(event.output?.v ?? 0)".to_owned(),
        Number::Sum(a, b) => format!("({} + {})", arithmetic(a, dialect), arithmetic(b, dialect)),
        Number::Remainder(a, by) => format!("{} % {by}", arithmetic(a, dialect)),
    }
}
