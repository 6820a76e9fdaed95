//! What an evaluation may look at, and how much work it may do.
//!
//! **Invariant:** everything that could differ between two evaluations is in here, so replay repeats them.

use std::cell::Cell;
use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::texts::Texts;
use crate::limits;

/// The names an expression sees, borrowed for one evaluation.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// `context`: data of the instance.
    pub context: &'a Value,
    /// `event`: the event of the turn; null without one.
    pub event: &'a Value,
    /// `input`: what the instance was started with.
    pub input: &'a Value,
    /// `contact`: who the instance talks to.
    pub contact: &'a Value,
    /// `tenant`: settings of the tenant; `tenant.hours` is what `in_hours` reads.
    pub tenant: &'a Value,
    /// `channel`: the channel account.
    pub channel: &'a Value,
    /// `now`: the time of the event, never a clock's.
    pub now: DateTime<Utc>,
    /// Further top-level names, e.g. `params`: an object, or null.
    pub locals: &'a Value,
    /// Whether the state with this id or path is active.
    pub in_state: &'a (dyn Fn(&str) -> bool + 'a),
    /// Seed of `random()`; with `seq` and the call index it decides what is drawn.
    pub seed: &'a str,
    /// Sequence number of the event.
    pub seq: u64,
    /// How often `random()` was called in this turn; evaluation counts it up.
    pub draws: &'a Cell<u32>,
    /// Localized texts for `t("key")`.
    pub texts: &'a Texts,
    /// IANA name of the tenant's zone.
    pub time_zone: &'a str,
    /// Language tag of the reader, e.g. `es` or `pt-BR`.
    pub locale: &'a str,
    /// Where the outside world can answer this instance; `resume_url` builds on it.
    pub resume: Option<&'a str>,
}

/// Who takes part in an instance: its `{contact, tenant, channel}`, with the language and zone that follow from them,
/// and where it can be answered.
#[derive(Debug, Clone, Copy)]
pub struct Participants<'a> {
    /// Who the instance talks to; null if nobody is known.
    pub contact: &'a Value,
    /// Whose instance it is.
    pub tenant: &'a Value,
    /// What they talk over.
    pub channel: &'a Value,
    /// The contact's language, else the tenant's, else `en`.
    pub locale: &'a str,
    /// The contact's zone, else the tenant's, else `UTC`.
    pub time_zone: &'a str,
    /// `instance.resume`: the address under which the outside world can answer the instance, once it has one.
    pub resume: Option<&'a str>,
}

impl<'a> Participants<'a> {
    /// Reads what an event's `scope` told.
    pub fn of(scope: &'a Value) -> Self {
        let part = |name: &str| scope.get(name).unwrap_or(&Value::Null);
        let (contact, tenant) = (part("contact"), part("tenant"));
        let text = |name: &str, default: &'static str| {
            let told = [contact, tenant].into_iter().find_map(|party| party.get(name)?.as_str());
            told.unwrap_or(default)
        };
        let (locale, time_zone) = (text("locale", "en"), text("timeZone", "UTC"));
        let resume = part("instance").get("resume").and_then(Value::as_str);
        Self { contact, tenant, channel: part("channel"), locale, time_zone, resume }
    }
}

impl fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("now", &self.now)
            .field("seq", &self.seq)
            .finish_non_exhaustive()
    }
}

/// The work left to an evaluation: one per visited node and copied element, and one per 64 bytes of text made.
///
/// One `Fuel` may serve several evaluations in a row; they share it.
#[derive(Debug)]
pub struct Fuel {
    left: Cell<u64>,
}

impl Fuel {
    /// Fuel for `limit` units of work.
    pub fn new(limit: u64) -> Self {
        Self { left: Cell::new(limit) }
    }

    /// What is left.
    pub fn left(&self) -> u64 {
        self.left.get()
    }

    /// Takes `amount`; false, and empty from then on, when there is not that much left.
    #[inline]
    pub(super) fn take(&self, amount: u64) -> bool {
        let left = self.left.get();
        self.left.set(left.saturating_sub(amount));
        left >= amount
    }
}

impl Default for Fuel {
    fn default() -> Self {
        Self::new(limits::EXPRESSION_FUEL)
    }
}
