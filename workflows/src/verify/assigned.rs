//! Carries facts about variables along all ways through a chart, until nothing changes any more.
//!
//! A fact at a state holds whenever that state is active: what is set on some way, and what is unset on some way. Of a
//! compound state it is what holds in any of its children; of a parallel state, what holds in all its regions at once.
//!
//! **Invariant:** what a write removes is not followed: a variable that was set counts as set for ever. That is how people
//! use a context, and it is what makes leaving, remembering and entering anew simple.
//! **Invariant:** the work is bounded by [`WORK_MAX`]; a chart that would need more is left unjudged, never misjudged.

use super::{
    beside::beside,
    facts::Facts,
    late::raises,
    route::{Domain, Route, domain, is_done_of, is_history, regions, routes},
    script::{OfTransition, Script, Scripts, Step},
    ways::{Ways, defaults, routes_of},
};
use crate::chart::{Chart, Descriptor, Kind, Source, StateId, Transition};
use std::{
    collections::{BTreeSet, HashMap},
    ops::Range,
};

/// Words looked at before a chart is given up: a few tenths of a second.
const WORK_MAX: usize = 400_000_000;

/// What holds where, when all is at rest.
#[derive(Debug)]
pub(super) struct Assigned {
    n_cells: u32,
    /// Before the entry of a state by default, its children following.
    before: Vec<Option<Facts>>,
    /// Before the entry of a state on the way to something inside it.
    passed: Vec<Option<Facts>>,
    /// Whenever a state is active.
    active: Vec<Option<Facts>>,
    /// When all inside a state has been left; only where exits set something, else as `active`.
    left: Vec<Option<Facts>>,
    /// When a state is done.
    done: Vec<Option<Facts>>,
}

/// Carries facts, or `None` when that would take too long.
pub(super) fn solve(chart: &Chart, scripts: &Scripts<'_>, ways: &Ways) -> Option<Assigned> {
    let mut solver = Solver::new(chart, scripts, ways);
    solver.run().then_some(solver.facts)
}

struct Solver<'s, 'c> {
    chart: &'c Chart,
    scripts: &'s Scripts<'c>,
    ways: &'s Ways,
    facts: Assigned,
    /// What the other regions of its parallel state may set while a region is active.
    beside: HashMap<StateId, Facts>,
    /// What may be set by whoever came back to something inside a state by its history.
    history: HashMap<StateId, Facts>,
    exits_set: bool,
    raises: bool,
    rank: Vec<usize>,
    work: BTreeSet<usize>,
    spent: usize,
}

impl Assigned {
    /// What holds just before a state's entry actions.
    pub(super) fn before(&self, state: StateId) -> Option<Facts> {
        either(&self.before[state.index()], &self.passed[state.index()])
    }

    /// The same where it is entered by default, so that its children follow.
    pub(super) fn before_default(&self, state: StateId) -> Option<&Facts> {
        self.before[state.index()].as_ref()
    }

    /// What holds whenever a state is active.
    pub(super) fn active(&self, state: StateId) -> Option<&Facts> {
        self.active[state.index()].as_ref()
    }

    /// What holds just before a state's exit actions.
    pub(super) fn left(&self, state: StateId) -> Option<&Facts> {
        self.left[state.index()].as_ref().or_else(|| self.active(state))
    }

    /// What holds when a state is done.
    pub(super) fn done(&self, state: StateId) -> Option<&Facts> {
        self.done[state.index()].as_ref()
    }
}

fn either(one: &Option<Facts>, other: &Option<Facts>) -> Option<Facts> {
    match (one, other) {
        (Some(one), Some(other)) => {
            let mut both = one.clone();
            both.join(other);
            Some(both)
        }
        (one, other) => one.clone().or_else(|| other.clone()),
    }
}

/// What a script sets, applied to facts.
pub(super) fn apply(script: &Script<'_>, facts: &mut Facts) {
    for step in script {
        if let Step::Set(ranges) = step {
            ranges.iter().for_each(|range| facts.set(range));
        }
    }
}

pub(super) fn sets<'a>(script: &'a Script<'_>) -> impl Iterator<Item = &'a Range<u32>> {
    script.iter().flat_map(|step| match step {
        Step::Set(ranges) => ranges.as_slice(),
        _ => &[],
    })
}

impl<'s, 'c> Solver<'s, 'c> {
    fn new(chart: &'c Chart, scripts: &'s Scripts<'c>, ways: &'s Ways) -> Self {
        let (n_states, n_cells) = (chart.states.len(), scripts.variables.n_cells());
        let none = || vec![None; n_states];
        let facts = Assigned {
            n_cells,
            before: none(),
            passed: none(),
            active: none(),
            left: none(),
            done: none(),
        };
        let mut rank = vec![usize::MAX; 3 * n_states];
        for (place, moment) in ways.order.iter().enumerate() {
            rank[*moment] = place;
        }
        let exits_set = scripts.states.iter().any(|of| sets(&of.exit).next().is_some());
        let (beside, history) = (beside(chart, scripts), HashMap::new());
        let (work, spent, raises) = (BTreeSet::new(), 0, raises(chart));
        Self { chart, scripts, ways, facts, beside, history, exits_set, raises, rank, work, spent }
    }

    fn run(&mut self) -> bool {
        let mut given = Facts::unset(self.facts.n_cells);
        self.scripts.given.iter().for_each(|range| given.set(range));
        self.enter(StateId::ROOT, &given);
        while let Some(place) = self.work.pop_first() {
            if self.spent > WORK_MAX {
                return false;
            }
            let (state, which) = self.ways.split(self.ways.order[place]);
            match which {
                0 => self.entered(state),
                1 => self.is_active(state),
                _ => self.is_done(state),
            }
        }
        true
    }

    fn push(&mut self, moment: usize) {
        // What is not in the order cannot be reached; facts never get there.
        if self.rank[moment] != usize::MAX {
            self.work.insert(self.rank[moment]);
        }
    }

    fn pay(&mut self, facts: &Facts) {
        self.spent += facts.n_words();
    }

    /// A state is entered by default.
    fn enter(&mut self, state: StateId, facts: &Facts) {
        self.pay(facts);
        if join(&mut self.facts.before[state.index()], facts) {
            self.push(Ways::entered(state));
        }
    }

    /// Entry actions, and then what is inside.
    fn entered(&mut self, state: StateId) {
        let Some(mut facts) = self.facts.before[state.index()].clone() else { return };
        self.pay(&facts);
        self.come_in(state, &mut facts);
        let of = self.chart.state(state);
        match of.kind {
            Kind::Atomic | Kind::Final => self.rest(state, facts),
            Kind::Parallel => {
                for region in regions(self.chart, state) {
                    self.enter_region(region, &facts);
                }
            }
            Kind::Compound => {
                apply(&self.scripts.states[state.index()].initial, &mut facts);
                let first = of.initial.as_ref().and_then(|t| t.targets.first());
                let first = first.map_or(&[][..], std::slice::from_ref);
                self.go(&routes(self.chart, Some(state), first), &facts);
            }
            Kind::History { .. } => {}
        }
    }

    /// What entering a state does to facts.
    fn come_in(&mut self, state: StateId, facts: &mut Facts) {
        let of = &self.scripts.states[state.index()];
        apply(&of.entry, facts);
        // Transitions that leave nothing may be taken at any time while it is active.
        let transitions = self.chart.state(state);
        let on = transitions.on.iter().zip(&of.on);
        for (transition, of) in on.chain(transitions.always.iter().zip(&of.always)) {
            if domain(self.chart, state, transition) == Domain::Nowhere {
                match self.follows_at_once(state, transition) {
                    true => apply(&of.actions, facts),
                    false => sets(&of.actions).for_each(|range| facts.may_set(range)),
                }
            }
        }
    }

    /// Whether a transition is taken as soon as its state has been entered, before anything else can happen: the one for a
    /// child that nobody waits for, whose done event is raised on entry.
    fn follows_at_once(&self, state: StateId, transition: &Transition) -> bool {
        let of = self.chart.state(state);
        let mut detached = of
            .invokes
            .iter()
            .filter(|invoke| matches!(invoke.source, Source::Workflow { detach: true, .. }));
        let Some(Descriptor::Exact(event)) = &transition.event else { return false };
        let is_its = |id: &str| event.strip_prefix("xstate.done.actor.") == Some(id);
        transition.guard.is_none()
            && detached.any(|invoke| is_its(&invoke.id))
            && !self.raises
            && of.always.is_empty()
            && self.chart.ancestors(state).all(|around| self.chart.state(around).always.is_empty())
    }

    fn enter_region(&mut self, region: StateId, facts: &Facts) {
        match self.beside.get(&region) {
            Some(beside) => {
                let mut facts = facts.clone();
                facts.join_set(beside);
                self.enter(region, &facts);
            }
            None => self.enter(region, facts),
        }
    }

    /// A state without children is active.
    fn rest(&mut self, state: StateId, mut facts: Facts) {
        for around in self.chart.ancestors(state) {
            if let Some(history) = self.history.get(&around) {
                facts.join_set(history);
            }
        }
        if join(&mut self.facts.active[state.index()], &facts) {
            self.push(self.ways.active(state));
            let done = [Some(state), self.chart.state(state).parent].into_iter().flatten();
            for done in done.filter(|_| self.chart.state(state).kind == Kind::Final) {
                self.push(self.ways.done(done));
            }
        }
    }

    fn go(&mut self, routes: &[Route], facts: &Facts) {
        for route in routes {
            let mut facts = facts.clone();
            self.pay(&facts);
            for region in &route.beside {
                self.enter_region(*region, &facts);
            }
            for passed in &route.passed {
                self.pay(&facts);
                if let Some(beside) = self.beside.get(&passed.state) {
                    facts.join_set(beside);
                }
                join(&mut self.facts.passed[passed.state.index()], &facts);
                self.come_in(passed.state, &mut facts);
                for region in &passed.beside {
                    self.enter_region(*region, &facts);
                }
            }
            match is_history(self.chart, route.target) {
                true => self.come_back(route.target, &facts),
                false => self.enter_region(route.target, &facts),
            }
        }
    }

    /// By a history: to its default, or to where it was. What was set there still is, so only what may be set is news.
    fn come_back(&mut self, history: StateId, facts: &Facts) {
        for (parent, target) in defaults(self.chart, history) {
            self.go(&routes_of(self.chart, parent, target), facts);
        }
        let Some(parent) = self.chart.state(history).parent else { return };
        let known =
            self.history.entry(parent).or_insert_with(|| Facts::nowhere(self.facts.n_cells));
        if !known.join_set(facts) {
            return;
        }
        for state in (parent.0 + 1..self.chart.state(parent).end).map(StateId) {
            self.pay(facts);
            let index = state.index();
            for before in [&mut self.facts.before[index], &mut self.facts.passed[index]] {
                before.iter_mut().for_each(|before| {
                    before.join_set(facts);
                });
            }
            let is_leaf = self.chart.state(state).children.is_empty();
            let active = self.facts.active[index].as_mut().filter(|_| is_leaf);
            if active.is_some_and(|active| active.join_set(facts)) {
                self.push(self.ways.active(state));
            }
        }
    }

    /// Tells the parent, and takes every transition.
    fn is_active(&mut self, state: StateId) {
        if self.chart.state(state).kind == Kind::Parallel {
            self.meet_regions(state);
        }
        let Some(active) = self.facts.active[state.index()].clone() else { return };
        self.pay(&active);
        let mut left = self.facts.left(state).cloned().unwrap_or_else(|| active.clone());
        apply(&self.scripts.states[state.index()].exit, &mut left);
        if let Some(parent) = self.chart.state(state).parent {
            let of = self.chart.state(parent);
            let mut is_news = true;
            if of.kind == Kind::Compound {
                is_news = join(&mut self.facts.active[parent.index()], &active);
                if self.exits_set {
                    is_news |= join(&mut self.facts.left[parent.index()], &left);
                }
            }
            if is_news {
                self.push(self.ways.active(parent));
            }
        }
        self.leave(state, &active, &left, false);
        if self.ways.is_late(state) && self.ways.can_be_done(state) {
            self.push(self.ways.done(state));
        }
    }

    /// A parallel state is where all its regions are.
    fn meet_regions(&mut self, state: StateId) {
        let met = |solver: &mut Self, with_exits: bool| {
            let mut met: Option<Facts> = None;
            for region in regions(solver.chart, state) {
                let mut facts = match with_exits {
                    true => solver.facts.left(region)?.clone(),
                    false => solver.facts.active(region)?.clone(),
                };
                solver.spent += facts.n_words();
                if with_exits {
                    apply(&solver.scripts.states[region.index()].exit, &mut facts);
                }
                match &mut met {
                    Some(met) => met.meet(&facts),
                    None => met = Some(facts),
                }
            }
            met
        };
        if let Some(facts) = met(self, false) {
            join(&mut self.facts.active[state.index()], &facts);
        }
        if let Some(facts) = Some(()).filter(|()| self.exits_set).and_then(|()| met(self, true)) {
            join(&mut self.facts.left[state.index()], &facts);
        }
    }

    /// A state is done: what holds is what holds at its ends.
    fn is_done(&mut self, state: StateId) {
        let of = self.chart.state(state);
        let facts = match of.kind {
            // When the event may come late, or exits set something, anything inside may be active by then.
            _ if self.ways.is_late(state) || self.exits_set => self.facts.active(state).cloned(),
            Kind::Final => self.facts.active(state).cloned(),
            Kind::Compound => {
                let ends = of.children.iter().filter(|c| self.chart.state(**c).kind == Kind::Final);
                let ends = ends.filter_map(|end| self.facts.active(*end).cloned());
                ends.reduce(|mut all, end| {
                    all.join(&end);
                    all
                })
            }
            Kind::Parallel => {
                let regions = regions(self.chart, state).map(|r| self.facts.done(r).cloned());
                let all: Option<Vec<Facts>> = regions.collect();
                all.into_iter().flatten().reduce(|mut all, region| {
                    all.meet(&region);
                    all
                })
            }
            _ => None,
        };
        let Some(facts) = facts else { return };
        self.spent += facts.n_words() * (of.children.len() + 1);
        let is_news = join(&mut self.facts.done[state.index()], &facts);
        let parent = of.parent.filter(|p| self.chart.state(*p).kind == Kind::Parallel);
        if let Some(parent) = parent.filter(|_| is_news) {
            self.push(self.ways.done(parent));
        }
        let done = self.facts.done[state.index()].clone().unwrap_or(facts);
        let mut left = match self.exits_set {
            true => self.facts.left(state).cloned().unwrap_or_else(|| done.clone()),
            false => done.clone(),
        };
        apply(&self.scripts.states[state.index()].exit, &mut left);
        self.leave(state, &done, &left, true);
    }

    /// Takes the transitions of a state, those for its own done event or the others.
    fn leave(&mut self, state: StateId, active: &Facts, left: &Facts, when_done: bool) {
        let (of, scripts) = (self.chart.state(state), &self.scripts.states[state.index()]);
        let open = self.ways.open(state);
        for (places, transitions, scripts) in
            [(&open.on, &of.on, &scripts.on), (&open.always, &of.always, &scripts.always)]
        {
            let mut refused = Refused::default();
            for index in places {
                let (transition, scripts) = (&transitions[*index], &scripts[*index]);
                if is_done_of(self.chart, state, transition) == when_done {
                    self.take(state, (transition, scripts), (active, left), &refused);
                    refused.add(transition, scripts);
                }
            }
        }
    }

    fn take(
        &mut self,
        source: StateId,
        (transition, scripts): (&Transition, &OfTransition<'_>),
        (active, left): (&Facts, &Facts),
        refused: &Refused,
    ) {
        let (from, mut facts) = match domain(self.chart, source, transition) {
            Domain::Nowhere => return,
            // Inside a state that stays, what is in it has been left.
            Domain::Within => (Some(source), self.facts.left(source).unwrap_or(active).clone()),
            Domain::Below(around) => (Some(around), left.clone()),
            Domain::All => (None, left.clone()),
        };
        self.pay(&facts);
        if from != Some(source) {
            let around = self.chart.ancestors(source).take_while(|around| Some(*around) != from);
            for around in around {
                apply(&self.scripts.states[around.index()].exit, &mut facts);
            }
        }
        refused
            .known(transition)
            .iter()
            .chain(&scripts.if_taken)
            .for_each(|range| facts.know(range));
        apply(&scripts.actions, &mut facts);
        self.go(&routes(self.chart, from, &transition.targets), &facts);
    }
}

/// What is there because the transitions before one, for the same event, were not taken.
#[derive(Debug, Default)]
pub(super) struct Refused {
    by_event: HashMap<Option<Descriptor>, Vec<Range<u32>>>,
}

impl Refused {
    pub(super) fn add(&mut self, transition: &Transition, scripts: &OfTransition<'_>) {
        if !scripts.if_not.is_empty() {
            let known = self.by_event.entry(transition.event.clone()).or_default();
            known.extend(scripts.if_not.iter().cloned());
        }
    }

    pub(super) fn known(&self, transition: &Transition) -> &[Range<u32>] {
        self.by_event.get(&transition.event).map_or(&[], Vec::as_slice)
    }
}

fn join(known: &mut Option<Facts>, news: &Facts) -> bool {
    match known {
        Some(known) => known.join(news),
        None => {
            *known = Some(news.clone());
            true
        }
    }
}
