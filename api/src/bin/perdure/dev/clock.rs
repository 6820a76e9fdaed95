//! `POST /_dev/clock {"advance": "PT30M"}`: moves the engine's time, so that a reminder can be seen
//! today.
//!
//! **Invariant:** time stays within what a date can tell; once there, it could not be moved back.

use crate::host;
use api::problem::Problem;
use axum::{Json, Router, body::Bytes, extract::State, routing};
use chrono::Datelike;
use engine::Engine;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// The furthest that one request moves time: ten years.
const ADVANCE_MAX: Duration = Duration::from_secs(3_653 * 24 * 60 * 60);
/// The last year that time is moved into.
const YEAR_MAX: i32 = 2999;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
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

async fn advance(State(engine): State<Engine>, body: Bytes) -> Result<Json<Value>, Problem> {
    let Advance { advance } = serde_json::from_slice(&body).map_err(|why| {
        let detail = format!("the body is not {{\"advance\": \"PT30M\"}}: {why}");
        Problem::bad_request("json-shape", detail)
    })?;
    let refused = |why: &str| Problem::unprocessable("advance", format!("`{advance}` {why}"));
    let by = host::duration(&advance)
        .ok_or_else(|| refused("is not a duration like PT30M, 2h or 3d"))?;
    if by > ADVANCE_MAX || engine.clock().now().year() >= YEAR_MAX {
        return Err(refused("is too far: ten years at once, and not beyond the year 2999"));
    }
    engine.clock().advance(by);
    Ok(Json(json!({ "now": engine.clock().now() })))
}
