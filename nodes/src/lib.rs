//! The effects a workflow can have: one file per kind in [`kinds`], and what they share.
//!
//! **Invariant:** knows no engine and no SQL; an attempt comes in, an outcome with its evidence goes out.
//! **Invariant:** an outcome never claims more than the wire proved: what may have happened is `Unknown`.
//! **Invariant:** a call is made once per attempt. Trying again is the engine's decision, never a client's.

mod egress;
mod exchange;
mod http;
mod kinds;
mod node;
mod openai;
mod outcome;
mod talk;
mod whatsapp;

pub use egress::Egress;
use http::Http;
use node::Node;
use workflows::step::{Attempt, Attempted, Checked, Running, StepRunner};

/// How the nodes are set up.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    /// Where `http.request` may go.
    pub egress: Egress,
}

/// Every kind, ready to run. Cheap to share, holds the connection pools.
pub struct Nodes {
    http: Http,
}

impl Nodes {
    /// Installs the TLS provider unless the process has one, and builds the HTTP clients. Fails if TLS cannot be set up.
    pub fn new(settings: Settings) -> Result<Nodes, reqwest::Error> {
        Ok(Nodes { http: Http::new(settings.egress)? })
    }

    /// The kinds that can be run.
    pub fn kinds() -> impl Iterator<Item = &'static str> {
        kinds::ALL.iter().map(|node| node.kind())
    }
}

fn find(kind: &str) -> Option<&'static dyn Node> {
    kinds::ALL.iter().copied().find(|node| node.kind() == kind)
}

impl StepRunner for Nodes {
    fn run(&self, attempt: Attempt) -> Running<'_, Attempted> {
        Box::pin(async move {
            match find(&attempt.kind) {
                Some(node) => node.run(&self.http, &attempt).await,
                None => {
                    let message = format!("there is no kind \"{}\"", attempt.kind);
                    let outcome = outcome::failed("unknown-kind", message);
                    Attempted { outcome, exchange: None }
                }
            }
        })
    }

    fn check(&self, attempt: Attempt) -> Running<'_, Checked> {
        Box::pin(async move {
            match find(&attempt.kind) {
                Some(node) => node.check(&self.http, &attempt).await,
                None => Checked::CannotTell,
            }
        })
    }
}
