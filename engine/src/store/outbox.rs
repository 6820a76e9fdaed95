//! The outbox: which steps of safe kinds a batch opened without a row. See [`crate::outbox`] for what it promises.

use super::{RowId, RowIds, arguments::Arguments, steps, steps::StepRow};
use crate::{
    error::{Error, Result},
    ids,
    outbox::{OutboxId, OutboxRow},
};
use chrono::{DateTime, Utc};
use machine::{Command, CommandId};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// Bytes of one step in a row.
const STEP_BYTES: usize = 28;

/// The arguments of `insert_outbox.sql`: who writes and when, and the rows.
pub(crate) fn add(
    arguments: &mut Arguments,
    (process, now): (Uuid, DateTime<Utc>),
    rows: &[OutboxRow],
) {
    arguments.add(process).add(now).column(rows, |row| row.id.0).column(rows, |row| row.id.1);
    arguments.column(rows, |row| pack(&row.steps));
}

/// The steps of a row.
fn pack(steps: &[RowId]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(steps.len() * STEP_BYTES);
    for step in steps {
        bytes.extend_from_slice(step.instance.as_bytes());
        bytes.extend_from_slice(&step.command.seq.to_be_bytes());
        bytes.extend_from_slice(&step.command.index.to_be_bytes());
    }
    bytes
}

/// The steps of a row. What is not of that form is left out.
fn unpack(tenant: Uuid, bytes: &[u8]) -> impl Iterator<Item = RowId> + '_ {
    bytes.chunks_exact(STEP_BYTES).filter_map(move |step| {
        let instance = Uuid::from_slice(step.get(..16)?).ok()?;
        let seq = u64::from_be_bytes(step.get(16..24)?.try_into().ok()?);
        let index = u32::from_be_bytes(step.get(24..)?.try_into().ok()?);
        Some(RowId { tenant, instance, command: CommandId { seq, index } })
    })
}

/// Stores rows.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    process: Uuid,
    now: DateTime<Utc>,
    rows: &[OutboxRow],
) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut arguments = Arguments::default();
    add(&mut arguments, (process, now), rows);
    let statement = include_str!("sql/insert_outbox.sql");
    sqlx::query_with(statement, arguments.ready()?).execute(connection).await.map(drop)
}

/// Drops rows.
pub(crate) async fn delete(connection: &mut PgConnection, rows: &[OutboxId]) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let (tenants, ids): (Vec<Uuid>, Vec<Uuid>) = rows.iter().copied().unzip();
    sqlx::query(include_str!("sql/delete_outbox.sql"))
        .bind(tenants)
        .bind(ids)
        .execute(connection)
        .await
        .map(drop)
}

#[derive(sqlx::FromRow)]
struct Locked {
    tenant_id: Uuid,
    id: Uuid,
    steps: Vec<u8>,
}

#[derive(sqlx::FromRow)]
struct Lost {
    tenant_id: Uuid,
    instance_id: Uuid,
    seq: i64,
    index: i32,
    shard: i16,
    conversation_id: Option<Uuid>,
    at: DateTime<Utc>,
    command: Value,
}

/// Gives every step its row that was named by a process that is gone, or in one of these rows, and that its instance still waits
/// for; how many. What is in the outbox then is what living processes put there. All or nothing.
pub(crate) async fn recover(pool: &PgPool, named: &[Uuid]) -> Result<usize> {
    let live: Vec<Uuid> =
        sqlx::query_scalar(include_str!("sql/select_processes_live.sql")).fetch_all(pool).await?;
    let mut transaction = pool.begin().await?;
    let locked: Vec<Locked> = sqlx::query_as(include_str!("sql/lock_outbox.sql"))
        .bind(named)
        .bind(live)
        .fetch_all(&mut *transaction)
        .await?;
    let mut ids = RowIds::default();
    for row in &locked {
        unpack(row.tenant_id, &row.steps).for_each(|step| ids.push(step));
    }
    let lost: Vec<Lost> = sqlx::query_as(include_str!("sql/select_outbox_steps.sql"))
        .bind(ids.tenants)
        .bind(ids.instances)
        .bind(ids.seqs)
        .bind(ids.indexes)
        .fetch_all(&mut *transaction)
        .await?;
    let found = lost.into_iter().filter_map(|lost| {
        // One that cannot be read costs itself: the instance shows as waiting for a step that has no row.
        step(lost).map_err(|error| tracing::error!(%error, "a step cannot be recovered")).ok()
    });
    let found: Vec<StepRow> = found.collect();
    steps::insert(&mut transaction, &found.iter().collect::<Vec<_>>()).await?;
    let done: Vec<OutboxId> = locked.iter().map(|row| (row.tenant_id, row.id)).collect();
    delete(&mut transaction, &done).await?;
    transaction.commit().await?;
    Ok(found.len())
}

/// The step that a command of history opened, never tried.
fn step(lost: Lost) -> Result<StepRow> {
    let what = || format!("command {}.{} of instance {}", lost.seq, lost.index, lost.instance_id);
    let corrupt = |why: String| Error::Corrupt { what: what(), why };
    let read = serde_json::from_value(lost.command.clone()).map_err(|e| corrupt(e.to_string()))?;
    let Command::RunStep { id, invoke, kind, input, policy } = read else {
        return Err(corrupt("it opens no step".to_owned()));
    };
    Ok(StepRow {
        id: RowId { tenant: lost.tenant_id, instance: lost.instance_id, command: id },
        shard: lost.shard,
        status: steps::StepStatus::Ready,
        attempt: 0,
        fence: 0,
        due: lost.at,
        tries: Vec::new(),
        invoke,
        kind,
        key: ids::step_key(lost.tenant_id, lost.instance_id, id),
        conversation: lost.conversation_id,
        policy,
        input,
        is_written: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_come_out_as_they_went_in() {
        let (tenant, instance) = (Uuid::now_v7(), Uuid::now_v7());
        let step = |seq, index| RowId { tenant, instance, command: CommandId { seq, index } };
        let steps = vec![step(1, 0), step(u64::MAX, u32::MAX)];
        assert_eq!(unpack(tenant, &pack(&steps)).collect::<Vec<_>>(), steps);
    }
}
