//! `GET /v1/definitions/{name}/versions/{version}`: one version with its source.

use crate::{
    app::App,
    auth::{Action, Caller},
    extract::Names,
    problem::Problem,
};
use axum::{Json, extract::State};
use engine::ops::definitions::{self, Version};

/// The version as it was uploaded, and what the compiler said.
pub(crate) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Names((name, version)): Names<(String, i32)>,
) -> Result<Json<Version>, Problem> {
    let tenant = caller.may(Action::ReadDefinitions)?;
    Ok(Json(definitions::version(app.engine.pool(), tenant, name, version).await?))
}
