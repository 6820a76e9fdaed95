//! The engine as its users see it: upload, start, send, wait, confirm.
//!
//! **Invariant:** every method does its database work in a task of its own, so a caller that goes away (an HTTP client
//! that hangs up) never cancels a statement half way.

use crate::{
    Clock,
    admission::Admissions,
    definitions::{Definitions, Stored, Uploaded},
    detached::detached,
    error::{Error, Result},
    executor::{Executor, Shared},
    ids,
    inbox::Inbox,
    json, key,
    limits::{CONFIRMATION_TTL, HINTS_MAX, WORK_QUEUE_MAX},
    maintainer::Maintainer,
    owner::{Owner, lease::Lease},
    priority,
    request::{EventRequest, InstanceView, Options, StartRequest},
    resume::{self, ResumeLinks},
    scheduler::Scheduler,
    store::{
        dedupe,
        instances::{self, Meta},
    },
    tenants::Tenants,
    turn::Given,
    work::{Birth, Hints, InFlight, Reply, StepHint, Stop, What, Work},
};
use machine::{Event, Start};
use serde_json::{Map, Value};
use sqlx::PgPool;
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Notify, mpsc, oneshot, watch},
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
    resume: Option<ResumeLinks>,
    hints: Hints,
    /// Gone after `shutdown`.
    work: Mutex<Option<mpsc::Sender<Work>>>,
    held: Arc<AtomicBool>,
    stop: watch::Sender<bool>,
    tasks: Mutex<Option<Tasks>>,
}

/// What `shutdown` waits for, in the order in which they end.
struct Tasks {
    feeders: Vec<JoinHandle<()>>,
    finish: watch::Sender<bool>,
    owner: JoinHandle<()>,
    keep_lease: watch::Sender<bool>,
    lease: JoinHandle<()>,
}

impl Engine {
    /// Takes the lease (waits for it, see [`crate::Settings::lease_wait`]), recovers what an earlier process left, and runs.
    /// `LeaseHeld` if another process keeps the lease. The database must be migrated.
    pub async fn start(options: Options) -> Result<Self> {
        let Options { pool, runner, accounts, clock, settings } = options;
        let lease = Lease::take(&pool, &clock, settings.lease_wait).await?;
        let held = lease.held();
        let (work, works) = mpsc::channel(WORK_QUEUE_MAX);
        let (steps, step_hints) = mpsc::channel(HINTS_MAX);
        let (timers, timer_hints) = mpsc::channel(HINTS_MAX);
        let resume = settings.resume.clone();
        let hints = Hints { steps, timers, inbox: Arc::default() };
        let (stop, stopped) = Stop::channel();
        let (finish, finished) = Stop::channel();
        let (keep_lease, lease_ends) = Stop::channel();
        let lost = Arc::new(Notify::new());

        let definitions = Definitions::new(pool.clone(), clock.clone());
        let owner = Owner::new(pool.clone(), definitions.clone(), clock.clone(), hints.clone());
        let admissions = Admissions::new(&pool, &clock, &hints.inbox);
        let inbox = Inbox {
            admissions: admissions.clone(),
            pool: pool.clone(),
            definitions: definitions.clone(),
            resume: resume.clone(),
            clock: clock.clone(),
            work: work.clone(),
            hint: hints.inbox.clone(),
            poll: settings.poll,
            in_flight: InFlight::default(),
        };
        let scheduler = Scheduler {
            pool: pool.clone(),
            clock: clock.clone(),
            work: work.clone(),
            hints: timer_hints,
            in_flight: InFlight::default(),
        };
        let shared = Shared {
            pool: pool.clone(),
            clock: clock.clone(),
            runner,
            accounts,
            settings,
            work: work.clone(),
            inbox: hints.inbox.clone(),
        };
        let executor = Executor::new(shared, step_hints);
        let maintainer = Maintainer { pool: pool.clone(), clock: clock.clone() };
        // Before the first turn: a month whose rows are in the default partition can have none of its own.
        maintainer.round().await;
        let tasks = Tasks {
            feeders: vec![
                tokio::spawn(inbox.run(stopped.clone())),
                tokio::spawn(scheduler.run(stopped.clone())),
                tokio::spawn(executor.run(stopped.clone())),
                tokio::spawn(admissions.run(stopped.clone())),
                tokio::spawn(maintainer.run(stopped)),
            ],
            finish,
            owner: tokio::spawn(owner.run(works, finished)),
            keep_lease,
            lease: tokio::spawn(lease.keep(lease_ends, lost.clone())),
        };
        let (work, tasks) = (Mutex::new(Some(work)), Mutex::new(Some(tasks)));
        let tenants = Tenants::default();
        let parts =
            Parts { pool, clock, definitions, tenants, resume, hints, work, held, stop, tasks };
        let engine = Self(Arc::new(parts));
        tokio::spawn(stop_when_lost(Arc::downgrade(&engine.0), lost));
        Ok(engine)
    }

    /// Takes nothing any more, waits for running tries (a while) and for what was taken to be stored, and lets the lease go.
    pub async fn shutdown(&self) {
        self.stop();
        let tasks = self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(tasks) = tasks else { return };
        for task in tasks.feeders {
            log_panic(task.await);
        }
        let _ = tasks.finish.send(true);
        log_panic(tasks.owner.await);
        let _ = tasks.keep_lease.send(true);
        log_panic(tasks.lease.await);
    }

    fn stop(&self) {
        self.0.work.lock().unwrap_or_else(PoisonError::into_inner).take();
        let _ = self.0.stop.send(true);
    }

    /// Whether this process owns the instances: false after `shutdown`, or when another process took the lease.
    pub fn is_owner(&self) -> bool {
        self.0.held.load(Ordering::SeqCst)
    }

    /// The pool it works with.
    pub fn pool(&self) -> &PgPool {
        &self.0.pool
    }

    /// What makes and reads its instances' links, if they have any.
    pub fn resume_links(&self) -> Option<&ResumeLinks> {
        self.0.resume.as_ref()
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
        detached(async move { definitions.upload(tenant, bytes, name_hint, publish).await }).await
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
            let answer = engine.send(engine.birth(id, request).await?, true).await?;
            engine.answered(answer.await, id)
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
            let (event_id, instance) = (work.given.event_id, work.instance);
            let answer = engine.send(work, true).await?;
            // Only waiting is cut short here; the turn goes on in the owner.
            match tokio::time::timeout(timeout, answer).await {
                Ok(answer) => engine.answered(answer, instance),
                Err(_) => Err(Error::Pending(event_id)),
            }
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
        let mut body = Map::from_iter([("output".to_owned(), output)]);
        json::accept(&mut body)?;
        let output = body.remove("output").unwrap_or_default();
        let (parts, key) = (self.0.clone(), step_key.to_owned());
        detached(async move {
            let ttl = chrono::Duration::from_std(CONFIRMATION_TTL).unwrap_or_default();
            let expires_at = parts.clock.now() + ttl;
            dedupe::insert_confirmation(&parts.pool, tenant, &key, &output, expires_at).await?;
            parts.hints.step(StepHint::Confirmed(key, output));
            Ok(())
        })
        .await
    }

    /// Rows were put into the inbox ([`crate::enqueue`]) and committed.
    pub fn hint_inbox(&self) {
        self.0.hints.inbox.notify_one();
    }

    async fn birth(&self, id: Uuid, request: StartRequest) -> Result<Work> {
        let StartRequest { tenant, definition, version, key, conversation, actor, .. } = request;
        let named = self.0.definitions.named(tenant, &definition, version).await?;
        let mut scope = match request.scope {
            Value::Null => self.0.tenants.scope(&self.0.pool, tenant).await?,
            told => told,
        };
        resume::tell(self.0.resume.as_ref(), tenant, id, &mut scope);
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
        let admissions = Admissions::new(&self.0.pool, &self.0.clock, &self.0.hints.inbox);
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
        let given = Given { event_id, event, actor, claim: None, halt: None };
        Work { tenant, instance, what, given, ticket: None, reply: None }
    }

    async fn send(
        &self,
        mut work: Work,
        wants_view: bool,
    ) -> Result<oneshot::Receiver<Result<Option<Box<InstanceView>>>>> {
        let sender = self.0.work.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let sender = sender.filter(|_| self.is_owner()).ok_or(Error::Stopping)?;
        let (reply, answer) = oneshot::channel();
        work.reply = Some(Reply { sender: reply, wants_view });
        sender.send(work).await.map_err(|_| Error::Stopping)?;
        Ok(answer)
    }

    fn answered(
        &self,
        answer: std::result::Result<Result<Option<Box<InstanceView>>>, oneshot::error::RecvError>,
        id: Uuid,
    ) -> Result<InstanceView> {
        let view = answer.map_err(|_| Error::Stopping)??;
        view.map(|view| *view).ok_or_else(|| Error::NotFound(format!("instance {id}")))
    }
}

/// Another process has the instances: this one stops taking anything.
async fn stop_when_lost(parts: std::sync::Weak<Parts>, lost: Arc<Notify>) {
    lost.notified().await;
    if let Some(parts) = parts.upgrade() {
        Engine(parts).stop();
    }
}

fn log_panic(ended: std::result::Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a task of the engine ended badly");
    }
}
