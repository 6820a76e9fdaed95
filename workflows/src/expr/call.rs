//! Calls: evaluates the arguments and hands them to the function.
//!
//! **Invariant:** the parser has counted the arguments, so a combination that is not listed here does not occur.

use sha2::{Digest, Sha256};

use super::ast::Node;
use super::eval::{Evaluator, Outcome, Work};
use super::functions::{Family, Function};
use super::resolve::compile_pattern;
use super::text::{self, expect_text};
use super::value::Val;
use super::{convert, format, list, math, time};

/// Fuel of compiling a pattern at run time.
const PATTERN_FUEL: usize = 500;

impl<'e> Evaluator<'e> {
    pub(super) fn call(
        &mut self,
        function: Function,
        args: &'e [Node],
        node: &'e Node,
    ) -> Outcome<Val<'e>> {
        let work = self.work(node);
        match function.family() {
            Family::Plain => {}
            Family::Optional => return self.optional_call(function, args, node),
            family => {
                let values = self.eval_all(args)?;
                return match family {
                    Family::Schedule => self.schedule_call(function, &values, &work),
                    Family::List => list::call(function, &values, &work),
                    Family::Math => math::call(function, values, &work),
                    _ => self.words_call(function, &values, &work),
                };
            }
        }
        match args {
            [] => Ok(Val::Double(self.draw())),
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
        time::fraction(&hash.finalize())
    }

    fn call_one(&mut self, function: Function, a: Val<'e>, work: &Work<'e>) -> Outcome<Val<'e>> {
        use Function as F;
        match function {
            F::Size => text::size(&a, work),
            F::LowerAscii | F::UpperAscii | F::Lower | F::Upper | F::Trim => {
                text::of_one(function, &a, work)
            }
            F::Join => text::join(&a, None, work),
            F::Abs | F::Floor | F::Ceil => math::whole(function, &a, work),
            F::InState => Ok(Val::Bool((self.scope.in_state)(expect_text(&a, work)?))),
            F::Text => match a {
                Val::Str(_) => Ok(a),
                other => format::text(&other, work).map(Val::text),
            },
            F::FormatDate => self.date(&a, "medium", (self.scope.locale, work)),
            F::RelativeDay => self.relative_day(&a, work),
            F::Phone => format::phone(&a, work).map(Val::text),
            F::ResumeUrl => self.resume_url(&a, work),
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
            F::Timestamp => {
                self.note_moment(&a);
                convert::timestamp(a, self.scope.time_zone, work)
            }
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
            F::Contains | F::StartsWith | F::EndsWith | F::Split => {
                text::of_two(function, (&a, &b), work)
            }
            F::Matches => self.matches(&a, &b, work),
            F::Join => text::join(&a, Some(&b), work),
            F::IndexOf => text::index_of((&a, &b), None, work),
            F::LastIndexOf => text::last_index_of((&a, &b), None, work),
            F::Substring => text::substring((&a, &b), None, work),
            F::CharAt => text::char_at((&a, &b), work),
            F::FormatDate => self.date(&a, expect_text(&b, work)?, (self.scope.locale, work)),
            F::Bucket => self.bucket((&a, &b), work),
            getter => {
                self.is_local.set(true);
                time::getter(getter, &a, Some(expect_text(&b, work)?), work)
            }
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
            F::LastIndexOf => text::last_index_of((a, b), Some(c), work),
            F::FormatDate => self.date(a, expect_text(b, work)?, (expect_text(c, work)?, work)),
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

    /// A text without a zone of its own is a moment on the clock of the reader's.
    fn note_moment(&self, value: &Val<'_>) {
        if matches!(value, Val::Str(text) if time::is_civil(text)) {
            self.is_local.set(true);
        }
    }

    fn local(&self, value: &Val<'e>, work: &Work<'e>) -> Outcome<jiff::Zoned> {
        self.is_local.set(true);
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
}
