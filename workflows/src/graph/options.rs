//! The list-like fields: buttons, list sections, cases and assignments, with the channel's limits on what is written out.

use super::fields::{Checker, is_path};
use crate::diagnostic::pointer_token;
use serde_json::{Map, Value};
use std::collections::HashSet;

/// What a channel shows of one option.
struct OptionLimits {
    id_chars_max: usize,
    title_chars_max: usize,
}

const BUTTON: OptionLimits = OptionLimits { id_chars_max: 256, title_chars_max: 20 };
const ROW: OptionLimits = OptionLimits { id_chars_max: 200, title_chars_max: 24 };
const BUTTONS_MAX: usize = 3;
const ROWS_MAX: usize = 10;
const SECTIONS_MAX: usize = 10;
const SECTION_CHARS_MAX: usize = 24;
const DESCRIPTION_CHARS_MAX: usize = 72;
const CASES_MAX: usize = 1_000;

/// `[{id, title}]`: the buttons of a message, or the choices of a question, which may also be shown as a list.
pub(super) fn buttons(checker: &mut Checker<'_>, name: &str, value: &Value, at: &str) {
    let is_choices = name == "choices";
    let (limits, most) = if is_choices { (&ROW, ROWS_MAX) } else { (&BUTTON, BUTTONS_MAX) };
    let Some(items) = items(checker, name, value, at) else { return };
    count(checker, at, items.len(), most);
    let mut seen = Seen::default();
    for (index, item) in items.iter().enumerate() {
        option(checker, item, &format!("{at}/{index}"), limits, &mut seen);
    }
}

/// `[{title, rows: [{id, title, description}]}]`.
pub(super) fn sections(checker: &mut Checker<'_>, value: &Value, at: &str) {
    let Some(sections) = items(checker, "sections", value, at) else { return };
    count(checker, at, sections.len(), SECTIONS_MAX);
    let mut seen = Seen::default();
    let mut n_rows = 0;
    for (index, section) in sections.iter().enumerate() {
        let at = format!("{at}/{index}");
        let Some(section) = section.as_object() else {
            checker.wrong(
                &at,
                "section",
                "an object",
                "A section is {\"title\": …, \"rows\": […]}.",
            );
            continue;
        };
        checker.known_keys(section, &["title", "rows"], &at);
        match section.get("title").and_then(Value::as_str) {
            Some(title) => checker.template(title, &format!("{at}/title"), Some(SECTION_CHARS_MAX)),
            None if sections.len() > 1 => checker
                .error("missing-field", &format!("{at}/title"), "`title` is missing")
                .help("With more than one section, each needs a title."),
            None => {}
        }
        let rows_at = format!("{at}/rows");
        let rows = section.get("rows").unwrap_or(&Value::Null);
        let Some(rows) = items(checker, "rows", rows, &rows_at) else { continue };
        n_rows += rows.len();
        for (index, row) in rows.iter().enumerate() {
            let at = format!("{rows_at}/{index}");
            option(checker, row, &at, &ROW, &mut seen);
            if let Some(description) = row.get("description").and_then(Value::as_str) {
                checker.template(
                    description,
                    &format!("{at}/description"),
                    Some(DESCRIPTION_CHARS_MAX),
                );
            }
        }
    }
    count(checker, at, n_rows, ROWS_MAX);
}

/// `[{id, when}]`.
pub(super) fn cases(checker: &mut Checker<'_>, value: &Value, at: &str) {
    let Some(cases) = items(checker, "cases", value, at) else { return };
    count(checker, at, cases.len(), CASES_MAX);
    let mut ids = HashSet::new();
    for (index, case) in cases.iter().enumerate() {
        let at = format!("{at}/{index}");
        let Some(case) = case.as_object() else {
            checker.wrong(&at, "case", "an object", "A case is {\"id\": …, \"when\": …}.");
            continue;
        };
        checker.known_keys(case, &["id", "when", "label", "title"], &at);
        if let Some(id) = text(checker, case, "id", &at) {
            if !ids.insert(id) {
                duplicate(checker, &format!("{at}/id"), "case", id);
            }
            if matches!(id, "default" | "error") {
                checker
                    .error(
                        "reserved-id",
                        &format!("{at}/id"),
                        format!("a case cannot be called `{id}`"),
                    )
                    .help("`default` is the exit that is taken when no case holds.");
            }
        }
        if let Some(when) = text(checker, case, "when", &at) {
            checker.condition(when, &format!("{at}/when"));
        }
    }
}

/// `{path: expression}`. Numbers, lists and the like stand for themselves; a text is an expression.
pub(super) fn assignments(checker: &mut Checker<'_>, value: &Value, at: &str) {
    let Some(assignments) = value.as_object() else {
        checker.wrong(
            at,
            "assign",
            "an object",
            "For example {\"total\": \"context.price * context.count\"}.",
        );
        return;
    };
    for (path, value) in assignments {
        let at = format!("{at}/{}", pointer_token(path));
        if !is_path(path) {
            checker.wrong(
                &at,
                path,
                "a name in the context, like `email` or `order.total`",
                "Use letters, digits and `_`, with dots between.",
            );
        }
        match value {
            Value::String(source) => {
                checker.expression(source, &at);
            }
            other => checker.json(other, &at),
        }
    }
}

#[derive(Default)]
struct Seen<'a> {
    ids: HashSet<&'a str>,
    titles: HashSet<&'a str>,
}

fn option<'a>(
    checker: &mut Checker<'_>,
    item: &'a Value,
    at: &str,
    limits: &OptionLimits,
    seen: &mut Seen<'a>,
) {
    let Some(item) = item.as_object() else {
        checker.wrong(at, "option", "an object", "It is {\"id\": …, \"title\": …}.");
        return;
    };
    checker.known_keys(item, &["id", "title", "description"], at);
    if let Some(id) = text(checker, item, "id", at) {
        checker.template(id, &format!("{at}/id"), None);
        let chars = id.chars().count();
        if chars > limits.id_chars_max {
            checker.too_long(&format!("{at}/id"), chars, limits.id_chars_max);
        }
        if !seen.ids.insert(id) {
            duplicate(checker, &format!("{at}/id"), "option", id);
        }
    }
    if let Some(title) = text(checker, item, "title", at) {
        checker.template(title, &format!("{at}/title"), Some(limits.title_chars_max));
        if !seen.titles.insert(title.trim()) {
            duplicate(checker, &format!("{at}/title"), "option", title);
        }
    }
}

pub(super) fn items<'a>(
    checker: &mut Checker<'_>,
    name: &str,
    value: &'a Value,
    at: &str,
) -> Option<&'a [Value]> {
    match value {
        Value::Array(items) => Some(items),
        _ => {
            checker.wrong(at, name, "a list", "Write it in square brackets.");
            None
        }
    }
}

pub(super) fn text<'a>(
    checker: &mut Checker<'_>,
    item: &'a Map<String, Value>,
    name: &str,
    at: &str,
) -> Option<&'a str> {
    let at = format!("{at}/{name}");
    match item.get(name) {
        Some(Value::String(text)) if !text.trim().is_empty() => return Some(text),
        None | Some(Value::Null | Value::String(_)) => {
            checker.error("missing-field", &at, format!("`{name}` is missing"));
        }
        Some(_) => checker.wrong(&at, name, "a text", "Write it in quotes."),
    }
    None
}

fn count(checker: &mut Checker<'_>, at: &str, n: usize, most: usize) {
    if n == 0 {
        checker.error("limit", at, "there is nothing in this list");
    }
    if n > most {
        checker
            .error("limit", at, format!("these are {n}, and {most} are the most there can be"))
            .help("Remove some, or ask in two steps.");
    }
}

pub(super) fn duplicate(checker: &mut Checker<'_>, at: &str, what: &str, text: &str) {
    checker
        .error(
            "duplicate-option",
            at,
            format!("`{text}` is there twice, so nobody could tell which {what} is meant"),
        )
        .help("Give each its own.");
}
