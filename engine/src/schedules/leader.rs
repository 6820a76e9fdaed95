//! The leader: fires what is due, and sleeps until the next tick. Every process has one, and they do not talk.
//!
//! At rest it asks one statement every few seconds.

use super::{Schedules, follow::Followed};
use crate::{Result, limits::DATABASE_RETRY_MAX, store::schedules as rows, work::Stop};
use chrono::{DateTime, Utc};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Longest sleep: how late a tick of a schedule that another process made may be.
const POLL: Duration = Duration::from_secs(5);
/// The same while ticks wait for an instance to end.
const POLL_QUEUED: Duration = Duration::from_secs(2);
/// The wait when another process was at work on what is due.
const BUSY: Duration = Duration::from_millis(500);
/// How often outdated rows and waits are looked for.
const REFRESH: Duration = Duration::from_secs(60);

/// What a leader remembers between rounds.
struct Memory {
    refreshed: Option<Instant>,
    walked: (Uuid, Uuid),
}

impl Schedules {
    /// Leads until told to stop. An error of the database is told once a round, and the round is tried again.
    pub(crate) async fn run(self, mut stop: Stop) {
        let mut memory = Memory { refreshed: None, walked: (Uuid::nil(), Uuid::nil()) };
        while !stop.is_set() {
            let (due, longest) = match self.round(&mut memory).await {
                Ok(sleep) => sleep,
                Err(error) => {
                    tracing::warn!(%error, "schedules cannot be looked at");
                    (DateTime::<Utc>::MAX_UTC, DATABASE_RETRY_MAX)
                }
            };
            tokio::select! {
                () = self.clock.sleep_until(due, longest) => {}
                // What was changed here may have outdated what others are computed with.
                () = self.wake.notified() => memory.refreshed = None,
                () = stop.wait() => {}
            }
        }
    }

    /// Does what is to be done; until when to sleep, and for how long at most.
    async fn round(&self, memory: &mut Memory) -> Result<(DateTime<Utc>, Duration)> {
        if memory.refreshed.is_none_or(|at| at.elapsed() >= REFRESH) {
            while self.refresh_page().await? {}
            memory.walked = self.walk_page(memory.walked).await?;
            memory.refreshed = Some(Instant::now());
            if self.follow().await? == Followed::Part {
                memory.refreshed = None;
            }
        }
        let mut rest = rows::rest(&self.pool).await?;
        if rest.next_fire.is_some_and(|fire| fire <= self.clock.now()) {
            while self.fire_page().await? {}
            rest = rows::rest(&self.pool).await?;
        }
        if rest.has_queued {
            self.start_queued().await?;
        }
        let next = rest.next_fire.unwrap_or(DateTime::<Utc>::MAX_UTC);
        if next <= self.clock.now() {
            return Ok((self.clock.now() + BUSY, BUSY));
        }
        Ok((next, if rest.has_queued { POLL_QUEUED } else { POLL }))
    }

    /// One round, for tests and for programs that lead by themselves: fires, starts what waited, computes again.
    pub async fn lead_once(&self) -> Result<()> {
        let mut memory = Memory { refreshed: None, walked: (Uuid::nil(), Uuid::nil()) };
        self.round(&mut memory).await.map(drop)
    }
}
