//! What can be said about a legal chart before anything runs: names that nothing sets, values read before they are set,
//! states nobody reaches or leaves, loops that never wait, transitions that are never taken.
//!
//! Everything is decided on the compiled chart, not on the drawing, so graphs and machines get the same answers.
//!
//! **Invariant:** it tells of nothing that could be right at run time as an error, and its work is near linear: every part is
//! a walk over states and transitions, or a fixpoint over bit sets with a bound.

mod assigned;
mod beside;
mod drawn;
mod facts;
mod inputs;
mod late;
mod place;
mod reads;
mod route;
mod script;
mod spin;
mod structure;
mod translations;
mod types;
mod variables;
mod waits;
mod ways;
mod window;
mod witness;

use crate::{
    chart::{Chart, StateId},
    diagnostic::Diagnostic,
    expr::{PathUse, Texts, TypeEnv},
    json::Json,
};
use std::collections::BTreeMap;

pub(crate) use drawn::Drawn;
pub(crate) use translations::check as check_translations;

/// What is looked at.
#[derive(Debug)]
pub(crate) struct Subject<'c> {
    pub(crate) chart: &'c Chart,
    /// What the chart was read from.
    pub(crate) machine: &'c Json,
    /// Pointer of the machine in the upload.
    pub(crate) at: &'c str,
    /// What is declared of the names in scope.
    pub(crate) types: &'c TypeEnv,
    /// Whether it was lowered from a graph, whose own checks have looked at the data of its nodes.
    pub(crate) is_drawn: bool,
    /// What each text of `messages` reads of the context.
    texts: BTreeMap<String, Vec<PathUse>>,
}

impl<'c> Subject<'c> {
    pub(crate) fn new(
        (chart, machine, at): (&'c Chart, &'c Json, &'c str),
        is_drawn: bool,
        types: &'c TypeEnv,
        texts: &Texts,
    ) -> Self {
        let mut read: BTreeMap<String, Vec<PathUse>> = BTreeMap::new();
        for (key, message) in texts.keys().into_iter().flat_map(|key| {
            texts.languages().filter_map(move |language| Some((key, texts.get(language, key)?)))
        }) {
            let paths = message.templates().flat_map(|(_, template)| template.paths());
            read.entry(key.to_owned()).or_default().extend(paths.filter(|p| p.root() == "context"));
        }
        Self { chart, machine, at, types, is_drawn, texts: read }
    }

    /// What rendering the text of a key reads.
    fn paths_of_text(&self, key: &str) -> Vec<PathUse> {
        self.texts.get(key).cloned().unwrap_or_default()
    }

    /// What people call a state: the node it was lowered from, or its path.
    fn name(&self, state: StateId) -> Option<String> {
        let around = [state].into_iter().chain(self.chart.ancestors(state));
        let node = around.into_iter().find_map(|state| self.chart.state(state).node.clone());
        node.or_else(|| Some(self.chart.state(state).path.clone()).filter(|path| !path.is_empty()))
    }
}

/// What states and transitions alone tell. A chart with an error among it is not legal, and must not run.
pub(crate) fn structure(chart: &Chart, out: &mut Vec<Diagnostic>) {
    let ways = ways::Ways::of(chart);
    structure::duplicate_invokes(chart, out);
    structure::unreachable(chart, &ways::Ways::drawn(chart), out);
    structure::dead_ends(chart, &ways, out);
    structure::traps(chart, &ways, out);
    let looping = spin::certain(chart, out);
    spin::guarded(chart, &ways, &looping, out);
    structure::shadowed(chart, out);
    structure::never_done(chart, &ways, out);
    waits::unheard(chart, out);
    waits::without_end(chart, &ways, out);
}

/// What data and the ways it goes tell of a legal chart.
pub(crate) fn verify(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let mut out = Vec::new();
    let (chart, scripts) = (subject.chart, script::scripts(subject));
    let places = place::Places::new(chart, subject.machine, subject.at);
    let ways = ways::Ways::of(chart);
    types::check(subject, &scripts, &places, &mut out);
    if !subject.is_drawn {
        inputs::check(subject, &places, &mut out);
        window::check(chart, &ways, &mut out);
    }
    let mut unknown = Vec::new();
    reads::unknown(subject, &scripts, &places, &mut unknown);
    // A field that the type of its object does not have has been told of.
    let end = |d: &Diagnostic| (d.pointer.clone(), d.position.map(|position| position.end));
    let told: std::collections::HashSet<_> = out.iter().map(end).collect();
    out.extend(unknown.into_iter().filter(|d| !told.contains(&end(d))));
    if let Some(assigned) = assigned::solve(chart, &scripts, &ways) {
        let reader = reads::Reader {
            subject,
            scripts: &scripts,
            places: &places,
            ways: &ways,
            assigned: &assigned,
        };
        reader.tell(&mut out);
    }
    out
}
