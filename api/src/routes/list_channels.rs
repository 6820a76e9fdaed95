//! `GET /v1/channels`: the channel accounts, without their credentials.

use crate::{
    app::App,
    auth::{Action, Caller},
    problem::Problem,
};
use axum::{Json, extract::State};
use engine::channel::Channel;
use serde_json::{Value, json};

/// By name.
pub(crate) async fn handle(State(app): State<App>, caller: Caller) -> Result<Json<Value>, Problem> {
    let tenant = caller.may(Action::ReadAccounts)?;
    let channels = app.conversations.channels().list(tenant).await?;
    let items: Vec<Value> = channels.iter().map(shown).collect();
    Ok(Json(json!({ "items": items, "next": null })))
}

/// A channel with the names of its credentials, and not their values.
pub(crate) fn shown(channel: &Channel) -> Value {
    json!({
        "id": channel.id,
        "kind": channel.kind,
        "name": channel.name,
        "external_id": channel.external_id,
        "settings": channel.settings,
        "secrets": channel.secrets.keys().collect::<Vec<_>>(),
        "webhook": format!("/hooks/{}/{}", channel.kind, channel.id),
        "created_at": channel.created_at,
    })
}
