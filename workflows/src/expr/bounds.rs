//! How long a text can become: literal parts as they are, computed parts by what their schemas and functions tell.
//!
//! **Invariant:** no rendering that succeeds is shorter than `least` or longer than `greatest` characters, as long as the
//! data keeps to its schema.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::ast::{Arithmetic, Kind, Literal, Node};
use super::check;
use super::env::TypeEnv;
use super::functions::Function;
use super::paths::segments;
use super::schema::Reader;
use super::types::Type;
use crate::limits;

/// Characters of `-9223372036854775808`.
const INT_CHARS_MAX: usize = 20;

/// Least and greatest number of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// No rendering is shorter.
    pub least: usize,
    /// No rendering is longer; `None` when there is no end to it.
    pub greatest: Option<usize>,
}

impl Bounds {
    pub(super) const ANY: Self = Self { least: 0, greatest: None };
    pub(super) const NONE: Self = Self::of(0, 0);

    const fn of(least: usize, greatest: usize) -> Self {
        Self { least, greatest: Some(greatest) }
    }

    pub(super) fn text(text: &str) -> Self {
        let n_chars = text.chars().count();
        Self::of(n_chars, n_chars)
    }

    /// One after the other.
    pub(super) fn then(self, next: Self) -> Self {
        let greatest = self.greatest.zip(next.greatest).map(|(a, b)| a.saturating_add(b));
        Self { least: self.least.saturating_add(next.least), greatest }
    }

    /// One or the other.
    pub(super) fn or(self, other: Self) -> Self {
        let greatest = self.greatest.zip(other.greatest).map(|(a, b)| a.max(b));
        Self { least: self.least.min(other.least), greatest }
    }
}

/// Lengths of texts by dotted path, read from schemas.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Lengths {
    by_path: BTreeMap<String, Bounds>,
}

impl Lengths {
    /// Takes what `schema` tells of everything under `name`.
    pub(super) fn read(&mut self, name: &str, schema: &Value) {
        self.place(&Reader::new(schema), name.to_owned(), schema, limits::JSON_DEPTH_MAX);
    }

    pub(super) fn get(&self, path: &str) -> Option<Bounds> {
        self.by_path.get(path).copied()
    }

    fn place<'s>(&mut self, reader: &Reader<'s>, path: String, schema: &'s Value, depth: usize) {
        let Some(schema) = reader.resolved(schema).filter(|_| depth > 0) else { return };
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            for (field, of) in properties {
                self.place(reader, format!("{path}.{field}"), of, depth - 1);
            }
        }
        if let Some(bounds) = of_schema(schema) {
            self.by_path.insert(path, bounds);
        }
    }
}

/// What a schema tells of the text its values are shown as.
fn of_schema(schema: &Map<String, Value>) -> Option<Bounds> {
    if let Some(value) = schema.get("const") {
        return of_json(value);
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return values.iter().map(of_json).reduce(|a, b| Some(a?.or(b?))).flatten();
    }
    let number = |name: &str| schema.get(name).and_then(Value::as_u64);
    let named = |name: &str| match name {
        "null" => Some(Bounds::NONE),
        "boolean" => Some(Bounds::of(4, 5)),
        "integer" => Some(of_integer(schema)),
        "string" => {
            let least = number("minLength").and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
            let greatest = number("maxLength").and_then(|n| usize::try_from(n).ok());
            Some(Bounds { least, greatest })
        }
        _ => None,
    };
    let bounds = match schema.get("type")? {
        Value::String(name) => named(name),
        Value::Array(names) => names
            .iter()
            .map(|name| name.as_str().and_then(named))
            .reduce(|a, b| Some(a?.or(b?)))
            .flatten(),
        _ => None,
    };
    let is_nullable = schema.get("nullable") == Some(&Value::Bool(true));
    bounds.map(|bounds| if is_nullable { bounds.or(Bounds::NONE) } else { bounds })
}

fn of_integer(schema: &Map<String, Value>) -> Bounds {
    let limit = |name: &str| schema.get(name).and_then(Value::as_i64);
    match (limit("minimum"), limit("maximum")) {
        (Some(least), Some(greatest)) if least <= greatest => {
            let chars = |n: i64| n.to_string().len();
            let shortest =
                if least <= 0 && greatest >= 0 { 1 } else { chars(least).min(chars(greatest)) };
            Bounds::of(shortest, chars(least).max(chars(greatest)))
        }
        _ => Bounds::of(1, INT_CHARS_MAX),
    }
}

/// Of a value that is known; lists and objects are not looked into.
fn of_json(value: &Value) -> Option<Bounds> {
    match value {
        Value::Null => Some(Bounds::NONE),
        Value::Bool(b) => Some(Bounds::text(&b.to_string())),
        Value::String(text) => Some(Bounds::text(text)),
        Value::Number(n) if n.is_i64() || n.is_u64() => Some(Bounds::text(&n.to_string())),
        _ => None,
    }
}

/// How long `node` is when it is shown.
pub(super) fn of_node(source: &str, node: &Node, env: &TypeEnv) -> Bounds {
    let of = |node: &Node| of_node(source, node, env);
    match &node.kind {
        Kind::Literal(literal) => of_literal(literal),
        Kind::Conditional(three) => of(&three[1]).or(of(&three[2])),
        Kind::Default(pair) => of(&pair[0]).or(of(&pair[1])),
        Kind::Arithmetic { first, rest } if is_text(source, node, env) => rest
            .iter()
            .filter(|(operator, _)| *operator == Arithmetic::Add)
            .fold(of(first), |so_far, (_, operand)| so_far.then(of(operand))),
        Kind::Call { function, args } => of_call(source, (*function, args), node, env),
        _ => {
            let told = segments(node).and_then(|path| env.length(&path.join(".")));
            told.unwrap_or_else(|| of_type(&type_of(source, node, env)))
        }
    }
}

fn of_call(
    source: &str,
    (function, args): (Function, &[Node]),
    node: &Node,
    env: &TypeEnv,
) -> Bounds {
    use Function as F;
    let first = || args.first().map_or(Bounds::ANY, |arg| of_node(source, arg, env));
    let whole = |at: usize| match args.get(at).map(|arg| &arg.kind) {
        Some(Kind::Literal(Literal::Int(n))) => usize::try_from(*n).ok(),
        _ => None,
    };
    match function {
        F::Text | F::String | F::Dyn | F::LowerAscii | F::UpperAscii => first(),
        F::Trim => Bounds { least: 0, ..first() },
        // A letter may have up to three in the other case, and never none.
        F::Lower | F::Upper => {
            let of = first();
            Bounds { greatest: of.greatest.map(|n| n.saturating_mul(3)), ..of }
        }
        F::Substring => match (whole(1), whole(2)) {
            (Some(from), Some(to)) if from <= to => Bounds::of(to - from, to - from),
            _ => Bounds { least: 0, ..first() },
        },
        F::CharAt => Bounds::of(0, 1),
        F::Phone => Bounds::of(8, 16),
        F::Plural if args.len() == 3 => {
            of_node(source, &args[1], env).or(of_node(source, &args[2], env))
        }
        F::OrValue => Bounds::ANY,
        _ => of_type(&type_of(source, node, env)),
    }
}

fn of_literal(literal: &Literal) -> Bounds {
    match literal {
        Literal::Null => Bounds::NONE,
        Literal::Bool(b) => Bounds::text(&b.to_string()),
        Literal::Int(n) => Bounds::text(&n.to_string()),
        Literal::Uint(n) => Bounds::text(&n.to_string()),
        Literal::String(text) => Bounds::text(text),
        Literal::Double(_) | Literal::Bytes(_) => Bounds::ANY,
    }
}

fn of_type(ty: &Type) -> Bounds {
    match ty {
        Type::Bool => Bounds::of(4, 5),
        Type::Int | Type::Uint => Bounds::of(1, INT_CHARS_MAX),
        _ => Bounds::ANY,
    }
}

fn type_of(source: &str, node: &Node, env: &TypeEnv) -> Type {
    check::check(source, node, env).0
}

fn is_text(source: &str, node: &Node, env: &TypeEnv) -> bool {
    type_of(source, node, env) == Type::String
}
