//! `GET /v1/instances/{id}/scenario?keep_data=`: an instance's history as a scenario for the `tests` of its definition.

use crate::{
    app::App,
    auth::{Action, Caller},
    extract::{Id, Params},
    problem::Problem,
};
use axum::{Json, extract::State};
use engine::ops::scenario;
use machine::scenario::record::Recording;
use serde::Deserialize;

/// The query.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    /// Names, numbers and addresses stay as they were.
    #[serde(default)]
    keep_data: bool,
}

/// `{"scenario", "notes"}`; the notes say where it differs from what happened. What is known of people is replaced by
/// samples unless it is to be kept. 422 `refused` when nothing of it can be played yet.
pub(crate) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
    Params(query): Params<Query>,
) -> Result<Json<Recording>, Problem> {
    let tenant = caller.may(Action::ReadInstances)?;
    Ok(Json(scenario::of_instance(&app.engine, tenant, id, query.keep_data).await?))
}
