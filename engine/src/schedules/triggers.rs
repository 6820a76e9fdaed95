//! The schedules of a definition's triggers: made, changed and removed by publishing it.
//!
//! **Invariant:** after a publication a tenant has just the schedules that the published version says, with the names
//! `<definition>.<name or number>`. One whose rule did not change keeps its next tick; whether it is paused is for people.

use super::next;
use crate::{
    Result,
    store::schedules::{self as rows, ScheduleRow},
};
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;
use workflows::{
    definition::{Definition, ScheduleTrigger, TriggerOn},
    schedule::tz_version,
};

/// Makes the schedules of a definition what its triggers say, in the transaction that publishes it.
pub(crate) async fn sync(
    connection: &mut PgConnection,
    tenant: Uuid,
    definition: &Definition,
    now: DateTime<Utc>,
) -> Result<()> {
    let wanted = wanted(tenant, definition, now);
    let there = rows::lock_of_definition(connection, tenant, &definition.name).await?;
    for row in there.iter().filter(|row| wanted.iter().all(|wanted| wanted.name != row.name)) {
        rows::delete(connection, tenant, row.id).await?;
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let scope = rows::tenant(connection, tenant).await?;
    for mut row in wanted {
        let before = there.iter().find(|before| before.name == row.name);
        if let Some(before) = before {
            if is_same(before, &row) {
                continue;
            }
            (row.id, row.paused) = (before.id, before.paused);
        }
        let next = next::after(&row, &scope, now);
        rows::upsert(connection, &row, &next, tz_version()).await?;
    }
    Ok(())
}

fn wanted(tenant: Uuid, definition: &Definition, now: DateTime<Utc>) -> Vec<ScheduleRow> {
    let triggers = definition.triggers.iter().filter_map(|trigger| match &trigger.on {
        TriggerOn::Schedule(schedule) => Some(schedule),
        _ => None,
    });
    let mut rows: Vec<ScheduleRow> = Vec::new();
    for (at, trigger) in triggers.enumerate() {
        let name = trigger.name.clone().unwrap_or_else(|| (at + 1).to_string());
        let mut row = row(tenant, &definition.name, trigger, now);
        row.name = format!("{}.{name}", definition.name);
        // Two triggers of one name: the first has it.
        while rows.iter().any(|other| other.name == row.name) {
            row.name.push('x');
        }
        rows.push(row);
    }
    rows
}

fn row(
    tenant: Uuid,
    definition: &str,
    trigger: &ScheduleTrigger,
    now: DateTime<Utc>,
) -> ScheduleRow {
    ScheduleRow {
        tenant_id: tenant,
        id: Uuid::now_v7(),
        name: String::new(),
        origin: "definition".to_owned(),
        definition: definition.to_owned(),
        cron: trigger.cron.clone(),
        time_zone: trigger.zone.clone(),
        policies: Json(trigger.policies),
        calendar: trigger.calendar.clone(),
        starts_at: trigger.starts_at,
        ends_at: trigger.ends_at,
        jitter_ms: trigger.jitter_ms,
        input: trigger.input.clone(),
        key: None,
        paused: false,
        next_fire: None,
        next_tick: None,
        revision: 0,
        problem: None,
        last_tick: None,
        last_instance: None,
        last_inbox: None,
        queued: 0,
        created_at: now,
        updated_at: now,
    }
}

/// Whether nothing is to be changed about a row.
fn is_same(a: &ScheduleRow, b: &ScheduleRow) -> bool {
    (&a.cron, &a.time_zone, a.policies.0, &a.calendar)
        == (&b.cron, &b.time_zone, b.policies.0, &b.calendar)
        && (a.starts_at, a.ends_at, a.jitter_ms, &a.input)
            == (b.starts_at, b.ends_at, b.jitter_ms, &b.input)
}
