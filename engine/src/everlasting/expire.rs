//! Months of history that nobody needs any more: cut off, then dropped.
//!
//! A month is needed by finished instances that are still kept, and by those that live on, until its end is longer ago than their
//! definition keeps anything. Then those that live on get a checkpoint, and their turns of the month are written to a file.
//!
//! **Invariant:** a month is dropped only after a walk over everybody in it, from the first to the last, found nobody who needs it.
//! Turns are given the present time, so nobody new comes into a month that is over.
//! **Invariant:** it is cut off in one short transaction that waits for no lock longer than [`LOCK_WAIT`], and gets a name that says
//! that it may be dropped; so dropping it needs no memory.

use super::{
    Keeping, checkpoint,
    months::{LOCK_WAIT, Month},
    retire::before,
};
use crate::{
    Result,
    archive::writer::{Living, Writer},
    chore::Claim,
    detached::detached,
    fault,
    limits::RETIRE_PAGE,
    store::months::{self, Present},
};
use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

/// What the name of a month that was cut off begins with.
const CUT_OFF: &str = "history_dropped_";

/// Drops the months that nobody needs; how many. Safe beside the chore.
pub async fn expire(pool: &PgPool, keeping: &Keeping, now: DateTime<Utc>) -> Result<usize> {
    Round { pool, keeping, now, claim: None }.run().await
}

/// One round.
pub(crate) struct Round<'a> {
    pub(crate) pool: &'a PgPool,
    pub(crate) keeping: &'a Keeping,
    pub(crate) now: DateTime<Utc>,
    /// The chore; `None` when a person asked.
    pub(crate) claim: Option<&'a mut Claim>,
}

/// What somebody in a month means for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// Nothing: it may go.
    None,
    /// It lives on, and is to be kept otherwise first.
    Keep,
    /// The month must stay.
    Stay,
}

impl Round<'_> {
    /// Drops what may be dropped, oldest first.
    pub(crate) async fn run(&mut self) -> Result<usize> {
        let mut dropped = 0;
        let (attached, cut_off_before): (Vec<_>, Vec<_>) =
            months::list(self.pool).await?.into_iter().partition(|month| month.is_attached);
        for left in cut_off_before {
            drop_table(self.pool, left.name).await?;
        }
        for partition in attached {
            let Some(month) = Month::named(&partition.name) else {
                continue;
            };
            // The running month and the one before it are never looked at: an event may be told late.
            if Month::of(self.now).start() <= month.end() {
                continue;
            }
            if self.is_free(month).await? {
                cut_off(self.pool, month).await?;
                fault::point("month.detached");
                drop_table(self.pool, format!("{CUT_OFF}{}", month.partition())).await?;
                tracing::info!(partition = month.partition(), "a month of history was dropped");
                dropped += 1;
            }
        }
        Ok(dropped)
    }

    /// Whether nobody needs a month. Those that live on are kept otherwise on the way.
    async fn is_free(&mut self, month: Month) -> Result<bool> {
        let mut after = (Uuid::nil(), Uuid::nil());
        let mut writer: Option<Writer> = None;
        let time = (month.start(), month.end());
        loop {
            let default_ms = self.keeping.retention_ms();
            let page = months::present(self.pool, time, after, default_ms, RETIRE_PAGE).await?;
            let Some(last) = page.last() else { break };
            after = (last.tenant_id, last.instance_id);
            if page.iter().any(|p| self.need(p, month) == Need::Stay) {
                if let Some(writer) = writer {
                    writer.close().await?;
                }
                return Ok(false);
            }
            writer = self.keep(&page, month, writer).await?;
            let is_ours = match &mut self.claim {
                Some(claim) => claim.renew().await?,
                None => true,
            };
            if !is_ours {
                return Ok(false);
            }
        }
        if let Some(writer) = writer {
            writer.close().await?;
        }
        self.is_kept(month).await
    }

    /// What somebody means for a month.
    fn need(&self, present: &Present, month: Month) -> Need {
        let Some(is_live) = present.live else { return Need::None };
        let is_restored = present.restored_until.is_some_and(|until| until > self.now);
        let past = present.retention_ms.and_then(|ms| before(self.now, ms));
        let is_past = past.is_some_and(|past| month.end() <= past);
        if !is_live || is_restored || !is_past {
            return Need::Stay;
        }
        let has = |seq: Option<i64>| seq.is_some() && seq >= present.last_seq;
        let is_archived = self.keeping.archive_dir.is_none() || has(present.archived_seq);
        if has(present.checkpoint_seq) && is_archived { Need::None } else { Need::Keep }
    }

    /// Makes checkpoints of those that live on, and writes their turns of the month.
    async fn keep(
        &self,
        page: &[Present],
        month: Month,
        mut writer: Option<Writer>,
    ) -> Result<Option<Writer>> {
        let kept: Vec<&Present> =
            page.iter().filter(|p| self.need(p, month) == Need::Keep).collect();
        let keys: Vec<(Uuid, Uuid)> = kept.iter().map(|p| (p.tenant_id, p.instance_id)).collect();
        if !keys.is_empty() {
            checkpoint::make(self.pool, &keys, self.now).await?;
        }
        let Some(folder) = &self.keeping.archive_dir else { return Ok(None) };
        for of_tenant in kept.chunk_by(|a, b| a.tenant_id == b.tenant_id) {
            let Some(tenant) = of_tenant.first().map(|p| p.tenant_id) else { continue };
            let open = match writer.take() {
                Some(writer) if writer.tenant == tenant && !writer.is_full() => writer,
                other => {
                    if let Some(other) = other {
                        other.close().await?;
                    }
                    Writer::create(self.pool, folder, tenant, self.now).await?
                }
            };
            let living: Vec<Living> = of_tenant.iter().map(|p| living(p)).collect();
            writer = Some(open.add_living(&living, (month.start(), month.end())).await?);
        }
        Ok(writer)
    }

    /// The walk that decides: whether everybody in the month is kept otherwise.
    async fn is_kept(&self, month: Month) -> Result<bool> {
        let mut after = (Uuid::nil(), Uuid::nil());
        loop {
            let (time, default_ms) = ((month.start(), month.end()), self.keeping.retention_ms());
            let page = months::present(self.pool, time, after, default_ms, RETIRE_PAGE).await?;
            let Some(last) = page.last() else { return Ok(true) };
            after = (last.tenant_id, last.instance_id);
            let blocking = page.iter().find(|p| self.need(p, month) != Need::None);
            if let Some(blocking) = blocking {
                tracing::warn!(
                    instance.id = %blocking.instance_id, partition = month.partition(),
                    "a month of history stays: this instance cannot be replayed without it"
                );
                return Ok(false);
            }
        }
    }
}

fn living(present: &Present) -> Living {
    Living {
        id: present.instance_id,
        definition: present.definition.clone().unwrap_or_default(),
        conversation: present.conversation_id,
    }
}

/// Takes a month out of history, under a name that says that it may be dropped. Not `concurrently`: Postgres does not allow that
/// beside a default partition.
async fn cut_off(pool: &PgPool, month: Month) -> Result<()> {
    let pool = pool.clone();
    detached(async move {
        let partition = month.partition();
        let mut transaction = pool.begin().await?;
        sqlx::raw_sql(LOCK_WAIT).execute(&mut *transaction).await?;
        sqlx::query(include_str!("../store/sql/lock_months.sql"))
            .execute(&mut *transaction)
            .await?;
        // The text is made of numbers only.
        let statements = format!(
            "alter table history detach partition {partition}; \
             alter table {partition} rename to {CUT_OFF}{partition}"
        );
        sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    })
    .await
}

async fn drop_table(pool: &PgPool, name: String) -> Result<()> {
    let is_ours = name.strip_prefix(CUT_OFF).is_some_and(|month| Month::named(month).is_some());
    if !is_ours {
        return Ok(());
    }
    let pool = pool.clone();
    detached(async move {
        let statement = AssertSqlSafe(format!("drop table if exists {name}"));
        sqlx::raw_sql(statement).execute(&pool).await?;
        Ok(())
    })
    .await
}
