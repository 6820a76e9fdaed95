//! The functions as the documentation and the console tell them: how each is written, what it gives, and a sentence.
//!
//! **Invariant:** every function and macro has one sentence; a test compares with the table.

use super::functions::{Signature, Style};
use super::table::TABLE;
use serde::Serialize;

/// One function, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reference {
    /// Its name.
    pub name: &'static str,
    /// How it is written; what may be left out stands in square brackets.
    pub usage: String,
    /// What it gives; empty for macros, whose sentence says it.
    pub gives: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
}

/// Every function and macro, in the order of the reference.
pub fn functions() -> Vec<Reference> {
    let macros = MACROS.iter().map(|(name, usage, summary)| Reference {
        name,
        usage: (*usage).to_owned(),
        gives: "",
        summary,
    });
    let rows = SUMMARIES.iter().filter_map(|(name, summary)| {
        let row = TABLE.iter().find(|row| row.name == *name)?;
        Some(Reference { name, usage: usage(row), gives: row.result.name(), summary })
    });
    macros.chain(rows).collect()
}

/// `x.replace(a, b[, c])`.
fn usage(row: &Signature) -> String {
    let is_method = row.style == Style::Method;
    let names: &[&str] = match is_method {
        true => &["x", "a", "b", "c", "d"],
        false => &["a", "b", "c", "d", "e"],
    };
    let n_fixed = row.params.len() - row.n_optional;
    // Functions of any number of values take so many that naming them all says nothing.
    let n_named = row.params.len().min(names.len());
    let n_args = usize::from(is_method);
    let mut list = names.get(n_args..n_fixed.max(n_args)).unwrap_or_default().join(", ");
    let optional = names.get(n_fixed.max(n_args)..n_named).unwrap_or_default();
    match (optional, row.params.len() > names.len()) {
        (_, true) => list.push_str("[, …]"),
        ([], _) => {}
        (optional, _) => {
            let comma = if list.is_empty() { "" } else { ", " };
            list.push_str(&format!("[{comma}{}]", optional.join(", ")));
        }
    }
    match is_method {
        true => format!("x.{}({list})", row.name),
        false => format!("{}({list})", row.name),
    }
}

/// What is not a function because it does not evaluate all its parts: name, how it is written, what it does.
const MACROS: &[(&str, &str, &str)] = &[
    ("has", "has(x.field)", "Whether the field is there."),
    ("default", "default(x.field, a)", "The value, or `a` when it is missing or null."),
    ("all", "x.all(e, condition)", "Whether the condition holds for every element."),
    ("exists", "x.exists(e, condition)", "Whether it holds for at least one."),
    ("exists_one", "x.exists_one(e, condition)", "Whether it holds for exactly one."),
    ("map", "x.map(e, value)", "The list of what each element becomes."),
    ("filter", "x.filter(e, condition)", "The elements for which the condition holds."),
    ("sortBy", "x.sortBy(e, key)", "The elements in the order of their keys."),
    ("optMap", "x.optMap(e, value)", "What an optional value becomes, if there is one."),
    ("optFlatMap", "x.optFlatMap(e, optional)", "The same, where it becomes an optional value."),
    (
        "cel.bind",
        "cel.bind(name, value, expression)",
        "The expression, in which the name stands for the value.",
    ),
];

/// What each function does.
const SUMMARIES: &[(&str, &str)] = &[
    ("text", "The value as a customer reads it."),
    ("t", "The text of this key in the language of the reader; `b` holds what the text needs."),
    ("plural", "The form that fits the number: two texts, or an object of plural forms."),
    ("money", "The amount with its currency, as the reader's language writes it."),
    ("number", "The number as the reader's language writes it; `b` digits after the point."),
    ("date", "The time in the reader's zone and language, by a pattern such as `d MMMM`."),
    ("relative_day", "Today, tomorrow, a weekday or a date, in the reader's language."),
    ("phone", "The phone number in international form."),
    ("and_list", "The elements as a list of words with `and` before the last."),
    ("or_list", "The elements as a list of words with `or` before the last."),
    (
        "in_hours",
        "Whether the business is open at that time; the tenant's hours and now without arguments.",
    ),
    ("next_open", "When the business opens next; now if it is open."),
    ("next_time", "The next time of a cron rule in a zone."),
    ("in_state", "Whether the state with this id or path is active."),
    ("random", "A number from 0 to below 1; the same in a replay."),
    (
        "bucket",
        "A number from 0 to below 1 that depends on both values alone, so a customer keeps it.",
    ),
    ("resume_url", "An address by which another system goes on with the node of this name."),
    ("size", "How many characters, elements or fields it has."),
    ("contains", "Whether the text has the other in it."),
    ("startsWith", "Whether the text begins with the other."),
    ("endsWith", "Whether the text ends with the other."),
    ("matches", "Whether the regular expression is found in the text."),
    ("lower", "The text in small letters."),
    ("upper", "The text in capital letters."),
    ("lowerAscii", "The text with A to Z in small letters."),
    ("upperAscii", "The text with a to z in capital letters."),
    ("trim", "The text without the blanks around it."),
    ("split", "The parts between a separator, `b` at most."),
    ("join", "The elements as one text, with `a` between."),
    ("replace", "The text with every `a` (`c` at most) replaced by `b`."),
    ("substring", "The text from character `a`, up to before `b`."),
    ("indexOf", "Where the other text begins first, from 0; -1 if nowhere."),
    ("lastIndexOf", "Where the other text begins last; -1 if nowhere."),
    ("charAt", "The character at this place, from 0."),
    ("reverse", "The characters or elements from the last to the first."),
    ("format", "The text with `%s`, `%d` and the like filled in from a list."),
    ("strings.quote", "The text in quotes, with escapes."),
    ("json", "The value that a text of JSON holds."),
    ("to_json", "The value as a text of JSON."),
    ("base64.encode", "The bytes, or the text, as base64."),
    ("base64.decode", "The bytes that base64 stands for."),
    ("int", "The value as a whole number."),
    ("uint", "The value as a whole number from 0."),
    ("double", "The value as a number with a point."),
    ("decimal", "The value as an exact decimal, for money."),
    ("string", "The value as a text."),
    ("bool", "The value as true or false."),
    ("bytes", "The text as bytes."),
    ("timestamp", "The time that a text says, such as 2026-12-24T18:00:00Z."),
    ("duration", "The length of time that a text says, such as 10m or PT10M."),
    ("type", "The type of the value."),
    ("dyn", "The value, of which nothing is known any more when types are checked."),
    ("getFullYear", "The year, in the zone `a` or in UTC."),
    ("getMonth", "The month, from 0."),
    ("getDate", "The day of the month, from 1."),
    ("getDayOfMonth", "The day of the month, from 0."),
    ("getDayOfWeek", "The day of the week, from 0 for Sunday."),
    ("getDayOfYear", "The day of the year, from 0."),
    ("getHours", "The hour, or the whole hours of a duration."),
    ("getMinutes", "The minute, or the whole minutes of a duration."),
    ("getSeconds", "The second, or the whole seconds of a duration."),
    ("getMilliseconds", "The milliseconds of the second."),
    ("abs", "The number without its sign."),
    ("round", "The nearest number with `b` digits after the point, none without it."),
    ("floor", "The whole number at or below it."),
    ("ceil", "The whole number at or above it."),
    ("min", "The smallest of the values, or of a list."),
    ("max", "The largest of the values, or of a list."),
    ("sum", "The sum of a list."),
    ("minor_units", "The amount in the currency's smallest unit, such as cents."),
    ("from_minor_units", "The amount that so many of the currency's smallest units are."),
    ("math.greatest", "The largest of the values, or of a list."),
    ("math.least", "The smallest of the values, or of a list."),
    ("math.abs", "The number without its sign."),
    ("math.ceil", "The whole number at or above it."),
    ("math.floor", "The whole number at or below it."),
    ("math.round", "The nearest whole number, halves away from zero."),
    ("math.trunc", "The number without what is after the point."),
    ("math.sign", "-1, 0 or 1."),
    ("math.sqrt", "The square root."),
    ("math.isNaN", "Whether it is not a number."),
    ("math.isInf", "Whether it is infinite."),
    ("math.isFinite", "Whether it is neither infinite nor not a number."),
    ("math.bitAnd", "The bits that both have."),
    ("math.bitOr", "The bits that one of them has."),
    ("math.bitXor", "The bits that just one of them has."),
    ("math.bitNot", "The bits it does not have."),
    ("math.bitShiftLeft", "The bits moved left by so many places."),
    ("math.bitShiftRight", "The bits moved right by so many places."),
    ("sort", "The elements in order."),
    ("distinct", "The elements without repetitions."),
    ("flatten", "The elements of the lists in it, down to depth `a`."),
    ("slice", "The elements from place `a` to before `b`."),
    ("first", "The first element, if there is one."),
    ("last", "The last element, if there is one."),
    ("lists.range", "The numbers from 0 to below this one."),
    ("sets.contains", "Whether the first list has every element of the second."),
    ("sets.equivalent", "Whether both lists have the same elements."),
    ("sets.intersects", "Whether the lists have an element in common."),
    ("optional.of", "An optional value that is there."),
    ("optional.none", "An optional value that is not there."),
    (
        "optional.ofNonZeroValue",
        "An optional value that is there unless it is empty, zero or false.",
    ),
    ("hasValue", "Whether the optional value is there."),
    ("value", "The optional value; it must be there."),
    ("or", "The optional value, or the other one when it is not there."),
    ("orValue", "The optional value, or `a` when it is not there."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_function_has_a_sentence() {
        let told: BTreeSet<&str> = SUMMARIES.iter().map(|(name, _)| *name).collect();
        let known: BTreeSet<&str> = TABLE.iter().map(|row| row.name).collect();
        assert_eq!(told, known, "SUMMARIES in reference.rs, and the table");
        assert_eq!(SUMMARIES.len(), told.len(), "a function is told twice");
        let macros: Vec<&str> = MACROS.iter().map(|(name, ..)| *name).collect();
        assert_eq!(macros, super::super::resolve::MACROS);
    }

    #[test]
    fn usages() {
        for (name, wanted) in [
            ("replace", "x.replace(a, b[, c])"),
            ("trim", "x.trim()"),
            ("random", "random()"),
            ("min", "min(a[, …])"),
            ("money", "money(a, b[, c])"),
            ("in_hours", "in_hours([a, b, c])"),
            ("split", "x.split(a[, b])"),
        ] {
            let found = functions().into_iter().find(|function| function.name == name).unwrap();
            assert_eq!(found.usage, wanted);
        }
    }
}
