//! The port to whatever knows accounts and people: which connection a step acts with, and to whom it speaks.
//!
//! The executor asks just before an attempt, so a changed credential or a withdrawn consent counts at the moment of sending.

use serde_json::Value;
use std::time::Duration;
use uuid::Uuid;
use workflows::{
    pacing::Pace,
    step::{Connection, Outcome, Recipient, Running},
};

/// What a step asks for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Whose step.
    pub tenant: Uuid,
    /// Its instance.
    pub instance: Uuid,
    /// The kind that will run.
    pub kind: String,
    /// Provider of the connection it needs; `channel` = the conversation's channel; `None` = none needed.
    pub provider: Option<&'static str>,
    /// `input.connection`, if the definition names one.
    pub name: Option<String>,
    /// The conversation the instance runs in.
    pub conversation: Option<Uuid>,
    /// The step's idempotency key.
    pub key: String,
    /// The step's input.
    pub input: Value,
    /// Rates of its definition and of the step itself.
    pub paces: Vec<Pace>,
    /// How long the attempt may take.
    pub timeout: Duration,
    /// Only what became of an earlier attempt is asked: that waits for nothing, and counts nowhere.
    pub is_check: bool,
}

/// What a step gets.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// The account to act with.
    pub connection: Option<Connection>,
    /// Whom to speak to.
    pub recipient: Option<Recipient>,
}

/// Why a step may not run.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    /// It may not run at all: it fails with this code (`opted-out`, `window-closed`, `no-connection`).
    Never {
        /// Stable short code.
        code: String,
        /// For people.
        message: String,
    },
    /// Not yet (pacing, a paused conversation, a database that is away): asked again later. Does not consume an attempt.
    Later {
        /// After this much time.
        after: Duration,
        /// Stable short code.
        code: String,
        /// For people.
        message: String,
    },
}

/// Knows accounts and people.
pub trait Accounts: Send + Sync + 'static {
    /// The account and the recipient for one attempt.
    fn resolve(&self, wanted: Wanted) -> Running<'_, Result<Account, Refusal>>;

    /// Told how an attempt ended whose account it gave; if it was the account that was refused, not the step, why the step is to
    /// wait. Such an attempt does not count.
    fn ended<'a>(
        &'a self,
        _step_key: &'a str,
        _outcome: &'a Outcome,
    ) -> Running<'a, Option<Refusal>> {
        Box::pin(async { None })
    }

    /// Told when a step has done its work, before its result goes to the instance; for the ledger of sent messages.
    /// May be told twice for one key. Its failure is its own affair: the step is done.
    fn done<'a>(&'a self, _wanted: &'a Wanted, _output: &'a Value) -> Running<'a, ()> {
        Box::pin(async {})
    }
}

/// Gives every step nothing; enough for kinds that need no account.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoAccounts;

impl Accounts for NoAccounts {
    fn resolve(&self, _wanted: Wanted) -> Running<'_, Result<Account, Refusal>> {
        Box::pin(async { Ok(Account::default()) })
    }
}
