//! `perdure bench JOB`: measures against what Postgres can do on the same machine in the same run.
//!
//! Every job prints its parameters, then one JSON line per repetition.

mod check;
mod five;
mod limit;
mod usage;

use crate::{database, failure::Exit, screen::Screen};
use anyhow::Context;
use api::postgres::Embedded;
use serde_json::{Value, json};
use sqlx::PgPool;
use std::path::PathBuf;

/// Connections of the pool that a job works with.
const CONNECTIONS_MAX: u32 = 16;

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
}

/// Runs a job against `DATABASE_URL`, or a private cluster with fsync on that is kept in
/// `.perdure/bench`.
pub(crate) async fn run(args: &Args, screen: Screen) -> anyhow::Result<Exit> {
    match &args.job {
        Job::Check(args) => check::run(args, screen)?,
        Job::Limit(args) => {
            let bench = Bench::open(screen).await?;
            limit::run(args, &bench).await?;
            bench.close().await?;
        }
        Job::Five(args) => {
            let bench = Bench::open(screen).await?;
            five::run(args, &bench).await?;
            bench.close().await?;
        }
    }
    Ok(Exit::Fine)
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
        Ok(Self { pool, embedded, screen })
    }

    /// Hands the connections back and stops the cluster that was started for the job.
    async fn close(self) -> anyhow::Result<()> {
        self.pool.close().await;
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
