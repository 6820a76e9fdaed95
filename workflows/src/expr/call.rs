//! Calls: evaluates the arguments and hands them to the function.
//!
//! **Invariant:** the parser has counted the arguments, so a combination that is not listed here does not occur.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use super::ast::Node;
use super::eval::{Evaluator, Outcome, Work};
use super::functions::Function;
use super::resolve::compile_pattern;
use super::template::Template;
use super::text::{self, expect_text};
use super::value::Val;
use super::{arithmetic, convert, format, hours, locale, time};

/// Fuel of compiling a pattern at run time.
const PATTERN_FUEL: usize = 500;
/// How deep texts of `t()` may use each other.
const TEXTS_NESTED_MAX: u8 = 3;

impl<'e> Evaluator<'e> {
    pub(super) fn call(
        &mut self,
        function: Function,
        args: &'e [Node],
        node: &'e Node,
    ) -> Outcome<Val<'e>> {
        let work = self.work(node);
        if matches!(function, Function::Min | Function::Max) {
            let values = self.eval_all(args)?;
            return arithmetic::extreme(function, values, &work);
        }
        match args {
            [] => self.call_none(function, &work),
            [a] => {
                let a = self.eval(a)?;
                self.call_one(function, a, &work)
            }
            [a, b] => {
                let pair = (self.eval(a)?, self.eval(b)?);
                self.call_two(function, pair, &work)
            }
            [a, rest @ ..] => {
                let a = self.eval(a)?;
                let rest = self.eval_all(rest)?;
                self.call_more(function, &a, &rest, &work)
            }
        }
    }

    fn call_none(&mut self, function: Function, work: &Work<'e>) -> Outcome<Val<'e>> {
        match function {
            Function::InHours => self.in_hours(&Val::Timestamp(self.scope.now), work),
            _ => Ok(Val::Double(self.draw())),
        }
    }

    /// The next of the numbers in [0, 1) that instance and event decide.
    fn draw(&mut self) -> f64 {
        let index = self.scope.draws.get();
        self.scope.draws.set(index.wrapping_add(1));
        let mut hash = Sha256::new();
        // The length keeps seed and numbers apart, so that no two of them make the same bytes.
        hash.update((self.scope.seed.len() as u64).to_be_bytes());
        hash.update(self.scope.seed.as_bytes());
        hash.update(self.scope.seq.to_be_bytes());
        hash.update(index.to_be_bytes());
        let digest = hash.finalize();
        let bits = digest.iter().take(8).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        // 53 bits are what a double holds exactly, so 1.0 is never reached.
        (bits >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn call_one(&mut self, function: Function, a: Val<'e>, work: &Work<'e>) -> Outcome<Val<'e>> {
        use Function as F;
        match function {
            F::Size => text::size(&a, work),
            F::LowerAscii | F::UpperAscii | F::Lower | F::Upper | F::Trim => {
                text::of_one(function, &a, work)
            }
            F::Join => text::join(&a, None, work),
            F::Abs | F::Round | F::Floor | F::Ceil => arithmetic::rounded(function, &a, work),
            F::InState => Ok(Val::Bool((self.scope.in_state)(expect_text(&a, work)?))),
            F::Text => match a {
                Val::Str(_) => Ok(a),
                other => format::text(&other, work).map(Val::text),
            },
            F::FormatDate => self.date(&a, "medium", (self.scope.locale, work)),
            F::RelativeDay => self.relative_day(&a, work),
            F::Phone => format::phone(&a, work).map(Val::text),
            F::Translate => self.translate(expect_text(&a, work)?, work),
            F::InHours => self.in_hours(&a, work),
            F::Json => {
                let text = expect_text(&a, work)?;
                convert::parse_json(text, work)
            }
            F::ToJson => {
                let json = a.to_json(work)?.to_string();
                work.spend_output(json.len())?;
                Ok(Val::text(json))
            }
            F::Dyn => Ok(a),
            F::Type => Ok(Val::Type(a.type_name())),
            F::Timestamp => convert::timestamp(a, self.scope.time_zone, work),
            F::Int | F::Uint | F::Double | F::String | F::Bool | F::Bytes | F::Duration => {
                convert::convert(function, a, work)
            }
            getter => time::getter(getter, &a, None, work),
        }
    }

    fn call_two(
        &mut self,
        function: Function,
        (a, b): (Val<'e>, Val<'e>),
        work: &Work<'e>,
    ) -> Outcome<Val<'e>> {
        use Function as F;
        match function {
            F::Contains | F::StartsWith | F::EndsWith | F::LastIndexOf | F::Split => {
                text::of_two(function, (&a, &b), work)
            }
            F::Matches => self.matches(&a, &b, work),
            F::Join => text::join(&a, Some(&b), work),
            F::IndexOf => text::index_of((&a, &b), None, work),
            F::Substring => text::substring((&a, &b), None, work),
            F::CharAt => text::char_at((&a, &b), work),
            F::Money => {
                let options = (expect_text(&b, work)?, self.scope.locale);
                format::money(&a, options, work).map(Val::text)
            }
            F::FormatDate => self.date(&a, expect_text(&b, work)?, (self.scope.locale, work)),
            getter => time::getter(getter, &a, Some(expect_text(&b, work)?), work),
        }
    }

    fn call_more(
        &mut self,
        function: Function,
        a: &Val<'e>,
        rest: &[Val<'e>],
        work: &Work<'e>,
    ) -> Outcome<Val<'e>> {
        use Function as F;
        let [b, c, rest @ ..] = rest else { return Ok(Val::Null) };
        match function {
            F::IndexOf => text::index_of((a, b), Some(c), work),
            F::Substring => text::substring((a, b), Some(c), work),
            F::Replace => text::replace((a, b, c), rest.first(), work),
            F::Money => {
                let options = (expect_text(b, work)?, expect_text(c, work)?);
                format::money(a, options, work).map(Val::text)
            }
            F::FormatDate => self.date(a, expect_text(b, work)?, (expect_text(c, work)?, work)),
            F::Plural => {
                match a.as_double() {
                    Some(_) => Ok(if format::is_one(a) { b.clone() } else { c.clone() }),
                    None => Err(work
                        .error("wrong-type", format!("a number is needed here, not {}", a.what()))),
                }
            }
            _ => {
                let limit = match c.as_whole() {
                    // As in CEL's string library, a negative limit is none.
                    Some(n) if n < 0 => usize::MAX,
                    _ => text::expect_position(c, work)?,
                };
                text::split(expect_text(a, work)?, (expect_text(b, work)?, limit), work)
            }
        }
    }

    /// `matches` with a pattern only the run time knows.
    fn matches(&mut self, text: &Val<'e>, pattern: &Val<'e>, work: &Work<'e>) -> Outcome<Val<'e>> {
        let text = expect_text(text, work)?;
        let pattern = expect_text(pattern, work)?;
        work.spend_text((text.len() + pattern.len()) * 4)?;
        if let Some((known, compiled)) = &self.pattern
            && known == pattern
        {
            return Ok(Val::Bool(compiled.is_match(text)));
        }
        work.spend(PATTERN_FUEL + pattern.len())?;
        let compiled = compile_pattern(pattern).map_err(|why| {
            work.error("bad-pattern", format!("the pattern cannot be used: {why}"))
        })?;
        let is_match = compiled.is_match(text);
        self.pattern = Some((pattern.into(), compiled));
        Ok(Val::Bool(is_match))
    }

    fn local(&self, value: &Val<'e>, work: &Work<'e>) -> Outcome<jiff::Zoned> {
        let at = time::moment(value, self.scope.time_zone, work)?;
        time::zoned(at, time::zone(self.scope.time_zone, work)?, work)
    }

    fn date(
        &self,
        at: &Val<'e>,
        pattern: &str,
        (locale, work): (&str, &Work<'e>),
    ) -> Outcome<Val<'e>> {
        work.spend_text(pattern.len())?;
        format::date(&self.local(at, work)?, (pattern, locale), work).map(Val::text)
    }

    fn relative_day(&self, at: &Val<'e>, work: &Work<'e>) -> Outcome<Val<'e>> {
        let at = self.local(at, work)?;
        let now = self.local(&Val::Timestamp(self.scope.now), work)?;
        format::relative_day((&at, &now), self.scope.locale, work).map(Val::text)
    }

    fn in_hours(&self, at: &Val<'e>, work: &Work<'e>) -> Outcome<Val<'e>> {
        match self.scope.tenant.get("hours") {
            Some(hours) if !hours.is_null() => {
                hours::is_open(hours, &self.local(at, work)?, work).map(Val::Bool)
            }
            _ => Ok(Val::Bool(false)),
        }
    }

    /// `t`: the text in the reader's language, rendered as a template.
    fn translate(&mut self, key: &str, work: &Work<'e>) -> Outcome<Val<'e>> {
        let texts = self.scope.texts;
        let tag = self.scope.locale;
        let preferred = [tag, locale::language_of(tag), "en"];
        let mut found = preferred.iter().filter_map(|language| texts.get(*language)?.get(key));
        let text = found.next().or_else(|| texts.values().find_map(|texts| texts.get(key)));
        let Some(text) = text else {
            let message = format!("there is no text `{}`", time::clipped(key));
            return Err(work.error("unknown-text", message));
        };
        if self.n_texts >= TEXTS_NESTED_MAX {
            let message = format!("the text `{key}` uses texts that use texts, too deep");
            return Err(work.error("texts-too-deep", message));
        }
        work.spend_text(text.len() * 4)?;
        if !text.contains("{{") {
            return Ok(Val::Str(Cow::Borrowed(text)));
        }
        let template = Template::parse(text).map_err(|problems| {
            let why = problems.first().map_or("", |problem| &problem.message);
            work.error("bad-text", format!("the text `{key}` cannot be read: {why}"))
        })?;
        let rendered = template.render_nested(self.scope, self.fuel, self.n_texts + 1);
        // The place in the text means nothing to a reader of this expression; the place of the call does.
        rendered.map(Val::text).map_err(|error| {
            work.error(error.code, format!("in the text `{key}`: {}", error.message))
        })
    }
}
