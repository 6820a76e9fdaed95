//! Where a problem is: within one text of the upload, and within the uploaded file.
//!
//! **Invariant:** lines and columns count from 1, in characters as people see them, not in bytes.

use serde::Serialize;
use std::{collections::HashMap, ops::Range};

/// A place within one text of the definition: an expression, a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Position {
    /// Line within the text.
    pub line: usize,
    /// Column within that line.
    pub column: usize,
    /// Characters of the text before it.
    pub start: usize,
    /// Characters of the text up to its end.
    pub end: usize,
}

impl Position {
    /// The position of a span of bytes. A span that ends outside of the text, or inside a character, is shortened.
    pub fn of(text: &str, span: &Range<usize>) -> Self {
        let before = &text[..text.floor_char_boundary(span.start)];
        let until = &text[..text.floor_char_boundary(span.end.max(span.start))];
        Self {
            line: before.matches('\n').count() + 1,
            column: before.chars().rev().take_while(|c| *c != '\n').count() + 1,
            start: before.chars().count(),
            end: until.chars().count(),
        }
    }
}

/// A place in the uploaded file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Line it begins on.
    pub line: usize,
    /// Column it begins at.
    pub column: usize,
    /// Line it ends on.
    pub end_line: usize,
    /// The column after its last character.
    pub end_column: usize,
}

/// The places of many spans of bytes at once, in the order of the spans. One walk, however many there are and however
/// long a line is.
pub(super) fn places(text: &str, spans: &[Range<usize>]) -> Vec<Place> {
    let mut wanted: Vec<usize> = spans.iter().flat_map(|span| [span.start, span.end]).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let mut found = HashMap::with_capacity(wanted.len());
    let (mut line, mut column) = (1, 1);
    let mut chars = text.char_indices().peekable();
    for offset in wanted {
        while let Some((_, c)) = chars.next_if(|(at, _)| *at < offset) {
            (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
        }
        found.insert(offset, (line, column));
    }
    let at = |offset: usize| found.get(&offset).copied().unwrap_or((1, 1));
    let place = |span: &Range<usize>| {
        let ((line, column), (end_line, end_column)) = (at(span.start), at(span.end));
        Place { line, column, end_line, end_column }
    };
    spans.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters() {
        for (text, span, wanted) in [
            ("abc", 0..1, (1, 1, 0, 1)),
            ("añb", 3..4, (1, 3, 2, 3)),
            ("a\nbc", 3..4, (2, 2, 3, 4)),
            ("añb", 2..9, (1, 2, 1, 3)),
            ("", 5..9, (1, 1, 0, 0)),
        ] {
            let at = Position::of(text, &span);
            assert_eq!((at.line, at.column, at.start, at.end), wanted, "{text:?} {span:?}");
        }
    }

    #[test]
    fn places_are_found_in_one_walk() {
        let text = "{\n  \"ñ\": 1\n}";
        let found = places(text, &[10..11, 0..13, 4..8]);
        let found: Vec<_> =
            found.iter().map(|p| (p.line, p.column, p.end_line, p.end_column)).collect();
        assert_eq!(found, [(2, 8, 2, 9), (1, 1, 3, 2), (2, 3, 2, 6)]);
    }
}
