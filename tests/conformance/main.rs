//! Conformance: the machine beside XState 5 on random charts, on known differences, and on the SCXML test suite.
//!
//! XState runs in node, of the version that `package-lock.json` pins; `script/test` installs both. The SCXML tests need
//! neither: they were converted once (`scxml/convert.mjs`) and are kept as data.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]
#![expect(clippy::print_stdout, reason = "the figures are what a run is for")]

mod differences;
mod differential;
mod emit;
mod generate;
mod model;
mod ours;
mod random;
mod scxml;
mod shrink;
mod xstate;
