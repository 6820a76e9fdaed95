//! Output: aligned text for people, exact JSON for programs.
//!
//! **Invariant:** colour is for terminals only, and never when NO_COLOR is set.
//! **Invariant:** what a file or a customer says cannot act on the terminal: of control characters only line ends, tabs and our own
//! colours reach it.

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

/// What switches each [`Style`] on.
const CODES: [&str; 6] = ["\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[36m"];
/// What switches it off.
const NO_STYLE: &str = "\x1b[0m";

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
        writeln!(out, "{}", harmless(text.as_ref()))?;
        out.flush()
    }

    /// One line of JSON.
    pub(crate) fn json(self, value: &impl Serialize) -> anyhow::Result<()> {
        Ok(self.line(serde_json::to_string(value)?)?)
    }

    /// One line beside the output, for people.
    pub(crate) fn aside(text: impl AsRef<str>) {
        eprintln!("{}", harmless(text.as_ref()));
    }

    /// Marks a text.
    pub(crate) fn paint(self, style: Style, text: impl AsRef<str>) -> String {
        let text = text.as_ref();
        if !self.has_colour {
            return text.to_owned();
        }
        let code = CODES[style as usize];
        format!("{code}{}{NO_STYLE}", harmless(text))
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

/// A text that cannot act on the terminal: control characters but line ends, tabs and our own colours are shown as `\u{fffd}`.
fn harmless(text: &str) -> std::borrow::Cow<'_, str> {
    let is_harmful = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.contains(is_harmful) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(is_harmful) {
        let (before, from) = rest.split_at(at);
        shown.push_str(before);
        let ours = CODES.iter().chain([&NO_STYLE]).find(|code| from.starts_with(**code));
        let (replacement, length) = match ours {
            Some(code) => (*code, code.len()),
            None => ("\u{fffd}", from.chars().next().map_or(1, char::len_utf8)),
        };
        shown.push_str(replacement);
        rest = &from[length..];
    }
    shown.push_str(rest);
    shown.into()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_say_does_not_act_on_the_terminal() {
        for (text, shown) in [
            ("plain\n\ttext", "plain\n\ttext"),
            ("\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"),
            ("\x1b[2J\x1b]0;title\x07", "\u{fffd}[2J\u{fffd}]0;title\u{fffd}"),
            ("back\x08\r\u{9b}31m", "back\u{fffd}\u{fffd}\u{fffd}31m"),
        ] {
            assert_eq!(harmless(text), shown);
        }
    }
}
