//! `POST /hooks/whatsapp/{channel}`: what customers wrote, and what became of what we sent.
//!
//! **Invariant:** nothing is parsed before the signature over the raw bytes was verified.
//! **Invariant:** 200 only after a commit. What cannot be read is not refused: the provider would send it for a week.

use crate::{
    app::App,
    extract::{Names, read_body},
    problem::Problem,
    webhook::{is_signed, without_halves},
};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
};
use engine::{Error, whatsapp};
use serde_json::Value;

/// 200 when it is stored, 401 without a valid signature, 503 when it could not be stored.
pub(crate) async fn handle(
    State(app): State<App>,
    Names(named): Names<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let result = receive(&app, &named, request).await;
    app.metrics.webhook(result.is_ok());
    result.map(|()| StatusCode::OK)
}

async fn receive(app: &App, named: &str, request: Request) -> Result<(), Problem> {
    let signature = signature(request.headers());
    let body = read_body(request).await?;
    let found = app.conversations.channels().channel_for_webhook("whatsapp", named).await;
    let channel = match found {
        Ok(channel) => Some(channel),
        Err(Error::NotFound(_)) => None,
        Err(error) => return Err(unstored(error)),
    };
    let secret = |name| channel.as_ref().and_then(|channel| channel.secret(name));
    // While a secret is being changed both count. A channel that does not exist costs the same work.
    let secrets = [
        secret("app_secret").or_else(|| channel.is_none().then_some("none")),
        secret("app_secret_previous"),
    ];
    let is_signed = is_signed(secrets.into_iter().flatten(), signature.as_deref(), &body);
    let Some(channel) = channel.filter(|_| is_signed) else {
        let detail = "the signature is missing or wrong";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "signature", detail));
    };
    let envelope: Value = serde_json::from_slice(&body)
        .or_else(|_| serde_json::from_slice(&without_halves(&body)))
        .map_err(|_| Problem::bad_request("json-syntax", "the body is not JSON"))?;
    let items = whatsapp::parse(&envelope, app.engine.clock().now());
    let accepted = app.conversations.accept(&channel, items).await.map_err(unstored)?;
    tracing::debug!(channel.id = %channel.id, ?accepted, "a webhook was stored");
    Ok(())
}

/// The signature, if there is exactly one.
fn signature(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all("x-hub-signature-256").iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    value.to_str().ok().map(str::to_owned)
}

/// Whatever the reason, the provider is to send it again.
fn unstored(error: Error) -> Problem {
    tracing::error!(%error, "a webhook could not be stored");
    Problem::unavailable("not-stored")
}
