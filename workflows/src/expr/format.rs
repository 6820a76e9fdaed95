//! Values as people read them: `text`, `money`, `number`, `date`, `relative_day`, `phone`.

use jiff::Zoned;

use super::currency;
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
        Val::Optional(None) => {}
        Val::Optional(Some(value)) => push_text(out, value, work)?,
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

/// `money`: grouped, rounded half to even to the digits of the currency, with its symbol.
pub(super) fn money(
    amount: &Val<'_>,
    (code, tag): (&str, &str),
    work: &Work<'_>,
) -> Outcome<String> {
    let Some(n_digits) = currency::n_digits(code) else {
        return Err(work.error("bad-currency", currency::refusal(code)));
    };
    let locale = Locale::of(tag);
    let symbol = locale.symbol(code);
    let (sign, amount) = grouped(&digits(amount, n_digits as usize, work)?, &locale);
    // Symbols that are words need a gap, as does R$ by custom.
    let gap = if symbol.ends_with(char::is_alphabetic) || symbol == "R$" { " " } else { "" };
    Ok(match locale.is_symbol_last(code) {
        true => format!("{sign}{amount} {symbol}"),
        false => format!("{sign}{symbol}{gap}{amount}"),
    })
}

/// `number`: grouped, with as many digits behind the point as asked, else as many as it has.
pub(super) fn grouped_number(
    value: &Val<'_>,
    (n_digits, tag): (Option<usize>, &str),
    work: &Work<'_>,
) -> Outcome<String> {
    let shown = match (n_digits, value) {
        (Some(n_digits), value) => digits(value, n_digits, work)?,
        (None, Val::Double(n)) if n.abs() < LARGE => number(*n),
        (None, Val::Double(_)) => return Err(no_amount(value, work)),
        (None, value) if value.as_double().is_some() => text(value, work)?,
        (None, other) => return Err(no_amount(other, work)),
    };
    let (sign, number) = grouped(&shown, &Locale::of(tag));
    Ok(format!("{sign}{number}"))
}

/// A number with exactly this many digits behind the point.
fn digits(value: &Val<'_>, n_digits: usize, work: &Work<'_>) -> Outcome<String> {
    let scale = u32::try_from(n_digits).unwrap_or_default();
    let is_large = matches!(value, Val::Double(n) if n.is_nan() || n.abs() >= LARGE);
    match (value.as_decimal(), value) {
        _ if is_large => Err(no_amount(value, work)),
        (Some(exact), _) => exact
            .rounded(scale)
            .map(|exact| exact.to_string())
            .ok_or_else(|| work.error("overflow", "the number is too large")),
        // So small that decimals have no digits for it.
        (None, Val::Double(n)) => Ok(format!("{n:.n_digits$}")),
        (None, other) => Err(no_amount(other, work)),
    }
}

/// From here on a double has no cents, and its digits would fill a page.
const LARGE: f64 = 1e15;

#[cold]
fn no_amount(value: &Val<'_>, work: &Work<'_>) -> Box<super::error::EvalError> {
    work.error("wrong-type", format!("an amount is needed here, not {}", value.what()))
}

/// The sign, and the digits as the language groups them. Nothing is not negative.
fn grouped(digits: &str, locale: &Locale<'_>) -> (&'static str, String) {
    let unsigned = digits.trim_start_matches('-');
    let is_zero = unsigned.chars().all(|c| matches!(c, '0' | '.'));
    let sign = if digits.starts_with('-') && !is_zero { "-" } else { "" };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let (group, point) = locale.separators();
    let mut out = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(group);
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push(point);
        out.push_str(fraction);
    }
    (sign, out)
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
    read_phone(&text).map_err(|why| work.error("bad-phone", refused_phone(&text, why)))
}

/// What is wrong with a phone number that is written out, if anything.
pub(super) fn check_phone(text: &str) -> Option<String> {
    read_phone(text).err().map(|why| refused_phone(text, why))
}

fn refused_phone(text: &str, why: &str) -> String {
    format!("`{}` is not a phone number: {why}", time::clipped(text.trim()))
}

fn read_phone(text: &str) -> Result<String, &'static str> {
    let trimmed = text.trim();
    let mut digits = String::new();
    for c in trimmed.chars() {
        match digit(c) {
            Some(digit) => digits.push(digit),
            None if c.is_whitespace() || "+-().·/\u{200e}\u{202a}\u{202c}".contains(c) => {}
            None => return Err("it has other characters in it"),
        }
    }
    let number = match digits.strip_prefix("00") {
        Some(number) if !trimmed.starts_with('+') => number,
        _ => digits.as_str(),
    };
    match number {
        _ if !PHONE_DIGITS.contains(&number.len()) => Err("it has too few or too many digits"),
        _ if number.starts_with('0') => Err("it has no country code"),
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
