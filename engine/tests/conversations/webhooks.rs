//! What a webhook carries is stored once, whatever it is.

use crate::support::{ASHA, World, booking, phone, recorder, said, whatsapp, wrote};
use engine::Accepted;
use engine::conversation::inbound::Inbound;
use serde_json::{Value, json};
use std::{collections::HashSet, future::Future, task::Poll};
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_times_is_once() {
    let world = World::make().await;
    world.publish(booking()).await;
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (conversations, channel) = (world.conversations.clone(), world.channel.clone());
        running.spawn(async move {
            let items = vec![said(ASHA, "wamid.1", "book"), said(ASHA, "wamid.2", "Friday")];
            conversations.accept(&channel, items).await.unwrap()
        });
    }
    let mut sum = Accepted::default();
    while let Some(accepted) = running.join_next().await {
        let accepted = accepted.unwrap();
        sum.stored += accepted.stored;
        sum.duplicates += accepted.duplicates;
    }
    assert_eq!((sum.stored, sum.duplicates), (2, 98));
    world.rest().await;
    assert_eq!(world.decisions(ASHA).await, ["started: booking", "foreground"]);
    assert_eq!(world.provider.sent().len(), 2);
    world.end().await;
}

/// What arrives while something is being stored is stored together. Then one of it cannot be, and then the connection is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_that_arrive_together_are_each_told_what_became_of_theirs() {
    let long: String = std::iter::repeat_with(|| Uuid::new_v4().to_string()).take(400).collect();
    let cases = [("a1 a2 a2 a3", "", false), ("b1 LONG b2", "LONG", false), ("c1 c2 c1", "", true)];
    let world = World::make_deaf().await;
    for (ids, refused, is_cut) in cases {
        let mut lock = world.pool.begin().await.unwrap();
        sqlx::query("lock table message in exclusive mode").execute(&mut *lock).await.unwrap();
        let mut arriving = Vec::new();
        for id in ["first"].into_iter().chain(ids.split(' ')) {
            let name = if id == "LONG" { long.clone() } else { format!("{ids} {id}") };
            let items = vec![said(ASHA, &name, "hello")];
            let mut accept = Box::pin(world.conversations.accept(&world.channel, items));
            // Polled once, it has arrived.
            let begun = std::future::poll_fn(|context| Poll::Ready(accept.as_mut().poll(context)));
            assert!(begun.await.is_pending(), "{ids}");
            arriving.push((id, accept));
            world.until("select count(*) from pg_locks where not granted", 1).await;
        }
        if is_cut {
            let cut = "select count(pg_terminate_backend(pid)) from pg_locks where not granted";
            assert_eq!(world.one::<i64>(cut).await, 1);
        }
        lock.rollback().await.unwrap();
        let mut stored = 0;
        for (id, accept) in arriving {
            let accepted = accept.await;
            // The one that was under way when the connection was lost is told so, and comes again.
            let fails = id == refused || (is_cut && id == "first");
            assert_eq!(accepted.is_err(), fails, "{ids}: {id} {accepted:?}");
            stored += accepted.map_or(0, |accepted| accepted.stored);
        }
        let rows: Vec<(String, String)> =
            sqlx::query_as("select split_part(provider_id, ' ', -1), xmin::text from message where provider_id like $1 order by id")
                .bind(format!("{ids}%"))
                .fetch_all(&world.pool)
                .await
                .unwrap();
        assert_eq!(rows.len(), stored, "{ids}");
        let commits: HashSet<&str> = rows
            .iter()
            .filter(|(id, _)| id != "first")
            .map(|(_, commit)| commit.as_str())
            .collect();
        assert_eq!(commits.len() == 1, refused.is_empty(), "{rows:?}");
    }
    world.conversations.start();
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_waits_for_its_own_only() {
    let world = World::make_deaf().await;
    let other = world.channels.upsert(whatsapp(Uuid::now_v7(), "15550009999")).await.unwrap();
    // Somebody is about to store the same message, and does not end.
    let mut held = world.pool.begin().await.unwrap();
    let insert = "insert into message (tenant_id, channel_id, direction, provider_id, body, status, at, received_at)
        values ($1, $2, 'in', 'held', '{}', 'received', now(), now())";
    let insert = sqlx::query(insert).bind(world.tenant).bind(world.channel.id);
    insert.execute(&mut *held).await.unwrap();
    let mut waits =
        Box::pin(world.conversations.accept(&world.channel, vec![said(ASHA, "held", "hello")]));
    let begun = std::future::poll_fn(|context| Poll::Ready(waits.as_mut().poll(context)));
    assert!(begun.await.is_pending());
    world.until("select count(*) from pg_locks where not granted", 1).await;
    let theirs = world.conversations.accept(&other, vec![said(ASHA, "theirs", "hello")]).await;
    assert_eq!(theirs.unwrap().stored, 1);
    held.rollback().await.unwrap();
    assert_eq!(waits.await.unwrap().stored, 1);
    world.conversations.start();
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_is_stored() {
    // (body, decision)
    let mut deep = json!(1);
    for _ in 0..100 {
        deep = json!([deep]);
    }
    let cases = [
        (
            json!({ "messageType": "unsupported", "text": "", "raw": { "a\u{0}": "b\u{0}" } }),
            "foreground",
        ),
        (json!({ "messageType": "unsupported", "text": "", "raw": deep }), "foreground"),
        (json!({ "messageType": "text", "text": "x".repeat(300_000) }), "foreground"),
        (json!({ "messageType": "image", "text": "", "media": { "id": "31" } }), "foreground"),
        (
            json!({ "messageType": "reaction", "text": "", "reaction": { "emoji": "x" } }),
            "reaction",
        ),
        (json!({ "messageType": "revoke", "text": "" }), "revoke"),
        (json!({ "messageType": "system", "text": "", "system": {} }), "system"),
        (json!({}), "foreground"),
    ];
    let world = World::make().await;
    world.publish(recorder("recorder", &json!({ "on": "message" }))).await;
    world.say(ASHA, "hello").await;
    for (index, (body, wanted)) in cases.into_iter().enumerate() {
        let item = wrote(phone(ASHA), &format!("id\u{0}{index}"), &body);
        assert_eq!(world.accept(vec![item.clone(), item]).await.stored, 1);
        world.rest().await;
        assert_eq!(world.decisions(ASHA).await.last().unwrap(), wanted);
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_belongs_to_its_tenant() {
    let world = World::make().await;
    world.channels.upsert(whatsapp(world.tenant, "900002")).await.unwrap();
    world.channels.upsert(whatsapp(Uuid::now_v7(), "800001")).await.unwrap();
    let to = |account: &str| {
        let Inbound::Message(mut message) = said(ASHA, account, "hello") else {
            panic!("a message")
        };
        message.phone_number_id = Some(account.to_owned());
        Inbound::Message(message)
    };
    let items = vec![to("900001"), to("900002"), to("800001"), to("700001")];
    let accepted = world.accept(items).await;
    assert_eq!(accepted, Accepted { stored: 2, duplicates: 0, unknown: 2 });
    world.rest().await;
    let channels: i64 = world.one("select count(distinct channel_id) from conversation").await;
    assert_eq!(channels, 2);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_cannot_be_routed_costs_itself() {
    let world = World::make_deaf().await;
    world.publish(recorder("recorder", &json!({ "on": "message" }))).await;
    world
        .accept(vec![said(ASHA, "1", "a"), said("255700000002", "2", "b"), said(ASHA, "3", "c")])
        .await;
    // A row that no release of ours writes.
    sqlx::query("update message set channel_id = $1 where provider_id = '1'")
        .bind(Uuid::now_v7())
        .execute(&world.pool)
        .await
        .unwrap();
    world.conversations.start();
    world.rest().await;
    let decisions: Vec<Value> =
        sqlx::query_scalar("select to_jsonb(left(decision, 8)) from message order by id")
            .fetch_all(&world.pool)
            .await
            .unwrap();
    assert_eq!(decisions, ["failed: ", "started:", "started:"]);
    world.end().await;
}
