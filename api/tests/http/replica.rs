//! Lists come from the replica while it answers; what is decided, and what one asks for by its id, comes from the primary.

use crate::world::{World, waiting};
use api::auth::Role;
use serde_json::json;
use sqlx::PgPool;

/// A "replica" that lags by everything: the tables of another schema, without a row.
async fn empty(pool: &PgPool) -> PgPool {
    let tables = "create schema behind;
        create table behind.instance (like public.instance including all);
        create table behind.definition (like public.definition including all)";
    sqlx::raw_sql(tables).execute(pool).await.unwrap();
    let options = pool.connect_options().as_ref().clone().options([("search_path", "behind")]);
    engine::connect_with(options, 2).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_are_read_from_a_replica_while_it_answers() {
    let mut replica = None;
    let world = World::make_with(async |pool| {
        replica = Some(empty(pool).await);
        replica.clone()
    })
    .await;
    let owner = world.user(Role::Owner).await;
    owner.publish(&waiting()).await;
    let started = json!({ "definition": "waiting", "input": {"phone": "1"} });
    let id = owner.start(started).await;
    let lists = ["/v1/instances", "/v1/definitions"];
    for path in lists {
        assert_eq!(owner.get(path).await.wants(200)["items"], json!([]), "{path} is the primary's");
    }
    assert_eq!(owner.get(&format!("/v1/instances/{id}")).await.wants(200)["id"], id.as_str());
    // Lost, it costs nobody an answer.
    replica.unwrap().close().await;
    for path in lists {
        let found = owner.get(path).await.wants(200);
        assert_eq!(found["items"].as_array().unwrap().len(), 1, "{path}: {found}");
    }
    world.end().await;
}
