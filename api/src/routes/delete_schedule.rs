//! `DELETE /v1/schedules/{name}`: removes a schedule that was made by hand. What it started goes on.

use crate::{
    app::App,
    auth::{Action, Caller},
    extract::{Names, Params},
    problem::Problem,
    routes::{check_text, doer},
};
use axum::{extract::State, http::StatusCode};
use serde::Deserialize;

/// The query.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    pub(super) reason: Option<String>,
}

/// 204; 409 if a definition's trigger made it.
pub(crate) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Names(name): Names<String>,
    Params(query): Params<Query>,
) -> Result<StatusCode, Problem> {
    let tenant = caller.may(Action::WriteDefinitions)?;
    check_text("/reason", query.reason.as_deref().unwrap_or_default())?;
    app.engine.schedules().remove(&name, doer(tenant, &caller, query.reason)).await?;
    Ok(StatusCode::NO_CONTENT)
}
