//! `put`: makes a schedule by hand, or changes the one with its name.
//!
//! A changed rule counts from the change on: what the old rule would have named before it is gone, and what the new rule
//! names before it is not made up for.

use super::{Doer, Schedule, Schedules, next};
use crate::{
    Error, Result,
    detached::detached,
    json,
    store::{
        definitions,
        schedules::{self as rows, ScheduleRow},
    },
};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use sqlx::types::Json;
use uuid::Uuid;
use workflows::schedule::{MISSED_MAX, Policies, tz_version};

/// Longest jitter, in milliseconds: a day.
const JITTER_MS_MAX: i64 = 24 * 3_600 * 1_000;
/// Longest name, in characters.
const NAME_CHARS_MAX: usize = 128;

/// A schedule as people write it.
#[derive(Debug, Clone, Default)]
pub struct ScheduleNew {
    /// Its name: lower-case letters, digits, `-` and `_`.
    pub name: String,
    /// What it starts.
    pub definition: String,
    /// The rule.
    pub cron: String,
    /// An IANA zone, or `tenant`.
    pub time_zone: String,
    /// What the rule does not say.
    pub policies: Policies,
    /// One of the tenant's calendars.
    pub calendar: Option<String>,
    /// First moment at which there may be a tick.
    pub starts_at: Option<DateTime<Utc>>,
    /// There is none from here on.
    pub ends_at: Option<DateTime<Utc>>,
    /// Each start is late by up to this much.
    pub jitter_ms: i64,
    /// What instances are started with.
    pub input: Map<String, Value>,
    /// The key they are started with; one that lives keeps the next one from starting.
    pub key: Option<String>,
    /// Whether it rests; of one that is there it stays as it is, if not given.
    pub paused: Option<bool>,
}

impl Schedules {
    /// Makes it, or changes it. `Refused` with a sentence if it cannot be computed, `NotFound` without such a published
    /// definition, `Conflict` if a definition's trigger made the schedule of this name.
    pub async fn put(&self, mut new: ScheduleNew, doer: Doer) -> Result<Schedule> {
        check(&new)?;
        json::accept(&mut new.input)?;
        let schedules = self.clone();
        detached(async move {
            let row = schedules.put_row(new, &doer).await?;
            schedules.changed();
            Ok(Schedule::of(row))
        })
        .await
    }

    async fn put_row(&self, new: ScheduleNew, doer: &Doer) -> Result<ScheduleRow> {
        let now = self.clock.now();
        let found = definitions::published(&self.pool, doer.tenant, &new.definition).await?;
        if found.is_none() {
            return Err(Error::NotFound(format!("published definition {}", new.definition)));
        }
        let mut transaction = self.pool.begin().await?;
        let before = rows::lock(&mut transaction, doer.tenant, &new.name).await?;
        if let Some(made) = before.as_ref().filter(|row| row.origin == "definition") {
            return Err(made_by_definition(made));
        }
        let row = row(&new, doer.tenant, before.as_ref(), now);
        let tenant = rows::tenant(&mut transaction, doer.tenant).await?;
        let (_, zone) = next::rule(&row, &tenant).map_err(Error::Refused)?;
        let next = next::after(&row, &tenant, now);
        let target = format!("schedule {}", row.name);
        let detail = json!({
            "definition": row.definition, "cron": row.cron, "tz": row.time_zone, "zone": zone,
            "policies": row.policies, "calendar": row.calendar, "paused": row.paused,
        });
        doer.record(&mut transaction, "schedule.put", target, detail).await?;
        rows::upsert(&mut transaction, &row, &next, tz_version()).await?;
        let stored = rows::named(&mut transaction, doer.tenant, &row.name).await?;
        transaction.commit().await?;
        stored.ok_or_else(|| Error::Conflict(format!("schedule {}", row.name)))
    }
}

/// Of a schedule that a trigger made, the trigger is what can be changed.
pub(super) fn made_by_definition(row: &ScheduleRow) -> Error {
    Error::Conflict(format!(
        "schedule {} is made by a trigger of definition {}, and follows it: publish the definition with another \
         trigger, or pause the schedule; it",
        row.name, row.definition
    ))
}

fn row(
    new: &ScheduleNew,
    tenant: Uuid,
    before: Option<&ScheduleRow>,
    now: DateTime<Utc>,
) -> ScheduleRow {
    let paused = new.paused.or_else(|| before.map(|row| row.paused)).unwrap_or(false);
    ScheduleRow {
        tenant_id: tenant,
        id: before.map_or_else(Uuid::now_v7, |row| row.id),
        name: new.name.clone(),
        origin: "hand".to_owned(),
        definition: new.definition.clone(),
        cron: new.cron.trim().to_owned(),
        time_zone: new.time_zone.clone(),
        policies: Json(new.policies),
        calendar: new.calendar.clone(),
        starts_at: new.starts_at,
        ends_at: new.ends_at,
        jitter_ms: new.jitter_ms,
        input: Value::Object(new.input.clone()),
        key: new.key.clone(),
        paused,
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

fn check(new: &ScheduleNew) -> Result<()> {
    let refused = |why: String| Err(Error::Refused(why));
    if !is_name(&new.name) {
        return refused(format!(
            "`{}` cannot be the name of a schedule: names are lower-case letters, digits, `-` and `_`",
            new.name
        ));
    }
    if new.key.as_deref() == Some("") {
        return refused("the key is empty; leave it out for instances without a key".to_owned());
    }
    if let (Some(from), Some(until)) = (new.starts_at, new.ends_at)
        && from >= until
    {
        return refused("it ends before it starts: `end_at` is not after `start_at`".to_owned());
    }
    if !(0..=JITTER_MS_MAX).contains(&new.jitter_ms) {
        return refused(format!("`jitter_ms` is from 0 to {JITTER_MS_MAX}, a day"));
    }
    if !(1..=MISSED_MAX).contains(&new.policies.missed_max) {
        return refused(format!("`missed_max` is from 1 to {MISSED_MAX}"));
    }
    Ok(())
}

/// Without a dot, which the names of schedules that definitions make have.
pub(super) fn is_name(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(is_plain)
        && text.chars().all(|c| is_plain(c) || c == '-' || c == '_')
        && text.len() <= NAME_CHARS_MAX
}
