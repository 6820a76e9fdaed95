//! Numbers for Prometheus: what this process counted itself, and what the database's statistics say.
//!
//! **Invariant:** no label holds a tenant, an id or a text of anybody; the number of series is fixed.

pub(crate) mod health;

use axum::http::StatusCode;
use engine::ops::counters::Counters;
use std::{
    fmt::Write,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use workflows::step::{Attempt, Attempted, Checked, Outcome, Running, StepRunner};

const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
const OUTCOMES: [&str; 4] = ["done", "retry", "failed", "unknown"];

/// What this process counts.
#[derive(Debug, Default)]
pub struct Metrics {
    answers: [AtomicU64; 5],
    attempts: [AtomicU64; 4],
    webhooks: [AtomicU64; 2],
}

impl Metrics {
    /// A request was answered.
    pub(crate) fn answered(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).clamp(1, CLASSES.len()) - 1;
        self.answers[class].fetch_add(1, Ordering::Relaxed);
    }

    /// A webhook was verified and stored, with this many messages, or refused.
    pub(crate) fn webhook(&self, is_stored: bool) {
        self.webhooks[usize::from(!is_stored)].fetch_add(1, Ordering::Relaxed);
    }

    fn attempted(&self, outcome: &Outcome) {
        let place = match outcome {
            Outcome::Done { .. } => 0,
            Outcome::Retry { .. } => 1,
            Outcome::Failed { .. } => 2,
            Outcome::Unknown { .. } => 3,
        };
        self.attempts[place].fetch_add(1, Ordering::Relaxed);
    }

    /// The exposition format, version 0.0.4. Without `database`, only what this process counted.
    pub(crate) fn render(&self, shards_owned: usize, database: Option<&Counters>) -> String {
        let mut text = String::new();
        let labelled = |counts: &[AtomicU64], label: &str, names: &[&str]| {
            let series = names.iter().zip(counts);
            let series = series.map(|(n, c)| (format!("{{{label}=\"{n}\"}}"), count(c)));
            series.collect::<Vec<_>>()
        };
        let answers = labelled(&self.answers, "class", &CLASSES);
        family(
            &mut text,
            ["perdure_http_answers_total", "counter", "Requests answered."],
            &answers,
        );
        let attempts = labelled(&self.attempts, "outcome", &OUTCOMES);
        family(&mut text, ["perdure_attempts_total", "counter", "Tries of steps."], &attempts);
        let webhooks = labelled(&self.webhooks, "result", &["stored", "refused"]);
        family(&mut text, ["perdure_webhooks_total", "counter", "Webhooks received."], &webhooks);
        let owned = [(String::new(), i64::try_from(shards_owned).unwrap_or(i64::MAX))];
        let help = "Shards this process owns, of 256.";
        family(&mut text, ["perdure_shards_owned", "gauge", help], &owned);
        for (description, value) in database.into_iter().flat_map(described) {
            family(&mut text, description, &[(String::new(), value)]);
        }
        text
    }
}

fn described(c: &Counters) -> [([&'static str; 3], i64); 7] {
    [
        (["perdure_turns_total", "counter", "Turns written, by all processes."], c.turns),
        (["perdure_inbox_events_total", "counter", "Events through the inbox."], c.inbox_events),
        (["perdure_steps_total", "counter", "Steps asked for."], c.steps),
        (["perdure_open_steps", "gauge", "Steps not settled, about."], c.open_steps),
        (["perdure_open_timers", "gauge", "Timers not fired, about."], c.open_timers),
        (["perdure_inbox_waiting", "gauge", "Events in the inbox, about."], c.inbox_waiting),
        (["perdure_incidents", "gauge", "Stuck instances, about."], c.incidents),
    ]
}

fn count(counter: &AtomicU64) -> i64 {
    i64::try_from(counter.load(Ordering::Relaxed)).unwrap_or(i64::MAX)
}

fn family(text: &mut String, [name, kind, help]: [&str; 3], series: &[(String, i64)]) {
    // Writing to a text cannot fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    for (labels, value) in series {
        let _ = writeln!(text, "{name}{labels} {value}");
    }
}

/// A runner that counts how tries end.
pub struct Counted {
    runner: Arc<dyn StepRunner>,
    metrics: Arc<Metrics>,
}

impl Counted {
    /// Counts the tries of `runner` in `metrics`.
    pub fn new(runner: Arc<dyn StepRunner>, metrics: Arc<Metrics>) -> Self {
        Self { runner, metrics }
    }
}

impl StepRunner for Counted {
    fn run(&self, attempt: Attempt) -> Running<'_, Attempted> {
        Box::pin(async move {
            let attempted = self.runner.run(attempt).await;
            self.metrics.attempted(&attempted.outcome);
            attempted
        })
    }

    fn check(&self, attempt: Attempt) -> Running<'_, Checked> {
        self.runner.check(attempt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_prometheus_reads() {
        let metrics = Metrics::default();
        metrics.answered(StatusCode::CREATED);
        metrics.answered(StatusCode::NOT_FOUND);
        metrics.webhook(true);
        metrics.attempted(&Outcome::Done { port: "default", output: serde_json::Value::Null });
        let text = metrics.render(256, None);
        for line in [
            "# TYPE perdure_http_answers_total counter",
            "perdure_http_answers_total{class=\"2xx\"} 1",
            "perdure_http_answers_total{class=\"4xx\"} 1",
            "perdure_attempts_total{outcome=\"done\"} 1",
            "perdure_webhooks_total{result=\"refused\"} 0",
            "perdure_shards_owned 256",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
        }
    }
}
