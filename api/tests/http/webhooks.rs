//! The WhatsApp webhook: verified, stored, answered; and refused without saying why.

use crate::world::{Answer, User, World, answer, until};
use api::auth::Role;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

const SECRET: &str = "app-secret-1";

fn sign(body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    let hex: String =
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

fn message(id: &str, text: &str) -> String {
    json!({"object": "whatsapp_business_account", "entry": [{"id": "700001", "changes": [{"field": "messages", "value": {
        "messaging_product": "whatsapp", "metadata": {"phone_number_id": "900001"}, "unknown": {"new": [1]},
        "contacts": [{"profile": {"name": "Asha"}, "wa_id": "255700000001"}],
        "messages": [{"from": "255700000001", "id": id, "timestamp": "1790000000", "type": "text", "text": {"body": text}}],
    }}]}]})
    .to_string()
}

async fn channel(world: &World) -> String {
    let body = json!({"kind": "whatsapp", "name": "Shop", "external_id": "900001",
        "secrets": {"app_secret": SECRET, "verify_token": "vt1"}});
    let made = world.user(Role::Admin).await.post("/v1/channels", &body).await.wants(201);
    made["webhook"].as_str().unwrap().to_owned()
}

async fn deliver(meta: &User<'_>, path: &str, body: &str, signatures: &[&str]) -> Answer {
    let mut request = meta.request(Method::POST, path).body(body.to_owned());
    for signature in signatures {
        request = request.header("x-hub-signature-256", *signature);
    }
    answer(request).await
}

#[tokio::test]
async fn verified_stored_answered() {
    let world = World::make().await;
    let path = channel(&world).await;
    let meta = world.nobody();
    let body = message("wamid.1", "habari");
    let big = message("wamid.2", &"x".repeat(2_500_000));
    let nul = message("wamid.3", "a\u{0}b");
    // A name cut in the middle of an emoji.
    let half = message("wamid.4", "habari").replace("Asha", "Asha \\ud83d");
    let (odd, none) = (json!({"entry": "odd"}).to_string(), "[]".to_owned());
    for body in [&body, &body, &big, &nul, &half, &odd, &none] {
        let got = deliver(&meta, &path, body, &[&sign(body)]).await;
        assert_eq!((got.status, got.text.as_str()), (200, ""));
    }
    let stored: i64 = sqlx::query_scalar("select count(*) from message where direction = 'in'")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!(stored, 4);
    let user = world.user(Role::Viewer).await;
    let id = until("the conversation", async || {
        let found = user.get("/v1/conversations?phone=%2B255%20700%20000%20001").await.wants(200);
        found["items"][0]["id"].as_str().map(str::to_owned)
    })
    .await;
    let messages = user.get(&format!("/v1/conversations/{id}/messages")).await.wants(200);
    assert_eq!(messages["items"][0]["provider_id"], "wamid.1");
    world.end().await;
}

#[tokio::test]
async fn refused_without_saying_why() {
    let world = World::make().await;
    let path = channel(&world).await;
    let meta = world.nobody();
    let body = message("wamid.1", "CANARY");
    let good = sign(&body);
    let wrong = sign("other");
    let reserialised = body.replace(':', ": ");
    let huge = "x".repeat(4_300_000);
    let unknown = "/hooks/whatsapp/01890000-0000-7000-8000-000000000000";
    for (path, body, signatures, status) in [
        (path.as_str(), body.as_str(), vec![], 401),
        (&path, &body, vec![wrong.as_str()], 401),
        (&path, &body, vec![good.as_str(), good.as_str()], 401),
        (&path, &reserialised, vec![good.as_str()], 401),
        (&path, "", vec![good.as_str()], 401),
        (unknown, &body, vec![good.as_str()], 401),
        ("/hooks/whatsapp/nothing", &body, vec![good.as_str()], 401),
        (&path, &huge, vec![good.as_str()], 413),
    ] {
        let got = deliver(&meta, path, body, &signatures).await;
        assert_eq!(got.status, status, "{path} {}", got.text);
        assert!(!got.text.contains("CANARY"));
    }
    for broken in ["{", "", &"[".repeat(100_000)] {
        let got = deliver(&meta, &path, broken, &[&sign(broken)]).await;
        assert_eq!(got.status, 400, "{}", got.text);
    }
    let stored: i64 =
        sqlx::query_scalar("select count(*) from message").fetch_one(&world.pool).await.unwrap();
    assert_eq!(stored, 0);
    world.end().await;
}

#[tokio::test]
async fn meta_asks_whether_it_is_ours() {
    let world = World::make().await;
    let path = channel(&world).await;
    let meta = world.nobody();
    let ask = |mode: &str, token: &str| {
        format!("?hub.mode={mode}&hub.challenge=918273&hub.verify_token={token}&x=1")
    };
    let ours = meta.get(&format!("{path}{}", ask("subscribe", "vt1"))).await;
    assert_eq!((ours.status, ours.text.as_str()), (200, "918273"));
    assert!(ours.headers["content-type"].to_str().unwrap().starts_with("text/plain"));
    for refused in [
        format!("{path}{}", ask("subscribe", "vt2")),
        format!("{path}{}", ask("subscribe", "")),
        format!("{path}{}", ask("unsubscribe", "vt1")),
        path.clone(),
        format!("/hooks/whatsapp/nothing{}", ask("subscribe", "vt1")),
    ] {
        let got: Value = meta.get(&refused).await.wants(403);
        assert_eq!(got["code"], "verify-token", "{refused}");
    }
    world.end().await;
}
