//! `in_hours`: whether a moment is within the tenant's opening hours.
//!
//! `tenant.hours` is `{"mon": [["09:00", "13:00"], ["15:00", "18:00"]], …}` in the tenant's zone. A span whose end is
//! not after its start runs into the next day. A day that is not there is closed; no hours at all means always closed.

use jiff::Zoned;
use serde_json::Value;

use super::eval::{Outcome, Work};

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY_MINUTES: u16 = 24 * 60;

/// Whether `at` is within `hours`.
pub(super) fn is_open(hours: &Value, at: &Zoned, work: &Work<'_>) -> Outcome<bool> {
    let today = usize::try_from(at.weekday().to_monday_zero_offset()).unwrap_or_default();
    let hour_minutes = u16::try_from(at.hour()).unwrap_or_default() * 60;
    let minute = hour_minutes + u16::try_from(at.minute()).unwrap_or_default();
    for (start, end) in spans(hours, DAYS[today], work)? {
        let is_overnight = end <= start;
        if minute >= start && (is_overnight || minute < end) {
            return Ok(true);
        }
    }
    let yesterday = spans(hours, DAYS[(today + 6) % 7], work)?;
    Ok(yesterday.into_iter().any(|(start, end)| end <= start && minute < end))
}

/// The spans of a day, in minutes since midnight.
fn spans(hours: &Value, day: &str, work: &Work<'_>) -> Outcome<Vec<(u16, u16)>> {
    let bad = || {
        let message = format!("`tenant.hours.{day}` is not a list like [[\"09:00\", \"18:00\"]]");
        work.error("bad-hours", message)
    };
    let spans = match hours.get(day) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(spans)) => spans,
        Some(_) => return Err(bad()),
    };
    work.spend(spans.len())?;
    let read = |span: &Value| match span.as_array().map(Vec::as_slice) {
        Some([start, end]) => Some((minute(start)?, minute(end)?)),
        _ => None,
    };
    spans.iter().map(|span| read(span).ok_or_else(bad)).collect()
}

/// Minutes since midnight of `"09:00"`; `"24:00"` is the end of the day.
fn minute(text: &Value) -> Option<u16> {
    let (hours, minutes) = text.as_str()?.split_once(':')?;
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    Some(hours.checked_mul(60)?.checked_add(minutes)?)
        .filter(|minute| minutes < 60 && *minute <= DAY_MINUTES)
}
