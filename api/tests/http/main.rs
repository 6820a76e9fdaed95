//! The API over HTTP, with a real engine on a real Postgres: every test makes a database of its own on the server that
//! `DATABASE_URL` names.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod everlasting;
mod exports;
mod journeys;
mod links;
mod refusals;
mod replica;
mod scenarios;
mod schedules;
mod tenants;
mod webhooks;
mod world;
