//! Names and ids in the characters ours may have, each given once.

use std::collections::{HashMap, HashSet};

/// Longest name made of another one, in characters; leaves room for what is put behind it.
const CHARS_MAX: usize = 64;
/// Words that cannot follow a dot in an expression.
const RESERVED: &[&str] = &[
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "null",
    "package",
    "return",
    "true",
    "var",
    "void",
    "while",
];

/// The names given so far.
#[derive(Debug, Default)]
pub(super) struct Names {
    taken: HashSet<String>,
    /// How often each name was wanted, so that the thousandth of its kind is not compared with all others.
    wanted: HashMap<String, usize>,
}

impl Names {
    /// An id of a node near to `wanted`: letters, digits, `_` and `-`.
    pub(super) fn id(&mut self, wanted: &str, fallback: &str) -> String {
        let near: String = wanted
            .chars()
            .take(CHARS_MAX)
            .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' })
            .collect();
        let near = near.trim_matches('_');
        self.free(if near.is_empty() { fallback } else { near })
    }

    /// A name in the context near to `wanted`: what an expression can read after a dot, in lower case.
    pub(super) fn path(&mut self, wanted: &str, fallback: &str) -> String {
        let near = word(wanted);
        self.free(if near.is_empty() { fallback } else { &near })
    }

    fn free(&mut self, wanted: &str) -> String {
        let n = self.wanted.entry(wanted.to_owned()).or_default();
        loop {
            *n += 1;
            let name = if *n == 1 { wanted.to_owned() } else { format!("{wanted}_{n}") };
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }
}

/// The nearest word an expression can read after a dot; empty if nothing of it can stand there.
pub(super) fn word(wanted: &str) -> String {
    let mut word = String::new();
    for c in wanted.chars().take(CHARS_MAX) {
        match c.to_ascii_lowercase() {
            c @ ('a'..='z' | '0'..='9') => word.push(c),
            _ if word.is_empty() || word.ends_with('_') => {}
            _ => word.push('_'),
        }
    }
    let word = word.trim_end_matches('_').to_owned();
    let begins_with_digit = word.starts_with(|c: char| c.is_ascii_digit());
    match begins_with_digit || RESERVED.contains(&word.as_str()) {
        true => format!("v_{word}"),
        false => word,
    }
}

/// Whether an expression can read a field of this name after a dot.
pub(super) fn is_field(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !RESERVED.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_near_and_unique() {
        let mut names = Names::default();
        for (wanted, id) in [
            ("Big?", "Big"),
            ("Big?", "Big_2"),
            ("Big_2", "Big_2_2"),
            ("clx0a-9", "clx0a-9"),
            ("日本", "node"),
            ("", "node_2"),
        ] {
            assert_eq!(names.id(wanted, "node"), id, "{wanted}");
        }
        for (wanted, path) in [
            ("First name", "first_name"),
            ("Name", "name"),
            ("name", "name_2"),
            ("2nd", "v_2nd"),
            ("in", "v_in"),
            ("¿Qué día?", "qu_d_a"),
            ("", "value"),
        ] {
            assert_eq!(names.path(wanted, "value"), path, "{wanted}");
        }
    }
}
