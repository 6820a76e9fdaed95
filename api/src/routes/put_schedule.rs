//! `PUT /v1/schedules/{name}`: makes a schedule, or changes it. A changed rule counts from now on.

use crate::{
    app::App,
    auth::{Action, Caller},
    extract::{Json as Body, Names},
    problem::Problem,
    routes::{check_text, doer},
};
use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use engine::schedules::{Schedule, ScheduleNew};
use serde::Deserialize;
use serde_json::{Map, Value};
use workflows::{
    cron::{DstMissing, DstRepeated},
    schedule::{MISSED_DEFAULT, Missed, Outside, Overlap, Policies},
};

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Put {
    definition: String,
    cron: String,
    tz: Option<String>,
    #[serde(default)]
    missed: Missed,
    missed_max: Option<u32>,
    #[serde(default)]
    overlap: Overlap,
    #[serde(default)]
    dst_missing: DstMissing,
    #[serde(default)]
    dst_repeated: DstRepeated,
    calendar: Option<String>,
    #[serde(default)]
    outside: Outside,
    start_at: Option<DateTime<Utc>>,
    end_at: Option<DateTime<Utc>>,
    #[serde(default)]
    jitter_ms: i64,
    #[serde(default)]
    input: Map<String, Value>,
    key: Option<String>,
    paused: Option<bool>,
    reason: Option<String>,
}

/// The schedule as it is stored, with its next tick.
pub(crate) async fn handle(
    State(app): State<App>,
    caller: Caller,
    Names(name): Names<String>,
    Body(put): Body<Put>,
) -> Result<Json<Schedule>, Problem> {
    let tenant = caller.may(Action::WriteDefinitions)?;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    for (pointer, text) in [
        ("/definition", put.definition.clone()),
        ("/cron", put.cron.clone()),
        ("/tz", text(&put.tz)),
        ("/calendar", text(&put.calendar)),
        ("/key", text(&put.key)),
        ("/reason", text(&put.reason)),
    ] {
        check_text(pointer, &text)?;
    }
    let doer = doer(tenant, &caller, put.reason.clone());
    let new = ScheduleNew {
        name,
        definition: put.definition,
        cron: put.cron,
        time_zone: put.tz.unwrap_or_else(|| "tenant".to_owned()),
        policies: Policies {
            missed: put.missed,
            missed_max: put.missed_max.unwrap_or(MISSED_DEFAULT),
            overlap: put.overlap,
            dst_missing: put.dst_missing,
            dst_repeated: put.dst_repeated,
            outside: put.outside,
        },
        calendar: put.calendar,
        starts_at: put.start_at,
        ends_at: put.end_at,
        jitter_ms: put.jitter_ms,
        input: put.input,
        key: put.key,
        paused: put.paused,
    };
    Ok(Json(app.engine.schedules().put(new, doer).await?))
}
