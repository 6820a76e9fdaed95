//! Durability: instances that survive crashes, deploys and years of waiting.
//!
//! Events enter by one door: the owner ([`owner`]) collects them, runs the pure [`machine`] on each and writes a batch of
//! turns in one transaction ([`turn`], [`commit`]). What a turn asks of the world are rows; the executor runs steps, the
//! scheduler fires timers, and both hand their results back to the owner as events.
//!
//! **Invariant:** an event that was acknowledged is stored, and is applied to its instance exactly once.
//! **Invariant:** only [`commit`] writes instances and history. After a commit only hints travel; a lost hint costs a poll.
//! **Invariant:** this crate knows no HTTP route and no provider.

pub mod accounts;
pub mod accounts_store;
mod admission;
mod api;
pub mod archive;
mod backoff;
mod bell;
mod caught;
pub mod channel;
mod chore;
pub mod clock;
mod commit;
pub mod conversation;
mod database;
mod definitions;
pub mod delivery;
mod detached;
pub mod distribute;
mod error;
pub mod everlasting;
mod executor;
pub mod fair;
pub mod fault;
mod hash;
mod ids;
mod inbox;
pub mod json;
mod key;
mod kinds;
pub mod limits;
mod maintainer;
pub mod ops;
mod outbox;
mod outside;
mod owner;
pub mod pacing;
mod polling;
mod priority;
mod request;
pub mod resume;
mod router;
mod scheduler;
pub mod schedules;
pub mod secret;
mod shards;
pub mod store;
mod tenants;
mod tracks;
pub mod turn;
pub mod whatsapp;
mod work;

pub use accounts::{Account, Accounts, NoAccounts, Refusal, Wanted};
pub use accounts_store::AccountsStore;
pub use api::{Engine, Occasion, OccasionOn, StartedBy, Webhook};
pub use channel::{Channel, ChannelNew, Channels, Connection, ConnectionNew};
pub use clock::Clock;
pub use conversation::{Accepted, Conversation, Conversations, Message, ModeRequest};
pub use database::{connect, connect_replica, connect_with, migrate, pooled};
pub use definitions::{Stored, Uploaded};
pub use error::{Error, Result};
pub use everlasting::Keeping;
pub use ids::{child_id, shard_of, step_key};
pub use request::{EventRequest, InstanceView, Options, Role, Settings, StartRequest};
pub use resume::ResumeLinks;
pub use schedules::Schedules;
pub use secret::Keyring;
pub use store::inbox::{Enqueued, enqueue};

/// The number of the semantics turns are computed with; stands in every history row. It grows when the same definition,
/// state and event would give another turn than before.
pub const SEMANTICS: i16 = 4;
