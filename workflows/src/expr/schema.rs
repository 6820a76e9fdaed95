//! JSON Schema to types, as far as types can tell.
//!
//! **Invariant:** reading is bounded: schemas that refer to themselves end in `Dyn` after `NODES_MAX` places.

use std::cell::Cell;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::types::Type;
use crate::limits;

/// Places of a schema looked at, references followed each time; beyond that everything is `Dyn`.
const NODES_MAX: usize = 20_000;

impl Type {
    /// The type a JSON Schema describes; `Dyn` for what has none (mixed unions, conditions).
    ///
    /// References within the schema are followed. An object with `properties` is closed unless `additionalProperties` is
    /// there and not `false`, or it has `patternProperties`: at upload a name that the schema does not know is far more
    /// often a slip than a plan. A nullable type is the type itself. Texts with a `format` are texts: `timestamp(x)` and
    /// `duration(x)` make more of them.
    pub fn from_json_schema(schema: &Value) -> Self {
        Reader::new(schema).type_of(schema, limits::JSON_DEPTH_MAX)
    }
}

/// Follows the references of one schema.
pub(super) struct Reader<'s> {
    root: &'s Value,
    left: Cell<usize>,
}

impl<'s> Reader<'s> {
    pub(super) fn new(root: &'s Value) -> Self {
        Self { root, left: Cell::new(NODES_MAX) }
    }

    /// The object a schema is, after its reference if it has one; `None` for `true`, `false` and what cannot be followed.
    pub(super) fn resolved(&self, schema: &'s Value) -> Option<&'s Map<String, Value>> {
        let mut at = schema.as_object()?;
        // A chain of references this long goes in a circle.
        for _ in 0..limits::JSON_DEPTH_MAX {
            self.left.set(self.left.get().checked_sub(1)?);
            let Some(reference) = at.get("$ref").and_then(Value::as_str) else { return Some(at) };
            // A part of another document cannot be looked at.
            at = self.root.pointer(reference.strip_prefix('#')?)?.as_object()?;
        }
        None
    }

    fn type_of(&self, schema: &'s Value, depth: usize) -> Type {
        let Some(schema) = self.resolved(schema).filter(|_| depth > 0) else { return Type::Dyn };
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return union(values.iter().map(of_json));
        }
        if let Some(value) = schema.get("const") {
            return of_json(value);
        }
        for members in ["anyOf", "oneOf"] {
            if let Some(members) = schema.get(members).and_then(Value::as_array) {
                let members = union(members.iter().map(|member| self.type_of(member, depth - 1)));
                return both(self.plain(schema, depth), members);
            }
        }
        match schema.get("allOf").and_then(Value::as_array) {
            Some(parts) => parts
                .iter()
                .map(|part| self.type_of(part, depth - 1))
                .fold(self.plain(schema, depth), both),
            None => self.plain(schema, depth),
        }
    }

    /// By `type` and what belongs to it.
    fn plain(&self, schema: &'s Map<String, Value>, depth: usize) -> Type {
        let named = |name: &str| match name {
            "null" => Type::Null,
            "boolean" => Type::Bool,
            "integer" => Type::Int,
            "number" => Type::Double,
            "string" => Type::String,
            "array" => self.list(schema, depth),
            "object" => self.object(schema, depth),
            _ => Type::Dyn,
        };
        match schema.get("type") {
            Some(Value::String(name)) => named(name),
            Some(Value::Array(names)) => {
                union(names.iter().map(|n| n.as_str().map_or(Type::Dyn, named)))
            }
            _ if schema.contains_key("properties") => self.object(schema, depth),
            _ if schema.contains_key("prefixItems") => self.list(schema, depth),
            _ => Type::Dyn,
        }
    }

    fn list(&self, schema: &'s Map<String, Value>, depth: usize) -> Type {
        let first = schema.get("prefixItems").and_then(Value::as_array).into_iter().flatten();
        // `false`: there are no others.
        let others = schema.get("items").filter(|items| **items != Value::Bool(false));
        let has_open_end = !schema.contains_key("items");
        let mut types: Vec<Type> =
            first.chain(others).map(|items| self.type_of(items, depth - 1)).collect();
        if has_open_end {
            types.push(Type::Dyn);
        }
        Type::List(Box::new(union(types.into_iter())))
    }

    fn object(&self, schema: &'s Map<String, Value>, depth: usize) -> Type {
        let extra = schema.get("additionalProperties");
        let is_open = extra.is_some_and(|extra| *extra != Value::Bool(false))
            || schema.contains_key("patternProperties");
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            let is_uniform = !schema.contains_key("patternProperties");
            let values = extra.filter(|_| is_uniform);
            let values = values.map_or(Type::Dyn, |extra| self.type_of(extra, depth - 1));
            return Type::Map(Box::new(values));
        };
        let typed = |(name, of): (&String, &'s Value)| (name.clone(), self.type_of(of, depth - 1));
        Type::Object { fields: properties.iter().map(typed).collect(), open: is_open }
    }
}

fn union(members: impl Iterator<Item = Type>) -> Type {
    members.reduce(Type::join).unwrap_or(Type::Dyn)
}

/// The type of a value that has both: what one leaves open the other may tell.
fn both(one: Type, other: Type) -> Type {
    match (one, other) {
        (Type::Dyn, known) | (known, Type::Dyn) => known,
        (Type::Object { mut fields, open }, Type::Object { fields: others, open: other_open }) => {
            for (name, ty) in others {
                let ty = match fields.remove(&name) {
                    Some(known) => both(known, ty),
                    None => ty,
                };
                fields.insert(name, ty);
            }
            Type::Object { fields, open: open || other_open }
        }
        // A map says nothing of the names that an object has.
        (Type::Map(_), object @ Type::Object { .. }) => object,
        (object @ Type::Object { .. }, Type::Map(_)) => object,
        (Type::Double, Type::Int) => Type::Int,
        (known, _) => known,
    }
}

fn of_json(value: &Value) -> Type {
    match value {
        Value::Null => Type::Null,
        Value::Bool(_) => Type::Bool,
        Value::Number(n) if n.is_f64() => Type::Double,
        Value::Number(_) => Type::Int,
        Value::String(_) => Type::String,
        Value::Array(items) => Type::List(Box::new(union(items.iter().map(of_json)))),
        Value::Object(fields) => {
            let fields: BTreeMap<_, _> =
                fields.iter().map(|(name, value)| (name.clone(), of_json(value))).collect();
            Type::Object { fields, open: false }
        }
    }
}
