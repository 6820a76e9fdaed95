//! Concurrency keys and priorities: how many instances of a definition run at once, and whose steps go first.

use crate::support::{Db, World, event, start_engine};
use engine::{Engine, Enqueued, Error, NoAccounts, StartRequest};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// A definition whose instances wait for `go`.
fn waiting(name: &str, concurrency: Value) -> Value {
    json!({
        "perdure": 1, "name": name, "policies": { "concurrency": concurrency },
        "machine": {
            "initial": "waiting",
            "states": { "waiting": { "on": { "go": "done" } }, "done": { "type": "final" } }
        }
    })
}

async fn upload(engine: &Engine, tenant: Uuid, definition: &Value) {
    engine.upload(tenant, definition.to_string().into_bytes(), None, true).await.unwrap();
}

/// `in`, `queued` or `full`, with the instance's id.
async fn start(world: &World, definition: &str, input: Value) -> (&'static str, Uuid) {
    let id = Uuid::now_v7();
    let request = StartRequest {
        tenant: world.tenant,
        definition: definition.to_owned(),
        input,
        id: Some(id),
        actor: "test".to_owned(),
        ..StartRequest::default()
    };
    let word = match world.engine.start_instance(request).await {
        Ok(_) => "in",
        Err(Error::Queued(queued)) if queued == id => "queued",
        Err(Error::Full(_)) => "full",
        Err(error) => panic!("{error:?}"),
    };
    (word, id)
}

async fn go(world: &World, id: Uuid) {
    world.send(id, json!({ "type": "go" })).await.unwrap();
}

/// Waits until an instance that was queued has started.
async fn started(world: &World, id: Uuid) {
    let statement = format!("select count(*) from instance where id = '{id}'");
    let statement: &'static str = Box::leak(statement.into_boxed_str());
    world.db.until(statement).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_more_waits_and_comes_in_order() {
    let world = World::make().await;
    let policy = json!({ "key": "input.order", "max": 2 });
    upload(&world.engine, world.tenant, &waiting("queue", policy)).await;
    let mut all = Vec::new();
    for wanted in ["in", "in", "queued", "queued"] {
        let (word, id) = start(&world, "queue", json!({ "order": 7 })).await;
        assert_eq!(word, wanted);
        all.push(id);
    }
    assert_eq!(start(&world, "queue", json!({ "order": 8 })).await.0, "in", "another key");
    go(&world, all[1]).await;
    started(&world, all[2]).await;
    // Who comes now stands behind those who wait.
    assert_eq!(start(&world, "queue", json!({ "order": 7 })).await.0, "queued");
    go(&world, all[0]).await;
    started(&world, all[3]).await;
    let live = "select count(*) from instance where live and key is null";
    assert_eq!(world.db.count(live).await, 3);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_more_is_refused_or_takes_the_place_of_the_oldest() {
    let world = World::make().await;
    upload(&world.engine, world.tenant, &waiting("refuse", json!({ "max": 1, "over": "refuse" })))
        .await;
    let (word, first) = start(&world, "refuse", Value::Null).await;
    assert_eq!(word, "in");
    assert_eq!(start(&world, "refuse", Value::Null).await.0, "full");
    go(&world, first).await;
    assert_eq!(start(&world, "refuse", Value::Null).await.0, "in");

    let policy = json!({ "key": "input.who", "max": 2, "over": "cancel_old" });
    upload(&world.engine, world.tenant, &waiting("latest", policy)).await;
    let mut all = Vec::new();
    for _ in 0..4 {
        let (word, id) = start(&world, "latest", json!({ "who": "asha" })).await;
        assert_eq!(word, "in");
        all.push(id);
    }
    for (id, status) in all.into_iter().zip(["cancelled", "cancelled", "waiting", "waiting"]) {
        world.until(id, &[status]).await;
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starts_of_the_inbox_keep_the_number_whatever_comes_at_once() {
    let world = World::make().await;
    upload(&world.engine, world.tenant, &waiting("queue", json!({ "max": 3 }))).await;
    let mut tx = world.db.pool.begin().await.unwrap();
    let mut ids = Vec::new();
    for _ in 0..10 {
        let started =
            engine::turn::Started { definition: "queue".to_owned(), ..Default::default() };
        let instance = Uuid::now_v7();
        ids.push(instance);
        let enqueued = Enqueued {
            event_id: None,
            tenant: world.tenant,
            instance,
            conversation: None,
            body: started.into_body(),
            actor: "test".to_owned(),
        };
        engine::enqueue(&mut tx, enqueued, world.clock.now()).await.unwrap();
    }
    tx.commit().await.unwrap();
    for id in ids.iter().copied() {
        world.engine.hint_inbox(id, None);
    }
    let mut waiting: Vec<Uuid> = ids;
    while !waiting.is_empty() {
        world.db.until("select (count(*) > 0)::int::bigint from instance where live").await;
        world.db.until("select (count(*) = 0)::int::bigint from inbox").await;
        assert!(world.db.count("select count(*) from instance where live").await <= 3);
        let live: Vec<Uuid> = sqlx::query_scalar("select id from instance where live")
            .fetch_all(&world.db.pool)
            .await
            .unwrap();
        for id in live {
            go(&world, id).await;
            waiting.retain(|other| *other != id);
        }
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_loses_no_start_and_no_place() {
    let db = Db::make().await;
    let (clock, tenant) = (engine::Clock::system(), Uuid::now_v7());
    let engine = start_engine(&db, &clock, Arc::new(NoAccounts)).await.unwrap();
    let world = World { db, clock, engine, tenant };
    upload(&world.engine, tenant, &waiting("queue", json!({ "max": 1 }))).await;
    let (_, first) = start(&world, "queue", Value::Null).await;
    let (word, second) = start(&world, "queue", Value::Null).await;
    assert_eq!(word, "queued");
    // A start whose process died between its place and its birth: there is a place, and no instance.
    let ghost = "insert into admission (tenant_id, definition, key, instance_id, status, admitted_at, born_by, max)
         select tenant_id, definition, key, gen_random_uuid(), 'held', now(), now() + interval '60 s', max
         from admission where status = 'held'";
    sqlx::raw_sql(ghost).execute(&world.db.pool).await.unwrap();
    world.engine.shutdown().await;
    let World { db, clock, .. } = world;
    let engine = start_engine(&db, &clock, Arc::new(NoAccounts)).await.unwrap();
    let world = World { db, clock, engine, tenant };
    world.send(first, json!({ "type": "go" })).await.unwrap();
    assert_eq!(
        world.db.count("select count(*) from instance where live").await,
        0,
        "held by the ghost"
    );
    world.clock.advance(std::time::Duration::from_secs(61));
    started(&world, second).await;
    let body = json!({ "type": "go" }).as_object().unwrap().clone();
    world.engine.send_event(event(tenant, second, body)).await.unwrap();
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn priorities_come_from_the_definition_or_the_start() {
    let world = World::make().await;
    let definition = json!({
        "perdure": 1, "name": "hurry", "policies": { "priority": 8, "rate": "1000/s" },
        "machine": {
            "initial": "working",
            "states": {
                "working": { "invoke": {
                    "id": "work", "src": "http.request", "onDone": "done",
                    "input": { "method": "POST", "url": "https://example.test", "body": "gate" }
                } },
                "done": { "type": "final" }
            }
        }
    });
    upload(&world.engine, world.tenant, &definition).await;
    let gate = world.db.close_gate().await;
    for priority in [None, Some(1)] {
        let request = StartRequest {
            tenant: world.tenant,
            definition: "hurry".to_owned(),
            priority,
            ..StartRequest::default()
        };
        world.engine.start_instance(request).await.unwrap();
    }
    let told: Vec<(i32, String)> = sqlx::query_as(
        "select (policy ->> 'priority')::int, policy #>> '{paces,0,key}' from step order by 1",
    )
    .fetch_all(&world.db.pool)
    .await
    .unwrap();
    assert_eq!(told, [(1, "definition/hurry".to_owned()), (8, "definition/hurry".to_owned())]);
    drop(gate);
    world.db.until("select (count(*) = 0)::int::bigint from instance where live").await;
    world.end().await;
}
