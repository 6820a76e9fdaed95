//! The gate before every attempt: the rates of its account, recipient, definition and step, the places among those that may
//! run at once, and the health of its connection. Shared by all processes through the store.
//!
//! **Invariant:** a step that is sent away has used up nothing: no attempt, no token, no place, no row.
//! **Invariant:** whatever a crashed process had (tokens, places, a probe) is dated, and free again by itself.
//! **Invariant:** a connection whose credential is refused raises one incident, and its steps wait for the credential.

pub mod breaker;
mod bucket;
mod health;
pub(crate) mod limits;

use crate::{
    Clock,
    accounts::Refusal,
    limits::{BUCKETS_MAX, HEALTH_RETRY, SLOT_RETRY, THROTTLE_WAIT},
    store::pacing::{self as rows, Slot},
};
use breaker::Health;
use bucket::{Buckets, Key};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use health::{Cause, Healths, Unwell};
use limits::Limits;
use sqlx::PgPool;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use uuid::Uuid;
use workflows::{
    pacing::{Pace, Rate},
    step::Outcome,
};

/// The code of a failure that says that the provider refused the credential.
const AUTH: &str = "auth";
/// The provider's own rate of one customer; it says nothing of the others.
const PAIR_RATE: &str = "131056";
/// Codes of outcomes that tell of the provider's health. The rest of what can be tried again is throttling.
const FAILURES: &[&str] = &["not-connected", "timeout", "connection-broken", "unavailable"];
/// How codes begin that are HTTP statuses, which tell of it too.
const HTTP_STATUS: &str = "http-";

/// The gate. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub(crate) struct Gate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    pool: PgPool,
    clock: Clock,
    buckets: Buckets,
    healths: Healths,
    /// Who is in, by the step's key.
    inside: Mutex<HashMap<String, Inside>>,
}

/// One that wants to begin an attempt.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    pub(crate) tenant: Uuid,
    /// The step's key.
    pub(crate) step: String,
    /// The account it acts with, if it acts with one.
    pub(crate) subject: Option<Subject>,
    /// Rates of its definition and of the step itself.
    pub(crate) paces: Vec<Pace>,
    /// The longest the attempt can take.
    pub(crate) lease: Duration,
}

/// An account.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    /// `channel/<id>` or `connection/<name>`.
    pub(crate) key: String,
    /// For people.
    pub(crate) title: String,
    pub(crate) limits: Limits,
    /// Whom it speaks to.
    pub(crate) recipient: Option<Recipient>,
}

/// Whom an account speaks to.
#[derive(Debug, Clone)]
pub(crate) struct Recipient {
    /// Names the recipient without saying who it is.
    pub(crate) key: String,
    /// Everything for the recipient runs in this process: it has a conversation, whose shard has one owner.
    pub(crate) is_local: bool,
}

/// One that is in.
#[derive(Debug)]
struct Inside {
    visit: Visit,
    slot: Option<i32>,
    probe: Option<i64>,
    until: DateTime<Utc>,
}

/// A rate that a visit needs a token of.
struct Toll {
    key: Key,
    rate: Rate,
    is_local: bool,
    title: String,
}

impl Gate {
    pub(crate) fn new(pool: PgPool, clock: Clock) -> Self {
        let buckets = Buckets::new(pool.clone(), clock.clone());
        let healths = Healths::new(pool.clone(), clock.clone());
        Self(Arc::new(Inner { pool, clock, buckets, healths, inside: Mutex::default() }))
    }

    /// Lets an attempt begin, or says why not yet.
    pub(crate) async fn enter(&self, visit: Visit) -> sqlx::Result<Result<(), Refusal>> {
        let now = self.0.clock.now();
        let unwell = match &visit.subject {
            Some(subject) => self.0.healths.look(&(visit.tenant, subject.key.clone())).await?,
            None => None,
        };
        if let (Some(unwell), Some(subject)) = (&unwell, &visit.subject)
            && let Some(refusal) = resting(unwell, subject, &visit.step, now)
        {
            return Ok(Err(refusal));
        }
        let tolls = visit.tolls();
        if let Err(refusal) = self.pay(&tolls, now).await? {
            return Ok(Err(refusal));
        }
        let until = now + TimeDelta::from_std(visit.lease).unwrap_or(TimeDelta::MAX);
        let Ok(slot) = self.take_slot(&visit, until).await? else {
            self.give_back(&tolls).await;
            return Ok(Err(later(SLOT_RETRY, "running", "waits for a place among those that run")));
        };
        let mut probe = None;
        if let (Some(unwell), Some(subject)) = (&unwell, &visit.subject) {
            probe = self.0.healths.probe(unwell, until).await?;
            if probe.is_none() {
                self.give_back(&tolls).await;
                self.leave_slot(&visit, slot).await;
                let message = format!("{} is being tried by another step", subject.title);
                return Ok(Err(later(spread(&visit.step), "resting", &message)));
            }
        }
        let mut inside = self.0.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if inside.len() >= BUCKETS_MAX {
            inside.retain(|_, inside| inside.until > now);
        }
        inside.insert(visit.step.clone(), Inside { visit, slot, probe, until });
        Ok(Ok(()))
    }

    /// Whether this step is in.
    pub(crate) fn has(&self, step: &str) -> bool {
        self.0.inside.lock().unwrap_or_else(PoisonError::into_inner).contains_key(step)
    }

    /// An attempt has ended. What it tells of the account is put on record; and if it was the account, not the step, that was
    /// refused, the step is to wait, and the attempt does not count.
    pub(crate) async fn ended(&self, step: &str, outcome: &Outcome) -> Option<Refusal> {
        let inside = self.0.inside.lock().unwrap_or_else(PoisonError::into_inner).remove(step)?;
        if let Some(n) = inside.slot {
            self.leave_slot(&inside.visit, Some(n)).await;
        }
        let subject = inside.visit.subject.as_ref()?;
        let learnt = self.learn(&inside, subject, outcome).await;
        learnt.unwrap_or_else(|error| {
            // The next attempt learns it again.
            tracing::warn!(subject = subject.key, %error, "what an attempt tells cannot be stored");
            None
        })
    }

    async fn learn(
        &self,
        inside: &Inside,
        subject: &Subject,
        outcome: &Outcome,
    ) -> sqlx::Result<Option<Refusal>> {
        let Inner { healths, .. } = &*self.0;
        let key = (inside.visit.tenant, subject.key.clone());
        match verdict(outcome) {
            Verdict::Well => healths.succeed(&key, inside.probe).await.map(|()| None),
            Verdict::Nothing if inside.probe.is_some() => {
                // It was answered somehow; that is more than was to be expected.
                healths.succeed(&key, inside.probe).await.map(|()| None)
            }
            Verdict::Nothing => Ok(None),
            Verdict::Failed(cause) => {
                healths.fail(&key, &subject.limits, inside.probe, cause).await.map(|()| None)
            }
            Verdict::Refused(cause) => {
                healths.refuse(&key, cause).await?;
                let message = waits_for_credential(&subject.title, cause.message);
                Ok(Some(later(spread(&inside.visit.step), "credential", &message)))
            }
            Verdict::Throttled { after, code, message } => {
                let pair = subject.limits.recipient.filter(|_| code == PAIR_RATE);
                let after = after
                    .max(pair.map_or(Duration::ZERO, |rate| Duration::from_micros(rate.period_us)));
                // It lives, and wants to be left alone for a while.
                healths.succeed(&key, inside.probe).await?;
                self.throttled(&inside.visit, code, after).await?;
                let title = &subject.title;
                let message = format!("waits for the rate of {title}, as it asked: {message}");
                Ok(Some(later(after, "throttled", &message)))
            }
        }
    }

    /// Closes the rate that the provider says is used up.
    async fn throttled(&self, visit: &Visit, code: &str, after: Duration) -> sqlx::Result<()> {
        let until = self.0.clock.now() + TimeDelta::from_std(after).unwrap_or(TimeDelta::MAX);
        let is_pair = code == PAIR_RATE;
        let tolls = visit.tolls();
        let recipient = tolls.iter().find(|toll| is_pair && toll.title.starts_with("a recipient"));
        let Some(toll) = recipient.or_else(|| tolls.last()) else { return Ok(()) };
        if toll.is_local {
            self.0.buckets.close_local(&toll.key, toll.rate, until);
            return Ok(());
        }
        self.0.buckets.close(&toll.key, toll.rate, until).await
    }

    /// A token of each; none, if there is not one of each.
    async fn pay(&self, tolls: &[Toll], now: DateTime<Utc>) -> sqlx::Result<Result<(), Refusal>> {
        for (index, toll) in tolls.iter().enumerate() {
            let taken = match toll.is_local {
                true => Ok(self.0.buckets.take_local(&toll.key, toll.rate)),
                false => self.0.buckets.take(&toll.key, toll.rate).await,
            };
            match taken {
                Ok(Ok(())) => continue,
                Ok(Err(at)) => {
                    self.give_back(&tolls[..index]).await;
                    let message = waits_for_rate(&toll.title, at);
                    let after = (at - now).to_std().unwrap_or_default();
                    return Ok(Err(later(after, "pacing", &message)));
                }
                Err(error) => {
                    self.give_back(&tolls[..index]).await;
                    return Err(error);
                }
            }
        }
        Ok(Ok(()))
    }

    async fn give_back(&self, tolls: &[Toll]) {
        for toll in tolls {
            match toll.is_local {
                true => self.0.buckets.give_back_local(&toll.key, toll.rate),
                false => self.0.buckets.give_back(&toll.key, toll.rate).await,
            }
        }
    }

    /// A place, if the account has a number of them; `Err` if all are taken.
    async fn take_slot(
        &self,
        visit: &Visit,
        until: DateTime<Utc>,
    ) -> sqlx::Result<Result<Option<i32>, ()>> {
        let Some((slot, max)) = visit.slot() else { return Ok(Ok(None)) };
        let now = self.0.clock.now();
        let n = rows::take_slot(&self.0.pool, &slot, max, now, until).await?;
        Ok(n.map(Some).ok_or(()))
    }

    async fn leave_slot(&self, visit: &Visit, n: Option<i32>) {
        let (Some((slot, _)), Some(n)) = (visit.slot(), n) else { return };
        if let Err(error) = rows::give_slot(&self.0.pool, &slot, n).await {
            tracing::warn!(slot.subject, %error, "a place cannot be given back; it will run out");
        }
    }
}

impl Visit {
    /// What it needs tokens of; the account's own rate last.
    fn tolls(&self) -> Vec<Toll> {
        let mut tolls = Vec::new();
        let key = |key: String| (self.tenant, key);
        if let Some(subject) = &self.subject
            && let (Some(recipient), Some(rate)) = (&subject.recipient, subject.limits.recipient)
        {
            tolls.push(Toll {
                key: key(format!("{}/{}", subject.key, recipient.key)),
                rate,
                is_local: recipient.is_local,
                title: format!("a recipient of {}", subject.title),
            });
        }
        tolls.extend(self.paces.iter().map(|pace| Toll {
            key: key(pace.key.clone()),
            rate: pace.rate,
            is_local: false,
            title: pace_title(&pace.key),
        }));
        if let Some(subject) = &self.subject {
            let shared = subject.limits.share.as_ref().map(|share| format!("share/{share}"));
            tolls.push(Toll {
                key: key(shared.unwrap_or_else(|| subject.key.clone())),
                rate: subject.limits.account,
                is_local: false,
                title: subject.title.clone(),
            });
        }
        tolls
    }

    fn slot(&self) -> Option<(Slot, u32)> {
        let subject = self.subject.as_ref()?;
        let max = subject.limits.running_max?;
        let (tenant, holder) = (self.tenant, self.step.clone());
        Some((Slot { tenant, subject: subject.key.clone(), holder }, max))
    }
}

/// What an outcome tells of the account.
enum Verdict<'a> {
    Well,
    Nothing,
    Failed(Cause<'a>),
    Refused(Cause<'a>),
    Throttled { after: Duration, code: &'a str, message: &'a str },
}

fn verdict(outcome: &Outcome) -> Verdict<'_> {
    let is_failure = |code: &str| FAILURES.contains(&code) || code.starts_with(HTTP_STATUS);
    match outcome {
        Outcome::Failed { code, message } if code == AUTH => {
            Verdict::Refused(Cause { code, message })
        }
        Outcome::Done { .. } | Outcome::Failed { .. } => Verdict::Well,
        Outcome::Unknown { code, message } if is_failure(code) => {
            Verdict::Failed(Cause { code, message })
        }
        Outcome::Unknown { .. } => Verdict::Nothing,
        Outcome::Retry { code, message, .. } if is_failure(code) => {
            Verdict::Failed(Cause { code, message })
        }
        Outcome::Retry { after, code, message } => {
            Verdict::Throttled { after: after.unwrap_or(THROTTLE_WAIT), code, message }
        }
    }
}

/// Why nothing passes now; `None` if a probe may.
fn resting(unwell: &Unwell, subject: &Subject, step: &str, now: DateTime<Utc>) -> Option<Refusal> {
    let title = &subject.title;
    match unwell.health {
        Health::Parked => {
            let message = waits_for_credential(title, &unwell.row.message);
            Some(later(spread(step), "credential", &message))
        }
        Health::Open { until, .. } if now < until => {
            let message = rests(title, until, &unwell.row.message);
            // Not all at the very moment: one of them probes.
            let after = (until - now).to_std().unwrap_or_default() + spread(step) / 8;
            Some(later(after, "resting", &message))
        }
        Health::HalfOpen { until, .. } if now < until => {
            let message = format!("{title} is being tried by another step");
            Some(later(spread(step), "resting", &message))
        }
        Health::Open { .. } | Health::HalfOpen { .. } | Health::Closed => None,
    }
}

/// Between one and three times the shortest wait, by the step's key: so that they do not all come back at once.
fn spread(step: &str) -> Duration {
    let hash =
        step.bytes().fold(0_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    HEALTH_RETRY + HEALTH_RETRY * 2 * (hash % 1_024) / 1_024
}

fn later(after: Duration, code: &str, message: &str) -> Refusal {
    Refusal::Later { after, code: code.to_owned(), message: message.to_owned() }
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The sentence for a step that waits for a rate.
pub(crate) fn waits_for_rate(title: &str, until: DateTime<Utc>) -> String {
    format!("waits for the rate of {title}, until {}", time(until))
}

/// The sentence for a step whose connection rests.
pub(crate) fn rests(title: &str, until: DateTime<Utc>, why: &str) -> String {
    format!("{title} is resting until {}, after failures in a row: {why}", time(until))
}

/// The sentence for a step whose connection is parked.
pub(crate) fn waits_for_credential(title: &str, why: &str) -> String {
    format!("{title} waits for another credential, since the provider refused this one: {why}")
}

/// `definition/<name>` and `step/<definition>/<invoke>` for people.
pub(crate) fn pace_title(key: &str) -> String {
    match key.split_once('/') {
        Some(("step", step)) => format!("the step `{step}`"),
        Some((_, name)) => format!("the definition `{name}`"),
        None => format!("`{key}`"),
    }
}
