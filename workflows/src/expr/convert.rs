//! Conversions between types: `int`, `uint`, `double`, `string`, `bool`, `bytes`, `timestamp`, `duration`, `json`.

use std::borrow::Cow;

use chrono::DateTime;

use super::eval::{Outcome, Work};
use super::functions::Function;
use super::time::{self, clipped};
use super::value::Val;

/// Converts `value` to what `function` is named after.
pub(super) fn convert<'a>(function: Function, value: Val<'a>, work: &Work<'_>) -> Outcome<Val<'a>> {
    match function {
        Function::Int => int(&value, work),
        Function::Uint => uint(&value, work),
        Function::Double => double(&value, work),
        Function::String => string(value, work),
        Function::Bool => boolean(&value, work),
        Function::Bytes => match value {
            Val::Bytes(_) => Ok(value),
            Val::Str(text) => {
                work.spend_text(text.len())?;
                Ok(Val::Bytes(Cow::Owned(text.into_owned().into_bytes())))
            }
            other => Err(refused(&other, "bytes", work)),
        },
        _ => match &value {
            Val::Duration(_) => Ok(value),
            Val::Str(text) => time::parse_duration(text).map(Val::Duration).ok_or_else(|| {
                let message = format!("`{}` is not a duration like 90s or PT10M", clipped(text));
                work.error("bad-duration", message)
            }),
            other => Err(refused(other, "a duration", work)),
        },
    }
}

fn int<'a>(value: &Val<'a>, work: &Work<'_>) -> Outcome<Val<'a>> {
    match value {
        Val::Int(_) => Ok(value.clone()),
        Val::Timestamp(at) => Ok(Val::Int(at.timestamp())),
        Val::Uint(_) | Val::Double(_) | Val::Decimal(_) => truncated(value)
            .and_then(|n| i64::try_from(n).ok())
            .map(Val::Int)
            .ok_or_else(|| work.error("overflow", "the number is too large for an int")),
        Val::Str(text) => text.trim().parse().map(Val::Int).map_err(|_| not_number(text, work)),
        other => Err(refused(other, "a whole number", work)),
    }
}

fn uint<'a>(value: &Val<'a>, work: &Work<'_>) -> Outcome<Val<'a>> {
    match value {
        Val::Uint(_) => Ok(value.clone()),
        Val::Int(_) | Val::Double(_) | Val::Decimal(_) => truncated(value)
            .and_then(|n| u64::try_from(n).ok())
            .map(Val::Uint)
            .ok_or_else(|| work.error("overflow", "the number is out of range for a uint")),
        Val::Str(text) => text.trim().parse().map(Val::Uint).map_err(|_| not_number(text, work)),
        other => Err(refused(other, "a whole number", work)),
    }
}

/// A number without its fraction.
fn truncated(value: &Val<'_>) -> Option<i128> {
    match value {
        Val::Double(n) => Val::Double(n.trunc()).as_whole(),
        Val::Decimal(n) => Some(n.truncated()),
        other => other.as_whole(),
    }
}

fn double<'a>(value: &Val<'a>, work: &Work<'_>) -> Outcome<Val<'a>> {
    match value {
        Val::Str(text) => text.trim().parse().map(Val::Double).map_err(|_| not_number(text, work)),
        other => other.as_double().map(Val::Double).ok_or_else(|| refused(other, "a number", work)),
    }
}

fn string<'a>(value: Val<'a>, work: &Work<'_>) -> Outcome<Val<'a>> {
    Ok(Val::text(match value {
        Val::Str(_) => return Ok(value),
        Val::Bool(b) => b.to_string(),
        Val::Int(n) => n.to_string(),
        Val::Uint(n) => n.to_string(),
        Val::Double(n) => n.to_string(),
        Val::Decimal(n) => n.to_string(),
        Val::Timestamp(at) => time::format_timestamp(at),
        Val::Duration(d) => time::format_duration(d),
        Val::Type(name) => name.into(),
        Val::Bytes(bytes) => {
            work.spend_text(bytes.len())?;
            String::from_utf8(bytes.into_owned())
                .map_err(|_| work.error("bad-text", "the bytes are not UTF-8 text"))?
        }
        other => {
            return Err(work.error(
                "wrong-type",
                format!("string() does not take {}; text() and to_json() do", other.what()),
            ));
        }
    }))
}

fn boolean<'a>(value: &Val<'a>, work: &Work<'_>) -> Outcome<Val<'a>> {
    match value {
        Val::Bool(_) => Ok(value.clone()),
        Val::Str(text) => match text.as_ref() {
            "1" | "t" | "true" | "TRUE" | "True" => Ok(Val::Bool(true)),
            "0" | "f" | "false" | "FALSE" | "False" => Ok(Val::Bool(false)),
            other => {
                let message = format!("`{}` is neither true nor false", clipped(other));
                Err(work.error("bad-bool", message))
            }
        },
        other => Err(refused(other, "true/false", work)),
    }
}

/// `timestamp`: of a text, or of seconds since 1970.
pub(super) fn timestamp<'a>(value: Val<'a>, zone_name: &str, work: &Work<'_>) -> Outcome<Val<'a>> {
    match value {
        Val::Int(secs) => DateTime::from_timestamp(secs, 0)
            .filter(time::is_in_range)
            .map(Val::Timestamp)
            .ok_or_else(|| work.error("overflow", "the time is out of range")),
        other => time::moment(&other, zone_name, work).map(Val::Timestamp),
    }
}

/// `json`: the value a text describes.
pub(super) fn parse_json<'a>(text: &str, work: &Work<'_>) -> Outcome<Val<'a>> {
    // A byte of text may become a value, so reading JSON costs more than copying text.
    work.spend(text.len() / 8)?;
    match serde_json::from_str(text) {
        Ok(value) => Ok(Val::owned(value)),
        Err(error) => Err(work.error("bad-json", format!("the text is not JSON: {error}"))),
    }
}

#[cold]
fn refused(value: &Val<'_>, wanted: &str, work: &Work<'_>) -> Box<super::error::EvalError> {
    work.error("wrong-type", format!("{} cannot become {wanted}", value.what()))
}

#[cold]
fn not_number(text: &str, work: &Work<'_>) -> Box<super::error::EvalError> {
    work.error("bad-number", format!("`{}` is not a number like this", clipped(text)))
}
