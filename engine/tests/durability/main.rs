//! The engine against a real Postgres: what it promises, with a provider of our own that keeps a ledger.
//!
//! Needs `DATABASE_URL` of a server on which databases can be made; each test makes its own, and drops it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "the snapshot of a failed test is for people")]

// The name it has everywhere else in the workspace.
extern crate perdure_engine as engine;

mod addressed;
mod children;
mod concurrency;
mod crash;
mod earlier;
mod everlasting;
mod fairness;
mod faults;
mod follow;
mod journeys;
mod killed;
mod lossy;
mod pacing;
mod payload;
mod pooled;
#[path = "../pooler/pooler.rs"]
mod pooler;
mod processes;
mod quiet;
mod schedules;
mod settlement;
mod sql;
mod support;
mod timers;
mod versions;
mod volume;
