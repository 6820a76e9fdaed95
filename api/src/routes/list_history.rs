//! `GET /v1/instances/{id}/history?after=&limit=`: the turns of one instance.

use crate::{
    app::App,
    auth::{Action, Caller},
    extract::{Id, PageParams, Params, cursor},
    problem::Problem,
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
};
use engine::ops::history::{self, TURNS_MAX, Turn};

/// A plain list, oldest first: the cursor is the turn's own number, `?after=<seq>`. While there may be more, `Link` leads on.
pub(crate) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Id(id): Id,
    Params(page): Params<PageParams>,
) -> Result<(HeaderMap, Json<Vec<Turn>>), Problem> {
    let tenant = caller.may(Action::ReadInstances)?;
    let after: u64 = cursor(page.after.as_deref())?.unwrap_or(0);
    let limit = page.limit.unwrap_or(TURNS_MAX).clamp(1, TURNS_MAX);
    let instance = match app.engine.instance(tenant, id).await {
        Ok(instance) => instance,
        Err(error) => return Err(history::gone(app.engine.pool(), tenant, id, error).await.into()),
    };
    let turns = history::turns(app.engine.pool(), tenant, id, after, limit).await?;
    let last = turns.last().and_then(|turn| u64::try_from(turn.seq).ok());
    let mut headers = HeaderMap::new();
    if let Some(last) = last.filter(|last| *last < instance.state.seq) {
        let link = format!("</v1/instances/{id}/history?after={last}&limit={limit}>; rel=\"next\"");
        headers.extend(HeaderValue::from_str(&link).ok().map(|link| (header::LINK, link)));
    }
    Ok((headers, Json(turns)))
}
