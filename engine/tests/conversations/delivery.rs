//! Delivery states, and failures that come later.

use crate::support::{ASHA, World, recorder, told};
use engine::{Accounts, Wanted};
use serde_json::{Value, json};
use uuid::Uuid;

/// A step that sends a message, of the only instance there is.
async fn wanted(world: &World) -> Wanted {
    Wanted {
        tenant: world.tenant,
        instance: world.one("select id from instance").await,
        kind: "send.text".to_owned(),
        provider: Some("channel"),
        name: None,
        conversation: Some(world.conversation(ASHA).await.id),
        key: format!("pd-{}", Uuid::now_v7()),
        input: json!({ "text": "hi" }),
        paces: Vec::new(),
        timeout: std::time::Duration::from_secs(10),
        is_check: false,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn states_move_forward_before_and_after_our_own_record() {
    // What happens in order (`done` is our own record), the state, and what the instance was told.
    let cases = [
        ("done sent delivered read", "read", json!([])),
        ("done read delivered sent", "read", json!([])),
        ("sent delivered done", "delivered", json!([])),
        ("delivered done done read", "read", json!([])),
        ("done failed failed", "failed", json!(["131047"])),
        ("done done sent failed", "failed", json!(["131047"])),
        ("failed done", "failed", json!(["131047"])),
        ("done failed delivered", "delivered", json!(["131047"])),
        ("done delivered failed", "delivered", json!([])),
        ("done deleted", "sent", json!([])),
    ];
    for (happenings, state, failed) in cases {
        let world = World::make().await;
        world.publish(recorder("recorder", &json!({ "on": "message" }))).await;
        world.say(ASHA, "hello").await;
        let wanted = wanted(&world).await;
        for happening in happenings.split(' ') {
            if happening == "done" {
                world.accounts.done(&wanted, &json!({ "messageId": "wamid.OUT" })).await;
            } else {
                world.accept(vec![told("wamid.OUT", happening, Some(&wanted.key))]).await;
            }
            world.rest().await;
        }
        let sent = world.messages(ASHA).await.remove(1);
        assert_eq!((sent.direction.as_str(), sent.status.as_str()), ("out", state), "{happenings}");
        assert_eq!(sent.instance_id, Some(wanted.instance), "{happenings}");
        let told: Value = world.one("select context->'failed' from instance").await;
        assert_eq!(told, failed, "{happenings}");
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_confirms_its_step() {
    let world = World::make().await;
    world
        .accept(vec![told("wamid.OUT", "sent", Some("pd-1")), told("wamid.OUT", "read", None)])
        .await;
    world.accept(vec![told("wamid.OUT", "sent", Some("pd-1"))]).await;
    world.rest().await;
    let output: Value = world
        .one("select response from dedupe where scope = 'confirmation' and key = 'pd-1'")
        .await;
    assert_eq!(output, json!({ "messageId": "wamid.OUT" }));
    let rows: Vec<(String, String)> =
        sqlx::query_as("select direction, status from message order by id")
            .fetch_all(&world.pool)
            .await
            .unwrap();
    let wanted = [("status", "sent"), ("status", "read"), ("out", "read")];
    assert_eq!(rows, wanted.map(|(d, s)| (d.to_owned(), s.to_owned())));
    world.end().await;
}
