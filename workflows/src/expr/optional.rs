//! Optional values: `optional.of`, `optional.none`, `hasValue`, `value`, `or`, `orValue`. `.?` and `[?]` make them.

use super::ast::Node;
use super::eval::{Evaluator, Outcome, Work};
use super::functions::Function;
use super::value::Val;

impl<'e> Evaluator<'e> {
    /// Evaluates `function`. What stands in for an absent value is not evaluated when it is there.
    pub(super) fn optional_call(
        &mut self,
        function: Function,
        args: &'e [Node],
        node: &'e Node,
    ) -> Outcome<Val<'e>> {
        use Function as F;
        let [a, rest @ ..] = args else { return Ok(Val::Optional(None)) };
        let value = self.eval(a)?;
        match function {
            F::OptionalOf => return Ok(Val::optional(Some(value))),
            F::OptionalOfNonZero => {
                let is_zero = is_zero(&value);
                return Ok(Val::optional((!is_zero).then_some(value)));
            }
            _ => {}
        }
        let Val::Optional(held) = value else {
            let message = format!("`{}` is {}, not an optional", self.text_of(a), value.what());
            return Err(self.work(a).error("wrong-type", message));
        };
        match (function, held, rest) {
            (F::HasValue, held, _) => Ok(Val::Bool(held.is_some())),
            (F::OptionalOr, Some(value), _) => Ok(Val::Optional(Some(value))),
            (_, Some(value), _) => {
                self.pay_copy(&value, node)?;
                Ok((*value).clone())
            }
            (F::OptionalOr, None, [other, ..]) => match self.eval(other)? {
                other @ Val::Optional(_) => Ok(other),
                other => Err(not_optional(&other, &self.work(node))),
            },
            (F::OrValue, None, [other, ..]) => self.eval(other),
            _ => {
                let message = format!("`{}` has no value", self.text_of(a));
                Err(self.work(node).error("no-value", message))
            }
        }
    }
}

fn not_optional(value: &Val<'_>, work: &Work<'_>) -> Box<super::error::EvalError> {
    work.error("wrong-type", format!("`or` needs another optional value, not {}", value.what()))
}

/// Whether it is what a field is that nobody has filled in.
fn is_zero(value: &Val<'_>) -> bool {
    match value {
        Val::Null | Val::Optional(None) => true,
        Val::Bool(b) => !b,
        Val::Str(text) => text.is_empty(),
        Val::Bytes(bytes) => bytes.is_empty(),
        Val::Duration(d) => d.is_zero(),
        Val::Int(_) | Val::Uint(_) | Val::Double(_) | Val::Decimal(_) => {
            value.as_double() == Some(0.0)
        }
        other => other.items().map(|items| items.len()).or_else(|| other.n_entries()) == Some(0),
    }
}
