//! What is computed where, in the order in which it happens: which variables are read and which get a value.
//!
//! **Invariant:** every expression of a chart is in exactly one script, so that what asks for all of them asks here.

use super::{
    Subject,
    variables::{Place, Variables},
};
use crate::{
    chart::{Action, Delay, Guard, Invoke, Mapper, State, StateId, Transition},
    expr::{Expression, PathUse, Template},
};
use std::{collections::BTreeSet, ops::Range};

/// An expression or a text with expressions in it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Code<'c> {
    Expression(&'c Expression),
    Template(&'c Template),
}

impl Code<'_> {
    pub(super) fn source(&self) -> &str {
        match self {
            Self::Expression(expression) => expression.source(),
            Self::Template(template) => template.source(),
        }
    }

    pub(super) fn paths(&self) -> Vec<PathUse> {
        match self {
            Self::Expression(expression) => expression.paths(),
            Self::Template(template) => template.paths(),
        }
    }

    fn texts(&self) -> Vec<(String, Range<usize>)> {
        match self {
            Self::Expression(expression) => expression.literal_arguments("t"),
            Self::Template(template) => template.literal_arguments("t"),
        }
    }
}

/// One piece of code and where it is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'c> {
    pub(super) code: Code<'c>,
    /// Whose it is.
    pub(super) state: StateId,
    /// Pointer of something it is in, and which part of that.
    pub(super) at: &'c str,
    pub(super) part: &'static str,
    /// The item of the `each` it is computed for, if any.
    pub(super) item: Option<&'c str>,
    /// Which event it sees, if it is known: that of this transition.
    pub(super) on: Option<&'c Transition>,
}

/// One place that reads a variable.
#[derive(Debug)]
pub(super) struct Read {
    /// Index of the piece it is in.
    pub(super) piece: usize,
    pub(super) place: Place,
    /// The names after `context`.
    pub(super) path: Vec<String>,
    pub(super) span: Range<usize>,
    pub(super) is_guarded: bool,
    /// The message it stands in, when the piece only asks for that.
    pub(super) text: Option<String>,
}

#[derive(Debug)]
pub(super) enum Step<'c> {
    /// By index.
    Read(usize),
    /// A value is written at a path.
    Write(&'c [String], &'c Mapper),
    /// The same, ready to be applied.
    Set(Vec<Range<u32>>),
    /// From here on a condition has held.
    Held(&'c Guard),
    /// The same, ready to be applied.
    Known(Vec<Range<u32>>),
}

pub(super) type Script<'c> = Vec<Step<'c>>;

/// What a transition computes.
#[derive(Debug, Default)]
pub(super) struct OfTransition<'c> {
    pub(super) guard: Script<'c>,
    pub(super) actions: Script<'c>,
    /// What is there when it is taken.
    pub(super) if_taken: Vec<Range<u32>>,
    /// What is there when it could be taken and its condition did not hold.
    pub(super) if_not: Vec<Range<u32>>,
}

/// What a state computes.
#[derive(Debug, Default)]
pub(super) struct OfState<'c> {
    pub(super) entry: Script<'c>,
    pub(super) initial: Script<'c>,
    pub(super) exit: Script<'c>,
    /// When it is final and has been entered; of the machine, when it ends.
    pub(super) output: Script<'c>,
    pub(super) on: Vec<OfTransition<'c>>,
    pub(super) always: Vec<OfTransition<'c>>,
}

/// All scripts of a chart.
#[derive(Debug)]
pub(super) struct Scripts<'c> {
    pub(super) pieces: Vec<Piece<'c>>,
    pub(super) reads: Vec<Read>,
    pub(super) states: Vec<OfState<'c>>,
    pub(super) variables: Variables,
    /// What the initial context sets.
    pub(super) given: Vec<Range<u32>>,
    /// Every path that anything writes, the initial context included.
    pub(super) written: BTreeSet<Vec<String>>,
}

/// Where a piece is, while it is looked at.
#[derive(Clone, Copy)]
struct Here<'c> {
    state: StateId,
    at: &'c str,
    part: &'static str,
    item: Option<&'c str>,
    on: Option<&'c Transition>,
}

struct Writer<'s, 'c> {
    subject: &'s Subject<'c>,
    scripts: Scripts<'c>,
}

pub(super) fn scripts<'c>(subject: &Subject<'c>) -> Scripts<'c> {
    let (pieces, reads, states, given) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (variables, written) = (Variables::new(), names_of(&subject.chart.context));
    let scripts = Scripts { pieces, reads, states, variables, given, written };
    let mut writer = Writer { subject, scripts };
    let chart = subject.chart;
    let root = Here::of(StateId::ROOT, subject.at, "/context");
    let mut context = Vec::new();
    writer.mapper(&chart.context, root, &mut context);
    for (id, state) in (0..).map(StateId).zip(&chart.states) {
        let script = writer.state(id, state);
        writer.scripts.states.push(script);
    }
    writer.scripts.finish(&chart.context, chart)
}

impl<'c> Here<'c> {
    fn of(state: StateId, at: &'c str, part: &'static str) -> Self {
        Self { state, at, part, item: None, on: None }
    }
}

impl<'c> Writer<'_, 'c> {
    fn state(&mut self, id: StateId, state: &'c State) -> OfState<'c> {
        let mut of = OfState::default();
        let here = |part| Here::of(id, &state.pointer, part);
        if let Some(input) = &state.input {
            self.mapper(input, here("/input"), &mut of.entry);
        }
        self.actions(&state.entry, here("/entry"), &mut of.entry);
        for after in &state.after {
            self.delay(&after.delay, here(""), &mut of.entry);
        }
        for invoke in &state.invokes {
            self.invoke(invoke, id, &mut of.entry);
        }
        self.actions(&state.exit, here("/exit"), &mut of.exit);
        if let Some(initial) = &state.initial {
            self.actions(&initial.actions, here("/initial"), &mut of.initial);
            if let Some(input) = &initial.input {
                self.mapper(input, here("/initial"), &mut of.initial);
            }
        }
        if let Some(output) = &state.output {
            self.mapper(output, here("/output"), &mut of.output);
        }
        of.on = state.on.iter().map(|t| self.transition(t, id)).collect();
        of.always = state.always.iter().map(|t| self.transition(t, id)).collect();
        of
    }

    fn invoke(&mut self, invoke: &'c Invoke, id: StateId, script: &mut Script<'c>) {
        let mut here = Here::of(id, &invoke.pointer, "/input");
        if let Some(each) = &invoke.each {
            self.mapper(&each.items, Here { part: "/each", ..here }, script);
            here.item = Some(&each.name);
        }
        self.mapper(&invoke.input, here, script);
    }

    fn transition(&mut self, transition: &'c Transition, id: StateId) -> OfTransition<'c> {
        let mut of = OfTransition::default();
        let on = Some(transition).filter(|t| t.event.is_some());
        let here = Here { on, ..Here::of(id, &transition.pointer, "") };
        match &transition.guard {
            // Each part is asked only when those before it have held.
            Some(Guard::And(parts)) => {
                for part in parts {
                    self.guard(part, here, &mut of.guard);
                    of.guard.push(Step::Held(part));
                }
            }
            Some(guard) => self.guard(guard, here, &mut of.guard),
            None => {}
        }
        self.actions(&transition.actions, here, &mut of.actions);
        if let Some(input) = &transition.input {
            self.mapper(input, Here { part: "/input", ..here }, &mut of.actions);
        }
        of
    }

    fn guard(&mut self, guard: &'c Guard, here: Here<'c>, script: &mut Script<'c>) {
        match guard {
            Guard::Expression(expression, params) => {
                if let Some(params) = params {
                    self.mapper(params, here, script);
                }
                self.code(Code::Expression(expression), here, script);
            }
            Guard::InState(_) => {}
            Guard::And(parts) | Guard::Or(parts) => {
                parts.iter().for_each(|part| self.guard(part, here, script));
            }
            Guard::Not(part) => self.guard(part, here, script),
            Guard::With { params, guard } => {
                self.mapper(params, here, script);
                self.guard(guard, here, script);
            }
        }
    }

    fn actions(&mut self, actions: &'c [Action], here: Here<'c>, script: &mut Script<'c>) {
        for action in actions {
            match action {
                Action::Assign(assignments) => {
                    for (_, value) in assignments {
                        self.mapper(value, here, script);
                    }
                    let paths = assignments.iter().map(|(path, _)| path.clone());
                    self.scripts.written.extend(paths);
                    script.extend(assignments.iter().map(|(path, value)| Step::Write(path, value)));
                }
                Action::Raise { event, delay, .. } => {
                    self.mapper(event, here, script);
                    if let Some(delay) = delay {
                        self.delay(delay, here, script);
                    }
                }
                Action::Cancel { id: value }
                | Action::Emit { event: value }
                | Action::Log { message: value } => self.mapper(value, here, script),
                Action::Undo(undo) => self.mapper(&undo.input, here, script),
                Action::With { params, actions } => {
                    self.mapper(params, here, script);
                    self.actions(actions, here, script);
                }
            }
        }
    }

    fn delay(&mut self, delay: &'c Delay, here: Here<'c>, script: &mut Script<'c>) {
        if let Delay::Computed(expression) = delay {
            self.code(Code::Expression(expression), here, script);
        }
    }

    fn mapper(&mut self, mapper: &'c Mapper, here: Here<'c>, script: &mut Script<'c>) {
        match mapper {
            Mapper::Literal(_) => {}
            Mapper::Expression(expression) => {
                self.code(Code::Expression(expression), here, script);
            }
            Mapper::Template(template) => self.code(Code::Template(template), here, script),
            Mapper::Object(parts) => {
                parts.iter().for_each(|(_, part)| self.mapper(part, here, script));
            }
            Mapper::Array(parts) => parts.iter().for_each(|part| self.mapper(part, here, script)),
        }
    }

    fn code(&mut self, code: Code<'c>, here: Here<'c>, script: &mut Script<'c>) {
        let piece = self.scripts.pieces.len();
        let Here { state, at, part, item, on } = here;
        self.scripts.pieces.push(Piece { code, state, at, part, item, on });
        for path in code.paths() {
            self.read(piece, path, None, script);
        }
        for (key, span) in code.texts() {
            for path in self.subject.paths_of_text(&key) {
                let path = PathUse { span: span.clone(), ..path };
                self.read(piece, path, Some(key.clone()), script);
            }
        }
    }

    fn read(&mut self, piece: usize, path: PathUse, text: Option<String>, script: &mut Script<'c>) {
        let PathUse { segments, span, is_guarded } = path;
        let mut segments = segments.into_iter();
        if segments.next().as_deref() != Some("context") || segments.len() == 0 {
            return;
        }
        let path: Vec<String> = segments.collect();
        let place = self.scripts.variables.add(&path);
        script.push(Step::Read(self.scripts.reads.len()));
        self.scripts.reads.push(Read { piece, place, path, span, is_guarded, text });
    }
}

impl<'c> Scripts<'c> {
    /// Writes become the variables they set, now that these are known.
    fn finish(mut self, context: &Mapper, chart: &'c crate::chart::Chart) -> Self {
        self.variables.number();
        let variables = &self.variables;
        self.given = variables.written(&[], context);
        for (of, state) in self.states.iter_mut().zip(&chart.states) {
            for script in [&mut of.entry, &mut of.initial, &mut of.exit, &mut of.output] {
                resolve(script, variables);
            }
            let on = of.on.iter_mut().zip(&state.on);
            for (of, transition) in on.chain(of.always.iter_mut().zip(&state.always)) {
                resolve(&mut of.guard, variables);
                resolve(&mut of.actions, variables);
                if let Some(guard) = &transition.guard {
                    of.if_taken = known(guard, true, variables);
                    of.if_not = known(guard, false, variables);
                }
            }
        }
        self
    }
}

fn resolve(script: &mut Script<'_>, variables: &Variables) {
    for step in script {
        match step {
            Step::Write(path, value) => *step = Step::Set(variables.written(path, value)),
            Step::Held(guard) => *step = Step::Known(known(guard, true, variables)),
            _ => {}
        }
    }
}

/// What is there when a condition was `truth`.
fn known(guard: &Guard, truth: bool, variables: &Variables) -> Vec<Range<u32>> {
    match (guard, truth) {
        (Guard::Expression(expression, _), _) => {
            let told = expression.tells(truth).into_iter();
            let told = told.filter(|path| path.first().is_some_and(|root| root == "context"));
            told.flat_map(|path| there(&path[1..], variables)).collect()
        }
        (Guard::And(parts), true) | (Guard::Or(parts), false) => {
            parts.iter().flat_map(|part| known(part, truth, variables)).collect()
        }
        (Guard::Not(part), _) => known(part, !truth, variables),
        (Guard::With { guard, .. }, _) => known(guard, truth, variables),
        _ => Vec::new(),
    }
}

/// A path that is there, with what is above it, and with what is in it, of which nobody knows better.
fn there(path: &[String], variables: &Variables) -> Vec<Range<u32>> {
    let Some(place) = variables.find(path) else { return Vec::new() };
    let above = variables.along(place).into_iter().map(|place| {
        let cell = variables.cell(place);
        cell..cell + 1
    });
    above.chain([variables.all(place)]).collect()
}

/// The paths of the initial context.
fn names_of(context: &Mapper) -> BTreeSet<Vec<String>> {
    let names: Vec<&String> = match context {
        Mapper::Literal(value) => {
            value.as_object().into_iter().flat_map(|map| map.keys()).collect()
        }
        Mapper::Object(parts) => parts.iter().map(|(name, _)| name).collect(),
        _ => Vec::new(),
    };
    names.into_iter().map(|name| vec![name.clone()]).collect()
}
