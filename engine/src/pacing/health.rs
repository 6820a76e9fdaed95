//! Which connections and channels are not well, as all processes know it.
//!
//! **Invariant:** whoever is well costs nothing: failures are counted in memory, and only a change of health is a row.
//! **Invariant:** every change is a compare-and-set on the row's version: of two processes one makes it.

use super::{
    breaker::{self, Change, Health},
    bucket::Key,
    limits::Limits,
};
use crate::{
    Clock,
    limits::{BREAKER_REST_MAX, HEALTH_PAGE, HEALTH_TTL},
    store::pacing::{self as rows, HealthRow},
};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};
use uuid::Uuid;

/// What this process knows of health.
#[derive(Debug)]
pub(super) struct Healths {
    pool: PgPool,
    clock: Clock,
    known: tokio::sync::Mutex<Known>,
    /// Failures in a row.
    failures: Mutex<HashMap<Key, u32>>,
}

#[derive(Debug, Default)]
struct Known {
    read_at: Option<Instant>,
    unwell: HashMap<Key, Unwell>,
}

/// One that is not well.
#[derive(Debug, Clone)]
pub(super) struct Unwell {
    pub(super) health: Health,
    pub(super) row: HealthRow,
}

/// Why it is not well, as it will be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cause<'a> {
    pub(super) code: &'a str,
    pub(super) message: &'a str,
}

impl Healths {
    pub(super) fn new(pool: PgPool, clock: Clock) -> Self {
        Self { pool, clock, known: tokio::sync::Mutex::default(), failures: Mutex::default() }
    }

    /// What is known of it, as of a moment ago; `None` if it is well.
    pub(super) async fn look(&self, key: &Key) -> sqlx::Result<Option<Unwell>> {
        let mut known = self.known.lock().await;
        if known.read_at.is_none_or(|at| at.elapsed() >= HEALTH_TTL) {
            known.unwell = self.read().await?;
            known.read_at = Some(Instant::now());
        }
        Ok(known.unwell.get(key).cloned())
    }

    async fn read(&self) -> sqlx::Result<HashMap<Key, Unwell>> {
        let mut unwell = HashMap::new();
        let mut after = (Uuid::nil(), String::new());
        loop {
            let page = rows::unwell(&self.pool, (after.0, &after.1), HEALTH_PAGE).await?;
            let n = i64::try_from(page.len()).unwrap_or(HEALTH_PAGE);
            if let Some(last) = page.last() {
                after = (last.tenant_id, last.subject.clone());
            }
            for row in page {
                let key = (row.tenant_id, row.subject.clone());
                match serde_json::from_value(row.state.clone()) {
                    Ok(health) => drop(unwell.insert(key, Unwell { health, row })),
                    // Written by a later release. What it means is unknown; standing still for it would be worse.
                    Err(error) => tracing::warn!(subject = row.subject, %error, "a health"),
                }
            }
            if n < HEALTH_PAGE {
                return Ok(unwell);
            }
        }
    }

    /// Asks for the one probe; the version it is on record with, `None` if somebody else has it.
    pub(super) async fn probe(
        &self,
        unwell: &Unwell,
        until: DateTime<Utc>,
    ) -> sqlx::Result<Option<i64>> {
        let change = Change::Probe { now: self.clock.now(), until };
        let Some(health) = breaker::next(unwell.health, change) else { return Ok(None) };
        let row = HealthRow { state: state(health), ..unwell.row.clone() };
        let is_ours = rows::update_health(&self.pool, &row).await?;
        self.forget().await;
        Ok(is_ours.then_some(row.version + 1))
    }

    /// A try was answered: the row of failures ends, and a probe has gone well.
    pub(super) async fn succeed(&self, key: &Key, probe: Option<i64>) -> sqlx::Result<()> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        let Some(version) = probe else { return Ok(()) };
        if rows::delete_health(&self.pool, key.0, &key.1, Some(version)).await? {
            tracing::info!(tenant.id = %key.0, subject = key.1, "it is well again");
        }
        self.forget().await;
        Ok(())
    }

    /// A try failed in a way that tells of the provider, not of the step.
    pub(super) async fn fail(
        &self,
        key: &Key,
        limits: &Limits,
        probe: Option<i64>,
        cause: Cause<'_>,
    ) -> sqlx::Result<()> {
        let is_too_many = {
            let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
            let n = failures.entry(key.clone()).or_default();
            *n += 1;
            let is_too_many = *n >= limits.failures;
            if is_too_many || probe.is_some() {
                failures.remove(key);
            }
            is_too_many
        };
        if !is_too_many && probe.is_none() {
            return Ok(());
        }
        let unwell = self.look(key).await?;
        let rests = match unwell.as_ref().map(|unwell| unwell.health) {
            Some(Health::HalfOpen { rests, .. }) => rests,
            _ => 0,
        };
        let rest = limits.rest.saturating_mul(2_u32.saturating_pow(rests.min(16)));
        let rest = TimeDelta::from_std(rest.min(BREAKER_REST_MAX)).unwrap_or(TimeDelta::MAX);
        self.change(key, unwell, Change::Fail(self.clock.now() + rest), cause).await
    }

    /// The provider refused the credential. Whoever is first to say so raises the incident.
    pub(super) async fn refuse(&self, key: &Key, cause: Cause<'_>) -> sqlx::Result<()> {
        let unwell = self.look(key).await?;
        self.change(key, unwell, Change::Refuse, cause).await
    }

    async fn change(
        &self,
        key: &Key,
        unwell: Option<Unwell>,
        change: Change,
        cause: Cause<'_>,
    ) -> sqlx::Result<()> {
        let health = unwell.as_ref().map_or(Health::Closed, |unwell| unwell.health);
        let Some(health) = breaker::next(health, change) else { return Ok(()) };
        let row = HealthRow {
            tenant_id: key.0,
            subject: key.1.clone(),
            state: state(health),
            version: unwell.as_ref().map_or(0, |unwell| unwell.row.version),
            code: cause.code.to_owned(),
            message: cause.message.to_owned(),
            since: unwell.as_ref().map_or_else(|| self.clock.now(), |unwell| unwell.row.since),
        };
        let is_ours = match unwell {
            Some(_) => rows::update_health(&self.pool, &row).await?,
            None => rows::insert_health(&self.pool, &row).await?,
        };
        self.forget().await;
        if is_ours {
            let (subject, code, message) = (&key.1, cause.code, cause.message);
            tracing::warn!(tenant.id = %key.0, subject, ?health, code, message, "it is not well");
        }
        Ok(())
    }

    /// The next look reads again.
    async fn forget(&self) {
        self.known.lock().await.read_at = None;
    }
}

fn state(health: Health) -> serde_json::Value {
    serde_json::to_value(health).unwrap_or_default()
}
