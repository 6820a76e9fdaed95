//! `GET /v1/instances/{id}/explain`: why an instance is where it is.

use crate::{
    app::App,
    auth::{Action, Caller},
    extract::Id,
    problem::Problem,
};
use axum::{Json, extract::State};
use engine::ops::{
    explain::{self, Explained},
    steps::{self, OpenStep},
};
use serde::Serialize;

/// The explanation, and the tries of each open step.
#[derive(Serialize)]
pub(crate) struct Answer {
    #[serde(flatten)]
    explained: Explained,
    attempts: Vec<OpenStep>,
}

/// Pure: nothing is changed by asking.
pub(crate) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
) -> Result<Json<Answer>, Problem> {
    let tenant = caller.may(Action::ReadInstances)?;
    let explained = explain::instance(&app.engine, tenant, id).await?;
    let attempts = steps::open(app.engine.pool(), tenant, id).await?;
    Ok(Json(Answer { explained, attempts }))
}
