//! Conversations: what people wrote, stored before it is acknowledged, and what became of it.
//!
//! [`Conversations::accept`] stores; the [`router`](crate::router), a task of the process that owns the shards, decides.
//! Between the two there are only rows, so a crash between them loses nothing.
//!
//! **Invariant:** what `accept` returned `Ok` for is committed. The same provider id is stored once, however often it comes.
//! **Invariant:** a conversation's messages are routed in the order they were stored, each of them once.

mod arrivals;
pub mod inbound;
pub mod mode;

use crate::{
    Engine, Error, Result,
    channel::{Channel, Channels},
    detached::detached,
    ids::shard_of,
    router::{Router, person},
    store::{
        contacts,
        conversations::{self as rows, ConversationRow},
        messages::{self, MessageRow, NewMessage},
    },
};
use arrivals::Arrivals;
use inbound::{Inbound, Sender, fit};
use mode::{Mode, ModeChange};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{sync::Notify, task::JoinHandle};
use uuid::Uuid;

/// A conversation as stored.
pub type Conversation = ConversationRow;
/// A message as stored.
pub type Message = MessageRow;

/// What became of a webhook's content.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Accepted {
    /// Stored, and going to be routed.
    pub stored: usize,
    /// Already there: they were sent before.
    pub duplicates: usize,
    /// For accounts that are no channel of this tenant; dropped, with a log line.
    pub unknown: usize,
}

/// A person takes a conversation over, hands it back, pauses it, …
#[derive(Debug, Clone)]
pub struct ModeRequest {
    /// Whose.
    pub tenant: Uuid,
    /// Which.
    pub conversation: Uuid,
    /// What is done.
    pub change: ModeChange,
    /// Who: `member:<id>`, `api:<key id>`.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
}

/// Conversations of all tenants. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Conversations(Arc<Inner>);

struct Inner {
    engine: Engine,
    channels: Channels,
    arrivals: Arc<Arrivals>,
    hint: Arc<Notify>,
    router: Mutex<Option<(Arc<Router>, JoinHandle<()>)>>,
}

impl Conversations {
    /// Over a running engine. Nothing is routed before [`start`](Self::start).
    pub fn new(engine: Engine, channels: Channels) -> Self {
        let hint = engine.bell().messages.clone();
        let arrivals = Arrivals::new(engine.pool().clone(), engine.clock().clone());
        Self(Arc::new(Inner { engine, channels, arrivals, hint, router: Mutex::new(None) }))
    }

    /// Starts the router, beginning with what was accepted and not routed. It decides for the channels whose shards this process
    /// owns: the order of a conversation rests on there being one. Starting twice changes nothing.
    pub fn start(&self) {
        let mut running = self.0.router.lock().unwrap_or_else(PoisonError::into_inner);
        if running.is_some() {
            return;
        }
        let router = Router::new(self.0.engine.clone(), self.0.channels.clone());
        let task = tokio::spawn(Arc::clone(&router).run(Arc::clone(&self.0.hint)));
        *running = Some((router, task));
    }

    /// Stops the router after the messages it is at. Call it before [`Engine::shutdown`].
    pub async fn shutdown(&self) {
        let running = self.0.router.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((router, task)) = running {
            router.stop();
            self.0.hint.notify_one();
            if task.await.is_err() {
                tracing::error!("the router panicked");
            }
        }
    }

    /// The channels it knows.
    pub fn channels(&self) -> &Channels {
        &self.0.channels
    }

    /// Stores what a webhook of `channel` carried, all of it or nothing; answer the webhook after this, with 200 if it is
    /// `Ok` and with 503 if it is not. An item may name another account than the channel's: it belongs to that account's
    /// channel if the tenant has one.
    pub async fn accept(&self, channel: &Channel, items: Vec<Inbound>) -> Result<Accepted> {
        let tenant = channel.tenant;
        let mut accepted = Accepted::default();
        let mut known: HashMap<String, Option<Uuid>> =
            HashMap::from([(channel.external_id.clone(), Some(channel.id))]);
        let mut new = Vec::with_capacity(items.len());
        for item in items {
            let account = item.account().unwrap_or(&channel.external_id).to_owned();
            let channel_id = match known.get(&account) {
                Some(id) => *id,
                None => {
                    let id = self.channel_id(channel, &account).await?;
                    known.insert(account, id);
                    id
                }
            };
            match channel_id {
                Some(id) => new.push(new_message(tenant, id, item)),
                None => accepted.unknown += 1,
            }
        }
        if accepted.unknown > 0 {
            let n = accepted.unknown;
            tracing::warn!(channel.id = %channel.id, n, "items for accounts that are no channel were dropped");
        }
        let n = new.len();
        let channels = known.into_values().flatten().map(|id| shard_of(id, None)).collect();
        accepted.stored = self.0.arrivals.store(tenant, new).await?;
        accepted.duplicates = n - accepted.stored;
        self.0.engine.bell().messages(channels);
        Ok(accepted)
    }

    async fn channel_id(&self, channel: &Channel, account: &str) -> Result<Option<Uuid>> {
        match self.0.channels.by_account(&channel.kind, account).await {
            Ok(found) => Ok((found.tenant == channel.tenant).then_some(found.id)),
            Err(Error::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The conversation with a person on a channel; made if there is none, so that we can write first (a template).
    /// `Refused` if the person has neither a phone nor a user id.
    pub async fn open(&self, channel: &Channel, person: Sender) -> Result<Conversation> {
        if person.phone.is_none() && person.user_id.is_none() {
            return Err(Error::Refused("a person has a phone or a user id".to_owned()));
        }
        let (pool, tenant, channel) = (self.0.engine.pool().clone(), channel.tenant, channel.id);
        detached(async move {
            let mut tx = pool.begin().await?;
            let parties = person::resolve(&mut tx, tenant, channel, &person).await?;
            let conversation = rows::touch(&mut tx, parties, Uuid::now_v7(), None).await?;
            tx.commit().await?;
            Ok(conversation)
        })
        .await
    }

    /// `{contact, tenant, channel}` of a conversation, as an instance that is started in it wants it. `NotFound`.
    pub async fn scope(&self, tenant: Uuid, id: Uuid) -> Result<Value> {
        let conversation = self.conversation(tenant, id).await?;
        let channel = self.0.channels.get(tenant, conversation.channel_id).await?;
        let pool = self.0.engine.pool().clone();
        detached(async move {
            let mut connection = pool.acquire().await?;
            let contact = conversation.contact_id;
            let (contact, tenant) = contacts::scope(&mut connection, tenant, contact).await?;
            Ok(json!({ "contact": contact, "tenant": tenant, "channel": channel.to_scope() }))
        })
        .await
    }

    /// A conversation. `NotFound`.
    pub async fn conversation(&self, tenant: Uuid, id: Uuid) -> Result<Conversation> {
        let pool = self.0.engine.pool().clone();
        let found = detached(async move { Ok(rows::by_id(&pool, tenant, id).await?) }).await?;
        found.ok_or_else(|| Error::NotFound(format!("conversation {id}")))
    }

    /// A tenant's conversations after this one, at most `limit`, by id.
    pub async fn list(
        &self,
        tenant: Uuid,
        after: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<Conversation>> {
        let pool = self.0.engine.pool().clone();
        let after = after.unwrap_or_default();
        detached(async move { Ok(rows::list(&pool, tenant, after, limit).await?) }).await
    }

    /// The conversations with the person who has this phone, newest first; the phone in any notation with country code.
    pub async fn by_phone(&self, tenant: Uuid, phone: &str) -> Result<Vec<Conversation>> {
        let pool = self.0.engine.pool().clone();
        let phone = inbound::digits(phone);
        detached(async move { Ok(rows::by_phone(&pool, tenant, &phone).await?) }).await
    }

    /// A conversation's messages after this id, at most `limit`, in the order they were stored.
    pub async fn messages(
        &self,
        tenant: Uuid,
        conversation: Uuid,
        after: Option<i64>,
        limit: i64,
    ) -> Result<Vec<Message>> {
        let pool = self.0.engine.pool().clone();
        let page = messages::Page { conversation, after: after.unwrap_or(0), limit };
        detached(async move { Ok(messages::transcript(&pool, tenant, page).await?) }).await
    }

    /// Changes the mode of a conversation, on record in `audit`. `Conflict` if that cannot be done from its mode.
    pub async fn change_mode(&self, request: ModeRequest) -> Result<Mode> {
        let pool = self.0.engine.pool().clone();
        detached(async move {
            let mut tx = pool.begin().await?;
            let id = request.conversation;
            let found = rows::lock(&mut tx, request.tenant, id).await?;
            let found = found.ok_or_else(|| Error::NotFound(format!("conversation {id}")))?;
            let mode = mode::next(found.mode()?, request.change)
                .ok_or_else(|| Error::Conflict(format!("the mode of conversation {id}")))?;
            rows::set_mode(&mut tx, request.tenant, id, mode.name()).await?;
            let detail = json!({ "from": found.mode, "to": mode.name() });
            rows::audit_mode(&mut tx, &request, &detail).await?;
            tx.commit().await?;
            Ok(mode)
        })
        .await
    }
}

fn new_message(tenant: Uuid, channel_id: Uuid, item: Inbound) -> NewMessage {
    match item {
        Inbound::Message(message) => {
            let mut body = message.body;
            body.insert("type".to_owned(), Value::from("message"));
            body.insert("messageId".to_owned(), Value::from(message.provider_id.as_str()));
            body.insert("at".to_owned(), Value::from(message.at.to_rfc3339()));
            body.insert("from".to_owned(), message.from.to_json());
            NewMessage {
                tenant,
                channel_id,
                direction: messages::IN,
                provider_id: clean(&message.provider_id),
                body: fit(body),
                status: "received".to_owned(),
                at: message.at,
            }
        }
        Inbound::Status(status) => NewMessage {
            tenant,
            channel_id,
            direction: messages::STATUS,
            // One row per message and status: the same status twice is a duplicate.
            provider_id: clean(&format!("{} {}", status.provider_id, status.status)),
            body: fit(status.to_body()),
            status: clean(&status.status),
            at: status.at,
        },
    }
}

/// Postgres stores no NUL. Escaped so that two ids never become one.
fn clean(text: &str) -> String {
    text.replace('\0', "\\0")
}
