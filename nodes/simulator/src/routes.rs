//! What a test may ask of the simulator, under `/_sim`, and the way into the providers for every other path.

use crate::{
    faults::Fault,
    gate, ledger, llm,
    whatsapp::{self, customer, webhook},
    world::Sim,
};
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Query, State, rejection::JsonRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

type Shared = State<Arc<Sim>>;
type Refused = (StatusCode, Json<Value>);

/// Every route.
pub(crate) fn router(sim: Arc<Sim>) -> Router {
    Router::new()
        .route("/_sim/ledger", get(read_ledger))
        .route("/_sim/faults", post(add_faults).get(read_faults))
        .route("/_sim/reset", post(reset))
        .route("/_sim/llm/answers", post(add_answers))
        .route("/_sim/whatsapp/inbound", post(inbound))
        .route("/_sim/whatsapp/config", post(configure))
        .route("/_sim/whatsapp/verify", post(verify))
        .route("/_sim/whatsapp/conversation", get(conversation))
        .fallback(gate::pass)
        .layer(DefaultBodyLimit::disable())
        .with_state(sim)
}

fn refuse(status: StatusCode, why: impl Into<String>) -> Refused {
    (status, Json(json!({"error": why.into()})))
}

fn parsed<T>(body: Result<Json<T>, JsonRejection>) -> Result<T, Refused> {
    body.map(|Json(body)| body)
        .map_err(|error| refuse(StatusCode::UNPROCESSABLE_ENTITY, error.body_text()))
}

/// One thing, or a list of them.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<Value>),
    One(Value),
}

/// Each item by itself, so that the error names what is wrong with it.
fn items<T: serde::de::DeserializeOwned>(body: OneOrMany) -> Result<Vec<T>, Refused> {
    let values = match body {
        OneOrMany::Many(values) => values,
        OneOrMany::One(value) => vec![value],
    };
    let parse = |value| serde_json::from_value(value);
    values
        .into_iter()
        .map(parse)
        .collect::<Result<_, _>>()
        .map_err(|error| refuse(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))
}

async fn read_ledger(State(sim): Shared, Query(filter): Query<ledger::Filter>) -> Json<Value> {
    Json(sim.world().ledger.view(&filter))
}

async fn add_faults(
    State(sim): Shared,
    body: Result<Json<OneOrMany>, JsonRejection>,
) -> Result<Json<Value>, Refused> {
    let rules = items::<Fault>(parsed(body)?)?;
    let mut world = sim.world();
    world.faults.add(rules);
    Ok(Json(world.faults.view()))
}

async fn read_faults(State(sim): Shared) -> Json<Value> {
    Json(sim.world().faults.view())
}

async fn reset(State(sim): Shared) -> Json<Value> {
    sim.world().reset();
    Json(json!({"ok": true}))
}

async fn add_answers(
    State(sim): Shared,
    body: Result<Json<OneOrMany>, JsonRejection>,
) -> Result<Json<Value>, Refused> {
    let answers = items::<llm::Scripted>(parsed(body)?)?;
    sim.world().llm.add(answers);
    Ok(Json(json!({"ok": true})))
}

async fn configure(
    State(sim): Shared,
    body: Result<Json<whatsapp::Change>, JsonRejection>,
) -> Result<Json<Value>, Refused> {
    sim.world().whatsapp.change(parsed(body)?);
    Ok(Json(json!({"ok": true})))
}

#[derive(Default, Deserialize)]
struct Wait {
    #[serde(default)]
    wait: bool,
}

async fn inbound(
    State(sim): Shared,
    Query(Wait { wait }): Query<Wait>,
    body: Result<Json<customer::Inbound>, JsonRejection>,
) -> Result<Response, Refused> {
    let inbound = parsed(body)?;
    let sent = customer::send(&mut sim.world(), &inbound);
    let sent = sent.map_err(|why| refuse(StatusCode::UNPROCESSABLE_ENTITY, why))?;
    if !sent.has_address {
        return Err(refuse(StatusCode::CONFLICT, "no webhook_url is set"));
    }
    if !wait {
        tokio::spawn(async move { webhook::deliver(&sim, &sent.webhook).await });
        return Ok((StatusCode::ACCEPTED, Json(json!({"id": sent.id}))).into_response());
    }
    let delivered = webhook::deliver(&sim, &sent.webhook).await;
    let body = json!({"id": sent.id, "webhook_status": delivered.status,
        "attempts": delivered.attempts});
    Ok(Json(body).into_response())
}

/// Makes the GET handshake of the webhook, as Meta does when its address is saved.
async fn verify(State(sim): Shared) -> Result<Json<Value>, Refused> {
    let (number, token) = {
        let world = sim.world();
        let account = &world.whatsapp;
        (account.number(&account.phone_number_id).clone(), account.verify_token.clone())
    };
    let url =
        number.webhook_url.ok_or_else(|| refuse(StatusCode::CONFLICT, "no webhook_url is set"))?;
    let query =
        [("hub.mode", "subscribe"), ("hub.challenge", "918273"), ("hub.verify_token", &token)];
    let answer = sim.http.get(url).query(&query).send().await;
    let answer = answer.map_err(|error| refuse(StatusCode::BAD_GATEWAY, error.to_string()))?;
    let status = answer.status().as_u16();
    let is_verified = status == 200 && answer.text().await.is_ok_and(|text| text == "918273");
    Ok(Json(json!({"verified": is_verified, "webhook_status": status})))
}

#[derive(Deserialize)]
struct Customer {
    customer: String,
}

async fn conversation(State(sim): Shared, Query(query): Query<Customer>) -> Json<Value> {
    Json(sim.world().whatsapp.transcript.view(&query.customer))
}
