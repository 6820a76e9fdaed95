//! Exports at the API: what the builder sent comes back, other products' exports are taken, and what has no form says so.

use crate::world::{World, waiting};
use api::auth::Role;
use serde_json::{Value, json};

/// What n8n exports of a workflow that can be published as it is.
fn n8n() -> Value {
    json!({
        "name": "Ping",
        "nodes": [
            {"id": "1", "name": "When clicking", "type": "n8n-nodes-base.manualTrigger", "typeVersion": 1, "position": [0, 0], "parameters": {}},
            {"id": "2", "name": "Set", "type": "n8n-nodes-base.set", "typeVersion": 3.4, "position": [200, 0], "parameters": {"assignments": {"assignments": [{"name": "n", "value": 1, "type": "number"}]}}}],
        "connections": {"When clicking": {"main": [[{"node": "Set", "type": "main", "index": 0}]]}}
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_is_exported_in_the_form_that_is_asked_for() {
    let world = World::make().await;
    let owner = world.user(Role::Owner).await;
    let graph = json!({
        "viewport": {"x": 1, "y": 2, "zoom": 1},
        "nodes": [{"id": "t", "type": "trigger", "position": {"x": 0, "y": 0}, "data": {"on": "start"}},
                  {"id": "e", "type": "end", "selected": true, "position": {"x": 0, "y": 90}, "data": {}}],
        "edges": [{"source": "t", "target": "e", "label": {"en": "go"}}]
    });
    owner.post("/v1/definitions?publish=true&name=drawn", &graph).await.wants(201);
    owner.publish(&waiting()).await;
    let at = "/v1/definitions/drawn/versions/1/export";
    let mut wanted = graph.clone();
    wanted["edges"][0]["id"] = "e-t-default-e".into();
    assert_eq!(owner.get(&format!("{at}?as=react-flow")).await.wants(200), wanted);
    let file = owner.get(at).await.wants(200);
    assert_eq!((&file["name"], &file["graph"]), (&json!("drawn"), &graph));
    let machine = owner.get(&format!("{at}?as=xstate")).await.wants(200);
    assert_eq!(machine["initial"], "e");
    let again = owner.post("/v1/definitions?name=again", &machine).await.wants(201);
    assert_eq!(again["name"], "drawn", "{again}");
    for (path, status, code) in [
        ("/v1/definitions/drawn/versions/1/export?as=svg", 400, "no-such-form"),
        ("/v1/definitions/waiting/versions/1/export?as=react-flow", 422, "not-exportable"),
        ("/v1/definitions/drawn/versions/9/export", 404, "not-found"),
    ] {
        assert_eq!(owner.get(path).await.wants(status)["code"], code, "{path}");
    }
    let stranger = world.user_of(uuid::Uuid::now_v7(), Role::Owner).await;
    assert_eq!(stranger.get(at).await.status, 404);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_definition_file_of_an_import_is_kept() {
    let world = World::make().await;
    let owner = world.user(Role::Owner).await;
    let stored = owner.post("/v1/definitions?publish=true", &n8n()).await.wants(201);
    assert_eq!(stored["name"], "ping");
    let version = owner.get("/v1/definitions/ping/versions/1").await.wants(200);
    assert_eq!(version["source"]["perdure"], 1, "{version}");
    let again = owner.post("/v1/definitions", &n8n()).await.wants(200);
    assert_eq!(again["digest"], stored["digest"]);
    owner.start(json!({"definition": "ping"})).await;
    let mut needy = n8n();
    needy["nodes"][1]["type"] = "n8n-nodes-base.code".into();
    let problem = owner.post("/v1/definitions", &needy).await.wants(422);
    let found = problem["diagnostics"].as_array().unwrap();
    let told = found.iter().find(|told| told["severity"] == "error").unwrap();
    assert_eq!((&told["code"], &told["pointer"]), (&json!("needs-rewriting"), &json!("/nodes/1")));
    world.end().await;
}
