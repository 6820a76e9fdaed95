//! A contact's rows, wherever they are: finding, counting and emptying them.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// A contact and its names.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct ContactRow {
    pub(crate) phone: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) identities: Vec<String>,
    pub(crate) conversations: Vec<Uuid>,
}

/// How many rows there are.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub(crate) struct Counts {
    pub(crate) conversations: i64,
    pub(crate) identities: i64,
    pub(crate) consents: i64,
    pub(crate) messages: i64,
    pub(crate) turns: i64,
    pub(crate) checkpoints: i64,
}

/// Where the next page of a sweep begins, and how many rows of this one were changed.
type Swept<T> = (Option<T>, i64);

/// The contact, if there is one.
pub(crate) async fn contact(
    pool: &PgPool,
    tenant: Uuid,
    id: Uuid,
) -> sqlx::Result<Option<ContactRow>> {
    sqlx::query_as(include_str!("sql/purge_select_contact.sql"))
        .bind(tenant)
        .bind(id)
        .fetch_optional(pool)
        .await
}

/// The instances (id, whether it is live) of these conversations, with those named.
pub(crate) async fn instances(
    pool: &PgPool,
    tenant: Uuid,
    conversations: &[Uuid],
    named: &[Uuid],
    limit: i64,
) -> sqlx::Result<Vec<(Uuid, bool)>> {
    sqlx::query_as(include_str!("sql/purge_list_instances.sql"))
        .bind(tenant)
        .bind(conversations)
        .bind(named)
        .bind(limit)
        .fetch_all(pool)
        .await
}

/// What there is to be purged.
pub(crate) async fn count(
    pool: &PgPool,
    (tenant, contact): (Uuid, Uuid),
    conversations: &[Uuid],
    instances: &[Uuid],
) -> sqlx::Result<Counts> {
    sqlx::query_as(include_str!("sql/purge_count.sql"))
        .bind(tenant)
        .bind(contact)
        .bind(conversations)
        .bind(instances)
        .fetch_one(pool)
        .await
}

/// Empties a page of messages; how many.
pub(crate) async fn messages(
    pool: &PgPool,
    tenant: Uuid,
    conversations: &[Uuid],
    limit: i64,
) -> sqlx::Result<u64> {
    let update = sqlx::query(include_str!("sql/purge_messages.sql"));
    let done = update.bind(tenant).bind(conversations).bind(limit).execute(pool).await?;
    Ok(done.rows_affected())
}

/// The ids of the steps that the turns after `after`, up to `to`, asked for.
pub(crate) async fn steps(
    pool: &PgPool,
    (tenant, instance): (Uuid, Uuid),
    (after, to): (i64, i64),
) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar(include_str!("sql/purge_list_steps.sql"))
        .bind(tenant)
        .bind(instance)
        .bind(after)
        .bind(to)
        .fetch_all(pool)
        .await
}

/// Forgets what providers told about steps with these keys.
pub(crate) async fn confirmations(
    pool: &PgPool,
    tenant: Uuid,
    keys: &[String],
) -> sqlx::Result<u64> {
    let delete = sqlx::query(include_str!("sql/purge_confirmations.sql")).bind(tenant).bind(keys);
    Ok(delete.execute(pool).await?.rows_affected())
}

/// Empties the turns after `after`, up to `to`; how many.
pub(crate) async fn history(
    pool: &PgPool,
    (tenant, instance): (Uuid, Uuid),
    (after, to): (i64, i64),
) -> sqlx::Result<u64> {
    let update = sqlx::query(include_str!("sql/purge_history.sql"));
    let update = update.bind(tenant).bind(instance).bind(after).bind(to);
    Ok(update.execute(pool).await?.rows_affected())
}

/// Empties instances (id, seq) that have not changed, and drops the rows around them; those that it emptied.
pub(crate) async fn empty_instances(
    connection: &mut PgConnection,
    tenant: Uuid,
    instances: &[(Uuid, i64)],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar(include_str!("sql/purge_instances.sql"))
        .bind(tenant)
        .bind(instances.iter().map(|i| i.0).collect::<Vec<_>>())
        .bind(instances.iter().map(|i| i.1).collect::<Vec<_>>())
        .bind(now)
        .fetch_all(connection)
        .await
}

/// Deletes from a page of the inbox.
pub(crate) async fn inbox(
    pool: &PgPool,
    (tenant, after): (Uuid, i64),
    instances: &[Uuid],
    needles: &[String],
    limit: i64,
) -> sqlx::Result<Swept<i64>> {
    sqlx::query_as(include_str!("sql/purge_inbox.sql"))
        .bind(tenant)
        .bind(after)
        .bind(instances)
        .bind(needles)
        .bind(limit)
        .fetch_one(pool)
        .await
}

/// Empties from a page of the messages that belong to no conversation.
pub(crate) async fn strays(
    pool: &PgPool,
    (tenant, after): (Uuid, i64),
    needles: &[String],
    limit: i64,
) -> sqlx::Result<Swept<i64>> {
    sqlx::query_as(include_str!("sql/purge_strays.sql"))
        .bind(tenant)
        .bind(after)
        .bind(needles)
        .bind(limit)
        .fetch_one(pool)
        .await
}

/// Deletes from a page of the remembered answers.
pub(crate) async fn dedupe(
    pool: &PgPool,
    (tenant, after): (Uuid, &(String, String)),
    needles: &[String],
    limit: i64,
) -> sqlx::Result<Swept<(String, String)>> {
    let row: (Option<String>, Option<String>, i64) =
        sqlx::query_as(include_str!("sql/purge_dedupe.sql"))
            .bind(tenant)
            .bind(&after.0)
            .bind(&after.1)
            .bind(needles)
            .bind(limit)
            .fetch_one(pool)
            .await?;
    Ok((row.0.zip(row.1), row.2))
}

/// Empties from a page of the audit.
pub(crate) async fn audit(
    pool: &PgPool,
    (tenant, after): (Uuid, Uuid),
    needles: &[String],
    limit: i64,
) -> sqlx::Result<Swept<Uuid>> {
    sqlx::query_as(include_str!("sql/purge_audit.sql"))
        .bind(tenant)
        .bind(after)
        .bind(needles)
        .bind(limit)
        .fetch_one(pool)
        .await
}

/// Deletes the contact and its names.
pub(crate) async fn contact_row(pool: &PgPool, tenant: Uuid, id: Uuid) -> sqlx::Result<()> {
    let delete = sqlx::query(include_str!("sql/purge_contact.sql")).bind(tenant).bind(id);
    delete.execute(pool).await.map(drop)
}
