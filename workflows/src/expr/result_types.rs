//! What calls give when that depends on what they take: `max`, `sort`, `orValue`, `plural`, …
//!
//! **Invariant:** it mirrors `list.rs`, `math.rs`, `optional.rs` and `words.rs`; when in doubt the answer is `Dyn`.

use super::functions::{Function, Signature};
use super::types::Type;

/// The type of a call of `function` with arguments of `types`.
pub(super) fn result_type(signature: &Signature, function: Function, types: Vec<Type>) -> Type {
    use Function as F;
    let n_args = types.len();
    let mut types = types.into_iter();
    match (function, types.next()) {
        (F::Min | F::Max | F::Least | F::Greatest, Some(Type::List(items))) if n_args == 1 => {
            *items
        }
        (F::Min | F::Max | F::Least | F::Greatest, Some(first)) => types.fold(first, Type::join),
        (F::Abs, Some(first)) => first,
        (F::Round | F::Floor | F::Ceil | F::Sign, Some(first)) => match (function, first) {
            (_, Type::Dyn) | (F::Sign, _) => Type::Dyn,
            (F::Round, ty) if n_args > 1 => ty,
            (_, ty @ (Type::Int | Type::Uint | Type::Decimal)) => ty,
            // A double becomes a whole number when it fits, and stays what it is otherwise.
            _ => Type::Double,
        },
        (F::Sum, Some(Type::List(items))) => match *items {
            Type::Int => Type::Int,
            Type::Double => Type::Double,
            // Of an empty list it is 0, which is no decimal and no duration.
            _ => Type::Dyn,
        },
        (F::BitAnd | F::BitOr | F::BitXor | F::BitNot, Some(first)) => first,
        (F::ShiftLeft | F::ShiftRight, Some(first)) => first,
        (F::Split, _) => Type::List(Box::new(Type::String)),
        (F::Range, _) => Type::List(Box::new(Type::Int)),
        (F::Reverse | F::Sort | F::Distinct | F::Slice, Some(first)) => first,
        (F::Flatten, Some(Type::List(items))) => match *items {
            Type::List(inner) if n_args == 1 => Type::List(inner),
            Type::Dyn | Type::List(_) => Type::List(Box::new(Type::Dyn)),
            flat => Type::List(Box::new(flat)),
        },
        (F::First | F::Last, Some(Type::List(items))) => Type::Optional(items),
        (F::OptionalOf | F::OptionalOfNonZero, Some(first)) => Type::Optional(Box::new(first)),
        (F::OptionalValue, Some(Type::Optional(held))) => *held,
        (F::OrValue, Some(Type::Optional(held))) => types.fold(*held, Type::join),
        (F::OptionalOr, Some(first)) => types.fold(first, Type::join),
        (F::Dyn, _) => Type::Dyn,
        (F::Plural, _) => plural(types.collect()),
        _ => signature.result.result(),
    }
}

/// Of the two forms, or of those in an object.
fn plural(forms: Vec<Type>) -> Type {
    match forms.into_iter().reduce(|one, other| match one {
        // The second is the language then.
        Type::Object { .. } => one,
        one => one.join(other),
    }) {
        Some(Type::Object { fields, .. }) => {
            fields.into_values().reduce(Type::join).unwrap_or(Type::Dyn)
        }
        Some(Type::Map(values)) => *values,
        Some(ty) => ty,
        None => Type::Dyn,
    }
}
