//! An engine in this process and a tenant of its own: what the jobs share that work through the engine.

use super::Bench;
use crate::host;
use anyhow::Context;
use chrono::{DateTime, Utc};
use engine::{
    Clock, Engine, EventRequest, InstanceView, NoAccounts, Options, Settings, StartRequest,
};
use serde_json::{Map, Value, json};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};
use tokio::{sync::mpsc, task::JoinSet};
use uuid::Uuid;
use workflows::step::{Attempt, Attempted, Checked, Running, StepRunner};

/// A step that ran, as its node saw it.
pub(super) struct Ran {
    pub(super) input: Value,
    pub(super) at: Instant,
    /// The same moment by the engine's clock.
    pub(super) time: DateTime<Utc>,
}

/// Who wants to know of the steps that run.
enum Watch {
    /// Nobody.
    None,
    /// How many there were, as cheaply as that can be told.
    Count(Arc<AtomicUsize>),
    /// Each of them.
    Each(mpsc::UnboundedSender<Ran>),
}

/// Runs steps as the nodes do, watched.
struct Watched {
    nodes: nodes::Nodes,
    clock: Clock,
    watch: Watch,
}

impl StepRunner for Watched {
    fn run(&self, attempt: Attempt) -> Running<'_, Attempted> {
        let told = match &self.watch {
            Watch::None => return self.nodes.run(attempt),
            Watch::Count(ran) => {
                ran.fetch_add(1, Ordering::Relaxed);
                return self.nodes.run(attempt);
            }
            Watch::Each(told) => told,
        };
        // Nobody listening any more means that the job has what it wanted.
        let _ = told.send(Ran {
            input: attempt.input.clone(),
            at: Instant::now(),
            time: self.clock.now(),
        });
        self.nodes.run(attempt)
    }

    fn check(&self, attempt: Attempt) -> Running<'_, Checked> {
        self.nodes.check(attempt)
    }
}

/// The engine and whose instances it runs.
pub(super) struct World {
    pub(super) engine: Engine,
    pub(super) tenant: Uuid,
}

impl World {
    /// Starts an engine with a definition published in a tenant of its own.
    pub(super) async fn open(bench: &Bench, definition: &Value) -> anyhow::Result<Self> {
        Self::start(bench, definition, Watch::None, Clock::system()).await
    }

    /// As [`open`](Self::open), and counts the steps that run.
    pub(super) async fn count(
        bench: &Bench,
        definition: &Value,
    ) -> anyhow::Result<(Self, Arc<AtomicUsize>)> {
        let ran = Arc::<AtomicUsize>::default();
        let watch = Watch::Count(ran.clone());
        Ok((Self::start(bench, definition, watch, Clock::system()).await?, ran))
    }

    /// As [`open`](Self::open), and tells of every step that runs.
    pub(super) async fn watch(
        bench: &Bench,
        definition: &Value,
    ) -> anyhow::Result<(Self, mpsc::UnboundedReceiver<Ran>)> {
        Self::watch_at(bench, definition, Clock::system()).await
    }

    /// As [`watch`](Self::watch), at the time of this clock.
    pub(super) async fn watch_at(
        bench: &Bench,
        definition: &Value,
        clock: Clock,
    ) -> anyhow::Result<(Self, mpsc::UnboundedReceiver<Ran>)> {
        let (told, ran) = mpsc::unbounded_channel();
        Ok((Self::start(bench, definition, Watch::Each(told), clock).await?, ran))
    }

    async fn start(
        bench: &Bench,
        definition: &Value,
        watch: Watch,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let nodes = nodes::Nodes::new(nodes::Settings::default())?;
        let engine = Engine::start(Options {
            pool: bench.pool.clone(),
            runner: Arc::new(Watched { nodes, clock: clock.clone(), watch }),
            accounts: Arc::new(NoAccounts),
            clock,
            settings: Settings { tracks: host::tracks()?, ..Settings::default() },
        });
        let engine = engine.await.context("starting the engine")?;
        let mut world = Self { engine, tenant: Uuid::nil() };
        world.renew(definition).await?;
        Ok(world)
    }

    /// Goes on in a new tenant, with this definition.
    pub(super) async fn renew(&mut self, definition: &Value) -> anyhow::Result<()> {
        self.tenant = Uuid::new_v4();
        let bytes = definition.to_string().into_bytes();
        let uploaded = self.engine.upload(self.tenant, bytes, None, true).await;
        uploaded.context("uploading the definition")?;
        Ok(())
    }

    /// Starts one instance.
    pub(super) async fn begin(
        &self,
        definition: &str,
        input: Value,
    ) -> anyhow::Result<InstanceView> {
        let request = StartRequest {
            tenant: self.tenant,
            definition: definition.to_owned(),
            input,
            actor: "bench".to_owned(),
            ..StartRequest::default()
        };
        Ok(self.engine.start_instance(request).await?)
    }

    /// Starts one instance per input, by so many callers, each of which waits for its answer; their ids, in no order.
    pub(super) async fn begin_all(
        &self,
        definition: &str,
        inputs: impl Iterator<Item = Value> + Send + 'static,
        at_once: usize,
    ) -> anyhow::Result<Vec<Uuid>> {
        let inputs = Arc::new(Mutex::new(inputs));
        let next = move || inputs.lock().unwrap_or_else(PoisonError::into_inner).next();
        let mut callers = JoinSet::new();
        for _ in 0..at_once.max(1) {
            let world = Self { engine: self.engine.clone(), tenant: self.tenant };
            let (definition, next) = (definition.to_owned(), next.clone());
            callers.spawn(async move {
                let mut ids = Vec::new();
                while let Some(input) = next() {
                    ids.push(world.begin(&definition, input).await?.id);
                }
                anyhow::Ok(ids)
            });
        }
        let mut ids = Vec::new();
        while let Some(started) = callers.join_next().await {
            ids.extend(started??);
        }
        Ok(ids)
    }

    /// Sends `{"type": <kind>, "n": <n>}`; stored when it returns.
    pub(super) async fn send(&self, instance: Uuid, kind: &str, n: usize) -> anyhow::Result<()> {
        let body = Map::from_iter([("type".to_owned(), json!(kind)), ("n".to_owned(), json!(n))]);
        let request = EventRequest {
            tenant: self.tenant,
            instance,
            body,
            actor: "bench".to_owned(),
            reason: None,
        };
        self.engine.send_event(request).await?;
        Ok(())
    }

    /// Turns of the tenant's instances.
    pub(super) async fn turns(&self, bench: &Bench) -> anyhow::Result<f64> {
        let turns: i64 = sqlx::query_scalar(
            "select coalesce(sum(seq), 0)::bigint from instance where tenant_id = $1",
        )
        .bind(self.tenant)
        .fetch_one(&bench.pool)
        .await?;
        Ok(turns as f64)
    }

    /// Stops the engine.
    pub(super) async fn close(self) {
        self.engine.shutdown().await;
    }
}
