//! The parsed form of an expression.
//!
//! **Invariant:** what the parser lets through can be evaluated: calls have the number of arguments their function
//! takes, slots refer to an enclosing macro, and no path from root to leaf is longer than `EXPRESSION_DEPTH_MAX`.
//! What could not be resolved is an [`Kind::Invalid`] node, which the checker reports and evaluation refuses.

use std::ops::Range;

use regex::Regex;

use super::error::Problem;
use super::functions::Function;

/// One node of the tree, and where it stands in the source.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// Bytes of the source; `u32` keeps nodes small, and sources are at most `EXPRESSION_BYTES_MAX`.
    pub(super) span: Range<u32>,
    /// Nodes on the longest path down from here.
    pub(super) depth: u16,
}

impl Node {
    pub(super) fn span(&self) -> Range<usize> {
        self.span.start as usize..self.span.end as usize
    }

    /// Whether it is this word, written out.
    pub(super) fn is_bool(&self, truth: bool) -> bool {
        matches!(self.kind, Kind::Literal(Literal::Bool(word)) if word == truth)
    }

    /// Calls `visit` for every direct child, in source order.
    pub(super) fn children<'n>(&'n self, visit: &mut dyn FnMut(&'n Node)) {
        match &self.kind {
            Kind::Literal(_) | Kind::Name(_) => {}
            Kind::Select { of: child, .. }
            | Kind::Not(child)
            | Kind::Negate(child)
            | Kind::Has(child)
            | Kind::OptionalSelect { of: child, .. }
            | Kind::OptionalItem(child)
            | Kind::Matches { text: child, .. } => visit(child),
            Kind::Index(pair)
            | Kind::OptionalIndex(pair)
            | Kind::Compare(_, pair)
            | Kind::Default(pair) => {
                pair.iter().for_each(visit);
            }
            Kind::Conditional(three) => three.iter().for_each(visit),
            Kind::And(many) | Kind::Or(many) | Kind::List(many) => many.iter().for_each(visit),
            Kind::Call { args, .. } | Kind::Invalid(_, args) => args.iter().for_each(visit),
            Kind::Arithmetic { first, rest } => {
                visit(first);
                rest.iter().for_each(|(_, operand)| visit(operand));
            }
            Kind::Map(entries) => entries.iter().for_each(|(key, value)| {
                visit(key);
                visit(value);
            }),
            Kind::Fold { range, bodies, .. } => {
                visit(range);
                bodies.iter().for_each(visit);
            }
        }
    }
}

#[derive(Debug)]
pub(super) enum Kind {
    Literal(Literal),
    Name(Root),
    Select {
        of: Box<Node>,
        field: String,
        field_span: Range<u32>,
    },
    Index(Box<[Node; 2]>),
    /// `of.?field`
    OptionalSelect {
        of: Box<Node>,
        field: String,
        field_span: Range<u32>,
    },
    /// `of[?index]`
    OptionalIndex(Box<[Node; 2]>),
    /// An item `?x` of a list, or the value of an entry `?key: x` of a map: there if the optional has a value.
    OptionalItem(Box<Node>),
    Not(Box<Node>),
    Negate(Box<Node>),
    /// All operands of a chain of `&&`: one level of depth, however long.
    And(Vec<Node>),
    Or(Vec<Node>),
    Conditional(Box<[Node; 3]>),
    /// A chain of `+ -` or of `* / %`, applied from the left.
    Arithmetic {
        first: Box<Node>,
        rest: Vec<(Arithmetic, Node)>,
    },
    Compare(Compare, Box<[Node; 2]>),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    Has(Box<Node>),
    Default(Box<[Node; 2]>),
    /// A macro over the elements of a list, the keys of a map or what an optional holds, held in `slot` while `bodies` run.
    Fold {
        fold: Fold,
        slot: usize,
        range: Box<Node>,
        bodies: Vec<Node>,
    },
    Call {
        function: Function,
        args: Vec<Node>,
    },
    /// `matches` with a literal pattern, compiled once.
    Matches {
        text: Box<Node>,
        pattern: Regex,
    },
    Invalid(Box<Problem>, Vec<Node>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(String),
    Bytes(Vec<u8>),
}

/// What a bare name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Root {
    Context,
    Event,
    Input,
    Contact,
    Tenant,
    Channel,
    Now,
    /// The variable of an enclosing macro.
    Slot(usize),
    /// The name of a type, as in `type(x) == int`.
    Type(&'static str),
    /// A name only the scope can tell, e.g. `params`.
    Local(String),
}

impl Root {
    /// The name in scope it refers to; variables of macros and types are not in scope.
    pub(super) fn name(&self) -> Option<&str> {
        Some(match self {
            Self::Context => "context",
            Self::Event => "event",
            Self::Input => "input",
            Self::Contact => "contact",
            Self::Tenant => "tenant",
            Self::Channel => "channel",
            Self::Now => "now",
            Self::Local(name) => name,
            Self::Slot(_) | Self::Type(_) => return None,
        })
    }

    /// What `name` means outside of macros.
    pub(super) fn named(name: &str) -> Self {
        match name {
            "context" => Self::Context,
            "event" => Self::Event,
            "input" => Self::Input,
            "contact" => Self::Contact,
            "tenant" => Self::Tenant,
            "channel" => Self::Channel,
            "now" => Self::Now,
            _ => TYPE_NAMES
                .iter()
                .find(|known| **known == name)
                .map_or_else(|| Self::Local(name.into()), |known| Self::Type(known)),
        }
    }
}

/// The names of types, as values of `type()`.
pub(super) const TYPE_NAMES: [&str; 13] = [
    "null_type",
    "bool",
    "int",
    "uint",
    "double",
    "string",
    "bytes",
    "list",
    "map",
    "timestamp",
    "duration",
    "decimal",
    "optional_type",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Arithmetic {
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compare {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
}

impl Compare {
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::In => "in",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fold {
    All,
    Exists,
    ExistsOne,
    Map,
    /// `map(x, condition, value)`.
    FilterMap,
    Filter,
    /// `list.sortBy(x, key)`
    SortBy,
    /// `optional.optMap(x, value)`
    OptionalMap,
    /// `optional.optFlatMap(x, optional)`
    OptionalFlatMap,
    /// `cel.bind(x, value, body)`: the value is the range.
    Bind,
}
