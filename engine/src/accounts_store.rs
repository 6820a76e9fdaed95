//! [`Accounts`] over the store: which credential a step acts with, to whom it speaks, and whether it may.
//!
//! **Invariant:** consent, mode and the service window are looked at just before each attempt, with the engine's clock, never
//! when the step was made.
//! **Invariant:** what may not begin yet is sent away by the gate ([`crate::pacing`]), last of all: a step that may not run at
//! all waits for nothing.

use crate::{
    Clock,
    accounts::{Account, Accounts, Refusal, Wanted},
    channel::{Channel, Channels},
    conversation::mode::Mode,
    detached::detached,
    error::Error,
    limits::{ATTEMPT_GRACE, DATABASE_RETRY_MAX, PAUSED_RETRY, SERVICE_WINDOW},
    pacing::{self, Gate, Subject, Visit, limits::Limits},
    router::status::{Failed, tell},
    store::{
        conversations::{self, AddressRow},
        messages::{self, SentMessage},
    },
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use workflows::step::{Connection, Outcome, Recipient, Running, Secret};

/// The provider of kinds that speak in the instance's own conversation.
const CHANNEL: &str = "channel";
/// The only kind that may be sent outside the window.
const TEMPLATE: &str = "send.template";
/// Where WhatsApp is reached when the channel does not say.
const API_BASE: &str = "https://graph.facebook.com/v23.0";

/// Knows accounts and people from the database.
#[derive(Debug, Clone)]
pub struct AccountsStore {
    channels: Channels,
    clock: Clock,
    gate: Gate,
}

impl AccountsStore {
    /// Over these channels; `clock` is the engine's.
    pub fn new(channels: Channels, clock: Clock) -> Self {
        let gate = Gate::new(channels.pool().clone(), clock.clone());
        Self { channels, clock, gate }
    }

    async fn on_channel(&self, wanted: &Wanted) -> Result<Result<Account, Refusal>, Error> {
        let Some(address) = self.address(wanted).await? else {
            return Ok(Err(never("no-conversation", "the instance runs in no conversation")));
        };
        if let Err(refusal) = self.may_speak(&wanted.kind, &address) {
            return Ok(Err(refusal));
        }
        let channel = self.channels.get(wanted.tenant, address.channel_id).await?;
        let recipient = Recipient { phone: address.phone, user_id: address.user_id };
        let named = recipient.phone.as_deref().or(recipient.user_id.as_deref());
        let subject = Subject {
            key: format!("channel/{}", channel.id),
            title: format!("the channel `{}`", channel.name),
            limits: limits(&channel.kind, &channel.settings),
            recipient: named.map(|named| spoken_to(named, true)),
        };
        if let Err(refusal) = self.enter(wanted, Some(subject)).await? {
            return Ok(Err(refusal));
        }
        let connection = Some(channel_connection(&channel));
        Ok(Ok(Account { connection, recipient: Some(recipient) }))
    }

    async fn address(&self, wanted: &Wanted) -> Result<Option<AddressRow>, Error> {
        let Some(conversation) = wanted.conversation else { return Ok(None) };
        let (pool, tenant) = (self.channels.pool().clone(), wanted.tenant);
        detached(async move { Ok(conversations::address(&pool, tenant, conversation).await?) })
            .await
    }

    fn may_speak(&self, kind: &str, address: &AddressRow) -> Result<(), Refusal> {
        match Mode::named(&address.mode) {
            Some(Mode::Bot) => {}
            Some(Mode::OptedOut) => {
                return Err(never("opted-out", "the customer said STOP; only START changes that"));
            }
            _ => {
                let message = format!("the conversation's mode is `{}`", address.mode);
                return Err(Refusal::Later {
                    after: PAUSED_RETRY,
                    code: "paused".to_owned(),
                    message,
                });
            }
        }
        let window = chrono::Duration::from_std(SERVICE_WINDOW).unwrap_or_default();
        let now = self.clock.now();
        let is_open = address.last_inbound_at.is_some_and(|at| now - at < window);
        if is_open || kind == TEMPLATE {
            return Ok(());
        }
        let message = "more than 24 hours since the customer last wrote: only a template can be sent (send.template)";
        Err(never("window-closed", message))
    }

    async fn named(&self, wanted: &Wanted) -> Result<Result<Account, Refusal>, Error> {
        let all = self.channels.connections(wanted.tenant).await?;
        let mut fitting = all.iter().filter(|c| match &wanted.name {
            Some(name) => c.account.name == *name,
            None => wanted.provider == Some(c.account.provider.as_str()),
        });
        let provider = wanted.provider.unwrap_or("http");
        let Some(found) = fitting.next() else {
            let what = match &wanted.name {
                Some(name) => format!("there is no connection `{name}`"),
                None => format!("there is no connection to `{provider}`"),
            };
            let message = format!(
                "{what}: add one with its credential under Connections, then retry the step"
            );
            return Ok(Err(never("no-connection", &message)));
        };
        if fitting.next().is_some() {
            let message = format!(
                "there are several connections to `{provider}`: name one in the node's `connection`"
            );
            return Ok(Err(never("no-connection", &message)));
        }
        if wanted.provider.is_some_and(|provider| provider != found.account.provider) {
            let message = format!(
                "the connection `{}` is one to `{}`, and this step needs one to `{provider}`",
                found.account.name, found.account.provider
            );
            return Ok(Err(never("no-connection", &message)));
        }
        let account = &found.account;
        let subject = Subject {
            key: format!("connection/{}", account.name),
            title: format!("the connection `{}`", account.name),
            limits: limits(&account.provider, &account.settings),
            recipient: wanted.input["channel"].as_str().map(|channel| spoken_to(channel, false)),
        };
        if let Err(refusal) = self.enter(wanted, Some(subject)).await? {
            return Ok(Err(refusal));
        }
        Ok(Ok(Account { connection: Some(account.clone()), recipient: None }))
    }

    /// The last question before an attempt.
    async fn enter(
        &self,
        wanted: &Wanted,
        subject: Option<Subject>,
    ) -> Result<Result<(), Refusal>, Error> {
        if wanted.is_check || (subject.is_none() && wanted.paces.is_empty()) {
            return Ok(Ok(()));
        }
        let visit = Visit {
            tenant: wanted.tenant,
            step: wanted.key.clone(),
            subject,
            paces: wanted.paces.clone(),
            lease: wanted.timeout + ATTEMPT_GRACE * 2,
        };
        let gate = self.gate.clone();
        detached(async move { Ok(gate.enter(visit).await?) }).await
    }

    /// Puts a sent message into the ledger; told twice, it is there once.
    async fn record(&self, wanted: &Wanted, output: &Value) -> Result<(), Error> {
        let (Some(conversation), Some(provider_id)) =
            (wanted.conversation, output["messageId"].as_str().map(str::to_owned))
        else {
            return Ok(());
        };
        let (pool, now, wanted) = (self.channels.pool().clone(), self.clock.now(), wanted.clone());
        detached(async move {
            let mut body = wanted.input.clone();
            if let Some(fields) = body.as_object_mut() {
                fields.insert("kind".to_owned(), Value::from(wanted.kind.as_str()));
            }
            let mut tx = pool.begin().await?;
            let sent = SentMessage {
                tenant: wanted.tenant,
                conversation,
                instance: wanted.instance,
                provider_id: &provider_id,
                step_key: &wanted.key,
                body: &body,
                now,
            };
            let stood = messages::insert_sent(&mut tx, &sent).await?;
            // The provider gave up before we knew whose message it was: its instance has not been told.
            if let Some((_, channel)) = stood.filter(|(status, _)| status == "failed") {
                let error = messages::failure(&mut tx, wanted.tenant, channel, &provider_id);
                let error = error.await?.unwrap_or_default();
                let failed = Failed {
                    tenant: wanted.tenant,
                    instance: wanted.instance,
                    conversation: Some(conversation),
                    provider_id: &provider_id,
                    error: &error,
                };
                tell(&mut tx, &failed, now).await?;
            }
            tx.commit().await?;
            Ok(())
        })
        .await
    }
}

impl Accounts for AccountsStore {
    fn resolve(&self, wanted: Wanted) -> Running<'_, Result<Account, Refusal>> {
        Box::pin(async move {
            let answer = match (wanted.provider, &wanted.name) {
                (Some(CHANNEL), _) => self.on_channel(&wanted).await,
                (None, None) => {
                    let entered = self.enter(&wanted, None).await;
                    entered.map(|entered| entered.map(|()| Account::default()))
                }
                _ => self.named(&wanted).await,
            };
            answer.unwrap_or_else(|error| {
                Err(Refusal::Later {
                    after: DATABASE_RETRY_MAX,
                    code: "database".to_owned(),
                    message: format!("the account cannot be read: {error}"),
                })
            })
        })
    }

    fn ended<'a>(
        &'a self,
        step_key: &'a str,
        outcome: &'a Outcome,
    ) -> Running<'a, Option<Refusal>> {
        Box::pin(async move {
            if !self.gate.has(step_key) {
                return None;
            }
            let (gate, step, outcome) = (self.gate.clone(), step_key.to_owned(), outcome.clone());
            let learnt = detached(async move { Ok(gate.ended(&step, &outcome).await) });
            learnt.await.unwrap_or_else(|error| {
                tracing::error!(step.key = step_key, %error, "the gate");
                None
            })
        })
    }

    fn done<'a>(&'a self, wanted: &'a Wanted, output: &'a Value) -> Running<'a, ()> {
        Box::pin(async move {
            if wanted.provider != Some(CHANNEL) {
                return;
            }
            if let Err(error) = self.record(wanted, output).await {
                tracing::error!(instance.id = %wanted.instance, %error, "a sent message is not in the ledger");
            }
        })
    }
}

/// The limits of an account; those of its provider, if its settings are from a time in which nobody looked at them.
fn limits(provider: &str, settings: &Value) -> Limits {
    Limits::read(provider, settings).unwrap_or_else(|_| Limits::of_provider(provider))
}

/// Names a recipient by a hash: rates are no place for phone numbers.
fn spoken_to(named: &str, is_local: bool) -> pacing::Recipient {
    let hash = Sha256::digest(named.as_bytes());
    let key = hash[..12].iter().map(|byte| format!("{byte:02x}")).collect();
    pacing::Recipient { key, is_local }
}

/// A channel as a step gets it.
fn channel_connection(channel: &Channel) -> Connection {
    let text = |name: &str| channel.settings[name].as_str();
    let base = text("apiBase").or_else(|| text("api_base")).unwrap_or(API_BASE);
    Connection {
        name: channel.name.clone(),
        provider: channel.kind.clone(),
        base_url: base.trim_end_matches('/').to_owned(),
        token: channel.secret("access_token").map(Secret::new),
        settings: json!({ "phone_number_id": channel.external_id }),
    }
}

fn never(code: &str, message: &str) -> Refusal {
    Refusal::Never { code: code.to_owned(), message: message.to_owned() }
}
