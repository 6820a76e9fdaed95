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
        ("steps", list(&instance["steps"])),
        ("timers", list(&instance["timers"])),
        ("context", short(&instance["context"], VALUE_CHARS_MAX)),
        ("output", short(&instance["output"], VALUE_CHARS_MAX)),
        ("error", short(&instance["error"], VALUE_CHARS_MAX)),
        ("incident", list(&instance["incident"])),
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

/// Each item on a line of its own; an object as its fields.
pub(crate) fn list(value: &Value) -> String {
    let items = match value {
        Value::Array(items) => items.iter().map(fields).collect(),
        Value::Null => Vec::new(),
        one => vec![fields(one)],
    };
    items.join("\n")
}

fn fields(value: &Value) -> String {
    let Some(object) = value.as_object() else { return text_of(value) };
    let said = object.iter().filter(|(_, value)| !value.is_null());
    let pairs = said.map(|(name, value)| format!("{name}={}", short(value, FIELD_CHARS_MAX)));
    pairs.collect::<Vec<_>>().join("  ")
}

/// How much of one field is shown in a line of fields.
const FIELD_CHARS_MAX: usize = 80;
