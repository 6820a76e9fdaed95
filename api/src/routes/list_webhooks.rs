//! `GET /v1/webhooks`: the webhooks that published definitions serve, with their addresses.
//!
//! An address is a capability, so only those who may change definitions are told.

use crate::{
    app::App,
    auth::{Action, Caller},
    problem::Problem,
};
use axum::{Json, extract::State};
use serde_json::{Value, json};

/// By definition.
pub(crate) async fn handle(State(app): State<App>, caller: Caller) -> Result<Json<Value>, Problem> {
    let tenant = caller.may(Action::WriteDefinitions)?;
    let items = app.engine.webhooks(tenant).await?;
    Ok(Json(json!({ "items": items, "next": null })))
}
