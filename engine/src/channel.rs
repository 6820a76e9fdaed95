//! Channel accounts (where customers write) and connections (accounts at other providers), with their credentials.
//!
//! Both are made or changed by their name: a channel by `(kind, external id)`, a connection by its name in the tenant, so
//! saying the same thing twice changes nothing.
//!
//! **Invariant:** a credential is sealed before it reaches a statement, and opened only here.
//! **Invariant:** what was changed through this process is seen by it at once; a change by another process within
//! [`CHANNEL_TTL`](crate::limits::CHANNEL_TTL).

mod cache;

use crate::{
    Error, Result,
    detached::detached,
    pacing::limits::Limits,
    secret::{Keyring, Owner},
    store::{
        channels::{self as rows, ChannelRow, ConnectionRow},
        pacing,
    },
};
use cache::Cache;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::PgPool;
use std::{collections::BTreeMap, sync::Arc};
use uuid::Uuid;
use workflows::step::{self, Secret};

/// The name under which a connection's only credential is sealed.
const TOKEN: &str = "token";

/// A channel account.
#[derive(Debug, Clone)]
pub struct Channel {
    /// Its id.
    pub id: Uuid,
    /// Whose.
    pub tenant: Uuid,
    /// `whatsapp`.
    pub kind: String,
    /// For people.
    pub name: String,
    /// The provider's own name of the account, e.g. a `phone_number_id`.
    pub external_id: String,
    /// Everything that is no secret, e.g. `{"apiBase": "https://graph.facebook.com/v23.0"}`.
    pub settings: Value,
    /// Credentials by name; for `whatsapp`: `app_secret`, `verify_token`, `access_token`. Empty if they cannot be opened.
    pub secrets: BTreeMap<String, Secret>,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

impl Channel {
    /// A credential by name. One that is not set is `None`: whoever needs it must refuse.
    pub fn secret(&self, name: &str) -> Option<&str> {
        self.secrets.get(name).map(Secret::reveal)
    }

    /// `{id, kind, name}`, as expressions see it.
    pub(crate) fn to_scope(&self) -> Value {
        json!({ "id": self.id, "kind": self.kind, "name": self.name })
    }
}

/// A channel to be made or changed.
#[derive(Debug, Clone)]
pub struct ChannelNew {
    /// Whose.
    pub tenant: Uuid,
    /// `whatsapp`.
    pub kind: String,
    /// For people.
    pub name: String,
    /// The provider's own name of the account; one account belongs to one tenant.
    pub external_id: String,
    /// Replaces all settings.
    pub settings: Value,
    /// Credentials to set. Those not named keep their value.
    pub secrets: BTreeMap<String, Secret>,
}

/// A connection: an account at a provider that is no channel.
#[derive(Debug, Clone)]
pub struct Connection {
    /// Its id.
    pub id: Uuid,
    /// Whose.
    pub tenant: Uuid,
    /// As a step gets it. `token` is `None` if there is none, or if it cannot be opened.
    pub account: step::Connection,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// A connection to be made or changed.
#[derive(Debug, Clone)]
pub struct ConnectionNew {
    /// Whose.
    pub tenant: Uuid,
    /// Its name in the tenant, as definitions use it.
    pub name: String,
    /// `openai`, `hubspot`, `slack`, `http`.
    pub provider: String,
    /// Where the provider is reached.
    pub base_url: String,
    /// Replaces all settings.
    pub settings: Value,
    /// The credential; without one the stored one is kept.
    pub token: Option<Secret>,
}

/// Channels and connections of all tenants. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Channels(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    pool: PgPool,
    keyring: Keyring,
    by_id: Cache<Uuid, Channel>,
    by_account: Cache<(String, String), Channel>,
    connections: Cache<Uuid, Vec<Connection>>,
}

impl Channels {
    /// Over this database, with credentials under these keys.
    pub fn new(pool: PgPool, keyring: Keyring) -> Self {
        Self(Arc::new(Inner {
            pool,
            keyring,
            by_id: Cache::default(),
            by_account: Cache::default(),
            connections: Cache::default(),
        }))
    }

    /// The pool it works with.
    pub(crate) fn pool(&self) -> &PgPool {
        &self.0.pool
    }

    /// Makes a channel, or changes the one of this account. `Conflict` if the account belongs to another tenant.
    pub async fn upsert(&self, new: ChannelNew) -> Result<Arc<Channel>> {
        let this = self.clone();
        detached(async move { this.upsert_channel(new).await }).await
    }

    /// A channel of this tenant. `NotFound`.
    pub async fn get(&self, tenant: Uuid, id: Uuid) -> Result<Arc<Channel>> {
        let found = match self.0.by_id.get(&id) {
            Some(channel) => Some(channel),
            None => self.load(Finder::Id(tenant, id)).await?,
        };
        found
            .filter(|channel| channel.tenant == tenant)
            .ok_or_else(|| Error::NotFound(format!("channel {id}")))
    }

    /// All channels of this tenant, by name.
    pub async fn list(&self, tenant: Uuid) -> Result<Vec<Channel>> {
        let this = self.clone();
        detached(async move {
            let rows = rows::list_channels(&this.0.pool, tenant).await?;
            Ok(rows.into_iter().map(|row| this.open_channel(row)).collect())
        })
        .await
    }

    /// The channel a webhook names in its path: by our id, or by the provider's. Whose it is, is part of the answer: a
    /// webhook carries no tenant. `NotFound`, which a caller must not tell apart from a wrong signature.
    pub async fn channel_for_webhook(&self, kind: &str, named: &str) -> Result<Arc<Channel>> {
        if let Ok(id) = named.parse::<Uuid>() {
            let found = match self.0.by_id.get(&id) {
                Some(channel) => Some(channel),
                None => self.load(Finder::Webhook(id)).await?,
            };
            if let Some(channel) = found.filter(|channel| channel.kind == kind) {
                return Ok(channel);
            }
        }
        self.by_account(kind, named).await
    }

    /// The channel of a provider's account. `NotFound`.
    pub async fn by_account(&self, kind: &str, external_id: &str) -> Result<Arc<Channel>> {
        let account = (kind.to_owned(), external_id.to_owned());
        let found = match self.0.by_account.get(&account) {
            Some(channel) => Some(channel),
            None => self.load(Finder::Account(account)).await?,
        };
        found.ok_or_else(|| Error::NotFound(format!("{kind} channel {external_id}")))
    }

    /// Makes a connection, or changes the one with this name.
    pub async fn upsert_connection(&self, new: ConnectionNew) -> Result<Connection> {
        let this = self.clone();
        detached(async move { this.upsert_named(new).await }).await
    }

    /// All connections of this tenant, by name.
    pub async fn connections(&self, tenant: Uuid) -> Result<Arc<Vec<Connection>>> {
        if let Some(cached) = self.0.connections.get(&tenant) {
            return Ok(cached);
        }
        let this = self.clone();
        detached(async move {
            let generation = this.0.connections.generation();
            let rows = rows::list_connections(&this.0.pool, tenant).await?;
            let all: Vec<_> = rows.into_iter().map(|row| this.open_connection(row)).collect();
            let all = Arc::new(all);
            this.0.connections.put(tenant, Arc::clone(&all), generation);
            Ok(all)
        })
        .await
    }

    /// The connection with this name. `NotFound`.
    pub async fn connection(&self, tenant: Uuid, name: &str) -> Result<Connection> {
        let all = self.connections(tenant).await?;
        let found = all.iter().find(|connection| connection.account.name == name).cloned();
        found.ok_or_else(|| Error::NotFound(format!("connection `{name}`")))
    }

    async fn load(&self, finder: Finder) -> Result<Option<Arc<Channel>>> {
        let this = self.clone();
        detached(async move {
            let generation = this.0.by_id.generation();
            let pool = &this.0.pool;
            let row = match &finder {
                Finder::Id(tenant, id) => rows::channel_by_id(pool, *tenant, *id).await?,
                Finder::Webhook(id) => rows::channel_for_webhook(pool, *id).await?,
                Finder::Account((kind, external_id)) => {
                    rows::channel_by_account(pool, kind, external_id).await?
                }
            };
            let Some(row) = row else { return Ok(None) };
            let channel = Arc::new(this.open_channel(row));
            let account = (channel.kind.clone(), channel.external_id.clone());
            this.0.by_id.put(channel.id, Arc::clone(&channel), generation);
            this.0.by_account.put(account, Arc::clone(&channel), generation);
            Ok(Some(channel))
        })
        .await
    }

    async fn upsert_channel(&self, new: ChannelNew) -> Result<Arc<Channel>> {
        let pool = &self.0.pool;
        Limits::read(&new.kind, &new.settings).map_err(Error::Refused)?;
        let taken = || Error::Conflict(format!("{} account {}", new.kind, new.external_id));
        let old = rows::channel_by_account(pool, &new.kind, &new.external_id).await?;
        let old = old.map(|row| self.open_channel(row));
        if old.as_ref().is_some_and(|old| old.tenant != new.tenant) {
            return Err(taken());
        }
        let id = old.as_ref().map_or_else(Uuid::now_v7, |old| old.id);
        let mut secrets = old.map(|old| old.secrets).unwrap_or_default();
        secrets.extend(new.secrets.clone());
        let owner = Owner { tenant: new.tenant, table: "channel", id, fields: "secrets" };
        let sealed = self.seal(owner, &secrets)?;
        let row = rows::upsert_channel(pool, &new, id, &sealed).await?.ok_or_else(taken)?;
        self.0.by_id.clear();
        self.0.by_account.clear();
        self.mend(new.tenant, &format!("channel/{id}")).await?;
        Ok(Arc::new(self.open_channel(row)))
    }

    async fn upsert_named(&self, new: ConnectionNew) -> Result<Connection> {
        let pool = &self.0.pool;
        Limits::read(&new.provider, &new.settings).map_err(Error::Refused)?;
        let old = rows::connection_by_name(pool, new.tenant, &new.name).await?;
        let old = old.map(|row| self.open_connection(row));
        let id = old.as_ref().map_or_else(Uuid::now_v7, |old| old.id);
        let token = new.token.clone().or_else(|| old.and_then(|old| old.account.token));
        let secrets: BTreeMap<_, _> =
            token.map(|token| (TOKEN.to_owned(), token)).into_iter().collect();
        let owner = Owner { tenant: new.tenant, table: "connection", id, fields: "secrets" };
        let sealed = self.seal(owner, &secrets)?;
        let row = rows::upsert_connection(pool, &new, id, &sealed).await?;
        let row = row.ok_or_else(|| Error::Conflict(format!("connection `{}`", new.name)))?;
        self.0.connections.clear();
        self.mend(new.tenant, &format!("connection/{}", new.name)).await?;
        Ok(self.open_connection(row))
    }

    /// Whatever was wrong with it may be cured: steps that wait for that are tried again.
    async fn mend(&self, tenant: Uuid, subject: &str) -> Result<()> {
        if pacing::delete_health(&self.0.pool, tenant, subject, None).await? {
            tracing::info!(tenant.id = %tenant, subject, "was changed, and counts as well again");
        }
        Ok(())
    }

    fn seal(&self, owner: Owner<'_>, secrets: &BTreeMap<String, Secret>) -> Result<Sealed> {
        let plain: BTreeMap<&str, &str> =
            secrets.iter().map(|(name, secret)| (name.as_str(), secret.reveal())).collect();
        let plain = serde_json::to_vec(&plain).unwrap_or_default();
        let sealed = self.0.keyring.seal(&owner.aad(), &plain);
        let (bytes, key_id) = sealed.map_err(|why| Error::Refused(why.to_string()))?;
        Ok(Sealed { bytes, key_id })
    }

    /// Credentials that cannot be opened are reported and left out: a channel without its secret refuses webhooks, and
    /// setting the credentials again cures it.
    fn open(
        &self,
        owner: Owner<'_>,
        sealed: Option<Vec<u8>>,
        key_id: Option<&str>,
    ) -> BTreeMap<String, Secret> {
        let Some((bytes, key_id)) = sealed.zip(key_id) else { return BTreeMap::new() };
        let plain = match self.0.keyring.open(&owner.aad(), &bytes, key_id) {
            Ok(plain) => plain,
            Err(error) => {
                tracing::error!(table = owner.table, id = %owner.id, %error, "credentials cannot be opened");
                return BTreeMap::new();
            }
        };
        let texts: BTreeMap<String, String> = serde_json::from_slice(&plain).unwrap_or_default();
        texts.into_iter().map(|(name, text)| (name, Secret::new(text))).collect()
    }

    fn open_channel(&self, row: ChannelRow) -> Channel {
        let owner =
            Owner { tenant: row.tenant_id, table: "channel", id: row.id, fields: "secrets" };
        Channel {
            id: row.id,
            tenant: row.tenant_id,
            kind: row.kind,
            name: row.name,
            external_id: row.external_id,
            settings: row.settings,
            secrets: self.open(owner, row.secrets, row.key_id.as_deref()),
            created_at: row.created_at,
        }
    }

    fn open_connection(&self, row: ConnectionRow) -> Connection {
        let owner =
            Owner { tenant: row.tenant_id, table: "connection", id: row.id, fields: "secrets" };
        let mut secrets = self.open(owner, row.secrets, row.key_id.as_deref());
        Connection {
            id: row.id,
            tenant: row.tenant_id,
            account: step::Connection {
                name: row.name,
                provider: row.provider,
                base_url: row.base_url,
                token: secrets.remove(TOKEN),
                settings: row.settings,
            },
            created_at: row.created_at,
        }
    }
}

/// Credentials as they stand in a row.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) bytes: Vec<u8>,
    pub(crate) key_id: String,
}

/// How a channel is looked for.
enum Finder {
    Id(Uuid, Uuid),
    Webhook(Uuid),
    Account((String, String)),
}
