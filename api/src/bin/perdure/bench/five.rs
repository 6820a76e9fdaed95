//! `five`: instances of five durable no-op steps, started at once through the engine in this
//! process.

use super::{
    Bench,
    definition::{STEPS, five},
    filling::Filling,
    limit, tenths,
    usage::{Spent, resident_mib},
    world::World,
};
use crate::files;
use serde_json::{Value, json};
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

/// How often it is looked whether the last step has run, and then whether all are over, which reads every instance.
const POLL: Duration = Duration::from_millis(5);

/// Arguments of `five`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Instances per repetition
    #[arg(long, default_value_t = 1_000, value_parser = files::at_least_one)]
    instances: usize,
    /// Starts under way at once
    #[arg(long, default_value_t = 256, value_parser = files::at_least_one)]
    starts: usize,
    /// Repetitions, after one that does not count
    #[arg(long, default_value_t = 3, value_parser = files::at_least_one)]
    repetitions: usize,
    /// Bytes of the context's JSON
    #[arg(long, default_value_t = 200)]
    context_bytes: usize,
    /// Lets every step change the context
    #[arg(long)]
    changing: bool,
    /// Measures the limit first, and tells the ratio to it
    #[arg(long)]
    with_limit: bool,
    #[command(flatten)]
    filling: Filling,
    /// Longest time of one repetition, in seconds
    #[arg(long, default_value_t = 300)]
    seconds_max: u64,
}

/// Runs the repetitions, each in a tenant of its own.
pub(super) async fn run(args: &Args, bench: &Bench) -> anyhow::Result<()> {
    let parameters = json!({ "instances": args.instances, "starts": args.starts, "steps": STEPS,
        "repetitions": args.repetitions, "context_bytes": args.context_bytes, "changing": args.changing,
        "rest": args.filling.rest, "timers": args.filling.timers });
    bench.tell_parameters("five", parameters).await?;
    args.filling.fill(bench).await?;
    let limit = limit::beside(args.with_limit, args.context_bytes, bench).await?;
    let definition = five(args.context_bytes, args.changing);
    let (mut world, ran) = World::count(bench, &definition).await?;
    // The first one does not count: memory, connections and the log's files are made then.
    for repetition in 0..=args.repetitions {
        world.renew(&definition).await?;
        bench.checkpoint().await;
        let repeated = repeat(args, bench, &world, &ran).await?;
        if repetition > 0 {
            bench.tell(&repeated.line(args, repetition, limit))?;
        }
    }
    world.close().await;
    Ok(())
}

/// One repetition.
struct Repeated {
    seconds: f64,
    started_s: f64,
    turns: f64,
    spent: Spent,
}

async fn repeat(
    args: &Args,
    bench: &Bench,
    world: &World,
    ran: &AtomicUsize,
) -> anyhow::Result<Repeated> {
    let before = bench.usage().await?;
    let all = ran.load(Ordering::Relaxed) + args.instances * STEPS;
    let begun = Instant::now();
    let inputs = std::iter::repeat_n(Value::Null, args.instances);
    world.begin_all("five", inputs, args.starts).await?;
    let started_s = begun.elapsed().as_secs_f64();
    let longest = Duration::from_secs(args.seconds_max);
    while ran.load(Ordering::Relaxed) < all {
        anyhow::ensure!(begun.elapsed() < longest, "not all steps ran in time");
        tokio::time::sleep(POLL).await;
    }
    wait(args, bench, world, begun).await?;
    let seconds = begun.elapsed().as_secs_f64();
    let spent = bench.spent(&before).await?;
    Ok(Repeated { seconds, started_s, turns: world.turns(bench).await?, spent })
}

async fn wait(args: &Args, bench: &Bench, world: &World, begun: Instant) -> anyhow::Result<()> {
    loop {
        // Stops at the first one that lives.
        let live: Option<(String,)> =
            sqlx::query_as("select status from instance where tenant_id = $1 and live limit 1")
                .bind(world.tenant)
                .fetch_optional(&bench.pool)
                .await?;
        let Some((status,)) = live else { return Ok(()) };
        anyhow::ensure!(status != "stuck", "an instance got stuck");
        let is_late = begun.elapsed() > Duration::from_secs(args.seconds_max);
        anyhow::ensure!(!is_late, "not done after {} s", args.seconds_max);
        tokio::time::sleep(POLL).await;
    }
}

impl Repeated {
    fn line(&self, args: &Args, repetition: usize, limit: Option<f64>) -> Value {
        let (spent, instances) = (&self.spent, args.instances as f64);
        let per_turn = |figure: f64| tenths(figure / self.turns);
        let turns_s = self.turns / self.seconds;
        let thousandths = |figure: f64| json!((figure * 1_000.0).round() / 1_000.0);
        let mut line = json!({
            "repetition": repetition,
            "seconds": tenths(self.seconds),
            "started_s": tenths(self.started_s),
            "wf_s": tenths(instances / self.seconds),
            "steps_s": tenths(instances * STEPS as f64 / self.seconds),
            "turns_s": tenths(turns_s),
            "wal_bytes_turn": per_turn(spent.wal_bytes),
            "wal_bytes_turn_rows": spent.wal_bytes_rows.map(per_turn),
            "turns_commit": tenths(self.turns / spent.commits.max(1) as f64),
            "commits": spent.commits,
            "commits_turn": thousandths(spent.commits as f64 / self.turns),
            "statements_turn": thousandths(spent.statements as f64 / self.turns),
            "cpu_us_turn": per_turn(spent.cpu_s() * 1e6),
            "engine_cpu_us_turn": per_turn(spent.engine_cpu_s * 1e6),
            "cores_busy": tenths(spent.cpu_s() / spent.seconds),
            "resident_mib": resident_mib().map(tenths),
        });
        limit::tell_ratio(&mut line, turns_s, limit);
        line
    }
}
