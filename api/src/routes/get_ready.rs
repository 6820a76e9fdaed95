//! `GET /ready`: the database can be reached and this process owns the instances.

use crate::{app::App, problem::Problem};
use axum::{Json, extract::State, http::StatusCode};
use serde_json::{Value, json};

/// 200, or 503 with what is missing.
pub(crate) async fn handle(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let is_owner = app.engine.is_owner();
    let has_database = engine::ops::counters::read(app.engine.pool()).await.is_ok();
    if is_owner && has_database {
        return Ok(Json(json!({ "status": "ready" })));
    }
    let detail = match has_database {
        true => "this process does not own the instances",
        false => "the database cannot be reached",
    };
    Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not-ready", detail))
}
