//! WhatsApp Cloud API: how a message is addressed and sent, and what its refusals mean.
//!
//! **Invariant:** a refusal is judged by `error.code`, never by the HTTP status, which differs between sources.
//! **Invariant:** every send carries the step's key, so a status webhook can tell about a send whose answer was lost.

pub(crate) mod limits;

use crate::{
    http::Reply,
    outcome::{Safety, done, failed, of_status, retry, retry_after, unknown},
    talk::Talk,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use workflows::step::Outcome;

/// Longest `biz_opaque_callback_data`.
const KEY_CHARS_MAX: usize = 512;
/// 4^X seconds after a refusal for the pair rate, up to this X.
const PAIR_RATE_EXPONENT_MAX: u32 = 6;

/// What a refusal means for the step.
#[derive(Debug, PartialEq, Eq)]
enum Class {
    /// Too fast: nothing happened; the wait in seconds, if it is known.
    Throttle(Option<u64>),
    /// Too fast for this customer: the wait grows with the tries.
    PairRate,
    /// Their fault: nothing tells whether it was sent.
    Unclear,
    /// The account: every send will be refused until an operator acts.
    Account,
    /// This message: it will be refused again.
    Message,
}

fn class_of(code: i64) -> Class {
    match code {
        4 | 613 | 80_007 | 130_429 | 133_016 | 131_053 => Class::Throttle(None),
        131_056 => Class::PairRate,
        131_057 => Class::Throttle(Some(120)),
        131_048 | 131_064 | 132_069 => Class::Throttle(Some(3_600)),
        1 | 2 | 131_000 | 131_016 | 135_000 => Class::Unclear,
        0 | 3 | 10 | 104 | 190 | 200..=299 | 368 => Class::Account,
        131_005 | 131_031 | 131_037 | 131_042 | 131_044 | 131_045 => Class::Account,
        133_000..=133_015 => Class::Account,
        _ => Class::Message,
    }
}

/// Sends one message of a type with its content.
pub(crate) async fn send(
    talk: &mut Talk<'_>,
    kind: &str,
    content: Value,
) -> Result<Outcome, Outcome> {
    let account = talk.account("whatsapp")?;
    let Some(number) = account.setting("phone_number_id") else {
        let message = format!("connection \"{}\" has no phone_number_id", account.connection.name);
        return Err(failed("no-connection", message));
    };
    let key = &talk.attempt.key;
    limits::chars("key", key, 1, KEY_CHARS_MAX)?;
    let mut body = json!({"messaging_product": "whatsapp", "recipient_type": "individual",
        "type": kind, (kind): content, "biz_opaque_callback_data": key});
    let recipient = talk.attempt.recipient.clone().unwrap_or_default();
    match (recipient.phone, recipient.user_id) {
        (Some(phone), _) => body["to"] = json!(phone),
        (None, Some(user_id)) => body["recipient"] = json!(user_id),
        (None, None) => return Err(failed("no-recipient", "there is nobody to send to")),
    }
    let request = account.request(Method::POST, &format!("{number}/messages"), body);
    let reply = talk.call(request).await.map_err(|lost| lost.outcome(Safety::Unsafe))?;
    if !reply.is_success() {
        return Err(refusal(&reply, talk.attempt.number));
    }
    match reply.body["messages"][0]["id"].as_str() {
        Some(id) => Ok(done(json!({"messageId": id}))),
        None => Err(unknown("no-id", "the answer names no message")),
    }
}

fn refusal(reply: &Reply, attempt_number: u32) -> Outcome {
    let error = &reply.body["error"];
    // Some gateways in front of the API send the code as a text.
    let code = error["code"].as_i64().or_else(|| error["code"].as_str()?.parse().ok());
    let Some(code) = code else {
        let message = format!("HTTP {} without an error code", reply.status);
        return of_status(reply.status, &reply.headers, Safety::Unsafe, message);
    };
    let message = text_of(error, code);
    let hint = retry_after(&reply.headers).or_else(|| regain(reply));
    match class_of(code) {
        Class::Throttle(wait_s) => {
            let after = hint.or_else(|| wait_s.map(Duration::from_secs));
            retry(after, code.to_string(), message)
        }
        Class::PairRate => {
            let exponent = attempt_number.saturating_sub(1).min(PAIR_RATE_EXPONENT_MAX);
            let wait = Duration::from_secs(4u64.pow(exponent));
            retry(Some(hint.unwrap_or(wait)), code.to_string(), message)
        }
        Class::Unclear => unknown(code.to_string(), message),
        Class::Account => failed("auth", message),
        Class::Message if error["is_transient"] == true => unknown(code.to_string(), message),
        Class::Message => failed(code.to_string(), message),
    }
}

/// The message of an error with its details, which are an object or a plain text.
fn text_of(error: &Value, code: i64) -> String {
    let message = error["message"].as_str().unwrap_or("no message");
    let data = &error["error_data"];
    let details = data["details"].as_str().or_else(|| data.as_str()).unwrap_or_default();
    match details {
        "" => format!("{code}: {message}"),
        details if message.contains(details) => format!("{code}: {message}"),
        details => format!("{code}: {message} ({details})"),
    }
}

/// The minutes the usage header says the account must wait.
fn regain(reply: &Reply) -> Option<Duration> {
    let usage = reply.headers.get("x-business-use-case-usage")?.to_str().ok()?;
    let usage: Value = serde_json::from_str(usage).ok()?;
    let uses = usage.as_object()?.values().filter_map(Value::as_array).flatten();
    let minutes = uses.filter_map(|one| one["estimated_time_to_regain_access"].as_u64()).max()?;
    (minutes > 0).then(|| Duration::from_secs(minutes.saturating_mul(60)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: i64, wanted: Class) {
        assert_eq!(class_of(code), wanted, "{code}");
    }

    #[test]
    fn classes() {
        for code in [4, 613, 80_007, 130_429, 133_016, 131_053] {
            check(code, Class::Throttle(None));
        }
        check(131_056, Class::PairRate);
        for code in [1, 2, 131_000, 131_016, 135_000] {
            check(code, Class::Unclear);
        }
        for code in [0, 3, 10, 190, 200, 299, 131_005, 131_031, 131_042, 133_010] {
            check(code, Class::Account);
        }
        for code in [33, 100, 131_009, 131_026, 131_047, 470, 131_050, 132_001, 132_015] {
            check(code, Class::Message);
        }
    }

    #[test]
    fn waits() {
        let headers = |pairs: &[(&'static str, &str)]| {
            let pair = |(name, value): &(&'static str, &str)| {
                (reqwest::header::HeaderName::from_static(name), value.parse().unwrap())
            };
            pairs.iter().map(pair).collect()
        };
        let usage = r#"{"7":[{"estimated_time_to_regain_access":5}]}"#;
        for (code, attempt, pairs, wanted) in [
            (131_056, 1, vec![], Some(1)),
            (131_056, 2, vec![], Some(4)),
            (131_056, 4, vec![], Some(64)),
            (131_056, 99, vec![], Some(4_096)),
            (131_057, 1, vec![], Some(120)),
            (130_429, 1, vec![], None),
            (130_429, 1, vec![("retry-after", "9")], Some(9)),
            (80_007, 1, vec![("x-business-use-case-usage", usage)], Some(300)),
        ] {
            let body = json!({"error": {"code": code, "message": "m"}});
            let reply = Reply { status: 400, headers: headers(&pairs), body };
            let Outcome::Retry { after, .. } = refusal(&reply, attempt) else { panic!("{code}") };
            assert_eq!(after.map(|after| after.as_secs()), wanted, "{code} {attempt}");
        }
    }
}
