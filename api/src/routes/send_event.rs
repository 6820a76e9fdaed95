//! `POST /v1/instances/{id}/events`: sends an event to an instance.

use crate::{
    app::App,
    auth::{Action, Caller},
    extract::{Id, Json as Body, Params, wait},
    idempotency::ReservedId,
    problem::Problem,
    routes::check_text,
    view,
};
use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use engine::{Error, EventRequest, ops::send};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::Duration;
use uuid::Uuid;

/// The query.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    wait: Option<String>,
}

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sent {
    r#type: String,
    #[serde(default)]
    data: Value,
    id: Option<String>,
}

/// To which instance, and how.
pub(crate) struct Target {
    instance: Uuid,
    wait: Option<Duration>,
    reserved: Option<ReservedId>,
}

impl<S: Send + Sync> FromRequestParts<S> for Target {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Id(instance) = Id::from_request_parts(parts, state).await?;
        let Params(query) = Params::<Query>::from_request_parts(parts, state).await?;
        let wait = query.wait.as_deref().map(wait).transpose()?;
        Ok(Self { instance, wait, reserved: parts.extensions.get().copied() })
    }
}

/// 202 with the event's id; with `?wait=`, 200 with the instance after the event's turn, if it comes in time.
pub(crate) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Target { instance, wait: timeout, reserved }: Target,
    Body(sent): Body<Sent>,
) -> Result<Response, Problem> {
    let tenant = caller.may(Action::WriteEvents)?;
    let key = sent.id.clone();
    // A request that carries a key and is cut off must not send twice either.
    let key = key.or_else(|| reserved.map(|ReservedId(id)| format!("request {id}")));
    let body = event_body(sent)?;
    let request = EventRequest { tenant, instance, body, actor: caller.actor(), reason: None };
    match (key, timeout) {
        (Some(key), timeout) => {
            check_text("/id", &key)?;
            let event_id =
                send::once(&app.engine, request, key, timeout.unwrap_or_default()).await?;
            answer(&app, (tenant, instance), event_id, timeout).await
        }
        (None, Some(timeout)) => match app.engine.send_and_wait(request, timeout).await {
            Ok(view) => Ok(Json(view::instance(&app, tenant, view).await?).into_response()),
            Err(Error::Pending(event_id)) => Ok(accepted(event_id)),
            Err(error) => Err(error.into()),
        },
        (None, None) => Ok(accepted(app.engine.send_event(request).await?)),
    }
}

/// The answer for an event that may have been sent before.
async fn answer(
    app: &App,
    (tenant, instance): (Uuid, Uuid),
    sent: send::Sent,
    timeout: Option<Duration>,
) -> Result<Response, Problem> {
    if timeout.is_none() || !sent.is_applied {
        return Ok(accepted(sent.event_id));
    }
    let view = app.engine.instance(tenant, instance).await?;
    Ok(Json(view::instance(app, tenant, view).await?).into_response())
}

fn accepted(event_id: Uuid) -> Response {
    (StatusCode::ACCEPTED, Json(json!({ "event_id": event_id }))).into_response()
}

/// The event as the workflow sees it, or where it is wrong.
fn event_body(sent: Sent) -> Result<Map<String, Value>, Problem> {
    check_text("/type", &sent.r#type)?;
    send::event_body(&sent.r#type, sent.data).map_err(|bad| {
        let code = if bad.pointer == "/type" { "event-type" } else { "event-data" };
        Problem::unprocessable(code, bad.why).with("pointer", bad.pointer)
    })
}
