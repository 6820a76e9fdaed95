//! Values while an expression runs: borrowed from the scope wherever they can be.
//!
//! **Invariant:** the context is never copied to be looked at. [`Val::Json`] is a view of a list or an object.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::rc::Rc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::decimal::Decimal;
use super::eval::{Outcome, Work};
use super::time;

/// A value of CEL. Scalars of JSON are unpacked when they are read; lists and objects are not.
#[derive(Debug, Clone)]
pub(super) enum Val<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Decimal(Rc<Decimal>),
    Str(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
    Timestamp(DateTime<Utc>),
    Duration(TimeDelta),
    /// A list or an object of the scope.
    Json(&'a Value),
    List(Rc<Vec<Val<'a>>>),
    Map(Rc<BTreeMap<Key, Val<'a>>>),
    /// A value that may be absent, as `context.?name` gives it.
    Optional(Option<Rc<Val<'a>>>),
    Type(&'static str),
}

/// A key of a map made by an expression. Numbers of any kind are one kind of key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Bool(bool),
    Number(i128),
    Str(String),
}

impl Key {
    pub(super) fn of(value: &Val<'_>) -> Option<Self> {
        match value {
            Val::Bool(b) => Some(Self::Bool(*b)),
            Val::Str(s) => Some(Self::Str(s.clone().into_owned())),
            number => number.as_whole().map(Self::Number),
        }
    }

    pub(super) fn value<'a>(&self) -> Val<'a> {
        match self {
            Self::Bool(b) => Val::Bool(*b),
            Self::Str(s) => Val::Str(Cow::Owned(s.clone())),
            Self::Number(n) => match (i64::try_from(*n), u64::try_from(*n)) {
                (Ok(n), _) => Val::Int(n),
                (_, Ok(n)) => Val::Uint(n),
                // Keys are made of `Int` and `Uint` (or doubles equal to one), so one of the two fits.
                _ => Val::Null,
            },
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Bool(b) => b.to_string(),
            Self::Number(n) => n.to_string(),
            Self::Str(s) => s.clone(),
        }
    }
}

impl<'a> Val<'a> {
    /// A view of `value`.
    #[inline]
    pub(super) fn of(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(b) => Self::Bool(*b),
            Value::String(s) => Self::Str(Cow::Borrowed(s)),
            Value::Array(_) | Value::Object(_) => Self::Json(value),
            Value::Number(n) => match (n.as_i64(), n.as_u64()) {
                (Some(n), _) => Self::Int(n),
                (_, Some(n)) => Self::Uint(n),
                _ => Self::Double(n.as_f64().unwrap_or(f64::NAN)),
            },
        }
    }

    /// Takes `value` over, as lists and maps of its own.
    pub(super) fn owned(value: Value) -> Self {
        match value {
            Value::String(s) => Self::Str(Cow::Owned(s)),
            Value::Array(items) => Self::list(items.into_iter().map(Val::owned).collect()),
            Value::Object(fields) => Self::Map(Rc::new(
                fields.into_iter().map(|(key, v)| (Key::Str(key), Val::owned(v))).collect(),
            )),
            Value::Null => Self::Null,
            Value::Bool(b) => Self::Bool(b),
            Value::Number(n) => match (n.as_i64(), n.as_u64()) {
                (Some(n), _) => Self::Int(n),
                (_, Some(n)) => Self::Uint(n),
                _ => Self::Double(n.as_f64().unwrap_or(f64::NAN)),
            },
        }
    }

    pub(super) fn list(items: Vec<Val<'a>>) -> Self {
        Self::List(Rc::new(items))
    }

    pub(super) fn decimal(decimal: Decimal) -> Self {
        Self::Decimal(Rc::new(decimal))
    }

    /// An optional of what may be there.
    pub(super) fn optional(value: Option<Self>) -> Self {
        Self::Optional(value.map(Rc::new))
    }

    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Str(Cow::Owned(text.into()))
    }

    /// The name of its type, as `type()` gives it.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::Decimal(_) => "decimal",
            Self::Optional(_) => "optional_type",
            Self::Str(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::Timestamp(_) => "timestamp",
            Self::Duration(_) => "duration",
            Self::Json(Value::Array(_)) | Self::List(_) => "list",
            Self::Json(_) | Self::Map(_) => "map",
            Self::Type(_) => "type",
        }
    }

    /// What it is, for messages.
    pub(super) fn what(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true/false",
            Self::Int(_) | Self::Uint(_) | Self::Double(_) | Self::Decimal(_) => "a number",
            Self::Optional(_) => "an optional value (orValue() takes it out)",
            Self::Str(_) => "a text",
            Self::Bytes(_) => "bytes",
            Self::Timestamp(_) => "a time",
            Self::Duration(_) => "a duration",
            Self::Json(Value::Array(_)) | Self::List(_) => "a list",
            Self::Json(_) | Self::Map(_) => "an object",
            Self::Type(_) => "a type",
        }
    }

    /// A whole number, also when it is written as a double.
    pub(super) fn as_whole(&self) -> Option<i128> {
        match self {
            Self::Int(n) => Some(i128::from(*n)),
            Self::Uint(n) => Some(i128::from(*n)),
            // Doubles of this size are exact in `i128`; larger ones are no key and no index of anything.
            Self::Double(n) if n.fract() == 0.0 && n.abs() < 1e19 => Some(*n as i128),
            Self::Decimal(n) => {
                let whole = n.truncated();
                (Decimal::whole(whole)?.compare(**n) == Ordering::Equal).then_some(whole)
            }
            _ => None,
        }
    }

    pub(super) fn as_double(&self) -> Option<f64> {
        match self {
            Self::Int(n) => Some(*n as f64),
            Self::Uint(n) => Some(*n as f64),
            Self::Double(n) => Some(*n),
            Self::Decimal(n) => Some(n.to_double()),
            _ => None,
        }
    }

    /// A number as an exact decimal, if it is one within its bounds.
    pub(super) fn as_decimal(&self) -> Option<Decimal> {
        match self {
            Self::Int(n) => Decimal::whole((*n).into()),
            Self::Uint(n) => Decimal::whole((*n).into()),
            Self::Double(n) => Decimal::from_double(*n),
            Self::Decimal(n) => Some(**n),
            _ => None,
        }
    }

    /// The items, when it is a list.
    pub(super) fn items(&self) -> Option<Items<'a>> {
        match self {
            Self::Json(Value::Array(items)) => Some(Items::Json(items)),
            Self::List(items) => Some(Items::Made(Rc::clone(items))),
            _ => None,
        }
    }

    /// The value under `key`, when it is a map that has it.
    pub(super) fn field(&self, key: &str) -> Option<Val<'a>> {
        match self {
            Self::Json(Value::Object(fields)) => fields.get(key).map(Val::of),
            Self::Map(entries) => entries.get(&Key::Str(key.into())).cloned(),
            // Once a value may be absent, so may be everything in it.
            Self::Optional(of) => {
                Some(Self::optional(of.as_ref().and_then(|value| value.field(key))))
            }
            _ => None,
        }
    }

    /// The keys, when it is a map.
    pub(super) fn keys(&self) -> Option<Vec<Val<'a>>> {
        match self {
            Self::Json(Value::Object(fields)) => {
                Some(fields.keys().map(|key| Val::Str(Cow::Borrowed(key))).collect())
            }
            Self::Map(entries) => Some(entries.keys().map(Key::value).collect()),
            _ => None,
        }
    }

    /// Number of entries, when it is a map.
    pub(super) fn n_entries(&self) -> Option<usize> {
        match self {
            Self::Json(Value::Object(fields)) => Some(fields.len()),
            Self::Map(entries) => Some(entries.len()),
            _ => None,
        }
    }

    /// As JSON: times as RFC 3339, durations as seconds (`90s`), bytes as base64, decimals as text, an absent optional as
    /// null. Numbers that JSON has no form for fail.
    pub(super) fn to_json(&self, work: &Work<'_>) -> Outcome<Value> {
        let len = match self {
            Self::Str(text) => text.len(),
            Self::Bytes(bytes) => bytes.len() * 2,
            Self::Json(value) => return copy(value, work),
            _ => 0,
        };
        work.spend_json(len)?;
        Ok(match self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(*b),
            Self::Int(n) => Value::from(*n),
            Self::Uint(n) => Value::from(*n),
            Self::Double(n) => match serde_json::Number::from_f64(*n) {
                Some(number) => Value::Number(number),
                None => return Err(work.error("not-a-number", format!("{n} cannot be stored"))),
            },
            Self::Str(s) => Value::String(s.clone().into_owned()),
            Self::Bytes(bytes) => Value::String(super::bytes::to_base64(bytes)),
            Self::Timestamp(at) => Value::String(time::format_timestamp(*at)),
            Self::Duration(d) => Value::String(time::format_duration(*d)),
            Self::Json(value) => copy(value, work)?,
            Self::List(items) => {
                let items: Outcome<Vec<_>> = items.iter().map(|item| item.to_json(work)).collect();
                Value::Array(items?)
            }
            Self::Map(entries) => {
                let pairs = entries.iter().map(|(key, v)| Ok((key.text(), v.to_json(work)?)));
                Value::Object(pairs.collect::<Outcome<_>>()?)
            }
            Self::Type(name) => Value::String((*name).into()),
            Self::Decimal(n) => Value::String(n.to_string()),
            Self::Optional(None) => Value::Null,
            Self::Optional(Some(value)) => value.to_json(work)?,
        })
    }

    /// CEL's heterogeneous equality: numbers by value, different kinds are just not equal.
    pub(super) fn equals(&self, other: &Val<'_>, work: &Work<'_>) -> Outcome<bool> {
        Ok(match (self, other) {
            (Self::Null, Val::Null) => true,
            (Self::Bool(a), Val::Bool(b)) => a == b,
            (Self::Str(a), Val::Str(b)) => {
                if a.len() != b.len() {
                    return Ok(false);
                }
                work.spend_text(a.len())?;
                a == b
            }
            (Self::Bytes(a), Val::Bytes(b)) => a == b,
            (Self::Timestamp(a), Val::Timestamp(b)) => a == b,
            (Self::Duration(a), Val::Duration(b)) => a == b,
            (Self::Type(a), Val::Type(b)) => a == b,
            (Self::Int(a), Val::Int(b)) => a == b,
            (Self::Optional(a), Val::Optional(b)) => match (a, b) {
                (Some(a), Some(b)) => a.equals(b, work)?,
                (a, b) => a.is_none() && b.is_none(),
            },
            (a, b) if a.as_double().is_some() => a.compare(b) == Some(Ordering::Equal),
            (a, b) => return a.contents_equal(b, work),
        })
    }

    fn contents_equal(&self, other: &Val<'_>, work: &Work<'_>) -> Outcome<bool> {
        if let (Some(a), Some(b)) = (self.items(), other.items()) {
            if a.len() != b.len() {
                return Ok(false);
            }
            for (a, b) in a.iter().zip(b.iter()) {
                work.spend(1)?;
                if !a.equals(&b, work)? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        let (Some(a), Some(b)) = (self.n_entries(), other.n_entries()) else { return Ok(false) };
        if a != b {
            return Ok(false);
        }
        for key in self.keys().unwrap_or_default() {
            work.spend(1)?;
            match (self.get(&key), other.get(&key)) {
                (Some(a), Some(b)) if a.equals(&b, work)? => {}
                _ => return Ok(false),
            }
        }
        Ok(true)
    }

    /// The value under any key, when it is a map that has it.
    pub(super) fn get(&self, key: &Val<'_>) -> Option<Val<'a>> {
        match (self, key) {
            (Self::Optional(of), key) => {
                Some(Self::optional(of.as_ref().and_then(|value| {
                    match (value.items(), key.as_whole()) {
                        (Some(items), Some(at)) => {
                            usize::try_from(at).ok().and_then(|at| items.get(at))
                        }
                        _ => value.get(key),
                    }
                })))
            }
            (_, Val::Str(key)) => self.field(key),
            (Self::Map(entries), key) => entries.get(&Key::of(key)?).cloned(),
            _ => None,
        }
    }

    /// Order of two values of one kind; `None` when they have none. Numbers of all kinds compare by value.
    #[inline]
    pub(super) fn compare(&self, other: &Val<'_>) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Val::Int(b)) => Some(a.cmp(b)),
            (Self::Str(a), Val::Str(b)) => Some(a.as_ref().cmp(b.as_ref())),
            (Self::Bool(a), Val::Bool(b)) => Some(a.cmp(b)),
            (Self::Bytes(a), Val::Bytes(b)) => Some(a.as_ref().cmp(b.as_ref())),
            (Self::Timestamp(a), Val::Timestamp(b)) => Some(a.cmp(b)),
            (Self::Duration(a), Val::Duration(b)) => Some(a.cmp(b)),
            (Self::Double(a), Val::Double(b)) => a.partial_cmp(b),
            (Self::Decimal(_), _) | (_, Val::Decimal(_)) => {
                match (self.as_decimal(), other.as_decimal()) {
                    (Some(a), Some(b)) => Some(a.compare(b)),
                    // A double without end, or with more digits than decimals have.
                    _ => self.as_double()?.partial_cmp(&other.as_double()?),
                }
            }
            (a, b) => match (a.as_whole(), b.as_whole()) {
                // Not as doubles: those cannot tell the large ones apart.
                (Some(a), Some(b)) => Some(a.cmp(&b)),
                _ => a.as_double()?.partial_cmp(&b.as_double()?),
            },
        }
    }
}

/// The items of a list, borrowed or made.
pub(super) enum Items<'a> {
    Json(&'a Vec<Value>),
    Made(Rc<Vec<Val<'a>>>),
}

impl<'a> Items<'a> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Json(items) => items.len(),
            Self::Made(items) => items.len(),
        }
    }

    pub(super) fn get(&self, at: usize) -> Option<Val<'a>> {
        match self {
            Self::Json(items) => items.get(at).map(Val::of),
            Self::Made(items) => items.get(at).cloned(),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Val<'a>> + '_ {
        (0..self.len()).filter_map(|at| self.get(at))
    }
}

/// A copy of `value` that is paid for.
fn copy(value: &Value, work: &Work<'_>) -> Outcome<Value> {
    work.spend_json(value.as_str().map_or(0, str::len))?;
    Ok(match value {
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| copy(item, work)).collect::<Outcome<_>>()?)
        }
        Value::Object(fields) => {
            let pairs = fields.iter().map(|(key, v)| {
                work.spend_json(key.len())?;
                Ok((key.clone(), copy(v, work)?))
            });
            Value::Object(pairs.collect::<Outcome<_>>()?)
        }
        scalar => scalar.clone(),
    })
}
