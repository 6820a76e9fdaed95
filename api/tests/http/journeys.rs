//! What the contract promises, one journey after another.

use crate::world::{User, World, answer, failing, until, waiting};
use api::auth::Role;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn upload_start_send_and_look() {
    let world = World::make().await;
    let user = world.user(Role::Admin).await;
    let stored = user.post("/v1/definitions?publish=true", &waiting()).await.wants(201);
    assert_eq!((&stored["name"], &stored["version"]), (&json!("waiting"), &json!(1)));
    assert_eq!(stored["status"], "published");
    let again = user.post("/v1/definitions?publish=true", &waiting()).await.wants(200);
    assert_eq!(stored["digest"], again["digest"]);
    let listed = user.get("/v1/definitions").await.wants(200);
    assert_eq!(listed["items"][0]["name"], "waiting");
    assert_eq!(user.get("/v1/definitions/waiting").await.wants(200)["published"], 1);
    let version = user.get("/v1/definitions/waiting/versions/1").await.wants(200);
    assert_eq!(version["source"]["name"], "waiting");

    let start = json!({"definition": "waiting", "key": "k1", "input": {"phone": "255700000001"}});
    let started = user.post("/v1/instances", &start).await.wants(201);
    let id = started["id"].as_str().unwrap();
    assert_eq!(started["configuration"], json!(["asking"]));
    assert_eq!((&started["value"], &started["seq"]), (&json!("asking"), &json!(1)));
    assert_eq!(started["timers"].as_array().unwrap().len(), 1);
    let kinds: Vec<&Value> =
        started["waiting_on"].as_array().unwrap().iter().map(|w| &w["kind"]).collect();
    assert_eq!(kinds, ["timer", "event"]);
    let taken = user.post("/v1/instances", &start).await.wants(409);
    assert_eq!((&taken["code"], &taken["instance"]), (&json!("key-taken"), &json!(id)));

    let path = format!("/v1/instances/{id}");
    let event = json!({"type": "paid", "data": {"amount": 3}});
    let after = user.post(&format!("{path}/events?wait=5s"), &event).await.wants(200);
    assert_eq!((&after["status"], &after["context"]["amount"]), (&json!("completed"), &json!(3)));
    assert!(after["waiting_on"].as_array().unwrap().is_empty());
    let history = user.get(&format!("{path}/history")).await.wants(200);
    let seqs: Vec<&Value> = history.as_array().unwrap().iter().map(|turn| &turn["seq"]).collect();
    assert_eq!(seqs, [&json!(1), &json!(2)]);
    assert_eq!(history[1]["event"]["type"], "paid");
    assert!(history[1]["actor"].as_str().unwrap().starts_with("api:"));
    let page = user.get(&format!("{path}/history?after=1")).await.wants(200);
    assert_eq!(page[0]["seq"], 2);
    let first = user.get(&format!("{path}/history?limit=1")).await;
    assert!(first.headers["link"].to_str().unwrap().contains("after=1"));
    let replayed = user.post(&format!("{path}/replay"), &json!({})).await.wants(200);
    assert_eq!(replayed, json!({"turns": 2, "divergence": null, "status": "completed"}));
    let explained = user.get(&format!("{path}/explain")).await.wants(200);
    assert_eq!(explained["summary"], "Completed.");
    world.end().await;
}

#[tokio::test]
async fn a_candidate_is_replayed_and_nothing_is_stored() {
    let world = World::make().await;
    let user = world.user(Role::Admin).await;
    user.publish(&waiting()).await;
    let id = user.start(json!({"definition": "waiting", "input": {"phone": "1"}})).await;
    let path = format!("/v1/instances/{id}");
    user.post(&format!("{path}/events"), &json!({"type": "paid", "data": {"amount": 3}}))
        .await
        .wants(202);
    let mut candidate = waiting();
    candidate["machine"]["states"]["asking"]["on"]["paid"]["target"] = json!("late");
    let body = json!({"definition": candidate});
    let found = user.post(&format!("{path}/replay"), &body).await.wants(200);
    assert_eq!(found["divergence"]["seq"], 2, "{found}");
    assert_eq!(found["divergence"]["what"], "configuration");
    let versions = user.get("/v1/definitions/waiting").await.wants(200);
    assert_eq!(versions["versions"].as_array().unwrap().len(), 1);
    let broken = json!({"definition": {"machine": {"states": {}}}});
    let refused = user.post(&format!("{path}/replay"), &broken).await.wants(422);
    assert!(!refused["diagnostics"].as_array().unwrap().is_empty());
    world.end().await;
}

#[tokio::test]
async fn a_stuck_instance_is_found_and_helped() {
    let world = World::make().await;
    let user = world.user(Role::Admin).await;
    user.publish(&failing()).await;
    let id = user.start(json!({"definition": "failing"})).await;
    let path = format!("/v1/instances/{id}");
    let stuck = once_stuck(&user, &path).await;
    assert_eq!(stuck["incident"]["step"], "call", "{stuck}");
    assert_eq!(stuck["steps"][0]["status"], "parked", "{stuck}");
    let causes = user.get("/v1/incidents").await.wants(200);
    assert_eq!(
        (&causes["items"][0]["instances"], &causes["items"][0]["examples"]),
        (&json!(1), &json!([id]))
    );
    let listed =
        user.get("/v1/instances?status=stuck&definition=failing&state=calling").await.wants(200);
    assert_eq!(listed["items"][0]["id"], json!(id));
    assert!(
        user.get("/v1/instances?status=waiting").await.wants(200)["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );

    user.post(&format!("{path}/resume"), &json!({})).await.wants(409);
    user.post(&format!("{path}/skip"), &json!({"step": "other"})).await.wants(409);
    user.post(&format!("{path}/retry"), &json!({"version": 9})).await.wants(404);
    user.post(&format!("{path}/skip"), &json!({"version": 1})).await.wants(422);
    let reason = "the page was moved";
    let retried = user.post(&format!("{path}/retry"), &json!({"reason": reason})).await.wants(200);
    assert_ne!(retried["status"], "completed");
    once_stuck(&user, &path).await;
    let held = user.post(&format!("{path}/suspend"), &json!({})).await.wants(200);
    assert_eq!(held["status"], "suspended");
    assert_eq!(
        answer(user.request(Method::POST, &format!("{path}/resume"))).await.wants(200)["status"],
        "stuck"
    );
    let done =
        user.post(&format!("{path}/skip"), &json!({"output": {"ok": true}})).await.wants(200);
    assert_eq!(done["status"], "completed");
    let late = user.post(&format!("{path}/cancel"), &json!({})).await.wants(409);
    assert_eq!(late["code"], "not-possible");
    let replayed = user.post(&format!("{path}/replay"), &json!({})).await.wants(200);
    assert_eq!(replayed["divergence"], Value::Null, "{replayed}");
    let audited: Vec<(String, Option<String>)> =
        sqlx::query_as("select verb, reason from audit where target like 'instance%' order by id")
            .fetch_all(&world.pool)
            .await
            .unwrap();
    let verbs: Vec<&str> = audited.iter().map(|(verb, _)| verb.as_str()).collect();
    assert_eq!(verbs, ["retry", "suspend", "resume", "skip"]);
    assert_eq!(audited[0].1.as_deref(), Some(reason));
    world.end().await;
}

#[tokio::test]
async fn a_fixed_version_helps_and_an_older_one_is_published_again() {
    let world = World::make().await;
    let user = world.user(Role::Admin).await;
    let paying = |guard: &str, waits_in: &str| {
        let pay = json!({"target": "paid", "guard": {"@expr": guard}});
        json!({
            "perdure": 1, "name": "paying",
            "machine": {
                "@exprLang": "cel", "initial": waits_in,
                "states": {waits_in: {"on": {"pay": pay}}, "paid": {"type": "final"}},
            },
        })
    };
    user.publish(&paying("event.amount > 10", "asking")).await;
    let id = user.start(json!({"definition": "paying"})).await;
    let path = format!("/v1/instances/{id}");
    let event = json!({"type": "pay", "data": {"sum": 12}});
    let stuck = user.post(&format!("{path}/events?wait=5s"), &event).await.wants(200);
    assert_eq!((&stuck["status"], &stuck["version"]), (&json!("stuck"), &json!(1)), "{stuck}");
    user.publish(&paying("event.sum > 10", "asking")).await;
    user.publish(&paying("event.sum > 10", "begging")).await;
    let retry = format!("{path}/retry");
    let refused = user.post(&retry, &json!({"version": 3})).await.wants(409);
    assert_eq!(refused["code"], "not-possible");
    assert!(refused["detail"].as_str().unwrap().contains("`asking` does not exist"), "{refused}");
    let done = user.post(&retry, &json!({"version": 2, "reason": "fixed"})).await.wants(200);
    assert_eq!((&done["status"], &done["version"]), (&json!("completed"), &json!(2)), "{done}");
    user.post(&retry, &json!({"version": 2})).await.wants(409);
    let history = user.get(&format!("{path}/history")).await.wants(200);
    assert_eq!(history.as_array().unwrap().len(), 3, "{history}");
    assert_ne!(history[1]["definition_digest"], history[2]["definition_digest"]);
    assert_eq!(history[2]["event"]["definition"]["version"], 2);
    let replayed = user.post(&format!("{path}/replay"), &json!({})).await.wants(200);
    assert_eq!(replayed, json!({"turns": 3, "divergence": null, "status": "completed"}));
    let against = user.post(&format!("{path}/replay"), &json!({"version": 2})).await.wants(200);
    assert_eq!(against["divergence"]["seq"], 2, "{against}");

    let body = paying("event.amount > 10", "asking");
    let again = user.post("/v1/definitions?publish=true", &body).await.wants(200);
    assert_eq!((&again["version"], &again["status"]), (&json!(1), &json!("published")));
    let shown = user.get("/v1/definitions/paying").await.wants(200);
    assert_eq!((&shown["version"], &shown["published"]), (&json!(3), &json!(1)), "{shown}");
    let listed = user.get("/v1/definitions").await.wants(200);
    assert_eq!(listed["items"][0]["version"], 1, "{listed}");
    let started = user.post("/v1/instances", &json!({"definition": "paying"})).await.wants(201);
    assert_eq!(started["version"], 1);
    world.end().await;
}

/// The instance, once it is stuck.
async fn once_stuck(user: &User<'_>, path: &str) -> Value {
    until("stuck", async || {
        let found = user.get(path).await.wants(200);
        (found["status"] == "stuck").then_some(found)
    })
    .await
}

#[tokio::test]
async fn asked_twice_done_once() {
    let world = World::make().await;
    let user = world.user(Role::Admin).await;
    user.publish(&waiting()).await;
    let body = json!({"definition": "waiting", "input": {"phone": "1"}});
    let start = |key: &str, body: &Value| {
        let request = user.request(Method::POST, "/v1/instances");
        answer(request.header("idempotency-key", key).body(body.to_string()))
    };
    let first = start("a", &body).await;
    let second = start("a", &body).await;
    assert_eq!((first.status, &first.text), (201, &second.text));
    assert!(!first.headers.contains_key("idempotency-replayed"));
    assert_eq!(second.headers["idempotency-replayed"], "true");
    let other = json!({"definition": "waiting", "input": {"phone": "2"}});
    assert_eq!(start("a", &other).await.wants(422)["code"], "idempotency-mismatch");
    // A refusal is not remembered.
    let bad = json!({"definition": "waiting", "input": {}});
    assert_eq!(start("b", &bad).await.wants(422)["code"], "input");
    start("b", &body).await.wants(201);
    let (left, right) = tokio::join!(start("c", &body), start("c", &body));
    let statuses = [left.status, right.status];
    assert!(statuses.contains(&201), "{statuses:?}");
    assert!(statuses.iter().all(|s| [201, 409].contains(s)), "{statuses:?}");
    // Another credential's key is another key.
    let somebody = world.user(Role::Operator).await;
    let request = somebody.request(Method::POST, "/v1/instances").header("idempotency-key", "a");
    let theirs = answer(request.body(body.to_string())).await.wants(201);
    assert_ne!(theirs["id"], first.json()["id"]);
    let instances: i64 =
        sqlx::query_scalar("select count(*) from instance").fetch_one(&world.pool).await.unwrap();
    assert_eq!(instances, 4);

    let id = first.json()["id"].as_str().unwrap().to_owned();
    let event = json!({"type": "nudge", "id": "provider-1"});
    let path = format!("/v1/instances/{id}/events");
    let one = user.post(&path, &event).await.wants(202);
    let two = user.post(&format!("{path}?wait=5s"), &event).await.wants(200);
    let three = user.post(&path, &event).await.wants(202);
    assert_eq!((one, &two["seq"]), (three, &json!(2)));
    world.end().await;
}

#[tokio::test]
async fn open_routes_and_accounts() {
    let world = World::make().await;
    let nobody = world.nobody();
    assert!(nobody.get("/").await.text.contains("<h1>Perdure</h1>"));
    nobody.get("/health").await.wants(200);
    nobody.get("/ready").await.wants(200);
    let metrics = nobody.get("/metrics").await.text;
    assert!(
        metrics.contains("\nperdure_shards_owned 256\n") && metrics.contains("perdure_turns_total")
    );
    let admin = world.user(Role::Admin).await;
    let schema = admin.get("/v1/schema").await.wants(200);
    assert_eq!(schema["$id"], "urn:perdure:definition:1");
    let kinds = admin.get("/v1/kinds").await.wants(200);
    assert!(kinds["items"].as_array().unwrap().iter().any(|kind| kind["kind"] == "send.text"));
    let connection = json!({
        "name": "crm", "provider": "hubspot", "base_url": "https://api.example.com/", "token": "CANARY-1",
    });
    let made = admin.post("/v1/connections", &connection).await.wants(201);
    assert_eq!(
        (&made["has_token"], &made["base_url"]),
        (&json!(true), &json!("https://api.example.com"))
    );
    let channel = json!({
        "kind": "whatsapp", "name": "Shop", "external_id": "900001", "secrets": {"app_secret": "CANARY-2"},
    });
    let made = admin.post("/v1/channels", &channel).await.wants(201);
    assert_eq!(made["secrets"], json!(["app_secret"]));
    for path in ["/v1/connections", "/v1/channels"] {
        let listed = admin.get(path).await;
        assert_eq!(listed.wants(200)["items"].as_array().unwrap().len(), 1);
        assert!(!listed.text.contains("CANARY"));
    }
    let audit: Vec<Value> = sqlx::query_scalar("select to_jsonb(audit) from audit")
        .fetch_all(&world.pool)
        .await
        .unwrap();
    assert_eq!(audit.len(), 2);
    assert!(!json!(audit).to_string().contains("CANARY"));
    world.end().await;
}

#[tokio::test]
async fn an_upload_tells_which_instances_it_leaves_behind() {
    let world = World::make().await;
    let user = world.user(Role::Admin).await;
    user.publish(&waiting()).await;
    user.start(json!({"definition": "waiting", "input": {"phone": "255700000001"}})).await;
    let gone = |answer: &Value| -> Vec<Value> {
        let told = answer["diagnostics"].as_array().unwrap().iter();
        told.filter(|d| d["code"] == "states-gone").cloned().collect()
    };
    let mut kept = waiting();
    kept["title"] = json!("Another title");
    let stored = user.post("/v1/definitions?publish=true", &kept).await.wants(201);
    assert_eq!(gone(&stored), Vec::<Value>::new());
    let text = waiting().to_string().replace("asking", "begging");
    let renamed: Value = serde_json::from_str(&text).unwrap();
    let stored = user.post("/v1/definitions?publish=true", &renamed).await.wants(201);
    let told = gone(&stored);
    assert_eq!(told.len(), 1, "{stored}");
    assert!(told[0]["message"].as_str().unwrap().contains("`asking` (1)"), "{stored}");
    world.end().await;
}
