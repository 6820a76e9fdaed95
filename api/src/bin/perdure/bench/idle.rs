//! `idle`: one five-step instance at a time, on an engine that has nothing else to do; from the call that starts it until
//! its completion can be read.

use super::{
    Bench,
    definition::{STEPS, five},
    percentile::summary,
    world::{Ran, World},
};
use crate::files;
use anyhow::Context;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Connection, PgConnection};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedReceiver;
use uuid::Uuid;

/// Instances before the first that counts: connections, plans and caches are made then.
const WARM_UP: usize = 50;
/// Longest that one instance may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Arguments of `idle`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Instances per repetition, one after the other
    #[arg(long, default_value_t = 1_000, value_parser = files::at_least_one)]
    instances: usize,
    /// Bytes of the context's JSON
    #[arg(long, default_value_t = 200)]
    context_bytes: usize,
    /// Repetitions
    #[arg(long, default_value_t = 3, value_parser = files::at_least_one)]
    repetitions: usize,
}

/// Runs the repetitions.
pub(super) async fn run(args: &Args, bench: &Bench) -> anyhow::Result<()> {
    let parameters = json!({ "instances": args.instances, "steps": STEPS, "context_bytes": args.context_bytes,
        "repetitions": args.repetitions });
    bench.tell_parameters("idle", parameters).await?;
    let (world, mut ran) = World::watch(bench, &five(args.context_bytes, false)).await?;
    // Of its own: whoever gives one back to a pool asks twice.
    let mut asking = bench.pool.connect_options().connect().await?;
    for _ in 0..WARM_UP {
        one(&mut asking, &world, &mut ran).await?;
    }
    bench.analyze().await?;
    for repetition in 1..=args.repetitions {
        let before = bench.usage().await?;
        let (mut started_ms, mut whole_ms) = (Vec::new(), Vec::new());
        for _ in 0..args.instances {
            let [started, whole] = one(&mut asking, &world, &mut ran).await?;
            started_ms.push(started);
            whole_ms.push(whole);
        }
        let spent = bench.spent(&before).await?;
        let turns = ((STEPS + 1) * args.instances) as f64;
        bench.tell(&json!({ "repetition": repetition, "complete": summary(whole_ms), "started": summary(started_ms),
            "commits_turn": super::tenths(spent.commits as f64 / turns),
            "cpu_us_turn": super::tenths(spent.cpu_s() * 1e6 / turns) }))?;
    }
    asking.close().await?;
    world.close().await;
    Ok(())
}

/// Milliseconds until the start was acknowledged, and until the instance was complete.
async fn one(
    asking: &mut PgConnection,
    world: &World,
    ran: &mut UnboundedReceiver<Ran>,
) -> anyhow::Result<[f64; 2]> {
    let begun = Instant::now();
    let started = world.begin("five", Value::Null).await?;
    let started_ms = ms(begun);
    for _ in 0..STEPS {
        let step = tokio::time::timeout(PATIENCE, ran.recv()).await;
        step.context("a step did not run")?.context("the engine stopped")?;
    }
    // Only the last turn is left, so that asking without pause disturbs little: an answer takes a tenth of a millisecond.
    while is_live(asking, world.tenant, started.id).await? {
        anyhow::ensure!(begun.elapsed() < PATIENCE, "instance {} does not complete", started.id);
    }
    Ok([started_ms, ms(begun)])
}

async fn is_live(asking: &mut PgConnection, tenant: Uuid, id: Uuid) -> anyhow::Result<bool> {
    let live = sqlx::query_scalar("select live from instance where tenant_id = $1 and id = $2")
        .bind(tenant)
        .bind(id)
        .fetch_one(asking)
        .await?;
    Ok(live)
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}
