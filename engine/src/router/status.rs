//! What providers tell about messages of ours: sent, delivered, read, failed. Most of what arrives is this (three for each message),
//! and it concerns nobody's order but its own message's: a page of it is routed in one transaction.

use super::ACTOR;
use crate::{
    Engine, Enqueued, Result,
    delivery::Delivery,
    store::{
        messages::{Decision, UnroutedRow},
        statuses::{self, Mentioned, SentName, SentRow},
    },
};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use sqlx::PgConnection;
use std::collections::HashMap;
use uuid::Uuid;

/// Routes them in their order: all or none. An error of the data is that of any of them.
pub(super) async fn route(engine: &Engine, told: &[UnroutedRow]) -> Result<()> {
    // Before the transaction: it may be told twice, and must not be lost.
    confirm(engine, told).await?;
    let mut tx = engine.pool().begin().await?;
    let open = statuses::lock(&mut tx, told).await?;
    let told: Vec<&UnroutedRow> = told.iter().filter(|m| open.contains(&m.id)).collect();
    let now = engine.clock().now();
    let mut page = Page::read(&mut tx, &told, now).await?;
    let decided: Vec<_> = told.iter().map(|message| (*message, page.decide(message))).collect();
    page.write(&mut tx, now).await?;
    statuses::set_routed(&mut tx, &decided, now).await?;
    tx.commit().await?;
    for (_, decision) in decided {
        if let Some(instance) = decision.instance {
            engine.hint_inbox(instance, decision.conversation);
        }
    }
    Ok(())
}

/// A status that carries our key proves that the step with this key happened.
async fn confirm(engine: &Engine, told: &[UnroutedRow]) -> Result<()> {
    let confirmed = told.iter().filter_map(|message| {
        let (key, id) = (text(message, "key")?, text(message, "messageId")?);
        Some((message.tenant_id, key.to_owned(), json!({ "messageId": id })))
    });
    engine.confirm_all(confirmed.collect()).await
}

fn text<'a>(message: &'a UnroutedRow, field: &str) -> Option<&'a str> {
    message.body[field].as_str()
}

/// The message of ours that this one is about, if it tells a state that we know.
fn about(message: &UnroutedRow) -> Option<(SentName<'_>, Delivery)> {
    let state = text(message, "status").and_then(Delivery::named)?;
    let id = text(message, "messageId")?;
    Some(((message.tenant_id, message.channel_id, id), state))
}

/// The messages of ours that a page is about.
struct Page<'a> {
    sent: HashMap<SentName<'a>, Sent>,
    /// Those that the provider gave up, with the status that says so.
    failed: Vec<(SentName<'a>, &'a UnroutedRow)>,
}

/// One of them.
struct Sent {
    row: SentRow,
    state: Delivery,
    is_changed: bool,
}

impl<'a> Page<'a> {
    /// The rows, locked; made where the provider was faster than our own record of what was sent.
    async fn read(
        connection: &mut PgConnection,
        told: &[&'a UnroutedRow],
        now: DateTime<Utc>,
    ) -> Result<Self> {
        let mut first: HashMap<SentName<'a>, Mentioned<'a>> = HashMap::new();
        for message in told {
            let Some((name, _)) = about(message) else { continue };
            let new = || Mentioned { name, step_key: None, at: message.at, now };
            let mentioned = first.entry(name).or_insert_with(new);
            mentioned.step_key = mentioned.step_key.or_else(|| text(message, "key"));
        }
        let mut names: Vec<SentName<'a>> = first.keys().copied().collect();
        names.sort_unstable();
        let found = statuses::lock_sent(connection, &names).await?;
        let found = found.into_iter().filter_map(|(at, row)| Some((*names.get(at)?, row)));
        let mut found: HashMap<SentName<'a>, SentRow> = found.collect();
        let mut sent = HashMap::with_capacity(names.len());
        for name in names {
            let Some(mentioned) = first.get(&name) else { continue };
            let row = match found.remove(&name) {
                Some(row) if row.step_key.is_some() || mentioned.step_key.is_none() => row,
                _ => statuses::mention(connection, mentioned).await?,
            };
            let state = Delivery::named(&row.status).unwrap_or(Delivery::Accepted);
            sent.insert(name, Sent { row, state, is_changed: false });
        }
        Ok(Self { sent, failed: Vec::new() })
    }

    /// Moves the delivery state forward.
    fn decide(&mut self, message: &'a UnroutedRow) -> Decision {
        let of_ours = about(message);
        let found = of_ours.and_then(|(name, told)| Some((name, told, self.sent.get_mut(&name)?)));
        let Some((name, told, sent)) = found else {
            let told = text(message, "status").unwrap_or_default();
            return Decision { text: format!("status-recorded: {told}"), ..Decision::default() };
        };
        let (before, after) = (sent.state, sent.state.after(told));
        let mut decision = Decision {
            text: format!("status: {}", after.name()),
            conversation: sent.row.conversation_id,
            instance: None,
        };
        if after == before {
            return decision;
        }
        (sent.state, sent.is_changed) = (after, true);
        if after == Delivery::Failed && sent.row.instance_id.is_some() {
            decision.instance = sent.row.instance_id;
            self.failed.push((name, message));
        }
        decision
    }

    /// Writes the states that have changed, and tells the instances whose messages failed.
    async fn write(&self, connection: &mut PgConnection, now: DateTime<Utc>) -> Result<()> {
        let changed = self.sent.iter().filter(|(_, sent)| sent.is_changed);
        let states = changed.map(|(name, sent)| (name.0, sent.row.id, sent.state.name()));
        statuses::set_deliveries(connection, &states.collect::<Vec<_>>()).await?;
        for (name, message) in &self.failed {
            let Some(row) = self.sent.get(name).map(|sent| &sent.row) else { continue };
            let Some(instance) = row.instance_id else { continue };
            let failed = Failed {
                tenant: name.0,
                instance,
                conversation: row.conversation_id,
                provider_id: name.2,
                error: &message.body["error"],
            };
            tell(connection, &failed, now).await?;
        }
        Ok(())
    }
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
