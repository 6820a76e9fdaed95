//! Fills the database with instances that wait and timers that sleep, as they would be after years of use.
//!
//! One instance is started by the engine; the others are copies of its rows under other ids, so they are what the engine
//! would have written, whatever columns the tables have. Their history is left out: nothing at rest reads it.

use super::{Bench, definition::resting, world::World};
use anyhow::Context;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use std::time::Instant;
use uuid::Uuid;

/// The tenant of all of them, so that a second run finds those of the first.
pub(super) const TENANT: Uuid = Uuid::from_u128(0x7e57_0000_0000_4000_8000_0000_0000_0001);
/// Instances copied by one statement.
const CHUNK: usize = 5_000;

const COUNT: &str = "select
    (select count(*) from instance where tenant_id = $1), (select count(*) from timer where tenant_id = $1)";

/// The columns of a table of ours that are written, not computed.
const COLUMNS: &str = "
    select quote_ident(attname)
    from pg_attribute
    where attrelid = $1::text::regclass and attnum > 0 and not attisdropped and attgenerated = '' and attidentity = ''
    order by attnum";

/// A table, its column that names the instance, and the columns in which a copy differs.
type Copied = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// Everything else of a copy is as in the template, so a new column of a table needs nothing here.
const COPIED: [Copied; 2] = [
    ("instance", "id", &[("id", "copy.id"), ("shard", "copy.shard")]),
    (
        "timer",
        "instance_id",
        &[
            ("instance_id", "copy.id"),
            ("shard", "copy.shard"),
            ("fire_at", "template.fire_at + random() * interval '30 days'"),
        ],
    ),
];

/// What is to be there.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Filling {
    /// Waiting instances that are in the database meanwhile; they stay there
    #[arg(long, default_value_t = 0)]
    pub(super) rest: usize,
    /// Sleeping timers of those instances
    #[arg(long, default_value_t = 0)]
    pub(super) timers: usize,
}

impl Filling {
    /// Adds what is missing, and tells how long that took. Does nothing for nothing.
    pub(super) async fn fill(&self, bench: &Bench) -> anyhow::Result<()> {
        if self.rest == 0 {
            anyhow::ensure!(self.timers == 0, "--timers belong to instances: give --rest too");
            return Ok(());
        }
        let begun = Instant::now();
        let mut present = count(bench).await?;
        if present.instances < self.rest || present.timers < self.timers {
            empty(bench).await?;
            self.copy(bench, self.timers.div_ceil(self.rest)).await?;
            sqlx::raw_sql("vacuum (analyze) instance, timer").execute(&bench.pool).await?;
            present = count(bench).await?;
        }
        let [instance, timer] = bytes_per_row(bench).await?;
        let seconds = super::tenths(begun.elapsed().as_secs_f64());
        bench.tell(&json!({ "part": "filled", "seconds": seconds, "instances": present.instances,
            "timers": present.timers, "instance_bytes": instance, "timer_bytes": timer }))
    }

    async fn copy(&self, bench: &Bench, timers_each: usize) -> anyhow::Result<()> {
        let template = self.template(bench, timers_each).await?;
        let mut statements = Vec::new();
        for copied in COPIED {
            statements.push(statement(bench, copied).await?);
        }
        let mut left = self.rest.saturating_sub(1);
        while left > 0 {
            let ids: Vec<Uuid> = (0..left.min(CHUNK)).map(|_| Uuid::now_v7()).collect();
            let shards: Vec<i16> = ids.iter().map(|id| engine::shard_of(*id, None)).collect();
            left -= ids.len();
            for statement in &statements {
                sqlx::query(AssertSqlSafe(statement.clone()))
                    .bind(TENANT)
                    .bind(template)
                    .bind(&ids)
                    .bind(&shards)
                    .execute(&bench.pool)
                    .await?;
            }
        }
        Ok(())
    }

    async fn template(&self, bench: &Bench, timers_each: usize) -> anyhow::Result<Uuid> {
        let definition = resting(timers_each);
        let mut world = World::open(bench, &definition).await?;
        world.tenant = TENANT;
        let bytes = definition.to_string().into_bytes();
        let uploaded = world.engine.upload(TENANT, bytes, None, true).await;
        uploaded.context("uploading the definition of those at rest")?;
        let started = world.begin("resting", Value::Null).await?;
        world.close().await;
        Ok(started.id)
    }
}

/// The statement that copies a template's rows under the ids given.
async fn statement(bench: &Bench, (table, key, changed): Copied) -> anyhow::Result<String> {
    let columns: Vec<String> =
        sqlx::query_scalar(COLUMNS).bind(table).fetch_all(&bench.pool).await?;
    let value = |column: &String| {
        let found = changed.iter().find(|(name, _)| name == column);
        found.map_or_else(|| format!("template.{column}"), |(_, value)| (*value).to_owned())
    };
    let values: Vec<String> = columns.iter().map(value).collect();
    Ok(format!(
        "insert into {table} ({}) select {}
         from {table} as template, unnest($3::uuid[], $4::smallint[]) as copy (id, shard)
         where template.tenant_id = $1 and template.{key} = $2",
        columns.join(", "),
        values.join(", ")
    ))
}

struct Present {
    instances: usize,
    timers: usize,
}

async fn count(bench: &Bench) -> anyhow::Result<Present> {
    let (instances, timers): (i64, i64) =
        sqlx::query_as(COUNT).bind(TENANT).fetch_one(&bench.pool).await?;
    Ok(Present { instances: usize::try_from(instances)?, timers: usize::try_from(timers)? })
}

/// What a row of `instance` and of `timer` takes on disk, its share of the indexes and of free space included.
async fn bytes_per_row(bench: &Bench) -> anyhow::Result<[i64; 2]> {
    let (instance, timer) = sqlx::query_as(
        "select (pg_total_relation_size('instance') / greatest((select reltuples from pg_class
                where oid = 'instance'::regclass), 1))::bigint,
            (pg_total_relation_size('timer') / greatest((select reltuples from pg_class
                where oid = 'timer'::regclass), 1))::bigint",
    )
    .fetch_one(&bench.pool)
    .await?;
    Ok([instance, timer])
}

/// Another number of timers per instance needs other instances.
async fn empty(bench: &Bench) -> anyhow::Result<()> {
    for statement in [
        "delete from timer where tenant_id = $1",
        "delete from history where tenant_id = $1",
        "delete from instance where tenant_id = $1",
    ] {
        sqlx::query(statement).bind(TENANT).execute(&bench.pool).await?;
    }
    Ok(())
}
