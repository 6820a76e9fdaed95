//! `GET /v1/schedules`: the tenant's schedules.

use crate::{
    app::App,
    auth::{Action, Caller},
    extract::{Params, rows},
    problem::Problem,
};
use axum::{Json, extract::State};
use engine::{ops::Page, schedules::Schedule};
use serde::Deserialize;

/// The query.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    definition: Option<String>,
    after: Option<String>,
    limit: Option<u32>,
}

/// By name; of one definition with `?definition=`.
pub(crate) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<Page<Schedule>>, Problem> {
    let tenant = caller.may(Action::ReadInstances)?;
    let Query { definition, after, limit } = query;
    Ok(Json(app.engine.schedules().list(tenant, definition, after, rows(limit)).await?))
}
