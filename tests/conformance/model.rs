//! A random chart as a tree of plain values: what the generator makes, the emitter writes and the shrinker takes apart.
//!
//! **Invariant:** the keys of states are unique in a chart, so a target is named by its key, wherever it stands.

/// A chart and what happens to it.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// The machine.
    pub(crate) root: State,
    /// What happens, one entry per line of the comparison.
    pub(crate) script: Vec<Entry>,
}

/// Time that passes, then an event.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entry {
    /// Milliseconds.
    pub(crate) after_ms: u32,
    /// What then arrives.
    pub(crate) event: Option<Arrival>,
}

/// Something from outside.
#[derive(Debug, Clone)]
pub(crate) enum Arrival {
    /// An event with a number in it, or without.
    Event {
        /// Its type.
        name: String,
        /// Its field `v`.
        value: Option<i64>,
    },
    /// An invoked step is done, with the output `{"v": …}`.
    Done {
        /// The invoke.
        invoke: String,
        /// The output's `v`.
        value: i64,
    },
    /// An invoked step failed.
    Failed {
        /// The invoke.
        invoke: String,
    },
}

/// One state.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    /// Its key.
    pub(crate) key: String,
    /// Its sort.
    pub(crate) kind: Kind,
    /// Compound: the first child's key.
    pub(crate) initial: String,
    /// Compound: what is done on the way to the first child.
    pub(crate) initial_actions: Vec<Action>,
    /// On entry.
    pub(crate) entry: Vec<Action>,
    /// On exit.
    pub(crate) exit: Vec<Action>,
    /// By event descriptor.
    pub(crate) on: Vec<(String, Vec<Transition>)>,
    /// By delay in milliseconds.
    pub(crate) after: Vec<(u32, Vec<Transition>)>,
    /// Eventless ones; the branches of a choice.
    pub(crate) always: Vec<Transition>,
    /// When the state is complete.
    pub(crate) on_done: Vec<Transition>,
    /// What runs while it is active.
    pub(crate) invoke: Option<Invoke>,
    /// Final and root: the output's `v`.
    pub(crate) output: Option<Number>,
    /// The states below, in document order.
    pub(crate) children: Vec<State>,
}

/// What sort of state it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Kind {
    /// Without children, or with one active child, as `children` tells.
    #[default]
    Plain,
    /// Every child is active.
    Parallel,
    /// Completes its parent.
    Final,
    /// Left as soon as it is entered.
    Choice,
    /// Remembers.
    History {
        /// The leaves, not the children.
        deep: bool,
        /// Where to, before there is anything to remember.
        target: Option<String>,
    },
}

/// A step that the script answers.
#[derive(Debug, Clone)]
pub(crate) struct Invoke {
    /// Its id.
    pub(crate) id: String,
    /// When it is done.
    pub(crate) on_done: Vec<Transition>,
    /// When it failed.
    pub(crate) on_error: Vec<Transition>,
}

/// A transition.
#[derive(Debug, Clone, Default)]
pub(crate) struct Transition {
    /// Keys; none for a targetless one.
    pub(crate) targets: Vec<String>,
    /// When it may be taken.
    pub(crate) guard: Option<Guard>,
    /// What is done on the way.
    pub(crate) actions: Vec<Action>,
    /// Leaves its source too.
    pub(crate) reenter: bool,
}

/// What is done on the way.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    /// Appends to the trace in the context.
    Trace(String),
    /// Sets the number in the context.
    Set(Number),
    /// Raises an internal event.
    Raise(String),
    /// Raises an event later.
    Later {
        /// Its type.
        event: String,
        /// In so many milliseconds.
        delay_ms: u32,
        /// Under this id.
        id: String,
    },
    /// Takes a later event back.
    Cancel(String),
}

/// A condition.
#[derive(Debug, Clone)]
pub(crate) enum Guard {
    /// Two numbers are equal.
    Equal(Number, Number),
    /// One is less than the other.
    Less(Number, Number),
    /// The event has this type.
    EventIs(String),
    /// The state with this key is active.
    In(String),
    /// Not that.
    Not(Box<Guard>),
    /// Both.
    And(Box<Guard>, Box<Guard>),
    /// Either.
    Or(Box<Guard>, Box<Guard>),
}

/// A number.
#[derive(Debug, Clone)]
pub(crate) enum Number {
    /// This one.
    Literal(i64),
    /// `n` of the context.
    Context,
    /// `v` of the event, or 0.
    Event,
    /// `v` of the event's output, or 0.
    Output,
    /// A sum.
    Sum(Box<Number>, Box<Number>),
    /// A remainder.
    Remainder(Box<Number>, i64),
}

impl State {
    /// Whether it has an `initial`.
    pub(crate) fn is_compound(&self) -> bool {
        self.kind == Kind::Plain && !self.children.is_empty()
    }

    /// Whether it can be a region or a first child: anything but a history state.
    pub(crate) fn is_enterable(&self) -> bool {
        !matches!(self.kind, Kind::History { .. })
    }

    /// The keys from below the root to the state with this key; nothing for the root itself.
    pub(crate) fn path_to(&self, key: &str) -> Option<Vec<String>> {
        if self.key == key {
            return Some(Vec::new());
        }
        self.children.iter().find_map(|child| {
            let mut path = child.path_to(key)?;
            path.insert(0, child.key.clone());
            Some(path)
        })
    }

    /// Every list of transitions of this state itself.
    pub(crate) fn transition_lists(&mut self) -> impl Iterator<Item = &mut Vec<Transition>> {
        let invoke = self.invoke.iter_mut().flat_map(|i| [&mut i.on_done, &mut i.on_error]);
        let on = self.on.iter_mut().map(|(_, list)| list);
        let after = self.after.iter_mut().map(|(_, list)| list);
        on.chain(after).chain([&mut self.always, &mut self.on_done]).chain(invoke)
    }

    /// Calls `visit` with every state, this one first, in document order.
    pub(crate) fn walk(&mut self, visit: &mut impl FnMut(&mut Self)) {
        visit(self);
        for child in &mut self.children {
            child.walk(visit);
        }
    }
}
