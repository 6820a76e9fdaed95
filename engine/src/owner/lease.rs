//! The lease on the shards: dated by the database's clock, renewed by one task, spread over the processes that are there.
//!
//! Every process appears in a table and renews its lease with its presence. Each computes the same fair share from that table:
//! whoever holds less takes what is free, whoever holds more hands some over, after what is under way there has ended. The date
//! protects against a process that hangs. Where a session is one process's own (no pooler in between), a session lock also
//! tells at once that a process died, so that its successor does not wait for the date.
//!
//! **Invariant:** a lease only spares work being done twice. What keeps two owners from doing harm is the compare-and-set of
//! every turn and the fence of every step.

use crate::{
    Clock,
    error::Result,
    fault,
    limits::{DATABASE_RETRY_MAX, LEASE_LOOK, LEASE_RENEWALS, LEASE_TTL, SHARDS},
    shards::{ShardSet, Shards},
    store::shards::{self, Process},
    tracks::Tracks,
    work::{Hints, StepHint, Stop, TimerHint},
};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool};
use std::time::{Duration, Instant};
use tokio::{sync::oneshot, task::JoinHandle};
use uuid::Uuid;

/// The wait before free shards, or shards that should become free, are looked for again.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// How long after its end a lease is believed to have ended: clocks tick, and looking too early is looking twice.
const AFTER_END: Duration = Duration::from_millis(50);

/// How often the database's clock is read in a round: the quickest answer tells it best.
const CLOCK_READINGS: u32 = 3;

/// Keeps the lease.
pub(crate) struct Keeper {
    pub(crate) process: Process,
    pub(crate) pool: PgPool,
    pub(crate) clock: Clock,
    pub(crate) shards: Shards,
    pub(crate) hints: Hints,
    pub(crate) tracks: Tracks,
    /// How long shards are leased.
    pub(crate) lease: Duration,
    /// How long tries under way may take when shards are handed over.
    pub(crate) drain: Duration,
    /// Its own connection, and whether it has the session lock.
    pub(crate) connection: Option<(PgConnection, bool)>,
    /// Shards on their way to another process.
    pub(crate) handover: Option<(ShardSet, JoinHandle<()>)>,
}

impl Keeper {
    /// Appears, takes the share that is free, and reads the database's clock.
    pub(crate) async fn begin(&mut self) -> Result<()> {
        self.round().await?;
        fault::point("lease.taken");
        // Those that hold more than their share from now on learn it at once.
        self.hints.bell.members();
        tracing::info!(process.id = %self.process.id, shards = self.shards.owned().len(), "the lease is taken");
        Ok(())
    }

    /// Renews and spreads until told to stop, and then lets everything go.
    pub(crate) async fn keep(mut self, mut stop: Stop) {
        let mut renewed = Instant::now();
        let mut wait = LOOK_AGAIN;
        while !stop.is_set() {
            let members = self.hints.bell.members.clone();
            // Only sleeping may be interrupted; statements are always waited for.
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = members.notified() => {}
                () = stop.wait() => break,
            }
            match self.round().await {
                Ok(next) => {
                    renewed = Instant::now();
                    wait = next;
                }
                Err(error) => {
                    tracing::warn!(%error, since_s = renewed.elapsed().as_secs(), "the lease could not be renewed");
                    self.connection = None;
                    wait = LOOK_AGAIN;
                    if renewed.elapsed() > self.lease {
                        // Somebody else may have them by now.
                        self.lose(&ShardSet::ALL).await;
                    }
                }
            }
        }
        if let Some((_, handover)) = self.handover.take() {
            crate::api::log_panic(handover.await);
        }
        self.shards.lose(&ShardSet::ALL);
        if let Err(error) = self.release().await {
            tracing::warn!(%error, "the lease could not be given back; it will run out");
        }
    }

    /// One round; when the next one is due.
    async fn round(&mut self) -> Result<Duration> {
        let (me, ttl_s) = (self.process.id, self.lease.as_secs_f64());
        let leaving = self.leaving();
        let (connection, has_lock) = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert((self.pool.connect_options().connect().await?, false)),
        };
        if self.process.has_session && !*has_lock {
            // After a lost connection the server may keep the old session's lock for a while.
            *has_lock = shards::lock(connection, me).await?;
        }
        shards::appear(connection, &self.process, ttl_s).await?;
        let held = shards::renew(connection, me, ttl_s).await?;
        for _ in 0..CLOCK_READINGS {
            let asked = Clock::local();
            let database = shards::database_now(connection).await?;
            self.clock.correct(database, asked, Clock::local());
        }
        let mut view = View::read(connection, me, self.process.has_session).await?;
        view.next = view.next.min(self.lease / LEASE_RENEWALS);
        if !self.hints.bell.hears() {
            view.next = view.next.min(LEASE_LOOK);
        }
        let missing = view.share.saturating_sub(held.len());
        let taken = match missing {
            0 => ShardSet::default(),
            most => shards::take(connection, me, ttl_s, &view.gone, most).await?,
        };
        let ours = self.shards.owned();
        let lost: ShardSet =
            (0..SHARDS).filter(|s| self.shards.settles(*s) && !held.contains(*s)).collect();
        if !lost.is_empty() {
            tracing::error!(process.id = %me, shards = lost.len(), "another process took shards of this one");
            self.lose(&lost).await;
        }
        // Also those that the database says are ours and memory does not: a round whose answer was lost.
        let gained: ShardSet = held
            .iter()
            .filter(|s| !self.shards.settles(*s) && !leaving.contains(*s))
            .chain(taken.iter())
            .collect();
        if !gained.is_empty() {
            tracing::debug!(process.id = %me, shards = gained.len(), "shards were taken");
            self.gain(&gained).await;
        }
        self.spread(ours.minus(&lost), view.share);
        let is_short = held.len() + taken.len() < view.share;
        Ok(if is_short { view.next.min(LOOK_AGAIN) } else { view.next })
    }

    /// Shards that are being handed over.
    fn leaving(&self) -> ShardSet {
        let handover = self.handover.as_ref().filter(|(_, task)| !task.is_finished());
        handover.map(|(leaving, _)| *leaving).unwrap_or_default()
    }

    async fn gain(&self, gained: &ShardSet) {
        self.shards.add(gained);
        // Their events, timers, messages and steps are looked for at once.
        self.hints.step(StepHint::Taken(*gained)).await;
        self.hints.timer(TimerHint::Look);
        self.hints.bell.inbox.ring(gained);
        self.hints.bell.messages.notify_one();
    }

    /// Nothing of these shards is believed any more.
    async fn lose(&self, lost: &ShardSet) {
        self.shards.lose(lost);
        let (done, _) = oneshot::channel();
        self.hints.step(StepHint::Leave(*lost, done)).await;
    }

    /// Hands over what is more than the share, unless something is on its way already.
    fn spread(&mut self, ours: ShardSet, share: usize) {
        let surplus = ours.len().saturating_sub(share);
        if surplus == 0 || !self.leaving().is_empty() {
            return;
        }
        let leaving: ShardSet = ours.iter().take(surplus).collect();
        self.shards.leave(&leaving);
        let (me, pool, drain) = (self.process.id, self.pool.clone(), self.drain);
        let (shards, hints, tracks) =
            (self.shards.clone(), self.hints.clone(), self.tracks.clone());
        let handover = tokio::spawn(async move {
            let (done, told) = oneshot::channel();
            hints.step(StepHint::Leave(leaving, done)).await;
            let _ = tokio::time::timeout(drain, told).await;
            tracks.forget(&leaving).await;
            shards.lose(&leaving);
            if let Err(error) = let_go(&pool, me, &leaving).await {
                tracing::warn!(%error, "shards could not be handed over; their lease will run out");
            }
            tracing::info!(process.id = %me, shards = leaving.len(), "shards were handed over");
            hints.bell.members();
        });
        self.handover = Some((leaving, handover));
    }

    async fn release(mut self) -> sqlx::Result<()> {
        let mut connection = match self.connection.take() {
            Some((connection, _)) => connection,
            None => self.pool.connect_options().connect().await?,
        };
        // First the name, then the shards: whoever takes them at once finds the outbox of a process that is gone.
        shards::disappear(&mut connection, self.process.id).await?;
        shards::release(&mut connection, self.process.id, None).await?;
        connection.close().await
    }
}

async fn let_go(pool: &PgPool, me: Uuid, leaving: &ShardSet) -> sqlx::Result<()> {
    let mut connection = pool.acquire().await?;
    shards::release(&mut connection, me, Some(leaving)).await
}

/// How things stand, as one process sees it.
struct View {
    /// How many shards are its.
    share: usize,
    /// Owners with a lease that still runs, and no session: they died.
    gone: Vec<Uuid>,
    /// When the first lease of somebody else ends.
    next: Duration,
}

impl View {
    async fn read(connection: &mut PgConnection, me: Uuid, has_session: bool) -> Result<Self> {
        let members = shards::members(connection).await?;
        let owners = shards::owners(connection).await?;
        let mut gone = Vec::new();
        let others = members.iter().filter(|m| m.id != me && m.is_live && m.has_session);
        for other in others.filter(|_| has_session) {
            if shards::lock(connection, other.id).await? {
                shards::unlock(connection, other.id).await?;
                gone.push(other.id);
            }
        }
        if !gone.is_empty() {
            shards::bury(connection, &gone).await?;
        }
        let live: Vec<Uuid> =
            members.iter().filter(|m| m.is_live && !gone.contains(&m.id)).map(|m| m.id).collect();
        let ends = members.iter().filter(|m| m.id != me && m.is_live).map(|m| m.ends_in_s);
        let ends =
            ends.chain(owners.iter().filter(|o| o.owner != me && o.runs).map(|o| o.ends_in_s));
        let first = ends.fold(LEASE_TTL.as_secs_f64(), f64::min).max(0.0);
        let next = Duration::from_secs_f64(first) + AFTER_END;
        Ok(Self { share: share(&live, me), gone, next })
    }
}

/// How many shards this one of the processes should hold: equally many, and the rest to the first ones.
fn share(live: &[Uuid], me: Uuid) -> usize {
    let all = usize::from(SHARDS.unsigned_abs());
    let n = live.len().max(1);
    let place = live.iter().position(|id| *id == me).unwrap_or(0);
    all / n + usize::from(place < all % n)
}

/// The wait before the next try after a database error.
pub(crate) fn next_wait(wait: Duration) -> Duration {
    (wait * 2).min(DATABASE_RETRY_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_fair_and_complete() {
        for n in [1, 2, 3, 7, 20, 255, 256] {
            let live: Vec<Uuid> = (0..n).map(Uuid::from_u128).collect();
            let shares: Vec<usize> = live.iter().map(|me| share(&live, *me)).collect();
            assert_eq!(shares.iter().sum::<usize>(), 256, "{n} processes");
            let (least, most) = (shares.iter().min().unwrap(), shares.iter().max().unwrap());
            assert!(most - least <= 1, "{n} processes: {shares:?}");
        }
    }
}
