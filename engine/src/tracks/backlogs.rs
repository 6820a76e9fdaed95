//! What piled up in the tracks, so that those with nothing as old let the others go first.
//!
//! Tracks have equally much to do, but not equally quick cores: of ten thousand timers that fell due at once, some waited for the slowest
//! track while the others gave turns to the results of those that had fired.

use chrono::{DateTime, Utc};
use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};
use tokio::sync::Notify;

/// How long a track with newer work waits for the others, at most: what somebody waits for goes on, a part of a batch at a time.
const WAIT_MAX: Duration = Duration::from_millis(10);

/// Nothing piled up.
const NONE: i64 = i64::MAX;

/// Since when the oldest of what piled up in each track has been ready.
pub(crate) struct Backlogs {
    /// In microseconds since 1970.
    since_us: Vec<AtomicI64>,
    changed: Notify,
}

impl Backlogs {
    /// Of so many tracks.
    pub(super) fn of(tracks: usize) -> Self {
        let since_us = (0..tracks).map(|_| AtomicI64::new(NONE)).collect();
        Self { since_us, changed: Notify::new() }
    }

    /// What is left in this track after a batch was taken.
    pub(super) fn note(&self, place: usize, since: Option<DateTime<Utc>>) {
        let since_us = since.map_or(NONE, |since| since.timestamp_micros());
        if self.since_us[place].swap(since_us, Ordering::Relaxed) != since_us {
            self.changed.notify_waiters();
        }
    }

    /// The oldest of what piled up in other tracks than this one.
    pub(super) fn oldest_elsewhere(&self, place: usize) -> Option<DateTime<Utc>> {
        let others = self.since_us.iter().enumerate().filter(|(other, _)| *other != place);
        let oldest = others.map(|(_, since_us)| since_us.load(Ordering::Relaxed)).min()?;
        (oldest != NONE).then(|| DateTime::from_timestamp_micros(oldest)).flatten()
    }

    /// Waits until nothing older than this is left in other tracks, or it was waited for long enough.
    pub(super) async fn wait(&self, place: usize, since: DateTime<Utc>) {
        let none_is_older = async {
            loop {
                let changed = self.changed.notified();
                if self.oldest_elsewhere(place).is_none_or(|oldest| since <= oldest) {
                    return;
                }
                changed.await;
            }
        };
        // Either way it is this track's turn now.
        let _ = tokio::time::timeout(WAIT_MAX, none_is_older).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        pin::pin,
        task::{Context, Waker},
    };

    fn second(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap_or_default()
    }

    #[tokio::test]
    async fn what_is_newer_waits_for_what_piled_up_elsewhere() {
        let backlogs = Backlogs::of(2);
        backlogs.note(1, Some(second(5)));
        assert_eq!(backlogs.oldest_elsewhere(0), Some(second(5)));
        assert_eq!(backlogs.oldest_elsewhere(1), None);
        let mut context = Context::from_waker(Waker::noop());
        for (place, since) in [(0, second(5)), (0, second(4)), (1, second(6))] {
            let wait = pin!(backlogs.wait(place, since));
            assert!(wait.poll(&mut context).is_ready(), "{since} in track {place}");
        }
        let mut wait = pin!(backlogs.wait(0, second(6)));
        assert!(wait.as_mut().poll(&mut context).is_pending());
        backlogs.note(1, None);
        assert!(wait.poll(&mut context).is_ready());
        // But not for ever.
        backlogs.note(1, Some(second(5)));
        backlogs.wait(0, second(6)).await;
    }
}
