//! CEL's `text.format(list)`: `%s %d %f %e %b %x %X %o %%`, with a precision for `%f` and `%e`.

use super::eval::{Outcome, Work};
use super::text::bounded;
use super::value::Val;
use super::{format as shown, time};

/// Digits of `%f` and `%e` without a precision.
const PRECISION: usize = 6;
/// Most that can be asked for.
const PRECISION_MAX: usize = 100;

/// Fills the places of `pattern` with the items of `list`, one each.
pub(super) fn format<'a>(pattern: &str, list: &Val<'a>, work: &Work<'_>) -> Outcome<Val<'a>> {
    let Some(items) = list.items() else {
        let message = format!("a list is needed here, not {}", list.what());
        return Err(work.error("wrong-type", message));
    };
    let mut out = String::new();
    let mut rest = pattern;
    let mut next = 0;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let (precision, after) = precision(rest, work)?;
        let Some(verb) = after.chars().next() else {
            return Err(work.error("bad-format", "the pattern ends within a `%`"));
        };
        rest = &after[verb.len_utf8()..];
        let Some(item) = items.get(next) else {
            let message = format!("the pattern needs more than the {} items given", items.len());
            return Err(work.error("index-out-of-range", message));
        };
        next += 1;
        one(&mut out, (verb, precision), &item, work)?;
        bounded(&out, work)?;
    }
    out.push_str(rest);
    work.spend_output(out.len())?;
    Ok(Val::text(out))
}

/// `.3` and what follows it.
fn precision<'t>(rest: &'t str, work: &Work<'_>) -> Outcome<(usize, &'t str)> {
    let Some(digits) = rest.strip_prefix('.') else { return Ok((PRECISION, rest)) };
    let len = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    match digits[..len].parse() {
        Ok(n) if n <= PRECISION_MAX => Ok((n, &digits[len..])),
        _ => {
            let message = format!("a precision in a pattern is a number up to {PRECISION_MAX}");
            Err(work.error("bad-format", message))
        }
    }
}

fn one(
    out: &mut String,
    (verb, precision): (char, usize),
    item: &Val<'_>,
    work: &Work<'_>,
) -> Outcome<()> {
    let text = match (verb, item) {
        ('s', item) => return plain(out, item, work),
        ('d', Val::Int(n)) => n.to_string(),
        ('d', Val::Uint(n)) => n.to_string(),
        ('d', Val::Double(n)) => n.to_string(),
        ('d', Val::Decimal(n)) => n.to_string(),
        ('f' | 'e', Val::Double(n)) if !n.is_finite() => endless(*n).to_owned(),
        ('f', Val::Decimal(n)) => {
            let scale = u32::try_from(precision.min(18)).unwrap_or_default();
            n.rounded(scale).map_or_else(|| n.to_string(), |n| n.to_string())
        }
        ('f', item) if item.as_double().is_some() => {
            format!("{:.precision$}", item.as_double().unwrap_or_default())
        }
        ('e', item) if item.as_double().is_some() => {
            let text = format!("{:.precision$e}", item.as_double().unwrap_or_default());
            scientific(&text)
        }
        ('b', Val::Bool(b)) => u8::from(*b).to_string(),
        ('b', Val::Uint(n)) => format!("{n:b}"),
        ('o', Val::Uint(n)) => format!("{n:o}"),
        ('x', Val::Uint(n)) => format!("{n:x}"),
        ('X', Val::Uint(n)) => format!("{n:X}"),
        ('b' | 'o' | 'x' | 'X', Val::Int(n)) => radix(verb, *n),
        ('x', Val::Str(text)) => hex(text.as_bytes(), false),
        ('X', Val::Str(text)) => hex(text.as_bytes(), true),
        ('x', Val::Bytes(bytes)) => hex(bytes, false),
        ('X', Val::Bytes(bytes)) => hex(bytes, true),
        ('d' | 'f' | 'e' | 'b' | 'o' | 'x' | 'X', other) => {
            let message = format!("`%{verb}` does not show {}", other.what());
            return Err(work.error("wrong-type", message));
        }
        _ => return Err(work.error("bad-format", format!("`%{verb}` means nothing"))),
    };
    work.spend_text(text.len())?;
    out.push_str(&text);
    Ok(())
}

/// `%s`: as CEL shows it, lists in brackets and maps in braces, keys sorted.
fn plain(out: &mut String, item: &Val<'_>, work: &Work<'_>) -> Outcome<()> {
    work.spend(1)?;
    match item {
        Val::Null => out.push_str("null"),
        Val::Double(n) if !n.is_finite() => out.push_str(endless(*n)),
        Val::Double(n) => out.push_str(&n.to_string()),
        Val::Bytes(bytes) => out.push_str(&String::from_utf8_lossy(bytes)),
        Val::Timestamp(at) => out.push_str(&time::format_timestamp(*at)),
        Val::Duration(d) => out.push_str(&time::format_duration(*d)),
        other => {
            if let Some(items) = other.items() {
                out.push('[');
                for (i, item) in items.iter().enumerate() {
                    out.push_str(if i == 0 { "" } else { ", " });
                    plain(out, &item, work)?;
                }
                out.push(']');
            } else if let Some(keys) = other.keys() {
                out.push('{');
                for (i, key) in keys.iter().enumerate() {
                    out.push_str(if i == 0 { "" } else { ", " });
                    plain(out, key, work)?;
                    out.push_str(": ");
                    plain(out, &other.get(key).unwrap_or(Val::Null), work)?;
                }
                out.push('}');
            } else {
                shown::push_text(out, other, work)?;
            }
        }
    }
    bounded(out, work)
}

fn endless(n: f64) -> &'static str {
    match n {
        _ if n.is_nan() => "NaN",
        _ if n > 0.0 => "Infinity",
        _ => "-Infinity",
    }
}

/// `1.5e3` as others write it: `1.500000e+03`.
fn scientific(text: &str) -> String {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{digits:0>2}")
}

fn radix(verb: char, n: i64) -> String {
    let sign = if n < 0 { "-" } else { "" };
    let n = n.unsigned_abs();
    match verb {
        'b' => format!("{sign}{n:b}"),
        'o' => format!("{sign}{n:o}"),
        'x' => format!("{sign}{n:x}"),
        _ => format!("{sign}{n:X}"),
    }
}

fn hex(bytes: &[u8], is_upper: bool) -> String {
    let pair = |byte: &u8| if is_upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
    bytes.iter().map(pair).collect()
}
