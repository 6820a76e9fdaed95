//! `sleep`: instances that sleep until one moment, and instances of which a steady number fall due each second; how late
//! each woke, measured when the step behind the timer ran.

use super::{
    Bench,
    definition::sleeping,
    percentile::summary,
    tenths,
    usage::Spent,
    world::{Ran, World},
};
use crate::files;
use anyhow::Context;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;

/// Starts under way at once.
const STARTS: usize = 256;
/// Longest that nobody may wake, beyond the time that was to be slept.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked who has woken.
const LOOK: Duration = Duration::from_millis(10);

/// Arguments of `sleep`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Instances that sleep until one moment
    #[arg(long, default_value_t = 10_000, value_parser = files::at_least_one)]
    instances: usize,
    /// Instances that fall due each second, in the steady part
    #[arg(long, default_value_t = 1_000, value_parser = files::at_least_one)]
    per_second: usize,
    /// Seconds of the steady part
    #[arg(long, default_value_t = 20, value_parser = files::at_least_one)]
    seconds: usize,
    /// Instances that can surely be started in a second: how long the first sleep is at least
    #[arg(long, default_value_t = 500, value_parser = files::at_least_one)]
    starts_per_second: usize,
    /// Repetitions, after one of the first part that does not count
    #[arg(long, default_value_t = 1, value_parser = files::at_least_one)]
    repetitions: usize,
}

/// Runs the repetitions.
pub(super) async fn run(args: &Args, bench: &Bench) -> anyhow::Result<()> {
    let parameters = json!({ "instances": args.instances, "per_second": args.per_second, "seconds": args.seconds,
        "repetitions": args.repetitions });
    bench.tell_parameters("sleep", parameters).await?;
    let (world, mut ran) = World::watch(bench, &sleeping()).await?;
    // The first one does not count: memory and connections are made then.
    for repetition in 0..=args.repetitions {
        let dues = Dues { count: args.instances, apart: TimeDelta::zero() };
        let slept = dues.sleep(bench, &world, &mut ran, args.starts_per_second).await?;
        if repetition == 0 {
            continue;
        }
        bench.tell(&slept.line(repetition, "at_once"))?;
        let apart = TimeDelta::microseconds(1_000_000 / i64::try_from(args.per_second)?.max(1));
        let dues = Dues { count: args.per_second * args.seconds, apart };
        let slept = dues.sleep(bench, &world, &mut ran, args.starts_per_second).await?;
        bench.tell(&slept.line(repetition, "steady"))?;
    }
    world.close().await;
    Ok(())
}

/// How many fall due, how far apart.
pub(super) struct Dues {
    pub(super) count: usize,
    pub(super) apart: TimeDelta,
}

/// What came of it.
pub(super) struct Slept {
    /// One per instance; negative is early.
    lateness_ms: Vec<f64>,
    /// From the first moment due until the last woke.
    seconds: f64,
    /// What starting them, each with its timer, cost.
    pub(super) set: Spent,
    /// What waking them cost, the sleep included.
    pub(super) fired: Spent,
}

impl Dues {
    /// Starts them all before the first is due, and waits until the last has woken.
    pub(super) async fn sleep(
        &self,
        bench: &Bench,
        world: &World,
        ran: &mut UnboundedReceiver<Ran>,
        starts_per_second: usize,
    ) -> anyhow::Result<Slept> {
        let start_s = self.count / starts_per_second.max(1) + 2;
        let first = world.engine.clock().now() + TimeDelta::seconds(i64::try_from(start_s)?);
        let apart = self.apart;
        let due = move |n: usize| first + apart * i32::try_from(n).unwrap_or(i32::MAX);
        let before = bench.usage().await?;
        world.begin_all("sleeping", (0..self.count).map(move |n| input(due(n))), STARTS).await?;
        let set = bench.spent(&before).await?;
        anyhow::ensure!(
            world.engine.clock().now() < first,
            "starting {} instances took longer than {start_s} s; lower --starts-per-second",
            self.count
        );
        let before = bench.usage().await?;
        let sleep = (due(self.count) - world.engine.clock().now()).to_std().unwrap_or_default();
        let mut lateness_ms = Vec::with_capacity(self.count);
        let mut last = first;
        let mut steps = Vec::with_capacity(self.count);
        while lateness_ms.len() < self.count {
            // To be woken for each would cost what is measured.
            tokio::time::sleep(LOOK).await;
            let woke = ran.recv_many(&mut steps, self.count);
            let n_woke = tokio::time::timeout(sleep + PATIENCE, woke).await;
            anyhow::ensure!(n_woke.context("not all woke")? > 0, "the engine stopped");
            for step in steps.drain(..) {
                lateness_ms.push(lateness(&step)?);
                last = last.max(step.time);
            }
        }
        let seconds = (last - first).as_seconds_f64();
        Ok(Slept { lateness_ms, seconds, set, fired: bench.spent(&before).await? })
    }
}

fn input(due: DateTime<Utc>) -> Value {
    json!({ "at": due.to_rfc3339_opts(SecondsFormat::Micros, true), "due_us": due.timestamp_micros() })
}

/// Milliseconds after the moment its input names.
fn lateness(step: &Ran) -> anyhow::Result<f64> {
    let due_us = step.input["due_us"].as_i64().context("the step was not told when it was due")?;
    Ok((step.time.timestamp_micros() - due_us) as f64 / 1_000.0)
}

impl Slept {
    /// The line of figures.
    pub(super) fn line(&self, repetition: usize, part: &str) -> Value {
        let count = self.lateness_ms.len() as f64;
        // A clock that is corrected between two reads may be told a few microseconds less.
        let early = self.lateness_ms.iter().filter(|late| **late < 0.0).count();
        json!({ "repetition": repetition, "part": part, "lateness": summary(self.lateness_ms.clone()), "early": early,
            "seconds": tenths(self.seconds), "woken_s": tenths(count / self.seconds.max(0.001)),
            "set_s": tenths(count / self.set.seconds),
            "wal_bytes_set": tenths(self.set.wal_bytes / count),
            "cpu_us_set": tenths(self.set.cpu_s() * 1e6 / count),
            "cpu_us_woken": tenths(self.fired.cpu_s() * 1e6 / count) })
    }
}
