//! The engine's only clock: the database's time, as far as a local clock can tell it.
//!
//! **Invariant:** nobody else in this crate asks for the time. Statements take `$now` from here, so a test can move time;
//! leases alone are decided by the database's own `now()`.

use chrono::{DateTime, Utc};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
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
    /// Whether that was ever read.
    is_corrected: AtomicBool,
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

    /// What this machine's own clock says: only to see how it differs from the database's.
    pub(crate) fn local() -> DateTime<Utc> {
        Utc::now()
    }

    /// Moves time forward, and wakes whoever sleeps until a time.
    pub fn advance(&self, by: Duration) {
        let by_us = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.0.test_us.fetch_add(by_us, Ordering::Relaxed);
        self.0.moved.notify_waiters();
    }

    /// Takes over the database's time, which was read between these two local times. The answer tells only what the difference is
    /// at least and at most; of all answers the highest "at least" is believed, so that this clock is never ahead of the
    /// database's, and a slow answer does not move it.
    pub(crate) fn correct(
        &self,
        database: DateTime<Utc>,
        asked: DateTime<Utc>,
        told: DateTime<Utc>,
    ) {
        let after = |local: DateTime<Utc>| database.timestamp_micros() - local.timestamp_micros();
        let (least_us, most_us) = (after(told), after(asked));
        let known_us = self.0.database_us.load(Ordering::Relaxed);
        let is_first = !self.0.is_corrected.swap(true, Ordering::Relaxed);
        let now_us = if is_first || known_us > most_us { least_us } else { known_us.max(least_us) };
        self.0.database_us.store(now_us, Ordering::Relaxed);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_answer_does_not_move_time() {
        let clock = Clock::default();
        let at = |ms: i64| DateTime::from_timestamp_millis(1_000_000 + ms).unwrap_or_default();
        let offset_us = || clock.0.database_us.load(Ordering::Relaxed);
        // (the database's time, asked, told, what is known then)
        for (database, asked, told, known_us) in [
            (12, 0, 2, 10_000),
            (15, 0, 20, 10_000),
            (13, 0, 2, 11_000),
            (12, 0, 2, 11_000),
            (5, 0, 2, 3_000),
        ] {
            clock.correct(at(database), at(asked), at(told));
            assert_eq!(offset_us(), known_us, "{database} {asked} {told}");
        }
    }
}
