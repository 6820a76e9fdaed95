//! From what came back, or did not, to one of the four outcomes: the classification every kind shares.
//!
//! **Invariant:** `Retry` means that nothing happened, or that trying twice has one effect. Everything else that may
//! have happened is `Unknown`.

use chrono::DateTime;
use reqwest::header::HeaderMap;
use serde_json::Value;
use std::time::{Duration, SystemTime};
use workflows::step::Outcome;

/// Longest wait a provider may ask for.
const RETRY_AFTER_S_MAX: u64 = 24 * 60 * 60;
/// Longest piece of a provider's text in a message.
const MESSAGE_CHARS_MAX: usize = 500;

/// Whether trying the same call twice has one effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Safety {
    /// Twice is once.
    Safe,
    /// Twice may be twice.
    Unsafe,
}

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lost {
    /// The request could not be made at all: a bad URL or header.
    Invalid(String),
    /// The egress guard refused it.
    Blocked(String),
    /// No byte was written: the name, the connection or the handshake failed.
    NotConnected(String),
    /// Time was up, at some point.
    Timeout,
    /// The connection broke after bytes were written, or the answer could not be read.
    Broken(String),
    /// It was answered with success, but with more than is read.
    TooLarge,
}

/// It happened.
pub(crate) fn done(output: Value) -> Outcome {
    Outcome::Done { port: "default", output }
}

/// It is refused, and will be again.
pub(crate) fn failed(code: impl Into<String>, message: impl Into<String>) -> Outcome {
    Outcome::Failed { code: code.into(), message: clip(message.into()) }
}

/// Nothing happened that a second try would double.
pub(crate) fn retry(
    after: Option<Duration>,
    code: impl Into<String>,
    message: impl Into<String>,
) -> Outcome {
    Outcome::Retry { after, code: code.into(), message: clip(message.into()) }
}

/// Nothing tells.
pub(crate) fn unknown(code: impl Into<String>, message: impl Into<String>) -> Outcome {
    Outcome::Unknown { code: code.into(), message: clip(message.into()) }
}

fn clip(message: String) -> String {
    match message.char_indices().nth(MESSAGE_CHARS_MAX) {
        Some((at, _)) => format!("{}…", &message[..at]),
        None => message,
    }
}

impl Lost {
    /// The outcome of a call without an answer.
    pub(crate) fn outcome(self, safety: Safety) -> Outcome {
        let (code, message) = match self {
            Lost::Invalid(why) => return failed("input", why),
            Lost::Blocked(why) => return failed("egress", why),
            Lost::NotConnected(why) => return retry(None, "not-connected", why),
            Lost::Timeout => ("timeout", "no answer in time".to_owned()),
            Lost::Broken(why) => ("connection-broken", why),
            Lost::TooLarge => {
                let message = "the answer is larger than is read".to_owned();
                match safety {
                    Safety::Safe => return failed("response-too-large", message),
                    Safety::Unsafe => ("response-too-large", message),
                }
            }
        };
        match safety {
            Safety::Safe => retry(None, code, message),
            Safety::Unsafe => unknown(code, message),
        }
    }
}

/// The outcome of an answer that is no success, where only its status is known to mean something.
pub(crate) fn of_status(
    status: u16,
    headers: &HeaderMap,
    safety: Safety,
    message: String,
) -> Outcome {
    let after = retry_after(headers);
    let code = format!("http-{status}");
    match (status, safety) {
        (429, _) => retry(after, "rate-limited", message),
        (425, _) => retry(after, code, message),
        // Who names a time to come back has not begun the work; without one a 503 proves nothing.
        (503, _) if after.is_some() => retry(after, "unavailable", message),
        (408 | 500..=599, Safety::Safe) => retry(after, code, message),
        (408 | 500..=599, Safety::Unsafe) => unknown(code, message),
        _ => failed(code, message),
    }
}

/// The wait a provider asks for: `retry-after-ms`, or `Retry-After` in seconds or as a date.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| *number >= 0.0);
    let seconds = match text("retry-after-ms").and_then(number) {
        Some(ms) => ms / 1000.0,
        None => {
            let value = text("retry-after")?;
            number(value).or_else(|| seconds_until(value))?
        }
    };
    Duration::try_from_secs_f64(seconds.min(RETRY_AFTER_S_MAX as f64)).ok()
}

fn seconds_until(date: &str) -> Option<f64> {
    let at: SystemTime = DateTime::parse_from_rfc2822(date).ok()?.into();
    // A date that has passed asks for no wait.
    Some(at.duration_since(SystemTime::now()).unwrap_or_default().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::{Safety::*, *};

    /// `retry:code`, `failed:code`, `unknown:code`.
    fn word(outcome: &Outcome) -> String {
        match outcome {
            Outcome::Done { .. } => "done".to_owned(),
            Outcome::Retry { code, .. } => format!("retry:{code}"),
            Outcome::Failed { code, .. } => format!("failed:{code}"),
            Outcome::Unknown { code, .. } => format!("unknown:{code}"),
        }
    }

    #[track_caller]
    fn check(outcome: Outcome, wanted: &str) {
        assert_eq!(word(&outcome), wanted, "{outcome:?}");
    }

    #[test]
    fn lost() {
        let why = || "why".to_owned();
        for (lost, safety, wanted) in [
            (Lost::Invalid(why()), Unsafe, "failed:input"),
            (Lost::Blocked(why()), Unsafe, "failed:egress"),
            (Lost::NotConnected(why()), Unsafe, "retry:not-connected"),
            (Lost::NotConnected(why()), Safe, "retry:not-connected"),
            (Lost::Timeout, Unsafe, "unknown:timeout"),
            (Lost::Timeout, Safe, "retry:timeout"),
            (Lost::Broken(why()), Unsafe, "unknown:connection-broken"),
            (Lost::Broken(why()), Safe, "retry:connection-broken"),
            (Lost::TooLarge, Unsafe, "unknown:response-too-large"),
            (Lost::TooLarge, Safe, "failed:response-too-large"),
        ] {
            check(lost.outcome(safety), wanted);
        }
    }

    #[test]
    fn statuses() {
        let headers = |after: Option<&str>| {
            let pairs = after.map(|after| ("retry-after".parse().unwrap(), after.parse().unwrap()));
            pairs.into_iter().collect::<HeaderMap>()
        };
        for (status, after, safety, wanted) in [
            (400, None, Unsafe, "failed:http-400"),
            (404, None, Safe, "failed:http-404"),
            (408, None, Unsafe, "unknown:http-408"),
            (408, None, Safe, "retry:http-408"),
            (425, None, Unsafe, "retry:http-425"),
            (429, Some("7"), Unsafe, "retry:rate-limited"),
            (429, None, Unsafe, "retry:rate-limited"),
            (500, None, Unsafe, "unknown:http-500"),
            (500, None, Safe, "retry:http-500"),
            (503, None, Unsafe, "unknown:http-503"),
            (503, Some("7"), Unsafe, "retry:unavailable"),
            (503, None, Safe, "retry:http-503"),
            (302, None, Unsafe, "failed:http-302"),
        ] {
            check(of_status(status, &headers(after), safety, String::new()), wanted);
        }
    }

    #[test]
    fn waits() {
        for (name, value, wanted) in [
            ("retry-after", "7", Some(7_000)),
            ("retry-after", "0.5", Some(500)),
            ("retry-after-ms", "1500", Some(1_500)),
            ("retry-after", "999999999", Some(RETRY_AFTER_S_MAX * 1000)),
            ("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT", Some(0)),
            ("retry-after", "soon", None),
            ("retry-after", "-3", None),
            ("retry-after", "NaN", None),
        ] {
            let headers: HeaderMap =
                [(name.parse().unwrap(), value.parse().unwrap())].into_iter().collect();
            let wanted = wanted.map(Duration::from_millis);
            assert_eq!(retry_after(&headers), wanted, "{name}: {value}");
        }
    }
}
