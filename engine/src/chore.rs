//! Periodic work of a database that several processes serve: claimed by a dated lease in one small table.
//!
//! **Invariant:** the lease is decided by the database's `now()`, and by nothing that belongs to a session, so it holds behind a
//! pooler.
//! **Invariant:** a lease only spares work being done twice. What a chore does must be harmless when two processes do it.

use crate::{
    Result,
    limits::CHORE_LEASE,
    store::chores::{self, ChoreRow},
    work::Stop,
};
use sqlx::PgPool;
use std::time::Duration;
use uuid::Uuid;

/// A chore this process has.
pub(crate) struct Claim {
    pool: PgPool,
    row: ChoreRow,
    stop: Stop,
}

impl Claim {
    /// Takes one of these chores, if one is due and nobody has it.
    pub(crate) async fn take(
        pool: &PgPool,
        names: &[&str],
        me: Uuid,
        stop: &Stop,
    ) -> Result<Option<Self>> {
        let row = chores::claim(pool, names, me, CHORE_LEASE.as_secs_f64()).await?;
        Ok(row.map(|row| Self { pool: pool.clone(), row, stop: stop.clone() }))
    }

    /// Which one it is.
    pub(crate) fn name(&self) -> &str {
        &self.row.name
    }

    /// Keeps it for longer. False: another process has it, or this one is stopping; whoever holds it goes no further.
    pub(crate) async fn renew(&mut self) -> Result<bool> {
        if self.stop.is_set() {
            return Ok(false);
        }
        Ok(chores::renew(&self.pool, &self.row, CHORE_LEASE.as_secs_f64()).await?)
    }

    /// Lets it go until `again`, with what went wrong.
    pub(crate) async fn finish(self, again: Duration, error: Option<String>) -> Result<()> {
        Ok(chores::finish(&self.pool, &self.row, again.as_secs_f64(), error).await?)
    }
}
