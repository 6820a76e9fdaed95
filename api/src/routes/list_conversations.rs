//! `GET /v1/conversations?phone=`: conversations, all or those with one person.

use crate::{
    app::App,
    auth::{Action, Caller},
    extract::{Params, cursor, rows},
    problem::Problem,
};
use axum::{Json, extract::State};
use engine::ops::{
    Page,
    conversations::{self, Listed},
};
use serde::Deserialize;

/// The query.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    phone: Option<String>,
    after: Option<String>,
    limit: Option<u32>,
}

/// Newest first.
pub(crate) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<Page<Listed>>, Problem> {
    let tenant = caller.may(Action::ReadConversations)?;
    let after = cursor(query.after.as_deref())?;
    let limit = rows(query.limit);
    let listed = app.read(|pool| {
        let phone = query.phone.clone();
        async move { conversations::conversations(&pool, tenant, phone, after, limit).await }
    });
    Ok(Json(listed.await?))
}
