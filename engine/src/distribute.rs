//! Spreads the tables over the nodes of a Citus cluster: every table of tenants by `tenant_id`, in shards that live together,
//! so that a tenant's turn touches one node.
//!
//! **Invariant:** what is printed as the plan is, word for word, what is run.
//! **Invariant:** a table that no rule places is a problem told by name, never a guess; nothing is run while there is one.
//! **Invariant:** running it again goes on where it stopped: tables that are placed are left alone.

use crate::error::{Error, Result};
use sqlx::{AssertSqlSafe, PgPool};
use std::collections::HashSet;

/// The table whose shards the others' live with.
const FIRST: &str = "instance";

/// Tables that every node has a copy of, with the reason: small, rarely written, and asked for before the tenant is known.
/// Their unique keys hold over all tenants, which a distributed table could not promise.
const REFERENCE: &[(&str, &str)] = &[
    ("api_key", "a credential is looked up by its hash, before the tenant is known"),
    ("channel", "a webhook names a channel, or a provider's account, before the tenant is known"),
];

/// Tables that stay on the coordinator, with the reason.
const LOCAL: &[(&str, &str)] = &[
    ("shard", "leases of processes; written every few seconds, joined with nothing"),
    ("process", "who is there; written every few seconds, joined with nothing"),
    ("chore", "who does which housekeeping; written every few minutes, joined with nothing"),
    ("_sqlx_migrations", "which migrations were applied"),
];

/// Where the rows of a table live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// By `tenant_id`, over all nodes.
    Distributed,
    /// All of them on every node.
    Reference,
    /// On the coordinator.
    Local,
}

/// A table and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The table.
    pub table: String,
    /// Where its rows live.
    pub how: How,
    /// Why it is not distributed; empty if it is.
    pub why: &'static str,
    /// The statement that places it; `None` where there is nothing to do.
    pub statement: Option<String>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Every table, in the order in which they are placed.
    pub tables: Vec<Placed>,
    /// What has to be cured before anything is run.
    pub problems: Vec<String>,
    /// Whether the database has the extension.
    pub has_citus: bool,
}

#[derive(sqlx::FromRow)]
struct Table {
    name: String,
    has_tenant: bool,
    keys_without_tenant: Vec<String>,
    references_without_tenant: Vec<String>,
}

/// Looks at the tables as they are now. Changes nothing.
pub async fn plan(pool: &PgPool, shards: u32) -> Result<Plan> {
    let has_citus = has_citus(pool).await?;
    let placed = if has_citus { placed(pool).await? } else { HashSet::new() };
    let tables: Vec<Table> =
        sqlx::query_as(include_str!("store/sql/list_tables.sql")).fetch_all(pool).await?;
    let mut plan = Plan { tables: Vec::new(), problems: Vec::new(), has_citus };
    if !tables.iter().any(|table| table.name == FIRST) {
        plan.problems.push("the tables are not there yet: run `perdure migrate` first".to_owned());
    }
    for table in tables {
        match place(&table) {
            Ok((how, why)) => {
                let is_placed = placed.contains(&table.name);
                let statement = statement(&table.name, how, shards).filter(|_| !is_placed);
                plan.tables.push(Placed { table: table.name, how, why, statement });
            }
            Err(problems) => plan.problems.extend(problems),
        }
    }
    // The others are told to live with it.
    plan.tables.sort_by_key(|placed| placed.table != FIRST);
    Ok(plan)
}

/// Runs the plan, table by table; `told` hears of each one before it begins. `Refused` while there are problems, or without
/// the extension. Writes to a table wait while its rows are moved.
pub async fn apply(pool: &PgPool, plan: &Plan, mut told: impl FnMut(&Placed)) -> Result<()> {
    if !plan.problems.is_empty() {
        return Err(Error::Refused(plan.problems.join("; ")));
    }
    if !plan.has_citus {
        return Err(Error::Refused("this database has no Citus extension".to_owned()));
    }
    let mut connection = pool.acquire().await?;
    for placed in &plan.tables {
        let Some(statement) = &placed.statement else { continue };
        told(placed);
        // The text is made of our own words and of names that the server has quoted.
        sqlx::raw_sql(AssertSqlSafe(statement.clone())).execute(&mut *connection).await?;
    }
    Ok(())
}

fn place(table: &Table) -> std::result::Result<(How, &'static str), Vec<String>> {
    let listed = |list: &[(&str, &'static str)]| {
        list.iter().find(|(name, _)| *name == table.name).map(|(_, why)| *why)
    };
    if let Some(why) = listed(REFERENCE) {
        return Ok((How::Reference, why));
    }
    if let Some(why) = listed(LOCAL) {
        return Ok((How::Local, why));
    }
    let name = &table.name;
    if !table.has_tenant {
        return Err(vec![format!(
            "table {name} has no tenant_id: say in engine/src/distribute.rs whether it is local or a reference table"
        )]);
    }
    let keys = table.keys_without_tenant.iter().map(|key| {
        format!("table {name}: Citus cannot keep {key} unique over its nodes, because it has no tenant_id")
    });
    let references = table.references_without_tenant.iter().map(|key| {
        format!(
            "table {name}: the foreign key {key} has no tenant_id, and may lead to another node"
        )
    });
    let problems: Vec<String> = keys.chain(references).collect();
    if problems.is_empty() { Ok((How::Distributed, "")) } else { Err(problems) }
}

fn statement(table: &str, how: How, shards: u32) -> Option<String> {
    match how {
        How::Local => None,
        How::Reference => Some(format!("select create_reference_table('{table}')")),
        How::Distributed if table == FIRST => Some(format!(
            "select create_distributed_table('{table}', 'tenant_id', colocate_with => 'none', shard_count => {shards})"
        )),
        How::Distributed => Some(format!(
            "select create_distributed_table('{table}', 'tenant_id', colocate_with => '{FIRST}')"
        )),
    }
}

/// By its function, which is all that is needed of it.
async fn has_citus(pool: &PgPool) -> Result<bool> {
    let found = sqlx::query_scalar(
        "select exists (select from pg_proc where proname = 'create_distributed_table')",
    );
    Ok(found.fetch_one(pool).await?)
}

/// Tables that have their place. Asked only where the extension is, because the catalog is its own.
async fn placed(pool: &PgPool) -> Result<HashSet<String>> {
    let rows: Vec<String> =
        sqlx::query_scalar("select logicalrelid::regclass::text from pg_dist_partition")
            .fetch_all(pool)
            .await?;
    Ok(rows.into_iter().collect())
}
