//! Every diagnostic there is: what it means, why it matters, an example, and the same example cured.
//!
//! The pages under `docs/diagnostics` and `perdure diagnostics` are made of this. The tables are split by the stage that
//! tells a code; a code that several stages tell stands with the first.
//!
//! **Invariant:** a code has one entry, and an entry's example has its code while the cured example has not. Tests hold it.

mod data_flow;
mod expression;
mod graph;
mod import;
mod node;
mod sample;
mod scenario;
mod statechart;
mod structure;
mod upload;
mod verifier;

pub use sample::Sample;

/// How bad a code is. Some are told as both, depending on the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severities {
    /// Always an error.
    Error,
    /// Always a warning.
    Warning,
    /// An error in some places, a warning in others.
    Either,
}

/// One code.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The code, for ever.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severities,
    /// A few words, for lists.
    pub title: &'static str,
    /// What is the matter.
    pub what: &'static str,
    /// What would happen to a customer or to the people who run the workflow.
    pub why: &'static str,
    /// Something small that has the problem.
    pub wrong: Sample,
    /// The same, cured.
    pub right: Sample,
}

static TABLES: &[&[Entry]] = &[
    upload::ENTRIES,
    import::ENTRIES,
    graph::ENTRIES,
    structure::ENTRIES,
    node::ENTRIES,
    statechart::ENTRIES,
    verifier::ENTRIES,
    expression::ENTRIES,
    data_flow::ENTRIES,
    scenario::ENTRIES,
];

/// Every entry, by stage.
pub fn all() -> impl Iterator<Item = &'static Entry> {
    TABLES.iter().flat_map(|table| table.iter())
}

/// The entry of a code.
pub fn find(code: &str) -> Option<&'static Entry> {
    all().find(|entry| entry.code == code)
}

/// The codes a warning may have.
pub fn warnings() -> impl Iterator<Item = &'static str> {
    all().filter(|entry| entry.severity != Severities::Error).map(|entry| entry.code)
}

impl Severities {
    /// `error`, `warning`, or both.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Either => "error or warning",
        }
    }
}
