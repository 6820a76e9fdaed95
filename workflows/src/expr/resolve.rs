//! Calls: macros get their variables and slots, functions are looked up in the table.
//!
//! **Invariant:** a call that cannot be resolved does not stop the parse. It becomes [`Kind::Invalid`] with its
//! arguments, so the checker reports it together with everything else.

use std::ops::Range;

use regex::{Regex, RegexBuilder};

use super::ast::{Fold, Kind, Literal, Node, Root};
use super::error::Problem;
use super::functions::{Function, Signature, Style};
use super::parser::{Parsed, Parser};
use crate::suggest::nearest;

/// Largest compiled pattern, in bytes: enough for long alternations, and still compiled within milliseconds.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// Names the parser expands itself, for hints.
pub(super) const MACROS: [&str; 11] = [
    "has",
    "default",
    "all",
    "exists",
    "exists_one",
    "map",
    "filter",
    "sortBy",
    "optMap",
    "optFlatMap",
    "cel.bind",
];

/// What functions with a dot in their name begin with.
const SPACES: [&str; 7] = ["math", "sets", "lists", "strings", "optional", "cel", "base64"];

/// Compiles a pattern within bounds.
pub(super) fn compile_pattern(pattern: &str) -> Result<Regex, String> {
    let compiled = RegexBuilder::new(pattern).size_limit(PATTERN_BYTES_MAX).build();
    compiled.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "it is too large".into(),
        // The library draws a picture over several lines; the reason is the last.
        error => error.to_string().lines().last().unwrap_or_default().trim().to_owned(),
    })
}

impl Parser {
    /// A call whose name and `(` were read.
    pub(super) fn call(
        &mut self,
        start: u32,
        target: Option<Node>,
        name: (String, Range<usize>),
    ) -> Parsed<Node> {
        let fold = match name.0.as_str() {
            _ if target.is_none() => None,
            "all" => Some(Fold::All),
            "exists" => Some(Fold::Exists),
            "exists_one" | "existsOne" => Some(Fold::ExistsOne),
            "map" => Some(Fold::Map),
            "filter" => Some(Fold::Filter),
            "sortBy" => Some(Fold::SortBy),
            "optMap" => Some(Fold::OptionalMap),
            "optFlatMap" => Some(Fold::OptionalFlatMap),
            _ => None,
        };
        // `math.abs(x)` is a function whose name has a dot, not a method of something called `math`.
        let space = target.as_ref().and_then(|target| match &target.kind {
            Kind::Name(Root::Local(space)) if SPACES.contains(&space.as_str()) => Some(space),
            _ => None,
        });
        if let Some(space) = space {
            let name = (format!("{space}.{}", name.0), start as usize..name.1.end);
            if name.0 == "cel.bind" {
                return self.bind(start, name);
            }
            let args = self.items(")")?;
            return self.node(start, resolve(Style::Global, name, args));
        }
        match (fold, target) {
            (Some(fold), Some(range)) => self.fold(start, range, (fold, name)),
            (_, Some(target)) => {
                let mut args = vec![target];
                args.extend(self.items(")")?);
                self.node(start, resolve(Style::Method, name, args))
            }
            (_, None) => {
                let args = self.items(")")?;
                let kind = match name.0.as_str() {
                    "has" => has(name, args),
                    "default" => default(name, args),
                    _ => resolve(Style::Global, name, args),
                };
                self.node(start, kind)
            }
        }
    }

    /// `cel.bind(x, value, body)`: `body` is parsed with `x` in scope, `value` is not.
    fn bind(&mut self, start: u32, name: (String, Range<usize>)) -> Parsed<Node> {
        let variable = self.variable();
        let value = self.expression()?;
        self.expect(",", "write it like cel.bind(x, value, x + x)")?;
        let slot = self.variables.len();
        self.variables.push(variable.clone().unwrap_or_default());
        let bodies = self.items(")");
        self.variables.pop();
        let bodies = bodies?;
        let kind = match variable {
            Some(_) if bodies.len() == 1 => {
                Kind::Fold { fold: Fold::Bind, slot, range: Box::new(value), bodies }
            }
            _ => {
                let message = "`cel.bind` takes a variable name, its value and an expression";
                let problem = Problem::new("wrong-arguments", message, name.1);
                invalid(problem.help("write it like cel.bind(x, value, x + x)"), vec![value])
            }
        };
        self.node(start, kind)
    }

    /// `range.all(x, …)`: the bodies are parsed with `x` in scope.
    fn fold(
        &mut self,
        start: u32,
        range: Node,
        (fold, name): (Fold, (String, Range<usize>)),
    ) -> Parsed<Node> {
        let variable = self.variable();
        let slot = self.variables.len();
        // Without a variable the arguments are still parsed, so that what is wrong in them is found too.
        self.variables.push(variable.clone().unwrap_or_default());
        let bodies = self.items(")");
        self.variables.pop();
        let bodies = bodies?;
        let fold = match (fold, bodies.len()) {
            (Fold::Map, 2) => Some(Fold::FilterMap),
            (fold, 1) => Some(fold),
            _ => None,
        };
        let kind = match (fold, variable) {
            (Some(fold), Some(_)) => Kind::Fold { fold, slot, range: Box::new(range), bodies },
            _ => {
                let usage = format!("write it like list.{}(x, x > 1)", name.0);
                let problem = Problem::new(
                    "wrong-arguments",
                    format!("`{}` takes a variable name and an expression", name.0),
                    name.1,
                );
                Kind::Invalid(Box::new(problem.help(usage)), vec![range])
            }
        };
        self.node(start, kind)
    }
}

/// What `has` can ask for.
fn is_field(path: &Node) -> bool {
    matches!(path.kind, Kind::Select { .. } | Kind::Index(_) | Kind::OptionalSelect { .. })
        || matches!(path.kind, Kind::OptionalIndex(_))
}

fn invalid(problem: Problem, args: Vec<Node>) -> Kind {
    Kind::Invalid(Box::new(problem), args)
}

fn has((name, span): (String, Range<usize>), args: Vec<Node>) -> Kind {
    let mut args = args.into_iter();
    match (args.next(), args.next()) {
        (Some(path), None) if is_field(&path) => Kind::Has(Box::new(path)),
        (first, second) => {
            let message = format!("`{name}` takes one field: has(context.order.id)");
            let args = first.into_iter().chain(second).chain(args).collect();
            invalid(Problem::new("wrong-arguments", message, span), args)
        }
    }
}

fn default((name, span): (String, Range<usize>), args: Vec<Node>) -> Kind {
    match <[Node; 2]>::try_from(args) {
        Ok(pair) => Kind::Default(Box::new(pair)),
        Err(args) => {
            let message = format!("`{name}` takes a value and what to use without it");
            let problem = Problem::new("wrong-arguments", message, span);
            invalid(problem.help("write it like default(contact.name, \"friend\")"), args)
        }
    }
}

/// Looks the function up; a literal pattern is compiled here, once.
fn resolve(style: Style, (name, span): (String, Range<usize>), args: Vec<Node>) -> Kind {
    let Some(signature) = Signature::of(&name) else {
        let problem =
            Problem::new("unknown-function", format!("there is no function `{name}`"), span);
        let hint = nearest(&name, Signature::names().chain(MACROS));
        return invalid(
            match hint {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem,
            },
            args,
        );
    };
    if signature.style != Style::Both && signature.style != style {
        let message = format!("`{name}` is written {}", signature.usage());
        return invalid(Problem::new("wrong-arguments", message, span), args);
    }
    if !signature.takes(args.len()) {
        let message = format!("`{name}` does not take {} arguments", n_written(style, args.len()));
        let problem = Problem::new("wrong-arguments", message, span);
        return invalid(problem.help(format!("write it like {}", signature.usage())), args);
    }
    if signature.function == Function::Matches {
        return matches_call(args);
    }
    Kind::Call { function: signature.function, args }
}

/// Arguments as the author counts them: the target of a method is none.
fn n_written(style: Style, n_args: usize) -> usize {
    n_args - usize::from(style == Style::Method)
}

fn matches_call(args: Vec<Node>) -> Kind {
    let [text, pattern] = match <[Node; 2]>::try_from(args) {
        Ok(pair) => pair,
        Err(args) => return Kind::Call { function: Function::Matches, args },
    };
    let Kind::Literal(Literal::String(literal)) = &pattern.kind else {
        return Kind::Call { function: Function::Matches, args: vec![text, pattern] };
    };
    match compile_pattern(literal) {
        Ok(compiled) => Kind::Matches { text: Box::new(text), pattern: compiled },
        Err(why) => {
            let message = format!("the pattern cannot be used: {why}");
            invalid(Problem::new("bad-pattern", message, pattern.span()), vec![text])
        }
    }
}
