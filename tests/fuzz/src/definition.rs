//! An upload of any bytes: compiled twice to the same; what is accepted starts, and its timers fire.

use crate::step::{play_timers, started};
use workflows::compile::{Compiled, compile};

/// Timers that are let fire.
const TIMERS_MAX: usize = 20;

/// Compiles the bytes as an upload. A definition that comes out of it is started and left alone for its first timers.
pub fn definition(bytes: &[u8]) {
    let compiled = compile(bytes, Some("fuzzed"));
    let again = compile(bytes, Some("fuzzed"));
    assert_eq!(compiled.diagnostics, again.diagnostics, "the same bytes, other diagnostics");
    assert_eq!(digest(&compiled), digest(&again), "the same bytes, another digest");
    let has_errors = compiled.diagnostics.iter().any(workflows::diagnostic::Diagnostic::is_error);
    assert_eq!(
        compiled.is_publishable(),
        !has_errors,
        "refused without a word, or in spite of one"
    );
    if let Some(definition) = &compiled.definition {
        play_timers(definition, started(definition), TIMERS_MAX);
    }
}

fn digest(compiled: &Compiled) -> Option<&str> {
    compiled.definition.as_ref().map(|definition| definition.digest.as_str())
}
