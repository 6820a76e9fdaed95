//! The engine as its users see it: upload, start, send, wait, confirm.
//!
//! **Invariant:** every method does its database work in a task of its own, so a caller that goes away (an HTTP client
//! that hangs up) never cancels a statement half way.

mod occasion;
mod passed;
mod start;

pub use occasion::{Occasion, OccasionOn, StartedBy, Webhook};

use crate::{
    Clock,
    admission::Admissions,
    bell::Bell,
    definitions::{Definitions, Stored, Uploaded},
    detached::detached,
    error::{Error, Result},
    everlasting::Keeping,
    ids, json, key,
    limits::CONFIRMATION_TTL,
    priority,
    request::{EventRequest, InstanceView, Options, Role, StartRequest},
    resume::{self, ResumeLinks},
    schedules::Schedules,
    shards::{ShardSet, Shards},
    store::{
        dedupe,
        instances::{self, Meta},
    },
    tenants::Tenants,
    tracks::{Tracks, Way},
    turn::Given,
    work::{Answer, Birth, Hints, Reply, StepHint, What, Work},
};
use machine::{Event, Start};
use serde_json::{Map, Value};
use sqlx::PgPool;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
};
use uuid::Uuid;
use workflows::definition::Definition;

/// A running engine. Cheap to clone; all clones are one engine.
#[derive(Clone)]
pub struct Engine(Arc<Parts>);

struct Parts {
    pool: PgPool,
    clock: Clock,
    definitions: Definitions,
    tenants: Tenants,
    told: Told,
    hints: Hints,
    shards: Shards,
    role: Role,
    /// Gone after `shutdown`.
    tracks: Mutex<Option<Tracks>>,
    stop: watch::Sender<bool>,
    tasks: Mutex<Option<Tasks>>,
}

/// What it was told once and for all.
struct Told {
    resume: Option<ResumeLinks>,
    keeping: Keeping,
}

/// What `shutdown` waits for, in the order in which they end.
struct Tasks {
    feeders: Vec<JoinHandle<()>>,
    finish: watch::Sender<bool>,
    owners: Vec<JoinHandle<()>>,
    keep_lease: watch::Sender<bool>,
    lease: Option<JoinHandle<()>>,
    stop_telling: watch::Sender<bool>,
    tellers: Vec<JoinHandle<()>>,
}

impl Engine {
    /// Appears among the processes of this database, takes its share of the shards, recovers what earlier processes left there,
    /// and runs. The database must be migrated.
    pub async fn start(options: Options) -> Result<Self> {
        start::start(options).await.map(|parts| Self(Arc::new(parts)))
    }

    /// Takes nothing any more, waits for running tries (a while) and for what was taken to be stored, and lets the shards go.
    pub async fn shutdown(&self) {
        self.0.tracks.lock().unwrap_or_else(PoisonError::into_inner).take();
        let _ = self.0.stop.send(true);
        let tasks = self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(tasks) = tasks else { return };
        for task in tasks.feeders {
            log_panic(task.await);
        }
        let _ = tasks.finish.send(true);
        for owner in tasks.owners {
            log_panic(owner.await);
        }
        let _ = tasks.keep_lease.send(true);
        if let Some(lease) = tasks.lease {
            log_panic(lease.await);
        }
        self.0.hints.bell.members();
        let _ = tasks.stop_telling.send(true);
        for task in tasks.tellers {
            log_panic(task.await);
        }
    }

    /// How many of the 256 shards this process owns.
    pub fn shards_owned(&self) -> usize {
        self.0.shards.owned().len()
    }

    /// Whether this process takes events: false after `shutdown`.
    pub fn is_running(&self) -> bool {
        self.0.tracks.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// What this process is for.
    pub fn role(&self) -> Role {
        self.0.role
    }

    pub(crate) fn shards(&self) -> &Shards {
        &self.0.shards
    }

    pub(crate) fn bell(&self) -> &Bell {
        &self.0.hints.bell
    }

    /// The pool it works with.
    pub fn pool(&self) -> &PgPool {
        &self.0.pool
    }

    /// What makes and reads its instances' links, if they have any.
    pub fn resume_links(&self) -> Option<&ResumeLinks> {
        self.0.told.resume.as_ref()
    }

    /// What it keeps, and where the rest goes.
    pub fn keeping(&self) -> &Keeping {
        &self.0.told.keeping
    }

    /// The schedules of its tenants.
    pub fn schedules(&self) -> Schedules {
        Schedules::of_engine(&self.0.pool, &self.0.clock, &self.0.hints)
    }

    /// Its clock.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Compiles and stores a definition. The same content is the same version. Published, it is the one that new instances
    /// start with, also when a higher version is there. `Invalid` if it has errors, or a scenario of its own that fails.
    pub async fn upload(
        &self,
        tenant: Uuid,
        bytes: Vec<u8>,
        name_hint: Option<String>,
        publish: bool,
    ) -> Result<Uploaded> {
        let definitions = self.0.definitions.clone();
        let schedules = self.schedules();
        detached(async move {
            let uploaded = definitions.upload(tenant, bytes, name_hint, publish).await?;
            schedules.changed();
            Ok(uploaded)
        })
        .await
    }

    /// A version of a definition; without a number the one published last.
    pub async fn definition(
        &self,
        tenant: Uuid,
        name: &str,
        version: Option<i32>,
    ) -> Result<Stored> {
        let (definitions, name) = (self.0.definitions.clone(), name.to_owned());
        detached(async move { definitions.stored(tenant, &name, version).await }).await
    }

    /// The compiled definition with this digest, as instances are pinned to it.
    pub async fn definition_by_digest(
        &self,
        tenant: Uuid,
        digest: &str,
    ) -> Result<Arc<Definition>> {
        let (definitions, digest) = (self.0.definitions.clone(), digest.to_owned());
        detached(async move { definitions.by_digest(tenant, &digest).await }).await
    }

    /// Starts an instance; durable when it returns. `NotFound` without such a definition, `KeyTaken` if a live instance
    /// has the key, `Exists` if one has the id (starting twice with one id starts once). Under a concurrency key without a
    /// free place: `Queued` (it starts later, by itself), or `Full`.
    pub async fn start_instance(&self, request: StartRequest) -> Result<InstanceView> {
        let engine = self.clone();
        detached(async move {
            let id = request.id.unwrap_or_else(Uuid::now_v7);
            let work = engine.birth(id, request).await?;
            let (tenant, keyed) = (work.tenant, passed::keyed(&work));
            let event = work.given.event_id;
            match engine.send(work, true).await?.await {
                Ok(Ok(Answer::Passed(row))) => {
                    let born = passed::born(engine.pool(), (tenant, id), (row, event), keyed);
                    Box::pin(born).await
                }
                answer => answered(answer, id),
            }
        })
        .await
    }

    /// Sends an event; durable when it returns, and applied. Its id. `NotFound`, or `Over` if the instance has ended.
    pub async fn send_event(&self, request: EventRequest) -> Result<Uuid> {
        let engine = self.clone();
        detached(async move {
            let work = engine.event(request)?;
            let id = work.given.event_id;
            let answer = engine.send(work, false).await?;
            answer.await.map_err(|_| Error::Stopping)??;
            Ok(id)
        })
        .await
    }

    /// Sends an event and returns the instance after its turn; `Pending` if that takes longer than `timeout`: the event
    /// is on its way all the same.
    pub async fn send_and_wait(
        &self,
        request: EventRequest,
        timeout: Duration,
    ) -> Result<InstanceView> {
        let engine = self.clone();
        detached(async move {
            let work = engine.event(request)?;
            let (event_id, key) = (work.given.event_id, (work.tenant, work.instance));
            let answer = engine.send(work, true).await?;
            let pool = engine.pool().clone();
            let turned = async move {
                match answer.await {
                    Ok(Ok(Answer::Passed(row))) => passed::turned(&pool, key, row).await,
                    answer => answered(answer, key.1),
                }
            };
            // Only waiting is cut short here; the turn goes on in the owner.
            tokio::time::timeout(timeout, turned).await.unwrap_or(Err(Error::Pending(event_id)))
        })
        .await
    }

    /// An instance as it is stored. `NotFound` if there is none.
    pub async fn instance(&self, tenant: Uuid, id: Uuid) -> Result<InstanceView> {
        let pool = self.0.pool.clone();
        detached(async move {
            let found = instances::load(&pool, &[(tenant, id)]).await?.pop();
            let (_, instance) = found.ok_or_else(|| Error::NotFound(format!("instance {id}")))?;
            Ok(instance?.into())
        })
        .await
    }

    /// A provider told that the step with this key happened (a status webhook echoed it). Remembered for a week, so it may
    /// come before the step knows that its outcome is unknown.
    pub async fn confirm(&self, tenant: Uuid, step_key: &str, output: Value) -> Result<()> {
        self.confirm_all(vec![(tenant, step_key.to_owned(), output)]).await
    }

    /// The same of several steps; all or none.
    pub(crate) async fn confirm_all(&self, told: Vec<(Uuid, String, Value)>) -> Result<()> {
        let mut confirmed = Vec::with_capacity(told.len());
        for (tenant, key, output) in told {
            let mut body = Map::from_iter([("output".to_owned(), output)]);
            json::accept(&mut body)?;
            confirmed.push((tenant, key, body.remove("output").unwrap_or_default()));
        }
        if confirmed.is_empty() {
            return Ok(());
        }
        let parts = self.0.clone();
        detached(async move {
            let ttl = chrono::Duration::from_std(CONFIRMATION_TTL).unwrap_or_default();
            let expires_at = parts.clock.now() + ttl;
            dedupe::insert_confirmations(&parts.pool, &confirmed, expires_at).await?;
            for (_, key, output) in confirmed {
                parts.hints.step(StepHint::Confirmed(key, output)).await;
            }
            Ok(())
        })
        .await
    }

    /// A row for this instance was put into the inbox ([`crate::enqueue`]) and committed.
    pub fn hint_inbox(&self, instance: Uuid, conversation: Option<Uuid>) {
        let shard = ids::shard_of(instance, conversation);
        self.0.hints.bell.inbox(ShardSet::from_iter([shard]));
    }

    async fn birth(&self, id: Uuid, request: StartRequest) -> Result<Work> {
        let StartRequest { tenant, definition, version, key, conversation, actor, .. } = request;
        let named = self.0.definitions.named(tenant, &definition, version).await?;
        let mut scope = match request.scope {
            Value::Null => self.0.tenants.scope(&self.0.pool, tenant).await?,
            told => told,
        };
        resume::tell(self.0.told.resume.as_ref(), tenant, id, &mut scope);
        priority::tell(&mut scope, request.priority);
        let start = Start {
            at: self.0.clock.now(),
            seed: id.to_string(),
            input: request.input,
            scope,
            trigger: request.trigger,
        };
        let key = match key {
            Some(key) => Some(key),
            None => key::of(&named.definition, &start)?,
        };
        let mut event = machine::started(&start);
        json::accept(&mut event.body)?;
        let meta = Meta {
            tenant,
            id,
            shard: ids::shard_of(id, conversation),
            definition: named.definition.name.clone(),
            version: named.version,
            digest: named.definition.digest.clone(),
            key,
            conversation,
            parent: None,
            created_at: start.at,
        };
        let admissions = Admissions::new(&self.0.pool, &self.0.clock, &self.0.hints.bell);
        admissions.admit(&named, &meta, &start, &actor).await?;
        let what = What::Birth(Box::new(Birth { meta, definition: named.definition }));
        Ok(Self::work((tenant, id), what, event, actor))
    }

    fn event(&self, request: EventRequest) -> Result<Work> {
        let EventRequest { tenant, instance, mut body, actor, reason } = request;
        if body.get("type").and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(Error::Refused("an event has a `type`".to_owned()));
        }
        if let Some(reason) = reason {
            body.insert("reason".to_owned(), Value::String(reason));
        }
        json::accept(&mut body)?;
        let event = Event { at: self.0.clock.now(), body };
        Ok(Self::work((tenant, instance), What::Event, event, actor))
    }

    fn work((tenant, instance): (Uuid, Uuid), what: What, event: Event, actor: String) -> Work {
        let event_id = Uuid::now_v7();
        let given = Given { event_id, event, actor: actor.into(), claim: None, halt: None };
        Work { tenant, instance, what, given, ticket: None, reply: None }
    }

    async fn send(
        &self,
        mut work: Work,
        wants_view: bool,
    ) -> Result<oneshot::Receiver<Result<Answer>>> {
        let tracks = self.0.tracks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let tracks = tracks.ok_or(Error::Stopping)?;
        let (reply, answer) = oneshot::channel();
        work.reply = Some(Reply::Caller { sender: reply, wants_view });
        tracks.send(Way::Prompt, work).await?;
        Ok(answer)
    }
}

fn answered(
    answer: std::result::Result<Result<Answer>, oneshot::error::RecvError>,
    id: Uuid,
) -> Result<InstanceView> {
    match answer.map_err(|_| Error::Stopping)?? {
        Answer::Applied(Some(view)) => Ok(*view),
        Answer::Applied(None) | Answer::Passed(_) => Err(Error::NotFound(format!("instance {id}"))),
    }
}

pub(crate) fn log_panic(ended: std::result::Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a task of the engine ended badly");
    }
}
