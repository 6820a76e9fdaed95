//! The lease on the shards: dated by the database's clock, and backed by a session lock.
//!
//! The date protects against a process that hangs; the lock, which the server frees as soon as the session is gone, lets the
//! next process take over from a dead one at once.
//!
//! **Invariant:** a lease only spares work being done twice. What keeps two owners from doing harm is the compare-and-set
//! of every turn and the fence of every step.

use crate::{
    Clock,
    error::{Error, Result},
    fault,
    limits::{DATABASE_RETRY_MAX, LEASE_RENEW, LEASE_TTL, SHARDS},
    store::shards,
    work::Stop,
};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::Notify;
use uuid::Uuid;

/// How often a waiting process looks whether it may take over.
const TAKE_POLL: Duration = Duration::from_millis(200);

/// A held lease.
pub(crate) struct Lease {
    me: Uuid,
    connection: Option<PgConnection>,
    pool: PgPool,
    clock: Clock,
    held: Arc<AtomicBool>,
}

impl Lease {
    /// Takes all shards; `LeaseHeld` if another living process keeps them for longer than `wait`.
    pub(crate) async fn take(pool: &PgPool, clock: &Clock, wait: Duration) -> Result<Self> {
        let me = Uuid::new_v4();
        let mut connection = pool.connect_options().connect().await?;
        shards::lock(&mut connection, me).await?;
        let since = Instant::now();
        loop {
            let gone = gone_owners(&mut connection, me).await?;
            let ttl_s = LEASE_TTL.as_secs_f64();
            let taken = shards::take(&mut connection, me, ttl_s, &gone).await?;
            let held = shards::renew(&mut connection, me, ttl_s).await?;
            if held == usize::from(SHARDS.unsigned_abs()) {
                tracing::info!(owner = %me, shards.taken = taken, "the lease is taken");
                break;
            }
            if since.elapsed() > wait {
                shards::release(&mut connection, me).await?;
                return Err(Error::LeaseHeld);
            }
            tokio::time::sleep(TAKE_POLL).await;
        }
        clock.correct(shards::database_now(&mut connection).await?);
        fault::point("lease.taken");
        Ok(Self {
            me,
            connection: Some(connection),
            pool: pool.clone(),
            clock: clock.clone(),
            held: Arc::new(AtomicBool::new(true)),
        })
    }

    /// False as soon as another process may have the shards.
    pub(crate) fn held(&self) -> Arc<AtomicBool> {
        self.held.clone()
    }

    /// Renews until told to stop, then lets the shards go. Rings `lost` if another process took them.
    pub(crate) async fn keep(mut self, mut stop: Stop, lost: Arc<Notify>) {
        let mut renewed = Instant::now();
        while !stop.is_set() {
            // Only sleeping may be interrupted; statements are always waited for.
            tokio::select! {
                () = tokio::time::sleep(LEASE_RENEW) => {}
                () = stop.wait() => break,
            }
            match self.renew().await {
                Ok(true) => renewed = Instant::now(),
                Ok(false) => {
                    tracing::error!(owner = %self.me, "another process took the lease; this one stops");
                    self.held.store(false, Ordering::SeqCst);
                    lost.notify_one();
                    return;
                }
                Err(error) => {
                    let since_s = renewed.elapsed().as_secs();
                    tracing::warn!(%error, since_s, "the lease could not be renewed");
                    self.connection = None;
                }
            }
        }
        self.held.store(false, Ordering::SeqCst);
        if let Err(error) = self.release().await {
            tracing::warn!(%error, "the lease could not be given back; it will run out");
        }
    }

    async fn renew(&mut self) -> sqlx::Result<bool> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => {
                let mut connection = self.pool.connect_options().connect().await?;
                shards::lock(&mut connection, self.me).await?;
                none.insert(connection)
            }
        };
        let held = shards::renew(connection, self.me, LEASE_TTL.as_secs_f64()).await?;
        self.clock.correct(shards::database_now(connection).await?);
        Ok(held == usize::from(SHARDS.unsigned_abs()))
    }

    async fn release(mut self) -> sqlx::Result<()> {
        let Some(mut connection) = self.connection.take() else { return Ok(()) };
        shards::release(&mut connection, self.me).await?;
        connection.close().await
    }
}

/// Owners with a lease that still runs, and no session: they died.
async fn gone_owners(connection: &mut PgConnection, me: Uuid) -> sqlx::Result<Vec<Uuid>> {
    let mut gone = Vec::new();
    for other in shards::owners(connection).await? {
        if other.owner != me && other.runs && shards::lock(connection, other.owner).await? {
            shards::unlock(connection, other.owner).await?;
            gone.push(other.owner);
        }
    }
    Ok(gone)
}

/// The wait before the next try after a database error.
pub(crate) fn next_wait(wait: Duration) -> Duration {
    (wait * 2).min(DATABASE_RETRY_MAX)
}
