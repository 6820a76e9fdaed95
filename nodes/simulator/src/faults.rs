//! Scripted faults: which calls meet one, and what it does to them.
//!
//! **Invariant:** the same seed, rules and calls give the same faults.

use crate::gate::Answer;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What a fault does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// Answers with the given status, headers and body; no effect.
    Status,
    /// Has its effect; the answer never comes.
    TimeoutAfter,
    /// Cuts the connection; no effect.
    ResetBefore,
    /// Has its effect; cuts the connection.
    ResetAfter,
    /// Has its effect and answers, but late.
    DelayMs,
    /// Refuses as the provider does when it is asked too often.
    RateLimit,
    /// Has its effect; answers 500.
    ErrorAfter,
}

/// One rule, as posted, with its counters.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// A provider's name, or `*`.
    provider: String,
    /// Part of the path.
    #[serde(default)]
    path: Option<String>,
    /// How many calls meet it.
    #[serde(default = "one")]
    times: u64,
    /// How many matching calls pass before it starts.
    #[serde(default)]
    after: u64,
    /// How likely a matching call meets it.
    #[serde(default)]
    p: Option<f64>,
    pub(crate) mode: Mode,
    #[serde(default)]
    status: Option<u16>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: Value,
    #[serde(default)]
    pub(crate) delay_ms: u64,
    /// Seconds, for `rate_limit`.
    #[serde(default = "one")]
    retry_after: u64,
    #[serde(skip_deserializing)]
    seen: u64,
    #[serde(skip_deserializing)]
    fired: u64,
}

fn one() -> u64 {
    1
}

impl Fault {
    fn matches(&self, provider: &str, path: &str) -> bool {
        (self.provider == "*" || self.provider == provider)
            && self.path.as_deref().is_none_or(|part| path.contains(part))
    }

    /// Whether the provider still does what was asked.
    pub(crate) fn lets_through(&self) -> bool {
        !matches!(self.mode, Mode::Status | Mode::ResetBefore | Mode::RateLimit)
    }

    /// What the caller hears, given what the provider would have said; `None` is silence.
    pub(crate) fn said(&self, provider: &str, answer: Option<Answer>) -> Option<Answer> {
        match self.mode {
            Mode::DelayMs => answer,
            Mode::TimeoutAfter | Mode::ResetBefore | Mode::ResetAfter => None,
            Mode::Status => {
                let headers = self.headers.clone().into_iter().collect();
                let status = self.status.unwrap_or(500);
                Some(Answer { headers, ..Answer::refused(status, self.body.clone()) })
            }
            Mode::ErrorAfter => Some(Answer::refused(500, internal_error(provider))),
            Mode::RateLimit => {
                let headers = vec![("retry-after".to_owned(), self.retry_after.to_string())];
                Some(Answer { headers, ..Answer::refused(429, too_many(provider)) })
            }
        }
    }
}

fn too_many(provider: &str) -> Value {
    match provider {
        "whatsapp" => json!({"error": {"message": "(#130429) Rate limit hit", "code": 130_429,
            "type": "OAuthException", "error_data": {"messaging_product": "whatsapp",
            "details": "Message failed to send because there were too many messages sent"}}}),
        "openai" => json!({"error": {"message": "Rate limit reached", "type": "requests",
            "param": null, "code": "rate_limit_exceeded"}}),
        "hubspot" => json!({"status": "error", "errorType": "RATE_LIMIT",
            "message": "You have reached your ten_secondly_rolling limit.",
            "policyName": "TEN_SECONDLY_ROLLING"}),
        "slack" => json!({"ok": false, "error": "ratelimited"}),
        _ => json!({"error": "too many requests"}),
    }
}

fn internal_error(provider: &str) -> Value {
    match provider {
        "whatsapp" => {
            json!({"error": {"message": "(#131000) Something went wrong", "code": 131_000,
            "type": "OAuthException"}})
        }
        "openai" => json!({"error": {"message": "The server had an error", "type": "server_error",
            "param": null, "code": null}}),
        "hubspot" => json!({"status": "error", "message": "internal error"}),
        "slack" => Value::String("<html><body>Server error</body></html>".to_owned()),
        _ => json!({"error": "internal error"}),
    }
}

/// The rules in the order they were posted.
#[derive(Debug)]
pub(crate) struct Faults {
    rules: Vec<Fault>,
    random: u64,
}

impl Faults {
    pub(crate) fn seeded(seed: u64) -> Faults {
        Faults { rules: Vec::new(), random: seed }
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    pub(crate) fn add(&mut self, rules: Vec<Fault>) {
        self.rules.extend(rules);
    }

    /// `{"items": [...]}`, each rule with what is `left` and how often it `fired`.
    pub(crate) fn view(&self) -> Value {
        let items = self.rules.iter().map(|rule| {
            let mut item = json!(rule);
            item["left"] = json!(rule.times - rule.fired);
            item
        });
        json!({ "items": items.collect::<Vec<_>>() })
    }

    /// The fault this call meets: of the first rule that matches, has begun, is not used up and is not spared by chance.
    pub(crate) fn next(&mut self, provider: &str, path: &str) -> Option<Fault> {
        for rule in self.rules.iter_mut().filter(|rule| rule.matches(provider, path)) {
            rule.seen += 1;
            if rule.seen <= rule.after || rule.fired >= rule.times {
                continue;
            }
            if rule.p.is_some_and(|p| chance(&mut self.random) >= p) {
                continue;
            }
            rule.fired += 1;
            return Some(rule.clone());
        }
        None
    }
}

/// SplitMix64, as a number from 0 to 1: good enough, the same everywhere, and four lines.
fn chance(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}
