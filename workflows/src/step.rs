//! The port between the engine, which decides when a step is attempted, and the nodes, which know how.
//!
//! **Invariant:** data only crosses here. The engine never sees a provider, a node never sees the store.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{fmt, future::Future, pin::Pin, time::Duration};

/// A credential. It has no `Serialize`, and prints as `***`, so it cannot reach a log or a history row.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a credential.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The credential itself, for the one place that puts it on the wire.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The account a step acts with: a provider connection, or the channel a conversation runs on.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Its name in the tenant, for error texts.
    pub name: String,
    /// `whatsapp`, `openai`, `hubspot`, `slack`, `http`.
    pub provider: String,
    /// Where the provider is reached, without a trailing slash, e.g. `https://graph.facebook.com/v23.0`.
    pub base_url: String,
    /// The credential, if the provider wants one.
    pub token: Option<Secret>,
    /// Everything else, e.g. `{"phone_number_id":"900001"}` or `{"model":"gpt-4.1-mini"}`.
    pub settings: Value,
}

/// Whom a channel step speaks to. A WhatsApp contact may have a phone, a business-scoped user id, or both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Digits only, with country code.
    pub phone: Option<String>,
    /// Business-scoped user id (`TZ.5550001`).
    pub user_id: Option<String>,
}

/// One try of one step, with everything a node may know.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The kind to run, e.g. `slack.post`.
    pub kind: String,
    /// The step's input as the machine computed it.
    pub input: Value,
    /// Stable over every try of this step, new for every other step: the idempotency key.
    pub key: String,
    /// 1 for the first try.
    pub number: u32,
    /// How long the try may take in all.
    pub timeout: Duration,
    /// The account to act with; `None` when the kind needs none, or when none is set up.
    pub connection: Option<Connection>,
    /// Whom to speak to, for channel kinds.
    pub recipient: Option<Recipient>,
}

/// How one try ended. There are four ways, because a lost answer is neither success nor failure.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It happened, and this came back.
    Done {
        /// The named exit of the node, `default` for most.
        port: &'static str,
        /// Goes to the instance.
        output: Value,
    },
    /// Provably nothing happened (not connected, 429, throttle codes): try again.
    Retry {
        /// Not before this much time; `None` leaves it to the step's backoff.
        after: Option<Duration>,
        /// Stable short code, e.g. `rate-limited`.
        code: String,
        /// For people.
        message: String,
    },
    /// The provider refused, and will refuse again.
    Failed {
        /// Stable short code, e.g. `131047`.
        code: String,
        /// For people.
        message: String,
    },
    /// It was sent, and nothing tells whether it happened. Never silently repeated.
    Unknown {
        /// Stable short code, e.g. `timeout`.
        code: String,
        /// For people.
        message: String,
    },
}

/// What a node could find out about an earlier try whose outcome is unknown.
#[derive(Debug, Clone, PartialEq)]
pub enum Checked {
    /// The provider has it, under our key.
    Happened {
        /// As `Outcome::Done` would have carried it.
        output: Value,
    },
    /// The provider surely does not have it: a new try is safe.
    DidNotHappen,
    /// The provider cannot be asked (a status webhook may still tell).
    CannotTell,
}

/// What was said on the wire, redacted and capped, kept with the outcome for people to read.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Exchange {
    /// Method, URL and body; never headers, never credentials.
    pub request: Value,
    /// Status and body.
    pub response: Value,
}

/// An outcome with its evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempted {
    /// How it ended.
    pub outcome: Outcome,
    /// What was said.
    pub exchange: Option<Exchange>,
}

/// A boxed future, because the engine holds runners it does not know.
pub type Running<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Runs attempts. The `nodes` crate implements it; the engine only calls it.
pub trait StepRunner: Send + Sync + 'static {
    /// Makes one try. Never panics for bad input: that is `Outcome::Failed`. Honours `attempt.timeout`.
    fn run(&self, attempt: Attempt) -> Running<'_, Attempted>;

    /// Asks the provider about an earlier try with the same key.
    fn check(&self, attempt: Attempt) -> Running<'_, Checked>;
}
