//! Ticks that wait for the instance before them.

use super::{Schedules, fire, start};
use crate::{
    Result, fault,
    store::{
        inbox,
        schedules::{self as rows, Done, ScheduleRow},
    },
};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// Schedules looked at in one transaction.
const PAGE: i64 = 100;

impl Schedules {
    /// Starts the oldest tick of each schedule whose instance has ended, of those looked at longest ago.
    pub(super) async fn start_queued(&self) -> Result<()> {
        let mut transaction = self.pool.begin().await?;
        if !rows::try_lead(&mut transaction).await? {
            return Ok(());
        }
        let now = self.clock.now();
        let waiting = rows::queued(&mut transaction, PAGE).await?;
        let last = waiting
            .iter()
            .filter_map(|row| Some((row.tenant_id, row.last_instance?, row.last_inbox)));
        let running = rows::running(&mut transaction, &last.collect::<Vec<_>>()).await?;
        let tenants = fire::tenants(&mut transaction, &waiting).await?;
        let is_running = |row: &&ScheduleRow| {
            row.last_instance.is_some_and(|last| running.iter().any(|(_, id)| *id == last))
        };
        let (busy, free): (Vec<_>, Vec<_>) = waiting.iter().partition(is_running);
        for row in &free {
            let tenant = tenants.get(&row.tenant_id).cloned().unwrap_or_default();
            start_oldest(&mut transaction, row, &tenant, now).await?;
        }
        sqlx::query(include_str!("../store/sql/touch_schedules.sql"))
            .bind(busy.iter().map(|row| row.tenant_id).collect::<Vec<_>>())
            .bind(busy.iter().map(|row| row.id).collect::<Vec<_>>())
            .bind(now)
            .execute(&mut *transaction)
            .await?;
        fault::point("schedule.before_commit");
        transaction.commit().await?;
        if !free.is_empty() {
            self.started();
        }
        Ok(())
    }
}

async fn start_oldest(
    connection: &mut PgConnection,
    row: &ScheduleRow,
    tenant: &serde_json::Value,
    now: DateTime<Utc>,
) -> Result<()> {
    // Somebody may fire it by hand meanwhile, and has it locked.
    let locked = rows::lock(connection, row.tenant_id, &row.name).await?;
    let Some(row) = locked.filter(|locked| locked.last_instance == row.last_instance) else {
        return Ok(());
    };
    let row = &row;
    let oldest: Option<DateTime<Utc>> =
        sqlx::query_scalar(include_str!("../store/sql/select_queued_tick.sql"))
            .bind(row.tenant_id)
            .bind(row.id)
            .fetch_optional(&mut *connection)
            .await?;
    let mut done =
        Done { tenant: row.tenant_id, id: row.id, instance: None, inbox: None, queued: 0 };
    if let Some(tick) = oldest {
        let event = start::event(row, tick, tenant);
        if !take(connection, row, (tick, event.instance), now).await? {
            // Another leader has it.
            return Ok(());
        }
        done.instance = Some(event.instance);
        done.inbox = inbox::insert(connection, &[event], now).await?.pop();
        done.queued = (row.queued - 1).max(0);
    }
    rows::keep_done(connection, &[done], now).await?;
    Ok(())
}

/// Makes a queued tick a started one; false if it is none any more.
async fn take(
    connection: &mut PgConnection,
    row: &ScheduleRow,
    (tick, instance): (DateTime<Utc>, Uuid),
    now: DateTime<Utc>,
) -> Result<bool> {
    let taken: Option<String> =
        sqlx::query_scalar(include_str!("../store/sql/start_queued_tick.sql"))
            .bind(row.tenant_id)
            .bind(row.id)
            .bind(tick)
            .bind(instance)
            .bind(now)
            .fetch_optional(connection)
            .await?;
    Ok(taken.is_some())
}
