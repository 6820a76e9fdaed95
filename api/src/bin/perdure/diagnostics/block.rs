//! Diagnostics as people read them: what is wrong, where, the line with the place marked, and how to cure it.

use crate::screen::{Screen, Style};
use serde_json::Value;
use std::fmt::Write;

/// Columns of a line of the file that are shown around a place.
const SHOWN_CHARS_MAX: usize = 96;
/// How much of a long line is shown before the place.
const BEFORE_CHARS: usize = 36;

/// One block per diagnostic, as the API and `workflows` write them. `text` is what the file says, or empty if it cannot be
/// shown.
pub(crate) fn block(screen: Screen, file: &str, text: &str, diagnostic: &Value) -> String {
    let field = |field: &str| diagnostic[field].as_str().unwrap_or_default();
    let is_accepted = diagnostic["accepted"].is_string();
    let (word, style) = match field("severity") {
        _ if is_accepted => ("accepted", Style::Dim),
        "error" => ("error", Style::Red),
        _ => ("warning", Style::Yellow),
    };
    let head = format!("[{}]: {}", field("code"), field("message"));
    let place = Place::of(diagnostic);
    let mut at = match &place {
        Some(Place { line, column, .. }) => format!("  at: {file}:{line}:{column}"),
        None => format!("  at: {file}"),
    };
    if !field("pointer").is_empty() {
        let _ = write!(at, " {}", field("pointer"));
    }
    if !field("node").is_empty() {
        let _ = write!(at, " (node `{}`)", field("node"));
    }
    if is_accepted {
        let text = format!("{word}{head}\n{at}\n  accepted: {}", field("accepted"));
        return screen.paint(style, text);
    }
    let mut block =
        format!("{}{head}\n{}", screen.paint(style, word), screen.paint(Style::Dim, at));
    if let Some((line, marks)) = place.and_then(|place| place.shown(text)) {
        let _ = write!(block, "\n{line}\n{}", screen.paint(style, marks));
    }
    if !field("help").is_empty() {
        let _ = write!(block, "\n  help: {}", field("help"));
    }
    block
}

/// Where it is in the file, from 1.
struct Place {
    line: usize,
    column: usize,
    /// The column after its end, if it ends on the same line.
    end: Option<usize>,
}

impl Place {
    fn of(diagnostic: &Value) -> Option<Self> {
        let place = &diagnostic["place"];
        let number = |field: &str| usize::try_from(place[field].as_u64()?).ok();
        let (line, column) = (number("line")?, number("column")?);
        let end = number("end_column").filter(|_| number("end_line") == Some(line));
        Some(Self { line, column, end })
    }

    /// The line it is on, and the marks below it. Of a long line only what is around the place.
    fn shown(&self, text: &str) -> Option<(String, String)> {
        let line: Vec<char> = text.lines().nth(self.line.checked_sub(1)?)?.chars().collect();
        let start = self.column.checked_sub(1)?.min(line.len());
        let end = self
            .end
            .map_or(start + 1, |end| end.saturating_sub(1))
            .clamp(start + 1, start.max(line.len()) + 1);
        let blanks = line.iter().take_while(|c| c.is_whitespace()).count().min(start);
        let from = match line.len() - blanks > SHOWN_CHARS_MAX {
            true => start.saturating_sub(BEFORE_CHARS).max(blanks),
            false => blanks,
        };
        let until = line.len().min(from + SHOWN_CHARS_MAX);
        let (before, after) =
            (if from > blanks { "…" } else { "" }, if until < line.len() { "…" } else { "" });
        let shown: String =
            line[from..until].iter().map(|c| if *c == '\t' { ' ' } else { *c }).collect();
        let margin = format!("  {} | ", self.line);
        let indent = " ".repeat(margin.chars().count() - 2);
        let marks = "^".repeat(end.min(until.max(start + 1)) - start);
        let gap = " ".repeat(before.chars().count() + start - from);
        Some((format!("{margin}{before}{shown}{after}"), format!("{indent}| {gap}{marks}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_marked() {
        let long = format!("{{\"a\": \"{}\", \"b\": 12}}", "x".repeat(200));
        let (kept, gap) = ("x".repeat(28), " ".repeat(37));
        let cut = format!("  1 | …{kept}\", \"b\": 12}}\n    | {gap}^^");
        for (text, line, column, end, wanted) in [
            ("{\n  \"a\": b\n}", 2, 8, Some(9), "  2 | \"a\": b\n    |      ^"),
            ("{\"a\": 12}", 1, 7, Some(9), "  1 | {\"a\": 12}\n    |       ^^"),
            // What goes on below the line is marked where it begins.
            ("{\n}", 1, 1, None, "  1 | {\n    | ^"),
            // After the end, where something is missing.
            ("{\"a\"", 1, 5, Some(6), "  1 | {\"a\"\n    |     ^"),
            (&long, 1, 216, Some(218), &cut),
        ] {
            let (shown, marks) = Place { line, column, end }.shown(text).unwrap();
            assert_eq!(format!("{shown}\n{marks}"), wanted, "{text}");
        }
        assert!(Place { line: 9, column: 1, end: None }.shown("{}").is_none());
    }
}
