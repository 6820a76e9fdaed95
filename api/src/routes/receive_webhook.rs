//! `POST /hooks/in/{name}/{token}`: a call to a webhook of a tenant, by whoever was given its address; and
//! `POST /hooks/in/{name}` with a key of the tenant.
//!
//! **Invariant:** 200 only after a commit. A call with an id of its own (`Idempotency-Key`, or `webhook-id` as Standard
//! Webhooks has it) starts once, however often it is delivered.

use crate::{
    app::App,
    auth::{Action, Caller},
    extract::{Names, Params, parse, read_body},
    problem::Problem,
};
use axum::{
    Json,
    extract::{Request, State},
    http::HeaderMap,
};
use engine::{Occasion, OccasionOn};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Headers that name a call.
const IDS: [&str; 2] = ["idempotency-key", "webhook-id"];

/// 200 when what it starts is stored; 404 for an address that is wrong in any way, or that nothing published serves.
pub(crate) async fn handle(
    State(app): State<App>,
    Names((name, token)): Names<(String, String)>,
    Params(query): Params<BTreeMap<String, String>>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let tenant = app.engine.resume_links().and_then(|links| links.webhook_tenant(&name, &token));
    let tenant = tenant.ok_or_else(|| Problem::not_found("that webhook"))?;
    let answered = receive(&app, (tenant, name), query, request).await;
    app.metrics.webhook(answered.is_ok());
    answered
}

/// The same, for a caller with a key.
pub(crate) async fn with_key(
    State(app): State<App>,
    caller: Caller,
    Names(name): Names<String>,
    Params(query): Params<BTreeMap<String, String>>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let tenant = caller.may(Action::StartInstances)?;
    let answered = receive(&app, (tenant, name), query, request).await;
    app.metrics.webhook(answered.is_ok());
    answered
}

async fn receive(
    app: &App,
    (tenant, name): (Uuid, String),
    query: BTreeMap<String, String>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let is_served = app.engine.webhooks(tenant).await?.iter().any(|served| served.name == name);
    if !is_served {
        return Err(Problem::not_found("that webhook"));
    }
    let id = call_id((tenant, &name), request.headers());
    let body = read_body(request).await?;
    let body: Value = match body.iter().all(u8::is_ascii_whitespace) {
        true => Value::Null,
        false => parse(&body)?,
    };
    let data = Map::from_iter([("body".to_owned(), body), ("query".to_owned(), json!(query))]);
    let on = OccasionOn::Webhook(name.clone());
    let actor = format!("webhook:{name}");
    let occasion = Occasion { tenant, id, on, data, key: None, actor };
    let started = app.engine.occur(occasion).await?;
    Ok(Json(json!({ "event_id": id, "started": started.len() })))
}

fn call_id((tenant, name): (Uuid, &str), headers: &HeaderMap) -> Uuid {
    let given = IDS.iter().find_map(|header| headers.get(*header)?.to_str().ok());
    match given {
        Some(given) => Uuid::new_v5(&tenant, format!("webhook {name} {given}").as_bytes()),
        None => Uuid::now_v7(),
    }
}
