//! `mixed`: conversations at a rate. Customers write over signed webhooks to the API of this process, the simulator takes
//! what is sent to them and reports its delivery, and every ten seconds a line tells how it goes: what is asked of the
//! database for hours is that these lines stay the same.

mod customer;
mod stage;
mod tables;

use super::{Bench, percentile::summary, tenths, usage::resident_mib};
use crate::{files, host};
use anyhow::Context;
use customer::{Customers, Tally};
use serde_json::{Value, json};
use sqlx::PgPool;
use stage::Stage;
use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};
use tables::Tables;
use tokio::{task::JoinSet, time::MissedTickBehavior};

/// Conversations that may be open at the end before it counts as falling behind, in seconds of the rate.
const BEHIND_S_MAX: usize = 10;

/// Arguments of `mixed`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Conversations begun each second
    #[arg(long, default_value_t = 20, value_parser = files::at_least_one)]
    rate: usize,
    /// How long
    #[arg(long, default_value = "1m", value_parser = duration)]
    duration: Duration,
    /// How long a customer thinks before answering
    #[arg(long, default_value = "2s", value_parser = duration)]
    think: Duration,
    /// Customers; each begins again when the last one has had a turn
    #[arg(long, default_value_t = 10_000, value_parser = files::at_least_one)]
    customers: usize,
    /// Somebody holds a snapshot this long, again and again: what a report or a dump does to the dead rows
    #[arg(long, value_parser = duration)]
    reader: Option<Duration>,
    /// How often a line is told
    #[arg(long, default_value = "10s", value_parser = duration)]
    every: Duration,
}

fn duration(text: &str) -> Result<Duration, String> {
    let found = host::duration(text).filter(|found| !found.is_zero());
    found.ok_or_else(|| "a duration like 90s, 20m or 2h".to_owned())
}

/// Runs for the time that was asked for, and then until the last customer has been answered.
pub(super) async fn run(args: &Args, bench: &Bench) -> anyhow::Result<()> {
    let parameters = json!({ "rate": args.rate, "seconds": args.duration.as_secs(), "think_s": tenths(args.think.as_secs_f64()),
        "customers": args.customers, "reader_s": args.reader.map(|held| held.as_secs()) });
    bench.tell_parameters("mixed", parameters).await?;
    let stage = Box::pin(Stage::set_up(bench)).await?;
    let reader = read(bench.pool.clone(), args.reader);
    // Its connection goes with it, and so does the snapshot.
    let ended = tokio::select! {
        ended = Box::pin(talk(args, bench, &stage)) => ended,
        error = reader => Err(error.context("the reader that holds a snapshot")),
    };
    let open = stage.open_conversations().await?;
    stage.close().await;
    bench.tell(&ended?)?;
    let most = args.rate * BEHIND_S_MAX;
    anyhow::ensure!(
        open <= most,
        "{open} conversations are not finished: the rate is too high here"
    );
    Ok(())
}

async fn talk(args: &Args, bench: &Bench, stage: &Stage) -> anyhow::Result<Value> {
    let customers = Arc::new(Customers::new(stage)?);
    let tally = Arc::new(Tally::default());
    let mut talks = JoinSet::new();
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / u32::try_from(args.rate)?);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let begun = Instant::now();
    let first = Tables::read(&bench.pool).await?;
    let mut part = Part { since: begun, tables: first.clone(), number: 0 };
    let mut rates = Vec::new();
    for n in 0.. {
        ticks.tick().await;
        if begun.elapsed() >= args.duration {
            break;
        }
        let (customers, heard, think) = (customers.clone(), tally.clone(), args.think);
        let number = n % args.customers;
        talks.spawn(async move { customers.talk(number, think, &heard).await });
        while talks.try_join_next().is_some() {}
        if part.since.elapsed() >= args.every {
            let (line, turns_s) = part.tell(bench, &tally).await?;
            rates.push(turns_s);
            bench.tell(&line)?;
        }
    }
    while talks.join_next().await.is_some() {}
    let tables = Tables::read(&bench.pool).await?;
    let turns = tables.turns - first.turns;
    // The first part warms up; the rest should be level.
    let (early, late) = (rates.get(1).copied(), rates.last().copied());
    Ok(json!({ "part": "whole", "seconds": tenths(begun.elapsed().as_secs_f64()), "turns": turns,
        "late_to_early": early.zip(late).map(|(early, late)| (late / early * 1_000.0).round() / 1_000.0),
        "webhooks_refused": tally.refused(), "instance_hot": tables.hot_since(&first), "dead": tables.dead_json(),
        "resident_mib": resident_mib().map(tenths) }))
}

/// What a line is about.
struct Part {
    since: Instant,
    tables: Tables,
    number: usize,
}

impl Part {
    async fn tell(&mut self, bench: &Bench, tally: &Tally) -> anyhow::Result<(Value, f64)> {
        let tables = Tables::read(&bench.pool).await?;
        let seconds = self.since.elapsed().as_secs_f64();
        let turns_s = (tables.turns - self.tables.turns) as f64 / seconds;
        self.number += 1;
        let webhooks_ms = tally.take();
        let line = json!({ "part": self.number, "turns_s": tenths(turns_s),
            "webhooks_s": tenths(webhooks_ms.len() as f64 / seconds), "webhook": summary(webhooks_ms),
            "webhooks_refused": tally.refused(), "instance_hot": tables.hot_since(&self.tables),
            "dead": tables.dead_json() });
        (self.since, self.tables) = (Instant::now(), tables);
        Ok((line, turns_s))
    }
}

/// Holds one snapshot after the other; why it cannot, if it cannot.
async fn read(pool: PgPool, held: Option<Duration>) -> anyhow::Error {
    let Some(held) = held else { return std::future::pending().await };
    let hold = async || -> anyhow::Result<Infallible> {
        let mut connection = pool.acquire().await?.detach();
        // A report is nobody's session of ours, and nothing limits it.
        sqlx::raw_sql("set idle_in_transaction_session_timeout = 0")
            .execute(&mut connection)
            .await?;
        loop {
            sqlx::raw_sql("begin isolation level repeatable read read only")
                .execute(&mut connection)
                .await?;
            // The snapshot is taken by the first statement.
            sqlx::raw_sql("select from instance limit 1").execute(&mut connection).await?;
            tokio::time::sleep(held).await;
            sqlx::raw_sql("commit")
                .execute(&mut connection)
                .await
                .context("ending the snapshot")?;
        }
    };
    let Err(error) = hold().await;
    error
}
