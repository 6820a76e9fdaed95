//! Opening hours as `tenant.hours` has them, written out in a node; or an expression that gives such hours.

use super::fields::Checker;
use crate::hours::DAYS;
use serde_json::Value;

const FORM: &str = "Opening hours are {\"mon\": [[\"09:00\", \"13:00\"], [\"15:00\", \"18:00\"]]}; a day that is left out is closed.";

/// Checks the hours at `at`.
pub(super) fn check(checker: &mut Checker<'_>, value: &Value, at: &str) {
    match value {
        Value::String(text) => {
            checker.expression(text, at);
        }
        Value::Object(days) => {
            checker.known_keys(days, &DAYS, at);
            let mut n_spans = 0;
            for day in DAYS {
                let Some(spans) = days.get(day).filter(|spans| !spans.is_null()) else { continue };
                match spans.as_array().filter(|spans| spans.iter().all(is_span)) {
                    Some(spans) => n_spans += spans.len(),
                    None => {
                        let wanted = "a list like [[\"09:00\", \"18:00\"]]";
                        checker.wrong(&format!("{at}/{day}"), day, wanted, FORM);
                        n_spans += 1;
                    }
                }
            }
            if n_spans == 0 {
                checker
                    .error("limit", at, "these hours are never open, so nothing would ever go on")
                    .help(FORM);
            }
        }
        _ => checker.wrong(at, "hours", "opening hours, or an expression that gives them", FORM),
    }
}

fn is_span(span: &Value) -> bool {
    let times: Vec<_> = span.as_array().into_iter().flatten().map(is_time).collect();
    times == [true, true]
}

/// `09:00`; `24:00` is the end of the day.
fn is_time(time: &Value) -> bool {
    let Some((hours, minutes)) = time.as_str().and_then(|time| time.split_once(':')) else {
        return false;
    };
    let number = |text: &str, most: u16| text.parse::<u16>().ok().filter(|n| *n <= most);
    match (number(hours, 24), number(minutes, 59)) {
        (Some(24), Some(minutes)) => minutes == 0,
        (hours, minutes) => hours.is_some() && minutes.is_some(),
    }
}
