//! Replaces what is known of people by samples: in a scenario it would be read by everybody who reads the definition.
//!
//! Every text is looked through for what the contact is called and reached by, and for what looks like an e-mail address or
//! a telephone number. The same original has the same sample everywhere, and different ones differ, so that what a workflow
//! compares stays equal or different.
//!
//! **Invariant:** nothing is replaced by anything that depends on more than the order in which it is met.

use regex::Regex;
use serde_json::{Map, Value};
use std::{collections::BTreeMap, sync::LazyLock};

/// What looks like an e-mail address, or like a telephone number.
static FOUND: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?P<mail>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)|\+\d[\d ().-]{6,}\d|\b\d{9,15}\b").ok()
});
/// Shortest text of a contact that is looked for in others.
const KNOWN_CHARS_MIN: usize = 3;
/// Shortest word of a name that is looked for.
const WORD_CHARS_MIN: usize = 4;
/// Names of the samples, over and over.
const NAMES: [&str; 4] = ["Ana", "Juma", "Lucía", "Omar"];

/// Replaces, and remembers what by.
#[derive(Debug, Default)]
pub(super) struct Redactor {
    keeps: bool,
    /// Texts to be found anywhere, the longest first, and their samples.
    known: Vec<(String, String)>,
    mails: BTreeMap<String, String>,
    phones: BTreeMap<String, String>,
    names: usize,
}

impl Redactor {
    /// Replaces nothing.
    pub(super) fn keeping() -> Self {
        Self { keeps: true, ..Self::default() }
    }

    /// Replaces what is known of the contact, and what looks like it.
    pub(super) fn of(scope: &Map<String, Value>) -> Self {
        let mut redactor = Self::default();
        let contact = scope.get("contact").and_then(Value::as_object);
        for (field, value) in contact.into_iter().flatten() {
            if let Some(text) = value.as_str() {
                redactor.learn(field, text);
            }
        }
        redactor.known.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        redactor
    }

    /// Whether everything stays as it was.
    pub(super) fn keeps(&self) -> bool {
        self.keeps
    }

    fn learn(&mut self, field: &str, text: &str) {
        let lower = field.to_ascii_lowercase();
        if lower.contains("name") {
            let sample = NAMES[self.names % NAMES.len()];
            self.names += 1;
            self.know(text, sample, KNOWN_CHARS_MIN);
            // Whoever is called by the whole name is often called by a part of it.
            text.split_whitespace().for_each(|word| self.know(word, sample, WORD_CHARS_MIN));
        } else if lower == "id" {
            self.know(text, "00000000-0000-4000-8000-000000000001", KNOWN_CHARS_MIN);
        } else if !matches!(lower.as_str(), "locale" | "timezone" | "language") {
            let sample = self.found(text);
            if sample != text {
                self.know(text, &sample, KNOWN_CHARS_MIN);
            }
        }
    }

    fn know(&mut self, text: &str, sample: &str, chars_min: usize) {
        let is_new = self.known.iter().all(|(known, _)| known != text);
        if is_new && text.chars().count() >= chars_min {
            self.known.push((text.to_owned(), sample.to_owned()));
        }
    }

    /// A value with every text in it replaced.
    pub(super) fn value(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::Object(fields) => {
                fields.iter().map(|(key, field)| (key.clone(), self.value(field))).collect()
            }
            other => other.clone(),
        }
    }

    /// A text with what is known, and what looks like it, replaced.
    pub(super) fn text(&mut self, text: &str) -> String {
        if self.keeps {
            return text.to_owned();
        }
        let mut replaced = self.found(text);
        for (known, sample) in &self.known {
            if replaced.contains(known.as_str()) {
                replaced = replaced.replace(known.as_str(), sample);
            }
        }
        replaced
    }

    fn found(&mut self, text: &str) -> String {
        let Some(pattern) = FOUND.as_ref() else { return String::new() };
        let replaced = pattern.replace_all(text, |found: &regex::Captures<'_>| {
            let original = &found[0];
            match found.name("mail") {
                Some(_) => self.mail(original),
                None => self.phone(original),
            }
        });
        replaced.into_owned()
    }

    fn mail(&mut self, original: &str) -> String {
        let nth = self.mails.len() + 1;
        let sample = self.mails.entry(original.to_lowercase());
        sample.or_insert_with(|| format!("person{nth}@example.com")).clone()
    }

    /// The same number with and without its plus has the same sample, with and without.
    fn phone(&mut self, original: &str) -> String {
        let digits: String = original.chars().filter(char::is_ascii_digit).collect();
        let nth = self.phones.len() + 1;
        let sample = self.phones.entry(digits);
        let sample = sample.or_insert_with(|| format!("2557000{nth:05}")).clone();
        if original.starts_with('+') { format!("+{sample}") } else { sample }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn texts() {
        let scope = json!({"contact": {
            "id": "0199b2a0-0000-7000-8000-00000000abcd", "name": "Asha Mwangi", "phone": "+255712345678",
            "email": "asha@home.example", "locale": "sw", "nick": "Shasha"
        }});
        let mut redactor = Redactor::of(scope.as_object().unwrap());
        for (text, wanted) in [
            ("Habari Asha Mwangi!", "Habari Ana!"),
            (
                "Asha, your number is 255712345678 (+255712345678)",
                "Ana, your number is 255700000001 (+255700000001)",
            ),
            ("+1 (555) 010-9999 or 0712345678", "+255700000002 or 255700000003"),
            (
                "write to ASHA@home.example or b@c.example",
                "write to person1@example.com or person2@example.com",
            ),
            (
                "2026-01-02T09:00:00+03:00, order 4711, 12345678",
                "2026-01-02T09:00:00+03:00, order 4711, 12345678",
            ),
            ("0199b2a0-0000-7000-8000-00000000abcd", "00000000-0000-4000-8000-000000000001"),
            ("", ""),
        ] {
            assert_eq!(redactor.text(text), wanted);
        }
        let kept = Redactor::keeping().value(&scope);
        assert_eq!(kept, scope);
    }
}
