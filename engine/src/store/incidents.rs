//! Incidents: why instances are stuck.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// Why an instance is stuck.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentRow {
    /// Whose.
    pub tenant: Uuid,
    /// Which instance.
    pub instance: Uuid,
    /// The turn in which it got stuck.
    pub seq: i64,
    /// When.
    pub since: DateTime<Utc>,
    /// Stable short code.
    pub code: String,
    /// For people.
    pub message: String,
    /// Equal for the same cause.
    pub fingerprint: String,
    /// The definition.
    pub definition: String,
    /// Its version.
    pub version: i32,
    /// The state it is about.
    pub state: Option<String>,
    /// The step it is about.
    pub step: Option<String>,
}

/// Opens them; one instance has at most one.
pub(crate) async fn upsert(
    connection: &mut PgConnection,
    rows: &[&IncidentRow],
) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(include_str!("sql/upsert_incidents.sql"))
        .bind(rows.iter().map(|r| r.tenant).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| r.instance).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| r.seq).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| r.since).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| r.code.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| r.message.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| r.fingerprint.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| r.definition.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| r.version).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| r.state.as_deref()).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| r.step.as_deref()).collect::<Vec<_>>())
        .execute(connection)
        .await
        .map(drop)
}

/// Closes them.
pub(crate) async fn delete(
    connection: &mut PgConnection,
    tenants: Vec<Uuid>,
    instances: Vec<Uuid>,
) -> sqlx::Result<()> {
    if instances.is_empty() {
        return Ok(());
    }
    sqlx::query(include_str!("sql/delete_incidents.sql"))
        .bind(tenants)
        .bind(instances)
        .execute(connection)
        .await
        .map(drop)
}
