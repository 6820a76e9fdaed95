//! Bad input at every door: a refusal that says what is wrong, and never a 5xx.

use crate::world::{User, World, answer, waiting};
use api::auth::Role;
use reqwest::Method;
use serde_json::json;

/// Method, path, body; status, code.
type Case<'a> = (&'a str, &'a str, &'a str, u16, &'a str);

const CASES: [Case<'_>; 42] = [
    ("POST", "/v1/instances", "", 400, "json-syntax"),
    ("POST", "/v1/instances", "{\"definition\":", 400, "json-syntax"),
    ("POST", "/v1/instances", "\u{0}\u{1}", 400, "json-syntax"),
    ("POST", "/v1/instances", "[]", 422, "json-shape"),
    ("POST", "/v1/instances", r#"["waiting",null,null,{}]"#, 422, "json-shape"),
    ("POST", "/v1/instances", r#"{"definition":1}"#, 422, "json-shape"),
    ("POST", "/v1/instances", r#"{"definition":"waiting","key":""}"#, 422, "json-shape"),
    ("POST", "/v1/instances", r#"{"definition":"waiting","tenant":"x"}"#, 422, "json-shape"),
    ("POST", "/v1/instances", r#"{"definition":"wait\u0000ing"}"#, 422, "nul"),
    ("POST", "/v1/instances", r#"{"definition":"nope"}"#, 404, "not-found"),
    ("POST", "/v1/instances", r#"{"definition":"waiting","version":77}"#, 404, "not-found"),
    (
        "POST",
        "/v1/instances",
        r#"{"definition":"waiting","version":99999999999}"#,
        422,
        "json-shape",
    ),
    ("POST", "/v1/instances", r#"{"definition":"waiting"}"#, 422, "input"),
    ("POST", "/v1/instances", r#"{"definition":"waiting","input":{"phone":1}}"#, 422, "input"),
    ("POST", "/v1/definitions", "", 422, "invalid-definition"),
    ("POST", "/v1/definitions", "{", 422, "invalid-definition"),
    ("POST", "/v1/definitions?publish=perhaps", "{}", 400, "query"),
    ("POST", "/v1/instances/{id}/events", r#"{"type":"ops.cancel"}"#, 422, "event-type"),
    ("POST", "/v1/instances/{id}/events", r#"{"type":"started"}"#, 422, "event-type"),
    ("POST", "/v1/instances/{id}/events", r#"{"data":{}}"#, 422, "json-shape"),
    ("POST", "/v1/instances/{id}/events?wait=soon", r#"{"type":"paid"}"#, 400, "query"),
    ("POST", "/v1/instances/{id}/cancel", r#"["why"]"#, 422, "json-shape"),
    ("POST", "/v1/instances/{id}/cancel", r#"{"why":"x"}"#, 422, "json-shape"),
    ("POST", "/v1/instances/{id}/replay", r#"{"version":9}"#, 404, "not-found"),
    ("POST", "/v1/instances/{id}/replay", r#"{"definition":{}}"#, 422, "invalid-definition"),
    ("POST", "/v1/channels", r#"{"kind":"fax","name":"a","external_id":"1"}"#, 422, "json-shape"),
    (
        "POST",
        "/v1/connections",
        r#"{"name":"a","provider":"http","base_url":"file:///etc"}"#,
        422,
        "json-shape",
    ),
    ("GET", "/v1/instances?limit=many", "", 400, "query"),
    ("GET", "/v1/instances?staus=stuck", "", 400, "query"),
    ("GET", "/v1/instances?status=stukc", "", 400, "query"),
    ("GET", "/v1/instances?after=here", "", 400, "query"),
    ("GET", "/v1/instances?q=%00", "", 400, "nul"),
    ("GET", "/v1/definitions/%00", "", 400, "nul"),
    ("GET", "/v1/definitions/%ff", "", 404, "not-found"),
    ("GET", "/v1/definitions/nope", "", 404, "not-found"),
    ("GET", "/v1/definitions/waiting/versions/9", "", 404, "not-found"),
    ("GET", "/v1/definitions/waiting/versions/x", "", 404, "not-found"),
    ("GET", "/v1/instances/x", "", 404, "not-found"),
    ("GET", "/v1/instances/{id}/history?after=-1", "", 400, "query"),
    ("GET", "/v1/nothing", "", 404, "no-such-route"),
    ("DELETE", "/v1/instances", "", 405, "method-not-allowed"),
    ("PUT", "/health", "", 405, "method-not-allowed"),
];

#[tokio::test]
async fn bad_input_is_refused() {
    let world = World::make().await;
    let user = world.user(Role::Owner).await;
    user.publish(&waiting()).await;
    let id = user.start(json!({"definition": "waiting", "input": {"phone": "1"}})).await;
    for case in CASES {
        check(&user, &id, case).await;
    }
    let (deep, big, huge) = ("[".repeat(200_000), "x".repeat(1_100_000), "x".repeat(2_300_000));
    let long_key = json!({"definition": "waiting", "key": "k".repeat(600)}).to_string();
    let big_event = json!({"type": "paid", "data": {"x": "x".repeat(300_000)}}).to_string();
    let deep_event = format!(r#"{{"type":"paid","data":{}1{}}}"#, "[".repeat(64), "]".repeat(64));
    for case in [
        ("POST", "/v1/instances", deep.as_str(), 422, "too-deep"),
        ("POST", "/v1/instances", big.as_str(), 413, "too-large"),
        ("POST", "/v1/instances", long_key.as_str(), 422, "json-shape"),
        ("POST", "/v1/definitions", deep.as_str(), 422, "invalid-definition"),
        ("POST", "/v1/definitions", huge.as_str(), 413, "too-large"),
        ("POST", "/v1/instances/{id}/events", big_event.as_str(), 422, "refused"),
        ("POST", "/v1/instances/{id}/events", deep_event.as_str(), 422, "too-deep"),
    ] {
        check(&user, &id, case).await;
    }
    // What looks odd and is fine.
    for query in
        ["instances?limit=0", "instances?q=%27%3B--", "instances?phone=%2B255", "conversations"]
    {
        user.get(&format!("/v1/{query}")).await.wants(200);
    }
    // As an editor on Windows saves it.
    let marked = "\u{feff}{\"initial\":\"a\",\"states\":{\"a\":{\"type\":\"final\"}}}";
    let path = "/v1/definitions?name=marked&publish=true";
    answer(user.request(Method::POST, path).body(marked)).await.wants(201);
    user.start(json!({"definition": "marked"})).await;
    world.end().await;
}

/// Sends it, with and without a key for idempotency.
async fn check(user: &User<'_>, id: &str, (method, path, body, status, code): Case<'_>) {
    let start: String = body.chars().take(60).collect();
    for key in [None, Some("same")] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = user.request(method.clone(), &path.replace("{id}", id));
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let got = answer(request.body(body.to_owned())).await;
        let found = (got.status, got.json()["code"].clone());
        assert_eq!(found, (status, json!(code)), "{method} {path} {start} {key:?}: {}", got.text);
    }
}

#[tokio::test]
async fn a_syntax_error_says_where() {
    let world = World::make().await;
    let user = world.user(Role::Owner).await;
    let request = user.request(Method::POST, "/v1/instances").body("{\n  \"definition\": ,\n}");
    let problem = answer(request).await.wants(400);
    assert_eq!((&problem["line"], &problem["code"]), (&json!(2), &json!("json-syntax")));
    let request =
        user.request(Method::POST, "/v1/instances").body(r#"{"definition":"a","version":"b"}"#);
    assert_eq!(answer(request).await.wants(422)["pointer"], "/version");
    world.end().await;
}
