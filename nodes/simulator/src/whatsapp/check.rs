//! What the Cloud API refuses at once: missing fields (100) and values over its limits (131009).

use serde_json::Value;

/// Why a message is refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: u32,
    pub(crate) details: String,
}

type Checked = Result<(), Refusal>;

fn missing(field: &str) -> Refusal {
    Refusal { code: 100, details: format!("The parameter {field} is required.") }
}

fn invalid(field: &str, why: &str) -> Refusal {
    Refusal { code: 131_009, details: format!("Parameter value is not valid: {field} {why}") }
}

/// Judges the body of a send.
pub(crate) fn message(body: &Value) -> Checked {
    if body["messaging_product"] != "whatsapp" {
        return Err(missing("messaging_product"));
    }
    let is_text = |field: &str| body[field].as_str().is_some_and(|text| !text.is_empty());
    if !is_text("to") && !is_text("recipient") {
        return Err(missing("to"));
    }
    if let Some(data) = body["biz_opaque_callback_data"].as_str() {
        length("biz_opaque_callback_data", data, 0, 512)?;
    }
    let kind = body["type"].as_str().unwrap_or("text");
    let content = &body[kind];
    if !content.is_object() {
        return Err(missing(kind));
    }
    match kind {
        "text" => text(content, "body", 1, 4096),
        "interactive" => interactive(content),
        "template" => template(content),
        "image" | "video" | "audio" | "document" | "sticker" => media(kind, content),
        "location" | "reaction" => Ok(()),
        _ => Err(invalid("type", "is unknown")),
    }
}

fn length(field: &str, text: &str, min: usize, max: usize) -> Checked {
    let chars = text.chars().count();
    if chars < min || chars > max {
        return Err(invalid(field, &format!("must have {min} to {max} characters")));
    }
    Ok(())
}

/// A text that must be there.
fn text(object: &Value, field: &str, min: usize, max: usize) -> Checked {
    let Some(text) = object[field].as_str() else { return Err(missing(field)) };
    length(field, text, min, max)
}

/// A text that may be absent.
fn optional(object: &Value, field: &str, max: usize) -> Checked {
    if object[field].is_null() {
        return Ok(());
    }
    text(object, field, 1, max)
}

fn count(field: &str, n: usize, max: usize) -> Checked {
    if n == 0 || n > max {
        return Err(invalid(field, &format!("must have 1 to {max} items")));
    }
    Ok(())
}

fn interactive(content: &Value) -> Checked {
    text(&content["body"], "text", 1, 1024)?;
    if content["header"]["type"] == "text" {
        text(&content["header"], "text", 1, 60)?;
    }
    if content["footer"].is_object() {
        text(&content["footer"], "text", 1, 60)?;
    }
    match content["type"].as_str() {
        Some("button") => buttons(&content["action"]["buttons"]),
        Some("list") => list(&content["action"]),
        Some("cta_url" | "flow" | "location_request_message" | "product" | "product_list") => {
            Ok(())
        }
        _ => Err(invalid("interactive.type", "is unknown")),
    }
}

fn buttons(buttons: &Value) -> Checked {
    let buttons = buttons.as_array().ok_or_else(|| missing("action.buttons"))?;
    count("action.buttons", buttons.len(), 3)?;
    for button in buttons {
        text(&button["reply"], "id", 1, 256)?;
        text(&button["reply"], "title", 1, 20)?;
    }
    unique("reply.title", buttons.iter().map(|button| &button["reply"]["title"]))?;
    unique("reply.id", buttons.iter().map(|button| &button["reply"]["id"]))
}

fn unique<'a>(field: &str, values: impl Iterator<Item = &'a Value>) -> Checked {
    let mut seen: Vec<&Value> = Vec::new();
    for value in values {
        if seen.contains(&value) {
            return Err(invalid(field, "must be unique"));
        }
        seen.push(value);
    }
    Ok(())
}

fn list(action: &Value) -> Checked {
    text(action, "button", 1, 20)?;
    let sections = action["sections"].as_array().ok_or_else(|| missing("action.sections"))?;
    count("action.sections", sections.len(), 10)?;
    let mut rows = Vec::new();
    for section in sections {
        match sections.len() {
            1 => optional(section, "title", 24)?,
            _ => text(section, "title", 1, 24)?,
        }
        rows.extend(section["rows"].as_array().into_iter().flatten());
    }
    count("rows", rows.len(), 10)?;
    for row in &rows {
        text(row, "id", 1, 200)?;
        text(row, "title", 1, 24)?;
        optional(row, "description", 72)?;
    }
    unique("row.id", rows.iter().map(|row| &row["id"]))
}

fn template(content: &Value) -> Checked {
    text(content, "name", 1, 512)?;
    text(&content["language"], "code", 2, 16)
}

fn media(kind: &str, content: &Value) -> Checked {
    if content["id"].is_null() == content["link"].is_null() {
        return Err(missing(&format!("{kind}.id or {kind}.link")));
    }
    if matches!(kind, "audio" | "sticker") && !content["caption"].is_null() {
        return Err(invalid("caption", "is not allowed here"));
    }
    optional(content, "caption", 1024)
}
