//! What the compiler tells an admin about a definition: every problem at once, each on its node.
//!
//! Each has a stable code that [`catalogue`] explains, and its place: a JSON pointer, the characters within an expression
//! or template ([`Position`]), and line and column of the uploaded file ([`Place`]).
//!
//! **Invariant:** compiling never fails and never panics; it returns diagnostics beside whatever could be built.
//! **Invariant:** every code is in the catalogue; a test reads the sources for codes that are not.

mod accept;
pub mod catalogue;
mod locate;
mod position;
mod scan;

pub(crate) use accept::accept;
pub(crate) use locate::duplicate_keys;
pub use locate::locate;
pub use position::{Place, Position};

use crate::expr::Problem;
use serde::Serialize;

/// How bad it is. A definition with an error cannot be published; a warning can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The definition would not run as drawn.
    Error,
    /// It runs, and probably not as meant.
    Warning,
}

/// One problem of a definition, addressed to the person who drew it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// Stable kebab-case code, e.g. `edge-target`. Programs may rely on it.
    pub code: &'static str,
    /// Id of the builder node (graph) or path of the state (statechart) it is about.
    pub node: Option<String>,
    /// JSON pointer (RFC 6901) into the uploaded document; empty for the whole document.
    pub pointer: String,
    /// What is wrong, in words a non-programmer understands.
    pub message: String,
    /// How to cure it.
    pub help: Option<String>,
    /// Where within the text at `pointer`, if that is an expression or a template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// Where in the uploaded file; known for whatever was read from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Why the definition accepts this warning; it stays on record and is no longer counted. Never set on an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
}

impl Diagnostic {
    /// An error at `pointer`.
    pub fn error(
        code: &'static str,
        pointer: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Error,
            code,
            node: None,
            pointer: pointer.into(),
            message: message.into(),
            help: None,
            position: None,
            place: None,
            accepted: None,
        }
    }

    /// What is wrong with the expression or template `source` at `pointer`, with its position.
    pub fn of_problem(problem: &Problem, pointer: impl Into<String>, source: &str) -> Self {
        let mut diagnostic = Self::error(problem.code, pointer, problem_message(problem, source));
        diagnostic.help = problem.help.clone();
        diagnostic.position = Some(Position::of(source, &problem.span));
        diagnostic
    }

    /// A warning at `pointer`.
    pub fn warning(
        code: &'static str,
        pointer: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, pointer, message) }
    }

    /// Names the node or state the problem is on.
    #[must_use]
    pub fn on(mut self, node: impl Into<String>) -> Self {
        self.node = Some(node.into());
        self
    }

    /// Adds the cure.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says where in the file, when it is known before the file can be read as JSON.
    #[must_use]
    pub(crate) fn at(mut self, line: usize, column: usize) -> Self {
        self.place = Some(Place { line, column, end_line: line, end_column: column + 1 });
        self
    }

    /// Whether it forbids publishing.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Whether it is a warning that nobody has accepted.
    pub fn is_open_warning(&self) -> bool {
        self.severity == Severity::Warning && self.accepted.is_none()
    }
}

/// Escapes one reference token of a JSON pointer (RFC 6901 section 3).
pub fn pointer_token(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// The message of an expression's problem with the column it starts at, counted in characters from 1.
fn problem_message(problem: &Problem, source: &str) -> String {
    let column = source.get(..problem.span.start).map_or(1, |before| before.chars().count() + 1);
    format!("{} (column {column})", problem.message)
}
