//! What can be wrong with an expression: a [`Problem`] at upload, an [`EvalError`] at run time.
//!
//! **Invariant:** codes are stable; programs may rely on them. Messages are for people and may change.

use std::fmt;
use std::ops::Range;

/// One thing wrong with an expression or a template, found without running it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Stable kebab-case code, e.g. `expression-syntax`, `unknown-name`, `wrong-type`.
    pub code: &'static str,
    /// What is wrong, in words a non-programmer understands.
    pub message: String,
    /// Bytes of the source it is about.
    pub span: Range<usize>,
    /// How to cure it.
    pub help: Option<String>,
}

impl Problem {
    pub(super) fn new(code: &'static str, message: impl Into<String>, span: Range<usize>) -> Self {
        Self { code, message: message.into(), span, help: None }
    }

    pub(super) fn syntax(message: impl Into<String>, span: Range<usize>) -> Self {
        Self::new("expression-syntax", message, span)
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same problem in a longer text, where its expression starts at byte `offset`.
    pub(super) fn shifted(mut self, offset: usize) -> Self {
        self.span = self.span.start + offset..self.span.end + offset;
        self
    }
}

/// Why an evaluation has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvalError {
    /// Stable kebab-case code, e.g. `no-such-field`, `wrong-type`, `out-of-fuel`.
    pub code: &'static str,
    /// What happened, readable by an admin.
    pub message: String,
    /// Bytes of the source where it happened.
    pub span: Range<usize>,
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for EvalError {}

impl EvalError {
    /// Whether it says that data is not there, which `has` and `default` forgive.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self.code, "no-such-field" | "index-out-of-range")
    }

    /// Whether no other operand may hide it: a bound was reached.
    pub(super) fn is_fatal(&self) -> bool {
        matches!(self.code, "out-of-fuel" | "output-too-large")
    }

    pub(super) fn shifted(mut self, offset: usize) -> Self {
        self.span = self.span.start + offset..self.span.end + offset;
        self
    }
}
