//! What a provider tells about a message of ours.

use super::ACTOR;
use crate::{
    Engine, Enqueued, Result,
    delivery::Delivery,
    store::messages::{self, Decision, Mentioned, UnroutedRow},
};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

/// A status that carries our key proves that the step with this key happened.
pub(super) async fn confirm(engine: &Engine, message: &UnroutedRow) -> Result<()> {
    let text = |field: &str| message.body[field].as_str();
    let (Some(key), Some(id)) = (text("key"), text("messageId")) else { return Ok(()) };
    engine.confirm(message.tenant_id, key, json!({ "messageId": id })).await
}

/// Moves the delivery state forward; a failure is told to the instance that sent the message.
pub(super) async fn apply(
    connection: &mut PgConnection,
    message: &UnroutedRow,
    now: DateTime<Utc>,
) -> Result<Decision> {
    let text = |field: &str| message.body[field].as_str();
    let told = text("status").unwrap_or_default();
    let (Some(provider_id), Some(told)) = (text("messageId"), Delivery::named(told)) else {
        return Ok(Decision { text: format!("status-recorded: {told}"), ..Decision::default() });
    };
    let mentioned = Mentioned {
        tenant: message.tenant_id,
        channel: message.channel_id,
        provider_id,
        step_key: text("key"),
        at: message.at,
        now,
    };
    let sent = messages::mention(connection, &mentioned).await?;
    let before = Delivery::named(&sent.status).unwrap_or(Delivery::Accepted);
    let after = before.after(told);
    let mut decision = Decision {
        text: format!("status: {}", after.name()),
        conversation: sent.conversation_id,
        instance: None,
    };
    if after == before {
        return Ok(decision);
    }
    messages::set_delivery(connection, message.tenant_id, sent.id, after.name()).await?;
    if let (Delivery::Failed, Some(instance)) = (after, sent.instance_id) {
        let failed = Failed {
            tenant: message.tenant_id,
            instance,
            conversation: sent.conversation_id,
            provider_id,
            error: &message.body["error"],
        };
        tell(connection, &failed, now).await?;
        decision.instance = Some(instance);
    }
    Ok(decision)
}

/// A message that the provider could not deliver.
pub(crate) struct Failed<'a> {
    pub(crate) tenant: Uuid,
    pub(crate) instance: Uuid,
    pub(crate) conversation: Option<Uuid>,
    pub(crate) provider_id: &'a str,
    /// `{code, message}`, or null.
    pub(crate) error: &'a Value,
}

/// Tells the instance that sent it.
pub(crate) async fn tell(
    connection: &mut PgConnection,
    failed: &Failed<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    let body = json!({
        "type": "message.failed",
        "messageId": failed.provider_id,
        "code": failed.error["code"],
        "message": failed.error["message"],
    });
    let event = Enqueued {
        tenant: failed.tenant,
        instance: failed.instance,
        conversation: failed.conversation,
        body: body.as_object().cloned().unwrap_or_else(Map::new),
        actor: format!("{ACTOR}:status"),
        event_id: None,
    };
    crate::enqueue(connection, event, now).await.map(drop)
}
