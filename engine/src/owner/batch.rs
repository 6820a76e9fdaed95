//! A batch in the making: loads what it needs, and gives each event its turn in memory.

use super::Owner;
use crate::{
    commit::{Batch, InstanceKey},
    definitions::Named,
    error::{Error, Result},
    hash::FastMap,
    limits::DATABASE_RETRY,
    ops::retry,
    outbox::{Outbox, OutboxRow},
    owner::lease::next_wait,
    store::{
        inbox::Enqueued,
        instances::{self, Instance, Meta},
    },
    turn::{Chain, Claim, Given, Started, Taken},
    work::{Birth, What, Work},
};
use machine::{Event, event::kind};
use serde_json::json;
use std::collections::hash_map::Entry;

/// A batch with the works it is made of.
#[derive(Default)]
pub(crate) struct Prepared {
    pub(crate) batch: Batch,
    /// Works with a turn in the batch, and discarded ones.
    pub(crate) works: Vec<Box<Work>>,
    /// Works for instances of other processes, in the order of the batch's `passed`.
    pub(crate) passed: Vec<Box<Work>>,
    /// Rows for the steps that the batch opens.
    pub(crate) opened: Vec<OutboxRow>,
}

impl Prepared {
    /// All its works, to be done otherwise.
    pub(super) fn into_works(self) -> impl Iterator<Item = Box<Work>> {
        self.works.into_iter().chain(self.passed)
    }
}

impl Owner {
    /// Computes the turns. Works that can have none are finished here.
    pub(super) async fn prepare(&mut self, works: Vec<Box<Work>>) -> Prepared {
        self.load(&works).await;
        let mut chains: Vec<Box<Chain>> = Vec::with_capacity(works.len());
        let mut places: FastMap<InstanceKey, usize> = FastMap::default();
        places.reserve(works.len());
        let mut prepared = Prepared::default();
        prepared.works.reserve(works.len());
        for mut work in works {
            let key = (work.tenant, work.instance);
            if matches!(work.what, What::Discard) {
                discard(&mut prepared, work);
                continue;
            }
            if let Entry::Vacant(place) = places.entry(key) {
                if self.unreadable.contains(&key) {
                    let what = format!("instance {}", work.instance);
                    work.leave(Err(Error::Corrupt { what, why: "see the log".to_owned() }));
                    continue;
                }
                let Some(chain) = self.chain(&work) else {
                    tracing::warn!(instance.id = %work.instance, "an event for an unknown instance");
                    work.finish(Err(Error::NotFound(format!("instance {}", work.instance))));
                    // Its inbox row, if it has one, is of no use to anybody.
                    work.what = What::Discard;
                    discard(&mut prepared, work);
                    continue;
                };
                place.insert(chains.len());
                chains.push(chain);
            } else if matches!(work.what, What::Birth(_)) {
                work.finish(Err(Error::Exists(work.instance)));
                work.what = What::Discard;
                discard(&mut prepared, work);
                continue;
            }
            let Some(chain) = places.get(&key).and_then(|place| chains.get_mut(*place)) else {
                continue;
            };
            // What nobody waits for is recorded even after the end: it happened.
            if chain.state.life.is_over() && work.reply.is_some() && work.given.claim.is_none() {
                work.finish(Err(Error::Over(work.instance)));
                continue;
            }
            if !self.common.shards.settles(chain.meta.shard) {
                pass(&mut prepared, &chain.meta, work);
                continue;
            }
            match self.turn(chain, &work.given).await {
                Taken::Turn => prepared.works.push(work),
                Taken::Stale => work.finish_stale(),
            }
        }
        for chain in chains.extract_if(.., |chain| chain.turns.is_empty()) {
            if !chain.is_new && self.common.shards.settles(chain.meta.shard) {
                let definition = chain.definition.clone();
                self.hot.put(stored(chain), definition);
            }
        }
        chains.iter_mut().for_each(|chain| chain.seal());
        prepared.batch.chains = chains;
        prepared.opened = Outbox::rows(prepared.batch.chains.iter().map(Box::as_ref));
        prepared
    }

    /// One turn; with another version, if the event names one.
    async fn turn(&self, chain: &mut Chain, given: &Given) -> Taken {
        match self.version_named(&chain.meta, &given.event).await {
            Some(named) => chain.retry_with(named, given),
            None => chain.take(given),
        }
    }

    /// The version that an `ops.retry` names by number and digest, if there is such a one.
    async fn version_named(&self, meta: &Meta, event: &Event) -> Option<Named> {
        let (version, digest) = retry::named(event)?;
        let mut wait = DATABASE_RETRY;
        loop {
            match self.common.definitions.named(meta.tenant, &meta.definition, Some(version)).await
            {
                Ok(named) => return (named.definition.digest == digest).then_some(named),
                Err(error @ Error::Database(_)) => {
                    tracing::warn!(%error, "a definition cannot be read yet");
                }
                Err(error) => {
                    tracing::warn!(instance.id = %meta.id, %error, "a retry names no version");
                    return None;
                }
            }
            tokio::time::sleep(wait).await;
            wait = next_wait(wait);
        }
    }

    /// The instance of a work, ready for turns; `None` if there is none. One that is to be started and is there already is
    /// left to the insert to find.
    fn chain(&mut self, work: &Work) -> Option<Box<Chain>> {
        if let What::Birth(birth) = &work.what {
            return Some(Chain::unborn(birth.meta.clone(), birth.definition.clone()).into());
        }
        let (instance, definition) = self.hot.take((work.tenant, work.instance))?;
        Some(Chain::of(instance, definition).into())
    }

    /// Reads the instances that are not in memory, in one query.
    async fn load(&mut self, works: &[Box<Work>]) {
        let mut wanted: Vec<InstanceKey> = works
            .iter()
            .filter(|w| matches!(w.what, What::Event))
            .map(|w| (w.tenant, w.instance))
            .filter(|key| !self.hot.contains(*key))
            .collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut wait = DATABASE_RETRY;
        loop {
            match self.read(&wanted).await {
                Ok(()) => return,
                Err(error) => tracing::warn!(%error, "instances cannot be read yet"),
            }
            tokio::time::sleep(wait).await;
            wait = next_wait(wait);
        }
    }

    async fn read(&mut self, wanted: &[InstanceKey]) -> Result<()> {
        for (key, row) in instances::load(&self.common.pool, wanted).await? {
            let instance = match row {
                Ok(instance) => instance,
                Err(error) => {
                    tracing::error!(instance.id = %key.1, %error, "an instance cannot be read");
                    self.unreadable.insert(key);
                    continue;
                }
            };
            match self.common.definitions.by_digest(key.0, &instance.meta.digest).await {
                Ok(definition) => self.hot.put(instance, definition),
                Err(error @ Error::Database(_)) => return Err(error),
                Err(error) => {
                    tracing::error!(instance.id = %key.1, %error, "its definition cannot be used");
                    self.unreadable.insert(key);
                }
            }
        }
        Ok(())
    }

    /// An instance could not be started: its id or its key is taken. The caller is told, or the parent.
    pub(super) async fn refuse_birth(&self, mut work: Box<Work>, again: &mut Vec<Box<Work>>) {
        let error = match self.birth_error(&work).await {
            Ok(Some(error)) => error,
            // Whoever was in the way is gone, or nobody can say: it is tried again.
            Ok(None) => return again.push(work),
            Err(error) => {
                tracing::warn!(%error, "who holds a key cannot be read yet");
                tokio::time::sleep(DATABASE_RETRY).await;
                return again.push(work);
            }
        };
        let parent = match &work.what {
            What::Birth(birth) => birth.meta.parent.clone(),
            _ => None,
        };
        if let (Error::KeyTaken(_), Some(parent)) = (&error, parent) {
            fail_parent(&mut work, &parent, "key-taken", &error.to_string());
        } else {
            work.finish(Err(error));
            work.what = What::Discard;
        }
        again.push(work);
    }

    async fn birth_error(&self, work: &Work) -> sqlx::Result<Option<Error>> {
        let What::Birth(birth) = &work.what else { return Ok(None) };
        let meta = &birth.meta;
        if !instances::load(&self.common.pool, &[(meta.tenant, meta.id)]).await?.is_empty() {
            return Ok(Some(Error::Exists(meta.id)));
        }
        let Some(key) = &meta.key else { return Ok(None) };
        let holder =
            instances::key_holder(&self.common.pool, meta.tenant, &meta.definition, key).await?;
        Ok(holder.map(Error::KeyTaken))
    }
}

/// Turns the start of a child into the failure of the step that wanted it; the inbox row is consumed by the parent's turn.
pub(crate) fn fail_parent(work: &mut Work, parent: &instances::Parent, code: &str, message: &str) {
    let error = json!({ "code": code, "message": message });
    let (kind, fields) = match &parent.invoke {
        Some(invoke) => {
            (kind::STEP_FAILED, json!({ "id": invoke, "step": parent.step, "error": error }))
        }
        // Nobody waits for a detached child; history still says that it never was.
        None => (kind::NOTE, json!({ "step": parent.step, "error": error })),
    };
    if let Some(Claim::Inbox(row)) = work.given.claim {
        work.given.claim = Some(Claim::Failed(row));
    }
    work.instance = parent.id;
    work.what = What::Event;
    work.given.event = machine::Event::new(work.given.event.at, kind, fields);
}

/// The instance as it stands after its chain was written.
pub(crate) fn stored(chain: Box<Chain>) -> Instance {
    let Chain { meta, state, at, context, origin_bytes, .. } = *chain;
    Instance { meta, state, updated_at: at, has_origin: true, context, origin_bytes }
}

/// An event for an instance that another process owns: what came from a caller goes into the inbox, and so does what a parent
/// is told of a child of ours; what else came from a row is found by its owner.
fn pass(prepared: &mut Prepared, meta: &Meta, mut work: Box<Work>) {
    match work.given.claim {
        None => {}
        // Its row is in a shard of ours, so that nobody else finds it.
        Some(Claim::Failed(row)) => prepared.batch.moved.push((work.tenant, row)),
        Some(_) => return work.finish_stale(),
    }
    let body = match &work.what {
        What::Birth(birth) => started(birth, &work.given.event),
        _ => work.given.event.body.clone(),
    };
    prepared.batch.passed.push(Enqueued {
        tenant: work.tenant,
        instance: work.instance,
        conversation: meta.conversation,
        body,
        actor: work.given.actor.clone().into_owned(),
        event_id: Some(work.given.event_id),
    });
    prepared.passed.push(work);
}

/// The start of an instance, as it stands in the inbox.
fn started(birth: &Birth, event: &Event) -> serde_json::Map<String, serde_json::Value> {
    let field = |name: &str| event.body.get(name).cloned();
    let started = Started {
        definition: birth.meta.definition.clone(),
        version: Some(birth.meta.version),
        key: birth.meta.key.clone(),
        input: field("input").unwrap_or_default(),
        scope: field("scope").unwrap_or_default(),
        conversation: birth.meta.conversation,
        trigger: field("trigger"),
        parent: birth.meta.parent.clone(),
    };
    started.into_body()
}

fn discard(prepared: &mut Prepared, work: Box<Work>) {
    if let Some(Claim::Inbox(id) | Claim::Failed(id)) = work.given.claim {
        prepared.batch.discarded.push((work.tenant, id));
        prepared.works.push(work);
    }
}
