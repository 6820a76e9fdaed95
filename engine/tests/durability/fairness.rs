//! Turns between tenants and connections: the flood of one delays nobody else's one.

use crate::support::{Db, World, one_step, post, publish, start_engine, until};
use engine::{Engine, NoAccounts, StartRequest};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// Ready steps of the flood.
const FLOOD: i64 = 5_000;
/// Begins of the flood between two looks at the one step: what runs at once, and what is begun while it is on its way.
const BEGINS_MAX: i64 = 1_000;

async fn begin(engine: &Engine, tenant: Uuid, definition: &str) -> Uuid {
    let request =
        StartRequest { tenant, definition: definition.to_owned(), ..StartRequest::default() };
    engine.start_instance(request).await.unwrap().id
}

/// Copies of a step that was opened, as many as the flood: what an earlier process, or another one, has left in the table.
async fn flood(db: &Db, tenant: Uuid) {
    let statement = "insert into step (tenant_id, instance_id, seq, index, shard, status, attempt, fence, due, invoke, kind,
            key, policy, input, created_at)
         select tenant_id, gen_random_uuid(), 1, 0, n % 256, 'ready', 0, 0, now() - interval '1 hour', opened ->> 'invoke',
            opened ->> 'kind', 'flood ' || n, $3, opened -> 'input' || '{\"value\": \"act\"}', now()
         from history, jsonb_array_elements(commands) as opened, generate_series(1, $2) as n
         where tenant_id = $1 and opened ->> 'type' = 'run_step'";
    let policy = json!({ "timeoutMs": 30_000, "maxAttempts": 6, "backoffMs": 1_000, "backoffMaxMs": 300_000,
        "onUnknown": "retry" });
    let query = sqlx::query(statement).bind(tenant).bind(FLOOD).bind(policy);
    query.execute(&db.pool).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_one_tenant_delays_nobody_elses_one() {
    let world = World::make().await;
    let (a, b) = (world.tenant, Uuid::now_v7());
    let gate = world.db.close_gate().await;
    world.publish("flood", one_step(json!({ "src": "noop", "input": { "value": "gate" } }))).await;
    publish(&world.engine, b, "one", one_step(json!({ "src": "noop" }))).await;
    begin(&world.engine, a, "flood").await;
    world.db.until("select count(*) from ledger").await;
    // No hint tells of them: the poll finds them, while B's one comes by a hint.
    flood(&world.db, a).await;
    world.db.until("select (count(*) > 100)::int::bigint from ledger").await;
    let before = world.db.count("select count(*) from ledger").await;
    let one = begin(&world.engine, b, "one").await;
    until(&world.engine, b, one, &["completed"]).await;
    let after = world.db.count("select count(*) from ledger").await;
    assert!(after - before <= BEGINS_MAX, "{} begins later", after - before);
    drop(gate);
    world.engine.shutdown().await;
    world.db.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restart_a_flood_in_the_table_hides_nobody() {
    let db = Db::make().await;
    let (clock, a, b) = (engine::Clock::system(), Uuid::now_v7(), Uuid::now_v7());
    let engine = start_engine(&db, &clock, Arc::new(NoAccounts)).await.unwrap();
    let gate = db.close_gate().await;
    let gated = |value: &str| one_step(json!({ "src": "noop", "input": { "value": value } }));
    publish(&engine, a, "flood", gated("gate")).await;
    publish(&engine, b, "one", gated("gate")).await;
    begin(&engine, a, "flood").await;
    let one = begin(&engine, b, "one").await;
    db.until("select (count(*) = 2)::int::bigint from ledger").await;
    engine.shutdown().await;
    flood(&db, a).await;
    drop(gate);
    // B's step is the youngest of all in the table, and nobody hints at it.
    sqlx::query("update step set due = now() where tenant_id = $1")
        .bind(b)
        .execute(&db.pool)
        .await
        .unwrap();
    let before = db.count("select count(*) from ledger").await;
    let engine = start_engine(&db, &clock, Arc::new(NoAccounts)).await.unwrap();
    until(&engine, b, one, &["completed"]).await;
    let after = db.count("select count(*) from ledger").await;
    assert!(after - before <= BEGINS_MAX, "{} begins later", after - before);
    engine.shutdown().await;
    db.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_in_the_table_is_read_by_its_indexes() {
    let db = Db::make().await;
    let insert = "insert into step (tenant_id, instance_id, seq, index, shard, status, attempt, fence, due, invoke, kind,
            key, policy, input, created_at)
         select md5((n % 20)::text)::uuid, gen_random_uuid(), 1, 0, 0, 'ready', 0, 0, now(), 'work', 'http.request',
            'key ' || n, '{}', case n % 3 when 0 then '{}' else jsonb_build_object('connection', 'c' || n % 3) end, now()
         from generate_series(1, 60000) as n";
    sqlx::raw_sql(insert).execute(&db.pool).await.unwrap();
    sqlx::raw_sql("analyze step").execute(&db.pool).await.unwrap();
    let statements = engine::store::statements();
    let sql = |name: &str| statements.iter().find(|(found, _)| *found == name).unwrap().1;
    let lanes = format!("explain (analyze, buffers, format json) {}", sql("select_step_lanes"))
        .replace("$1", "'00000000-0000-0000-0000-000000000000'::uuid")
        .replace("$2", "''")
        .replace("$3", "''")
        .replace("$4", "200");
    let due = format!("explain (analyze, buffers, format json) {}", sql("select_due_steps"))
        .replace("$1", "now()")
        .replace("$2", "array_fill(md5('1')::uuid, array[1])")
        .replace("$3", "array['http.request']")
        .replace("$4", "array['c1']")
        .replace("$5", "array[16]")
        .replace("$6", "null");
    // (statement, pages it may touch)
    for (statement, pages_max) in [(lanes, 400), (due, 60)] {
        let plan: Value =
            sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_one(&db.pool).await.unwrap();
        let plan = &plan[0]["Plan"];
        let pages = plan["Shared Hit Blocks"].as_i64().unwrap()
            + plan["Shared Read Blocks"].as_i64().unwrap();
        assert!(pages <= pages_max, "{pages} pages: {plan:#}");
        assert!(!plan.to_string().contains("Seq Scan"), "{plan:#}");
    }
    db.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_leaves_steps_that_waited_for_their_turn_to_the_next_process() {
    let world = World::make().await;
    let gate = world.db.close_gate().await;
    world.publish("work", one_step(post(json!("act"), json!({})))).await;
    world.publish("hold", one_step(json!({ "src": "noop", "input": { "value": "gate" } }))).await;
    let mut ids = Vec::new();
    for _ in 0..300 {
        begin(&world.engine, world.tenant, "hold").await;
    }
    for _ in 0..20 {
        ids.push(begin(&world.engine, world.tenant, "work").await);
    }
    // The process forgets everything; the rows are what there is.
    world.engine.shutdown().await;
    drop(gate);
    let World { db, clock, tenant, .. } = world;
    let world = World {
        engine: start_engine(&db, &clock, Arc::new(NoAccounts)).await.unwrap(),
        db,
        clock,
        tenant,
    };
    for id in ids {
        world.until(id, &["completed"]).await;
    }
    world.db.until("select (count(*) = 0)::int::bigint from instance where live").await;
    world.end().await;
}
