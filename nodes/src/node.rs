//! What a kind is to this crate.

use crate::http::Http;
use workflows::step::{Attempt, Attempted, Checked, Running};

/// One kind of effect.
pub(crate) trait Node: Send + Sync {
    /// `family.verb`; the file is named after it.
    fn kind(&self) -> &'static str;

    /// Makes one try, inside `attempt.timeout`. Bad input is `Failed`, never a panic.
    fn run<'a>(&'a self, http: &'a Http, attempt: &'a Attempt) -> Running<'a, Attempted>;

    /// Asks the provider about an earlier try. Most have no place to ask for a key.
    fn check<'a>(&'a self, _http: &'a Http, _attempt: &'a Attempt) -> Running<'a, Checked> {
        Box::pin(async { Checked::CannotTell })
    }
}
