//! What a WhatsApp message says, as the body of a `message` event: one function per type.

use super::{error, items, text};
use serde_json::{Map, Value, json};

/// The body of one message. `value` is the change it came in: some errors stand beside the message.
pub(super) fn content(value: &Value, message: &Value) -> Map<String, Value> {
    let kind = text(&message["type"]).unwrap_or_default();
    let content = &message[kind.as_str()];
    let mut body = match kind.as_str() {
        "text" => body("text", text(&content["body"])),
        "image" | "video" | "document" | "sticker" | "audio" => media(&kind, content),
        "location" => with("location", None, "location", location(content)),
        "contacts" => with("contacts", None, "contacts", contacts(content)),
        "interactive" => interactive(content).unwrap_or_else(|| unsupported(value, message)),
        "button" => button(content),
        "order" => with("order", text(&content["text"]), "order", content.clone()),
        "reaction" => {
            let reaction = json!({ "messageId": content["message_id"], "emoji": content["emoji"] });
            with("reaction", None, "reaction", without_nulls(reaction))
        }
        "system" => with("system", text(&content["body"]), "system", system(message, content)),
        "request_welcome" => body("request_welcome", None),
        "edit" | "revoke" => {
            let mut fields = content.clone();
            if let Some(original) = text(&content["original_message_id"]) {
                fields = json!({ "messageId": original, "message": content["message"] });
            }
            with(&kind, None, &kind, without_nulls(fields))
        }
        _ => unsupported(value, message),
    };
    add_context(&mut body, message);
    body
}

fn body(message_type: &str, text: Option<String>) -> Map<String, Value> {
    Map::from_iter([
        ("messageType".to_owned(), Value::from(message_type)),
        ("text".to_owned(), Value::from(text.unwrap_or_default())),
    ])
}

fn with(message_type: &str, text: Option<String>, field: &str, value: Value) -> Map<String, Value> {
    let mut body = body(message_type, text);
    body.insert(field.to_owned(), value);
    body
}

fn media(kind: &str, content: &Value) -> Map<String, Value> {
    let media = json!({
        "id": content["id"], "type": kind, "mimeType": content["mime_type"], "sha256": content["sha256"],
        "filename": content["filename"], "caption": content["caption"], "url": content["url"],
        "voice": content["voice"], "animated": content["animated"],
    });
    with(kind, text(&content["caption"]), "media", without_nulls(media))
}

fn location(content: &Value) -> Value {
    without_nulls(json!({
        "latitude": content["latitude"], "longitude": content["longitude"], "name": content["name"],
        "address": content["address"], "url": content["url"],
    }))
}

/// Names and phones; the whole card is kept beside them.
fn contacts(content: &Value) -> Value {
    let cards = content.as_array().map_or(&[][..], Vec::as_slice);
    let cards = cards.iter().map(|card| {
        let phones = items(card, "phones").iter().filter_map(|phone| {
            text(&phone["wa_id"])
                .or_else(|| text(&phone["phone"]))
                .map(|phone| super::digits(&phone))
        });
        without_nulls(json!({
            "name": card["name"]["formatted_name"], "phones": phones.collect::<Vec<_>>(),
            "origin": card["origin"], "card": card,
        }))
    });
    Value::Array(cards.collect())
}

/// A tapped button or row, or a filled-in flow; `None` for what is none of them (or is not there at all).
fn interactive(content: &Value) -> Option<Map<String, Value>> {
    let reply = match content["type"].as_str()? {
        "button_reply" => &content["button_reply"],
        "list_reply" => &content["list_reply"],
        "nfm_reply" => return Some(flow(&content["nfm_reply"])),
        _ => return None,
    };
    let id = text(&reply["id"])?;
    let title = text(&reply["title"]).unwrap_or_else(|| id.clone());
    let choice = json!({ "id": id, "title": title, "description": reply["description"] });
    Some(with("interactive", Some(title), "choice", without_nulls(choice)))
}

/// The quick reply of a template.
fn button(content: &Value) -> Map<String, Value> {
    let title = text(&content["text"]).or_else(|| text(&content["payload"])).unwrap_or_default();
    let id = text(&content["payload"]).unwrap_or_else(|| title.clone());
    with("button", Some(title.clone()), "choice", json!({ "id": id, "title": title }))
}

/// The answer of a flow is JSON in a text; what is no object is kept as the text it is.
fn flow(reply: &Value) -> Map<String, Value> {
    let answer = reply["response_json"].as_str().unwrap_or_default();
    let flow = match serde_json::from_str::<Value>(answer) {
        Ok(Value::Object(fields)) => Value::Object(fields),
        _ => json!({ "response": answer }),
    };
    with("flow", text(&reply["body"]), "flow", flow)
}

/// What WhatsApp itself tells about a customer, e.g. a new number. Field names changed over the years.
fn system(message: &Value, content: &Value) -> Value {
    let new_phone = text(&content["wa_id"]).or_else(|| text(&content["new_wa_id"]));
    without_nulls(json!({
        "type": content["type"], "newPhone": new_phone.map(|phone| super::digits(&phone)),
        "newUserId": content["user_id"], "identity": message["identity"],
    }))
}

fn unsupported(value: &Value, message: &Value) -> Map<String, Value> {
    let mut body = with("unsupported", None, "raw", message.clone());
    let errors = items(message, "errors").iter().chain(items(value, "errors"));
    if let Some(found) = errors.map(error).next() {
        body.insert("error".to_owned(), found);
    }
    body
}

/// What it answers, whether it was forwarded, which advertisement it came from.
fn add_context(body: &mut Map<String, Value>, message: &Value) {
    let context = &message["context"];
    if let Some(id) = text(&context["id"]) {
        body.insert("replyTo".to_owned(), Value::from(id));
    }
    if [&context["forwarded"], &context["frequently_forwarded"]].contains(&&Value::Bool(true)) {
        body.insert("forwarded".to_owned(), Value::Bool(true));
    }
    for (field, from) in
        [("product", &context["referred_product"]), ("referral", &message["referral"])]
    {
        if from.is_object() {
            body.insert(field.to_owned(), from.clone());
        }
    }
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => map.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        other => other,
    }
}
