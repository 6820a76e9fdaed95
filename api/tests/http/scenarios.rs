//! Scenarios at the API: those of an upload are played, and a history becomes one.

use crate::world::{World, until, waiting};
use api::auth::Role;
use serde_json::{Value, json};

/// `waiting`, with these scenarios.
fn with_tests(tests: Value) -> Value {
    let mut definition = waiting();
    definition["tests"] = tests;
    definition
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_whose_scenario_fails_is_refused() {
    let world = World::make().await;
    let owner = world.user(Role::Owner).await;
    let passes = json!({"name": "is paid", "script": [
        {"start": {}}, {"send": {"type": "paid", "amount": 3}}, {"expect": {"context": {"amount": 3}, "status": "done"}}]});
    let fails = json!({"name": "comes late", "script": [
        {"start": {}}, {"wait": "1h"}, {"expect": {"state": "late"}}]});
    let odd = json!({"name": "odd", "script": [{"sart": {}}]});
    let circles = json!({
        "perdure": 1, "name": "circles",
        "machine": {"id": "c", "initial": "a", "states": {"a": {"after": {"1": {"target": "a", "reenter": true}}}}},
        "tests": [{"name": "for ever", "script": [{"start": {}}, {"wait": "10d"}]}]
    });
    // (upload, code and pointer of the first error)
    for (upload, wanted) in [
        (with_tests(json!([passes])), None),
        (with_tests(json!([passes, fails])), Some(("scenario-failed", "/tests/1"))),
        (with_tests(json!([odd])), Some(("scenario-line", "/tests/0/script/0"))),
        (circles, Some(("scenario-failed", "/tests/0"))),
    ] {
        let answer = owner.post("/v1/definitions?publish=true", &upload).await;
        let Some((code, pointer)) = wanted else {
            answer.wants(201);
            continue;
        };
        let problem = answer.wants(422);
        let errors = problem["diagnostics"].as_array().unwrap();
        let found =
            errors.iter().find(|d| d["code"] == code).unwrap_or_else(|| panic!("{problem}"));
        assert_eq!(
            (&problem["code"], &found["pointer"]),
            (&json!("invalid-definition"), &json!(pointer))
        );
    }
    let problem = owner.post("/v1/definitions", &with_tests(json!([fails]))).await.wants(422);
    let told = problem["diagnostics"][0]["message"].as_str().unwrap();
    assert!(told.contains("`comes late` fails: `state`: `late` is not active"), "{told}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_history_is_a_scenario_of_its_definition() {
    let world = World::make().await;
    let owner = world.user(Role::Owner).await;
    owner.publish(&waiting()).await;
    let id =
        owner.start(json!({"definition": "waiting", "input": {"phone": "+255712345678"}})).await;
    let event = json!({"type": "paid", "data": {"amount": 7, "by": "asha@mail.example"}});
    owner.post(&format!("/v1/instances/{id}/events?wait=5s"), &event).await.wants(200);
    let path = format!("/v1/instances/{id}/scenario");
    let recording = owner.get(&path).await.wants(200);
    assert_eq!(recording["notes"], json!([]), "{recording}");
    let scenario = &recording["scenario"];
    let text = scenario.to_string();
    assert!(!text.contains("712345678") && !text.contains("asha@"), "{text}");
    assert!(!text.contains(&id) && !text.contains("hooks/resume"), "{text}");
    let kept = owner.get(&format!("{path}?keep_data=true")).await.wants(200);
    assert_eq!(kept["scenario"]["given"]["input"], json!({"phone": "+255712345678"}));
    for scenario in [scenario, &kept["scenario"]] {
        owner.post("/v1/definitions", &with_tests(json!([scenario]))).await.wants(201);
    }
    let stranger = world.user_of(uuid::Uuid::now_v7(), Role::Owner).await;
    assert_eq!(stranger.get(&path).await.status, 404);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_instance_undoes_what_it_did_if_asked_to() {
    let world = World::make().await;
    let owner = world.user(Role::Owner).await;
    owner.publish(&json!({
        "perdure": 1, "name": "saga",
        "machine": {"id": "saga", "initial": "wait", "states": {
            "wait": {
                "entry": [{"type": "@perdure.undo", "id": "give back", "src": "noop", "input": {"value": 7}}],
                "on": {"go": "end"}
            },
            "end": {"type": "final"}
        }}
    }))
    .await;
    for (body, undone) in [(json!({}), 0), (json!({"compensate": true, "reason": "mistake"}), 1)] {
        let id = owner.start(json!({"definition": "saga"})).await;
        owner.post(&format!("/v1/instances/{id}/cancel"), &body).await.wants(200);
        until("cancelled", async || {
            let shown = owner.get(&format!("/v1/instances/{id}")).await.wants(200);
            (shown["status"] == "cancelled").then_some(())
        })
        .await;
        let turns = owner.get(&format!("/v1/instances/{id}/history")).await.wants(200);
        let commands =
            turns.as_array().unwrap().iter().flat_map(|t| t["commands"].as_array().unwrap());
        let steps = commands.filter(|command| command["type"] == "run_step").count();
        assert_eq!(steps, undone, "{body}: {turns}");
    }
    let id = owner.start(json!({"definition": "saga"})).await;
    let refused =
        owner.post(&format!("/v1/instances/{id}/suspend"), &json!({"compensate": true})).await;
    assert_eq!(refused.wants(422)["pointer"], "/compensate");
    world.end().await;
}
