//! Walks the bytes of a JSON document and tells where each value stands, which a parsed document no longer knows.
//!
//! **Invariant:** total: of a text that is not JSON, or too deep, the part that could be read is told, and no more.

use super::pointer_token;
use crate::limits::JSON_DEPTH_MAX;
use std::{borrow::Cow, collections::HashMap, ops::Range};

/// Where a value stands, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    /// Its key with the quotes, if it is a member of an object.
    pub(super) key: Option<Range<usize>>,
    /// The value itself, texts with their quotes.
    pub(super) value: Range<usize>,
}

/// What a walk is told.
pub(super) trait Visitor {
    /// There is a value at this pointer. Told when its end is known, so after what is in it.
    fn value(&mut self, pointer: &str, spot: &Spot);
    /// One object has a key twice; the pointer is that of both.
    fn twice(&mut self, _pointer: &str, _first: &Spot, _second: &Spot) {}
}

/// Walks over the whole text.
pub(super) fn scan(text: &str, visitor: &mut impl Visitor) {
    let mut walk = Walk { text, at: 0, pointer: String::new(), visitor };
    let _ = walk.value(None, 0);
}

struct Walk<'a, V> {
    text: &'a str,
    at: usize,
    pointer: String,
    visitor: &'a mut V,
}

impl<'a, V: Visitor> Walk<'a, V> {
    /// The value that begins here; `None` ends the walk.
    fn value(&mut self, key: Option<Range<usize>>, depth: usize) -> Option<Spot> {
        self.skip_blanks();
        let start = self.at;
        match self.peek()? {
            b'{' if depth < JSON_DEPTH_MAX => self.object(depth)?,
            b'[' if depth < JSON_DEPTH_MAX => self.array(depth)?,
            b'"' => {
                self.string()?;
            }
            byte if byte == b'-' || byte.is_ascii_alphanumeric() => self.word(),
            _ => return None,
        }
        let spot = Spot { key, value: start..self.at };
        self.visitor.value(&self.pointer, &spot);
        Some(spot)
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        let mut seen: HashMap<Cow<'a, str>, Spot> = HashMap::new();
        self.at += 1;
        loop {
            self.skip_blanks();
            match self.peek()? {
                b'}' => break,
                b',' => self.at += 1,
                _ => {
                    let key = self.string()?;
                    let name = decoded(&self.text[key.clone()]);
                    self.skip_blanks();
                    self.expect(b':')?;
                    let above = self.enter(&pointer_token(&name));
                    let spot = self.value(Some(key), depth + 1)?;
                    if let Some(first) = seen.get(&name) {
                        self.visitor.twice(&self.pointer, first, &spot);
                    }
                    seen.insert(name, spot);
                    self.pointer.truncate(above);
                }
            }
        }
        self.at += 1;
        Some(())
    }

    fn array(&mut self, depth: usize) -> Option<()> {
        let mut index = 0_usize;
        self.at += 1;
        loop {
            self.skip_blanks();
            match self.peek()? {
                b']' => break,
                b',' => self.at += 1,
                _ => {
                    let above = self.enter(&index.to_string());
                    self.value(None, depth + 1)?;
                    self.pointer.truncate(above);
                    index += 1;
                }
            }
        }
        self.at += 1;
        Some(())
    }

    /// Goes one token down; gives the length to go back to.
    fn enter(&mut self, token: &str) -> usize {
        let above = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(token);
        above
    }

    /// A text with its quotes.
    fn string(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        self.expect(b'"')?;
        loop {
            match self.peek()? {
                b'\\' => self.at += 2,
                b'"' => break,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Some(start..self.at)
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
        while self.peek().is_some_and(is_part) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

/// What a text in quotes says.
fn decoded(quoted: &str) -> Cow<'_, str> {
    match quoted.contains('\\') {
        true => Cow::Owned(serde_json::from_str(quoted).unwrap_or_default()),
        false => Cow::Borrowed(quoted.trim_matches('"')),
    }
}

/// Which bytes of a text in quotes hold these characters of what it says; `None` if it does not say that many.
pub(super) fn characters(quoted: &str, chars: Range<usize>) -> Option<Range<usize>> {
    let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
    let mut at = 0;
    let mut start = None;
    for n in 0..=chars.end {
        if n == chars.start {
            start = Some(at + 1);
        }
        if n == chars.end {
            return Some(start?..at + 1);
        }
        at += char_len(inner.get(at..)?)?;
    }
    None
}

/// Bytes the first character of a text is written with; a pair of surrogates is one character.
fn char_len(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    if first != '\\' {
        return Some(first.len_utf8());
    }
    let unit = |text: &str| u32::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok();
    match unit(text) {
        Some(0xD800..=0xDBFF) => Some(12),
        Some(_) => Some(6),
        None => Some(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Told(Vec<String>);

    impl Visitor for Told {
        fn value(&mut self, pointer: &str, spot: &Spot) {
            self.0.push(format!("{pointer} {}", spot.value.start));
        }

        fn twice(&mut self, pointer: &str, first: &Spot, second: &Spot) {
            let (first, second) = (first.value.start, second.value.start);
            self.0.push(format!("{pointer} twice: {first} {second}"));
        }
    }

    #[test]
    fn every_value_has_its_place() {
        for (text, wanted) in [
            ("1", &[" 0"][..]),
            (
                r#"{"a": [true, {"b/~": -1.5e+3}]}"#,
                &["/a/0 7", "/a/1/b~1~0 21", "/a/1 13", "/a 6", " 0"],
            ),
            (
                r#"{"a":1,"\u0061":2,"b":"\"}"}"#,
                &["/a 5", "/a 16", "/a twice: 5 16", "/b 22", " 0"],
            ),
            // Not JSON, or cut off: what came before is told.
            (r#"{"a": 1, "b": [2, "#, &["/a 6", "/b/0 15"]),
            (r#"{"a" 1}"#, &[]),
            ("", &[]),
        ] {
            let mut told = Told::default();
            scan(text, &mut told);
            assert_eq!(told.0, wanted, "{text}");
        }
    }

    #[test]
    fn what_is_too_deep_ends_the_walk() {
        scan(&"[".repeat(100_000), &mut Told::default());
    }

    #[test]
    fn characters_of_escaped_texts() {
        for (quoted, chars, wanted) in [
            (r#""abc""#, 1..2, Some("b")),
            (r#""añb""#, 2..3, Some("b")),
            (r#""a\nb\"c""#, 1..4, Some(r#"\nb\""#)),
            (r#""\ud83d\ude00x""#, 1..2, Some("x")),
            (r#""\u00f1x""#, 0..1, Some(r"\u00f1")),
            (r#""ab""#, 2..2, Some("")),
            (r#""ab""#, 1..5, None),
            ("12", 0..1, None),
        ] {
            let found = characters(quoted, chars.clone()).map(|range| &quoted[range]);
            assert_eq!(found, wanted, "{quoted} {chars:?}");
        }
    }
}
