//! Literal arguments that can be judged before anything runs: durations, times, zones, patterns, currencies.

use jiff::tz::TimeZone;

use super::ast::{Kind, Literal, Node};
use super::error::Problem;
use super::functions::Function;
use super::{format, time};

/// What is wrong with the literals among `args`.
pub(super) fn check(function: Function, args: &[Node]) -> Option<Problem> {
    let (arg, message) = match function {
        Function::Duration => {
            let (arg, text) = literal(args, 0)?;
            let is_good = time::parse_duration(text).is_some();
            (arg, (!is_good).then(|| format!("`{text}` is not a duration like 90s or PT10M"))?)
        }
        Function::Timestamp => {
            let (arg, text) = literal(args, 0)?;
            let is_good = time::parse_timestamp(text, &TimeZone::UTC).is_some();
            (arg, (!is_good).then(|| format!("`{text}` is not a time like 2026-05-01T09:00:00Z"))?)
        }
        Function::FormatDate => {
            let (arg, text) = literal(args, 1)?;
            (arg, format::check_pattern(text)?)
        }
        Function::Money => {
            let (arg, text) = literal(args, 1)?;
            let is_good = format::is_currency(text);
            (arg, (!is_good).then(|| format!("`{text}` is not a currency code like USD"))?)
        }
        getter if is_getter(getter) => {
            let (arg, text) = literal(args, 1)?;
            let is_good = time::parse_zone(text).is_some();
            (arg, (!is_good).then(|| format!("there is no time zone `{text}`"))?)
        }
        _ => return None,
    };
    Some(Problem::new("bad-argument", message, arg.span()))
}

fn literal(args: &[Node], at: usize) -> Option<(&Node, &str)> {
    let arg = args.get(at)?;
    match &arg.kind {
        Kind::Literal(Literal::String(text)) => Some((arg, text)),
        _ => None,
    }
}

fn is_getter(function: Function) -> bool {
    use Function as F;
    matches!(
        function,
        F::FullYear | F::Month | F::Date | F::DayOfMonth | F::DayOfWeek | F::DayOfYear
    ) || matches!(function, F::Hours | F::Minutes | F::Seconds | F::Milliseconds)
}
