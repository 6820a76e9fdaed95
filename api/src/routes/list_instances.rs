//! `GET /v1/instances?definition=&status=&key=&phone=&state=&q=`: instances by what people know of them.

use crate::{
    app::App,
    auth::{Action, Caller},
    extract::{Params, cursor, rows},
    problem::Problem,
};
use axum::{Json, extract::State};
use engine::ops::{
    Page,
    list::{self, Filter, Listed},
};
use serde::Deserialize;

/// What an instance's status can be (DESIGN section 11).
const STATUSES: [&str; 7] =
    ["running", "waiting", "stuck", "suspended", "completed", "failed", "cancelled"];

/// The query. A filter this route does not know is refused: ignored, it would show instances nobody asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    definition: Option<String>,
    status: Option<String>,
    key: Option<String>,
    phone: Option<String>,
    state: Option<String>,
    q: Option<String>,
    after: Option<String>,
    limit: Option<u32>,
}

/// Newest first.
pub(crate) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<Query>,
) -> Result<Json<Page<Listed>>, Problem> {
    let tenant = caller.may(Action::ReadInstances)?;
    let after = cursor(query.after.as_deref())?;
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let status = given(query.status);
    if let Some(unknown) = status.as_deref().filter(|status| !STATUSES.contains(status)) {
        let known = STATUSES.join(", ");
        let detail = format!("status: `{unknown}` is none; there are {known}");
        return Err(Problem::bad_request("query", detail));
    }
    let filter = Filter {
        definition: given(query.definition),
        status,
        key: given(query.key),
        phone: given(query.phone),
        state: given(query.state),
        q: given(query.q),
    };
    let limit = rows(query.limit);
    let listed = app.read(|pool| {
        let filter = filter.clone();
        async move { list::instances(&pool, tenant, filter, after, limit).await }
    });
    Ok(Json(listed.await?))
}
