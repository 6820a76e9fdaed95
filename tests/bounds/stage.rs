//! A private database that counts statements, and an engine on it.

use crate::{
    cost::{Cost, Counters, OURS},
    workload::{INSTANCES, Workload},
};
use anyhow::{Result, ensure};
use api::postgres::{self, Embedded};
use engine::{Clock, Engine, EventRequest, NoAccounts, Options, Settings, StartRequest};
use serde_json::{Map, json};
use sqlx::{AssertSqlSafe, PgPool};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;
use uuid::Uuid;
use workflows::step::{Attempt, Attempted, Checked, Running, StepRunner};

/// Everything that would make two runs differ is off.
const SETTINGS: &[&str] = &[
    "shared_preload_libraries=pg_stat_statements",
    "pg_stat_statements.max=10000",
    "autovacuum=off",
    "checkpoint_timeout=1d",
    "bgwriter_lru_maxpages=0",
];
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(20);
/// A rest is watched this long, after what a start leaves to be done is done.
const REST: Duration = Duration::from_secs(6);
const SETTLE: Duration = Duration::from_secs(3);

/// Counts the steps that ran, so that nobody needs to ask the database meanwhile.
struct Counting {
    nodes: nodes::Nodes,
    ran: Arc<AtomicUsize>,
}

impl StepRunner for Counting {
    fn run(&self, attempt: Attempt) -> Running<'_, Attempted> {
        self.ran.fetch_add(1, Ordering::Relaxed);
        self.nodes.run(attempt)
    }

    fn check(&self, attempt: Attempt) -> Running<'_, Checked> {
        self.nodes.check(attempt)
    }
}

/// Owners side by side, on whatever machine: with more of them batches are smaller.
const TRACKS: usize = 2;

/// The database and the engine.
pub(crate) struct Stage {
    cluster: Embedded,
    engine: Engine,
    /// Ours, beside the engine's own.
    pool: PgPool,
    ran: Arc<AtomicUsize>,
}

impl Stage {
    /// `None` where there is no Postgres to start.
    pub(crate) async fn set_up() -> Result<Option<Self>> {
        let start = || Embedded::for_tests_with(SETTINGS);
        let cluster = match tokio::task::spawn_blocking(start).await? {
            Err(postgres::Error::NoBinaries { .. }) => return Ok(None),
            started => started?,
        };
        let pool = engine::connect(cluster.url(), 2).await?;
        engine::migrate(&pool).await?;
        sqlx::raw_sql("create extension pg_stat_statements").execute(&pool).await?;
        let ran = Arc::new(AtomicUsize::new(0));
        let nodes = nodes::Nodes::new(nodes::Settings::default())?;
        let engine = Engine::start(Options {
            pool: engine::connect(cluster.url(), 10).await?,
            runner: Arc::new(Counting { nodes, ran: ran.clone() }),
            accounts: Arc::new(NoAccounts),
            clock: Clock::system(),
            settings: Settings { tracks: TRACKS, ..Settings::default() },
        });
        Ok(Some(Self { cluster, engine: engine.await?, pool, ran }))
    }

    /// Runs the workload once, in a tenant of its own.
    pub(crate) async fn measure(&self, workload: &Workload) -> Result<Cost> {
        let tenant = Uuid::new_v4();
        let bytes = (workload.definition)().to_string().into_bytes();
        self.engine.upload(tenant, bytes, None, true).await?;
        let begun_at = self.ran.load(Ordering::Relaxed);
        let waiting = match workload.is_signalled {
            true => self.start(tenant, INSTANCES).await?,
            // The first start of a definition reads it; the others find it in memory.
            false => self.start(tenant, 1).await?,
        };
        let first = if workload.is_signalled { 0 } else { workload.steps };
        self.until(tenant, begun_at + first, !workload.is_signalled).await?;
        let wanted = begun_at + first + workload.steps * INSTANCES;
        let before = Counters::read(&self.pool).await?;
        match workload.is_signalled {
            true => self.signal(tenant, waiting).await?,
            false => drop(self.start(tenant, INSTANCES).await?),
        }
        self.until(tenant, wanted, true).await?;
        let after = Counters::read(&self.pool).await?;
        Ok(before.per_turn(&after, (workload.turns * INSTANCES) as f64))
    }

    /// Waits until so many steps have run, and, if wanted, until every instance is over.
    async fn until(&self, tenant: Uuid, steps: usize, are_over: bool) -> Result<()> {
        let begun = Instant::now();
        while self.ran.load(Ordering::Relaxed) < steps
            || (are_over && self.is_any_live(tenant).await?)
        {
            ensure!(begun.elapsed() < PATIENCE, "not done");
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    async fn start(&self, tenant: Uuid, instances: usize) -> Result<Vec<Uuid>> {
        let mut starts = JoinSet::new();
        for _ in 0..instances {
            let (engine, definition) = (self.engine.clone(), "bounded".to_owned());
            let request = StartRequest {
                tenant,
                definition,
                actor: "test".to_owned(),
                ..StartRequest::default()
            };
            starts.spawn(async move { anyhow::Ok(engine.start_instance(request).await?.id) });
        }
        starts.join_all().await.into_iter().collect()
    }

    async fn signal(&self, tenant: Uuid, waiting: Vec<Uuid>) -> Result<()> {
        let mut sends = JoinSet::new();
        for instance in waiting {
            let engine = self.engine.clone();
            let body = Map::from_iter([("type".to_owned(), json!("go"))]);
            let request =
                EventRequest { tenant, instance, body, actor: "test".to_owned(), reason: None };
            sends.spawn(async move { engine.send_event(request).await });
        }
        for sent in sends.join_all().await {
            sent?;
        }
        Ok(())
    }

    async fn is_any_live(&self, tenant: Uuid) -> Result<bool> {
        let look =
            format!("select {OURS} exists (select from instance where tenant_id = $1 and live)");
        let asked = sqlx::query_scalar(AssertSqlSafe(look)).bind(tenant);
        Ok(asked.fetch_one(&self.pool).await?)
    }

    /// Statements per second while there is nothing to do.
    pub(crate) async fn rest(&self) -> Result<f64> {
        tokio::time::sleep(SETTLE).await;
        let before = Counters::read(&self.pool).await?;
        tokio::time::sleep(REST).await;
        let after = Counters::read(&self.pool).await?;
        let statements = (after.statements() - before.statements()) as f64;
        Ok((statements / REST.as_secs_f64() * 10.0).round() / 10.0)
    }

    pub(crate) async fn close(self) -> Result<()> {
        self.engine.shutdown().await;
        self.engine.pool().close().await;
        self.pool.close().await;
        tokio::task::spawn_blocking(move || drop(self.cluster)).await?;
        Ok(())
    }
}
