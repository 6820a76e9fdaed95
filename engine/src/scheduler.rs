//! Fires timers: rows whose time has come become `timer` events.
//!
//! Rows are read a little ahead of their time, and a timer set for soon is told by whoever set it: when its time comes, a timer is
//! in memory, and ten thousand of one moment wait for no statement.
//!
//! **Invariant:** a timer never fires before its time, by the database's clock; and it fires once, because its row is deleted
//! in the turn it becomes.

use crate::{
    Clock, fault,
    limits::{POLL, TIMER_PAGE, TIMERS_AHEAD, TIMERS_HELD_MAX, TIMERS_IN_FLIGHT_MAX},
    shards::{ShardSet, Shards},
    store::{
        RowId,
        timers::{self, TimerRow},
    },
    tracks::{Tracks, Way},
    turn::{Claim, Given},
    work::{InFlight, Stop, Ticket, TimerHint, What, Work},
};
use chrono::{DateTime, TimeDelta, Utc};
use machine::{Event, event::kind};
use serde_json::json;
use sqlx::PgPool;
use std::collections::BTreeMap;
use tokio::sync::mpsc;
use uuid::Uuid;

/// The wait when as many timers are in memory as may be.
const FULL_WAIT: TimeDelta = TimeDelta::milliseconds(5);

/// The scheduler.
pub(crate) struct Scheduler {
    pub(crate) pool: PgPool,
    pub(crate) clock: Clock,
    pub(crate) shards: Shards,
    pub(crate) tracks: Tracks,
    pub(crate) hints: mpsc::Receiver<TimerHint>,
    pub(crate) in_flight: InFlight<RowId>,
    pub(crate) ahead: Ahead,
}

/// What is known of timers whose time has not come.
#[derive(Default)]
pub(crate) struct Ahead {
    held: BTreeMap<(DateTime<Utc>, RowId), Held>,
    /// Everything that fires until then is held or on its way, but for what a lost hint told.
    known_until: DateTime<Utc>,
    /// More was due than could be taken at once: each tenant gets its share.
    has_backlog: bool,
}

/// A timer in memory.
struct Held {
    timer: TimerRow,
    ticket: Ticket<RowId>,
}

impl Scheduler {
    /// Fires until told to stop, or until nobody takes what it fires.
    pub(crate) async fn run(mut self, mut stop: Stop) {
        while !stop.is_set() {
            let next = match self.round().await {
                Ok(next) => next,
                Err(error) => {
                    tracing::warn!(%error, "timers cannot be read");
                    self.clock.now() + POLL
                }
            };
            self.sleep(next, &mut stop).await;
        }
    }

    /// Sleeps until something is to be done, which a hint may bring forward.
    async fn sleep(&mut self, mut next: DateTime<Utc>, stop: &mut Stop) {
        loop {
            tokio::select! {
                () = self.clock.sleep_until(next, POLL) => return,
                () = stop.wait() => return,
                hint = self.hints.recv() => match hint {
                    Some(TimerHint::Set(timer)) => {
                        let fire_at = timer.fire_at;
                        if self.hold(timer) {
                            next = next.min(fire_at);
                        }
                    }
                    Some(TimerHint::Look) => {
                        self.ahead.known_until = DateTime::UNIX_EPOCH;
                        return;
                    }
                    None => return,
                },
            }
        }
    }

    /// Hands over what is due, and reads on; when there is something to do again.
    async fn round(&mut self) -> sqlx::Result<DateTime<Utc>> {
        loop {
            let now = self.clock.now();
            let owned = self.shards.owned();
            if owned.is_empty() {
                self.ahead = Ahead::default();
                return Ok(DateTime::<Utc>::MAX_UTC);
            }
            if !self.release(now).await {
                return Ok(now + POLL);
            }
            let look = self.ahead.known_until - TIMERS_AHEAD / 2;
            let first = self.ahead.held.keys().next().map_or(look, |(fire_at, _)| *fire_at);
            if look > now {
                return Ok(look.min(first));
            }
            if !self.has_room() || !self.look(now, &owned).await? {
                return Ok((now + FULL_WAIT).min(first));
            }
        }
    }

    /// Reads what is due and what soon will be; whether that was anything, or everything.
    async fn look(&mut self, now: DateTime<Utc>, owned: &ShardSet) -> sqlx::Result<bool> {
        // Those in memory are still in the table, and may all stand in front.
        let limit = TIMER_PAGE + i64::try_from(self.in_flight.len()).unwrap_or(0);
        let (filter, soon) = (owned.filter(), now + TIMERS_AHEAD);
        let _reading = self.in_flight.reading();
        let was_backlog = self.ahead.has_backlog;
        let read = match was_backlog {
            false => timers::due(&self.pool, soon, limit, filter.as_deref()).await?,
            true => timers::due_of_each(&self.pool, now, limit, filter.as_deref()).await?,
        };
        let n_read = i64::try_from(read.len()).unwrap_or(i64::MAX);
        let is_all = !was_backlog && n_read < limit;
        let last = read.last().map_or(soon, |timer| timer.fire_at);
        self.ahead.known_until = match (is_all, was_backlog) {
            (true, _) => soon,
            (false, false) => last,
            (false, true) => DateTime::UNIX_EPOCH,
        };
        self.ahead.has_backlog = match was_backlog {
            true => n_read >= limit / 2,
            false => !is_all && last <= now,
        };
        let mut n_new = 0;
        for timer in read {
            n_new += usize::from(self.hold(timer));
        }
        Ok(is_all || n_new > 0 || was_backlog != self.ahead.has_backlog)
    }

    /// Keeps a timer until its time comes; false if it is in memory already, or there is no room.
    fn hold(&mut self, timer: TimerRow) -> bool {
        if self.ahead.held.len() >= TIMERS_HELD_MAX {
            // The next look finds it.
            self.ahead.known_until = self.ahead.known_until.min(timer.fire_at);
            return false;
        }
        let Some(ticket) = self.in_flight.take(timer.id) else { return false };
        self.ahead.held.insert((timer.fire_at, timer.id), Held { timer, ticket });
        true
    }

    /// Whether more may be read.
    fn has_room(&self) -> bool {
        let on_their_way = self.in_flight.len().saturating_sub(self.ahead.held.len());
        on_their_way <= TIMERS_IN_FLIGHT_MAX / 2 && self.ahead.held.len() < TIMERS_HELD_MAX
    }

    /// Sends on what is due, oldest first; false when nobody takes it any more.
    async fn release(&mut self, now: DateTime<Utc>) -> bool {
        while let Some(first) = self.ahead.held.first_entry()
            && first.key().0 <= now
        {
            fault::point("timer.due");
            let Held { timer, ticket } = first.remove();
            if !self.shards.owns(timer.shard) {
                continue;
            }
            let mut work = work(timer, now);
            work.ticket = Some(Box::new(ticket));
            if self.tracks.send(Way::Backlog, work).await.is_err() {
                return false;
            }
        }
        true
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
            actor: "timer".into(),
            claim: Some(Claim::Timer(timer.id.command)),
            halt: None,
        },
        ticket: None,
        reply: None,
    }
}
