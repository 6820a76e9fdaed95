//! What lets the same binary work on a distributed Postgres: every table keyed, and every statement led, by `tenant_id`.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

extern crate perdure_engine as engine;

mod distribute;
mod hosts;
mod keys;
mod plans;
mod statements;
mod support;
