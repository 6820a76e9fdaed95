//! When a schedule comes next: its row, and what the tenant says about zones and calendars.

use crate::store::schedules::{Next, ScheduleRow};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use uuid::Uuid;
use workflows::{hours::Calendar, schedule::Rule};

/// The rule of a row, and the zone it goes by. The error is a sentence for people.
pub(super) fn rule(row: &ScheduleRow, tenant: &Value) -> Result<(Rule, String), String> {
    let zone = zone(row, tenant);
    let mut rule = Rule::parse(&row.cron, zone, row.policies.0)?;
    rule.starts_at = row.starts_at;
    rule.ends_at = row.ends_at;
    if let Some(name) = &row.calendar {
        let calendar = tenant.get("calendars").and_then(|calendars| calendars.get(name));
        let calendar = calendar.ok_or_else(|| format!("there is no calendar `{name}`"))?;
        rule.calendar = Some(Calendar::parse(calendar)?);
    }
    Ok((rule, zone.to_owned()))
}

/// The zone that it goes by.
pub(super) fn zone<'a>(row: &'a ScheduleRow, tenant: &'a Value) -> &'a str {
    match row.time_zone.as_str() {
        "tenant" => tenant.get("timeZone").and_then(Value::as_str).unwrap_or("UTC"),
        zone => zone,
    }
}

/// When it comes first after a moment; never while it is paused.
pub(super) fn after(row: &ScheduleRow, tenant: &Value, moment: DateTime<Utc>) -> Next {
    match rule(row, tenant) {
        Ok((rule, zone)) => {
            let tick = rule.next_after(moment).filter(|_| !row.paused);
            at(row, tick, zone)
        }
        Err(why) => broken(why, zone(row, tenant)),
    }
}

/// That it comes with this tick.
pub(super) fn at(row: &ScheduleRow, tick: Option<DateTime<Utc>>, zone: String) -> Next {
    let fire = tick.map(|tick| tick + jitter(row.id, tick, row.jitter_ms));
    Next { tick, fire, problem: None, zone }
}

/// That it does not come, because it cannot be computed.
pub(super) fn broken(why: String, zone: &str) -> Next {
    Next { tick: None, fire: None, problem: Some(why), zone: zone.to_owned() }
}

/// How late a tick is fired: always the same for one tick, so that computing it again does not move it.
fn jitter(schedule: Uuid, tick: DateTime<Utc>, most_ms: i64) -> TimeDelta {
    let drawn = draw(schedule, tick);
    let most = u64::try_from(most_ms).unwrap_or(0);
    let ms = if most == 0 { 0 } else { drawn % most };
    TimeDelta::milliseconds(i64::try_from(ms).unwrap_or(0))
}

/// A number that is as good as drawn, for a tick.
pub(super) fn draw(schedule: Uuid, tick: DateTime<Utc>) -> u64 {
    let id = instance_id(schedule, tick).as_u128();
    // The upper half holds the version and no other fixed bits that a remainder would see.
    u64::try_from(id & u128::from(u32::MAX)).unwrap_or(0)
}

/// The id of the instance that a tick starts.
pub(super) fn instance_id(schedule: Uuid, tick: DateTime<Utc>) -> Uuid {
    Uuid::new_v5(&schedule, tick.timestamp_micros().to_string().as_bytes())
}
