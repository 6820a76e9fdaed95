//! `remove`: a schedule made by hand is no more. What it started goes on.

use super::{Doer, Schedules, locked, put};
use crate::{Result, detached::detached, store::schedules as rows};
use serde_json::json;

impl Schedules {
    /// Removes it with its ticks. `NotFound`; `Conflict` if a definition's trigger made it.
    pub async fn remove(&self, name: &str, doer: Doer) -> Result<()> {
        let (schedules, name) = (self.clone(), name.to_owned());
        detached(async move {
            let mut transaction = schedules.pool.begin().await?;
            let row = locked(&mut transaction, doer.tenant, &name).await?;
            if row.origin == "definition" {
                return Err(put::made_by_definition(&row));
            }
            let detail = json!({ "definition": row.definition, "cron": row.cron });
            doer.record(&mut transaction, "schedule.delete", format!("schedule {name}"), detail)
                .await?;
            rows::delete(&mut transaction, row.tenant_id, row.id).await?;
            transaction.commit().await?;
            Ok(())
        })
        .await
    }
}
