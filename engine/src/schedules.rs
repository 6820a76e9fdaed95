//! Schedules: rules whose ticks start instances, and the business calendars they may keep to.
//!
//! A schedule is a row. At its tick one transaction moves the row to its next tick, notes the tick, and puts the start of
//! an instance into the inbox. Which process does it does not matter: the row moves once, the tick is noted once, and the
//! instance's id is derived from schedule and tick, so whatever two leaders believe, one instance starts.
//!
//! **Invariant:** a tick has one outcome, in `schedule_tick`: `started`, `skipped`, `queued` or `missed`.
//! **Invariant:** a changed schedule goes by its new rule from the change on: its revision grows, and a leader that read
//! the old row changes nothing.
//! **Invariant:** a paused schedule has no next tick. What it did not do while it was paused is not made up for, but by a
//! backfill.

mod backfill;
pub mod calendars;
mod fire;
mod fire_now;
mod follow;
mod leader;
mod next;
mod pause;
mod put;
mod queue;
mod refresh;
mod remove;
mod show;
mod start;
pub(crate) mod triggers;

pub use crate::store::schedules::{ScheduleRow, Tick};
pub use backfill::{Backfill, Backfilled};
pub use put::ScheduleNew;
pub use show::{Schedule, Shown};
pub use start::TickDone;

use crate::{
    Clock, Error, Result,
    bell::Bell,
    ops::audit::{self, Deed},
    shards::ShardSet,
    store::schedules as rows,
    work::Hints,
};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use std::sync::Arc;
use tokio::sync::Notify;
use uuid::Uuid;

/// The schedules of all tenants. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Schedules {
    pool: PgPool,
    clock: Clock,
    /// Rung when starts were put into the inbox; without an engine, polling finds them.
    bell: Option<Bell>,
    /// Rings when a schedule was changed here, so that the leader looks at when it comes.
    wake: Arc<Notify>,
}

/// Who does something to a schedule or calendar, and why.
#[derive(Debug, Clone, Default)]
pub struct Doer {
    /// In which tenant.
    pub tenant: Uuid,
    /// Who: `api:<key id>`.
    pub actor: String,
    /// Why, in their words.
    pub reason: Option<String>,
}

impl Schedules {
    /// Over a migrated database. Ticks are fired only where an engine runs.
    pub fn new(pool: PgPool, clock: Clock) -> Self {
        Self { pool, clock, bell: None, wake: Arc::default() }
    }

    /// Those of an engine in this process: its inbox is rung, and its leader is woken.
    pub(crate) fn of_engine(pool: &PgPool, clock: &Clock, hints: &Hints) -> Self {
        let (pool, clock) = (pool.clone(), clock.clone());
        Self { pool, clock, bell: Some(hints.bell.clone()), wake: hints.schedules.clone() }
    }

    /// A schedule was changed and committed: the leader in this process looks again.
    pub(crate) fn changed(&self) {
        self.wake.notify_one();
    }

    /// Starts are in the inbox.
    fn started(&self) {
        if let Some(bell) = &self.bell {
            bell.inbox(ShardSet::ALL);
        }
    }
}

impl Doer {
    /// Records what is done, in the transaction that does it.
    async fn record(
        &self,
        connection: &mut PgConnection,
        verb: &'static str,
        target: String,
        detail: Value,
    ) -> Result<()> {
        let Self { tenant, actor, reason } = self.clone();
        audit::record_in(connection, Deed { tenant, actor, verb, target, reason, detail }).await
    }
}

/// The schedule of this name, locked until the end of the transaction. `NotFound`.
async fn locked(
    connection: &mut PgConnection,
    tenant: Uuid,
    name: &str,
) -> Result<rows::ScheduleRow> {
    let row = rows::lock(connection, tenant, name).await?;
    row.ok_or_else(|| Error::NotFound(format!("schedule {name}")))
}
