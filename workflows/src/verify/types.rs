//! What is known of the types of names: the context by what is declared and by everything that is written to it, events by
//! who raises them. With that every expression is checked once more.
//!
//! **Invariant:** a type is only believed where everything that is written agrees; else anything may be there. What has been
//! written out as a value may grow, so its objects are open; what a schema describes is as the schema says.

use super::{
    Subject,
    place::Places,
    script::{Code, Piece, Scripts},
};
use crate::{
    chart::{
        Action, Chart, Descriptor, Each, Invoke, Mapper, OnFailure, Source, StateId, Transition,
    },
    diagnostic::Diagnostic,
    expr::{Type, TypeEnv},
    kinds,
    spec::Output,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// A message of a customer, whatever the channel.
const MESSAGE: &str = r#"{"type": "object", "additionalProperties": true, "properties": {
    "type": {"type": "string"}, "text": {"type": "string"}, "messageType": {"type": "string"},
    "choice": {"type": "object", "additionalProperties": true, "properties": {
        "id": {"type": "string"}, "title": {"type": "string"}}},
    "media": {"type": "object", "additionalProperties": true, "properties": {
        "id": {"type": "string"}, "mimeType": {"type": "string"}, "caption": {"type": "string"}}},
    "location": {"type": "object", "additionalProperties": true, "properties": {
        "latitude": {"type": "number"}, "longitude": {"type": "number"}}}}}"#;
/// A decision of the team.
const APPROVAL: &str = r#"{"type": "object", "additionalProperties": true, "properties": {
    "type": {"type": "string"}, "decision": {"type": "string"}}}"#;
/// Why a step failed.
const ERROR: &str = r#"{"type": "object", "additionalProperties": true, "properties": {
    "type": {"type": "string"}, "actorId": {"type": "string"},
    "error": {"type": "object", "additionalProperties": true, "properties": {
        "code": {"type": "string"}, "message": {"type": "string"}}}}}"#;

/// The types of the events of a chart.
struct Events<'c> {
    invokes: HashMap<&'c str, &'c Invoke>,
    message: Type,
    approval: Type,
    error: Type,
}

impl<'c> Events<'c> {
    fn new(chart: &'c Chart) -> Self {
        let invokes = chart.states.iter().flat_map(|state| &state.invokes);
        let invokes = invokes.map(|invoke| (invoke.id.as_str(), invoke)).collect();
        let (message, approval) = (of_text(MESSAGE), of_text(APPROVAL));
        Self { invokes, message, approval, error: of_text(ERROR) }
    }

    /// The event a transition is taken for, as far as its name tells.
    fn of(&self, transition: Option<&Transition>) -> Type {
        let Some(Descriptor::Exact(name)) = transition.and_then(|t| t.event.as_ref()) else {
            return Type::Dyn;
        };
        if let Some(id) = name.strip_prefix("xstate.done.actor.") {
            let output = self.invokes.get(id).map_or(Type::Dyn, |invoke| result(invoke));
            let fields = [("type", Type::String), ("actorId", Type::String), ("output", output)];
            let fields = fields.into_iter().map(|(name, ty)| (name.to_owned(), ty)).collect();
            return Type::Object { fields, open: false };
        }
        match name.split('.').next().unwrap_or_default() {
            "message" if name == "message" => self.message.clone(),
            "approval" => self.approval.clone(),
            "xstate" if name.starts_with("xstate.error.actor.") => self.error.clone(),
            _ => Type::Dyn,
        }
    }
}

fn of_text(schema: &str) -> Type {
    serde_json::from_str::<Value>(schema)
        .map_or(Type::Dyn, |schema| Type::from_json_schema(&schema))
}

/// What an invoke gives when it is done.
fn result(invoke: &Invoke) -> Type {
    let one = match &invoke.source {
        Source::Kind(kind) => output(kind, &invoke.input),
        _ => Type::Dyn,
    };
    match &invoke.each {
        None => one,
        Some(Each { on_failure: OnFailure::Stop, .. }) => Type::List(Box::new(one)),
        Some(_) => Type::List(Box::new(Type::Dyn)),
    }
}

/// What a step of this kind gives.
fn output(kind: &str, input: &Mapper) -> Type {
    let effect = kinds::find(kind).and_then(|spec| spec.effect);
    match effect.map(|effect| effect.output) {
        Some(Output::Schema(schema)) => of_text(schema),
        Some(Output::InField(name)) => {
            literal(input, name).map_or(Type::Dyn, Type::from_json_schema)
        }
        _ => Type::Dyn,
    }
}

/// A field of an input, if it is not computed.
fn literal<'m>(input: &'m Mapper, name: &str) -> Option<&'m Value> {
    match input {
        Mapper::Literal(value) => value.get(name),
        Mapper::Object(parts) => parts.iter().find_map(|(part, value)| match value {
            Mapper::Literal(value) if part == name => Some(value),
            _ => None,
        }),
        _ => None,
    }
}

/// Checks every expression with all that is known, and what is written against what is declared.
pub(super) fn check(
    subject: &Subject<'_>,
    scripts: &Scripts<'_>,
    places: &Places<'_>,
    out: &mut Vec<Diagnostic>,
) {
    let events = Events::new(subject.chart);
    let mut env = subject.types.clone().with("params", Type::Dyn);
    let declared = match subject.types.get("context") {
        Some(Type::Object { fields, .. }) => fields.clone(),
        _ => BTreeMap::new(),
    };
    let mut context = Type::Object { fields: declared.clone(), open: true };
    let mut written = Written { subject, events: &events, declared, found: Vec::new() };
    written.all();
    for (path, ty) in written.found {
        put(&mut context, &path, ty);
    }
    env.declare("context", context);
    for piece in &scripts.pieces {
        env = checked(piece, env, subject, (&events, places), out);
    }
}

/// Checks one piece; gives the names back as they were.
fn checked(
    piece: &Piece<'_>,
    mut env: TypeEnv,
    subject: &Subject<'_>,
    (events, places): (&Events<'_>, &Places<'_>),
    out: &mut Vec<Diagnostic>,
) -> TypeEnv {
    // What takes the context as a whole was checked when it was read; its type is large.
    let is_whole = |path: &crate::expr::PathUse| path.segments == ["context"];
    if piece.code.paths().iter().any(is_whole) {
        return env;
    }
    env.declare("event", events.of(piece.on));
    for name in piece.item.into_iter().chain(piece.item.map(|_| "index")) {
        env.declare(name, Type::Dyn);
    }
    let problems = match piece.code {
        Code::Expression(expression) => expression.check(&env).problems,
        Code::Template(template) => template.check(&env),
    };
    if !problems.is_empty() {
        let at = places.of(piece);
        for problem in problems {
            let mut diagnostic = Diagnostic::of_problem(&problem, &at, piece.code.source());
            diagnostic.node = subject.name(piece.state);
            out.push(diagnostic);
        }
    }
    for name in piece.item.into_iter().chain(piece.item.map(|_| "index")) {
        env = env.without(name);
    }
    env
}

/// Collects the types of everything that is written to the context.
struct Written<'w, 'c> {
    subject: &'w Subject<'c>,
    events: &'w Events<'c>,
    declared: BTreeMap<String, Type>,
    /// Path from `context`, and type.
    found: Vec<(Vec<String>, Type)>,
}

impl<'c> Written<'_, 'c> {
    fn all(&mut self) {
        let chart = self.subject.chart;
        let mut env = self.subject.types.clone().with("params", Type::Dyn);
        if let Some(fields) = fields_of(&chart.context) {
            for (name, value) in fields {
                env = self.write(&[name], &value, env, None);
            }
        } else {
            self.found.push((Vec::new(), Type::Dyn));
        }
        for id in (0..).map(StateId).take(chart.states.len()) {
            let state = chart.state(id);
            let transitions = state.on.iter().chain(&state.always);
            let initial = state.initial.iter().map(|t| (&t.actions, None));
            let own = [&state.entry, &state.exit].into_iter().map(|actions| (actions, None));
            let lists = own.chain(initial).chain(transitions.map(|t| (&t.actions, Some(t))));
            for (actions, on) in lists {
                env = self.actions(actions, env, on);
            }
        }
    }

    fn actions(
        &mut self,
        actions: &[Action],
        mut env: TypeEnv,
        on: Option<&Transition>,
    ) -> TypeEnv {
        for action in actions {
            match action {
                Action::Assign(assignments) => {
                    for (path, value) in assignments {
                        env = self.write(path, value, env, on);
                    }
                }
                Action::With { actions, .. } => env = self.actions(actions, env, on),
                _ => {}
            }
        }
        env
    }

    fn write(
        &mut self,
        path: &[String],
        value: &Mapper,
        mut env: TypeEnv,
        on: Option<&Transition>,
    ) -> TypeEnv {
        // What is declared is as declared, whatever is written.
        let is_declared = path.first().is_some_and(|name| self.declared.contains_key(name));
        if !is_declared {
            env.declare("event", self.events.of(on.filter(|t| t.event.is_some())));
            self.found.push((path.to_vec(), type_of(value, &env)));
        }
        env
    }
}

/// Adds what is written at a path to the type of what it is written into. Objects that come to be on the way may have other
/// fields, too.
fn put(into: &mut Type, path: &[String], ty: Type) {
    let Some((first, rest)) = path.split_first() else {
        let was = std::mem::replace(into, Type::Dyn);
        *into = was.join(ty);
        return;
    };
    match into {
        Type::Null => *into = Type::Object { fields: BTreeMap::new(), open: true },
        Type::Object { .. } => {}
        Type::Dyn | Type::Map(_) => return,
        _ => *into = Type::Dyn,
    }
    if let Type::Object { fields, .. } = into {
        match fields.get_mut(first) {
            Some(field) => put(field, rest, ty),
            None => drop(fields.insert(first.clone(), nested(rest, ty))),
        }
    }
}

fn nested(path: &[String], ty: Type) -> Type {
    path.iter().rev().fold(ty, |inner, name| Type::Object {
        fields: BTreeMap::from([(name.clone(), inner)]),
        open: true,
    })
}

/// The fields of the initial context, when they are written out.
fn fields_of(context: &Mapper) -> Option<Vec<(String, Mapper)>> {
    match context {
        Mapper::Literal(Value::Object(map)) => {
            let fields =
                map.iter().map(|(name, value)| (name.clone(), Mapper::Literal(value.clone())));
            Some(fields.collect())
        }
        Mapper::Object(parts) => Some(parts.clone()),
        _ => None,
    }
}

fn type_of(value: &Mapper, env: &TypeEnv) -> Type {
    match value {
        Mapper::Literal(value) => opened(Type::from_json_schema(&json!({ "const": value }))),
        Mapper::Template(_) => Type::String,
        Mapper::Expression(expression) => {
            let ty = expression.check(env).ty;
            // A result as a whole keeps its schema.
            match expression.source().trim() {
                "event.output" => ty,
                _ => opened(plain(ty)),
            }
        }
        Mapper::Object(parts) => {
            let fields = parts.iter().map(|(name, part)| (name.clone(), type_of(part, env)));
            Type::Object { fields: fields.collect(), open: true }
        }
        Mapper::Array(_) => Type::List(Box::new(Type::Dyn)),
    }
}

/// As it is read back: the context is JSON, which has neither times nor bytes nor decimals.
fn plain(ty: Type) -> Type {
    match ty {
        Type::Timestamp | Type::Duration | Type::Bytes | Type::Decimal | Type::Optional(_) => {
            Type::Dyn
        }
        // Numbers lose their sort.
        Type::Uint => Type::Int,
        Type::List(items) => Type::List(Box::new(plain(*items))),
        Type::Map(values) => Type::Map(Box::new(plain(*values))),
        Type::Object { fields, open } => {
            let fields = fields.into_iter().map(|(name, ty)| (name, plain(ty))).collect();
            Type::Object { fields, open }
        }
        other => other,
    }
}

fn opened(ty: Type) -> Type {
    match ty {
        Type::Object { fields, .. } => {
            let fields = fields.into_iter().map(|(name, ty)| (name, opened(ty))).collect();
            Type::Object { fields, open: true }
        }
        Type::List(items) => Type::List(Box::new(opened(*items))),
        Type::Map(values) => Type::Map(Box::new(opened(*values))),
        other => other,
    }
}
