//! Expressions, guards, mappers and delays, evaluated over the working copy.

use crate::run::{Failure, Run};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use workflows::{
    chart::{Delay, Guard, Mapper, StateId, Transition},
    duration::parse_duration_ms,
    expr::{EvalError, Expression, Fuel, Participants, Scope, Template},
    limits,
};

impl Run<'_> {
    /// Evaluates with everything in scope that an expression may name, on fuel of its own as long as the turn has some.
    fn with_scope<T>(
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
    fn locals(&self, params: &Value) -> Value {
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
    fn input_of(&self, owner: StateId) -> &Value {
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

    fn failure(&self, error: &EvalError, source: &str, owner: StateId) -> Failure {
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

    /// When a delay that starts now ends. A computed one may be milliseconds, a duration text, or a point in time; one
    /// that lies in the past ends now.
    pub(crate) fn due(&self, delay: &Delay, owner: StateId) -> Result<DateTime<Utc>, Failure> {
        let value = match delay {
            Delay::Fixed(ms) => return Ok(self.at + TimeDelta::milliseconds(*ms)),
            Delay::Computed(expression) => self.evaluate(expression, &self.params, owner)?,
        };
        let due = match &value {
            Value::Number(number) => number.as_f64().and_then(|ms| self.after_us(ms * 1_000.0)),
            Value::String(text) => match DateTime::parse_from_rfc3339(text) {
                Ok(instant) => Some(instant.with_timezone(&Utc)),
                // Seconds first: what the other reads is whole milliseconds.
                Err(_) => match cel_duration_us(text) {
                    Some(us) => self.after_us(us),
                    None => parse_duration_ms(text).and_then(|ms| self.after_ms(ms)),
                },
            },
            _ => None,
        };
        let latest = self.after_ms(limits::DELAY_MS_MAX).unwrap_or(self.at);
        due.filter(|due| *due <= latest).map(|due| due.max(self.at)).ok_or_else(|| {
            let state = self.chart.state(owner);
            let message =
                format!("`{value}` is not a length of time (up to 100 years) or a point in time");
            Failure { state: Some(state.path.clone()), ..Failure::new("delay", message) }
        })
    }

    fn after_ms(&self, ms: i64) -> Option<DateTime<Utc>> {
        self.at.checked_add_signed(TimeDelta::try_milliseconds(ms)?)
    }

    /// After so many microseconds; a part of one counts as a whole one, since a timer must not be early. (What a float cannot tell
    /// from a whole one, about a billionth of it, is none.)
    fn after_us(&self, us: f64) -> Option<DateTime<Utc>> {
        let nearest = us.round();
        let is_whole = (us - nearest).abs() <= nearest.abs() * 1e-15 + 1e-3;
        let whole = if is_whole { nearest } else { us.ceil() };
        self.at.checked_add_signed(TimeDelta::microseconds(whole as i64))
    }
}

/// Microseconds of a duration as CEL writes it: seconds with a fraction and an `s`, e.g. `-0.5s`.
fn cel_duration_us(text: &str) -> Option<f64> {
    let seconds: f64 = text.strip_suffix('s')?.parse().ok()?;
    seconds.is_finite().then_some(seconds * 1e6)
}
