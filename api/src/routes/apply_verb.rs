//! `POST /v1/instances/{id}/{retry|skip|suspend|resume|cancel}`: the ops verbs.
//!
//! A verb is an event like any other, applied by the owner in order, and stands in history with actor and reason.
//!
//! **Invariant:** no verb is sent before it stands in the audit.

use crate::{
    app::App,
    auth::{Action, Caller},
    extract::{Id, OptionalJson},
    problem::Problem,
    routes::check_text,
    view::{self, Instance},
};
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use engine::{
    Error, EventRequest, InstanceView,
    ops::{
        audit::{self, Deed},
        history, retry as versions,
    },
};
use machine::{
    event::kind,
    life::{self, Change},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::Duration;
use uuid::Uuid;

/// How long the answer waits for the verb's turn.
const TURN_WAIT: Duration = Duration::from_secs(10);

/// The body; every verb takes a reason.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Verb {
    reason: Option<String>,
    /// `retry`, `skip`: the step, by its invoke id, where several are open.
    step: Option<String>,
    /// `skip`: the result the step is given.
    output: Option<Value>,
    /// `retry`: the version to go on with, from this turn on. Open steps run as they were asked for.
    version: Option<i32>,
    /// `cancel`: the registered undo steps are run first, in reverse; the instance is cancelled when they are done.
    #[serde(default)]
    compensate: bool,
}

/// A request for a verb.
struct Wanted {
    name: &'static str,
    event: &'static str,
    verb: Verb,
}

/// Tries again what made the instance stuck.
pub(crate) async fn retry(
    app: State<App>,
    caller: Caller,
    id: Id,
    OptionalJson(verb): OptionalJson<Verb>,
) -> Result<Response, Problem> {
    apply(app, caller, id, Wanted { name: "retry", event: kind::RETRY, verb }).await
}

/// Takes `output` as the result of an open step.
pub(crate) async fn skip(
    app: State<App>,
    caller: Caller,
    id: Id,
    OptionalJson(verb): OptionalJson<Verb>,
) -> Result<Response, Problem> {
    apply(app, caller, id, Wanted { name: "skip", event: kind::SKIP, verb }).await
}

/// Holds everything that arrives.
pub(crate) async fn suspend(
    app: State<App>,
    caller: Caller,
    id: Id,
    OptionalJson(verb): OptionalJson<Verb>,
) -> Result<Response, Problem> {
    apply(app, caller, id, Wanted { name: "suspend", event: kind::SUSPEND, verb }).await
}

/// Goes on, held events first.
pub(crate) async fn resume(
    app: State<App>,
    caller: Caller,
    id: Id,
    OptionalJson(verb): OptionalJson<Verb>,
) -> Result<Response, Problem> {
    apply(app, caller, id, Wanted { name: "resume", event: kind::RESUME, verb }).await
}

/// Ends the instance where it stands; with `compensate`, after what it did was undone.
pub(crate) async fn cancel(
    app: State<App>,
    caller: Caller,
    id: Id,
    OptionalJson(verb): OptionalJson<Verb>,
) -> Result<Response, Problem> {
    apply(app, caller, id, Wanted { name: "cancel", event: kind::CANCEL, verb }).await
}

async fn apply(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
    wanted: Wanted,
) -> Result<Response, Problem> {
    let tenant = caller.may(Action::OperateInstances)?;
    check_text("/reason", wanted.verb.reason.as_deref().unwrap_or_default())?;
    let before = app.engine.instance(tenant, id).await?;
    if !is_possible(&before, &wanted) {
        return Err(not_possible(&wanted, &before.status));
    }
    if wanted.verb.compensate && wanted.event != kind::CANCEL {
        let detail = "only `cancel` compensates";
        return Err(Problem::unprocessable("json-shape", detail).with("pointer", "/compensate"));
    }
    let mut body = event_body(&wanted);
    if let Some(version) = wanted.verb.version {
        if wanted.event != kind::RETRY {
            let detail = "only `retry` goes on with a version";
            return Err(Problem::unprocessable("json-shape", detail).with("pointer", "/version"));
        }
        let definition = versions::definition(&app.engine, tenant, &before, version).await?;
        body.insert("definition".to_owned(), definition);
    }
    let deed = Deed {
        tenant,
        actor: caller.actor(),
        verb: wanted.name,
        target: format!("instance {id}"),
        reason: wanted.verb.reason.clone(),
        detail: json!({
            "step": wanted.verb.step, "version": wanted.verb.version, "seq": before.state.seq,
            "compensate": wanted.verb.compensate,
        }),
    };
    audit::record(app.engine.pool(), deed).await?;
    let reason = wanted.verb.reason.clone();
    let request = EventRequest { tenant, instance: id, body, actor: caller.actor(), reason };
    match app.engine.send_and_wait(request, TURN_WAIT).await {
        Ok(after) => {
            let (seq, actor) = (before.state.seq, caller.actor());
            let verdict =
                history::verdict(app.engine.pool(), (tenant, id), seq, wanted.event, actor).await?;
            if verdict.as_deref() == Some("dropped") {
                return Err(not_possible(&wanted, &after.status));
            }
            let shown: Instance = view::instance(&app, tenant, after).await?;
            Ok(Json(shown).into_response())
        }
        Err(Error::Pending(event_id)) => Ok(pending(event_id)),
        Err(error) => Err(error.into()),
    }
}

/// Whether the verb can be applied now. It may still turn out not to be, when something else comes first.
fn is_possible(view: &InstanceView, wanted: &Wanted) -> bool {
    let verb = &wanted.verb;
    let step_is_open = |name: &String| view.state.memo.steps.contains_key(name);
    if verb.step.as_ref().is_some_and(|name| !step_is_open(name)) {
        return false;
    }
    let change = match wanted.event {
        kind::RETRY => Change::Retry,
        kind::SUSPEND => Change::Suspend,
        kind::RESUME => Change::Resume,
        kind::CANCEL => Change::Cancel,
        _ => return !view.state.life.is_over() && !view.state.memo.steps.is_empty(),
    };
    life::next(view.state.life, change).is_some()
}

fn event_body(wanted: &Wanted) -> Map<String, Value> {
    let mut body = Map::from_iter([("type".to_owned(), json!(wanted.event))]);
    if let Some(step) = &wanted.verb.step {
        body.insert("id".to_owned(), json!(step));
    }
    if let Some(output) = &wanted.verb.output {
        body.insert("output".to_owned(), output.clone());
    }
    if wanted.verb.compensate {
        body.insert("compensate".to_owned(), Value::Bool(true));
    }
    body
}

fn not_possible(wanted: &Wanted, status: &str) -> Problem {
    let detail = format!("`{}` is not possible: the instance is {status}", wanted.name);
    let detail = match &wanted.verb.step {
        Some(step) => format!("{detail}, or `{step}` is not one of its open steps"),
        None => detail,
    };
    Problem::conflict("not-possible", detail)
}

fn pending(event_id: Uuid) -> Response {
    (StatusCode::ACCEPTED, Json(json!({ "event_id": event_id }))).into_response()
}
