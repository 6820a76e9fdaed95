//! What a step may act with, and whether it may speak.

use crate::support::{ASHA, World};
use engine::{Accounts, ConnectionNew, Refusal, Wanted};
use serde_json::{Value, json};
use uuid::Uuid;
use workflows::step::Secret;

fn wanted(
    world: &World,
    kind: &str,
    provider: Option<&'static str>,
    conversation: Option<Uuid>,
) -> Wanted {
    Wanted {
        tenant: world.tenant,
        instance: Uuid::now_v7(),
        kind: kind.to_owned(),
        provider,
        name: None,
        conversation,
        key: "pd-1".to_owned(),
        input: Value::Null,
        paces: Vec::new(),
        timeout: std::time::Duration::from_secs(10),
        is_check: false,
    }
}

/// The connection's name, or the refusal's code.
async fn answer(world: &World, wanted: Wanted) -> String {
    match world.accounts.resolve(wanted).await {
        Ok(account) => account.connection.map_or_else(|| "nothing".to_owned(), |c| c.name),
        Err(Refusal::Never { code, .. } | Refusal::Later { code, .. }) => code,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn speaking_is_allowed_at_the_moment_of_sending() {
    let world = World::make().await;
    world.say(ASHA, "hello").await;
    let conversation = world.conversation(ASHA).await.id;
    // (hours later, mode, answer to a text, answer to a template)
    let cases = [
        (0, "bot", "Main number", "Main number"),
        (0, "human", "paused", "paused"),
        (0, "paused", "paused", "paused"),
        (0, "opted_out", "opted-out", "opted-out"),
        (23, "bot", "Main number", "Main number"),
        (2, "bot", "window-closed", "Main number"),
        (0, "opted_out", "opted-out", "opted-out"),
    ];
    for (hours, mode, text, template) in cases {
        world.clock.advance(std::time::Duration::from_secs(hours * 3_600));
        sqlx::query("update conversation set mode = $1")
            .bind(mode)
            .execute(&world.pool)
            .await
            .unwrap();
        for (kind, answered) in
            [("send.text", text), ("send.buttons", text), ("send.template", template)]
        {
            let wanted = wanted(&world, kind, Some("channel"), Some(conversation));
            assert_eq!(answer(&world, wanted).await, answered, "{hours} {mode} {kind}");
        }
    }
    for nowhere in [None, Some(Uuid::now_v7())] {
        let wanted = wanted(&world, "send.text", Some("channel"), nowhere);
        assert_eq!(answer(&world, wanted).await, "no-conversation");
    }
    sqlx::query(
        "update conversation set mode = 'bot', last_inbound_at = now() + interval '25 hours'",
    )
    .execute(&world.pool)
    .await
    .unwrap();
    let account =
        world.accounts.resolve(wanted(&world, "send.text", Some("channel"), Some(conversation)));
    let account = account.await.unwrap();
    let connection = account.connection.unwrap();
    assert_eq!(connection.base_url, "https://graph.test/v23.0");
    assert_eq!(connection.provider, "whatsapp");
    assert_eq!(connection.settings, json!({ "phone_number_id": "900001" }));
    assert_eq!(connection.token.unwrap().reveal(), "plain-access_token");
    assert_eq!(account.recipient.unwrap().phone.as_deref(), Some(ASHA));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_by_name_or_the_only_one() {
    let world = World::make().await;
    let named = |name: &str, provider: &str| ConnectionNew {
        tenant: world.tenant,
        name: name.to_owned(),
        provider: provider.to_owned(),
        base_url: "https://api.test".to_owned(),
        settings: json!({}),
        token: Some(Secret::new("token")),
    };
    for (name, provider) in [("crm", "hubspot"), ("a", "slack"), ("b", "slack"), ("web", "http")] {
        world.channels.upsert_connection(named(name, provider)).await.unwrap();
    }
    let cases = [
        (Some("hubspot"), None, "crm"),
        (Some("slack"), None, "no-connection"),
        (Some("slack"), Some("b"), "b"),
        (Some("slack"), Some("crm"), "no-connection"),
        (Some("openai"), None, "no-connection"),
        (None, Some("web"), "web"),
        (None, Some("none"), "no-connection"),
        (None, None, "nothing"),
    ];
    for (provider, name, answered) in cases {
        let mut wanted = wanted(&world, "slack.post", provider, None);
        wanted.name = name.map(str::to_owned);
        assert_eq!(answer(&world, wanted).await, answered, "{provider:?} {name:?}");
    }
    world.end().await;
}
