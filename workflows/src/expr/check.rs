//! The checker: what is wrong whatever the data turns out to be.
//!
//! **Invariant:** it is total, and reports nothing that could be right at run time (`Dyn` is silence), with two
//! exceptions that are slips every time: a field a closed object type does not have, and `==` of different kinds.

use super::ast::{Fold, Kind, Literal, Node, Root};
use super::error::Problem;
use super::functions::{Function, Signature};
use super::literals;
use super::operator_types::{arithmetic, compare};
use super::types::{Type, TypeEnv};
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
                ty @ (Type::Dyn | Type::Int | Type::Double | Type::Duration) => ty,
                ty => {
                    self.wrong(node, format!("the minus sign does not work on {ty}"));
                    Type::Dyn
                }
            },
            Kind::Arithmetic { first, rest } => {
                let mut total = self.type_of(first);
                for (operator, operand) in rest {
                    let operand_type = self.type_of(operand);
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
        match (&target, &index.kind) {
            (Type::List(items), _) => {
                if !index_type.is_number() && index_type != Type::Dyn {
                    self.wrong(index, format!("a list is indexed by a number, not {index_type}"));
                }
                (**items).clone()
            }
            (Type::Object { .. }, Kind::Literal(Literal::String(field))) => {
                self.field(&target, (field, index.span()), of)
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
            self.type_of(key);
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
            Fold::Map => 0,
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
            Fold::Filter => Type::List(Box::new(item)),
            Fold::Map | Fold::FilterMap => Type::List(Box::new(last)),
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
        let mut types = types.into_iter();
        match (function, types.next()) {
            (Function::Min | Function::Max, Some(Type::List(items))) if args.len() == 1 => *items,
            (Function::Min | Function::Max, Some(first)) => types.fold(first, Type::join),
            (Function::Abs, Some(first)) => first,
            (Function::Split, _) => Type::List(Box::new(Type::String)),
            (Function::Plural, _) => types.reduce(Type::join).unwrap_or(Type::Dyn),
            _ => signature.result.result(),
        }
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
