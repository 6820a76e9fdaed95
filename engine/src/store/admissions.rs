//! Places under concurrency keys.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// A concurrency key of a definition.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct PlaceKey {
    #[sqlx(rename = "tenant_id")]
    pub(crate) tenant: Uuid,
    pub(crate) definition: String,
    pub(crate) key: String,
    /// How many places there are.
    pub(crate) max: i32,
}

/// Who holds a place.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Holder {
    pub(crate) instance_id: Uuid,
    /// `held` or `over`.
    pub(crate) status: String,
    pub(crate) admitted_at: DateTime<Utc>,
    pub(crate) conversation_id: Option<Uuid>,
    /// `live`, `unborn` or `gone`.
    pub(crate) stands: String,
}

/// An instance that holds a place, or waits for one.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    pub(crate) key: &'a PlaceKey,
    pub(crate) instance: Uuid,
    pub(crate) status: &'a str,
    pub(crate) now: DateTime<Utc>,
    pub(crate) born_by: DateTime<Utc>,
    pub(crate) start: Option<&'a Value>,
}

/// Waits for its turn to decide about a key; the turn lasts as long as the transaction.
pub(crate) async fn lock(connection: &mut PgConnection, key: &PlaceKey) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/lock_admission.sql"))
        .bind(key.tenant)
        .bind(&key.definition)
        .bind(&key.key)
        .execute(connection)
        .await
        .map(drop)
}

/// The holders of a key's places, oldest first, with those that have given theirs away and are not over yet.
pub(crate) async fn holders(
    connection: &mut PgConnection,
    key: &PlaceKey,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Holder>> {
    sqlx::query_as(include_str!("sql/select_admissions.sql"))
        .bind(key.tenant)
        .bind(&key.definition)
        .bind(&key.key)
        .bind(now)
        .fetch_all(connection)
        .await
}

/// How an instance stands with a key, and whether anybody waits for a place.
pub(crate) async fn of_instance(
    connection: &mut PgConnection,
    key: &PlaceKey,
    instance: Uuid,
) -> sqlx::Result<(Option<String>, bool)> {
    sqlx::query_as(include_str!("sql/select_admission.sql"))
        .bind(key.tenant)
        .bind(&key.definition)
        .bind(&key.key)
        .bind(instance)
        .fetch_one(connection)
        .await
}

/// Gives a place, or a place in the queue.
pub(crate) async fn put(connection: &mut PgConnection, place: Place<'_>) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/upsert_admission.sql"))
        .bind(place.key.tenant)
        .bind(&place.key.definition)
        .bind(&place.key.key)
        .bind(place.instance)
        .bind(place.status)
        .bind(place.now)
        .bind(place.born_by)
        .bind(place.key.max)
        .bind(place.start)
        .execute(connection)
        .await
        .map(drop)
}

/// Takes a place away from whom holds it.
pub(crate) async fn take_away(
    connection: &mut PgConnection,
    key: &PlaceKey,
    instance: Uuid,
) -> sqlx::Result<()> {
    sqlx::query(include_str!("sql/update_admission_over.sql"))
        .bind(key.tenant)
        .bind(&key.definition)
        .bind(&key.key)
        .bind(instance)
        .execute(connection)
        .await
        .map(drop)
}

/// Drops those who are gone.
pub(crate) async fn delete(
    connection: &mut PgConnection,
    key: &PlaceKey,
    gone: Vec<Uuid>,
) -> sqlx::Result<()> {
    if gone.is_empty() {
        return Ok(());
    }
    sqlx::query(include_str!("sql/delete_admissions.sql"))
        .bind(key.tenant)
        .bind(&key.definition)
        .bind(&key.key)
        .bind(gone)
        .execute(connection)
        .await
        .map(drop)
}

/// The next keys that have a queue, after one.
pub(crate) async fn queued_keys(
    pool: &PgPool,
    after: &PlaceKey,
    limit: i64,
) -> sqlx::Result<Vec<PlaceKey>> {
    sqlx::query_as(include_str!("sql/select_admission_keys.sql"))
        .bind(after.tenant)
        .bind(&after.definition)
        .bind(&after.key)
        .bind(limit)
        .fetch_all(pool)
        .await
}

/// The first of a queue, with their starts.
pub(crate) async fn queue(
    connection: &mut PgConnection,
    key: &PlaceKey,
    limit: i64,
) -> sqlx::Result<Vec<(Uuid, Value)>> {
    sqlx::query_as(include_str!("sql/select_admission_queue.sql"))
        .bind(key.tenant)
        .bind(&key.definition)
        .bind(&key.key)
        .bind(limit)
        .fetch_all(connection)
        .await
}
