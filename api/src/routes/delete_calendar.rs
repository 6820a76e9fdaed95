//! `DELETE /v1/calendars/{name}`: removes a business calendar. Schedules that keep to it rest, and say why.

use super::delete_schedule::Query;
use crate::{
    app::App,
    auth::{Action, Caller},
    extract::{Names, Params},
    problem::Problem,
    routes::{check_text, doer},
};
use axum::{extract::State, http::StatusCode};

/// 204.
pub(crate) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Names(name): Names<String>,
    Params(query): Params<Query>,
) -> Result<StatusCode, Problem> {
    let tenant = caller.may(Action::WriteDefinitions)?;
    check_text("/reason", query.reason.as_deref().unwrap_or_default())?;
    app.engine.schedules().remove_calendar(&name, doer(tenant, &caller, query.reason)).await?;
    Ok(StatusCode::NO_CONTENT)
}
