//! Ids of invokes that could be taken for another's parts: `x[3]` is the fourth item of an `x` with `each`, `x/1` the first
//! undo step of an `x` that compensates.

use super::Parser;
use crate::chart::{Invoke, Source, State};
use std::collections::HashSet;

impl Parser<'_> {
    pub(super) fn invoke_ids(&mut self, states: &[State]) {
        let invokes = || states.iter().flat_map(|state| &state.invokes);
        let has_parts =
            |invoke: &&Invoke| invoke.each.is_some() || invoke.source == Source::Compensate;
        let whole: HashSet<&str> =
            invokes().filter(has_parts).map(|invoke| invoke.id.as_str()).collect();
        if whole.is_empty() {
            return;
        }
        for invoke in invokes() {
            if let Some(of) = whole_of(&invoke.id).filter(|of| whole.contains(of)) {
                let message = format!("`{}` would be taken for a part of `{of}`", invoke.id);
                self.error_with_help(
                    "duplicate-id",
                    &invoke.pointer,
                    message,
                    "give this invoke another id",
                );
            }
        }
    }
}

/// What an id would be a part of.
fn whole_of(id: &str) -> Option<&str> {
    let (of, number) = match id.strip_suffix(']') {
        Some(item) => item.rsplit_once('[')?,
        None => id.rsplit_once('/')?,
    };
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(of)
}
