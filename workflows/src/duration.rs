//! Lengths of time as people write them: ISO-8601 (`PT10M`, `P7D`) or short (`10m`, `1h30m`).
//!
//! **Invariant:** the answer never depends on a calendar, so years and months, whose length varies, are refused.

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;

/// Milliseconds of a duration text, or `None` if it is not one. A leading `-` makes it negative (`-PT24H`).
pub fn parse_duration_ms(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let total = match text.strip_prefix('P') {
        Some(rest) => parse_iso(rest)?,
        None => sum(text, parse_short_unit)?,
    };
    Some(sign * total)
}

fn parse_iso(text: &str) -> Option<i64> {
    let (date, time) = match text.split_once('T') {
        // `P1DT` promises a time and gives none.
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None => (text, ""),
    };
    if date.is_empty() && time.is_empty() {
        return None;
    }
    let days = if date.is_empty() { 0 } else { sum(date, parse_date_unit)? };
    let rest = if time.is_empty() { 0 } else { sum(time, parse_time_unit)? };
    days.checked_add(rest)
}

fn parse_date_unit(unit: &str) -> Option<i64> {
    match unit {
        "W" => Some(WEEK),
        "D" => Some(DAY),
        _ => None,
    }
}

fn parse_time_unit(unit: &str) -> Option<i64> {
    match unit {
        "H" => Some(HOUR),
        "M" => Some(MINUTE),
        "S" => Some(SECOND),
        _ => None,
    }
}

fn parse_short_unit(unit: &str) -> Option<i64> {
    match unit {
        "ms" => Some(1),
        "s" => Some(SECOND),
        "m" => Some(MINUTE),
        "h" => Some(HOUR),
        "d" => Some(DAY),
        "w" => Some(WEEK),
        _ => None,
    }
}

/// Adds up `<number><unit>` parts, each unit smaller than the one before it.
fn sum(text: &str, unit_ms: fn(&str) -> Option<i64>) -> Option<i64> {
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    let mut rest = text;
    let mut total = 0i64;
    let mut previous = i64::MAX;
    while !rest.is_empty() {
        let number_end = rest.find(|c| !is_number(c))?;
        let (number, tail) = rest.split_at(number_end);
        let unit_end = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let unit = unit_ms(unit).filter(|ms| *ms < previous)?;
        previous = unit;
        total = total.checked_add(multiply(number, unit)?)?;
        rest = tail.trim_start();
    }
    (previous != i64::MAX).then_some(total)
}

/// `1.5` times a unit, to the whole millisecond.
fn multiply(number: &str, unit: i64) -> Option<i64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let is_exact = whole.len() <= 15 && fraction.len() <= 9;
    if whole.is_empty() || number.ends_with('.') || !is_exact {
        return None;
    }
    let whole = whole.parse::<i64>().ok()?.checked_mul(unit)?;
    if fraction.is_empty() {
        return Some(whole);
    }
    let scale = 10i128.pow(u32::try_from(fraction.len()).ok()?);
    let part = i128::from(fraction.parse::<i64>().ok()?) * i128::from(unit) / scale;
    whole.checked_add(i64::try_from(part).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, wanted: Option<i64>) {
        assert_eq!(parse_duration_ms(text), wanted, "{text}");
    }

    #[test]
    fn durations() {
        for (text, wanted) in [
            ("PT10M", 600_000),
            ("P1D", 86_400_000),
            ("P7D", 604_800_000),
            ("P2W", 1_209_600_000),
            ("P1DT12H", 129_600_000),
            ("PT1H30M5S", 5_405_000),
            ("PT0.5S", 500),
            ("PT1.5H", 5_400_000),
            ("-PT24H", -86_400_000),
            ("10m", 600_000),
            ("2h", 7_200_000),
            ("30s", 30_000),
            ("7d", 604_800_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            ("500ms", 500),
            ("-2h", -7_200_000),
            ("PT0S", 0),
        ] {
            check(text, Some(wanted));
        }
    }

    #[test]
    fn not_durations() {
        for text in [
            "",
            "P",
            "PT",
            "P1DT",
            "P1Y",
            "P1M",
            "10",
            "m",
            "10 m",
            "10x",
            "30m1h",
            "1h1h",
            "1.m",
            ".5h",
            "PT1H30",
            "99999999999999999d",
            "tomorrow",
            "10M",
            "context.wait",
            "1..2h",
            "999999999999999w",
        ] {
            check(text, None);
        }
    }
}
