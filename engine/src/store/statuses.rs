//! What providers told about messages of ours, several at a time.

use super::messages::{Decision, UnroutedRow};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use std::collections::HashSet;
use uuid::Uuid;

/// A message of ours as a provider names it: the tenant, the channel, and the provider's id.
pub(crate) type SentName<'a> = (Uuid, Uuid, &'a str);

/// A message of ours, as its row stands when a status is applied.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct SentRow {
    pub(crate) id: i64,
    pub(crate) status: String,
    pub(crate) instance_id: Option<Uuid>,
    pub(crate) conversation_id: Option<Uuid>,
    pub(crate) step_key: Option<String>,
}

#[derive(sqlx::FromRow)]
struct NumberedRow {
    n: i64,
    #[sqlx(flatten)]
    row: SentRow,
}

/// Names the message of ours that a provider speaks of.
#[derive(Debug)]
pub(crate) struct Mentioned<'a> {
    pub(crate) name: SentName<'a>,
    pub(crate) step_key: Option<&'a str>,
    pub(crate) at: DateTime<Utc>,
    pub(crate) now: DateTime<Utc>,
}

/// Locks them; the ids of those that nobody else has routed.
pub(crate) async fn lock(
    connection: &mut PgConnection,
    statuses: &[UnroutedRow],
) -> sqlx::Result<HashSet<i64>> {
    let open: Vec<i64> = sqlx::query_scalar(include_str!("sql/lock_statuses.sql"))
        .bind(statuses.iter().map(|m| m.tenant_id).collect::<Vec<_>>())
        .bind(statuses.iter().map(|m| m.id).collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
    Ok(open.into_iter().collect())
}

/// The rows of those of our messages that are on record, locked, each with its place in `names`.
pub(crate) async fn lock_sent(
    connection: &mut PgConnection,
    names: &[SentName<'_>],
) -> sqlx::Result<Vec<(usize, SentRow)>> {
    let rows: Vec<NumberedRow> = sqlx::query_as(include_str!("sql/lock_messages_sent.sql"))
        .bind(names.iter().map(|name| name.0).collect::<Vec<_>>())
        .bind(names.iter().map(|name| name.1).collect::<Vec<_>>())
        .bind(names.iter().map(|name| name.2).collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
    let place = |n: i64| usize::try_from(n - 1).unwrap_or(usize::MAX);
    Ok(rows.into_iter().map(|numbered| (place(numbered.n), numbered.row)).collect())
}

/// The row of a message of ours, locked; made if the provider was faster than we.
pub(crate) async fn mention(
    connection: &mut PgConnection,
    mentioned: &Mentioned<'_>,
) -> sqlx::Result<SentRow> {
    let (tenant, channel, provider_id) = mentioned.name;
    sqlx::query_as(include_str!("sql/upsert_message_mentioned.sql"))
        .bind(tenant)
        .bind(channel)
        .bind(provider_id)
        .bind(mentioned.step_key)
        .bind(mentioned.at)
        .bind(mentioned.now)
        .fetch_one(connection)
        .await
}

/// Sets the delivery states of messages of ours, each named by its tenant and its id.
pub(crate) async fn set_deliveries(
    connection: &mut PgConnection,
    states: &[(Uuid, i64, &str)],
) -> sqlx::Result<()> {
    if states.is_empty() {
        return Ok(());
    }
    sqlx::query(include_str!("sql/update_messages_delivery.sql"))
        .bind(states.iter().map(|state| state.0).collect::<Vec<_>>())
        .bind(states.iter().map(|state| state.1).collect::<Vec<_>>())
        .bind(states.iter().map(|state| state.2).collect::<Vec<_>>())
        .execute(connection)
        .await
        .map(drop)
}

/// Puts the router's decisions on record.
pub(crate) async fn set_routed(
    connection: &mut PgConnection,
    routed: &[(&UnroutedRow, Decision)],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/update_messages_routed.sql"))
        .bind(routed.iter().map(|(m, _)| m.tenant_id).collect::<Vec<_>>())
        .bind(routed.iter().map(|(m, _)| m.id).collect::<Vec<_>>())
        .bind(now)
        .bind(routed.iter().map(|(_, decision)| decision.text.as_str()).collect::<Vec<_>>())
        .bind(routed.iter().map(|(_, decision)| decision.conversation).collect::<Vec<_>>())
        .bind(routed.iter().map(|(_, decision)| decision.instance).collect::<Vec<_>>())
        .execute(connection)
        .await
        .map(drop)
}
