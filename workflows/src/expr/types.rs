//! Types of the checker, and the names in scope with theirs.
//!
//! **Invariant:** `Dyn` is silence: the checker reports only what is wrong whatever the data turns out to be.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

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
    /// An object whose fields are known.
    Object {
        /// Fields by name.
        fields: BTreeMap<String, Type>,
        /// Whether it may have others too.
        open: bool,
    },
}

impl Type {
    /// The type a JSON Schema describes, as far as one can be told; `Dyn` for the rest (`$ref`, mixed unions).
    ///
    /// An object with `properties` is closed unless `additionalProperties` is there and not `false`: at upload a name
    /// that the schema does not know is far more often a slip than a plan. A nullable type is the type itself.
    pub fn from_json_schema(schema: &Value) -> Self {
        Self::from_schema(schema, crate::limits::JSON_DEPTH_MAX)
    }

    fn from_schema(schema: &Value, depth: usize) -> Self {
        let Some(schema) = schema.as_object().filter(|_| depth > 0) else { return Self::Dyn };
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return Self::union(values.iter().map(Self::of_json));
        }
        if let Some(value) = schema.get("const") {
            return Self::of_json(value);
        }
        for union in ["anyOf", "oneOf"] {
            if let Some(members) = schema.get(union).and_then(Value::as_array) {
                return Self::union(members.iter().map(|m| Self::from_schema(m, depth - 1)));
            }
        }
        let named = |name: &str| match name {
            "null" => Self::Null,
            "boolean" => Self::Bool,
            "integer" => Self::Int,
            "number" => Self::Double,
            "string" => Self::String,
            "array" => {
                let items = schema.get("items").map(|i| Self::from_schema(i, depth - 1));
                Self::List(Box::new(items.unwrap_or(Self::Dyn)))
            }
            "object" => Self::object_schema(schema, depth),
            _ => Self::Dyn,
        };
        match schema.get("type") {
            Some(Value::String(name)) => named(name),
            Some(Value::Array(names)) => {
                Self::union(names.iter().map(|n| n.as_str().map_or(Self::Dyn, named)))
            }
            _ if schema.contains_key("properties") => Self::object_schema(schema, depth),
            _ => Self::Dyn,
        }
    }

    fn object_schema(schema: &serde_json::Map<String, Value>, depth: usize) -> Self {
        let extra = schema.get("additionalProperties");
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            let values = extra.map_or(Self::Dyn, |extra| Self::from_schema(extra, depth - 1));
            return Self::Map(Box::new(values));
        };
        let typed =
            |(name, of): (&String, &Value)| (name.clone(), Self::from_schema(of, depth - 1));
        Self::Object {
            fields: properties.iter().map(typed).collect(),
            open: extra.is_some_and(|extra| *extra != Value::Bool(false)),
        }
    }

    fn of_json(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Bool,
            Value::Number(n) if n.is_f64() => Self::Double,
            Value::Number(_) => Self::Int,
            Value::String(_) => Self::String,
            Value::Array(_) => Self::List(Box::new(Self::Dyn)),
            Value::Object(_) => Self::Map(Box::new(Self::Dyn)),
        }
    }

    fn union(members: impl Iterator<Item = Self>) -> Self {
        members.reduce(Self::join).unwrap_or(Self::Dyn)
    }

    /// The type of a value that has one of two types. Null joins silently: comparing with it is always allowed.
    pub(super) fn join(self, other: Self) -> Self {
        match (self, other) {
            (Self::Null, known) | (known, Self::Null) => known,
            (one, other) if one == other => one,
            (one, other) if one.is_number() && other.is_number() => Self::Double,
            (Self::List(one), Self::List(other)) => Self::List(Box::new(one.join(*other))),
            (Self::Map(one), Self::Map(other)) => Self::Map(Box::new(one.join(*other))),
            _ => Self::Dyn,
        }
    }

    pub(super) fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Uint | Self::Double)
    }

    /// Whether a value of this type may be, for all the checker knows, of the type `other` too.
    pub(super) fn may_be(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Dyn | Self::Null, _) | (_, Self::Dyn | Self::Null) => true,
            (Self::List(_), Self::List(_)) => true,
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
            Self::String => "a text",
            Self::Bytes => "bytes",
            Self::Timestamp => "a time",
            Self::Duration => "a duration",
            Self::List(_) => "a list",
            Self::Map(_) | Self::Object { .. } => "an object",
        })
    }
}

/// The top-level names an expression may use, with their types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeEnv {
    names: BTreeMap<String, Type>,
}

impl TypeEnv {
    /// The names every expression sees: the roots as `Dyn`, and `now`.
    pub fn standard() -> Self {
        let roots = ["context", "event", "input", "contact", "tenant", "channel"];
        let mut names: BTreeMap<_, _> =
            roots.iter().map(|root| (String::from(*root), Type::Dyn)).collect();
        names.insert("now".into(), Type::Timestamp);
        Self { names }
    }

    /// The same with `name` declared as `ty`.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, ty: Type) -> Self {
        self.declare(name, ty);
        self
    }

    /// The same without `name`, where it cannot be used (e.g. `event` in a start-up value).
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.names.remove(name);
        self
    }

    /// Declares `name`, or changes its type.
    pub fn declare(&mut self, name: impl Into<String>, ty: Type) {
        self.names.insert(name.into(), ty);
    }

    /// Declares the field at a dotted path (`context.order.id`), making objects on the way.
    ///
    /// What is already `Dyn` or a map stays so, since it allows any field; a field that is there keeps its type when
    /// `ty` is `Dyn`, and joins with it otherwise.
    pub fn declare_path(&mut self, path: &str, ty: Type) {
        let mut steps = path.split('.');
        let Some(first) = steps.next() else { return };
        let mut at = self
            .names
            .entry(first.into())
            .or_insert_with(|| Type::Object { fields: BTreeMap::new(), open: false });
        for step in steps {
            let Type::Object { fields, .. } = at else { return };
            at = fields
                .entry(step.into())
                .or_insert_with(|| Type::Object { fields: BTreeMap::new(), open: false });
        }
        let is_fresh = matches!(at, Type::Object { fields, open: false } if fields.is_empty());
        let was = std::mem::replace(at, Type::Dyn);
        *at = match (is_fresh, ty) {
            (true, ty) => ty,
            (false, Type::Dyn) => was,
            (false, ty) => was.join(ty),
        };
    }

    /// The type of `name`, if it is in scope.
    pub fn get(&self, name: &str) -> Option<&Type> {
        self.names.get(name)
    }

    /// Names in scope, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }
}
