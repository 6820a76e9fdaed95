//! Everything the simulator remembers, behind one lock, and what it needs to speak to the outside.
//!
//! **Invariant:** the lock is never held across an `await`, so a call's effect and its ledger entry are one step.

use crate::{
    Config,
    faults::{Fault, Faults},
    gate::{Answer, Call, Provider},
    hubspot,
    ledger::{Entry, Ledger},
    llm, slack,
    whatsapp::{self, Webhook},
};
use chrono::{DateTime, SecondsFormat, Utc};
use std::{
    io,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};
use tokio::sync::watch;

/// Longest time of one delivery of a webhook.
const WEBHOOK_TIMEOUT_MS: u64 = 10_000;

/// The simulator as its handlers share it.
pub(crate) struct Sim {
    world: Mutex<World>,
    /// Delivers webhooks.
    pub(crate) http: reqwest::Client,
    /// Turns true, or ends, when the simulator closes.
    pub(crate) closed: watch::Receiver<bool>,
}

impl Sim {
    pub(crate) fn new(config: &Config, closed: watch::Receiver<bool>) -> io::Result<Sim> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .retry(reqwest::retry::never())
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_millis(WEBHOOK_TIMEOUT_MS))
            .build()
            .map_err(io::Error::other)?;
        Ok(Sim { world: Mutex::new(World::new(config)), http, closed })
    }

    /// A handler that panicked must not take the others with it: what it left is still readable.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends when the simulator closes or is dropped.
pub(crate) async fn until_closed(mut closed: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is the same news.
    let _ = closed.wait_for(|closed| *closed).await;
}

/// Everything remembered.
pub(crate) struct World {
    pub(crate) ledger: Ledger,
    pub(crate) faults: Faults,
    pub(crate) whatsapp: whatsapp::Account,
    pub(crate) llm: llm::Script,
    pub(crate) hubspot: hubspot::Store,
    pub(crate) slack: slack::Store,
    ids: Ids,
}

/// Ids that no earlier run of the simulator has given, because callers remember them for days.
struct Ids {
    start_ms: i64,
    given: u64,
}

/// What a call meets.
pub(crate) struct Met {
    /// What is said; `None` when the fault says nothing.
    pub(crate) said: Option<Answer>,
    /// The fault that fired.
    pub(crate) fault: Option<Fault>,
    /// What the effect sets off.
    pub(crate) webhooks: Vec<Webhook>,
}

impl World {
    fn new(config: &Config) -> World {
        World {
            ledger: Ledger::default(),
            faults: Faults::seeded(config.seed),
            whatsapp: whatsapp::Account::new(&config.whatsapp),
            llm: llm::Script::default(),
            hubspot: hubspot::Store::default(),
            slack: slack::Store::default(),
            ids: Ids { start_ms: now().timestamp_millis(), given: 0 },
        }
    }

    /// Forgets what happened and what was scripted. The webhook settings of the numbers stay: they are set-up.
    pub(crate) fn reset(&mut self) {
        self.ledger = Ledger::default();
        self.faults.clear();
        self.whatsapp.forget();
        self.llm = llm::Script::default();
        self.hubspot = hubspot::Store::default();
        self.slack = slack::Store::default();
    }

    /// A new id with this prefix.
    pub(crate) fn next_id(&mut self, prefix: &str) -> String {
        self.ids.given += 1;
        format!("{prefix}{:X}{:04}", self.ids.start_ms, self.ids.given)
    }

    /// The next number, for ids that are numbers.
    pub(crate) fn next_number(&mut self) -> u64 {
        self.ids.given += 1;
        self.ids.given
    }

    /// One call: the fault that fires, the effect if the fault lets it through, and the ledger entry.
    pub(crate) fn meet(&mut self, provider: &'static Provider, call: &Call) -> Met {
        let fault = self.faults.next(provider.name, &call.path);
        let label = (provider.label)(call);
        let lets_through = fault.as_ref().is_none_or(Fault::lets_through);
        let mut answer = lets_through.then(|| (provider.answer)(self, call));
        let has_effect = answer.as_ref().is_some_and(|answer| answer.has_effect);
        let webhooks =
            answer.as_mut().map(|answer| std::mem::take(&mut answer.webhooks)).unwrap_or_default();
        let said = match &fault {
            Some(fault) => fault.said(provider.name, answer),
            None => answer,
        };
        self.ledger.add(Entry {
            n: 0,
            provider: provider.name,
            at: instant(now()),
            method: call.method.clone(),
            path: call.path.clone(),
            query: call.query.clone(),
            to: label.to,
            key: label.key,
            body: call.body.clone(),
            status: said.as_ref().map(|answer| answer.status),
            effect: has_effect,
            fault: fault.as_ref().map(|fault| fault.mode),
            response: said.as_ref().map(|answer| answer.body.clone()),
        });
        Met { said, fault, webhooks }
    }
}

/// The wall clock: a provider lives in real time.
pub(crate) fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}

/// RFC 3339 in UTC, to the millisecond.
pub(crate) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
