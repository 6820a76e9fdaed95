//! The engine's only clock: the database's time, as far as a local clock can tell it.
//!
//! **Invariant:** nobody else in this crate asks for the time. Statements take `$now` from here, so a test can move time;
//! leases alone are decided by the database's own `now()`.

use chrono::{DateTime, Utc};
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

/// Tells the time, truncated to what Postgres stores (microseconds).
#[derive(Debug, Clone, Default)]
pub struct Clock(Arc<Offsets>);

#[derive(Debug, Default)]
struct Offsets {
    /// Database time minus local time, in microseconds.
    database_us: AtomicI64,
    /// What a test added, in microseconds.
    test_us: AtomicI64,
    /// Rung when time was moved.
    moved: Notify,
}

impl Clock {
    /// The real time.
    pub fn system() -> Self {
        Self::default()
    }

    /// The real time and a bit more, for tests and simulations.
    pub fn shifted(by: Duration) -> Self {
        let clock = Self::default();
        clock.advance(by);
        clock
    }

    /// The time.
    pub fn now(&self) -> DateTime<Utc> {
        let offset_us =
            self.0.database_us.load(Ordering::Relaxed) + self.0.test_us.load(Ordering::Relaxed);
        let now_us = Utc::now().timestamp_micros().saturating_add(offset_us);
        DateTime::from_timestamp_micros(now_us).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// Moves time forward, and wakes whoever sleeps until a time.
    pub fn advance(&self, by: Duration) {
        let by_us = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.0.test_us.fetch_add(by_us, Ordering::Relaxed);
        self.0.moved.notify_waiters();
    }

    /// Takes over the database's time, as read just now.
    pub(crate) fn correct(&self, database: DateTime<Utc>) {
        let difference_us = database.timestamp_micros() - Utc::now().timestamp_micros();
        self.0.database_us.store(difference_us, Ordering::Relaxed);
    }

    /// Sleeps until `due`, at most `longest`, and not across a jump of time.
    pub(crate) async fn sleep_until(&self, due: DateTime<Utc>, longest: Duration) {
        let wait = (due - self.now()).to_std().unwrap_or_default().min(longest);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = self.0.moved.notified() => {}
        }
    }
}
