//! What the engine is asked, and what it answers.

use crate::{
    Clock, accounts::Accounts, everlasting::Keeping, limits, resume::ResumeLinks,
    store::instances::Instance,
};
use chrono::{DateTime, Utc};
use machine::State;
use serde_json::{Map, Value};
use sqlx::PgPool;
use std::{sync::Arc, time::Duration};
use uuid::Uuid;
use workflows::step::StepRunner;

/// What an engine is made of.
pub struct Options {
    /// A pool made by [`crate::connect`], to a migrated database.
    pub pool: PgPool,
    /// Runs attempts.
    pub runner: Arc<dyn StepRunner>,
    /// Knows connections and recipients.
    pub accounts: Arc<dyn Accounts>,
    /// Tells the time.
    pub clock: Clock,
    /// Everything adjustable.
    pub settings: Settings,
}

/// What a process is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It serves requests and owns instances.
    All,
    /// It owns instances.
    Engine,
    /// It serves requests; what they ask of instances is passed on to their owners.
    Api,
}

impl Role {
    /// As stored and printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Engine => "engine",
            Self::Api => "api",
        }
    }
}

/// What can be adjusted.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What this process is for.
    pub role: Role,
    /// Owners that work side by side, each with a connection of its own; 0 counts as 1.
    pub tracks: usize,
    /// Whether other processes are told by `NOTIFY` what waits for them; without it they find out by polling.
    pub notify: bool,
    /// Whether a transaction pooler stands before the database: then there is no `NOTIFY`, and no session lock that tells at
    /// once when a process dies.
    pub behind_pooler: bool,
    /// How long shards are leased: so long they may stay without an owner after theirs hung, or died behind a pooler.
    pub lease: Duration,
    /// How long a step whose outcome is unknown waits for a status webhook that echoes its key.
    pub check_window: Duration,
    /// Attempts running at once.
    pub attempts_running_max: usize,
    /// How often rows are looked for when no hint came.
    pub poll: Duration,
    /// How long `shutdown` waits for tries that run. Those that take longer are found interrupted by the next process, and
    /// their policy decides.
    pub drain: Duration,
    /// Makes the link that every instance knows as `scope.instance.resume`; without it they have none.
    pub resume: Option<ResumeLinks>,
    /// What is kept of finished instances, and where the rest goes.
    pub keeping: Keeping,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            role: Role::All,
            tracks: tracks(),
            notify: true,
            behind_pooler: false,
            lease: limits::LEASE_TTL,
            check_window: Duration::from_secs(60),
            attempts_running_max: limits::ATTEMPTS_RUNNING_MAX,
            poll: limits::POLL,
            drain: limits::DRAIN,
            resume: None,
            keeping: Keeping::default(),
        }
    }
}

/// As many as keep the machine's cores busy.
fn tracks() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    (cores * limits::TRACKS_CORE).min(limits::TRACKS_MAX)
}

/// What an instance is started with.
#[derive(Debug, Clone, Default)]
pub struct StartRequest {
    /// Whose.
    pub tenant: Uuid,
    /// Name of a definition.
    pub definition: String,
    /// One of its versions; without it the one published last.
    pub version: Option<i32>,
    /// At most one live instance per definition and key.
    pub key: Option<String>,
    /// Its input.
    pub input: Value,
    /// `{contact, tenant, channel}`, or null.
    pub scope: Value,
    /// The conversation it runs in.
    pub conversation: Option<Uuid>,
    /// The body of the message that triggered it.
    pub trigger: Option<Value>,
    /// Its id; starting twice with one id starts once. Drawn if not given.
    pub id: Option<Uuid>,
    /// From 0 to 9, higher first, instead of the definition's; its children have the same.
    pub priority: Option<u8>,
    /// Who asked: `api:<key id>`, `member:<id>`, `router`, …
    pub actor: String,
}

/// An event for an instance.
#[derive(Debug, Clone, Default)]
pub struct EventRequest {
    /// Whose.
    pub tenant: Uuid,
    /// For which instance.
    pub instance: Uuid,
    /// `{"type": …}` and its fields.
    pub body: Map<String, Value>,
    /// Who sent it.
    pub actor: String,
    /// Why, for ops verbs; stands in the event as `reason`.
    pub reason: Option<String>,
}

/// An instance as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct InstanceView {
    /// Its id.
    pub id: Uuid,
    /// Name of its definition.
    pub definition: String,
    /// The version's number.
    pub version: i32,
    /// The version's digest.
    pub digest: String,
    /// `running`, `waiting`, `stuck`, `suspended`, `completed`, `failed` or `cancelled`.
    pub status: String,
    /// Its state: `seq`, configuration, memo, context.
    pub state: State,
    /// Its key.
    pub key: Option<String>,
    /// The conversation it runs in.
    pub conversation: Option<Uuid>,
    /// The instance that started it.
    pub parent: Option<Uuid>,
    /// When it was started.
    pub created_at: DateTime<Utc>,
    /// When its last turn was.
    pub updated_at: DateTime<Utc>,
}

impl From<Instance> for InstanceView {
    fn from(instance: Instance) -> Self {
        Self {
            id: instance.meta.id,
            definition: instance.meta.definition,
            version: instance.meta.version,
            digest: instance.meta.digest,
            status: crate::turn::status(&instance.state).to_owned(),
            state: instance.state,
            key: instance.meta.key,
            conversation: instance.meta.conversation,
            parent: instance.meta.parent.map(|p| p.id),
            created_at: instance.meta.created_at,
            updated_at: instance.updated_at,
        }
    }
}
