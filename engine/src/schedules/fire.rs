//! The firing of due ticks: one transaction for many schedules.

use super::{
    Schedules, next,
    start::{self, Starting},
};
use crate::{
    Result, fault,
    store::schedules::{self as rows, Next, ScheduleRow, Won},
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use std::collections::{HashMap, hash_map::Entry};
use uuid::Uuid;
use workflows::schedule::{Due, tz_version};

/// Schedules fired in one transaction.
const DUE_PAGE: i64 = 100;
/// Starts after which the rest of a page is left for the next transaction.
const STARTS_MAX: usize = 2_000;
/// Ticks kept of each schedule.
const TICKS_KEPT: i64 = 500;
/// One of so many ticks deletes what is beyond.
const PRUNE_ONE_OF: u64 = 50;

/// What is to be done about one schedule.
struct Plan {
    due: Due,
    next: Next,
}

impl Schedules {
    /// The schedules that are due, oldest first.
    pub async fn due(&self) -> Result<Vec<ScheduleRow>> {
        Ok(rows::due(&self.pool, self.clock.now(), DUE_PAGE).await?)
    }

    /// Fires what [`Schedules::due`] gave; how many of them were still due. Safe however many do it, and whatever has
    /// happened in between.
    pub async fn fire(&self, due: &[ScheduleRow]) -> Result<usize> {
        let mut transaction = self.pool.begin().await?;
        let fired = self.fire_in(&mut transaction, due).await?;
        fault::point("schedule.before_commit");
        transaction.commit().await?;
        fault::point("schedule.after_commit");
        self.started();
        Ok(fired)
    }

    /// Fires a page of what is due, unless another process is at it; true if there may be more.
    pub(super) async fn fire_page(&self) -> Result<bool> {
        let mut transaction = self.pool.begin().await?;
        if !rows::try_lead(&mut transaction).await? {
            return Ok(false);
        }
        // Read after the lock was taken: the leader before has committed.
        let due = rows::due(&mut *transaction, self.clock.now(), DUE_PAGE).await?;
        let fired = self.fire_in(&mut transaction, &due).await?;
        fault::point("schedule.before_commit");
        transaction.commit().await?;
        fault::point("schedule.after_commit");
        if fired > 0 {
            self.started();
        }
        Ok(fired > 0)
    }

    async fn fire_in(&self, connection: &mut PgConnection, due: &[ScheduleRow]) -> Result<usize> {
        let now = self.clock.now();
        let tenants = tenants(connection, due).await?;
        let nobody = Value::Null;
        let tenant_of = |row: &ScheduleRow| tenants.get(&row.tenant_id).unwrap_or(&nobody);
        let mut plans: Vec<(&ScheduleRow, Plan)> = Vec::new();
        let mut starts = 0;
        for row in due {
            let plan = plan(row, tenant_of(row), now);
            starts += plan.due.start.len();
            plans.push((row, plan));
            if starts >= STARTS_MAX {
                break;
            }
        }
        let taken =
            plans.iter().map(|(row, plan)| (*row, plan.due.start.last().copied(), &plan.next));
        let won = rows::advance(connection, &taken.collect::<Vec<_>>(), tz_version()).await?;
        let won: HashMap<Uuid, Won> = won.into_iter().map(|won| (won.id, won)).collect();
        let batch: Vec<Starting<'_>> = plans
            .iter()
            .filter_map(|(row, plan)| {
                Some(Starting {
                    row,
                    before: *won.get(&row.id)?,
                    ticks: plan.due.start.clone(),
                    missed: plan.due.missed,
                    overlap: row.policies.0.overlap,
                    actor: "schedule",
                    tenant: tenant_of(row),
                })
            })
            .collect();
        start::start(connection, &batch, now).await?;
        for starting in &batch {
            prune(connection, starting).await?;
        }
        Ok(batch.len())
    }
}

/// What is due of a row that is. A rule that cannot be computed any more has its tick noted as missed, and says why.
fn plan(row: &ScheduleRow, tenant: &Value, now: DateTime<Utc>) -> Plan {
    let first = row.next_tick.or(row.next_fire).unwrap_or(now);
    match next::rule(row, tenant) {
        Ok((rule, zone)) => {
            // Ticks whose jitter may not be over yet are left to their own moment.
            let due = rule.due(first, now - TimeDelta::milliseconds(row.jitter_ms));
            let next = next::at(row, due.next, zone);
            Plan { due, next }
        }
        Err(why) => {
            tracing::warn!(schedule = row.name, tenant = %row.tenant_id, why, "a schedule cannot go on");
            let due = Due { start: Vec::new(), missed: Some((first, now.max(first))), next: None };
            Plan { due, next: next::broken(why, next::zone(row, tenant)) }
        }
    }
}

/// The tenants of rows, as expressions see them.
pub(super) async fn tenants(
    connection: &mut PgConnection,
    of: &[ScheduleRow],
) -> Result<HashMap<Uuid, Value>> {
    let mut tenants = HashMap::new();
    for row in of {
        if let Entry::Vacant(unknown) = tenants.entry(row.tenant_id) {
            unknown.insert(rows::tenant(connection, row.tenant_id).await?);
        }
    }
    Ok(tenants)
}

/// Deletes old ticks, now and then.
async fn prune(connection: &mut PgConnection, starting: &Starting<'_>) -> Result<()> {
    let row = starting.row;
    let is_time = |tick: &DateTime<Utc>| next::draw(row.id, *tick).is_multiple_of(PRUNE_ONE_OF);
    if !starting.ticks.iter().any(is_time) {
        return Ok(());
    }
    sqlx::query(include_str!("../store/sql/delete_schedule_ticks.sql"))
        .bind(row.tenant_id)
        .bind(row.id)
        .bind(TICKS_KEPT)
        .execute(connection)
        .await?;
    Ok(())
}
