//! The checker: what is wrong whatever the data turns out to be.
//!
//! **Invariant:** it is total, and reports nothing that could be right at run time (`Dyn` is silence), with two
//! exceptions that are slips every time: a field a closed object type does not have, and `==` of different kinds.

use super::ast::{Arithmetic, Fold, Kind, Literal, Node, Root};
use super::env::TypeEnv;
use super::error::Problem;
use super::functions::{Function, Signature};
use super::literals;
use super::operator_types::{arithmetic, compare};
use super::result_types::result_type;
use super::types::Type;
use crate::suggest::nearest;

/// The type of `root` in `env`, and every problem in source order.
pub(super) fn check(source: &str, root: &Node, env: &TypeEnv) -> (Type, Vec<Problem>) {
    let mut checker = Checker { source, env, slots: Vec::new(), problems: Vec::new() };
    let ty = checker.type_of(root);
    checker.problems.sort_by_key(|problem| problem.span.start);
    (ty, checker.problems)
}

struct Checker<'c> {
    source: &'c str,
    env: &'c TypeEnv,
    /// Types of the variables of enclosing macros.
    slots: Vec<Type>,
    problems: Vec<Problem>,
}

impl<'c> Checker<'c> {
    /// The type of a path whose every step is declared, without copying the objects on the way: a context may have
    /// thousands of fields, and a definition thousands of expressions.
    fn declared(&self, node: &Node) -> Option<&'c Type> {
        match &node.kind {
            Kind::Name(root) => self.env.get(root.name()?),
            Kind::Select { of, field, .. } => match self.declared(of)? {
                Type::Object { fields, .. } => fields.get(field),
                Type::Map(values) => Some(values),
                _ => None,
            },
            _ => None,
        }
    }

    fn type_of(&mut self, node: &Node) -> Type {
        match &node.kind {
            Kind::Literal(literal) => literal_type(literal),
            Kind::Name(root) => self.name(root, node),
            Kind::Select { of, field, field_span } => {
                let span = field_span.start as usize..field_span.end as usize;
                match self.declared(of) {
                    Some(target) => self.field(target, (field, span), of),
                    None => {
                        let target = self.type_of(of);
                        self.field(&target, (field, span), of)
                    }
                }
            }
            Kind::Index(pair) => self.index(pair),
            Kind::OptionalSelect { of, field, field_span } => {
                let span = field_span.start as usize..field_span.end as usize;
                let target = self.type_of(of);
                optional(self.field(&held(target), (field, span), of))
            }
            Kind::OptionalIndex(pair) => optional(self.index(pair)),
            Kind::OptionalItem(item) => match self.type_of(item) {
                Type::Optional(held) => *held,
                Type::Dyn => Type::Dyn,
                other => {
                    self.wrong(item, format!("`?` needs an optional value, not {other}"));
                    Type::Dyn
                }
            },
            Kind::Not(_) | Kind::Negate(_) | Kind::Arithmetic { .. } | Kind::Compare(..) => {
                self.operator(node)
            }
            Kind::And(operands) | Kind::Or(operands) => {
                operands.iter().for_each(|operand| self.expect_bool(operand));
                Type::Bool
            }
            Kind::Conditional(three) => {
                let [condition, yes, no] = three.as_ref();
                self.expect_bool(condition);
                let (yes, no) = (self.type_of(yes), self.type_of(no));
                yes.join(no)
            }
            Kind::List(items) => {
                let types: Vec<Type> = items.iter().map(|item| self.type_of(item)).collect();
                Type::List(Box::new(types.into_iter().reduce(Type::join).unwrap_or(Type::Dyn)))
            }
            Kind::Map(entries) => self.map(entries),
            Kind::Has(path) => {
                self.type_of(path);
                Type::Bool
            }
            Kind::Default(pair) => {
                let (wanted, fallback) = (self.type_of(&pair[0]), self.type_of(&pair[1]));
                wanted.join(fallback)
            }
            Kind::Fold { fold, range, bodies, .. } => self.fold(*fold, range, bodies),
            Kind::Call { function, args } => self.call(*function, args),
            Kind::Matches { text, .. } => {
                let ty = self.type_of(text);
                if !matches!(ty, Type::Dyn | Type::String) {
                    self.wrong(text, format!("`matches` needs a text, not {ty}"));
                }
                Type::Bool
            }
            Kind::Invalid(problem, args) => {
                self.problems.push((**problem).clone());
                args.iter().for_each(|arg| drop(self.type_of(arg)));
                Type::Dyn
            }
        }
    }

    fn operator(&mut self, node: &Node) -> Type {
        match &node.kind {
            Kind::Not(operand) => {
                self.expect_bool(operand);
                Type::Bool
            }
            Kind::Negate(operand) => match self.type_of(operand) {
                ty @ (Type::Dyn | Type::Int | Type::Double | Type::Decimal | Type::Duration) => ty,
                ty => {
                    self.wrong(node, format!("the minus sign does not work on {ty}"));
                    Type::Dyn
                }
            },
            Kind::Arithmetic { first, rest } => {
                let mut total = self.type_of(first);
                for (operator, operand) in rest {
                    let operand_type = self.type_of(operand);
                    if matches!(operator, Arithmetic::Divide | Arithmetic::Remainder)
                        && matches!(operand.kind, Kind::Literal(Literal::Int(0) | Literal::Uint(0)))
                        && total != Type::Double
                    {
                        let problem = Problem::new(
                            "division-by-zero",
                            "this is divided by zero",
                            operand.span(),
                        );
                        self.problems.push(problem);
                    }
                    let result = arithmetic(*operator, &total, &operand_type);
                    total = result.unwrap_or_else(|message| {
                        self.wrong(node, message);
                        Type::Dyn
                    });
                }
                total
            }
            Kind::Compare(operator, pair) => {
                let (left, right) = (self.type_of(&pair[0]), self.type_of(&pair[1]));
                if let Err(message) = compare(*operator, &left, &right) {
                    self.wrong(node, message);
                }
                Type::Bool
            }
            // The caller names the kinds that come here.
            _ => Type::Dyn,
        }
    }

    fn name(&mut self, root: &Root, node: &Node) -> Type {
        if let Root::Slot(slot) = root {
            return self.slots.get(*slot).cloned().unwrap_or(Type::Dyn);
        }
        let Some(name) = root.name() else { return Type::Dyn };
        if let Some(ty) = self.env.get(name) {
            return ty.clone();
        }
        let problem =
            Problem::new("unknown-name", format!("there is nothing called `{name}`"), node.span());
        let names: Vec<&str> = self.env.names().collect();
        let hint = match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("names here: {}; a text is written in quotes", names.join(", ")),
        };
        self.problems.push(problem.help(hint));
        Type::Dyn
    }

    fn field(
        &mut self,
        target: &Type,
        (field, span): (&str, std::ops::Range<usize>),
        of: &Node,
    ) -> Type {
        match target {
            Type::Dyn | Type::Null => Type::Dyn,
            Type::Map(values) => (**values).clone(),
            // Once a value may be absent, so may be everything in it.
            Type::Optional(held) => optional(self.field(held, (field, span), of)),
            Type::Object { fields, open } => match fields.get(field) {
                Some(ty) => ty.clone(),
                None if *open => Type::Dyn,
                None => {
                    let of = self.source.get(of.span()).unwrap_or_default();
                    let message = format!("`{of}` has no field `{field}`");
                    let problem = Problem::new("unknown-field", message, span);
                    let hint = nearest(field, fields.keys().map(String::as_str));
                    self.problems.push(match hint {
                        Some(near) => problem.help(format!("did you mean `{near}`?")),
                        None => problem,
                    });
                    Type::Dyn
                }
            },
            other => {
                self.wrong(of, format!("{other} has no fields such as `{field}`"));
                Type::Dyn
            }
        }
    }

    fn index(&mut self, pair: &[Node; 2]) -> Type {
        let [of, index] = pair;
        let (target, index_type) = (self.type_of(of), self.type_of(index));
        self.picked(&target, &index_type, pair)
    }

    fn picked(&mut self, target: &Type, index_type: &Type, pair: &[Node; 2]) -> Type {
        let [of, index] = pair;
        match (target, &index.kind) {
            (Type::Optional(held), _) => optional(self.picked(held, index_type, pair)),
            (Type::List(items), _) => {
                if let Kind::Literal(Literal::Int(..0)) = index.kind {
                    self.wrong(index, "a list begins at 0".into());
                }
                if !index_type.is_number() && *index_type != Type::Dyn {
                    self.wrong(index, format!("a list is indexed by a number, not {index_type}"));
                }
                (**items).clone()
            }
            (Type::Object { .. }, Kind::Literal(Literal::String(field))) => {
                self.field(target, (field, index.span()), of)
            }
            (Type::Map(values), _) => (**values).clone(),
            (Type::Dyn | Type::Null | Type::Object { .. }, _) => Type::Dyn,
            _ => {
                self.wrong(of, format!("{target} has nothing to pick by [ ]"));
                Type::Dyn
            }
        }
    }

    /// An object whose keys are all written out has known fields.
    fn map(&mut self, entries: &[(Node, Node)]) -> Type {
        let mut fields = std::collections::BTreeMap::new();
        let mut values: Option<Type> = None;
        for (key, value) in entries {
            let key_type = self.type_of(key);
            if !is_key(&key_type) {
                let message =
                    format!("a key is a text, a whole number or true/false, not {key_type}");
                self.wrong(key, message);
            }
            let ty = self.type_of(value);
            if let Kind::Literal(Literal::String(name)) = &key.kind {
                fields.insert(name.clone(), ty.clone());
            }
            values = match values.take() {
                Some(so_far) => Some(Type::join(so_far, ty)),
                None => Some(ty),
            };
        }
        if fields.len() == entries.len() {
            return Type::Object { fields, open: false };
        }
        Type::Map(Box::new(values.unwrap_or(Type::Dyn)))
    }

    fn fold(&mut self, fold: Fold, range: &Node, bodies: &[Node]) -> Type {
        if matches!(fold, Fold::Bind | Fold::OptionalMap | Fold::OptionalFlatMap) {
            return self.named(fold, range, bodies);
        }
        let item = match self.type_of(range) {
            Type::List(items) => *items,
            Type::Map(_) => Type::Dyn,
            Type::Object { .. } => Type::String,
            Type::Dyn => Type::Dyn,
            other => {
                self.wrong(range, format!("this needs a list, not {other}"));
                Type::Dyn
            }
        };
        self.slots.push(item.clone());
        let n_conditions = match fold {
            Fold::Map | Fold::SortBy => 0,
            _ => 1,
        };
        let mut last = Type::Dyn;
        for (i, body) in bodies.iter().enumerate() {
            if i < n_conditions {
                self.expect_bool(body);
            } else {
                last = self.type_of(body);
            }
        }
        self.slots.pop();
        match fold {
            Fold::All | Fold::Exists | Fold::ExistsOne => Type::Bool,
            Fold::Filter | Fold::SortBy => Type::List(Box::new(item)),
            _ => Type::List(Box::new(last)),
        }
    }

    /// The macros that give one value a name.
    fn named(&mut self, fold: Fold, range: &Node, bodies: &[Node]) -> Type {
        let value = match (fold, self.type_of(range)) {
            (Fold::Bind, ty) => ty,
            (_, Type::Optional(held)) => *held,
            (_, Type::Dyn) => Type::Dyn,
            (_, other) => {
                self.wrong(range, format!("this needs an optional value, not {other}"));
                Type::Dyn
            }
        };
        self.slots.push(value);
        let ty = bodies.first().map_or(Type::Dyn, |body| self.type_of(body));
        self.slots.pop();
        match (fold, ty) {
            (Fold::OptionalMap, ty) => optional(ty),
            (Fold::OptionalFlatMap, ty @ (Type::Optional(_) | Type::Dyn)) => ty,
            (Fold::OptionalFlatMap, other) => {
                self.wrong(range, format!("`optFlatMap` gives an optional value, not {other}"));
                Type::Dyn
            }
            (_, ty) => ty,
        }
    }

    fn call(&mut self, function: Function, args: &[Node]) -> Type {
        let types: Vec<Type> = args.iter().map(|arg| self.type_of(arg)).collect();
        let Some(signature) = Signature::of_function(function) else { return Type::Dyn };
        for ((param, ty), arg) in signature.params.iter().zip(&types).zip(args) {
            if !param.accepts(ty) {
                let message = format!("`{}` needs {} here, not {ty}", signature.name, param.name());
                self.wrong(arg, message);
            }
        }
        self.problems.extend(literals::check(function, args));
        self.problems.extend(literals::check_known(function, args, self.env));
        result_type(signature, function, types)
    }

    fn expect_bool(&mut self, node: &Node) {
        let ty = self.type_of(node);
        if !matches!(ty, Type::Bool | Type::Dyn) {
            self.wrong(node, format!("a condition is needed here, and this is {ty}"));
        }
    }

    fn wrong(&mut self, node: &Node, message: String) {
        self.problems.push(Problem::new("wrong-type", message, node.span()));
    }
}

/// A value of this type that may be absent.
fn optional(ty: Type) -> Type {
    match ty {
        Type::Optional(_) => ty,
        ty => Type::Optional(Box::new(ty)),
    }
}

/// What an optional holds; other types are what they are.
fn held(ty: Type) -> Type {
    match ty {
        Type::Optional(held) => *held,
        ty => ty,
    }
}

fn is_key(ty: &Type) -> bool {
    ty.is_number() || matches!(ty, Type::Dyn | Type::String | Type::Bool)
}

fn literal_type(literal: &Literal) -> Type {
    match literal {
        Literal::Null => Type::Null,
        Literal::Bool(_) => Type::Bool,
        Literal::Int(_) => Type::Int,
        Literal::Uint(_) => Type::Uint,
        Literal::Double(_) => Type::Double,
        Literal::String(_) => Type::String,
        Literal::Bytes(_) => Type::Bytes,
    }
}
