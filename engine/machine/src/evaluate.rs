//! Expressions, guards and mappers, evaluated over the working copy.

use crate::run::{Failure, Run};
use serde_json::{Map, Value, json};
use workflows::{
    chart::{Guard, Mapper, StateId, Transition},
    expr::{EvalError, Expression, Fuel, Participants, Scope, Template},
};

impl Run<'_> {
    /// Evaluates with everything in scope that an expression may name, on fuel of its own as long as the turn has some.
    pub(crate) fn with_scope<T>(
        &self,
        params: &Value,
        owner: StateId,
        evaluate: impl FnOnce(&Scope<'_>, &Fuel) -> Result<T, EvalError>,
    ) -> Result<T, EvalError> {
        let locals = self.locals(params);
        let Participants { contact, tenant, channel, locale, time_zone, resume } =
            Participants::of(&self.memo.scope);
        let in_state = |name: &str| self.chart.find(name).is_some_and(|id| self.is_active(id));
        let scope = Scope {
            context: &self.context,
            event: &self.event,
            input: self.input_of(owner),
            contact,
            tenant,
            channel,
            now: self.at,
            locals: &locals,
            in_state: &in_state,
            seed: &self.memo.seed,
            seq: self.seq,
            draws: &self.draws,
            texts: &self.definition.messages,
            time_zone,
            locale,
            resume,
        };
        let filled = self.fuel_of_one.min(self.fuel.get());
        let fuel = Fuel::new(filled);
        let result = evaluate(&scope, &fuel);
        self.fuel.set(self.fuel.get() - (filled - fuel.left()));
        result
    }

    /// Names of the place an expression stands in: parameters of a named part, the item of an `each`.
    pub(crate) fn locals(&self, params: &Value) -> Value {
        let mut locals = Map::new();
        if !params.is_null() {
            locals.insert("params".to_owned(), params.clone());
        }
        if let Some(item) = &self.item {
            locals.insert(item.name.clone(), item.value.clone());
            locals.insert("index".to_owned(), json!(item.index));
        }
        if locals.is_empty() { Value::Null } else { Value::Object(locals) }
    }

    /// What a state's expressions see as `input`: what it was entered with, else what the instance was started with.
    pub(crate) fn input_of(&self, owner: StateId) -> &Value {
        let inputs = &self.memo.inputs;
        let own = match inputs.is_empty() {
            true => None,
            false => inputs.get(&self.chart.state(owner).path),
        };
        own.unwrap_or(&self.memo.input)
    }

    /// Whether a transition's guard holds.
    pub(crate) fn allows(&self, transition: &Transition, owner: StateId) -> Result<bool, Failure> {
        let guard = transition.guard.as_ref();
        guard.map_or(Ok(true), |guard| self.holds(guard, &self.params, owner))
    }

    fn holds(&self, guard: &Guard, params: &Value, owner: StateId) -> Result<bool, Failure> {
        match guard {
            Guard::Expression(expression, None) => self.test(expression, params, owner),
            Guard::Expression(expression, Some(own)) => {
                let params = self.map_with(own, params, owner)?;
                self.test(expression, &params, owner)
            }
            Guard::With { params: own, guard } => {
                let params = self.map_with(own, params, owner)?;
                self.holds(guard, &params, owner)
            }
            Guard::InState(id) => Ok(self.is_active(*id)),
            Guard::And(parts) => {
                for part in parts {
                    if !self.holds(part, params, owner)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Guard::Or(parts) => {
                for part in parts {
                    if self.holds(part, params, owner)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Guard::Not(part) => Ok(!self.holds(part, params, owner)?),
        }
    }

    fn test(
        &self,
        expression: &Expression,
        params: &Value,
        owner: StateId,
    ) -> Result<bool, Failure> {
        self.with_scope(params, owner, |scope, fuel| expression.test(scope, fuel))
            .map_err(|error| self.failure(&error, expression.source(), owner))
    }

    /// The value of an expression.
    fn evaluate(
        &self,
        expression: &Expression,
        params: &Value,
        owner: StateId,
    ) -> Result<Value, Failure> {
        self.with_scope(params, owner, |scope, fuel| expression.evaluate(scope, fuel))
            .map_err(|error| self.failure(&error, expression.source(), owner))
    }

    /// The parts of an expression with their values, for people; a part without a value shows why.
    pub(crate) fn operands(
        &self,
        expression: &Expression,
        owner: StateId,
    ) -> std::collections::BTreeMap<String, Value> {
        let evaluate = |scope: &Scope<'_>, _: &Fuel| Ok(expression.operands(scope));
        let operands = self.with_scope(&self.params, owner, evaluate);
        let operands = operands.unwrap_or_default().into_iter();
        operands
            .map(|o| (o.source, o.value.unwrap_or_else(|why| json!({ "error": why }))))
            .collect()
    }

    fn render(
        &self,
        template: &Template,
        params: &Value,
        owner: StateId,
    ) -> Result<Value, Failure> {
        self.with_scope(params, owner, |scope, fuel| template.render(scope, fuel))
            .map(Value::String)
            .map_err(|error| self.failure(&error, template.source(), owner))
    }

    pub(crate) fn failure(&self, error: &EvalError, source: &str, owner: StateId) -> Failure {
        let state = self.chart.state(owner);
        let place = state.node.clone().unwrap_or_else(|| state.path.clone());
        let message = format!("in `{place}`: {}, in `{source}`", error.message);
        Failure { state: Some(state.path.clone()), ..Failure::new("expression", message) }
    }

    /// Computes a value with parts.
    pub(crate) fn map(&self, mapper: &Mapper, owner: StateId) -> Result<Value, Failure> {
        self.map_with(mapper, &self.params, owner)
    }

    fn map_with(&self, mapper: &Mapper, params: &Value, owner: StateId) -> Result<Value, Failure> {
        Ok(match mapper {
            Mapper::Literal(value) => value.clone(),
            Mapper::Expression(expression) => self.evaluate(expression, params, owner)?,
            Mapper::Template(template) => self.render(template, params, owner)?,
            Mapper::Object(parts) => {
                let mut map = Map::new();
                for (key, part) in parts {
                    map.insert(key.clone(), self.map_with(part, params, owner)?);
                }
                Value::Object(map)
            }
            Mapper::Array(parts) => {
                let items = parts.iter().map(|part| self.map_with(part, params, owner));
                Value::Array(items.collect::<Result<_, _>>()?)
            }
        })
    }
}
