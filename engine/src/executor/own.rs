//! Steps that the engine runs itself: `signal` and `cancel`, which reach other instances of the same tenant.
//!
//! They go the way of every step (attempts, fence, settlement); only what a node would do is done here. The address is one of
//! `child` (what a detached child's done event told, relative to the sending instance), `workflow` with `key` (the live
//! instance that holds it), or `instance` (an id).
//!
//! **Invariant:** the tenant is that of the sending instance; an address names nothing outside of it.
//! **Invariant:** what is sent is remembered under the step's key, in the transaction that stores it: however often a try is
//! repeated, it is delivered once.
//! **Invariant:** whoever is over, or was never there, is told to the sender as a failure; nothing is dropped in silence.

use super::Shared;
use crate::{
    Enqueued, Error, enqueue, fault, ids,
    kinds::{CANCEL, SIGNAL},
    limits::{DELIVERY_TTL, UNBORN_RETRY},
    ops::send,
    shards::ShardSet,
    store::{
        dedupe,
        inbox::{Recipient, Stands},
        instances,
        steps::StepRow,
    },
};
use machine::{CommandId, event::kind};
use serde_json::{Map, Value, json};
use std::time::Duration;
use uuid::Uuid;
use workflows::step::Outcome;

/// How a try of ours ended.
pub(super) enum Ended {
    /// With an outcome, as a node's.
    Settled(Outcome),
    /// Not yet possible, which is no try: asked again after this.
    Later(Duration),
}

/// Makes one try.
pub(super) async fn run(shared: &Shared, row: &StepRow) -> Ended {
    match deliver(shared, row).await {
        Ok(instance) => {
            let output = json!({ "delivered": true, "instance": instance });
            Ended::Settled(Outcome::Done { port: "default", output })
        }
        Err(Trouble::Unborn) => Ended::Later(UNBORN_RETRY),
        Err(Trouble::Never { code, message }) => {
            Ended::Settled(Outcome::Failed { code: code.to_owned(), message })
        }
        // Also after a COMMIT whose answer was lost: the next try finds what it stored.
        Err(Trouble::Engine(error)) => Ended::Settled(Outcome::Retry {
            after: None,
            code: "database".to_owned(),
            message: error.to_string(),
        }),
    }
}

/// Why nothing was delivered.
enum Trouble {
    /// The child was asked for, and has not had its first turn.
    Unborn,
    /// It cannot be.
    Never { code: &'static str, message: String },
    /// The database.
    Engine(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(message) => Self::Never { code: "refused", message },
            error => Self::Engine(error),
        }
    }
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        Self::Engine(error.into())
    }
}

fn never(code: &'static str, message: impl Into<String>) -> Trouble {
    Trouble::Never { code, message: message.into() }
}

/// Stores the event in the inbox of whom it is for, unless an earlier try did; for whom.
async fn deliver(shared: &Shared, row: &StepRow) -> Result<Uuid, Trouble> {
    let (pool, tenant) = (&shared.pool, row.id.tenant);
    if let Some(instance) = dedupe::delivery(pool, tenant, &row.key).await? {
        return Ok(instance);
    }
    let body = body(row)?;
    let instance = addressed(shared, row).await?;
    let shard = ids::shard_of(instance, row.conversation);
    let conversation = match Recipient::find(pool, tenant, instance, shard).await? {
        Some(Recipient { stands: Stands::Live, conversation }) => conversation,
        Some(Recipient { stands: Stands::Over, .. }) => {
            return Err(never("over", format!("the instance {instance} has ended")));
        }
        Some(Recipient { stands: Stands::Unborn, .. }) => return Err(Trouble::Unborn),
        None => return Err(never("no-instance", format!("there is no instance {instance}"))),
    };
    let actor = format!("instance:{}", row.id.instance);
    let shard = ids::shard_of(instance, conversation);
    let event = Enqueued { tenant, instance, conversation, body, actor, event_id: None };
    let now = shared.clock.now();
    let mut transaction = pool.begin().await?;
    enqueue(&mut transaction, event, now).await?;
    let expires_at = now + DELIVERY_TTL;
    let is_first =
        dedupe::insert_delivery(&mut transaction, (tenant, &row.key), instance, expires_at).await?;
    if is_first {
        fault::point("own.before_commit");
        transaction.commit().await?;
        fault::point("own.after_commit");
        shared.bell.inbox(ShardSet::from_iter([shard]));
    } else {
        transaction.rollback().await?;
    }
    Ok(instance)
}

/// The event that goes out.
fn body(row: &StepRow) -> Result<Map<String, Value>, Trouble> {
    let input = &row.input;
    let text = |field: &str| input.get(field).and_then(Value::as_str).filter(|t| !t.is_empty());
    if row.kind == CANCEL {
        let reason = text("reason").unwrap_or("another workflow cancelled it");
        let mut body = Map::from_iter([
            ("type".to_owned(), json!(kind::CANCEL)),
            ("reason".to_owned(), json!(reason)),
        ]);
        if input.get("compensate") == Some(&Value::Bool(true)) {
            body.insert("compensate".to_owned(), Value::Bool(true));
        }
        return Ok(body);
    }
    debug_assert_eq!(row.kind, SIGNAL);
    let event = text("event").ok_or_else(|| never("no-event", "`event` names no event"))?;
    let data = input.get("data").cloned().unwrap_or_default();
    send::event_body(event, data).map_err(|bad| never("bad-event", bad.why))
}

/// The id that the address stands for.
async fn addressed(shared: &Shared, row: &StepRow) -> Result<Uuid, Trouble> {
    let given = |field: &str| row.input.get(field).filter(|value| !value.is_null());
    if let Some(child) = given("child") {
        let named = child.get("child").unwrap_or(child).as_str().map(str::parse::<CommandId>);
        let Some(Ok(command)) = named else {
            let message = format!("`child` is {child}, not what a started child is known by");
            return Err(never("no-instance", message));
        };
        return Ok(ids::child_id(row.id.instance, command));
    }
    if let Some(id) = given("instance") {
        let id = id.as_str().and_then(|text| Uuid::try_parse(text.trim()).ok());
        return id.ok_or_else(|| never("no-instance", "`instance` is not the id of an instance"));
    }
    let text = |field: &str| given(field).map(as_text).filter(|text| !text.is_empty());
    let (Some(workflow), Some(key)) = (text("workflow"), text("key")) else {
        let message =
            "it is addressed to nobody: give `child`, `instance`, or `workflow` and `key`";
        return Err(never("no-instance", message));
    };
    let holder = instances::key_holder(&shared.pool, row.id.tenant, &workflow, &key).await?;
    holder.ok_or_else(|| {
        never("no-instance", format!("no live instance of `{workflow}` has the key `{key}`"))
    })
}

/// A key is a text; a number is its digits, as when an instance starts with one.
fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
