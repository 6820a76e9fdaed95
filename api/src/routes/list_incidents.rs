//! `GET /v1/incidents`: why instances are stuck, grouped by cause.

use crate::{
    app::App,
    auth::{Action, Caller},
    extract::{PageParams, Params, rows},
    problem::Problem,
};
use axum::{Json, extract::State};
use engine::ops::{
    Page,
    incidents::{self, Cause},
};

/// By fingerprint.
pub(crate) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Params(page): Params<PageParams>,
) -> Result<Json<Page<Cause>>, Problem> {
    let tenant = caller.may(Action::ReadInstances)?;
    let listed = app.read(|pool| {
        let after = page.after.clone();
        async move { incidents::causes(&pool, tenant, after, rows(page.limit)).await }
    });
    Ok(Json(listed.await?))
}
