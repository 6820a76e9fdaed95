//! What the machine does, as scripts: a chart, a list of entries for the virtual clock, and what comes of each.

#![expect(clippy::unwrap_used, reason = "a test whose data cannot be read has failed")]

mod children;
mod each;
mod forms;
mod keeping;
mod refused;
mod saga;
mod script;
mod structure;
