//! `signal`: from an event for a waiting instance until its next step runs; one at a time, and as a burst over many
//! instances.

use super::{
    Bench,
    definition::signalled,
    limit,
    percentile::summary,
    tenths,
    world::{Ran, World},
};
use crate::files;
use anyhow::Context;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::{sync::mpsc::UnboundedReceiver, task::JoinSet};
use uuid::Uuid;

/// Events before the first that counts.
const WARM_UP: usize = 200;
/// Longest that a step may not come.
const PATIENCE: Duration = Duration::from_secs(30);
/// Turns of one event: its own, and that of the step's result.
const TURNS: f64 = 2.0;

/// Arguments of `signal`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Waiting instances
    #[arg(long, default_value_t = 1_000, value_parser = files::at_least_one)]
    instances: usize,
    /// Events of the quiet part, one at a time
    #[arg(long, default_value_t = 1_000, value_parser = files::at_least_one)]
    events: usize,
    /// Events for each instance in the burst; an instance gets its next one when the last was stored
    #[arg(long, default_value_t = 30, value_parser = files::at_least_one)]
    burst: usize,
    /// Repetitions
    #[arg(long, default_value_t = 3, value_parser = files::at_least_one)]
    repetitions: usize,
    /// Measures the limit first, and tells the ratio to it
    #[arg(long)]
    with_limit: bool,
}

/// Runs the repetitions.
pub(super) async fn run(args: &Args, bench: &Bench) -> anyhow::Result<()> {
    let parameters = json!({ "instances": args.instances, "events": args.events, "burst": args.burst,
        "repetitions": args.repetitions });
    bench.tell_parameters("signal", parameters).await?;
    let limit = limit::beside(args.with_limit, 0, bench).await?;
    let (world, mut ran) = World::watch(bench, &signalled()).await?;
    let inputs = std::iter::repeat_n(Value::Null, args.instances);
    let waiting = world.begin_all("signalled", inputs, 256).await?;
    quiet(&world, &waiting, WARM_UP, &mut ran).await?;
    bench.analyze().await?;
    for repetition in 1..=args.repetitions {
        let [stored, ran_ms] = quiet(&world, &waiting, args.events, &mut ran).await?;
        bench.tell(
            &json!({ "repetition": repetition, "part": "idle", "until_step": summary(ran_ms),
            "until_stored": summary(stored) }),
        )?;
        bench.checkpoint().await;
        let before = bench.usage().await?;
        let seconds = burst(args, &world, &waiting, &mut ran).await?;
        let spent = bench.spent(&before).await?;
        let events = (args.instances * args.burst) as f64;
        let turns_s = events * TURNS / seconds;
        let mut line = json!({ "repetition": repetition, "part": "burst", "seconds": tenths(seconds),
            "events_s": tenths(events / seconds), "turns_s": tenths(turns_s),
            "wal_bytes_turn": tenths(spent.wal_bytes / events / TURNS),
            "cpu_us_turn": tenths(spent.cpu_s() * 1e6 / events / TURNS) });
        limit::tell_ratio(&mut line, turns_s, limit);
        bench.tell(&line)?;
    }
    world.close().await;
    Ok(())
}

/// One event after the other, to one instance after the other; milliseconds until it was stored, and until the step ran.
async fn quiet(
    world: &World,
    waiting: &[Uuid],
    events: usize,
    ran: &mut UnboundedReceiver<Ran>,
) -> anyhow::Result<[Vec<f64>; 2]> {
    let (mut stored, mut until_step) = (Vec::new(), Vec::new());
    for (n, instance) in waiting.iter().cycle().take(events).enumerate() {
        let begun = Instant::now();
        world.send(*instance, "go", n).await?;
        stored.push(begun.elapsed().as_secs_f64() * 1_000.0);
        let step = next(ran).await?;
        anyhow::ensure!(step.input["n"] == json!(n), "another step ran than that of event {n}");
        until_step.push((step.at - begun).as_secs_f64() * 1_000.0);
    }
    Ok([stored, until_step])
}

/// Seconds until every event of every instance has had its step.
async fn burst(
    args: &Args,
    world: &World,
    waiting: &[Uuid],
    ran: &mut UnboundedReceiver<Ran>,
) -> anyhow::Result<f64> {
    let begun = Instant::now();
    let mut senders = JoinSet::new();
    for instance in waiting.iter().copied() {
        let world = World { engine: world.engine.clone(), tenant: world.tenant };
        let burst = args.burst;
        senders.spawn(async move {
            for n in 0..burst {
                world.send(instance, "go", n).await?;
            }
            anyhow::Ok(())
        });
    }
    let mut last = begun;
    for _ in 0..waiting.len() * args.burst {
        last = last.max(next(ran).await?.at);
    }
    while let Some(sent) = senders.join_next().await {
        sent??;
    }
    Ok((last - begun).as_secs_f64())
}

async fn next(ran: &mut UnboundedReceiver<Ran>) -> anyhow::Result<Ran> {
    let step = tokio::time::timeout(PATIENCE, ran.recv()).await;
    step.context("a step did not run")?.context("the engine stopped")
}
