//! Business calendars of a tenant, by name: for schedules, and for expressions as `tenant.calendars.<name>`.
//!
//! Instances know the calendars as they were told with their start, their last message or the last change that their waits had to
//! follow; schedules go by the calendar as it is.

use super::{Doer, Schedules, put::is_name};
use crate::{Error, Result, detached::detached, json, store::schedules as rows};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;
use workflows::hours;

/// Most calendars of one tenant: all of them are told to each of its instances.
pub const CALENDARS_MAX: usize = 16;

/// A calendar.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow)]
pub struct Calendar {
    /// Its name.
    pub name: String,
    /// `{"mon": [["09:00", "18:00"]], …, "holidays": {…}, "timeZone": …}`.
    pub hours: Value,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
}

impl Schedules {
    /// The tenant's calendars, by name.
    pub async fn calendars(&self, tenant: Uuid) -> Result<Vec<Calendar>> {
        let pool = self.pool.clone();
        detached(async move {
            let found = sqlx::query_as(include_str!("../store/sql/list_calendars.sql"))
                .bind(tenant)
                .fetch_all(&pool)
                .await?;
            Ok(found)
        })
        .await
    }

    /// Makes a calendar, or changes it: the schedules that keep to it, and the waits that were computed from it, are computed
    /// again. `Refused` with a sentence if it is none.
    pub async fn put_calendar(
        &self,
        name: &str,
        mut hours: Map<String, Value>,
        doer: Doer,
    ) -> Result<()> {
        if !is_name(name) {
            return Err(Error::Refused(format!(
                "`{name}` cannot be the name of a calendar: names are lower-case letters, digits, `-` and `_`"
            )));
        }
        json::accept(&mut hours)?;
        let hours = Value::Object(hours);
        hours::Calendar::parse(&hours).map_err(Error::Refused)?;
        let there = self.calendars(doer.tenant).await?;
        if there.len() >= CALENDARS_MAX && there.iter().all(|calendar| calendar.name != name) {
            return Err(Error::Refused(format!("a tenant has at most {CALENDARS_MAX} calendars")));
        }
        let (schedules, name) = (self.clone(), name.to_owned());
        detached(async move {
            let mut transaction = schedules.pool.begin().await?;
            let target = format!("calendar {name}");
            doer.record(&mut transaction, "calendar.put", target, hours.clone()).await?;
            sqlx::query(include_str!("../store/sql/upsert_calendar.sql"))
                .bind(doer.tenant)
                .bind(&name)
                .bind(hours)
                .bind(schedules.clock.now())
                .execute(&mut *transaction)
                .await?;
            rows::mark_calendar(&mut transaction, doer.tenant, &name).await?;
            transaction.commit().await?;
            schedules.changed();
            Ok(())
        })
        .await
    }

    /// Removes a calendar; the schedules that keep to it rest, and say why; the waits stay where they are. `NotFound`.
    pub async fn remove_calendar(&self, name: &str, doer: Doer) -> Result<()> {
        let (schedules, name) = (self.clone(), name.to_owned());
        detached(async move {
            let mut transaction = schedules.pool.begin().await?;
            let gone = sqlx::query(include_str!("../store/sql/delete_calendar.sql"))
                .bind(doer.tenant)
                .bind(&name)
                .execute(&mut *transaction)
                .await?;
            if gone.rows_affected() == 0 {
                return Err(Error::NotFound(format!("calendar {name}")));
            }
            let target = format!("calendar {name}");
            doer.record(&mut transaction, "calendar.delete", target, json!({})).await?;
            rows::mark_calendar(&mut transaction, doer.tenant, &name).await?;
            transaction.commit().await?;
            schedules.changed();
            Ok(())
        })
        .await
    }
}
