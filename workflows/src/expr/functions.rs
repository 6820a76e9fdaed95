//! Functions: their names to evaluation, what they take and give, and how they are written. The rows are in `table.rs`.
//!
//! **Invariant:** evaluation (`call.rs`) matches on [`Function`] alone; parser and checker read the rows.

use super::table::TABLE;
use super::types::Type;

/// Names of functions, as evaluation sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[rustfmt::skip]
pub(super) enum Function {
    Size, Contains, StartsWith, EndsWith, Matches, LowerAscii, UpperAscii, Lower, Upper, Trim, Split, Join, Replace,
    Substring, IndexOf, LastIndexOf, CharAt,
    Int, Uint, Double, String, Bool, Bytes, Timestamp, Duration, Type, Dyn,
    FullYear, Month, Date, DayOfMonth, DayOfWeek, DayOfYear, Hours, Minutes, Seconds, Milliseconds,
    Abs, Floor, Ceil,
    InState, Random, Text, FormatDate, RelativeDay, Phone, Json, ToJson, Bucket, ResumeUrl,
    // Family::Schedule
    InHours, NextTime, NextOpen,
    // Family::List
    Reverse, Sort, Distinct, Flatten, Slice, First, Last, Range, SetsContains, SetsEquivalent, SetsIntersects,
    // Family::Math
    Min, Max, Greatest, Least, Sum, Round, MathCeil, MathFloor, MathRound, MathTrunc, Sign, IsNan, IsInf, IsFinite, Sqrt,
    BitAnd, BitOr, BitXor, BitNot, ShiftLeft, ShiftRight, Decimal, MinorUnits, FromMinorUnits,
    // Family::Optional
    OptionalOf, OptionalNone, OptionalOfNonZero, HasValue, OptionalValue, OptionalOr, OrValue,
    // Family::Words
    Money, Number, Plural, AndList, OrList, Translate, Format, Quote, Base64Encode, Base64Decode,
}

/// Which file evaluates a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// Few arguments, looked at one by one: `call.rs`.
    Plain,
    /// `schedule.rs`
    Schedule,
    /// `list.rs`
    List,
    /// `math.rs`
    Math,
    /// `optional.rs`
    Optional,
    /// `words.rs`
    Words,
}

impl Function {
    /// The file that evaluates it.
    #[inline]
    pub(super) fn family(self) -> Family {
        use Function as F;
        match self {
            F::InHours | F::NextTime | F::NextOpen => Family::Schedule,
            F::Reverse | F::Sort | F::Distinct | F::Flatten | F::Slice | F::First | F::Last => {
                Family::List
            }
            F::Range | F::SetsContains | F::SetsEquivalent | F::SetsIntersects => Family::List,
            F::Min | F::Max | F::Greatest | F::Least | F::Sum | F::Round | F::Sign => Family::Math,
            F::MathCeil | F::MathFloor | F::MathRound | F::MathTrunc | F::Sqrt => Family::Math,
            F::IsNan | F::IsInf | F::IsFinite => Family::Math,
            F::BitAnd | F::BitOr | F::BitXor | F::BitNot => Family::Math,
            F::ShiftLeft | F::ShiftRight => Family::Math,
            F::Decimal | F::MinorUnits | F::FromMinorUnits => Family::Math,
            F::OptionalOf | F::OptionalNone | F::OptionalOfNonZero => Family::Optional,
            F::HasValue | F::OptionalValue | F::OptionalOr | F::OrValue => Family::Optional,
            F::Money | F::Number | F::Plural | F::AndList | F::OrList => Family::Words,
            F::Translate | F::Format | F::Quote => Family::Words,
            F::Base64Encode | F::Base64Decode => Family::Words,
            _ => Family::Plain,
        }
    }
}

/// What an argument must be, or what a result is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Any,
    Bool,
    Int,
    Number,
    Text,
    List,
    /// Something with a size: text, bytes, list, map.
    Sized,
    /// A moment, or a text that says one.
    When,
    Moment,
    Duration,
    /// Getters that both moments and durations have.
    Time,
    Bytes,
    Uint,
    Double,
    Decimal,
    /// A text or a list.
    Sequence,
    Optional,
}

impl Kind {
    /// The type of a result of this kind.
    pub(super) fn result(self) -> Type {
        match self {
            Self::Bool => Type::Bool,
            Self::Int => Type::Int,
            Self::Uint => Type::Uint,
            Self::Double => Type::Double,
            Self::Text => Type::String,
            Self::List => Type::List(Box::new(Type::Dyn)),
            Self::Moment => Type::Timestamp,
            Self::Duration => Type::Duration,
            Self::Bytes => Type::Bytes,
            Self::Decimal => Type::Decimal,
            Self::Optional => Type::Optional(Box::new(Type::Dyn)),
            Self::Any | Self::Number | Self::Sized | Self::When => Type::Dyn,
            Self::Time | Self::Sequence => Type::Dyn,
        }
    }

    /// Whether a value of type `ty` can be this.
    pub(super) fn accepts(self, ty: &Type) -> bool {
        if matches!((self, ty), (Self::Any, _) | (_, Type::Dyn)) {
            return true;
        }
        match self {
            Self::Any => true,
            Self::Bool => *ty == Type::Bool,
            Self::Int | Self::Uint | Self::Double | Self::Number | Self::Decimal => ty.is_number(),
            Self::Sequence => matches!(ty, Type::String | Type::List(_)),
            Self::Optional => matches!(ty, Type::Optional(_)),
            Self::Text => *ty == Type::String,
            Self::List => matches!(ty, Type::List(_)),
            Self::Sized => {
                matches!(ty, Type::String | Type::Bytes | Type::List(_) | Type::Map(_))
                    || matches!(ty, Type::Object { .. })
            }
            Self::When => matches!(ty, Type::String | Type::Timestamp),
            Self::Moment => *ty == Type::Timestamp,
            Self::Duration => *ty == Type::Duration,
            Self::Time => matches!(ty, Type::Timestamp | Type::Duration),
            Self::Bytes => *ty == Type::Bytes,
        }
    }

    /// For messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Any => "any value",
            Self::Bool => "true/false",
            Self::Int | Self::Uint => "a whole number",
            Self::Number | Self::Double => "a number",
            Self::Text => "a text",
            Self::List => "a list",
            Self::Sized => "a text, a list or an object",
            Self::When => "a time, or a text that says one",
            Self::Moment => "a time (a text becomes one with timestamp())",
            Self::Duration => "a duration (a text becomes one with duration())",
            Self::Time => "a time or a duration",
            Self::Bytes => "bytes",
            Self::Decimal => "a decimal",
            Self::Sequence => "a text or a list",
            Self::Optional => "an optional value (as x.?y gives it)",
        }
    }
}

/// How a function is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `size(x)`
    Global,
    /// `x.contains(y)`
    Method,
    /// Either.
    Both,
}

/// One row of the table.
#[derive(Debug)]
pub(super) struct Signature {
    pub(super) name: &'static str,
    pub(super) function: Function,
    pub(super) style: Style,
    /// Arguments, the target of a method first.
    pub(super) params: &'static [Kind],
    /// How many of them may be left out, from the end.
    pub(super) n_optional: usize,
    pub(super) result: Kind,
}

impl Signature {
    /// The row of `name`.
    pub(super) fn of(name: &str) -> Option<&'static Self> {
        TABLE.iter().find(|row| row.name == name)
    }

    /// The row of `function`.
    pub(super) fn of_function(function: Function) -> Option<&'static Self> {
        TABLE.iter().find(|row| row.function == function)
    }

    pub(super) fn takes(&self, n_args: usize) -> bool {
        let n_params = self.params.len();
        (n_params - self.n_optional..=n_params).contains(&n_args)
    }

    /// How it is called, for messages: `x.replace(a, b)`.
    pub(super) fn usage(&self) -> String {
        let n_fixed = self.params.len() - self.n_optional;
        let names: Vec<&str> = ["x", "a", "b", "c"].into_iter().take(n_fixed).collect();
        match (self.style, names.split_first()) {
            (Style::Method, Some((target, args))) => {
                format!("{target}.{}({})", self.name, args.join(", "))
            }
            _ => format!("{}({})", self.name, names.join(", ")),
        }
    }

    /// Every name, for hints.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        TABLE.iter().map(|row| row.name)
    }
}
