//! Finds credentials written into a definition, where every viewer, export and history row would show them.
//!
//! **Invariant:** a finding never repeats the credential; it names the place.

use crate::diagnostic::{Diagnostic, pointer_token};
use serde_json::Value;

/// What tokens of well-known providers start with, and how long they are at least.
const PREFIXES: &[(&str, usize)] = &[
    ("Bearer ", 15),
    ("Basic ", 15),
    ("sk-", 20),
    ("sk_live_", 16),
    ("rk_live_", 16),
    ("xoxb-", 16),
    ("xoxp-", 16),
    ("xapp-", 16),
    ("EAA", 30),
    ("pat-", 20),
    ("ghp_", 20),
    ("github_pat_", 20),
    ("AKIA", 20),
    ("AIza", 30),
    ("-----BEGIN ", 20),
];

/// Keys whose value is a credential, in lower case and without separators.
const KEYS: &[&str] = &[
    "token",
    "accesstoken",
    "refreshtoken",
    "authtoken",
    "bearertoken",
    "password",
    "passwd",
    "secret",
    "clientsecret",
    "appsecret",
    "apikey",
    "xapikey",
    "privatekey",
    "authorization",
];

/// Warns about every text in `value` that looks like a credential. Texts with `{{ }}` are computed, not written.
pub(crate) fn scan(value: &Value, pointer: &str, node: Option<&str>, out: &mut Vec<Diagnostic>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let at = format!("{pointer}/{}", pointer_token(key));
                match value {
                    Value::String(text) if is_secret_key(key) && is_written_out(text) => {
                        out.push(found(&at, node));
                    }
                    _ => scan(value, &at, node, out),
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                scan(item, &format!("{pointer}/{index}"), node, out);
            }
        }
        Value::String(text) if is_token(text) => out.push(found(pointer, node)),
        _ => {}
    }
}

fn is_secret_key(key: &str) -> bool {
    let folded: String =
        key.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    KEYS.contains(&folded.as_str())
}

fn is_written_out(text: &str) -> bool {
    !text.trim().is_empty() && !text.contains("{{")
}

fn is_token(text: &str) -> bool {
    let text = text.trim();
    is_written_out(text)
        && PREFIXES.iter().any(|(prefix, chars_min)| {
            text.len() >= *chars_min
                && text.starts_with(prefix)
                // Prose may begin like a token; a token has no blanks after its scheme.
                && (prefix.starts_with('-') || !text[prefix.len()..].contains(' '))
        })
}

fn found(pointer: &str, node: Option<&str>) -> Diagnostic {
    let diagnostic = Diagnostic::warning(
        "secret",
        pointer,
        "this looks like a password or access token written into the workflow",
    )
    .help("Store it as a connection, and name the connection here: definitions can be read by everyone in the team.");
    match node {
        Some(node) => diagnostic.on(node),
        None => diagnostic,
    }
}
