//! What arrived, in order, and whether it had its effect.
//!
//! **Invariant:** entries are only added; `n` counts from 1 without gaps, until a reset.

use crate::faults::Mode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One call that arrived.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Entry {
    /// Its place.
    pub(crate) n: usize,
    pub(crate) provider: &'static str,
    pub(crate) at: String,
    pub(crate) method: String,
    pub(crate) path: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) query: String,
    /// Whom it was for: a phone, a channel, an e-mail.
    pub(crate) to: Option<String>,
    /// The caller's idempotency key, where the provider has a place for one.
    pub(crate) key: Option<String>,
    pub(crate) body: Value,
    /// What was answered; `None` when nothing was.
    pub(crate) status: Option<u16>,
    /// Whether the provider did what was asked, told or untold.
    pub(crate) effect: bool,
    /// The fault that met it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<Mode>,
    pub(crate) response: Option<Value>,
}

/// The calls since the start or the last reset.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Vec<Entry>);

/// What a reader of the ledger asks for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filter {
    provider: Option<String>,
    to: Option<String>,
}

impl Ledger {
    pub(crate) fn add(&mut self, entry: Entry) {
        self.0.push(Entry { n: self.0.len() + 1, ..entry });
    }

    /// `{"items": [...]}`, oldest first.
    pub(crate) fn view(&self, filter: &Filter) -> Value {
        let is_wanted = |entry: &&Entry| {
            filter.provider.as_deref().is_none_or(|provider| provider == entry.provider)
                && filter.to.as_deref().is_none_or(|to| Some(to) == entry.to.as_deref())
        };
        json!({ "items": self.0.iter().filter(is_wanted).collect::<Vec<_>>() })
    }
}
