//! When a delay ends, and what has to be kept so that it can be computed again when the tenant's settings have changed.

use crate::{
    run::{Failure, Run},
    state::Rule,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};
use workflows::{
    chart::{Delay, StateId},
    duration::parse_duration_ms,
    expr::{Expression, Fuel, Participants, Scope},
    limits,
};

/// Names that a rule does not keep: what they stand for is looked at anew.
const PARTICIPANTS: [&str; 4] = ["contact", "tenant", "channel", "now"];

/// When a delay ends.
pub(crate) struct Due {
    pub(crate) at: DateTime<Utc>,
    /// What it was computed from, if that can change.
    pub(crate) rule: Option<Box<Rule>>,
}

impl Run<'_> {
    /// When a delay that starts now ends. A computed one may be milliseconds, a duration text, or a point in time; one
    /// that lies in the past ends now.
    pub(crate) fn due(&self, delay: &Delay, owner: StateId) -> Result<Due, Failure> {
        let expression = match delay {
            Delay::Fixed(ms) => {
                return Ok(Due { at: self.at + TimeDelta::milliseconds(*ms), rule: None });
            }
            Delay::Computed(expression) => expression,
        };
        let first_draw = self.draws.get();
        let states = RefCell::new(BTreeMap::new());
        let (value, is_local) = self
            .with_scope(&self.params, owner, |scope, fuel| {
                let in_state = |name: &str| {
                    let is_active = (scope.in_state)(name);
                    states.borrow_mut().insert(name.to_owned(), is_active);
                    is_active
                };
                expression.evaluate_local(&Scope { in_state: &in_state, ..*scope }, fuel)
            })
            .map_err(|error| self.failure(&error, expression.source(), owner))?;
        let at = end_of(&value, self.at).map_err(|message| {
            let state = self.chart.state(owner);
            Failure { state: Some(state.path.clone()), ..Failure::new("delay", message) }
        })?;
        let rule = is_local.then(|| Rule {
            delay: expression.source().to_owned(),
            at: self.at,
            given: self.given(expression, owner),
            states: states.into_inner(),
            draws: (self.draws.get() != first_draw).then_some((self.seq, first_draw)),
        });
        // One that has seen very much stays where it is, rather than keep all that.
        let rule = rule.filter(|rule| bytes(rule) <= limits::RULE_BYTES_MAX).map(Box::new);
        Ok(Due { at, rule })
    }

    /// What an expression reads, of all that does not belong to the participants.
    fn given(&self, expression: &Expression, owner: StateId) -> Value {
        let locals = self.locals(&self.params);
        let mut given = Value::Null;
        for path in expression.paths() {
            let Some((root, rest)) = path.segments.split_first() else { continue };
            let whole = match root.as_str() {
                "context" => Some(&*self.context),
                "event" => Some(&self.event),
                "input" => Some(self.input_of(owner)),
                name if PARTICIPANTS.contains(&name) => None,
                name => locals.get(name),
            };
            if let Some(whole) = whole {
                pick(whole, rest, entry(&mut given, root));
            }
        }
        given
    }

    /// When the delay of a rule ends, by what the instance knows now of its participants. `Err` is a sentence.
    pub(crate) fn due_again(&self, rule: &Rule) -> Result<DateTime<Utc>, String> {
        let expression = Expression::parse(&rule.delay)
            .map_err(|problems| problems.into_iter().map(|p| p.message).collect::<String>())?;
        let given = |name: &str| rule.given.get(name).unwrap_or(&Value::Null);
        let Participants { contact, tenant, channel, locale, time_zone, resume } =
            Participants::of(&self.memo.scope);
        // A state it had not asked for then stands as it does now.
        let stands = |name: &str| self.chart.find(name).is_some_and(|id| self.is_active(id));
        let in_state = |name: &str| rule.states.get(name).copied().unwrap_or_else(|| stands(name));
        let (seq, first_draw) = rule.draws.unwrap_or((self.seq, 0));
        let scope = Scope {
            context: given("context"),
            event: given("event"),
            input: given("input"),
            contact,
            tenant,
            channel,
            now: rule.at,
            locals: &rule.given,
            in_state: &in_state,
            seed: &self.memo.seed,
            seq,
            draws: &Cell::new(first_draw),
            texts: &self.definition.messages,
            time_zone,
            locale,
            resume,
        };
        let filled = self.fuel_of_one.min(self.fuel.get());
        let fuel = Fuel::new(filled);
        let value = expression.evaluate(&scope, &fuel);
        self.fuel.set(self.fuel.get() - (filled - fuel.left()));
        value.map_err(|error| error.message).and_then(|value| end_of(&value, rule.at))
    }
}

/// When a computed delay that starts at `from` ends.
fn end_of(value: &Value, from: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    let after_ms = |ms: i64| from.checked_add_signed(TimeDelta::try_milliseconds(ms)?);
    let due = match value {
        Value::Number(number) => number.as_f64().and_then(|ms| after_us(from, ms * 1e3)),
        Value::String(text) => match DateTime::parse_from_rfc3339(text) {
            Ok(instant) => Some(instant.with_timezone(&Utc)),
            // Seconds first: what the other reads is whole milliseconds.
            Err(_) => match cel_duration_us(text) {
                Some(us) => after_us(from, us),
                None => parse_duration_ms(text).and_then(after_ms),
            },
        },
        _ => None,
    };
    let latest = after_ms(limits::DELAY_MS_MAX).unwrap_or(from);
    due.filter(|due| *due <= latest).map(|due| due.max(from)).ok_or_else(|| {
        format!("`{value}` is not a length of time (up to 100 years) or a point in time")
    })
}

/// So many microseconds later; a part of one counts as a whole one, since a timer must not be early. (What a float cannot tell
/// from a whole one is one.)
fn after_us(from: DateTime<Utc>, us: f64) -> Option<DateTime<Utc>> {
    let nearest = us.round();
    let is_whole = (us - nearest).abs() <= nearest.abs() * 1e-15 + 1e-3;
    let whole = if is_whole { nearest } else { us.ceil() };
    from.checked_add_signed(TimeDelta::microseconds(whole as i64))
}

/// Microseconds of a duration as CEL writes it: seconds with a fraction and an `s`, e.g. `-0.5s`.
fn cel_duration_us(text: &str) -> Option<f64> {
    let seconds: f64 = text.strip_suffix('s')?.parse().ok()?;
    seconds.is_finite().then_some(seconds * 1e6)
}

/// Copies what stands at a path to the same path, with nothing beside it. A path that breaks off is copied as far as it goes.
fn pick(from: &Value, path: &[String], to: &mut Value) {
    match (path.split_first(), from) {
        (Some((name, rest)), Value::Object(fields)) => {
            if !to.is_object() {
                *to = json!({});
            }
            if let Some(field) = fields.get(name) {
                pick(field, rest, entry(to, name));
            }
        }
        _ => to.clone_from(from),
    }
}

/// The place of a field; what is no object becomes one.
fn entry<'v>(value: &'v mut Value, name: &str) -> &'v mut Value {
    if !value.is_object() {
        *value = json!({});
    }
    &mut value[name]
}

fn bytes(rule: &Rule) -> usize {
    serde_json::to_vec(rule).map_or(usize::MAX, |text| text.len())
}
