//! Token buckets: shared ones, of which a process takes blocks from the table, and local ones, of which it is the only user.
//!
//! A bucket is one number, the time at which it will be full again (GCRA), so it needs no clock of its own to refill.
//!
//! **Invariant:** in any time `t`, all processes together hand out at most `rate * t + burst` tokens of a shared bucket: a
//! block is used up within the time in which the rate carries one, or lost, and the table's bucket is smaller by a block.
//! **Invariant:** at most one statement of a process is under way for a bucket, and it takes what all who stand in line want.

use crate::{
    Clock, fault,
    limits::{BUCKETS_MAX, PACING_BLOCK, PACING_WAIT_MAX},
    store::pacing::{self, Named},
};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};
use uuid::Uuid;
use workflows::pacing::Rate;

/// A bucket of a tenant.
pub(super) type Key = (Uuid, String);

/// A token, or when there may be one.
pub(super) type Taken = Result<(), DateTime<Utc>>;

/// All buckets of this process.
#[derive(Debug)]
pub(super) struct Buckets {
    pool: PgPool,
    clock: Clock,
    shared: Mutex<HashMap<Key, Arc<Line>>>,
    /// When each will be full again.
    local: Mutex<HashMap<Key, DateTime<Utc>>>,
}

/// Those who want tokens of one shared bucket.
#[derive(Debug, Default)]
struct Line {
    wanted: AtomicU32,
    block: tokio::sync::Mutex<Block>,
}

/// What this process has of a shared bucket.
#[derive(Debug, Default)]
struct Block {
    tokens: u32,
    /// How many there were.
    granted: u32,
    /// The tokens are lost after this.
    until: DateTime<Utc>,
    /// The bucket was empty, and stays so until then.
    empty_until: DateTime<Utc>,
    /// Up to when those who were sent away have been told to come back.
    promised: DateTime<Utc>,
}

impl Buckets {
    pub(super) fn new(pool: PgPool, clock: Clock) -> Self {
        Self { pool, clock, shared: Mutex::default(), local: Mutex::default() }
    }

    /// A token of a shared bucket.
    pub(super) async fn take(&self, key: &Key, rate: Rate) -> sqlx::Result<Taken> {
        let line = self.line(key);
        line.wanted.fetch_add(1, Ordering::Relaxed);
        let mut block = line.block.lock().await;
        let taken = self.take_in_turn(key, rate, &line, &mut block).await;
        line.wanted.fetch_sub(1, Ordering::Relaxed);
        taken
    }

    async fn take_in_turn(
        &self,
        key: &Key,
        rate: Rate,
        line: &Line,
        block: &mut Block,
    ) -> sqlx::Result<Taken> {
        let now = self.clock.now();
        if block.tokens > 0 && now < block.until {
            block.tokens -= 1;
            return Ok(Ok(()));
        }
        if now < block.empty_until {
            return Ok(Err(block.promise(rate, now)));
        }
        let size = block_size(rate);
        let kept = if size > 1 { size } else { 0 };
        let named = Named {
            tenant: key.0,
            key: &key.1,
            rate: Rate { burst: rate.burst.saturating_sub(kept).max(1), ..rate },
        };
        let wanted = line.wanted.load(Ordering::Relaxed).max(block.used(now)).clamp(1, size);
        let reserved = pacing::reserve(&self.pool, named, wanted, now).await?;
        fault::point("pacing.reserved");
        block.granted = u32::try_from(reserved.granted).unwrap_or(0);
        if let Some(rest) = block.granted.checked_sub(1) {
            block.tokens = rest;
            block.until = now + block_time(rate);
            return Ok(Ok(()));
        }
        block.tokens = 0;
        let first = reserved.next_at - periods(named.rate, named.rate.burst - 1);
        block.empty_until = first.max(reserved.closed_until);
        Ok(Err(block.promise(rate, now)))
    }

    /// A token that was not used after all. One that comes often is used by this process, or lost with its block; one that
    /// comes seldom goes back to the table.
    pub(super) async fn give_back(&self, key: &Key, rate: Rate) {
        let line = self.line(key);
        let mut block = line.block.lock().await;
        if block_size(rate) > 1 {
            block.tokens += 1;
            return;
        }
        block.empty_until = DateTime::default();
        let named = Named { tenant: key.0, key: &key.1, rate };
        if let Err(error) = pacing::give_back(&self.pool, named).await {
            tracing::warn!(key = key.1, %error, "a token cannot be given back");
        }
    }

    /// Nobody gets a token of a shared bucket before `until`, but for what other processes have of their blocks.
    pub(super) async fn close(
        &self,
        key: &Key,
        rate: Rate,
        until: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        let line = self.line(key);
        let mut block = line.block.lock().await;
        (block.tokens, block.granted) = (0, 0);
        block.empty_until = block.empty_until.max(until);
        let named = Named { tenant: key.0, key: &key.1, rate };
        pacing::close(&self.pool, named, until, self.clock.now()).await
    }

    /// A token of a bucket that only this process uses.
    pub(super) fn take_local(&self, key: &Key, rate: Rate) -> Taken {
        let now = self.clock.now();
        let mut local = self.local.lock().unwrap_or_else(PoisonError::into_inner);
        if local.len() >= BUCKETS_MAX {
            // One that is full is as good as none.
            local.retain(|_, full_at| *full_at > now);
        }
        let full_at = local.get(key).copied().unwrap_or(now).max(now);
        let first = full_at - periods(rate, rate.burst - 1);
        if first > now {
            return Err(first);
        }
        local.insert(key.clone(), full_at + periods(rate, 1));
        Ok(())
    }

    /// A token that was not used after all.
    pub(super) fn give_back_local(&self, key: &Key, rate: Rate) {
        let mut local = self.local.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(full_at) = local.get_mut(key) {
            *full_at -= periods(rate, 1);
        }
    }

    /// No token of a local bucket before `until`.
    pub(super) fn close_local(&self, key: &Key, rate: Rate, until: DateTime<Utc>) {
        let mut local = self.local.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = until + periods(rate, rate.burst - 1);
        let known = local.entry(key.clone()).or_insert(full_at);
        *known = full_at.max(*known);
    }

    fn line(&self, key: &Key) -> Arc<Line> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = shared.get(key) {
            return line.clone();
        }
        if shared.len() >= BUCKETS_MAX {
            // What is forgotten stands in the table.
            shared.retain(|_, line| Arc::strong_count(line) > 1);
        }
        shared.entry(key.clone()).or_default().clone()
    }
}

impl Block {
    /// How many the next block should have, by what became of this one: twice as many if it was used up before its time,
    /// as many as were used if some were lost, and none in advance if nobody came for as long again. So a process that
    /// sends steadily writes the row ten times a second and not for each message, and what is lost is less than what was used.
    fn used(&self, now: DateTime<Utc>) -> u32 {
        if now < self.until {
            return self.granted.saturating_mul(2);
        }
        if now >= self.until + delta(PACING_BLOCK) {
            return 0;
        }
        self.granted.saturating_sub(self.tokens)
    }

    /// When the next one who is sent away may come back. A block's worth of them come back together, when there is a block
    /// for them: so that they need one statement, not one each.
    fn promise(&mut self, rate: Rate, now: DateTime<Utc>) -> DateTime<Utc> {
        let first = self.promised.max(self.empty_until).max(now);
        self.promised = first + periods(rate, 1);
        let block_us = i64::from(block_size(rate))
            .saturating_mul(periods(rate, 1).num_microseconds().unwrap_or(i64::MAX))
            .max(1);
        let waited_us = (first - self.empty_until).num_microseconds().unwrap_or(0).max(0);
        let rest_us = (block_us - waited_us % block_us) % block_us;
        (first + TimeDelta::microseconds(rest_us)).min(now + delta(PACING_WAIT_MAX))
    }
}

/// Tokens taken at once: what the rate carries in a block's time, at most half of the burst.
fn block_size(rate: Rate) -> u32 {
    let block_us = u64::try_from(PACING_BLOCK.as_micros()).unwrap_or(u64::MAX);
    let n = u32::try_from(block_us / rate.period_us.max(1)).unwrap_or(u32::MAX);
    n.min(rate.burst / 2).max(1)
}

/// How long a block may be used: as long as the rate takes to carry another.
fn block_time(rate: Rate) -> TimeDelta {
    periods(rate, block_size(rate)).min(delta(PACING_BLOCK))
}

/// The time of `n` tokens.
fn periods(rate: Rate, n: u32) -> TimeDelta {
    let us = i64::try_from(rate.period_us).unwrap_or(i64::MAX).saturating_mul(i64::from(n));
    TimeDelta::microseconds(us)
}

fn delta(duration: std::time::Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_are_sent_away_come_back_a_block_at_a_time() {
        let now = DateTime::from_timestamp(1_000, 0).unwrap();
        let rate = Rate { period_us: 12_500, burst: 80 };
        let mut block = Block { empty_until: now, ..Block::default() };
        let back: Vec<i64> =
            (0..24).map(|_| (block.promise(rate, now) - now).num_milliseconds()).collect();
        for (index, ms) in back.iter().enumerate() {
            let wanted = i64::try_from(index.div_ceil(8)).unwrap() * 100;
            assert_eq!(*ms, wanted, "{index} of {back:?}");
        }
        let last = (0..100_000).map(|_| block.promise(rate, now)).last().unwrap();
        assert_eq!(last, now + delta(PACING_WAIT_MAX));
    }

    #[test]
    fn a_block_is_as_large_as_the_one_before_was_used() {
        let ms = |ms: i64| DateTime::from_timestamp_millis(ms).unwrap();
        // Granted, left, looked at, wanted; a block lasts until 100.
        for (granted, tokens, at, wanted) in [
            (1, 0, 20, 2),
            (8, 0, 99, 16),
            (8, 0, 100, 8),
            (8, 5, 150, 3),
            (8, 8, 150, 0),
            (8, 5, 200, 0),
            (0, 0, 50, 0),
        ] {
            let block = Block { tokens, granted, until: ms(100), ..Block::default() };
            assert_eq!(block.used(ms(at)), wanted, "{granted} {tokens} {at}");
        }
    }

    #[test]
    fn blocks() {
        for (period_us, burst, size, ms) in [
            (12_500, 80, 8, 100),
            (12_500, 4, 2, 25),
            (1_000, 20, 10, 10),
            (6_000_000, 1, 1, 100),
            (100, 10_000, 1_000, 100),
            (1, 1, 1, 0),
        ] {
            let rate = Rate { period_us, burst };
            let block = (block_size(rate), block_time(rate).num_milliseconds());
            assert_eq!(block, (size, ms), "{period_us} {burst}");
        }
    }
}
