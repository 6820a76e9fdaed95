//! What is told to a person when a verb cannot do what was asked, and the exit code that goes with
//! it.
//!
//! **Invariant:** a user's mistake never shows a debug form or a panic; it is one sentence, with a
//! cure where there is one.

use std::{error::Error, fmt, io, process::ExitCode};

/// How a verb ended that did run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well.
    Fine,
    /// The answer is no: not publishable, diverged, stuck.
    No,
    /// As the program that was run ended.
    Like(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Fine => ExitCode::SUCCESS,
            Exit::No => ExitCode::from(1),
            Exit::Like(code) => ExitCode::from(code),
        }
    }
}

/// Asked wrongly.
const USAGE: u8 = 2;
/// The server cannot be reached, or refused.
const REFUSED: u8 = 3;

/// A failure with its exit code and its cure.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
    help: Option<String>,
}

impl Failure {
    /// What was asked makes no sense, or a file that was named cannot be read.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { code: USAGE, message: message.into(), help: None }
    }

    /// Something that was needed could not be reached, or said no.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self { code: REFUSED, message: message.into(), help: None }
    }

    /// Adds the cure.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {}

/// Tells the failure on stderr and gives its exit code. A reader that went away (`perdure history …
/// | head`) is none.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    let is_broken_pipe = |cause: &(dyn Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    };
    if error.chain().any(is_broken_pipe) {
        return ExitCode::SUCCESS;
    }
    let mut sentence = String::new();
    for cause in error.chain().map(ToString::to_string) {
        // A cause often repeats what the error above it has said.
        if !sentence.contains(&cause) {
            let joint = if sentence.is_empty() { "" } else { ": " };
            sentence = format!("{sentence}{joint}{cause}");
        }
    }
    crate::screen::Screen::aside(format!("error: {sentence}"));
    let failure = error.chain().find_map(|cause| cause.downcast_ref::<Failure>());
    if let Some(help) = failure.and_then(|failure| failure.help.as_ref()) {
        crate::screen::Screen::aside(format!("  help: {help}"));
    }
    ExitCode::from(failure.map_or(REFUSED, |failure| failure.code))
}
