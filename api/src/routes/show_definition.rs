//! `GET /v1/definitions/{name}`: one definition with its versions.

use crate::{
    app::App,
    auth::{Action, Caller},
    extract::{Names, PageParams, Params, cursor, rows},
    problem::Problem,
};
use axum::{Json, extract::State};
use engine::ops::definitions;
use serde_json::{Value, json};

/// Its versions, newest first, a page at a time. Beside the first page stands the newest one, and under `published` the
/// number of the one that new instances start with.
pub(crate) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Names(name): Names<String>,
    Params(page): Params<PageParams>,
) -> Result<Json<Value>, Problem> {
    let tenant = caller.may(Action::ReadDefinitions)?;
    let below = cursor(page.after.as_deref())?;
    let limit = rows(page.limit);
    let pool = app.engine.pool();
    let found = definitions::versions(pool, tenant, name.clone(), below, limit).await?;
    let Some(newest) = found.items.first().filter(|_| below.is_none()) else {
        return match below {
            Some(_) => {
                Ok(Json(json!({ "name": name, "versions": found.items, "next": found.next })))
            }
            None => Err(Problem::not_found(&format!("definition {name}"))),
        };
    };
    let published = definitions::current(pool, tenant, name).await?;
    Ok(Json(json!({
        "name": newest.name,
        "title": newest.title,
        "version": newest.version,
        "digest": newest.digest,
        "status": newest.status,
        "published": published,
        "created_at": newest.created_at,
        "versions": found.items,
        "next": found.next,
    })))
}
