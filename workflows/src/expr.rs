//! The expression language: CEL syntax, checked at upload, evaluated with fuel over borrowed JSON (DESIGN 4.4).
//!
//! [`Expression::parse`] finds every problem it can, with byte spans; [`Expression::check`] adds what types tell;
//! [`Expression::evaluate`] walks the tree over `&serde_json::Value` and never copies the context. [`Template`] is text
//! with `{{ expression }}` in it.
//!
//! **Invariant:** evaluation is total and pure: no clock, no I/O, no panic. The same scope gives the same value, always.
//! **Invariant:** work and memory are bounded by [`Fuel`], depth by `EXPRESSION_DEPTH_MAX`, results by
//! `EXPRESSION_OUTPUT_MAX`.
//! **Invariant:** data is never parsed as an expression or a template; only texts of the definition are.
//!
//! What of CEL there is: all operators with their precedence and heterogeneous equality; all literals; the macros `has`,
//! `all`, `exists`, `exists_one`, `map`, `filter`; conversions, timestamps, durations and their getters with zones; optional
//! values (`.?`, `[?]`, `[?x]`, `{?k: v}`, `optional.*`, `optMap`, `optFlatMap`); of the extension libraries strings, math,
//! lists, sets, encoders, `cel.bind`. What there is not: protobuf messages, enums, `cel.block`, macros of two variables,
//! `transformList`, networks (`ip`, `cidr`).
//!
//! Beyond CEL, because JSON has one kind of number: `int`, `uint`, `double` and [`decimal`] mix in arithmetic (with a double
//! the result is a double, with a decimal a decimal), and a whole double is a good index. `has` forgives a path that breaks
//! off early. For flows: `default`, `money`, `number`, `date`, `relative_day`, `plural`, `and_list`, `or_list`, `phone`, `t`,
//! `in_hours`, `next_open`, `next_time`, `bucket`, `random`, `resume_url`, `in_state`, `json`, `to_json`.

mod arithmetic;
mod ast;
mod bounds;
mod bytes;
mod call;
mod check;
mod constant;
mod convert;
mod currency;
mod decimal;
mod env;
mod error;
mod eval;
mod fold;
mod format;
mod functions;
mod hours;
mod lexer;
mod list;
mod literals;
mod locale;
mod math;
mod operands;
mod operator_types;
mod optional;
mod parser;
mod paths;
mod plural;
mod printf;
mod quoted;
mod reference;
mod resolve;
mod result_types;
mod schedule;
mod schema;
mod scope;
mod table;
mod template;
mod text;
mod texts;
mod time;
mod types;
mod value;
mod words;

use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;

use ast::{Kind, Literal, Node};
use eval::Evaluator;
use functions::Signature;

pub use bounds::Bounds;
pub use env::TypeEnv;
pub use error::{EvalError, Problem};
pub use paths::PathUse;
pub use plural::PluralForm;
pub use reference::{Reference, functions};
pub use scope::{Fuel, Participants, Scope};
pub use template::Template;
pub use texts::{Message, Texts};
pub use types::Type;

/// What is wrong with a cron rule as `next_time` takes it, in a sentence for people.
pub fn parse_cron(rule: &str) -> Result<(), String> {
    crate::cron::Cron::parse(rule).map(drop)
}

/// A parsed expression; cheap to clone.
#[derive(Debug, Clone)]
pub struct Expression {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    source: String,
    root: Node,
}

/// What the checker knows about an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Type of the result; `Dyn` when only the run time can tell.
    pub ty: Type,
    /// Everything wrong with it, in source order.
    pub problems: Vec<Problem>,
}

/// A part of an expression and what it was worth, for `explain`.
#[derive(Debug, Clone, PartialEq)]
pub struct Operand {
    /// Its source text.
    pub source: String,
    /// Its value, or why it has none.
    pub value: Result<Value, String>,
}

impl Expression {
    /// Parses `source`, which may be `EXPRESSION_BYTES_MAX` long and `EXPRESSION_DEPTH_MAX` deep.
    ///
    /// Unknown names and functions are no problem of the parse; [`check`](Self::check) reports them.
    pub fn parse(source: &str) -> Result<Self, Vec<Problem>> {
        let root = parser::parse(source)?;
        Ok(Self { inner: Arc::new(Inner { source: source.to_owned(), root }) })
    }

    /// The text it was parsed from.
    pub fn source(&self) -> &str {
        &self.inner.source
    }

    /// Its type and problems, given the names and types in scope.
    pub fn check(&self, env: &TypeEnv) -> Checked {
        if env.is_trusting() {
            return Checked { ty: Type::Dyn, problems: Vec::new() };
        }
        let (ty, problems) = check::check(self.source(), self.root(), env);
        Checked { ty, problems }
    }

    /// As [`check`](Self::check), for a guard: also a problem when it can only be something else than true or false.
    pub fn check_guard(&self, env: &TypeEnv) -> Vec<Problem> {
        let Checked { ty, mut problems } = self.check(env);
        if !matches!(ty, Type::Bool | Type::Dyn) {
            let message = format!("a condition is needed here, and this is {ty}");
            problems.push(Problem::new("wrong-type", message, self.root().span()));
        }
        problems
    }

    /// Its value as JSON: times as RFC 3339, durations as seconds (`90s`), bytes as base64.
    pub fn evaluate(&self, scope: &Scope<'_>, fuel: &Fuel) -> Result<Value, EvalError> {
        let mut evaluator = Evaluator::new(scope, fuel, self.source());
        let value = evaluator.eval(self.root()).map_err(|error| *error)?;
        value.to_json(&evaluator.work(self.root())).map_err(|error| *error)
    }

    /// As [`evaluate`](Self::evaluate), and whether the tenant's settings or the rules of a zone had a say: without them it is
    /// the same value for ever.
    pub fn evaluate_local(
        &self,
        scope: &Scope<'_>,
        fuel: &Fuel,
    ) -> Result<(Value, bool), EvalError> {
        let mut evaluator = Evaluator::new(scope, fuel, self.source());
        let value = evaluator.eval(self.root()).map_err(|error| *error)?;
        let value = value.to_json(&evaluator.work(self.root())).map_err(|error| *error)?;
        Ok((value, evaluator.is_local.get()))
    }

    /// Whether it holds. Anything but true or false is the error `wrong-type`. Makes no JSON.
    pub fn test(&self, scope: &Scope<'_>, fuel: &Fuel) -> Result<bool, EvalError> {
        Evaluator::new(scope, fuel, self.source()).truth(self.root()).map_err(|error| *error)
    }

    /// What its paths, comparison operands and macros were worth, each alone, in source order. Draws nothing.
    pub fn operands(&self, scope: &Scope<'_>) -> Vec<Operand> {
        operands::operands(self.source(), self.root(), scope)
    }

    /// Literal first arguments of the calls of `function`, with their spans; e.g. the keys of `t`, the ids of `in_state`.
    pub fn literal_arguments(&self, function: &str) -> Vec<(String, Range<usize>)> {
        let mut found = Vec::new();
        if let Some(wanted) = Signature::of(function) {
            literal_arguments(self.root(), wanted, &mut found);
        }
        found
    }

    /// Which variables it reads, in source order.
    pub fn paths(&self) -> Vec<PathUse> {
        paths::paths(self.root())
    }

    /// The paths that are there, and not null, whenever it is `truth`: those a `has` or a comparison with null asks for.
    pub fn tells(&self, truth: bool) -> Vec<Vec<String>> {
        paths::tells(self.root(), truth)
    }

    /// Whether it is true always, or false always; `None` when data, chance or anything it calls may decide.
    pub fn constant(&self) -> Option<bool> {
        constant::constant(self.source(), self.root())
    }

    fn root(&self) -> &Node {
        &self.inner.root
    }
}

/// Whether there is a time zone of this name: one of the IANA, or an offset like `+05:30`.
pub(crate) fn is_zone(name: &str) -> bool {
    time::parse_zone(name).is_some()
}

fn literal_arguments(node: &Node, wanted: &Signature, found: &mut Vec<(String, Range<usize>)>) {
    if let Kind::Call { function, args } = &node.kind
        && *function == wanted.function
        && let Some(Node { kind: Kind::Literal(Literal::String(text)), .. }) = args.first()
    {
        found.push((text.clone(), args[0].span()));
    }
    node.children(&mut |child| literal_arguments(child, wanted, found));
}
