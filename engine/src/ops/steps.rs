//! The open steps of one instance, with their tries.

use super::{detached, reading, waits};
use crate::{Result, ids, store::command};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

/// Most steps told of one instance.
const STEPS_MAX: i64 = 1_000;

/// An open step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OpenStep {
    /// `<seq>.<index>` of the command that asked for it.
    pub id: String,
    /// The invoke it belongs to: what ops verbs name.
    pub step: String,
    /// Node kind.
    pub kind: String,
    /// `ready`, `started`, `waiting`, `checking` or `parked`.
    pub status: String,
    /// Tries begun.
    pub attempt: i32,
    /// Not tried before.
    pub due: DateTime<Utc>,
    /// Its idempotency key.
    pub key: String,
    /// The last few tries that did not settle it.
    pub tries: Value,
    /// Why it is not tried now, if that is not its own time: the rate or the health of what it acts with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Columns {
    seq: i64,
    index: i32,
    invoke: String,
    kind: String,
    status: String,
    attempt: i32,
    due: DateTime<Utc>,
    key: String,
    tries: Value,
}

impl From<Columns> for OpenStep {
    fn from(row: Columns) -> Self {
        Self {
            id: format!("{}.{}", row.seq, row.index),
            step: row.invoke,
            kind: row.kind,
            status: row.status,
            attempt: row.attempt,
            due: row.due,
            key: row.key,
            tries: row.tries,
            waits: None,
        }
    }
}

/// The open steps of an instance, in the order they were asked for.
pub async fn open(pool: &PgPool, tenant: Uuid, instance: Uuid) -> Result<Vec<OpenStep>> {
    let pool = pool.clone();
    detached(async move {
        let mut transaction = reading(&pool).await?;
        let rows: Vec<Columns> =
            sqlx::query_as(include_str!("../store/sql/list_instance_steps.sql"))
                .bind(tenant)
                .bind(instance)
                .bind(STEPS_MAX)
                .fetch_all(&mut *transaction)
                .await?;
        let key = |row: &Columns| ids::step_key(tenant, instance, command(row.seq, row.index));
        let keyed = rows.into_iter().map(|row| match row.key.is_empty() {
            true => Columns { key: key(&row), ..row },
            false => row,
        });
        let mut waits = waits::of_instance(&mut transaction, tenant, instance).await?;
        let told = keyed.map(|row| {
            let waits = waits.remove(&(row.seq, row.index));
            OpenStep { waits, ..OpenStep::from(row) }
        });
        Ok(told.collect())
    })
    .await
}
