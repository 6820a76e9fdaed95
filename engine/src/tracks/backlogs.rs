//! What piled up in the tracks, so that those where nothing did let the others go first.
//!
//! Tracks have equally much to do, but not equally quick cores: of ten thousand timers that fell due at once, some waited for the slowest
//! track while the others gave turns to the results of those that had fired.

use chrono::{DateTime, Utc};
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// How long a track with newer work waits for the others, at most: what somebody waits for goes on, a part of a batch at a time.
const WAIT_MAX: Duration = Duration::from_millis(10);
/// How long it counts what a track told. One that took no batch since waits for something else than the cores.
const TOLD_MAX: Duration = Duration::from_secs(1);

/// What piled up in each track, as it told last.
pub(crate) struct Backlogs {
    tracks: Mutex<Vec<Option<Backlog>>>,
    changed: Notify,
}

/// What piled up in one track.
#[derive(Clone)]
struct Backlog {
    /// Since when the oldest of it has been ready.
    since: DateTime<Utc>,
    told: Instant,
}

impl Backlogs {
    /// Of so many tracks.
    pub(super) fn of(tracks: usize) -> Self {
        Self { tracks: Mutex::new(vec![None; tracks]), changed: Notify::new() }
    }

    /// What is left in this track after a batch was taken.
    pub(super) fn tell(&self, place: usize, since: Option<DateTime<Utc>>) {
        let told = Instant::now();
        let now = since.map(|since| Backlog { since, told });
        let before = std::mem::replace(&mut self.tracks()[place], now);
        if before.map(|backlog| backlog.since) != since {
            self.changed.notify_waiters();
        }
    }

    /// Since when the oldest of what piled up in other tracks than this one has been ready.
    pub(super) fn oldest_elsewhere(&self, place: usize, now: Instant) -> Option<DateTime<Utc>> {
        let tracks = self.tracks();
        let others = tracks.iter().enumerate().filter(|(other, _)| *other != place);
        let others = others.filter_map(|(_, backlog)| backlog.as_ref());
        let counted = others.filter(|other| now.duration_since(other.told) < TOLD_MAX);
        counted.map(|other| other.since).min()
    }

    /// Waits until nothing older than this is left in other tracks, or it was waited for long enough.
    pub(super) async fn wait(&self, place: usize, since: DateTime<Utc>) {
        let none_is_older = async {
            loop {
                let changed = self.changed.notified();
                let oldest = self.oldest_elsewhere(place, Instant::now());
                if oldest.is_none_or(|oldest| since <= oldest) {
                    return;
                }
                changed.await;
            }
        };
        // Either way it is this track's turn now.
        let _ = tokio::time::timeout(WAIT_MAX, none_is_older).await;
    }

    fn tracks(&self) -> MutexGuard<'_, Vec<Option<Backlog>>> {
        self.tracks.lock().unwrap_or_else(PoisonError::into_inner)
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
        backlogs.tell(1, Some(second(5)));
        let now = Instant::now();
        assert_eq!(backlogs.oldest_elsewhere(0, now), Some(second(5)));
        assert_eq!(backlogs.oldest_elsewhere(1, now), None);
        assert_eq!(backlogs.oldest_elsewhere(0, now + TOLD_MAX), None, "it hangs");
        let mut context = Context::from_waker(Waker::noop());
        for (place, since) in [(0, second(5)), (0, second(4)), (1, second(6))] {
            let wait = pin!(backlogs.wait(place, since));
            assert!(wait.poll(&mut context).is_ready(), "{since} in track {place}");
        }
        let mut wait = pin!(backlogs.wait(0, second(6)));
        assert!(wait.as_mut().poll(&mut context).is_pending());
        backlogs.tell(1, None);
        assert!(wait.poll(&mut context).is_ready());
        // But not for ever.
        backlogs.tell(1, Some(second(5)));
        backlogs.wait(0, second(6)).await;
    }
}
