//! `GET /v1/conversations/{id}/messages`: what was said.

use crate::{
    app::App,
    auth::{Action, Caller},
    extract::{Id, PageParams, Params, cursor, rows},
    problem::Problem,
};
use axum::{Json, extract::State};
use engine::ops::{
    Page,
    conversations::{self, Message},
};

/// Oldest first.
pub(crate) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
    Params(page): Params<PageParams>,
) -> Result<Json<Page<Message>>, Problem> {
    let tenant = caller.may(Action::ReadConversations)?;
    let after = cursor(page.after.as_deref())?.unwrap_or(0);
    let limit = rows(page.limit);
    let listed = app
        .read(|pool| async move { conversations::messages(&pool, tenant, id, after, limit).await });
    Ok(Json(listed.await?))
}
