//! What arrives from a channel, in a form that knows no provider.

use crate::{json, limits::TEXT_CHARS_KEPT};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// One thing that arrived.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Inbound {
    /// Somebody wrote.
    Message(InboundMessage),
    /// The provider tells what became of a message of ours.
    Status(InboundStatus),
}

/// What somebody wrote.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InboundMessage {
    /// The provider's id: the same id is the same message.
    pub provider_id: String,
    /// Who.
    pub from: Sender,
    /// When it was written, as the provider tells.
    pub at: DateTime<Utc>,
    /// `{text, messageType, choice?: {id, title}, media?, location?, contacts?, flow?, replyTo?, raw?}`.
    pub body: Map<String, Value>,
    /// The provider's name of the account it was written to.
    pub phone_number_id: Option<String>,
}

/// What became of a message of ours.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InboundStatus {
    /// The provider's id of the message.
    pub provider_id: String,
    /// `sent`, `delivered`, `read`, `played`, `failed`; anything else is recorded only.
    pub status: String,
    /// When, as the provider tells.
    pub at: DateTime<Utc>,
    /// Our key of the step that sent it, if the provider echoes it.
    pub key: Option<String>,
    /// To whom.
    pub recipient: Sender,
    /// Why it failed: `{code, message}`.
    pub error: Option<Value>,
    /// The provider's name of the account it was sent from.
    pub phone_number_id: Option<String>,
}

/// A person, as a channel names them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sender {
    /// Digits with country code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Business-scoped user id.
    #[serde(rename = "userId", skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// As they call themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Inbound {
    /// The provider's name of the account it is for.
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Message(message) => message.phone_number_id.as_deref(),
            Self::Status(status) => status.phone_number_id.as_deref(),
        }
    }
}

impl Sender {
    /// `{phone?, userId?, name?}`.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or(Value::Null)
    }
}

impl InboundStatus {
    /// As its row keeps it.
    pub(crate) fn to_body(&self) -> Map<String, Value> {
        let body = json!({
            "type": "status",
            "messageId": self.provider_id,
            "status": self.status,
            "key": self.key,
            "recipient": self.recipient.to_json(),
            "error": self.error,
        });
        let Value::Object(body) = body else { return Map::new() };
        body.into_iter().filter(|(_, value)| !value.is_null()).collect()
    }
}

/// Only the digits of a phone number.
pub fn digits(phone: &str) -> String {
    phone.chars().filter(char::is_ascii_digit).collect()
}

/// Brings a body into a form that can be stored and be an event. What the provider sent that is too big or too deep is
/// left out rather than refused: a message that cannot be stored would be sent again for a week.
pub(crate) fn fit(mut body: Map<String, Value>) -> Map<String, Value> {
    if is_acceptable(&mut body) {
        return body;
    }
    body.remove("raw");
    body.insert("truncated".to_owned(), Value::Bool(true));
    if is_acceptable(&mut body) {
        return body;
    }
    body.retain(|field, value| match value {
        Value::String(text) => {
            if text.chars().count() > TEXT_CHARS_KEPT {
                *text = text.chars().take(TEXT_CHARS_KEPT).collect();
            }
            true
        }
        Value::Object(_) => matches!(field.as_str(), "from" | "recipient"),
        Value::Array(_) => false,
        _ => true,
    });
    body
}

/// Leaves room for what the router adds to the event.
fn is_acceptable(body: &mut Map<String, Value>) -> bool {
    json::accept(body).is_ok()
}
