//! Random charts and what happens to them: everything of the language that XState 5 knows too, with small numbers, so
//! that guards are met as often as not.
//!
//! **Invariant:** timers do not breed: a delayed event is only set by a transition for an event of the outside or for an
//! `after`, and nothing that a delayed event leads to raises an event of the outside. So no case runs for ever at one
//! moment of time, and none has more timers than its script and its states account for.

use crate::{
    model::{Action, Arrival, Case, Entry, Guard, Invoke, Kind, Number, State, Transition},
    random::Random,
};

/// Most entries of a script.
const ENTRIES: usize = 12;
/// About as many states as a chart has at most.
const STATES: usize = 14;
/// Where a loop ends, if nothing sets its number back.
const LOOPS: i64 = 12;
/// Events of the outside.
const OUTSIDE: [&str; 5] = ["A", "B", "C", "A.x", "A.x.y"];
/// What is raised inside.
const INSIDE: [&str; 2] = ["E", "F"];
/// What transitions wait for.
const DESCRIPTORS: [&str; 11] = ["A", "B", "C", "A.x", "A.*", "A.x.*", "*", "E", "F", "Q", "L.1"];

/// The case of a seed.
pub(crate) fn case(seed: u64) -> Case {
    let mut generator = Generator { random: Random::seeded(seed), count: 0, invokes: Vec::new() };
    let mut root = generator.state(0);
    root.key = "m".to_owned();
    let skeleton = root.clone();
    let places = Places::of(&skeleton);
    generator.behave(&mut root, &places);
    if generator.random.chance(50) {
        root.output = Some(generator.number());
    }
    let script = (0..ENTRIES).map(|_| generator.entry()).collect();
    Case { root, script }
}

/// What transitions can lead to and ask for.
struct Places {
    /// Keys of every state.
    targets: Vec<String>,
    /// Keys of what can be active.
    active: Vec<String>,
    /// For each parallel state, the keys inside each of its regions.
    regions: Vec<Vec<Vec<String>>>,
}

impl Places {
    fn of(root: &State) -> Self {
        let mut places = Self { targets: Vec::new(), active: Vec::new(), regions: Vec::new() };
        root.clone().walk(&mut |state| {
            places.targets.push(state.key.clone());
            if state.is_enterable() {
                places.active.push(state.key.clone());
            }
            if state.kind == Kind::Parallel {
                let regions = state.children.iter_mut().filter(|child| child.is_enterable());
                let keys = |region: &mut State| {
                    let mut keys = Vec::new();
                    region.walk(&mut |below| keys.push(below.key.clone()));
                    keys
                };
                places.regions.push(regions.map(keys).collect());
            }
        });
        places
    }
}

/// What a transition is tried for, which bounds what it may raise.
#[derive(Clone, Copy, PartialEq)]
enum Trigger {
    /// An event of the outside, by name.
    Outside,
    /// A delay of a millisecond or more.
    After,
    /// Anything else.
    Other,
}

struct Generator {
    random: Random,
    count: usize,
    invokes: Vec<String>,
}

impl Generator {
    fn key(&mut self, letter: &str) -> String {
        self.count += 1;
        // Keys whose alphabetical order is not their order in the document.
        format!("{letter}{}{}", self.random.pick(&["z", "k", "c"]), self.count)
    }

    /// A state and those below it, without behaviour.
    fn state(&mut self, depth: usize) -> State {
        let mut state = State { key: self.key("s"), ..State::default() };
        let has_children = depth == 0 || depth < 4 && self.count < STATES && self.random.chance(55);
        if !has_children {
            return state;
        }
        let is_parallel = self.random.chance(if depth == 0 { 15 } else { 35 });
        for _ in 0..=self.random.below(3) {
            let child = self.state(depth + 1);
            state.children.push(child);
        }
        if is_parallel {
            state.kind = Kind::Parallel;
        } else {
            self.complete_compound(&mut state, depth);
        }
        if depth > 0 && self.random.chance(35) {
            let inside: Vec<_> = below(&state).filter(|s| s.is_enterable()).collect();
            let target = self.random.pick(&inside).key.clone();
            let target = self.random.chance(50).then_some(target);
            let kind = Kind::History { deep: self.random.chance(50), target };
            let history = State { key: self.key("h"), kind, ..State::default() };
            let place = self.random.below(state.children.len() + 1);
            state.children.insert(place, history);
        }
        state
    }

    /// What only a compound state has: final and choice states, and a first child.
    fn complete_compound(&mut self, state: &mut State, depth: usize) {
        let mut extra = Vec::new();
        if self.random.chance(if depth == 0 { 25 } else { 50 }) {
            extra.push(Kind::Final);
        }
        if self.random.chance(15) {
            extra.push(Kind::Choice);
        }
        for kind in extra {
            let letter = if kind == Kind::Final { "f" } else { "c" };
            let child = State { key: self.key(letter), kind, ..State::default() };
            let place = self.random.below(state.children.len() + 1);
            state.children.insert(place, child);
        }
        let plain: Vec<_> = state.children.iter().filter(|c| c.kind != Kind::Choice).collect();
        state.initial = self.random.pick(&plain).key.clone();
    }

    /// Gives a state, and those below it, their transitions and actions.
    fn behave(&mut self, state: &mut State, places: &Places) {
        match state.kind {
            Kind::History { .. } => return,
            Kind::Final => {
                state.output = self.random.chance(50).then(|| self.number());
                state.entry = self.traces(&state.key, "+");
                state.exit = self.traces(&state.key, "-");
                return;
            }
            Kind::Choice => return self.choose(state, places),
            Kind::Plain | Kind::Parallel => {}
        }
        state.entry = self.traces(&state.key, "+");
        state.exit = self.traces(&state.key, "-");
        if self.random.chance(15) {
            state.entry.push(Action::Raise(self.random.pick(&INSIDE).to_owned()));
        }
        if self.random.chance(8) {
            state.exit.push(Action::Raise(self.random.pick(&INSIDE).to_owned()));
        }
        if state.is_compound() && self.random.chance(25) {
            state.initial_actions = vec![Action::Trace(format!("{}>", state.key))];
        }
        for _ in 0..self.random.below(4) {
            self.add_event_transition(state, places);
        }
        if self.random.chance(20) {
            let delay_ms = self.random.pick(&[1, 5, 10, 20, 100]);
            let list = self.transitions(places, Trigger::After);
            state.after.push((delay_ms, list));
        }
        if self.random.chance(12) {
            let mut eventless = self.transition(places, Trigger::Other);
            eventless.guard.get_or_insert_with(|| self.guard(places));
            bound(&mut eventless);
            state.always.push(eventless);
        }
        if !state.children.is_empty() && self.random.chance(45) {
            state.on_done = self.transitions(places, Trigger::Other);
        }
        if self.random.chance(10) {
            state.invoke = Some(self.invoke(places));
        }
        for child in &mut state.children {
            self.behave(child, places);
        }
    }

    fn choose(&mut self, state: &mut State, places: &Places) {
        let others: Vec<_> = places.active.iter().filter(|key| **key != state.key).collect();
        for is_last in [false, true] {
            let guard = (!is_last).then(|| self.guard(places));
            let target = self.random.pick(&others).clone();
            let actions = vec![Action::Trace(format!("{}?", state.key))];
            let branch = Transition { targets: vec![target], guard, actions, reenter: false };
            state.always.push(branch);
        }
    }

    fn invoke(&mut self, places: &Places) -> Invoke {
        let id = self.key("i");
        self.invokes.push(id.clone());
        let on_done = self.transitions(places, Trigger::Other);
        let answers_errors = self.random.chance(60);
        let on_error =
            if answers_errors { self.transitions(places, Trigger::Other) } else { Vec::new() };
        Invoke { id, on_done, on_error }
    }

    fn add_event_transition(&mut self, state: &mut State, places: &Places) {
        let descriptor = self.random.pick(&DESCRIPTORS);
        let trigger = if OUTSIDE.contains(&descriptor) { Trigger::Outside } else { Trigger::Other };
        let mut transition = self.transition(places, trigger);
        if INSIDE.contains(&descriptor) {
            bound(&mut transition);
        }
        match state.on.iter_mut().find(|(name, _)| name == descriptor) {
            Some((_, list)) => list.push(transition),
            None => state.on.push((descriptor.to_owned(), vec![transition])),
        }
    }

    fn transitions(&mut self, places: &Places, trigger: Trigger) -> Vec<Transition> {
        (0..=self.random.below(2)).map(|_| self.transition(places, trigger)).collect()
    }

    fn transition(&mut self, places: &Places, trigger: Trigger) -> Transition {
        let mut transition = Transition::default();
        if self.random.chance(85) {
            transition.targets = vec![self.random.pick(&places.targets)];
        }
        let parallel: Vec<_> = places.regions.iter().filter(|regions| regions.len() > 1).collect();
        if !parallel.is_empty() && self.random.chance(15) {
            let regions = self.random.pick(&parallel);
            transition.targets = regions.iter().map(|keys| self.random.pick(keys)).collect();
        }
        transition.reenter = self.random.chance(25);
        transition.guard = self.random.chance(45).then(|| self.guard(places));
        for _ in 0..self.random.below(3) {
            let action = self.action(trigger);
            transition.actions.push(action);
        }
        transition
    }

    fn action(&mut self, trigger: Trigger) -> Action {
        match self.random.below(10) {
            0..=3 => Action::Trace(format!("t{}", self.random.below(100))),
            4..=6 => Action::Set(self.number()),
            7 if trigger == Trigger::Other => Action::Raise(self.random.pick(&INSIDE).to_owned()),
            7 => Action::Raise(self.random.pick(&["A", "B", "C", "E", "F"]).to_owned()),
            8 if trigger == Trigger::Outside => self.later(0),
            8 if trigger == Trigger::After => self.later(1),
            _ => Action::Cancel(self.random.pick(&["r0", "r1", "r2"]).to_owned()),
        }
    }

    fn later(&mut self, least_ms: u32) -> Action {
        let delay_ms = self.random.pick(&[least_ms, 3, 10, 50]);
        let event = self.random.pick(&["Q", "L.1"]).to_owned();
        let id = self.random.pick(&["r0", "r1", "r2"]).to_owned();
        Action::Later { event, delay_ms, id }
    }

    fn traces(&mut self, key: &str, sign: &str) -> Vec<Action> {
        match self.random.chance(60) {
            true => vec![Action::Trace(format!("{sign}{key}"))],
            false => Vec::new(),
        }
    }

    fn guard(&mut self, places: &Places) -> Guard {
        let inner = |generator: &mut Self| Box::new(generator.guard(places));
        match self.random.below(12) {
            0..=4 => {
                let by = self.random.pick(&[2, 3]);
                let rest = Number::Remainder(Box::new(Number::Context), by);
                Guard::Equal(rest, Number::Literal(self.random.pick(&[0, 1])))
            }
            5 => Guard::Less(self.number(), self.number()),
            6 | 7 => Guard::EventIs(self.random.pick(&OUTSIDE).to_owned()),
            8 | 9 => Guard::In(self.random.pick(&places.active)),
            10 => Guard::Not(inner(self)),
            _ if self.random.chance(50) => Guard::And(inner(self), inner(self)),
            _ => Guard::Or(inner(self), inner(self)),
        }
    }

    fn number(&mut self) -> Number {
        match self.random.below(8) {
            0 => Number::Literal(self.random.below(5) as i64),
            1 => Number::Event,
            2 => Number::Output,
            3 => Number::Context,
            _ => {
                let step = Number::Literal(1 + self.random.below(3) as i64);
                Number::Sum(Box::new(Number::Context), Box::new(step))
            }
        }
    }

    fn entry(&mut self) -> Entry {
        let after_ms = match self.random.chance(40) {
            true => self.random.pick(&[1, 5, 7, 10, 50, 100]),
            false => 0,
        };
        let answers = !self.invokes.is_empty() && self.random.chance(30);
        let event = if answers {
            let invoke = self.random.pick(&self.invokes);
            Some(match self.random.chance(70) {
                true => Arrival::Done { invoke, value: self.random.below(5) as i64 },
                false => Arrival::Failed { invoke },
            })
        } else if self.random.chance(90) {
            let name = self.random.pick(&["A", "B", "C", "A.x", "A.x.y", "D"]).to_owned();
            let value = self.random.chance(40).then(|| self.random.below(5) as i64);
            Some(Arrival::Event { name, value })
        } else {
            None
        };
        Entry { after_ms, event }
    }
}

/// Has a transition that needs no event of the outside count, and end at some number, so that most loops end.
fn bound(transition: &mut Transition) {
    let more = Number::Sum(Box::new(Number::Context), Box::new(Number::Literal(1)));
    transition.actions.push(Action::Set(more));
    let least = Guard::Less(Number::Context, Number::Literal(LOOPS));
    transition.guard = Some(match transition.guard.take() {
        Some(guard) => Guard::And(Box::new(least), Box::new(guard)),
        None => least,
    });
}

/// Everything below a state.
fn below(state: &State) -> impl Iterator<Item = &State> {
    let mut open: Vec<&State> = state.children.iter().rev().collect();
    std::iter::from_fn(move || {
        let next = open.pop()?;
        open.extend(next.children.iter().rev());
        Some(next)
    })
}
