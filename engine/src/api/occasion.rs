//! Occasions: what happened in the outside and is for no instance yet. Every published definition with a trigger on it
//! starts one.
//!
//! **Invariant:** the starts of an occasion are in the inbox together or not at all, and their ids are derived from the
//! occasion's: told twice under one id, it starts once.

use super::Engine;
use crate::{
    Error, Result,
    detached::detached,
    json,
    outside::Outside,
    resume::ResumeLinks,
    store::{
        definitions,
        inbox::{self, Enqueued},
    },
    turn::Started,
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use uuid::Uuid;
use workflows::definition::{Definition, Trigger, TriggerOn};

/// Something that happened.
#[derive(Debug, Clone)]
pub struct Occasion {
    /// In which tenant.
    pub tenant: Uuid,
    /// Names it: told twice under one id, it starts once.
    pub id: Uuid,
    /// What definitions have a trigger on.
    pub on: OccasionOn,
    /// Its fields, which the workflow has as `input`, and conditions read as `event`.
    pub data: Map<String, Value>,
    /// The key that instances are started with; of the definition, if not given.
    pub key: Option<String>,
    /// Who told.
    pub actor: String,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OccasionOn {
    /// An event of this name.
    Event(String),
    /// A call to the webhook of this name.
    Webhook(String),
}

/// An instance that an occasion starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StartedBy {
    /// Of this definition.
    pub definition: String,
    /// Its id; it exists after its first turn.
    pub instance: Uuid,
}

/// A webhook of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Webhook {
    /// Its name.
    pub name: String,
    /// What it starts.
    pub definition: String,
    /// Where it is called by whoever has no key; none without a public address.
    pub address: Option<String>,
}

impl OccasionOn {
    fn is_of(&self, trigger: &Trigger) -> bool {
        match (self, &trigger.on) {
            (Self::Event(name), TriggerOn::Event(wanted))
            | (Self::Webhook(name), TriggerOn::Webhook(wanted)) => name == wanted,
            _ => false,
        }
    }

    /// The event that conditions look at.
    fn event(&self, data: &Map<String, Value>) -> Map<String, Value> {
        let mut event = data.clone();
        let kind = match self {
            Self::Event(name) => name,
            Self::Webhook(name) => {
                event.insert("name".to_owned(), json!(name));
                "webhook"
            }
        };
        event.insert("type".to_owned(), json!(kind));
        event
    }
}

impl Engine {
    /// Starts what is to be started on an occasion; durable when it returns. `Refused` if its fields cannot be stored. A
    /// definition whose condition does not hold, or cannot be evaluated, is not started.
    pub async fn occur(&self, occasion: Occasion) -> Result<Vec<StartedBy>> {
        let mut occasion = occasion;
        json::accept(&mut occasion.data)?;
        let engine = self.clone();
        detached(async move {
            let starts = engine.starts(&occasion).await?;
            let now = engine.0.clock.now();
            let mut transaction = engine.0.pool.begin().await?;
            inbox::insert(&mut transaction, &starts.1, now).await?;
            transaction.commit().await?;
            engine.bell().inbox(crate::shards::ShardSet::ALL);
            Ok(starts.0)
        })
        .await
    }

    async fn starts(&self, occasion: &Occasion) -> Result<(Vec<StartedBy>, Vec<Enqueued>)> {
        let scope = self.0.tenants.scope(&self.0.pool, occasion.tenant).await?;
        let event = Value::Object(occasion.on.event(&occasion.data));
        let input = Value::Object(occasion.data.clone());
        let seed = occasion.id.to_string();
        let now = self.0.clock.now();
        let outside = Outside { scope: &scope, event: &event, input: &input, now, seed: &seed };
        let (mut told, mut starts) = (Vec::new(), Vec::new());
        for definition in self.published(occasion.tenant).await? {
            let mut triggers = definition.triggers.iter().filter(|t| occasion.on.is_of(t));
            if !triggers.any(|trigger| holds(trigger, &definition, &outside)) {
                continue;
            }
            let instance = Uuid::new_v5(&occasion.id, definition.name.as_bytes());
            let started = Started {
                definition: definition.name.clone(),
                key: occasion.key.clone(),
                input: input.clone(),
                scope: scope.clone(),
                trigger: Some(event.clone()),
                ..Started::default()
            };
            starts.push(Enqueued {
                event_id: None,
                tenant: occasion.tenant,
                instance,
                conversation: None,
                body: started.into_body(),
                actor: occasion.actor.clone(),
            });
            told.push(StartedBy { definition: definition.name.clone(), instance });
        }
        Ok((told, starts))
    }

    /// The webhooks that the tenant's published definitions serve, by definition.
    pub async fn webhooks(&self, tenant: Uuid) -> Result<Vec<Webhook>> {
        let engine = self.clone();
        detached(async move {
            let mut webhooks = Vec::new();
            for definition in engine.published(tenant).await? {
                for trigger in &definition.triggers {
                    let TriggerOn::Webhook(name) = &trigger.on else { continue };
                    let links = engine.resume_links();
                    let address = links.map(|links| links.webhook(tenant, name));
                    let (name, definition) = (name.clone(), definition.name.clone());
                    webhooks.push(Webhook { name, definition, address });
                }
            }
            Ok(webhooks)
        })
        .await
    }

    async fn published(&self, tenant: Uuid) -> Result<Vec<Arc<Definition>>> {
        let mut published = Vec::new();
        for (name, digest) in definitions::all_published(&self.0.pool, tenant).await? {
            match self.0.definitions.by_digest(tenant, &digest).await {
                Ok(definition) => published.push(definition),
                Err(error @ Error::Database(_)) => return Err(error),
                // One that cannot be read must not keep the others from starting.
                Err(error) => tracing::warn!(definition = name, %error, "a definition is left out"),
            }
        }
        Ok(published)
    }
}

fn holds(trigger: &Trigger, definition: &Definition, outside: &Outside<'_>) -> bool {
    let Some(when) = &trigger.when else { return true };
    let test = outside.evaluate(definition, |scope, fuel| when.test(scope, fuel));
    test.unwrap_or_else(|error| {
        tracing::debug!(definition = definition.name, error = error.message, "no trigger");
        false
    })
}

/// What the token of a webhook's address names instead of an instance.
fn webhook_id(tenant: Uuid, name: &str) -> Uuid {
    Uuid::new_v5(&tenant, format!("webhook {name}").as_bytes())
}

impl ResumeLinks {
    /// The address of a webhook: whoever has it may call it.
    pub fn webhook(&self, tenant: Uuid, name: &str) -> String {
        let token = self.token(tenant, webhook_id(tenant, name));
        format!("{}/hooks/in/{name}/{token}", self.public_url())
    }

    /// The tenant of a webhook's address; `None` for whatever is wrong with it.
    pub fn webhook_tenant(&self, name: &str, token: &str) -> Option<Uuid> {
        let (tenant, id) = self.read(token)?;
        (id == webhook_id(tenant, name)).then_some(tenant)
    }
}
