//! Resume links: what a workflow gives away, and what comes back by it.

use crate::world::{Answer, User, World, answer, until};
use api::auth::Role;
use reqwest::Method;
use serde_json::{Value, json};

/// Goes on when `resume.paid` has come, but only after `ready`.
fn paying() -> Value {
    json!({
        "perdure": 1, "name": "paying",
        "machine": {
            "@exprLang": "cel", "id": "paying", "initial": "before",
            "context": {"link": {"@expr": "resume_url('paid')"}, "got": null},
            "states": {
                "before": {"on": {"ready": "wait"}},
                "wait": {"on": {"resume.paid": {"target": "end", "actions": [
                    {"type": "@xstate.assign", "context": {"got": {"@expr": "event"}}}]}}},
                "end": {"type": "final"},
            },
        },
    })
}

/// Asks a person, and keeps the link for the test.
fn asking() -> Value {
    json!({
        "perdure": 1, "name": "asking", "title": "Refunds <b>today</b>",
        "graph": {
            "nodes": [
                {"id": "in", "type": "trigger", "position": {"x": 0, "y": 0}, "data": {"on": "start"}},
                {"id": "link", "type": "set", "position": {"x": 0, "y": 0},
                    "data": {"assign": {"link": "resume_url('boss')"}}},
                {"id": "boss", "type": "approval", "position": {"x": 0, "y": 0}, "data": {
                    "text": "Refund {{ input.amount }} to <script>?", "timeout": "2d",
                    "choices": [{"id": "yes", "title": "Pay it"}, {"id": "no", "title": "Not now"}]}},
                {"id": "paid", "type": "end", "position": {"x": 0, "y": 0}, "data": {}},
                {"id": "kept", "type": "end", "position": {"x": 0, "y": 0}, "data": {}}],
            "edges": [
                {"id": "1", "source": "in", "target": "link"},
                {"id": "2", "source": "link", "target": "boss"},
                {"id": "3", "source": "boss", "sourceHandle": "yes", "target": "paid"},
                {"id": "4", "source": "boss", "sourceHandle": "no", "target": "kept"},
                {"id": "5", "source": "boss", "sourceHandle": "timeout", "target": "kept"}],
        },
    })
}

/// The path of the link that an instance has kept.
async fn link(user: &User<'_>, id: &str) -> String {
    let shown = user.get(&format!("/v1/instances/{id}")).await.wants(200);
    let link = shown["context"]["link"].as_str().unwrap().to_owned();
    link[link.find("/hooks/resume/").unwrap()..].to_owned()
}

async fn history(user: &User<'_>, id: &str, kind: &str) -> usize {
    let turns = user.get(&format!("/v1/instances/{id}/history")).await.wants(200);
    turns.as_array().unwrap().iter().filter(|turn| turn["event"]["type"] == kind).count()
}

async fn status(user: &User<'_>, id: &str, wanted: &str) -> Value {
    until(wanted, async || {
        let shown = user.get(&format!("/v1/instances/{id}")).await.wants(200);
        (shown["status"] == wanted).then_some(shown)
    })
    .await
}

/// Sends a body as it is, with this type.
async fn send(user: &User<'_>, path: &str, content_type: &str, body: &str) -> Answer {
    let request = user.request(Method::POST, path).header("content-type", content_type);
    answer(request.body(body.to_owned())).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_by_a_link_is_an_event_once() {
    let world = World::make().await;
    let owner = world.user(Role::Owner).await;
    let nobody = world.nobody();
    owner.publish(&paying()).await;
    let id = owner.start(json!({"definition": "paying"})).await;
    let link = link(&owner, &id).await;

    // Looking changes nothing, and what it shows is for people.
    let page = nobody.get(&link).await;
    assert_eq!(
        (page.status, page.headers["content-type"].to_str().unwrap()),
        (200, "text/html; charset=utf-8")
    );
    let token = link.split('/').nth(3).unwrap();
    let forged = link.replace(token, &"A".repeat(64));
    for (path, wanted) in [
        (forged.as_str(), 404),
        (link.strip_suffix("/paid").unwrap(), 404),
        (&format!("/hooks/resume/{token}/other"), 404),
        (&format!("/hooks/resume/{token}/paid/more"), 404),
        (&format!("/hooks/resume/{}/paid", &token[1..]), 404),
    ] {
        assert_eq!(send(&nobody, path, "application/json", "{}").await.status, wanted, "{path}");
        assert_eq!(nobody.get(path).await.status, wanted, "{path}");
    }
    for (content_type, body, wanted) in [
        ("image/png", "x".to_owned(), 415),
        ("application/json", "{".to_owned(), 400),
        ("application/json", json!({"big": "x".repeat(300 * 1024)}).to_string(), 413),
    ] {
        assert_eq!(
            send(&nobody, &link, content_type, &body).await.status,
            wanted,
            "{content_type}"
        );
    }
    assert_eq!(history(&owner, &id, "resume.paid").await, 0);

    // It comes before it is waited for, twice; and once more, which a key says is another.
    let path = format!("{link}?status=ok");
    let first = send(&nobody, &path, "application/json", r#"{"amount": 3}"#).await.wants(200);
    let again = send(&nobody, &path, "application/json", r#"{ "amount":3 }"#).await.wants(200);
    assert_eq!(first["event_id"], again["event_id"]);
    let request = nobody.request(Method::PUT, &path).header("idempotency-key", "second");
    let other = answer(request.body("amount=4")).await.wants(200);
    assert_ne!(first["event_id"], other["event_id"]);
    until("both", async || (history(&owner, &id, "resume.paid").await == 2).then_some(())).await;
    owner.post(&format!("/v1/instances/{id}/events"), &json!({"type": "ready"})).await.wants(202);
    let ended = status(&owner, &id, "completed").await;
    let wanted = json!({"type": "resume.paid", "body": {"amount": 3}, "query": {"status": "ok"}});
    assert_eq!(ended["context"]["got"], wanted);
    assert_eq!(send(&nobody, &link, "application/json", "{}").await.status, 410);
    assert_eq!(nobody.get(&link).await.status, 200);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_a_link_cannot_fill_up_an_instance() {
    let world = World::make().await;
    let owner = world.user(Role::Owner).await;
    owner.publish(&paying()).await;
    let id = owner.start(json!({"definition": "paying"})).await;
    let link = link(&owner, &id).await;
    for n in 1..=20 {
        send(&owner, &link, "text/plain", &n.to_string()).await.wants(200);
        until("its turn", async || (history(&owner, &id, "resume.paid").await == n).then_some(()))
            .await;
    }
    assert_eq!(send(&owner, &link, "text/plain", "one too many").await.status, 429);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_decides_once() {
    let world = World::make().await;
    let owner = world.user(Role::Owner).await;
    let nobody = world.nobody();
    owner.publish(&asking()).await;
    let id = owner.start(json!({"definition": "asking", "input": {"amount": 30}})).await;
    let link = link(&owner, &id).await;
    let page = nobody.get(&link).await;
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'nonce-"), "{policy}");
    for part in [
        "Refunds &lt;b&gt;today&lt;/b&gt;",
        "Refund 30 to &lt;script&gt;?",
        r#"<button name="decision" value="yes">Pay it</button>"#,
        r#"<button name="decision" value="no">Not now</button>"#,
    ] {
        assert!(page.text.contains(part), "{part}: {}", page.text);
    }
    assert!(!page.text.contains("<script"), "{}", page.text);
    let refused = send(&nobody, &link, "application/json", r#"{"decision": "perhaps"}"#).await;
    assert_eq!(refused.wants(422)["pointer"], "/decision");

    let form = "once=p1&by=Ann+%3Cb%3E&comment=&decision=yes";
    let thanks = send(&nobody, &link, "application/x-www-form-urlencoded", form).await;
    assert_eq!(thanks.status, 200, "{}", thanks.text);
    assert!(thanks.text.contains("Your decision is noted: Pay it."), "{}", thanks.text);
    let ended = status(&owner, &id, "completed").await;
    let decided = &ended["context"]["boss"];
    assert_eq!(
        (&decided["decision"], &decided["by"]),
        (&json!("yes"), &json!("Ann <b>")),
        "{ended}"
    );
    assert_eq!(history(&owner, &id, "approval.boss").await, 1);

    let page = nobody.get(&link).await;
    let told = "This was decided already: Pay it, by Ann &lt;b&gt;.";
    assert!(page.text.contains(told), "{}", page.text);
    assert!(!page.text.contains("<form"), "{}", page.text);
    let late = nobody
        .request(Method::POST, &link)
        .header("content-type", "application/x-www-form-urlencoded");
    let late = late.body("decision=no").send().await.unwrap();
    assert_eq!(late.status(), 409);
    assert!(late.text().await.unwrap().contains(told));
    assert_eq!(send(&nobody, &link, "application/json", r#"{"decision": "no"}"#).await.status, 410);
    world.end().await;
}
