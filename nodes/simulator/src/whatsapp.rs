//! The WhatsApp Cloud API: sends, and what the account remembers about them.
//!
//! **Invariant:** a send is judged before anything is remembered; a refused one leaves no trace but the ledger's.

pub(crate) mod check;
pub(crate) mod customer;
pub(crate) mod transcript;
pub(crate) mod webhook;

use crate::{
    gate::{Answer, Call, Label, Provider},
    world::{World, instant, now},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use transcript::{Item, Transcript};
pub(crate) use webhook::Webhook;

/// `/{version}/{phone_number_id}/messages`.
pub(crate) static PROVIDER: Provider = Provider { name: "whatsapp", label, answer };

/// The business account with its numbers.
pub(crate) struct Account {
    /// The number customers write to unless they say another.
    pub(crate) phone_number_id: String,
    pub(crate) verify_token: String,
    access_token: String,
    default: Number,
    numbers: BTreeMap<String, Number>,
    pub(crate) transcript: Transcript,
    /// Timestamps of the messages customers sent, by id: the same id is the same message again.
    pub(crate) received: BTreeMap<String, String>,
}

/// Where one number's webhooks go.
#[derive(Debug, Clone)]
pub(crate) struct Number {
    pub(crate) webhook_url: Option<String>,
    pub(crate) app_secret: String,
    /// The statuses told after a send, in this order.
    pub(crate) statuses: Vec<String>,
}

/// What `POST /_sim/whatsapp/config` may change; what is absent stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    /// Changes this number only; without it, the default of every number.
    #[serde(default)]
    phone_number_id: Option<String>,
    #[serde(default)]
    webhook_url: Option<String>,
    #[serde(default)]
    app_secret: Option<String>,
    #[serde(default)]
    statuses: Option<Vec<String>>,
}

impl Account {
    pub(crate) fn new(config: &crate::WhatsApp) -> Account {
        Account {
            phone_number_id: config.phone_number_id.clone(),
            verify_token: config.verify_token.clone(),
            access_token: config.access_token.clone(),
            default: Number {
                webhook_url: config.webhook_url.clone(),
                app_secret: config.app_secret.clone(),
                statuses: vec!["sent".to_owned(), "delivered".to_owned()],
            },
            numbers: BTreeMap::new(),
            transcript: Transcript::default(),
            received: BTreeMap::new(),
        }
    }

    /// The settings of a number, its own or the default.
    pub(crate) fn number(&self, phone_number_id: &str) -> &Number {
        self.numbers.get(phone_number_id).unwrap_or(&self.default)
    }

    pub(crate) fn change(&mut self, change: Change) {
        let number = match change.phone_number_id {
            Some(id) => self.numbers.entry(id).or_insert_with(|| self.default.clone()),
            None => &mut self.default,
        };
        if let Some(url) = change.webhook_url {
            number.webhook_url = Some(url).filter(|url| !url.is_empty());
        }
        number.app_secret = change.app_secret.unwrap_or_else(|| number.app_secret.clone());
        number.statuses = change.statuses.unwrap_or_else(|| number.statuses.clone());
    }

    pub(crate) fn forget(&mut self) {
        self.transcript = Transcript::default();
        self.received.clear();
    }
}

fn label(call: &Call) -> Label {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Label {
        to: text(&call.body["to"]).or_else(|| text(&call.body["recipient"])),
        key: text(&call.body["biz_opaque_callback_data"]),
    }
}

fn answer(world: &mut World, call: &Call) -> Answer {
    let account = &world.whatsapp;
    let is_known = |token: &str| account.access_token.is_empty() || token == account.access_token;
    if !call.bearer().is_some_and(is_known) {
        return refuse(401, 190, "Error validating access token");
    }
    if call.method != "POST" {
        return refuse(400, 100, "Unsupported get request");
    }
    let body = &call.body;
    if body["status"] == "read" {
        return Answer::done(200, json!({"success": true}));
    }
    if let Err(refusal) = check::message(body) {
        return refuse(400, refusal.code, &refusal.details);
    }
    let wamid = world.next_id("wamid.SIM");
    let phone_number_id = call.path.split('/').rev().nth(1).unwrap_or_default().to_owned();
    let phone = body["to"].as_str().map(|phone| phone.trim_start_matches('+').to_owned());
    let user_id = body["recipient"].as_str().map(str::to_owned);
    let customer = phone.clone().or_else(|| user_id.clone()).unwrap_or_default();
    world.whatsapp.transcript.add(Item::sent(&wamid, &customer, body, instant(now())));
    let number = world.whatsapp.number(&phone_number_id);
    let webhooks = number
        .statuses
        .iter()
        .map(|status| {
            let mut told = json!({"id": wamid, "status": status,
                "timestamp": now().timestamp().to_string(), "recipient_id": customer});
            match status.as_str() {
                "failed" => told["errors"] = json!([{"code": 131_026, "title": "Message undeliverable",
                    "message": "Message undeliverable", "error_data": {"details": "Undeliverable"}}]),
                _ => told["pricing"] = json!({"billable": true, "pricing_model": "PMP",
                    "type": "regular", "category": "service"}),
            }
            if let Some(key) = body["biz_opaque_callback_data"].as_str() {
                told["biz_opaque_callback_data"] = json!(key);
            }
            Webhook::new(&phone_number_id, json!({"statuses": [told]}))
        })
        .collect();
    let mut contact = json!({"input": customer, "wa_id": phone});
    if let Some(user_id) = user_id {
        contact["user_id"] = json!(user_id);
    }
    let said = json!({"messaging_product": "whatsapp", "contacts": [contact],
        "messages": [{"id": wamid, "message_status": "accepted"}]});
    Answer { webhooks, ..Answer::done(200, said) }
}

fn refuse(status: u16, code: u32, details: &str) -> Answer {
    let message = format!("(#{code}) {details}");
    Answer::refused(
        status,
        json!({"error": {"message": message, "type": "OAuthException",
        "code": code, "error_data": {"messaging_product": "whatsapp", "details": details},
        "fbtrace_id": "ASIM"}}),
    )
}
