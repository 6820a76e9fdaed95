//! The table of functions: name, how it is called, what it takes and gives. Parser and checker read it.
//!
//! **Invariant:** a function is in this table once; evaluation (`call.rs`) matches on [`Function`] alone.

use super::types::Type;

/// Names of functions, as evaluation sees them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[rustfmt::skip]
pub(super) enum Function {
    Size, Contains, StartsWith, EndsWith, Matches, LowerAscii, UpperAscii, Lower, Upper, Trim, Split, Join, Replace,
    Substring, IndexOf, LastIndexOf, CharAt,
    Int, Uint, Double, String, Bool, Bytes, Timestamp, Duration, Type, Dyn,
    FullYear, Month, Date, DayOfMonth, DayOfWeek, DayOfYear, Hours, Minutes, Seconds, Milliseconds,
    Abs, Round, Floor, Ceil, Min, Max,
    InState, Random, Text, Money, FormatDate, RelativeDay, Phone, Plural, Translate, InHours, Json, ToJson,
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
            Self::Any | Self::Number | Self::Sized | Self::When | Self::Time => Type::Dyn,
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
            Self::Int | Self::Uint | Self::Double | Self::Number => ty.is_number(),
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

/// Most values `min` and `max` compare when they are not in a list.
const MANY: &[Kind] = &[Kind::Any; 8];

const fn row(
    name: &'static str,
    function: Function,
    style: Style,
    params: (&'static [Kind], usize),
    result: Kind,
) -> Signature {
    Signature { name, function, style, params: params.0, n_optional: params.1, result }
}

use Kind::{Any, Int, List, Moment, Number, Sized, Text, Time, When};
use Style::{Both, Global, Method};

#[rustfmt::skip]
static TABLE: [Signature; 55] = [
    row("size", Function::Size, Both, (&[Sized], 0), Int),
    row("contains", Function::Contains, Method, (&[Text, Text], 0), Kind::Bool),
    row("startsWith", Function::StartsWith, Method, (&[Text, Text], 0), Kind::Bool),
    row("endsWith", Function::EndsWith, Method, (&[Text, Text], 0), Kind::Bool),
    row("matches", Function::Matches, Both, (&[Text, Text], 0), Kind::Bool),
    row("lowerAscii", Function::LowerAscii, Method, (&[Text], 0), Text),
    row("upperAscii", Function::UpperAscii, Method, (&[Text], 0), Text),
    row("lower", Function::Lower, Method, (&[Text], 0), Text),
    row("upper", Function::Upper, Method, (&[Text], 0), Text),
    row("trim", Function::Trim, Method, (&[Text], 0), Text),
    row("split", Function::Split, Method, (&[Text, Text, Int], 1), List),
    row("join", Function::Join, Method, (&[List, Text], 1), Text),
    row("replace", Function::Replace, Method, (&[Text, Text, Text, Int], 1), Text),
    row("substring", Function::Substring, Method, (&[Text, Int, Int], 1), Text),
    row("indexOf", Function::IndexOf, Method, (&[Text, Text, Int], 1), Int),
    row("lastIndexOf", Function::LastIndexOf, Method, (&[Text, Text], 0), Int),
    row("charAt", Function::CharAt, Method, (&[Text, Int], 0), Text),
    row("int", Function::Int, Global, (&[Any], 0), Int),
    row("uint", Function::Uint, Global, (&[Any], 0), Kind::Uint),
    row("double", Function::Double, Global, (&[Any], 0), Kind::Double),
    row("string", Function::String, Global, (&[Any], 0), Text),
    row("bool", Function::Bool, Global, (&[Any], 0), Kind::Bool),
    row("bytes", Function::Bytes, Global, (&[Any], 0), Kind::Bytes),
    row("timestamp", Function::Timestamp, Global, (&[Any], 0), Moment),
    row("duration", Function::Duration, Global, (&[Any], 0), Kind::Duration),
    row("type", Function::Type, Global, (&[Any], 0), Any),
    row("dyn", Function::Dyn, Global, (&[Any], 0), Any),
    row("getFullYear", Function::FullYear, Method, (&[Moment, Text], 1), Int),
    row("getMonth", Function::Month, Method, (&[Moment, Text], 1), Int),
    row("getDate", Function::Date, Method, (&[Moment, Text], 1), Int),
    row("getDayOfMonth", Function::DayOfMonth, Method, (&[Moment, Text], 1), Int),
    row("getDayOfWeek", Function::DayOfWeek, Method, (&[Moment, Text], 1), Int),
    row("getDayOfYear", Function::DayOfYear, Method, (&[Moment, Text], 1), Int),
    row("getHours", Function::Hours, Method, (&[Time, Text], 1), Int),
    row("getMinutes", Function::Minutes, Method, (&[Time, Text], 1), Int),
    row("getSeconds", Function::Seconds, Method, (&[Time, Text], 1), Int),
    row("getMilliseconds", Function::Milliseconds, Method, (&[Time, Text], 1), Int),
    row("abs", Function::Abs, Global, (&[Number], 0), Number),
    row("round", Function::Round, Global, (&[Number], 0), Number),
    row("floor", Function::Floor, Global, (&[Number], 0), Number),
    row("ceil", Function::Ceil, Global, (&[Number], 0), Number),
    row("min", Function::Min, Global, (MANY, 7), Any),
    row("max", Function::Max, Global, (MANY, 7), Any),
    row("in_state", Function::InState, Global, (&[Text], 0), Kind::Bool),
    row("random", Function::Random, Global, (&[], 0), Kind::Double),
    row("text", Function::Text, Global, (&[Any], 0), Text),
    row("money", Function::Money, Global, (&[Number, Text, Text], 1), Text),
    row("date", Function::FormatDate, Global, (&[When, Text, Text], 2), Text),
    row("relative_day", Function::RelativeDay, Global, (&[When], 0), Text),
    row("phone", Function::Phone, Global, (&[Any], 0), Text),
    row("plural", Function::Plural, Global, (&[Number, Any, Any], 0), Any),
    row("t", Function::Translate, Global, (&[Text], 0), Text),
    row("in_hours", Function::InHours, Global, (&[When], 1), Kind::Bool),
    row("json", Function::Json, Global, (&[Text], 0), Any),
    row("to_json", Function::ToJson, Global, (&[Any], 0), Text),
];
