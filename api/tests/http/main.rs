//! The API over HTTP, with a real engine on a real Postgres: every test makes a database of its own on the server that
//! `DATABASE_URL` names.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod journeys;
mod refusals;
mod tenants;
mod webhooks;
mod world;
