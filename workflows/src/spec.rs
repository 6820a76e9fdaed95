//! What a node kind looks like from outside: its fields, its ports, and how safe it is to try twice. Data only.

use serde::Serialize;
use serde_json::Value;

/// One kind of node, as builder, verifier, engine and documentation see it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct NodeSpec {
    /// `family.verb`, e.g. `send.text`.
    pub kind: &'static str,
    /// Name in the palette.
    pub title: &'static str,
    /// One sentence for people.
    pub summary: &'static str,
    /// Fields of `data`.
    pub fields: &'static [Field],
    /// Named exits beside those that the data makes (choice ids, case ids).
    pub ports: &'static [Port],
    /// `Some` for kinds that act on the world: how a step of this kind is attempted.
    pub effect: Option<Effect>,
}

/// A named exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Port {
    /// The React Flow `sourceHandle`.
    pub name: &'static str,
    /// Whether an edge must leave it.
    pub required: bool,
}

/// One field of a node's data.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Field {
    /// Key in `data`.
    pub name: &'static str,
    /// What may stand there.
    pub shape: Shape,
    /// Whether it must be there.
    pub required: bool,
    /// One sentence for the builder's form.
    pub help: &'static str,
}

/// What may stand in a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Text with `{{ }}`; `chars_max` is the provider's limit on what is rendered.
    Template {
        /// Longest rendered text, in characters.
        chars_max: Option<usize>,
    },
    /// Literal text.
    Text,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// An expression.
    Expression,
    /// Any JSON whose texts are templates.
    Json,
    /// A JSON Schema.
    Schema,
    /// A whole number.
    Integer,
    /// True or false.
    Boolean,
    /// ISO-8601 (`PT10M`) or short (`10m`), or an expression that gives a duration.
    Duration,
    /// A name in the context to save under.
    Path,
    /// `[{id, title}]`.
    Buttons,
    /// `[{title, rows: [{id, title, description}]}]`.
    Sections,
    /// `{path: expression}`.
    Assignments,
    /// `[{id, when}]`.
    Cases,
    /// `[{id, weight}]`.
    Weights,
    /// Any JSON, kept as it is and never read.
    Any,
    /// Opening hours, `{"mon": [["09:00", "18:00"]]}`, or an expression that gives them.
    Hours,
}

/// How steps of a kind are attempted.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Effect {
    /// Provider of the connection it needs; `channel` = the conversation's channel; `None` = none needed.
    pub provider: Option<&'static str>,
    /// Whether trying twice with one key has one effect. May depend on the input (`GET` or `POST`).
    #[serde(skip)]
    pub is_idempotent: fn(&Value) -> bool,
    /// What to do, unless the definition says otherwise, when an outcome is unknown.
    pub on_unknown: OnUnknown,
    /// Longest time of one try, in milliseconds.
    pub timeout_ms: u64,
    /// Most tries.
    pub attempts_max: u32,
    /// What a step of this kind gives back when it is done.
    pub output: Output,
}

/// What a step gives back. Where an outcome was assumed, or a person said what it was, it may be null all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// Its input, whatever that is.
    Input,
    /// What this JSON Schema describes.
    Schema(&'static str),
    /// What the JSON Schema in this field of the input describes.
    InField(&'static str),
}

/// What is done about an attempt whose outcome cannot be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnUnknown {
    /// Try again with the same key. Only where the provider dedupes, or with `acceptDuplicates`.
    Retry,
    /// Ask the provider, or wait for its status webhook; if neither tells, a person decides.
    Check,
    /// A person decides.
    Ask,
    /// Go on as if it had happened.
    AssumeDone,
    /// Go on as if it had failed.
    AssumeFailed,
}
