//! The HTTP API: routes, webhooks, auth. The binary `perdure` is made of it.
//!
//! A request passes [`guard`] (a task of its own, a request id, headers), and under `/v1` [`auth`] (who asks, for which
//! tenant) and [`idempotency`] (asked before?), before its route sees it. A route parses, asks the engine, and answers; every
//! refusal is a [`problem::Problem`].
//!
//! **Invariant:** the tenant comes from the credential, never from the request; another tenant's id is one that does not exist.
//! **Invariant:** a handler runs to its end even if the client goes away, so no statement is cancelled half way.
//! **Invariant:** no payload and no credential reaches a log line or a 5xx answer.

mod app;
pub mod auth;
mod extract;
mod guard;
mod idempotency;
pub mod metrics;
mod page;
pub mod postgres;
pub mod problem;
mod replica;
mod resume;
mod router;
mod routes;
mod server;
mod view;
mod webhook;

pub use app::App;
pub use auth::{create_key, ensure_dev_tenant};
pub use router::router;
pub use server::serve;
