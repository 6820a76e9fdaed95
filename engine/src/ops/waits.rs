//! Why open steps of an instance wait, when it is not for their own time: the rate or the health of what they act with.

use crate::{
    Result, kinds,
    pacing::{self, breaker::Health},
};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use std::collections::BTreeMap;
use uuid::Uuid;

#[derive(sqlx::FromRow)]
struct Columns {
    seq: i64,
    index: i32,
    title: Option<String>,
    pace: Option<String>,
    state: Option<Value>,
    message: Option<String>,
    until: Option<DateTime<Utc>>,
}

impl Columns {
    fn sentence(self) -> Option<String> {
        let title = self.title.unwrap_or_default();
        let Some(state) = self.state else {
            let title = self.pace.map_or(title, |key| pacing::pace_title(&key));
            return Some(pacing::waits_for_rate(&title, self.until?));
        };
        let message = self.message.unwrap_or_default();
        match serde_json::from_value(state).ok()? {
            Health::Open { until, .. } => Some(pacing::rests(&title, until, &message)),
            Health::HalfOpen { .. } => Some(format!("{title} is being tried by another step")),
            Health::Parked => Some(pacing::waits_for_credential(&title, &message)),
            Health::Closed => None,
        }
    }
}

/// One sentence for each step that waits so, by the `(seq, index)` of its command; of several reasons the health goes first.
pub(super) async fn of_instance(
    connection: &mut PgConnection,
    tenant: Uuid,
    instance: Uuid,
) -> Result<BTreeMap<(i64, i32), String>> {
    let (kinds, providers): (Vec<&str>, Vec<&str>) = kinds::providers().unzip();
    let rows: Vec<Columns> = sqlx::query_as(include_str!("../store/sql/select_step_waits.sql"))
        .bind(tenant)
        .bind(instance)
        .bind(kinds)
        .bind(providers)
        .fetch_all(connection)
        .await?;
    let mut waits = BTreeMap::new();
    for row in rows {
        let id = (row.seq, row.index);
        if let Some(sentence) = row.sentence() {
            waits.entry(id).or_insert(sentence);
        }
    }
    Ok(waits)
}
