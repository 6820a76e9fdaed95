//! Tells of variables that are read where nothing has set them: names that nothing ever sets, and names that are not set
//! yet, on any way or on some way.

use super::{
    Subject,
    assigned::{Assigned, Refused, apply},
    facts::Facts,
    place::Places,
    route::is_done_of,
    script::{OfTransition, Read, Script, Scripts, Step},
    ways::Ways,
    witness::Witness,
};
use crate::{
    chart::{StateId, Transition},
    diagnostic::{Diagnostic, Position},
    expr::Type,
    suggest,
};
use std::collections::HashSet;

/// Ways looked for to show how something may be unset; after that many it is said without.
const WAYS_SHOWN_MAX: usize = 40;
/// Unknown names for which a known one is looked for that may be meant.
const HINTS_MAX: usize = 100;

pub(super) struct Reader<'r, 'c> {
    pub(super) subject: &'r Subject<'c>,
    pub(super) scripts: &'r Scripts<'c>,
    pub(super) places: &'r Places<'c>,
    pub(super) ways: &'r Ways,
    pub(super) assigned: &'r Assigned,
}

/// A read that may fail, and the first name of its path that may not be there.
struct Missing<'r> {
    read: &'r Read,
    cell: u32,
    names: usize,
    is_certain: bool,
    /// The moment it is read at.
    moment: usize,
}

/// Tells of names that nothing sets. Needs no facts, so it is told of any chart.
pub(super) fn unknown(
    subject: &Subject<'_>,
    scripts: &Scripts<'_>,
    places: &Places<'_>,
    out: &mut Vec<Diagnostic>,
) {
    let known = ever_set(scripts);
    let names = known_names(subject, scripts);
    let mut told = HashSet::new();
    for read in &scripts.reads {
        let unset = first(scripts, read, |cell| !known.may_be_set(cell));
        let Some((n_names, _)) = unset else { continue };
        let piece = &scripts.pieces[read.piece];
        let name = read.path[..n_names].join(".");
        if is_declared(subject, &read.path[..n_names]) || !told.insert((piece.state, name.clone()))
        {
            continue;
        }
        let message =
            format!("`context.{name}` is read here, and nothing in this workflow sets it");
        let mut diagnostic = at(subject, scripts, places, read, ("unknown-variable", message));
        if read.is_guarded {
            diagnostic.severity = crate::diagnostic::Severity::Warning;
        }
        let near = match told.len() <= HINTS_MAX {
            true => suggest::nearest(&name, names.iter().map(String::as_str)),
            false => None,
        };
        out.push(diagnostic.help(match near {
            Some(near) => format!("Did you mean `context.{near}`?"),
            None => format!(
                "Set it before, e.g. with `saveAs` or an assignment, or give it a first value: \"context\": {{\"{}\": …}}.",
                read.path[0]
            ),
        }));
    }
}

/// What anything in the chart sets.
fn ever_set(scripts: &Scripts<'_>) -> Facts {
    let mut all = Facts::nowhere(scripts.variables.n_cells());
    scripts.given.iter().for_each(|range| all.may_set(range));
    for of in &scripts.states {
        let transitions = of.on.iter().chain(&of.always).map(|of| &of.actions);
        let lists = [&of.entry, &of.initial, &of.exit].into_iter().chain(transitions);
        for step in lists.flatten() {
            if let Step::Set(ranges) = step {
                ranges.iter().for_each(|range| all.may_set(range));
            }
        }
    }
    all
}

/// The first name of a read's path, counted from 1, that something holds for; with its cell.
fn first(scripts: &Scripts<'_>, read: &Read, holds: impl Fn(u32) -> bool) -> Option<(usize, u32)> {
    let along = scripts.variables.along(read.place);
    let cells = along.into_iter().map(|place| scripts.variables.cell(place));
    (1..).zip(cells).find(|(_, cell)| holds(*cell))
}

/// Whether the schema of the context has this path.
fn is_declared(subject: &Subject<'_>, path: &[String]) -> bool {
    let mut at = subject.types.get("context");
    for name in path {
        at = match at {
            Some(Type::Object { fields, .. }) => fields.get(name),
            // The whole context may be untyped because nothing is declared.
            Some(Type::Dyn) if Some(name) == path.first() => None,
            other => return other.is_some(),
        };
    }
    at.is_some()
}

/// Every name something sets or the schema declares, as dotted paths.
fn known_names(subject: &Subject<'_>, scripts: &Scripts<'_>) -> Vec<String> {
    let mut names: Vec<String> = scripts.written.iter().map(|path| path.join(".")).collect();
    if let Some(Type::Object { fields, .. }) = subject.types.get("context") {
        names.extend(fields.keys().cloned());
    }
    names
}

fn at(
    subject: &Subject<'_>,
    scripts: &Scripts<'_>,
    places: &Places<'_>,
    read: &Read,
    (code, message): (&'static str, String),
) -> Diagnostic {
    let piece = &scripts.pieces[read.piece];
    let mut diagnostic = Diagnostic::error(code, places.of(piece), message);
    if let Some(text) = &read.text {
        diagnostic.message = format!("{} (in the text `{text}`)", diagnostic.message);
    }
    diagnostic.node = subject.name(piece.state);
    diagnostic.position = Some(Position::of(piece.code.source(), &read.span));
    diagnostic
}

impl<'r, 'c> Reader<'r, 'c> {
    /// Tells of reads that come before, or may come before, what sets the variable.
    pub(super) fn tell(&self, out: &mut Vec<Diagnostic>) {
        let known = ever_set(self.scripts);
        let mut missing = Vec::new();
        self.tour(&mut missing);
        let mut told = HashSet::new();
        let witness = Witness::new(self.subject, self.ways, self.assigned);
        let mut n_shown = 0;
        missing.sort_by_key(|missing| !missing.is_certain);
        let mut found = Vec::new();
        for missing in missing {
            let piece = &self.scripts.pieces[missing.read.piece];
            let is_declared = is_declared(self.subject, &missing.read.path[..missing.names]);
            // Of what nothing sets has been told already.
            if !known.may_be_set(missing.cell) && !is_declared {
                continue;
            }
            if !told.insert((self.subject.name(piece.state), missing.cell)) {
                continue;
            }
            let way = match n_shown < WAYS_SHOWN_MAX && !missing.is_certain {
                true => witness.way(missing.cell, missing.moment),
                false => None,
            };
            n_shown += 1;
            found.push((missing.read.piece, self.diagnostic(&missing, way)));
        }
        found.sort_by_key(|(piece, _)| *piece);
        out.extend(found.into_iter().map(|(_, diagnostic)| diagnostic));
    }

    fn diagnostic(&self, missing: &Missing<'_>, way: Option<String>) -> Diagnostic {
        let (read, name) = (missing.read, missing.read.path[..missing.names].join("."));
        let (code, message, help) = match (missing.is_certain, way) {
            (true, _) => (
                "never-set",
                format!("`context.{name}` is read here before anything can have set it"),
                format!(
                    "Set it on the way here, or give it a first value: \"context\": {{\"{}\": …}}.",
                    read.path[0]
                ),
            ),
            (false, way) => (
                "maybe-unset",
                match way {
                    Some(way) => format!(
                        "`context.{name}` may not be set here: nothing sets it on the way {way}"
                    ),
                    None => format!(
                        "`context.{name}` may not be set here: there is a way that leads here without setting it"
                    ),
                },
                format!(
                    "Set it on that way too, give it a first value in `context`, or say what to use without it: default(context.{name}, \"…\")."
                ),
            ),
        };
        let mut diagnostic = at(self.subject, self.scripts, self.places, read, (code, message));
        if !missing.is_certain {
            diagnostic.severity = crate::diagnostic::Severity::Warning;
        }
        diagnostic.help(help)
    }

    /// Goes once more through every script with what holds there.
    fn tour(&self, missing: &mut Vec<Missing<'r>>) {
        let chart = self.subject.chart;
        for id in (0..).map(StateId).take(chart.states.len()) {
            let of = &self.scripts.states[id.index()];
            if let Some(mut facts) = self.assigned.before(id) {
                self.follow(&of.entry, &mut facts, Ways::entered(id), missing);
                if id != StateId::ROOT {
                    self.follow(&of.output, &mut facts, Ways::entered(id), missing);
                }
            }
            if let Some(before) =
                self.assigned.before_default(id).filter(|_| !of.initial.is_empty())
            {
                let mut facts = before.clone();
                apply(&of.entry, &mut facts);
                self.follow(&of.initial, &mut facts, Ways::entered(id), missing);
            }
            if let Some(mut left) = self.assigned.left(id).cloned() {
                self.follow(&of.exit, &mut left, self.ways.active(id), missing);
            }
            self.transitions(id, missing);
        }
        let root = &self.scripts.states[StateId::ROOT.index()];
        if let Some(mut done) = self.assigned.done(StateId::ROOT).cloned() {
            self.follow(&root.output, &mut done, self.ways.done(StateId::ROOT), missing);
        }
    }

    fn transitions(&self, id: StateId, missing: &mut Vec<Missing<'r>>) {
        let (of, scripts) = (self.subject.chart.state(id), &self.scripts.states[id.index()]);
        let open = self.ways.open(id);
        for (places, transitions, scripts) in
            [(&open.on, &of.on, &scripts.on), (&open.always, &of.always, &scripts.always)]
        {
            let mut refused = Refused::default();
            for index in places {
                let (transition, scripts) = (&transitions[*index], &scripts[*index]);
                self.transition(id, (transition, scripts), &refused, missing);
                refused.add(transition, scripts);
            }
        }
    }

    fn transition(
        &self,
        id: StateId,
        (transition, scripts): (&Transition, &'r OfTransition<'c>),
        refused: &Refused,
        missing: &mut Vec<Missing<'r>>,
    ) {
        let is_idle = scripts.guard.is_empty() && scripts.actions.is_empty();
        let when_done = is_done_of(self.subject.chart, id, transition);
        let (facts, moment) = match when_done {
            true => (self.assigned.done(id), self.ways.done(id)),
            false => (self.assigned.active(id), self.ways.active(id)),
        };
        let Some(facts) = facts.filter(|_| !is_idle) else { return };
        let mut facts = facts.clone();
        refused.known(transition).iter().for_each(|range| facts.know(range));
        self.follow(&scripts.guard, &mut facts, moment, missing);
        scripts.if_taken.iter().for_each(|range| facts.know(range));
        self.follow(&scripts.actions, &mut facts, moment, missing);
    }

    fn follow(
        &self,
        script: &'r Script<'c>,
        facts: &mut Facts,
        moment: usize,
        missing: &mut Vec<Missing<'r>>,
    ) {
        for step in script {
            match step {
                Step::Set(ranges) => ranges.iter().for_each(|range| facts.set(range)),
                Step::Known(ranges) => ranges.iter().for_each(|range| facts.know(range)),
                Step::Write(..) | Step::Held(_) => {}
                Step::Read(read) => {
                    let read = &self.scripts.reads[*read];
                    let unset = first(self.scripts, read, |cell| facts.may_be_unset(cell));
                    if let Some((names, cell)) = unset.filter(|_| !read.is_guarded) {
                        let is_certain = !facts.may_be_set(cell);
                        missing.push(Missing { read, cell, names, is_certain, moment });
                    }
                }
            }
        }
    }
}
