//! `GET /v1/instances/{id}`: one instance.

use crate::{
    app::App,
    auth::{Action, Caller},
    extract::Id,
    problem::Problem,
    view::{self, Instance},
};
use axum::{Json, extract::State};

/// The instance as it is stored.
pub(crate) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
) -> Result<Json<Instance>, Problem> {
    let tenant = caller.may(Action::ReadInstances)?;
    let found = app.engine.instance(tenant, id).await?;
    Ok(Json(view::instance(&app, tenant, found).await?))
}
