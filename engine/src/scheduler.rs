//! Fires timers: due rows become `timer` events.
//!
//! **Invariant:** a timer never fires before its time, by the database's clock; and it fires once, because its row is deleted
//! in the turn it becomes.

use crate::{
    Clock, fault,
    limits::{POLL, TIMER_PAGE, TIMERS_IN_FLIGHT_MAX},
    shards::Shards,
    store::{
        RowId,
        timers::{self, TimerRow},
    },
    tracks::Tracks,
    turn::{Claim, Given},
    work::{InFlight, Stop, What, Work},
};
use chrono::{DateTime, Utc};
use machine::{Event, event::kind};
use serde_json::json;
use sqlx::PgPool;
use std::time::Duration;
use tokio::sync::mpsc;
use uuid::Uuid;

/// The wait when more timers are due than may be in memory.
const FULL_WAIT: Duration = Duration::from_millis(5);

/// The scheduler.
pub(crate) struct Scheduler {
    pub(crate) pool: PgPool,
    pub(crate) clock: Clock,
    pub(crate) shards: Shards,
    pub(crate) tracks: Tracks,
    /// When timers were set for.
    pub(crate) hints: mpsc::Receiver<DateTime<Utc>>,
    pub(crate) in_flight: InFlight<RowId>,
    /// More was due than could be taken at once: each tenant gets its share.
    pub(crate) has_backlog: bool,
}

impl Scheduler {
    /// Fires until told to stop, or until nobody takes what it fires.
    pub(crate) async fn run(mut self, mut stop: Stop) {
        while !stop.is_set() {
            let next = match self.fire().await {
                Ok(next) => next,
                Err(error) => {
                    tracing::warn!(%error, "timers cannot be read");
                    self.clock.now() + POLL
                }
            };
            self.sleep(next, &mut stop).await;
        }
    }

    /// Sleeps until the next timer known of, which a hint may bring forward.
    async fn sleep(&mut self, mut next: DateTime<Utc>, stop: &mut Stop) {
        loop {
            tokio::select! {
                () = self.clock.sleep_until(next, POLL) => return,
                () = stop.wait() => return,
                hint = self.hints.recv() => match hint {
                    Some(fire_at) => next = next.min(fire_at),
                    None => return,
                },
            }
        }
    }

    /// Hands over what is due; when to look again.
    async fn fire(&mut self) -> sqlx::Result<DateTime<Utc>> {
        loop {
            let now = self.clock.now();
            let owned = self.shards.owned();
            let taken = self.in_flight.len();
            if owned.is_empty() {
                return Ok(DateTime::<Utc>::MAX_UTC);
            }
            if taken > TIMERS_IN_FLIGHT_MAX / 2 {
                return Ok(now + FULL_WAIT);
            }
            // Those in memory are still in the table, and may all stand in front.
            let limit = TIMER_PAGE + i64::try_from(taken).unwrap_or(0);
            let filter = owned.filter();
            let due = match self.has_backlog {
                false => timers::due(&self.pool, now, limit, filter.as_deref()).await?,
                true => timers::due_of_each(&self.pool, now, limit, filter.as_deref()).await?,
            };
            if !due.is_empty() {
                fault::point("timer.fetched");
            }
            let n_due = i64::try_from(due.len()).unwrap_or(i64::MAX);
            let Some(n_new) = self.hand_over(due, now).await else { return Ok(now + POLL) };
            let was_backlog = self.has_backlog;
            self.has_backlog = n_due >= if was_backlog { limit / 2 } else { limit };
            if !was_backlog && !self.has_backlog {
                let next = timers::next(&self.pool, now, filter.as_deref()).await?;
                return Ok(next.unwrap_or(DateTime::<Utc>::MAX_UTC));
            }
            if n_new == 0 {
                return Ok(now + FULL_WAIT);
            }
        }
    }

    /// Sends on those that are not on their way already; how many, or `None` when nobody takes them.
    async fn hand_over(&self, due: Vec<TimerRow>, now: DateTime<Utc>) -> Option<usize> {
        let mut n_new = 0;
        for timer in due {
            let Some(ticket) = self.in_flight.take(timer.id) else { continue };
            n_new += 1;
            let mut work = work(timer, now);
            work.ticket = Some(Box::new(ticket));
            self.tracks.send_backlog(work).await.ok()?;
        }
        Some(n_new)
    }
}

fn work(timer: TimerRow, now: DateTime<Utc>) -> Work {
    let fields = json!({ "id": timer.name, "timer": timer.id.command.to_string() });
    Work {
        tenant: timer.id.tenant,
        instance: timer.id.instance,
        what: What::Event,
        given: Given {
            event_id: Uuid::now_v7(),
            event: Event::new(now.max(timer.fire_at), kind::TIMER, fields),
            actor: "timer".to_owned(),
            claim: Some(Claim::Timer(timer.id.command)),
            halt: None,
        },
        ticket: None,
        reply: None,
    }
}
