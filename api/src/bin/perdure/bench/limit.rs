//! `limit`: what Postgres gives at best. A turn's statements in their plainest form, without an
//! engine around them: the compare-and-set of N instances, their history rows, the inbox rows that
//! go and the ones that come, and one commit.
//!
//! **Invariant:** the tables have the columns and indexes of the real ones, in a schema of their
//! own that is removed; and the rows have the values that a turn of `five` writes, so that a ratio compares
//! engines with none, and not wide rows with narrow ones.

use super::{Bench, tenths};
use crate::files;
use serde_json::{Value, json};
use sqlx::{PgConnection, PgPool};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Arguments of `limit`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Turns per transaction
    #[arg(long, value_delimiter = ',', default_value = "1,10,100,1000", value_parser = files::at_least_one)]
    batch: Vec<usize>,
    /// Connections that write at once
    #[arg(long, default_value_t = 2, value_parser = files::at_least_one)]
    connections: usize,
    /// Repetitions of each size
    #[arg(long, default_value_t = 3, value_parser = files::at_least_one)]
    repetitions: usize,
    /// Length of one repetition
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Bytes of the context's JSON, which these turns do not change
    #[arg(long, default_value_t = 200)]
    context_bytes: usize,
}

/// Instances per connection; more than the largest batch, so that batches do not meet the same rows
/// at once.
const INSTANCES: usize = 5_000;

/// Bytes of a context's JSON that are not its notes.
const CONTEXT_BYTES_AROUND: usize = 22;

const PREPARE: &str = "
    drop schema if exists perdure_bench cascade;
    create schema perdure_bench;
    create table perdure_bench.instance (like public.instance including all) with (fillfactor = 70);
    create table perdure_bench.history (like public.history including all);
    create table perdure_bench.inbox (like public.inbox including all);";

const INSERT_INSTANCES: &str = r#"
    insert into perdure_bench.instance (tenant_id, id, shard, seq, status, live, updated_at,
        configuration, memo, definition, version, digest, created_at, context, origin)
    select $1, id, 0, 1, 'running', true, now(), '["s1"]',
        '{"steps": {"step1": {"id": "1.0", "kind": "noop", "state": "s1"}}}',
        'five', 1, 'sha256:' || repeat('0', 64), now(),
        jsonb_build_object('count', 0, 'notes', repeat('x', $3)),
        jsonb_build_object('seed', id::text)
    from unnest($2::uuid[]) as new (id)"#;

const INSERT_INBOX: &str = r#"
    insert into perdure_bench.inbox (tenant_id, shard, instance_id, body, actor, received_at)
    select $1, 0, id, '{"id": "step1", "step": "1.0", "type": "step.done", "output": null, "attempts": 1}', 'executor', now()
    from unnest($2::uuid[]) as new (id)
    returning id"#;

const UPDATE_INSTANCES: &str = r#"
    update perdure_bench.instance
    set seq = instance.seq + 1, status = 'running', updated_at = now(), configuration = '["s2"]',
        memo = '{"steps": {"step2": {"id": "2.0", "kind": "noop", "state": "s2"}}}'
    from unnest($2::uuid[], $3::bigint[]) as turn (id, seq)
    where instance.tenant_id = $1 and instance.id = turn.id and instance.seq = turn.seq"#;

const INSERT_HISTORY: &str = r#"
    insert into perdure_bench.history (tenant_id, instance_id, seq, at, event_id, event, verdict,
        from_, to_, context_patch, commands, definition_digest, version, semantics, actor, status, state_digest)
    select $1, id, seq + 1, now(), gen_random_uuid(),
        '{"id": "step1", "step": "1.0", "type": "step.done", "output": null, "attempts": 1}', 'applied',
        '["s1"]', '["s2"]', null,
        '[{"id": "2.0", "kind": "noop", "type": "run_step", "input": {}, "invoke": "step2"}]',
        '', 1, 1, 'executor', 'running', '\x00112233445566778899aabbccddeeff'
    from unnest($2::uuid[], $3::bigint[]) as turn (id, seq)"#;

const DELETE_INBOX: &str =
    "delete from perdure_bench.inbox where tenant_id = $1 and id = any($2::bigint[])";

impl Args {
    /// Short, with the sizes among which the best one is: for a job that tells its figure as a ratio.
    fn short(context_bytes: usize) -> Self {
        Self {
            batch: vec![100, 500, 1_000],
            connections: 2,
            repetitions: 2,
            seconds: 3,
            context_bytes,
        }
    }
}

/// Runs every size, and names the best as the limit.
pub(super) async fn run(args: &Args, bench: &Bench) -> anyhow::Result<()> {
    let parameters = json!({ "batch": args.batch, "connections": args.connections,
        "repetitions": args.repetitions, "seconds": args.seconds, "context_bytes": args.context_bytes });
    bench.tell_parameters("limit", parameters).await?;
    measure(args, bench).await.map(drop)
}

/// The limit over such a context, in turns per second, if it is wanted: measured in the same run as what is compared with it.
pub(super) async fn beside(
    is_wanted: bool,
    context_bytes: usize,
    bench: &Bench,
) -> anyhow::Result<Option<f64>> {
    match is_wanted {
        true => measure(&Args::short(context_bytes), bench).await.map(Some),
        false => Ok(None),
    }
}

/// Adds what a figure is of the limit.
pub(super) fn tell_ratio(line: &mut Value, turns_s: f64, limit: Option<f64>) {
    if let Some(limit) = limit {
        line["of_limit"] = json!((turns_s / limit * 1_000.0).round() / 1_000.0);
    }
}

async fn measure(args: &Args, bench: &Bench) -> anyhow::Result<f64> {
    let mut best = (0.0, 0);
    for &batch in &args.batch {
        for repetition in 1..=args.repetitions {
            sqlx::raw_sql(PREPARE).execute(&bench.pool).await?;
            bench.checkpoint().await;
            let before = bench.usage().await?;
            let written = write(args, batch.clamp(1, INSTANCES), &bench.pool).await?;
            let spent = bench.spent(&before).await?;
            let turns = written.turns as f64;
            let turns_s = turns / written.seconds;
            best = if turns_s > best.0 { (turns_s, batch) } else { best };
            bench.tell(&json!({ "part": "limit", "batch": batch, "repetition": repetition,
                "turns_s": tenths(turns_s), "turns": written.turns, "seconds": tenths(written.seconds),
                "wal_bytes_turn": tenths(spent.wal_bytes / turns),
                "wal_bytes_turn_rows": spent.wal_bytes_rows.map(|bytes| tenths(bytes / turns)),
                "cpu_us_turn": tenths(spent.cpu_s() * 1e6 / turns) }))?;
        }
    }
    sqlx::raw_sql("drop schema perdure_bench cascade").execute(&bench.pool).await?;
    bench.tell(&json!({ "limit_turns_s": tenths(best.0), "batch": best.1 }))?;
    Ok(best.0)
}

/// What one repetition did.
struct Written {
    turns: usize,
    seconds: f64,
}

async fn write(args: &Args, batch: usize, pool: &PgPool) -> anyhow::Result<Written> {
    let mut writers = Vec::new();
    for _ in 0..args.connections.max(1) {
        writers.push(Writer::prepare(pool, batch, args.context_bytes).await?);
    }
    let begun = Instant::now();
    let until = begun + Duration::from_secs(args.seconds.max(1));
    let running: Vec<_> =
        writers.into_iter().map(|writer| tokio::spawn(writer.run(until))).collect();
    let mut turns = 0;
    for writer in running {
        turns += writer.await??;
    }
    Ok(Written { turns, seconds: begun.elapsed().as_secs_f64() })
}

/// One connection with instances of its own.
struct Writer {
    connection: sqlx::pool::PoolConnection<sqlx::Postgres>,
    tenant: Uuid,
    instances: Vec<Uuid>,
    seqs: Vec<i64>,
    batch: usize,
    /// Inbox rows of the next batch of each place.
    inbox: Vec<Option<Vec<i64>>>,
}

impl Writer {
    async fn prepare(pool: &PgPool, batch: usize, context_bytes: usize) -> anyhow::Result<Self> {
        let notes = i32::try_from(context_bytes.saturating_sub(CONTEXT_BYTES_AROUND))?;
        let tenant = Uuid::new_v4();
        let instances: Vec<Uuid> = (0..INSTANCES).map(|_| Uuid::now_v7()).collect();
        let mut connection = pool.acquire().await?;
        sqlx::query(INSERT_INSTANCES)
            .bind(tenant)
            .bind(&instances)
            .bind(notes)
            .execute(&mut *connection)
            .await?;
        let (seqs, inbox) = (vec![1; INSTANCES], vec![None; INSTANCES / batch]);
        Ok(Self { connection, tenant, instances, seqs, batch, inbox })
    }

    async fn run(mut self, until: Instant) -> anyhow::Result<usize> {
        let mut turns = 0;
        for place in (0..self.inbox.len()).cycle() {
            if Instant::now() >= until {
                return Ok(turns);
            }
            self.write(place).await?;
            turns += self.batch;
        }
        Ok(turns)
    }

    /// One batch of turns in one transaction.
    async fn write(&mut self, place: usize) -> anyhow::Result<()> {
        let range = place * self.batch..(place + 1) * self.batch;
        let (ids, seqs) = (&self.instances[range.clone()], &self.seqs[range.clone()]);
        let connection: &mut PgConnection = &mut self.connection;
        sqlx::raw_sql("begin").execute(&mut *connection).await?;
        let updated = sqlx::query(UPDATE_INSTANCES).bind(self.tenant).bind(ids).bind(seqs);
        let n_updated = updated.execute(&mut *connection).await?.rows_affected();
        anyhow::ensure!(
            n_updated == ids.len() as u64,
            "{n_updated} of {} rows were updated",
            ids.len()
        );
        sqlx::query(INSERT_HISTORY)
            .bind(self.tenant)
            .bind(ids)
            .bind(seqs)
            .execute(&mut *connection)
            .await?;
        if let Some(done) = self.inbox[place].take() {
            sqlx::query(DELETE_INBOX)
                .bind(self.tenant)
                .bind(done)
                .execute(&mut *connection)
                .await?;
        }
        let next = sqlx::query_scalar(INSERT_INBOX).bind(self.tenant).bind(ids);
        self.inbox[place] = Some(next.fetch_all(&mut *connection).await?);
        sqlx::raw_sql("commit").execute(&mut *connection).await?;
        self.seqs[range].iter_mut().for_each(|seq| *seq += 1);
        Ok(())
    }
}
