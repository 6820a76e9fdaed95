//! `rest`: what a process costs that has nothing to do, beside so many instances that wait and timers that sleep.

use super::{
    Bench,
    definition::signalled,
    filling::Filling,
    tenths,
    usage::{Spent, resident_mib},
    world::World,
};
use crate::files;
use serde_json::{Value, json};
use std::time::Duration;

/// What a start leaves to be done is done after this long.
const SETTLE: Duration = Duration::from_secs(5);

/// Arguments of `rest`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    filling: Filling,
    /// How long is looked
    #[arg(long, default_value_t = 30, value_parser = files::at_least_one)]
    seconds: usize,
}

/// Fills, starts an engine, and lets it alone.
pub(super) async fn run(args: &Args, bench: &Bench) -> anyhow::Result<()> {
    let parameters = json!({ "instances": args.filling.rest, "timers": args.filling.timers, "seconds": args.seconds });
    bench.tell_parameters("rest", parameters).await?;
    args.filling.fill(bench).await?;
    let before = bench.usage().await?;
    let watch = Duration::from_secs(u64::try_from(args.seconds)?);
    tokio::time::sleep(watch).await;
    bench.tell(&line("nobody", &bench.spent(&before).await?))?;
    let world = World::open(bench, &signalled()).await?;
    tokio::time::sleep(SETTLE).await;
    let before = bench.usage().await?;
    tokio::time::sleep(watch).await;
    let mut line = line("engine", &bench.spent(&before).await?);
    line["resident_mib"] = resident_mib().map_or(Value::Null, tenths);
    bench.tell(&line)?;
    world.close().await;
    Ok(())
}

/// Per second. `nobody` is what Postgres does by itself, and what looking costs.
fn line(part: &str, spent: &Spent) -> Value {
    let per_second = |figure: f64| tenths(figure / spent.seconds);
    let hundredth = |figure: f64| json!((figure * 10_000.0).round() / 100.0);
    json!({ "part": part, "seconds": tenths(spent.seconds), "statements_s": per_second(spent.statements as f64),
        "transactions_s": per_second(spent.transactions as f64), "commits_s": per_second(spent.commits as f64),
        "wal_bytes_s": per_second(spent.wal_bytes),
        "engine_cpu_percent": hundredth(spent.engine_cpu_s / spent.seconds),
        "postgres_cpu_percent": hundredth(spent.postgres_cpu_s / spent.seconds) })
}
