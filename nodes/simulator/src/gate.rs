//! The one way into every simulated provider: read the call, meet it in the world, answer as the fault allows.
//!
//! **Invariant:** the effect is over before the first byte of the answer, so a caller that hangs up undoes nothing.

use crate::{
    echo,
    faults::Mode,
    hubspot,
    line::Scissors,
    llm, slack,
    whatsapp::{self, Webhook, webhook},
    world::{Met, Sim, World, until_closed},
};
use axum::{
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// Largest body of a call.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How long an answer that never comes keeps its caller waiting.
const HOLD_MS: u64 = 120_000;

/// A call as a provider sees it.
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    /// JSON, or a text if it is not JSON, or null if there is none.
    pub(crate) body: Value,
}

impl Call {
    /// The credential of `Authorization: Bearer`.
    pub(crate) fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ").filter(|token| !token.is_empty())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A parameter of the query string, or of a form body.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let form = self.body.as_str().unwrap_or_default();
        [self.query.as_str(), form].into_iter().find_map(|pairs| {
            let base = reqwest::Url::parse(&format!("http://form/?{pairs}")).ok()?;
            base.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        })
    }

    async fn read(request: Request) -> Result<Call, StatusCode> {
        let (head, body) = request.into_parts();
        let bytes =
            to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
        let text = String::from_utf8_lossy(&bytes);
        let body = match serde_json::from_str(&text) {
            Ok(json) => json,
            Err(_) if text.is_empty() => Value::Null,
            Err(_) => Value::String(text.into_owned()),
        };
        Ok(Call {
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            headers: head.headers,
            body,
        })
    }
}

/// What a provider does about a call.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    /// A text is sent as it is, anything else as JSON.
    pub(crate) body: Value,
    /// Whether what was asked was done.
    pub(crate) has_effect: bool,
    /// What the effect sets off.
    pub(crate) webhooks: Vec<Webhook>,
}

impl Answer {
    /// Done.
    pub(crate) fn done(status: u16, body: Value) -> Answer {
        Answer { status, headers: Vec::new(), body, has_effect: true, webhooks: Vec::new() }
    }

    /// Not done.
    pub(crate) fn refused(status: u16, body: Value) -> Answer {
        Answer { has_effect: false, ..Answer::done(status, body) }
    }
}

/// Whom a call is for, and the key it carries.
#[derive(Default)]
pub(crate) struct Label {
    pub(crate) to: Option<String>,
    pub(crate) key: Option<String>,
}

/// One simulated provider.
pub(crate) struct Provider {
    pub(crate) name: &'static str,
    /// Reads whom a call is for, whatever becomes of it.
    pub(crate) label: fn(&Call) -> Label,
    /// Does what the call asks.
    pub(crate) answer: fn(&mut World, &Call) -> Answer,
}

/// A path nobody serves: recorded all the same, because a call to it is a mistake worth seeing.
static NOBODY: Provider = Provider {
    name: "unknown",
    label: |_| Label::default(),
    answer: |_, call| Answer::refused(404, json!({"error": format!("nothing at {}", call.path)})),
};

fn provider_of(path: &str) -> &'static Provider {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match parts.as_slice() {
        ["echo", ..] => &echo::PROVIDER,
        ["crm", ..] => &hubspot::PROVIDER,
        ["api", _] => &slack::PROVIDER,
        [_, "chat", "completions"] => &llm::PROVIDER,
        [_, _, "messages"] => &whatsapp::PROVIDER,
        _ => &NOBODY,
    }
}

/// Serves every path that is not under `/_sim`.
pub(crate) async fn pass(
    State(sim): State<Arc<Sim>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    request: Request,
) -> Response {
    let call = match Call::read(request).await {
        Ok(call) => call,
        Err(status) => return status.into_response(),
    };
    let Met { said, fault, webhooks } = sim.world().meet(provider_of(&call.path), &call);
    if !webhooks.is_empty() {
        tokio::spawn(webhook::deliver_all(Arc::clone(&sim), webhooks));
    }
    let wait_ms = match fault.as_ref().map(|fault| fault.mode) {
        Some(Mode::TimeoutAfter) => HOLD_MS,
        Some(Mode::DelayMs) => fault.map_or(0, |fault| fault.delay_ms),
        _ => 0,
    };
    if wait_ms > 0 {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(wait_ms)) => {}
            () = until_closed(sim.closed.clone()) => {}
        }
    }
    match said {
        Some(answer) => respond(answer),
        None => {
            scissors.cut();
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn respond(answer: Answer) -> Response {
    let (content_type, text) = match answer.body {
        Value::String(text) if text.starts_with('<') => ("text/html", text),
        Value::String(text) => ("text/plain; charset=utf-8", text),
        Value::Null => ("text/plain; charset=utf-8", String::new()),
        json => ("application/json", json.to_string()),
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
