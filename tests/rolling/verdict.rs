//! What must be true when it is over.

use crate::rolling::{
    fleet::{Fleet, LOOK, PATIENCE, Which},
    load::{Acknowledged, TICKS},
};
use anyhow::{Context, Result, ensure};
use serde_json::json;
use sqlx::PgPool;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};
use uuid::Uuid;

/// Instances that the command line replays; the others are replayed over HTTP, by the same code.
const BY_COMMAND: usize = 5;

/// Each counts what breaks a promise.
const PROMISES: &[(&str, &str)] = &[
    (
        "history has no gap, and ends where the instance stands",
        "select count(*) from instance i where i.seq <> (select count(*) from history h
           where h.tenant_id = i.tenant_id and h.instance_id = i.id)
         or i.seq <> (select max(h.seq) from history h
           where h.tenant_id = i.tenant_id and h.instance_id = i.id)",
    ),
    (
        "an event has one turn",
        "select count(*) from (select from history group by instance_id, event_id having count(*) > 1) twice",
    ),
    (
        "time never goes back along a history",
        "select count(*) from history a join history b
           on b.instance_id = a.instance_id and b.seq = a.seq + 1 where b.at < a.at",
    ),
    (
        "nothing is left open",
        "select (select count(*) from inbox) + (select count(*) from step) + (select count(*) from timer)
           + (select count(*) from incident)",
    ),
];

/// Checks it.
pub(crate) async fn check(fleet: &Fleet, done: &Acknowledged) -> Result<()> {
    let pool = engine::connect(&fleet.database, 2).await?;
    rest(&pool).await?;
    for (promise, broken) in PROMISES {
        let broken: i64 = sqlx::query_scalar(*broken).fetch_one(&pool).await?;
        ensure!(broken == 0, "{promise}: broken {broken} times");
    }
    check_instances(&pool, done).await?;
    check_marks(&pool, done).await?;
    check_effects(fleet, done).await?;
    pool.close().await;
    replay(fleet, done).await
}

/// Waits until every instance is over.
async fn rest(pool: &PgPool) -> Result<()> {
    let begun = Instant::now();
    loop {
        let open: Vec<(Uuid, String, Option<String>)> = sqlx::query_as(
            "select id, instance.status, incident.message
             from instance left join incident on incident.tenant_id = instance.tenant_id and instance_id = id
             where live limit 5",
        )
        .fetch_all(pool)
        .await?;
        if open.is_empty() {
            return Ok(());
        }
        ensure!(begun.elapsed() < PATIENCE, "still open: {open:?}");
        tokio::time::sleep(LOOK).await;
    }
}

async fn check_instances(pool: &PgPool, done: &Acknowledged) -> Result<()> {
    let ended: Vec<(Uuid, String, i64)> =
        sqlx::query_as("select id, status, (context->>'n')::bigint from instance")
            .fetch_all(pool)
            .await?;
    for (id, status, n) in &ended {
        ensure!(status == "completed", "{id} is {status}");
        ensure!(u64::try_from(*n)? == TICKS, "{id} counted {n} events of {TICKS}");
    }
    // A start that was asked twice is one instance, so there are exactly those that were acknowledged.
    let there: BTreeSet<Uuid> = ended.into_iter().map(|(id, ..)| id).collect();
    let acknowledged: BTreeSet<Uuid> = done.started.iter().copied().collect();
    ensure!(
        there == acknowledged,
        "{} are there, {} acknowledged",
        there.len(),
        acknowledged.len()
    );
    Ok(())
}

async fn check_marks(pool: &PgPool, done: &Acknowledged) -> Result<()> {
    let turns: Vec<(String, i64)> = sqlx::query_as(
        "select event->>'mark', count(*) from history where event ? 'mark' group by 1",
    )
    .fetch_all(pool)
    .await?;
    let turns: BTreeMap<String, i64> = turns.into_iter().collect();
    for mark in &done.marks {
        let had = turns.get(mark).copied().unwrap_or_default();
        ensure!(had == 1, "the event {mark} was acknowledged and had {had} turns");
    }
    ensure!(turns.len() == done.marks.len(), "turns of events that nobody sent");
    Ok(())
}

/// Slack got one message for each instance: the policy asks Slack before it tries again.
async fn check_effects(fleet: &Fleet, done: &Acknowledged) -> Result<()> {
    let mut effects: BTreeMap<String, usize> = BTreeMap::new();
    for call in fleet.ledger().await? {
        if call["effect"] == json!(true) && call["path"].as_str().is_none_or(|p| p.contains("post"))
        {
            let key = call["key"].as_str().context("a message carries its step's key")?;
            *effects.entry(key.to_owned()).or_default() += 1;
        }
    }
    let twice: Vec<_> = effects.iter().filter(|(_, times)| **times != 1).collect();
    ensure!(twice.is_empty(), "sent more than once: {twice:?}");
    ensure!(effects.len() == done.started.len(), "{} messages", effects.len());
    Ok(())
}

/// Folds every history with this binary.
async fn replay(fleet: &Fleet, done: &Acknowledged) -> Result<()> {
    let door = fleet.door();
    for (n, id) in done.started.iter().enumerate() {
        let found = match n < BY_COMMAND {
            true => fleet.run(Which::This, &["replay", &id.to_string()])?,
            false => {
                let path = format!("/v1/instances/{id}/replay");
                door.post(&path, &json!({})).await?
            }
        };
        ensure!(found["divergence"].is_null(), "{id}: {found}");
    }
    Ok(())
}
