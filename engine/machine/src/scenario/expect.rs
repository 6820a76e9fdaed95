//! One expectation against where the instance stands.

use super::{
    compare::{self, difference, is_text, texts},
    form::{Due, Expected},
    names::Names,
    play::Since,
    transcript::Message,
};
use crate::{simulate, state::State};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use std::collections::VecDeque;

/// What is not as expected.
#[derive(Debug)]
pub(super) struct Mismatch {
    /// A sentence without its end.
    pub(super) message: String,
    pub(super) expected: Value,
    pub(super) actual: Value,
}

/// What an expectation looks at.
pub(super) struct View<'v> {
    pub(super) names: Names<'v>,
    pub(super) state: &'v State,
    pub(super) now: DateTime<Utc>,
    pub(super) since: &'v Since,
    pub(super) shown: &'v VecDeque<Message>,
}

/// The first thing that is not as expected, in the order in which people look: what was said, where it stands, what it
/// knows, what it asked for.
pub(super) fn mismatch(expected: &Expected, view: &View<'_>) -> Option<Mismatch> {
    let state = view.state;
    let output = || state.memo.result.clone().unwrap_or_default();
    None.or_else(|| said(expected.said.as_ref()?, &view.since.said))
        .or_else(|| buttons(expected.buttons.as_ref()?, view))
        .or_else(|| active(expected.state.as_ref()?, view))
        .or_else(|| status(expected.status.as_ref()?, state))
        .or_else(|| value("context", expected.context.as_ref()?, &state.context))
        .or_else(|| value("output", expected.output.as_ref()?, &output()))
        .or_else(|| commands(expected.commands.as_ref()?, &view.since.commands))
        .or_else(|| unhandled(expected.unhandled?, view.since.unhandled))
        .or_else(|| expected.timers.as_ref()?.iter().find_map(|timer| due(timer, view)))
}

fn said(expected: &[String], actual: &[String]) -> Option<Mismatch> {
    let same = expected.iter().zip(actual).take_while(|(text, said)| is_text(text, said)).count();
    let message = if same < expected.len().min(actual.len()) {
        format!("`said`: message {} is another one", same + 1)
    } else if expected.len() != actual.len() {
        format!("`said`: {} expected, {} sent", counted(expected.len()), actual.len())
    } else {
        return None;
    };
    Some(Mismatch { message, expected: texts(expected), actual: texts(actual) })
}

fn counted(n: usize) -> String {
    format!("{n} message{}", if n == 1 { "" } else { "s" })
}

fn buttons(expected: &[String], view: &View<'_>) -> Option<Mismatch> {
    let last = view.shown.back().map_or(&[][..], |message| &message.choices);
    let actual: Vec<&str> = last.iter().map(|(id, _)| id.as_str()).collect();
    (expected != actual).then(|| Mismatch {
        message: "`buttons`: the last message has others".to_owned(),
        expected: texts(expected),
        actual: texts(&actual),
    })
}

fn active(expected: &[String], view: &View<'_>) -> Option<Mismatch> {
    let leaves = &view.state.configuration;
    let absent = expected.iter().find(|name| !view.names.is_active(name, leaves))?;
    Some(Mismatch {
        message: format!("`state`: `{absent}` is not active"),
        expected: texts(expected),
        actual: texts(leaves),
    })
}

fn status(expected: &str, state: &State) -> Option<Mismatch> {
    let actual = simulate::status(state.life);
    (expected != actual).then(|| Mismatch {
        message: format!("`status`: it is {actual}"),
        expected: json!(expected),
        actual: json!(actual),
    })
}

fn value(field: &str, expected: &Value, actual: &Value) -> Option<Mismatch> {
    let found = difference(expected, actual)?;
    let dot = if found.at.is_empty() || found.at.starts_with('[') { "" } else { "." };
    Some(Mismatch {
        message: format!("`{field}{dot}{}` is another", found.at),
        expected: found.expected,
        actual: found.actual,
    })
}

fn commands(expected: &[Value], actual: &[Value]) -> Option<Mismatch> {
    let missing = compare::missing(expected, actual)?;
    let wanted = &expected[missing];
    Some(Mismatch {
        message: format!("`commands`: number {} was not issued", missing + 1),
        expected: wanted.clone(),
        actual: actual.into(),
    })
}

fn unhandled(expected: bool, actual: bool) -> Option<Mismatch> {
    let message = match actual {
        true => "`unhandled`: an event found no transition",
        false => "`unhandled`: every event found a transition",
    };
    (expected != actual).then(|| Mismatch {
        message: message.to_owned(),
        expected: json!(expected),
        actual: json!(actual),
    })
}

fn due((name, expected): &(String, Due), view: &View<'_>) -> Option<Mismatch> {
    let timers = &view.state.memo.timers;
    let is_meant = |own: &str, state: Option<&String>| {
        own == name || state.is_some_and(|path| view.names.of_state(path).contains(&name.as_str()))
    };
    let wanted = match expected {
        Due::In(ms) => view.now + TimeDelta::milliseconds(*ms),
        Due::At(at) => *at,
    };
    let mut meant = timers.iter().filter(|(own, timer)| is_meant(own, timer.state.as_ref()));
    if meant.any(|(_, timer)| timer.due == wanted) {
        return None;
    }
    let node = |(own, timer): (&String, &crate::state::OpenTimer)| {
        let name = timer.state.as_ref().map_or(own.as_str(), |path| view.names.node(path));
        (name.to_owned(), Value::from(moment(timer.due, view.now)))
    };
    let actual: Map<String, Value> = timers.iter().map(node).collect();
    Some(Mismatch {
        message: format!("`timers`: none of `{name}` is due then"),
        expected: json!({ name.as_str(): moment(wanted, view.now) }),
        actual: Value::Object(actual),
    })
}

/// `2026-01-02T09:00:00Z, in P1D`.
fn moment(due: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let at = due.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    format!("{at}, in {}", duration((due - now).num_milliseconds()))
}

/// ISO-8601 of milliseconds.
pub(super) fn duration(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    let ms = ms.unsigned_abs();
    let (days, rest) = (ms / 86_400_000, ms % 86_400_000);
    let part = |n: u64, unit: &str| if n == 0 { String::new() } else { format!("{n}{unit}") };
    let seconds = match (rest / 1_000 % 60, rest % 1_000) {
        (0, 0) => String::new(),
        (s, 0) => format!("{s}S"),
        (s, ms) => format!("{s}.{ms:03}S"),
    };
    let time = format!("{}{}{seconds}", part(rest / 3_600_000, "H"), part(rest / 60_000 % 60, "M"));
    match (days, time.as_str()) {
        (0, "") => "PT0S".to_owned(),
        (days, "") => format!("{sign}P{days}D"),
        (days, time) => format!("{sign}P{}T{time}", part(days, "D")),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations() {
        for (ms, wanted) in [
            (0, "PT0S"),
            (1_800_000, "PT30M"),
            (86_400_000, "P1D"),
            (90_061_500, "P1DT1H1M1.500S"),
            (-7_200_000, "-PT2H"),
        ] {
            assert_eq!(duration(ms), wanted, "{ms}");
        }
    }
}
