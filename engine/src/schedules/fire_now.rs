//! `fire now`: a tick by hand, beside those of the rule.

use super::{
    Doer, Schedules, TickDone, locked,
    start::{self, Starting},
};
use crate::{Error, Result, detached::detached, store::schedules as rows};
use serde_json::json;

impl Schedules {
    /// Starts an instance as a tick would, also of a schedule that is paused or whose calendar is closed; what the policy
    /// for overlaps says holds. `NotFound`.
    pub async fn fire_now(&self, name: &str, doer: Doer) -> Result<TickDone> {
        let (schedules, name) = (self.clone(), name.to_owned());
        detached(async move {
            let now = schedules.clock.now();
            let mut transaction = schedules.pool.begin().await?;
            let row = locked(&mut transaction, doer.tenant, &name).await?;
            let tenant = rows::tenant(&mut transaction, doer.tenant).await?;
            let starting = Starting {
                row: &row,
                before: start::so_far(&row),
                ticks: vec![now],
                missed: None,
                overlap: row.policies.0.overlap,
                actor: &doer.actor,
                tenant: &tenant,
            };
            let done = start::start(&mut transaction, &[starting], now).await?.pop();
            let done = done.and_then(|mut ticks| ticks.pop());
            let detail = json!({ "tick": now, "done": done });
            doer.record(&mut transaction, "schedule.fire", format!("schedule {name}"), detail)
                .await?;
            transaction.commit().await?;
            schedules.started();
            schedules.changed();
            done.ok_or_else(|| Error::Conflict(format!("schedule {name}")))
        })
        .await
    }
}
