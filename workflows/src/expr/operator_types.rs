//! What operators give for types, or why they cannot work. Mirrors `arithmetic.rs` and `value.rs`.

use super::ast::{Arithmetic, Compare};
use super::types::Type;

/// The type of `left operator right`.
pub(super) fn arithmetic(operator: Arithmetic, left: &Type, right: &Type) -> Result<Type, String> {
    use Arithmetic::{Add, Subtract};
    Ok(match (operator, left, right) {
        (Add, Type::String, Type::String) => Type::String,
        (Add, Type::Bytes, Type::Bytes) => Type::Bytes,
        (Add, Type::List(a), Type::List(b)) => {
            Type::List(Box::new(a.as_ref().clone().join(b.as_ref().clone())))
        }
        (Add | Subtract, Type::Timestamp, Type::Duration)
        | (Add, Type::Duration, Type::Timestamp) => Type::Timestamp,
        (Subtract, Type::Timestamp, Type::Timestamp)
        | (Add | Subtract, Type::Duration, Type::Duration) => Type::Duration,
        // A value typed as a number with a fraction may still be whole, so `%` is left to the run time.
        (_, a, b) if a.is_number() && b.is_number() => match (a, b) {
            _ if a == b => a.clone(),
            (Type::Decimal, _) | (_, Type::Decimal) => Type::Decimal,
            _ => Type::Double,
        },
        (Add, Type::Dyn, _) | (Add, _, Type::Dyn) if can_add(left) && can_add(right) => Type::Dyn,
        (Subtract, Type::Dyn, other) | (Subtract, other, Type::Dyn) if can_subtract(other) => {
            Type::Dyn
        }
        (_, Type::Dyn, other) | (_, other, Type::Dyn)
            if other.is_number() || *other == Type::Dyn =>
        {
            Type::Dyn
        }
        _ => {
            let message =
                format!("`{}` does not work between {left} and {right}", operator.symbol());
            return Err(match (operator, left, right) {
                (Add, Type::String, _) | (Add, _, Type::String) => {
                    format!("{message}; text(x) makes a text of anything")
                }
                _ => message,
            });
        }
    })
}

fn can_add(ty: &Type) -> bool {
    !matches!(ty, Type::Null | Type::Bool | Type::Map(_) | Type::Object { .. } | Type::Optional(_))
}

fn can_subtract(ty: &Type) -> bool {
    ty.is_number() || matches!(ty, Type::Dyn | Type::Timestamp | Type::Duration)
}

/// Whether `left operator right` can work and mean something.
pub(super) fn compare(operator: Compare, left: &Type, right: &Type) -> Result<(), String> {
    match operator {
        Compare::Equal | Compare::NotEqual => {
            if left.may_be(right) {
                return Ok(());
            }
            Err(format!("{left} is never equal to {right}{}", time_hint(left, right)))
        }
        Compare::In => match right {
            Type::List(items) if left.may_be(items) => Ok(()),
            Type::List(items) => Err(format!("{left} is never in a list of {items}")),
            Type::Dyn | Type::Map(_) | Type::Object { .. } => Ok(()),
            other => {
                let message = format!("`in` needs a list or an object on its right, not {other}");
                Err(match other {
                    Type::String => format!("{message}; for texts, write text.contains(part)"),
                    _ => message,
                })
            }
        },
        _ if is_ordered(left) && is_ordered(right) && left.may_be(right) => Ok(()),
        _ => Err(format!(
            "{left} and {right} cannot be compared with `{}`{}",
            operator.symbol(),
            time_hint(left, right)
        )),
    }
}

fn is_ordered(ty: &Type) -> bool {
    !matches!(
        ty,
        Type::Null | Type::List(_) | Type::Map(_) | Type::Object { .. } | Type::Optional(_)
    )
}

fn time_hint(left: &Type, right: &Type) -> &'static str {
    match (left, right) {
        (Type::Timestamp, Type::String) | (Type::String, Type::Timestamp) => {
            "; timestamp(x) makes a time of a text"
        }
        (Type::Duration, Type::String) | (Type::String, Type::Duration) => {
            "; duration(x) makes a duration of a text"
        }
        _ => "",
    }
}
