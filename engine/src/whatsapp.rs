//! The WhatsApp Cloud API's webhook, read into [`Inbound`]. Pure.
//!
//! **Invariant:** total and lenient: a field that is missing, new, or of another type never makes an error. Whatever has an
//! id and a sender is stored; a type nobody knows is `unsupported`, with everything it carried kept as `raw`. (A strict
//! reader that answers 400 makes the provider send the same thing again for a week.)

mod content;

use crate::conversation::inbound::{Inbound, InboundMessage, InboundStatus, Sender, digits};
use chrono::{DateTime, Utc};
use content::content;
use serde_json::{Value, json};

const NOTHING: &[Value] = &[];
/// Timestamps at or above this are milliseconds: as seconds they would lie beyond the year 5000.
const MILLISECONDS_FROM: i64 = 100_000_000_000;

/// Everything in an envelope, in its order; per change first the messages, then the statuses. An item without an id, or
/// without anybody it could be from, is left out. `now` stands in for a timestamp that cannot be read, and bounds those
/// that lie in the future.
pub fn parse(envelope: &Value, now: DateTime<Utc>) -> Vec<Inbound> {
    let mut found = Vec::new();
    for entry in items(envelope, "entry") {
        for change in items(entry, "changes") {
            let value = &change["value"];
            let account = text(&value["metadata"]["phone_number_id"]);
            for message in items(value, "messages") {
                found.extend(read_message(value, message, now).map(|mut read| {
                    read.phone_number_id.clone_from(&account);
                    Inbound::Message(read)
                }));
            }
            for status in items(value, "statuses") {
                found.extend(read_status(status, now).map(|mut read| {
                    read.phone_number_id.clone_from(&account);
                    Inbound::Status(read)
                }));
            }
        }
    }
    found
}

fn read_message(value: &Value, message: &Value, now: DateTime<Utc>) -> Option<InboundMessage> {
    let provider_id = text(&message["id"])?;
    let from = sender(value, message)?;
    let body = content(value, message);
    let at = time(&message["timestamp"], now);
    Some(InboundMessage { provider_id, from, at, body, phone_number_id: None })
}

/// Who wrote. The phone may be missing or empty (a user with a username), and may hold a user id.
fn sender(value: &Value, message: &Value) -> Option<Sender> {
    let (from, user_id) = (text(&message["from"]), text(&message["from_user_id"]));
    let contacts = items(value, "contacts");
    let is_theirs = |contact: &&Value| {
        let theirs = [text(&contact["wa_id"]), text(&contact["user_id"])];
        theirs.iter().flatten().any(|id| from.as_ref() == Some(id) || user_id.as_ref() == Some(id))
    };
    // A single contact beside a single message is its sender even if it shares no id with it.
    let is_single = contacts.len() == 1 && items(value, "messages").len() == 1;
    let contact =
        contacts.iter().find(is_theirs).or_else(|| contacts.first().filter(|_| is_single));
    let beside = |field: &str| contact.and_then(|contact| text(&contact[field]));
    let mut sender = person([from, beside("wa_id")], [user_id, beside("user_id")]);
    sender.name = contact.and_then(|contact| text(&contact["profile"]["name"]));
    (sender.phone.is_some() || sender.user_id.is_some()).then_some(sender)
}

/// The first phone and the first user id among what is given; a phone field may hold a user id.
fn person(phones: [Option<String>; 2], user_ids: [Option<String>; 2]) -> Sender {
    let is_phone = |id: &&String| !id.contains('.') && id.chars().any(|c| c.is_ascii_digit());
    let phone = phones.iter().flatten().find(is_phone).map(|phone| digits(phone));
    let user_id = user_ids.into_iter().flatten().next();
    let user_id = user_id.or_else(|| phones.into_iter().flatten().find(|id| !is_phone(&id)));
    Sender { phone, user_id, name: None }
}

fn read_status(status: &Value, now: DateTime<Utc>) -> Option<InboundStatus> {
    let recipient = person(
        [text(&status["recipient_id"]), text(&status["recipient_participant_id"])],
        [text(&status["recipient_user_id"]), text(&status["recipient_participant_user_id"])],
    );
    Some(InboundStatus {
        provider_id: text(&status["id"])?,
        status: text(&status["status"])?,
        at: time(&status["timestamp"], now),
        key: text(&status["biz_opaque_callback_data"]),
        recipient,
        error: items(status, "errors").first().map(error),
        phone_number_id: None,
    })
}

/// `{code, message}` of the provider's error object; older ones have a title only.
fn error(error: &Value) -> Value {
    let details = text(&error["error_data"]["details"]).or_else(|| text(&error["error_data"]));
    let message = details.or_else(|| text(&error["message"])).or_else(|| text(&error["title"]));
    json!({ "code": text(&error["code"]).unwrap_or_default(), "message": message.unwrap_or_default() })
}

/// Seconds or milliseconds since 1970, as text or number.
fn time(value: &Value, now: DateTime<Utc>) -> DateTime<Utc> {
    let number = text(value).and_then(|text| text.parse::<i64>().ok());
    let time = number.and_then(|number| match number {
        MILLISECONDS_FROM.. => DateTime::from_timestamp_millis(number),
        _ => DateTime::from_timestamp_secs(number),
    });
    time.map_or(now, |time| time.min(now))
}

/// A text that is not empty; a number as text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn items<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map_or(NOTHING, Vec::as_slice)
}

#[cfg(test)]
mod tests;
