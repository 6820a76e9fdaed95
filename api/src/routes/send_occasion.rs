//! `POST /v1/events`: tells the tenant's workflows that something happened. Those with a trigger on it start.

use crate::{
    app::App,
    auth::{Action, Caller},
    extract::Json as Body,
    idempotency::ReservedId,
    problem::Problem,
    routes::check_text,
};
use axum::{Extension, Json, extract::State, http::StatusCode};
use engine::{Occasion, OccasionOn, ops::send};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Happened {
    name: String,
    #[serde(default)]
    data: Map<String, Value>,
    key: Option<String>,
    /// The sender's own id: told twice under one id, it starts once.
    id: Option<String>,
}

/// 202 with the event's id and what it starts; an empty list if no published definition has a trigger on it.
pub(crate) async fn handle(
    State(app): State<App>,
    caller: Caller,
    reserved: Option<Extension<ReservedId>>,
    Body(happened): Body<Happened>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let tenant = caller.may(Action::StartInstances)?;
    let Happened { name, data, key, id } = happened;
    check_text("/name", &name)?;
    check_text("/key", key.as_deref().unwrap_or_default())?;
    check_text("/id", id.as_deref().unwrap_or_default())?;
    if key.as_deref() == Some("") {
        let detail = "/key is empty; leave it out for instances without a key";
        return Err(Problem::unprocessable("json-shape", detail).with("pointer", "/key"));
    }
    send::event_body(&name, Value::Object(data.clone())).map_err(|bad| {
        let pointer = if bad.pointer == "/type" { "/name" } else { bad.pointer };
        Problem::unprocessable("event-type", bad.why).with("pointer", pointer)
    })?;
    let id = match (id, reserved) {
        (Some(id), _) => Uuid::new_v5(&tenant, format!("event {name} {id}").as_bytes()),
        (None, Some(Extension(ReservedId(id)))) => id,
        (None, None) => Uuid::now_v7(),
    };
    let on = OccasionOn::Event(name);
    let occasion = Occasion { tenant, id, on, data, key, actor: caller.actor() };
    let started = app.engine.occur(occasion).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "event_id": id, "started": started }))))
}
