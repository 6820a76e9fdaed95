//! `PUT /v1/calendars/{name}`: makes a business calendar, or changes it. Schedules that keep to it are computed again.

use crate::{
    app::App,
    auth::{Action, Caller},
    extract::{Json as Body, Names},
    problem::Problem,
    routes::{check_text, doer},
};
use axum::{Json, extract::State};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Put {
    hours: Map<String, Value>,
    reason: Option<String>,
}

/// The calendar.
pub(crate) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Names(name): Names<String>,
    Body(put): Body<Put>,
) -> Result<Json<Value>, Problem> {
    let tenant = caller.may(Action::WriteDefinitions)?;
    check_text("/reason", put.reason.as_deref().unwrap_or_default())?;
    let shown = json!({ "name": name, "hours": put.hours });
    let doer = doer(tenant, &caller, put.reason);
    app.engine.schedules().put_calendar(&name, put.hours, doer).await?;
    Ok(Json(shown))
}
