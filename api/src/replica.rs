//! Lists may be read from a replica of the database, to keep people who look away from the work.
//!
//! **Invariant:** nothing is decided by what a replica says. It may be a little old: who has just written may not see it in
//! a list yet.
//! **Invariant:** a replica that is lost costs nobody an answer; the primary gives it.

use engine::Error;
use sqlx::PgPool;
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Longest that a replica may take. What it was asked goes on in a task of its own and is forgotten.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a replica that failed is left alone.
const LEFT_ALONE: Duration = Duration::from_secs(10);

/// A pool to a replica, and how it has done.
#[derive(Debug)]
pub(crate) struct Replica {
    pool: PgPool,
    failed: Mutex<Option<Instant>>,
}

impl Replica {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool, failed: Mutex::default() }
    }

    /// Asks the replica; `None` if it has no answer, or had none a moment ago. A refusal that the primary would give too is an
    /// answer.
    pub(crate) async fn ask<T, F>(&self, look: impl Fn(PgPool) -> F) -> Option<engine::Result<T>>
    where
        F: Future<Output = engine::Result<T>>,
    {
        let failed = *self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.is_some_and(|failed| failed.elapsed() < LEFT_ALONE) {
            return None;
        }
        let why = match tokio::time::timeout(PATIENCE, look(self.pool.clone())).await {
            Ok(Err(Error::Database(error))) => error.to_string(),
            Ok(answer) => return Some(answer),
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::warn!(why, "the replica does not answer; lists come from the primary for a while");
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

    /// A pool to a server that is not there.
    fn nowhere() -> PgPool {
        let options = PgConnectOptions::new().socket("/nowhere");
        PgPoolOptions::new().acquire_timeout(Duration::from_millis(50)).connect_lazy_with(options)
    }

    #[tokio::test]
    async fn a_lost_replica_is_left_alone_and_a_refusal_is_an_answer() {
        let replica = Replica::new(nowhere());
        let refused = replica.ask(|_| async { Err::<(), _>(Error::NotFound("it".to_owned())) });
        assert!(matches!(refused.await, Some(Err(Error::NotFound(_)))));
        let asks = std::sync::atomic::AtomicU32::new(0);
        for _ in 0..3 {
            let asked = replica.ask(|pool| {
                asks.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                async move { Ok(pool.acquire().await?) }
            });
            assert!(asked.await.is_none());
        }
        assert_eq!(asks.into_inner(), 1, "it was asked again at once");
    }
}
