//! The customers: what they write arrives as the provider would send it, signed, over HTTP.

use super::stage::{APP_SECRET, Stage};
use anyhow::Context;
use chrono::Utc;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Client;
use serde_json::json;
use sha2::Sha256;
use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use uuid::Uuid;

/// How the webhooks went.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Milliseconds until each was acknowledged, since the last look.
    answered_ms: Mutex<Vec<f64>>,
    refused: AtomicU64,
}

impl Tally {
    /// The times since the last call.
    pub(super) fn take(&self) -> Vec<f64> {
        std::mem::take(&mut *self.answered_ms.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Webhooks that were not acknowledged, in all.
    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

/// All customers of the one number.
pub(super) struct Customers {
    client: Client,
    hook: String,
    phone_number_id: String,
}

impl Customers {
    pub(super) fn new(stage: &Stage) -> anyhow::Result<Self> {
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(10)).build();
        Ok(Self {
            client: client.context("making an HTTP client")?,
            hook: stage.hook.clone(),
            phone_number_id: stage.phone_number_id.clone(),
        })
    }

    /// One conversation: a greeting, and after a while the answer to what was asked.
    pub(super) async fn talk(&self, number: usize, think: Duration, tally: &Tally) {
        self.write(number, "hi", tally).await;
        tokio::time::sleep(think).await;
        self.write(number, "Ana", tally).await;
    }

    async fn write(&self, number: usize, text: &str, tally: &Tally) {
        let body = self.envelope(number, text);
        let begun = Instant::now();
        let sent = self
            .client
            .post(&self.hook)
            .header("content-type", "application/json")
            .header("x-hub-signature-256", sign(&body))
            .body(body)
            .send()
            .await;
        match sent.and_then(reqwest::Response::error_for_status) {
            Ok(_) => {
                let ms = begun.elapsed().as_secs_f64() * 1_000.0;
                tally.answered_ms.lock().unwrap_or_else(PoisonError::into_inner).push(ms);
            }
            Err(error) => {
                tracing::warn!(%error, "a webhook was not acknowledged");
                tally.refused.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// A message as the Cloud API tells it.
    fn envelope(&self, number: usize, text: &str) -> String {
        let phone = format!("2557{number:08}");
        let message = json!({ "from": phone, "id": format!("wamid.{}", Uuid::now_v7().simple()),
            "timestamp": Utc::now().timestamp().to_string(), "type": "text", "text": {"body": text} });
        let value = json!({ "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "15550001111", "phone_number_id": self.phone_number_id},
            "contacts": [{"profile": {"name": "Ana"}, "wa_id": phone}], "messages": [message] });
        json!({ "object": "whatsapp_business_account",
            "entry": [{"id": "700001", "changes": [{"field": "messages", "value": value}]}] })
        .to_string()
    }
}

/// The header's value. A key of any length makes an HMAC, so there is always one.
fn sign(body: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(APP_SECRET.as_bytes()) else {
        return String::new();
    };
    mac.update(body.as_bytes());
    let hex: String =
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}
