//! From definition JSON to a checked statechart.
//!
//! An upload is a definition file, a bare React Flow object or a bare machine config. A graph is lowered to machine JSON
//! ([`graph`]), machine JSON is parsed to a [`chart::Chart`] ([`statechart`]), and what could fail in front of a customer
//! is reported as [`diagnostic::Diagnostic`]s, all at once.
//!
//! **Invariant:** compiling is total: any input gives diagnostics, never an error, never a panic, in bounded time.
//! **Invariant:** this crate knows no clock, no tokio, no SQL and no HTTP.

pub mod chart;
pub mod compile;
pub mod cron;
pub mod definition;
pub mod diagnostic;
pub mod duration;
pub mod export;
pub mod expr;
pub mod graph;
pub mod hours;
pub mod import;
pub mod json;
pub mod kinds;
pub mod limits;
mod messages;
pub mod pacing;
pub mod schedule;
pub mod schema;
mod secret;
pub mod source;
pub mod spec;
pub mod statechart;
pub mod step;
pub mod suggest;
mod verify;
