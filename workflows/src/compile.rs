//! The whole way of an upload: bytes to a [`Definition`], with every diagnostic of every stage.

use crate::{
    chart::Chart,
    definition::{Definition, Trigger, TriggerOn, TriggerPolicy, UnhandledPolicy},
    diagnostic::{self, Diagnostic},
    duration::parse_duration_ms,
    expr::{Expression, Texts, Type, TypeEnv},
    graph,
    json::Json,
    kinds::trigger,
    limits::{DELAY_MS_MAX, RETENTION_MS_MIN},
    messages,
    pacing::Pacing,
    source::{self, Body, Source},
    statechart, verify,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashSet;

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
    /// The definition file that was made of the upload, if that is of another form than ours. It is what should be kept:
    /// a later release may make another file of the same upload.
    pub made: Option<Json>,
    /// The upload's scenarios, as given: each with its JSON pointer. What is wrong in them is told by who runs them.
    pub tests: Vec<(Value, String)>,
}

impl Compiled {
    /// What comes of an upload of which nothing could be read.
    pub fn refused(diagnostics: Vec<Diagnostic>) -> Self {
        Self {
            definition: None,
            machine: None,
            defers: true,
            diagnostics,
            made: None,
            tests: Vec::new(),
        }
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
        diagnostic::locate(bytes, &mut diagnostics);
        return Compiled::refused(diagnostics);
    };
    // What reading told is in its place already.
    let n_told = diagnostics.len();
    let mut types = TypeEnv::standard();
    if let Some(schema) = &source.schema {
        types = types.with("context", context_type(schema)).with_lengths("context", schema);
    }
    if let Some(schema) = &source.input {
        types = types.with_schema("input", schema);
    }
    let texts = messages::read(&source.messages, &source.document, &types, &mut diagnostics);
    verify::check_translations(&texts, &types, &mut diagnostics);
    let types = types.with_texts(&texts);
    let lowered = lower(&source, &types, &mut diagnostics);
    let (chart, found) = statechart::parse(&lowered.machine, &source.pointer, &source.name, &types);
    let mut found = found;
    if let Some(chart) = &chart {
        let read = (chart, &lowered.machine, source.pointer.as_str());
        found.extend(verify::verify(&verify::Subject::new(read, lowered.is_graph, &types, &texts)));
    }
    diagnostics.extend(match lowered.is_graph {
        true => on_nodes(found, &lowered.machine, &source, &diagnostics),
        false => found,
    });
    let parts = Parts::read(&source, &lowered.triggers, &types, &mut diagnostics);
    diagnostic::accept(&source.document, &mut diagnostics);
    if let Some(origins) = &source.origins {
        origins.place(&mut diagnostics[n_told..]);
    }
    diagnostic::locate(bytes, &mut diagnostics);
    let has_errors = diagnostics.iter().any(Diagnostic::is_error);
    let defers = lowered.is_graph || source.policies.get("unhandled").is_some();
    let definition = chart
        .filter(|_| !has_errors)
        .map(|chart| define(&source, &lowered.machine, chart, parts, texts));
    let tests = source.tests.iter().enumerate();
    let tests = tests.map(|(index, test)| (test.clone(), format!("/tests/{index}"))).collect();
    let made = source.origins.is_some().then_some(source.document);
    Compiled { definition, machine: Some(lowered.machine), defers, diagnostics, made, tests }
}

/// Compiles what an earlier release accepted and stored. It was checked then; a rule that this release has learned since
/// must not stop an instance that waits, so only what makes no legal chart is an error here.
pub fn reopen(bytes: &[u8], name: &str) -> Result<Definition, Vec<Diagnostic>> {
    let (source, mut diagnostics) = source::read(bytes, Some(name));
    let Some(source) = source else { return Err(diagnostics) };
    let types = TypeEnv::trusting();
    let texts = messages::read(&source.messages, &source.document, &types, &mut diagnostics);
    let lowered = lower(&source, &types, &mut diagnostics);
    let (chart, found) = statechart::parse(&lowered.machine, &source.pointer, &source.name, &types);
    let Some(chart) = chart else { return Err(found) };
    let parts = Parts::read(&source, &lowered.triggers, &types, &mut diagnostics);
    Ok(define(&source, &lowered.machine, chart, parts, texts))
}

fn define(
    source: &Source,
    machine: &Json,
    mut chart: Chart,
    parts: Parts,
    texts: Texts,
) -> Definition {
    parts.pacing.apply(&source.name, &mut chart);
    Definition {
        digest: digest(&source.name, &source.document),
        name: source.name.clone(),
        title: source.title.clone(),
        triggers: parts.triggers,
        key: parts.key,
        input_schema: source.input.clone(),
        messages: texts,
        unhandled: parts.unhandled,
        retention_ms: parts.retention_ms,
        pacing: parts.pacing,
        chart,
        machine: machine.to_value(),
    }
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

fn lower(source: &Source, types: &TypeEnv, diagnostics: &mut Vec<Diagnostic>) -> LoweredSource {
    let context = source.context.clone();
    match &source.body {
        Body::Graph(value) => {
            let lowered = graph::lower_with(value, &source.pointer, &source.name, types);
            let has_triggers = !source.triggers.is_empty();
            diagnostics.extend(
                lowered.diagnostics.into_iter().filter(|d| !(has_triggers && d.code == "no-entry")),
            );
            let mut machine = lowered.machine;
            machine.set("context", Json::from(&context.unwrap_or_else(|| json!({}))));
            let triggers = lowered.triggers.into_iter().chain(source.triggers.iter().cloned());
            LoweredSource { machine, triggers: triggers.collect(), is_graph: true }
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

/// Warnings about a chart that the graph's own checks say nothing of; they are told of lowered graphs too.
const OF_CHARTS: &[&str] = &["maybe-unset", "never-taken", "unknown-variable"];

/// Errors that leave nodes out of the lowered graph.
const UNREAD: &[&str] =
    &["duplicate-id", "graph-shape", "id-characters", "too-many-states", "unknown-kind"];

/// Problems of a lowered graph point into JSON the admin never saw: they are moved to the node they came from, and left
/// out where the graph's own checks have said the same. Of a graph with errors of its own only names are told that nothing
/// sets: how it would run is not known yet.
fn on_nodes(
    found: Vec<Diagnostic>,
    machine: &Json,
    source: &Source,
    told: &[Diagnostic],
) -> Vec<Diagnostic> {
    let is_broken = told.iter().any(Diagnostic::is_error);
    // Nodes that could not be read may be the ones that set what seems to be unknown.
    if is_broken && told.iter().any(|d| d.is_error() && UNREAD.contains(&d.code)) {
        return Vec::new();
    }
    let told: HashSet<_> = told.iter().map(|d| (d.code, d.node.clone())).collect();
    let Body::Graph(graph) = &source.body else { return found };
    let drawn = verify::Drawn::new(machine, graph, &source.pointer);
    let is_for_graphs = |d: &Diagnostic| match is_broken {
        true => d.code == "unknown-variable",
        false => d.is_error() || OF_CHARTS.contains(&d.code),
    };
    let moved = found.into_iter().filter(is_for_graphs).map(|mut diagnostic| {
        drawn.place(&mut diagnostic);
        diagnostic
    });
    moved.filter(|d| !told.contains(&(d.code, d.node.clone()))).collect()
}

/// What stands around the chart.
struct Parts {
    triggers: Vec<Trigger>,
    key: Option<Expression>,
    unhandled: UnhandledPolicy,
    retention_ms: Option<i64>,
    pacing: Pacing,
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
        let retention_ms = retention(&source.policies, diagnostics);
        let pacing = Pacing::read(&source.policies, types, diagnostics);
        Self { triggers, key, unhandled, retention_ms, pacing }
    }
}

/// `policies.retention`: how long what is over is kept.
fn retention(policies: &Value, diagnostics: &mut Vec<Diagnostic>) -> Option<i64> {
    let given = policies.get("retention").filter(|given| !given.is_null())?;
    let ms = given.as_str().and_then(parse_duration_ms);
    let kept = ms.filter(|ms| (RETENTION_MS_MIN..=DELAY_MS_MAX).contains(ms));
    if kept.is_none() {
        let message = "this is no time for which finished instances can be kept";
        let diagnostic = Diagnostic::error("policy-shape", "/policies/retention", message);
        diagnostics.push(
            diagnostic
                .help("A duration from an hour to a hundred years, like \"90d\" or \"P365D\"."),
        );
    }
    kept
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
        "schedule" => TriggerOn::Schedule(Box::new(trigger::schedule(trigger.as_object()?)?)),
        "event" => TriggerOn::Event(text("name")?.trim().to_owned()),
        "webhook" => TriggerOn::Webhook(text("name")?.trim().to_owned()),
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

pub(crate) fn expression(
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
        let diagnostic = Diagnostic::of_problem(&problem, pointer, text);
        if !diagnostics.iter().any(|d| d.code == diagnostic.code && d.pointer == diagnostic.pointer)
        {
            diagnostics.push(diagnostic);
        }
    }
    parsed
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retention_is_a_time_from_an_hour_to_a_hundred_years() {
        let hour = 3_600 * 1_000;
        let cases = [
            (json!({}), Some(None)),
            (json!({ "retention": null }), Some(None)),
            (json!({ "retention": "90d" }), Some(Some(90 * 24 * hour))),
            (json!({ "retention": "PT1H" }), Some(Some(hour))),
            (json!({ "retention": "59m" }), None),
            (json!({ "retention": "P1Y" }), None),
            (json!({ "retention": "-90d" }), None),
            (json!({ "retention": 90 }), None),
        ];
        for (policies, wanted) in cases {
            let mut diagnostics = Vec::new();
            let found = retention(&policies, &mut diagnostics);
            assert_eq!(diagnostics.is_empty().then_some(found), wanted, "{policies}");
        }
    }
}
