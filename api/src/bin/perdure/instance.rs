//! One instance as the API gives it, as people read it.

use crate::{
    failure::Exit,
    screen::{Screen, short, text_of},
};
use serde_json::Value;

/// How much of a context or an input is shown to people.
const VALUE_CHARS_MAX: usize = 400;

/// Prints an instance, and says whether it needs someone.
pub(crate) fn tell(instance: &Value, screen: Screen) -> anyhow::Result<Exit> {
    match screen.is_json() {
        true => screen.json(instance)?,
        false => tell_people(instance, screen)?,
    }
    let needs_someone = matches!(instance["status"].as_str(), Some("stuck" | "failed"));
    Ok(if needs_someone { Exit::No } else { Exit::Fine })
}

fn tell_people(instance: &Value, screen: Screen) -> anyhow::Result<()> {
    let definition =
        format!("{} v{}", text_of(&instance["definition"]), text_of(&instance["version"]));
    let mut rows = vec![
        ("instance", text_of(&instance["id"])),
        ("definition", definition),
        ("status", screen.status(&text_of(&instance["status"]))),
        ("state", text_of(&instance["configuration"])),
        ("turns", text_of(&instance["seq"])),
        ("key", text_of(&instance["key"])),
        ("waiting on", waits(&instance["waiting_on"])),
        ("steps", steps(&instance["steps"])),
        ("timers", timers(&instance["timers"])),
        ("context", short(&instance["context"], VALUE_CHARS_MAX)),
        ("output", short(&instance["output"], VALUE_CHARS_MAX)),
        ("error", short(&instance["error"], VALUE_CHARS_MAX)),
        ("incident", incident(&instance["incident"])),
        ("started", text_of(&instance["created_at"])),
        ("last turn", text_of(&instance["updated_at"])),
    ];
    rows.retain(|(_, text)| !text.is_empty());
    for (name, text) in rows {
        let text = text.replace('\n', "\n            ");
        screen.line(format!("{:<10}  {text}", name))?;
    }
    Ok(())
}

/// What would move it, each thing once.
fn waits(waiting_on: &Value) -> String {
    let mut texts: Vec<String> = Vec::new();
    for waiting in waiting_on.as_array().into_iter().flatten() {
        let text = text_of(waiting.get("text").unwrap_or(waiting));
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts.join("\n")
}

/// Each step on a line of its own, with its last try below it.
pub(crate) fn steps(steps: &Value) -> String {
    let lines = steps.as_array().into_iter().flatten().map(|step| {
        let text = |field: &str| text_of(&step[field]);
        let stands = match step["status"].as_str() {
            Some("parked") => "waits for a person".to_owned(),
            _ if !step["waits"].is_null() => text("waits"),
            Some("waiting") => format!("next try at {}", text("due")),
            Some("checking") => "its outcome is not known yet".to_owned(),
            Some("started") => "under way".to_owned(),
            _ => "to be run".to_owned(),
        };
        let tried = match step["attempt"].as_u64() {
            Some(0) | None => "not tried yet".to_owned(),
            Some(1) => "tried once".to_owned(),
            Some(n) => format!("tried {n} times"),
        };
        let last = step["tries"].as_array().and_then(|tries| tries.last());
        let last = last.map(|last| {
            let message = short(&last["message"], VALUE_CHARS_MAX);
            format!("\n  {} {}: {message}", text_of(&last["at"]), text_of(&last["code"]))
        });
        let named = format!("{} ({}, {})", text("step"), text("kind"), text("id"));
        format!("{named}: {tried}, {stands}{}", last.unwrap_or_default())
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn timers(timers: &Value) -> String {
    let lines = timers
        .as_array()
        .into_iter()
        .flatten()
        .map(|timer| format!("{}  {}", text_of(&timer["due"]), text_of(&timer["name"])));
    lines.collect::<Vec<_>>().join("\n")
}

/// Code, turn and time; what happened is said by what is waited for.
fn incident(incident: &Value) -> String {
    match incident {
        Value::Null => String::new(),
        found => {
            let text = |field: &str| text_of(&found[field]);
            format!("{}, turn {}, since {}", text("code"), text("seq"), text("since"))
        }
    }
}

/// Each event on a line of its own: when, its type, its fields.
pub(crate) fn events(events: &Value) -> String {
    let lines = events.as_array().into_iter().flatten().map(|event| {
        let mut fields = event["body"].clone();
        let kind = fields.as_object_mut().and_then(|fields| {
            // Who is talking to whom on what: of the router, and long.
            fields.remove("scope");
            fields.remove("type")
        });
        let fields = short(&fields, VALUE_CHARS_MAX);
        let fields = if fields == "{}" { "" } else { fields.as_str() };
        let line =
            format!("{}  {}  {fields}", text_of(&event["at"]), text_of(&kind.unwrap_or_default()));
        line.trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The fields of an object in one line.
pub(crate) fn fields(value: &Value) -> String {
    let Some(object) = value.as_object() else { return text_of(value) };
    let said = object.iter().filter(|(_, value)| !value.is_null());
    let pairs = said.map(|(name, value)| format!("{name}={}", short(value, FIELD_CHARS_MAX)));
    pairs.collect::<Vec<_>>().join("  ")
}

/// How much of one field is shown in a line of fields.
const FIELD_CHARS_MAX: usize = 80;
