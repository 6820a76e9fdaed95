//! `POST /_dev/clock {"advance": "PT30M"}`: moves the engine's time, so that a reminder can be seen
//! today.

use crate::host;
use axum::{Json, Router, extract::State, http::StatusCode, routing};
use engine::Engine;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Advance {
    advance: String,
}

/// The route. Part of development only.
pub(super) fn router(engine: Engine) -> Router {
    Router::new().route("/_dev/clock", routing::get(read).post(advance)).with_state(engine)
}

async fn read(State(engine): State<Engine>) -> Json<Value> {
    Json(json!({ "now": engine.clock().now() }))
}

async fn advance(
    State(engine): State<Engine>,
    Json(wanted): Json<Advance>,
) -> (StatusCode, Json<Value>) {
    match host::duration(&wanted.advance) {
        Some(by) => {
            engine.clock().advance(by);
            (StatusCode::OK, Json(json!({ "now": engine.clock().now() })))
        }
        None => {
            let detail = format!("`{}` is not a duration like PT30M, 2h or 3d", wanted.advance);
            (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "detail": detail })))
        }
    }
}
