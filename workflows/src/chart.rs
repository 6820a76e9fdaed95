//! The compiled statechart: what the machine runs. An arena of states in document order.
//!
//! Built by [`crate::statechart`] from machine JSON; a graph is first lowered to that JSON.
//!
//! **Invariant:** a chart that exists is legal: every index is in range, every target exists, every compound state has
//! an initial transition, every expression has been parsed. The machine checks none of that again.

use crate::pacing::{PRIORITY_DEFAULT, Pace};
use crate::{
    expr::{Expression, Template},
    spec::OnUnknown,
};
use serde_json::Value;
use std::collections::HashMap;

/// Index of a state in its chart; document order, the root is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateId(pub u32);

impl StateId {
    /// The machine itself.
    pub const ROOT: Self = Self(0);

    /// As an index into [`Chart::states`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A legal statechart.
#[derive(Debug, Clone)]
pub struct Chart {
    /// Every state, in document order.
    pub states: Vec<State>,
    /// The initial context.
    pub context: Mapper,
    /// States by path and by id.
    names: HashMap<String, StateId>,
}

impl Chart {
    /// A chart of these states, the root first.
    pub fn new(states: Vec<State>, context: Mapper) -> Self {
        let numbered = || (0..).map(StateId).zip(&states);
        // A path goes before an id of the same text.
        let ids = numbered().map(|(number, state)| (state.id.clone(), number));
        let paths = numbered().map(|(number, state)| (state.path.clone(), number));
        let names = ids.chain(paths).collect();
        Self { states, context, names }
    }

    /// The state with this id.
    pub fn state(&self, id: StateId) -> &State {
        &self.states[id.index()]
    }

    /// The state at a dotted path from the root (`""` is the root), or with this explicit id (with or without `#`).
    pub fn find(&self, path_or_id: &str) -> Option<StateId> {
        let by_id = || self.names.get(path_or_id.strip_prefix('#')?);
        self.names.get(path_or_id).or_else(by_id).copied()
    }

    /// The state at a dotted path from the root; an id is no path.
    pub fn at(&self, path: &str) -> Option<StateId> {
        self.find(path).filter(|id| self.state(*id).path == path)
    }

    /// Whether `state` is a proper descendant of `ancestor` (SCXML `isDescendant`).
    pub fn is_descendant(&self, state: StateId, ancestor: StateId) -> bool {
        // Document order is preorder, so a subtree is a run of indices.
        state > ancestor && state.0 < self.state(ancestor).end
    }

    /// The ancestors of `state`, nearest first, the root last.
    pub fn ancestors(&self, state: StateId) -> impl Iterator<Item = StateId> + '_ {
        std::iter::successors(self.state(state).parent, |s| self.state(*s).parent)
    }
}

/// What sort of state it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// No children.
    Atomic,
    /// Exactly one child is active.
    Compound,
    /// All children are active.
    Parallel,
    /// Entering it completes the parent.
    Final,
    /// Stands for what was active when the parent was last left.
    History {
        /// Remembers the leaves, not just the children.
        deep: bool,
    },
}

/// One state.
#[derive(Debug, Clone)]
pub struct State {
    /// XState id: explicit, or the machine's id and the keys joined by dots.
    pub id: String,
    /// Its key in the parent.
    pub key: String,
    /// Keys from the root joined by dots; empty for the root.
    pub path: String,
    /// The builder node it was lowered from, if any.
    pub node: Option<String>,
    /// Sort.
    pub kind: Kind,
    /// The parent; `None` for the root.
    pub parent: Option<StateId>,
    /// Children in document order (history states included).
    pub children: Vec<StateId>,
    /// One past the last index of its subtree.
    pub end: u32,
    /// Compound: where to start. History: the default.
    pub initial: Option<Transition>,
    /// Actions on entry.
    pub entry: Vec<Action>,
    /// Actions on exit.
    pub exit: Vec<Action>,
    /// Event transitions in document order: `on`, `onDone`, `onError`, `after`, `onTimeout`, invoke results.
    pub on: Vec<Transition>,
    /// Eventless transitions in document order (`always`; `choice` compiles to these).
    pub always: Vec<Transition>,
    /// Delayed transitions: on entry a timer is set whose event one of `on` waits for.
    pub after: Vec<After>,
    /// Steps and children that run while the state is active.
    pub invokes: Vec<Invoke>,
    /// Output of a final state (or of the machine, on the root).
    pub output: Option<Mapper>,
    /// What its expressions see as `input` when the transition that enters it brings none.
    pub input: Option<Mapper>,
    /// Tags.
    pub tags: Vec<String>,
    /// `meta` as given.
    pub meta: Value,
    /// JSON pointer into the machine JSON, for diagnostics and `explain`.
    pub pointer: String,
}

/// A delayed transition's timer.
#[derive(Debug, Clone)]
pub struct After {
    /// The event that fires, `xstate.after.<delay>.<state id>`, also the timer's name.
    pub event: String,
    /// How long after entry.
    pub delay: Delay,
}

/// A length of time.
#[derive(Debug, Clone)]
pub enum Delay {
    /// Known, in milliseconds.
    Fixed(i64),
    /// Computed when the timer is set: milliseconds, a duration text, a duration, or a timestamp to wait until.
    Computed(Expression),
}

/// A transition.
#[derive(Debug, Clone)]
pub struct Transition {
    /// Which events it is for; `None` for eventless, initial and history-default transitions.
    pub event: Option<Descriptor>,
    /// When it may be taken.
    pub guard: Option<Guard>,
    /// Where to; empty = targetless.
    pub targets: Vec<StateId>,
    /// What to do on the way.
    pub actions: Vec<Action>,
    /// External (XState `reenter: true`): the source is left and entered again.
    pub reenter: bool,
    /// What the expressions of the targets see as `input`.
    pub input: Option<Mapper>,
    /// JSON pointer into the machine JSON.
    pub pointer: String,
}

/// An event descriptor (SCXML section 3.12.1, in XState's form).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Descriptor {
    /// `*`.
    Any,
    /// `a.b.*`: `a.b` and everything below it.
    Prefix(String),
    /// Exactly this.
    Exact(String),
}

impl Descriptor {
    /// Reads a descriptor as written in `on`.
    pub fn parse(text: &str) -> Self {
        match text.strip_suffix(".*") {
            _ if text == "*" => Self::Any,
            Some(prefix) => Self::Prefix(prefix.to_owned()),
            None => Self::Exact(text.to_owned()),
        }
    }

    /// Whether an event of this name is meant. `*` means every event of the outside; like XState it also means raised
    /// events, and never matches a name it would have to guess.
    pub fn matches(&self, event: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Prefix(prefix) => event
                .strip_prefix(prefix.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.')),
            Self::Exact(name) => name == event,
        }
    }
}

/// A condition.
#[derive(Debug, Clone)]
pub enum Guard {
    /// A boolean expression. XState v6 named guards are inlined here, `params` included.
    Expression(Box<Expression>, Option<Box<Mapper>>),
    /// The state is active.
    InState(StateId),
    /// All of them.
    And(Vec<Guard>),
    /// Any of them.
    Or(Vec<Guard>),
    /// Not that one.
    Not(Box<Guard>),
    /// A named guard made of others, with parameters: what is inside sees them as `params`.
    With {
        /// The parameters.
        params: Mapper,
        /// The guard.
        guard: Box<Guard>,
    },
}

/// What a transition, entry or exit does.
#[derive(Debug, Clone)]
pub enum Action {
    /// `@xstate.assign`: each path of the context gets a value, all computed from the context before.
    Assign(Vec<(Vec<String>, Mapper)>),
    /// `@xstate.raise`.
    Raise {
        /// The event: an object with `type`.
        event: Mapper,
        /// `None` = internal event of this macrostep.
        delay: Option<Delay>,
        /// Name for `@xstate.cancel`; the event's type if not given.
        id: Option<String>,
    },
    /// `@xstate.cancel`: drops a delayed raise.
    Cancel {
        /// The raise's id.
        id: Mapper,
    },
    /// `@xstate.emit`: tells the outside.
    Emit {
        /// The event: an object with `type`.
        event: Mapper,
    },
    /// `@xstate.log`: a line in history.
    Log {
        /// What to write.
        message: Mapper,
    },
    /// `@perdure.undo`: registers a step that takes back what was done, to be run should the instance be compensated.
    Undo(Box<Undo>),
    /// A named action with parameters: its body sees them as `params`.
    With {
        /// The parameters.
        params: Mapper,
        /// The body.
        actions: Vec<Action>,
    },
}

/// A value that may hold computed parts.
#[derive(Debug, Clone)]
pub enum Mapper {
    /// As it stands.
    Literal(Value),
    /// `{"@expr": "…"}`.
    Expression(Expression),
    /// A text with `{{ }}`.
    Template(Template),
    /// An object with at least one computed part.
    Object(Vec<(String, Mapper)>),
    /// An array with at least one computed part.
    Array(Vec<Mapper>),
}

/// A step, or a child instance, that runs while a state is active.
#[derive(Debug, Clone)]
pub struct Invoke {
    /// XState invoke id: explicit, or `<index>.<state id>`. Unique in the chart.
    pub id: String,
    /// What runs.
    pub source: Source,
    /// Its input.
    pub input: Mapper,
    /// How it is attempted.
    pub policy: Policy,
    /// Run once per item of a list.
    pub each: Option<Each>,
    /// JSON pointer into the machine JSON.
    pub pointer: String,
}

/// `each` of an invoke: a list, and how its items are run.
#[derive(Debug, Clone)]
pub struct Each {
    /// The list.
    pub items: Mapper,
    /// What the invoke's input calls the item; its place is `index`, from 0.
    pub name: String,
    /// Most items that run at the same time; at least 1.
    pub concurrency: u32,
    /// Most items the list may have.
    pub max: u32,
    /// What the failure of one does to the others.
    pub on_failure: OnFailure,
}

/// What the failure of one item does to the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// They are cancelled, and the whole has failed.
    #[default]
    Stop,
    /// They go on; each result tells whether it is an output or an error.
    Collect,
}

/// A step that takes back what another did.
#[derive(Debug, Clone)]
pub struct Undo {
    /// What people know it by: the id of a builder node.
    pub id: Option<String>,
    /// What runs: a kind or a child that is waited for.
    pub source: Source,
    /// Its input, computed when it is registered.
    pub input: Mapper,
    /// How it is attempted.
    pub policy: Policy,
}

/// What an invoke runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A node kind.
    Kind(String),
    /// `workflow:<name>`: a child instance. `detach` does not wait for it and leaves it running.
    Workflow {
        /// Definition name.
        name: String,
        /// Fire and forget.
        detach: bool,
    },
    /// `@perdure.compensate`: the registered undo steps, last first.
    Compensate,
}

/// How a step is attempted: the kind's defaults with what the definition says.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Policy {
    /// Longest time of one try, in milliseconds.
    pub timeout_ms: u64,
    /// Most tries.
    pub max_attempts: u32,
    /// First wait between tries, in milliseconds; doubled each time, with full jitter.
    pub backoff_ms: u64,
    /// Longest wait between tries, in milliseconds.
    pub backoff_max_ms: u64,
    /// What an unknown outcome leads to.
    pub on_unknown: OnUnknown,
    /// From 0 to 9, higher first; `None` = the default. Absent where it is, so that steps stored by an earlier release read
    /// the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<u8>,
    /// How often tries may begin, over all instances of the definition, or of this step alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paces: Vec<Pace>,
}

impl Policy {
    /// Its priority.
    pub fn priority(&self) -> u8 {
        self.priority.unwrap_or(PRIORITY_DEFAULT)
    }
}
