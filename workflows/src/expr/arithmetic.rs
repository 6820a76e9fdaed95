//! `+ - * / %` and the minus sign.
//!
//! **Invariant:** integers and decimals never wrap: what does not fit is the error `overflow`.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};

use super::ast::Arithmetic;
use super::decimal::Decimal;
use super::eval::{Outcome, Work};
use super::time;
use super::value::Val;

/// Applies `operator` to two values.
pub(super) fn apply<'a>(
    operator: Arithmetic,
    (left, right): (Val<'a>, Val<'a>),
    work: &Work<'_>,
) -> Outcome<Val<'a>> {
    use Arithmetic::{Add, Subtract};
    match (operator, left, right) {
        (operator, Val::Int(a), Val::Int(b)) => int(operator, a, b, work),
        (operator, Val::Uint(a), Val::Uint(b)) => {
            let whole = whole(operator, (a.into(), b.into()), work)?;
            u64::try_from(whole).map(Val::Uint).map_err(|_| overflow(work))
        }
        (Add, Val::Str(a), Val::Str(b)) => {
            work.spend_output(a.len() + b.len())?;
            let mut text = a.into_owned();
            text.push_str(&b);
            Ok(Val::Str(Cow::Owned(text)))
        }
        (Add, Val::Bytes(a), Val::Bytes(b)) => {
            work.spend_output(a.len() + b.len())?;
            Ok(Val::Bytes(Cow::Owned([a.as_ref(), b.as_ref()].concat())))
        }
        (Add, Val::Timestamp(at), Val::Duration(d))
        | (Add, Val::Duration(d), Val::Timestamp(at)) => moment(at.checked_add_signed(d), work),
        (Subtract, Val::Timestamp(at), Val::Duration(d)) => moment(at.checked_sub_signed(d), work),
        (Subtract, Val::Timestamp(a), Val::Timestamp(b)) => Ok(Val::Duration(a - b)),
        (Add, Val::Duration(a), Val::Duration(b)) => length(a.checked_add(&b), work),
        (Subtract, Val::Duration(a), Val::Duration(b)) => length(a.checked_sub(&b), work),
        (operator, left, right) => mixed(operator, (left, right), work),
    }
}

fn mixed<'a>(
    operator: Arithmetic,
    (left, right): (Val<'a>, Val<'a>),
    work: &Work<'_>,
) -> Outcome<Val<'a>> {
    if operator == Arithmetic::Add
        && let (Some(a), Some(b)) = (left.items(), right.items())
    {
        work.spend(a.len() + b.len())?;
        work.spend_output(a.len() + b.len())?;
        return Ok(Val::list(a.iter().chain(b.iter()).collect()));
    }
    if matches!(left, Val::Decimal(_)) || matches!(right, Val::Decimal(_)) {
        return decimal(operator, (&left, &right), work);
    }
    let is_double = matches!(left, Val::Double(_)) || matches!(right, Val::Double(_));
    match (left.as_double(), right.as_double()) {
        (Some(a), Some(b)) if is_double && operator != Arithmetic::Remainder => {
            Ok(Val::Double(match operator {
                Arithmetic::Add => a + b,
                Arithmetic::Subtract => a - b,
                Arithmetic::Multiply => a * b,
                Arithmetic::Divide | Arithmetic::Remainder => a / b,
            }))
        }
        (Some(_), Some(_)) => match (left.as_whole(), right.as_whole()) {
            // An int and a uint, or whole doubles under `%`.
            (Some(a), Some(b)) => {
                let whole = whole(operator, (a, b), work)?;
                match (i64::try_from(whole), u64::try_from(whole)) {
                    (Ok(n), _) => Ok(Val::Int(n)),
                    (_, Ok(n)) => Ok(Val::Uint(n)),
                    _ => Err(overflow(work)),
                }
            }
            _ => Err(work.error("wrong-type", "`%` needs whole numbers")),
        },
        _ => Err(mismatch(operator, (&left, &right), work)),
    }
}

/// With a decimal on one side the other becomes one, by the digits its JSON shows.
fn decimal<'a>(
    operator: Arithmetic,
    (left, right): (&Val<'a>, &Val<'a>),
    work: &Work<'_>,
) -> Outcome<Val<'a>> {
    let (Some(a), Some(b)) = (left.as_decimal(), right.as_decimal()) else {
        return Err(match (left.as_double(), right.as_double()) {
            (Some(_), Some(_)) => overflow(work),
            _ => mismatch(operator, (left, right), work),
        });
    };
    let result = match operator {
        Arithmetic::Add => a.add(b),
        Arithmetic::Subtract => a.subtract(b),
        Arithmetic::Multiply => a.multiply(b),
        Arithmetic::Divide | Arithmetic::Remainder if Decimal::is_zero(b) => {
            return Err(by_zero(work));
        }
        Arithmetic::Divide => a.divide(b),
        Arithmetic::Remainder => a.remainder(b),
    };
    result.map(Val::decimal).ok_or_else(|| overflow(work))
}

#[cold]
fn mismatch(
    operator: Arithmetic,
    (left, right): (&Val<'_>, &Val<'_>),
    work: &Work<'_>,
) -> Box<super::error::EvalError> {
    let message = format!(
        "`{}` does not work between {} and {}",
        operator.symbol(),
        left.what(),
        right.what()
    );
    work.error("wrong-type", message)
}

fn int<'a>(operator: Arithmetic, a: i64, b: i64, work: &Work<'_>) -> Outcome<Val<'a>> {
    let result = match operator {
        Arithmetic::Add => a.checked_add(b),
        Arithmetic::Subtract => a.checked_sub(b),
        Arithmetic::Multiply => a.checked_mul(b),
        Arithmetic::Divide | Arithmetic::Remainder if b == 0 => return Err(by_zero(work)),
        Arithmetic::Divide => a.checked_div(b),
        Arithmetic::Remainder => a.checked_rem(b),
    };
    result.map(Val::Int).ok_or_else(|| overflow(work))
}

/// Both operands have at most 65 bits, so no result is wider than 130; multiplication is checked for that.
fn whole(operator: Arithmetic, (a, b): (i128, i128), work: &Work<'_>) -> Outcome<i128> {
    let result = match operator {
        Arithmetic::Add => a.checked_add(b),
        Arithmetic::Subtract => a.checked_sub(b),
        Arithmetic::Multiply => a.checked_mul(b),
        Arithmetic::Divide | Arithmetic::Remainder if b == 0 => return Err(by_zero(work)),
        Arithmetic::Divide => a.checked_div(b),
        Arithmetic::Remainder => a.checked_rem(b),
    };
    result.ok_or_else(|| overflow(work))
}

fn moment<'a>(at: Option<DateTime<Utc>>, work: &Work<'_>) -> Outcome<Val<'a>> {
    at.filter(time::is_in_range).map(Val::Timestamp).ok_or_else(|| overflow(work))
}

fn length<'a>(length: Option<TimeDelta>, work: &Work<'_>) -> Outcome<Val<'a>> {
    length.map(Val::Duration).ok_or_else(|| overflow(work))
}

/// The minus sign.
pub(super) fn negate<'a>(value: &Val<'a>, work: &Work<'_>) -> Outcome<Val<'a>> {
    match value {
        Val::Int(n) => n.checked_neg().map(Val::Int).ok_or_else(|| overflow(work)),
        Val::Double(n) => Ok(Val::Double(-n)),
        Val::Decimal(n) => Ok(Val::decimal(n.negate())),
        Val::Duration(d) => length(TimeDelta::zero().checked_sub(d), work),
        other => {
            let message = format!("the minus sign does not work on {}", other.what());
            Err(work.error("wrong-type", message))
        }
    }
}

#[cold]
fn overflow(work: &Work<'_>) -> Box<super::error::EvalError> {
    work.error("overflow", "the result is too large")
}

#[cold]
fn by_zero(work: &Work<'_>) -> Box<super::error::EvalError> {
    work.error("division-by-zero", "division by zero")
}
