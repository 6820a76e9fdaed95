//! Every statement reaches every table of tenants by `tenant_id`, as Postgres itself plans it: on a distributed database it
//! then goes to the nodes of those tenants only. The few that look over all tenants are named with their reason.
//!
//! A condition counts if it stands in the plan as a comparison `table.tenant_id = …` that nothing weakens (a part of an `or`
//! does not count), or as one with an array of one value (`prefer_keys.sql`). Inserts name the column, because it has no default.

use crate::support::Db;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor, PgConnection, Row, SqlSafeStr, Statement, TypeInfo};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

/// Statements that look over all tenants, and why that is right. Each reads a page along an index.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("delete_expired", "housekeeping over all tenants"),
    ("delete_pacing", "housekeeping over all tenants"),
    ("list_archives_open", "housekeeping over all tenants"),
    ("list_archives_replaced", "housekeeping over all tenants"),
    ("list_health", "one look of a process at all connections that are not well"),
    ("list_retentions", "housekeeping over all tenants"),
    ("lock_outbox", "what processes that are gone left, of whatever tenant; a small table"),
    ("select_admission_keys", "one look at the queues of all tenants"),
    ("select_api_key", "the key tells the tenant; a reference table"),
    ("select_channel_by_account", "the provider's account tells the tenant; a reference table"),
    ("select_channel_for_webhook", "the channel tells the tenant; a reference table"),
    ("select_due_schedules", "one poll of the leader for the schedules of all tenants"),
    ("select_due_timers", "one poll of an owner for all tenants of its shards"),
    ("select_due_timers_of_each", "which tenants have timers, along the index"),
    ("select_following_tenants", "which tenants have timers that follow, along the index"),
    ("select_health", "how the database ages, for /metrics"),
    ("select_inbox", "one sweep of an owner for all tenants of its shards"),
    ("select_inbox_of_each", "which tenants have events, along the key"),
    ("select_inbox_rung", "one look of an owner at all tenants of a few of its shards"),
    ("select_month_instances", "housekeeping over all tenants"),
    ("select_queued_schedules", "one poll of the leader for the schedules of all tenants"),
    ("select_schedule_state", "when the leader wakes, whosever schedule it is"),
    (
        "select_schedules_running",
        "joined with the named instances by tenant, in a form the plan does not tell",
    ),
    ("select_stale_schedules", "one look of the leader at the schedules of all tenants"),
    ("select_started_steps", "what an earlier owner left, when shards are taken over"),
    ("select_step_lanes", "which tenants have open steps, along the index"),
    ("select_stray_months", "housekeeping over all tenants"),
    ("select_unrouted", "one poll of the router for all tenants"),
];

/// A table read or changed by a statement, as its plan names it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Use {
    table: String,
    alias: String,
}

#[tokio::test]
async fn every_statement_is_led_by_the_tenant() {
    let db = Db::make().await;
    let mut connection = db.pool.acquire().await.unwrap();
    let tables: BTreeSet<String> = sqlx::query_scalar(
        "select attrelid::regclass::text from pg_attribute join pg_class on pg_class.oid = attrelid
         where attname = 'tenant_id' and relnamespace = current_schema()::regnamespace and relkind in ('r', 'p')",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap()
    .into_iter()
    .collect();
    let mut wrong = String::new();
    let mut used: BTreeSet<&str> = BTreeSet::new();
    let exceptions: BTreeMap<&str, &str> = EXCEPTIONS.iter().copied().collect();
    for (name, sql) in engine::store::statements() {
        let plan = match plan(&mut connection, sql).await {
            Ok(plan) => plan,
            Err(error) => {
                writeln!(wrong, "{name} cannot be planned: {error}").unwrap();
                continue;
            }
        };
        let free = free(&plan, &tables);
        match (free.is_empty(), exceptions.contains_key(name)) {
            (true, _) => {}
            (false, true) => drop(used.insert(name)),
            (false, false) => {
                writeln!(wrong, "{name} reaches without tenant_id: {free:?}").unwrap()
            }
        }
    }
    for name in exceptions.keys().filter(|name| !used.contains(*name)) {
        writeln!(wrong, "{name} is led by the tenant, or gone: take it off the exceptions")
            .unwrap();
    }
    drop(connection);
    db.drop().await;
    assert!(wrong.is_empty(), "{wrong}");
}

/// The plan for any parameters, so that none of them can be folded away.
pub(crate) async fn plan(connection: &mut PgConnection, sql: &str) -> sqlx::Result<Value> {
    let run = async |connection: &mut PgConnection, text: String| {
        sqlx::raw_sql(AssertSqlSafe(text)).fetch_all(connection).await
    };
    run(connection, "deallocate all; set plan_cache_mode = force_generic_plan".to_owned()).await?;
    let types = types(connection, sql).await?;
    let nulls = vec!["null"; types.len()].join(", ");
    let in_brackets =
        |list: &str| if list.is_empty() { String::new() } else { format!("({list})") };
    let taken = in_brackets(&types.join(", "));
    run(connection, format!("prepare asked {taken} as {sql}")).await?;
    let given = in_brackets(&nulls);
    let explain = format!("explain (format json, verbose, costs off) execute asked{given}");
    let rows = run(connection, explain).await?;
    rows[0].try_get_unchecked(0)
}

/// The types of a statement's parameters, as the server infers them.
async fn types(connection: &mut PgConnection, sql: &str) -> sqlx::Result<Vec<String>> {
    let described = connection.prepare(AssertSqlSafe(sql.to_owned()).into_sql_str()).await?;
    Ok(match described.parameters() {
        Some(sqlx::Either::Left(types)) => types.iter().map(|t| t.name().to_owned()).collect(),
        _ => Vec::new(),
    })
}

/// The tables of tenants that the plan reaches without one.
fn free(plan: &Value, tables: &BTreeSet<String>) -> BTreeSet<Use> {
    let mut uses = BTreeSet::new();
    let mut conditions = Vec::new();
    walk(plan, &mut |node| {
        for (field, value) in node {
            if let (true, Some(text)) = (is_condition(field), value.as_str()) {
                conditions.extend(conjuncts(text));
            }
        }
        let text = |field: &str| node.get(field).and_then(Value::as_str).map(str::to_owned);
        // What a change touches is found by the scan below it; an insert has none, and cannot leave the column out.
        if let (Some(table), Some(alias), false) = (
            text("Relation Name"),
            text("Alias"),
            text("Node Type").is_some_and(|kind| kind == "ModifyTable"),
        ) {
            uses.insert(Use { table, alias });
        }
    });
    let is_led = |used: &Use| {
        let column = format!("{}.tenant_id", used.alias);
        conditions.iter().any(|text| {
            let (left, right) = text.split_once(" = ").unwrap_or((text, ""));
            let array = right.strip_prefix("ANY (ARRAY[");
            let is_one = !right.starts_with("ANY ") || array.is_some_and(|it| !it.contains(','));
            (left == column && is_one) || right == column
        })
    };
    uses.into_iter().filter(|used| tables.contains(&used.table) && !is_led(used)).collect()
}

fn is_condition(field: &str) -> bool {
    field.ends_with("Cond") || field.ends_with("Filter")
}

fn walk(value: &Value, visit: &mut impl FnMut(&serde_json::Map<String, Value>)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        Value::Object(node) => {
            visit(node);
            node.values().for_each(|value| walk(value, visit));
        }
        _ => {}
    }
}

/// The parts of a condition that must all hold.
fn conjuncts(text: &str) -> Vec<String> {
    let text = unwrapped(text.trim());
    let mut parts = Vec::new();
    let (mut depth, mut from, mut in_text) = (0_i32, 0, false);
    for (at, char) in text.char_indices() {
        match char {
            '\'' => in_text = !in_text,
            '(' if !in_text => depth += 1,
            ')' if !in_text => depth -= 1,
            _ => {}
        }
        if depth == 0 && !in_text && text[at..].starts_with(" AND ") {
            parts.push(&text[from..at]);
            from = at + " AND ".len();
        }
    }
    parts.push(&text[from..]);
    match parts.as_slice() {
        [whole] => vec![(*whole).to_owned()],
        parts => parts.iter().flat_map(|part| conjuncts(part)).collect(),
    }
}

/// Without the brackets around the whole.
fn unwrapped(text: &str) -> &str {
    let Some(inner) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) else {
        return text;
    };
    let mut depth = 0_i32;
    for char in inner.chars() {
        depth += i32::from(char == '(') - i32::from(char == ')');
        if depth < 0 {
            return text;
        }
    }
    unwrapped(inner)
}

#[test]
fn conditions_are_taken_apart() {
    let cases: [(&str, &[&str]); 5] = [
        ("(a.tenant_id = $1)", &["a.tenant_id = $1"]),
        ("((a.tenant_id = $1) AND (a.id > $2))", &["a.tenant_id = $1", "a.id > $2"]),
        ("((a.tenant_id = $1) OR (a.id > $2))", &["(a.tenant_id = $1) OR (a.id > $2)"]),
        (
            "(((a.x = ' AND ') AND (a.tenant_id = b.tenant_id)))",
            &["a.x = ' AND '", "a.tenant_id = b.tenant_id"],
        ),
        ("(ROW(a.x, a.y) > ROW($1, $2))", &["ROW(a.x, a.y) > ROW($1, $2)"]),
    ];
    for (text, wanted) in cases {
        assert_eq!(conjuncts(text), wanted, "{text}");
    }
}
