//! An instance as the API shows it (DESIGN section 13).

use crate::{app::App, problem::Problem};
use chrono::{DateTime, Utc};
use engine::{
    InstanceView,
    ops::steps::{self, OpenStep},
};
use machine::{
    Life,
    state::{Incident, State},
};
use serde::Serialize;
use serde_json::Value;
use std::{collections::BTreeSet, sync::Arc};
use uuid::Uuid;
use workflows::{
    chart::{Chart, Descriptor, StateId},
    definition::Definition,
};

/// Events the chart sends itself; nobody waits for them from outside.
const INTERNAL: &str = "xstate.";

/// An instance.
#[derive(Debug, Serialize)]
pub(crate) struct Instance {
    id: Uuid,
    definition: String,
    version: i32,
    digest: String,
    status: String,
    seq: u64,
    configuration: Vec<String>,
    value: Value,
    context: Value,
    key: Option<String>,
    conversation: Option<Uuid>,
    parent: Option<Uuid>,
    waiting_on: Vec<Waiting>,
    steps: Vec<OpenStep>,
    timers: Vec<Timer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<Incident>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// One thing that would move the instance.
#[derive(Debug, PartialEq, Serialize)]
struct Waiting {
    /// `event`, `step`, `timer` or `person`.
    kind: &'static str,
    /// Its name.
    name: String,
    /// The state that waits for it.
    state: String,
    /// For people.
    text: String,
}

/// A timer that has not fired.
#[derive(Debug, Serialize)]
struct Timer {
    id: String,
    name: String,
    due: DateTime<Utc>,
    /// `None`: a delayed event of the whole workflow.
    state: Option<String>,
}

/// Reads what belongs to an instance. One whose definition cannot be read is shown without its places: whoever looks at it
/// needs to see it all the more.
pub(crate) async fn instance(
    app: &App,
    tenant: Uuid,
    view: InstanceView,
) -> Result<Instance, Problem> {
    let definition = app.engine.definition_by_digest(tenant, &view.digest).await.ok();
    let has_steps = !view.state.memo.steps.is_empty();
    let steps = match has_steps {
        true => steps::open(app.engine.pool(), tenant, view.id).await?,
        false => Vec::new(),
    };
    Ok(assemble(view, definition.as_deref(), steps))
}

fn assemble(view: InstanceView, definition: Option<&Definition>, steps: Vec<OpenStep>) -> Instance {
    let InstanceView { state, .. } = view;
    let chart = definition.map(|definition| &definition.chart);
    let waiting_on = waiting_on(chart, &state);
    let value = chart.map_or(Value::Null, |c| machine::state_value(c, &state.configuration));
    let timers = state.memo.timers.iter().map(|(name, timer)| Timer {
        id: timer.id.to_string(),
        name: name.clone(),
        due: timer.due,
        state: timer.state.clone(),
    });
    let timers = timers.collect();
    let memo = Arc::unwrap_or_clone(state.memo);
    let (output, error) = match (state.life, memo.result) {
        (Life::Completed, result) => (result, None),
        (_, result) => (None, result),
    };
    Instance {
        id: view.id,
        definition: view.definition,
        version: view.version,
        digest: view.digest,
        status: view.status,
        seq: state.seq,
        configuration: state.configuration,
        value,
        context: Arc::unwrap_or_clone(state.context),
        key: view.key,
        conversation: view.conversation,
        parent: view.parent,
        waiting_on,
        steps,
        timers,
        output,
        error,
        incident: memo.incident.map(|incident| *incident),
        created_at: view.created_at,
        updated_at: view.updated_at,
    }
}

/// What would move the instance, in the order steps, timers, events.
fn waiting_on(chart: Option<&Chart>, state: &State) -> Vec<Waiting> {
    if state.life.is_over() {
        return Vec::new();
    }
    let mut waiting = Vec::new();
    if let Some(incident) = &state.memo.incident {
        waiting.push(Waiting {
            kind: "person",
            name: incident.code.clone(),
            state: incident.state.clone().unwrap_or_default(),
            text: format!("a person: {}", incident.message),
        });
    }
    if state.life == Life::Suspended {
        waiting.push(Waiting {
            kind: "person",
            name: "resume".to_owned(),
            state: String::new(),
            text: "a person: it is suspended".to_owned(),
        });
    }
    waiting.extend(state.memo.steps.iter().map(|(name, step)| Waiting {
        kind: "step",
        name: name.clone(),
        state: step.state.clone(),
        text: format!("the result of `{}`", step.kind),
    }));
    waiting.extend(state.memo.timers.iter().map(|(name, timer)| Waiting {
        kind: "timer",
        name: name.clone(),
        state: timer.state.clone().unwrap_or_default(),
        text: format!("the time {}", timer.due.format("%Y-%m-%d %H:%M:%S UTC")),
    }));
    // Whatever comes meanwhile is held, and moves nothing.
    if let Some(chart) = chart.filter(|_| state.life == Life::Active) {
        waiting.extend(events(chart, &state.configuration));
    }
    waiting
}

/// The events of the outside that active states have transitions for, innermost states first, each once.
fn events(chart: &Chart, configuration: &[String]) -> Vec<Waiting> {
    let mut seen = BTreeSet::new();
    let mut waiting = Vec::new();
    for leaf in configuration.iter().filter_map(|path| chart.find(path)) {
        let line: Vec<StateId> = std::iter::once(leaf).chain(chart.ancestors(leaf)).collect();
        for state in line.into_iter().map(|id| chart.state(id)) {
            for event in state.on.iter().filter_map(|transition| transition.event.as_ref()) {
                let (name, text) = described(event);
                if !name.starts_with(INTERNAL) && seen.insert((state.path.clone(), name.clone())) {
                    waiting.push(Waiting { kind: "event", name, state: state.path.clone(), text });
                }
            }
        }
    }
    waiting
}

fn described(event: &Descriptor) -> (String, String) {
    match event {
        Descriptor::Any => ("*".to_owned(), "any event".to_owned()),
        Descriptor::Prefix(prefix) => {
            (format!("{prefix}.*"), format!("an event `{prefix}` or below it"))
        }
        Descriptor::Exact(name) if name == machine::event::kind::MESSAGE => {
            (name.clone(), "a message from the customer".to_owned())
        }
        Descriptor::Exact(name) => (name.clone(), format!("the event `{name}`")),
    }
}
