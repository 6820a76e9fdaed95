//! `POST /v1/schedules/{name}/{pause|resume|fire|backfill}`.

use crate::{
    app::App,
    auth::{Action, Caller},
    extract::{Json as Body, Names, OptionalJson},
    problem::Problem,
    routes::{check_text, doer},
};
use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use engine::schedules::{Backfill, Backfilled, Doer, Schedule, TickDone};
use serde::Deserialize;
use workflows::schedule::Overlap;

/// Ticks of a backfill that does not say how many.
const BACKFILL_TICKS: usize = 100;

/// The body of all but a backfill.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Verb {
    reason: Option<String>,
}

/// The body of a backfill.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Span {
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    limit: Option<usize>,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    overlap: Overlap,
    reason: Option<String>,
}

/// It has no ticks until it is resumed.
pub(crate) async fn pause(
    State(app): State<App>,
    caller: Caller,
    Names(name): Names<String>,
    OptionalJson(verb): OptionalJson<Verb>,
) -> Result<Json<Schedule>, Problem> {
    let doer = operator(&caller, verb.reason)?;
    Ok(Json(app.engine.schedules().pause(&name, doer).await?))
}

/// It goes on with the first tick from now on.
pub(crate) async fn resume(
    State(app): State<App>,
    caller: Caller,
    Names(name): Names<String>,
    OptionalJson(verb): OptionalJson<Verb>,
) -> Result<Json<Schedule>, Problem> {
    let doer = operator(&caller, verb.reason)?;
    Ok(Json(app.engine.schedules().resume(&name, doer).await?))
}

/// A tick by hand.
pub(crate) async fn fire(
    State(app): State<App>,
    caller: Caller,
    Names(name): Names<String>,
    OptionalJson(verb): OptionalJson<Verb>,
) -> Result<Json<TickDone>, Problem> {
    let doer = operator(&caller, verb.reason)?;
    Ok(Json(app.engine.schedules().fire_now(&name, doer).await?))
}

/// The ticks of a span, each once.
pub(crate) async fn backfill(
    State(app): State<App>,
    caller: Caller,
    Names(name): Names<String>,
    Body(span): Body<Span>,
) -> Result<Json<Backfilled>, Problem> {
    let Span { from, until, limit, dry_run, overlap, reason } = span;
    let doer = operator(&caller, reason)?;
    let limit = limit.unwrap_or(BACKFILL_TICKS);
    let wanted = Backfill { from, until, limit, dry_run, overlap };
    Ok(Json(app.engine.schedules().backfill(&name, wanted, doer).await?))
}

fn operator(caller: &Caller, reason: Option<String>) -> Result<Doer, Problem> {
    let tenant = caller.may(Action::OperateInstances)?;
    check_text("/reason", reason.as_deref().unwrap_or_default())?;
    Ok(doer(tenant, caller, reason))
}
