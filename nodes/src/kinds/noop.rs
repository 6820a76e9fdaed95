//! `noop`: does nothing, for benchmarks and tests of what is around a step.

use crate::{http::Http, node::Node, outcome::done};
use workflows::step::{Attempt, Attempted, Running};

/// Its output is its input.
pub(crate) struct Noop;

impl Node for Noop {
    fn kind(&self) -> &'static str {
        "noop"
    }

    fn run<'a>(&'a self, _http: &'a Http, attempt: &'a Attempt) -> Running<'a, Attempted> {
        let outcome = done(attempt.input.clone());
        Box::pin(async { Attempted { outcome, exchange: None } })
    }
}
