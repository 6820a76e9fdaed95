//! A database that goes away, rows that change under the owner's feet, and a client that hangs up.

use crate::support::{World, one_step, post};
use serde_json::json;
use std::{sync::Arc, time::Duration};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_die_lose_nothing() {
    let world = World::make().await;
    world.publish("journey", one_step(json!({ "src": "noop" }))).await;
    let mut acknowledged = Vec::new();
    for _ in 0..15 {
        let mut started = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let (engine, tenant) = (world.engine.clone(), world.tenant);
            started.spawn(async move {
                let request = engine::StartRequest {
                    tenant,
                    definition: "journey".to_owned(),
                    ..engine::StartRequest::default()
                };
                engine.start_instance(request).await.ok().map(|view| view.id)
            });
        }
        // In the middle of that, all but the lease's: a lost lease is a test of its own.
        let _ = sqlx::query(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and application_name = 'perdure'
             and pid <> pg_backend_pid()
             and pid not in (select pid from pg_locks where locktype = 'advisory')",
        )
        .execute(&world.db.pool)
        .await;
        acknowledged.extend(started.join_all().await.into_iter().flatten());
    }
    assert!(acknowledged.len() > 100, "{}", acknowledged.len());
    for id in acknowledged {
        world.until(id, &["completed"]).await;
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_from_an_old_seq_is_computed_again() {
    let world = World::make().await;
    let machine = json!({
        "@exprLang": "cel",
        "context": { "n": 0 },
        "initial": "counting",
        "states": { "counting": { "on": { "add": {
            "actions": [{ "type": "@xstate.assign", "context": { "n": { "@expr": "context.n + 1" } } }]
        } } } }
    });
    world.publish("counter", machine).await;
    let started = world.begin("counter", json!({})).await.unwrap();
    world.send(started.id, json!({ "type": "add" })).await.unwrap();
    // Another owner gives it a turn that this one's memory does not know of.
    sqlx::raw_sql(
        "update instance set seq = seq + 1, context = '{\"n\": 10}';
         insert into history select tenant_id, instance_id, seq + 1, at, gen_random_uuid(), event, verdict, from_, to_,
           context_patch, commands, definition_digest, semantics, actor, status, state_digest, version
         from history where seq = 2",
    )
    .execute(&world.db.pool)
    .await
    .unwrap();
    let after = world.send(started.id, json!({ "type": "add" })).await.unwrap();
    assert_eq!((after.state.seq, &*after.state.context), (4, &json!({ "n": 11 })));
    // Not `end`: the turn made by hand above cannot be replayed.
    world.engine.shutdown().await;
    world.db.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interrupted_tries_are_unknown_and_the_rest_goes_on() {
    // (policy, status at the end, tries)
    let cases = [("ask", "stuck", 1), ("check", "completed", 2), ("assume_done", "completed", 1)];
    for (policy, wanted, tries) in cases {
        let world = World::make().await;
        let invoke = post(json!(["hang", "act"]), json!({ "onUnknown": policy, "backoffMs": 1 }));
        world.publish("journey", one_step(invoke)).await;
        let started = world.begin("journey", json!({})).await.unwrap();
        world.db.until("select count(*) from ledger").await;
        // The try hangs, and is left behind.
        world.engine.shutdown().await;
        assert_eq!(world.db.count("select count(*) from step where status = 'started'").await, 1);
        let world = World::start(world.db, world.tenant, Arc::new(engine::NoAccounts)).await;
        let ended = world.until(started.id, &["completed", "stuck"]).await;
        assert_eq!(ended.status, wanted, "{policy}: {ended:#?}");
        assert_eq!(world.db.count("select count(*) from ledger").await, tries, "{policy}");
        world.end().await;
    }
}

/// sqlx 0.9 loses track of a `begin` that is cancelled; without the hook of our pool, the next user's insert would be
/// acknowledged and rolled back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_begin_costs_nobody_a_row() {
    let db = crate::support::Db::make().await;
    sqlx::raw_sql("create table written (n int)").execute(&db.pool).await.unwrap();
    let mut acknowledged = 0_i64;
    for n in 0..500 {
        let wait = Duration::from_micros(u64::try_from(n % 40).unwrap() * 10);
        let _ = tokio::time::timeout(wait, db.pool.begin()).await;
        let insert = sqlx::query("insert into written values ($1)").bind(n);
        acknowledged += i64::from(insert.execute(&db.pool).await.is_ok());
    }
    assert_eq!(db.count("select count(*) from written").await, acknowledged);
    assert!(acknowledged > 400, "{acknowledged}");
    db.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shards_are_spread_and_handed_over() {
    let world = World::make().await;
    assert_eq!(world.engine.shards_owned(), 256, "one process owns all");
    world.publish("journey", one_step(json!({ "src": "noop" }))).await;
    let db = crate::support::Db::open(&world.db.name).await;
    let accounts = || std::sync::Arc::new(engine::NoAccounts);
    let next = crate::support::start_engine(&db, &world.clock, accounts()).await.unwrap();
    let since = std::time::Instant::now();
    while (world.engine.shards_owned(), next.shards_owned()) != (128, 128) {
        assert!(since.elapsed() < Duration::from_secs(20), "{}", next.shards_owned());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Whichever process is asked, the instance is started, by the one that owns its shard.
    for engine in [&world.engine, &next].into_iter().cycle().take(20) {
        let request = engine::StartRequest {
            tenant: world.tenant,
            definition: "journey".to_owned(),
            ..engine::StartRequest::default()
        };
        let id = engine.start_instance(request).await.unwrap().id;
        world.until(id, &["completed"]).await;
    }
    world.engine.shutdown().await;
    assert!(!world.engine.is_running());
    let stopped = world.begin("journey", json!({})).await;
    assert!(matches!(stopped, Err(engine::Error::Stopping)), "{stopped:?}");
    let since = std::time::Instant::now();
    while next.shards_owned() != 256 {
        assert!(since.elapsed() < Duration::from_secs(2), "it waited for the lease to end");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    next.shutdown().await;
    crate::support::check_promises(&db).await;
    db.pool.close().await;
    world.db.drop().await;
}
