//! Opening hours: whether a moment is within them (`in_hours`), and when they next begin (`next_open`).
//!
//! Hours are `{"mon": [["09:00", "13:00"], ["15:00", "18:00"]], …}`, on the clock of their zone. A span whose end is not
//! after its start runs into the next day. A day that is not there is closed; no hours at all means always closed.

use jiff::{Span, Zoned};

use super::eval::{Outcome, Work};
use super::value::Val;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY_MINUTES: u16 = 24 * 60;

/// A week and a day: a start that the clock skips, or that has passed today, comes again by then.
const AHEAD_DAYS: usize = 8;

/// Whether `at` is within `hours`.
pub(super) fn is_open(hours: &Val<'_>, at: &Zoned, work: &Work<'_>) -> Outcome<bool> {
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

/// The first moment from `at` on within `hours`: `at` itself while they are open; `None` when they never open.
pub(super) fn next_open(hours: &Val<'_>, at: &Zoned, work: &Work<'_>) -> Outcome<Option<Zoned>> {
    if is_open(hours, at, work)? {
        return Ok(Some(at.clone()));
    }
    let overflow = || work.error("overflow", "the time is out of range");
    let mut day = at.date();
    for _ in 0..=AHEAD_DAYS {
        work.spend(1)?;
        let weekday = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or_default();
        let mut starts: Vec<u16> =
            spans(hours, DAYS[weekday], work)?.into_iter().map(|(start, _)| start).collect();
        starts.sort_unstable();
        for start in starts {
            let clock = day.at(0, 0, 0, 0).checked_add(Span::new().minutes(i64::from(start)));
            let start = clock.and_then(|clock| clock.to_zoned(at.time_zone().clone()));
            let start = start.map_err(|_| overflow())?;
            if start > *at {
                return Ok(Some(start));
            }
        }
        day = day.tomorrow().map_err(|_| overflow())?;
    }
    Ok(None)
}

/// The spans of a day, in minutes since midnight.
fn spans(hours: &Val<'_>, day: &str, work: &Work<'_>) -> Outcome<Vec<(u16, u16)>> {
    let bad = || {
        let message = format!("the hours of `{day}` are not a list like [[\"09:00\", \"18:00\"]]");
        work.error("bad-hours", message)
    };
    let spans = match hours.field(day) {
        None | Some(Val::Null) => return Ok(Vec::new()),
        Some(spans) => spans.items().ok_or_else(bad)?,
    };
    work.spend(spans.len())?;
    let read = |span: &Val<'_>| {
        let ends = span.items().filter(|ends| ends.len() == 2)?;
        Some((minute(&ends.get(0)?)?, minute(&ends.get(1)?)?))
    };
    spans.iter().map(|span| read(&span).ok_or_else(bad)).collect()
}

/// Minutes since midnight of `"09:00"`; `"24:00"` is the end of the day.
fn minute(text: &Val<'_>) -> Option<u16> {
    let Val::Str(text) = text else { return None };
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    Some(hours.checked_mul(60)?.checked_add(minutes)?)
        .filter(|minute| minutes < 60 && *minute <= DAY_MINUTES)
}
