//! What a channel or connection may carry: its `settings.limits`, over what its provider is known to allow.
//!
//! ```json
//! {"limits": {"per_second": 80, "burst": 160, "per_recipient": "1/6s", "recipient_burst": 10,
//!             "share": "portal-1", "max_running": 20, "failures": 10, "rest": "5s"}}
//! ```

use crate::limits::{BREAKER_FAILURES, BREAKER_REST};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;
use workflows::{duration::parse_duration_ms, pacing::Rate};

/// Most attempts that a connection may ask to run at once.
const RUNNING_MAX: u32 = 1_000;
/// The rate of an account that has none: so high that it never waits, and there all the same, so that a provider's
/// `Retry-After` closes it for every process.
const UNLIMITED: Rate = Rate { period_us: 100, burst: 10_000 };

/// The limits of an account.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Limits {
    /// Of the whole account.
    pub(crate) account: Rate,
    /// Of each recipient: a customer's number, a Slack channel.
    pub(crate) recipient: Option<Rate>,
    /// Another name that several connections share one rate under, e.g. a portal.
    pub(crate) share: Option<String>,
    /// Attempts that run at once, in all processes.
    pub(crate) running_max: Option<u32>,
    /// Failures in a row after which it rests.
    pub(crate) failures: u32,
    /// How long it rests first; doubled each time.
    pub(crate) rest: Duration,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Fields {
    per_second: Option<f64>,
    rate: Option<String>,
    burst: Option<u64>,
    per_recipient: Option<String>,
    recipient_burst: Option<u64>,
    share: Option<String>,
    max_running: Option<u32>,
    failures: Option<u32>,
    rest: Option<String>,
}

impl Limits {
    /// The limits of an account at this provider. What is wrong in them, for the person who set them.
    pub(crate) fn read(provider: &str, settings: &Value) -> Result<Self, String> {
        let mut limits = Self::of_provider(provider);
        let Some(given) = settings.get("limits").filter(|given| !given.is_null()) else {
            return Ok(limits);
        };
        let fields: Fields = serde_json::from_value(given.clone())
            .map_err(|error| format!("`settings.limits` cannot be read: {error}"))?;
        let wrong = |name: &str, help: &str| format!("`settings.limits.{name}` {help}");
        let rate_help = "is so many in so long: \"80/s\", \"100/10s\", \"1/6s\"";
        if let Some(n) = fields.per_second {
            limits.account = Rate::per_second(n)
                .ok_or_else(|| wrong("per_second", "is a number above 0, up to 1,000,000"))?;
        }
        if let Some(rate) = &fields.rate {
            limits.account = Rate::parse(rate).ok_or_else(|| wrong("rate", rate_help))?;
        }
        let burst_help = "is a whole number from 1 to 1,000,000";
        if let Some(burst) = fields.burst {
            let rate = limits.account.with_burst(burst);
            limits.account = rate.ok_or_else(|| wrong("burst", burst_help))?;
        }
        if let Some(rate) = &fields.per_recipient {
            let rate = Rate::parse(rate).ok_or_else(|| wrong("per_recipient", rate_help))?;
            limits.recipient = Some(rate);
        }
        if let (Some(burst), Some(rate)) = (fields.recipient_burst, limits.recipient) {
            let rate = rate.with_burst(burst);
            limits.recipient = Some(rate.ok_or_else(|| wrong("recipient_burst", burst_help))?);
        }
        if let Some(max) = fields.max_running {
            if !(1..=RUNNING_MAX).contains(&max) {
                return Err(wrong("max_running", "is a whole number from 1 to 1,000"));
            }
            limits.running_max = Some(max);
        }
        if let Some(failures) = fields.failures {
            limits.failures = failures.max(1);
        }
        if let Some(rest) = &fields.rest {
            let ms = parse_duration_ms(rest).and_then(|ms| u64::try_from(ms).ok());
            let ms = ms.filter(|ms| *ms > 0);
            limits.rest = Duration::from_millis(
                ms.ok_or_else(|| wrong("rest", "is a duration, like \"5s\" or \"PT5S\""))?,
            );
        }
        limits.share = fields.share.filter(|share| !share.is_empty());
        Ok(limits)
    }

    /// What the provider itself allows, by its documents.
    pub(crate) fn of_provider(provider: &str) -> Self {
        let rate = |period_us, burst| Rate { period_us, burst };
        let (account, recipient) = match provider {
            // 80 messages a second and number; 1 in 6 s and customer, of which some may come at once.
            "whatsapp" => (rate(12_500, 80), Some(rate(6_000_000, 10))),
            // 10 texts a second and sender.
            "twilio" => (rate(100_000, 10), None),
            // About 1 message a second and Slack channel, with short bursts.
            "slack" => (UNLIMITED, Some(rate(1_000_000, 3))),
            // 100 in 10 s: with its burst, any 10 s hold no more.
            "hubspot" => (rate(111_112, 10), None),
            _ => (UNLIMITED, None),
        };
        Self {
            account,
            recipient,
            share: None,
            running_max: None,
            failures: BREAKER_FAILURES,
            rest: BREAKER_REST,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(given: Value, wanted: Result<Limits, &str>) {
        let read = Limits::read("http", &json!({ "limits": given }));
        match wanted {
            Ok(limits) => assert_eq!(read, Ok(limits)),
            Err(part) => assert!(read.as_ref().is_err_and(|why| why.contains(part)), "{read:?}"),
        }
    }

    #[test]
    fn settings() {
        let plain = Limits::of_provider("http");
        let rate = |period_us, burst| Rate { period_us, burst };
        check(Value::Null, Ok(plain.clone()));
        check(json!({}), Ok(plain.clone()));
        let account = rate(12_500, 160);
        check(json!({"per_second": 80, "burst": 160}), Ok(Limits { account, ..plain.clone() }));
        let account = rate(100_000, 10);
        check(json!({"rate": "100/10s"}), Ok(Limits { account, ..plain.clone() }));
        let recipient = Some(rate(6_000_000, 5));
        check(
            json!({"per_recipient": "1/6s", "recipient_burst": 5}),
            Ok(Limits { recipient, ..plain.clone() }),
        );
        check(json!({"max_running": 3}), Ok(Limits { running_max: Some(3), ..plain.clone() }));
        let rest = Duration::from_secs(1);
        check(json!({"failures": 2, "rest": "1s"}), Ok(Limits { failures: 2, rest, ..plain }));
        check(json!({"per_second": 0}), Err("per_second"));
        check(json!({"burst": 0}), Err("burst"));
        check(json!({"per_recipient": "often"}), Err("per_recipient"));
        check(json!({"max_running": 0}), Err("max_running"));
        check(json!({"rest": "a while"}), Err("rest"));
        check(json!({"per_secnd": 1}), Err("per_secnd"));
    }
}
