//! Values in words for a reader: `money`, `number`, `plural`, `and_list`, `or_list`, `t`; and CEL's `format`, `quote` and
//! base64.

use std::borrow::Cow;

use serde_json::Value;

use super::eval::{Evaluator, Outcome, Work};
use super::functions::Function;
use super::locale::Locale;
use super::scope::Scope;
use super::text::{bounded, expect_position, expect_text};
use super::value::Val;
use super::{bytes, format, plural, printf, time};

/// How deep texts of `t()` may use each other.
const TEXTS_NESTED_MAX: u8 = 3;
/// Most digits behind the point that `number` shows.
const DIGITS_MAX: usize = 18;

impl<'e> Evaluator<'e> {
    /// Evaluates `function` over `args`, of which the parser has counted as many as it needs.
    pub(super) fn words_call(
        &mut self,
        function: Function,
        args: &[Val<'e>],
        work: &Work<'e>,
    ) -> Outcome<Val<'e>> {
        use Function as F;
        let [a, rest @ ..] = args else { return Ok(Val::Null) };
        let locale = |at: usize| match rest.get(at) {
            Some(tag) => expect_text(tag, work),
            None => Ok(self.scope.locale),
        };
        match (function, rest) {
            (F::Money, [code, ..]) => {
                let options = (expect_text(code, work)?, locale(1)?);
                format::money(a, options, work).map(Val::text)
            }
            (F::Number, _) => {
                let n_digits = match rest.first() {
                    Some(n) => Some(expect_position(n, work)?.min(DIGITS_MAX)),
                    None => None,
                };
                format::grouped_number(a, (n_digits, locale(1)?), work).map(Val::text)
            }
            (F::AndList | F::OrList, _) => {
                listed(a, (function == F::AndList, locale(0)?), work).map(Val::text)
            }
            (F::Plural, [one, other @ ..]) => self.plural(a, (one, other), work),
            (F::Translate, _) => self.translate(expect_text(a, work)?, rest.first(), work),
            (F::Format, [list, ..]) => printf::format(expect_text(a, work)?, list, work),
            (F::Quote, _) => quoted(expect_text(a, work)?, work).map(Val::text),
            (F::Base64Encode, _) => {
                let bytes = match a {
                    Val::Bytes(bytes) => bytes.as_ref(),
                    other => expect_text(other, work)?.as_bytes(),
                };
                work.spend_output(bytes.len() * 2)?;
                Ok(Val::text(bytes::to_base64(bytes)))
            }
            (F::Base64Decode, _) => {
                let text = expect_text(a, work)?;
                work.spend_output(text.len())?;
                let bytes = bytes::from_base64(text)
                    .ok_or_else(|| work.error("bad-text", "the text is not base64"))?;
                Ok(Val::Bytes(Cow::Owned(bytes)))
            }
            _ => Ok(Val::Null),
        }
    }

    /// `plural(n, one, other)`, or `plural(n, {"one": …, "other": …}, locale?)`.
    fn plural(
        &self,
        n: &Val<'e>,
        (one, other): (&Val<'e>, &[Val<'e>]),
        work: &Work<'e>,
    ) -> Outcome<Val<'e>> {
        let is_forms = one.n_entries().is_some();
        let tag = match other.first() {
            Some(tag) if is_forms => expect_text(tag, work)?,
            _ => self.scope.locale,
        };
        let Some(form) = plural::form_of(n, tag) else {
            let message = format!("a number is needed here, not {}", n.what());
            return Err(work.error("wrong-type", message));
        };
        match (is_forms, other) {
            (true, _) => one.field(form.name()).or_else(|| one.field("other")).ok_or_else(|| {
                work.error("no-such-field", "the plural forms have no form called `other`")
            }),
            (false, [other, ..]) => {
                Ok(if form == plural::PluralForm::One { one.clone() } else { other.clone() })
            }
            (false, []) => {
                let message = "plural forms are an object like {\"one\": …, \"other\": …}";
                Err(work.error("wrong-type", message))
            }
        }
    }

    /// `t`: the text in the reader's language, rendered with the arguments as names.
    fn translate(
        &mut self,
        key: &str,
        args: Option<&Val<'e>>,
        work: &Work<'e>,
    ) -> Outcome<Val<'e>> {
        let Some((language, message)) = self.scope.texts.find(self.scope.locale, key) else {
            let message = format!("there is no text `{}`", time::clipped(key));
            return Err(work.error("unknown-text", message));
        };
        if self.n_texts >= TEXTS_NESTED_MAX {
            let message = format!("the text `{key}` uses texts that use texts, too deep");
            return Err(work.error("texts-too-deep", message));
        }
        let locals = self.locals_with(args, work)?;
        let count = args.and_then(|args| args.field("count"));
        // The forms of the language the text is in, not of the one that was asked for.
        let Some(template) = message.of_count(count.as_ref(), language) else {
            return Err(work.error("unknown-text", format!("the text `{key}` has no form")));
        };
        let scope = Scope { locals: locals.as_ref().unwrap_or(self.scope.locals), ..*self.scope };
        let rendered = template.render_nested(&scope, self.fuel, self.n_texts + 1);
        // The place in the text means nothing to a reader of this expression; the place of the call does.
        rendered.map(Val::text).map_err(|error| {
            work.error(error.code, format!("in the text `{key}`: {}", error.message))
        })
    }

    /// The locals with the arguments of `t` among them; `None` when there are none to add.
    fn locals_with(&self, args: Option<&Val<'e>>, work: &Work<'e>) -> Outcome<Option<Value>> {
        let Some(args) = args else { return Ok(None) };
        if args.n_entries().is_none() {
            let message = format!(
                "the arguments of a text are an object like {{\"name\": …}}, not {}",
                args.what()
            );
            return Err(work.error("wrong-type", message));
        }
        let mut locals = match self.scope.locals {
            Value::Object(locals) => locals.clone(),
            _ => serde_json::Map::new(),
        };
        work.spend(locals.len())?;
        if let Value::Object(args) = args.to_json(work)? {
            locals.extend(args);
        }
        Ok(Some(Value::Object(locals)))
    }
}

/// `a, b y c`: the items as `text` shows them, with the reader's word before the last.
fn listed(list: &Val<'_>, (is_and, tag): (bool, &str), work: &Work<'_>) -> Outcome<String> {
    let Some(items) = list.items() else {
        let message = format!("a list is needed here, not {}", list.what());
        return Err(work.error("wrong-type", message));
    };
    let mut texts = Vec::with_capacity(items.len());
    for item in items.iter() {
        texts.push(format::text(&item, work)?);
    }
    let locale = Locale::of(tag);
    let mut out = String::new();
    for (i, text) in texts.iter().enumerate() {
        let is_last = i + 1 == texts.len();
        if i > 0 {
            out.push_str(&locale.between((is_and, is_last, texts.len()), text));
        }
        out.push_str(text);
        bounded(&out, work)?;
    }
    work.spend_output(out.len())?;
    Ok(out)
}

/// A text as a literal of this language, quotes and all.
fn quoted(text: &str, work: &Work<'_>) -> Outcome<String> {
    work.spend_output(text.len() * 2)?;
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            c => out.push(c),
        }
    }
    out.push('"');
    Ok(out)
}
