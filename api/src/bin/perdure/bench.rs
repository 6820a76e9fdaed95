//! `perdure bench JOB`: measures against what Postgres can do on the same machine in the same run.
//!
//! Every job prints its parameters, then one JSON line per repetition.

mod check;
mod definition;
mod filling;
mod five;
mod idle;
mod limit;
mod mixed;
mod overdue;
mod percentile;
mod rest;
mod signal;
mod sleep;
mod statements;
mod timers;
mod usage;
mod world;

use crate::{database, failure::Exit, host, screen::Screen};
use anyhow::Context;
use api::postgres::Embedded;
use serde_json::{Value, json};
use sqlx::PgPool;
use std::{path::PathBuf, time::Duration};
use usage::{Spent, Usage};

/// Connections of the pool that a job works with.
const CONNECTIONS_MAX: u32 = 16;

/// How long connections that are in use may take to come back.
const CLOSING_MAX: Duration = Duration::from_secs(2);
/// The code of a job that was stopped before its end, as shells tell of Ctrl-C.
const STOPPED: u8 = 130;

/// Arguments of `bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    job: Job,
}

#[derive(Debug, clap::Subcommand)]
enum Job {
    /// How long a large upload is looked at; needs no database
    Check(check::Args),
    /// The rawest useful work, no engine: batches of turns as plain SQL
    Limit(limit::Args),
    /// Instances of five no-op steps, started at once
    Five(five::Args),
    /// One such instance at a time, on an engine with nothing else to do
    Idle(idle::Args),
    /// Events for waiting instances, one at a time and as a burst
    Signal(signal::Args),
    /// How late timers fire
    Sleep(sleep::Args),
    /// Setting and firing timers beside millions that sleep
    Timers(timers::Args),
    /// What a process costs that has nothing to do
    Rest(rest::Args),
    /// What a long downtime leaves: a million timers due at once
    Overdue(overdue::Args),
    /// Conversations at a rate, with signed webhooks over HTTP
    Mixed(mixed::Args),
}

/// Runs a job against `DATABASE_URL`, or a private cluster with fsync on that is kept in
/// `.perdure/bench`.
pub(crate) async fn run(args: &Args, screen: Screen) -> anyhow::Result<Exit> {
    if let Job::Check(args) = &args.job {
        check::run(args, screen)?;
        return Ok(Exit::Fine);
    }
    statements::start();
    let bench = Bench::open(screen).await?;
    let ran = tokio::select! {
        ran = Box::pin(run_on(&args.job, &bench)) => ran.map(|()| Exit::Fine),
        () = host::until_asked_to_stop() => Ok(Exit::Like(STOPPED)),
    };
    bench.close().await?;
    ran
}

async fn run_on(job: &Job, bench: &Bench) -> anyhow::Result<()> {
    match job {
        Job::Check(args) => check::run(args, bench.screen),
        Job::Limit(args) => limit::run(args, bench).await,
        Job::Five(args) => five::run(args, bench).await,
        Job::Idle(args) => idle::run(args, bench).await,
        Job::Signal(args) => signal::run(args, bench).await,
        Job::Sleep(args) => sleep::run(args, bench).await,
        Job::Timers(args) => timers::run(args, bench).await,
        Job::Rest(args) => rest::run(args, bench).await,
        Job::Overdue(args) => overdue::run(args, bench).await,
        Job::Mixed(args) => mixed::run(args, bench).await,
    }
}

/// What a job works with.
struct Bench {
    pool: PgPool,
    embedded: Option<Embedded>,
    screen: Screen,
}

impl Bench {
    async fn open(screen: Screen) -> anyhow::Result<Self> {
        let (url, embedded) = match database::url() {
            Some(url) => (url, None),
            None => {
                let embedded = database::embedded(PathBuf::from(".perdure/bench")).await?;
                (embedded.url().to_owned(), Some(embedded))
            }
        };
        let pool =
            engine::connect(&url, CONNECTIONS_MAX).await.context("connecting to the database")?;
        engine::migrate(&pool).await.context("applying the migrations")?;
        if embedded.is_some() {
            // Tells the log's page images apart. In a database that is somebody's, it is used if it is there.
            let made = sqlx::raw_sql("create extension if not exists pg_walinspect");
            if let Err(error) = made.execute(&pool).await {
                tracing::warn!(%error, "the log is told with the images of whole pages only");
            }
        }
        Ok(Self { pool, embedded, screen })
    }

    /// The counters.
    async fn usage(&self) -> anyhow::Result<Usage> {
        Usage::read(&self.pool, self.postmaster()).await
    }

    /// What was spent since.
    async fn spent(&self, before: &Usage) -> anyhow::Result<Spent> {
        before.until_now(&self.pool, self.postmaster()).await
    }

    fn postmaster(&self) -> Option<u32> {
        self.embedded.as_ref().map(|embedded| embedded.pid())
    }

    /// Begins every repetition with the same distance to the next checkpoint, where we may ask for one.
    async fn checkpoint(&self) {
        if let Err(error) = sqlx::raw_sql("checkpoint").execute(&self.pool).await {
            tracing::debug!(%error, "no checkpoint before the repetition");
        }
    }

    /// Tells the planner how large the tables are, which autovacuum does within a minute: a plan that was made for empty tables may
    /// look for an instance along the wrong index.
    async fn analyze(&self) -> anyhow::Result<()> {
        sqlx::raw_sql("analyze").execute(&self.pool).await.context("analyzing the tables")?;
        Ok(())
    }

    /// Hands the connections back and stops the cluster that was started for the job. After a job that was stopped, some are in use.
    async fn close(self) -> anyhow::Result<()> {
        let _ = tokio::time::timeout(CLOSING_MAX, self.pool.close()).await;
        tokio::task::spawn_blocking(move || drop(self.embedded)).await?;
        Ok(())
    }

    /// What the numbers were made with; the first line of every job.
    async fn tell_parameters(&self, job: &str, parameters: Value) -> anyhow::Result<()> {
        let settings: Vec<(String, String)> = sqlx::query_as(
            "select name, setting from pg_settings where name in
             ('server_version', 'fsync', 'synchronous_commit', 'shared_buffers',
              'wal_sync_method')",
        )
        .fetch_all(&self.pool)
        .await?;
        let settings: serde_json::Map<String, Value> =
            settings.into_iter().map(|(name, setting)| (name, json!(setting))).collect();
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
        let line = json!({ "job": job, "parameters": parameters, "postgres": settings,
            "cores": cores, "profile": profile });
        self.tell(&line)
    }

    fn tell(&self, line: &Value) -> anyhow::Result<()> {
        tell(self.screen, line)
    }
}

/// One line of figures.
fn tell(screen: Screen, line: &Value) -> anyhow::Result<()> {
    if screen.is_json() {
        return screen.json(line);
    }
    let fields = line.as_object().into_iter().flatten();
    let pairs: Vec<String> =
        fields.map(|(name, value)| format!("{name}={}", crate::screen::text_of(value))).collect();
    Ok(screen.line(pairs.join("  "))?)
}

/// Rounded to a tenth: more digits than that are noise.
fn tenths(figure: f64) -> Value {
    json!((figure * 10.0).round() / 10.0)
}
