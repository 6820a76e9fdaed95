//! `trigger`: what starts the workflow. It becomes no state; its edge shows where an instance begins.

use super::{check_zone, optional, required, wait};
use crate::{
    definition::ScheduleTrigger,
    duration::parse_duration_ms,
    expr,
    graph::{Checker, emit::Object},
    schedule::{MISSED_MAX, Policies},
    source,
    spec::{NodeSpec, Port, Shape},
};
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Longest jitter, in milliseconds: a day.
const JITTER_MS_MAX: i64 = 24 * 3_600 * 1_000;
/// Fields that only a schedule reads.
const OF_SCHEDULES: &[&str] = &[
    "cron",
    "tz",
    "missed",
    "missedMax",
    "overlap",
    "dstMissing",
    "dstRepeated",
    "calendar",
    "outside",
    "startAt",
    "endAt",
    "jitter",
    "input",
];

pub(crate) static SPEC: NodeSpec = NodeSpec {
    kind: "trigger",
    title: "Start",
    summary: "What starts the workflow.",
    fields: &[
        required(
            "on",
            Shape::Choice(&["message", "start", "event", "schedule", "webhook"]),
            "The occasion: a customer's message, a start through the API, an event, the times of a schedule, a webhook.",
        ),
        optional(
            "when",
            Shape::Expression,
            "Only if this holds, e.g. event.text.matches('(?i)^book').",
        ),
        optional(
            "name",
            Shape::Text,
            "Name of the event or webhook; of a schedule, where a workflow has several.",
        ),
        optional(
            "cron",
            Shape::Text,
            "Times of a schedule, as cron writes them: 0 7 * * * is seven every day.",
        ),
        optional(
            "tz",
            Shape::Text,
            "Time zone of a schedule, e.g. Africa/Nairobi; the tenant's if empty.",
        ),
        optional(
            "missed",
            Shape::Choice(&["one", "skip", "all"]),
            "What becomes of times at which nothing ran: the last one is started late, none, or all.",
        ),
        optional("missedMax", Shape::Integer, "Most of them that `all` starts; 100 if empty."),
        optional(
            "overlap",
            Shape::Choice(&["allow", "skip", "queue", "cancel_old"]),
            "What happens while the instance before still runs.",
        ),
        optional(
            "dstMissing",
            Shape::Choice(&["shift", "skip"]),
            "What becomes of a time that the clock skips when it is put forward: it comes at the end of the gap, or not.",
        ),
        optional(
            "dstRepeated",
            Shape::Choice(&["first", "both"]),
            "What becomes of a time that comes twice when the clock is put back.",
        ),
        optional(
            "calendar",
            Shape::Text,
            "A business calendar of the tenant: only within its hours.",
        ),
        optional(
            "outside",
            Shape::Choice(&["skip", "next_open"]),
            "What becomes of a time outside the calendar: it is left out, or comes when the calendar opens.",
        ),
        optional("startAt", Shape::Text, "No time of the schedule counts before this moment."),
        optional("endAt", Shape::Text, "None counts from this moment on."),
        optional("jitter", Shape::Duration, "Each start is late by up to this much."),
        optional("input", Shape::Any, "What a schedule starts the workflow with."),
        optional("priority", Shape::Integer, "Higher goes first when several workflows match."),
        optional(
            "policy",
            Shape::Choice(&["interrupt", "suspend", "ignore_if_waiting"]),
            "What becomes of the workflow the customer is in.",
        ),
    ],
    ports: &[Port { name: "default", required: true }],
    effect: None,
};

pub(crate) fn check(data: &Object, checker: &mut Checker<'_>) {
    match text(data, "on") {
        "schedule" => check_schedule(data, checker),
        "event" => check_event(data, checker),
        "webhook" => check_webhook(data, checker),
        _ => {}
    }
    if text(data, "on") != "schedule" {
        for field in OF_SCHEDULES.iter().filter(|field| given(data, field).is_some()) {
            checker
                .warning(
                    "unknown-field",
                    &format!("/{field}"),
                    format!("`{field}` means something only with `\"on\": \"schedule\"`"),
                )
                .help("Remove it.");
        }
    }
}

fn check_schedule(data: &Object, checker: &mut Checker<'_>) {
    let cron = text(data, "cron");
    if cron.is_empty() {
        checker
            .error("missing-field", "/cron", "`cron` is missing, so nothing says when it starts")
            .help("Five fields: minute, hour, day of the month, month, day of the week, e.g. 0 7 * * *.");
    } else if let Err(message) = expr::parse_cron(cron) {
        checker.error("wrong-shape", "/cron", message).help(
            "Five fields: minute, hour, day of the month, month, day of the week, e.g. 0 7 * * *.",
        );
    }
    if text(data, "tz") == "contact" {
        checker
            .error(
                "wrong-shape",
                "/tz",
                "a schedule starts without a contact, so it has no zone of one",
            )
            .help("Write a zone like Africa/Nairobi, or `tenant`.");
    } else {
        check_zone(data, checker);
    }
    if given(data, "when").is_some() {
        checker
            .error("wrong-shape", "/when", "a schedule has no event that a condition could look at")
            .help("Remove it, and begin the workflow with an `if`.");
    }
    for field in ["name", "calendar"] {
        let name = text(data, field);
        if !name.is_empty() && !source::is_name(name) {
            checker
                .error(
                    "wrong-shape",
                    &format!("/{field}"),
                    format!("`{name}` cannot be a name here"),
                )
                .help("Names are lower-case letters, digits, `-` and `_`.");
        }
    }
    check_bounds(data, checker);
}

fn check_bounds(data: &Object, checker: &mut Checker<'_>) {
    for field in ["startAt", "endAt"] {
        let written = text(data, field);
        if !written.is_empty() && moment(data, field).is_none() {
            checker
                .error("wrong-shape", &format!("/{field}"), format!("`{written}` is not a moment"))
                .help("Write it with its zone, e.g. 2026-12-24T18:00:00Z.");
        }
    }
    if let (Some(from), Some(until)) = (moment(data, "startAt"), moment(data, "endAt"))
        && from >= until
    {
        let message = "`endAt` is not after `startAt`, so it never starts";
        checker.error("wrong-shape", "/endAt", message).help("Put them in order.");
    }
    let jitter = given(data, "jitter").map(|_| parse_duration_ms(text(data, "jitter")));
    if jitter.is_some_and(|ms| ms.is_none_or(|ms| !(0..=JITTER_MS_MAX).contains(&ms))) {
        let message = "`jitter` is a duration of at most a day, and not computed";
        checker.error("wrong-shape", "/jitter", message).help("For example 5m.");
    }
    let most = given(data, "missedMax").and_then(Value::as_i64);
    if most.is_some_and(|most| !(1..=i64::from(MISSED_MAX)).contains(&most)) {
        let message = format!("`missedMax` is from 1 to {MISSED_MAX}");
        checker.error("limit", "/missedMax", message).help("Choose a smaller number.");
    }
    if given(data, "input").is_some_and(|input| !input.is_object()) {
        let message = "`input` must be an object: what the workflow reads as `input`";
        checker
            .error("wrong-shape", "/input", message)
            .help("For example {\"report\": \"daily\"}.");
    }
}

fn check_event(data: &Object, checker: &mut Checker<'_>) {
    let name = text(data, "name");
    if name.is_empty() {
        checker
            .error("missing-field", "/name", "`name` is missing, so no event starts it")
            .help("The name of an event sent with POST /v1/events, e.g. lead.created.");
    } else if wait::is_internal(name) {
        checker
            .error("unknown-event", "/name", format!("`{name}` is an event of the engine itself"))
            .help("Use a name of your own, e.g. `lead.created`.");
    }
}

fn check_webhook(data: &Object, checker: &mut Checker<'_>) {
    let name = text(data, "name");
    if !source::is_name(name) {
        let message = match name {
            "" => "`name` is missing, so no webhook starts it".to_owned(),
            name => format!("`{name}` cannot be the name of a webhook"),
        };
        checker
            .error("missing-field", "/name", message)
            .help("Lower-case letters, digits, `-` and `_`; the name of a webhook of the tenant.");
    }
}

/// A trigger on a schedule; `None` if it cannot be read, which was told as an error when it was uploaded.
pub(crate) fn schedule(data: &Object) -> Option<ScheduleTrigger> {
    let owned = |field: &str| Some(text(data, field)).filter(|t| !t.is_empty()).map(str::to_owned);
    let cron = owned("cron")?;
    expr::parse_cron(&cron).ok()?;
    let default = Policies::default();
    let most = given(data, "missedMax").and_then(Value::as_u64);
    let policies = Policies {
        missed: choice(data, "missed"),
        missed_max: most.and_then(|n| u32::try_from(n).ok()).unwrap_or(default.missed_max),
        overlap: choice(data, "overlap"),
        dst_missing: choice(data, "dstMissing"),
        dst_repeated: choice(data, "dstRepeated"),
        outside: choice(data, "outside"),
    };
    Some(ScheduleTrigger {
        name: owned("name"),
        cron,
        zone: owned("tz").unwrap_or_else(|| "tenant".to_owned()),
        policies,
        calendar: owned("calendar"),
        starts_at: moment(data, "startAt"),
        ends_at: moment(data, "endAt"),
        jitter_ms: parse_duration_ms(text(data, "jitter")).unwrap_or(0).clamp(0, JITTER_MS_MAX),
        input: given(data, "input").cloned().unwrap_or_else(|| json!({})),
    })
}

/// The word of a field; what holds without one if it is not there.
fn choice<T: DeserializeOwned + Default>(data: &Object, field: &str) -> T {
    given(data, field).and_then(|word| T::deserialize(word).ok()).unwrap_or_default()
}

fn moment(data: &Object, field: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text(data, field)).ok().map(|at| at.to_utc())
}

fn text<'a>(data: &'a Object, field: &str) -> &'a str {
    data.get(field).and_then(Value::as_str).unwrap_or_default().trim()
}

fn given<'a>(data: &'a Object, field: &str) -> Option<&'a Value> {
    data.get(field).filter(|value| !value.is_null() && value.as_str() != Some(""))
}
