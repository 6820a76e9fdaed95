//! `GET /v1/definitions`: the current version of each definition.

use crate::{
    app::App,
    auth::{Action, Caller},
    extract::{PageParams, Params, rows},
    problem::Problem,
};
use axum::{Json, extract::State};
use engine::ops::{
    Page,
    definitions::{self, Listed},
};

/// By name.
pub(crate) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Params(page): Params<PageParams>,
) -> Result<Json<Page<Listed>>, Problem> {
    let tenant = caller.may(Action::ReadDefinitions)?;
    let pool = app.engine.pool();
    Ok(Json(definitions::list(pool, tenant, page.after, rows(page.limit)).await?))
}
