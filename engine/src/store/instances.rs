//! Instances: the row that every turn compares and sets.

use super::{
    arguments::{Arguments, record_type},
    as_i64,
    json_text::JsonText,
    shared::SharedTexts,
};
use crate::{
    error::{Error, Result},
    turn::{Chain, ContextText, origin_bytes},
};
use chrono::{DateTime, Utc};
use machine::{Life, State, state::Memo};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use std::{collections::HashSet, sync::Arc};
use uuid::Uuid;

/// What turns do not change about an instance, but for `version` and `digest`, which an `ops.retry` that names a version
/// sets.
#[derive(Debug, Clone, PartialEq)]
pub struct Meta {
    /// Whose.
    pub tenant: Uuid,
    /// Its id.
    pub id: Uuid,
    /// Its shard.
    pub shard: i16,
    /// Its definition's name.
    pub definition: String,
    /// The version's number.
    pub version: i32,
    /// The version's digest.
    pub digest: String,
    /// Its key.
    pub key: Option<String>,
    /// The conversation it runs in.
    pub conversation: Option<Uuid>,
    /// Who started it, if another instance did.
    pub parent: Option<Parent>,
    /// When it was started.
    pub created_at: DateTime<Utc>,
}

/// The instance that started this one.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Parent {
    /// Its id.
    pub id: Uuid,
    /// Its invoke that waits for the result; `None` when nobody waits.
    pub invoke: Option<String>,
    /// The command that started this one.
    pub step: Option<String>,
}

/// An instance as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    /// Who it is, and what it runs.
    pub meta: Meta,
    /// Its state.
    pub state: State,
    /// When its last turn was.
    pub updated_at: DateTime<Utc>,
    /// False for a row of an earlier release, which keeps what it was started with in its memo.
    pub(crate) has_origin: bool,
    /// Its context as its row has it.
    pub(crate) context: ContextText,
    /// About how many bytes what it was started with takes in memory.
    pub(crate) origin_bytes: usize,
}

#[derive(sqlx::FromRow)]
struct Columns {
    tenant_id: Uuid,
    id: Uuid,
    shard: i16,
    seq: i64,
    status: String,
    updated_at: DateTime<Utc>,
    // Values first, so that one row that cannot be read does not fail the query of a whole batch.
    configuration: Value,
    memo: Value,
    definition: String,
    version: i32,
    digest: String,
    key: Option<String>,
    conversation_id: Option<Uuid>,
    parent_id: Option<Uuid>,
    parent_invoke: Option<String>,
    parent_step: Option<String>,
    created_at: DateTime<Utc>,
    context: Value,
    origin: Option<Value>,
}

impl TryFrom<Columns> for Instance {
    type Error = Error;

    fn try_from(row: Columns) -> Result<Self> {
        let id = row.id;
        let corrupt = |why: String| Error::Corrupt { what: format!("instance {id}"), why };
        let life =
            life(&row.status).ok_or_else(|| corrupt(format!("unknown status `{}`", row.status)))?;
        let configuration: Vec<String> =
            serde_json::from_value(row.configuration).map_err(|e| corrupt(e.to_string()))?;
        let has_origin = row.origin.is_some();
        let mut memo = row.memo;
        if let (Value::Object(memo), Some(Value::Object(origin))) = (&mut memo, row.origin) {
            memo.extend(origin);
        }
        let context = ContextText::of(&row.context);
        let memo: Memo = serde_json::from_value(memo).map_err(|e| corrupt(e.to_string()))?;
        let origin_bytes = origin_bytes(&memo);
        let parent =
            row.parent_id.map(|id| Parent { id, invoke: row.parent_invoke, step: row.parent_step });
        Ok(Self {
            meta: Meta {
                tenant: row.tenant_id,
                id: row.id,
                shard: row.shard,
                definition: row.definition,
                version: row.version,
                digest: row.digest,
                key: row.key,
                conversation: row.conversation_id,
                parent,
                created_at: row.created_at,
            },
            state: State {
                seq: u64::try_from(row.seq).unwrap_or(0),
                life,
                configuration,
                memo: Arc::new(memo),
                context: Arc::new(row.context),
            },
            updated_at: row.updated_at,
            has_origin,
            context,
            origin_bytes,
        })
    }
}

/// The life that a status stands for.
fn life(status: &str) -> Option<Life> {
    Some(match status {
        "running" | "waiting" => Life::Active,
        "stuck" => Life::Stuck,
        "suspended" => Life::Suspended,
        "completed" => Life::Completed,
        "failed" => Life::Failed,
        "cancelled" => Life::Cancelled,
        _ => return None,
    })
}

/// An instance as `insert_instances.sql` takes it: the type `birth_record_2`.
#[derive(sqlx::Encode)]
struct Birth<'a> {
    tenant_id: Uuid,
    id: Uuid,
    shard: i16,
    seq: i64,
    status: &'a str,
    live: bool,
    updated_at: DateTime<Utc>,
    configuration: Option<JsonText<'a>>,
    configuration_shared: Option<i16>,
    memo: Option<JsonText<'a>>,
    memo_shared: Option<i16>,
    definition: &'a str,
    version: i32,
    digest: &'a str,
    key: Option<&'a str>,
    conversation_id: Option<Uuid>,
    parent_id: Option<Uuid>,
    parent_invoke: Option<&'a str>,
    parent_step: Option<&'a str>,
    created_at: DateTime<Utc>,
    context: Option<JsonText<'a>>,
    context_shared: Option<i16>,
    origin: Option<JsonText<'a>>,
}
record_type!(Birth<'_>, "birth_record_2");

impl<'a> Birth<'a> {
    fn of(chain: &'a Chain, shared: &mut SharedTexts<'a>) -> Self {
        let meta = &chain.meta;
        let (configuration, configuration_shared) = shared.place(chain.configuration());
        let (memo, memo_shared) = shared.place(chain.memo());
        let (context, context_shared) = shared.place_some(chain.context());
        let parent = meta.parent.as_ref();
        Self {
            tenant_id: meta.tenant,
            id: meta.id,
            shard: meta.shard,
            seq: as_i64(chain.state.seq),
            status: chain.status(),
            live: !chain.state.life.is_over(),
            updated_at: chain.at,
            configuration,
            configuration_shared,
            memo,
            memo_shared,
            definition: &meta.definition,
            version: meta.version,
            digest: &meta.digest,
            key: meta.key.as_deref(),
            conversation_id: meta.conversation,
            parent_id: parent.map(|p| p.id),
            parent_invoke: parent.and_then(|p| p.invoke.as_deref()),
            parent_step: parent.and_then(|p| p.step.as_deref()),
            created_at: meta.created_at,
            context,
            context_shared,
            origin: chain.origin(),
        }
    }
}

/// What became of an instance, as `update_instances.sql` takes it: the type `change_record_2`.
#[derive(sqlx::Encode)]
struct Change<'a> {
    tenant_id: Uuid,
    id: Uuid,
    expected: i64,
    seq: i64,
    status: &'a str,
    live: bool,
    updated_at: DateTime<Utc>,
    configuration: Option<JsonText<'a>>,
    configuration_shared: Option<i16>,
    memo: Option<JsonText<'a>>,
    memo_shared: Option<i16>,
    version: Option<i32>,
    digest: Option<&'a str>,
    context: Option<JsonText<'a>>,
    context_shared: Option<i16>,
    origin: Option<JsonText<'a>>,
}
record_type!(Change<'_>, "change_record_2");

impl<'a> Change<'a> {
    fn of(chain: &'a Chain, shared: &mut SharedTexts<'a>) -> Self {
        let meta = &chain.meta;
        let (configuration, configuration_shared) = shared.place(chain.configuration());
        let (memo, memo_shared) = shared.place(chain.memo());
        let (context, context_shared) = shared.place_some(chain.context());
        Self {
            tenant_id: meta.tenant,
            id: meta.id,
            expected: as_i64(chain.expected),
            seq: as_i64(chain.state.seq),
            status: chain.status(),
            live: !chain.state.life.is_over(),
            updated_at: chain.at,
            configuration,
            configuration_shared,
            memo,
            memo_shared,
            version: chain.has_moved.then_some(meta.version),
            digest: chain.has_moved.then_some(&meta.digest),
            context,
            context_shared,
            origin: chain.origin(),
        }
    }
}

/// The arguments of `insert_instances.sql`.
pub(crate) fn add_born(arguments: &mut Arguments, chains: &[&Chain]) {
    let mut shared = SharedTexts::of_rows(chains.len());
    arguments.column(chains, |chain| Birth::of(chain, &mut shared)).add(shared.into_texts());
}

/// The arguments of `update_instances.sql`.
pub(crate) fn add_turned(arguments: &mut Arguments, chains: &[&Chain]) {
    let mut shared = SharedTexts::of_rows(chains.len());
    arguments.column(chains, |chain| Change::of(chain, &mut shared)).add(shared.into_texts());
}

/// Inserts the started ones; those whose id and key were free.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    chains: &[&Chain],
) -> sqlx::Result<HashSet<(Uuid, Uuid)>> {
    if chains.is_empty() {
        return Ok(HashSet::new());
    }
    let mut arguments = Arguments::default();
    add_born(&mut arguments, chains);
    let statement = include_str!("sql/insert_instances.sql");
    let rows: Vec<(Uuid, Uuid)> =
        sqlx::query_as_with(statement, arguments.ready()?).fetch_all(connection).await?;
    Ok(rows.into_iter().collect())
}

/// Compares and sets; those whose `seq` was the expected one.
pub(crate) async fn update(
    connection: &mut PgConnection,
    chains: &[&Chain],
) -> sqlx::Result<HashSet<(Uuid, Uuid)>> {
    if chains.is_empty() {
        return Ok(HashSet::new());
    }
    let mut arguments = Arguments::default();
    add_turned(&mut arguments, chains);
    let statement = include_str!("sql/update_instances.sql");
    let rows: Vec<(Uuid, Uuid)> =
        sqlx::query_as_with(statement, arguments.ready()?).fetch_all(connection).await?;
    Ok(rows.into_iter().collect())
}

/// (tenant, id), and the instance, or why its row cannot be read back.
pub(crate) type Loaded = ((Uuid, Uuid), Result<Instance>);

/// Reads instances by (tenant, id); those that there are.
pub(crate) async fn load(pool: &PgPool, wanted: &[(Uuid, Uuid)]) -> sqlx::Result<Vec<Loaded>> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<Columns> = sqlx::query_as(include_str!("sql/select_instances.sql"))
        .bind(wanted.iter().map(|w| w.0).collect::<Vec<_>>())
        .bind(wanted.iter().map(|w| w.1).collect::<Vec<_>>())
        .fetch_all(pool)
        .await?;
    Ok(rows.into_iter().map(|row| ((row.tenant_id, row.id), row.try_into())).collect())
}

/// The live instance that holds a key.
pub(crate) async fn key_holder(
    pool: &PgPool,
    tenant: Uuid,
    definition: &str,
    key: &str,
) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar(include_str!("sql/select_key_holder.sql"))
        .bind(tenant)
        .bind(definition)
        .bind(key)
        .fetch_optional(pool)
        .await
}
