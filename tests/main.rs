//! Journeys, recovery and tidiness: one test binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod failover;
mod journeys;
mod recovery;
mod rolling;
mod tidy;
