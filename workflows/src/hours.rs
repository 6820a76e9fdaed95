//! Opening hours and business calendars: whether a moment is within them, and when they open next.
//!
//! Hours are spans of minutes on the clock of a zone. A span whose end is not after its start runs into the next day. A
//! calendar is hours by day of the week, with days that are otherwise (`holidays`) and a zone of its own:
//! `{"mon": [["09:00", "18:00"]], …, "holidays": {"2026-12-25": [], "2026-12-24": [["09:00", "12:00"]]}, "timeZone": "Africa/Nairobi"}`.
//!
//! **Invariant:** pure, and bounded: no search looks further than [`AHEAD_DAYS`].

use chrono::{DateTime, Utc};
use jiff::{Span, Timestamp, Zoned, civil::Date, tz::TimeZone};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The days of a week, as hours name them.
pub(crate) const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// Days of which a calendar says something of its own.
pub const HOLIDAYS_MAX: usize = 200;
/// Most spans of one day.
pub const SPANS_MAX: usize = 12;

const DAY_MINUTES: u16 = 24 * 60;
/// How far an opening is searched: longer than any list of holidays in a row that is not for ever.
const AHEAD_DAYS: usize = 400;

/// From, to: minutes since midnight.
pub(crate) type Minutes = (u16, u16);

/// The name of a date's day of the week.
pub(crate) fn weekday(date: Date) -> &'static str {
    let at = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or_default();
    DAYS[at % 7]
}

/// Minutes since midnight of `"09:00"`; `"24:00"` is the end of the day.
pub(crate) fn minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    Some(hours.checked_mul(60)?.checked_add(minutes)?)
        .filter(|minute| minutes < 60 && *minute <= DAY_MINUTES)
}

/// Whether `at` is within the hours that `spans` gives for a date.
pub(crate) fn is_open<E>(
    at: &Zoned,
    mut spans: impl FnMut(Date) -> Result<Vec<Minutes>, E>,
) -> Result<bool, E> {
    let hour_minutes = u16::try_from(at.hour()).unwrap_or_default() * 60;
    let minute = hour_minutes + u16::try_from(at.minute()).unwrap_or_default();
    for (start, end) in spans(at.date())? {
        let is_overnight = end <= start;
        if minute >= start && (is_overnight || minute < end) {
            return Ok(true);
        }
    }
    let Ok(yesterday) = at.date().yesterday() else { return Ok(false) };
    Ok(spans(yesterday)?.into_iter().any(|(start, end)| end <= start && minute < end))
}

/// The first moment from `at` on within the hours: `at` itself while they are open; `None` when they do not open in time.
pub(crate) fn next_open<E>(
    at: &Zoned,
    mut spans: impl FnMut(Date) -> Result<Vec<Minutes>, E>,
) -> Result<Option<Zoned>, E> {
    if is_open(at, &mut spans)? {
        return Ok(Some(at.clone()));
    }
    let mut day = at.date();
    for _ in 0..=AHEAD_DAYS {
        let mut starts: Vec<u16> = spans(day)?.into_iter().map(|(start, _)| start).collect();
        starts.sort_unstable();
        for start in starts {
            let clock = day.at(0, 0, 0, 0).checked_add(Span::new().minutes(i64::from(start)));
            let opens = clock.and_then(|clock| clock.to_zoned(at.time_zone().clone()));
            let Ok(opens) = opens else { return Ok(None) };
            if opens > *at {
                return Ok(Some(opens));
            }
        }
        let Ok(tomorrow) = day.tomorrow() else { return Ok(None) };
        day = tomorrow;
    }
    Ok(None)
}

/// A business calendar, parsed.
#[derive(Debug, Clone, PartialEq)]
pub struct Calendar {
    week: [Vec<Minutes>; 7],
    holidays: BTreeMap<Date, Vec<Minutes>>,
    zone: Option<TimeZone>,
}

impl Calendar {
    /// Reads one; the error is a sentence for people.
    pub fn parse(value: &Value) -> Result<Self, String> {
        let fields = value.as_object().ok_or("a calendar is an object with hours by day")?;
        let known = |name: &str| DAYS.contains(&name) || ["holidays", "timeZone"].contains(&name);
        if let Some(name) = fields.keys().find(|name| !known(name)) {
            return Err(format!(
                "`{name}` means nothing in a calendar; there are mon to sun, holidays and timeZone"
            ));
        }
        let mut week: [Vec<Minutes>; 7] = Default::default();
        for (name, day) in DAYS.iter().zip(&mut week) {
            *day = day_spans(name, fields.get(*name))?;
        }
        let zone = match fields.get("timeZone") {
            None | Some(Value::Null) => None,
            Some(name) => {
                let name = name.as_str().unwrap_or_default();
                let zone = TimeZone::get(name);
                Some(zone.map_err(|_| format!("there is no time zone `{name}`"))?)
            }
        };
        Ok(Self { week, holidays: holidays(fields)?, zone })
    }

    /// Whether it is open at a moment; `zone` is its clock if it has none of its own.
    pub fn is_open(&self, at: DateTime<Utc>, zone: &TimeZone) -> bool {
        self.zoned(at, zone).is_some_and(|at| {
            let Ok(is_open) = is_open(&at, |date| self.spans(date));
            is_open
        })
    }

    /// The first moment from `at` on at which it is open; `None` if it does not open in over a year.
    pub fn next_open(&self, at: DateTime<Utc>, zone: &TimeZone) -> Option<DateTime<Utc>> {
        let Ok(opens) = next_open(&self.zoned(at, zone)?, |date| self.spans(date));
        let opens = opens?.timestamp();
        let nanos = u32::try_from(opens.subsec_nanosecond().max(0)).ok()?;
        DateTime::from_timestamp(opens.as_second(), nanos)
    }

    fn zoned(&self, at: DateTime<Utc>, zone: &TimeZone) -> Option<Zoned> {
        let nanos = i32::try_from(at.timestamp_subsec_nanos()).ok()?;
        let at = Timestamp::new(at.timestamp(), nanos).ok()?;
        Some(at.to_zoned(self.zone.as_ref().unwrap_or(zone).clone()))
    }

    fn spans(&self, date: Date) -> Result<Vec<Minutes>, std::convert::Infallible> {
        if let Some(spans) = self.holidays.get(&date) {
            return Ok(spans.clone());
        }
        let at = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or_default();
        Ok(self.week[at % 7].clone())
    }
}

fn holidays(fields: &Map<String, Value>) -> Result<BTreeMap<Date, Vec<Minutes>>, String> {
    let days = match fields.get("holidays") {
        None | Some(Value::Null) => return Ok(BTreeMap::new()),
        Some(Value::Object(days)) => days,
        Some(_) => {
            return Err(
                "`holidays` is an object like {\"2026-12-25\": []}; a day with no hours is closed"
                    .to_owned(),
            );
        }
    };
    if days.len() > HOLIDAYS_MAX {
        return Err(format!("a calendar has at most {HOLIDAYS_MAX} holidays"));
    }
    let mut holidays = BTreeMap::new();
    for (name, spans) in days {
        let date = name.parse::<Date>().ok().filter(|date| date.to_string() == *name);
        let date = date.ok_or_else(|| format!("`{name}` is not a date like 2026-12-25"))?;
        holidays.insert(date, day_spans(name, Some(spans))?);
    }
    Ok(holidays)
}

fn day_spans(name: &str, spans: Option<&Value>) -> Result<Vec<Minutes>, String> {
    let bad = || format!("the hours of `{name}` are not a list like [[\"09:00\", \"18:00\"]]");
    let spans = match spans {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(spans) => spans.as_array().filter(|s| s.len() <= SPANS_MAX).ok_or_else(bad)?,
    };
    let read = |span: &Value| {
        let [from, to] = span.as_array()?.as_slice() else { return None };
        Some((minute(from.as_str()?)?, minute(to.as_str()?)?))
    };
    spans.iter().map(|span| read(span).ok_or_else(bad)).collect()
}
