//! The decision for one message of a person, in the order that `DESIGN.md` (section 10) gives.

use super::{
    ACTOR, person,
    stack::Stack,
    trigger::{Starter, Starters},
    waited,
    words::{Word, word},
};
use crate::{
    Enqueued, Result,
    channel::Channel,
    conversation::{
        inbound::Sender,
        mode::{self, Mode, ModeChange},
    },
    limits::ROUTE_WAIT,
    outside::Outside,
    store::{
        contacts,
        conversations::{self, ConversationRow, Parties},
        messages::{self, Decision, UnroutedRow},
    },
    turn::Started,
};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use sqlx::PgConnection;
use std::sync::Arc;
use uuid::Uuid;
use workflows::definition::TriggerPolicy;

/// Types of messages that say something about another message: kept, and no answer to anything.
const ABOUT_OTHERS: &[&str] = &["reaction", "edit", "revoke"];

/// One message with everything its decision rests on.
pub(super) struct Case<'a> {
    message: &'a UnroutedRow,
    channel: &'a Channel,
    starters: Arc<Starters>,
    now: DateTime<Utc>,
    body: Map<String, Value>,
}

impl<'a> Case<'a> {
    pub(super) fn new(
        message: &'a UnroutedRow,
        channel: &'a Channel,
        starters: Arc<Starters>,
        now: DateTime<Utc>,
    ) -> Self {
        let body = message.body.as_object().cloned().unwrap_or_default();
        Self { message, channel, starters, now, body }
    }

    fn text(&self, field: &str) -> &str {
        self.body.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    /// Decides, and writes everything the decision changes except the decision itself. `None`: not yet; nothing that was
    /// written must stay.
    pub(super) async fn decide(&self, connection: &mut PgConnection) -> Result<Option<Decision>> {
        let tenant = self.message.tenant_id;
        let from = self.body.get("from").cloned().unwrap_or(Value::Null);
        let sender: Sender = serde_json::from_value(from).unwrap_or_default();
        if sender.phone.is_none() && sender.user_id.is_none() {
            return Ok(Some(Decision { text: "no-sender".to_owned(), ..Decision::default() }));
        }
        let parties = person::resolve(connection, tenant, self.message.channel_id, &sender).await?;
        let is_system = self.text("messageType") == "system";
        let written_at = (!is_system).then_some(self.message.at);
        let mut conversation =
            conversations::touch(connection, parties, Uuid::now_v7(), written_at).await?;
        if is_system {
            let told = self.body.get("system").unwrap_or(&Value::Null);
            person::rename(connection, parties, told).await?;
            return Ok(Some(decision(&conversation, "system")));
        }
        let mode = conversation.mode()?;
        let word = word(&self.body);
        if let Some(said) = self.consent(connection, (parties, &conversation), (mode, word)).await?
        {
            return Ok(Some(said));
        }
        let (contact, tenant_scope) = contacts::scope(connection, tenant, parties.contact).await?;
        if contact["attributes"]["blocked"] == true {
            return Ok(Some(decision(&conversation, "blocked")));
        }
        if mode != Mode::Bot {
            return Ok(Some(decision(&conversation, &format!("mode: {}", mode.name()))));
        }
        if ABOUT_OTHERS.contains(&self.text("messageType")) {
            return Ok(Some(decision(&conversation, self.text("messageType"))));
        }
        let mut stack = Stack::read(connection, tenant, &conversation).await?;
        if stack.is_busy() && waited(self.message, self.now) < ROUTE_WAIT {
            return Ok(None);
        }
        stack.settle();
        let channel = self.channel.to_scope();
        let scope = json!({ "contact": contact, "tenant": tenant_scope, "channel": channel });
        let mut choice = Choice {
            case: self,
            connection,
            conversation: &conversation,
            stack: &mut stack,
            scope,
            input: json!({}),
        };
        let decided = choice.instance(word).await?;
        stack.write(connection, tenant, &mut conversation).await?;
        Ok(Some(decided))
    }

    /// STOP and START come before everything: whatever runs, whoever has taken over.
    async fn consent(
        &self,
        connection: &mut PgConnection,
        (parties, conversation): (Parties, &ConversationRow),
        (mode, word): (Mode, Option<Word>),
    ) -> Result<Option<Decision>> {
        let (change, consent, said) = match word {
            Some(Word::Stop) => (ModeChange::Stop, "withdrawn", "stop"),
            Some(Word::Start) if mode == Mode::OptedOut => (ModeChange::Start, "granted", "start"),
            _ => return Ok(None),
        };
        contacts::set_consent(connection, parties, consent).await?;
        if let Some(next) = mode::next(mode, change) {
            conversations::set_mode(connection, parties.tenant, conversation.id, next.name())
                .await?;
        }
        Ok(Some(decision(conversation, said)))
    }
}

/// Choosing the instance a message is for.
struct Choice<'a> {
    case: &'a Case<'a>,
    connection: &'a mut PgConnection,
    conversation: &'a ConversationRow,
    stack: &'a mut Stack,
    /// `{contact, tenant, channel}`.
    scope: Value,
    /// What a message starts an instance with: nothing.
    input: Value,
}

impl Choice<'_> {
    async fn instance(&mut self, word: Option<Word>) -> Result<Decision> {
        if let Some(asked) = self.asked().await? {
            self.stack.raise(asked);
            return self.deliver("choice").await;
        }
        if word == Some(Word::Cancel) && self.stack.foreground().is_some() {
            return self.cancel_foreground("customer", "cancel").await;
        }
        if let Some(decided) = self.start_first(self.matching()).await? {
            return Ok(decided);
        }
        if self.stack.foreground().is_some() {
            return self.deliver("foreground").await;
        }
        let tenant = self.case.message.tenant_id;
        let newest =
            conversations::newest_live(self.connection, tenant, self.conversation.id).await?;
        if let Some(newest) = newest {
            self.adopt(newest).await?;
            return self.deliver("adopted").await;
        }
        let catch_all = self.case.starters.catch_all();
        match self.start_first(catch_all).await? {
            Some(decided) => Ok(decided),
            None => Ok(decision(self.conversation, "no-match")),
        }
    }

    /// The instance that a tapped button belongs to: the one that sent the message with the button, or, when that is not
    /// known, the one in the foreground.
    async fn asked(&mut self) -> Result<Option<Uuid>> {
        if !self.case.body.contains_key("choice") {
            return Ok(None);
        }
        let foreground = self.stack.foreground().map(|row| row.id);
        let reply_to = self.case.text("replyTo");
        let message = self.case.message;
        let sender =
            messages::sender(self.connection, message.tenant_id, message.channel_id, reply_to)
                .await?;
        Ok(match sender {
            Some(sender) => Some(sender).filter(|sender| self.stack.contains(*sender)),
            None => foreground,
        })
    }

    fn matching(&self) -> Vec<Starter> {
        self.case.starters.matching(&self.outside())
    }

    fn outside(&self) -> Outside<'_> {
        Outside {
            scope: &self.scope,
            event: &self.case.message.body,
            input: &self.input,
            now: self.case.now,
            seed: &self.case.message.provider_id,
        }
    }

    /// Starts the first that can be started, by its policy; or finds that the message is an answer after all.
    async fn start_first(&mut self, starters: Vec<Starter>) -> Result<Option<Decision>> {
        for starter in starters {
            let name = starter.definition.name.as_str();
            let foreground = self.stack.foreground().cloned();
            if let Some(foreground) = &foreground {
                let is_same = foreground.definition.as_deref() == Some(name);
                if is_same || starter.policy == TriggerPolicy::IgnoreIfWaiting {
                    return self.deliver("foreground").await.map(Some);
                }
            }
            let key = match self.outside().key(&starter.definition) {
                Ok(key) => key,
                Err(error) => {
                    tracing::warn!(
                        definition = name,
                        error = error.message,
                        "the key has no value"
                    );
                    continue;
                }
            };
            if let Some(key) = &key {
                let tenant = self.case.message.tenant_id;
                let holder = conversations::key_holder(self.connection, tenant, name, key).await?;
                if let Some(holder) = holder {
                    if holder.conversation_id != Some(self.conversation.id) {
                        continue;
                    }
                    self.adopt(holder.id).await?;
                    return self.deliver("resumed").await.map(Some);
                }
            }
            return self.start(&starter, key).await.map(Some);
        }
        Ok(None)
    }

    /// Puts an instance of this conversation into the foreground.
    async fn adopt(&mut self, id: Uuid) -> Result<()> {
        if !self.stack.contains(id) {
            self.stack.push(id);
        }
        self.stack.raise(id);
        Ok(())
    }

    async fn start(&mut self, starter: &Starter, key: Option<String>) -> Result<Decision> {
        if starter.policy == TriggerPolicy::Interrupt && self.stack.foreground().is_some() {
            self.cancel_foreground("interrupted", "interrupted").await?;
        }
        let mut trigger = self.case.body.clone();
        trigger.insert("type".to_owned(), Value::from("message"));
        let started = Started {
            definition: starter.definition.name.clone(),
            key,
            input: json!({}),
            scope: self.scope.clone(),
            conversation: Some(self.conversation.id),
            trigger: Some(Value::Object(trigger)),
            ..Started::default()
        };
        let id = Uuid::now_v7();
        self.send(id, started.into_body()).await?;
        self.stack.push(id);
        let text = format!("started: {}", starter.definition.name);
        Ok(Decision { instance: Some(id), ..decision(self.conversation, &text) })
    }

    async fn cancel_foreground(&mut self, reason: &str, text: &str) -> Result<Decision> {
        let Some(foreground) = self.stack.pop() else {
            return Ok(decision(self.conversation, text));
        };
        let body = json!({ "type": machine::event::kind::CANCEL, "reason": reason });
        self.send(foreground.id, body.as_object().cloned().unwrap_or_default()).await?;
        Ok(Decision { instance: Some(foreground.id), ..decision(self.conversation, text) })
    }

    /// Gives the message to the foreground, or to the child it waits for.
    async fn deliver(&mut self, text: &str) -> Result<Decision> {
        let Some(leaf) = self.stack.foreground().map(|row| row.leaf_id) else {
            return Ok(decision(self.conversation, "no-match"));
        };
        let mut body = self.case.body.clone();
        body.insert("type".to_owned(), Value::from(machine::event::kind::MESSAGE));
        body.insert("scope".to_owned(), self.scope.clone());
        self.send(leaf, body).await?;
        Ok(Decision { instance: Some(leaf), ..decision(self.conversation, text) })
    }

    async fn send(&mut self, instance: Uuid, body: Map<String, Value>) -> Result<()> {
        let event = Enqueued {
            tenant: self.case.message.tenant_id,
            instance,
            conversation: Some(self.conversation.id),
            body,
            actor: ACTOR.to_owned(),
            event_id: None,
        };
        crate::enqueue(self.connection, event, self.case.now).await.map(drop)
    }
}

fn decision(conversation: &ConversationRow, text: &str) -> Decision {
    Decision { text: text.to_owned(), conversation: Some(conversation.id), instance: None }
}
