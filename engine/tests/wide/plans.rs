//! Rows are looked for by their whole key, also where Postgres counts on none: beside a snapshot that somebody holds, a table of work
//! is empty at its vacuum, and its indexes are full of what was deleted (`prefer_keys.sql`).

use crate::{statements::plan, support::Db};
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection};

/// Statements on tables of work, the index each uses, and the columns it is asked for.
const WANTED: &[(&str, &str, &[&str])] = &[
    ("delete_inbox", "inbox_pkey", &["tenant_id", "id"]),
    ("delete_outbox", "outbox_pkey", &["tenant_id", "id"]),
    ("delete_steps", "step_pkey", &["tenant_id", "instance_id", "seq", "index"]),
    ("retry_steps", "step_pkey", &["tenant_id", "instance_id", "seq", "index"]),
    ("park_steps", "step_pkey", &["tenant_id", "instance_id", "seq", "index"]),
    ("start_steps", "step_pkey", &["tenant_id", "instance_id", "seq", "index"]),
    ("lock_statuses", "message_pkey", &["tenant_id", "id"]),
    ("update_messages_routed", "message_pkey", &["tenant_id", "id"]),
    ("update_messages_delivery", "message_pkey", &["tenant_id", "id"]),
    ("select_inbox_rung", "inbox_of_shard", &["shard"]),
    ("select_inbox", "inbox_of_shard", &["shard"]),
];

/// Three thousand rows of each, done with.
const WORK: &str = "
insert into inbox (tenant_id, shard, instance_id, body, actor, received_at)
select gen_random_uuid(), n % 256, gen_random_uuid(), '{}', '', now() from generate_series(1, 3000) as n;
insert into outbox (tenant_id, id, process_id, created_at, steps)
select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), now(), '' from generate_series(1, 3000);
insert into step (tenant_id, instance_id, seq, index, shard, status, attempt, fence, due, invoke, kind, key, policy, input, created_at)
select gen_random_uuid(), gen_random_uuid(), 1, 0, 0, 'ready', 0, 0, now(), '', '', '', '{}', '{}', now()
from generate_series(1, 3000);
insert into message (tenant_id, channel_id, direction, body, status, at, received_at)
select '11111111-1111-1111-1111-111111111111', gen_random_uuid(), 'in', '{}', 'received', now(), now() from generate_series(1, 3000);
";
const DONE: &str = "
delete from inbox; delete from outbox; delete from step; update message set routed_at = now();
";

#[tokio::test]
async fn rows_are_found_by_their_key_whatever_postgres_counts_on() {
    let db = Db::make().await;
    let run = async |connection: &mut PgConnection, text: &'static str| {
        sqlx::raw_sql(AssertSqlSafe(text)).execute(connection).await.unwrap();
    };
    let mut connection = db.pool.acquire().await.unwrap();
    run(&mut connection, WORK).await;
    let mut reader = db.pool.acquire().await.unwrap();
    run(&mut reader, "begin isolation level repeatable read; select from inbox limit 1").await;
    run(&mut connection, DONE).await;
    run(&mut connection, "vacuum (analyze) inbox, outbox, step, message").await;
    let known = "select sum(reltuples) from pg_class where relname in ('inbox', 'outbox', 'step')";
    let known: f32 = sqlx::query_scalar(known).fetch_one(&mut *connection).await.unwrap();
    assert_eq!(known, 0.0, "Postgres knows of rows: the test proves nothing");

    // The plans that are kept, on all other connections and on an owner's.
    let sql = |name: &str| engine::store::statements().iter().find(|(n, _)| *n == name).unwrap().1;
    let mut wrong = Vec::new();
    for is_owner in [false, true] {
        if is_owner {
            sqlx::query(sql("prefer_keys")).execute(&mut *connection).await.unwrap();
        }
        for (name, index, columns) in WANTED {
            let plan = plan(&mut connection, sql(name)).await.unwrap();
            if !looks_along(&plan, index, columns) && (is_owner || !is_owners(name)) {
                wrong.push(format!("{name}: {plan:#}"));
            }
        }
    }
    run(&mut reader, "commit").await;
    drop((connection, reader));
    db.drop().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Only an owner's connection writes these; others may read a small table from end to end.
fn is_owners(name: &str) -> bool {
    name.starts_with("delete_") || name.starts_with("retry_") || name.starts_with("park_")
}

/// Whether this index is looked up by these columns somewhere in the plan.
fn looks_along(plan: &Value, index: &str, columns: &[&str]) -> bool {
    match plan {
        Value::Array(items) => items.iter().any(|item| looks_along(item, index, columns)),
        Value::Object(node) => {
            let asked = node.get("Index Cond").and_then(Value::as_str).unwrap_or_default();
            let is_it = node.get("Index Name").and_then(Value::as_str) == Some(index)
                && columns.iter().all(|column| asked.contains(&format!(".{column} ")));
            is_it || node.values().any(|value| looks_along(value, index, columns))
        }
        _ => false,
    }
}
