//! Schedules for people: in lists, and one with the ticks to come and those that were.

use super::{Schedules, next};
use crate::{
    Error, Result,
    detached::detached,
    ops::{Page, one_more, reading},
    store::schedules::{self as rows, ScheduleRow, Tick},
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;
use workflows::schedule::Policies;

/// Ticks to come that are shown.
const UPCOMING: usize = 5;
/// Ticks shown of those that were.
const TICKS: i64 = 20;

/// A schedule as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Schedule {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// `hand`, or `definition` if a trigger made it.
    pub origin: String,
    /// What it starts.
    pub definition: String,
    /// The rule.
    pub cron: String,
    /// An IANA zone, or `tenant`.
    pub tz: String,
    /// What the rule does not say.
    #[serde(flatten)]
    pub policies: Policies,
    /// The calendar it keeps to.
    pub calendar: Option<String>,
    /// First moment at which there may be a tick.
    pub start_at: Option<DateTime<Utc>>,
    /// There is none from here on.
    pub end_at: Option<DateTime<Utc>>,
    /// Each start is late by up to this much.
    pub jitter_ms: i64,
    /// What instances are started with.
    pub input: Value,
    /// The key they are started with.
    pub key: Option<String>,
    /// Whether it rests.
    pub paused: bool,
    /// The tick to come.
    pub next_tick: Option<DateTime<Utc>>,
    /// When that is fired: with its jitter.
    pub next_fire: Option<DateTime<Utc>>,
    /// Why it does not come although it is not paused.
    pub problem: Option<String>,
    /// The last tick that was fired.
    pub last_tick: Option<DateTime<Utc>>,
    /// The instance it started last.
    pub last_instance: Option<Uuid>,
    /// Ticks that wait for that to end.
    pub queued: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
}

/// A schedule with its ticks.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shown {
    /// Itself.
    #[serde(flatten)]
    pub schedule: Schedule,
    /// The next ticks of its rule; of one that is paused, those it would have.
    pub upcoming: Vec<DateTime<Utc>>,
    /// The last ones, the newest first.
    pub ticks: Vec<Tick>,
}

impl Schedule {
    pub(super) fn of(row: ScheduleRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            origin: row.origin,
            definition: row.definition,
            cron: row.cron,
            tz: row.time_zone,
            policies: row.policies.0,
            calendar: row.calendar,
            start_at: row.starts_at,
            end_at: row.ends_at,
            jitter_ms: row.jitter_ms,
            input: row.input,
            key: row.key,
            paused: row.paused,
            next_tick: row.next_tick,
            next_fire: row.next_fire,
            problem: row.problem,
            last_tick: row.last_tick,
            last_instance: row.last_instance,
            queued: row.queued,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl Schedules {
    /// Schedules by name, from the one after `after`; of one definition, if it is named.
    pub async fn list(
        &self,
        tenant: Uuid,
        definition: Option<String>,
        after: Option<String>,
        limit: u32,
    ) -> Result<Page<Schedule>> {
        let pool = self.pool.clone();
        detached(async move {
            let mut transaction = reading(&pool).await?;
            let found: Vec<ScheduleRow> =
                sqlx::query_as(include_str!("../store/sql/list_schedules.sql"))
                    .bind(tenant)
                    .bind(after.unwrap_or_default())
                    .bind(definition)
                    .bind(one_more(limit))
                    .fetch_all(&mut *transaction)
                    .await?;
            let found = found.into_iter().map(Schedule::of).collect();
            Ok(Page::of(found, limit, |schedule: &Schedule| schedule.name.clone()))
        })
        .await
    }

    /// One, with the ticks to come and those that were. `NotFound`.
    pub async fn show(&self, tenant: Uuid, name: &str) -> Result<Shown> {
        let (schedules, name) = (self.clone(), name.to_owned());
        detached(async move {
            let mut transaction = reading(&schedules.pool).await?;
            let row = rows::named(&mut transaction, tenant, &name).await?;
            let row = row.ok_or_else(|| Error::NotFound(format!("schedule {name}")))?;
            let ticks: Vec<Tick> =
                sqlx::query_as(include_str!("../store/sql/list_schedule_ticks.sql"))
                    .bind(tenant)
                    .bind(row.id)
                    .bind(TICKS)
                    .fetch_all(&mut *transaction)
                    .await?;
            let scope = rows::tenant(&mut transaction, tenant).await?;
            let upcoming = upcoming(&row, &scope, schedules.clock.now());
            Ok(Shown { schedule: Schedule::of(row), upcoming, ticks })
        })
        .await
    }
}

/// From the tick that is next, which may be overdue; of a schedule that rests, from now.
fn upcoming(row: &ScheduleRow, tenant: &Value, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let Ok((rule, _)) = next::rule(row, tenant) else { return Vec::new() };
    match row.next_tick {
        Some(next) => {
            let after = rule.upcoming(next, UPCOMING - 1);
            std::iter::once(next).chain(after).collect()
        }
        None => rule.upcoming(now, UPCOMING),
    }
}
