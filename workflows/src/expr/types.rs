//! Types of the checker. `schema.rs` makes them of JSON Schemas, `env.rs` holds those of the names in scope.
//!
//! **Invariant:** `Dyn` is silence: the checker reports only what is wrong whatever the data turns out to be.

use std::collections::BTreeMap;
use std::fmt;

/// What the checker knows about a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// Anything; only the run time can tell.
    Dyn,
    /// `null`.
    Null,
    /// True or false.
    Bool,
    /// A whole number of 64 bits.
    Int,
    /// A whole number from zero up.
    Uint,
    /// A number with a fraction; also JSON Schema's `number`.
    Double,
    /// An exact decimal number; only expressions make them.
    Decimal,
    /// Text.
    String,
    /// Raw bytes.
    Bytes,
    /// A moment.
    Timestamp,
    /// A length of time.
    Duration,
    /// A list and what is in it.
    List(Box<Type>),
    /// A map of any keys and what is in it.
    Map(Box<Type>),
    /// A value that may be absent, as `context.?name` gives it.
    Optional(Box<Type>),
    /// An object whose fields are known.
    Object {
        /// Fields by name.
        fields: BTreeMap<String, Type>,
        /// Whether it may have others too.
        open: bool,
    },
}

impl Type {
    /// The type of a value that has one of two types. Null joins silently: comparing with it is always allowed.
    pub(crate) fn join(self, other: Self) -> Self {
        match (self, other) {
            (Self::Null, known) | (known, Self::Null) => known,
            (one, other) if one == other => one,
            (Self::Optional(one), Self::Optional(other)) => {
                Self::Optional(Box::new(one.join(*other)))
            }
            (one, other) if one.is_json_number() && other.is_json_number() => Self::Double,
            (Self::List(one), Self::List(other)) => Self::List(Box::new(one.join(*other))),
            (Self::Map(one), Self::Map(other)) => Self::Map(Box::new(one.join(*other))),
            (
                Self::Object { mut fields, open },
                Self::Object { fields: others, open: other_open },
            ) => {
                for (name, ty) in others {
                    let ty = match fields.remove(&name) {
                        Some(known) => known.join(ty),
                        None => ty,
                    };
                    fields.insert(name, ty);
                }
                Self::Object { fields, open: open || other_open }
            }
            _ => Self::Dyn,
        }
    }

    pub(super) fn is_number(&self) -> bool {
        self.is_json_number() || *self == Self::Decimal
    }

    fn is_json_number(&self) -> bool {
        matches!(self, Self::Int | Self::Uint | Self::Double)
    }

    /// Whether a value of this type may be, for all the checker knows, of the type `other` too.
    pub(crate) fn may_be(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Dyn | Self::Null, _) | (_, Self::Dyn | Self::Null) => true,
            (Self::List(_), Self::List(_)) | (Self::Optional(_), Self::Optional(_)) => true,
            (Self::Map(_) | Self::Object { .. }, Self::Map(_) | Self::Object { .. }) => true,
            (one, other) => one == other || (one.is_number() && other.is_number()),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dyn => "any value",
            Self::Null => "null",
            Self::Bool => "true/false",
            Self::Int => "a whole number",
            Self::Uint => "a whole number (uint)",
            Self::Double => "a number",
            Self::Decimal => "a decimal number",
            Self::Optional(_) => "an optional value (orValue() takes it out)",
            Self::String => "a text",
            Self::Bytes => "bytes",
            Self::Timestamp => "a time",
            Self::Duration => "a duration",
            Self::List(_) => "a list",
            Self::Map(_) | Self::Object { .. } => "an object",
        })
    }
}
