//! How a message is read as an answer: for each type of question, the conditions to try in order and what is kept.
//!
//! **Invariant:** a reading's value is computed only when its condition held, so it never fails on what it was given.

use super::Choice;
use crate::graph::emit::text_literal;

/// One way to read a message.
pub(super) struct Reading<'a> {
    /// When the message can be read so.
    pub(super) when: String,
    /// What is kept then; both are expressions.
    pub(super) value: String,
    /// The choice it stands for.
    pub(super) handle: Option<&'a str>,
}

/// The text of the message without the blanks around it; empty for a picture or a place.
const TEXT: &str = "default(event.text, '').trim()";

/// The calendar days of any year, and the 29th of February of leap years (2000 to 2096 and the like).
const ISO_DAY: &str = concat!(
    r"^([0-9]{4}-(",
    r"(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])",
    r"|(0[469]|11)-(0[1-9]|[12][0-9]|30)",
    r"|02-(0[1-9]|1[0-9]|2[0-8]))",
    r"|[0-9]{2}(0[48]|[2468][048]|[13579][26])-02-29)$",
);

/// The same with the day first, and `/`, `.` or `-` between: `24/12/2026`.
const DAY_FIRST: &str = concat!(
    r"^((0?[1-9]|[12][0-9]|3[01])[/.-](0?[13578]|1[02])",
    r"|(0?[1-9]|[12][0-9]|30)[/.-](0?[469]|11)",
    r"|(0?[1-9]|1[0-9]|2[0-8])[/.-]0?2)[/.-][0-9]{4}$",
    r"|^29[/.-]0?2[/.-][0-9]{2}(0[48]|[2468][048]|[13579][26])$",
);

const TODAY: &str = "^(?i)(today|hoy|hoje|leo)$";
const TOMORROW: &str = "^(?i)(tomorrow|mañana|manana|amanhã|amanha|kesho)$";

const NUMBER: &str = r"^[+-]?[0-9]{1,15}([.,][0-9]{1,9})?$";
const EMAIL: &str = r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$";
const PHONE: &str = r"^\+?[0-9][0-9 ().-]{5,18}[0-9]$";

/// The readings of every type but `choice`.
pub(super) fn readings(kind: &str) -> Vec<Reading<'static>> {
    match kind {
        "number" => vec![matching(NUMBER, format!("double({TEXT}.replace(',', '.'))"))],
        "email" => vec![matching(EMAIL, format!("{TEXT}.lowerAscii()"))],
        "phone" => vec![matching(PHONE, format!("phone({TEXT})"))],
        "location" => vec![present("location")],
        "file" => vec![present("media")],
        "date" => vec![
            matching(ISO_DAY, TEXT.to_owned()),
            matching(DAY_FIRST, day_first_to_iso()),
            matching(TODAY, "date(now, 'yyyy-MM-dd')".to_owned()),
            matching(TOMORROW, "date(now + duration('24h'), 'yyyy-MM-dd')".to_owned()),
        ],
        _ => vec![Reading { when: format!("{TEXT} != ''"), value: TEXT.to_owned(), handle: None }],
    }
}

/// One reading for each choice: its button, its id, its title in any case, or its place in the list.
pub(super) fn choice_readings<'a>(choices: &[Choice<'a>]) -> Vec<Reading<'a>> {
    let names: Vec<Vec<String>> = choices.iter().map(names).collect();
    choices
        .iter()
        .enumerate()
        .map(|(index, choice)| {
            let place = (index + 1).to_string();
            let mut words = names[index].clone();
            // A number that is the name of a choice means that choice, wherever it stands.
            if !names.iter().flatten().any(|name| *name == place) {
                words.push(place);
            }
            let words: Vec<String> = words.iter().map(|word| text_literal(word)).collect();
            let id = text_literal(choice.id);
            Reading {
                when: format!(
                    "default(event.choice.id, '') == {id} || {TEXT}.lowerAscii() in [{}]",
                    words.join(", ")
                ),
                value: id,
                handle: Some(choice.id),
            }
        })
        .collect()
}

/// What the customer may type for a choice. Both kinds of lower case, because the expression folds ASCII only, and a
/// customer may type `é` for `É`.
fn names(choice: &Choice<'_>) -> Vec<String> {
    let mut names = vec![choice.id.to_ascii_lowercase()];
    // A computed title is not known here; its button still carries the id.
    if !choice.title.contains("{{") {
        let title = choice.title.trim();
        names.extend([title.to_ascii_lowercase(), title.to_lowercase()]);
    }
    let mut unique = Vec::new();
    names.retain(|name| {
        let is_new = !name.is_empty() && !unique.contains(name);
        unique.push(name.clone());
        is_new
    });
    names
}

fn matching(pattern: &str, value: String) -> Reading<'static> {
    Reading { when: format!("{TEXT}.matches({})", text_literal(pattern)), value, handle: None }
}

fn present(field: &str) -> Reading<'static> {
    Reading {
        when: format!("default(event.{field}, null) != null"),
        value: format!("event.{field}"),
        handle: None,
    }
}

/// `4/12/2026` to `2026-12-04`.
fn day_first_to_iso() -> String {
    let parts = format!("{TEXT}.replace('/', '-').replace('.', '-').split('-')");
    let two = |index: u8| format!("(size({parts}[{index}]) < 2 ? '0' : '') + {parts}[{index}]");
    format!("{parts}[2] + '-' + {} + '-' + {}", two(1), two(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{Expression, Fuel, Scope};
    use serde_json::{Value, json};
    use std::cell::Cell;

    /// What is kept of a message, and by which choice it leaves.
    fn read(readings: &[Reading<'_>], event: &Value) -> (Option<Value>, Option<String>) {
        let scope = Scope {
            context: &Value::Null,
            event,
            input: &Value::Null,
            contact: &Value::Null,
            tenant: &Value::Null,
            channel: &Value::Null,
            now: "2026-11-20T12:00:00Z".parse().unwrap(),
            locals: &Value::Null,
            in_state: &|_| false,
            seed: "",
            seq: 1,
            draws: &Cell::new(0),
            texts: &crate::expr::Texts::default(),
            time_zone: "UTC",
            locale: "en",
            resume: None,
        };
        let fuel = || Fuel::new(crate::limits::EXPRESSION_FUEL);
        let holds = |reading: &&Reading<'_>| {
            Expression::parse(&reading.when).unwrap().test(&scope, &fuel()).unwrap()
        };
        let Some(reading) = readings.iter().find(holds) else { return (None, None) };
        let value = Expression::parse(&reading.value).unwrap().evaluate(&scope, &fuel()).unwrap();
        (Some(value), reading.handle.map(str::to_owned))
    }

    #[test]
    fn answers() {
        let text = |text: &str| json!({ "type": "message", "text": text });
        for (kind, event, wanted) in [
            ("text", text(" Ana "), Some(json!("Ana"))),
            ("text", text("  "), None),
            ("text", json!({"type": "message", "text": null}), None),
            ("text", json!({"type": "message", "media": {}}), None),
            ("number", text("3"), Some(json!(3.0))),
            ("number", text("-2,5"), Some(json!(-2.5))),
            ("number", text("three"), None),
            ("number", text("1.000,5"), None),
            ("email", text("Ana@Example.com "), Some(json!("ana@example.com"))),
            ("email", text("ana@example"), None),
            ("email", text("ana at example.com"), None),
            ("phone", text("+255 (712) 345-678"), Some(json!("+255712345678"))),
            ("phone", text("call me"), None),
            ("date", text("2026-12-24"), Some(json!("2026-12-24"))),
            ("date", text("2026-02-29"), None),
            ("date", text("2028-02-29"), Some(json!("2028-02-29"))),
            ("date", text("2026-11-31"), None),
            ("date", text("4/12/2026"), Some(json!("2026-12-04"))),
            ("date", text("24.1.2026"), Some(json!("2026-01-24"))),
            ("date", text("31/11/2026"), None),
            ("date", text("29-2-2028"), Some(json!("2028-02-29"))),
            ("date", text("29/02/2026"), None),
            ("date", text("Today"), Some(json!("2026-11-20"))),
            ("date", text("MAÑANA"), Some(json!("2026-11-21"))),
            ("date", text("soon"), None),
            ("location", json!({"location": {"latitude": 1}}), Some(json!({"latitude": 1}))),
            ("location", text("here"), None),
            ("file", json!({"media": {"id": "m"}}), Some(json!({"id": "m"}))),
            ("file", json!({"media": null}), None),
        ] {
            assert_eq!(read(&readings(kind), &event).0, wanted, "{kind} {event}");
        }
    }

    #[test]
    fn choices() {
        let choices = [
            Choice { id: "cut", title: "Haircut" },
            Choice { id: "colour", title: "ÉCLAT" },
            Choice { id: "two", title: "1" },
            Choice { id: "named", title: "{{ context.title }}" },
        ];
        for (event, wanted) in [
            (json!({"choice": {"id": "colour"}, "text": "Haircut"}), Some("cut")),
            (json!({"choice": {"id": "colour"}}), Some("colour")),
            (json!({"text": " HAIRCUT "}), Some("cut")),
            (json!({"text": "éclat"}), Some("colour")),
            (json!({"text": "1"}), Some("two")),
            (json!({"text": "2"}), Some("colour")),
            (json!({"text": "4"}), Some("named")),
            (json!({"text": "Named"}), Some("named")),
            (json!({"text": "5"}), None),
            (json!({"text": ""}), None),
            (json!({"choice": {"id": "gone"}}), None),
        ] {
            let (value, handle) = read(&choice_readings(&choices), &event);
            assert_eq!(handle.as_deref(), wanted, "{event}");
            assert_eq!(value, wanted.map(Value::from), "{event}");
        }
    }
}
