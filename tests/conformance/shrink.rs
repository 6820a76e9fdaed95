//! Makes a failing case small: takes one thing away after the other, as long as it still fails.

use crate::model::{Action, Case, Kind, State, Transition};

/// Most cases that are tried.
const TRIES_MAX: usize = 5_000;

/// The smallest case found for which `fails` holds; the case itself must.
pub(crate) fn shrink(case: Case, mut fails: impl FnMut(&Case) -> bool) -> Case {
    let mut smallest = case;
    let mut place = 0;
    let mut has_shrunk = false;
    for _ in 0..TRIES_MAX {
        match without(&smallest, place) {
            Some(smaller) if fails(&smaller) => {
                smallest = smaller;
                has_shrunk = true;
            }
            Some(_) => place += 1,
            None if has_shrunk => (place, has_shrunk) = (0, false),
            None => break,
        }
    }
    smallest
}

/// The case without its nth part; `None` when there are fewer.
fn without(case: &Case, nth: usize) -> Option<Case> {
    let mut smaller = case.clone();
    let mut left = Countdown(nth);
    left.drop_from(&mut smaller.script);
    for entry in smaller.script.iter_mut().filter(|entry| entry.after_ms > 0) {
        if left.is_it() {
            entry.after_ms = 0;
        }
    }
    smaller.root.walk(&mut |state| left.take_from(state));
    if left.0 != usize::MAX {
        return None;
    }
    mend(&mut smaller.root);
    Some(smaller)
}

/// Counts parts down to the one to take; `usize::MAX` when it was taken.
struct Countdown(usize);

impl Countdown {
    fn is_it(&mut self) -> bool {
        if self.0 == usize::MAX {
            return false;
        }
        let is_it = self.0 == 0;
        self.0 = if is_it { usize::MAX } else { self.0 - 1 };
        is_it
    }

    fn drop_from<T>(&mut self, list: &mut Vec<T>) {
        list.retain(|_| !self.is_it());
    }

    fn drop_some<T>(&mut self, part: &mut Option<T>) {
        if part.is_some() && self.is_it() {
            *part = None;
        }
    }

    fn take_from(&mut self, state: &mut State) {
        self.drop_from(&mut state.children);
        for actions in [&mut state.entry, &mut state.exit, &mut state.initial_actions] {
            self.drop_from(actions);
        }
        self.drop_some(&mut state.output);
        self.drop_some(&mut state.invoke);
        if state.kind == Kind::Parallel && self.is_it() {
            state.kind = Kind::Plain;
        }
        for list in state.transition_lists() {
            self.drop_from(list);
            for transition in list {
                self.take_from_transition(transition);
            }
        }
    }

    fn take_from_transition(&mut self, transition: &mut Transition) {
        self.drop_some(&mut transition.guard);
        self.drop_from(&mut transition.actions);
        if transition.targets.len() > 1 {
            self.drop_from(&mut transition.targets);
        }
        if transition.reenter && self.is_it() {
            transition.reenter = false;
        }
    }
}

/// Makes a chart whole again after something was taken: first children that exist, targets that exist.
fn mend(root: &mut State) {
    let mut keys = Vec::new();
    root.walk(&mut |state| keys.push(state.key.clone()));
    root.walk(&mut |state| {
        let is_left = |key: &String| keys.contains(key);
        let enterable: Vec<_> = state.children.iter().filter(|c| c.is_enterable()).collect();
        if !enterable.iter().any(|child| child.key == state.initial) {
            state.initial = enterable.first().map(|child| child.key.clone()).unwrap_or_default();
        }
        if enterable.is_empty() {
            state.children.clear();
            if state.kind == Kind::Parallel {
                state.kind = Kind::Plain;
            }
        }
        if let Kind::History { target, .. } = &mut state.kind {
            *target = target.take().filter(is_left);
        }
        for list in state.transition_lists() {
            // A transition that lost all its targets is another one than a targetless one.
            list.retain_mut(|transition| {
                let had_targets = !transition.targets.is_empty();
                transition.targets.retain(is_left);
                !had_targets || !transition.targets.is_empty()
            });
        }
        state.on.retain(|(_, list)| !list.is_empty());
        state.after.retain(|(_, list)| !list.is_empty());
        if state.children.is_empty() {
            state.initial_actions.retain(|_: &Action| false);
            state.on_done.clear();
        }
    });
}
