//! The simulator judged by itself: what it sends, what it remembers, and how its faults look from outside.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use axum::{
    Router,
    body::Bytes,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    routing::get,
};
use perdure_simulator::{Config, Simulator, WhatsApp};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::mpsc;

/// A webhook as it arrived.
struct Arrived {
    signature: String,
    body: String,
}

impl Arrived {
    fn value(&self) -> Value {
        let body: Value = serde_json::from_str(&self.body).unwrap();
        body["entry"][0]["changes"][0]["value"].clone()
    }
}

/// The business: answers webhooks with the scripted statuses, then with 200.
struct Business {
    url: String,
    statuses: Arc<Mutex<Vec<u16>>>,
    arrived: mpsc::UnboundedReceiver<Arrived>,
}

type Shared = (Arc<Mutex<Vec<u16>>>, mpsc::UnboundedSender<Arrived>);

impl Business {
    async fn start() -> Business {
        let (sender, arrived) = mpsc::unbounded_channel();
        let statuses = Arc::new(Mutex::new(Vec::new()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let app = Router::new()
            .route("/hook", get(challenge).post(receive))
            .with_state((Arc::clone(&statuses), sender));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Business { url, statuses, arrived }
    }

    async fn next(&mut self) -> Arrived {
        let wait = Duration::from_secs(10);
        tokio::time::timeout(wait, self.arrived.recv()).await.unwrap().unwrap()
    }
}

async fn challenge(Query(query): Query<BTreeMap<String, String>>) -> (StatusCode, String) {
    match query["hub.verify_token"] == "verify-1" {
        true => (StatusCode::OK, query["hub.challenge"].clone()),
        false => (StatusCode::FORBIDDEN, String::new()),
    }
}

async fn receive(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let (statuses, sender) = shared;
    let signature = headers["x-hub-signature-256"].to_str().unwrap().to_owned();
    let body = String::from_utf8(body.to_vec()).unwrap();
    sender.send(Arrived { signature, body }).unwrap();
    let mut statuses = statuses.lock().unwrap();
    let status = if statuses.is_empty() { 200 } else { statuses.remove(0) };
    StatusCode::from_u16(status).unwrap()
}

/// A simulator with somebody to ask it.
struct Asked {
    simulator: Simulator,
    http: reqwest::Client,
}

async fn start(webhook_url: Option<String>) -> Asked {
    let whatsapp = WhatsApp {
        phone_number_id: "900001".to_owned(),
        app_secret: "app-secret-1".to_owned(),
        verify_token: "verify-1".to_owned(),
        webhook_url,
        access_token: "token-1".to_owned(),
    };
    let simulator = Simulator::start(Config { port: 0, whatsapp, seed: 7 }).await.unwrap();
    Asked { simulator, http: reqwest::Client::builder().no_proxy().build().unwrap() }
}

impl Asked {
    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}{path}", self.simulator.url());
        let call = self.http.post(url).bearer_auth("token-1").json(&body);
        let answer = call.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.simulator.url());
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    async fn send(&self, kind: &str, content: Value) -> (u16, Value) {
        let body = json!({"messaging_product": "whatsapp", "to": "255700000001", "type": kind,
            (kind): content, "biz_opaque_callback_data": "key-1"});
        self.post("/v23.0/900001/messages", body).await
    }
}

#[tokio::test]
async fn a_customer_writes_and_the_webhook_is_signed() {
    let mut business = Business::start().await;
    let asked = start(Some(business.url.clone())).await;
    let inbound = json!({"from": "+255700000001", "name": "Asha ñ", "text": "habari 👋"});
    let (status, answer) = asked.post("/_sim/whatsapp/inbound", inbound).await;
    assert_eq!(status, 202);
    let arrived = business.next().await;
    assert!(arrived.signature.starts_with("sha256="), "{}", arrived.signature);
    assert!(arrived.body.is_ascii(), "{}", arrived.body);
    let value = arrived.value();
    assert_eq!(value["metadata"]["phone_number_id"], "900001");
    assert_eq!(value["contacts"][0]["profile"]["name"], "Asha ñ");
    let message = &value["messages"][0];
    assert_eq!(message["id"], answer["id"]);
    assert_eq!(message["from"], "255700000001");
    assert_eq!(message["text"]["body"], "habari 👋");
}

#[tokio::test]
async fn the_handshake() {
    let business = Business::start().await;
    let asked = start(Some(business.url)).await;
    let (_, answer) = asked.post("/_sim/whatsapp/verify", json!({})).await;
    assert_eq!(answer, json!({"verified": true, "webhook_status": 200}));
}

#[tokio::test]
async fn a_webhook_is_retried_until_it_is_taken() {
    let mut business = Business::start().await;
    *business.statuses.lock().unwrap() = vec![503, 201];
    let asked = start(Some(business.url.clone())).await;
    let inbound = json!({"from": "255700000001", "text": "hi", "id": "wamid.A"});
    let (status, answer) = asked.post("/_sim/whatsapp/inbound?wait=true", inbound.clone()).await;
    assert_eq!((status, &answer["attempts"]), (200, &json!(3)), "{answer}");
    let bodies = [business.next().await.body, business.next().await.body];
    assert_eq!(bodies[0], bodies[1]);
    assert_eq!(business.next().await.body, bodies[0]);
    // The same id is the same message, whenever it comes.
    asked.post("/_sim/whatsapp/inbound?wait=true", inbound).await;
    assert_eq!(business.next().await.body, bodies[0]);
    let shown = asked.get("/_sim/whatsapp/conversation?customer=255700000001").await;
    assert_eq!(shown["items"].as_array().unwrap().len(), 1, "{shown}");
}

#[tokio::test]
async fn a_webhook_waits_for_a_business_that_is_down() {
    let asked = start(Some("http://127.0.0.1:1/hook".to_owned())).await;
    let inbound = json!({"from": "255700000001", "text": "hi"});
    assert_eq!(asked.post("/_sim/whatsapp/inbound", inbound).await.0, 202);
    let mut business = Business::start().await;
    asked.post("/_sim/whatsapp/config", json!({"webhook_url": business.url})).await;
    assert_eq!(business.next().await.value()["messages"][0]["text"]["body"], "hi");
}

#[tokio::test]
async fn a_send_is_followed_by_its_statuses() {
    let mut business = Business::start().await;
    let asked = start(Some(business.url.clone())).await;
    let config = json!({"statuses": ["sent", "delivered", "read"]});
    asked.post("/_sim/whatsapp/config", config).await;
    let (status, answer) = asked.send("text", json!({"body": "hello"})).await;
    assert_eq!(status, 200);
    for wanted in ["sent", "delivered", "read"] {
        let told = business.next().await.value()["statuses"][0].clone();
        assert_eq!(told["status"], wanted);
        assert_eq!(told["id"], answer["messages"][0]["id"]);
        assert_eq!(told["biz_opaque_callback_data"], "key-1");
    }
}

#[tokio::test]
async fn what_a_customer_does() {
    let mut business = Business::start().await;
    let asked = start(Some(business.url.clone())).await;
    asked.post("/_sim/whatsapp/config", json!({"statuses": []})).await;
    let buttons = json!([{"type": "reply", "reply": {"id": "yes", "title": "Yes!"}}]);
    let content = json!({"type": "button", "body": {"text": "Sure?"},
        "action": {"buttons": buttons}});
    asked.send("interactive", content).await;
    let by = |kind: &str, id: &str, title: &str| {
        json!({"type": "interactive",
            "interactive": {"type": kind, (kind): {"id": id, "title": title}}})
    };
    let rows = [
        (json!({"button": "yes!"}), by("button_reply", "yes", "Yes!")),
        (json!({"button": "yes"}), by("button_reply", "yes", "Yes!")),
        (json!({"button": {"id": "a", "title": "A"}}), by("button_reply", "a", "A")),
        (json!({"list": {"id": "b", "title": "B"}}), by("list_reply", "b", "B")),
        (
            json!({"media": {"type": "image", "id": "31", "caption": "c"}}),
            json!({"type": "image", "image": {"id": "31", "caption": "c"}}),
        ),
        (
            json!({"location": {"latitude": -6.8, "longitude": 39.2}}),
            json!({"type": "location", "location": {"latitude": -6.8, "longitude": 39.2}}),
        ),
        (json!({"raw": {"type": "request_welcome"}}), json!({"type": "request_welcome"})),
    ];
    for (mut does, wanted) in rows {
        does["from"] = json!("255700000001");
        let (status, answer) = asked.post("/_sim/whatsapp/inbound", does.clone()).await;
        assert_eq!(status, 202, "{does}: {answer}");
        let message = business.next().await.value()["messages"][0].clone();
        assert!(covers(&wanted, &message), "{does}: {message:#}");
    }
    for nonsense in [
        json!({"from": "1"}),
        json!({"from": "1", "text": "a", "button": "b"}),
        json!({"from": "1", "button": "b"}),
        json!({"from": "1", "txt": "a"}),
    ] {
        let (status, answer) = asked.post("/_sim/whatsapp/inbound", nonsense.clone()).await;
        assert_eq!(status, 422, "{nonsense}: {answer}");
    }
}

/// Whether everything wanted is there.
fn covers(wanted: &Value, found: &Value) -> bool {
    match wanted {
        Value::Object(fields) => fields.iter().all(|(name, value)| covers(value, &found[name])),
        plain => plain == found,
    }
}

#[tokio::test]
async fn sends_are_judged_as_meta_does() {
    let asked = start(None).await;
    let text = |n: usize| json!({"body": "x".repeat(n)});
    for (kind, content, status, code) in [
        ("text", text(4096), 200, Value::Null),
        ("text", text(4097), 400, json!(131_009)),
        ("text", json!({}), 400, json!(100)),
        ("interactive", json!({"body": {"text": "a"}, "type": "button"}), 400, json!(100)),
        ("interactive", json!({"body": {"text": "a"}, "type": "odd"}), 400, json!(131_009)),
        ("template", json!({"name": "a", "language": {"code": "en"}}), 200, Value::Null),
        ("image", json!({}), 400, json!(100)),
        ("hologram", json!({}), 400, json!(131_009)),
    ] {
        let (found, answer) = asked.send(kind, content).await;
        assert_eq!((found, &answer["error"]["code"]), (status, &code), "{kind}: {answer}");
    }
    let url = format!("{}/v23.0/900001/messages", asked.simulator.url());
    let stranger = asked.http.post(url).bearer_auth("wrong").json(&json!({}));
    assert_eq!(stranger.send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn faults_fire_in_their_order_and_are_counted() {
    let asked = start(None).await;
    let echo = || asked.post("/echo/a", json!({"n": 1}));
    let rules = json!([
        {"provider": "http", "path": "/a", "mode": "status", "status": 418, "after": 1, "times": 2,
            "body": {"short": true}, "headers": {"x-spout": "1"}},
        {"provider": "*", "mode": "rate_limit", "times": 1, "retry_after": 9},
    ]);
    assert_eq!(asked.post("/_sim/faults", rules).await.0, 200);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(echo().await.0);
    }
    assert_eq!(statuses, [429, 418, 418, 200]);
    let view = asked.get("/_sim/faults").await;
    let counts =
        |at: usize| (view["items"][at]["fired"].clone(), view["items"][at]["left"].clone());
    assert_eq!((counts(0), counts(1)), ((json!(2), json!(0)), (json!(1), json!(0))), "{view:#}");
    let ledger = asked.get("/_sim/ledger?provider=http").await;
    let effects: Vec<&Value> =
        ledger["items"].as_array().unwrap().iter().map(|item| &item["effect"]).collect();
    assert_eq!(effects, [false, false, false, true]);
    asked.post("/_sim/reset", json!({})).await;
    assert_eq!(asked.get("/_sim/ledger").await, json!({"items": []}));
    assert_eq!(asked.get("/_sim/faults").await, json!({"items": []}));
    let (status, answer) = asked.post("/_sim/faults", json!({"provider": "x", "mode": "?"})).await;
    assert_eq!(status, 422, "{answer}");
}

#[tokio::test]
async fn chance_is_the_same_for_the_same_seed() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let asked = start(None).await;
        let rule =
            json!({"provider": "http", "mode": "status", "status": 500, "p": 0.5, "times": 99});
        asked.post("/_sim/faults", rule).await;
        let mut statuses = Vec::new();
        for _ in 0..16 {
            statuses.push(asked.post("/echo/a", json!({})).await.0);
        }
        runs.push(statuses);
    }
    assert_eq!(runs[0], runs[1]);
    assert!(runs[0].contains(&500) && runs[0].contains(&200), "{:?}", runs[0]);
}

#[tokio::test]
async fn held_and_cut_calls_have_had_their_effect() {
    let asked = start(None).await;
    let rules = json!([
        {"provider": "slack", "mode": "timeout_after"},
        {"provider": "slack", "mode": "reset_after"},
        {"provider": "slack", "mode": "reset_before"},
    ]);
    asked.post("/_sim/faults", rules).await;
    let url = format!("{}/api/chat.postMessage", asked.simulator.url());
    for _ in 0..3 {
        let call = asked.http.post(&url).bearer_auth("x").timeout(Duration::from_millis(300));
        call.json(&json!({"channel": "C1", "text": "a"})).send().await.unwrap_err();
    }
    let ledger = asked.get("/_sim/ledger?to=C1").await;
    let seen: Vec<(&Value, &Value)> = ledger["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (&item["effect"], &item["status"]))
        .collect();
    let (yes, no, none) = (json!(true), json!(false), Value::Null);
    assert_eq!(seen, [(&yes, &none), (&yes, &none), (&no, &none)]);
    // Shutting down lets a held call go instead of waiting for it.
    tokio::time::timeout(Duration::from_secs(5), asked.simulator.shutdown()).await.unwrap();
}

#[tokio::test]
async fn the_conversation_for_people() {
    let asked = start(None).await;
    asked.send("text", json!({"body": "hello"})).await;
    let sections = json!([{"rows": [{"id": "s1", "title": "09:00"}]}]);
    let list = json!({"type": "list", "body": {"text": "Choose"},
        "action": {"button": "Open", "sections": sections}});
    asked.send("interactive", list).await;
    let view = asked.get("/_sim/whatsapp/conversation?customer=%2B255700000001").await;
    let wanted = [
        ("text", "hello", json!([])),
        ("interactive", "Choose", json!([{"id": "s1", "title": "09:00"}])),
    ];
    for (item, (kind, text, buttons)) in view["items"].as_array().unwrap().iter().zip(wanted) {
        assert_eq!((&item["kind"], &item["text"]), (&json!(kind), &json!(text)));
        assert_eq!((&item["direction"], &item["buttons"]), (&json!("out"), &buttons));
    }
}
