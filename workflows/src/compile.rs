//! The whole way of an upload: bytes to a [`Definition`], with every diagnostic of every stage.

use crate::{
    definition::{Definition, Trigger, TriggerOn, TriggerPolicy, UnhandledPolicy},
    diagnostic::{Diagnostic, pointer_token, problem_message},
    expr::{Expression, Type, TypeEnv},
    graph,
    json::Json,
    source::{self, Body, Source},
    statechart,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashSet};

/// What compiling gave.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The definition; `None` when there is an error among the diagnostics.
    pub definition: Option<Definition>,
    /// The statechart JSON, as far as it could be made: the upload's machine, or the lowered graph.
    pub machine: Option<Json>,
    /// Whether the upload itself says what happens to unhandled events (`policies.unhandled`), or is a graph, whose
    /// waits rely on the default. A bare machine that does not is simulated by XState's rule, which is to drop them.
    pub defers: bool,
    /// Every problem, errors first in document order of their stages.
    pub diagnostics: Vec<Diagnostic>,
    /// The upload's scenarios, as given: each with its JSON pointer. What is wrong in them is told by who runs them.
    pub tests: Vec<(Value, String)>,
}

impl Compiled {
    /// What comes of an upload of which nothing could be read.
    pub fn refused(diagnostics: Vec<Diagnostic>) -> Self {
        Self { definition: None, machine: None, defers: true, diagnostics, tests: Vec::new() }
    }

    /// Whether it may be published.
    pub fn is_publishable(&self) -> bool {
        self.definition.is_some()
    }
}

/// Compiles an upload. Total: whatever the bytes are, the answer is a list of diagnostics and perhaps a definition.
/// `name_hint` names a bare graph or machine.
pub fn compile(bytes: &[u8], name_hint: Option<&str>) -> Compiled {
    let (source, mut diagnostics) = source::read(bytes, name_hint);
    let Some(source) = source else {
        return Compiled::refused(diagnostics);
    };
    let mut types = TypeEnv::standard();
    if let Some(schema) = &source.schema {
        types = types.with("context", context_type(schema));
    }
    if let Some(schema) = &source.input {
        types = types.with("input", Type::from_json_schema(schema));
    }
    let lowered = lower(&source, &mut diagnostics);
    let (chart, found) = statechart::parse(&lowered.machine, &source.pointer, &source.name, &types);
    diagnostics.extend(match lowered.is_graph {
        true => on_nodes(found, &source, &diagnostics),
        false => found,
    });
    let parts = Parts::read(&source, &lowered.triggers, &types, &mut diagnostics);
    let has_errors = diagnostics.iter().any(Diagnostic::is_error);
    let defers = lowered.is_graph || source.policies.get("unhandled").is_some();
    let definition = chart.filter(|_| !has_errors).map(|chart| Definition {
        digest: digest(&source.name, &source.document),
        name: source.name.clone(),
        title: source.title.clone(),
        triggers: parts.triggers,
        key: parts.key,
        input_schema: source.input.clone(),
        messages: parts.messages,
        unhandled: parts.unhandled,
        chart,
        machine: lowered.machine.to_value(),
    });
    let tests = source.tests.iter().enumerate();
    let tests = tests.map(|(index, test)| (test.clone(), format!("/tests/{index}"))).collect();
    Compiled { definition, machine: Some(lowered.machine), defers, diagnostics, tests }
}

/// What the schema declares is typed; the workflow writes more than that (results of steps), so other names stay open.
fn context_type(schema: &Value) -> Type {
    match Type::from_json_schema(schema) {
        Type::Object { fields, .. } => Type::Object { fields, open: true },
        other => other,
    }
}

struct LoweredSource {
    machine: Json,
    triggers: Vec<(Value, String)>,
    is_graph: bool,
}

fn lower(source: &Source, diagnostics: &mut Vec<Diagnostic>) -> LoweredSource {
    let context = source.context.clone();
    match &source.body {
        Body::Graph(value) => {
            let lowered = graph::lower(value, &source.pointer, &source.name);
            let has_triggers = !source.triggers.is_empty();
            diagnostics.extend(
                lowered.diagnostics.into_iter().filter(|d| !(has_triggers && d.code == "no-entry")),
            );
            let mut machine = lowered.machine;
            machine["context"] = context.unwrap_or_else(|| json!({}));
            let triggers = lowered.triggers.into_iter().chain(source.triggers.iter().cloned());
            LoweredSource {
                machine: Json::from(&machine),
                triggers: triggers.collect(),
                is_graph: true,
            }
        }
        Body::Machine(machine) => {
            let mut machine = machine.clone();
            if let (Json::Object(entries), Some(context)) = (&mut machine, context)
                && !entries.iter().any(|(key, _)| key == "context")
            {
                entries.push(("context".to_owned(), Json::from(&context)));
            }
            LoweredSource { machine, triggers: source.triggers.clone(), is_graph: false }
        }
    }
}

/// Problems of a lowered graph point into JSON the admin never saw: they are moved to the node they came from, and left
/// out where the graph's own checks have said the same.
fn on_nodes(found: Vec<Diagnostic>, source: &Source, told: &[Diagnostic]) -> Vec<Diagnostic> {
    if told.iter().any(Diagnostic::is_error) {
        return Vec::new();
    }
    let told: HashSet<_> = told.iter().map(|d| (d.code, d.node.clone())).collect();
    let Body::Graph(graph) = &source.body else { return found };
    let nodes = graph.get("nodes").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let moved = found.into_iter().filter(Diagnostic::is_error).map(|mut diagnostic| {
        let index = nodes
            .iter()
            .position(|node| node.get("id").and_then(Value::as_str) == diagnostic.node.as_deref());
        diagnostic.pointer = match index {
            Some(index) => format!("{}/nodes/{index}", source.pointer),
            None => source.pointer.clone(),
        };
        diagnostic
    });
    moved.filter(|d| !told.contains(&(d.code, d.node.clone()))).collect()
}

/// What stands around the chart.
struct Parts {
    triggers: Vec<Trigger>,
    key: Option<Expression>,
    messages: BTreeMap<String, BTreeMap<String, String>>,
    unhandled: UnhandledPolicy,
}

impl Parts {
    fn read(
        source: &Source,
        triggers: &[(Value, String)],
        types: &TypeEnv,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let triggers = triggers
            .iter()
            .filter_map(|(trigger, pointer)| read_trigger(trigger, pointer, types, diagnostics))
            .collect();
        let key = source.key.as_deref().and_then(|key| expression(key, "/key", types, diagnostics));
        let unhandled = source.policies.get("unhandled").cloned().unwrap_or_else(|| json!({}));
        let unhandled = serde_json::from_value(unhandled).unwrap_or_else(|error| {
            let message = format!("this policy cannot be read: {error}");
            diagnostics
                .push(Diagnostic::error("policy-shape", "/policies/unhandled", message).help(
                "{\"default\": \"defer\", \"events\": {\"name\": \"drop\"}}; defer, drop or error",
            ));
            UnhandledPolicy::default()
        });
        Self { triggers, key, messages: read_messages(&source.messages, diagnostics), unhandled }
    }
}

fn read_trigger(
    trigger: &Value,
    pointer: &str,
    types: &TypeEnv,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Trigger> {
    let text = |field: &str| trigger.get(field).and_then(Value::as_str);
    let on = match text("on")? {
        "message" => TriggerOn::Message,
        "start" => TriggerOn::Start,
        _ => return None,
    };
    let when = text("when").filter(|when| !when.trim().is_empty());
    let when = match when {
        Some(when) => Some(expression(when, &format!("{pointer}/when"), types, diagnostics)?),
        None => None,
    };
    let policy = match text("policy") {
        Some("suspend") => TriggerPolicy::Suspend,
        Some("ignore_if_waiting") => TriggerPolicy::IgnoreIfWaiting,
        _ => TriggerPolicy::Interrupt,
    };
    let priority = trigger.get("priority").and_then(Value::as_i64).unwrap_or(0);
    Some(Trigger { on, when, priority, policy })
}

fn expression(
    text: &str,
    pointer: &str,
    types: &TypeEnv,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Expression> {
    let (parsed, problems) = match Expression::parse(text) {
        Ok(expression) => {
            let problems = expression.check(types).problems;
            (Some(expression), problems)
        }
        Err(problems) => (None, problems),
    };
    // A graph's own checks may have told these already, at the same place.
    for problem in problems {
        let mut diagnostic =
            Diagnostic::error(problem.code, pointer, problem_message(&problem, text));
        diagnostic.help = problem.help.clone();
        if !diagnostics.iter().any(|d| d.code == diagnostic.code && d.pointer == diagnostic.pointer)
        {
            diagnostics.push(diagnostic);
        }
    }
    parsed
}

fn read_messages(
    messages: &Value,
    diagnostics: &mut Vec<Diagnostic>,
) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut read = BTreeMap::new();
    for (language, texts) in messages.as_object().into_iter().flatten() {
        let mut by_key = BTreeMap::new();
        for (key, text) in texts.as_object().into_iter().flatten() {
            match text.as_str() {
                Some(text) => {
                    by_key.insert(key.clone(), text.to_owned());
                }
                None => {
                    let pointer =
                        format!("/messages/{}/{}", pointer_token(language), pointer_token(key));
                    diagnostics.push(Diagnostic::error(
                        "message-shape",
                        pointer,
                        "a message is a text",
                    ));
                }
            }
        }
        read.insert(language.clone(), by_key);
    }
    read
}

/// Names the source: the same text (but for white space) under the same name has the same digest.
fn digest(name: &str, document: &Json) -> String {
    let mut hash = Sha256::new();
    hash.update(name.as_bytes());
    hash.update([0]);
    hash.update(serde_json::to_vec(document).unwrap_or_default());
    let bytes = hash.finalize();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}
