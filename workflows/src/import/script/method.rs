//! Calls: the methods and functions that have a counterpart.

use super::{
    Script, Source,
    emit::{Cel, Type, emit},
};
use crate::import::text::quoted;

/// Methods of texts that are called alike or under another name, with the number of arguments and what they give.
const OF_TEXT: &[(&str, &str, usize, Type)] = &[
    ("toLowerCase", "lower", 0, Type::Text),
    ("toUpperCase", "upper", 0, Type::Text),
    ("toLocaleLowerCase", "lower", 0, Type::Text),
    ("toLocaleUpperCase", "upper", 0, Type::Text),
    ("trim", "trim", 0, Type::Text),
    ("includes", "contains", 1, Type::Bool),
    ("startsWith", "startsWith", 1, Type::Bool),
    ("endsWith", "endsWith", 1, Type::Bool),
    ("replaceAll", "replace", 2, Type::Text),
    ("split", "split", 1, Type::List),
    ("indexOf", "indexOf", 1, Type::Number),
    ("charAt", "charAt", 1, Type::Text),
];

/// Functions of one value.
const OF_ONE: &[(&str, &str, Type)] = &[
    ("String", "text", Type::Text),
    ("Number", "double", Type::Number),
    ("parseFloat", "double", Type::Number),
    ("Math.round", "round", Type::Number),
    ("Math.floor", "floor", Type::Number),
    ("Math.ceil", "ceil", Type::Number),
    ("Math.abs", "abs", Type::Number),
    ("JSON.stringify", "to_json", Type::Text),
    ("JSON.parse", "json", Type::Any),
];

/// Units of time, in milliseconds; months and years have no fixed length.
const UNITS: &[(&str, i64)] = &[
    ("millisecond", 1),
    ("second", 1_000),
    ("minute", 60_000),
    ("hour", 3_600_000),
    ("day", 86_400_000),
    ("week", 7 * 86_400_000),
];

pub(super) fn call(
    callee: &Script,
    arguments: &[Script],
    source: &dyn Source,
) -> Result<Cel, String> {
    let name = function_name(callee);
    if let Some(name) = &name
        && let Some(found) = function(name, arguments, source)
    {
        return found;
    }
    match callee {
        Script::Member(of, name) => method(&emit(of, source)?, name, arguments, source),
        _ => Err(format!("the function `{}` is not known here", name.unwrap_or_default())),
    }
}

/// `name` or `Object.name`.
fn function_name(callee: &Script) -> Option<String> {
    match callee {
        Script::Name(name) => Some(name.clone()),
        Script::Member(of, name) => match of.as_ref() {
            Script::Name(of) => Some(format!("{of}.{name}")),
            _ => None,
        },
        _ => None,
    }
}

fn function(name: &str, arguments: &[Script], source: &dyn Source) -> Option<Result<Cel, String>> {
    if let Some((_, ours, ty)) = OF_ONE.iter().find(|(theirs, ..)| *theirs == name) {
        let [argument] = arguments else {
            return Some(Err(format!("`{name}` is called with one value here")));
        };
        let cel = emit(argument, source);
        return Some(cel.map(|cel| Cel::atom(format!("{ours}({})", cel.source), *ty)));
    }
    let first = || arguments.first().map(|argument| emit(argument, source));
    match name {
        "parseInt" => first().map(|cel| {
            let base = arguments.get(1);
            if base.is_some_and(|base| *base != Script::Number("10".to_owned())) {
                return Err("`parseInt` with another base is not known here".to_owned());
            }
            Ok(Cel::atom(format!("int(double({}))", cel?.source), Type::Number))
        }),
        "Math.min" | "Math.max" => {
            let values: Result<Vec<_>, String> =
                arguments.iter().map(|a| Ok(emit(a, source)?.source)).collect();
            let ours = name.trim_start_matches("Math.");
            Some(values.map(|v| Cel::atom(format!("{ours}({})", v.join(", ")), Type::Number)))
        }
        "Math.random" => Some(Ok(Cel::atom("random()", Type::Number))),
        _ => None,
    }
}

pub(super) fn construct(
    class: &str,
    arguments: &[Script],
    source: &dyn Source,
) -> Result<Cel, String> {
    match (class, arguments) {
        ("Date", []) => Ok(Cel::atom("now", Type::Time)),
        ("Date", [text]) => {
            let text = emit(text, source)?;
            Ok(Cel::atom(format!("timestamp({})", text.source), Type::Time))
        }
        _ => Err(format!("`new {class}` is not known here")),
    }
}

fn method(of: &Cel, name: &str, arguments: &[Script], source: &dyn Source) -> Result<Cel, String> {
    if of.ty == Type::Time {
        return of_time(of, name, arguments);
    }
    if let Some((_, ours, n, ty)) = OF_TEXT.iter().find(|(theirs, ..)| *theirs == name)
        && arguments.len() == *n
    {
        let values: Result<Vec<_>, String> =
            arguments.iter().map(|a| Ok(emit(a, source)?.source)).collect();
        return Ok(Cel::atom(format!("{}.{ours}({})", of.grouped(), values?.join(", ")), *ty));
    }
    match (name, arguments) {
        ("toString", []) => Ok(Cel::atom(of.text(), Type::Text)),
        ("join", []) => Ok(Cel::atom(format!("{}.join(',')", of.grouped()), Type::Text)),
        ("join", [between]) => {
            let between = emit(between, source)?.source;
            Ok(Cel::atom(format!("{}.join({between})", of.grouped()), Type::Text))
        }
        // JavaScript replaces the first one only.
        ("replace", [what, with]) => {
            let (what, with) = (emit(what, source)?.source, emit(with, source)?.source);
            Ok(Cel::atom(format!("{}.replace({what}, {with}, 1)", of.grouped()), Type::Text))
        }
        ("isEmpty", []) => {
            Ok(Cel::compound(format!("dyn({}) in [null, '', [], {{}}]", of.source), Type::Bool))
        }
        ("isNotEmpty", []) => {
            Ok(Cel::compound(format!("!(dyn({}) in [null, '', [], {{}}])", of.source), Type::Bool))
        }
        ("toNumber" | "toFloat", []) => {
            Ok(Cel::atom(format!("double({})", of.source), Type::Number))
        }
        ("toDateTime", []) => Ok(Cel::atom(format!("timestamp({})", of.source), Type::Time)),
        _ => Err(format!("the method `{name}` is not known here")),
    }
}

fn of_time(of: &Cel, name: &str, arguments: &[Script]) -> Result<Cel, String> {
    match (name, arguments) {
        ("toISO" | "toISOString" | "toString" | "toJSON", []) => {
            Ok(Cel::atom(format!("text({})", of.source), Type::Text))
        }
        ("toISODate", []) => {
            Ok(Cel::atom(format!("date({}, 'yyyy-MM-dd')", of.source), Type::Text))
        }
        ("toFormat" | "format", [Script::Text(pattern)]) => {
            Ok(Cel::atom(format!("date({}, {})", of.source, quoted(pattern)), Type::Text))
        }
        ("plus" | "minus", arguments) => {
            let sign = if name == "plus" { "+" } else { "-" };
            let ms = length(arguments).ok_or_else(|| {
                format!("`{name}` is known here with a fixed length of time only")
            })?;
            Ok(Cel::compound(format!("{} {sign} duration('{ms}ms')", of.grouped()), Type::Time))
        }
        _ => Err(format!("the method `{name}` of a time is not known here")),
    }
}

/// `{days: 1, hours: 2}` or `1, 'days'`, in milliseconds.
fn length(arguments: &[Script]) -> Option<i64> {
    let of = |unit: &str, count: &Script| -> Option<i64> {
        let Script::Number(count) = count else { return None };
        let (_, ms) = UNITS.iter().find(|(name, _)| *name == unit.trim_end_matches('s'))?;
        count.parse::<i64>().ok()?.checked_mul(*ms)
    };
    match arguments {
        [Script::Object(members)] => members
            .iter()
            .map(|(unit, count)| of(unit, count))
            .try_fold(0i64, |sum, ms| sum.checked_add(ms?)),
        [count, Script::Text(unit)] => of(unit, count),
        _ => None,
    }
}
