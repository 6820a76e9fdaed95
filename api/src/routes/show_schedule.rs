//! `GET /v1/schedules/{name}`: one schedule, with its next five ticks and the last ones.

use crate::{
    app::App,
    auth::{Action, Caller},
    extract::Names,
    problem::Problem,
};
use axum::{Json, extract::State};
use engine::schedules::Shown;

/// The schedule.
pub(crate) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Names(name): Names<String>,
) -> Result<Json<Shown>, Problem> {
    let tenant = caller.may(Action::ReadInstances)?;
    Ok(Json(app.engine.schedules().show(tenant, &name).await?))
}
