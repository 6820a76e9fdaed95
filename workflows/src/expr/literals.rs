//! Literal arguments that can be judged before anything runs: durations, times, zones, patterns, currencies, cron rules,
//! phone numbers; and those that name something of the definition: texts and states.

use jiff::tz::TimeZone;

use super::ast::{Kind, Literal, Node};
use super::env::TypeEnv;
use super::error::Problem;
use super::functions::Function;
use super::plural::PluralForm;
use super::{currency, format, time};
use crate::suggest::nearest;

/// What is wrong with the literals among `args`.
pub(super) fn check(function: Function, args: &[Node]) -> Option<Problem> {
    let (arg, message) = match function {
        Function::Duration => {
            let (arg, text) = literal(args, 0)?;
            let is_good = time::parse_duration(text).is_some();
            (arg, (!is_good).then(|| format!("`{text}` is not a duration like 90s or PT10M"))?)
        }
        Function::Timestamp => {
            let (arg, text) = literal(args, 0)?;
            let is_good = time::parse_timestamp(text, &TimeZone::UTC).is_some();
            (arg, (!is_good).then(|| format!("`{text}` is not a time like 2026-05-01T09:00:00Z"))?)
        }
        Function::FormatDate => {
            let (arg, text) = literal(args, 1)?;
            (arg, format::check_pattern(text)?)
        }
        Function::Money | Function::MinorUnits | Function::FromMinorUnits => {
            let (arg, text) = literal(args, 1)?;
            (arg, currency::check(text)?)
        }
        Function::NextTime => {
            let (arg, text) = literal(args, 0)?;
            (arg, crate::cron::Cron::parse(text).err()?)
        }
        Function::Phone => {
            let (arg, text) = literal(args, 0)?;
            (arg, format::check_phone(text)?)
        }
        Function::Plural if args.len() == 2 => {
            let arg = args.get(1)?;
            (arg, check_forms(arg)?)
        }
        getter if is_getter(getter) => {
            let (arg, text) = literal(args, 1)?;
            let is_good = time::parse_zone(text).is_some();
            (arg, (!is_good).then(|| format!("there is no time zone `{text}`"))?)
        }
        _ => return None,
    };
    Some(Problem::new("bad-argument", message, arg.span()))
}

/// Names of texts and states that the definition does not have, and arguments that a text needs and is not given.
pub(super) fn check_known(function: Function, args: &[Node], env: &TypeEnv) -> Option<Problem> {
    match function {
        Function::Translate => {
            let texts = env.texts()?;
            let (arg, key) = literal(args, 0)?;
            let Some(needed) = texts.get(key) else {
                let message = format!("there is no text `{key}` in `messages`");
                let problem = Problem::new("unknown-text", message, arg.span());
                return Some(meant(problem, key, texts.keys()));
            };
            let given = given(args.get(1))?;
            let missing: Vec<&str> =
                needed.iter().map(String::as_str).filter(|name| !given.contains(name)).collect();
            if missing.is_empty() {
                return None;
            }
            let message = format!("the text `{key}` needs {}", missing.join(", "));
            let problem = Problem::new("wrong-arguments", message, arg.span());
            Some(problem.help(format!("write it like t(\"{key}\", {{\"{}\": …}})", missing[0])))
        }
        Function::InState => {
            let states = env.states()?;
            let (arg, name) = literal(args, 0)?;
            if states.contains(name) || name.strip_prefix('#').is_some_and(|id| states.contains(id))
            {
                return None;
            }
            let message = format!("there is no state `{name}`");
            Some(meant(Problem::new("unknown-state", message, arg.span()), name, states.iter()))
        }
        _ => None,
    }
}

fn meant<'n>(problem: Problem, word: &str, known: impl Iterator<Item = &'n String>) -> Problem {
    match nearest(word, known.map(String::as_str)) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem,
    }
}

/// The names of the arguments of a text; `None` when they are not all written out.
fn given(args: Option<&Node>) -> Option<Vec<&str>> {
    match args.map(|args| &args.kind) {
        None => Some(Vec::new()),
        Some(Kind::Map(entries)) => entries
            .iter()
            .map(|(key, _)| match &key.kind {
                Kind::Literal(Literal::String(name)) => Some(name.as_str()),
                _ => None,
            })
            .collect(),
        Some(_) => None,
    }
}

/// What is wrong with plural forms that are written out.
fn check_forms(forms: &Node) -> Option<String> {
    let names = match &forms.kind {
        Kind::Map(_) => given(Some(forms))?,
        Kind::Literal(_) => Vec::new(),
        _ => return None,
    };
    let unknown = names.iter().find(|name| PluralForm::named(name).is_none());
    match unknown {
        Some(name) => Some(format!("`{name}` is no plural form; they are {}", form_names())),
        None if !names.contains(&"other") => {
            Some("plural forms are an object that has \"other\"".to_owned())
        }
        None => None,
    }
}

/// For messages.
fn form_names() -> String {
    PluralForm::ALL.map(PluralForm::name).join(", ")
}

fn literal(args: &[Node], at: usize) -> Option<(&Node, &str)> {
    let arg = args.get(at)?;
    match &arg.kind {
        Kind::Literal(Literal::String(text)) => Some((arg, text)),
        _ => None,
    }
}

fn is_getter(function: Function) -> bool {
    use Function as F;
    matches!(
        function,
        F::FullYear | F::Month | F::Date | F::DayOfMonth | F::DayOfWeek | F::DayOfYear
    ) || matches!(function, F::Hours | F::Minutes | F::Seconds | F::Milliseconds)
}
