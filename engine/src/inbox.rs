//! Reads the inbox and hands its events to the owner: the shards that were rung at once, all of them by polling.
//!
//! Rows that are read and gone stay in the index until the next vacuum, and a look at all shards goes past all of them: half a
//! millisecond of Postgres for each message when there are seven thousand (measured, `bench mixed`).
//!
//! **Invariant:** a row is in memory at most once; it leaves the table only in the turn that applies it.

mod admit;

use crate::{
    Clock,
    admission::Admissions,
    bell::Rung,
    definitions::Definitions,
    error::Error,
    fault, ids, key,
    limits::{IN_FLIGHT_MAX, INBOX_PAGE},
    owner::batch,
    polling,
    resume::{self, ResumeLinks},
    shards::{ShardSet, Shards},
    store::{
        inbox::{self, InboxRow},
        instances::Meta,
    },
    tracks::{Tracks, Way},
    turn::{Claim, Given, Started},
    work::{Birth, InFlight, Stop, What, Work},
};
use machine::{Event, Start};
use serde_json::Value;
use sqlx::PgPool;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use uuid::Uuid;

/// Before the first row.
const BEGINNING: (i16, i64) = (-1, 0);

/// The wait when there are more rows than may be in memory.
const FULL_WAIT: Duration = Duration::from_millis(5);

/// Shards that are looked at one by one. More are not cheaper than all.
const RUNG_MAX: usize = 32;

/// What a sweep has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Swept {
    /// Every row of the shards that were rung.
    Rung,
    /// Every row; finding that there are few took so long.
    All(Duration),
    /// As many as may be in memory.
    Part,
}

/// The reader.
pub(crate) struct Inbox {
    pub(crate) pool: PgPool,
    pub(crate) admissions: Admissions,
    pub(crate) definitions: Definitions,
    pub(crate) resume: Option<ResumeLinks>,
    pub(crate) clock: Clock,
    pub(crate) shards: Shards,
    pub(crate) tracks: Tracks,
    pub(crate) rung: Arc<Rung>,
    pub(crate) poll: Duration,
    pub(crate) in_flight: InFlight<i64>,
}

impl Inbox {
    /// Reads until told to stop, or until nobody takes what it reads.
    pub(crate) async fn run(self, mut stop: Stop) {
        let mut look = ShardSet::ALL;
        let mut look_at_all = Instant::now();
        while !stop.is_set() {
            let wait = match self.sweep(&look, &stop).await {
                Ok(Swept::Rung) => None,
                Ok(Swept::All(took)) => Some(polling::apart(self.poll, took)),
                Ok(Swept::Part) => Some(FULL_WAIT),
                Err(error) => {
                    tracing::warn!(%error, "the inbox cannot be read");
                    Some(self.poll)
                }
            };
            if let Some(wait) = wait {
                look_at_all = Instant::now() + wait;
            }
            look = tokio::select! {
                biased;
                () = stop.wait() => return,
                () = tokio::time::sleep_until(look_at_all) => ShardSet::ALL,
                rung = self.rung.heard(), if wait != Some(FULL_WAIT) => rung,
            };
        }
    }

    /// Hands over what is in these shards; if it is much, what is in all of them.
    async fn sweep(&self, look: &ShardSet, stop: &Stop) -> Result<Swept, Error> {
        let owned = self.shards.owned();
        if owned.is_empty() {
            return Ok(Swept::All(Duration::ZERO));
        }
        let rung = look.both(&owned);
        let is_much = rung == owned || rung.len() > RUNG_MAX;
        if is_much || self.in_flight.len() >= IN_FLIGHT_MAX {
            return self.sweep_all(&owned, stop).await;
        }
        if rung.is_empty() {
            return Ok(Swept::Rung);
        }
        let reading = self.in_flight.reading();
        let shards: Vec<i16> = rung.iter().collect();
        let rows = inbox::read_rung(&self.pool, &shards, INBOX_PAGE).await?;
        let is_much = rows.len() >= usize::try_from(INBOX_PAGE).unwrap_or(usize::MAX);
        self.hand_over(rows).await?;
        drop(reading);
        match is_much {
            true => self.sweep_all(&owned, stop).await,
            false => Ok(Swept::Rung),
        }
    }

    /// Hands over every row once, page by page; when there are too many, as many of each tenant.
    async fn sweep_all(&self, owned: &ShardSet, stop: &Stop) -> Result<Swept, Error> {
        let filter = owned.filter();
        let mut after = BEGINNING;
        while self.in_flight.len() < IN_FLIGHT_MAX && !stop.is_set() {
            let _reading = self.in_flight.reading();
            let began = Instant::now();
            let rows = inbox::read(&self.pool, after, INBOX_PAGE, filter.as_deref()).await?;
            let is_last_page = rows.len() < usize::try_from(INBOX_PAGE).unwrap_or(usize::MAX);
            // A page that is full is worth its time.
            let took = if is_last_page { began.elapsed() } else { Duration::ZERO };
            let Some(last) = rows.last() else { return Ok(Swept::All(took)) };
            after = (last.shard, last.id);
            if !self.hand_over(rows).await? || is_last_page {
                return Ok(Swept::All(took));
            }
        }
        if self.in_flight.len() < IN_FLIGHT_MAX * 2 {
            let taken = i64::try_from(self.in_flight.len()).unwrap_or(0);
            let limit = INBOX_PAGE + taken;
            let _reading = self.in_flight.reading();
            let rows = inbox::read_of_each(&self.pool, limit, filter.as_deref()).await?;
            self.hand_over(rows).await?;
        }
        Ok(Swept::Part)
    }

    /// Sends on those that are not on their way already; false when nobody takes them.
    async fn hand_over(&self, rows: Vec<InboxRow>) -> Result<bool, Error> {
        if !rows.is_empty() {
            fault::point("inbox.read");
        }
        for row in rows {
            let Some(ticket) = self.in_flight.take(row.id) else { continue };
            let mut work = self.work(row).await?;
            work.ticket = Some(Box::new(ticket));
            if self.tracks.send(Way::Prompt, work).await.is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A row as work. Only a database that cannot be reached is an error.
    async fn work(&self, row: InboxRow) -> Result<Work, Error> {
        let now = self.clock.now();
        let body = match row.body {
            Value::Object(body) => body,
            _ => serde_json::Map::new(),
        };
        let is_start = body.get("type").and_then(Value::as_str) == Some("started");
        let started = is_start.then(|| serde_json::from_value(Value::Object(body.clone())));
        let mut work = Work {
            tenant: row.tenant_id,
            instance: row.instance_id,
            what: What::Event,
            given: Given {
                event_id: row.event_id.unwrap_or_else(Uuid::now_v7),
                event: Event { at: now, body },
                actor: row.actor.into(),
                claim: Some(Claim::Inbox(row.id)),
                halt: None,
            },
            ticket: None,
            reply: None,
        };
        tracing::trace!(inbox.id = row.id, received_at = %row.received_at, "an event was read");
        match started {
            None => {}
            Some(Ok(started)) => self.birth(&mut work, started).await?,
            Some(Err(error)) => {
                tracing::warn!(inbox.id = row.id, %error, "a start that cannot be read is dropped");
                work.what = What::Discard;
            }
        }
        Ok(work)
    }

    /// Finds what is to be started; the parent is told if there is no such definition.
    async fn birth(&self, work: &mut Work, started: Started) -> Result<(), Error> {
        let found = self.definitions.named(work.tenant, &started.definition, started.version).await;
        let named = match found {
            Ok(named) => named,
            Err(error @ Error::Database(_)) => return Err(error),
            Err(error) => {
                match &started.parent {
                    Some(parent) => {
                        batch::fail_parent(work, parent, "definition", &error.to_string());
                    }
                    None => {
                        tracing::warn!(definition = started.definition, %error, "nothing to start");
                        work.what = What::Discard;
                    }
                }
                return Ok(());
            }
        };
        let mut scope = started.scope.clone();
        resume::tell(self.resume.as_ref(), work.tenant, work.instance, &mut scope);
        let start = Start {
            at: work.given.event.at,
            seed: work.instance.to_string(),
            input: started.input.clone(),
            scope,
            trigger: started.trigger.clone(),
        };
        let key = match started.key.clone() {
            Some(key) => Ok(Some(key)),
            None => key::of(&named.definition, &start),
        };
        let key = match (key, &started.parent) {
            (Ok(key), _) => key,
            (Err(error), Some(parent)) => {
                batch::fail_parent(work, parent, "key", &error.to_string());
                return Ok(());
            }
            (Err(error), None) => {
                tracing::warn!(definition = started.definition, %error, "a start is dropped");
                work.what = What::Discard;
                return Ok(());
            }
        };
        if named.definition.pacing.concurrency.is_some() {
            let started = Started { key: key.clone(), ..started.clone() };
            if !self.admit(work, &named, &start, started).await? {
                return Ok(());
            }
        }
        work.given.event = machine::started(&start);
        work.what = What::Birth(Box::new(Birth {
            meta: Meta {
                tenant: work.tenant,
                id: work.instance,
                shard: ids::shard_of(work.instance, started.conversation),
                definition: named.definition.name.clone(),
                version: named.version,
                digest: named.definition.digest.clone(),
                key,
                conversation: started.conversation,
                parent: started.parent,
                created_at: start.at,
            },
            definition: named.definition,
        }));
        Ok(())
    }
}
