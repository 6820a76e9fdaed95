//! Texts of other products as texts of ours.

use crate::expr::Template;

/// A text that must come out as it is: what opens a template in it is written as an expression that gives it.
pub(super) fn literal(text: &str) -> String {
    text.replace("{{", "{{ '{{' }}")
}

/// A text as it is written in an expression. JSON's escapes are also CEL's.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A name for a definition; `fallback` if nothing of it can stand in one.
pub(super) fn definition_name(text: &str, name_hint: Option<&str>, fallback: &str) -> String {
    let names = name_hint.into_iter().chain([text]).map(crate::source::slug);
    names.into_iter().find(|name| !name.is_empty()).unwrap_or_else(|| fallback.to_owned())
}

/// Least number of characters a template renders to; what cannot be read counts as it is written.
pub(super) fn min_chars(template: &str) -> usize {
    Template::parse(template).map_or_else(|_| template.chars().count(), |t| t.min_chars())
}
