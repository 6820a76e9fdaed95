//! Requests that carry a key of their own: done once, answered as often as they are asked.
//!
//! A reservation is a row of `dedupe`. It carries an id drawn once, which the request uses for what it makes; a request that
//! was cut off and comes again gets the same id, and so cannot make a second thing.

use super::detached;
use crate::{Error, Result};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, types::Json};
use uuid::Uuid;

/// How long an answer is kept.
const ANSWER_TTL: TimeDelta = TimeDelta::hours(24);
/// How long a request may take before another one with its key takes over.
const RESERVATION_TTL: TimeDelta = TimeDelta::seconds(90);

/// Names a request.
#[derive(Debug, Clone)]
pub struct Key {
    /// Whose.
    pub tenant: Uuid,
    /// What the key is unique in: route and credential, or instance.
    pub scope: String,
    /// The caller's own key.
    pub key: String,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

/// What a request with a key should do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reserved {
    /// Go ahead, and finish or release it.
    Yours(Reservation),
    /// It was done; this was answered.
    Done(Answer),
    /// Somebody is doing it.
    InProgress,
    /// The key was used for something else.
    Mismatch,
}

/// A request under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// Names the claim; one that was taken over cannot be finished.
    pub claim: Uuid,
    /// The id for what the request makes.
    pub id: Uuid,
    /// Digest of the request's content.
    pub request: String,
}

#[derive(Serialize, Deserialize)]
struct Row {
    request: String,
    claim: Uuid,
    id: Uuid,
    #[serde(flatten)]
    answer: Option<Answer>,
}

/// Reserves a key for a request with this content.
pub async fn reserve(
    pool: &PgPool,
    key: &Key,
    request: String,
    now: DateTime<Utc>,
) -> Result<Reserved> {
    let (pool, key) = (pool.clone(), key.clone());
    detached(async move {
        let row = Row { request, claim: Uuid::new_v4(), id: Uuid::now_v7(), answer: None };
        let taken: Option<Json<Row>> =
            sqlx::query_scalar(include_str!("../store/sql/reserve_request.sql"))
                .bind(key.tenant)
                .bind(&key.scope)
                .bind(&key.key)
                .bind(Json(&row))
                .bind(now + RESERVATION_TTL)
                .bind(now)
                .fetch_optional(&pool)
                .await?;
        if let Some(Json(Row { request, claim, id, .. })) = taken {
            return Ok(Reserved::Yours(Reservation { claim, id, request }));
        }
        let held: Option<Json<Row>> =
            sqlx::query_scalar(include_str!("../store/sql/select_request.sql"))
                .bind(key.tenant)
                .bind(&key.scope)
                .bind(&key.key)
                .fetch_optional(&pool)
                .await?;
        Ok(match held {
            Some(Json(held)) if held.request != row.request => Reserved::Mismatch,
            Some(Json(Row { answer: Some(answer), .. })) => Reserved::Done(answer),
            // Gone in between, or unfinished: the caller may come again at once.
            Some(_) | None => Reserved::InProgress,
        })
    })
    .await
}

/// Keeps the answer. `Conflict` if the key was taken over in the meantime.
pub async fn finish(
    pool: &PgPool,
    key: &Key,
    reservation: &Reservation,
    answer: Answer,
    now: DateTime<Utc>,
) -> Result<()> {
    let (pool, key) = (pool.clone(), key.clone());
    let Reservation { claim, id, request } = reservation.clone();
    detached(async move {
        let row = Row { request, claim, id, answer: Some(answer) };
        let done = sqlx::query(include_str!("../store/sql/finish_request.sql"))
            .bind(key.tenant)
            .bind(&key.scope)
            .bind(&key.key)
            .bind(claim.to_string())
            .bind(Json(&row))
            .bind(now + ANSWER_TTL)
            .execute(&pool)
            .await?;
        match done.rows_affected() {
            0 => Err(Error::Conflict("the request's key".to_owned())),
            _ => Ok(()),
        }
    })
    .await
}

/// Gives the key back: nothing was done under it.
pub async fn release(pool: &PgPool, key: &Key, reservation: &Reservation) -> Result<()> {
    let (pool, key, claim) = (pool.clone(), key.clone(), reservation.claim);
    detached(async move {
        sqlx::query(include_str!("../store/sql/release_request.sql"))
            .bind(key.tenant)
            .bind(&key.scope)
            .bind(&key.key)
            .bind(claim.to_string())
            .execute(&pool)
            .await?;
        Ok(())
    })
    .await
}
