//! Schedules, calendars, events and webhooks over HTTP.

use crate::world::{World, answer, until};
use api::auth::Role;
use reqwest::Method;
use serde_json::{Value, json};

fn done(name: &str, triggers: Value) -> Value {
    json!({
        "perdure": 1, "name": name, "triggers": triggers,
        "machine": { "initial": "end", "states": { "end": { "type": "final" } } }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schedule_through_its_life() {
    let world = World::make().await;
    let admin = world.user(Role::Admin).await;
    let triggers = json!([{ "on": "schedule", "cron": "0 7 * * *", "tz": "Africa/Nairobi" }]);
    admin.publish(&done("report", triggers)).await;
    // (method, path, body) => status, pointer into the answer, what stands there
    let hand = json!({ "definition": "report", "cron": "0 9 * * MON", "tz": "UTC", "missed": "all", "reason": "weekly" });
    let shop =
        json!({ "hours": { "mon": [["10:00", "12:00"]], "holidays": {}, "timeZone": "UTC" } });
    let kept = json!({ "definition": "report", "cron": "0 9 * * MON", "tz": "UTC", "calendar": "shop", "outside": "next_open" });
    let last_week =
        json!({ "from": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z", "dry_run": true });
    let none = Value::Null;
    let cases: [(Method, &str, &Value, u16, &str, Value); 17] = [
        (Method::GET, "/v1/schedules", &none, 200, "/items/0/name", json!("report.1")),
        (Method::PUT, "/v1/schedules/weekly", &hand, 200, "/missed", json!("all")),
        (Method::PUT, "/v1/schedules/report.1", &hand, 422, "/code", json!("refused")),
        (
            Method::PUT,
            "/v1/schedules/weekly",
            &json!({ "definition": "report" }),
            422,
            "/code",
            json!("json-shape"),
        ),
        (Method::PUT, "/v1/schedules/weekly", &kept, 422, "/code", json!("refused")),
        (
            Method::PUT,
            "/v1/calendars/shop",
            &json!({ "hours": { "mon": "all day" } }),
            422,
            "/code",
            json!("refused"),
        ),
        (Method::PUT, "/v1/calendars/shop", &shop, 200, "/name", json!("shop")),
        (Method::GET, "/v1/calendars", &none, 200, "/items/0/name", json!("shop")),
        (Method::PUT, "/v1/schedules/weekly", &kept, 200, "/calendar", json!("shop")),
        (Method::POST, "/v1/schedules/weekly/pause", &none, 200, "/next_fire", json!(null)),
        (
            Method::POST,
            "/v1/schedules/weekly/resume",
            &json!({ "reason": "on" }),
            200,
            "/paused",
            json!(false),
        ),
        (Method::POST, "/v1/schedules/weekly/fire", &none, 200, "/outcome", json!("started")),
        (
            Method::POST,
            "/v1/schedules/weekly/backfill",
            &last_week,
            200,
            "/items/3/outcome",
            json!("would_start"),
        ),
        (Method::GET, "/v1/schedules/weekly", &none, 200, "/ticks/0/outcome", json!("started")),
        (Method::DELETE, "/v1/schedules/report.1", &none, 409, "/code", json!("conflict")),
        (Method::GET, "/v1/schedules/nothing", &none, 404, "/code", json!("not-found")),
        (Method::GET, "/v1/schedules/report.1", &none, 200, "/origin", json!("definition")),
    ];
    for (method, path, body, status, pointer, wanted) in cases {
        let request = admin.request(method.clone(), path);
        let request = if body.is_null() { request } else { request.body(body.to_string()) };
        let found = answer(request).await.wants(status);
        assert_eq!(found.pointer(pointer), Some(&wanted), "{method} {path}: {found}");
    }
    who_may_do_what(&world).await;
    world.end().await;
}

/// Of a world with the schedules `weekly`, which keeps to a calendar, and `report.1`.
async fn who_may_do_what(world: &World) {
    let admin = world.user(Role::Admin).await;
    let shown = admin.get("/v1/schedules/weekly").await.wants(200);
    let upcoming = shown["upcoming"].as_array().unwrap();
    assert!(upcoming.iter().all(|tick| tick.as_str().unwrap().ends_with("T10:00:00Z")), "{shown}");
    assert_eq!(upcoming.len(), 5);
    let gone = answer(admin.request(Method::DELETE, "/v1/schedules/weekly?reason=done")).await;
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    let viewer = world.user(Role::Viewer).await;
    viewer.post("/v1/schedules/report.1/fire", &json!({})).await.wants(403);
    viewer.get("/v1/schedules").await.wants(200);
    let stranger = world.user_of(uuid::Uuid::now_v7(), Role::Owner).await;
    let others = stranger.get("/v1/schedules").await.wants(200);
    assert_eq!(others["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_and_webhooks_start_what_waits_for_them() {
    let world = World::make().await;
    let admin = world.user(Role::Admin).await;
    admin
        .publish(&done(
            "welcome",
            json!([{ "on": "event", "name": "lead.created", "when": "event.score > 3" }]),
        ))
        .await;
    admin.publish(&done("score", json!([{ "on": "event", "name": "lead.created" }]))).await;
    admin.publish(&done("paid", json!([{ "on": "webhook", "name": "payment" }]))).await;
    // (body) => status, definitions started
    for (body, status, wanted) in [
        (json!({ "name": "lead.created", "data": { "score": 5 } }), 202, "score,welcome"),
        (json!({ "name": "lead.created", "data": { "score": 1 } }), 202, "score"),
        (json!({ "name": "lead.created" }), 202, "score"),
        (json!({ "name": "lead.lost" }), 202, ""),
        (json!({ "name": "step.done" }), 422, ""),
        (json!({ "name": "lead.created", "key": "" }), 422, ""),
    ] {
        let found = admin.post("/v1/events", &body).await.wants(status);
        let started = found["started"].as_array().map_or(&[][..], Vec::as_slice);
        let names: Vec<_> = started.iter().filter_map(|s| s["definition"].as_str()).collect();
        assert_eq!(names.join(","), wanted, "{body}");
    }
    let again = json!({ "name": "lead.created", "id": "lead 7", "data": { "score": 1 } });
    let first = admin.post("/v1/events", &again).await.wants(202);
    let second = admin.post("/v1/events", &again).await.wants(202);
    assert_eq!(first, second);
    let webhooks = admin.get("/v1/webhooks").await.wants(200);
    let address = webhooks["items"][0]["address"].as_str().unwrap();
    let path = &address[address.find("/hooks/").unwrap()..];
    let nobody = world.nobody();
    let call = |path: &str, id: &str| {
        let request = nobody.request(Method::POST, path).header("webhook-id", id.to_owned());
        answer(request.body(r#"{"amount": 3}"#))
    };
    call(&format!("{path}?from=bank"), "a").await.wants(200);
    call(path, "a").await.wants(200);
    call(path, "b").await.wants(200);
    call("/hooks/in/payment/AAAA", "c").await.wants(404);
    call(&path.replace("payment", "refund"), "c").await.wants(404);
    call("/hooks/in/payment", "c").await.wants(401);
    admin.post("/hooks/in/payment?x=1", &json!({ "amount": 4 })).await.wants(200);
    admin.post("/hooks/in/refund", &json!({})).await.wants(404);
    until("what was started", async || {
        let mut counts = Vec::new();
        for name in ["score", "welcome", "paid"] {
            let found =
                admin.get(&format!("/v1/instances?definition={name}&status=completed")).await;
            counts.push(found.wants(200)["items"].as_array().unwrap().len());
        }
        (counts == [4, 1, 3]).then_some(())
    })
    .await;
    let left: i64 =
        sqlx::query_scalar("select count(*) from inbox").fetch_one(&world.pool).await.unwrap();
    assert_eq!(left, 0, "a start that comes again leaves nothing behind");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_the_command_line() {
    let world = World::make().await;
    let admin = world.user(Role::Admin).await;
    admin.publish(&done("report", json!([]))).await;
    let shop = r#"{"mon": [["10:00", "12:00"]], "timeZone": "UTC"}"#;
    // arguments => exit code, a part of what is said
    for (arguments, code, part) in [
        (&["schedules", "list"][..], 0, "no schedules"),
        (&["calendars", "put", "shop", shop], 0, "shop is kept"),
        (&["calendars", "list"], 0, "10:00"),
        (
            &[
                "schedules",
                "put",
                "weekly",
                "report",
                "0 9 * * MON",
                "--calendar",
                "shop",
                "--outside",
                "next_open",
            ],
            0,
            "T10:00:00Z",
        ),
        (&["schedules", "put", "bad", "report", "0 25 * * *"], 3, "the hour `25`"),
        (&["schedules", "put", "bad", "nothing", "@daily"], 3, "not found"),
        (&["schedules", "list", "--definition", "report"], 0, "weekly"),
        (&["schedules", "pause", "weekly", "--reason", "holidays"], 0, "paused"),
        (&["schedules", "resume", "weekly"], 0, "next: 20"),
        (&["schedules", "fire", "weekly"], 0, "started"),
        (&["schedules", "show", "weekly"], 0, "to come"),
        (
            &[
                "schedules",
                "backfill",
                "weekly",
                "--from",
                "2026-01-01T00:00:00Z",
                "--until",
                "2026-02-01T00:00:00Z",
                "--limit",
                "2",
                "--dry-run",
            ],
            0,
            "go on with --from 2026-01-19",
        ),
        (&["calendars", "delete", "shop"], 0, "shop is removed"),
        (&["schedules", "delete", "weekly"], 0, "weekly is removed"),
        (&["schedules", "show", "weekly"], 3, "not found"),
    ] {
        let (found, said) = admin.perdure(arguments);
        assert!(found == code && said.contains(part), "{arguments:?}: {found}\n{said}");
    }
    let reasons: Vec<Option<String>> =
        sqlx::query_scalar("select reason from audit where verb = 'schedule.pause'")
            .fetch_all(&world.pool)
            .await
            .unwrap();
    assert_eq!(reasons, [Some("holidays".to_owned())]);
    world.end().await;
}
