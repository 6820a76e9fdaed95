//! `GET /health`: this process answers.

use axum::Json;
use serde_json::{Value, json};

/// Always fine; [`super::get_ready`] tells whether it can work.
pub(crate) async fn handle() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}
