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
    let listed = app.read(|pool| {
        let after = page.after.clone();
        async move { definitions::list(&pool, tenant, after, rows(page.limit)).await }
    });
    Ok(Json(listed.await?))
}
