//! Which instance a message is for.

use crate::support::{ASHA, World, booking, phone, recorder, said, tapped, wrote};
use engine::{
    Conversations, ModeRequest,
    conversation::{inbound::Sender, mode::ModeChange},
};
use serde_json::{Value, json};
use uuid::Uuid;

fn on(word: &str, policy: &str) -> Value {
    json!({ "on": "message", "when": format!("event.text == '{word}'"), "policy": policy })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_message_starts_and_answers_go_on() {
    let world = World::make().await;
    world.publish(booking()).await;
    for text in ["hello", "Book please", "Friday", "ten", "thanks"] {
        world.say(ASHA, text).await;
    }
    let decisions = ["no-match", "started: booking", "foreground", "foreground", "no-match"];
    assert_eq!(world.decisions(ASHA).await, decisions);
    assert_eq!(world.instances().await, ["booking completed"]);
    let context: Value = world.one("select context from instance").await;
    assert_eq!(context, json!({ "day": "Friday", "time": "ten" }));
    let sent = world.provider.sent();
    assert_eq!(
        sent,
        [(ASHA, "Which day?"), (ASHA, "What time?")].map(|(p, t)| (p.to_owned(), t.to_owned()))
    );
    let transcript = world.messages(ASHA).await;
    let texts: Vec<_> = transcript
        .iter()
        .map(|m| format!("{} {}", m.direction, m.body["text"].as_str().unwrap()))
        .collect();
    let wanted = [
        "in hello",
        "in Book please",
        "out Which day?",
        "in Friday",
        "out What time?",
        "in ten",
        "in thanks",
    ];
    assert_eq!(texts, wanted);
    let scope: Value = world.one("select origin->'scope' from instance").await;
    assert_eq!(
        (&scope["contact"]["phone"], &scope["contact"]["name"]),
        (&json!(ASHA), &json!("Asha"))
    );
    assert_eq!(
        (&scope["tenant"]["name"], &scope["channel"]["kind"]),
        (&json!("Clinic"), &json!("whatsapp"))
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_conversation_keeps_its_order() {
    let world = World::make().await;
    world.publish(recorder("recorder", &json!({ "on": "message" }))).await;
    let people: Vec<String> = (0..12).map(|n| format!("2557000000{n:02}")).collect();
    // One webhook after the other, each with a message of everybody; each tenth ends an instance, the next starts one.
    for n in 0..30 {
        let text = if n % 10 == 9 { "bye".to_owned() } else { format!("m{n}") };
        let items = people.iter().map(|p| said(p, &format!("{p}-{n}"), &text)).collect();
        world.accept(items).await;
    }
    world.rest().await;
    let statuses = world.instances().await;
    assert_eq!(statuses, vec!["recorder completed"; 3 * people.len()]);
    // The message that starts an instance is its trigger; the rest are what it got.
    let all: Vec<Value> =
        sqlx::query_scalar("select context->'got' from instance order by conversation_id, id")
            .fetch_all(&world.pool)
            .await
            .unwrap();
    for (index, got) in all.iter().enumerate() {
        let first = index % 3 * 10;
        let wanted: Vec<String> = (first + 1..first + 9).map(|n| format!("m{n}")).collect();
        assert_eq!(got, &json!(wanted));
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn triggers_have_policies() {
    // (policy of `two`, what is said after `one` and `two`, decisions about all, what is left)
    let cases = [
        (
            "interrupt",
            vec!["x"],
            vec!["started: one", "started: two", "foreground"],
            vec!["one cancelled", "two waiting"],
        ),
        (
            "suspend",
            vec!["x", "bye", "y"],
            vec!["started: one", "started: two", "foreground", "foreground", "foreground"],
            vec!["one waiting", "two completed"],
        ),
        (
            "ignore_if_waiting",
            vec!["bye", "two"],
            vec!["started: one", "foreground", "foreground", "started: two"],
            vec!["one completed", "two waiting"],
        ),
        // The word that starts what is in the foreground is an answer; what was put aside stays there.
        (
            "suspend",
            vec!["two", "one"],
            vec!["started: one", "started: two", "foreground", "started: one"],
            vec!["one waiting", "two cancelled", "one waiting"],
        ),
    ];
    for (policy, then, decisions, instances) in cases {
        let world = World::make().await;
        world.publish(recorder("one", &on("one", "interrupt"))).await;
        world.publish(recorder("two", &on("two", policy))).await;
        for text in ["one", "two"].into_iter().chain(then) {
            world.say(ASHA, text).await;
        }
        assert_eq!(world.instances().await, instances, "{policy}");
        assert_eq!(world.decisions(ASHA).await, decisions, "{policy}");
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_come_first() {
    let world = World::make().await;
    world
        .publish(recorder(
            "recorder",
            &json!({ "on": "message", "when": "event.text == 'START' || event.text == 'go'" }),
        ))
        .await;
    for text in
        ["START", "cancel", "go", "STOP", "go", "stopp", "START", "hello", "cancel", "hello"]
    {
        world.say(ASHA, text).await;
    }
    let wanted = [
        "started: recorder",
        "cancel",
        "started: recorder",
        "stop",
        "mode: opted_out",
        "stop",
        "start",
        "foreground",
        "cancel",
        "no-match",
    ];
    assert_eq!(world.decisions(ASHA).await, wanted);
    assert_eq!(world.instances().await, ["recorder cancelled", "recorder cancelled"]);
    let consent: String = world.one("select status from consent").await;
    assert_eq!(consent, "granted");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_and_blocks_hold_workflows_back() {
    let world = World::make().await;
    world.publish(recorder("recorder", &json!({ "on": "message" }))).await;
    world.say(ASHA, "hello").await;
    let conversation = world.conversation(ASHA).await.id;
    for (change, wanted) in [
        (ModeChange::TakeOver, "mode: human"),
        (ModeChange::HandBack, "foreground"),
        (ModeChange::Pause, "mode: paused"),
        (ModeChange::Resume, "foreground"),
    ] {
        let request = ModeRequest {
            tenant: world.tenant,
            conversation,
            change,
            actor: "member:1".to_owned(),
            reason: None,
        };
        world.conversations.change_mode(request).await.unwrap();
        world.say(ASHA, "hello").await;
        assert_eq!(world.decisions(ASHA).await.last().unwrap(), wanted);
    }
    let audited: i64 =
        world.one("select count(*) from audit where verb = 'conversation.mode'").await;
    assert_eq!(audited, 4);
    sqlx::query("update contact set attributes = '{\"blocked\": true}'")
        .execute(&world.pool)
        .await
        .unwrap();
    world.say(ASHA, "hello").await;
    assert_eq!(world.decisions(ASHA).await.last().unwrap(), "blocked");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_button_belongs_to_who_sent_it() {
    let world = World::make().await;
    world.publish(booking()).await;
    world.publish(recorder("other", &on("other", "suspend"))).await;
    world.say(ASHA, "book").await;
    let question = world.messages(ASHA).await.remove(1).provider_id.unwrap();
    world.say(ASHA, "other").await;
    // The question of what was put aside; then one of nobody we know, which is the foreground's.
    world.accept(vec![tapped(ASHA, "Friday", Some(&question))]).await;
    world.rest().await;
    world.accept(vec![tapped(ASHA, "other", Some("wamid.unknown"))]).await;
    world.rest().await;
    let decisions = ["started: booking", "started: other", "choice", "choice"];
    assert_eq!(world.decisions(ASHA).await, decisions);
    assert_eq!(world.instances().await, ["booking completed", "other waiting"]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_awaited_child_gets_the_messages() {
    let world = World::make().await;
    let parent = json!({
        "perdure": 1,
        "name": "parent",
        "triggers": [{ "on": "message", "when": "event.text == 'go'" }],
        "machine": {
            "initial": "call",
            "states": {
                "call": { "invoke": { "src": "workflow:child", "onDone": "end" } },
                "end": { "type": "final" }
            }
        }
    });
    world.publish(recorder("child", &json!({ "on": "start" }))).await;
    world.publish(parent).await;
    for text in ["go", "hello", "bye", "again"] {
        world.say(ASHA, text).await;
    }
    let decisions = ["started: parent", "foreground", "foreground", "no-match"];
    assert_eq!(world.decisions(ASHA).await, decisions);
    assert_eq!(world.instances().await, ["parent completed", "child completed"]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_person_under_two_names() {
    let world = World::make().await;
    world.publish(recorder("recorder", &json!({ "on": "message" }))).await;
    let name = |phone: Option<&str>, user_id: Option<&str>| Sender {
        phone: phone.map(str::to_owned),
        user_id: user_id.map(str::to_owned),
        name: None,
    };
    let text = |text: &str| json!({ "messageType": "text", "text": text });
    let system = json!({
        "messageType": "system", "text": "", "system": { "type": "user_changed_number", "newPhone": "255700000009" },
    });
    world
        .accept(vec![
            wrote(name(Some(ASHA), Some("TZ.1")), "1", &text("one")),
            wrote(name(None, Some("TZ.1")), "2", &text("two")),
            wrote(name(Some(ASHA), None), "3", &system),
            wrote(name(Some("255700000009"), None), "4", &text("three")),
        ])
        .await;
    world.rest().await;
    assert_eq!(world.instances().await, ["recorder waiting"]);
    let got: Value = world.one("select context->'got' from instance").await;
    assert_eq!(got, json!(["two", "three"]));
    let people: Vec<(String, String)> = sqlx::query_as(
        "select name, phone from (select coalesce(name, '-') as name, phone from contact) c",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    assert_eq!(people, [("-".to_owned(), "255700000009".to_owned())]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_accepted_is_routed_after_a_crash_and_once() {
    let world = World::make_deaf().await;
    world.publish(recorder("recorder", &json!({ "on": "message" }))).await;
    for n in 0..5 {
        world.accept(vec![said(ASHA, &n.to_string(), &format!("m{n}"))]).await;
    }
    let routed: i64 = world.one("select count(*) from message where routed_at is not null").await;
    assert_eq!(routed, 0);
    // Each router is another process' that died when so many were routed; the last one finishes.
    for n_routed in 0..4 {
        let router = Conversations::new(world.engine.clone(), world.channels.clone());
        router.start();
        let routed = "select greatest(0, 4 - count(*)) from message where routed_at is null";
        world.until(routed, n_routed).await;
        router.shutdown().await;
    }
    world.conversations.start();
    world.rest().await;
    assert_eq!(world.instances().await, ["recorder waiting"]);
    let got: Value = world.one("select context->'got' from instance").await;
    assert_eq!(got, json!(["m1", "m2", "m3", "m4"]));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn we_may_write_first() {
    let world = World::make().await;
    let opened = world.conversations.open(&world.channel, phone(ASHA)).await.unwrap();
    let again = world.conversations.open(&world.channel, phone(ASHA)).await.unwrap();
    assert_eq!((opened.id, opened.last_inbound_at), (again.id, None));
    let scope = world.conversations.scope(world.tenant, opened.id).await.unwrap();
    assert_eq!(
        (&scope["contact"]["phone"], &scope["channel"]["name"]),
        (&json!(ASHA), &json!("Main number"))
    );
    let nobody = world.conversations.open(&world.channel, Sender::default()).await;
    assert!(matches!(nobody, Err(engine::Error::Refused(_))));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_started_elsewhere_get_answers() {
    let world = World::make().await;
    world.publish(recorder("recorder", &json!({ "on": "start" }))).await;
    world.say(ASHA, "hello").await;
    let request = engine::StartRequest {
        tenant: world.tenant,
        definition: "recorder".to_owned(),
        conversation: Some(world.conversation(ASHA).await.id),
        id: Some(Uuid::now_v7()),
        ..engine::StartRequest::default()
    };
    world.engine.start_instance(request).await.unwrap();
    world
        .accept(vec![wrote(phone(ASHA), "1", &json!({ "messageType": "text", "text": "x" }))])
        .await;
    world.rest().await;
    world.say(ASHA, "y").await;
    assert_eq!(world.decisions(ASHA).await, ["no-match", "adopted", "foreground"]);
    let got: Value = world.one("select context->'got' from instance").await;
    assert_eq!(got, json!(["x", "y"]));
    world.end().await;
}
