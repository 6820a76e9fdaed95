//! The router: decides for each stored message, in order, what becomes of it.
//!
//! It reads what was not routed by id and decides each message of a person in a transaction of its own: contact, identity,
//! conversation, events for instances and the decision itself are written together. What providers tell about messages of ours is
//! decided a page at a time. A crash before that commit leaves the message unrouted, and it is decided again from nothing; a
//! crash after it leaves it routed, and it is not looked at again.
//!
//! A conversation's next message waits until what the router sent for the message before had its turn: whom it is for
//! may depend on that turn (it may end the instance). The wait is bounded by [`ROUTE_WAIT`].
//!
//! With several processes, a channel's messages are decided by the one that owns the channel's shard.
//!
//! **Invariant:** messages of one person are decided one after the other, in the order of their ids.
//! **Invariant:** a message that cannot be routed costs itself: the failure is its decision, and the next one is looked at.

mod groups;
mod looks;
pub(crate) mod person;
mod route;
mod stack;
pub(crate) mod status;
mod trigger;
mod words;

use crate::{
    Engine, Error, Result,
    channel::Channels,
    detached::detached,
    ids::shard_of,
    limits::{DATABASE_RETRY, DATABASE_RETRY_MAX, ERROR_CHARS_MAX, POLL, ROUTE_PAGE, ROUTE_RETRY},
    store::{
        definitions,
        messages::{self, Decision, STATUS, UnroutedRow},
    },
};
use groups::{Groups, Held, Tagged};
use looks::Looks;
use route::Case;
use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Notify, task::JoinSet, time::Instant};
use trigger::Starters;
use uuid::Uuid;

/// Who sends what the router sends, as it stands in history.
pub(crate) const ACTOR: &str = "router";

/// Decides.
pub(crate) struct Router {
    engine: Engine,
    channels: Channels,
    /// Published definitions by tenant, as the last page found them.
    starters: Mutex<HashMap<Uuid, Arc<Starters>>>,
    is_stopping: AtomicBool,
}

/// What became of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Routed {
    /// It is decided.
    Done,
    /// It waits for a turn.
    Waits,
}

impl Router {
    pub(crate) fn new(engine: Engine, channels: Channels) -> Arc<Self> {
        let (starters, is_stopping) = (Mutex::new(HashMap::new()), AtomicBool::new(false));
        Arc::new(Self { engine, channels, starters, is_stopping })
    }

    /// Ends [`run`](Self::run) after the messages that are being decided.
    pub(crate) fn stop(&self) {
        self.is_stopping.store(true, Ordering::SeqCst);
    }

    /// Whether it may decide for this channel: it is wanted, and no other process decides.
    fn is_at_work(&self, channel: Uuid) -> bool {
        !self.is_stopping.load(Ordering::SeqCst)
            && self.engine.shards().owns(shard_of(channel, None))
    }

    /// Routes until told to stop; a hint makes it look at once.
    pub(crate) async fn run(self: Arc<Self>, hint: Arc<Notify>) {
        let mut backoff = DATABASE_RETRY;
        let mut looks = Looks::default();
        while !self.is_stopping.load(Ordering::SeqCst) {
            let wait = match self.route_all(&mut looks).await {
                Ok(Routed::Done) => {
                    backoff = DATABASE_RETRY;
                    POLL
                }
                Ok(Routed::Waits) => ROUTE_RETRY,
                Err(error) => {
                    tracing::warn!(%error, delay_ms = backoff.as_millis(), "routing failed, trying again");
                    backoff = (backoff * 2).min(DATABASE_RETRY_MAX);
                    backoff
                }
            };
            tokio::select! {
                () = hint.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// One pass over everything that is not routed; `Waits` if something could not be yet.
    async fn route_all(self: &Arc<Self>, looks: &mut Looks) -> Result<Routed> {
        let owned = self.engine.shards().owned();
        if owned.is_empty() {
            return Ok(Routed::Done);
        }
        let mut look = looks.next(owned, Instant::now());
        let mut after = look.after;
        let mut held = Held::default();
        loop {
            let (pool, filter) = (self.engine.pool().clone(), owned.filter());
            let page = detached(async move {
                Ok(messages::unrouted(&pool, after, ROUTE_PAGE, filter.as_deref()).await?)
            });
            let began = Instant::now();
            let page = page.await?;
            look.took += began.elapsed();
            let Some(last) = page.last() else { break };
            after = last.id;
            let (told, written): (Vec<_>, Vec<_>) =
                page.into_iter().partition(|message| message.direction == STATUS);
            let (told, written) =
                tokio::join!(self.route_told(told), self.route_written(written, &mut held));
            told.and(written)?;
        }
        looks.ended(look, Instant::now(), after, held.first());
        Ok(if held.is_empty() { Routed::Done } else { Routed::Waits })
    }

    /// What providers told about messages of ours, all at once; if that fails because of one of them, one by one.
    async fn route_told(self: &Arc<Self>, mut told: Vec<UnroutedRow>) -> Result<()> {
        told.retain(|message| self.is_at_work(message.channel_id));
        if told.is_empty() {
            return Ok(());
        }
        let (engine, all) = (self.engine.clone(), Arc::new(told));
        let told = Arc::clone(&all);
        match detached(async move { status::route(&engine, &told).await }).await {
            Err(error) if is_of_the_message(&error) => {}
            ended => return ended,
        }
        for message in all.iter() {
            self.route_or_record(message.clone()).await?;
        }
        Ok(())
    }

    /// What people wrote.
    async fn route_written(
        self: &Arc<Self>,
        page: Vec<UnroutedRow>,
        held: &mut Held,
    ) -> Result<()> {
        if page.is_empty() {
            return Ok(());
        }
        self.read_definitions(&page).await?;
        let pool = self.engine.pool().clone();
        for part in detached(async move { Groups::of(&pool, page).await }).await? {
            self.route_part(part, held).await?;
        }
        Ok(())
    }

    /// People beside each other; each person's messages one after the other.
    async fn route_part(self: &Arc<Self>, part: Groups, held: &mut Held) -> Result<()> {
        let mut running = JoinSet::new();
        for group in part.without(held) {
            let this = Arc::clone(self);
            running.spawn(async move { this.route_group(group).await });
        }
        let mut failure = None;
        while let Some(ended) = running.join_next().await {
            match ended {
                Ok(Ok(waiting)) => held.add(waiting),
                Ok(Err(error)) => failure = Some(error),
                Err(_) => failure = Some(Error::Panicked),
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// One person's messages; those that are left because the first of them waits.
    async fn route_group(self: Arc<Self>, group: Vec<Tagged>) -> Result<Vec<Tagged>> {
        let mut rest = group.into_iter();
        while let Some(message) = rest.next() {
            if !self.is_at_work(message.message.channel_id)
                || self.route_or_record(message.message.clone()).await? == Routed::Waits
            {
                return Ok(std::iter::once(message).chain(rest).collect());
            }
        }
        Ok(Vec::new())
    }

    /// Routes one message. If that fails because of the message, the failure is the decision.
    async fn route_or_record(self: &Arc<Self>, message: UnroutedRow) -> Result<Routed> {
        let (this, routing) = (Arc::clone(self), message.clone());
        let error = match detached(async move { this.route_one(routing).await }).await {
            Ok(routed) => return Ok(routed),
            Err(error) if is_of_the_message(&error) => error,
            Err(error) => return Err(error),
        };
        tracing::error!(message.id = message.id, %error, "a message cannot be routed");
        let text: String = format!("failed: {error}").chars().take(ERROR_CHARS_MAX).collect();
        let decision = Decision { text, ..Decision::default() };
        let (pool, now) = (self.engine.pool().clone(), self.engine.clock().now());
        detached(async move {
            let mut connection = pool.acquire().await?;
            messages::set_routed(&mut connection, &message, &decision, now).await?;
            Ok(Routed::Done)
        })
        .await
    }

    async fn route_one(self: Arc<Self>, message: UnroutedRow) -> Result<Routed> {
        if message.direction == STATUS {
            status::route(&self.engine, std::slice::from_ref(&message)).await?;
            return Ok(Routed::Done);
        }
        // Before the transaction: whoever has a connection and waits for another may wait for those that wait for his.
        let channel = self.channels.get(message.tenant_id, message.channel_id).await?;
        let mut tx = self.engine.pool().begin().await?;
        if !messages::lock_unrouted(&mut tx, message.tenant_id, message.id).await? {
            return Ok(Routed::Done);
        }
        let now = self.engine.clock().now();
        let case = Case::new(&message, &channel, self.starters(message.tenant_id), now);
        let Some(decision) = case.decide(&mut tx).await? else {
            tx.rollback().await?;
            return Ok(Routed::Waits);
        };
        messages::set_routed(&mut tx, &message, &decision, now).await?;
        tx.commit().await?;
        if let Some(instance) = decision.instance {
            self.engine.hint_inbox(instance, decision.conversation);
        }
        Ok(Routed::Done)
    }

    /// Looks which definitions are published, for the tenants of a page. The page was read before, so a definition that
    /// was published before a message came is seen by that message.
    async fn read_definitions(self: &Arc<Self>, page: &[UnroutedRow]) -> Result<()> {
        let tenants: HashSet<Uuid> = page.iter().map(|m| m.tenant_id).collect();
        for tenant in tenants {
            let pool = self.engine.pool().clone();
            let published =
                detached(async move { Ok(definitions::all_published(&pool, tenant).await?) });
            let published = published.await?;
            let known = self.starters(tenant);
            if known.is_of(&published) {
                continue;
            }
            let mut compiled = Vec::with_capacity(published.len());
            for (name, digest) in &published {
                match self.engine.definition_by_digest(tenant, digest).await {
                    Ok(definition) => compiled.push(definition),
                    Err(error @ (Error::Database(_) | Error::Stopping)) => return Err(error),
                    Err(error) => {
                        tracing::error!(definition = name, digest, %error, "a definition cannot start anything");
                    }
                }
            }
            let starters = Arc::new(Starters::of(published, compiled));
            self.starters.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant, starters);
        }
        Ok(())
    }

    fn starters(&self, tenant: Uuid) -> Arc<Starters> {
        let starters = self.starters.lock().unwrap_or_else(PoisonError::into_inner);
        starters.get(&tenant).cloned().unwrap_or_default()
    }
}

/// Whether routing the same message again would fail in the same way.
fn is_of_the_message(error: &Error) -> bool {
    match error {
        // Classes of SQLSTATE: data that cannot be, a constraint broken, a limit reached.
        Error::Database(sqlx::Error::Database(error)) => error
            .code()
            .is_some_and(|code| ["22", "23", "54"].iter().any(|class| code.starts_with(class))),
        Error::Database(_) | Error::Stopping => false,
        _ => true,
    }
}

/// How long a message has been waiting to be routed.
fn waited(message: &UnroutedRow, now: chrono::DateTime<chrono::Utc>) -> Duration {
    (now - message.received_at).to_std().unwrap_or_default()
}
