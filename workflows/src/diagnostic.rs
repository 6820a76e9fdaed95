//! What the compiler tells an admin about a definition: every problem at once, each on its node.
//!
//! **Invariant:** compiling never fails and never panics; it returns diagnostics beside whatever could be built.

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
        }
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

    /// Whether it forbids publishing.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Escapes one reference token of a JSON pointer (RFC 6901 section 3).
pub fn pointer_token(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// The message of an expression's problem with the column it starts at, counted in characters from 1.
pub(crate) fn problem_message(problem: &crate::expr::Problem, source: &str) -> String {
    let column = source.get(..problem.span.start).map_or(1, |before| before.chars().count() + 1);
    format!("{} (column {column})", problem.message)
}
