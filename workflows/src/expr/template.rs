//! Text with `{{ expression }}` in it.
//!
//! **Invariant:** what an expression gives is text and stays text; it is never read as a template.

use std::ops::Range;
use std::sync::Arc;

use super::bounds::{self, Bounds};
use super::env::TypeEnv;
use super::error::{EvalError, Problem};
use super::eval::{Evaluator, Work};
use super::paths::PathUse;
use super::scope::{Fuel, Scope};
use super::{Expression, format, quoted};
use crate::limits;

/// A parsed text with expressions in it; cheap to clone.
#[derive(Debug, Clone)]
pub struct Template {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    source: String,
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Literal(Range<usize>),
    Computed {
        expression: Expression,
        /// Byte of the text its source starts at.
        offset: usize,
    },
}

impl Template {
    /// Parses `text`. All problems of all its expressions are found, with spans in `text`.
    ///
    /// `{{` begins an expression and `}}` outside of its quotes and braces ends it; a literal `{{` is written `{{ "{{" }}`.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let mut parts = Vec::new();
        let mut problems = Vec::new();
        let mut at = 0;
        while let Some(found) = text[at..].find("{{") {
            let open = at + found;
            if open > at {
                parts.push(Part::Literal(at..open));
            }
            let offset = open + 2;
            // Only as far as an expression may reach: a quote left open must not be sought through the whole text.
            let reach = offset.saturating_add(limits::EXPRESSION_BYTES_MAX + 2);
            let Some(len) = expression_len(&text[offset..text.floor_char_boundary(reach)]) else {
                let problem = Problem::new("template-unclosed", "`{{` has no `}}`", open..offset);
                problems.push(problem.help("write {{ context.name }}"));
                return Err(problems);
            };
            match Expression::parse(&text[offset..offset + len]) {
                Ok(expression) => parts.push(Part::Computed { expression, offset }),
                Err(found) => problems.extend(found.into_iter().map(|p| p.shifted(offset))),
            }
            at = offset + len + 2;
        }
        if at < text.len() {
            parts.push(Part::Literal(at..text.len()));
        }
        if problems.is_empty() {
            Ok(Self { inner: Arc::new(Inner { source: text.to_owned(), parts }) })
        } else {
            Err(problems)
        }
    }

    /// The text it was parsed from.
    pub fn source(&self) -> &str {
        &self.inner.source
    }

    /// Everything that is wrong with its expressions in `env`.
    pub fn check(&self, env: &TypeEnv) -> Vec<Problem> {
        let checked = self.expressions().flat_map(|(expression, offset)| {
            let problems = expression.check(env).problems;
            problems.into_iter().map(move |problem| problem.shifted(offset))
        });
        checked.collect()
    }

    /// The text with every expression replaced by its value, as `text()` shows it.
    ///
    /// Fails when one has no value, when fuel is used up, or when the text grows over `EXPRESSION_OUTPUT_MAX`.
    pub fn render(&self, scope: &Scope<'_>, fuel: &Fuel) -> Result<String, EvalError> {
        self.render_nested(scope, fuel, 0).map_err(|error| *error)
    }

    /// Renders a text that `n_texts` other texts are waiting for.
    pub(super) fn render_nested(
        &self,
        scope: &Scope<'_>,
        fuel: &Fuel,
        n_texts: u8,
    ) -> Result<String, Box<EvalError>> {
        let mut out = String::new();
        for part in &self.inner.parts {
            match part {
                Part::Literal(range) => {
                    let text = &self.inner.source[range.clone()];
                    let work = Work::new(fuel, range.clone());
                    work.spend_output(out.len().saturating_add(text.len()))?;
                    out.push_str(text);
                }
                Part::Computed { expression, offset } => {
                    let mut evaluator = Evaluator::new(scope, fuel, expression.source());
                    evaluator.n_texts = n_texts;
                    let value = evaluator.eval(expression.root());
                    let work = evaluator.work(expression.root());
                    value
                        .and_then(|value| format::push_text(&mut out, &value, &work))
                        .map_err(|error| Box::new(error.shifted(*offset)))?;
                }
            }
        }
        Ok(out)
    }

    /// Whether it has no expression in it.
    pub fn is_literal(&self) -> bool {
        self.expressions().next().is_none()
    }

    /// Its expression, when it is nothing but one (white space around it aside).
    ///
    /// A caller that wants a value and not a text evaluates it: `"{{ context.total }}"` can then stay a number.
    pub fn as_expression(&self) -> Option<&Expression> {
        let mut computed = self.expressions();
        let (expression, _) = computed.next()?;
        let literals = self.inner.parts.iter().filter_map(|part| match part {
            Part::Literal(range) => Some(&self.inner.source[range.clone()]),
            Part::Computed { .. } => None,
        });
        let is_alone =
            computed.next().is_none() && literals.into_iter().all(|l| l.trim().is_empty());
        is_alone.then_some(expression)
    }

    /// Characters every rendering has: those of the literal parts.
    pub fn min_chars(&self) -> usize {
        let literals = self.inner.parts.iter().map(|part| match part {
            Part::Literal(range) => self.inner.source[range.clone()].chars().count(),
            Part::Computed { .. } => 0,
        });
        literals.sum()
    }

    /// Least and greatest number of characters of a rendering, as far as schemas, types and functions tell.
    pub fn bounds(&self, env: &TypeEnv) -> Bounds {
        self.inner.parts.iter().fold(Bounds::NONE, |so_far, part| {
            so_far.then(match part {
                Part::Literal(range) => Bounds::text(&self.inner.source[range.clone()]),
                Part::Computed { expression, .. } => {
                    bounds::of_node(expression.source(), expression.root(), env)
                }
            })
        })
    }

    /// Which variables it reads, with their spans in the text, in its order.
    pub fn paths(&self) -> Vec<PathUse> {
        let found = self.expressions().flat_map(|(expression, offset)| {
            expression.paths().into_iter().map(move |path| path.shifted(offset))
        });
        found.collect()
    }

    /// Literal first arguments of the calls of `function` in it, with their spans; e.g. the keys of `t`.
    pub fn literal_arguments(&self, function: &str) -> Vec<(String, Range<usize>)> {
        let found = self.expressions().flat_map(|(expression, offset)| {
            let found = expression.literal_arguments(function).into_iter();
            found.map(move |(text, span)| (text, span.start + offset..span.end + offset))
        });
        found.collect()
    }

    fn expressions(&self) -> impl Iterator<Item = (&Expression, usize)> {
        self.inner.parts.iter().filter_map(|part| match part {
            Part::Computed { expression, offset } => Some((expression, *offset)),
            Part::Literal(_) => None,
        })
    }
}

/// Bytes from the start of an expression to the `}}` that ends it.
fn expression_len(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut n_braces = 0_usize;
    let mut at = 0;
    let mut is_in_word = false;
    while let Some(byte) = bytes.get(at) {
        // The prefix of a literal, as in r'…', counts only where a word begins.
        let opening = match byte {
            b'"' | b'\'' => quoted::opening(&text[at..]),
            b'r' | b'R' | b'b' | b'B' if !is_in_word => quoted::opening(&text[at..]),
            _ => None,
        };
        if let Some(opening) = opening {
            // Of a literal that is not closed the parser says more than this could.
            at += quoted::literal_len(&text[at..], opening).unwrap_or(1);
            is_in_word = false;
            continue;
        }
        match byte {
            b'{' => n_braces += 1,
            b'}' if n_braces > 0 => n_braces -= 1,
            b'}' if bytes.get(at + 1) == Some(&b'}') => return Some(at),
            _ => {}
        }
        is_in_word = byte.is_ascii_alphanumeric() || *byte == b'_' || !byte.is_ascii();
        at += 1;
    }
    None
}
