//! Next ticks computed again: with a newer tz database, another calendar, another zone of the tenant.
//!
//! **Invariant:** a tick that has fallen due is fired as it was promised; only those to come are computed again.

use super::{Schedules, fire, next};
use crate::{
    Result,
    store::schedules::{self as rows, ScheduleRow},
};
use uuid::Uuid;
use workflows::schedule::tz_version;

/// Rows looked at in one transaction.
const PAGE: i64 = 200;

/// A row of the walk along all schedules.
#[derive(Debug, sqlx::FromRow)]
struct Walked {
    tenant_id: Uuid,
    id: Uuid,
    name: String,
    has_moved: Option<bool>,
}

impl Schedules {
    /// Computes a page of outdated rows again; true if there may be more.
    pub(super) async fn refresh_page(&self) -> Result<bool> {
        let stale = rows::stale(&self.pool, tz_version(), PAGE).await?;
        if stale.is_empty() {
            return Ok(false);
        }
        self.refresh(&stale).await?;
        Ok(stale.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX))
    }

    /// Looks at the next page of all schedules for tenants that have moved to another zone; where to go on.
    pub(super) async fn walk_page(&self, after: (Uuid, Uuid)) -> Result<(Uuid, Uuid)> {
        let page: Vec<Walked> =
            sqlx::query_as(include_str!("../store/sql/select_schedule_zones.sql"))
                .bind(after.0)
                .bind(after.1)
                .bind(PAGE)
                .fetch_all(&self.pool)
                .await?;
        let mut moved = Vec::new();
        for walked in page.iter().filter(|walked| walked.has_moved == Some(true)) {
            let mut connection = self.pool.acquire().await?;
            moved.extend(rows::named(&mut connection, walked.tenant_id, &walked.name).await?);
        }
        self.refresh(&moved).await?;
        let is_last = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
        let last = page.last().filter(|_| !is_last);
        Ok(last.map_or((Uuid::nil(), Uuid::nil()), |last| (last.tenant_id, last.id)))
    }

    async fn refresh(&self, outdated: &[ScheduleRow]) -> Result<()> {
        if outdated.is_empty() {
            return Ok(());
        }
        let mut transaction = self.pool.begin().await?;
        let now = self.clock.now();
        let tenants = fire::tenants(&mut transaction, outdated).await?;
        for row in outdated {
            let tenant = tenants.get(&row.tenant_id).cloned().unwrap_or_default();
            let mut next = next::after(row, &tenant, now);
            if row.next_fire.is_some_and(|fire| fire <= now) && next.problem.is_none() {
                (next.fire, next.tick) = (row.next_fire, row.next_tick);
            }
            rows::set_next(&mut transaction, row, &next, tz_version(), now).await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}
