//! What is kept of a call for people to read: capped, without credentials, without headers.
//!
//! **Invariant:** a value under a name that sounds like a credential, and the connection's own token wherever it stands,
//! never gets into an exchange.

use reqwest::Url;
use serde_json::{Map, Value, json};
use workflows::step::Secret;

/// Largest body that is kept, as JSON text.
const BODY_BYTES_MAX: usize = 4 * 1024;
/// Longest URL that is kept.
const URL_CHARS_MAX: usize = 1_000;
/// What stands in place of a credential.
const REDACTED: &str = "***";

/// Names of credentials, without `_` and `-`, in lower case.
const SECRET_NAMES: [&str; 20] = [
    "accesstoken",
    "apikey",
    "apitoken",
    "auth",
    "authorization",
    "authtoken",
    "bearer",
    "clientsecret",
    "credential",
    "credentials",
    "passwd",
    "password",
    "privatekey",
    "refreshtoken",
    "secret",
    "secretkey",
    "sig",
    "signature",
    "token",
    "xapikey",
];

/// The request half.
pub(crate) fn request(method: &str, url: &str, body: &Value, token: Option<&Secret>) -> Value {
    json!({"method": method, "url": scrub(&url_of(url), token), "body": cap(body, token)})
}

/// The response half; the body is absent if it could not be read.
pub(crate) fn response(status: u16, body: Option<&Value>, token: Option<&Secret>) -> Value {
    json!({"status": status, "body": body.map(|body| cap(body, token))})
}

/// A text without the token.
pub(crate) fn scrub(text: &str, token: Option<&Secret>) -> String {
    match token.map(Secret::reveal) {
        Some(token) if !token.is_empty() => text.replace(token, REDACTED),
        _ => text.to_owned(),
    }
}

fn is_secret(name: &str) -> bool {
    let plain: String =
        name.chars().filter(|char| !matches!(char, '_' | '-')).collect::<String>().to_lowercase();
    SECRET_NAMES.contains(&plain.as_str())
}

fn url_of(url: &str) -> String {
    let Ok(mut url) = Url::parse(url) else { return "not a URL".to_owned() };
    // Failing means that the URL can carry neither.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    // `key` is a credential in query strings, and an ordinary word in bodies.
    let is_credential = |name: &str| is_secret(name) || name.eq_ignore_ascii_case("key");
    if pairs.iter().any(|(name, _)| is_credential(name)) {
        let mut query = url.query_pairs_mut();
        query.clear();
        for (name, value) in &pairs {
            query.append_pair(name, if is_credential(name) { REDACTED } else { value });
        }
    }
    String::from(url).chars().take(URL_CHARS_MAX).collect()
}

fn cap(body: &Value, token: Option<&Secret>) -> Value {
    let body = redact(body, token);
    let text = body.to_string();
    if text.len() <= BODY_BYTES_MAX {
        return body;
    }
    let mut end = BODY_BYTES_MAX;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    json!({"truncated": true, "text": &text[..end]})
}

fn redact(value: &Value, token: Option<&Secret>) -> Value {
    match value {
        Value::String(text) => Value::String(scrub(text, token)),
        Value::Array(items) => items.iter().map(|item| redact(item, token)).collect(),
        Value::Object(fields) => {
            let redacted = fields.iter().map(|(name, value)| {
                let value = if is_secret(name) { json!(REDACTED) } else { redact(value, token) };
                (name.clone(), value)
            });
            Value::Object(redacted.collect::<Map<_, _>>())
        }
        plain => plain.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for (url, wanted) in [
            ("https://x.test/a?q=1&key=2", "https://x.test/a?q=1&key=***"),
            ("https://x.test/a?access_token=s&q=a%20b", "https://x.test/a?access_token=***&q=a+b"),
            ("https://u:p@x.test/a", "https://x.test/a"),
            ("https://x.test/a?q=a%20b", "https://x.test/a?q=a%20b"),
            ("https://x.test/sesame", "https://x.test/***"),
            ("nonsense", "not a URL"),
        ] {
            let token = Secret::new("sesame");
            assert_eq!(request("GET", url, &Value::Null, Some(&token))["url"], wanted, "{url}");
        }
    }

    #[test]
    fn bodies() {
        let token = Secret::new("sesame");
        for (body, wanted) in [
            (json!({"Api-Key": "k", "max_tokens": 3}), json!({"Api-Key": "***", "max_tokens": 3})),
            (json!({"a": [{"password": {"x": 1}}]}), json!({"a": [{"password": "***"}]})),
            (json!({"text": "say sesame"}), json!({"text": "say ***"})),
            (json!({"key": "step"}), json!({"key": "step"})),
        ] {
            assert_eq!(response(200, Some(&body), Some(&token))["body"], wanted, "{body}");
        }
        let capped = response(200, Some(&json!("é".repeat(5_000))), None);
        assert_eq!(capped["body"]["truncated"], true);
        assert!(capped["body"]["text"].as_str().unwrap().len() <= BODY_BYTES_MAX);
    }
}
