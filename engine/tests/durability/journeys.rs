//! One step, and everything its outcome can lead to.

use crate::support::{Db, Doorman, World, one_step, post};
use serde_json::{Value, json};
use uuid::Uuid;

struct Case {
    name: &'static str,
    invoke: Value,
    /// How it ends.
    status: &'static str,
    /// Code of the incident, if it ends stuck.
    incident: Option<&'static str>,
    /// What arrived at the provider: (tries, with an effect).
    ledger: (i64, i64),
}

fn fast(extra: Value) -> Value {
    let mut policy = json!({ "backoffMs": 1, "backoffMaxMs": 2, "maxAttempts": 3 });
    for (key, value) in extra.as_object().unwrap() {
        policy[key] = value.clone();
    }
    policy
}

fn noop(script: Value) -> Value {
    json!({ "src": "noop", "input": { "value": script }, "policy": fast(json!({})) })
}

fn cases() -> Vec<Case> {
    let case =
        |name, invoke, status, incident, ledger| Case { name, invoke, status, incident, ledger };
    let silent = |script: Value| {
        let mut invoke = post(script, fast(json!({ "onUnknown": "check" })));
        invoke["input"]["url"] = json!("https://silent.test");
        invoke
    };
    let connection = |name: &str| {
        let mut invoke = noop(json!("act"));
        invoke["input"]["connection"] = json!(name);
        invoke
    };
    let unknown =
        |on_unknown: &str, script: Value| post(script, fast(json!({ "onUnknown": on_unknown })));
    let twice = post(
        json!(["lose", "act"]),
        fast(json!({ "onUnknown": "retry", "acceptDuplicates": true })),
    );
    vec![
        case("done", noop(json!("act")), "completed", None, (1, 1)),
        case("busy, then done", noop(json!(["busy", "busy", "act"])), "completed", None, (3, 1)),
        case("busy for ever", noop(json!("busy")), "stuck", Some("step-failed"), (3, 0)),
        case("refused", noop(json!("refuse")), "stuck", Some("step-failed"), (1, 0)),
        case("a bug in the node", noop(json!("panic")), "stuck", Some("step-failed"), (1, 0)),
        case("unsafe, done", unknown("ask", json!("act")), "completed", None, (1, 1)),
        case(
            "unsafe, busy once",
            unknown("ask", json!(["busy", "act"])),
            "completed",
            None,
            (2, 1),
        ),
        case(
            "lost, a person decides",
            unknown("ask", json!("lose")),
            "stuck",
            Some("step-unknown"),
            (1, 1),
        ),
        case("lost, found by asking", unknown("check", json!("lose")), "completed", None, (1, 1)),
        case(
            "lost on the way there",
            unknown("check", json!(["vanish", "act"])),
            "completed",
            None,
            (2, 1),
        ),
        case("nobody tells", silent(json!("lose")), "stuck", Some("step-unknown"), (1, 1)),
        case("duplicates accepted", twice, "completed", None, (2, 2)),
        case("taken as done", unknown("assume_done", json!("lose")), "completed", None, (1, 1)),
        case(
            "taken as failed",
            unknown("assume_failed", json!("vanish")),
            "stuck",
            Some("step-failed"),
            (1, 0),
        ),
        case("not allowed", connection("refused"), "stuck", Some("step-failed"), (0, 0)),
        case("allowed a little later", connection("later"), "completed", None, (1, 1)),
    ]
}

async fn check(case: Case) {
    let world = World::start(Db::make().await, Uuid::now_v7(), Doorman::new()).await;
    world.publish("journey", one_step(case.invoke)).await;
    let started = world.begin("journey", json!({})).await.unwrap();
    assert_eq!((started.status.as_str(), started.state.seq), ("running", 1), "{}", case.name);
    let ended = world.until(started.id, &["completed", "stuck", "failed"]).await;
    assert_eq!(ended.status, case.status, "{}: {ended:#?}", case.name);
    let incident = ended.state.memo.incident.as_ref().map(|i| i.code.as_str());
    assert_eq!(incident, case.incident, "{}", case.name);
    let tries = world.db.count("select count(*) from ledger").await;
    let effects = world.db.count("select count(*) from ledger where has_acted").await;
    assert_eq!((tries, effects), case.ledger, "{}", case.name);
    let keys = world.db.count("select count(distinct key) from ledger").await;
    assert!(keys <= 1, "{}: every try of a step has the same key", case.name);
    // The result of a step that made its instance stuck keeps the row, so that it can be tried again.
    let parked = world.db.count("select count(*) from step where status = 'parked'").await;
    assert_eq!(parked, i64::from(case.status == "stuck"), "{}", case.name);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_outcome() {
    for case in cases() {
        check(case).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stuck_step_is_tried_again_or_skipped() {
    // (verb, tries, output of the step)
    let cases = [
        (json!({ "type": "ops.retry" }), 2, json!(null)),
        (json!({ "type": "ops.skip", "output": { "by": "hand" } }), 1, json!({ "by": "hand" })),
    ];
    for (verb, tries, output) in cases {
        let world = World::make().await;
        let mut machine = one_step(noop(json!(["refuse", "act"])));
        machine["states"]["working"]["invoke"]["onDone"] = json!({
            "target": "done",
            "actions": [{ "type": "@xstate.assign", "context": { "got": { "@expr": "event.output" } } }]
        });
        machine["@exprLang"] = json!("cel");
        machine["context"] = json!({ "got": null });
        world.publish("journey", machine).await;
        let started = world.begin("journey", json!({})).await.unwrap();
        world.until(started.id, &["stuck"]).await;
        let after = world.send(started.id, verb.clone()).await.unwrap();
        assert_ne!(after.status, "stuck", "{verb}");
        let ended = world.until(started.id, &["completed", "stuck"]).await;
        assert_eq!(ended.status, "completed", "{verb}: {ended:#?}");
        assert_eq!(world.db.count("select count(*) from ledger").await, tries, "{verb}");
        assert_eq!(world.db.count("select count(distinct key) from ledger").await, 1, "{verb}");
        if !output.is_null() {
            assert_eq!(ended.state.context["got"], output, "{verb}");
        }
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_held_by_one_live_instance() {
    let world = World::make().await;
    let gate = world.db.close_gate().await;
    world.publish("journey", one_step(noop(json!("gate")))).await;
    let request = |id: Option<Uuid>| engine::StartRequest {
        tenant: world.tenant,
        definition: "journey".to_owned(),
        key: Some("42".to_owned()),
        id,
        actor: "test".to_owned(),
        ..engine::StartRequest::default()
    };
    let first = world.engine.start_instance(request(None)).await.unwrap();
    let second = world.engine.start_instance(request(None)).await;
    assert!(matches!(second, Err(engine::Error::KeyTaken(id)) if id == first.id), "{second:?}");
    let same = world.engine.start_instance(request(Some(first.id))).await;
    assert!(matches!(same, Err(engine::Error::Exists(id)) if id == first.id), "{same:?}");
    drop(gate);
    world.until(first.id, &["completed"]).await;
    let third = world.engine.start_instance(request(None)).await.unwrap();
    world.until(third.id, &["completed"]).await;
    let unknown = world.begin("nothing", json!({})).await;
    assert!(matches!(unknown, Err(engine::Error::NotFound(_))), "{unknown:?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_content_is_the_same_version() {
    let world = World::make().await;
    let upload = async |machine: Value, publish| {
        let bytes = machine.to_string().into_bytes();
        world.engine.upload(world.tenant, bytes, Some("journey".to_owned()), publish).await
    };
    let (one, two) = (one_step(noop(json!("act"))), one_step(noop(json!("busy"))));
    let cases = [
        (&one, false, 1, "draft"),
        (&one, true, 1, "published"),
        (&one, false, 1, "published"),
        (&two, true, 2, "published"),
    ];
    for (machine, publish, version, status) in cases {
        let uploaded = upload(machine.clone(), publish).await.unwrap();
        assert_eq!((uploaded.version, uploaded.status.as_str()), (version, status));
    }
    let wrong = upload(json!({ "initial": "nowhere", "states": { "a": {} } }), true).await;
    assert!(matches!(wrong, Err(engine::Error::Invalid(d)) if !d.is_empty()));
    assert_eq!(world.engine.definition(world.tenant, "journey", None).await.unwrap().version, 2);
    assert_eq!(world.engine.definition(world.tenant, "journey", Some(1)).await.unwrap().version, 1);
    world.end().await;
}
