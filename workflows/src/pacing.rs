//! Pacing as definitions and settings say it: rates like `"80/s"`, and the parts of `policies` that say how much of the
//! whole a workflow may take: `priority`, `rate` and `concurrency`.
//!
//! **Invariant:** what cannot be read is told, never guessed: a rate that is ignored silently would flood somebody.

use crate::{
    chart::{Action, Chart, Policy},
    compile::expression,
    diagnostic::Diagnostic,
    duration::parse_duration_ms,
    expr::{Expression, TypeEnv},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The priority of whatever does not say.
pub const PRIORITY_DEFAULT: u8 = 5;
/// The highest priority.
pub const PRIORITY_MAX: u8 = 9;
/// Most instances that may run at once under one concurrency key.
pub const CONCURRENCY_MAX: u32 = 1_000;
/// Most tokens of one burst.
const BURST_MAX: u32 = 1_000_000;
/// Longest time from one token to the next, in microseconds (31 days).
const PERIOD_US_MAX: u64 = 31 * 24 * 3_600 * 1_000_000;

/// A rate: one token every `period_us`, and at most `burst` at once after a rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rate {
    /// Time from one token to the next, in microseconds; at least 1.
    pub period_us: u64,
    /// At least 1.
    pub burst: u32,
}

impl Rate {
    /// `80/s`, `100/10s`, `1/6s`, `10/m`: so many in so long. The burst is a second's worth, at least one.
    pub fn parse(text: &str) -> Option<Self> {
        let (n, time) = text.split_once('/')?;
        let n: u64 = n.trim().parse().ok().filter(|n| (1..=1_000_000).contains(n))?;
        let time = time.trim();
        let is_unit = time.starts_with(|c: char| c.is_ascii_alphabetic()) && !time.starts_with('P');
        let ms =
            if is_unit { parse_duration_ms(&format!("1{time}")) } else { parse_duration_ms(time) };
        let us = u64::try_from(ms?).ok()?.checked_mul(1_000)?;
        Self::every(us / n)
    }

    /// So many per second, which may be less than one.
    pub fn per_second(n: f64) -> Option<Self> {
        let period = 1e6 / n;
        // A rate of which a microsecond holds more than one is none.
        (period.is_finite() && period >= 1.0 && period <= PERIOD_US_MAX as f64)
            .then(|| Self::every(period as u64))
            .flatten()
    }

    fn every(period_us: u64) -> Option<Self> {
        let burst = u32::try_from(1_000_000 / period_us.max(1)).ok()?.max(1);
        (1..=PERIOD_US_MAX).contains(&period_us).then_some(Self { period_us, burst })
    }

    /// The same with another burst; `None` if that is nothing, or too much.
    pub fn with_burst(self, burst: u64) -> Option<Self> {
        let burst = u32::try_from(burst).ok().filter(|burst| (1..=BURST_MAX).contains(burst))?;
        Some(Self { burst, ..self })
    }
}

/// A rate with the name under which it is shared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pace {
    /// `definition/<name>`, or `step/<definition>/<invoke>`.
    pub key: String,
    /// How often.
    pub rate: Rate,
}

/// What happens to a start when all places of its key are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// It waits for a place.
    #[default]
    Queue,
    /// It is refused.
    Refuse,
    /// The instance that has run longest is cancelled.
    CancelOld,
}

/// `policies.concurrency`: at most so many instances at once for each value of an expression.
#[derive(Debug, Clone)]
pub struct Concurrency {
    /// Over `input`, `contact`, …; without one there is one key for all.
    pub key: Option<Expression>,
    /// How many.
    pub max: u32,
    /// What becomes of one more.
    pub over: Over,
}

/// How much of the whole a workflow may take.
#[derive(Debug, Clone, Default)]
pub struct Pacing {
    /// From 0 to 9; `None` = 5.
    pub priority: Option<u8>,
    /// How often tries of all its steps together may begin.
    pub rate: Option<Rate>,
    /// How many instances at once.
    pub concurrency: Option<Concurrency>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConcurrencyFields {
    key: Option<String>,
    max: u32,
    #[serde(default)]
    over: Over,
}

impl Pacing {
    /// Reads a definition's `policies`.
    pub fn read(policies: &Value, types: &TypeEnv, out: &mut Vec<Diagnostic>) -> Self {
        let given = |name: &str| policies.get(name).filter(|value| !value.is_null());
        let mut wrong = |name: &str, message: &str, help: &str| {
            let pointer = format!("/policies/{name}");
            out.push(Diagnostic::error("policy-shape", pointer, message.to_owned()).help(help));
        };
        let priority = given("priority").and_then(|value| {
            let n = value.as_u64().and_then(|n| u8::try_from(n).ok());
            let n = n.filter(|n| *n <= PRIORITY_MAX);
            if n.is_none() {
                let message = "a priority is a whole number from 0 to 9";
                wrong(
                    "priority",
                    message,
                    "5 is what everything has that does not say; 9 goes first",
                );
            }
            n
        });
        let rate = given("rate").and_then(|value| {
            let rate = value.as_str().and_then(Rate::parse);
            if rate.is_none() {
                wrong(
                    "rate",
                    "this is not a rate",
                    "so many in so long: \"80/s\", \"100/10s\", \"1/6s\"",
                );
            }
            rate
        });
        let fields = given("concurrency").and_then(|value| {
            let help = "{\"key\": \"input.order\", \"max\": 1, \"over\": \"queue\"}; queue, refuse or cancel_old";
            match serde_json::from_value::<ConcurrencyFields>(value.clone()) {
                Ok(fields) if (1..=CONCURRENCY_MAX).contains(&fields.max) => Some(fields),
                Ok(_) => {
                    wrong("concurrency/max", "`max` is a whole number from 1 to 1,000", help);
                    None
                }
                Err(error) => {
                    wrong("concurrency", &format!("this policy cannot be read: {error}"), help);
                    None
                }
            }
        });
        let concurrency = fields.map(|fields| {
            let text = fields.key.as_deref().filter(|key| !key.trim().is_empty());
            let key = text.and_then(|key| expression(key, "/policies/concurrency/key", types, out));
            Concurrency { key, max: fields.max, over: fields.over }
        });
        Self { priority, rate, concurrency }
    }

    /// Gives every step of the chart what holds for the whole, and their names to its own rates.
    pub(crate) fn apply(&self, name: &str, chart: &mut Chart) {
        for state in &mut chart.states {
            for invoke in &mut state.invokes {
                for pace in &mut invoke.policy.paces {
                    pace.key = format!("step/{name}/{}", invoke.id);
                }
                self.apply_to(name, &mut invoke.policy);
            }
            let on = state.on.iter_mut().flat_map(|transition| &mut transition.actions);
            for action in on.chain(&mut state.entry).chain(&mut state.exit) {
                if let Action::Undo(undo) = action {
                    undo.policy.paces.clear();
                    self.apply_to(name, &mut undo.policy);
                }
            }
        }
    }

    fn apply_to(&self, name: &str, policy: &mut Policy) {
        policy.priority = self.priority;
        policy.paces.extend(self.rate.map(|rate| Pace { key: format!("definition/{name}"), rate }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::compile;
    use serde_json::json;

    #[test]
    fn rates() {
        let rate = |period_us, burst| Some(Rate { period_us, burst });
        for (text, wanted) in [
            ("80/s", rate(12_500, 80)),
            ("1/6s", rate(6_000_000, 1)),
            ("100/10s", rate(100_000, 10)),
            ("10/m", rate(6_000_000, 1)),
            ("1 / PT1M", rate(60_000_000, 1)),
            ("1000000/s", rate(1, 1_000_000)),
            ("0/s", None),
            ("1/0s", None),
            ("-1/s", None),
            ("1/fortnight", None),
            ("1", None),
            ("2/1ms", rate(500, 2_000)),
            ("1/9999999999d", None),
        ] {
            assert_eq!(Rate::parse(text), wanted, "{text}");
        }
        assert_eq!(Rate::per_second(0.5), rate(2_000_000, 1));
        for n in [0.0, -1.0, f64::NAN, f64::INFINITY, 2e6] {
            assert_eq!(Rate::per_second(n), None, "{n}");
        }
    }

    /// What compiling a workflow with these policies tells: code and place of each mistake.
    fn told(policies: &Value, of_step: &Value) -> Vec<(&'static str, String)> {
        let definition = json!({
            "perdure": 1, "name": "hello", "policies": policies,
            "machine": { "initial": "work", "states": {
                "work": { "invoke": { "id": "call", "src": "noop", "policy": of_step, "onDone": "end" } },
                "end": { "type": "final" }
            } }
        });
        let compiled = compile(definition.to_string().as_bytes(), None);
        let errors = compiled.diagnostics.into_iter().filter(Diagnostic::is_error);
        errors.map(|told| (told.code, told.pointer)).collect()
    }

    #[test]
    fn policies() {
        let ok: [(Value, Value); 3] = [
            (json!({}), json!({})),
            (json!({"priority": 0, "rate": "80/s"}), json!({"rate": "1/6s"})),
            (
                json!({"concurrency": {"key": "input.order", "max": 2, "over": "cancel_old"}}),
                json!({}),
            ),
        ];
        for (policies, of_step) in ok {
            assert_eq!(told(&policies, &of_step), [], "{policies}");
        }
        let wrong = [
            (json!({"priority": 10}), json!({}), "policy-shape", "/policies/priority"),
            (json!({"rate": "often"}), json!({}), "policy-shape", "/policies/rate"),
            (
                json!({"concurrency": {"max": 0}}),
                json!({}),
                "policy-shape",
                "/policies/concurrency/max",
            ),
            (
                json!({"concurrency": {"key": "x"}}),
                json!({}),
                "policy-shape",
                "/policies/concurrency",
            ),
            (
                json!({"concurrency": {"key": "1 +", "max": 1}}),
                json!({}),
                "expression-syntax",
                "/policies/concurrency/key",
            ),
            (
                json!({}),
                json!({"rate": "1"}),
                "policy-shape",
                "/machine/states/work/invoke/policy/rate",
            ),
        ];
        for (policies, of_step, code, place) in wrong {
            assert_eq!(
                told(&policies, &of_step),
                [(code, place.to_owned())],
                "{policies} {of_step}"
            );
        }
    }

    #[test]
    fn steps_get_what_holds_for_the_whole() {
        let definition = json!({
            "perdure": 1, "name": "hello", "policies": { "priority": 9, "rate": "5/s" },
            "machine": { "initial": "work", "states": {
                "work": { "invoke": {
                    "id": "call", "src": "noop", "policy": { "rate": "1/s" }, "onDone": "end"
                } },
                "end": { "type": "final" }
            } }
        });
        let compiled = compile(definition.to_string().as_bytes(), None);
        let definition = compiled.definition.unwrap();
        let invokes = definition.chart.states.iter().flat_map(|state| &state.invokes);
        let policies: Vec<_> = invokes.map(|invoke| &invoke.policy).collect();
        let keys: Vec<_> = policies[0].paces.iter().map(|pace| pace.key.as_str()).collect();
        assert_eq!(
            (policies[0].priority(), keys),
            (9, vec!["step/hello/call", "definition/hello"])
        );
    }
}
