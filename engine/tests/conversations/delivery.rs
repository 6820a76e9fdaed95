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
    // One by one, and several in a page: those between two records of our own.
    for ((happenings, state, failed), at_once) in
        cases.iter().flat_map(|case| [(case, false), (case, true)])
    {
        let world = World::make().await;
        world.publish(recorder("recorder", &json!({ "on": "message" }))).await;
        world.say(ASHA, "hello").await;
        let wanted = wanted(&world).await;
        let mut page = Vec::new();
        for happening in happenings.split(' ').chain(["end"]) {
            let is_told = !["done", "end"].contains(&happening);
            page.extend(is_told.then(|| told("wamid.OUT", happening, Some(&wanted.key))));
            let goes_on = is_told && at_once;
            if !page.is_empty() && !goes_on {
                world.accept(std::mem::take(&mut page)).await;
                world.rest().await;
            }
            if happening == "done" {
                world.accounts.done(&wanted, &json!({ "messageId": "wamid.OUT" })).await;
                world.rest().await;
            }
        }
        let sent = world.messages(ASHA).await.remove(1);
        let case = format!("{happenings}, at once: {at_once}");
        assert_eq!((sent.direction.as_str(), sent.status.as_str()), ("out", *state), "{case}");
        assert_eq!(sent.instance_id, Some(wanted.instance), "{case}");
        let told: Value = world.one("select context->'failed' from instance").await;
        assert_eq!(told, *failed, "{case}");
        world.end().await;
    }
}

/// What of a page of statuses is in the tables: routed ones, states of our messages, events for their instances.
async fn traces(world: &World) -> (i64, String, i64) {
    (
        world.one("select count(*) from message where direction = 'status' and routed_at is not null").await,
        world
            .one("select string_agg(status, ' ' order by provider_id) from message where direction = 'out'")
            .await,
        world.one("select count(*) from history where event ->> 'type' = 'message.failed'").await,
    )
}

/// The transaction of a page ends without its commit, as when the process is killed in it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_is_routed_whole_or_not_at_all() {
    let world = World::make().await;
    world.publish(recorder("recorder", &json!({ "on": "message" }))).await;
    world.say(ASHA, "hello").await;
    for id in ["wamid.A", "wamid.B"] {
        world.accounts.done(&wanted(&world).await, &json!({ "messageId": id })).await;
    }
    world.rest().await;
    for sql in [
        "create sequence tries",
        "create function killed() returns trigger language plpgsql as
            $$ begin perform nextval('tries'); raise exception 'killed' using errcode = '57P01'; end $$",
        "create trigger killed before update on message for each row
            when (new.routed_at is not null and new.provider_id = 'wamid.B read') execute function killed()",
    ] {
        sqlx::raw_sql(sql).execute(&world.pool).await.unwrap();
    }
    let page = [("wamid.A", "failed"), ("wamid.B", "sent"), ("wamid.B", "read")];
    world.accept(page.iter().map(|(id, status)| told(id, status, None)).collect()).await;
    // A sequence counts what is rolled back too.
    world.until("select last_value from tries", 2).await;
    assert_eq!(traces(&world).await, (0, "sent sent".to_owned(), 0));
    sqlx::raw_sql("drop trigger killed on message").execute(&world.pool).await.unwrap();
    world.rest().await;
    assert_eq!(traces(&world).await, (3, "failed read".to_owned(), 1));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_cannot_be_stored_costs_itself() {
    let world = World::make().await;
    world.publish(recorder("recorder", &json!({ "on": "message" }))).await;
    world.say(ASHA, "hello").await;
    world.accounts.done(&wanted(&world).await, &json!({ "messageId": "wamid.A" })).await;
    // Longer than an index takes, and not to be compressed.
    let key: String = std::iter::repeat_with(|| Uuid::new_v4().to_string()).take(400).collect();
    world
        .accept(vec![
            told("wamid.A", "sent", None),
            told("wamid.LONG", "sent", Some(&key)),
            told("wamid.A", "delivered", None),
        ])
        .await;
    world.rest().await;
    assert_eq!(traces(&world).await, (3, "delivered".to_owned(), 0));
    let decision: String =
        world.one("select decision from message where provider_id = 'wamid.LONG sent'").await;
    assert!(decision.starts_with("failed: "), "{decision}");
    world.end().await;
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
