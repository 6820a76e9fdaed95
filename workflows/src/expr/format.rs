//! Values as people read them: `text`, `money`, `date`, `relative_day`, `phone`, `plural`.

use jiff::Zoned;

use super::eval::{Outcome, Work};
use super::locale::Locale;
use super::text::bounded;
use super::time;
use super::value::Val;

/// Digits of a phone number with its country code (E.164).
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// Decimal digits a double always keeps; a number this short has no binary tail.
const SURE_DIGITS: usize = 15;

/// `text`: how `{{ }}` shows a value.
pub(super) fn text(value: &Val<'_>, work: &Work<'_>) -> Outcome<String> {
    let mut out = String::new();
    push_text(&mut out, value, work)?;
    Ok(out)
}

/// Appends what [`text`] gives.
pub(super) fn push_text(out: &mut String, value: &Val<'_>, work: &Work<'_>) -> Outcome<()> {
    work.spend(1)?;
    match value {
        Val::Null => {}
        Val::Str(text) => {
            work.spend_text(text.len())?;
            out.push_str(text);
        }
        Val::Double(n) => out.push_str(&number(*n)),
        Val::Timestamp(at) => out.push_str(&time::format_timestamp(*at)),
        other => match other.items() {
            Some(items) => {
                for (i, item) in items.iter().enumerate() {
                    out.push_str(if i == 0 { "" } else { ", " });
                    push_text(out, &item, work)?;
                }
            }
            None => match other.to_json(work)? {
                serde_json::Value::String(text) => out.push_str(&text),
                json => out.push_str(&json.to_string()),
            },
        },
    }
    bounded(out, work)
}

/// A double as a person writes it: 15 digits tell every decimal fraction people type, and hide the binary tail of
/// `0.1 + 0.2`.
fn number(n: f64) -> String {
    let exact = n.to_string();
    if exact.len() <= SURE_DIGITS && n != 0.0 {
        return exact;
    }
    let short: f64 = format!("{n:.14e}").parse().unwrap_or(n);
    // Minus zero is zero to a reader.
    if short == 0.0 { "0".into() } else { short.to_string() }
}

/// `money`: grouped, rounded to the decimals of the currency, with its symbol.
pub(super) fn money(
    amount: &Val<'_>,
    (code, tag): (&str, &str),
    work: &Work<'_>,
) -> Outcome<String> {
    if !is_currency(code) {
        let message = format!("`{}` is not a currency code like USD", time::clipped(code));
        return Err(work.error("bad-currency", message));
    }
    let locale = Locale::of(tag);
    let (symbol, n_decimals) = locale.currency(code);
    let digits = match (amount, amount.as_double()) {
        (Val::Int(n), _) => format!("{n}.{:0<n_decimals$}", ""),
        (Val::Uint(n), _) => format!("{n}.{:0<n_decimals$}", ""),
        // Beyond this a double has no cents, and its digits would fill a page.
        (_, Some(n)) if n.abs() < 1e15 => format!("{n:.n_decimals$}"),
        _ => {
            let message = format!("an amount is needed here, not {}", amount.what());
            return Err(work.error("wrong-type", message));
        }
    };
    let unsigned = digits.trim_start_matches('-');
    let is_zero = unsigned.chars().all(|c| matches!(c, '0' | '.'));
    let sign = if digits.starts_with('-') && !is_zero { "-" } else { "" };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let (group, point) = locale.separators();
    let mut amount = grouped(whole, group);
    if !fraction.is_empty() {
        amount.push(point);
        amount.push_str(fraction);
    }
    // Symbols that are words need a gap, as does R$ by custom.
    let gap = if symbol.ends_with(char::is_alphabetic) || symbol == "R$" { " " } else { "" };
    Ok(match locale.is_symbol_last(code) {
        true => format!("{sign}{amount} {symbol}"),
        false => format!("{sign}{symbol}{gap}{amount}"),
    })
}

/// Whether it looks like an ISO 4217 code.
pub(super) fn is_currency(code: &str) -> bool {
    code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase())
}

fn grouped(digits: &str, group: char) -> String {
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(group);
        }
        out.push(digit);
    }
    out
}

/// `date`: by a style (`short`, `medium`, `long`, `time`) or a pattern like `dd/MM/yyyy HH:mm`.
pub(super) fn date(at: &Zoned, (pattern, tag): (&str, &str), work: &Work<'_>) -> Outcome<String> {
    let locale = Locale::of(tag);
    let pattern = locale.pattern(pattern).unwrap_or(pattern);
    let mut out = String::new();
    for part in parts(pattern) {
        match part {
            Part::Literal(text) => out.push_str(text),
            Part::Field(letters) => match field(at, letters, &locale) {
                Some(text) => out.push_str(&text),
                None => return Err(work.error("bad-date-pattern", unknown_field(letters))),
            },
        }
    }
    work.spend_output(out.len())?;
    Ok(out)
}

/// What is wrong with a pattern or style, if anything.
pub(super) fn check_pattern(pattern: &str) -> Option<String> {
    let locale = Locale::of("en");
    let pattern = locale.pattern(pattern).unwrap_or(pattern);
    let probe = jiff::Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC);
    parts(pattern).into_iter().find_map(|part| match part {
        Part::Field(letters) if field(&probe, letters, &locale).is_none() => {
            Some(unknown_field(letters))
        }
        _ => None,
    })
}

fn unknown_field(letters: &str) -> String {
    format!("`{}` means nothing in a date pattern; put words in '…'", time::clipped(letters))
}

enum Part<'p> {
    Literal(&'p str),
    /// The same letter, once or more.
    Field(&'p str),
}

fn parts(pattern: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        let part_len = match first {
            '\'' if rest.starts_with("''") => {
                parts.push(Part::Literal("'"));
                rest = &rest[2..];
                continue;
            }
            '\'' => {
                let len = rest[1..].find('\'').unwrap_or(rest.len() - 1);
                parts.push(Part::Literal(&rest[1..=len]));
                rest = rest.get(len + 2..).unwrap_or_default();
                // A doubled quote inside of quotes is one; what follows it is quoted again.
                if rest.starts_with('\'') {
                    parts.push(Part::Literal("'"));
                }
                continue;
            }
            letter if letter.is_ascii_alphabetic() => {
                let len = rest.find(|c| c != letter).unwrap_or(rest.len());
                parts.push(Part::Field(&rest[..len]));
                len
            }
            _ => {
                let is_special = |c: char| c == '\'' || c.is_ascii_alphabetic();
                let len = rest.find(is_special).unwrap_or(rest.len());
                parts.push(Part::Literal(&rest[..len]));
                len
            }
        };
        rest = &rest[part_len..];
    }
    parts
}

fn field(at: &Zoned, letters: &str, locale: &Locale<'_>) -> Option<String> {
    let language = locale.language;
    let name = |names: &[&str], i: i8| {
        usize::try_from(i).ok().and_then(|i| names.get(i)).map(|name| String::from(*name))
    };
    let hour_of_12 = match at.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    let weekday = at.weekday().to_monday_zero_offset();
    Some(match letters {
        "yyyy" | "y" => format!("{:04}", at.year()),
        "yy" => format!("{:02}", at.year().rem_euclid(100)),
        "MMMM" => return name(&language.months, at.month() - 1),
        "MMM" => return name(&language.months_short, at.month() - 1),
        "MM" => format!("{:02}", at.month()),
        "M" => at.month().to_string(),
        "dd" => format!("{:02}", at.day()),
        "d" => at.day().to_string(),
        "EEEE" => return name(&language.weekdays, weekday),
        "EEE" | "EE" | "E" => return name(&language.weekdays_short, weekday),
        "HH" => format!("{:02}", at.hour()),
        "H" => at.hour().to_string(),
        "hh" => format!("{hour_of_12:02}"),
        "h" => hour_of_12.to_string(),
        "mm" => format!("{:02}", at.minute()),
        "m" => at.minute().to_string(),
        "ss" => format!("{:02}", at.second()),
        "s" => at.second().to_string(),
        "SSS" => format!("{:03}", at.millisecond()),
        "a" => return name(&language.halves, i8::from(at.hour() >= 12)),
        _ => return None,
    })
}

/// `relative_day`: yesterday, today, tomorrow, the weekday within a week ahead, else the date.
pub(super) fn relative_day(
    (at, now): (&Zoned, &Zoned),
    tag: &str,
    work: &Work<'_>,
) -> Outcome<String> {
    let days = at.date().since(now.date()).map_or(i32::MAX, |span| span.get_days());
    let language = Locale::of(tag).language;
    match days {
        -1..=1 => Ok(language.days[usize::try_from(days + 1).unwrap_or_default()].into()),
        2..=6 => date(at, ("EEEE", tag), work),
        _ => date(at, ("medium", tag), work),
    }
}

/// `phone`: `+` and digits. What has no country code, or is no number at all, is an error.
pub(super) fn phone(value: &Val<'_>, work: &Work<'_>) -> Outcome<String> {
    let text = text(value, work)?;
    let trimmed = text.trim();
    let bad = |why: &str| {
        let message = format!("`{}` is not a phone number: {why}", time::clipped(trimmed));
        Err(work.error("bad-phone", message))
    };
    let mut digits = String::new();
    for c in trimmed.chars() {
        match digit(c) {
            Some(digit) => digits.push(digit),
            None if c.is_whitespace() || "+-().·/\u{200e}\u{202a}\u{202c}".contains(c) => {}
            None => return bad("it has other characters in it"),
        }
    }
    let number = match digits.strip_prefix("00") {
        Some(number) if !trimmed.starts_with('+') => number,
        _ => digits.as_str(),
    };
    match number {
        _ if !PHONE_DIGITS.contains(&number.len()) => bad("it has too few or too many digits"),
        _ if number.starts_with('0') => bad("it has no country code"),
        _ => Ok(format!("+{number}")),
    }
}

/// ASCII, Arabic-Indic and Persian digits.
fn digit(c: char) -> Option<char> {
    let value = match c {
        '0'..='9' => return Some(c),
        '٠'..='٩' => u32::from(c) - u32::from('٠'),
        '۰'..='۹' => u32::from(c) - u32::from('۰'),
        _ => return None,
    };
    char::from_digit(value, 10)
}

/// Whether a count takes the singular.
pub(super) fn is_one(n: &Val<'_>) -> bool {
    n.as_double() == Some(1.0)
}
