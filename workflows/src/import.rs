//! Workflows of other products to a definition file: Typebot 6 (and older) and n8n.
//!
//! What has a counterpart becomes a node of ours. What has none becomes a node of the kind `imported`, which keeps the
//! original and the wiring and is an error until it is rewritten; what is left out of a node that could be taken over is a
//! warning on it. Both have the code `needs-rewriting`.
//!
//! **Invariant:** nothing of the source is dropped in silence: every node, block and event of it is in the graph or in the
//! list, and a text that is not understood is never run as something else.
//! **Invariant:** importing is total, like compiling: any JSON gives a definition file and diagnostics, in bounded time.
//! **Invariant:** the same document always gives the same file, since uploads are kept as they came and compiled again.

mod draft;
mod n8n;
mod names;
mod origin;
mod script;
mod text;
mod typebot;

pub(crate) use origin::Origins;

use crate::{diagnostic::Diagnostic, json::Json};

/// A product whose exports can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// Typebot, versions 3 to 6.
    Typebot,
    /// n8n.
    N8n,
}

impl Product {
    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Typebot => "Typebot",
            Self::N8n => "n8n",
        }
    }
}

/// What came of an import.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The definition file, with a React Flow graph in it.
    pub file: Json,
    /// What needs rewriting. Pointers are places in the imported document; nodes are those of the file.
    pub diagnostics: Vec<Diagnostic>,
    /// Where in the document each part of the file comes from.
    pub(crate) origins: Origins,
}

/// Whose export this is; `None` for anything else.
pub fn detect(json: &Json) -> Option<Product> {
    let is_list = |key: &str| matches!(json.get(key), Some(Json::Array(_)));
    let is_object = |key: &str| matches!(json.get(key), Some(Json::Object(_)));
    if is_list("groups") && is_list("edges") && !is_list("nodes") {
        return Some(Product::Typebot);
    }
    (is_list("nodes") && is_object("connections") && !is_list("edges")).then_some(Product::N8n)
}

/// Makes a definition file of an export. `name_hint` names it if it has no name of its own.
pub fn import(json: &Json, product: Product, name_hint: Option<&str>) -> Imported {
    match product {
        Product::Typebot => typebot::import(json, name_hint),
        Product::N8n => n8n::import(json, name_hint),
    }
}
