//! Nobody gets past the door without a key, nobody does what their role may not, and nobody sees another tenant's anything.

use crate::world::{User, World, answer, until, waiting};
use api::auth::Role;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// Every route under `/v1`, with a body that would be accepted, and the least role that may call it.
const ROUTES: [(&str, &str, &str, Role); 25] = [
    ("POST", "/v1/definitions", "{}", Role::Admin),
    ("GET", "/v1/definitions", "", Role::Viewer),
    ("GET", "/v1/definitions/waiting", "", Role::Viewer),
    ("GET", "/v1/definitions/waiting/versions/1", "", Role::Viewer),
    ("GET", "/v1/kinds", "", Role::Viewer),
    ("GET", "/v1/schema", "", Role::Viewer),
    ("POST", "/v1/instances", r#"{"definition":"waiting","input":{"phone":"1"}}"#, Role::Operator),
    ("GET", "/v1/instances", "", Role::Viewer),
    ("GET", "/v1/instances/{id}", "", Role::Viewer),
    ("GET", "/v1/instances/{id}/history", "", Role::Viewer),
    ("GET", "/v1/instances/{id}/scenario", "", Role::Viewer),
    ("GET", "/v1/instances/{id}/explain", "", Role::Viewer),
    ("POST", "/v1/instances/{id}/events", r#"{"type":"nudge","id":"n"}"#, Role::Operator),
    ("POST", "/v1/instances/{id}/replay", "", Role::Operator),
    ("POST", "/v1/instances/{id}/retry", "", Role::Operator),
    ("POST", "/v1/instances/{id}/skip", "", Role::Operator),
    ("POST", "/v1/instances/{id}/resume", "", Role::Operator),
    ("POST", "/v1/instances/{id}/suspend", "", Role::Operator),
    ("POST", "/v1/instances/{id}/cancel", "", Role::Operator),
    ("GET", "/v1/incidents", "", Role::Viewer),
    ("GET", "/v1/conversations", "", Role::Viewer),
    ("GET", "/v1/conversations/{conversation}/messages", "", Role::Viewer),
    ("POST", "/v1/contacts/{conversation}/purge", "", Role::Admin),
    ("GET", "/v1/channels", "", Role::Viewer),
    (
        "POST",
        "/v1/connections",
        r#"{"name":"a","provider":"http","base_url":"https://a.b"}"#,
        Role::Admin,
    ),
];

async fn call(
    user: &User<'_>,
    (method, path, body): (&str, &str, &str),
    ids: &[Uuid; 2],
) -> (u16, String) {
    let path =
        path.replace("{id}", &ids[0].to_string()).replace("{conversation}", &ids[1].to_string());
    let request = user.request(Method::from_bytes(method.as_bytes()).unwrap(), &path);
    let got = answer(request.body(body.to_owned())).await;
    (got.status, got.text)
}

async fn ids_of(world: &World) -> [Uuid; 2] {
    let owner = world.user(Role::Owner).await;
    owner.publish(&waiting()).await;
    let id = owner
        .start(json!({"definition": "waiting", "key": "CANARY", "input": {"phone": "1"}}))
        .await;
    let conversation = Uuid::now_v7();
    sqlx::query("insert into conversation (tenant_id, id, channel_id, contact_id, shard) values ($1, $2, $2, $2, 0)")
        .bind(world.tenant)
        .bind(conversation)
        .execute(&world.pool)
        .await
        .unwrap();
    // Of the same id: whoever may see the one may see the other.
    sqlx::query("insert into contact (tenant_id, id, name) values ($1, $2, 'CANARY')")
        .bind(world.tenant)
        .bind(conversation)
        .execute(&world.pool)
        .await
        .unwrap();
    [id.parse().unwrap(), conversation]
}

#[tokio::test]
async fn every_route_wants_a_key_and_a_role() {
    let world = World::make().await;
    let ids = ids_of(&world).await;
    let mut users = vec![(None, world.nobody())];
    for role in [Role::Viewer, Role::Operator, Role::Admin, Role::Owner] {
        users.push((Some(role), world.user(role).await));
    }
    for (method, path, body, least) in ROUTES {
        for (role, user) in &users {
            let (status, text) = call(user, (method, path, body), &ids).await;
            let name = format!("{method} {path} as {role:?}: {status} {text}");
            match role {
                None => assert_eq!(status, 401, "{name}"),
                Some(role) if *role < least => assert_eq!(status, 403, "{name}"),
                Some(_) => assert!(![401, 403, 404].contains(&status) && status < 500, "{name}"),
            }
        }
    }
    world.end().await;
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let world = World::make().await;
    let nobody = world.nobody();
    let unknown = format!("Bearer pd_live_{}_{}", "a".repeat(8), "b".repeat(43));
    for value in ["Bearer x", "Basic eDp5", "", unknown.as_str()] {
        let request = nobody.request(Method::GET, "/v1/instances").header("authorization", value);
        assert_eq!(answer(request).await.status, 401, "{value}");
    }
    let user = world.user(Role::Owner).await;
    user.get("/v1/instances").await.wants(200);
    sqlx::raw_sql("update api_key set revoked_at = now()").execute(&world.pool).await.unwrap();
    until("the end of a revoked key", async || {
        (user.get("/v1/instances").await.status == 401).then_some(())
    })
    .await;
    world.end().await;
}

#[tokio::test]
async fn another_tenants_ids_do_not_exist() {
    let world = World::make().await;
    let ids = ids_of(&world).await;
    let stranger = world.user_of(Uuid::now_v7(), Role::Owner).await;
    let before: Value = state(&world).await;
    for (method, path, body, _) in ROUTES {
        let (status, text) = call(&stranger, (method, path, body), &ids).await;
        let name = format!("{method} {path}: {status} {text}");
        assert!(!text.contains("CANARY"), "{name}");
        let names_a_thing =
            path.contains('{') || path.contains("/waiting") || body.contains("waiting");
        if names_a_thing {
            assert_eq!(status, 404, "{name}");
        }
        assert!(status < 500, "{name}");
    }
    for path in
        ["/v1/instances", "/v1/instances?key=CANARY", "/v1/instances?q=CAN", "/v1/conversations"]
    {
        let listed = stranger.get(path).await.wants(200);
        assert_eq!(listed, json!({"items": [], "next": null}), "{path}");
    }
    assert_eq!(state(&world).await, before);
    world.end().await;
}

/// The rows a stranger must not touch.
async fn state(world: &World) -> Value {
    sqlx::query_scalar("select jsonb_agg(to_jsonb(instance)) from instance where tenant_id = $1")
        .bind(world.tenant)
        .fetch_one(&world.pool)
        .await
        .unwrap()
}
