//! A customer acts: `POST /_sim/whatsapp/inbound` becomes the message a webhook carries.
//!
//! **Invariant:** the same id is the same message: it keeps its timestamp, and the transcript shows it once.

use super::{transcript::Item, webhook::Webhook};
use crate::world::{World, instant, now};
use serde::Deserialize;
use serde_json::{Value, json};

/// What a customer does; exactly one of `text`, `button`, `list`, `media`, `location`, `raw`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Inbound {
    /// A phone, or a business-scoped user id (`TZ.5550001`).
    from: String,
    #[serde(default)]
    name: Option<String>,
    /// The business-scoped user id beside the phone.
    #[serde(default)]
    user_id: Option<String>,
    /// The number written to, if it is not the configured one.
    #[serde(default)]
    phone_number_id: Option<String>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    timestamp: Option<Value>,
    #[serde(default)]
    text: Option<String>,
    /// `{"id","title"}`, or the title or id of a button or row of the last interactive message.
    #[serde(default)]
    button: Option<Value>,
    #[serde(default)]
    list: Option<Value>,
    #[serde(default)]
    media: Option<Media>,
    #[serde(default)]
    location: Option<Value>,
    /// A whole message object; `id`, `from` and `timestamp` are filled in where they are missing.
    #[serde(default)]
    raw: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Media {
    #[serde(rename = "type")]
    kind: String,
    id: String,
    #[serde(default)]
    mime_type: Option<String>,
    #[serde(default)]
    caption: Option<String>,
    #[serde(default)]
    filename: Option<String>,
}

/// The message as it goes out.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) id: String,
    pub(crate) webhook: Webhook,
    /// Whether the number has a webhook address at all.
    pub(crate) has_address: bool,
}

/// The body of a message, its kind, and the text the transcript shows.
struct Content {
    kind: String,
    text: String,
    message: Value,
}

/// Builds the message and remembers it. Fails with a sentence if what the customer does makes no sense.
pub(crate) fn send(world: &mut World, inbound: &Inbound) -> Result<Sent, String> {
    let from = inbound.from.trim_start_matches('+');
    let content = content(world, from, inbound)?;
    let phone_number_id = match &inbound.phone_number_id {
        Some(id) => id.clone(),
        None => world.whatsapp.phone_number_id.clone(),
    };
    let id = match &inbound.id {
        Some(id) => id.clone(),
        None => world.next_id("wamid.SIMIN"),
    };
    let is_repeated = world.whatsapp.received.contains_key(&id);
    let given = match &inbound.timestamp {
        Some(Value::String(text)) => text.clone(),
        Some(number) => number.to_string(),
        None => now().timestamp().to_string(),
    };
    let timestamp = world.whatsapp.received.entry(id.clone()).or_insert(given).clone();
    let mut message = content.message;
    let mut contact = json!({"profile": {"name": inbound.name.as_deref().unwrap_or("Customer")}});
    let is_phone = !from.contains('.');
    let user_id = inbound.user_id.as_deref().or_else(|| (!is_phone).then_some(from));
    let mut fill = |field: &str, value: Value| {
        if message[field].is_null() {
            message[field] = value;
        }
    };
    fill("id", json!(id));
    fill("timestamp", json!(timestamp));
    if is_phone {
        fill("from", json!(from));
        contact["wa_id"] = json!(from);
    }
    if let Some(user_id) = user_id {
        fill("from_user_id", json!(user_id));
        contact["user_id"] = json!(user_id);
    }
    if !is_repeated {
        world.whatsapp.transcript.add(Item {
            direction: "in",
            at: instant(now()),
            kind: content.kind,
            text: content.text,
            buttons: Vec::new(),
            id: id.clone(),
            customer: from.to_owned(),
        });
    }
    let has_address = world.whatsapp.number(&phone_number_id).webhook_url.is_some();
    let value = json!({"contacts": [contact], "messages": [message]});
    Ok(Sent { id, webhook: Webhook::new(&phone_number_id, value), has_address })
}

fn content(world: &World, from: &str, inbound: &Inbound) -> Result<Content, String> {
    let n_given = [
        inbound.text.is_some(),
        inbound.button.is_some(),
        inbound.list.is_some(),
        inbound.media.is_some(),
        inbound.location.is_some(),
        inbound.raw.is_some(),
    ];
    if n_given.iter().filter(|given| **given).count() != 1 {
        return Err("give exactly one of text, button, list, media, location, raw".to_owned());
    }
    if let Some(tapped) = inbound.button.as_ref().or(inbound.list.as_ref()) {
        return tap(world, from, tapped, inbound.list.is_some());
    }
    if let Some(media) = &inbound.media {
        let body = json!({"id": media.id, "mime_type": media.mime_type, "caption": media.caption,
            "filename": media.filename, "sha256": "c2ltdWxhdGVk"});
        let message = json!({"type": media.kind, (media.kind.as_str()): without_nulls(body)});
        let text = media.caption.clone().unwrap_or_default();
        return Ok(Content { kind: media.kind.clone(), text, message });
    }
    if let Some(location) = &inbound.location {
        let message = json!({"type": "location", "location": location});
        return Ok(Content { kind: "location".to_owned(), text: location.to_string(), message });
    }
    if let Some(raw) = &inbound.raw {
        if !raw.is_object() {
            return Err("raw must be a message object".to_owned());
        }
        let kind = raw["type"].as_str().unwrap_or("unknown").to_owned();
        return Ok(Content { kind, text: raw.to_string(), message: raw.clone() });
    }
    let text = inbound.text.clone().unwrap_or_default();
    let message = json!({"type": "text", "text": {"body": text}});
    Ok(Content { kind: "text".to_owned(), text, message })
}

fn without_nulls(mut object: Value) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    object
}

/// A tap on a button or a row, given whole or by its title or id.
fn tap(world: &World, from: &str, tapped: &Value, is_list: bool) -> Result<Content, String> {
    let wanted = match tapped {
        Value::String(text) => text.as_str(),
        object => object["id"].as_str().ok_or("a button or list needs an id")?,
    };
    let found = world.whatsapp.transcript.choice(from, wanted);
    let (id, title, is_row) = match (tapped, &found) {
        (Value::String(_), Some((choice, _))) => {
            (choice.id.as_str(), choice.title.as_str(), choice.is_row)
        }
        (Value::String(_), None) => {
            return Err(format!("the last interactive message to {from} has no \"{wanted}\""));
        }
        (object, _) => (wanted, object["title"].as_str().unwrap_or(wanted), is_list),
    };
    let kind = if is_row { "list_reply" } else { "button_reply" };
    let mut message = json!({"type": "interactive",
        "interactive": {"type": kind, (kind): {"id": id, "title": title}}});
    if let Some((_, wamid)) = &found {
        message["context"] = json!({"from": world.whatsapp.phone_number_id, "id": wamid});
    }
    Ok(Content { kind: kind.to_owned(), text: title.to_owned(), message })
}
