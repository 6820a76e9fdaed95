//! Versions: a stuck instance goes on with a fixed one, and what is published last is what starts.
//!
//! A retry that names a version is a turn like any other: the event, the instance's new version and digest, the history row
//! and whatever comes of the retry are one transaction, so a crash at any point leaves all of it or nothing.

use crate::support::{Db, World, check_promises, check_replay, publish, start_engine, until};
use engine::{
    Clock, Engine, EventRequest, InstanceView, NoAccounts, StartRequest,
    ops::{replay, retry},
};
use serde_json::{Map, Value, json};
use std::{process::Command, sync::Arc};
use uuid::Uuid;

/// The instance of the crash test.
const INSTANCE: Uuid = Uuid::from_u128(8);
/// Its tenant.
const TENANT: Uuid = Uuid::from_u128(2);

/// Takes `pay` and then `thank`; the guard of `pay` fails on an event without `amount`, unless it is fixed.
fn paying(guard: &str, waits_in: &str) -> Value {
    json!({
        "@exprLang": "cel",
        "context": { "paid": 0 },
        "initial": waits_in,
        "states": {
            waits_in: { "on": { "pay": {
                "guard": { "@expr": guard },
                "target": "paid",
                "actions": [{ "type": "@xstate.assign", "context": { "paid": { "@expr": "event.sum" } } }]
            } } },
            "paid": { "on": { "thank": "thanked" } },
            "thanked": { "type": "final" }
        }
    })
}

const BROKEN: &str = "event.amount > 10";
const FIXED: &str = "event.sum > 10";

fn object(body: Value) -> Map<String, Value> {
    body.as_object().cloned().unwrap()
}

/// An `ops.retry` with this version.
async fn retry_with(engine: &Engine, view: &InstanceView, tenant: Uuid, version: i32) -> Value {
    let definition = retry::definition(engine, tenant, view, version).await.unwrap();
    json!({ "type": "ops.retry", "definition": definition })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stuck_instance_goes_on_with_the_version_that_fixes_it() {
    let world = World::make().await;
    let (engine, tenant) = (&world.engine, world.tenant);
    world.publish("paying", paying(BROKEN, "asking")).await;
    let started = world.begin("paying", json!({})).await.unwrap();
    world.send(started.id, json!({ "type": "pay", "sum": 12 })).await.unwrap();
    let stuck = world.send(started.id, json!({ "type": "thank" })).await.unwrap();
    assert_eq!((stuck.status.as_str(), stuck.state.memo.held.len()), ("stuck", 2));
    world.publish("paying", paying(FIXED, "asking")).await;
    world.publish("paying", paying(FIXED, "begging")).await;

    // What cannot be is refused before there is an event.
    let refused = retry::definition(engine, tenant, &stuck, 3).await.unwrap_err().to_string();
    let wanted =
        "it cannot go on with version 3: the state `asking` does not exist in this version";
    assert_eq!(refused, wanted);
    let unknown = retry::definition(engine, tenant, &stuck, 9).await;
    assert!(matches!(unknown, Err(engine::Error::NotFound(_))), "{unknown:?}");
    // One that nobody checked, or whose digest is of another version, has a turn that changes nothing.
    let first = engine.definition(tenant, "paying", Some(1)).await.unwrap().definition;
    let second = engine.definition(tenant, "paying", Some(2)).await.unwrap().definition;
    let third = engine.definition(tenant, "paying", Some(3)).await.unwrap().definition;
    for (version, digest) in [(3, &third.digest), (3, &second.digest), (7, &second.digest)] {
        let definition = json!({ "version": version, "digest": digest });
        let retry = json!({ "type": "ops.retry", "definition": definition });
        let after = world.send(started.id, retry).await.unwrap();
        assert_eq!((after.status.as_str(), after.version), ("stuck", 1), "{version} {digest}");
    }

    // The version it runs, named: it gets stuck again, where it is.
    let again = retry_with(engine, &stuck, tenant, 1).await;
    let again = world.send(started.id, again).await.unwrap();
    assert_eq!((again.status.as_str(), again.version), ("stuck", 1));
    let fixed = retry_with(engine, &again, tenant, 2).await;
    let after = world.send(started.id, fixed).await.unwrap();
    assert_eq!((after.status.as_str(), after.version), ("completed", 2), "{after:#?}");
    assert_eq!((&after.digest, &*after.state.context), (&second.digest, &json!({ "paid": 12 })));
    let stored = engine.instance(tenant, started.id).await.unwrap();
    assert_eq!((stored.version, &stored.digest), (2, &second.digest));
    let turns = world.db.count("select count(*) from history").await;
    let moved = world.db.count("select count(distinct version) from history where seq >= 7").await;
    assert_eq!((turns, moved), (8, 2));

    // As it was; and as it would have been with either version from the beginning.
    let cases = [
        (None, 8, None),
        (Some(first), 8, Some("stuck")),
        (Some(second), 2, Some("configuration")),
    ];
    for (candidate, turns, what) in cases {
        let found = replay::instance(engine, tenant, started.id, candidate).await.unwrap();
        let divergence = found.divergence.as_ref().map(|d| d.what);
        assert_eq!((found.turns, divergence), (turns, what), "{found:#?}");
    }
    world.end().await;
}

/// Gets the instance stuck, fixes it and retries, from wherever an earlier process left it.
async fn run(db: &Db) {
    let engine = start_engine(db, &Clock::system(), Arc::new(NoAccounts)).await.unwrap();
    publish(&engine, TENANT, "paying", paying(BROKEN, "asking")).await;
    let request = StartRequest {
        tenant: TENANT,
        definition: "paying".to_owned(),
        version: Some(1),
        id: Some(INSTANCE),
        ..StartRequest::default()
    };
    match engine.start_instance(request).await {
        Ok(_) | Err(engine::Error::Exists(_)) => {}
        Err(error) => panic!("{error}"),
    }
    publish(&engine, TENANT, "paying", paying(FIXED, "asking")).await;
    let send = async |body: Value| {
        let (body, actor) = (object(body), "test".to_owned());
        let event = EventRequest { tenant: TENANT, instance: INSTANCE, body, actor, reason: None };
        engine.send_event(event).await.unwrap();
    };
    let mut view = engine.instance(TENANT, INSTANCE).await.unwrap();
    if view.state.seq == 1 {
        send(json!({ "type": "pay", "sum": 12 })).await;
        view = until(&engine, TENANT, INSTANCE, &["stuck"]).await;
    }
    if view.status == "stuck" {
        assert_eq!(view.version, 1);
        send(retry_with(&engine, &view, TENANT, 2).await).await;
        view = until(&engine, TENANT, INSTANCE, &["waiting"]).await;
    }
    assert_eq!((view.version, &view.state.configuration[0]), (2, &"paid".to_owned()));
    engine.shutdown().await;
}

/// The process that is killed: this very test binary, told so by its environment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crash_victim() {
    let Ok(name) = std::env::var("PERDURE_TEST_VICTIM_OF") else { return };
    run(&Db::open(&name).await).await;
}

/// The third turn is the retry.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_moves_it_or_does_not() {
    if !cfg!(debug_assertions) {
        return;
    }
    // (point, version after the crash)
    let cases = [("turn.prepared", 1), ("turn.before_commit", 1), ("turn.after_commit", 2)];
    for (point, version) in cases {
        let db = Db::make().await;
        let mut victim = Command::new(std::env::current_exe().unwrap());
        victim.args(["--exact", "versions::crash_victim", "--nocapture"]);
        victim.env("PERDURE_TEST_VICTIM_OF", &db.name);
        victim.env("PERDURE_CRASH_AT", format!("{point}:3"));
        assert!(!victim.output().unwrap().status.success(), "{point} was not visited");
        let left: (i32, String, String) = sqlx::query_as(
            "select i.version, i.digest, d.digest from instance i
             join history h on h.instance_id = i.id and h.seq = i.seq
             join definition d on d.name = i.definition and d.version = h.version",
        )
        .fetch_one(&db.pool)
        .await
        .unwrap();
        assert_eq!((left.0, &left.1), (version, &left.2), "{point}");
        run(&db).await;
        check_promises(&db).await;
        let engine = start_engine(&db, &Clock::system(), Arc::new(NoAccounts)).await.unwrap();
        check_replay(&db, &engine).await;
        engine.shutdown().await;
        db.drop().await;
    }
}

/// Name and digest of the definitions whose triggers the router looks at.
async fn triggered(db: &Db, tenant: Uuid) -> Vec<(String, String)> {
    let mut statements = engine::store::statements().iter();
    let (_, sql) =
        statements.find(|(name, _)| name.contains("select_definitions_published")).unwrap();
    sqlx::query_as(*sql).bind(tenant).fetch_all(&db.pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_published_last_is_what_starts() {
    let world = World::make().await;
    let (pool, tenant) = (&world.db.pool, world.tenant);
    let machines = [paying(BROKEN, "one"), paying(BROKEN, "two"), paying(BROKEN, "three")];
    // (which is uploaded, whether it is published, its version, the version that starts)
    let cases = [
        (0, false, 1, None),
        (0, true, 1, Some(1)),
        (1, true, 2, Some(2)),
        (0, false, 1, Some(2)),
        (0, true, 1, Some(1)),
        (2, false, 3, Some(1)),
        (1, true, 2, Some(2)),
        (2, true, 3, Some(3)),
        (0, true, 1, Some(1)),
    ];
    for (row, (which, is_published, version, current)) in cases.into_iter().enumerate() {
        let bytes = machines[which].to_string().into_bytes();
        let name = Some("paying".to_owned());
        let stored = world.engine.upload(tenant, bytes, name, is_published).await.unwrap();
        assert_eq!(stored.version, version, "row {row}");
        let found = engine::ops::definitions::current(pool, tenant, "paying".to_owned()).await;
        assert_eq!(found.unwrap(), current, "row {row}");
        let listed = engine::ops::definitions::list(pool, tenant, None, 10).await.unwrap();
        assert_eq!(listed.items[0].version, current.unwrap_or(1), "row {row}");
        let named = triggered(&world.db, tenant).await;
        let started = world.begin("paying", json!({})).await;
        let Some(current) = current else {
            assert!(named.is_empty() && started.is_err(), "row {row}");
            continue;
        };
        let started = started.unwrap();
        assert_eq!((started.version, &started.digest), (current, &named[0].1), "row {row}");
    }
    world.publish("parent", json!({
        "initial": "asking", "states": { "asking": { "invoke": { "id": "child", "src": "workflow:paying" } } }
    }))
    .await;
    let parent = world.begin("parent", json!({})).await.unwrap();
    let child = engine::child_id(parent.id, parent.state.memo.steps.get("child").unwrap().id);
    assert_eq!(world.until(child, &["waiting"]).await.version, 1);
    world.end().await;
}
