//! What is told of a scenario that did not go as expected.

use super::transcript::{Entry, shorten};
use serde::Serialize;
use serde_json::Value;
use std::fmt;

/// The first thing that was not as expected.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Failure {
    /// JSON pointer to the line, or to the scenario when its end is what is wrong.
    pub pointer: String,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What the line expects; null when it does not compare anything.
    pub expected: Value,
    /// What is.
    pub actual: Value,
    /// What happened until then.
    pub transcript: Vec<Entry>,
}

impl Failure {
    /// The transcript alone, for people.
    pub(super) fn told_until_then(&self) -> String {
        let mut text = String::new();
        // Writing to a text cannot fail.
        let _ = self.tell(&mut text);
        text
    }

    fn tell(&self, f: &mut impl fmt::Write) -> fmt::Result {
        let long = self.transcript.iter().map(|entry| entry.at.len()).max().unwrap_or(0);
        let wide = self.transcript.iter().map(|entry| entry.who.len()).max().unwrap_or(0);
        let mut before = None;
        for entry in &self.transcript {
            // A time or a state is told once, not on every line it holds for.
            let (at, state) = (&entry.at, entry.state.join(", "));
            let shown = before.as_ref().is_none_or(|(last, _)| last != at);
            let at = if shown { at.as_str() } else { "" };
            write!(f, "  {at:long$}  {:wide$}  {}", entry.who, entry.what.replace('\n', " / "))?;
            if before.as_ref().is_none_or(|(_, last)| *last != state) {
                write!(f, "  → {state}")?;
            }
            writeln!(f)?;
            before = Some((entry.at.clone(), state));
        }
        Ok(())
    }
}

/// For people: the sentence, both sides, and the transcript.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.pointer, self.message)?;
        if !(self.expected.is_null() && self.actual.is_null()) {
            side(f, "expected", &self.expected)?;
            side(f, "actual", &self.actual)?;
        }
        self.tell(f)
    }
}

/// Lists of several things stand one below the other, so that the eye finds the odd one.
fn side(f: &mut fmt::Formatter<'_>, label: &str, value: &Value) -> fmt::Result {
    match value {
        Value::Array(items) if items.len() > 1 => {
            for (index, item) in items.iter().enumerate() {
                let label = if index == 0 { label } else { "" };
                writeln!(f, "  {label:8}  {}", shorten(&item.to_string()))?;
            }
            Ok(())
        }
        _ => writeln!(f, "  {label:8}  {}", shorten(&value.to_string())),
    }
}
