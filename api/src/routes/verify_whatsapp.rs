//! `GET /hooks/whatsapp/{channel}`: Meta asks whether this address is ours.

use crate::{
    app::App,
    extract::{Names, Params},
    problem::Problem,
    webhook::is_same_secret,
};
use axum::{extract::State, http::StatusCode};
use serde::Deserialize;

/// The query. Unknown parameters are ignored: the provider may add some.
#[derive(Deserialize)]
pub(crate) struct Query {
    #[serde(rename = "hub.mode", default)]
    mode: String,
    #[serde(rename = "hub.verify_token", default)]
    token: String,
    #[serde(rename = "hub.challenge", default)]
    challenge: String,
}

/// The challenge as it came, or 403: an unknown channel, a wrong token and a missing one look the same.
pub(crate) async fn handle(
    State(app): State<App>,
    Names(named): Names<String>,
    Params(query): Params<Query>,
) -> Result<String, Problem> {
    let refused = || {
        let detail = "the verify token does not match";
        Problem::new(StatusCode::FORBIDDEN, "verify-token", detail)
    };
    let found = app.conversations.channels().channel_for_webhook("whatsapp", &named).await;
    let channel = match found {
        Ok(channel) => channel,
        Err(engine::Error::NotFound(_)) => return Err(refused()),
        Err(error) => return Err(error.into()),
    };
    let token = channel.secret("verify_token").filter(|token| !token.is_empty());
    let is_ours = token.is_some_and(|token| is_same_secret(token, &query.token));
    match is_ours && query.mode == "subscribe" {
        true => Ok(query.challenge),
        false => Err(refused()),
    }
}
