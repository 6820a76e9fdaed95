//! `pause` and `resume`.

use super::{Doer, Schedule, Schedules, locked, next};
use crate::{Error, Result, detached::detached, store::schedules as rows};
use serde_json::json;
use workflows::schedule::tz_version;

impl Schedules {
    /// It has no ticks until it is resumed; what waits in its queue still starts. `NotFound`.
    pub async fn pause(&self, name: &str, doer: Doer) -> Result<Schedule> {
        self.set_paused(name.to_owned(), true, doer).await
    }

    /// It goes on with the first tick from this moment on. `NotFound`.
    pub async fn resume(&self, name: &str, doer: Doer) -> Result<Schedule> {
        self.set_paused(name.to_owned(), false, doer).await
    }

    async fn set_paused(&self, name: String, paused: bool, doer: Doer) -> Result<Schedule> {
        let schedules = self.clone();
        detached(async move {
            let now = schedules.clock.now();
            let mut transaction = schedules.pool.begin().await?;
            let mut row = locked(&mut transaction, doer.tenant, &name).await?;
            if row.paused != paused {
                row.paused = paused;
                let tenant = rows::tenant(&mut transaction, doer.tenant).await?;
                let next = next::after(&row, &tenant, now);
                rows::set_next(&mut transaction, &row, &next, tz_version(), now).await?;
            }
            let verb = if paused { "schedule.pause" } else { "schedule.resume" };
            let detail = json!({ "definition": row.definition });
            doer.record(&mut transaction, verb, format!("schedule {name}"), detail).await?;
            let row = rows::named(&mut transaction, doer.tenant, &name).await?;
            transaction.commit().await?;
            schedules.changed();
            row.map(Schedule::of).ok_or_else(|| Error::NotFound(format!("schedule {name}")))
        })
        .await
    }
}
