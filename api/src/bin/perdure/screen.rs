//! Output: aligned text for people, exact JSON for programs.
//!
//! **Invariant:** colour is for terminals only, and never when NO_COLOR is set.

use serde::Serialize;
use serde_json::Value;
use std::{
    env,
    io::{self, IsTerminal, Write},
};

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// People.
    Text,
    /// Programs.
    Json,
}

/// A way to mark a piece of text.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Style {
    Bold,
    Dim,
    Red,
    Green,
    Yellow,
    Cyan,
}

/// Where a verb writes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    pub(crate) format: Format,
    has_colour: bool,
}

impl Screen {
    pub(crate) fn new(format: Format) -> Self {
        Self { format, has_colour: may_colour(&io::stdout()) }
    }

    pub(crate) fn is_json(self) -> bool {
        self.format == Format::Json
    }

    /// One line; it is out when this returns.
    pub(crate) fn line(self, text: impl AsRef<str>) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{}", text.as_ref())?;
        out.flush()
    }

    /// One line of JSON.
    pub(crate) fn json(self, value: &impl Serialize) -> anyhow::Result<()> {
        Ok(self.line(serde_json::to_string(value)?)?)
    }

    /// Marks a text.
    pub(crate) fn paint(self, style: Style, text: impl AsRef<str>) -> String {
        let text = text.as_ref();
        if !self.has_colour {
            return text.to_owned();
        }
        let code = match style {
            Style::Bold => 1,
            Style::Dim => 2,
            Style::Red => 31,
            Style::Green => 32,
            Style::Yellow => 33,
            Style::Cyan => 36,
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// The status of an instance in the colour of its urgency.
    pub(crate) fn status(self, status: &str) -> String {
        let style = match status {
            "running" | "waiting" => Style::Cyan,
            "completed" => Style::Green,
            "stuck" | "failed" => Style::Red,
            "suspended" => Style::Yellow,
            _ => Style::Dim,
        };
        self.paint(style, status)
    }

    /// Rows under headings, each column as wide as its widest cell.
    pub(crate) fn table(self, headings: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
        let wide = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| shown_width(cell));
            cells.max().unwrap_or(0).max(headings[column].len())
        };
        let widths: Vec<usize> = (0..headings.len()).map(wide).collect();
        let line = |cells: Vec<&str>| {
            let padded = cells.iter().zip(&widths).map(|(cell, width)| {
                format!("{cell}{}", " ".repeat(width.saturating_sub(shown_width(cell))))
            });
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        self.line(self.paint(Style::Dim, line(headings.to_vec())))?;
        for row in rows {
            self.line(line(row.iter().map(String::as_str).collect()))?;
        }
        Ok(())
    }
}

/// Whether what is written there may be coloured.
pub(crate) fn may_colour(out: &impl IsTerminal) -> bool {
    let is_forbidden = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    out.is_terminal() && !is_forbidden
}

/// Columns a text takes on a terminal, without its colours.
fn shown_width(text: &str) -> usize {
    let mut is_code = false;
    text.chars()
        .filter(|char| match char {
            '\x1b' => {
                is_code = true;
                false
            }
            'm' if is_code => {
                is_code = false;
                false
            }
            _ => !is_code,
        })
        .count()
}

/// A field as text: strings bare, null as nothing, lists joined by commas, everything else as JSON.
pub(crate) fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text_of).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// The same, cut to a number of characters.
pub(crate) fn short(value: &Value, chars_max: usize) -> String {
    let text = text_of(value).replace('\n', " ");
    match text.chars().count() > chars_max {
        true => format!("{}…", text.chars().take(chars_max.saturating_sub(1)).collect::<String>()),
        false => text,
    }
}
