//! Signed webhooks to the business, retried until it answers 200 or patience ends.
//!
//! **Invariant:** the signature is made over the very bytes that are sent, non-ASCII escaped as Meta escapes it.

use crate::world::{Sim, until_closed};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::{
    fmt::Write,
    sync::Arc,
    time::{Duration, Instant},
};

/// First wait before a delivery is tried again; it doubles.
const BACKOFF_MS_MIN: u64 = 100;
/// Longest wait between two tries.
const BACKOFF_MS_MAX: u64 = 2_000;
/// After this long it gives up (Meta: seven days).
const PATIENCE_MS_MAX: u64 = 60_000;
/// How long after the answer to a send its first status follows.
const STATUS_DELAY_MS: u64 = 30;

/// One webhook to deliver.
#[derive(Debug, Clone)]
pub(crate) struct Webhook {
    phone_number_id: String,
    /// `messages`, `statuses`, `contacts`.
    value: Value,
}

/// How a delivery ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delivered {
    /// The last answer; `None` if nobody answered.
    pub(crate) status: Option<u16>,
    pub(crate) attempts: u32,
}

impl Webhook {
    pub(crate) fn new(phone_number_id: &str, value: Value) -> Webhook {
        Webhook { phone_number_id: phone_number_id.to_owned(), value }
    }

    /// The bytes on the wire.
    fn body(&self) -> String {
        let mut value = self.value.clone();
        value["messaging_product"] = json!("whatsapp");
        value["metadata"] = json!({"display_phone_number": "15550001111",
            "phone_number_id": self.phone_number_id});
        let envelope = json!({"object": "whatsapp_business_account", "entry": [{"id": "700001",
            "changes": [{"field": "messages", "value": value}]}]});
        escape(&envelope.to_string())
    }
}

/// JSON with every non-ASCII character as `\uXXXX`.
fn escape(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for char in json.chars() {
        if char.is_ascii() {
            escaped.push(char);
            continue;
        }
        for unit in char.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = write!(escaped, "\\u{unit:04x}");
        }
    }
    escaped
}

/// The value of `X-Hub-Signature-256`.
pub(crate) fn signature(app_secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(app_secret.as_bytes())
        .expect("HMAC takes a key of any length");
    mac.update(body);
    let mut text = "sha256=".to_owned();
    for byte in mac.finalize().into_bytes() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Delivers the statuses of one send, each after the one before it.
pub(crate) async fn deliver_all(sim: Arc<Sim>, webhooks: Vec<Webhook>) {
    tokio::time::sleep(Duration::from_millis(STATUS_DELAY_MS)).await;
    for webhook in webhooks {
        deliver(&sim, &webhook).await;
    }
}

/// Delivers one webhook. The address is read anew at every try, because it may be set or changed meanwhile.
pub(crate) async fn deliver(sim: &Sim, webhook: &Webhook) -> Delivered {
    let begun = Instant::now();
    let body = webhook.body();
    let mut delivered = Delivered { status: None, attempts: 0 };
    let mut backoff = Duration::from_millis(BACKOFF_MS_MIN);
    loop {
        let number = sim.world().whatsapp.number(&webhook.phone_number_id).clone();
        let Some(url) = number.webhook_url else { return delivered };
        delivered.attempts += 1;
        let posted = sim
            .http
            .post(url)
            .header("content-type", "application/json")
            .header("x-hub-signature-256", signature(&number.app_secret, body.as_bytes()))
            .body(body.clone())
            .send();
        let answer = tokio::select! {
            answer = posted => answer,
            () = until_closed(sim.closed.clone()) => return delivered,
        };
        delivered.status = answer.ok().map(|answer| answer.status().as_u16());
        let is_over = begun.elapsed() + backoff > Duration::from_millis(PATIENCE_MS_MAX);
        if delivered.status == Some(200) || is_over {
            return delivered;
        }
        tokio::select! {
            () = tokio::time::sleep(backoff) => {}
            () = until_closed(sim.closed.clone()) => return delivered,
        }
        backoff = (backoff * 2).min(Duration::from_millis(BACKOFF_MS_MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_metas() {
        let body = concat!(
            r#"{"object":"whatsapp_business_account","entry":[{"id":"700001","changes":[{"value":{"#,
            r#""messaging_product":"whatsapp","metadata":{"display_phone_number":"15550001111","#,
            r#""phone_number_id":"900001"},"contacts":[{"profile":{"name":"Asha"},"#,
            r#""wa_id":"255700000001","user_id":"TZ.5550001"}],"messages":[{"from":"255700000001","#,
            r#""from_user_id":"TZ.5550001","id":"wamid.TESTA1","timestamp":"1790000000","#,
            r#""type":"text","text":{"body":"habari"}}]},"field":"messages"}]}]}"#,
        );
        assert_eq!(body.len(), 451);
        assert_eq!(
            signature("app-secret-1", body.as_bytes()),
            "sha256=a74a09d2e0d0bc3b7ca97813817a3295925ff186d1219cdfa7317546ae217c16"
        );
    }

    #[test]
    fn what_is_not_ascii_is_escaped() {
        assert_eq!(escape("\"ñ👋\""), r#""\u00f1\ud83d\udc4b""#);
    }
}
