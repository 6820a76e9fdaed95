//! Schedules, their ticks, and the tenant they are of.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::{PgConnection, PgExecutor, PgPool, types::Json};
use uuid::Uuid;
use workflows::schedule::Policies;

/// A schedule as it is stored.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct ScheduleRow {
    pub(crate) tenant_id: Uuid,
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) origin: String,
    pub(crate) definition: String,
    pub(crate) cron: String,
    pub(crate) time_zone: String,
    pub(crate) policies: Json<Policies>,
    pub(crate) calendar: Option<String>,
    pub(crate) starts_at: Option<DateTime<Utc>>,
    pub(crate) ends_at: Option<DateTime<Utc>>,
    pub(crate) jitter_ms: i64,
    pub(crate) input: Value,
    pub(crate) key: Option<String>,
    pub(crate) paused: bool,
    pub(crate) next_fire: Option<DateTime<Utc>>,
    pub(crate) next_tick: Option<DateTime<Utc>>,
    pub(crate) revision: i64,
    pub(crate) problem: Option<String>,
    pub(crate) last_tick: Option<DateTime<Utc>>,
    pub(crate) last_instance: Option<Uuid>,
    pub(crate) last_inbox: Option<i64>,
    pub(crate) queued: i32,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// When a schedule comes next, and how that was computed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Next {
    pub(crate) tick: Option<DateTime<Utc>>,
    pub(crate) fire: Option<DateTime<Utc>>,
    /// Why it does not come, if that is a mistake.
    pub(crate) problem: Option<String>,
    /// What `tenant` was.
    pub(crate) zone: String,
}

/// What a leader at rest needs to know.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub(crate) struct Rest {
    pub(crate) next_fire: Option<DateTime<Utc>>,
    pub(crate) has_queued: bool,
}

/// What became of a tick.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, sqlx::FromRow)]
pub struct Tick {
    /// The moment the rule named; for one fired by hand the moment of that.
    pub tick: DateTime<Utc>,
    /// `started`, `skipped`, `queued`, or `missed`: with all ticks up to `until`.
    pub outcome: String,
    /// Of missed ticks, a moment none of them is after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// What it started, or will.
    #[serde(rename = "instance")]
    pub instance_id: Option<Uuid>,
    /// `schedule`, or who fired it or made up for it.
    pub actor: String,
    /// When that was.
    pub at: DateTime<Utc>,
}

/// A tick of a schedule, to be written.
#[derive(Debug, Clone)]
pub(crate) struct TickNew {
    pub(crate) tenant: Uuid,
    pub(crate) schedule: Uuid,
    pub(crate) tick: DateTime<Utc>,
    pub(crate) outcome: &'static str,
    pub(crate) until: Option<DateTime<Utc>>,
    pub(crate) instance: Option<Uuid>,
    pub(crate) actor: String,
}

/// What a schedule has done so far.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub(crate) struct Won {
    pub(crate) tenant_id: Uuid,
    pub(crate) id: Uuid,
    pub(crate) last_instance: Option<Uuid>,
    pub(crate) last_inbox: Option<i64>,
    pub(crate) queued: i32,
}

/// What a schedule has done just now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Done {
    pub(crate) tenant: Uuid,
    pub(crate) id: Uuid,
    pub(crate) instance: Option<Uuid>,
    pub(crate) inbox: Option<i64>,
    pub(crate) queued: i32,
}

/// When the next tick of all is, and whether some wait.
pub(crate) async fn rest(pool: &PgPool) -> sqlx::Result<Rest> {
    sqlx::query_as(include_str!("sql/select_schedule_state.sql")).fetch_one(pool).await
}

/// The first that are due, oldest first.
pub(crate) async fn due(
    executor: impl PgExecutor<'_>,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<ScheduleRow>> {
    sqlx::query_as(include_str!("sql/select_due_schedules.sql"))
        .bind(now)
        .bind(limit)
        .fetch_all(executor)
        .await
}

/// Those with ticks that wait, the one looked at longest ago first.
pub(crate) async fn queued(
    connection: &mut PgConnection,
    limit: i64,
) -> sqlx::Result<Vec<ScheduleRow>> {
    let statement = include_str!("sql/select_queued_schedules.sql");
    sqlx::query_as(statement).bind(limit).fetch_all(connection).await
}

/// Those computed with an older release of the tz database, or marked.
pub(crate) async fn stale(
    pool: &PgPool,
    tz_version: &str,
    limit: i64,
) -> sqlx::Result<Vec<ScheduleRow>> {
    sqlx::query_as(include_str!("sql/select_stale_schedules.sql"))
        .bind(tz_version)
        .bind(limit)
        .fetch_all(pool)
        .await
}

/// One, by name.
pub(crate) async fn named(
    connection: &mut PgConnection,
    tenant: Uuid,
    name: &str,
) -> sqlx::Result<Option<ScheduleRow>> {
    sqlx::query_as(include_str!("sql/select_schedule.sql"))
        .bind(tenant)
        .bind(name)
        .fetch_optional(connection)
        .await
}

/// The same, for a change of it in this transaction.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    tenant: Uuid,
    name: &str,
) -> sqlx::Result<Option<ScheduleRow>> {
    sqlx::query_as(include_str!("sql/lock_schedule.sql"))
        .bind(tenant)
        .bind(name)
        .fetch_optional(connection)
        .await
}

/// Those that a definition's triggers made, for a change of them.
pub(crate) async fn lock_of_definition(
    connection: &mut PgConnection,
    tenant: Uuid,
    definition: &str,
) -> sqlx::Result<Vec<ScheduleRow>> {
    sqlx::query_as(include_str!("sql/lock_schedules_of_definition.sql"))
        .bind(tenant)
        .bind(definition)
        .fetch_all(connection)
        .await
}

/// Whether no other leader is at work; until the end of the transaction.
pub(crate) async fn try_lead(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar(include_str!("sql/lock_schedules.sql")).fetch_one(connection).await
}

/// Takes ticks away from their rows; those that were still there.
pub(crate) async fn advance(
    connection: &mut PgConnection,
    taken: &[(&ScheduleRow, Option<DateTime<Utc>>, &Next)],
    tz_version: &str,
) -> sqlx::Result<Vec<Won>> {
    sqlx::query_as(include_str!("sql/advance_schedules.sql"))
        .bind(taken.iter().map(|(row, ..)| row.tenant_id).collect::<Vec<_>>())
        .bind(taken.iter().map(|(row, ..)| row.id).collect::<Vec<_>>())
        .bind(taken.iter().map(|(row, ..)| row.next_fire).collect::<Vec<_>>())
        .bind(taken.iter().map(|(row, ..)| row.revision).collect::<Vec<_>>())
        .bind(taken.iter().map(|(.., next)| next.fire).collect::<Vec<_>>())
        .bind(taken.iter().map(|(.., next)| next.tick).collect::<Vec<_>>())
        .bind(taken.iter().map(|(_, last, _)| *last).collect::<Vec<_>>())
        .bind(taken.iter().map(|(.., next)| next.problem.clone()).collect::<Vec<_>>())
        .bind(tz_version)
        .bind(taken.iter().map(|(.., next)| next.zone.clone()).collect::<Vec<_>>())
        .fetch_all(connection)
        .await
}

/// Of instances and the inbox rows that start them, those that live or will.
pub(crate) async fn running(
    connection: &mut PgConnection,
    started: &[(Uuid, Uuid, Option<i64>)],
) -> sqlx::Result<Vec<(Uuid, Uuid)>> {
    if started.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_as(include_str!("sql/select_schedules_running.sql"))
        .bind(started.iter().map(|s| s.0).collect::<Vec<_>>())
        .bind(started.iter().map(|s| s.1).collect::<Vec<_>>())
        .bind(started.iter().map(|s| s.2).collect::<Vec<_>>())
        .fetch_all(connection)
        .await
}

/// Writes ticks; those that were not there.
pub(crate) async fn insert_ticks(
    connection: &mut PgConnection,
    ticks: &[TickNew],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<(Uuid, Uuid, DateTime<Utc>)>> {
    if ticks.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_as(include_str!("sql/insert_schedule_ticks.sql"))
        .bind(ticks.iter().map(|t| t.tenant).collect::<Vec<_>>())
        .bind(ticks.iter().map(|t| t.schedule).collect::<Vec<_>>())
        .bind(ticks.iter().map(|t| t.tick).collect::<Vec<_>>())
        .bind(ticks.iter().map(|t| t.outcome).collect::<Vec<_>>())
        .bind(ticks.iter().map(|t| t.until).collect::<Vec<_>>())
        .bind(ticks.iter().map(|t| t.instance).collect::<Vec<_>>())
        .bind(ticks.iter().map(|t| t.actor.as_str()).collect::<Vec<_>>())
        .bind(now)
        .fetch_all(connection)
        .await
}

/// Keeps what schedules have done.
pub(crate) async fn keep_done(
    connection: &mut PgConnection,
    done: &[Done],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/update_schedules_started.sql"))
        .bind(done.iter().map(|d| d.tenant).collect::<Vec<_>>())
        .bind(done.iter().map(|d| d.id).collect::<Vec<_>>())
        .bind(done.iter().map(|d| d.instance).collect::<Vec<_>>())
        .bind(done.iter().map(|d| d.inbox).collect::<Vec<_>>())
        .bind(done.iter().map(|d| d.queued).collect::<Vec<_>>())
        .bind(now)
        .execute(connection)
        .await
        .map(drop)
}

/// Gives it another next tick; false if it was changed in between.
pub(crate) async fn set_next(
    connection: &mut PgConnection,
    row: &ScheduleRow,
    next: &Next,
    tz_version: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query(include_str!("sql/update_schedule_next.sql"))
        .bind(row.tenant_id)
        .bind(row.id)
        .bind(row.revision)
        .bind(row.paused)
        .bind(next.fire)
        .bind(next.tick)
        .bind(&next.problem)
        .bind(tz_version)
        .bind(&next.zone)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Makes it, or changes the one with its name.
pub(crate) async fn upsert(
    connection: &mut PgConnection,
    row: &ScheduleRow,
    next: &Next,
    tz_version: &str,
) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/upsert_schedule.sql"))
        .bind(row.tenant_id)
        .bind(row.id)
        .bind(&row.name)
        .bind(&row.origin)
        .bind(&row.definition)
        .bind(&row.cron)
        .bind(&row.time_zone)
        .bind(row.policies)
        .bind(&row.calendar)
        .bind(row.starts_at)
        .bind(row.ends_at)
        .bind(row.jitter_ms)
        .bind(&row.input)
        .bind(&row.key)
        .bind(row.paused)
        .bind(next.fire)
        .bind(next.tick)
        .bind(&next.problem)
        .bind(tz_version)
        .bind(&next.zone)
        .bind(row.updated_at)
        .execute(connection)
        .await
        .map(drop)
}

/// Drops it and its ticks.
pub(crate) async fn delete(
    connection: &mut PgConnection,
    tenant: Uuid,
    id: Uuid,
) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/delete_schedule.sql"))
        .bind(tenant)
        .bind(id)
        .execute(connection)
        .await
        .map(drop)
}

/// The tenant as expressions see it, its calendars included.
pub(crate) async fn tenant(connection: &mut PgConnection, tenant: Uuid) -> sqlx::Result<Value> {
    let found: Option<Value> = sqlx::query_scalar(include_str!("sql/select_tenant_scope.sql"))
        .bind(tenant)
        .fetch_optional(connection)
        .await?;
    Ok(found.unwrap_or_else(|| json!({ "id": tenant })))
}

/// Schedules that keep to a calendar are to be computed again.
pub(crate) async fn mark_calendar(
    connection: &mut PgConnection,
    tenant: Uuid,
    calendar: &str,
) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/mark_calendar_schedules.sql"))
        .bind(tenant)
        .bind(calendar)
        .execute(connection)
        .await
        .map(drop)
}
