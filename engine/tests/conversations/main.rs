//! Conversations against a real Postgres: what is accepted, how it is routed, and what may be sent.
//!
//! Needs `DATABASE_URL` of a server on which databases can be made; each test makes its own, and drops it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

// The name it has everywhere else in the workspace.
extern crate perdure_engine as engine;

mod accounts;
mod channels;
mod delivery;
#[path = "../pooler/pooler.rs"]
mod pooler;
mod purge;
mod routing;
mod support;
mod webhooks;
