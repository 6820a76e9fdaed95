//! Opening hours in expressions: `{"mon": [["09:00", "13:00"], ["15:00", "18:00"]], …}`, on the clock of their zone, or a
//! business calendar, which has `holidays` and perhaps a `timeZone` too (see [`crate::hours`]).
//!
//! A day that is not there is closed; no hours at all means always closed.

use jiff::{Zoned, civil::Date};

use super::eval::{Outcome, Work};
use super::value::Val;
use crate::hours::{self, Minutes, minute, weekday};

/// Whether `at` is within `hours`.
pub(super) fn is_open(hours: &Val<'_>, at: &Zoned, work: &Work<'_>) -> Outcome<bool> {
    hours::is_open(at, |date| spans(hours, date, work))
}

/// The first moment from `at` on within `hours`: `at` itself while they are open; `None` when they never open.
pub(super) fn next_open(hours: &Val<'_>, at: &Zoned, work: &Work<'_>) -> Outcome<Option<Zoned>> {
    hours::next_open(at, |date| spans(hours, date, work))
}

/// The zone of a calendar, if it has one of its own.
pub(super) fn zone_name(hours: &Val<'_>) -> Option<String> {
    match hours.field("timeZone") {
        Some(Val::Str(name)) => Some(name.to_string()),
        _ => None,
    }
}

/// The spans of a date, in minutes since midnight.
fn spans(hours: &Val<'_>, date: Date, work: &Work<'_>) -> Outcome<Vec<Minutes>> {
    work.spend(1)?;
    let day = weekday(date);
    let bad = || {
        let message = format!("the hours of `{day}` are not a list like [[\"09:00\", \"18:00\"]]");
        work.error("bad-hours", message)
    };
    let holiday = hours.field("holidays").and_then(|days| days.field(&date.to_string()));
    let spans = match holiday.or_else(|| hours.field(day)) {
        None | Some(Val::Null) => return Ok(Vec::new()),
        Some(spans) => spans.items().ok_or_else(bad)?,
    };
    work.spend(spans.len())?;
    let read = |span: &Val<'_>| {
        let ends = span.items().filter(|ends| ends.len() == 2)?;
        let text = |at| match ends.get(at)? {
            Val::Str(text) => minute(&text),
            _ => None,
        };
        Some((text(0)?, text(1)?))
    };
    spans.iter().map(|span| read(&span).ok_or_else(bad)).collect()
}
