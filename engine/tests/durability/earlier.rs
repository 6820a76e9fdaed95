//! Rows that the first release wrote, and processes of this one on them: an upgrade process by process, under load.

use crate::support::{
    Db, check_promises, check_replay, event, one_step, publish, start_engine, until,
};
use engine::{Clock, Engine, Error, NoAccounts, StartRequest};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

/// Whose instances they are.
const TENANT: Uuid = Uuid::from_u128(1);
/// Instances of each kind.
const EACH: usize = 20;

/// Waits for an event, and then goes through a step, with what it was started with.
fn told() -> Value {
    json!({
        "@exprLang": "cel",
        "initial": "wait",
        "states": {
            "wait": { "on": { "go": "work" } },
            "work": { "invoke": {
                "id": "work", "src": "noop", "onDone": "done", "input": { "value": { "@expr": "input.say" } }
            } },
            "done": { "type": "final" }
        },
        "output": { "said": { "@expr": "input.say" }, "as": { "@expr": "tenant.id" } }
    })
}

async fn begin(engine: &Engine, definition: &str, n: usize) -> Uuid {
    let request = StartRequest {
        tenant: TENANT,
        definition: definition.to_owned(),
        input: json!({ "say": "act" }),
        key: Some(n.to_string()),
        ..StartRequest::default()
    };
    engine.start_instance(request).await.unwrap().id
}

/// What `0001` had: no origin, no event id, a row for every step, and no outbox.
const AS_BEFORE: &[&str] = &[
    "update instance set memo = memo || origin, origin = null",
    "insert into inbox (tenant_id, shard, instance_id, body, actor, received_at)
       select tenant_id, shard, id, '{\"type\": \"go\"}', 'earlier', now() from instance where definition = 'told'",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_of_the_first_release_run_on() {
    let db = Db::make().await;
    let (clock, nobody) = (Clock::system(), Arc::new(NoAccounts));
    let first = start_engine(&db, &clock, nobody.clone()).await.unwrap();
    publish(&first, TENANT, "told", told()).await;
    let busy = json!({
        "src": "noop", "input": { "value": ["busy", "act"] },
        "policy": { "backoffMs": 86_400_000, "backoffMaxMs": 86_400_000 }
    });
    publish(&first, TENANT, "busy", one_step(busy)).await;
    let mut begun = Vec::new();
    for n in 0..EACH {
        begun.push(begin(&first, "told", n).await);
        begun.push(begin(&first, "busy", n).await);
    }
    // Each has been tried once, and so has a row.
    let rows = "select (count(*) = 20)::int::bigint from step";
    db.until(rows).await;
    first.shutdown().await;
    assert_eq!(db.count("select count(*) from outbox").await, 0);
    for statement in AS_BEFORE {
        sqlx::raw_sql(sqlx::AssertSqlSafe(*statement)).execute(&db.pool).await.unwrap();
    }
    // The second try was far away, so that none came before it was looked; now it is due.
    sqlx::raw_sql("update step set due = now()").execute(&db.pool).await.unwrap();
    assert_eq!(db.count("select count(*) from instance where origin is null").await, 40);

    let one = start_engine(&db, &clock, nobody.clone()).await.unwrap();
    let mut begun_now = Vec::new();
    for n in EACH..2 * EACH {
        let id = begin(&one, "told", n).await;
        let Value::Object(go) = json!({ "type": "go" }) else { unreachable!() };
        one.send_and_wait(event(TENANT, id, go), Duration::from_secs(20)).await.unwrap();
        begun_now.push(id);
    }
    let other = start_engine(&db, &clock, nobody).await.unwrap();
    for id in begun.iter().chain(&begun_now) {
        let ended = until(&other, TENANT, *id, &["completed", "stuck", "failed"]).await;
        assert_eq!(ended.status, "completed", "{ended:#?}");
        if ended.definition == "told" {
            let result = ended.state.memo.result.clone().unwrap();
            assert_eq!(result, json!({ "said": "act", "as": TENANT }));
        }
    }
    db.until("select (not exists (select 1 from outbox))::int::bigint").await;
    for engine in [&one, &other] {
        engine.shutdown().await;
    }
    let twice =
        "select count(*) from (select key from ledger group by key having count(*) > 2) twice";
    assert_eq!(db.count(twice).await, 0);
    check_promises(&db).await;
    check_replay(&db, &one).await;
    db.drop().await;
}

/// An upgrade is taken back by starting the earlier binary, with `serve --migrate` as ever.
#[tokio::test]
async fn the_schema_of_a_later_release_is_left_as_it_is() {
    let db = Db::make().await;
    let later =
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                 values (9999, 'of a later release', true, '', 0)";
    sqlx::raw_sql(later).execute(&db.pool).await.unwrap();
    db.migrate().await.unwrap();
    // What was edited after it had been applied is refused as ever.
    let edited = "update _sqlx_migrations set checksum = 'x' where version = 1";
    sqlx::raw_sql(edited).execute(&db.pool).await.unwrap();
    assert!(matches!(db.migrate().await, Err(Error::Migrate(_))));
    db.drop().await;
}
