//! Definitions in the forms that other programs read: the definition file, React Flow, XState.
//!
//! **Invariant:** React Flow gets back what the builder sent, in content and order of keys; all that is added is an id for
//! each edge that had none.
//! **Invariant:** the XState form holds everything: what XState does not know stands under `meta.perdure`, and reading the
//! export gives a definition that runs alike.

mod moved;
mod react_flow;
mod xstate;

pub(crate) use xstate::restore;

use crate::{
    compile::compile,
    diagnostic::Diagnostic,
    json::{Json, object},
    source::{self, Body, Source},
};

/// A form a definition can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Our definition file, with everything in it.
    File,
    /// React Flow's `toObject()`, of a definition that was drawn.
    ReactFlow,
    /// XState's machine JSON.
    XState,
}

impl Form {
    /// Every form with its name.
    pub const ALL: [(&'static str, Self); 3] =
        [("file", Self::File), ("react-flow", Self::ReactFlow), ("xstate", Self::XState)];

    /// The form of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, form)| form)
    }
}

/// Writes an upload in another form. `name_hint` names a bare graph or machine.
///
/// Fails with the diagnostics of what cannot be read; for XState, which needs the whole chart, with those of what cannot
/// be published; for React Flow with `not-drawn` if there is no graph.
pub fn export(bytes: &[u8], name_hint: Option<&str>, form: Form) -> Result<Json, Vec<Diagnostic>> {
    let (source, diagnostics) = source::read(bytes, name_hint);
    let Some(source) = source else { return Err(diagnostics) };
    match form {
        Form::File => Ok(file(&source)),
        Form::ReactFlow => react_flow::export(&source),
        Form::XState => {
            let compiled = compile(bytes, name_hint);
            match (&compiled.definition, compiled.machine) {
                (Some(_), Some(machine)) => Ok(xstate::export(&source, &machine)),
                _ => Err(compiled.diagnostics),
            }
        }
    }
}

/// The definition file: as it was uploaded, or around what was uploaded.
fn file(source: &Source) -> Json {
    let document = source.document.clone();
    if document.get("perdure").is_some() {
        return document;
    }
    let body = match source.body {
        Body::Graph(_) => "graph",
        Body::Machine(_) => "machine",
    };
    object([
        ("perdure", 1.into()),
        ("name", source.name.as_str().into()),
        ("title", source.title.as_str().into()),
        (body, document),
    ])
}
