//! `GET /ready`: the database can be reached and this process takes requests. (How many instances it owns says nothing about
//! that: what it does not own it passes on.)

use crate::{app::App, problem::Problem};
use axum::{Json, extract::State, http::StatusCode};
use serde_json::{Value, json};

/// 200, or 503 with what is missing.
pub(crate) async fn handle(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let is_running = app.engine.is_running();
    let has_database = engine::ops::counters::read(app.engine.pool()).await.is_ok();
    if is_running && has_database {
        return Ok(Json(json!({ "status": "ready" })));
    }
    let detail = match has_database {
        true => "this process is stopping",
        false => "the database cannot be reached",
    };
    Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not-ready", detail))
}
