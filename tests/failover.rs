//! A highly available Postgres: the primary is lost in the middle of the work, a standby takes its place, and the engine goes
//! on there with everything that was acknowledged.

use anyhow::{Context, Result};
use api::postgres::{self, Embedded};
use engine::{Clock, Engine, Error, EventRequest, NoAccounts, Options, Settings, StartRequest};
use serde_json::{Map, Value, json};
use sqlx::PgPool;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use uuid::Uuid;

/// Longest that anything expected may take.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);
/// Events acknowledged before the primary is lost.
const EVENTS: usize = 50;

/// A primary and a standby that follows it; `None` where there is no Postgres to start.
async fn pair() -> Result<Option<(Embedded, Embedded)>> {
    let start = || {
        let primary = Embedded::for_tests()?;
        let standby = primary.standby()?;
        Ok((primary, standby))
    };
    match tokio::task::spawn_blocking(start).await? {
        Err(postgres::Error::NoBinaries { .. }) => Ok(None),
        started => Ok(Some(started?)),
    }
}

/// Both servers in one URL, as `DATABASE_URL` names them.
fn url_of(servers: &[&Embedded]) -> String {
    let socket = |server: &&Embedded| {
        server.url().split_once("?host=").map_or("", |(_, socket)| socket).to_owned()
    };
    let sockets: Vec<String> = servers.iter().map(socket).collect();
    format!(
        "postgres://perdure@localhost/perdure?host={}&target_session_attrs=read-write",
        sockets.join(",")
    )
}

async fn start(url: &str) -> Result<Engine> {
    Ok(Engine::start(Options {
        pool: engine::connect(url, 10).await?,
        runner: Arc::new(nodes::Nodes::new(nodes::Settings::default())?),
        accounts: Arc::new(NoAccounts),
        clock: Clock::system(),
        settings: Settings::default(),
    })
    .await?)
}

fn counting() -> Value {
    json!({ "perdure": 1, "name": "counting", "title": "Counts", "machine": {
        "@exprLang": "cel", "id": "counting", "initial": "waiting", "context": {"count": 0},
        "states": { "waiting": { "on": { "go": { "actions":
            {"type": "@xstate.assign", "context": {"count": {"@expr": "context.count + 1"}}} } } } } } })
}

fn event(tenant: Uuid, instance: Uuid) -> EventRequest {
    let body = Map::from_iter([("type".to_owned(), json!("go"))]);
    EventRequest { tenant, instance, body, actor: "test".to_owned(), reason: None }
}

async fn count(engine: &Engine, tenant: Uuid, instance: Uuid) -> Result<i64> {
    let view = engine.instance(tenant, instance).await?;
    view.state.context["count"].as_i64().context("a count")
}

/// Every acknowledged commit is on the standby too, as a promise that outlives a machine needs.
async fn replicate_synchronously(pool: &PgPool) -> Result<()> {
    sqlx::raw_sql("alter system set synchronous_standby_names = '*'").execute(pool).await?;
    sqlx::raw_sql("select pg_reload_conf()").execute(pool).await?;
    let begun = Instant::now();
    loop {
        let synchronous: bool = sqlx::query_scalar(
            "select exists (select from pg_stat_replication where sync_state = 'sync')",
        )
        .fetch_one(pool)
        .await?;
        if synchronous {
            return Ok(());
        }
        anyhow::ensure!(begun.elapsed() < PATIENCE, "the standby does not follow");
        tokio::time::sleep(LOOK).await;
    }
}

/// Sends one more, as a client does that tries again until it is acknowledged.
async fn send_until_taken(engine: &Engine, tenant: Uuid, instance: Uuid) -> Result<()> {
    let begun = Instant::now();
    loop {
        match engine.send_event(event(tenant, instance)).await {
            Ok(_) => return Ok(()),
            Err(error) => {
                anyhow::ensure!(begun.elapsed() < PATIENCE, "it never went on: {error:?}");
                tokio::time::sleep(LOOK).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_engine_goes_on_where_the_primary_is() -> Result<()> {
    let Some((mut primary, standby)) = pair().await? else { return Ok(()) };
    let pool = engine::connect(primary.url(), 2).await?;
    engine::migrate(&pool).await?;
    replicate_synchronously(&pool).await?;
    pool.close().await;

    // The standby stands first, and is not taken for a primary.
    let engine = start(&url_of(&[&standby, &primary])).await?;
    let tenant = Uuid::new_v4();
    engine.upload(tenant, counting().to_string().into_bytes(), None, true).await?;
    let definition = "counting".to_owned();
    let request =
        StartRequest { tenant, definition, actor: "test".to_owned(), ..StartRequest::default() };
    let instance = engine.start_instance(request).await?.id;
    for _ in 0..EVENTS {
        engine.send_event(event(tenant, instance)).await?;
    }

    let (_lost, standby) = tokio::task::spawn_blocking(move || {
        primary.crash()?;
        standby.promote()?;
        Ok::<_, postgres::Error>((primary, standby))
    })
    .await??;
    // Nobody follows the new primary; it has to acknowledge alone.
    let alone = engine::connect(standby.url(), 1).await?;
    sqlx::raw_sql("alter system set synchronous_standby_names = ''").execute(&alone).await?;
    sqlx::raw_sql("select pg_reload_conf()").execute(&alone).await?;
    alone.close().await;

    send_until_taken(&engine, tenant, instance).await?;
    let counted = count(&engine, tenant, instance).await?;
    // An attempt whose acknowledgement was lost with the server may have counted as well; no event may be missing.
    let sent = i64::try_from(EVENTS)?;
    assert!(counted > sent, "{counted} of {sent} acknowledged events are there");
    let begun = Instant::now();
    while engine.shards_owned() == 0 {
        anyhow::ensure!(begun.elapsed() < PATIENCE, "the lease was not renewed on the new primary");
        tokio::time::sleep(LOOK).await;
    }
    engine.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn a_standby_alone_is_refused_for_work_and_taken_for_reading() -> Result<()> {
    let Some((primary, standby)) = pair().await? else { return Ok(()) };
    let Err(Error::NoServer(why)) = engine::connect(standby.url(), 2).await else {
        panic!("a standby was taken for a primary");
    };
    assert!(why.contains("is a read-only standby"), "{why}");
    let both = url_of(&[&primary, &standby]).replace("read-write", "any");
    for (url, is_standby) in [(both.as_str(), true), (primary.url(), false)] {
        let pool = engine::connect_replica(url, 2).await?;
        let found: bool = sqlx::query_scalar("select pg_is_in_recovery()").fetch_one(&pool).await?;
        assert_eq!(found, is_standby, "{url}");
        pool.close().await;
    }
    Ok(())
}
