//! Every table is keyed by tenant first, so that it can be distributed by it, and so that one tenant's rows lie together.

use crate::support::Db;
use std::{collections::BTreeSet, fmt::Write};

/// Unique keys that hold over all tenants, and why.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("api_key_hash_key", "a credential is looked up before the tenant is known; a reference table"),
    (
        "channel_kind_external_id_key",
        "an account of a provider belongs to one tenant only; a reference table",
    ),
];

/// Tables that belong to no tenant, and why.
const SHARED: &[(&str, &str)] = &[
    ("_sqlx_migrations", "which migrations were applied"),
    ("shard", "who owns which instances, of whatever tenant"),
    ("process", "who is there to own them"),
    ("chore", "which process does the housekeeping of all tenants"),
];

#[derive(sqlx::FromRow)]
struct Key {
    name: String,
    first: Option<String>,
}

#[tokio::test]
async fn every_key_begins_with_the_tenant() {
    let db = Db::make().await;
    let mut wrong = String::new();
    let shared: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class
         where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and not relispartition
             and not exists (select from pg_attribute where attrelid = pg_class.oid and attname = 'tenant_id')",
    )
    .fetch_all(&db.pool)
    .await
    .unwrap();
    compare(&mut wrong, "table has no tenant_id", &shared, SHARED);
    let keyless: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class
         where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p')
             and not exists (select from pg_index where indrelid = pg_class.oid and indisprimary)",
    )
    .fetch_all(&db.pool)
    .await
    .unwrap();
    assert_eq!(keyless, Vec::<String>::new(), "tables without a primary key");
    let keys: Vec<Key> = sqlx::query_as(
        "select index.relname::text as name, attname::text as first
         from pg_index
         join pg_class as index on index.oid = indexrelid
         join pg_class as keyed on keyed.oid = indrelid
         left join pg_attribute on attrelid = indrelid and attnum = indkey[0]
         where keyed.relnamespace = current_schema()::regnamespace and (indisunique or indisexclusion)
             and exists (select from pg_attribute where attrelid = indrelid and attname = 'tenant_id')",
    )
    .fetch_all(&db.pool)
    .await
    .unwrap();
    let free: Vec<String> = keys
        .into_iter()
        .filter(|key| key.first.as_deref() != Some("tenant_id"))
        .map(|key| key.name)
        .collect();
    compare(&mut wrong, "key does not begin with tenant_id", &free, EXCEPTIONS);
    db.drop().await;
    assert!(wrong.is_empty(), "{wrong}");
}

/// Both ways: what is not excused, and what needs no excuse any more.
fn compare(wrong: &mut String, what: &str, found: &[String], excused: &[(&str, &str)]) {
    let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    let excused: BTreeSet<&str> = excused.iter().map(|(name, _)| *name).collect();
    for name in found.difference(&excused) {
        writeln!(wrong, "{name}: {what}").unwrap();
    }
    for name in excused.difference(&found) {
        writeln!(wrong, "{name} needs no exception any more: {what}").unwrap();
    }
}
