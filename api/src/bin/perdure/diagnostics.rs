//! Diagnostics as people read them: what is wrong, where, and how to cure it.

use crate::screen::{Screen, Style};
use serde_json::Value;
use std::fmt::Write;

/// One block per diagnostic, as the API and `workflows` write them.
pub(crate) fn block(screen: Screen, file: &str, diagnostic: &Value) -> String {
    let text = |field: &str| diagnostic[field].as_str().unwrap_or_default();
    let severity = text("severity");
    let style = if severity == "error" { Style::Red } else { Style::Yellow };
    let mut block =
        format!("{}[{}]: {}", screen.paint(style, severity), text("code"), text("message"));
    let mut place = format!("  at: {file}");
    if !text("pointer").is_empty() {
        let _ = write!(place, " {}", text("pointer"));
    }
    if !text("node").is_empty() {
        let _ = write!(place, " (node `{}`)", text("node"));
    }
    let _ = write!(block, "\n{}", screen.paint(Style::Dim, place));
    if !text("help").is_empty() {
        let _ = write!(block, "\n  help: {}", text("help"));
    }
    block
}
