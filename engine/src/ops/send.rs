//! `send`: an event that carries an id of its own, sent once however often it is asked for.
//!
//! **Invariant:** the id and the event are stored in one transaction, so a crash between them is not possible.

use super::detached;
use crate::{Engine, Enqueued, Error, EventRequest, Result, enqueue};
use chrono::{DateTime, TimeDelta, Utc};
use machine::event::kind;
use serde_json::{Map, Value, json};
use sqlx::PgPool;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How long an event's id is remembered.
const ID_TTL: TimeDelta = TimeDelta::days(7);
/// How often a waiting sender looks whether the event had its turn.
const LOOK: Duration = Duration::from_millis(20);

/// An event that was sent, now or before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Its id.
    pub event_id: Uuid,
    /// Whether it had its turn within the time given.
    pub is_applied: bool,
}

/// Why an event cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadEvent {
    /// JSON pointer into `{"type", "data"}`.
    pub pointer: &'static str,
    /// For people.
    pub why: String,
}

/// An event as the workflow sees it: the fields of `data`, with the type beside them. Data that is no object is
/// `event.data`. Refused if it is one that only the engine makes, or tells what only the engine knows.
pub fn event_body(name: &str, data: Value) -> std::result::Result<Map<String, Value>, BadEvent> {
    let refuse = |why: String| Err(BadEvent { pointer: "/type", why });
    if name.is_empty() {
        return refuse("an event has a type".to_owned());
    }
    if is_reserved(name) {
        return refuse(format!("`{name}` is an event that only the engine itself sends"));
    }
    let mut body = match data {
        Value::Object(fields) => fields,
        Value::Null => Map::new(),
        other => Map::from_iter([("data".to_owned(), other)]),
    };
    if body.contains_key("scope") {
        // With it an event would say who the contact and the tenant are, which only the engine knows.
        let why = "`scope` is where the engine tells of contact and tenant; choose another name";
        return Err(BadEvent { pointer: "/data/scope", why: why.to_owned() });
    }
    body.insert("type".to_owned(), Value::from(name));
    Ok(body)
}

/// Whether the engine makes events of this type itself, so that one from outside would be a forgery.
fn is_reserved(name: &str) -> bool {
    matches!(name, kind::STARTED | kind::TIMER | kind::NOTE)
        || ["ops", "step", "xstate", "@xstate"].iter().any(|family| {
            name.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Remembered {
    event_id: Uuid,
    inbox: i64,
}

/// Sends an event under a key of the sender, and waits for its turn for at most `timeout`. Sent before, it is not sent
/// again. `NotFound`, `Over`, `Refused`.
pub async fn once(
    engine: &Engine,
    request: EventRequest,
    key: String,
    timeout: Duration,
) -> Result<Sent> {
    let view = engine.instance(request.tenant, request.instance).await?;
    let (engine, now) = (engine.clone(), engine.clock().now());
    detached(async move {
        let (pool, tenant) = (engine.pool(), request.tenant);
        let scope = format!("event {}", request.instance);
        let event = Enqueued {
            tenant,
            instance: request.instance,
            conversation: view.conversation,
            body: request.body,
            actor: request.actor,
            event_id: Some(Uuid::now_v7()),
        };
        let (remembered, is_new) = match remembered(pool, tenant, &scope, &key).await? {
            Some(remembered) => (remembered, false),
            None if view.state.life.is_over() => return Err(Error::Over(request.instance)),
            None => store(pool, &scope, &key, event, now).await?,
        };
        if is_new {
            engine.hint_inbox(request.instance, view.conversation);
        }
        let is_applied = wait(pool, tenant, remembered.inbox, timeout).await?;
        Ok(Sent { event_id: remembered.event_id, is_applied })
    })
    .await
}

async fn remembered(
    pool: &PgPool,
    tenant: Uuid,
    scope: &str,
    key: &str,
) -> Result<Option<Remembered>> {
    let found: Option<Value> = sqlx::query_scalar(include_str!("../store/sql/select_request.sql"))
        .bind(tenant)
        .bind(scope)
        .bind(key)
        .fetch_optional(pool)
        .await?;
    Ok(found.and_then(|found| serde_json::from_value(found).ok()))
}

/// Stores the event and its key, or finds that somebody else just did.
async fn store(
    pool: &PgPool,
    scope: &str,
    key: &str,
    event: Enqueued,
    now: DateTime<Utc>,
) -> Result<(Remembered, bool)> {
    let tenant = event.tenant;
    let event_id = event.event_id.unwrap_or_else(Uuid::now_v7);
    let event = Enqueued { event_id: Some(event_id), ..event };
    let mut transaction = pool.begin().await?;
    let inbox = enqueue(&mut transaction, event, now).await?;
    let inserted = sqlx::query(include_str!("../store/sql/insert_event_key.sql"))
        .bind(tenant)
        .bind(scope)
        .bind(key)
        .bind(json!({ "event_id": event_id, "inbox": inbox }))
        .bind(now + ID_TTL)
        .execute(&mut *transaction)
        .await?;
    if inserted.rows_affected() == 1 {
        transaction.commit().await?;
        return Ok((Remembered { event_id, inbox }, true));
    }
    transaction.rollback().await?;
    let found = remembered(pool, tenant, scope, key).await?;
    let found = found.ok_or_else(|| Error::Conflict("the event's id".to_owned()))?;
    Ok((found, false))
}

/// Whether the inbox row is gone, which is the turn's doing.
async fn wait(pool: &PgPool, tenant: Uuid, inbox: i64, timeout: Duration) -> Result<bool> {
    let since = Instant::now();
    loop {
        if !is_waiting(pool, tenant, inbox).await? {
            return Ok(true);
        }
        if since.elapsed() >= timeout {
            return Ok(false);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Whether a row of the inbox is still there.
pub(crate) async fn is_waiting(pool: &PgPool, tenant: Uuid, inbox: i64) -> Result<bool> {
    let statement = include_str!("../store/sql/select_inbox_exists.sql");
    Ok(sqlx::query_scalar(statement).bind(tenant).bind(inbox).fetch_one(pool).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies() {
        for (kind, data, wanted) in [
            ("paid", json!({"amount": 3}), Some(json!({"type": "paid", "amount": 3}))),
            ("paid", json!({"type": "ops.cancel"}), Some(json!({"type": "paid"}))),
            ("paid", json!([1]), Some(json!({"type": "paid", "data": [1]}))),
            ("message", json!({"text": "hi"}), Some(json!({"type": "message", "text": "hi"}))),
            ("paid", json!({"scope": {"contact": {"id": "another"}}}), None),
            ("steps.done", Value::Null, Some(json!({"type": "steps.done"}))),
            ("", Value::Null, None),
            ("started", Value::Null, None),
            ("timer", Value::Null, None),
            ("step.done", Value::Null, None),
            ("ops.cancel", Value::Null, None),
            ("xstate.after.1.a", Value::Null, None),
        ] {
            assert_eq!(event_body(kind, data).ok().map(Value::Object), wanted, "{kind}");
        }
    }
}
