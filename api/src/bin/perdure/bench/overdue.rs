//! `overdue`: an engine that comes back after a long downtime. Millions of timers of one tenant are due at once, and a few of another;
//! meanwhile customers send events. How fast it drains, in which order, and who waits for whom.
//!
//! Time is what the engine is told: its clock is ahead by more than the longest timer, so nothing has to be waited for.

use super::{
    Bench,
    definition::{resting, signalled},
    filling::{self, Filling},
    percentile::summary,
    tenths,
    world::{Ran, World},
};
use crate::files;
use anyhow::Context;
use engine::Clock;
use serde_json::{Value, json};
use sqlx::PgPool;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::UnboundedReceiver;
use uuid::Uuid;

/// Later than every timer of [`resting`], which are 300 days away and spread over 30.
const AHEAD: Duration = Duration::from_secs(340 * 24 * 3_600);
/// Over how long they are spread.
const SPREAD_S: f64 = 30.0 * 24.0 * 3_600.0;
/// Events before the first that counts, so that what is read once has been read.
const WARM_UP: usize = 20;

const LEFT: &str =
    "select count(*), extract(epoch from min(fire_at))::float8 from timer where tenant_id = $1";

/// Arguments of `overdue`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Timers of the tenant that has many
    #[arg(long, default_value_t = 1_000_000, value_parser = files::at_least_one)]
    timers: usize,
    /// Timers of the tenant that has few
    #[arg(long, default_value_t = 1_000, value_parser = files::at_least_one)]
    few: usize,
    /// Longest time of the drain, in seconds
    #[arg(long, default_value_t = 900)]
    seconds_max: u64,
}

/// Fills, starts an engine in the future, and watches it drain.
pub(super) async fn run(args: &Args, bench: &Bench) -> anyhow::Result<()> {
    let parameters = json!({ "timers": args.timers, "few": args.few });
    bench.tell_parameters("overdue", parameters).await?;
    Filling { rest: args.timers, timers: args.timers }.fill(bench).await?;
    let few = few(args.few, bench).await?;
    let drain = Drain { bench, few, all: args.timers, begun: Instant::now() };
    let (world, mut ran) = World::watch_at(bench, &signalled(), Clock::shifted(AHEAD)).await?;
    let waiting = world.begin("signalled", Value::Null).await?.id;
    let (done, watched) = tokio::sync::oneshot::channel();
    let watch = async {
        let drained = drain.watch(Duration::from_secs(args.seconds_max)).await;
        // Whoever sends has ended only after an error, which is told.
        let _ = done.send(());
        drained
    };
    let (drained, events) = tokio::join!(watch, send(&world, waiting, &mut ran, watched));
    drained?;
    let line = json!({ "part": "events meanwhile", "until_step": summary(events?) });
    world.close().await;
    bench.tell(&line)
}

/// Instances of a tenant of their own, each with one timer.
async fn few(count: usize, bench: &Bench) -> anyhow::Result<Uuid> {
    let world = World::open(bench, &resting(1)).await?;
    world.begin_all("resting", std::iter::repeat_n(Value::Null, count), 256).await?;
    let tenant = world.tenant;
    world.close().await;
    Ok(tenant)
}

struct Drain<'a> {
    bench: &'a Bench,
    few: Uuid,
    all: usize,
    begun: Instant,
}

impl Drain<'_> {
    /// A line every second, until nothing is left.
    async fn watch(&self, longest: Duration) -> anyhow::Result<()> {
        let (_, first) = left(&self.bench.pool, filling::TENANT).await?;
        let first = first.context("nothing is due")?;
        let mut few_s = None;
        loop {
            let (n_left, oldest) = left(&self.bench.pool, filling::TENANT).await?;
            let (few_left, _) = left(&self.bench.pool, self.few).await?;
            let seconds = self.begun.elapsed().as_secs_f64();
            if few_left == 0 && few_s.is_none() {
                few_s = Some(seconds);
            }
            let n_fired = self.all as f64 - n_left as f64;
            // They are spread evenly, so the oldest that is left tells how many are older than it.
            let older = oldest.map_or(1.0, |oldest| (oldest - first) / SPREAD_S) * self.all as f64;
            self.bench.tell(&json!({ "part": "draining", "seconds": tenths(seconds), "left": n_left, "few_left": few_left,
                "fired_s": tenths(n_fired / seconds), "fired_before_the_oldest_left": (n_fired - older).round() }))?;
            if n_left == 0 && few_left == 0 {
                self.bench.tell(&json!({ "part": "drained", "seconds": tenths(seconds), "few_seconds": few_s.map(tenths),
                    "fired_s": tenths(self.all as f64 / seconds) }))?;
                return Ok(());
            }
            anyhow::ensure!(self.begun.elapsed() < longest, "not drained after {longest:?}");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

/// How many timers a tenant has, and when the oldest was due, in seconds.
async fn left(pool: &PgPool, tenant: Uuid) -> anyhow::Result<(i64, Option<f64>)> {
    Ok(sqlx::query_as(LEFT).bind(tenant).fetch_one(pool).await?)
}

/// Sends one event after the other until told to stop; how long each took until its step ran, in milliseconds.
async fn send(
    world: &World,
    instance: Uuid,
    ran: &mut UnboundedReceiver<Ran>,
    mut stop: tokio::sync::oneshot::Receiver<()>,
) -> anyhow::Result<Vec<f64>> {
    let mut took = Vec::new();
    for n in 0.. {
        if stop.try_recv().is_ok() {
            break;
        }
        let begun = Instant::now();
        world.send(instance, "go", n).await?;
        let step = ran.recv().await.context("the engine stopped")?;
        if n >= WARM_UP {
            took.push((step.at - begun).as_secs_f64() * 1_000.0);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(took)
}
