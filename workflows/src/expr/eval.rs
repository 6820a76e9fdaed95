//! The tree walk.
//!
//! **Invariant:** recursion is as deep as the tree, which the parser bounds.
//! **Invariant:** every node visited and every element or 64 bytes of text copied is paid with fuel first.

use std::borrow::Cow;
use std::cell::Cell;
use std::ops::Range;

use regex::Regex;

use super::arithmetic;
use super::ast::{Compare, Kind, Literal, Node, Root};
use super::error::EvalError;
use super::scope::{Fuel, Scope};
use super::value::{Key, Val};
use crate::limits;

/// A value, or why there is none. Boxed, so that the common case stays small.
pub(super) type Outcome<T> = Result<T, Box<EvalError>>;

/// Bytes of text that cost one unit of fuel.
const BYTES_PER_FUEL: usize = 64;

/// Pays for the work at one place of the source, and makes its errors.
#[derive(Clone)]
pub(super) struct Work<'e> {
    fuel: &'e Fuel,
    span: Range<usize>,
    /// Size of the JSON made so far.
    made: Cell<usize>,
}

impl<'e> Work<'e> {
    pub(super) fn new(fuel: &'e Fuel, span: Range<usize>) -> Self {
        Self { fuel, span, made: Cell::new(0) }
    }

    #[cold]
    pub(super) fn error(&self, code: &'static str, message: impl Into<String>) -> Box<EvalError> {
        Box::new(EvalError { code, message: message.into(), span: self.span.clone() })
    }

    #[inline]
    pub(super) fn spend(&self, amount: usize) -> Outcome<()> {
        if self.fuel.take(amount as u64) {
            return Ok(());
        }
        Err(self.error("out-of-fuel", "the expression needs more work than is allowed"))
    }

    /// Pays for reading or copying `len` bytes.
    #[inline]
    pub(super) fn spend_text(&self, len: usize) -> Outcome<()> {
        self.spend(len / BYTES_PER_FUEL)
    }

    /// Pays for making a text or list of `len`, unless it would be too large.
    pub(super) fn spend_output(&self, len: usize) -> Outcome<()> {
        if len > limits::EXPRESSION_OUTPUT_MAX {
            let message = format!("the result is longer than {}", limits::EXPRESSION_OUTPUT_MAX);
            return Err(self.error("output-too-large", message));
        }
        self.spend_text(len)
    }

    /// Pays for one value of a JSON result, `len` bytes long, unless the whole would be too large.
    pub(super) fn spend_json(&self, len: usize) -> Outcome<()> {
        self.spend(1)?;
        self.made.set(self.made.get().saturating_add(len + 1));
        if self.made.get() > limits::EXPRESSION_OUTPUT_MAX {
            return self.spend_output(self.made.get());
        }
        self.spend_text(len)
    }

    /// Pays for a copy of `value`.
    #[inline]
    pub(super) fn spend_copy(&self, value: &Val<'_>) -> Outcome<()> {
        match value {
            Val::Str(Cow::Owned(text)) => self.spend_text(text.len()),
            Val::Bytes(Cow::Owned(bytes)) => self.spend_text(bytes.len()),
            // Made of a copy just now.
            Val::Optional(Some(value)) => self.spend_copy(value),
            _ => Ok(()),
        }
    }
}

/// One evaluation.
pub(super) struct Evaluator<'e> {
    pub(super) scope: &'e Scope<'e>,
    pub(super) fuel: &'e Fuel,
    source: &'e str,
    /// Variables of the macros that are running.
    pub(super) slots: Vec<Val<'e>>,
    /// The last pattern that was no literal, compiled.
    pub(super) pattern: Option<(String, Regex)>,
    /// How many texts of `t()` are being rendered around this.
    pub(super) n_texts: u8,
    /// Whether the tenant's settings or a zone had a say so far.
    pub(super) is_local: Cell<bool>,
}

impl<'e> Evaluator<'e> {
    pub(super) fn new(scope: &'e Scope<'e>, fuel: &'e Fuel, source: &'e str) -> Self {
        let is_local = Cell::new(false);
        Self { scope, fuel, source, slots: Vec::new(), pattern: None, n_texts: 0, is_local }
    }

    pub(super) fn work(&self, node: &Node) -> Work<'e> {
        Work::new(self.fuel, node.span())
    }

    /// Pays for a visit of `node`.
    #[inline]
    fn visit(&self, node: &Node) -> Outcome<()> {
        if self.fuel.take(1) { Ok(()) } else { self.work(node).spend(1) }
    }

    /// Pays for a copy of `value`, if it is one that costs.
    #[inline]
    pub(super) fn pay_copy(&self, value: &Val<'_>, node: &Node) -> Outcome<()> {
        match value {
            Val::Str(Cow::Owned(_)) | Val::Bytes(Cow::Owned(_)) | Val::Optional(Some(_)) => {
                self.work(node).spend_copy(value)
            }
            _ => Ok(()),
        }
    }

    pub(super) fn eval(&mut self, node: &'e Node) -> Outcome<Val<'e>> {
        self.visit(node)?;
        match &node.kind {
            Kind::Literal(literal) => Ok(literal_value(literal)),
            Kind::Name(root) => self.name(root, node),
            Kind::Select { of, field, .. } => {
                let target = self.eval(of)?;
                match target.field(field) {
                    Some(value) => {
                        self.pay_copy(&value, node)?;
                        Ok(value)
                    }
                    None => Err(self.no_field(&target, field, (of, node))),
                }
            }
            Kind::Index(pair) => self.index(pair, node),
            Kind::OptionalSelect { of, field, .. } => {
                let target = self.eval(of)?;
                self.optional_field(&target, &Val::Str(Cow::Borrowed(field)), node)
            }
            Kind::OptionalIndex(pair) => {
                let target = self.eval(&pair[0])?;
                let index = self.eval(&pair[1])?;
                self.optional_field(&target, &index, node)
            }
            // Lists and maps look at these themselves.
            Kind::OptionalItem(item) => self.eval(item),
            Kind::Negate(operand) => {
                let value = self.eval(operand)?;
                arithmetic::negate(&value, &self.work(node))
            }
            Kind::Conditional(three) => {
                let [condition, yes, no] = three.as_ref();
                if self.truth(condition)? { self.eval(yes) } else { self.eval(no) }
            }
            Kind::Arithmetic { first, rest } => {
                let mut total = self.eval(first)?;
                for (operator, operand) in rest {
                    let operand = self.eval(operand)?;
                    total = arithmetic::apply(*operator, (total, operand), &self.work(node))?;
                }
                Ok(total)
            }
            Kind::List(items) => self.list(items),
            Kind::Map(entries) => self.map(entries, node),
            Kind::Default(pair) => {
                let [wanted, fallback] = pair.as_ref();
                match self.eval(wanted) {
                    Ok(Val::Null) => self.eval(fallback),
                    Err(error) if error.is_missing() => self.eval(fallback),
                    other => other,
                }
            }
            Kind::Fold { fold, slot, range, bodies } => {
                self.fold((*fold, *slot), range, bodies, node)
            }
            Kind::Call { function, args } => self.call(*function, args, node),
            Kind::Invalid(problem, _) => {
                Err(self.work(node).error(problem.code, problem.message.clone()))
            }
            Kind::Not(_) | Kind::And(_) | Kind::Or(_) | Kind::Compare(..) => {
                self.decide(node).map(Val::Bool)
            }
            Kind::Has(_) | Kind::Matches { .. } => self.decide(node).map(Val::Bool),
        }
    }

    pub(super) fn eval_all(&mut self, nodes: &'e [Node]) -> Outcome<Vec<Val<'e>>> {
        nodes.iter().map(|node| self.eval(node)).collect()
    }

    /// Evaluates a condition.
    #[inline]
    pub(super) fn truth(&mut self, node: &'e Node) -> Outcome<bool> {
        match &node.kind {
            Kind::Not(_) | Kind::And(_) | Kind::Or(_) | Kind::Compare(..) => {
                self.visit(node)?;
                self.decide(node)
            }
            Kind::Has(_) | Kind::Matches { .. } => {
                self.visit(node)?;
                self.decide(node)
            }
            _ => match self.eval(node)? {
                Val::Bool(truth) => Ok(truth),
                other => Err(self.work(node).error(
                    "wrong-type",
                    format!("`{}` is {}, not true or false", self.text_of(node), other.what()),
                )),
            },
        }
    }

    /// The nodes whose value is always true or false.
    fn decide(&mut self, node: &'e Node) -> Outcome<bool> {
        match &node.kind {
            Kind::Not(operand) => self.truth(operand).map(|truth| !truth),
            Kind::And(operands) => self.chain(operands, false),
            Kind::Or(operands) => self.chain(operands, true),
            Kind::Compare(compare, pair) => self.compare(*compare, pair, node),
            Kind::Has(path) => match self.eval(path) {
                Ok(found) => Ok(!matches!(found, Val::Optional(None))),
                Err(error) if error.is_missing() => Ok(false),
                Err(error) => Err(error),
            },
            Kind::Matches { text, pattern } => match self.eval(text)? {
                Val::Str(text) => {
                    self.work(node).spend_text(text.len() * 4)?;
                    Ok(pattern.is_match(&text))
                }
                other => {
                    let message =
                        format!("`{}` is {}, not a text", self.text_of(text), other.what());
                    Err(self.work(text).error("wrong-type", message))
                }
            },
            // The callers name the kinds that come here; anything else would be evaluated as a condition.
            _ => self.truth(node),
        }
    }

    /// `&&` (decided by false) and `||` (decided by true): an operand that decides hides the errors of the others.
    fn chain(&mut self, operands: &'e [Node], decisive: bool) -> Outcome<bool> {
        let mut failure = None;
        for operand in operands {
            match self.truth(operand) {
                Ok(truth) if truth == decisive => return Ok(decisive),
                Ok(_) => {}
                Err(error) if error.is_fatal() => return Err(error),
                Err(error) => {
                    failure.get_or_insert(error);
                }
            }
        }
        failure.map_or(Ok(!decisive), Err)
    }

    fn compare(&mut self, compare: Compare, pair: &'e [Node; 2], node: &'e Node) -> Outcome<bool> {
        let left = self.eval(&pair[0])?;
        if compare == Compare::In
            && let Kind::List(items) = &pair[1].kind
            && items.iter().all(|item| matches!(item.kind, Kind::Literal(_)))
        {
            return self.is_among(&left, items, node);
        }
        let right = self.eval(&pair[1])?;
        match compare {
            Compare::Equal => left.equals(&right, &self.work(node)),
            Compare::NotEqual => left.equals(&right, &self.work(node)).map(|equal| !equal),
            Compare::In => self.contains(&left, &right, node),
            _ => {
                let Some(order) = left.compare(&right) else {
                    let message = format!(
                        "{} cannot be compared with {} by `{}`: `{}`",
                        left.what(),
                        right.what(),
                        compare.symbol(),
                        self.text_of(node)
                    );
                    return Err(self.work(node).error("wrong-type", message));
                };
                Ok(match compare {
                    Compare::Less => order.is_lt(),
                    Compare::LessEqual => order.is_le(),
                    Compare::Greater => order.is_gt(),
                    _ => order.is_ge(),
                })
            }
        }
    }

    /// `wanted in ['a', 'b']`, which guards often ask: the list need not be made.
    fn is_among(&self, wanted: &Val<'e>, items: &'e [Node], node: &'e Node) -> Outcome<bool> {
        let work = self.work(node);
        for item in items {
            work.spend(1)?;
            if let Kind::Literal(literal) = &item.kind
                && wanted.equals(&literal_value(literal), &work)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn contains(&self, wanted: &Val<'e>, range: &Val<'e>, node: &'e Node) -> Outcome<bool> {
        let work = self.work(node);
        if let Some(items) = range.items() {
            for item in items.iter() {
                work.spend(1)?;
                if wanted.equals(&item, &work)? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        if range.n_entries().is_some() {
            return Ok(range.get(wanted).is_some());
        }
        let message = format!("`in` needs a list or an object on its right, not {}", range.what());
        Err(work.error("wrong-type", message))
    }

    fn name(&mut self, root: &'e Root, node: &'e Node) -> Outcome<Val<'e>> {
        Ok(Val::of(match root {
            Root::Context => self.scope.context,
            Root::Event => self.scope.event,
            Root::Input => self.scope.input,
            Root::Contact => self.scope.contact,
            Root::Tenant => {
                self.is_local.set(true);
                self.scope.tenant
            }
            Root::Channel => self.scope.channel,
            Root::Now => return Ok(Val::Timestamp(self.scope.now)),
            Root::Type(name) => return Ok(Val::Type(name)),
            Root::Slot(slot) => {
                let value = self.slots.get(*slot).cloned().unwrap_or(Val::Null);
                self.work(node).spend_copy(&value)?;
                return Ok(value);
            }
            Root::Local(name) => match self.scope.locals.get(name) {
                Some(value) => value,
                None => {
                    let message = format!("there is nothing called `{name}` here");
                    return Err(self.work(node).error("unknown-name", message));
                }
            },
        }))
    }

    fn index(&mut self, pair: &'e [Node; 2], node: &'e Node) -> Outcome<Val<'e>> {
        let target = self.eval(&pair[0])?;
        let index = self.eval(&pair[1])?;
        let work = self.work(node);
        if let Some(items) = target.items() {
            let Some(at) = index.as_whole() else {
                let message = format!("a list is indexed by a whole number, not {}", index.what());
                return Err(work.error("wrong-type", message));
            };
            if let Some(found) = usize::try_from(at).ok().and_then(|at| items.get(at)) {
                work.spend_copy(&found)?;
                return Ok(found);
            }
            return Err({
                let message = format!(
                    "`{}` has {} items; there is none at {at} (the first is at 0)",
                    self.text_of(&pair[0]),
                    items.len()
                );
                work.error("index-out-of-range", message)
            });
        }
        match (target.get(&index), &index) {
            (Some(value), _) => {
                work.spend_copy(&value)?;
                Ok(value)
            }
            (None, Val::Str(field)) => Err(self.no_field(&target, field, (&pair[0], node))),
            (None, _) => {
                let message = format!("{} has no entry like this", target.what());
                let is_map = target.n_entries().is_some();
                Err(work.error(if is_map { "no-such-field" } else { "wrong-type" }, message))
            }
        }
    }

    /// `target.?key` and `target[?key]`: absent where there is nothing under the key, or no object to look into.
    fn optional_field(&self, target: &Val<'e>, key: &Val<'e>, node: &'e Node) -> Outcome<Val<'e>> {
        let is_looked_into = matches!(target, Val::Null | Val::Optional(_))
            || target.n_entries().is_some()
            || target.items().is_some();
        if !is_looked_into {
            let message = format!("{} has nothing to look into", target.what());
            return Err(self.work(node).error("wrong-type", message));
        }
        let target = match target {
            Val::Optional(_) => target.clone(),
            Val::Null => Val::Optional(None),
            other => Val::optional(Some(other.clone())),
        };
        let found = target.get(key).unwrap_or(Val::Optional(None));
        self.pay_copy(&found, node)?;
        Ok(found)
    }

    fn list(&mut self, items: &'e [Node]) -> Outcome<Val<'e>> {
        let mut list = Vec::with_capacity(items.len());
        for item in items {
            let value = self.eval(item)?;
            match &item.kind {
                Kind::OptionalItem(_) => list.extend(self.if_there(value, item)?),
                _ => list.push(value),
            }
        }
        Ok(Val::list(list))
    }

    /// The value of an optional item, if it has one.
    fn if_there(&self, value: Val<'e>, item: &'e Node) -> Outcome<Option<Val<'e>>> {
        match value {
            Val::Optional(None) => Ok(None),
            Val::Optional(Some(value)) => {
                self.pay_copy(&value, item)?;
                Ok(Some((*value).clone()))
            }
            other => {
                let message = format!("`?` needs an optional value, not {}", other.what());
                Err(self.work(item).error("wrong-type", message))
            }
        }
    }

    fn map(&mut self, entries: &'e [(Node, Node)], node: &'e Node) -> Outcome<Val<'e>> {
        let mut map = std::collections::BTreeMap::new();
        for (key_node, value_node) in entries {
            let key = self.eval(key_node)?;
            let mut value = self.eval(value_node)?;
            if matches!(value_node.kind, Kind::OptionalItem(_)) {
                match self.if_there(value, value_node)? {
                    Some(there) => value = there,
                    None => continue,
                }
            }
            let Some(key) = Key::of(&key) else {
                let message = format!("{} cannot be the key of an object", key.what());
                return Err(self.work(key_node).error("wrong-type", message));
            };
            if map.insert(key, value).is_some() {
                let message = format!("the key `{}` is there twice", self.text_of(key_node));
                return Err(self.work(node).error("duplicate-key", message));
            }
        }
        Ok(Val::Map(std::rc::Rc::new(map)))
    }

    #[cold]
    fn no_field(
        &self,
        target: &Val<'_>,
        field: &str,
        (of, node): (&Node, &Node),
    ) -> Box<EvalError> {
        let of = self.text_of(of);
        let message = match target {
            Val::Null => format!("`{of}` is null, so it has no field `{field}`"),
            _ if target.n_entries().is_some() => format!("there is no field `{field}` in `{of}`"),
            other => format!("`{of}` is {}; it has no field `{field}`", other.what()),
        };
        self.work(node).error("no-such-field", message)
    }

    pub(super) fn text_of(&self, node: &Node) -> &'e str {
        self.source.get(node.span()).unwrap_or_default()
    }
}

fn literal_value(literal: &Literal) -> Val<'_> {
    match literal {
        Literal::Null => Val::Null,
        Literal::Bool(b) => Val::Bool(*b),
        Literal::Int(n) => Val::Int(*n),
        Literal::Uint(n) => Val::Uint(*n),
        Literal::Double(n) => Val::Double(*n),
        Literal::String(s) => Val::Str(Cow::Borrowed(s)),
        Literal::Bytes(b) => Val::Bytes(Cow::Borrowed(b)),
    }
}
