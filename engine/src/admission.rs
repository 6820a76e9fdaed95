//! Concurrency keys: at most so many instances of a definition at once for each value of `policies.concurrency.key`.
//!
//! A start asks for a place before it is accepted. A place is held as long as its instance lives: nobody has to give it back,
//! because whoever asks looks how the holders stand. A start for which there is none waits in a row of its own, is refused,
//! or takes the place of the oldest, as the definition says.
//!
//! **Invariant:** decisions about one key are made one after the other, each in one transaction, by whichever process.
//! **Invariant:** asking twice for one instance gives the same place. A place whose instance never came is free again after
//! [`BIRTH_MAX`](crate::limits::BIRTH_MAX).
//! **Invariant:** who waits comes in the order of asking, and its start is stored until it is in the inbox: both in one commit.

use crate::{
    Clock,
    bell::Bell,
    definitions::Named,
    detached::detached,
    error::{Error, Result},
    fault,
    limits::{ADMISSION_KEYS_PAGE, ADMISSION_POLL, BIRTH_MAX},
    outside::Outside,
    shards::ShardSet,
    store::{
        admissions::{self, Holder, Place, PlaceKey},
        inbox::{self, Enqueued},
        instances::Meta,
    },
    turn::Started,
    work::Stop,
};
use chrono::{DateTime, TimeDelta, Utc};
use machine::{Start, event::kind};
use serde_json::{Map, Value, json};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;
use workflows::{
    definition::Definition,
    pacing::{Concurrency, Over},
};

/// Who asks for a place.
pub(crate) struct Ask<'a> {
    pub(crate) tenant: Uuid,
    pub(crate) instance: Uuid,
    pub(crate) definition: &'a Definition,
    pub(crate) start: &'a Start,
    /// The start as it would stand in the inbox; kept while it waits.
    pub(crate) started: Started,
    pub(crate) actor: &'a str,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It may start.
    In,
    /// Its start is stored, and comes through the inbox when there is a place.
    Queued,
    /// There is no place, and the definition says that nobody waits.
    Refused,
}

/// Gives places.
#[derive(Clone)]
pub(crate) struct Admissions {
    pool: PgPool,
    clock: Clock,
    /// Rung when a start was put into the inbox.
    bell: Bell,
}

impl Admissions {
    /// Over this database; `bell` is rung when a start was put into the inbox.
    pub(crate) fn new(pool: &PgPool, clock: &Clock, bell: &Bell) -> Self {
        Self { pool: pool.clone(), clock: clock.clone(), bell: bell.clone() }
    }

    /// Asks for the place of an instance that a caller wants to start now. `Queued` if it starts later, by itself, and `Full`
    /// if it does not.
    pub(crate) async fn admit(
        &self,
        named: &Named,
        meta: &Meta,
        start: &Start,
        actor: &str,
    ) -> Result<()> {
        let definition = &named.definition;
        if definition.pacing.concurrency.is_none() {
            return Ok(());
        }
        let started = Started {
            definition: definition.name.clone(),
            version: Some(named.version),
            key: meta.key.clone(),
            input: start.input.clone(),
            scope: start.scope.clone(),
            conversation: meta.conversation,
            trigger: start.trigger.clone(),
            parent: meta.parent.clone(),
        };
        let (tenant, instance) = (meta.tenant, meta.id);
        let ask = Ask { tenant, instance, definition, start, started, actor };
        match Box::pin(self.ask(ask)).await? {
            Answer::In => Ok(()),
            Answer::Queued => Err(Error::Queued(instance)),
            Answer::Refused => Err(Error::Full(definition.name.clone())),
        }
    }

    /// Asks for a place; a definition without the policy has one for everybody. `Refused` if the key has no value.
    pub(crate) async fn ask(&self, ask: Ask<'_>) -> Result<Answer> {
        let Some(policy) = &ask.definition.pacing.concurrency else { return Ok(Answer::In) };
        let key = PlaceKey {
            tenant: ask.tenant,
            definition: ask.definition.name.clone(),
            key: value_of(policy, &ask)?,
            max: i32::try_from(policy.max).unwrap_or(i32::MAX),
        };
        let start = json!({ "body": ask.started.into_body(), "actor": ask.actor });
        let (this, instance, over) = (self.clone(), ask.instance, policy.over);
        let answer = detached(async move {
            let mut tx = this.pool.begin().await?;
            let answer = this.decide(&mut tx, &key, instance, (over, start)).await?;
            fault::point("admission.before_commit");
            tx.commit().await?;
            fault::point("admission.after_commit");
            Ok(answer)
        })
        .await?;
        // Whoever had to go finds its cancellation in the inbox.
        self.bell.inbox(ShardSet::ALL);
        Ok(answer)
    }

    async fn decide(
        &self,
        tx: &mut PgConnection,
        key: &PlaceKey,
        instance: Uuid,
        (over, start): (Over, Value),
    ) -> Result<Answer> {
        admissions::lock(tx, key).await?;
        let (known, has_queue) = admissions::of_instance(tx, key, instance).await?;
        match known.as_deref() {
            Some("queued") => return Ok(Answer::Queued),
            Some(_) => return Ok(Answer::In),
            None => {}
        }
        let now = self.clock.now();
        let holders = self.holders(tx, key, now).await?;
        let free = places_free(key, &holders);
        let place =
            |status, start| Place { key, instance, status, now, born_by: now + born_in(), start };
        if free > 0 && !has_queue {
            admissions::put(tx, place("held", None)).await?;
            return Ok(Answer::In);
        }
        match over {
            Over::Refuse => Ok(Answer::Refused),
            Over::Queue => {
                admissions::put(tx, place("queued", Some(&start))).await?;
                Ok(Answer::Queued)
            }
            Over::CancelOld => {
                let n_old = usize::try_from(1 - free).unwrap_or(0);
                for old in holders.iter().take(n_old) {
                    self.cancel(tx, key, old).await?;
                }
                admissions::put(tx, place("held", None)).await?;
                Ok(Answer::In)
            }
        }
    }

    /// Those who hold a place and are not gone; those who are gone lose their rows.
    async fn holders(
        &self,
        tx: &mut PgConnection,
        key: &PlaceKey,
        now: DateTime<Utc>,
    ) -> Result<Vec<Holder>> {
        let all = admissions::holders(tx, key, now).await?;
        let (gone, holders): (Vec<_>, Vec<_>) = all.into_iter().partition(|h| h.stands == "gone");
        admissions::delete(tx, key, gone.into_iter().map(|h| h.instance_id).collect()).await?;
        Ok(holders.into_iter().filter(|h| h.status == "held").collect())
    }

    async fn cancel(&self, tx: &mut PgConnection, key: &PlaceKey, old: &Holder) -> Result<()> {
        let reason =
            format!("another instance took its place under the concurrency key `{}`", key.key);
        let body = json!({ "type": kind::CANCEL, "reason": reason });
        let event = Enqueued {
            event_id: None,
            tenant: key.tenant,
            instance: old.instance_id,
            conversation: old.conversation_id,
            body: object(body),
            actor: "concurrency".to_owned(),
        };
        inbox::enqueue(tx, event, self.clock.now()).await?;
        admissions::take_away(tx, key, old.instance_id).await?;
        tracing::info!(instance.id = %old.instance_id, since = %old.admitted_at, "gives its place away");
        Ok(())
    }

    /// Moves queues up until told to stop.
    pub(crate) async fn run(self, mut stop: Stop) {
        while !stop.is_set() {
            if let Err(error) = self.round().await {
                tracing::warn!(%error, "the queues of concurrency keys cannot be moved up");
            }
            tokio::select! {
                () = tokio::time::sleep(ADMISSION_POLL) => {}
                () = stop.wait() => {}
            }
        }
    }

    /// Once through all queues.
    async fn round(&self) -> Result<()> {
        let mut after =
            PlaceKey { tenant: Uuid::nil(), definition: String::new(), key: String::new(), max: 0 };
        loop {
            let keys = admissions::queued_keys(&self.pool, &after, ADMISSION_KEYS_PAGE).await?;
            let is_last = i64::try_from(keys.len()).unwrap_or(0) < ADMISSION_KEYS_PAGE;
            for key in keys {
                after = key.clone();
                let this = self.clone();
                detached(async move { this.move_up(&key).await }).await?;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    async fn move_up(&self, key: &PlaceKey) -> Result<()> {
        let mut tx = self.pool.begin().await?;
        admissions::lock(&mut tx, key).await?;
        let now = self.clock.now();
        let free = places_free(key, &self.holders(&mut tx, key, now).await?);
        let next = admissions::queue(&mut tx, key, free.max(0)).await?;
        let has_moved = !next.is_empty();
        for (instance, mut start) in next {
            let actor = start["actor"].as_str().unwrap_or("concurrency").to_owned();
            let body = object(start["body"].take());
            let conversation = body.get("conversation").and_then(Value::as_str);
            let conversation = conversation.and_then(|id| id.parse().ok());
            let event = Enqueued {
                tenant: key.tenant,
                instance,
                conversation,
                body,
                actor,
                event_id: None,
            };
            inbox::enqueue(&mut tx, event, now).await?;
            let born_by = now + born_in();
            let place = Place { key, instance, status: "held", now, born_by, start: None };
            admissions::put(&mut tx, place).await?;
        }
        tx.commit().await?;
        if has_moved {
            self.bell.inbox(ShardSet::ALL);
        }
        Ok(())
    }
}

/// How many more the key takes; below zero when its number was made smaller.
fn places_free(key: &PlaceKey, holders: &[Holder]) -> i64 {
    i64::from(key.max) - i64::try_from(holders.len()).unwrap_or(i64::MAX)
}

/// The value of the key for this start.
fn value_of(policy: &Concurrency, ask: &Ask<'_>) -> Result<String> {
    let Some(key) = &policy.key else { return Ok(String::new()) };
    let outside = Outside {
        scope: &ask.start.scope,
        event: ask.start.trigger.as_ref().unwrap_or(&Value::Null),
        input: &ask.start.input,
        now: ask.start.at,
        seed: &ask.start.seed,
    };
    let value = outside.evaluate(ask.definition, |scope, fuel| key.evaluate(scope, fuel));
    let value = value.map_err(|error| {
        Error::Refused(format!("the concurrency key has no value: {}", error.message))
    })?;
    Ok(match value {
        Value::String(text) => text,
        other => other.to_string(),
    })
}

fn born_in() -> TimeDelta {
    TimeDelta::from_std(BIRTH_MAX).unwrap_or(TimeDelta::MAX)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
