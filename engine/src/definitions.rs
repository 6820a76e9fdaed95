//! Definitions: stored by content, compiled once, kept in memory.
//!
//! **Invariant:** an instance runs the definition whose digest stands in its row, whatever has been published since.
//! **Invariant:** new instances start with the version published last, which need not be the one with the highest number:
//! publishing older content again goes back to it.

mod gone;

use crate::{
    Clock,
    error::{Error, Result},
    limits::{DEFINITIONS_MAX, PUBLISHED_TTL},
    schedules::triggers,
    store::definitions::{self as rows, DefinitionRow, NewDefinition},
};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};
use uuid::Uuid;
use workflows::{compile::reopen, definition::Definition, diagnostic::Diagnostic};

/// Two uploads of one name at once: how often the loser of the race for a number tries again.
const UPLOAD_ATTEMPTS_MAX: usize = 5;

/// What became of an upload.
#[derive(Debug, Clone)]
pub struct Uploaded {
    /// Its name.
    pub name: String,
    /// Its version: the same content is the same version.
    pub version: i32,
    /// `sha256:<hex>`.
    pub digest: String,
    /// `draft`, `published` or `retired`.
    pub status: String,
    /// Warnings.
    pub diagnostics: Vec<Diagnostic>,
}

/// A stored version of a definition.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its number.
    pub version: i32,
    /// `draft`, `published` or `retired`.
    pub status: String,
    /// What was uploaded.
    pub source: Value,
    /// The same as text, keys in their order: the order of states and transitions.
    pub text: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Compiled.
    pub definition: Arc<Definition>,
}

/// Compiled definitions, in front of the table.
#[derive(Clone)]
pub(crate) struct Definitions {
    pool: PgPool,
    clock: Clock,
    memory: Arc<Mutex<Memory>>,
}

#[derive(Default)]
struct Memory {
    /// By (tenant, digest).
    compiled: HashMap<(Uuid, String), Arc<Definition>>,
    /// The current version of (tenant, name), as of a moment ago.
    published: HashMap<(Uuid, String), (Instant, Named)>,
}

/// A version that can be started.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    pub(crate) version: i32,
    pub(crate) definition: Arc<Definition>,
}

impl Definitions {
    pub(crate) fn new(pool: PgPool, clock: Clock) -> Self {
        Self { pool, clock, memory: Arc::default() }
    }

    /// Compiles and stores a definition; published, it is the current version. `Invalid` if it has errors, or a scenario of
    /// its own that fails.
    pub(crate) async fn upload(
        &self,
        tenant: Uuid,
        bytes: Vec<u8>,
        name_hint: Option<String>,
        publish: bool,
    ) -> Result<Uploaded> {
        let check = move || {
            let compiled = machine::scenario::checked(&bytes, name_hint.as_deref());
            (compiled, bytes)
        };
        let (compiled, bytes) = on_a_thread(check).await?;
        let mut diagnostics = compiled.diagnostics;
        let has_errors = diagnostics.iter().any(Diagnostic::is_error);
        let Some(definition) = compiled.definition.filter(|_| !has_errors) else {
            return Err(Error::Invalid(diagnostics));
        };
        diagnostics.extend(gone::states_gone(&self.pool, tenant, &definition).await?);
        let source = std::str::from_utf8(&bytes)
            .map_err(|_| Error::Refused("a definition is UTF-8 text".to_owned()))?;
        // Of another product's export the definition file is kept: a later release may read the export otherwise.
        let made = compiled.made.as_ref().map(serde_json::to_string).transpose();
        let made = made.map_err(|why| Error::Refused(format!("it cannot be kept: {why}")))?;
        let new = NewDefinition {
            tenant,
            name: &definition.name,
            digest: &definition.digest,
            title: &definition.title,
            status: if publish { "published" } else { "draft" },
            source: made.as_deref().unwrap_or(source),
            diagnostics: serde_json::to_value(&diagnostics).unwrap_or_default(),
            now: self.clock.now(),
            retention_ms: definition.retention_ms,
        };
        let (version, status) = self.insert(&new, &definition).await?;
        let name = definition.name.clone();
        let digest = definition.digest.clone();
        let mut memory = self.lock();
        memory.published.remove(&(tenant, name.clone()));
        memory.keep(tenant, Arc::new(definition));
        Ok(Uploaded { name, version, digest, status, diagnostics })
    }

    /// Stores it, and makes the schedules of its triggers those of the tenant, in one transaction: what is published
    /// starts when it says.
    async fn insert(
        &self,
        new: &NewDefinition<'_>,
        definition: &Definition,
    ) -> Result<(i32, String)> {
        for _ in 0..UPLOAD_ATTEMPTS_MAX {
            let mut transaction = self.pool.begin().await?;
            let (version, status) = match rows::insert(&mut transaction, new).await {
                Ok(Some(version)) => (version, new.status.to_owned()),
                Ok(None) => republish(&mut transaction, new).await?,
                // Another upload took the number.
                Err(error)
                    if error.as_database_error().is_some_and(|e| e.is_unique_violation()) =>
                {
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            if new.status == "published" {
                triggers::sync(&mut transaction, new.tenant, definition, new.now).await?;
            }
            transaction.commit().await?;
            return Ok((version, status));
        }
        Err(Error::Conflict(format!("definition {}", new.name)))
    }

    /// A version; without a number the current one.
    pub(crate) async fn stored(
        &self,
        tenant: Uuid,
        name: &str,
        version: Option<i32>,
    ) -> Result<Stored> {
        let row = self.row(tenant, name, version).await?;
        let definition = self.compile(tenant, &row).await?;
        let source = serde_json::from_str(&row.source).map_err(|e| Error::Corrupt {
            what: format!("definition {name}"),
            why: e.to_string(),
        })?;
        let DefinitionRow { version, status, created_at, source: text, .. } = row;
        Ok(Stored { version, status, source, text, created_at, definition })
    }

    /// A version to be started; without a number the current one, as of [`PUBLISHED_TTL`] ago.
    pub(crate) async fn named(
        &self,
        tenant: Uuid,
        name: &str,
        version: Option<i32>,
    ) -> Result<Named> {
        let key = (tenant, name.to_owned());
        if version.is_none()
            && let Some((since, named)) = self.lock().published.get(&key)
            && since.elapsed() < PUBLISHED_TTL
        {
            return Ok(named.clone());
        }
        // Boxed: what a start carries about is what it needs when it finds its definition here.
        Box::pin(self.read_named(key, version)).await
    }

    /// As [`named`](Self::named), from the store.
    async fn read_named(&self, key: (Uuid, String), version: Option<i32>) -> Result<Named> {
        let row = self.row(key.0, &key.1, version).await?;
        let definition = self.compile(key.0, &row).await?;
        let named = Named { version: row.version, definition };
        if version.is_none() {
            let mut memory = self.lock();
            if memory.published.len() >= DEFINITIONS_MAX {
                memory.published.clear();
            }
            memory.published.insert(key, (Instant::now(), named.clone()));
        }
        Ok(named)
    }

    /// The definition with this digest.
    pub(crate) async fn by_digest(&self, tenant: Uuid, digest: &str) -> Result<Arc<Definition>> {
        if let Some(known) = self.lock().compiled.get(&(tenant, digest.to_owned())) {
            return Ok(known.clone());
        }
        let row = rows::by_digest(&self.pool, tenant, digest).await?;
        let row = row.ok_or_else(|| Error::NotFound(format!("definition {digest}")))?;
        self.compile(tenant, &row).await
    }

    async fn row(&self, tenant: Uuid, name: &str, version: Option<i32>) -> Result<DefinitionRow> {
        let row = match version {
            Some(version) => rows::by_version(&self.pool, tenant, name, version).await?,
            None => rows::published(&self.pool, tenant, name).await?,
        };
        row.ok_or_else(|| match version {
            Some(version) => Error::NotFound(format!("version {version} of definition {name}")),
            None => Error::NotFound(format!("published definition {name}")),
        })
    }

    async fn compile(&self, tenant: Uuid, row: &DefinitionRow) -> Result<Arc<Definition>> {
        if let Some(known) = self.lock().compiled.get(&(tenant, row.digest.clone())) {
            return Ok(known.clone());
        }
        let (source, name) = (row.source.clone(), row.name.clone());
        let reopened = on_a_thread(move || reopen(source.as_bytes(), &name)).await?;
        let what = || format!("definition {} version {}", row.name, row.version);
        let definition = reopened.map_err(|told| Error::Corrupt {
            what: what(),
            why: told.first().map_or_else(String::new, |first| first.message.clone()),
        })?;
        if definition.digest != row.digest {
            let why = format!("its digest is {}, not {}", definition.digest, row.digest);
            return Err(Error::Corrupt { what: what(), why });
        }
        let definition = Arc::new(definition);
        self.lock().keep(tenant, definition.clone());
        Ok(definition)
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is there already, published again if that was asked for.
async fn republish(
    connection: &mut PgConnection,
    new: &NewDefinition<'_>,
) -> Result<(i32, String)> {
    if new.status == "published" {
        rows::publish(connection, new.tenant, new.name, new.digest, new.now).await?;
    }
    let same = rows::same(connection, new.tenant, new.name, new.digest).await?;
    same.ok_or_else(|| Error::NotFound(format!("definition {}", new.name)))
}

/// Compiles, on a thread that nobody waits for: a big graph takes milliseconds, its scenarios more.
async fn on_a_thread<T: Send + 'static>(compile: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(compile).await.map_err(|_| Error::Panicked)
}

impl Memory {
    fn keep(&mut self, tenant: Uuid, definition: Arc<Definition>) {
        // Rare enough that starting over is cheaper than keeping order.
        if self.compiled.len() >= DEFINITIONS_MAX {
            self.compiled.clear();
        }
        self.compiled.insert((tenant, definition.digest.clone()), definition);
    }
}
