//! `five`: instances of five durable no-op steps, started at once through the engine in this
//! process.

use super::{
    Bench, tenths,
    usage::{Spent, Usage},
};
use crate::files;
use anyhow::Context;
use engine::{Clock, Engine, NoAccounts, Options, Settings, StartRequest};
use serde_json::{Value, json};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;
use uuid::Uuid;

/// Steps of one instance.
const STEPS: usize = 5;
/// How often it is looked whether all are over.
const POLL: Duration = Duration::from_millis(20);

/// Arguments of `five`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Instances per repetition
    #[arg(long, default_value_t = 1_000, value_parser = files::at_least_one)]
    instances: usize,
    /// Starts under way at once
    #[arg(long, default_value_t = 256, value_parser = files::at_least_one)]
    starts: usize,
    /// Repetitions
    #[arg(long, default_value_t = 3, value_parser = files::at_least_one)]
    repetitions: usize,
    /// Longest time of one repetition, in seconds
    #[arg(long, default_value_t = 300)]
    seconds_max: u64,
}

/// Runs the repetitions, each in a tenant of its own.
pub(super) async fn run(args: &Args, bench: &Bench) -> anyhow::Result<()> {
    let parameters = json!({ "instances": args.instances, "starts": args.starts, "steps": STEPS,
        "repetitions": args.repetitions });
    bench.tell_parameters("five", parameters).await?;
    let engine = Engine::start(Options {
        pool: bench.pool.clone(),
        runner: Arc::new(nodes::Nodes::new(nodes::Settings::default())?),
        accounts: Arc::new(NoAccounts),
        clock: Clock::system(),
        settings: Settings::default(),
    });
    let engine = engine.await.context("starting the engine")?;
    for repetition in 1..=args.repetitions {
        let line = repeat(args, bench, &engine, repetition).await?;
        bench.tell(&line)?;
    }
    engine.shutdown().await;
    Ok(())
}

async fn repeat(
    args: &Args,
    bench: &Bench,
    engine: &Engine,
    repetition: usize,
) -> anyhow::Result<Value> {
    let tenant = Uuid::new_v4();
    let uploaded = engine.upload(tenant, definition().to_string().into_bytes(), None, true).await;
    uploaded.context("uploading the definition")?;
    let postmaster = bench.embedded.as_ref().map(|embedded| embedded.pid());
    let before = Usage::read(&bench.pool, postmaster).await?;
    let begun = Instant::now();
    start(args, engine, tenant).await?;
    let started_s = begun.elapsed().as_secs_f64();
    wait(args, bench, tenant, begun).await?;
    let seconds = begun.elapsed().as_secs_f64();
    let spent = before.until(&Usage::read(&bench.pool, postmaster).await?);
    let turns: i64 =
        sqlx::query_scalar("select sum(seq)::bigint from instance where tenant_id = $1")
            .bind(tenant)
            .fetch_one(&bench.pool)
            .await?;
    Ok(line(args, repetition, [seconds, started_s, turns as f64], spent))
}

/// Five states, each with one step, one after the other.
fn definition() -> Value {
    let mut states = serde_json::Map::new();
    for step in 1..=STEPS {
        let next = if step == STEPS { "done".to_owned() } else { format!("s{}", step + 1) };
        let invoke = json!({ "id": format!("step{step}"), "src": "noop", "input": {},
            "onDone": { "target": next } });
        states.insert(format!("s{step}"), json!({ "invoke": invoke }));
    }
    states.insert("done".to_owned(), json!({ "type": "final" }));
    json!({ "perdure": 1, "name": "five", "title": "Five steps",
        "machine": { "@exprLang": "cel", "id": "five", "initial": "s1", "states": states } })
}

async fn start(args: &Args, engine: &Engine, tenant: Uuid) -> anyhow::Result<()> {
    let mut starts = JoinSet::new();
    for _ in 0..args.instances {
        if starts.len() >= args.starts.max(1)
            && let Some(started) = starts.join_next().await
        {
            started??;
        }
        let engine = engine.clone();
        starts.spawn(async move {
            let definition = "five".to_owned();
            let actor = "bench".to_owned();
            engine
                .start_instance(StartRequest {
                    tenant,
                    definition,
                    actor,
                    ..StartRequest::default()
                })
                .await
        });
    }
    while let Some(started) = starts.join_next().await {
        started??;
    }
    Ok(())
}

async fn wait(args: &Args, bench: &Bench, tenant: Uuid, begun: Instant) -> anyhow::Result<()> {
    loop {
        // Stops at the first one that lives.
        let live: Option<(String,)> =
            sqlx::query_as("select status from instance where tenant_id = $1 and live limit 1")
                .bind(tenant)
                .fetch_optional(&bench.pool)
                .await?;
        let Some((status,)) = live else { return Ok(()) };
        anyhow::ensure!(status != "stuck", "an instance got stuck");
        let is_late = begun.elapsed() > Duration::from_secs(args.seconds_max);
        anyhow::ensure!(!is_late, "not done after {} s", args.seconds_max);
        tokio::time::sleep(POLL).await;
    }
}

fn line(
    args: &Args,
    repetition: usize,
    [seconds, started_s, turns]: [f64; 3],
    spent: Spent,
) -> Value {
    let instances = args.instances as f64;
    json!({
        "repetition": repetition,
        "seconds": tenths(seconds),
        "started_s": tenths(started_s),
        "wf_s": tenths(instances / seconds),
        "steps_s": tenths(instances * STEPS as f64 / seconds),
        "turns_s": tenths(turns / seconds),
        "wal_bytes_turn": tenths(spent.wal_bytes / turns),
        "turns_commit": tenths(turns / spent.commits.max(1) as f64),
        "commits": spent.commits,
        "cpu_us_turn": tenths(spent.cpu_s * 1e6 / turns),
        "cores_busy": tenths(spent.cpu_s / spent.seconds),
    })
}
