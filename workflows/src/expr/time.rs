//! Moments and durations: reading and writing them, zones, and CEL's getters.
//!
//! **Invariant:** zones come from the bundled tz database, never from the machine.

use chrono::{DateTime, Datelike, SecondsFormat, TimeDelta, Utc};
use jiff::Zoned;
use jiff::civil;
use jiff::tz::{Offset, TimeZone};

use super::eval::{Outcome, Work};
use super::functions::Function;
use super::value::Val;

/// Nanoseconds of each unit a duration may be written in.
const UNITS: [(&str, i128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
    ("w", 604_800_000_000_000),
];

/// Whether it is in CEL's range, the years 1 to 9999.
pub(super) fn is_in_range(at: &DateTime<Utc>) -> bool {
    (1..=9999).contains(&at.year())
}

/// RFC 3339 in UTC, with as many digits of the second as needed.
pub(super) fn format_timestamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// Seconds with `s`: `90s`, `0.5s`.
pub(super) fn format_duration(duration: TimeDelta) -> String {
    let nanos = nanos(duration);
    let sign = if nanos < 0 { "-" } else { "" };
    let (secs, fraction) = (nanos.abs() / 1_000_000_000, nanos.abs() % 1_000_000_000);
    if fraction == 0 {
        return format!("{sign}{secs}s");
    }
    let fraction = format!("{fraction:09}");
    format!("{sign}{secs}.{}s", fraction.trim_end_matches('0'))
}

fn nanos(duration: TimeDelta) -> i128 {
    i128::from(duration.num_seconds()) * 1_000_000_000 + i128::from(duration.subsec_nanos())
}

/// Reads RFC 3339, or a date or a date and time as it is in `zone`.
pub(super) fn parse_timestamp(text: &str, zone: &TimeZone) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let at = match DateTime::parse_from_rfc3339(text) {
        Ok(at) => at.to_utc(),
        Err(_) => from_civil(text.parse().ok()?, zone)?,
    };
    Some(at).filter(is_in_range)
}

/// Whether a text says a moment only together with a zone.
pub(super) fn is_civil(text: &str) -> bool {
    DateTime::parse_from_rfc3339(text.trim()).is_err()
}

/// The moment a clock in `zone` shows `at`; at a jump forward, the same distance after it.
fn from_civil(at: civil::DateTime, zone: &TimeZone) -> Option<DateTime<Utc>> {
    let at = at.to_zoned(zone.clone()).ok()?.timestamp();
    let nanos = u32::try_from(at.subsec_nanosecond().max(0)).ok()?;
    DateTime::from_timestamp(at.as_second(), nanos)
}

/// Reads `1h30m`, `1.5s`, `90s`, `2d`, and ISO 8601 without months and years: `PT10M`, `P1DT12H`.
pub(super) fn parse_duration(text: &str) -> Option<TimeDelta> {
    let text = text.trim();
    let (is_negative, body) = match text.strip_prefix('-') {
        Some(body) => (true, body),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let total = match body.strip_prefix('P') {
        Some(iso) => iso_nanos(iso)?,
        None if body == "0" => 0,
        None => sum_nanos(body)?,
    };
    let total = if is_negative { -total } else { total };
    let secs = i64::try_from(total.div_euclid(1_000_000_000)).ok()?;
    TimeDelta::new(secs, u32::try_from(total.rem_euclid(1_000_000_000)).ok()?)
}

fn iso_nanos(iso: &str) -> Option<i128> {
    let (days, times) = match iso.split_once('T') {
        Some((_, "")) => return None,
        Some((days, times)) => (days, times),
        None => (iso, ""),
    };
    let is_known = days.chars().all(|c| c.is_ascii_digit() || "DW.".contains(c))
        && times.chars().all(|c| c.is_ascii_digit() || "HMS.".contains(c));
    if !is_known || (days.is_empty() && times.is_empty()) {
        return None;
    }
    let part = |part: &str| match part {
        "" => Some(0),
        part => sum_nanos(&part.to_ascii_lowercase()),
    };
    part(days)?.checked_add(part(times)?)
}

/// Numbers, each with its unit, added up.
fn sum_nanos(mut text: &str) -> Option<i128> {
    let mut total: i128 = 0;
    if text.is_empty() {
        return None;
    }
    while !text.is_empty() {
        let number_len = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, rest) = text.split_at(number_len);
        let unit_len = rest.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(rest.len());
        let (unit, rest) = rest.split_at(unit_len);
        let (_, unit) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        // More digits than these would overflow the product, and no duration needs them.
        if whole.len() > 15 || fraction.len() > 15 || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        let digits = |digits: &str| if digits.is_empty() { Some(0) } else { digits.parse().ok() };
        let scale = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
        let nanos = digits(whole)? * unit + digits(fraction)? * unit / scale;
        total = total.checked_add(nanos)?;
        text = rest;
    }
    Some(total)
}

/// The zone called `name`: IANA, or an offset like `+05:30`.
pub(super) fn parse_zone(name: &str) -> Option<TimeZone> {
    if let Some((hours, minutes)) = name.get(1..).and_then(|rest| rest.split_once(':'))
        && name.starts_with(['+', '-'])
    {
        let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
        if !(0..=23).contains(&hours) || !(0..=59).contains(&minutes) {
            return None;
        }
        let secs = hours * 3_600 + minutes * 60;
        let secs = if name.starts_with('-') { -secs } else { secs };
        return Some(TimeZone::fixed(Offset::from_seconds(secs).ok()?));
    }
    TimeZone::get(name).ok()
}

/// As [`parse_zone`], or the error of an evaluation.
pub(super) fn zone(name: &str, work: &Work<'_>) -> Outcome<TimeZone> {
    parse_zone(name)
        .ok_or_else(|| work.error("unknown-zone", format!("there is no time zone `{name}`")))
}

/// What clocks and calendars in `zone` show at `at`.
pub(super) fn zoned(at: DateTime<Utc>, zone: TimeZone, work: &Work<'_>) -> Outcome<Zoned> {
    let nanos = i32::try_from(at.timestamp_subsec_nanos()).unwrap_or_default();
    match jiff::Timestamp::new(at.timestamp(), nanos) {
        Ok(at) => Ok(at.to_zoned(zone)),
        Err(_) => Err(work.error("overflow", "the time is out of range")),
    }
}

/// A moment, or a text that says one in the zone called `zone_name`.
pub(super) fn moment(value: &Val<'_>, zone_name: &str, work: &Work<'_>) -> Outcome<DateTime<Utc>> {
    match value {
        Val::Timestamp(at) => Ok(*at),
        Val::Str(text) => parse_timestamp(text, &zone(zone_name, work)?)
            .ok_or_else(|| work.error("bad-time", format!("`{}` is not a time", clipped(text)))),
        other => {
            Err(work.error("wrong-type", format!("a time is needed here, not {}", other.what())))
        }
    }
}

/// A moment of a clock in a zone, as a moment.
pub(super) fn moment_of(at: &Zoned, work: &Work<'_>) -> Outcome<DateTime<Utc>> {
    let at = at.timestamp();
    let nanos = u32::try_from(at.subsec_nanosecond().max(0)).unwrap_or_default();
    DateTime::from_timestamp(at.as_second(), nanos)
        .filter(is_in_range)
        .ok_or_else(|| work.error("overflow", "the time is out of range"))
}

/// A number in [0, 1) that the first bytes of a hash decide.
pub(super) fn fraction(hash: &[u8]) -> f64 {
    let bits = hash.iter().take(8).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    // 53 bits are what a double holds exactly, so 1.0 is never reached.
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// The start of a text, short enough for a message.
pub(super) fn clipped(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// `getFullYear` and its siblings: of a moment in a zone (UTC unless named), or of a duration as a whole.
pub(super) fn getter<'a>(
    function: Function,
    value: &Val<'a>,
    zone_name: Option<&str>,
    work: &Work<'_>,
) -> Outcome<Val<'a>> {
    let at = match value {
        Val::Timestamp(at) => *at,
        Val::Duration(duration) => return duration_getter(function, *duration, work),
        other => {
            return Err(
                work.error("wrong-type", format!("a time is needed here, not {}", other.what()))
            );
        }
    };
    let at = zoned(at, zone(zone_name.unwrap_or("UTC"), work)?, work)?;
    Ok(Val::Int(i64::from(match function {
        Function::FullYear => at.year(),
        Function::Month => i16::from(at.month()) - 1,
        Function::Date => at.day().into(),
        Function::DayOfMonth => i16::from(at.day()) - 1,
        Function::DayOfWeek => at.weekday().to_sunday_zero_offset().into(),
        Function::DayOfYear => at.day_of_year() - 1,
        Function::Hours => at.hour().into(),
        Function::Minutes => at.minute().into(),
        Function::Seconds => at.second().into(),
        _ => at.millisecond(),
    })))
}

fn duration_getter<'a>(
    function: Function,
    duration: TimeDelta,
    work: &Work<'_>,
) -> Outcome<Val<'a>> {
    Ok(Val::Int(match function {
        Function::Hours => duration.num_hours(),
        Function::Minutes => duration.num_minutes(),
        Function::Seconds => duration.num_seconds(),
        Function::Milliseconds => duration.num_milliseconds() % 1_000,
        _ => return Err(work.error("wrong-type", "a time is needed here, not a duration")),
    }))
}
