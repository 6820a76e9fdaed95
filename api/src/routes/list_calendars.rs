//! `GET /v1/calendars`: the tenant's business calendars.

use crate::{
    app::App,
    auth::{Action, Caller},
    problem::Problem,
};
use axum::{Json, extract::State};
use serde_json::{Value, json};

/// By name; there are few.
pub(crate) async fn handle(State(app): State<App>, caller: Caller) -> Result<Json<Value>, Problem> {
    let tenant = caller.may(Action::ReadDefinitions)?;
    let items = app.engine.schedules().calendars(tenant).await?;
    Ok(Json(json!({ "items": items, "next": null })))
}
