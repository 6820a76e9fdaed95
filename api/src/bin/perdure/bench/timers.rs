//! `timers`: what setting, firing and looking for timers costs beside so many that sleep.

use super::{
    Bench, definition::sleeping, filling::Filling, percentile::summary, sleep::Dues, world::World,
};
use crate::files;
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::time::Instant;

/// Timers of one instance at rest.
const TIMERS_EACH: usize = 10;
/// How often the question is asked whether anything is due.
const POLLS: usize = 500;

/// Arguments of `timers`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Sleeping timers, one round for each number
    #[arg(long, value_delimiter = ',', default_value = "1000000,10000000", value_parser = files::at_least_one)]
    rows: Vec<usize>,
    /// Timers set and fired beside them
    #[arg(long, default_value_t = 10_000, value_parser = files::at_least_one)]
    due: usize,
    /// Instances that can surely be started in a second
    #[arg(long, default_value_t = 500, value_parser = files::at_least_one)]
    starts_per_second: usize,
}

/// A round for each number of rows.
pub(super) async fn run(args: &Args, bench: &Bench) -> anyhow::Result<()> {
    let parameters = json!({ "rows": args.rows, "due": args.due });
    bench.tell_parameters("timers", parameters).await?;
    for (round, &timers) in args.rows.iter().enumerate() {
        Filling { rest: timers.div_ceil(TIMERS_EACH), timers }.fill(bench).await?;
        let polls = poll(bench).await?;
        bench.tell(&json!({ "part": "poll", "rows": timers, "nothing_due": polls }))?;
        let (world, mut ran) = World::watch(bench, &sleeping()).await?;
        let dues = Dues { count: args.due, apart: TimeDelta::zero() };
        let slept = dues.sleep(bench, &world, &mut ran, args.starts_per_second).await?;
        let mut line = slept.line(round + 1, "set and fired");
        line["rows"] = json!(timers);
        bench.tell(&line)?;
        world.close().await;
    }
    Ok(())
}

/// The least question there is, along the index on the due time.
async fn poll(bench: &Bench) -> anyhow::Result<Value> {
    let mut connection = bench.pool.acquire().await?;
    let mut times_ms = Vec::with_capacity(POLLS);
    for _ in 0..POLLS {
        let begun = Instant::now();
        let due: Option<i16> = sqlx::query_scalar(
            "select shard from timer where fire_at <= now() order by fire_at limit 1",
        )
        .fetch_optional(&mut *connection)
        .await?;
        anyhow::ensure!(due.is_none(), "a timer of an earlier run is due: use an empty database");
        times_ms.push(begun.elapsed().as_secs_f64() * 1_000.0);
    }
    Ok(summary(times_ms))
}
