//! Housekeeping, as chores that many processes share: history's months, what has expired, what is kept no longer.
//!
//! **Invariant:** each of them may be cut off anywhere, and done by two processes at once.

use crate::{
    Clock, Result,
    chore::Claim,
    everlasting::{Keeping, expire, months, retire},
    limits::{CHORE_POLL, EXPIRED_PAGE, PACING_DELETED_MAX},
    store::{chores, dedupe, pacing, shards},
    work::Stop,
};
use sqlx::PgPool;
use std::time::Duration;
use uuid::Uuid;

/// The chores and how often each is done.
const CHORES: [(&str, Duration); 4] = [
    ("months", Duration::from_secs(3_600)),
    ("expired", Duration::from_secs(300)),
    ("processes", Duration::from_secs(3_600)),
    ("retention", Duration::from_secs(3_600)),
];
/// When one that failed is tried again.
const AGAIN: Duration = Duration::from_secs(60);

/// The housekeeper of one process.
pub(crate) struct Maintainer {
    pub(crate) pool: PgPool,
    pub(crate) clock: Clock,
    pub(crate) keeping: Keeping,
}

impl Maintainer {
    /// Does the chores that are due and that nobody else has, until told to stop. What fails is tried again.
    pub(crate) async fn run(self, mut stop: Stop) {
        let me = Uuid::new_v4();
        let names = CHORES.map(|(name, _)| name);
        while !stop.is_set() {
            match self.next(&names, me, &stop).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "housekeeping has to wait"),
            }
            tokio::select! {
                () = tokio::time::sleep(CHORE_POLL) => {}
                () = stop.wait() => return,
            }
        }
    }

    /// Before the first turn: the rows of the chores, and a month for that turn.
    pub(crate) async fn round(&self) {
        let names = CHORES.map(|(name, _)| name);
        if let Err(error) = chores::insert(&self.pool, &names).await {
            tracing::warn!(%error, "the chores cannot be noted yet");
        }
        if let Err(error) = months::ensure(&self.pool, self.clock.now()).await {
            tracing::warn!(%error, "a month of history has no partition of its own");
        }
    }

    /// Does one chore; whether there was one.
    async fn next(&self, names: &[&str], me: Uuid, stop: &Stop) -> Result<bool> {
        let claim = Claim::take(&self.pool, names, me, stop).await?;
        let Some(mut claim) = claim else { return Ok(false) };
        let done = self.chore(&mut claim).await;
        let every = CHORES.iter().find(|(name, _)| *name == claim.name()).map(|(_, every)| *every);
        let (again, why) = match &done {
            Ok(()) => (every.unwrap_or(AGAIN), None),
            Err(error) => {
                let source = std::error::Error::source(error).map(ToString::to_string);
                tracing::warn!(%error, source, chore = claim.name(), "a chore failed");
                (AGAIN, Some(source.map_or_else(|| error.to_string(), |s| format!("{error}: {s}"))))
            }
        };
        claim.finish(again, why).await?;
        Ok(true)
    }

    async fn chore(&self, claim: &mut Claim) -> Result<()> {
        let (pool, keeping, now) = (&self.pool, &self.keeping, self.clock.now());
        match claim.name() {
            "months" => months::ensure(pool, now).await,
            "processes" => Ok(shards::forget_gone(pool).await?),
            "expired" => {
                while dedupe::delete_expired(pool, now, EXPIRED_PAGE).await?
                    >= EXPIRED_PAGE.unsigned_abs()
                    && claim.renew().await?
                {}
                pacing::delete_unused(pool, now, PACING_DELETED_MAX).await?;
                Ok(())
            }
            _ => {
                retire::Round { pool, keeping, now, claim: Some(claim) }.run().await?;
                expire::Round { pool, keeping, now, claim: Some(claim) }.run().await?;
                Ok(())
            }
        }
    }
}
