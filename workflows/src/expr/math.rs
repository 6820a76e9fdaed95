//! What numbers do alone: `min`, `max`, `sum`, `round`, CEL's `math.*`, and decimals with their minor units.
//!
//! **Invariant:** integers and decimals never wrap: what does not fit is the error `overflow`.

use std::cmp::Ordering;

use super::arithmetic;
use super::ast::Arithmetic;
use super::currency;
use super::decimal::Decimal;
use super::eval::{Outcome, Work};
use super::functions::Function;
use super::text::{expect_position, expect_text};
use super::time::clipped;
use super::value::Val;

/// Most digits behind the point that `round` is asked for.
const ROUND_DIGITS_MAX: usize = 18;

/// Evaluates `function` over `args`, of which the parser has counted as many as it needs.
pub(super) fn call<'a>(
    function: Function,
    args: Vec<Val<'a>>,
    work: &Work<'_>,
) -> Outcome<Val<'a>> {
    use Function as F;
    match (function, args.as_slice()) {
        (F::Min | F::Least, _) => extreme(Ordering::Less, args, work),
        (F::Max | F::Greatest, _) => extreme(Ordering::Greater, args, work),
        (F::Sum, [list, ..]) => sum(list, work),
        (F::Round, [value]) => whole(F::Round, value, work),
        (F::Round, [value, n_digits, ..]) => round(value, n_digits, work),
        (F::Decimal, [value, ..]) => decimal(value, work).map(Val::decimal),
        (F::MinorUnits, [text @ Val::Str(_), ..]) => Err(not_number(text, work)),
        (F::MinorUnits, [amount, code, ..]) => {
            let n_digits = digits_of(code, work)?;
            let units = decimal(amount, work)?.minor_units(n_digits);
            units.map(Val::Int).ok_or_else(|| overflow(work))
        }
        (F::FromMinorUnits, [units, code, ..]) => {
            let n_digits = digits_of(code, work)?;
            let units = units.as_whole().and_then(|units| i64::try_from(units).ok());
            let Some(units) = units else {
                let message = format!("a whole number is needed here, not {}", args[0].what());
                return Err(work.error("wrong-type", message));
            };
            Decimal::from_units(units, n_digits).map(Val::decimal).ok_or_else(|| overflow(work))
        }
        (F::BitAnd | F::BitOr | F::BitXor | F::ShiftLeft | F::ShiftRight, [a, b, ..]) => {
            bits(function, (a, b), work)
        }
        (F::BitNot, [Val::Int(n), ..]) => Ok(Val::Int(!n)),
        (F::BitNot, [Val::Uint(n), ..]) => Ok(Val::Uint(!n)),
        (_, [value, ..]) => of_one(function, value, work),
        _ => Ok(Val::Null),
    }
}

/// CEL's functions of one number; those that round give doubles.
fn of_one<'a>(function: Function, value: &Val<'a>, work: &Work<'_>) -> Outcome<Val<'a>> {
    use Function as F;
    let Some(n) = value.as_double() else {
        return Err(not_number(value, work));
    };
    Ok(match function {
        F::IsNan => Val::Bool(n.is_nan()),
        F::IsInf => Val::Bool(n.is_infinite()),
        F::IsFinite => Val::Bool(n.is_finite()),
        F::MathCeil => Val::Double(n.ceil()),
        F::MathFloor => Val::Double(n.floor()),
        F::MathRound => Val::Double(n.round()),
        F::MathTrunc => Val::Double(n.trunc()),
        F::Sqrt => Val::Double(n.sqrt()),
        F::BitNot => return Err(not_number(value, work)),
        // The sign, in the kind of number it is the sign of.
        _ => match value {
            Val::Int(n) => Val::Int(n.signum()),
            Val::Uint(n) => Val::Uint((*n).min(1)),
            Val::Decimal(n) if n.is_zero() => Val::Int(0),
            Val::Decimal(n) => Val::Int(if n.is_negative() { -1 } else { 1 }),
            _ if n == 0.0 || n.is_nan() => Val::Double(n),
            _ => Val::Double(n.signum()),
        },
    })
}

/// Whole results: `abs`, `floor`, `ceil`, `round` of one number. They are ints when they fit, decimals of decimals.
pub(super) fn whole<'a>(function: Function, value: &Val<'a>, work: &Work<'_>) -> Outcome<Val<'a>> {
    use Function as F;
    let n = match value {
        Val::Int(n) if function == F::Abs => {
            return n.checked_abs().map(Val::Int).ok_or_else(|| overflow(work));
        }
        Val::Int(_) | Val::Uint(_) => return Ok(value.clone()),
        Val::Decimal(n) => {
            let result = match function {
                F::Abs => Some(n.abs()),
                F::Floor => n.floor(),
                F::Ceil => n.ceil(),
                _ => n.rounded(0),
            };
            return result.map(Val::decimal).ok_or_else(|| overflow(work));
        }
        Val::Double(n) if function == F::Abs => return Ok(Val::Double(n.abs())),
        Val::Double(n) => *n,
        other => return Err(not_number(other, work)),
    };
    let rounded = match function {
        F::Floor => n.floor(),
        F::Ceil => n.ceil(),
        _ => n.round(),
    };
    let whole = Val::Double(rounded).as_whole().and_then(|whole| i64::try_from(whole).ok());
    Ok(whole.map_or(Val::Double(rounded), Val::Int))
}

/// `round` to digits behind the point: decimals half to even; doubles half away from zero, as `round` without digits.
fn round<'a>(value: &Val<'a>, n_digits: &Val<'a>, work: &Work<'_>) -> Outcome<Val<'a>> {
    let n_digits = expect_position(n_digits, work)?;
    if n_digits > ROUND_DIGITS_MAX {
        let message = format!("at most {ROUND_DIGITS_MAX} digits can be asked for");
        return Err(work.error("index-out-of-range", message));
    }
    let scale = u32::try_from(n_digits).unwrap_or_default();
    match value {
        Val::Int(_) | Val::Uint(_) => Ok(value.clone()),
        Val::Decimal(n) => n.rounded(scale).map(Val::decimal).ok_or_else(|| overflow(work)),
        // By its shortest decimal, so that 1.005 is rounded as it is written.
        Val::Double(n) => Ok(Val::Double(match Decimal::from_double(*n) {
            Some(exact) => exact.half_up(scale).map_or(*n, Decimal::to_double),
            None => *n,
        })),
        other => Err(not_number(other, work)),
    }
}

/// A number, or a text that shows one, as a decimal.
fn decimal(value: &Val<'_>, work: &Work<'_>) -> Outcome<Decimal> {
    if let Val::Str(text) = value {
        return Decimal::parse(text.trim()).ok_or_else(|| {
            let message = format!("`{}` is not a decimal like 12.30", clipped(text));
            work.error("bad-number", message)
        });
    }
    match (value.as_decimal(), value.as_double()) {
        (Some(decimal), _) => Ok(decimal),
        (None, Some(_)) => Err(overflow(work)),
        _ => Err(not_number(value, work)),
    }
}

fn digits_of(code: &Val<'_>, work: &Work<'_>) -> Outcome<u32> {
    let code = expect_text(code, work)?;
    currency::n_digits(code).ok_or_else(|| work.error("bad-currency", currency::refusal(code)))
}

/// The sum of a list of numbers or durations; of an empty one 0.
fn sum<'a>(list: &Val<'a>, work: &Work<'_>) -> Outcome<Val<'a>> {
    let Some(items) = list.items() else {
        let message = format!("a list is needed here, not {}", list.what());
        return Err(work.error("wrong-type", message));
    };
    let mut total: Option<Val<'a>> = None;
    for item in items.iter() {
        work.spend(1)?;
        if item.as_double().is_none() && !matches!(item, Val::Duration(_)) {
            return Err(not_number(&item, work));
        }
        total = Some(match total {
            Some(so_far) => arithmetic::apply(Arithmetic::Add, (so_far, item), work)?,
            None => item,
        });
    }
    Ok(total.unwrap_or(Val::Int(0)))
}

/// The least or greatest of several values, or of the items of one list.
fn extreme<'a>(wanted: Ordering, values: Vec<Val<'a>>, work: &Work<'_>) -> Outcome<Val<'a>> {
    let list = match values.as_slice() {
        [one] => one.items(),
        _ => None,
    };
    let values: Box<dyn Iterator<Item = Val<'a>> + '_> = match &list {
        Some(items) => Box::new(items.iter()),
        None => Box::new(values.into_iter()),
    };
    let mut best: Option<Val<'a>> = None;
    for value in values {
        work.spend(1)?;
        let Some(so_far) = &best else {
            best = Some(value);
            continue;
        };
        match value.compare(so_far) {
            Some(order) if order == wanted => best = Some(value),
            Some(_) => {}
            None => {
                let message = format!("{} and {} have no order", so_far.what(), value.what());
                return Err(work.error("wrong-type", message));
            }
        }
    }
    best.ok_or_else(|| work.error("empty-list", "an empty list has no smallest or largest item"))
}

fn bits<'a>(function: Function, (a, b): (&Val<'a>, &Val<'a>), work: &Work<'_>) -> Outcome<Val<'a>> {
    use Function as F;
    if matches!(function, F::ShiftLeft | F::ShiftRight) {
        let n_bits = expect_position(b, work)?;
        let n_bits = u32::try_from(n_bits).unwrap_or(u32::MAX);
        return match a {
            // As CEL has it, bits are shifted, not numbers divided: the sign goes with the rest.
            Val::Int(n) => Ok(Val::Int(shift(function, n.cast_unsigned(), n_bits).cast_signed())),
            Val::Uint(n) => Ok(Val::Uint(shift(function, *n, n_bits))),
            other => Err(not_number(other, work)),
        };
    }
    match (a, b) {
        (Val::Int(a), Val::Int(b)) => Ok(Val::Int(match function {
            F::BitAnd => a & b,
            F::BitOr => a | b,
            _ => a ^ b,
        })),
        (Val::Uint(a), Val::Uint(b)) => Ok(Val::Uint(match function {
            F::BitAnd => a & b,
            F::BitOr => a | b,
            _ => a ^ b,
        })),
        _ => Err(work.error("wrong-type", "two ints, or two uints, are needed here")),
    }
}

fn shift(function: Function, n: u64, n_bits: u32) -> u64 {
    let shifted = match function {
        Function::ShiftLeft => n.checked_shl(n_bits),
        _ => n.checked_shr(n_bits),
    };
    shifted.unwrap_or(0)
}

#[cold]
fn overflow(work: &Work<'_>) -> Box<super::error::EvalError> {
    work.error("overflow", "the result is too large")
}

#[cold]
fn not_number(value: &Val<'_>, work: &Work<'_>) -> Box<super::error::EvalError> {
    work.error("wrong-type", format!("a number is needed here, not {}", value.what()))
}
